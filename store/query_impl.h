/**
 * query_impl.h - private to store/query*.c: how answers are put together.
 *
 * A directory gives services, edges and routes by id; a feed hands out cells
 * (or rows, counted into cells) with their edge and route; a grouping adds
 * them up under the key that the question wants.
 */
#ifndef MT_STORE_QUERY_IMPL_H
#define MT_STORE_QUERY_IMPL_H

#include "base/intern.h"
#include "store/open.h"
#include "store/query.h"
#include "store/rollup.h"

#define MT_SECOND_NS INT64_C(1000000000)

/* --- the directory --- */

struct mt_service_info {
    int64_t id, canonical;
    struct mt_span name; /* with a NUL behind it */
    uint8_t source, kind;
    bool serves; /* it, or one of its aliases, is a server */
    bool called; /* by another one, with requests */
};

struct mt_edge_info {
    int64_t id;
    uint32_t client, server; /* indexes of canonical services */
    uint8_t protocol, kind, observer;
    uint16_t tls_version;
    bool inner; /* of a service that is called: from itself to itself */
};

struct mt_route_info {
    int64_t id;
    uint32_t edge; /* index */
    struct mt_span method, template, endpoint;
};

struct mt_directory {
    struct mt_pool pool;
    struct mt_arena text;
    struct mt_service_info *services;
    struct mt_edge_info *edges;
    struct mt_route_info *routes;
    size_t services_count, edges_count, routes_count;
};

/* Read it; routes only if they are asked for. */
int mt_directory_init(struct mt_directory *d, sqlite3 *db, bool routes);
void mt_directory_deinit(struct mt_directory *d);

/* By id; NULL if it is not there. */
const struct mt_service_info *mt_directory_service(const struct mt_directory *d,
                                                   int64_t id);
const struct mt_edge_info *mt_directory_edge(const struct mt_directory *d,
                                             int64_t id);
const struct mt_route_info *mt_directory_route(const struct mt_directory *d,
                                               int64_t id);

/* --- cells --- */

/* One run of cells of one level. */
struct mt_span_of_cells {
    int64_t level_s, from_t, to_t;
};

enum { MT_PLAN_MAX = 2 * MT_LEVELS_MAX + 1 };

struct mt_plan {
    struct mt_span_of_cells spans[MT_PLAN_MAX];
    int count;
    int64_t from_ns, to_ns; /* what the cells cover */
    bool complete;
};

/* Cover [from_ns, to_ns) with as few cells as possible, none coarser than
 * max_level_s. */
int mt_plan_make(struct mt_plan *p, sqlite3 *db, enum mt_keys keys,
                 const struct mt_ask *ask, int64_t max_level_s);

/* Calls back for each cell; `cell` has counts alone, the histogram is `hist`
 * as bytes. Stops at a code. */
typedef int mt_each_cell(void *arg, int64_t key, int64_t start_ns,
                         const struct mt_counts *counts, struct mt_span hist);

int mt_plan_run(const struct mt_plan *p, sqlite3 *db, enum mt_keys keys,
                mt_each_cell *each, void *arg, uint64_t *scanned);

/* --- rows --- */

/* The edge and route that the newest row of mt_rows_next() counted for. */
void mt_rows_keys(const struct mt_rows *r, int64_t *edge, int64_t *route);

/* --- what a database spans --- */

/* Times of the captures, else of the rows, else of the cells; 0 if empty. */
int mt_store_extent(sqlite3 *db, int64_t *first_ns, int64_t *last_ns);

/* One number of one row; `none` where it is NULL or no row is there. */
int mt_store_number(sqlite3 *db, const char *sql, int64_t none, int64_t *value);

/* Requests as their callers saw them: what golden metrics stand on
 * (docs/observers.md). */
static inline bool mt_is_golden(uint8_t observer)
{
    return observer == MT_OBSERVER_TAP || observer == MT_OBSERVER_PROXY_REQUEST;
}

#endif
