/* What those ask who look often, or count latencies by bounds. */
#include "store_fixture.h"

enum { ROWS = 100 };

static int setup(void **state)
{
    static struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(
        d.db, (struct mt_writer_options){.epoch = 0xfedcba9876543210u});
    writer_close(w);
    *state = &d;
    return 0;
}

static int teardown(void **state)
{
    dir_remove(*state);
    return 0;
}

/* Latencies of 1, 2, ... ROWS ms. */
static void add_rows(const struct dir *d)
{
    struct mt_writer *w = writer_open(d->db, (struct mt_writer_options){0});
    for (int64_t i = 1; i <= ROWS; i++) {
        struct mt_exchange x = simple(T0 + i * MS);
        x.req.start_ns = x.req.end_ns = x.end_ns - i * MS;
        x.resp.start_ns = x.end_ns;
        writer_add(w, &x);
    }
    writer_close(w);
}

static void test_newest(void **state)
{
    const struct dir *d = *state;
    struct mt_store_rows r;
    struct mt_store *s = store_open(d->db);
    assert_int_equal(mt_query_newest(s, &r), 0);
    assert_int_equal(r.epoch, 0xfedcba9876543210u);
    assert_int_equal(r.oldest_id, 0);
    assert_int_equal(r.newest_id, 0);
    add_rows(d); /* seen by the handle that is open */
    assert_int_equal(mt_query_newest(s, &r), 0);
    assert_int_equal(r.oldest_id, 1);
    assert_int_equal(r.newest_id, ROWS);
    change(d->db, "DELETE FROM exchange WHERE id<41");
    assert_int_equal(mt_query_newest(s, &r), 0);
    assert_int_equal(r.oldest_id, 41);
    assert_int_equal(r.newest_id, ROWS);
    mt_store_free(s);
}

static void test_bounds(void **state)
{
    const struct dir *d = *state;
    static const int64_t bounds[] = {0, 10 * MS, 50 * MS, 1000 * MS};
    struct mt_ask ask = {.from_ns = T0 - S,
                         .to_ns = T0 + S,
                         .bounds_ns = bounds,
                         .bounds_count = 4};
    struct mt_answer a;
    add_rows(d);
    struct mt_store *s = store_open(d->db);
    assert_int_equal(mt_query_edges(s, &ask, &a), 0);
    assert_int_equal(a.count, 1);
    const struct mt_row *r = &a.rows[0];
    assert_int_equal(r->latencies, ROWS);
    assert_int_equal(r->sum_ns, ROWS * (ROWS + 1) / 2 * MS);
    assert_int_equal(r->below[0], 0);
    assert_in_range(r->below[1], 9, 10); /* within 1 %, never above */
    assert_in_range(r->below[2], 49, 50);
    assert_int_equal(r->below[3], ROWS);
    mt_answer_free(&a);
    mt_store_free(s);
}

/* A small cache gives the same answers. */
static void test_cache(void **state)
{
    const struct dir *d = *state;
    struct mt_ask ask = {.from_ns = T0 - S, .to_ns = T0 + S};
    struct mt_store *s;
    struct mt_answer a;
    add_rows(d);
    assert_int_equal(
        mt_store_open(&s, d->db, &(struct mt_store_options){.cache_kib = 64}),
        0);
    assert_int_equal(mt_query_services(s, &ask, &a), 0);
    assert_int_equal(a.total.counts.exchanges, ROWS);
    mt_answer_free(&a);
    mt_store_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_newest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cache, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
