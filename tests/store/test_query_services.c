/* What services are told to have: calls, callers, what is not there at all. */
#include "query_fixture.h"

/* frontend is called from outside, and calls cart; cart refuses a while. */
static void add_mesh(struct mt_writer *w)
{
    for (int i = 0; i < 60; i++) {
        struct mt_exchange x = simple(T0 + i * S);
        x.authority = MT_SPAN("frontend");
        writer_add(w, &x);
        x.conn = 2;
        x.client.addr = v4(10, 0, 0, 1, 50000);
        x.server.addr = v4(10, 0, 0, 2, 8080);
        x.authority = MT_SPAN("cart");
        if (i % 10 == 0) {
            x.status = 503;
            x.outcome = MT_OUTCOME_FAILURE;
        }
        writer_add(w, &x);
        if (i % 20 == 0) { /* an L4 row of a refused connection */
            x.kind = MT_KIND_L4;
            x.protocol = MT_PROTOCOL_TCP;
            x.status = 0;
            x.error = MT_ERROR_REFUSED;
            x.outcome = MT_OUTCOME_FAILURE;
            x.authority = x.method = x.path = x.route =
                (struct mt_span){.ptr = NULL, .len = 0};
            x.resp = (struct mt_message){.start_ns = 0};
            writer_add(w, &x);
        }
    }
}

static void test_services_and_summary(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    struct mt_source_info source = {
        .path = "a.pcap", .first_ns = T0 - S, .last_ns = T0 + 59 * S - 1};
    assert_int_equal(mt_writer_source(w, 0, &source), 0);
    add_mesh(w);
    writer_close(w);
    struct mt_store *s = store_open(d.db);
    struct mt_ask ask = {.filter = NULL};
    const struct mt_window_spec all = {.wall_ns = T0 + 9999 * S};
    assert_int_equal(mt_query_window(s, &all, &ask.from_ns, &ask.to_ns), 0);
    assert_int_equal(ask.from_ns, T0 - S);
    assert_int_equal(ask.to_ns, T0 + 59 * S + 1);

    struct mt_answer a;
    assert_int_equal(mt_query_services(s, &ask, &a), 0);
    assert_int_equal(a.count, 2);
    assert_string_equal(a.rows[0].server, "cart"); /* the trouble first */
    assert_int_equal(a.rows[0].counts.exchanges, 63);
    assert_int_equal(a.rows[0].counts.failure, 9);
    assert_int_equal(a.rows[0].counts.refused, 3);
    assert_int_equal(a.rows[0].protocol, MT_PROTOCOL_HTTP11);
    assert_string_equal(a.rows[1].server, "frontend");
    assert_true(a.rows[1].success == 1.0);
    assert_int_equal(a.rows[1].calls_out, 63);
    assert_int_equal(a.rows[1].quantile_ns[MT_P50], 5 * MS);
    assert_int_equal(a.rows[1].mean_ns, 5 * MS);
    assert_true(a.rows[1].rps > 0.99 && a.rows[1].rps < 1.01);
    assert_true(a.rows[1].load > 0.0049 && a.rows[1].load < 0.0051);
    mt_answer_free(&a);

    assert_int_equal(mt_query_summary(s, &ask, &a), 0);
    assert_int_equal(a.count, 1);
    assert_int_equal(a.rows[0].counts.exchanges, 60); /* entry alone */
    mt_answer_free(&a);
    mt_store_free(s);
    dir_remove(&d);
}

/* stat -r: the same answers with no rows and no file. */
static void test_memory_without_rows(void **state)
{
    (void)state;
    struct mt_writer *w =
        writer_open(":memory:", (struct mt_writer_options){.no_rows = true});
    add_mesh(w);
    assert_int_equal(mt_writer_finish(w, T0), 0);
    struct mt_store *s = mt_writer_store(w);
    struct mt_ask ask = {.filter = NULL};
    const struct mt_window_spec all = {.wall_ns = T0};
    assert_int_equal(mt_query_window(s, &all, &ask.from_ns, &ask.to_ns), 0);
    assert_true(ask.to_ns == T0 + 59 * S + 1);
    struct mt_answer a;
    assert_int_equal(mt_query_services(s, &ask, &a), 0);
    assert_int_equal(a.count, 2);
    assert_int_equal(a.rows[0].counts.exchanges, 63);
    assert_int_equal(a.rows[0].counts.failed_id, 0); /* there is no row */
    mt_answer_free(&a);
    writer_close(w);
}

/* One that was a sample, even for a while, says so for good. */
static void test_a_sample_is_told(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w =
        writer_open(d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP});
    struct mt_ask ask = {.from_ns = T0 - 60 * S, .to_ns = T0 + 10 * S};
    static const struct {
        uint32_t one_of, told;
    } steps[] = {{1, 1}, {4, 4}, {2, 4}, {8, 8}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct mt_answer a;
        mt_writer_sampled(w, steps[i].one_of);
        assert_int_equal(mt_writer_commit(w, T0 + 9 * S), 0);
        assert_int_equal(mt_query_services(mt_writer_store(w), &ask, &a), 0);
        assert_int_equal(a.coverage.sample_one_of, steps[i].told);
        mt_answer_free(&a);
    }
    writer_close(w);
    dir_remove(&d);
}

static void test_an_empty_database(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    writer_close(writer_open(d.db, (struct mt_writer_options){0}));
    struct mt_store *s = store_open(d.db);
    static question *const questions[] = {mt_query_summary, mt_query_services,
                                          mt_query_edges, mt_query_routes};
    struct mt_ask ask = {.filter = NULL};
    const struct mt_window_spec all = {.wall_ns = T0};
    assert_int_equal(mt_query_window(s, &all, &ask.from_ns, &ask.to_ns), 0);
    assert_true(ask.to_ns > ask.from_ns);
    for (size_t i = 0; i < 4; i++) {
        struct mt_answer a;
        assert_int_equal(questions[i](s, &ask, &a), 0);
        assert_int_equal(a.total.counts.exchanges, 0);
        assert_int_equal(a.total.quantile_ns[MT_P50], -1);
        assert_int_equal(a.count, i == 0 ? 1 : 0);
        mt_answer_free(&a);
    }
    mt_store_free(s);
    dir_remove(&d);
}

/* A proxy before servers of the same name: the service's callers see one
 * request where two are on the wire. Both edges are there. */
static void test_calls_within_a_service(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    for (unsigned i = 0; i < 10; i++) {
        struct mt_exchange x = simple(T0 + i * MS);
        x.authority = MT_SPAN("cart.example");
        x.conn = 2 * i + 1;
        x.server.addr = v4(10, 0, 0, 2, 8080);
        x.client.addr = v4(10, 0, 0, 1, 50000 + i);
        writer_add(w, &x); /* the hop behind the proxy ends first */
        x.conn++;
        x.server.addr = v4(10, 0, 0, 1, 80);
        x.client.addr = v4(10, 0, 0, 9, 40000 + i);
        writer_add(w, &x);
    }
    writer_close(w);
    struct mt_store *s = store_open(d.db);
    struct mt_ask ask = {.from_ns = T0 - S, .to_ns = T0 + S};
    struct mt_answer a;
    assert_int_equal(mt_query_edges(s, &ask, &a), 0);
    assert_int_equal(a.count, 2);
    assert_int_equal(a.total.counts.exchanges, 20);
    mt_answer_free(&a);
    question *const once[] = {mt_query_services, mt_query_routes,
                              mt_query_summary};
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++)
        for (int all = 0; all < 2; all++) {
            ask.attempts = all;
            assert_int_equal(once[i](s, &ask, &a), 0);
            bool entry = once[i] == mt_query_summary;
            assert_int_equal(a.total.counts.exchanges, all && !entry ? 20 : 10);
            mt_answer_free(&a);
        }
    ask.attempts = false;
    assert_int_equal(mt_query_series(s, &ask, S, &a), 0);
    assert_int_equal(a.total.counts.exchanges, 10);
    mt_answer_free(&a);
    mt_store_free(s);
    dir_remove(&d);
}

/* Without other callers it is all that there is to see. */
static void test_a_service_that_calls_only_itself(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    struct mt_exchange x = simple(T0);
    x.client.addr = v4(10, 0, 0, 1, 50000);
    x.server.addr = v4(10, 0, 0, 1, 80);
    writer_add(w, &x);
    writer_close(w);
    struct mt_store *s = store_open(d.db);
    struct mt_ask ask = {.from_ns = T0 - S, .to_ns = T0 + S};
    struct mt_answer a;
    assert_int_equal(mt_query_services(s, &ask, &a), 0);
    assert_int_equal(a.total.counts.exchanges, 1);
    mt_answer_free(&a);
    mt_store_free(s);
    dir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_within_a_service),
        cmocka_unit_test(test_a_service_that_calls_only_itself),
        cmocka_unit_test(test_services_and_summary),
        cmocka_unit_test(test_memory_without_rows),
        cmocka_unit_test(test_a_sample_is_told),
        cmocka_unit_test(test_an_empty_database),
    };
    return cmocka_run_group_tests_name("store/query_services", tests, NULL,
                                       NULL);
}
