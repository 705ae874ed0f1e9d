/* UDP: which datagrams make a flow, what it is told, and when it ends. */
#include "tap_run.h"

/* A protocol whose datagrams begin with '?' or '!'; the latter shows it. */
static bool may_decode(struct mt_span datagram, size_t whole_bytes)
{
    return datagram.len > 0 && whole_bytes >= datagram.len &&
           (datagram.ptr[0] == '?' || datagram.ptr[0] == '!');
}

static bool shows_it;

static void take_datagram(void *conn, int side, const struct mt_chunk *datagram)
{
    struct conn *c = conn;
    log_feed(c->log, side, datagram);
    shows_it = datagram->bytes.ptr[0] == '!';
}

static bool is_decoded(const void *conn)
{
    (void)conn;
    return shows_it;
}

static void start_udp(struct run *r, size_t limit_bytes)
{
    static struct mt_tap_sink udp_sink;
    udp_sink = sink;
    udp_sink.may_decode = may_decode;
    udp_sink.datagram = take_datagram;
    udp_sink.is_decoded = is_decoded;
    *r = (struct run){.ts_ns = T0_NS, .port = 40000};
    r->tap = mt_tap_new(&(struct mt_tap_config){.limit_bytes = limit_bytes,
                                                .sink = &udp_sink,
                                                .sink_context = &r->log});
    assert_non_null(r->tap);
}

static struct mt_segment datagram(const struct run *r, int side,
                                  const char *payload)
{
    struct mt_segment s = segment(side, 0, 0, 0, payload);
    (side == 0 ? &s.src : &s.dst)->port = r->port;
    s.transport = MT_TRANSPORT_UDP;
    s.ts_ns = r->ts_ns;
    s.network = r->network;
    s.interface_id = r->interface_id;
    s.has_ip_id = r->ip_id != 0;
    s.ip_id = r->ip_id;
    return s;
}

static void say(struct run *r, int side, const char *payload)
{
    struct mt_segment s = datagram(r, side, payload);
    mt_tap_segment(r->tap, &s);
    segment_free(&s);
}

static void test_a_flow(void **state)
{
    (void)state;
    struct run r;
    start_udp(&r, 0);
    say(&r, 0, "?one");
    later_ms(&r, 5);
    say(&r, 1, "!one");
    later_ms(&r, 5);
    say(&r, 0, "other");
    assert_log(&r.log, "0:?one 1:!one");
    assert_true(r.log.start.datagrams);
    assert_false(r.log.start.midstream);
    struct mt_tap_stats n = stats_of(&r);
    assert_int_equal(n.tap.datagrams, 3);
    assert_int_equal(n.tap.udp_flows, 1);
    assert_int_equal(n.tap.flows, 0);
    assert_int_equal(n.tap.segments, 0);
    stop(&r);
    assert_int_equal(r.log.stats.packets[0], 1);
    assert_int_equal(r.log.stats.bytes[1], 4);
}

/* What no decoder wants leaves nothing behind, and costs no look-up. */
static void test_unwanted(void **state)
{
    (void)state;
    struct run r;
    start_udp(&r, 0);
    size_t before = stats_of(&r).memory_now_bytes;
    say(&r, 0, "\xc3 QUIC");
    say(&r, 1, "");
    assert_int_equal(stats_of(&r).flows_now, 0);
    assert_int_equal(stats_of(&r).memory_now_bytes, before);
    assert_int_equal(stats_of(&r).tap.datagrams, 2);
    stop(&r);
}

static void test_multicast_is_no_conversation(void **state)
{
    (void)state;
    static const uint8_t group4[16] = {[10] = 0xff, [11] = 0xff, 224,
                                       0,           0,           251};
    static const uint8_t group6[16] = {0xff, 2, [15] = 0xfb};
    struct run r;
    start_udp(&r, 0);
    struct mt_segment s = datagram(&r, 0, "?one");
    memcpy(s.dst.ip, group4, sizeof group4);
    mt_tap_segment(r.tap, &s);
    memcpy(s.dst.ip, group6, sizeof group6);
    mt_tap_segment(r.tap, &s);
    segment_free(&s);
    assert_int_equal(stats_of(&r).flows_now, 0);
    stop(&r);
}

/* After 15 s of silence; what comes then is another flow. */
static void test_silence_ends_it(void **state)
{
    (void)state;
    struct run r;
    start_udp(&r, 0);
    say(&r, 0, "?one");
    later_ms(&r, 14900);
    say(&r, 1, "!one");
    later_ms(&r, 14900);
    say(&r, 0, "?two");
    assert_int_equal(r.log.opened, 1);
    later_ms(&r, 15100);
    say(&r, 0, "?three");
    assert_int_equal(r.log.opened, 2);
    assert_log(&r.log, "0:?one 1:!one 0:?two IDLE 0:?three");
    assert_int_equal(stats_of(&r).tap.ended_idle, 0); /* is of TCP */
    stop(&r);
}

/* TCP of the same endpoints is another flow. */
static void test_beside_tcp(void **state)
{
    (void)state;
    struct run r;
    start_udp(&r, 0);
    handshake(&r);
    say(&r, 0, "?one");
    put(&r, 0, 1000, 5000, A, "GET");
    say(&r, 1, "!one");
    assert_int_equal(stats_of(&r).flows_now, 2);
    assert_log(&r.log, "0:?one 0:GET 1:!one");
    stop(&r);
}

/* Known by their IP id, or by another interface; one without either was sent
 * again, and two of equal length differ by what they say. */
static void test_copies(void **state)
{
    (void)state;
    struct run r;
    start_udp(&r, 0);
    r.ip_id = 7;
    say(&r, 0, "?one");
    say(&r, 0, "?one");
    r.ip_id = 0;
    say(&r, 0, "?two");
    say(&r, 0, "?two");
    r.interface_id = 1;
    say(&r, 0, "?two");
    say(&r, 0, "?six");
    assert_log(&r.log, "0:?one 0:?two 0:?two 0:?six");
    assert_int_equal(stats_of(&r).tap.dup_packets, 2);
    assert_int_equal(stats_of(&r).tap.dup_datagrams, 2);
    stop(&r);
    assert_int_equal(r.log.stats.dup_packets, 2);
}

/* One direction tagged, the other copies bare: one flow. */
static void test_copy_in_another_network(void **state)
{
    (void)state;
    struct run r;
    start_udp(&r, 0);
    r.ip_id = 7;
    r.network = 42;
    say(&r, 0, "?one");
    r.network = 0;
    say(&r, 0, "?one");
    r.ip_id = 8;
    say(&r, 1, "!one"); /* the tagged copy of it is lost */
    assert_log(&r.log, "0:?one 1:!one");
    assert_int_equal(r.log.opened, 1);
    stop(&r);
}

/* Each direction in a network of its own: an answer goes to its question, and
 * what the same side says in another network is another conversation. */
static void test_answer_in_another_network(void **state)
{
    (void)state;
    struct run r;
    start_udp(&r, 0);
    r.network = 42;
    say(&r, 0, "?one");
    r.network = 43;
    say(&r, 1, "!one");
    say(&r, 1, "!two");
    assert_int_equal(r.log.opened, 1);
    r.network = 44;
    say(&r, 1, "!far");
    say(&r, 0, "?far");
    assert_int_equal(r.log.opened, 2);
    stop(&r);
}

static void test_cut_by_the_snaplen(void **state)
{
    (void)state;
    struct run r;
    start_udp(&r, 0);
    struct mt_segment s = datagram(&r, 0, "?one");
    s.payload_bytes = 100;
    mt_tap_segment(r.tap, &s);
    segment_free(&s);
    stop(&r);
    assert_int_equal(r.log.stats.truncated, 1);
}

/* A flood of queries from other ports stays below the ceiling, and takes
 * nothing from a connection that a decoder is at work on. */
static void test_flood(void **state)
{
    (void)state;
    enum { LIMIT = 1 << 20, FLOWS = 20000 };
    struct run r;
    start_udp(&r, LIMIT);
    say(&r, 0, "?one");
    say(&r, 1, "!one");
    for (unsigned i = 0; i < FLOWS; i++) {
        r.port = (uint16_t)(i + 1024);
        say(&r, 0, "?flood");
    }
    struct mt_tap_stats n = stats_of(&r);
    assert_true(n.memory_peak_bytes <= LIMIT);
    assert_true(n.tap.evicted_unknown > 0);
    assert_int_equal(n.tap.evicted_decoded, 0);
    assert_int_equal(n.tap.flows_refused, 0);
    stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_flow),
        cmocka_unit_test(test_unwanted),
        cmocka_unit_test(test_multicast_is_no_conversation),
        cmocka_unit_test(test_silence_ends_it),
        cmocka_unit_test(test_beside_tcp),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_copy_in_another_network),
        cmocka_unit_test(test_answer_in_another_network),
        cmocka_unit_test(test_cut_by_the_snaplen),
        cmocka_unit_test(test_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
