/* Services in the database: ids, names with their history, aliases. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/open.h"
#include "store/service.h"

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

int mt_bind_addr(sqlite3_stmt *st, int at, const struct mt_addr *addr)
{
    if (memcmp(addr->ip, v4_prefix, sizeof v4_prefix) == 0)
        return sqlite3_bind_int64(st, at, mt_be32(addr->ip + 12));
    return sqlite3_bind_blob(st, at, addr->ip, sizeof addr->ip, SQLITE_STATIC);
}

struct mt_addr mt_column_addr(sqlite3_stmt *st, int addr, int port)
{
    struct mt_addr a = {.port = 0};
    if (sqlite3_column_type(st, addr) == SQLITE_INTEGER) {
        uint32_t v4 = (uint32_t)sqlite3_column_int64(st, addr);
        memcpy(a.ip, v4_prefix, sizeof v4_prefix);
        for (int i = 0; i < 4; i++)
            a.ip[12 + i] = (uint8_t)(v4 >> (24 - 8 * i));
    } else {
        struct mt_span blob = mt_column_blob(st, addr);
        if (blob.len == sizeof a.ip)
            memcpy(a.ip, blob.ptr, sizeof a.ip);
    }
    if (port >= 0)
        a.port = (uint16_t)sqlite3_column_int(st, port);
    return a;
}

struct statements {
    sqlite3_stmt *add, *find, *rename, *history;
};

static int prepare(struct statements *p, sqlite3 *db)
{
    *p = (struct statements){.add = NULL};
    int rc = mt_store_prepare(
        db, &p->add,
        "INSERT INTO service(key,kind,addr,port,name,name_source) "
        "VALUES(?,?,?,?,?,?) ON CONFLICT(key) DO NOTHING");
    if (rc == 0)
        rc = mt_store_prepare(db, &p->find,
                              "SELECT id FROM service WHERE key=?");
    if (rc == 0)
        rc = mt_store_prepare(db, &p->rename,
                              "UPDATE service SET name=?2,name_source=?3 "
                              "WHERE id=?1 AND name_source<?3");
    if (rc == 0)
        rc = mt_store_prepare(db, &p->history,
                              "INSERT OR IGNORE INTO service_name "
                              "VALUES(?,?,?,?)");
    return rc;
}

static void release(struct statements *p)
{
    (void)sqlite3_finalize(p->add);
    (void)sqlite3_finalize(p->find);
    (void)sqlite3_finalize(p->rename);
    (void)sqlite3_finalize(p->history);
}

static int add(struct statements *p, struct mt_service *v)
{
    (void)mt_bind_span(p->add, 1, v->key, false);
    (void)sqlite3_bind_int(p->add, 2, v->kind);
    if (v->kind == MT_SERVICE_OTHER || v->kind == MT_SERVICE_GROUP)
        (void)sqlite3_bind_null(p->add, 3);
    else
        (void)mt_bind_addr(p->add, 3, &v->addr);
    (void)sqlite3_bind_int(p->add, 4, v->addr.port);
    (void)mt_bind_span(p->add, 5, v->name, false);
    (void)sqlite3_bind_int(p->add, 6, v->name_source);
    int rc = mt_store_run(p->add);
    if (rc != 0)
        return rc;
    (void)mt_bind_span(p->find, 1, v->key, false);
    int step = sqlite3_step(p->find);
    if (step == SQLITE_ROW)
        v->id = sqlite3_column_int64(p->find, 0);
    (void)sqlite3_reset(p->find);
    return step == SQLITE_ROW
               ? 0
               : mt_store_rc_of(sqlite3_db_handle(p->find), step);
}

static int set_name(struct statements *p, const struct mt_service *v)
{
    (void)sqlite3_bind_int64(p->rename, 1, v->id);
    (void)mt_bind_span(p->rename, 2, v->name, false);
    (void)sqlite3_bind_int(p->rename, 3, v->name_source);
    int rc = mt_store_run(p->rename);
    if (rc != 0)
        return rc;
    (void)sqlite3_bind_int64(p->history, 1, v->id);
    (void)sqlite3_bind_int64(p->history, 2, v->from_ns);
    (void)mt_bind_span(p->history, 3, v->name, false);
    (void)sqlite3_bind_int(p->history, 4, v->name_source);
    return mt_store_run(p->history);
}

int mt_services_sync(struct mt_services *s, sqlite3 *db)
{
    if (!s->dirty)
        return 0;
    struct statements p;
    int rc = prepare(&p, db);
    for (uint32_t i = 0; rc == 0 && i < s->keys.count; i++) {
        struct mt_service *v = &s->list[i];
        if (!v->dirty)
            continue;
        rc = add(&p, v);
        if (rc == 0)
            rc = set_name(&p, v);
    }
    release(&p);
    return rc == 0 ? mt_services_alias(db, s->keys.pool) : rc;
}

/* --- aliases --- */

struct item {
    int64_t id, alias, old_alias; /* 0 none */
    struct mt_addr addr;
    struct mt_span name;
    uint8_t kind, source;
};

struct table {
    struct item *items; /* by id */
    size_t count, max;
    struct item **order;
    struct mt_arena text;
};

static int read_table(struct table *t, sqlite3 *db)
{
    sqlite3_stmt *st = NULL;
    int rc = mt_store_prepare(db, &st,
                              "SELECT id,kind,addr,port,name,name_source,"
                              "alias_id FROM service ORDER BY id");
    int step = SQLITE_DONE;
    while (rc == 0 && (step = sqlite3_step(st)) == SQLITE_ROW) {
        if (t->count == t->max)
            break;
        struct item *i = &t->items[t->count];
        *i = (struct item){.id = sqlite3_column_int64(st, 0),
                           .kind = (uint8_t)sqlite3_column_int(st, 1),
                           .addr = mt_column_addr(st, 2, 3),
                           .source = (uint8_t)sqlite3_column_int(st, 5),
                           .old_alias = sqlite3_column_int64(st, 6)};
        if (!mt_arena_copy(&t->text, mt_column_text(st, 4), &i->name))
            rc = MT_STORE_ENOMEM;
        t->order[t->count] = i;
        t->count++;
    }
    (void)sqlite3_finalize(st);
    return rc != 0 ? rc : mt_store_rc_of(db, step);
}

static int compare_ids(const struct item *a, const struct item *b)
{
    return (a->id > b->id) - (a->id < b->id);
}

static int by_name(const void *pa, const void *pb)
{
    const struct item *a = *(struct item *const *)pa;
    const struct item *b = *(struct item *const *)pb;
    size_t n = a->name.len < b->name.len ? a->name.len : b->name.len;
    int order = n > 0 ? memcmp(a->name.ptr, b->name.ptr, n) : 0;
    if (order == 0)
        order = (a->name.len > b->name.len) - (a->name.len < b->name.len);
    return order != 0 ? order : compare_ids(a, b);
}

static int by_ip(const void *pa, const void *pb)
{
    const struct item *a = *(struct item *const *)pa;
    const struct item *b = *(struct item *const *)pb;
    int order = memcmp(a->addr.ip, b->addr.ip, sizeof a->addr.ip);
    return order != 0 ? order : compare_ids(a, b);
}

static bool is_named(const struct item *i)
{
    return i->source > MT_NAME_GROUP && i->kind != MT_SERVICE_OTHER;
}

static int64_t canonical(const struct item *i)
{
    return i->alias != 0 ? i->alias : i->id;
}

/* Equal names are one service: that of the lowest id. */
static void alias_names(struct table *t)
{
    qsort(t->order, t->count, sizeof *t->order, by_name);
    for (size_t i = 0, first = 0; i < t->count; i++) {
        if (!is_named(t->order[i]))
            continue;
        struct item *head = t->order[first];
        if (is_named(head) && mt_span_eq(head->name, t->order[i]->name)) {
            if (head != t->order[i])
                t->order[i]->alias = head->id;
        } else {
            first = i;
        }
    }
}

static bool is_loopback(const struct mt_addr *a)
{
    static const uint8_t one[16] = {[15] = 1};
    return (memcmp(a->ip, v4_prefix, sizeof v4_prefix) == 0 &&
            a->ip[12] == 127) ||
           memcmp(a->ip, one, sizeof one) == 0;
}

static bool serves(const struct item *i)
{
    return i->kind == MT_SERVICE_ENDPOINT || i->kind == MT_SERVICE_HOST;
}

/* One address: items [from, to) of the order by address. */
static void alias_address(struct table *t, size_t from, size_t to)
{
    int64_t only = 0;
    bool several = false;
    for (size_t i = from; i < to; i++) {
        const struct item *v = t->order[i];
        if (!serves(v))
            continue;
        several |= only != 0 && only != canonical(v);
        only = canonical(v);
    }
    for (size_t i = from; i < to; i++) {
        struct item *v = t->order[i];
        if (v->kind == MT_SERVICE_CLIENT && !is_named(v) && only != 0 &&
            !several && !is_loopback(&v->addr))
            v->alias = only;
    }
}

static void alias_addresses(struct table *t)
{
    qsort(t->order, t->count, sizeof *t->order, by_ip);
    for (size_t from = 0, to; from < t->count; from = to) {
        to = from + 1;
        while (to < t->count &&
               memcmp(t->order[to]->addr.ip, t->order[from]->addr.ip,
                      sizeof t->order[to]->addr.ip) == 0)
            to++;
        alias_address(t, from, to);
    }
}

static int write_aliases(const struct table *t, sqlite3 *db)
{
    sqlite3_stmt *st = NULL;
    int rc =
        mt_store_prepare(db, &st, "UPDATE service SET alias_id=?2 WHERE id=?1");
    for (size_t i = 0; rc == 0 && i < t->count; i++) {
        const struct item *v = &t->items[i];
        if (v->alias == v->old_alias)
            continue;
        (void)sqlite3_bind_int64(st, 1, v->id);
        if (v->alias != 0)
            (void)sqlite3_bind_int64(st, 2, v->alias);
        else
            (void)sqlite3_bind_null(st, 2);
        rc = mt_store_run(st);
    }
    (void)sqlite3_finalize(st);
    return rc;
}

int mt_services_alias(sqlite3 *db, struct mt_pool *pool)
{
    /* several writers may each have come to the bound */
    enum { MAX = 8 * (MT_SERVICES_MAX + 1) };
    struct table t = {.max = MAX};
    t.items = mt_pool_alloc(pool, MAX * sizeof *t.items);
    t.order = mt_pool_alloc(pool, MAX * sizeof(struct item *));
    mt_arena_init(&t.text, pool, 8u << 20);
    int rc = t.items == NULL || t.order == NULL ? MT_STORE_ENOMEM
                                                : read_table(&t, db);
    if (rc == 0) {
        alias_names(&t);
        alias_addresses(&t);
        rc = write_aliases(&t, db);
    }
    mt_arena_deinit(&t.text);
    mt_pool_free(pool, t.order, MAX * sizeof(struct item *));
    mt_pool_free(pool, t.items, MAX * sizeof *t.items);
    return rc;
}
