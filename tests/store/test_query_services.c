/* What services are told to have: calls, callers, what is open, what is not
 * there at all. */
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

static void test_now(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(
        d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP, .now_ns = T0});
    struct mt_exchange x = simple(T0 + S);
    writer_add(w, &x);
    assert_int_equal(mt_writer_commit(w, T0 + 2 * S), 0);
    struct mt_store *s = store_open(d.db);
    int64_t now;
    bool live;
    assert_int_equal(mt_query_now(s, T0 + 4 * S, &now, &live), 0);
    assert_true(live && now == T0 + 4 * S);
    assert_int_equal(mt_query_now(s, T0 + 40 * S, &now, &live), 0);
    assert_true(!live && now == T0 + S); /* its heart stands still */
    writer_close(w);
    assert_int_equal(mt_query_now(s, T0 + S, &now, &live), 0);
    assert_true(!live && now == T0 + S);
    mt_store_free(s);
    dir_remove(&d);
}

static void check_window(struct mt_store *s, struct mt_window_spec spec,
                         int64_t from_ns, int64_t to_ns)
{
    int64_t from, to;
    assert_int_equal(mt_query_window(s, &spec, &from, &to), 0);
    if (from != from_ns || to != to_ns)
        fail_msg("%+.9f..%+.9f, not %+.9f..%+.9f", (double)(from - T0) / 1e9,
                 (double)(to - T0) / 1e9, (double)(from_ns - T0) / 1e9,
                 (double)(to_ns - T0) / 1e9);
}

/* A stretch holds the time that there was, whether it is being written, is
 * replayed, or has ended; a moment that is asked for stays. */
static void test_windows_begin_with_what_is_known(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(
        d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP, .now_ns = T0});
    struct mt_store *s = store_open(d.db);
    check_window(s, (struct mt_window_spec){.last_ns = 60 * S}, 1 - 60 * S, 1);
    const struct mt_source_info source = {
        .path = "a.pcap", .first_ns = T0 + S, .last_ns = T0 + 9 * S};
    assert_int_equal(mt_writer_source(w, 0, &source), 0);
    struct mt_exchange x = simple(T0 + 8 * S);
    writer_add(w, &x);
    assert_int_equal(mt_writer_commit(w, T0 + 9 * S), 0);
    const struct {
        int64_t since, until, last; /* after T0 */
        int64_t from, to;
    } cases[] = {
        {0, 0, 60 * S, S, 9 * S + 1},    /* all */
        {0, 0, 8 * S, S + 1, 9 * S + 1}, /* to a nanosecond */
        {0, 0, 2 * S, 7 * S + 1, 9 * S + 1},
        {0, 5 * S, 60 * S, S, 5 * S},      /* a clock that moves through it */
        {0, 5 * S, 2 * S, 3 * S, 5 * S},   /* the same, further on */
        {0, S + 7, 60 * S, 7, S + 7},      /* it has only begun: a second */
        {0, S, 60 * S, -59 * S, S},        /* before it: as it was asked */
        {0, 20 * S, 60 * S, S, 20 * S},    /* after it */
        {-5 * S, 0, 0, -5 * S, 9 * S + 1}, /* moments stay */
        {-5 * S, 30 * S, 0, -5 * S, 30 * S},
    };
    for (int live = 1; live >= 0; live--) {
        int64_t wall_ns = T0 + (live ? 9 : 60) * S;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct mt_window_spec spec = {.last_ns = cases[i].last,
                                          .wall_ns = wall_ns};
            if (cases[i].since != 0)
                spec.since_ns = T0 + cases[i].since;
            if (cases[i].until != 0)
                spec.until_ns = T0 + cases[i].until;
            check_window(s, spec, T0 + cases[i].from, T0 + cases[i].to);
        }
    }
    mt_store_free(s);
    writer_close(w);
    dir_remove(&d);
}

/* Of a proxy no packet tells when it began. */
static void test_an_exchange_alone(void **state)
{
    (void)state;
    for (int no_rows = 0; no_rows < 2; no_rows++) {
        struct mt_writer *w = writer_open(
            ":memory:", (struct mt_writer_options){.no_rows = no_rows});
        struct mt_exchange x = simple(T0 + S);
        writer_add(w, &x);
        assert_int_equal(mt_writer_finish(w, T0 + S), 0);
        struct mt_store *s = mt_writer_store(w);
        struct mt_ask ask = {.filter = NULL};
        const struct mt_window_spec all = {.wall_ns = T0 + 60 * S};
        assert_int_equal(mt_query_window(s, &all, &ask.from_ns, &ask.to_ns), 0);
        struct mt_answer a;
        assert_int_equal(mt_query_services(s, &ask, &a), 0);
        assert_int_equal(a.count, 1);
        assert_true(a.rows[0].rps > 0.49 && a.rows[0].rps < 1.01);
        mt_answer_free(&a);
        writer_close(w);
    }
}

/* A request to the service "hung", open since T0. */
static struct mt_writer *open_hung(struct dir *d, struct mt_exchange *x)
{
    dir_make(d);
    struct mt_writer *w =
        writer_open(d->db, (struct mt_writer_options){.kind = MT_WRITER_TAP});
    *x = simple(0);
    x->authority = MT_SPAN("hung");
    x->status = 0;
    x->req.start_ns = T0;
    x->resp = (struct mt_message){.start_ns = 0};
    assert_int_equal(mt_writer_open_exchange(w, x, T0 + 9 * S), 0);
    assert_int_equal(mt_writer_commit(w, T0 + 9 * S), 0);
    return w;
}

/* A hung dependency shows although nothing of it has completed. */
static void test_open_shows_in_services(void **state)
{
    (void)state;
    struct dir d;
    struct mt_exchange x;
    struct mt_writer *w = open_hung(&d, &x);
    struct mt_ask ask = {.from_ns = T0 - 60 * S, .to_ns = T0 + 10 * S};
    struct mt_answer a;
    assert_int_equal(mt_query_services(mt_writer_store(w), &ask, &a), 0);
    assert_int_equal(a.count, 1);
    assert_string_equal(a.rows[0].server, "hung");
    assert_int_equal(a.rows[0].open, 1);
    assert_int_equal(a.rows[0].oldest_ns, 10 * S);
    assert_int_equal(a.rows[0].counts.exchanges, 0);
    assert_true(a.rows[0].success < 0);
    mt_answer_free(&a);
    assert_int_equal(mt_query_edges(mt_writer_store(w), &ask, &a), 0);
    assert_int_equal(a.count, 1);
    assert_int_equal(a.rows[0].protocol, x.protocol);
    mt_answer_free(&a);
    writer_close(w);
    dir_remove(&d);
}

/* Open ones are filtered as rows are, whatever the filter asks for. */
static void test_open_is_filtered(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        size_t count;
    } cases[] = {{"service=hung", 1}, {"service=other", 0}, {"method=GET", 1},
                 {"method=POST", 0},  {"path=/cart", 1},    {"path=/other", 0},
                 {"status=5xx", 0},   {"host=hung", 1}};
    struct dir d;
    struct mt_exchange x;
    struct mt_writer *w = open_hung(&d, &x);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mt_filter *f = filter_of(cases[i].filter);
        struct mt_ask ask = {
            .from_ns = T0 - 60 * S, .to_ns = T0 + 10 * S, .filter = f};
        struct mt_answer a;
        assert_int_equal(mt_query_services(mt_writer_store(w), &ask, &a), 0);
        if (a.count != cases[i].count || a.total.open != cases[i].count)
            fail_msg("%s: %zu services, %llu open", cases[i].filter, a.count,
                     (unsigned long long)a.total.open);
        mt_answer_free(&a);
        mt_filter_free(f);
    }
    writer_close(w);
    dir_remove(&d);
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
        cmocka_unit_test(test_now),
        cmocka_unit_test(test_windows_begin_with_what_is_known),
        cmocka_unit_test(test_an_exchange_alone),
        cmocka_unit_test(test_open_shows_in_services),
        cmocka_unit_test(test_open_is_filtered),
        cmocka_unit_test(test_a_sample_is_told),
        cmocka_unit_test(test_an_empty_database),
    };
    return cmocka_run_group_tests_name("store/query_services", tests, NULL,
                                       NULL);
}
