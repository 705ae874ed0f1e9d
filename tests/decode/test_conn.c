/* Detection, roles and the rows of connections that no decoder knew. */
#include "conn_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static const struct mt_exchange *only_row(struct fixture *f)
{
    const struct mt_exchange *x = mt_decode_next(&f->decode);
    assert_non_null(x);
    return x;
}

static void end_conn(struct fixture *f, enum mt_end end)
{
    mt_conn_free(f->conn, end, 5000000000);
    f->conn = NULL;
}

static void test_unknown_bytes_are_an_l4_row(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_feed(&f, 0, MT_SPAN("\x01\x02 no protocol"), 2000000000);
    fixture_feed(&f, 1, MT_SPAN("\x03\x04 of ours"), 3000000000);
    f.conn->stats.bytes[0] = 14;
    mt_conn_end(f.conn, 0, MT_END_FIN, 3000000000);
    mt_conn_end(f.conn, 1, MT_END_FIN, 4000000000);
    end_conn(&f, MT_END_FIN);

    const struct mt_exchange *x = only_row(&f);
    assert_int_equal(x->kind, MT_KIND_L4);
    assert_int_equal(x->protocol, MT_PROTOCOL_TCP);
    assert_int_equal(x->outcome, MT_OUTCOME_UNKNOWN);
    assert_int_equal(x->error, MT_ERROR_NONE);
    assert_int_equal(x->req.body_bytes, 14);
    assert_int_equal(x->req.start_ns, 1000000000);
    assert_int_equal(x->end_ns, 4000000000);
    fixture_close(&f);
}

static void test_reset_is_by_its_sender(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        struct fixture f;
        fixture_open(&f);
        fixture_feed(&f, 0, MT_SPAN("\x01zzz"), 2000000000);
        mt_conn_end(f.conn, side, MT_END_RST, 3000000000);
        end_conn(&f, MT_END_RST);
        assert_int_equal(only_row(&f)->error, side == 0
                                                  ? MT_ERROR_RESET_BY_CLIENT
                                                  : MT_ERROR_RESET_BY_SERVER);
        fixture_close(&f);
    }
}

static void test_capture_end_is_said(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_feed(&f, 0, MT_SPAN("\x01zzz"), 2000000000);
    end_conn(&f, MT_END_CAPTURE);
    const struct mt_exchange *x = only_row(&f);
    assert_int_equal(x->error, MT_ERROR_CAPTURE_END);
    assert_int_equal(x->resp.start_ns, 0);
    fixture_close(&f);
}

static void test_refused_is_a_failure(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct mt_conn_start start = {.addr = {addr_v4(1, 1), addr_v4(2, 2)},
                                  .client = 0,
                                  .role_evidence = MT_ROLE_BY_SYN,
                                  .ts_ns = 7};
    mt_conn_refused(&f.decode, &start, MT_ERROR_REFUSED, 9);
    const struct mt_exchange *x = only_row(&f);
    assert_int_equal(x->outcome, MT_OUTCOME_FAILURE);
    assert_int_equal(x->server.addr.port, 2);
    assert_int_equal(x->end_ns, 9);
    fixture_close(&f);
}

static const char v1[] = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n";
static const char v2[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"
                         "\xc0\0\2\1\xc0\0\2\2\0\1\0\2";

/* After a PROXY header of either version, cut anywhere, detection begins
 * anew, and the header is no part of what is counted as passed over. */
static void test_proxy_header_is_taken_off(void **state)
{
    (void)state;
    const struct mt_span heads[] = {{(const uint8_t *)v1, sizeof v1 - 1},
                                    {(const uint8_t *)v2, sizeof v2 - 1}};
    for (int i = 0; i < 2; i++) {
        for (size_t cut = 1; cut < heads[i].len; cut++) {
            struct fixture f;
            fixture_open(&f);
            struct mt_span rest = heads[i];
            fixture_feed(&f, 0, mt_span_take(&rest, cut), 2000000000);
            fixture_feed(&f, 0, rest, 2000000000);
            fixture_feed(&f, 0, MT_SPAN("\0\1zz"), 2000000000);
            assert_int_equal(f.decode.stats.undecoded_bytes, 4);
            end_conn(&f, MT_END_CAPTURE);
            assert_int_equal(only_row(&f)->kind, MT_KIND_L4);
            fixture_close(&f);
        }
    }
}

static void test_held_bytes_are_bounded_and_counted(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_feed(&f, 0, MT_SPAN("PROX"), 2000000000);
    assert_int_equal(f.decode.stats.undecoded_bytes, 0);
    mt_conn_gap(f.conn, 0, 100, 2000000000);
    assert_int_equal(f.decode.stats.undecoded_bytes, 4);
    fixture_close(&f);
}

static void test_an_unknown_protocol_is_left_alone(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    static uint8_t bytes[16384];
    memset(bytes, 1, sizeof bytes);
    for (int i = 0; i < 8; i++)
        fixture_feed(&f, 1, (struct mt_span){bytes, sizeof bytes}, 2000000000);
    assert_ptr_equal(f.conn->top->decoder, &mt_opaque_decoder);
    fixture_close(&f);
}

/* What looks like frames of HTTP/2 may be believed where the start was missed,
 * not where it was seen and was something else. */
static void test_frames_by_chance(void **state)
{
    (void)state;
    static const uint8_t frames[] = {
        0, 0, 1, 0, 0, 0, 0, 0, 1, 'a', /* DATA */
        0, 0, 1, 0, 0, 0, 0, 0, 1, 'b', /* DATA */
        0, 0, 1, 0, 0, 0, 0, 0, 1, 'c', /* DATA */
        0, 0, 1, 0, 0, 0, 0, 0, 1, 'd', /* DATA */
    };
    for (int lost = 0; lost < 2; lost++) {
        struct fixture f;
        fixture_open(&f);
        fixture_feed(&f, 0, MT_SPAN("\xffSMB"), 2000000000);
        if (lost)
            mt_conn_gap(f.conn, 0, 100, 2000000000);
        fixture_feed(&f, 0, (struct mt_span){frames, sizeof frames},
                     2000000000);
        const struct mt_decoder *found = lost ? &mt_http2_decoder : NULL;
        assert_ptr_equal(f.conn->top->decoder, found);
        fixture_close(&f);
    }
}

/* A direction that ended before its protocol was known is told to the decoder
 * all the same: a request alone, its sender gone, then the answer. */
static void test_an_end_before_detection_is_told(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open_with(
        &f, &(struct mt_decode_config){.keep_packets = true},
        &(struct mt_conn_start){.addr = {addr_v4(1, 40000), addr_v4(2, 8080)},
                                .client = -1,
                                .midstream = true,
                                .ts_ns = 1000000000});
    fixture_feed(&f, 0, MT_SPAN("\x01 the end of something"), 1000000000);
    mt_conn_end(f.conn, 0, MT_END_FIN, 1500000000);
    fixture_feed(&f, 1, MT_SPAN("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
                 2000000000);
    mt_conn_end(f.conn, 1, MT_END_FIN, 3000000000);
    end_conn(&f, MT_END_FIN);
    const struct mt_exchange *x = only_row(&f);
    assert_int_equal(x->status, 200);
    assert_int_equal(x->half, MT_HALF_RESPONSE);
    assert_int_equal(x->error, MT_ERROR_TRUNCATED);
    fixture_close(&f);
}

/* Once no decoder will ever know it, a connection is in flight as what it is,
 * with the bytes so far. */
static void test_an_unknown_connection_runs(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t noise[40000];
    memset(noise, 0xee, sizeof noise);
    fixture_open(&f);
    struct mt_span bytes = {noise, sizeof noise};
    fixture_feed(&f, 0, bytes, 2000000000);
    assert_null(f.decode.open.first);
    fixture_feed(&f, 0, bytes, 3000000000);
    assert_non_null(f.decode.open.first);
    f.conn->stats.bytes[0] = 80000;
    struct mt_exchange x = mt_draft_so_far(f.decode.open.first);
    assert_int_equal(x.kind, MT_KIND_L4);
    assert_int_equal(x.req.body_bytes, 80000);
    assert_int_equal(x.server.addr.port, 8080);
    f.conn->stats.bytes[0] = 90000;
    end_conn(&f, MT_END_FIN);
    assert_int_equal(only_row(&f)->req.body_bytes, 90000);
    fixture_close(&f);
}

/* ---- reports ---- */

static const struct mt_conn_start two_sides = {
    .addr = {{.ip = {[15] = 1}, .port = 40000}, {.ip = {[15] = 2}, .port = 80}},
    .client = 1, /* the roles are the other way round than the sides */
    .role_evidence = MT_ROLE_BY_SYN,
    .ts_ns = 1000000000};

/* The next report that is not empty of news; exchanges are taken first. */
static const struct mt_conn_report *next_report(struct fixture *f)
{
    while (mt_decode_next(&f->decode) != NULL)
        continue;
    return mt_decode_next_report(&f->decode);
}

static void ask_and_answer(struct fixture *f, int64_t ts_ns)
{
    fixture_feed(f, 1, MT_SPAN("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), ts_ns);
    fixture_feed(f, 0, MT_SPAN("HTTP/1.1 204 No Content\r\n\r\n"), ts_ns);
}

/* What the transport counts is reported by role, as what is new since the last
 * report, once a second at most and at the end. */
static void test_reports_add_up(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open_with(&f, &(struct mt_decode_config){.reports = true},
                      &two_sides);
    struct mt_conn_stats *stats = &f.conn->stats;
    stats->handshake_rtt_ns = 5000;
    stats->retransmissions[1] = 3;
    ask_and_answer(&f, 1500000000);
    assert_null(next_report(&f)); /* not a second old */
    ask_and_answer(&f, 2000000000);
    const struct mt_conn_report *r = next_report(&f);
    assert_non_null(r);
    assert_true(r->opened && !r->closed);
    assert_int_equal(r->conn, 1);
    assert_int_equal(r->ts_ns, 2000000000);
    assert_int_equal(r->handshake_ns, 5000);
    assert_int_equal(r->retransmissions[MT_CLIENT], 3);
    assert_int_equal(r->retransmissions[MT_SERVER], 0);
    ask_and_answer(&f, 3500000000);
    assert_null(next_report(&f)); /* nothing new */
    stats->zero_windows[0] = 2;
    mt_conn_report(f.conn, 4000000000);
    assert_null(next_report(&f)); /* asked too soon */
    mt_conn_report(f.conn, 4500000000);
    r = next_report(&f);
    assert_non_null(r);
    assert_true(!r->opened && !r->closed);
    assert_int_equal(r->handshake_ns, 0); /* told before */
    assert_int_equal(r->zero_windows[MT_SERVER], 2);
    stats->retransmissions[0] = 1;
    end_conn(&f, MT_END_FIN);
    r = next_report(&f);
    assert_non_null(r);
    assert_true(!r->opened && r->closed);
    assert_int_equal(r->retransmissions[MT_SERVER], 1);
    assert_int_equal(r->zero_windows[MT_SERVER], 0);
    assert_null(next_report(&f));
    fixture_close(&f);
}

/* A request that hangs: nobody has heard of its connection until it is said
 * to be open. */
static void test_reports_wait_for_an_exchange(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open_with(&f, &(struct mt_decode_config){.reports = true},
                      &two_sides);
    fixture_feed(&f, 1, MT_SPAN("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                 1000000000);
    f.conn->stats.retransmissions[1] = 9;
    mt_conn_report(f.conn, 5000000000);
    assert_null(next_report(&f));
    f.conn->known = true;
    mt_conn_report(f.conn, 5000000000);
    const struct mt_conn_report *r = next_report(&f);
    assert_non_null(r);
    assert_int_equal(r->retransmissions[MT_CLIENT], 9);
    fixture_close(&f);
}

/* At the ceiling a report waits; what is in it is told by the next one. */
static void test_reports_without_memory(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open_with(&f, &(struct mt_decode_config){.reports = true},
                      &two_sides);
    ask_and_answer(&f, 1000000000);
    f.conn->stats.retransmissions[1] = 4;
    size_t limit = f.pool.limit_bytes;
    f.pool.limit_bytes = f.pool.used_bytes;
    mt_conn_report(f.conn, 3000000000);
    f.pool.limit_bytes = limit;
    assert_null(next_report(&f));
    mt_conn_report(f.conn, 9000000000);
    const struct mt_conn_report *r = next_report(&f);
    assert_non_null(r);
    assert_int_equal(r->retransmissions[MT_CLIENT], 4);
    assert_int_equal(f.decode.stats.reports_refused, 0);
    fixture_close(&f);
}

/* Who does not take reports has none made. */
static void test_reports_are_asked_for(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    ask_and_answer(&f, 9000000000);
    f.conn->stats.retransmissions[1] = 4;
    mt_conn_report(f.conn, 99000000000);
    assert_null(next_report(&f));
    fixture_close(&f);
}

static void test_pool_ceiling(void **state)
{
    (void)state;
    struct mt_pool pool;
    struct mt_decode decode;
    struct mt_conn_start start = {.client = -1};
    mt_pool_init(&pool, 256);
    mt_decode_init(&decode, &(struct mt_decode_config){.keep_query = false},
                   &pool);
    assert_null(mt_conn_new(&decode, &start));
    mt_decode_deinit(&decode);
    mt_pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_bytes_are_an_l4_row),
        cmocka_unit_test(test_reset_is_by_its_sender),
        cmocka_unit_test(test_capture_end_is_said),
        cmocka_unit_test(test_refused_is_a_failure),
        cmocka_unit_test(test_proxy_header_is_taken_off),
        cmocka_unit_test(test_held_bytes_are_bounded_and_counted),
        cmocka_unit_test(test_an_unknown_protocol_is_left_alone),
        cmocka_unit_test(test_frames_by_chance),
        cmocka_unit_test(test_an_end_before_detection_is_told),
        cmocka_unit_test(test_pool_ceiling),
        cmocka_unit_test(test_an_unknown_connection_runs),
        cmocka_unit_test(test_reports_add_up),
        cmocka_unit_test(test_reports_wait_for_an_exchange),
        cmocka_unit_test(test_reports_without_memory),
        cmocka_unit_test(test_reports_are_asked_for),
    };
    return cmocka_run_group_tests_name("decode/conn", tests, NULL, NULL);
}
