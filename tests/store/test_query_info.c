/* What a database holds, when now is, and which window is meant. */
#include "query_fixture.h"

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

static void check_counts(struct mt_store *s, uint64_t services, uint64_t routes)
{
    struct mt_store_info info;
    struct mt_ask ask = {.by_method = true};
    const struct mt_window_spec all = {.wall_ns = T0};
    struct mt_answer a;
    assert_int_equal(mt_query_info(s, &info), 0);
    assert_int_equal(mt_query_window(s, &all, &ask.from_ns, &ask.to_ns), 0);
    assert_int_equal(mt_query_services(s, &ask, &a), 0);
    assert_int_equal(a.count, services);
    assert_int_equal(info.services, services);
    mt_answer_free(&a);
    assert_int_equal(mt_query_routes(s, &ask, &a), 0);
    assert_int_equal(a.count, routes);
    assert_int_equal(info.routes, routes);
    mt_answer_free(&a);
}

/* It holds as many services and routes as are listed: clients, {other}, which
 * is always there, and what a proxy tried are none. */
static void test_as_many_as_are_listed(void **state)
{
    (void)state;
    struct mt_writer *w =
        writer_open(":memory:", (struct mt_writer_options){0});
    struct mt_store *s = mt_writer_store(w);
    check_counts(s, 0, 0);
    static const struct {
        uint8_t client, server, kind, observer;
        const char *method, *route;
    } rows[] = {
        {1, 2, MT_KIND_UNARY, MT_OBSERVER_TAP, "GET", "/"},
        {3, 2, MT_KIND_UNARY, MT_OBSERVER_TAP, "GET", "/"}, /* the same */
        {1, 2, MT_KIND_UNARY, MT_OBSERVER_TAP, "POST", "/"},
        {2, 2, MT_KIND_UNARY, MT_OBSERVER_TAP, "GET", "/within"},
        {2, 4, MT_KIND_L4, MT_OBSERVER_TAP, "", ""},
        {5, 5, MT_KIND_UNARY, MT_OBSERVER_TAP, "GET", "/to-itself"},
        {1, 6, MT_KIND_UNARY, MT_OBSERVER_TAP_SHADOW, "GET", "/copy"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_exchange x = simple(T0 + (int64_t)i * S);
        x.conn = i + 1;
        x.kind = rows[i].kind;
        x.observer = rows[i].observer;
        x.client.addr = v4(10, 0, 0, rows[i].client, 50000);
        x.server.addr = v4(10, 0, 0, rows[i].server, 80);
        x.authority = MT_SPAN("");
        x.method = mt_span_str(rows[i].method);
        x.path = x.route = mt_span_str(rows[i].route);
        writer_add(w, &x);
    }
    assert_int_equal(mt_writer_finish(w, T0 + 9 * S), 0);
    check_counts(s, 3, 3); /* 2, 4 and 5; GET /, POST / and /to-itself */
    writer_close(w);
}

/* Whatever there is, in any mix. */
static void test_as_many_of_every_kind(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    fill(d.db, MT_WRITER_OFFLINE, 3000, S / 10);
    struct mt_store *s = store_open(d.db);
    struct mt_ask ask = {.by_method = true};
    const struct mt_window_spec all = {.wall_ns = T0};
    struct mt_answer services, routes;
    assert_int_equal(mt_query_window(s, &all, &ask.from_ns, &ask.to_ns), 0);
    assert_int_equal(mt_query_services(s, &ask, &services), 0);
    assert_int_equal(mt_query_routes(s, &ask, &routes), 0);
    assert_true(services.count > 3 && routes.count > 3);
    check_counts(s, services.count, routes.count);
    mt_answer_free(&services);
    mt_answer_free(&routes);
    mt_store_free(s);
    dir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_now),
        cmocka_unit_test(test_windows_begin_with_what_is_known),
        cmocka_unit_test(test_an_exchange_alone),
        cmocka_unit_test(test_as_many_as_are_listed),
        cmocka_unit_test(test_as_many_of_every_kind),
    };
    return cmocka_run_group_tests_name("store/query_info", tests, NULL, NULL);
}
