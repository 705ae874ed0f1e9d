/* Services, edges and routes by id. */
#include <stdlib.h>
#include <string.h>

#include "store/query_impl.h"
#include "store/service.h"

enum {
    DIRECTORY_BYTES = 128 << 20,
    SERVICES_MAX = 1 << 16, /* far above what writers make */
    EDGES_MAX = 1 << 20,
    ROUTES_MAX = 1 << 20,
};

/* A list that doubles; its items are found by id, as they come ordered. */
static bool ensure(void **list, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return true;
    size_t more = *room > 0 ? *room * 2 : 64;
    void *bigger = realloc(*list, more * size);
    if (bigger == NULL)
        return false;
    *list = bigger;
    *room = more;
    return true;
}

static const void *find(const void *list, size_t count, size_t size, int64_t id)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *item = (const char *)list + middle * size;
        int64_t at; /* the id is each item's first member */
        memcpy(&at, item, sizeof at);
        if (at == id)
            return item;
        if (at < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct mt_service_info *mt_directory_service(const struct mt_directory *d,
                                                   int64_t id)
{
    return find(d->services, d->services_count, sizeof *d->services, id);
}

const struct mt_edge_info *mt_directory_edge(const struct mt_directory *d,
                                             int64_t id)
{
    return find(d->edges, d->edges_count, sizeof *d->edges, id);
}

const struct mt_route_info *mt_directory_route(const struct mt_directory *d,
                                               int64_t id)
{
    return find(d->routes, d->routes_count, sizeof *d->routes, id);
}

/* Answers hand texts out as strings: a NUL goes behind, and ends them. */
static bool keep(struct mt_directory *d, sqlite3_stmt *st, int at,
                 struct mt_span *out)
{
    struct mt_span text = mt_column_text(st, at);
    uint8_t *copy = mt_arena_alloc(&d->text, text.len + 1);
    if (copy == NULL)
        return false;
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    *out = (struct mt_span){.ptr = copy, .len = text.len};
    return true;
}

typedef bool take_row(struct mt_directory *d, sqlite3_stmt *st, size_t *room);

static int read_all(struct mt_directory *d, sqlite3 *db, const char *sql,
                    take_row *take)
{
    sqlite3_stmt *st = NULL;
    size_t room = 0;
    int step = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    if (step == SQLITE_OK)
        while ((step = sqlite3_step(st)) == SQLITE_ROW)
            if (!take(d, st, &room))
                break;
    bool stopped = step == SQLITE_ROW;
    int rc = mt_store_rc_of(db, step);
    (void)sqlite3_finalize(st);
    return stopped ? MT_STORE_ENOMEM : rc;
}

static bool take_service(struct mt_directory *d, sqlite3_stmt *st, size_t *room)
{
    void *list = d->services;
    if (d->services_count == SERVICES_MAX ||
        !ensure(&list, d->services_count, room, sizeof *d->services))
        return false;
    d->services = list;
    struct mt_service_info *s = &d->services[d->services_count];
    *s = (struct mt_service_info){.id = sqlite3_column_int64(st, 0),
                                  .canonical = sqlite3_column_int64(st, 1),
                                  .source = (uint8_t)sqlite3_column_int(st, 3),
                                  .kind = (uint8_t)sqlite3_column_int(st, 4)};
    if (!keep(d, st, 2, &s->name))
        return false;
    d->services_count++;
    return true;
}

/* The index of a service's canonical one. A hostile alias leads nowhere: then
 * the service stands for itself. */
static bool canonical_index(const struct mt_directory *d, int64_t id,
                            uint32_t *index)
{
    const struct mt_service_info *s = mt_directory_service(d, id);
    if (s == NULL)
        return false;
    const struct mt_service_info *c = mt_directory_service(d, s->canonical);
    *index = (uint32_t)((c != NULL ? c : s) - d->services);
    return true;
}

static bool take_edge(struct mt_directory *d, sqlite3_stmt *st, size_t *room)
{
    void *list = d->edges;
    if (d->edges_count == EDGES_MAX ||
        !ensure(&list, d->edges_count, room, sizeof *d->edges))
        return false;
    d->edges = list;
    struct mt_edge_info *e = &d->edges[d->edges_count];
    *e = (struct mt_edge_info){.id = sqlite3_column_int64(st, 0),
                               .protocol = (uint8_t)sqlite3_column_int(st, 3),
                               .kind = (uint8_t)sqlite3_column_int(st, 4),
                               .observer = (uint8_t)sqlite3_column_int(st, 5),
                               .tls_version =
                                   (uint16_t)sqlite3_column_int(st, 6)};
    if (canonical_index(d, sqlite3_column_int64(st, 1), &e->client) &&
        canonical_index(d, sqlite3_column_int64(st, 2), &e->server)) {
        d->services[e->server].serves = true;
        d->edges_count++;
    }
    return true;
}

static bool is_somebody(const struct mt_service_info *s)
{
    return s->kind != MT_SERVICE_OTHER && s->kind != MT_SERVICE_GROUP;
}

/**
 * A service that answers others and calls itself: a proxy before its own
 * kind, a cluster's members. What its callers see is what counts for it.
 */
static void mark_inner(struct mt_directory *d)
{
    for (size_t i = 0; i < d->edges_count; i++) {
        const struct mt_edge_info *e = &d->edges[i];
        if (e->client != e->server && e->kind != MT_KIND_L4 &&
            mt_is_golden(e->observer))
            d->services[e->server].called = true;
    }
    for (size_t i = 0; i < d->edges_count; i++) {
        struct mt_edge_info *e = &d->edges[i];
        const struct mt_service_info *s = &d->services[e->server];
        e->inner = e->client == e->server && s->called && is_somebody(s);
    }
}

static bool take_route(struct mt_directory *d, sqlite3_stmt *st, size_t *room)
{
    void *list = d->routes;
    if (d->routes_count == ROUTES_MAX ||
        !ensure(&list, d->routes_count, room, sizeof *d->routes))
        return false;
    d->routes = list;
    const struct mt_edge_info *e =
        mt_directory_edge(d, sqlite3_column_int64(st, 1));
    if (e == NULL)
        return true;
    struct mt_route_info *r = &d->routes[d->routes_count];
    *r = (struct mt_route_info){.id = sqlite3_column_int64(st, 0),
                                .edge = (uint32_t)(e - d->edges)};
    if (!keep(d, st, 2, &r->method) || !keep(d, st, 3, &r->template) ||
        !keep(d, st, 4, &r->endpoint))
        return false;
    d->routes_count++;
    return true;
}

int mt_directory_init(struct mt_directory *d, sqlite3 *db, bool routes)
{
    memset(d, 0, sizeof *d);
    mt_pool_init(&d->pool, DIRECTORY_BYTES);
    mt_arena_init(&d->text, &d->pool, DIRECTORY_BYTES);
    int rc = read_all(d, db,
                      "SELECT id,ifnull(alias_id,id),name,name_source,kind "
                      "FROM service ORDER BY id",
                      take_service);
    if (rc == 0)
        rc = read_all(d, db,
                      "SELECT id,client,server,protocol,kind,observer,"
                      "tls_version FROM edge ORDER BY id",
                      take_edge);
    if (rc == 0)
        mark_inner(d);
    if (rc == 0 && routes)
        rc = read_all(d, db,
                      "SELECT id,edge,method,template,endpoint FROM route "
                      "ORDER BY id",
                      take_route);
    return rc;
}

void mt_directory_deinit(struct mt_directory *d)
{
    mt_arena_deinit(&d->text);
    mt_pool_deinit(&d->pool);
    free(d->services);
    free(d->edges);
    free(d->routes);
    memset(d, 0, sizeof *d);
}
