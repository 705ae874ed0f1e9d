/* One number, whichever way it is asked for: cells, rows, mixed levels. */
#include "query_fixture.h"

static uint64_t conns_apart(struct mt_counts *n)
{
    uint64_t conns = n->conns;
    n->conns = 0; /* a row does not say that it was its connection's first */
    return conns;
}

/* The same key in both answers; their numbers must agree. */
static void same_rows(const struct mt_answer *a, const struct mt_answer *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        struct mt_row *l = &a->rows[i], *r = NULL;
        for (size_t j = 0; j < b->count && r == NULL; j++) {
            struct mt_row *c = &b->rows[j];
            if (c->client_id == l->client_id && c->server_id == l->server_id &&
                c->protocol == l->protocol && c->kind == l->kind &&
                c->observer == l->observer &&
                strcmp(c->method, l->method) == 0 &&
                strcmp(c->route, l->route) == 0)
                r = c;
        }
        if (r == NULL) {
            fail_msg("%s > %s is in one answer alone", l->client, l->server);
            return;
        }
        (void)conns_apart(&l->counts);
        (void)conns_apart(&r->counts);
        assert_memory_equal(&l->counts, &r->counts, sizeof l->counts);
        assert_memory_equal(l->quantile_ns, r->quantile_ns,
                            sizeof l->quantile_ns);
        assert_int_equal(l->latencies, r->latencies);
        assert_int_equal(l->mean_ns, r->mean_ns);
    }
}

/* A filter that every row passes and that no cell can answer. */
static void test_cells_and_rows_agree(void **state)
{
    (void)state;
    static const struct {
        question *ask;
        const char *cells, *rows;
    } cases[] = {
        {mt_query_edges, NULL, "size>=0"},
        {mt_query_routes, NULL, "size>=0"},
        {mt_query_services, "svc=shop-1", "svc=shop-1 and size>=0"},
        {mt_query_edges, "proto=grpc kind=unary",
         "proto=grpc kind=unary size>=0"},
        {mt_query_routes, "method=post", "method=post size>=0"},
        {mt_query_services, "route~item", "route~item size>=0"},
        {mt_query_edges, "not svc=shop-2", "not svc=shop-2 and size>=0"},
    };
    struct dir d;
    dir_make(&d);
    fill(d.db, MT_WRITER_OFFLINE, 3000, 40 * MS);
    struct mt_store *s = store_open(d.db);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mt_filter *f = cases[i].cells ? filter_of(cases[i].cells) : NULL;
        struct mt_filter *g = filter_of(cases[i].rows);
        struct mt_ask ask = {.from_ns = T0,
                             .to_ns = T0 + 120 * S,
                             .filter = f,
                             .by_method = true};
        struct mt_answer a, b;
        assert_int_equal(cases[i].ask(s, &ask, &a), 0);
        ask.filter = g;
        assert_int_equal(cases[i].ask(s, &ask, &b), 0);
        assert_true(a.count > 0);
        assert_false(a.coverage.rows);
        assert_true(b.coverage.rows);
        assert_true(a.coverage.complete && b.coverage.complete);
        print_message("%s: %zu rows\n", cases[i].rows, a.count);
        same_rows(&a, &b);
        mt_answer_free(&a);
        mt_answer_free(&b);
        mt_filter_free(f);
        mt_filter_free(g);
    }
    mt_store_free(s);
    dir_remove(&d);
}

/* Whatever levels a window is put together from, it counts each row once. */
static void test_windows_of_mixed_levels(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    fill(d.db, MT_WRITER_TAP, 4000, 2 * S); /* over two hours */
    struct mt_store *s = store_open(d.db);
    static const int64_t windows[][2] = {{0, 8000},   {1, 7999},  {3599, 7201},
                                         {10, 20},    {59, 61},   {3000, 3001},
                                         {600, 7200}, {777, 6543}};
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        struct mt_ask ask = {.from_ns = T0 + windows[i][0] * S,
                             .to_ns = T0 + windows[i][1] * S,
                             .attempts = true};
        struct mt_answer a;
        char sql[200];
        assert_int_equal(mt_query_edges(s, &ask, &a), 0);
        /* old 1 s cells are gone: what was covered is told */
        (void)snprintf(sql, sizeof sql,
                       "SELECT count(*) FROM exchanges WHERE end_ns>=%lld AND "
                       "end_ns<%lld",
                       (long long)a.coverage.from_ns,
                       (long long)a.coverage.to_ns);
        assert_int_equal(a.total.counts.exchanges, ask_number(d.db, sql));
        assert_true(a.coverage.from_ns <= ask.from_ns);
        assert_true(a.coverage.to_ns >= ask.to_ns || ask.to_ns > T0 + 7998 * S);
        assert_true(a.coverage.complete);
        mt_answer_free(&a);
    }
    mt_store_free(s);
    dir_remove(&d);
}

static void test_series_has_every_bucket(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    for (int i = 0; i < 100; i++) {
        struct mt_exchange x = simple(T0 + (i < 50 ? i : i + 50) * 100 * MS);
        writer_add(w, &x);
    }
    writer_close(w);
    struct mt_store *s = store_open(d.db);
    struct mt_ask ask = {.from_ns = T0, .to_ns = T0 + 15 * S};
    struct mt_answer a;
    assert_int_equal(mt_query_series(s, &ask, 5 * S, &a), 0);
    assert_int_equal(a.count, 3);
    assert_int_equal(a.rows[0].counts.exchanges, 50);
    assert_int_equal(a.rows[1].counts.exchanges, 0);
    assert_int_equal(a.rows[2].counts.exchanges, 50);
    assert_true(a.rows[2].rps == 10.0);
    assert_int_equal(a.rows[2].counts.last_ns, T0 + 10 * S);
    assert_int_equal(a.total.counts.exchanges, 100);
    mt_answer_free(&a);
    ask.to_ns = INT64_MAX; /* never more buckets than are bearable */
    assert_int_equal(mt_query_series(s, &ask, S, &a), 0);
    assert_true(a.count <= 4096);
    assert_int_equal(a.total.counts.exchanges, 100);
    mt_answer_free(&a);
    mt_store_free(s);
    dir_remove(&d);
}

static void counts_alone(struct mt_store *s, const struct mt_filter *filter)
{
    struct mt_ask ask = {.from_ns = T0, .to_ns = T0 + S, .filter = filter};
    struct mt_answer a;
    for (int counts = 0; counts < 2; counts++) {
        ask.counts = counts;
        assert_int_equal(mt_query_services(s, &ask, &a), 0);
        assert_int_equal(a.total.counts.exchanges, 10);
        assert_int_equal(a.total.latencies, counts ? 0 : 10);
        assert_true((a.total.quantile_ns[0] == -1) == counts);
        assert_true((a.total.load < 0) == counts);
        mt_answer_free(&a);
    }
}

/* Of cells and of rows alike. */
static void test_counts_without_latencies(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    for (int i = 0; i < 10; i++) {
        struct mt_exchange x = simple(T0 + i * 100 * MS);
        writer_add(w, &x);
    }
    writer_close(w);
    struct mt_store *s = store_open(d.db);
    counts_alone(s, NULL);
    struct mt_filter *f = filter_of("status=200");
    counts_alone(s, f);
    mt_filter_free(f);
    mt_store_free(s);
    dir_remove(&d);
}

/* Every bucket of every service is what the series of that time says. */
static void test_trends_are_the_series_of_services(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    fill(d.db, MT_WRITER_OFFLINE, 3000, 40 * MS);
    struct mt_store *s = store_open(d.db);
    struct mt_ask ask = {.from_ns = T0, .to_ns = T0 + 120 * S};
    struct mt_answer services;
    struct mt_trends t;
    assert_int_equal(mt_query_trends(s, ask.to_ns, &t), 0);
    assert_int_equal(t.buckets, 20);
    assert_int_equal(t.bucket_ns, 3 * S);
    assert_true(t.from_ns + 60 * S >= ask.to_ns && t.from_ns % (3 * S) == 0);
    for (size_t i = 0; i < t.buckets; i++) {
        ask.from_ns = t.from_ns + (int64_t)i * t.bucket_ns;
        ask.to_ns = ask.from_ns + t.bucket_ns;
        assert_int_equal(mt_query_services(s, &ask, &services), 0);
        assert_true(services.count > 0);
        for (size_t k = 0; k < services.count; k++) {
            const struct mt_row *r = &services.rows[k];
            const uint32_t *trend = mt_trends_of(&t, r->server_id);
            assert_non_null(trend);
            if (r->kind != MT_KIND_L4)
                assert_int_equal(trend[i], r->counts.exchanges);
        }
        mt_answer_free(&services);
    }
    assert_null(mt_trends_of(&t, 1 << 20));
    mt_trends_free(&t);
    assert_int_equal(mt_query_trends(s, INT64_MAX, &t), 0); /* nothing there */
    mt_trends_free(&t);
    assert_int_equal(mt_query_trends(s, INT64_MIN, &t), 0);
    mt_trends_free(&t);
    mt_store_free(s);
    dir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_and_rows_agree),
        cmocka_unit_test(test_windows_of_mixed_levels),
        cmocka_unit_test(test_series_has_every_bucket),
        cmocka_unit_test(test_counts_without_latencies),
        cmocka_unit_test(test_trends_are_the_series_of_services),
    };
    return cmocka_run_group_tests_name("store/query", tests, NULL, NULL);
}
