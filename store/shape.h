/**
 * shape.h - private to store/: what repeats between exchanges, as numbers.
 *
 * A shape is one tuple of every field of low cardinality; it belongs to one
 * route (edge, method, template, endpoint), and that to one edge (client,
 * server, protocol, kind, observer). Local numbers are given at once; the
 * database's ids when a transaction writes them, and they count only after
 * its commit.
 *
 * Bounded: above MT_SHAPES_SOFT the texts of new shapes become `{other}`,
 * above MT_SHAPES_HARD their services and routes too. Above MT_SHAPE_ROUTES_MAX
 * routes (or the memory ceiling) method and template do, above
 * MT_SHAPE_EDGES_MAX both services.
 */
#ifndef MT_STORE_SHAPE_H
#define MT_STORE_SHAPE_H

#include "store/service.h"

enum {
    MT_SHAPE_EDGES_MAX = 65536,
    MT_SHAPE_ROUTES_MAX = 65536,
    MT_SHAPES_SOFT = 65536,
    MT_SHAPES_HARD = 98304,
    MT_SHAPES_MAX = 131072,
    MT_SHAPE_TEXT_MAX = 512,   /* of one text; longer ones are clipped */
    MT_SHAPE_MESSAGES_MAX = 2, /* more are kept with the row */
};

struct mt_edge_ref {
    int64_t id; /* in the database; 0 not yet */
    uint16_t tls_version;
    bool tls_dirty;
    uint32_t conns, open; /* now, of this writer: those that last */
};

struct mt_route_ref {
    int64_t id;
    uint32_t edge;
};

struct mt_shape_ref {
    int64_t id;
    uint32_t route;
};

struct mt_shapes {
    struct mt_services *services;
    struct mt_intern edges, routes, shapes; /* tuples */
    struct mt_edge_ref *edge;
    struct mt_route_ref *route;
    struct mt_shape_ref *shape;
    uint32_t edges_done, routes_done, shapes_done; /* committed */
    int64_t old_edges, old_routes, old_shapes; /* in the file at the start */
    bool tls_dirty;
    sqlite3_stmt *add[3], *find[3], *set_tls;
    uint8_t *key; /* scratch */
};

int mt_shapes_init(struct mt_shapes *s, struct mt_services *services,
                   struct mt_pool *pool, sqlite3 *db);
void mt_shapes_deinit(struct mt_shapes *s);

/* The shape of x, whose template is given. MT_INTERN_NONE only without
 * memory. */
uint32_t mt_shapes_of(struct mt_shapes *s, const struct mt_exchange *x,
                      const uint32_t parties[2], struct mt_span template);

/* The template of a shape's route. */
struct mt_span mt_shapes_template(const struct mt_shapes *s, uint32_t shape);

/* The edge alone, for an exchange that is still open. */
uint32_t mt_shapes_edge(struct mt_shapes *s, const struct mt_exchange *x,
                        const uint32_t parties[2]);

/* Inside a transaction, after mt_services_sync(): give ids to what is new. */
int mt_shapes_sync(struct mt_shapes *s);
void mt_shapes_committed(struct mt_shapes *s);

#endif
