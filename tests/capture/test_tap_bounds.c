/* Time, losses and memory: rows 16, 17 and 18 of the edge cases. */
#include "tap_run.h"

/* Time goes by with packets of another flow, without payload. */
static void pass_s(struct run *r, int64_t s)
{
    uint16_t port = r->port;
    r->port = 1;
    for (; s > 0; s -= 10) {
        later_ms(r, 10000);
        put(r, 0, 1, 0, A, "");
    }
    r->port = port;
}

static void test_row16_idle(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    handshake(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    pass_s(&r, 590);
    put(&r, 1, 5000, 1003, A, "200");
    int64_t last_ns = r.ts_ns;
    assert_log(&r.log, "0:GET 1:200");
    pass_s(&r, 590);
    assert_log(&r.log, "");
    pass_s(&r, 20);
    assert_log(&r.log, "IDLE");
    assert_int_equal(r.log.last_ts_ns, last_ns + 600 * S_NS);
    assert_int_equal(stats_of(&r).tap.ended_idle, 1);
    assert_int_equal(stats_of(&r).flows_now, 0);
    stop(&r);
}

/* What waits while the connection is silent does not wait for ten minutes. */
static void test_row16_buffers_released(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    handshake(&r);
    put(&r, 0, 1003, 5000, A, "PUT");
    pass_s(&r, 10);
    assert_log(&r.log, "0~3 0:PUT");
    stop(&r);
}

static void test_live_clock_without_packets(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    handshake(&r);
    put(&r, 0, 1003, 5000, A, "PUT");
    for (int64_t ms = 10; ms < 2000; ms += 10)
        mt_tap_advance(r.tap, r.ts_ns + ms * MS_NS);
    assert_log(&r.log, "");
    mt_tap_advance(r.tap, r.ts_ns + 2200 * MS_NS);
    assert_log(&r.log, "0~3 0:PUT");
    mt_tap_advance(r.tap, r.ts_ns + 700 * S_NS);
    assert_log(&r.log, "IDLE");
    stop(&r);
}

/* A copy of a packet from next year ends nothing; nor does one of last year
 * stop the timers. */
static void test_one_broken_time_is_ignored(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    handshake(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    int64_t ts_ns = r.ts_ns;
    r.ts_ns = INT64_MAX;
    put(&r, 0, 1003, 5000, A, "PUT");
    r.ts_ns = ts_ns;
    put(&r, 0, 1006, 5000, A, "DEL");
    r.ts_ns = INT64_MIN;
    put(&r, 0, 1009, 5000, A, "ABC");
    r.ts_ns = ts_ns + MS_NS;
    put(&r, 0, 1012, 5000, A, "DEF");
    assert_log(&r.log, "0:GET 0:PUT 0:DEL 0:ABC 0:DEF");
    assert_int_equal(stats_of(&r).tap.clock_steps, 0);
    assert_int_equal(mt_tap_now_ns(r.tap), ts_ns + MS_NS);
    stop(&r);
}

static void test_clock_steps(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    handshake(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    later_ms(&r, -3600000); /* an hour back, and it stays there */
    put(&r, 0, 1003, 5000, A, "PUT");
    put(&r, 0, 1006, 5000, A, "DEL");
    assert_int_equal(stats_of(&r).tap.clock_steps, 1);
    assert_log(&r.log, "0:GET 0:PUT 0:DEL");
    pass_s(&r, 590); /* silence is measured without the step */
    assert_log(&r.log, "");
    pass_s(&r, 20);
    assert_log(&r.log, "IDLE");
    r.port = 40001;
    put(&r, 0, 1000, 5000, A | S, "x");
    later_ms(&r, 3600000); /* nothing was captured for an hour */
    r.port = 40002;
    put(&r, 0, 1000, 5000, A | S, "y");
    later_ms(&r, 1);
    put(&r, 0, 1000, 5000, A, "");
    assert_log(&r.log, "0:x 0:y IDLE");
    assert_int_equal(stats_of(&r).tap.clock_steps, 2);
    stop(&r);
}

static void test_reordered_times_do_no_harm(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    handshake(&r);
    for (uint32_t i = 0; i < 1000; i++) {
        r.ts_ns = T0_NS + 50 * MS_NS + (i * 7919 % 13) * MS_NS;
        put(&r, 0, 1000 + i, 5000, A, "x");
    }
    r.log.used = 0;
    assert_int_equal(stats_of(&r).tap.clock_steps, 0);
    assert_int_equal(stats_of(&r).tcp.payload_bytes, 1000);
    assert_int_equal(mt_tap_now_ns(r.tap), T0_NS + 62 * MS_NS);
    stop(&r);
}

static void test_row17_losses_are_counted_apart(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    handshake(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 1, 5000, 1003, A, "aa");
    put(&r, 1, 5004, 1003, A, "cc");
    put(&r, 0, 1003, 5006, A, "");
    struct mt_segment s = segment(1, 5006, 1003, A, "cut");
    s.ts_ns = r.ts_ns;
    s.payload_bytes = 8;
    mt_tap_segment(r.tap, &s);
    s.transport = MT_TRANSPORT_UDP;
    mt_tap_segment(r.tap, &s);
    segment_free(&s);
    later_ms(&r, 300);
    put(&r, 0, 1003, 5006, A, "");
    struct mt_tap_stats n = stats_of(&r);
    assert_log(&r.log, "0:GET 1:aa 1~2 1:cc 1:cut 1~5");
    assert_int_equal(n.tcp.gaps, 2);
    assert_int_equal(n.tcp.gap_bytes, 7);
    assert_int_equal(n.tcp.acked_gaps, 1);
    assert_int_equal(n.tcp.acks, 3);
    assert_int_equal(n.tcp.truncated_bytes, 5);
    assert_int_equal(n.tap.datagrams, 1);
    assert_int_equal(n.tap.segments, 9);
    mt_tap_end(r.tap);
    assert_int_equal(r.log.stats.gap_bytes[1], 7);
    stop(&r);
}

static uint16_t spread(struct run *r, struct mt_segment *s, uint32_t i)
{
    s->src.ip[14] = (uint8_t)(i >> 8);
    s->src.ip[13] = (uint8_t)(i >> 16);
    s->src.ip[12] = (uint8_t)(i >> 24);
    s->src.port = (uint16_t)(1024 + (i & 0xff));
    s->seq = i * 2654435761u;
    s->ts_ns = r->ts_ns;
    return s->src.port;
}

static void syn_flood(struct run *r, uint32_t n)
{
    struct mt_segment s = segment(0, 0, 0, S, "");
    for (uint32_t i = 0; i < n; i++) {
        (void)spread(r, &s, i);
        mt_tap_segment(r->tap, &s);
    }
}

/* The default ceiling holds a million flows in their handshake. */
static void test_row18_million_flows(void **state)
{
    (void)state;
    struct run r;
    start_with(&r, &(struct mt_tap_config){.keep_duplicates = true});
    syn_flood(&r, 1000000);
    struct mt_tap_stats n = stats_of(&r);
    assert_int_equal(n.flows_now, 1000000);
    assert_int_equal(n.tap.evicted_half_open, 0);
    assert_true(n.memory_now_bytes / 1000000 < 192);
    stop(&r);
}

/* A connection at work survives the flood; rows stay few, numbers exact. */
static void test_row18_syn_flood(void **state)
{
    (void)state;
    struct run r;
    start_with(&r, &(struct mt_tap_config){.limit_bytes = 1 << 20,
                                           .refused_per_s = 10,
                                           .keep_duplicates = true});
    handshake(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    syn_flood(&r, 200000);
    put(&r, 1, 5000, 1003, A, "200");
    struct mt_tap_stats n = stats_of(&r);
    assert_true(n.memory_peak_bytes <= 1 << 20);
    assert_int_equal(n.tap.evicted_half_open + n.flows_now, 200001);
    assert_int_equal(n.tap.evicted_decoded, 0);
    assert_int_equal(n.tap.unanswered - n.tap.attempts_unrecorded, 10);
    mt_tap_end(r.tap);
    n = stats_of(&r);
    assert_int_equal(n.tap.unanswered, 200000);
    stop(&r);
}

/* First the silent, then those that are worth least. */
static void test_row18_shedding_order(void **state)
{
    (void)state;
    struct run r;
    start_with(&r, &(struct mt_tap_config){.limit_bytes = 256 << 10});
    r.port = 2; /* decoded, by the sink's idea of it; silent for a minute */
    put(&r, 0, 999, 0, S, "");
    put(&r, 0, 1000, 5000, A, "GET");
    pass_s(&r, 60);
    r.port = 3; /* decoded */
    put(&r, 0, 999, 0, S, "");
    put(&r, 0, 1000, 5000, A, "GET");
    r.port = 4; /* unknown */
    put(&r, 0, 999, 0, S, "");
    put(&r, 0, 1000, 5000, A, "x");
    assert_log(&r.log, "0:GET 0:GET 0:x");
    uint32_t seen = 0, order[3] = {0};
    for (uint32_t i = 0; i < 4000 && seen < 3;
         i++) { /* all that the pool has */
        r.port = (uint16_t)(1000 + i);
        put(&r, 0, 999, 0, S, "");
        put(&r, 0, 1000, 5000, A, "GET");
        struct mt_tap_stats n = stats_of(&r);
        uint64_t evicted[3] = {n.tap.evicted_idle, n.tap.evicted_unknown,
                               n.tap.evicted_decoded};
        for (uint32_t k = 0; k < 3; k++)
            if (evicted[k] > 0 && order[k] == 0)
                order[k] = ++seen;
    }
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 2);
    assert_int_equal(order[2], 3);
    stop(&r);
}

static void test_no_memory_at_all(void **state)
{
    (void)state;
    for (size_t limit = 1; limit < 70000; limit += 97) {
        struct log log = {.used = 0};
        struct mt_tap_config c = {.limit_bytes = limit,
                                  .keep_duplicates = true,
                                  .sink = &sink,
                                  .sink_context = &log};
        struct run r = {.tap = mt_tap_new(&c), .ts_ns = T0_NS, .port = 1};
        if (r.tap == NULL)
            continue;
        handshake(&r);
        put(&r, 0, 1003, 5000, A, "PUT");
        put(&r, 0, 1000, 5000, A, "GET");
        put(&r, 1, 5000, 1006, A | F, "200");
        put(&r, 0, 1006, 5004, A | F, "");
        mt_tap_end(r.tap);
        assert_int_equal(log.open, 0);
        assert_int_equal(stats_of(&r).flows_now, 0);
        mt_tap_free(r.tap);
    }
}

static void test_end_is_in_order_of_creation(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    static const char *const text[] = {"a", "BBB", "c", "DDD", "e"};
    for (uint16_t i = 0; i < 5; i++) {
        r.port = (uint16_t)(100 + i);
        put(&r, 0, 999, 0, S, "");
    }
    for (uint16_t i = 5; i-- > 0;) {
        r.port = (uint16_t)(100 + i);
        put(&r, 0, 1005, 5000, A, text[i]);
    }
    assert_log(&r.log, "");
    mt_tap_end(r.tap);
    assert_log(&r.log, "0~5 0:a CAPTURE 0~5 0:BBB CAPTURE 0~5 0:c CAPTURE "
                       "0~5 0:DDD CAPTURE 0~5 0:e CAPTURE");
    stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row16_idle),
        cmocka_unit_test(test_row16_buffers_released),
        cmocka_unit_test(test_live_clock_without_packets),
        cmocka_unit_test(test_one_broken_time_is_ignored),
        cmocka_unit_test(test_clock_steps),
        cmocka_unit_test(test_reordered_times_do_no_harm),
        cmocka_unit_test(test_row17_losses_are_counted_apart),
        cmocka_unit_test(test_row18_million_flows),
        cmocka_unit_test(test_row18_syn_flood),
        cmocka_unit_test(test_row18_shedding_order),
        cmocka_unit_test(test_no_memory_at_all),
        cmocka_unit_test(test_end_is_in_order_of_creation),
    };
    return cmocka_run_group_tests_name("capture/%s", tests, NULL, NULL);
}
