/* The cells in the database: adding to them, and folding coarser levels. */
#include <limits.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/rc.h"
#include "store/open.h"
#include "store/rollup.h"

/* When a cell begins. */
static int64_t start_of(const int64_t place[3])
{
    return mt_ns_mul(place[1], mt_ns_mul(place[0], INT64_C(1000000000)));
}

enum { SLICE_KEYS = 256 };

#define COLUMNS MT_CELL_SELECT
#define PLACE(column, field) "?,"
#define MORE_PLACE(column, field) ",?"
#define MORE_NAME(column, field) "," #column

const char *const mt_cell_more[MT_KEYS_COUNT] = {
    [MT_KEYS_EDGE] = MT_EDGE_SUMS(MORE_NAME) MT_EDGE_MAXIMA(MORE_NAME),
    [MT_KEYS_ROUTE] = "",
};
static const char *const more_places[MT_KEYS_COUNT] = {
    [MT_KEYS_EDGE] = MT_EDGE_SUMS(MORE_PLACE) MT_EDGE_MAXIMA(MORE_PLACE),
    [MT_KEYS_ROUTE] = "",
};

static int prepare_keys(struct mt_rollup *r, enum mt_keys keys)
{
    const char *table = mt_levels[keys].table, *more = mt_cell_more[keys];
    char sql[1024];
    (void)snprintf(sql, sizeof sql,
                   "SELECT " COLUMNS "%s FROM %s "
                   "WHERE level=?1 AND t=?2 AND key=?3",
                   more, table);
    int rc = mt_store_prepare(r->db, &r->get[keys], sql);
    if (rc != 0)
        return rc;
    (void)snprintf(sql, sizeof sql,
                   "INSERT OR REPLACE INTO %s(level,t,key," COLUMNS
                   "%s) VALUES(?,?,?," MT_CELL_FIELDS(PLACE) "?,?,?,?,?,?%s)",
                   table, more, more_places[keys]);
    rc = mt_store_prepare(r->db, &r->put[keys], sql);
    if (rc != 0)
        return rc;
    (void)snprintf(sql, sizeof sql,
                   "SELECT key," COLUMNS "%s FROM %s WHERE level=?1 AND t=?2 "
                   "AND key>=?3 AND key<?4",
                   more, table);
    return mt_store_prepare(r->db, &r->scan[keys], sql);
}

int mt_rollup_init(struct mt_rollup *r, sqlite3 *db, struct mt_pool *pool)
{
    *r = (struct mt_rollup){.db = db, .pool = pool};
    r->blob = mt_pool_alloc(pool, MT_HIST_BLOB_MAX);
    int rc = r->blob == NULL ? MT_STORE_ENOMEM : 0;
    for (int k = 0; rc == 0 && k < MT_KEYS_COUNT; k++)
        rc = prepare_keys(r, (enum mt_keys)k);
    if (rc == 0)
        rc = mt_store_prepare(db, &r->fold_get,
                              "SELECT keys,level,t,key FROM fold");
    if (rc == 0)
        rc = mt_store_prepare(db, &r->fold_put,
                              "INSERT OR REPLACE INTO fold VALUES(?,?,?,?)");
    return rc;
}

void mt_rollup_deinit(struct mt_rollup *r)
{
    for (int k = 0; k < MT_KEYS_COUNT; k++) {
        (void)sqlite3_finalize(r->get[k]);
        (void)sqlite3_finalize(r->put[k]);
        (void)sqlite3_finalize(r->scan[k]);
    }
    (void)sqlite3_finalize(r->fold_get);
    (void)sqlite3_finalize(r->fold_put);
    mt_pool_free(r->pool, r->blob, MT_HIST_BLOB_MAX);
    *r = (struct mt_rollup){.db = NULL};
}

static int level_index(enum mt_keys keys, int64_t seconds)
{
    for (int i = 0; i < mt_levels[keys].count; i++)
        if (mt_levels[keys].seconds[i] == seconds)
            return i;
    return -1;
}

int mt_rollup_begin(struct mt_rollup *r)
{
    for (int k = 0; k < MT_KEYS_COUNT; k++)
        for (int i = 0; i < MT_LEVELS_MAX; i++)
            r->folded[k][i].t = INT64_MIN;
    int rc;
    while ((rc = sqlite3_step(r->fold_get)) == SQLITE_ROW) {
        int64_t keys = sqlite3_column_int64(r->fold_get, 0);
        if (keys < 0 || keys >= MT_KEYS_COUNT)
            continue;
        int i = level_index((enum mt_keys)keys,
                            sqlite3_column_int64(r->fold_get, 1));
        if (i < 0)
            continue;
        r->folded[keys][i].t = sqlite3_column_int64(r->fold_get, 2);
        r->folded[keys][i].key = sqlite3_column_int64(r->fold_get, 3);
    }
    (void)sqlite3_reset(r->fold_get);
    return mt_store_rc_of(r->db, rc);
}

/* --- one cell --- */

#define READ_FIELD(column, field) \
    n->field = (uint64_t)sqlite3_column_int64(st, at++);

int mt_counts_read(struct mt_counts *n, sqlite3_stmt *st, enum mt_keys keys,
                   int at, int64_t start_ns)
{
    MT_CELL_FIELDS(READ_FIELD)
    n->unfinished_max_ns = sqlite3_column_int64(st, at++);
    n->last_ns = n->exchanges > 0
                     ? mt_ns_add(start_ns, sqlite3_column_int64(st, at))
                     : INT64_MIN;
    at++;
    n->slowest_ns = sqlite3_column_int64(st, at++);
    n->slowest_id = (uint64_t)sqlite3_column_int64(st, at++);
    n->failed_id = (uint64_t)sqlite3_column_int64(st, at++);
    int hist = at++;
    if (keys == MT_KEYS_EDGE) {
        MT_EDGE_SUMS(READ_FIELD)
        MT_EDGE_MAXIMA(READ_FIELD)
    }
    return hist;
}

int mt_cell_read(struct mt_cell *c, sqlite3_stmt *st, enum mt_keys keys, int at,
                 int64_t start_ns)
{
    int hist = mt_counts_read(&c->counts, st, keys, at, start_ns);
    int rc = mt_hist_decode(&c->hist, mt_column_blob(st, hist));
    if (rc == MT_EPROTO)
        return MT_STORE_ECORRUPT;
    return rc == 0 ? 0 : MT_STORE_ENOMEM;
}

#define BIND_FIELD(column, field) \
    (void)sqlite3_bind_int64(st, at++, (int64_t)n->field);

static int write_cell(struct mt_rollup *r, enum mt_keys keys,
                      const int64_t place[3], const struct mt_cell *c)
{
    sqlite3_stmt *st = r->put[keys];
    const struct mt_counts *n = &c->counts;
    int at = 1;
    for (int i = 0; i < 3; i++)
        (void)sqlite3_bind_int64(st, at++, place[i]);
    MT_CELL_FIELDS(BIND_FIELD)
    (void)sqlite3_bind_int64(st, at++, n->unfinished_max_ns);
    (void)sqlite3_bind_int64(
        st, at++,
        n->exchanges > 0 ? mt_ns_sub(n->last_ns, start_of(place)) : 0);
    (void)sqlite3_bind_int64(st, at++, n->slowest_ns);
    (void)sqlite3_bind_int64(st, at++, (int64_t)n->slowest_id);
    (void)sqlite3_bind_int64(st, at++, (int64_t)n->failed_id);
    struct mt_buf blob = mt_buf_of(r->blob, MT_HIST_BLOB_MAX);
    mt_hist_encode(&c->hist, &blob);
    if (blob.len > 0)
        (void)sqlite3_bind_blob64(st, at, blob.ptr, blob.len, SQLITE_STATIC);
    else
        (void)sqlite3_bind_null(st, at);
    at++;
    if (keys == MT_KEYS_EDGE) {
        MT_EDGE_SUMS(BIND_FIELD)
        MT_EDGE_MAXIMA(BIND_FIELD)
    }
    return mt_store_run(st);
}

/* Add what the database has under place to *c. */
static int read_into(struct mt_rollup *r, enum mt_keys keys,
                     const int64_t place[3], struct mt_cell *c)
{
    sqlite3_stmt *st = r->get[keys];
    for (int i = 0; i < 3; i++)
        (void)sqlite3_bind_int64(st, i + 1, place[i]);
    int step = sqlite3_step(st), rc = mt_store_rc_of(r->db, step);
    if (step == SQLITE_ROW) {
        struct mt_cell old;
        mt_cell_init(&old, r->pool);
        rc = mt_cell_read(&old, st, keys, 0, start_of(place));
        if (rc == 0 && !mt_cell_merge(c, &old))
            r->lost_latencies += old.hist.count;
        mt_cell_deinit(&old);
    }
    (void)sqlite3_reset(st);
    return rc;
}

static int add_at(struct mt_rollup *r, enum mt_keys keys,
                  const int64_t place[3], const struct mt_cell *delta)
{
    struct mt_cell sum;
    mt_cell_init(&sum, r->pool);
    if (!mt_cell_merge(&sum, delta))
        r->lost_latencies += delta->hist.count;
    int rc = read_into(r, keys, place, &sum);
    if (rc == 0)
        rc = write_cell(r, keys, place, &sum);
    mt_cell_deinit(&sum);
    return rc;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return a % b < 0 ? q - 1 : q;
}

int mt_rollup_put(struct mt_rollup *r, enum mt_keys keys, int64_t t,
                  int64_t key, struct mt_cell *delta)
{
    const struct mt_level_set *set = &mt_levels[keys];
    int rc = 0;
    for (int i = 0; rc == 0 && i < set->count; i++) {
        int64_t level_t = floor_div(t, set->seconds[i] / set->seconds[0]);
        bool late =
            level_t < r->folded[keys][i].t ||
            (level_t == r->folded[keys][i].t && key < r->folded[keys][i].key);
        if (i == 0 || late) {
            const int64_t place[3] = {set->seconds[i], level_t, key};
            rc = add_at(r, keys, place, delta);
        }
    }
    return rc;
}

/* --- folding --- */

/* One number; INT64_MIN where there is none. */
static int ask_number(sqlite3 *db, int64_t *value, const char *sql,
                      const int64_t args[2])
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    *value = INT64_MIN;
    for (int i = 0; rc == SQLITE_OK && i < sqlite3_bind_parameter_count(st);
         i++)
        rc = sqlite3_bind_int64(st, i + 1, args[i]);
    if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW &&
        sqlite3_column_type(st, 0) == SQLITE_INTEGER)
        *value = sqlite3_column_int64(st, 0);
    rc = mt_store_rc_of(db, rc);
    (void)sqlite3_finalize(st);
    return rc;
}

/* The first time of level i - 1 at or after t that has cells. */
static int next_time(struct mt_rollup *r, enum mt_keys keys, int i, int64_t t,
                     int64_t *found)
{
    static const char *const sql[MT_KEYS_COUNT] = {
        "SELECT min(t) FROM edge_cell WHERE level=? AND t>=?",
        "SELECT min(t) FROM route_cell WHERE level=? AND t>=?",
    };
    const int64_t args[2] = {mt_levels[keys].seconds[i - 1], t};
    return ask_number(r->db, found, sql[keys], args);
}

static int max_key(struct mt_rollup *r, enum mt_keys keys, int64_t *found)
{
    static const char *const sql[MT_KEYS_COUNT] = {"SELECT max(id) FROM edge",
                                                   "SELECT max(id) FROM route"};
    return ask_number(r->db, found, sql[keys], NULL);
}

static int sum_time(struct mt_rollup *r, enum mt_keys keys,
                    const int64_t place[3], struct mt_cell *sums)
{
    sqlite3_stmt *st = r->scan[keys];
    for (int i = 0; i < 3; i++)
        (void)sqlite3_bind_int64(st, i + 1, place[i]);
    (void)sqlite3_bind_int64(st, 4, place[2] + SLICE_KEYS);
    int step, rc = 0;
    while (rc == 0 && (step = sqlite3_step(st)) != SQLITE_DONE) {
        rc = mt_store_rc_of(r->db, step);
        if (rc != 0)
            break;
        int64_t key = sqlite3_column_int64(st, 0) - place[2];
        struct mt_cell one;
        mt_cell_init(&one, r->pool);
        rc = mt_cell_read(&one, st, keys, 1, start_of(place));
        if (rc == 0 && !mt_cell_merge(&sums[key], &one))
            r->lost_latencies += one.hist.count;
        mt_cell_deinit(&one);
    }
    (void)sqlite3_reset(st);
    return rc;
}

/* Fold keys [key, key + SLICE_KEYS) of time t of level i. */
static int fold_keys(struct mt_rollup *r, enum mt_keys keys, int i, int64_t t,
                     int64_t key)
{
    const struct mt_level_set *set = &mt_levels[keys];
    int64_t ratio = set->seconds[i] / set->seconds[i - 1];
    struct mt_cell *sums = mt_pool_alloc(r->pool, SLICE_KEYS * sizeof *sums);
    if (sums == NULL)
        return MT_STORE_ENOMEM;
    for (int k = 0; k < SLICE_KEYS; k++)
        mt_cell_init(&sums[k], r->pool);
    int rc = 0;
    for (int64_t j = 0; rc == 0 && j < ratio; j++) {
        const int64_t from[3] = {set->seconds[i - 1], t * ratio + j, key};
        rc = sum_time(r, keys, from, sums);
    }
    for (int k = 0; k < SLICE_KEYS; k++) {
        const int64_t place[3] = {set->seconds[i], t, key + k};
        if (rc == 0 && !mt_counts_are_empty(&sums[k].counts))
            rc = write_cell(r, keys, place, &sums[k]);
        mt_cell_deinit(&sums[k]);
    }
    mt_pool_free(r->pool, sums, SLICE_KEYS * sizeof *sums);
    return rc;
}

static int save_position(struct mt_rollup *r, enum mt_keys keys, int i)
{
    const int64_t row[4] = {(int64_t)keys, mt_levels[keys].seconds[i],
                            r->folded[keys][i].t, r->folded[keys][i].key};
    for (int c = 0; c < 4; c++)
        (void)sqlite3_bind_int64(r->fold_put, c + 1, row[c]);
    return mt_store_run(r->fold_put);
}

/* Move to the next time that has something to fold, `end` at the most. */
static int seek_position(struct mt_rollup *r, enum mt_keys keys, int i,
                         int64_t end)
{
    int64_t ratio = mt_levels[keys].seconds[i] / mt_levels[keys].seconds[i - 1];
    int64_t from = r->folded[keys][i].t;
    int64_t next;
    int rc =
        next_time(r, keys, i, from == INT64_MIN ? from : from * ratio, &next);
    if (rc != 0)
        return rc;
    if (next == INT64_MIN) { /* nothing there: leave a start unset */
        if (from != INT64_MIN)
            r->folded[keys][i].t = end;
        return 0;
    }
    int64_t t = floor_div(next, ratio);
    r->folded[keys][i].t = t < end ? t : end;
    return 0;
}

/* The time up to which level i may be folded: its source is complete there.
 * INT64_MIN: nowhere. */
static int64_t end_of(const struct mt_rollup *r, enum mt_keys keys, int i,
                      int64_t until_ns)
{
    const struct mt_level_set *set = &mt_levels[keys];
    int64_t end = mt_cell_time(until_ns, set->seconds[i]);
    if (i == 1) /* the finest level is always complete */
        return end;
    int64_t source = r->folded[keys][i - 1].t;
    if (source == INT64_MIN)
        return source;
    source = floor_div(source, set->seconds[i] / set->seconds[i - 1]);
    return source < end ? source : end;
}

/* Fold one slice at the position, and move on. */
static int fold_slice(struct mt_rollup *r, enum mt_keys keys, int i)
{
    int64_t keys_max, t = r->folded[keys][i].t;
    int rc = max_key(r, keys, &keys_max);
    if (rc == 0)
        rc = fold_keys(r, keys, i, t, r->folded[keys][i].key);
    if (rc != 0)
        return rc;
    r->folded[keys][i].key += SLICE_KEYS;
    if (r->folded[keys][i].key > keys_max) {
        r->folded[keys][i].t = t + 1;
        r->folded[keys][i].key = 0;
    }
    return 0;
}

/* Returns 1 when a slice was folded, 0 when level i is as far as it can be. */
static int fold_level(struct mt_rollup *r, enum mt_keys keys, int i,
                      int64_t until_ns)
{
    int64_t end = end_of(r, keys, i, until_ns);
    int64_t before = r->folded[keys][i].t;
    if (end == INT64_MIN || (before != INT64_MIN && before >= end))
        return 0;
    int rc = 0;
    if (r->folded[keys][i].key == 0 || before == INT64_MIN)
        rc = seek_position(r, keys, i, end);
    if (rc != 0 || r->folded[keys][i].t == INT64_MIN)
        return rc;
    bool work = r->folded[keys][i].t < end;
    if (work)
        rc = fold_slice(r, keys, i);
    if (rc == 0)
        rc = save_position(r, keys, i);
    return rc == 0 ? work : rc;
}

int mt_rollup_fold(struct mt_rollup *r, int64_t until_ns)
{
    for (int k = 0; k < MT_KEYS_COUNT; k++)
        for (int i = 1; i < mt_levels[k].count; i++) {
            int rc = fold_level(r, (enum mt_keys)k, i, until_ns);
            if (rc != 0)
                return rc;
        }
    return 0;
}
