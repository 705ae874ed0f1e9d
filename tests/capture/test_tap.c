/* Flows and their connections: rows 1, 3, 8, 12 and 13 of the edge cases. */
#include "tap_run.h"

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
    later_ms(&r, 300);
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

struct seen {
    unsigned flows;
    struct mt_conn_start last;
};

static void note_seen(void *context, const struct mt_conn_start *start)
{
    struct seen *s = context;
    s->flows++;
    s->last = *start;
}

/* Who watches flows is told of each once, at its first packet, by whoever sent
 * it. */
static void test_flows_are_seen_once(void **state)
{
    (void)state;
    static const struct {
        unsigned flags;
        int client;
    } vectors[] = {{S, 0}, {S | A, 1}, {A, -1}};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct seen seen = {0};
        struct log log = {0};
        struct mt_tap_config config = {.sink = &sink,
                                       .sink_context = &log,
                                       .seen = note_seen,
                                       .seen_context = &seen};
        struct mt_tap *tap = mt_tap_new(&config);
        assert_non_null(tap);
        struct mt_segment s = segment(1, 5000, 1000, vectors[i].flags, "x");
        mt_tap_segment(tap, &s);
        segment_free(&s);
        assert_int_equal(seen.flows, 1);
        assert_int_equal(seen.last.client, vectors[i].client);
        assert_int_equal(seen.last.midstream, vectors[i].client < 0);
        assert_int_equal(seen.last.addr[0].port, 80);
        assert_int_equal(seen.last.addr[1].port, 40000);
        s = segment(0, 1000, 5001, A, "y");
        mt_tap_segment(tap, &s);
        segment_free(&s);
        assert_int_equal(seen.flows, 1);
        mt_tap_free(tap);
    }
}

/* Of a connection joined late the one that listens is the server, whatever the
 * ports say; a SYN says more. */
static void test_row3_listeners(void **state)
{
    (void)state;
    static const struct {
        unsigned flags;
        uint16_t listens; /* the port, at the address of the client's side */
        int client, evidence;
    } vectors[] = {
        {A, 40001, 0, MT_ROLE_BY_LISTEN},
        {A, 40001 + MT_TAP_LISTENERS, 1, MT_ROLE_BY_PORT}, /* its place only */
        {S | A, 40001, 1, MT_ROLE_BY_SYN},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct run r;
        start(&r);
        struct mt_segment s = segment(0, 1000, 5000, vectors[i].flags, "x");
        s.src.port = 80;
        s.dst.port = 40001;
        struct mt_addr listener = s.dst;
        listener.port = vectors[i].listens;
        mt_tap_listens(r.tap, &listener);
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
    later_ms(&r, 300);
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
    mt_tap_advance(r.tap, r.ts_ns + S_NS);
    assert_log(&r.log, "0:a 0:b 0:c 0:d");
    assert_int_equal(r.log.opened, 1);
    assert_int_equal(stats_of(&r).tap.dup_packets, 2);
    stop(&r);
}

/* A mirror port that tags what one side sends: the SYN-ACK tells. An answer to
 * another SYN, in a third network, is another connection's. */
static void test_row8_one_side_tagged(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    r.network = 42;
    put(&r, 0, 999, 0, S, "");
    r.network = 7;
    put(&r, 1, 4999, 31000, S | A, "");
    r.network = 0;
    put(&r, 1, 4999, 1000, S | A, "");
    r.network = 42;
    put(&r, 0, 1000, 5000, A, "GET");
    r.network = 0;
    put(&r, 1, 5000, 1003, A, "200");
    assert_log(&r.log, "0:GET 1:200");
    assert_false(r.log.start.midstream);
    assert_int_equal(r.log.opened, 1);
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
    mt_tap_advance(r.tap, r.ts_ns + S_NS);
    assert_log(&r.log, "0:a 0:b 0:a");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_connection),
        cmocka_unit_test(test_row13_half_closed_before_payload),
        cmocka_unit_test(test_row1_midstream),
        cmocka_unit_test(test_row3_roles),
        cmocka_unit_test(test_flows_are_seen_once),
        cmocka_unit_test(test_row3_listeners),
        cmocka_unit_test(test_row3_syn_ack_only),
        cmocka_unit_test(test_syn_overtaken_by_data),
        cmocka_unit_test(test_row8_copies_by_ip_id),
        cmocka_unit_test(test_row8_copies_by_timestamps),
        cmocka_unit_test(test_row8_without_id_and_timestamps),
        cmocka_unit_test(test_row8_window_is_two_seconds),
        cmocka_unit_test(test_row8_tagged_and_untagged),
        cmocka_unit_test(test_row8_one_side_tagged),
        cmocka_unit_test(test_row8_vlans_stay_apart),
        cmocka_unit_test(test_row12_reuse),
        cmocka_unit_test(test_row12_reuse_after_close),
        cmocka_unit_test(test_row12_reuse_seen_by_syn_ack),
        cmocka_unit_test(test_row13_refused),
        cmocka_unit_test(test_row13_unanswered),
        cmocka_unit_test(test_row13_reset_before_payload),
    };
    return cmocka_run_group_tests_name("capture/%s", tests, NULL, NULL);
}
