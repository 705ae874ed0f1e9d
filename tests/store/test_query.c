/* One number, whichever way it is asked for: cells, rows, mixed levels. */
#include "store_fixture.h"

#include "store/filter.h"

static struct mt_filter *filter_of(const char *text)
{
    struct mt_filter *f;
    struct mt_filter_error e;
    const struct mt_time_ref ref = {.now_ns = T0};
    if (mt_filter_new(&f, mt_span_str(text), &ref, &e) != 0)
        fail_msg("filter %s: %s", text, e.text);
    return f;
}

static void fill(const char *db, enum mt_writer_kind kind, int rows,
                 int64_t step_ns)
{
    struct maker m = {.seed = 23};
    struct mt_writer *w = writer_open(
        db, (struct mt_writer_options){.kind = kind, .batch_rows = 256});
    for (int i = 0; i < rows; i++) {
        writer_add(w, make(&m, T0 + i * step_ns));
        if (kind != MT_WRITER_OFFLINE && i % 100 == 99)
            assert_int_equal(mt_writer_commit(w, T0 + i * step_ns), 0);
    }
    writer_close(w);
}

typedef int question(struct mt_store *s, const struct mt_ask *ask,
                     struct mt_answer *a);

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

/* --- rows --- */

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

/* --- now --- */

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
    int64_t from, to;
    const struct mt_window_spec young = {.last_ns = 60 * S,
                                         .wall_ns = T0 + 4 * S};
    assert_int_equal(mt_query_window(s, &young, &from, &to), 0);
    assert_true(to == T0 + 4 * S && from == T0 + S); /* not before it began */
    const struct mt_window_spec then = {
        .last_ns = 60 * S, .until_ns = T0 + 3 * S, .wall_ns = T0 + 4 * S};
    assert_int_equal(mt_query_window(s, &then, &from, &to), 0);
    assert_true(to == T0 + 3 * S && from == to - 60 * S); /* as it was asked */
    assert_int_equal(mt_query_now(s, T0 + 40 * S, &now, &live), 0);
    assert_true(!live && now == T0 + S); /* its heart stands still */
    writer_close(w);
    assert_int_equal(mt_query_now(s, T0 + S, &now, &live), 0);
    assert_true(!live && now == T0 + S);
    const struct mt_window_spec last = {.last_ns = S / 2, .wall_ns = T0};
    assert_int_equal(mt_query_window(s, &last, &from, &to), 0);
    assert_true(to == T0 + S + 1 && from == to - S / 2);
    mt_store_free(s);
    dir_remove(&d);
}

/* A hung dependency shows although nothing of it has completed. */
static void test_open_shows_in_services(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w =
        writer_open(d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP});
    struct mt_exchange x = simple(0);
    x.authority = MT_SPAN("hung");
    x.req.start_ns = T0;
    x.resp = (struct mt_message){.start_ns = 0};
    assert_int_equal(mt_writer_open_exchange(w, &x, T0 + 9 * S), 0);
    assert_int_equal(mt_writer_commit(w, T0 + 9 * S), 0);
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
    dir_make(&d);
    struct mt_writer *w =
        writer_open(d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP});
    struct mt_exchange x = simple(0);
    x.authority = MT_SPAN("hung");
    x.status = 0;
    x.req.start_ns = T0;
    x.resp = (struct mt_message){.start_ns = 0};
    assert_int_equal(mt_writer_open_exchange(w, &x, T0 + 9 * S), 0);
    assert_int_equal(mt_writer_commit(w, T0 + 9 * S), 0);
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
        cmocka_unit_test(test_cells_and_rows_agree),
        cmocka_unit_test(test_windows_of_mixed_levels),
        cmocka_unit_test(test_series_has_every_bucket),
        cmocka_unit_test(test_counts_without_latencies),
        cmocka_unit_test(test_trends_are_the_series_of_services),
        cmocka_unit_test(test_services_and_summary),
        cmocka_unit_test(test_memory_without_rows),
        cmocka_unit_test(test_cursor_sees_each_row_once),
        cmocka_unit_test(test_scans_match_as_the_predicate_does),
        cmocka_unit_test(test_filter_windows),
        cmocka_unit_test(test_one_exchange),
        cmocka_unit_test(test_long_reads_are_stopped),
        cmocka_unit_test(test_now),
        cmocka_unit_test(test_open_shows_in_services),
        cmocka_unit_test(test_open_is_filtered),
        cmocka_unit_test(test_a_sample_is_told),
        cmocka_unit_test(test_an_empty_database),
    };
    return cmocka_run_group_tests_name("store/query", tests, NULL, NULL);
}
