/* Property: a filter finds the same rows of a database, through SQL over its
 * view, as the predicate does among all of its rows. */
#include "store_fixture.h"

#include "some_filter.h"
#include "store/filter.h"

enum { ROWS = 300, FILTERS = 200 };

static struct dir dir;
static struct mt_store *store;
static const struct mt_time_ref ref = {.now_ns = SOME_NOW};

static int setup(void **state)
{
    (void)state;
    dir_make(&dir);
    struct mt_writer *w =
        writer_open(dir.db, (struct mt_writer_options){.batch_rows = 64});
    for (uint64_t seed = 1; seed <= ROWS; seed++) {
        struct mt_exchange x;
        struct mt_tls tls;
        some_exchange(seed, &x, &tls);
        x.id = 0;
        x.conn = seed; /* a connection has one pair of addresses */
        writer_add(w, &x);
    }
    writer_close(w);
    store = store_open(dir.db);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mt_store_free(store);
    dir_remove(&dir);
    return 0;
}

/* Which rows a scan gives, and, without a filter for it, pass a predicate. */
static unsigned scan_rows(const struct mt_filter *filter,
                          const struct mt_filter *predicate, bool *pass)
{
    struct mt_scan scan = {.ask = {.filter = filter, .attempts = true},
                           .order = MT_OLDEST_FIRST,
                           .all_time = true};
    const struct mt_exchange *x;
    struct mt_rows *rows;
    unsigned n = 0;
    int rc = mt_query_exchanges(store, &scan, &rows);
    memset(pass, 0, (ROWS + 1) * sizeof *pass);
    while (rc >= 0 && (rc = mt_rows_next(rows, &x)) == 1) {
        assert_true(x->id >= 1 && x->id <= ROWS);
        pass[x->id] = predicate == NULL || mt_filter_match(predicate, x);
        n++;
    }
    assert_int_equal(rc, 0);
    mt_rows_free(rows);
    return n;
}

static void agree(const char *text)
{
    bool sql[ROWS + 1], predicate[ROWS + 1];
    struct mt_filter *f;
    struct mt_filter_error e;
    if (mt_filter_new(&f, mt_span_str(text), &ref, &e) != 0)
        fail_msg("%s: column %zu: %s", text, e.column, e.text);
    assert_int_equal(scan_rows(NULL, f, predicate), ROWS);
    (void)scan_rows(f, NULL, sql);
    for (unsigned id = 1; id <= ROWS; id++)
        if (sql[id] != predicate[id])
            fail_msg("%s: row %u: SQL %d, predicate %d", text, id, sql[id],
                     predicate[id]);
    mt_filter_free(f);
}

static void test_each_atom(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof some_atoms / sizeof some_atoms[0]; i++)
        agree(some_atoms[i]);
}

static void test_random_filters(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (unsigned i = 0; i < FILTERS; i++) {
        char text[4096];
        struct mt_buf b = mt_buf_of(text, sizeof text - 1);
        some_filter(&seed, 0, &b);
        text[b.len] = 0;
        agree(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_atom),
        cmocka_unit_test(test_random_filters),
    };
    return cmocka_run_group_tests_name("store/filter_view", tests, setup,
                                       teardown);
}
