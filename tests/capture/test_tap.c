/* The tap as a whole, over a sink that writes down what each connection is
 * told: rows 3, 8, 12, 13, 16-18 of the edge cases. */
#include "segments.h"

#include "capture/tap.h"

struct conn {
    struct log *log;
    struct mt_conn_stats stats;
};

static void *sink_open(void *context, const struct mt_conn_start *start,
                       struct mt_conn_stats **stats)
{
    struct log *l = context;
    struct conn *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->log = l;
    l->open++;
    l->opened++;
    l->start = *start;
    *stats = &c->stats;
    return c;
}

static void sink_feed(void *conn, int side, const struct mt_chunk *chunk)
{
    log_feed(((struct conn *)conn)->log, side, chunk);
}

static void sink_gap(void *conn, int side, uint64_t n, int64_t ts_ns)
{
    (void)ts_ns;
    log_gap(((struct conn *)conn)->log, side, n);
}

static void sink_end(void *conn, int side, enum mt_end end, int64_t ts_ns)
{
    (void)ts_ns;
    log_event(((struct conn *)conn)->log, side, log_end_name(end));
}

static bool sink_is_decoded(const void *conn)
{
    return ((const struct conn *)conn)->stats.bytes[0] >= 3;
}

static void sink_close(void *conn, enum mt_end end, int64_t ts_ns)
{
    struct conn *c = conn;
    const char *name = log_end_name(end) + 1;
    log_add(c->log, name, strlen(name));
    c->log->last_ts_ns = ts_ns;
    c->log->open--;
    c->log->stats = c->stats;
    free(c);
}

static void sink_refused(void *context, const struct mt_conn_start *start,
                         enum mt_error error, int64_t ts_ns)
{
    struct log *l = context;
    const char *name = mt_error_text(error);
    log_add(l, name, strlen(name));
    l->start = *start;
    l->last_ts_ns = ts_ns;
}

static const struct mt_tap_sink sink = {
    .open = sink_open,
    .feed = sink_feed,
    .gap = sink_gap,
    .end = sink_end,
    .is_decoded = sink_is_decoded,
    .close = sink_close,
    .refused = sink_refused,
};

struct run {
    struct mt_tap *tap;
    struct log log;
    int64_t ts_ns;
    uint16_t ip_id; /* of the next segment; 0 none */
    uint32_t ts_val;
    uint32_t interface_id;
    uint64_t network;
    uint16_t port; /* of side 0 */
};

static void start_with(struct run *r, const struct mt_tap_config *config)
{
    struct mt_tap_config c = *config;
    *r = (struct run){.ts_ns = T0_NS, .port = 40000};
    c.sink = &sink;
    c.sink_context = &r->log;
    r->tap = mt_tap_new(&c);
    assert_non_null(r->tap);
}

static void start(struct run *r)
{
    start_with(r, &(struct mt_tap_config){.limit_bytes = 0});
}

static struct mt_tap_stats stats_of(const struct run *r)
{
    struct mt_tap_stats s;
    mt_tap_stats(r->tap, &s);
    return s;
}

/* Nothing is left once the tap has ended. */
static void stop(struct run *r)
{
    mt_tap_end(r->tap);
    assert_int_equal(r->log.open, 0);
    assert_int_equal(stats_of(r).flows_now, 0);
    mt_tap_free(r->tap);
}

static void put(struct run *r, int side, uint32_t seq, uint32_t ack,
                unsigned flags, const char *payload)
{
    struct mt_segment s = segment(side, seq, ack, flags, payload);
    (side == 0 ? &s.src : &s.dst)->port = r->port;
    s.ts_ns = r->ts_ns;
    s.network = r->network;
    s.interface_id = r->interface_id;
    s.has_ip_id = r->ip_id != 0;
    s.ip_id = r->ip_id;
    s.has_timestamps = r->ts_val != 0;
    s.ts_val = r->ts_val;
    mt_tap_segment(r->tap, &s);
    segment_free(&s);
}

static void later_ms(struct run *r, int64_t ms)
{
    r->ts_ns += ms * MS_NS;
}

static void handshake(struct run *r)
{
    put(r, 0, 999, 0, S, "");
    later_ms(r, 3);
    put(r, 1, 4999, 1000, S | A, "");
    later_ms(r, 3);
    put(r, 0, 1000, 5000, A, "");
}

static void test_whole_connection(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    handshake(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 1, 5000, 1003, A, "200");
    put(&r, 1, 5003, 1003, F | A, "");
    put(&r, 0, 1003, 5004, F | A, "");
    put(&r, 1, 5004, 1004, A, "");
    assert_log(&r.log, "0:GET 1:200 1.FIN 0.FIN FIN");
    assert_int_equal(r.log.stats.bytes[0], 3);
    assert_int_equal(r.log.stats.packets[0], 4);
    assert_int_equal(r.log.stats.packets[1], 3);
    assert_int_equal(r.log.stats.handshake_rtt_ns, 6 * MS_NS);
    assert_int_equal(r.log.start.client, 0);
    assert_int_equal(r.log.start.role_evidence, MT_ROLE_BY_SYN);
    assert_false(r.log.start.midstream);
    assert_int_equal(r.log.start.ts_ns, T0_NS);
    assert_int_equal(stats_of(&r).tap.late_packets, 1);
    assert_int_equal(stats_of(&r).tap.flows, 1);
    stop(&r);
}

/* The connection is told of an end that came before its first byte. */
static void test_row13_half_closed_before_payload(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    handshake(&r);
    put(&r, 0, 1000, 5000, F | A, "");
    put(&r, 1, 5000, 1001, A, "220");
    put(&r, 1, 5003, 1001, F | A, "");
    assert_log(&r.log, "0.FIN 1:220 1.FIN FIN");
    stop(&r);
}

static void test_row1_midstream(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 1, 5000, 1000, A, ""); /* nothing of use */
    put(&r, 1, 5000, 1000, A, "200");
    put(&r, 0, 1000, 5003, A, "GET");
    later_ms(&r, 50);
    put(&r, 1, 5003, 1003, A, "201");
    assert_log(&r.log, "0:200 1:GET 0:201"); /* side 0: seen first */
    assert_true(r.log.start.midstream);
    assert_int_equal(r.log.start.client, 1); /* 40000 -> 80 */
    assert_int_equal(r.log.start.role_evidence, MT_ROLE_BY_PORT);
    assert_int_equal(stats_of(&r).tap.stray_packets, 1);
    stop(&r);
}

static void test_row3_roles(void **state)
{
    (void)state;
    static const struct {
        uint16_t port[2];
        int client;
        int evidence;
    } vectors[] = {
        {{40000, 80}, 0, MT_ROLE_BY_PORT},
        {{80, 40000}, 1, MT_ROLE_BY_PORT},
        {{50051, 40000}, 1, MT_ROLE_BY_PORT},
        {{8080, 20000}, 1, MT_ROLE_BY_PORT},
        {{20001, 20000}, 0, MT_ROLE_BY_LOWER_PORT},
        {{8080, 80}, 0, MT_ROLE_BY_LOWER_PORT},
        {{20000, 20000}, -1, MT_ROLE_BY_NONE},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct run r;
        start(&r);
        struct mt_segment s = segment(0, 1000, 5000, A, "x");
        s.src.port = vectors[i].port[0];
        s.dst.port = vectors[i].port[1];
        mt_tap_segment(r.tap, &s);
        segment_free(&s);
        mt_tap_end(r.tap);
        assert_int_equal(r.log.start.client, vectors[i].client);
        assert_int_equal(r.log.start.role_evidence, vectors[i].evidence);
        stop(&r);
    }
}

/* The SYN-ACK alone tells both numbers and who is the client. */
static void test_row3_syn_ack_only(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 1, 4999, 1000, S | A, "");
    put(&r, 0, 1003, 5000, A, "PUT");
    put(&r, 0, 1000, 5000, A, "GET");
    assert_log(&r.log, "1:GET 1:PUT");
    assert_int_equal(r.log.start.client, 1);
    assert_int_equal(r.log.start.role_evidence, MT_ROLE_BY_SYN);
    stop(&r);
}

static void test_syn_overtaken_by_data(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 0, 999, 0, S, "");
    put(&r, 1, 5000, 1003, A, "200");
    later_ms(&r, 30);
    put(&r, 0, 1003, 5003, A, "PUT");
    assert_log(&r.log, "0:GET 1:200 0:PUT");
    assert_int_equal(r.log.opened, 1);
    assert_int_equal(stats_of(&r).tap.reused, 0);
    stop(&r);
}

static void test_row8_copies_by_ip_id(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    r.ip_id = 7;
    put(&r, 0, 999, 0, S, "");
    put(&r, 0, 999, 0, S, "");
    put(&r, 1, 4999, 1000, S | A, "");
    r.ip_id = 8;
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 0, 1000, 5000, A, "GET");
    r.ip_id = 9;
    put(&r, 0, 1000, 5000, A, "GET"); /* sent again */
    put(&r, 1, 5000, 1003, A, "");    /* and pure acknowledgements */
    put(&r, 1, 5000, 1003, A, "");
    assert_log(&r.log, "0:GET");
    struct mt_tap_stats s = stats_of(&r);
    assert_int_equal(s.tap.dup_packets, 3);
    assert_int_equal(s.tcp.retransmissions, 1);
    mt_tap_end(r.tap);
    assert_int_equal(r.log.stats.dup_packets, 2);
    assert_int_equal(r.log.stats.retransmissions[0], 1);
    stop(&r);
}

static void test_row8_copies_by_timestamps(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    r.ts_val = 100;
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 0, 1000, 5000, A, "GET");
    r.ts_val = 300;
    put(&r, 0, 1000, 5000, A, "GET");
    assert_int_equal(stats_of(&r).tap.dup_packets, 1);
    assert_int_equal(stats_of(&r).tcp.retransmissions, 1);
    stop(&r);
}

/* Decision 17: only another interface makes it a copy. */
static void test_row8_without_id_and_timestamps(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 999, 0, S, "");
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 0, 1000, 5000, A, "GET");
    assert_int_equal(stats_of(&r).tap.dup_packets, 0);
    assert_int_equal(stats_of(&r).tcp.retransmissions, 1);
    r.interface_id = 1;
    put(&r, 0, 1000, 5000, A, "GET");
    assert_int_equal(stats_of(&r).tap.dup_packets, 1);
    assert_int_equal(stats_of(&r).tcp.retransmissions, 1);
    stop(&r);
}

static void test_row8_window_is_two_seconds(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    r.ip_id = 7;
    put(&r, 0, 999, 0, S, "");
    put(&r, 0, 1000, 5000, A, "GET");
    later_ms(&r, 1990);
    put(&r, 0, 1000, 5000, A, "GET");
    assert_int_equal(stats_of(&r).tap.dup_packets, 1);
    later_ms(&r, 20);
    put(&r, 0, 1000, 5000, A, "GET");
    assert_int_equal(stats_of(&r).tap.dup_packets, 1);
    assert_int_equal(stats_of(&r).tcp.retransmissions, 1);
    stop(&r);
}

/* A trunk and its VLAN interface: one flow, also where one copy is lost. */
static void test_row8_tagged_and_untagged(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    static const char *const text[] = {"a", "b", "c", "d"};
    for (uint16_t i = 0; i < 4; i++) {
        r.ip_id = (uint16_t)(100 + i);
        if (i != 1) {
            r.network = 42;
            put(&r, 0, 1000u + i, 5000, A, text[i]);
        }
        if (i != 2) {
            r.network = 0;
            put(&r, 0, 1000u + i, 5000, A, text[i]);
        }
        later_ms(&r, 30);
    }
    assert_log(&r.log, "0:a 0:b 0:c 0:d");
    assert_int_equal(r.log.opened, 1);
    assert_int_equal(stats_of(&r).tap.dup_packets, 2);
    stop(&r);
}

/* The same addresses, and even the same packets, in two VLANs. */
static void test_row8_vlans_stay_apart(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    r.ip_id = 5;
    put(&r, 0, 1000, 5000, A, "a");
    r.network = 42;
    later_ms(&r, 50);
    put(&r, 0, 1000, 5000, A, "a");
    later_ms(&r, 50);
    put(&r, 0, 1001, 5000, A, "b");
    assert_log(&r.log, "0:a 0:a 0:b");
    assert_int_equal(r.log.opened, 2);
    assert_int_equal(stats_of(&r).tap.dup_packets, 0);
    stop(&r);
}

static void test_row12_reuse(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    handshake(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 0, 999, 0, S, ""); /* sent again: the same connection */
    assert_int_equal(stats_of(&r).tap.reused, 0);
    put(&r, 0, 70000, 0, S, "");
    assert_log(&r.log, "0:GET REUSED");
    put(&r, 1, 90000, 70001, S | A, "");
    put(&r, 0, 70001, 90001, A, "PUT");
    assert_log(&r.log, "0:PUT");
    assert_int_equal(stats_of(&r).tap.reused, 1);
    stop(&r);
}

static void test_row12_reuse_after_close(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    handshake(&r);
    put(&r, 0, 1000, 5000, A | R, "");
    put(&r, 0, 70000, 0, S, "");
    put(&r, 0, 70001, 1, A, "PUT");
    assert_log(&r.log, "0:PUT");
    assert_int_equal(stats_of(&r).tap.reused, 0);
    stop(&r);
}

/* The old connection never ended, and the new SYN was not captured. */
static void test_row12_reuse_seen_by_syn_ack(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    handshake(&r);
    put(&r, 0, 1000, 5000, A, "GET");
    put(&r, 1, 90000, 70001, S | A, "");
    put(&r, 0, 70001, 90001, A, "PUT");
    assert_log(&r.log, "0:GET REUSED 1:PUT");
    stop(&r);
}

static void test_row13_refused(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 999, 0, S, "");
    put(&r, 1, 0, 5555555, R | A, ""); /* names another SYN */
    assert_log(&r.log, "");
    later_ms(&r, 1);
    put(&r, 1, 0, 1000, R | A, "");
    assert_log(&r.log, "refused");
    assert_int_equal(r.log.start.client, 0);
    assert_int_equal(r.log.start.addr[0].port, 40000);
    assert_int_equal(r.log.last_ts_ns, T0_NS + MS_NS);
    put(&r, 0, 999, 0, S, ""); /* late copy of the attempt: no second row */
    assert_int_equal(stats_of(&r).tap.flows, 1);
    later_ms(&r, 1000);
    put(&r, 0, 2999, 0, S, ""); /* another attempt from the same port */
    put(&r, 1, 0, 3000, R | A, "");
    assert_log(&r.log, "refused");
    assert_int_equal(stats_of(&r).tap.refused, 2);
    stop(&r);
}

static void test_row13_unanswered(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    put(&r, 0, 999, 0, S, "");
    later_ms(&r, 1000);
    put(&r, 0, 999, 0, S, "");
    r.port = 40001;
    for (int i = 0; i < 4; i++) {
        later_ms(&r, 40000);
        put(&r, 0, 1999, 0, S, "");
    }
    assert_log(&r.log, "unanswered");
    assert_int_equal(r.log.start.addr[0].port, 40000);
    assert_int_equal(r.log.last_ts_ns, T0_NS + 131 * S_NS);
    assert_int_equal(stats_of(&r).tcp.retransmissions, 4);
    r.port = 40002;
    later_ms(&r, 10);
    put(&r, 0, 2999, 0, S, "");
    mt_tap_end(r.tap);
    assert_log(&r.log, "unanswered capture_end"); /* too young to judge */
    stop(&r);
}

static void test_row13_reset_before_payload(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    handshake(&r);
    put(&r, 1, 5000, 1000, R | A, "");
    assert_log(&r.log, "reset_by_server");
    r.port = 40001;
    handshake(&r);
    put(&r, 0, 1000, 5000, R | A, ""); /* a health check is no failure */
    assert_log(&r.log, "");
    r.port = 40002;
    put(&r, 0, 999, 0, S, "");
    put(&r, 1, 4999, 1000, S | A, "");
    put(&r, 0, 1000, 0, R, ""); /* a half-open scan */
    assert_log(&r.log, "");
    stop(&r);
}

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
    later_ms(&r, 30);
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
    assert_true(n.memory_now_bytes < 192u * 1000000);
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
        cmocka_unit_test(test_whole_connection),
        cmocka_unit_test(test_row13_half_closed_before_payload),
        cmocka_unit_test(test_row1_midstream),
        cmocka_unit_test(test_row3_roles),
        cmocka_unit_test(test_row3_syn_ack_only),
        cmocka_unit_test(test_syn_overtaken_by_data),
        cmocka_unit_test(test_row8_copies_by_ip_id),
        cmocka_unit_test(test_row8_copies_by_timestamps),
        cmocka_unit_test(test_row8_without_id_and_timestamps),
        cmocka_unit_test(test_row8_window_is_two_seconds),
        cmocka_unit_test(test_row8_tagged_and_untagged),
        cmocka_unit_test(test_row8_vlans_stay_apart),
        cmocka_unit_test(test_row12_reuse),
        cmocka_unit_test(test_row12_reuse_after_close),
        cmocka_unit_test(test_row12_reuse_seen_by_syn_ack),
        cmocka_unit_test(test_row13_refused),
        cmocka_unit_test(test_row13_unanswered),
        cmocka_unit_test(test_row13_reset_before_payload),
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
    return cmocka_run_group_tests_name("capture/tap", tests, NULL, NULL);
}
