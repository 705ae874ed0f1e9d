/* A tap and a proxy write one database: what both have seen counts once,
 * whichever of them is first, and though their clocks disagree a little. */
#include "store_fixture.h"

#include <pthread.h>

#include "store/filter.h"

enum { CALLS = 40 };

/* Call n of a client to the shop, through the proxy 10.0.0.5:8000. */
static struct mt_exchange call(unsigned n, uint8_t observer, int64_t end_ns)
{
    struct mt_exchange x = simple(end_ns);
    x.conn = n + 1;
    x.observer = observer;
    x.client.addr = v4(10, 0, 9, 9, 40000 + n);
    x.server.addr = v4(10, 0, 0, 5, 8000);
    x.authority = MT_SPAN("shop.example");
    return x;
}

static struct mt_writer *open_as(const struct dir *d, enum mt_writer_kind kind,
                                 int64_t now_ns)
{
    return writer_open(
        d->db, (struct mt_writer_options){.kind = kind, .now_ns = now_ns});
}

static void accepts(struct mt_writer *proxy, const struct mt_exchange *x,
                    int64_t ns)
{
    const struct mt_writer_conn c = {.conn = x->conn,
                                     .client = x->client.addr,
                                     .server = x->server.addr,
                                     .ns = ns};
    assert_int_equal(mt_writer_conn(proxy, &c), 0);
}

static void ends(struct mt_writer *proxy, const struct mt_exchange *x,
                 int64_t ns)
{
    const struct mt_writer_conn c = {.conn = x->conn,
                                     .client = x->client.addr,
                                     .server = x->server.addr,
                                     .ns = ns,
                                     .ended = true};
    assert_int_equal(mt_writer_conn(proxy, &c), 0);
}

static uint64_t golden(const struct dir *d, bool all)
{
    struct mt_store *s = store_open(d->db);
    struct mt_ask ask = {.from_ns = 0, .to_ns = INT64_MAX, .attempts = all};
    struct mt_answer a;
    assert_int_equal(mt_query_services(s, &ask, &a), 0);
    uint64_t n = a.total.counts.exchanges;
    mt_answer_free(&a);
    mt_store_free(s);
    return n;
}

static long long observed(const struct dir *d, const char *observer)
{
    char sql[128];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM exchanges WHERE observer='%s'",
                   observer);
    return ask_number(d->db, sql);
}

/* The threads of a proxy, each with numbers of its own, the last one first. */
static uint64_t conn_of_thread(unsigned n, unsigned threads)
{
    uint64_t thread = threads - 1 - n % threads;
    return thread << MT_WRITER_LANE_SHIFT | (n / threads + 1);
}

/* skew_ns: the proxy's clock less the tap's. tap_first: the tap adds an
 * exchange before the proxy commits its connection. */
static void run(const struct dir *d, int64_t skew_ns, bool tap_first,
                unsigned threads)
{
    struct mt_writer *proxy = open_as(d, MT_WRITER_PROXY, T0 + skew_ns);
    struct mt_writer *tap = open_as(d, MT_WRITER_TAP, T0);
    for (unsigned n = 0; n < CALLS; n++) {
        int64_t end = T0 + n * 100 * MS;
        struct mt_exchange seen = call(n, MT_OBSERVER_TAP, end);
        struct mt_exchange own =
            call(n, MT_OBSERVER_PROXY_REQUEST, end + skew_ns);
        own.conn = conn_of_thread(n, threads);
        if (tap_first)
            writer_add(tap, &seen);
        accepts(proxy, &own, own.req.start_ns);
        writer_add(proxy, &own);
        assert_int_equal(mt_writer_commit(proxy, own.end_ns), 0);
        if (!tap_first)
            writer_add(tap, &seen);
        if (n % 10 == 9)
            assert_int_equal(mt_writer_commit(tap, end), 0);
    }
    assert_int_equal(mt_writer_close(tap, T0), 0);
    assert_int_equal(mt_writer_close(proxy, T0), 0);
}

static void test_counted_once(void **state)
{
    (void)state;
    for (int order = 0; order < 4; order++)
        for (int64_t skew = -1500; skew <= 1500; skew += 1500) {
            struct dir d;
            dir_make(&d);
            run(&d, skew * MS, order % 2 == 0, order < 2 ? 1 : 3);
            assert_int_equal(golden(&d, false), CALLS);
            assert_int_equal(golden(&d, true), 2 * CALLS);
            assert_int_equal(observed(&d, "tap"), 0);
            assert_int_equal(observed(&d, "tap_shadow"), CALLS);
            /* and each copy names the connection that it is a copy of */
            assert_int_equal(
                ask_number(d.db, "SELECT count(*) FROM exchange e JOIN conn c "
                                 "ON c.id=e.conn JOIN conn o ON o.id=c.hop_of "
                                 "AND o.client_port=c.client_port"),
                CALLS);
            dir_remove(&d);
        }
}

/* Each in its own thread, as fast as they can. */
struct side {
    const struct dir *d;
    struct mt_writer *w;
};

static void *be_proxy(void *arg)
{
    struct side *s = arg;
    for (unsigned n = 0; n < CALLS; n++) {
        struct mt_exchange x = call(n, MT_OBSERVER_PROXY_REQUEST, T0 + n * MS);
        accepts(s->w, &x, x.req.start_ns);
        assert_int_equal(mt_writer_commit(s->w, T0 + n * MS), 0);
        writer_add(s->w, &x);
    }
    assert_int_equal(mt_writer_commit(s->w, T0 + CALLS * MS), 0);
    return NULL;
}

static void test_two_threads(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct side s = {.d = &d, .w = open_as(&d, MT_WRITER_PROXY, T0)};
    struct mt_writer *tap = open_as(&d, MT_WRITER_TAP, T0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, be_proxy, &s), 0);
    for (unsigned n = 0; n < CALLS; n++) { /* 40 ms: all of it waits */
        struct mt_exchange x = call(n, MT_OBSERVER_TAP, T0 + n * MS);
        writer_add(tap, &x);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    struct mt_exchange later = simple(T0 + S);
    later.conn = 999; /* not through the proxy */
    writer_add(tap, &later);
    assert_int_equal(mt_writer_close(tap, T0 + S), 0);
    assert_int_equal(mt_writer_close(s.w, T0 + S), 0);
    assert_int_equal(golden(&d, false), CALLS + 1);
    assert_int_equal(observed(&d, "tap_shadow"), CALLS);
    dir_remove(&d);
}

/* A port used again after the proxy's connection was over, or before. */
static void test_other_lives(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *proxy = open_as(&d, MT_WRITER_PROXY, T0);
    struct mt_exchange x = call(0, MT_OBSERVER_PROXY_REQUEST, T0);
    accepts(proxy, &x, T0);
    writer_add(proxy, &x);
    ends(proxy, &x, T0 + 10 * S);
    assert_int_equal(mt_writer_commit(proxy, T0 + 10 * S), 0);
    struct mt_writer *tap = open_as(&d, MT_WRITER_TAP, T0);
    static const struct {
        int64_t end_s;
        bool copy;
    } lives[] = {{-9, false}, {0, true}, {5, true}, {11, true}, {60, false}};
    for (unsigned i = 0; i < sizeof lives / sizeof lives[0]; i++) {
        struct mt_exchange seen =
            call(0, MT_OBSERVER_TAP, T0 + lives[i].end_s * S);
        seen.conn = 100 + i;
        writer_add(tap, &seen);
    }
    assert_int_equal(mt_writer_close(tap, T0 + 60 * S), 0);
    assert_int_equal(mt_writer_close(proxy, T0 + 60 * S), 0);
    assert_int_equal(observed(&d, "tap_shadow"), 3);
    assert_int_equal(observed(&d, "tap"), 2);
    dir_remove(&d);
}

/* A capture that is read later, beside what a proxy wrote then. */
static void test_capture_read_later(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *proxy = open_as(&d, MT_WRITER_PROXY, T0);
    struct mt_exchange x = call(3, MT_OBSERVER_PROXY_REQUEST, T0);
    accepts(proxy, &x, T0 - S);
    writer_add(proxy, &x);
    ends(proxy, &x, T0);
    assert_int_equal(mt_writer_close(proxy, T0), 0);
    struct mt_writer *file = open_as(&d, MT_WRITER_OFFLINE, T0 + 86400 * S);
    struct mt_exchange seen = call(3, MT_OBSERVER_TAP, T0);
    writer_add(file, &seen);
    seen = call(4, MT_OBSERVER_TAP, T0);
    writer_add(file, &seen);
    assert_int_equal(mt_writer_close(file, T0 + 86400 * S), 0);
    assert_int_equal(golden(&d, false), 2);
    dir_remove(&d);
}

/* Connections that were counted without the word of a proxy at work. */
static void check_untold(const struct dir *d, long long count)
{
    char sql[80];
    (void)snprintf(sql, sizeof sql,
                   "SELECT ifnull(sum(total),0) FROM loss WHERE kind=%d",
                   MT_LOSS_UNTOLD);
    assert_int_equal(ask_number(d->db, sql), count);
}

/* Without a proxy nothing waits; behind one nothing is lost, in its order,
 * however much comes at once. */
static void test_waiting_is_bounded(void **state)
{
    (void)state;
    struct dir d;
    static char big[200000];
    memset(big, 'x', sizeof big);
    dir_make(&d);
    struct mt_writer *tap = open_as(&d, MT_WRITER_TAP, T0);
    struct mt_exchange x = simple(T0);
    writer_add(tap, &x);
    assert_int_equal(mt_writer_commit(tap, T0), 0);
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM exchange"), 1);
    struct mt_writer *proxy = open_as(&d, MT_WRITER_PROXY, T0);
    assert_int_equal(mt_writer_commit(tap, T0), 0); /* now it knows of it */
    for (int i = 0; i < 100; i++) {
        x.stream = (uint64_t)i + 2;
        x.path = (struct mt_span){(const uint8_t *)big, sizeof big - 1};
        writer_add(tap, &x);
    }
    const struct mt_conn_report r = {
        .conn = 1, .ts_ns = T0, .retransmissions = {5, 0}};
    assert_int_equal(mt_writer_report(tap, &r), 0);
    assert_int_equal(mt_writer_commit(tap, T0 + 400 * MS), 0);
    long long early = ask_number(d.db, "SELECT count(*) FROM exchange");
    assert_in_range(early, 40, 70); /* what 8 MiB do not hold */
    assert_int_equal(mt_writer_commit(proxy, T0 + 400 * MS), 0);
    assert_int_equal(mt_writer_commit(tap, T0 + 501 * MS), 0);
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM exchange"), 101);
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM exchange a JOIN "
                                      "exchange b ON b.id=a.id+1 WHERE "
                                      "b.stream<>a.stream+1"),
                     0);
    assert_int_equal(ask_number(d.db, "SELECT sum(req_retransmissions) FROM "
                                      "edge_cell WHERE level=1"),
                     5);
    assert_int_equal(mt_writer_close(tap, T0 + S), 0);
    assert_int_equal(mt_writer_close(proxy, T0 + S), 0);
    check_untold(&d, 0); /* it is older than the proxy */
    dir_remove(&d);
}

static long long rows(const struct dir *d)
{
    return ask_number(d->db, "SELECT count(*) FROM exchange");
}

/* A request that both have seen, of which the proxy has not told yet. */
struct pair {
    struct dir d;
    struct mt_writer *proxy, *tap;
    int64_t slept_ns;
    bool ends_late;
};

static void tell(struct pair *p, int64_t now_ns)
{
    struct mt_exchange own = call(0, MT_OBSERVER_PROXY_REQUEST, T0);
    accepts(p->proxy, &own, T0 - MS);
    writer_add(p->proxy, &own);
    assert_int_equal(mt_writer_commit(p->proxy, now_ns), 0);
}

/* The tap's time goes on while it waits at its end; the proxy tells then. */
static void sleep_in_test(void *arg, int64_t ns)
{
    struct pair *p = arg;
    p->slept_ns += ns;
    if (p->ends_late && p->slept_ns == 10 * ns)
        tell(p, T0 + S);
}

static void pair_make(struct pair *p)
{
    *p = (struct pair){.slept_ns = 0};
    dir_make(&p->d);
    p->proxy = open_as(&p->d, MT_WRITER_PROXY, T0 - S);
    p->tap =
        writer_open(p->d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP,
                                                        .now_ns = T0,
                                                        .pause = sleep_in_test,
                                                        .pause_arg = p});
    struct mt_exchange seen = call(0, MT_OBSERVER_TAP, T0);
    writer_add(p->tap, &seen);
}

static void pair_end(struct pair *p, uint64_t counted, long long shadows,
                     long long untold)
{
    /* the totals of others leave its own alone */
    assert_int_equal(mt_writer_loss(p->tap, MT_LOSS_UNTOLD, 0, T0), 0);
    assert_int_equal(mt_writer_close(p->tap, T0 + 60 * S), 0);
    assert_int_equal(mt_writer_close(p->proxy, T0 + 60 * S), 0);
    check_untold(&p->d, untold);
    assert_int_equal(golden(&p->d, false), counted);
    assert_int_equal(observed(&p->d, "tap_shadow"), shadows);
    dir_remove(&p->d);
}

/* A name waits with the exchanges that it is of. */
static void test_a_name_waits(void **state)
{
    (void)state;
    struct pair p;
    const struct mt_addr shop = v4(10, 0, 0, 5, 8000);
    pair_make(&p);
    assert_int_equal(
        mt_writer_name(p.tap, &shop, MT_SPAN("nginx"), MT_NAME_PROCESS, T0), 0);
    assert_int_equal(mt_writer_commit(p.tap, T0 + 200 * MS), 0);
    tell(&p, T0 + 300 * MS);
    assert_int_equal(mt_writer_commit(p.tap, T0 + 9 * S), 0);
    assert_string_equal(
        ask_text(p.d.db, "SELECT name FROM service WHERE port=8000"), "nginx");
    pair_end(&p, 1, 1, 0);
}

/* However late it is, and though it tells of older things first. */
static void test_a_late_proxy_is_waited_for(void **state)
{
    (void)state;
    struct pair p;
    pair_make(&p);
    for (int i = 1; i <= 40; i++) {
        assert_int_equal(mt_writer_commit(p.tap, T0 + i * 200 * MS), 0);
        assert_true(mt_writer_hurries(p.tap));
        assert_int_equal(mt_writer_commit(p.proxy, T0 - S + i), 0);
        assert_true(mt_writer_hurries(p.proxy)); /* the tap waits for it */
    }
    assert_int_equal(rows(&p.d), 0);
    tell(&p, T0 + 300 * MS);
    assert_int_equal(mt_writer_commit(p.tap, T0 + 9 * S), 0);
    assert_int_equal(rows(&p.d), 2);
    assert_false(mt_writer_hurries(p.tap));
    pair_end(&p, 1, 1, 0);
}

/* A proxy that hangs, with a heartbeat that stands or is no longer fresh. */
static void test_a_mute_proxy_is_not(void **state)
{
    (void)state;
    for (int stale = 0; stale < 2; stale++) {
        struct pair p;
        pair_make(&p);
        int ticks = 0;
        while (rows(&p.d) == 0 && ticks < 1000) {
            ticks++;
            int64_t step = stale ? 2 * S : MS;
            assert_int_equal(mt_writer_commit(p.tap, T0 + ticks * step), 0);
        }
        if (stale)
            assert_in_range(ticks, 5, 7); /* 10 s */
        else
            assert_in_range(ticks, 64, 66);
        pair_end(&p, 1, 0, !stale); /* of which it never told */
    }
}

/* All of them have told, or the rest has ended. */
static void test_two_proxies(void **state)
{
    (void)state;
    struct pair p;
    pair_make(&p);
    struct mt_writer *other = open_as(&p.d, MT_WRITER_PROXY, T0 - S);
    assert_int_equal(mt_writer_commit(p.tap, T0 + 200 * MS), 0);
    assert_int_equal(mt_writer_commit(other, T0 + 300 * MS), 0);
    assert_int_equal(mt_writer_commit(p.tap, T0 + 400 * MS), 0);
    assert_int_equal(rows(&p.d), 0);
    tell(&p, T0 + 300 * MS);
    assert_int_equal(mt_writer_commit(p.tap, T0 + 600 * MS), 0);
    assert_int_equal(rows(&p.d), 2);
    struct mt_exchange seen = call(1, MT_OBSERVER_TAP, T0 + 700 * MS);
    writer_add(p.tap, &seen);
    assert_int_equal(mt_writer_commit(p.proxy, T0 + S), 0);
    assert_int_equal(mt_writer_commit(p.tap, T0 + 800 * MS), 0);
    assert_int_equal(rows(&p.d), 2);
    assert_int_equal(mt_writer_close(other, T0 + 400 * MS), 0);
    assert_int_equal(mt_writer_commit(p.tap, T0 + 900 * MS), 0);
    assert_int_equal(rows(&p.d), 3);
    pair_end(&p, 2, 1, 0);
}

/* The tap knew of no proxy when the connection's first exchange came. */
static void test_a_proxy_that_has_just_come(void **state)
{
    (void)state;
    struct pair p = {.slept_ns = 0};
    dir_make(&p.d);
    p.tap =
        writer_open(p.d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP,
                                                       .now_ns = T0 - S,
                                                       .pause = sleep_in_test,
                                                       .pause_arg = &p});
    p.proxy = open_as(&p.d, MT_WRITER_PROXY, T0 - S);
    struct mt_exchange seen = call(0, MT_OBSERVER_TAP, T0);
    writer_add(p.tap, &seen);
    assert_int_equal(mt_writer_commit(p.tap, T0 + MS), 0);
    assert_int_equal(rows(&p.d), 0);
    tell(&p, T0 + 2 * MS);
    pair_end(&p, 1, 1, 0);
}

/* What waits when the tap ends is told soon, or never. */
static void test_the_end_waits_a_second(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct pair p;
        pair_make(&p);
        p.ends_late = late == 0;
        assert_int_equal(mt_writer_finish(p.tap, T0 + 500 * MS), 0);
        if (late == 0)
            assert_int_equal(p.slept_ns, 100 * MS);
        else
            assert_int_equal(p.slept_ns, S);
        pair_end(&p, 1, late == 0, late);
    }
}

/* The wall clock was set back: its times stand still, until it is there. */
static void test_a_clock_set_back(void **state)
{
    (void)state;
    struct pair p;
    pair_make(&p);
    assert_int_equal(mt_writer_commit(p.tap, T0 + MS), 0);
    tell(&p, T0 - 3600 * S);
    for (int i = 0; i < 64; i++)
        assert_int_equal(mt_writer_commit(p.tap, T0 - 3600 * S), 0);
    assert_int_equal(rows(&p.d), 2); /* waited for long enough */
    pair_end(&p, 1, 1, 0);
}

/* What one request cost in tries is told by its attempts, and nothing else. */
/* Only another tap that is at work is one: what it sees counts twice. */
static void test_another_tap(void **state)
{
    (void)state;
    struct dir d;
    struct mt_writer_other other = {.pid = 0};
    dir_make(&d);
    struct mt_writer *proxy = open_as(&d, MT_WRITER_PROXY, T0);
    struct mt_writer *offline = open_as(&d, MT_WRITER_OFFLINE, T0);
    struct mt_writer *first =
        writer_open(d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP,
                                                     .now_ns = T0,
                                                     .pid = 77,
                                                     .host_id = "a",
                                                     .boot_id = "b"});
    assert_int_equal(mt_writer_other_tap(first, &other), 0);
    for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
        struct mt_writer *second = writer_open(
            d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP,
                                             .now_ns = T0 + 9 * S,
                                             .host_id = "a",
                                             .boot_id = elsewhere ? "c" : "b"});
        assert_int_equal(mt_writer_other_tap(second, &other), 1);
        assert_int_equal(other.pid, 77);
        assert_int_equal(other.started_ns, T0);
        assert_int_equal(other.here, !elsewhere);
        assert_int_equal(mt_writer_close(second, T0 + 9 * S), 0);
    }
    struct mt_writer *late = open_as(&d, MT_WRITER_TAP, T0 + 11 * S);
    assert_int_equal(mt_writer_other_tap(late, &other), 0); /* it hangs */
    assert_int_equal(mt_writer_commit(first, T0 + 11 * S), 0);
    assert_int_equal(mt_writer_other_tap(late, &other), 1);
    assert_int_equal(mt_writer_close(first, T0 + 11 * S), 0);
    assert_int_equal(mt_writer_other_tap(late, &other), 0);
    assert_int_equal(mt_writer_close(late, T0 + 11 * S), 0);
    assert_int_equal(mt_writer_close(offline, T0), 0);
    assert_int_equal(mt_writer_close(proxy, T0), 0);
    dir_remove(&d);
}

static void test_attempts(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *proxy = open_as(&d, MT_WRITER_PROXY, T0);
    for (unsigned n = 0; n < 10; n++) {
        struct mt_exchange x = call(n, MT_OBSERVER_PROXY_REQUEST, T0 + n * MS);
        writer_add(proxy, &x);
        for (unsigned i = 1; n % 2 == 0 && i <= 3; i++) {
            x.observer = MT_OBSERVER_PROXY_ATTEMPT;
            x.attempt = i;
            x.outcome = i < 3 ? MT_OUTCOME_FAILURE : MT_OUTCOME_OK;
            writer_add(proxy, &x);
        }
    }
    assert_int_equal(mt_writer_close(proxy, T0), 0);
    struct mt_store *s = store_open(d.db);
    struct mt_ask ask = {.from_ns = 0, .to_ns = INT64_MAX};
    struct mt_answer a;
    typedef int question(struct mt_store *, const struct mt_ask *,
                         struct mt_answer *);
    struct mt_filter *filter;
    struct mt_filter_error why;
    const struct mt_time_ref ref = {.now_ns = T0};
    assert_int_equal(mt_filter_new(&filter, MT_SPAN("status=200"), &ref, &why),
                     0);
    question *const questions[] = {mt_query_services, mt_query_edges,
                                   mt_query_routes, mt_query_summary};
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        assert_int_equal(questions[i](s, &ask, &a), 0);
        assert_int_equal(a.count, 1);
        assert_int_equal(a.total.counts.exchanges, 10);
        assert_int_equal(a.total.counts.failure, 0);
        assert_int_equal(a.total.counts.retries, 10);
        mt_answer_free(&a);
        /* the same where rows are scanned */
        ask.filter = filter;
        assert_int_equal(questions[i](s, &ask, &a), 0);
        assert_true(a.coverage.rows);
        assert_int_equal(a.total.counts.exchanges, 10);
        assert_int_equal(a.total.counts.retries, 10);
        mt_answer_free(&a);
        ask.filter = NULL;
    }
    mt_filter_free(filter);
    ask.attempts = true;
    assert_int_equal(mt_query_services(s, &ask, &a), 0);
    assert_int_equal(a.total.counts.exchanges, 25);
    assert_int_equal(a.total.counts.failure, 10);
    assert_int_equal(a.total.counts.retries, 10);
    mt_answer_free(&a);
    mt_store_free(s);
    dir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counted_once),
        cmocka_unit_test(test_two_threads),
        cmocka_unit_test(test_other_lives),
        cmocka_unit_test(test_capture_read_later),
        cmocka_unit_test(test_waiting_is_bounded),
        cmocka_unit_test(test_a_name_waits),
        cmocka_unit_test(test_a_late_proxy_is_waited_for),
        cmocka_unit_test(test_a_mute_proxy_is_not),
        cmocka_unit_test(test_two_proxies),
        cmocka_unit_test(test_a_proxy_that_has_just_come),
        cmocka_unit_test(test_the_end_waits_a_second),
        cmocka_unit_test(test_a_clock_set_back),
        cmocka_unit_test(test_another_tap),
        cmocka_unit_test(test_attempts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
