/* Reassembly of one connection, rows 1, 2, 4-7, 10, 13 of the edge cases. */
#include "segments.h"

#include "capture/tcp.h"

struct run {
    struct mt_pool pool;
    struct mt_tcp t;
    struct mt_tcp_env env;
    struct mt_tcp_counters n;
    struct mt_conn_stats stats;
    struct log log;
};

static void feed(void *to, struct mt_tcp *t, int side,
                 const struct mt_chunk *chunk)
{
    (void)t;
    log_feed(to, side, chunk);
}

static void gap(void *to, struct mt_tcp *t, int side, uint64_t n, int64_t ts_ns)
{
    (void)t, (void)ts_ns;
    log_gap(to, side, n);
}

static void end(void *to, struct mt_tcp *t, int side, enum mt_end e,
                int64_t ts_ns)
{
    (void)t, (void)ts_ns;
    log_event(to, side, log_end_name(e));
}

static const struct mt_tcp_sink sink = {.feed = feed, .gap = gap, .end = end};

static void start_with(struct run *r, size_t limit)
{
    *r = (struct run){.env = {.now_ns = 0}};
    mt_pool_init(&r->pool, limit);
    mt_tcp_init(&r->t);
    r->env = (struct mt_tcp_env){.pool = &r->pool,
                                 .sink = &sink,
                                 .to = &r->log,
                                 .counters = &r->n,
                                 .ts_ns = T0_NS};
    r->t.stats = &r->stats;
}

/* Side 0 starts at 1000, side 1 at 5000, both SYNs seen. */
static void start(struct run *r)
{
    start_with(r, 4 << 20);
    mt_tcp_expect(&r->t, 0, 1000, true);
    mt_tcp_expect(&r->t, 1, 5000, true);
}

static void stop(struct run *r)
{
    mt_tcp_deinit(&r->t, &r->pool);
    assert_int_equal(r->pool.used_bytes, 0);
    mt_pool_deinit(&r->pool);
}

static void put(struct run *r, int side, uint32_t seq, uint32_t ack,
                unsigned flags, const char *payload)
{
    struct mt_segment s = segment(side, seq, ack, flags, payload);
    s.ts_ns = r->env.ts_ns;
    mt_tcp_input(&r->t, &r->env, side, &s);
    segment_free(&s);
}

static void wait_ms(struct run *r, int64_t ms)
{
    r->env.now_ns += ms * MS_NS;
    r->env.ts_ns += ms * MS_NS;
    mt_tcp_tick(&r->t, &r->env);
}

static void test_in_order_needs_no_memory(void **state)
{
    (void)state;
    struct run r;
    start_with(&r, 0);
    mt_tcp_expect(&r.t, 0, 1000, true);
    mt_tcp_expect(&r.t, 1, 5000, true);
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 1, 5000, 1003, A, "200");
    put(&r, 0, 1003, 5003, A, "PUT");
    put(&r, 1, 5003, 1006, A, "201");
    assert_log(&r.log, "0:GET 1:200 0:PUT 1:201");
    assert_int_equal(r.stats.packets[0], 2);
    assert_false(mt_tcp_stalled(&r.t));
    stop(&r);
}

static void test_row4_out_of_order(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1006, 5000, A, "cc");
    put(&r, 0, 1003, 5000, A, "bbb");
    assert_log(&r.log, "");
    assert_true(mt_tcp_stalled(&r.t));
    put(&r, 0, 1000, 5000, A, "aaa");
    assert_log(&r.log, "0:aaa 0:bbb 0:cc");
    assert_int_equal(r.n.out_of_order, 3);
    assert_int_equal(r.n.retransmissions, 0);
    assert_false(mt_tcp_stalled(&r.t));
    stop(&r);
}

static void test_late_bytes_keep_their_time(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1003, 5000, A, "bbb");
    wait_ms(&r, 7);
    put(&r, 0, 1000, 5000, A, "aaa");
    assert_log(&r.log, "0:aaa 0:bbb");
    assert_int_equal(r.log.last_ts_ns, T0_NS);
    stop(&r);
}

static void test_sequence_wraps(void **state)
{
    (void)state;
    struct run r;
    start_with(&r, 1 << 20);
    mt_tcp_expect(&r.t, 0, 0xfffffffe, true);
    put(&r, 0, 0x00000002, 0, 0, "wwww");
    put(&r, 0, 0xfffffffe, 0, 0, "vvvv");
    put(&r, 0, 0x00000006, 0, 0, "x");
    put(&r, 0, 0xfffffffe, 0, 0, "vvvv");
    assert_log(&r.log, "0:vvvv 0:wwww 0:x");
    assert_int_equal(r.n.retransmissions, 1);
    stop(&r);
}

static void test_response_never_overtakes_its_request(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 1, 5000, 1003, A, "200");
    assert_log(&r.log, "");
    put(&r, 0, 1000, 5000, A, "GET");
    assert_log(&r.log, "0:GET 1:200");
    assert_int_equal(r.n.gaps, 0);
    stop(&r);
}

static void test_row5_gap_known_from_ack(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 1, 5000, 1000, A, "aa");
    put(&r, 1, 5004, 1000, A, "cc"); /* bb is lost */
    put(&r, 0, 1000, 5006, A, "");   /* but it arrived */
    assert_log(&r.log, "1:aa");
    for (int i = 0; i < MT_TCP_REORDER_PACKETS; i++)
        put(&r, 0, 1000, 5006, A, "");
    assert_log(&r.log, "1~2 1:cc");
    assert_int_equal(r.n.gaps, 1);
    assert_int_equal(r.n.gap_bytes, 2);
    assert_int_equal(r.n.acked_gaps, 1);
    stop(&r);
}

/* Two responses are lost: the request between them stays between them. */
static void test_row5_gaps_keep_their_turn(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A, "one");
    put(&r, 0, 1003, 5100, A, "two");
    put(&r, 0, 1006, 5300, A, "six");
    wait_ms(&r, 200);
    wait_ms(&r, 200);
    assert_log(&r.log, "0:one 1~100 0:two 1~200 0:six");
    assert_int_equal(r.n.acked_gaps, 2);
    stop(&r);
}

/* Nothing follows the lost bytes: the acknowledgement alone tells. */
static void test_row5_gap_at_the_end_in_time(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 0, 1003, 5010, A, "");
    assert_log(&r.log, "0:GET");
    wait_ms(&r, 199);
    assert_log(&r.log, "");
    wait_ms(&r, 1);
    assert_log(&r.log, "1~10");
    put(&r, 1, 5000, 1003, A, "0123456789"); /* too late, and harmless */
    assert_log(&r.log, "");
    assert_int_equal(r.n.retransmissions, 1);
    stop(&r);
}

/* What the network lost is sent again: it must not become a gap meanwhile. */
static void test_row5_unacked_hole_waits_two_seconds(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A, "x");
    put(&r, 1, 5003, 1001, A, "bbb");
    for (int i = 0; i < 50; i++)
        put(&r, 0, 1001, 5000, A, "");
    wait_ms(&r, 1900);
    assert_log(&r.log, "0:x");
    put(&r, 1, 5000, 1001, A, "aaa");
    assert_log(&r.log, "1:aaa 1:bbb");
    put(&r, 1, 5009, 1001, A, "ddd");
    wait_ms(&r, 2000);
    assert_log(&r.log, "1~3 1:ddd");
    assert_int_equal(r.n.acked_gaps, 0);
    stop(&r);
}

static void fill(char *text, size_t n)
{
    memset(text, 'x', n);
    text[n] = '\0';
}

static void test_row5_gap_by_bytes_above_the_hole(void **state)
{
    (void)state;
    struct run r;
    static char text[8193];
    fill(text, 8192);
    start(&r);
    put(&r, 0, 1000, 5000, A, "x"); /* its acknowledgements are seen */
    put(&r, 1, 5000, 1001, A, "a");
    for (uint32_t i = 0; i < 32; i++)
        put(&r, 1, 5003 + i * 8192, 1001, A, text);
    assert_int_equal(r.n.gaps, 0);
    assert_int_equal(r.t.side[1].queued_bytes, MT_TCP_QUEUE_BYTES);
    put(&r, 1, 5003 + 32 * 8192, 1001, A, "y");
    assert_int_equal(r.n.gaps, 1);
    assert_int_equal(r.n.gap_bytes, 2);
    assert_int_equal(r.t.side[1].queued_bytes, 0);
    assert_int_equal(r.pool.used_bytes, 0);
    stop(&r);
}

static void test_row5_gap_by_segments_above_the_hole(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A, "x");
    for (uint32_t i = 0; i < MT_TCP_QUEUE_SEGMENTS; i++)
        put(&r, 1, 5003 + i, 1001, A, "b");
    assert_int_equal(r.n.gaps, 0);
    put(&r, 1, 5003 + MT_TCP_QUEUE_SEGMENTS, 1001, A, "b");
    assert_int_equal(r.n.gaps, 1);
    assert_int_equal(r.n.gap_bytes, 3);
    stop(&r);
}

static void test_row6_acks_never_seen(void **state)
{
    (void)state;
    struct run r;
    static char text[8193];
    fill(text, 8192);
    start_with(&r, 1 << 20);
    mt_tcp_expect(&r.t, 1, 5000, true);
    put(&r, 1, 5000, 1001, A, "a");
    put(&r, 1, 5003, 1001, A, text);
    put(&r, 1, 5003 + 8192, 1001, A, text);
    assert_int_equal(r.n.gaps, 0);
    put(&r, 1, 5003 + 16384, 1001, A, "b");
    assert_int_equal(r.n.gaps, 1);
    assert_int_equal(r.n.payload_bytes, 1 + 16384 + 1);
    stop(&r);
}

/* One direction alone: what it acknowledges is no gap, nothing waits. */
static void test_row2_one_side_only(void **state)
{
    (void)state;
    struct run r;
    start_with(&r, 1 << 20);
    mt_tcp_expect(&r.t, 0, 1000, true);
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 0, 1003, 5500, A, "PUT");
    put(&r, 0, 1006, 5900, A | F, "");
    assert_log(&r.log, "0:GET 0:PUT 0.FIN");
    assert_false(r.t.closed);
    wait_ms(&r, 2000);
    assert_true(r.t.closed);
    assert_log(&r.log, "");
    assert_int_equal(r.n.gaps, 0);
    stop(&r);
}

static void test_row1_midstream(void **state)
{
    (void)state;
    struct run r;
    start_with(&r, 1 << 20);
    put(&r, 0, 777000, 888000, A, "GET");
    put(&r, 1, 888000, 777003, A, "200");
    put(&r, 0, 777003, 888003, A, "PUT");
    wait_ms(&r, 200);
    put(&r, 1, 888003, 777006, A, "201");
    assert_log(&r.log, "0:GET 1:200 0:PUT 1:201");
    assert_int_equal(r.n.gaps, 0);
    stop(&r);
}

static void test_row1_first_packets_reordered(void **state)
{
    (void)state;
    struct run r;
    start_with(&r, 1 << 20);
    put(&r, 0, 1003, 5000, A, "bbb");
    put(&r, 0, 1000, 5000, A, "aaa");
    put(&r, 1, 5003, 1006, A, "ddd");
    put(&r, 1, 5000, 1006, A, "ccc");
    wait_ms(&r, 200);
    assert_log(&r.log, "0:aaa 0:bbb 1:ccc 1:ddd");
    assert_int_equal(r.n.gaps, 0);
    stop(&r);
}

static void test_row7_retransmissions(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A, "0123456789abcdef");
    put(&r, 0, 1000, 5000, A, "0123456789abcdef");
    assert_int_equal(r.n.retransmissions, 1);
    assert_int_equal(r.n.retransmitted_different, 0);
    put(&r, 0, 1000, 5000, A, "0123456789ABCDEF");
    assert_int_equal(r.n.retransmissions, 2);
    assert_int_equal(r.n.retransmitted_different, 1);
    put(&r, 0, 1010, 5000, A, "abcdefghi"); /* partly new */
    assert_int_equal(r.n.retransmissions, 3);
    assert_int_equal(r.stats.retransmissions[0], 3);
    assert_log(&r.log, "0:0123456789abcdef 0:ghi");
    stop(&r);
}

static void test_row7_first_bytes_win_in_the_queue(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1003, 5000, A, "ddd");
    put(&r, 0, 1009, 5000, A, "jjj");
    put(&r, 0, 1001, 5000, A, "bcDDDghiJJJm"); /* over, between and beyond */
    assert_int_equal(r.n.retransmissions, 1);
    assert_int_equal(r.n.retransmitted_different, 1);
    put(&r, 0, 1000, 5000, A, "a");
    assert_log(&r.log, "0:a 0:bc 0:ddd 0:ghi 0:jjj 0:m");
    stop(&r);
}

static void test_row10_snaplen(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    struct mt_segment s = segment(1, 5000, 1000, A, "head");
    s.payload_bytes = 1000;
    mt_tcp_input(&r.t, &r.env, 1, &s);
    segment_free(&s);
    put(&r, 1, 6000, 1000, A, "next");
    assert_log(&r.log, "1:head 1~996 1:next");
    assert_int_equal(r.n.truncated_packets, 1);
    assert_int_equal(r.n.truncated_bytes, 996);
    assert_int_equal(r.stats.truncated, 1);
    stop(&r);
}

static void test_row10_snaplen_out_of_order(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    struct mt_segment s = segment(1, 5004, 1000, A, "cut");
    s.payload_bytes = 10;
    mt_tcp_input(&r.t, &r.env, 1, &s);
    segment_free(&s);
    put(&r, 1, 5000, 1000, A, "head");
    put(&r, 1, 5014, 1000, A, "tail");
    assert_log(&r.log, "1:head 1:cut 1~7 1:tail");
    stop(&r);
}

static void test_row13_fin_both_sides(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A | F, "GET"); /* with data: half-close */
    put(&r, 1, 5000, 1004, A, "200");
    put(&r, 1, 5003, 1004, A, "body");
    assert_false(r.t.closed);
    put(&r, 1, 5007, 1004, A | F, "");
    assert_log(&r.log, "0:GET 0.FIN 1:200 1:body 1.FIN");
    assert_true(r.t.closed);
    stop(&r);
}

static void test_row13_fin_out_of_order(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1006, 5000, A | F, "");
    put(&r, 0, 1003, 5000, A, "bbb");
    put(&r, 0, 1006, 5000, A | F, "");
    assert_log(&r.log, "");
    put(&r, 0, 1000, 5000, A, "aaa");
    assert_log(&r.log, "0:aaa 0:bbb 0.FIN");
    stop(&r);
}

static void test_row13_simultaneous_close(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A | F, "");
    put(&r, 1, 5000, 1000, A | F, "");
    assert_log(&r.log, "0.FIN 1.FIN");
    assert_true(r.t.closed);
    stop(&r);
}

static void test_row13_data_after_fin(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A | F, "GET");
    put(&r, 0, 1003, 5000, A, "more");
    put(&r, 0, 1004, 5000, A, "more");
    assert_log(&r.log, "0:GET 0.FIN");
    assert_int_equal(r.n.after_end_bytes, 8);
    stop(&r);
}

static void test_row13_lost_fin(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A | F, "GET");
    put(&r, 1, 5000, 1004, A, "200");
    put(&r, 0, 1004, 5004, A, ""); /* 200 and a FIN nobody captured */
    wait_ms(&r, 200);
    assert_log(&r.log, "0:GET 0.FIN 1:200 1.FIN");
    assert_int_equal(r.n.gaps, 0);
    stop(&r);
}

static void test_row13_reset(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 1, 5000, 1003, R | A, "go away"); /* text in RST: RFC 9293 3.5.3 */
    assert_log(&r.log, "0:GET 1.RST");
    assert_true(r.t.closed);
    put(&r, 1, 5000, 1003, A, "late");
    assert_log(&r.log, "");
    stop(&r);
}

static void test_row13_reset_out_of_window(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 1, 5000 + (3u << 20), 1003, R, "");
    put(&r, 1, 5000 - (3u << 20), 1003, R, "");
    assert_false(r.t.closed);
    assert_int_equal(r.n.misplaced, 2);
    put(&r, 1, 5000, 1003, A, "200");
    assert_log(&r.log, "0:GET 1:200");
    stop(&r);
}

/* Bytes sent before the reset and captured after it still count. */
static void test_row13_reset_overtakes_data(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 1, 5003, 1003, R | A, "");
    assert_log(&r.log, "0:GET");
    put(&r, 1, 5000, 1003, A, "200");
    assert_log(&r.log, "1:200 1.RST");
    stop(&r);
}

static void test_row13_reset_over_a_hole(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 1, 5010, 1003, A, "tail");
    put(&r, 1, 5014, 1003, R | A, "");
    wait_ms(&r, 200);
    assert_log(&r.log, "0:GET 1~10 1:tail 1.RST");
    assert_true(r.t.closed);
    stop(&r);
}

static void test_row13_keep_alive_and_zero_window(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 0, 1002, 5000, A, "");  /* no byte */
    put(&r, 0, 1002, 5000, A, "x"); /* one garbage byte */
    struct mt_segment s = segment(1, 5000, 1003, A, "");
    s.window = 0;
    mt_tcp_input(&r.t, &r.env, 1, &s);
    assert_log(&r.log, "0:GET");
    assert_int_equal(r.n.keep_alives, 2);
    assert_int_equal(r.n.retransmissions, 0);
    assert_int_equal(r.n.zero_windows, 1);
    assert_int_equal(r.stats.zero_windows[1], 1);
    stop(&r);
}

static void test_row13_data_in_syn(void **state)
{
    (void)state;
    struct run r;
    start_with(&r, 1 << 20);
    mt_tcp_expect(&r.t, 0, 1000, true);
    put(&r, 0, 999, 0, S, "GET");
    mt_tcp_expect(&r.t, 1, 5000, true);
    put(&r, 0, 1000, 5000, A, "GET"); /* the server took no data in SYN */
    put(&r, 1, 5000, 1003, A, "200");
    assert_log(&r.log, "0:GET 1:200");
    assert_int_equal(r.n.retransmissions, 1);
    stop(&r);
}

/* A stray acknowledgement far off its own direction moves nothing. */
static void test_stray_ack_moves_nothing(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 0, 1000 - (5u << 20), 5000 + 100000, A, "");
    wait_ms(&r, 3000);
    put(&r, 1, 5000, 1003, A, "200");
    assert_log(&r.log, "0:GET 1:200");
    stop(&r);
}

/* The capture paused while gigabytes went by. */
static void test_resync_far_away(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A, "aaa");
    uint32_t seq = 1003 + 0x80000000u;
    for (int i = 0; i < MT_TCP_STRAYS_MAX; i++, seq += 3)
        put(&r, 0, seq, 5000, A, "bbb");
    put(&r, 0, seq, 5000, A, "ccc");
    assert_log(&r.log, "0:aaa 0~? 0:bbb 0:ccc");
    assert_int_equal(r.n.resyncs, 1);
    stop(&r);
}

/* Each waits for the other: no TCP does so, and it must not last. */
static void test_mutual_wait_ends(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5003, A, "aaa");
    put(&r, 1, 5000, 1003, A, "bbb");
    wait_ms(&r, 2000);
    wait_ms(&r, 2000);
    assert_log(&r.log, "0:aaa 1:bbb");
    assert_false(mt_tcp_stalled(&r.t));
    stop(&r);
}

static void test_flush_names_the_gaps(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1003, 5000, A, "bbb");
    put(&r, 1, 5003, 1006, A, "ddd");
    put(&r, 0, 1006, 5009, A, "");
    mt_tcp_flush(&r.t, &r.env);
    assert_log(&r.log, "0~3 0:bbb 1~3 1:ddd 1~3");
    stop(&r);
}

static void test_no_memory_hands_on_early(void **state)
{
    (void)state;
    struct run r;
    start_with(&r, 0);
    mt_tcp_expect(&r.t, 0, 1000, true);
    mt_tcp_expect(&r.t, 1, 5000, true);
    put(&r, 0, 1003, 5000, A, "bbb");
    put(&r, 0, 1000, 5000, A, "aaa");
    put(&r, 1, 5000, 2000, A, "ccc"); /* would wait for what is missing */
    assert_log(&r.log, "0~3 0:bbb 1:ccc");
    assert_int_equal(r.n.out_of_order_unheld, 2);
    stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order_needs_no_memory),
        cmocka_unit_test(test_row4_out_of_order),
        cmocka_unit_test(test_late_bytes_keep_their_time),
        cmocka_unit_test(test_sequence_wraps),
        cmocka_unit_test(test_response_never_overtakes_its_request),
        cmocka_unit_test(test_row5_gap_known_from_ack),
        cmocka_unit_test(test_row5_gaps_keep_their_turn),
        cmocka_unit_test(test_row5_gap_at_the_end_in_time),
        cmocka_unit_test(test_row5_unacked_hole_waits_two_seconds),
        cmocka_unit_test(test_row5_gap_by_bytes_above_the_hole),
        cmocka_unit_test(test_row5_gap_by_segments_above_the_hole),
        cmocka_unit_test(test_row6_acks_never_seen),
        cmocka_unit_test(test_row2_one_side_only),
        cmocka_unit_test(test_row1_midstream),
        cmocka_unit_test(test_row1_first_packets_reordered),
        cmocka_unit_test(test_row7_retransmissions),
        cmocka_unit_test(test_row7_first_bytes_win_in_the_queue),
        cmocka_unit_test(test_row10_snaplen),
        cmocka_unit_test(test_row10_snaplen_out_of_order),
        cmocka_unit_test(test_row13_fin_both_sides),
        cmocka_unit_test(test_row13_fin_out_of_order),
        cmocka_unit_test(test_row13_simultaneous_close),
        cmocka_unit_test(test_row13_data_after_fin),
        cmocka_unit_test(test_row13_lost_fin),
        cmocka_unit_test(test_row13_reset),
        cmocka_unit_test(test_row13_reset_out_of_window),
        cmocka_unit_test(test_row13_reset_overtakes_data),
        cmocka_unit_test(test_row13_reset_over_a_hole),
        cmocka_unit_test(test_row13_keep_alive_and_zero_window),
        cmocka_unit_test(test_row13_data_in_syn),
        cmocka_unit_test(test_stray_ack_moves_nothing),
        cmocka_unit_test(test_resync_far_away),
        cmocka_unit_test(test_mutual_wait_ends),
        cmocka_unit_test(test_flush_names_the_gaps),
        cmocka_unit_test(test_no_memory_hands_on_early),
    };
    return cmocka_run_group_tests_name("capture/tcp", tests, NULL, NULL);
}
