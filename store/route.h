/**
 * route.h - route templates from paths.
 *
 * Thousands of paths are few routes: `/users/8812/orders` is
 * `/users/{id}/orders`. A segment becomes a placeholder by its look:
 *
 *     {id}     digits (42, 1,2,3), or a word with four digits (order-8812)
 *     {uuid}   8-4-4-4-12 hexadecimal digits
 *     {hash}   hexadecimal of 8 or more with a digit and a letter, ULIDs, and
 *              long words that mix cases and digits as base64 does
 *     {date}   2026-11-22, 20261122, 2026-11-22T12:04:31Z
 *     {email}  name@host.tld
 *     {ip}     an address
 *     {text}   more than 64 bytes
 *
 * A file name keeps its ending and its word: `8812.json` is `{id}.json`,
 * `main-3f9a8c1d.js` is `main-{hash}.js`. Parameters after `;` are dropped.
 *
 * and by learning: a place below one prefix that has shown more than
 * `branch_max` different words gives {id} from then on. A service has at most
 * `routes_max` routes; what comes later is `{other}`.
 *
 *     struct mt_routes *routes = mt_routes_new(&options, &pool);
 *     x.route = mt_routes_of(routes, service, x.path);
 *
 * Deterministic: the same paths in the same order give the same routes. A
 * route given once is not taken back: paths before learning keep theirs.
 * One thread. Memory is bounded by the options, and by the pool: without
 * memory the route is `{other}`.
 */
#ifndef MT_STORE_ROUTE_H
#define MT_STORE_ROUTE_H

#include "base/pool.h"
#include "base/span.h"

enum {
    MT_ROUTES_MAX = 500,      /* default of routes_max */
    MT_ROUTE_BRANCH_MAX = 64, /* default of branch_max */
    MT_ROUTE_LEN_MAX =
        256, /* bytes; a longer template is cut, and ends in `*` */
    MT_ROUTE_SEGMENTS_MAX = 16, /* a deeper path ends in `*` */
};

struct mt_route_options {
    /* Tried first, in order, and given as they are: a segment in braces or
     * `*` stands for any one segment, a last `*` for one or more. */
    const struct mt_span *patterns; /* borrowed as long as the object */
    size_t patterns_count;
    uint32_t services_max; /* 0: 1000; later ones share one `{other}` */
    uint32_t routes_max;   /* of a service, 0: MT_ROUTES_MAX */
    uint32_t branch_max;   /* different words of a place, 0: as above */
};

struct mt_routes;

/* NULL: no memory. */
struct mt_routes *mt_routes_new(const struct mt_route_options *options,
                                struct mt_pool *pool);
void mt_routes_free(struct mt_routes *r);

/**
 * The route of a path (without query) that a service serves. `service` is
 * any number that stands for it. Borrowed as long as r; equal routes of a
 * service have equal pointers. An empty path has an empty route.
 */
struct mt_span mt_routes_of(struct mt_routes *r, uint64_t service,
                            struct mt_span path);

/* The template by the look of the segments alone: nothing learned, no cap.
 * Writes at most MT_ROUTE_LEN_MAX bytes to out and returns how many. */
size_t mt_route_template(struct mt_span path, uint8_t *out);

/* Does a path have this pattern? */
bool mt_route_matches(struct mt_span pattern, struct mt_span path);

#endif
