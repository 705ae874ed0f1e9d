/* Windows, and the small questions. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "store/query_impl.h"
#include "store/service.h"

#define HEARTBEAT_FRESH_NS (5 * MT_SECOND_NS)

int mt_store_number(sqlite3 *db, const char *sql, int64_t none, int64_t *value)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    *value = none;
    if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW &&
        sqlite3_column_type(st, 0) != SQLITE_NULL)
        *value = sqlite3_column_int64(st, 0);
    (void)sqlite3_finalize(st);
    return mt_store_rc_of(db, rc);
}

/* Old rows are gone and their cells are not: those begin before. */
static int extend_by_cells(sqlite3 *db, int64_t *first_ns)
{
    int64_t t;
    for (int i = 0; i < mt_levels[MT_KEYS_EDGE].count; i++) {
        char sql[80];
        long long level = mt_levels[MT_KEYS_EDGE].seconds[i];
        (void)snprintf(sql, sizeof sql,
                       "SELECT min(t) FROM edge_cell WHERE level=%lld", level);
        int rc = mt_store_number(db, sql, INT64_MAX, &t);
        if (rc != 0)
            return rc;
        int64_t begin = mt_ns_mul(t, level * MT_SECOND_NS);
        if (t != INT64_MAX && begin < *first_ns)
            *first_ns = begin;
    }
    return 0;
}

/* Without rows (stat -r) and sources, the cells know. */
static int extent_of_cells(sqlite3 *db, int64_t *first_ns, int64_t *last_ns)
{
    int64_t t;
    int rc = mt_store_number(db, "SELECT min(t) FROM edge_cell WHERE level=1",
                             INT64_MIN, &t);
    if (rc != 0 || t == INT64_MIN)
        return rc;
    *first_ns = mt_ns_mul(t, MT_SECOND_NS);
    rc = mt_store_number(db,
                         "SELECT max(t*1000000000+last_delta_ns) FROM "
                         "edge_cell WHERE level=1",
                         0, last_ns);
    return rc;
}

/* Without packets, the first thing known is the end of an exchange: it began
 * before that, and what lasted for no time has no rate. */
static int64_t before_its_end(int64_t first_ns, int64_t last_ns)
{
    int64_t begin = mt_ns_sub(last_ns, MT_SECOND_NS);
    return last_ns != 0 && begin < first_ns ? begin : first_ns;
}

int mt_store_extent(sqlite3 *db, int64_t *first_ns, int64_t *last_ns)
{
    int64_t source_first, source_last, row_first, row_last;
    *first_ns = *last_ns = 0;
    int rc = mt_store_number(db,
                             "SELECT min(first_ns) FROM source "
                             "WHERE first_ns<>0",
                             INT64_MAX, &source_first);
    if (rc == 0)
        rc = mt_store_number(db, "SELECT max(last_ns) FROM source", INT64_MIN,
                             &source_last);
    if (rc == 0)
        rc = mt_store_number(db, "SELECT min(end_min) FROM batch", INT64_MAX,
                             &row_first);
    if (rc == 0)
        rc = mt_store_number(db, "SELECT max(end_max) FROM batch", INT64_MIN,
                             &row_last);
    if (rc != 0)
        return rc;
    if (source_first == INT64_MAX && row_first == INT64_MAX) {
        rc = extent_of_cells(db, first_ns, last_ns);
        *first_ns = before_its_end(*first_ns, *last_ns);
        return rc;
    }
    *last_ns = source_last > row_last ? source_last : row_last;
    *first_ns = source_first < row_first ? source_first
                                         : before_its_end(row_first, *last_ns);
    int64_t first_id;
    rc = mt_store_number(db, "SELECT min(first) FROM batch", 1, &first_id);
    return rc == 0 && first_id > 1 ? extend_by_cells(db, first_ns) : rc;
}

int mt_query_now(struct mt_store *s, int64_t wall_ns, int64_t *now_ns,
                 bool *live)
{
    int64_t beat, first;
    mt_store_begin(s);
    /* an offline writer's wall clock says nothing about its rows' times */
    int rc = mt_store_number(s->db,
                             "SELECT max(heartbeat_ns) FROM writer WHERE "
                             "closed_ns IS NULL AND kind<>0",
                             INT64_MIN, &beat);
    *live = beat != INT64_MIN && mt_ns_sub(wall_ns, beat) < HEARTBEAT_FRESH_NS;
    *now_ns = wall_ns;
    if (rc == 0 && !*live)
        rc = mt_store_extent(s->db, &first, now_ns);
    return rc;
}

/* Of what is known: rates are those of the time that there was. An end that
 * moves on leaves a second, as what came in a few milliseconds is no rate. */
static int64_t begin_of_last(int64_t from_ns, int64_t to_ns, int64_t first_ns,
                             bool moves)
{
    int64_t second = mt_ns_sub(to_ns, MT_SECOND_NS);
    if (first_ns >= to_ns)
        return from_ns; /* nothing is */
    if (moves && second < first_ns)
        first_ns = second;
    return from_ns < first_ns ? first_ns : from_ns;
}

int mt_query_window(struct mt_store *s, const struct mt_window_spec *spec,
                    int64_t *from_ns, int64_t *to_ns)
{
    int64_t first, last, now;
    bool live;
    int rc = mt_query_now(s, spec->wall_ns, &now, &live);
    if (rc == 0)
        rc = mt_store_extent(s->db, &first, &last);
    if (rc != 0)
        return rc;
    int64_t end = live && now > last ? now : mt_ns_add(last, 1);
    *to_ns = spec->until_ns > 0 ? spec->until_ns : end;
    *from_ns = spec->since_ns > 0 ? spec->since_ns : first;
    bool empty = first == 0 && last == 0;
    if (spec->last_ns > 0)
        *from_ns = mt_ns_sub(*to_ns, spec->last_ns);
    if (spec->last_ns > 0 && !empty)
        *from_ns =
            begin_of_last(*from_ns, *to_ns, first, live || spec->until_ns > 0);
    if (*from_ns >= *to_ns)
        *to_ns = mt_ns_add(*from_ns, 1);
    return 0;
}

int mt_query_sources(struct mt_store *s,
                     int (*each)(void *arg, const struct mt_source_row *row),
                     void *arg)
{
    sqlite3_stmt *st = NULL;
    mt_store_begin(s);
    int step, rc = mt_store_prepare(
                  s->db, &st,
                  "SELECT id,ifnull(path,''),size_bytes,inode,packets,"
                  "first_ns,last_ns FROM source ORDER BY id");
    while (rc == 0 && (step = sqlite3_step(st)) != SQLITE_DONE) {
        rc = mt_store_rc_of(s->db, step);
        if (rc != 0)
            break;
        const struct mt_source_row row = {
            .id = sqlite3_column_int64(st, 0),
            .path = (const char *)sqlite3_column_text(st, 1),
            .size_bytes = (uint64_t)sqlite3_column_int64(st, 2),
            .inode = (uint64_t)sqlite3_column_int64(st, 3),
            .packets = (uint64_t)sqlite3_column_int64(st, 4),
            .first_ns = sqlite3_column_int64(st, 5),
            .last_ns = sqlite3_column_int64(st, 6)};
        rc = row.path != NULL ? each(arg, &row) : MT_STORE_ENOMEM;
    }
    (void)sqlite3_finalize(st);
    return rc;
}

/* Edges that count where services and routes are asked for: key_of_service()
 * and key_of_route() of query.c. */
#define COUNTED                                                            \
    "WITH named AS (SELECT g.id,g.kind,ifnull(c.alias_id,c.id) AS client," \
    "ifnull(v.alias_id,v.id) AS server FROM edge g JOIN service c "        \
    "ON c.id=g.client JOIN service v ON v.id=g.server "                    \
    "WHERE g.observer IN (?1,?2)), counted AS (SELECT * FROM named WHERE " \
    "client<>server OR server NOT IN (SELECT server FROM named WHERE "     \
    "client<>server AND kind<>?3) OR server IN (SELECT id FROM service "   \
    "WHERE kind IN (?4,?5))) "

static int count_listed(sqlite3 *db, const char *sql, uint64_t *n)
{
    sqlite3_stmt *st = NULL;
    int rc = mt_store_prepare(db, &st, sql);
    if (rc != 0)
        return rc;
    (void)sqlite3_bind_int(st, 1, MT_OBSERVER_TAP);
    (void)sqlite3_bind_int(st, 2, MT_OBSERVER_PROXY_REQUEST);
    (void)sqlite3_bind_int(st, 3, MT_KIND_L4);
    (void)sqlite3_bind_int(st, 4, MT_SERVICE_OTHER);
    (void)sqlite3_bind_int(st, 5, MT_SERVICE_GROUP);
    int step = sqlite3_step(st);
    if (step == SQLITE_ROW)
        *n = (uint64_t)sqlite3_column_int64(st, 0);
    rc = mt_store_rc_of(db, step);
    (void)sqlite3_finalize(st);
    return rc;
}

static int count_names(sqlite3 *db, struct mt_store_info *info)
{
    int rc =
        count_listed(db, COUNTED "SELECT count(DISTINCT server) FROM counted",
                     &info->services);
    if (rc == 0)
        rc = count_listed(db,
                          COUNTED
                          "SELECT count(*) FROM (SELECT DISTINCT server,method,"
                          "template FROM counted e JOIN route r ON r.edge=e.id "
                          "WHERE e.kind<>?3)",
                          &info->routes);
    return rc;
}

int mt_query_info(struct mt_store *s, struct mt_store_info *info)
{
    memset(info, 0, sizeof *info);
    mt_store_begin(s);
    int rc = mt_store_extent(s->db, &info->first_ns, &info->last_ns);
    const struct {
        const char *sql;
        uint64_t *value;
    } numbers[] = {{"SELECT value FROM meta WHERE key='epoch'", &info->epoch},
                   {"SELECT sum(n) FROM batch WHERE first>="
                    "(SELECT ifnull(min(id),0) FROM exchange)",
                    &info->rows},
                   {"SELECT (SELECT count(*) FROM edge_cell)+"
                    "(SELECT count(*) FROM route_cell)",
                    &info->cells},
                   {"SELECT max(first+n-1) FROM batch", &info->newest_id},
                   {"SELECT count(*) FROM shape", &info->shapes},
                   {"SELECT page_count*page_size FROM pragma_page_count,"
                    "pragma_page_size",
                    &info->file_bytes}};
    for (size_t i = 0; rc == 0 && i < sizeof numbers / sizeof numbers[0]; i++) {
        int64_t v;
        rc = mt_store_number(s->db, numbers[i].sql, 0, &v);
        *numbers[i].value = (uint64_t)v;
    }
    if (rc == 0)
        rc = mt_store_number(s->db, "SELECT min(end_min) FROM batch", 0,
                             &info->rows_from_ns);
    return rc == 0 ? count_names(s->db, info) : rc;
}

int mt_query_newest(struct mt_store *s, struct mt_store_rows *rows)
{
    int64_t epoch, oldest = 0, newest = 0;
    mt_store_begin(s);
    int rc = mt_store_number(s->db, "SELECT value FROM meta WHERE key='epoch'",
                             0, &epoch);
    if (rc == 0)
        rc = mt_store_number(s->db, "SELECT min(id) FROM exchange", 0, &oldest);
    if (rc == 0)
        rc = mt_store_number(s->db, "SELECT max(id) FROM exchange", 0, &newest);
    *rows = (struct mt_store_rows){(uint64_t)epoch, (uint64_t)oldest,
                                   (uint64_t)newest};
    return rc;
}
