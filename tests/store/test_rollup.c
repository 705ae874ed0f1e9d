/* Cells are the sum of their rows: at every level, whatever the order in
 * which rows came, were committed and folded. */
#include "store_fixture.h"

#include "base/buf.h"
#include "store/query_impl.h"
#include "store/rollup.h"

enum { CELLS_MAX = 1 << 17 };

struct place {
    int64_t keys, level, t, key;
};

struct sums {
    struct mt_pool pool;
    struct mt_intern places;
    struct mt_cell *cells;
};

static void sums_init(struct sums *s)
{
    mt_pool_init(&s->pool, SIZE_MAX / 2);
    mt_intern_init(&s->places, &s->pool, CELLS_MAX);
    s->cells = calloc(CELLS_MAX, sizeof *s->cells);
    assert_non_null(s->cells);
}

static void sums_deinit(struct sums *s)
{
    for (uint32_t i = 0; i < s->places.count; i++)
        mt_cell_deinit(&s->cells[i]);
    free(s->cells);
    mt_intern_deinit(&s->places);
    mt_pool_deinit(&s->pool);
}

static struct mt_cell *cell_at(struct sums *s, const struct place *p)
{
    struct mt_span bytes = {.ptr = (const uint8_t *)p, .len = sizeof *p};
    uint32_t before = s->places.count, n = mt_intern_add(&s->places, bytes);
    assert_true(n < CELLS_MAX);
    if (n == before)
        mt_cell_init(&s->cells[n], &s->pool);
    return &s->cells[n];
}

/* Count one row at every level of both key sets. */
static void count_row(struct sums *s, const struct mt_exchange *x,
                      const int64_t keys[MT_KEYS_COUNT])
{
    for (int k = 0; k < MT_KEYS_COUNT; k++)
        for (int i = 0; i < mt_levels[k].count; i++) {
            int64_t level = mt_levels[k].seconds[i];
            const struct place p = {k, level, mt_cell_time(x->end_ns, level),
                                    keys[k]};
            struct mt_cell *c = cell_at(s, &p);
            assert_true(mt_cell_add(c, x, false));
            if (k == MT_KEYS_ROUTE) /* saturation is of edges */
                c->counts.unanswered = 0;
            int64_t latency = mt_cell_latency_ns(x);
            struct mt_counts *n = &c->counts;
            if (latency >= 0 &&
                (n->slowest_id == 0 || latency > n->slowest_ns)) {
                n->slowest_id = x->id;
                n->slowest_ns = latency;
            }
            if (x->outcome == MT_OUTCOME_FAILURE && n->failed_id == 0)
                n->failed_id = x->id;
        }
}

static uint64_t count_rows(struct sums *s, struct mt_store *store)
{
    const struct mt_scan scan = {.order = MT_OLDEST_FIRST, .all_time = true};
    struct mt_rows *rows;
    const struct mt_exchange *x;
    int rc = mt_query_exchanges(store, &scan, &rows);
    uint64_t n = 0;
    assert_int_equal(rc, 0);
    while ((rc = mt_rows_next(rows, &x)) == 1) {
        int64_t keys[MT_KEYS_COUNT];
        mt_rows_keys(rows, &keys[MT_KEYS_EDGE], &keys[MT_KEYS_ROUTE]);
        count_row(s, x, keys);
        n++;
    }
    assert_int_equal(rc, 0);
    mt_rows_free(rows);
    return n;
}

static void same_hist(const struct mt_hist *a, const struct mt_hist *b)
{
    static uint8_t left[MT_HIST_BLOB_MAX], right[MT_HIST_BLOB_MAX];
    struct mt_buf l = mt_buf_of(left, sizeof left);
    struct mt_buf r = mt_buf_of(right, sizeof right);
    mt_hist_encode(a, &l);
    mt_hist_encode(b, &r);
    assert_true(mt_span_eq(mt_buf_span(&l), mt_buf_span(&r)));
}

/* Connections are counted by the writer, which sees them begin. */
static void same_cell(const struct place *p, struct mt_cell *got,
                      const struct mt_cell *want)
{
    got->counts.conns = 0;
    if (memcmp(&got->counts, &want->counts, sizeof got->counts) != 0)
        fail_msg("cell %lld/%lld/%lld: %llu exchanges, want %llu",
                 (long long)p->level, (long long)p->t, (long long)p->key,
                 (unsigned long long)got->counts.exchanges,
                 (unsigned long long)want->counts.exchanges);
    same_hist(&got->hist, &want->hist);
}

static uint64_t check_table(struct sums *s, sqlite3 *db, enum mt_keys keys)
{
    char sql[512];
    sqlite3_stmt *st;
    uint64_t n = 0;
    (void)snprintf(sql, sizeof sql,
                   "SELECT level,t,key," MT_CELL_SELECT "%s FROM %s",
                   mt_cell_more[keys], mt_levels[keys].table);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW) {
        const struct place p = {keys, sqlite3_column_int64(st, 0),
                                sqlite3_column_int64(st, 1),
                                sqlite3_column_int64(st, 2)};
        uint32_t before = s->places.count;
        struct mt_cell *want = cell_at(s, &p), got;
        if (s->places.count != before)
            fail_msg("a cell without rows: level %lld", (long long)p.level);
        mt_cell_init(&got, &s->pool);
        assert_int_equal(mt_cell_read(&got, st, keys, 3, p.t * p.level * S), 0);
        same_cell(&p, &got, want);
        mt_cell_deinit(&got);
        n++;
    }
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
    return n;
}

static void check_database(const char *path, uint64_t rows)
{
    struct sums sums;
    struct mt_store *store = store_open(path);
    sqlite3 *db;
    sums_init(&sums);
    assert_int_equal(count_rows(&sums, store), rows);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    uint64_t cells = check_table(&sums, db, MT_KEYS_EDGE);
    cells += check_table(&sums, db, MT_KEYS_ROUTE);
    assert_int_equal(cells, sums.places.count); /* none is missing */
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    mt_store_free(store);
    sums_deinit(&sums);
}

struct plan {
    const char *name;
    int writers, rows, batch, commit_every;
    int64_t step_ns, jitter_ns;
};

static void run_plan(const struct plan *p)
{
    struct dir d;
    struct maker m = {.seed = 17};
    dir_make(&d);
    print_message("%s\n", p->name);
    for (int i = 0; i < p->writers; i++) {
        struct mt_writer *w = writer_open(
            d.db, (struct mt_writer_options){.kind = p->commit_every > 0
                                                         ? MT_WRITER_TAP
                                                         : MT_WRITER_OFFLINE,
                                             .batch_rows = (uint32_t)p->batch});
        for (int j = 0; j < p->rows; j++) {
            int64_t jitter = (int64_t)(roll(&m, 1u << 30)) *
                             (p->jitter_ns >> 20) / (1 << 10);
            writer_add(w, make(&m, T0 + j * p->step_ns - jitter));
            if (p->commit_every > 0 && j % p->commit_every == 0)
                assert_int_equal(mt_writer_commit(w, T0 + j * p->step_ns), 0);
        }
        writer_close(w);
    }
    check_database(d.db, (uint64_t)p->writers * (uint64_t)p->rows);
    dir_remove(&d);
}

static void test_cells_are_the_sum_of_rows(void **state)
{
    (void)state;
    static const struct plan plans[] = {
        {"offline, in order", 1, 4000, 500, 0, 300 * MS, 0},
        {"offline, one batch", 1, 2000, 0, 0, 10 * MS, 5 * S},
        {"live, in order", 1, 3000, 100, 50, 500 * MS, 0},
        {"live, up to 100 s late", 1, 3000, 100, 20, 500 * MS, 100 * S},
        {"two runs over the same time", 2, 2000, 64, 30, 700 * MS, 30 * S},
    };
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++)
        run_plan(&plans[i]);
}

/* Times of all kinds, also those that no clock shows. */
static void test_hostile_times(void **state)
{
    (void)state;
    static const int64_t times[] = {
        0,  1,           -1, -S, INT64_MAX - 7200 * S, INT64_MIN, INT64_MIN + 1,
        T0, 3600 * S - 1};
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct mt_exchange x = simple(T0);
        x.end_ns = times[i];
        x.req.start_ns = times[sizeof times / sizeof times[0] - 1 - i];
        writer_add(w, &x);
        assert_int_equal(mt_writer_commit(w, T0), 0);
    }
    writer_close(w);
    for (int i = 0; i < 3; i++) {
        static const char *const sql[] = {
            "SELECT sum(n) FROM edge_cell WHERE level=1",
            "SELECT sum(n) FROM edge_cell WHERE level=60",
            "SELECT sum(n) FROM route_cell WHERE level=3600"};
        assert_int_equal(ask_number(d.db, sql[i]),
                         sizeof times / sizeof times[0]);
    }
    dir_remove(&d);
}

/* Ten thousand keys are folded in slices, and each of them once. */
static void test_many_keys_fold_in_slices(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    char route[32];
    for (unsigned i = 0; i < 3000; i++) {
        struct mt_exchange x = simple(T0 + (int64_t)(i % 50) * S);
        x.route = text_of(route, sizeof route, "/r", i);
        writer_add(w, &x);
        writer_add(w, &x);
    }
    writer_close(w);
    check_database(d.db, 6000);
    dir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_are_the_sum_of_rows),
        cmocka_unit_test(test_hostile_times),
        cmocka_unit_test(test_many_keys_fold_in_slices),
    };
    return cmocka_run_group_tests_name("store/rollup", tests, NULL, NULL);
}
