/* The file stays within its bounds: rows go first, numbers last. */
#include "store_fixture.h"

static long long file_bytes(const char *db)
{
    return ask_number(db, "SELECT page_count*page_size FROM "
                          "pragma_page_count,pragma_page_size");
}

static void add_hours(struct mt_writer *w, int hours, int a_second)
{
    struct maker m = {.seed = 9};
    for (int i = 0; i < hours * 3600; i += 20) {
        for (int j = 0; j < 20 * a_second; j++)
            writer_add(w, make(&m, T0 + i * S + j * MS));
        assert_int_equal(mt_writer_commit(w, T0 + i * S), 0);
    }
}

static void test_old_rows_go(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(
        d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP,
                                         .rows_max_age_ns = 600 * S});
    add_hours(w, 2, 1);
    writer_close(w);
    long long first =
        ask_number(d.db, "SELECT (min(end_ns)-1795000000000000000)/1000000000 "
                         "FROM exchanges");
    assert_true(first > 7200 - 660 && first <= 7200 - 590);
    /* what hangs on rows goes with them */
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM trace WHERE id NOT "
                                      "IN (SELECT id FROM exchange)"),
                     0);
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM packets WHERE id "
                                      "NOT IN (SELECT id FROM exchange)"),
                     0);
    /* and the numbers stay */
    assert_int_equal(
        ask_number(d.db, "SELECT sum(n) FROM edge_cell WHERE level=3600"),
        7200);
    assert_int_equal(ask_number(d.db, "SELECT max(id) FROM exchange"), 7200);
    struct mt_store *s = store_open(d.db);
    struct mt_ask ask = {.from_ns = T0, .to_ns = T0 + 7200 * S};
    struct mt_answer a;
    ask.attempts = true;
    assert_int_equal(mt_query_edges(s, &ask, &a), 0);
    assert_int_equal(a.total.counts.exchanges, 7200);
    assert_true(a.coverage.complete);
    mt_answer_free(&a);
    const struct mt_scan scan = {.ask = ask};
    struct mt_rows *rows;
    const struct mt_exchange *x;
    assert_int_equal(mt_query_exchanges(s, &scan, &rows), 0);
    while (mt_rows_next(rows, &x) == 1)
        ;
    assert_false(mt_rows_coverage(rows).complete);
    mt_rows_free(rows);
    mt_store_free(s);
    dir_remove(&d);
}

/* The ages of DECISIONS: 1 s cells 1 h, 10 s cells 6 h. */
static void test_fine_cells_go_when_coarse_ones_are_there(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w =
        writer_open(d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP});
    add_hours(w, 8, 1);
    assert_int_equal(mt_writer_commit(w, T0 + 8 * 3600 * S), 0);
    static const struct {
        int level;
        long long oldest_s, newest_s;
    } levels[] = {{1, 7 * 3600 - 40, 7 * 3600 + 40},
                  {10, 2 * 3600 - 60, 2 * 3600 + 60},
                  {60, 0, 0},
                  {3600, -3600, 0}};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        char sql[160];
        (void)snprintf(sql, sizeof sql,
                       "SELECT min(t)*%d-1795000000 FROM edge_cell WHERE "
                       "level=%d",
                       levels[i].level, levels[i].level);
        long long oldest = ask_number(d.db, sql);
        if (oldest < levels[i].oldest_s - 120 || oldest > levels[i].newest_s)
            fail_msg("level %d begins at %lld", levels[i].level, oldest);
    }
    writer_close(w);
    dir_remove(&d);
}

static void test_the_file_stays_under_its_limit(void **state)
{
    (void)state;
    enum { LIMIT = 8 << 20 };
    struct dir d;
    dir_make(&d);
    struct maker m = {.seed = 1};
    struct mt_writer *w = writer_open(
        d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP,
                                         .batch_rows = 512,
                                         .size_limit_bytes = LIMIT});
    for (int i = 0; i < 60000; i++) {
        writer_add(w, make(&m, T0 + i * MS));
        if (i % 500 == 499)
            assert_int_equal(mt_writer_commit(w, T0 + i * MS), 0);
    }
    writer_close(w);
    assert_in_range(file_bytes(d.db), LIMIT / 2, LIMIT);
    assert_true(ask_number(d.db, "SELECT count(*) FROM exchange") > 1000);
    assert_int_equal(
        ask_number(d.db, "SELECT sum(n) FROM edge_cell WHERE level=3600"),
        60000);
    assert_string_equal(ask_text(d.db, "PRAGMA integrity_check"), "ok");
    /* connections that no row is left of are gone, the others are not */
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM exchange WHERE "
                                      "conn NOT IN (SELECT id FROM conn)"),
                     0);
    dir_remove(&d);
}

static void test_offline_keeps_everything(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w =
        writer_open(d.db, (struct mt_writer_options){.rows_max_age_ns = S,
                                                     .size_limit_bytes = 1});
    struct mt_exchange x = simple(T0);
    for (int i = 0; i < 100; i++) {
        x.end_ns = T0 + i * 3600 * S;
        writer_add(w, &x);
        if (i % 10 == 0)
            assert_int_equal(mt_writer_commit(w, T0), 0);
    }
    writer_close(w);
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM exchange"), 100);
    assert_int_equal(
        ask_number(d.db, "SELECT count(*) FROM edge_cell WHERE level=1"), 100);
    dir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_old_rows_go),
        cmocka_unit_test(test_fine_cells_go_when_coarse_ones_are_there),
        cmocka_unit_test(test_the_file_stays_under_its_limit),
        cmocka_unit_test(test_offline_keeps_everything),
    };
    return cmocka_run_group_tests_name("store/retention", tests, NULL, NULL);
}
