#include "store/shape.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/open.h"

enum {
    KEY_MAX = 8192,
    METHOD_MAX = 32,
    TEXTS = 8, /* of a shape's own */
    EDGES_ROOM = MT_SHAPE_EDGES_MAX + 1024,
    ROUTES_ROOM = MT_SHAPE_ROUTES_MAX + EDGES_ROOM,
    ADD_EDGE = 0,
    ADD_ROUTE,
    ADD_SHAPE,
};

#define OTHER MT_SPAN("{other}")

/* The fixed parts of the tuples. Padding is cleared: they are compared as
 * bytes. */
struct edge_key {
    uint32_t client, server; /* local numbers */
    uint8_t protocol, kind, observer, unused;
};

struct shape_key {
    uint32_t route;
    uint32_t anomalies;
    uint16_t status, attempt;
    int16_t grpc_status;
    uint8_t outcome, error, half, hpack, role_evidence, detection, quality;
    uint8_t messages[2];
    uint8_t ended_by, ended_in;
    uint8_t unused[3];
};

static_assert(sizeof(struct shape_key) == 28, "no padding");

/* In the order of the columns. */
static void shape_texts(const struct mt_exchange *x, struct mt_span t[TEXTS])
{
    t[0] = x->scheme;
    t[1] = x->authority;
    t[2] = x->operation;
    t[3] = x->user_agent;
    t[4] = x->req.content_type;
    t[5] = x->resp.content_type;
    t[6] = x->why_not_retried;
    t[7] = x->rule;
}

/* --- statements --- */

static int prepare(struct mt_shapes *s, sqlite3 *db)
{
    static const char *const add[3] = {
        "INSERT INTO edge(client,server,protocol,kind,observer) "
        "VALUES(?,?,?,?,?) ON CONFLICT DO NOTHING",
        "INSERT INTO route(edge,method,template,endpoint) VALUES(?,?,?,?) "
        "ON CONFLICT DO NOTHING",
        "INSERT INTO shape(route,outcome,error,half,hpack,role_evidence,"
        "detection,quality,status,grpc_status,anomalies,attempt,req_messages,"
        "resp_messages,ended_by,ended_in,scheme,authority,operation,user_agent,"
        "req_content_type,resp_content_type,why_not_retried,rule,"
        "client,server,edge,protocol,kind,observer,method,template,endpoint) "
        "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?"
        ",?) "
        "ON CONFLICT DO NOTHING",
    };
    static const char *const find[3] = {
        "SELECT id FROM edge WHERE client=? AND server=? AND protocol=? AND "
        "kind=? AND observer=?",
        "SELECT id FROM route WHERE edge=? AND method=? AND template=? AND "
        "endpoint=?",
        "SELECT id FROM shape WHERE route=? AND outcome=? AND error=? AND "
        "half=? AND hpack=? AND role_evidence=? AND detection=? AND quality=? "
        "AND status=? AND grpc_status=? AND anomalies=? AND attempt=? AND "
        "req_messages=? AND resp_messages=? AND ended_by=? AND ended_in=? AND "
        "scheme=? AND authority=? AND "
        "operation=? AND user_agent=? AND req_content_type=? AND "
        "resp_content_type=? AND why_not_retried=? AND rule=?",
    };
    int rc = mt_store_prepare(db, &s->set_tls,
                              "UPDATE edge SET tls_version=?2 WHERE id=?1");
    for (int i = 0; rc == 0 && i < 3; i++) {
        rc = mt_store_prepare(db, &s->add[i], add[i]);
        if (rc == 0)
            rc = mt_store_prepare(db, &s->find[i], find[i]);
    }
    return rc;
}

static int count_old(struct mt_shapes *s, sqlite3 *db)
{
    sqlite3_stmt *st = NULL;
    int rc = mt_store_prepare(db, &st,
                              "SELECT (SELECT count(*) FROM edge),"
                              "(SELECT count(*) FROM route),"
                              "(SELECT count(*) FROM shape)");
    if (rc == 0) {
        rc = mt_store_rc_of(db, sqlite3_step(st));
        s->old_edges = sqlite3_column_int64(st, 0);
        s->old_routes = sqlite3_column_int64(st, 1);
        s->old_shapes = sqlite3_column_int64(st, 2);
    }
    (void)sqlite3_finalize(st);
    return rc;
}

int mt_shapes_init(struct mt_shapes *s, struct mt_services *services,
                   struct mt_pool *pool, sqlite3 *db)
{
    *s = (struct mt_shapes){.services = services};
    mt_intern_init(&s->edges, pool, EDGES_ROOM);
    mt_intern_init(&s->routes, pool, ROUTES_ROOM);
    mt_intern_init(&s->shapes, pool, MT_SHAPES_MAX);
    /* zeroed pages cost nothing until they are used */
    s->edge = calloc(EDGES_ROOM, sizeof *s->edge);
    s->route = calloc(ROUTES_ROOM, sizeof *s->route);
    s->shape = calloc(MT_SHAPES_MAX, sizeof *s->shape);
    s->key = malloc(KEY_MAX);
    if (s->edge == NULL || s->route == NULL || s->shape == NULL ||
        s->key == NULL)
        return MT_STORE_ENOMEM;
    int rc = prepare(s, db);
    return rc == 0 ? count_old(s, db) : rc;
}

void mt_shapes_deinit(struct mt_shapes *s)
{
    for (int i = 0; i < 3; i++) {
        (void)sqlite3_finalize(s->add[i]);
        (void)sqlite3_finalize(s->find[i]);
    }
    (void)sqlite3_finalize(s->set_tls);
    if (s->edges.pool != NULL) {
        mt_intern_deinit(&s->edges);
        mt_intern_deinit(&s->routes);
        mt_intern_deinit(&s->shapes);
    }
    free(s->edge);
    free(s->route);
    free(s->shape);
    free(s->key);
    *s = (struct mt_shapes){.services = NULL};
}

/* --- local numbers --- */

/* Room for new tuples: what the file holds counts, but a new writer always
 * gets an eighth. */
static bool has_room(const struct mt_intern *t, int64_t old, int64_t soft)
{
    int64_t room = soft - old > soft / 8 ? soft - old : soft / 8;
    return t->count < room;
}

/* Clip to max bytes, on the border of a UTF-8 character. */
static struct mt_span clip(struct mt_span text, size_t max)
{
    if (text.len <= max)
        return text;
    text.len = max;
    while (text.len > 0 && (text.ptr[text.len] & 0xc0) == 0x80)
        text.len--;
    return text;
}

static void put_text(struct mt_buf *b, struct mt_span text)
{
    uint16_t len = (uint16_t)text.len;
    mt_put_span(
        b, (struct mt_span){.ptr = (const uint8_t *)&len, .len = sizeof len});
    mt_put_span(b, text);
}

static struct mt_span get_text(struct mt_cursor *c)
{
    uint16_t len = 0;
    struct mt_span bytes = mt_get_span(c, sizeof len);
    if (bytes.len == sizeof len)
        memcpy(&len, bytes.ptr, sizeof len);
    return mt_get_span(c, len);
}

static uint32_t add_edge(struct mt_shapes *s, const struct edge_key *key)
{
    struct mt_span bytes = {.ptr = (const uint8_t *)key, .len = sizeof *key};
    return mt_intern_add(&s->edges, bytes);
}

uint32_t mt_shapes_edge(struct mt_shapes *s, const struct mt_exchange *x,
                        const uint32_t parties[2])
{
    struct edge_key key = {.client = parties[MT_CLIENT],
                           .server = parties[MT_SERVER],
                           .protocol = x->protocol,
                           .kind = x->kind,
                           .observer = x->observer};
    struct mt_span bytes = {.ptr = (const uint8_t *)&key, .len = sizeof key};
    uint32_t edge = MT_INTERN_NONE;
    if (has_room(&s->edges, s->old_edges, MT_SHAPE_EDGES_MAX))
        edge = add_edge(s, &key);
    else
        edge = mt_intern_find(&s->edges, bytes);
    if (edge == MT_INTERN_NONE) {
        key.client = key.server = s->services->other;
        edge = add_edge(s, &key);
    }
    if (edge != MT_INTERN_NONE && x->tls != NULL && x->tls->version != 0 &&
        s->edge[edge].tls_version != x->tls->version) {
        s->edge[edge].tls_version = x->tls->version;
        s->edge[edge].tls_dirty = s->tls_dirty = true;
    }
    return edge;
}

static uint32_t add_route(struct mt_shapes *s, uint32_t edge,
                          const struct mt_span texts[3], bool may_add)
{
    struct mt_buf b = mt_buf_of(s->key, KEY_MAX);
    mt_put_span(&b, (struct mt_span){.ptr = (const uint8_t *)&edge,
                                     .len = sizeof edge});
    for (int i = 0; i < 3; i++)
        put_text(&b, texts[i]);
    assert(!b.full);
    uint32_t n = may_add ? mt_intern_add(&s->routes, mt_buf_span(&b))
                         : mt_intern_find(&s->routes, mt_buf_span(&b));
    if (n != MT_INTERN_NONE)
        s->route[n].edge = edge;
    return n;
}

static uint32_t route_of(struct mt_shapes *s, const struct mt_exchange *x,
                         uint32_t edge, struct mt_span template)
{
    const struct mt_span texts[3] = {clip(x->method, METHOD_MAX),
                                     clip(template, MT_SHAPE_TEXT_MAX),
                                     clip(x->endpoint, MT_SHAPE_TEXT_MAX)};
    bool room = has_room(&s->routes, s->old_routes, MT_SHAPE_ROUTES_MAX);
    uint32_t route = add_route(s, edge, texts, room);
    const struct mt_span other[3] = {OTHER, OTHER, OTHER};
    return route != MT_INTERN_NONE ? route : add_route(s, edge, other, true);
}

static uint8_t few_messages(uint32_t n)
{
    return n <= MT_SHAPE_MESSAGES_MAX ? (uint8_t)n : 0;
}

static void fill_key(struct shape_key *k, const struct mt_exchange *x,
                     uint32_t route)
{
    *k = (struct shape_key){
        .route = route,
        .anomalies = x->anomalies,
        .status = x->status,
        .attempt = x->attempt <= UINT16_MAX ? (uint16_t)x->attempt : UINT16_MAX,
        .grpc_status = x->grpc_status,
        .outcome = x->outcome,
        .error = x->error,
        .half = x->half,
        .hpack = x->hpack,
        .role_evidence = x->role_evidence,
        .detection = x->detection,
        .quality = x->quality,
        .messages = {few_messages(x->req.messages),
                     few_messages(x->resp.messages)},
        .ended_by = x->ended_by,
        .ended_in = x->ended_in,
    };
}

static struct mt_span put_key(struct mt_shapes *s, struct shape_key *k,
                              const struct mt_span texts[TEXTS])
{
    struct mt_buf b = mt_buf_of(s->key, KEY_MAX);
    b.len = sizeof *k;
    for (int i = 0; i < TEXTS; i++) {
        struct mt_span text = clip(texts[i], MT_SHAPE_TEXT_MAX);
        if (text.len < texts[i].len)
            k->quality |= MT_QUALITY_CLIPPED;
        put_text(&b, text);
    }
    assert(!b.full);
    memcpy(s->key, k, sizeof *k);
    return mt_buf_span(&b);
}

/* Past the soft bound: no more texts. Past the hard one nothing but the
 * outcome, of which there are few hundred. */
static uint32_t degraded(struct mt_shapes *s, const struct mt_exchange *x,
                         struct shape_key *k)
{
    struct mt_span texts[TEXTS] = {{.ptr = NULL, .len = 0}};
    if (s->shapes.count < MT_SHAPES_HARD) {
        for (int i = 1; i <= 3; i++)
            texts[i] = OTHER;
        k->anomalies = 0;
        return mt_intern_add(&s->shapes, put_key(s, k, texts));
    }
    const uint32_t parties[2] = {s->services->other, s->services->other};
    const struct mt_span other[3] = {OTHER, OTHER, OTHER};
    uint32_t edge = mt_shapes_edge(s, x, parties);
    uint32_t route = edge != MT_INTERN_NONE ? add_route(s, edge, other, true)
                                            : MT_INTERN_NONE;
    if (route == MT_INTERN_NONE)
        return MT_INTERN_NONE;
    *k = (struct shape_key){.route = route,
                            .outcome = x->outcome,
                            .status = (uint16_t)(x->status / 100 * 100 % 600),
                            .grpc_status = MT_GRPC_STATUS_NONE};
    return mt_intern_add(&s->shapes, put_key(s, k, texts));
}

uint32_t mt_shapes_of(struct mt_shapes *s, const struct mt_exchange *x,
                      const uint32_t parties[2], struct mt_span template)
{
    uint32_t edge = mt_shapes_edge(s, x, parties);
    uint32_t route = edge != MT_INTERN_NONE ? route_of(s, x, edge, template)
                                            : MT_INTERN_NONE;
    if (route == MT_INTERN_NONE)
        return MT_INTERN_NONE;
    struct shape_key key;
    struct mt_span texts[TEXTS];
    fill_key(&key, x, route);
    shape_texts(x, texts);
    struct mt_span bytes = put_key(s, &key, texts);
    bool room = has_room(&s->shapes, s->old_shapes, MT_SHAPES_SOFT);
    uint32_t shape = room ? mt_intern_add(&s->shapes, bytes)
                          : mt_intern_find(&s->shapes, bytes);
    if (shape == MT_INTERN_NONE)
        shape = degraded(s, x, &key); /* may change key.route */
    if (shape != MT_INTERN_NONE)
        s->shape[shape].route = key.route;
    return shape;
}

/* --- the database's ids --- */

/* The row that the bound statements mean, made if it is new. */
static int add_or_find(struct mt_shapes *s, int which, int64_t *id)
{
    sqlite3 *db = sqlite3_db_handle(s->add[which]);
    int rc = mt_store_run(s->add[which]);
    if (rc != 0)
        return rc;
    if (sqlite3_changes(db) == 1) {
        *id = sqlite3_last_insert_rowid(db);
        return 0;
    }
    int step = sqlite3_step(s->find[which]);
    if (step == SQLITE_ROW)
        *id = sqlite3_column_int64(s->find[which], 0);
    (void)sqlite3_reset(s->find[which]);
    if (step == SQLITE_DONE) /* a conflict with a row that is not there */
        return MT_STORE_ECORRUPT;
    return step == SQLITE_ROW ? 0 : mt_store_rc_of(db, step);
}

static void bind_ints(struct mt_shapes *s, int which, const int64_t *values,
                      int count)
{
    for (int i = 0; i < count; i++) {
        (void)sqlite3_bind_int64(s->add[which], i + 1, values[i]);
        (void)sqlite3_bind_int64(s->find[which], i + 1, values[i]);
    }
}

static void bind_text(struct mt_shapes *s, int which, int at,
                      struct mt_span text)
{
    (void)mt_bind_span(s->add[which], at, text, false);
    (void)mt_bind_span(s->find[which], at, text, false);
}

static struct edge_key edge_key_of(const struct mt_shapes *s, uint32_t n)
{
    struct edge_key k;
    memcpy(&k, mt_intern_bytes(&s->edges, n).ptr, sizeof k);
    return k;
}

static int sync_edge(struct mt_shapes *s, uint32_t n)
{
    struct edge_key k = edge_key_of(s, n);
    const int64_t values[5] = {s->services->list[k.client].id,
                               s->services->list[k.server].id, k.protocol,
                               k.kind, k.observer};
    bind_ints(s, ADD_EDGE, values, 5);
    return add_or_find(s, ADD_EDGE, &s->edge[n].id);
}

/* The texts of a route's key. */
static void route_texts(const struct mt_shapes *s, uint32_t n,
                        struct mt_span texts[3])
{
    struct mt_cursor c = mt_cursor_of(mt_intern_bytes(&s->routes, n));
    (void)mt_get_span(&c, sizeof(uint32_t));
    for (int i = 0; i < 3; i++)
        texts[i] = get_text(&c);
}

struct mt_span mt_shapes_template(const struct mt_shapes *s, uint32_t shape)
{
    struct mt_span texts[3];
    route_texts(s, s->shape[shape].route, texts);
    return texts[1];
}

static int sync_route(struct mt_shapes *s, uint32_t n)
{
    struct mt_span texts[3];
    route_texts(s, n, texts);
    bind_ints(s, ADD_ROUTE, &s->edge[s->route[n].edge].id, 1);
    for (int i = 0; i < 3; i++)
        bind_text(s, ADD_ROUTE, i + 2, texts[i]);
    return add_or_find(s, ADD_ROUTE, &s->route[n].id);
}

/* The columns that `route` implies. */
static void bind_implied(struct mt_shapes *s, uint32_t route, int at)
{
    uint32_t edge = s->route[route].edge;
    struct edge_key k = edge_key_of(s, edge);
    const int64_t values[6] = {s->services->list[k.client].id,
                               s->services->list[k.server].id,
                               s->edge[edge].id,
                               k.protocol,
                               k.kind,
                               k.observer};
    for (int i = 0; i < 6; i++)
        (void)sqlite3_bind_int64(s->add[ADD_SHAPE], at++, values[i]);
    struct mt_span texts[3];
    route_texts(s, route, texts);
    for (int i = 0; i < 3; i++)
        (void)mt_bind_span(s->add[ADD_SHAPE], at++, texts[i], false);
}

static int sync_shape(struct mt_shapes *s, uint32_t n)
{
    struct shape_key k;
    struct mt_cursor c = mt_cursor_of(mt_intern_bytes(&s->shapes, n));
    memcpy(&k, mt_get_span(&c, sizeof k).ptr, sizeof k);
    const int64_t values[] = {s->route[k.route].id,
                              k.outcome,
                              k.error,
                              k.half,
                              k.hpack,
                              k.role_evidence,
                              k.detection,
                              k.quality,
                              k.status,
                              k.grpc_status,
                              k.anomalies,
                              k.attempt,
                              k.messages[0],
                              k.messages[1],
                              k.ended_by,
                              k.ended_in};
    enum { VALUES = sizeof values / sizeof values[0] };
    bind_ints(s, ADD_SHAPE, values, VALUES);
    for (int i = 0; i < TEXTS; i++)
        bind_text(s, ADD_SHAPE, VALUES + 1 + i, get_text(&c));
    bind_implied(s, k.route, VALUES + 1 + TEXTS);
    return add_or_find(s, ADD_SHAPE, &s->shape[n].id);
}

static int sync_tls(struct mt_shapes *s)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && s->tls_dirty && i < s->edges.count; i++) {
        if (!s->edge[i].tls_dirty)
            continue;
        (void)sqlite3_bind_int64(s->set_tls, 1, s->edge[i].id);
        (void)sqlite3_bind_int(s->set_tls, 2, s->edge[i].tls_version);
        rc = mt_store_run(s->set_tls);
    }
    return rc;
}

int mt_shapes_sync(struct mt_shapes *s)
{
    int rc = 0;
    for (uint32_t i = s->edges_done; rc == 0 && i < s->edges.count; i++)
        rc = sync_edge(s, i);
    for (uint32_t i = s->routes_done; rc == 0 && i < s->routes.count; i++)
        rc = sync_route(s, i);
    for (uint32_t i = s->shapes_done; rc == 0 && i < s->shapes.count; i++)
        rc = sync_shape(s, i);
    return rc == 0 ? sync_tls(s) : rc;
}

void mt_shapes_committed(struct mt_shapes *s)
{
    s->edges_done = s->edges.count;
    s->routes_done = s->routes.count;
    s->shapes_done = s->shapes.count;
    for (uint32_t i = 0; s->tls_dirty && i < s->edges.count; i++)
        s->edge[i].tls_dirty = false;
    s->tls_dirty = false;
}
