#include "store/retention.h"

#include <limits.h>
#include <stdio.h>

#include "store/open.h"

enum {
    CELLS_SLICE = 1000,
    CONNS_SLICE = 1000,
    VACUUM_PAGES = 128,
    FREE_SHARE = 8, /* give pages back when more than an eighth is free */
};

#define SECOND_NS INT64_C(1000000000)
#define HOUR_S INT64_C(3600)
#define DAY_S INT64_C(86400)
#define CONN_SLACK_NS (120 * SECOND_NS) /* conn.last_ns is refreshed late */

struct mt_retention mt_retention_default(void)
{
    return (struct mt_retention){
        .rows_age_ns = DAY_S * SECOND_NS,
        .size_bytes = UINT64_C(512) << 20,
        .cell_age_s = {HOUR_S, 6 * HOUR_S, 7 * DAY_S, 0},
    };
}

/* One number, by a statement with up to two; *value stays where there is no
 * row. */
static int ask(sqlite3 *db, const char *sql, int64_t a, int64_t b,
               int64_t *value)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK) {
        (void)sqlite3_bind_int64(st, 1, a);
        (void)sqlite3_bind_int64(st, 2, b);
        rc = sqlite3_step(st);
        if (rc == SQLITE_ROW)
            *value = sqlite3_column_int64(st, 0);
    }
    (void)sqlite3_finalize(st);
    return mt_store_rc_of(db, rc);
}

/* The same for what changes rows: how many it changed. */
static int change(sqlite3 *db, const char *sql, int64_t a, int64_t b,
                  int64_t *changed)
{
    int64_t none = 0;
    int rc = ask(db, sql, a, b, &none);
    *changed = rc == 0 ? sqlite3_changes64(db) : 0;
    return rc;
}

int mt_retention_used(sqlite3 *db, uint64_t *used_bytes, uint64_t *file_bytes)
{
    int64_t pages = 0, free_pages = 0, page = 0;
    int rc = ask(db, "PRAGMA page_count", 0, 0, &pages);
    if (rc == 0)
        rc = ask(db, "PRAGMA freelist_count", 0, 0, &free_pages);
    if (rc == 0)
        rc = ask(db, "PRAGMA page_size", 0, 0, &page);
    if (rc != 0)
        return rc;
    *file_bytes = (uint64_t)pages * (uint64_t)page;
    *used_bytes = *file_bytes - (uint64_t)free_pages * (uint64_t)page;
    return 0;
}

/* --- rows --- */

static int drop_batch(sqlite3 *db, int64_t first, int64_t n)
{
    static const char *const sql[] = {
        "DELETE FROM exchange WHERE id>=?1 AND id<?1+?2",
        "DELETE FROM trace WHERE id>=?1 AND id<?1+?2",
        "DELETE FROM packets WHERE id>=?1 AND id<?1+?2",
        "DELETE FROM batch WHERE first=?1"};
    int64_t changed;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof sql / sizeof sql[0]; i++)
        rc = change(db, sql[i], first, n, &changed);
    return rc;
}

/* Connections that no row is left of. */
static int drop_conns(sqlite3 *db)
{
    int64_t oldest = INT64_MIN, changed;
    int rc = ask(db, "SELECT min(end_min) FROM batch", 0, 0, &oldest);
    if (rc == 0)
        rc = change(db,
                    "DELETE FROM conn WHERE id IN (SELECT id FROM conn "
                    "WHERE last_ns<?1 LIMIT ?2)",
                    mt_ns_sub(oldest, CONN_SLACK_NS), CONNS_SLICE, &changed);
    return rc;
}

/* Losses before the oldest row. */
static int drop_lost(sqlite3 *db)
{
    int64_t first = 0, changed;
    int rc = ask(db, "SELECT min(first) FROM batch", 0, 0, &first);
    if (rc == 0)
        rc = change(db,
                    "DELETE FROM loss_time WHERE id<ifnull((SELECT id FROM "
                    "loss_time WHERE before>?1 ORDER BY id LIMIT 1),"
                    "(SELECT max(id) FROM loss_time))",
                    first, 0, &changed);
    return rc;
}

/* Where no rows come, losses may. Their newest id stays: ids only grow. */
static int bound_lost(sqlite3 *db)
{
    int64_t changed;
    return change(db,
                  "DELETE FROM loss_time WHERE "
                  "id<=(SELECT max(id) FROM loss_time)-?1",
                  MT_LOST_MAX, 0, &changed);
}

/* The newest batch stays for ever: it says which ids were given. */
static int oldest_batch(sqlite3 *db, int64_t *first, int64_t *n,
                        int64_t *end_max)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(
        db,
        "SELECT first,n,end_max FROM batch WHERE first<(SELECT max(first) "
        "FROM batch) ORDER BY first LIMIT 1",
        -1, &st, NULL);
    *n = 0;
    if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        *first = sqlite3_column_int64(st, 0);
        *n = sqlite3_column_int64(st, 1);
        *end_max = sqlite3_column_int64(st, 2);
    }
    (void)sqlite3_finalize(st);
    return mt_store_rc_of(db, rc);
}

static int step_rows(const struct mt_retention *r, sqlite3 *db,
                     int64_t newest_ns, bool too_big)
{
    int64_t first, n, end_max;
    int rc = oldest_batch(db, &first, &n, &end_max);
    if (rc != 0 || n <= 0)
        return rc;
    bool old =
        r->rows_age_ns > 0 && end_max < mt_ns_sub(newest_ns, r->rows_age_ns);
    if (!old && !too_big)
        return 0;
    rc = drop_batch(db, first, n);
    if (rc == 0)
        rc = drop_conns(db);
    if (rc == 0)
        rc = drop_lost(db);
    return rc == 0 ? 1 : rc;
}

/* --- cells --- */

/* The time of level i up to which the next level has everything. */
static int64_t folded_until(const struct mt_rollup *rollup, enum mt_keys keys,
                            int i)
{
    const struct mt_level_set *set = &mt_levels[keys];
    if (i + 1 == set->count)
        return INT64_MAX;
    int64_t t = rollup->folded[keys][i + 1].t;
    if (t == INT64_MIN)
        return INT64_MIN;
    return mt_ns_mul(t, set->seconds[i + 1] / set->seconds[i]);
}

static int drop_cells(sqlite3 *db, enum mt_keys keys, int64_t level,
                      int64_t before)
{
    /* whole times only: the sums of one time are of all keys or none */
    char sql[256];
    int64_t last, changed;
    const char *table = mt_levels[keys].table;
    (void)snprintf(sql, sizeof sql,
                   "SELECT t FROM (SELECT t FROM %s WHERE level=?1 AND t<?2 "
                   "ORDER BY t LIMIT %d) ORDER BY t DESC LIMIT 1",
                   table, (int)CELLS_SLICE);
    last = INT64_MIN;
    int rc = ask(db, sql, level, before, &last);
    if (rc != 0 || last == INT64_MIN)
        return rc;
    (void)snprintf(sql, sizeof sql,
                   "INSERT OR REPLACE INTO kept VALUES(%d,?1,?2+1)", (int)keys);
    rc = change(db, sql, level, last, &changed);
    (void)snprintf(sql, sizeof sql, "DELETE FROM %s WHERE level=?1 AND t<=?2",
                   table);
    if (rc == 0)
        rc = change(db, sql, level, last, &changed);
    return rc != 0 ? rc : changed > 0;
}

/* The levels of routes are those of edges but for the first. */
static int64_t age_of(const struct mt_retention *r, enum mt_keys keys, int i)
{
    return r->cell_age_s[keys == MT_KEYS_ROUTE ? i + 1 : i];
}

static int step_cells(const struct mt_retention *r, sqlite3 *db,
                      const struct mt_rollup *rollup, int64_t newest_ns)
{
    for (int k = 0; k < MT_KEYS_COUNT; k++)
        for (int i = 0; i < mt_levels[k].count; i++) {
            int64_t age = age_of(r, (enum mt_keys)k, i);
            if (age == 0)
                continue;
            int64_t level = mt_levels[k].seconds[i];
            int64_t before = mt_cell_time(
                mt_ns_sub(newest_ns, mt_ns_mul(age, SECOND_NS)), level);
            int64_t folded = folded_until(rollup, (enum mt_keys)k, i);
            int rc = drop_cells(db, (enum mt_keys)k, level,
                                folded < before ? folded : before);
            if (rc < 0)
                return rc;
        }
    return 0; /* what is left of them goes with the next commits */
}

/* No rows are left and it is still too big: finest cells first. */
static int shrink_cells(sqlite3 *db, const struct mt_rollup *rollup)
{
    for (int i = 0; i < MT_LEVELS_MAX; i++)
        for (int k = 0; k < MT_KEYS_COUNT; k++) {
            if (i + 1 >= mt_levels[k].count)
                continue;
            int rc = drop_cells(db, (enum mt_keys)k, mt_levels[k].seconds[i],
                                folded_until(rollup, (enum mt_keys)k, i));
            if (rc != 0)
                return rc;
        }
    return 0;
}

static int give_back(sqlite3 *db, uint64_t used, uint64_t file)
{
    if (file - used <= file / FREE_SHARE)
        return 0;
    char sql[64];
    (void)snprintf(sql, sizeof sql, "PRAGMA incremental_vacuum(%d)",
                   (int)VACUUM_PAGES);
    return mt_store_exec(db, sql);
}

int mt_retention_step(const struct mt_retention *r, sqlite3 *db,
                      const struct mt_rollup *rollup, int64_t newest_ns)
{
    uint64_t used, file;
    int rc = mt_retention_used(db, &used, &file);
    if (rc != 0)
        return rc;
    /* free pages are part of the file, up to their share */
    bool too_big =
        r->size_bytes > 0 && used > r->size_bytes - r->size_bytes / FREE_SHARE;
    rc = bound_lost(db);
    if (rc != 0)
        return rc;
    int more = step_rows(r, db, newest_ns, too_big);
    if (more == 0)
        more = step_cells(r, db, rollup, newest_ns);
    if (more == 0 && too_big)
        more = shrink_cells(db, rollup);
    if (more < 0)
        return more;
    rc = give_back(db, used, file);
    return rc == 0 ? more : rc;
}
