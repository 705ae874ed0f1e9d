/* Rows themselves: each once, by filters, and the newest where there is no
 * time for all. */
#include "query_fixture.h"

static void test_cursor_sees_each_row_once(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    fill(d.db, MT_WRITER_OFFLINE, 1000, 10 * MS);
    struct mt_store *s = store_open(d.db);
    struct mt_filter *f = filter_of("status=503");
    for (int order = MT_NEWEST_FIRST; order <= MT_OLDEST_FIRST; order++) {
        struct mt_scan scan = {.ask = {.filter = f},
                               .order = (enum mt_order)order,
                               .all_time = true};
        uint64_t seen = 0, last = 0;
        for (bool more = true; more;) { /* a page of seven */
            struct mt_rows *rows;
            const struct mt_exchange *x;
            assert_int_equal(mt_query_exchanges(s, &scan, &rows), 0);
            int i = 0;
            for (; i < 7 && mt_rows_next(rows, &x) == 1; i++, seen++) {
                assert_int_equal(x->status, 503);
                if (last != 0)
                    assert_true(order == MT_NEWEST_FIRST ? x->id < last
                                                         : x->id > last);
                scan.after_id = last = x->id;
            }
            more = i == 7;
            mt_rows_free(rows);
        }
        assert_int_equal(seen,
                         ask_number(d.db, "SELECT count(*) FROM exchanges "
                                          "WHERE status=503"));
    }
    mt_filter_free(f);
    mt_store_free(s);
    dir_remove(&d);
}

/* However a scan asks its filter, it gives the rows that the predicate lets
 * through, and no others. */
static void test_scans_match_as_the_predicate_does(void **state)
{
    (void)state;
    static const char *const filters[] = {"status=5xx",
                                          "method=post host=shop-1",
                                          "svc=shop-2 or grpc=0",
                                          "outcome=failure error=no_response",
                                          "quality=clock_step",
                                          "size>50000",
                                          "id>100 id<=250",
                                          "conn=7 size>1",
                                          "stream<500",
                                          "path=/cart",
                                          "path~item",
                                          "not path~item",
                                          "query~redacted",
                                          "path~item status=200",
                                          "route=/cart or query~q",
                                          "lat>10ms",
                                          "not lat>10ms",
                                          "ttfb<1ms",
                                          "dur>=5ms path~cart",
                                          "lat>1ms kind=stream",
                                          "client_ip=10.0.1.3",
                                          "server_ip=10.0.2.0/31 port=8080",
                                          "tls=1.3",
                                          "sni=shop.example lat>1ms",
                                          "gap>0",
                                          "dup>=1 status=404",
                                          "req_messages>2",
                                          "resp_messages=1",
                                          "request_id~req-1",
                                          "message~quote",
                                          "trace=00",
                                          "not trace=00",
                                          "half=request lat>0ms",
                                          "anomaly=bare_lf path~item dup=0",
                                          "attempt=0 and id<77"};
    struct dir d;
    dir_make(&d);
    fill(d.db, MT_WRITER_OFFLINE, 2000, 10 * MS);
    struct mt_store *s = store_open(d.db);
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        struct mt_filter *f = filter_of(filters[i]);
        struct mt_scan scan = {
            .ask = {.filter = f}, .order = MT_OLDEST_FIRST, .all_time = true};
        struct mt_rows *some, *all;
        const struct mt_exchange *x, *y;
        assert_int_equal(mt_query_exchanges(s, &scan, &some), 0);
        scan.ask.filter = NULL;
        assert_int_equal(mt_query_exchanges(s, &scan, &all), 0);
        unsigned found = 0;
        while (mt_rows_next(all, &x) == 1) {
            if (!mt_filter_match(f, x))
                continue;
            found++;
            if (mt_rows_next(some, &y) != 1 || x->id != y->id)
                fail_msg("%s: not at row %llu", filters[i],
                         (unsigned long long)x->id);
            assert_true(mt_span_eq(x->query, y->query));
            assert_int_equal(x->req.start_ns, y->req.start_ns);
            assert_int_equal(x->resp.end_ns, y->resp.end_ns);
        }
        if (mt_rows_next(some, &y) != 0)
            fail_msg("%s: row %llu too many", filters[i],
                     (unsigned long long)y->id);
        print_message("%s: %u\n", filters[i], found);
        mt_rows_free(some);
        mt_rows_free(all);
        mt_filter_free(f);
    }
    mt_store_free(s);
    dir_remove(&d);
}

/* `last 5s` and its like are the window of the scan. */
static void test_filter_windows(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int rows;
    } cases[] = {{"last 5s", 500},
                 {"last 5s status=200", 500},
                 {"last 5s size>=0", 500},
                 {"last 5s path~.", 500},
                 {"last 5s lat>=0 or last 5s not lat>=0", 500}};
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    for (int i = 1; i <= 2000; i++) {
        struct mt_exchange x = simple(T0 - i * 10 * MS);
        writer_add(w, &x);
    }
    writer_close(w);
    struct mt_store *s = store_open(d.db);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mt_filter *f = filter_of(cases[i].text);
        const struct mt_scan scan = {.ask = {.filter = f}, .all_time = true};
        struct mt_rows *rows;
        const struct mt_exchange *x;
        int n = 0;
        assert_int_equal(mt_query_exchanges(s, &scan, &rows), 0);
        while (mt_rows_next(rows, &x) == 1)
            n++;
        if (n != cases[i].rows)
            fail_msg("%s: %d rows", cases[i].text, n);
        mt_rows_free(rows);
        struct mt_answer a;
        const struct mt_ask ask = {
            .from_ns = T0 - 60 * S, .to_ns = T0 + S, .filter = f};
        assert_int_equal(mt_query_services(s, &ask, &a), 0);
        if ((int)a.total.counts.exchanges != cases[i].rows)
            fail_msg("%s: %d counted", cases[i].text,
                     (int)a.total.counts.exchanges);
        mt_answer_free(&a);
        mt_filter_free(f);
    }
    mt_store_free(s);
    dir_remove(&d);
}

static void test_one_exchange(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    fill(d.db, MT_WRITER_OFFLINE, 300, MS);
    struct mt_store *s = store_open(d.db);
    struct mt_rows *rows;
    const struct mt_exchange *x;
    assert_int_equal(mt_query_exchange(s, 299, &rows, &x), 0);
    assert_int_equal(x->id, 299);
    mt_rows_free(rows);
    static const uint64_t none[] = {0, 301, UINT64_MAX, INT64_MAX};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_int_equal(mt_query_exchange(s, none[i], &rows, &x),
                         MT_STORE_ENOTFOUND);
        assert_null(rows);
    }
    mt_store_free(s);
    dir_remove(&d);
}

/* A clock that runs out after a while: the newest part, and it says so. */
static int64_t ticking(void *arg)
{
    int64_t *t = arg;
    return *t += 100 * MS;
}

static void test_long_reads_are_stopped(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    fill(d.db, MT_WRITER_OFFLINE, 20000, 10 * MS);
    int64_t t = 0;
    const struct mt_store_options o = {.clock = ticking, .clock_arg = &t};
    struct mt_store *s;
    assert_int_equal(mt_store_open(&s, d.db, &o), 0);
    struct mt_filter *f = filter_of("size>=0");
    struct mt_ask ask = {
        .from_ns = T0, .to_ns = T0 + 200 * S, .filter = f, .attempts = true};
    struct mt_answer a;
    assert_int_equal(mt_query_edges(s, &ask, &a), 0);
    assert_false(a.coverage.complete);
    assert_true(a.coverage.from_ns > ask.from_ns);
    assert_true(a.total.counts.exchanges > 0);
    char sql[128];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM exchanges WHERE end_ns>=%lld",
                   (long long)a.coverage.from_ns);
    assert_int_equal(a.total.counts.exchanges, ask_number(d.db, sql));
    mt_answer_free(&a);
    mt_filter_free(f);
    mt_store_free(s);
    dir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cursor_sees_each_row_once),
        cmocka_unit_test(test_scans_match_as_the_predicate_does),
        cmocka_unit_test(test_filter_windows),
        cmocka_unit_test(test_one_exchange),
        cmocka_unit_test(test_long_reads_are_stopped),
    };
    return cmocka_run_group_tests_name("store/query_rows", tests, NULL, NULL);
}
