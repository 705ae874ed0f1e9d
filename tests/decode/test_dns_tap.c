/* Queries and their answers, over UDP and TCP: which belong together, and what
 * becomes of those that stay alone. */
#include "conn_fixture.h"

#include "dns_build.h"

#define S INT64_C(1000000000)
#define ADDRESS(last) \
    ((struct mt_span){(const uint8_t[4]){192, 0, 2, (last)}, 4})

/* A client on port 40000 and a server on `port`. */
static void open_udp(struct fixture *f, uint16_t port)
{
    fixture_open_with(
        f, &(struct mt_decode_config){.keep_packets = true},
        &(struct mt_conn_start){.addr = {addr_v4(1, 40000), addr_v4(2, port)},
                                .client = -1,
                                .datagrams = true,
                                .ts_ns = 1 * S});
}

static void open_tcp(struct fixture *f, uint16_t port)
{
    fixture_open_with(
        f, &(struct mt_decode_config){.keep_packets = true},
        &(struct mt_conn_start){.addr = {addr_v4(1, 40000), addr_v4(2, port)},
                                .client = 0,
                                .role_evidence = MT_ROLE_BY_SYN,
                                .ts_ns = 1 * S});
}

static void tell(struct fixture *f, int side, const struct dns *d,
                 int64_t ts_ns)
{
    f->conn->stats.packets[side]++;
    mt_conn_datagram(f->conn, side, &(struct mt_chunk){span_of(d), ts_ns, 1});
}

static void ask(struct fixture *f, unsigned id, const char *name, unsigned type,
                int64_t ts_ns)
{
    struct dns d;
    query(&d, id, name, type);
    tell(f, 0, &d, ts_ns);
}

static void answer(struct fixture *f, unsigned id, unsigned rcode,
                   const char *name, unsigned type, int64_t ts_ns)
{
    struct dns d;
    response(&d, id, rcode, name, type);
    tell(f, 1, &d, ts_ns);
}

static const struct mt_exchange *next(struct fixture *f)
{
    const struct mt_exchange *x = mt_decode_next(&f->decode);
    assert_non_null(x);
    assert_int_equal(x->protocol, MT_PROTOCOL_DNS);
    return x;
}

static void assert_code(const struct mt_exchange *x, const char *want)
{
    assert_span(mt_exchange_attr(x, MT_ATTR_DNS_RESPONSE_CODE), want);
}

static void end(struct fixture *f, enum mt_end how, int64_t ts_ns)
{
    mt_conn_free(f->conn, how, ts_ns);
    f->conn = NULL;
}

static void no_more(struct fixture *f)
{
    assert_null(mt_decode_next(&f->decode));
    fixture_close(f);
}

static void test_query_and_answer(void **state)
{
    (void)state;
    struct fixture f;
    struct dns d;
    open_udp(&f, 53);
    ask(&f, 7, "Shop.Example", TYPE_A, 2 * S);
    response(&d, 7, 0, "shop.example", TYPE_A);
    put_cname(&d, "shop.example", "cdn.example");
    put_answer(&d, "cdn.example", TYPE_A, ADDRESS(1));
    put_answer(&d, "cdn.example", TYPE_A, ADDRESS(2));
    tell(&f, 1, &d, 2 * S + 5);
    const struct mt_exchange *x = next(&f);
    assert_int_equal(x->kind, MT_KIND_UNARY);
    assert_span(x->method, "A");
    assert_span(x->path, "shop.example");
    assert_code(x, "NOERROR");
    assert_span(mt_exchange_attr(x, MT_ATTR_DNS_ANSWERS),
                "192.0.2.1,192.0.2.2");
    assert_int_equal(x->outcome, MT_OUTCOME_OK);
    assert_int_equal(x->half, MT_HALF_BOTH);
    assert_int_equal(x->role_evidence, MT_ROLE_BY_PROTOCOL);
    assert_int_equal(x->client.addr.port, 40000);
    assert_int_equal(mt_exchange_latency_ns(x), 5);
    assert_int_equal(x->resp.body_bytes, d.b.len);
    assert_int_equal(f.decode.stats.datagrams, 2);
    end(&f, MT_END_IDLE, 12 * S);
    no_more(&f);
}

/* glibc asks for A and AAAA at once, from one port; answers come as they
 * like. An equal id with another question is another exchange. */
static void test_answers_in_any_order(void **state)
{
    (void)state;
    struct fixture f;
    open_udp(&f, 53);
    ask(&f, 1, "a.example", TYPE_A, 2 * S);
    ask(&f, 2, "a.example", TYPE_AAAA, 2 * S);
    ask(&f, 1, "b.example", TYPE_A, 2 * S);
    answer(&f, 1, 0, "B.EXAMPLE", TYPE_A, 3 * S);
    answer(&f, 2, 3, "a.example", TYPE_AAAA, 3 * S);
    answer(&f, 1, 2, "a.example", TYPE_A, 3 * S);
    const struct mt_exchange *x = next(&f);
    assert_span(x->path, "b.example");
    x = next(&f);
    assert_span(x->method, "AAAA");
    assert_code(x, "NXDOMAIN");
    assert_int_equal(x->outcome, MT_OUTCOME_CLIENT_ERROR);
    x = next(&f);
    assert_span(x->method, "A");
    assert_span(x->path, "a.example");
    assert_code(x, "SERVFAIL");
    assert_int_equal(x->outcome, MT_OUTCOME_FAILURE);
    end(&f, MT_END_IDLE, 12 * S);
    no_more(&f);
}

/* One row, timed from the first try; the second answer makes none. */
static void test_asked_again(void **state)
{
    (void)state;
    struct fixture f;
    open_udp(&f, 53);
    ask(&f, 7, "slow.example", TYPE_A, 2 * S);
    ask(&f, 7, "slow.example", TYPE_A, 7 * S);
    answer(&f, 7, 0, "slow.example", TYPE_A, 8 * S);
    answer(&f, 7, 0, "slow.example", TYPE_A, 9 * S);
    const struct mt_exchange *x = next(&f);
    assert_int_equal(x->req.retransmissions, 1);
    assert_int_equal(mt_exchange_latency_ns(x), 6 * S);
    end(&f, MT_END_IDLE, 19 * S);
    no_more(&f);
}

/* FORMERR and its like may come without the question: the id tells. */
static void test_error_without_question(void **state)
{
    (void)state;
    struct fixture f;
    struct dns d;
    open_udp(&f, 53);
    ask(&f, 7, "a.example", TYPE_A, 2 * S);
    start_message(&d, 7, QR | 1, 0);
    tell(&f, 1, &d, 3 * S);
    assert_code(next(&f), "FORMERR");
    start_message(&d, 9, QR | 1, 0); /* of a query that nobody saw */
    tell(&f, 1, &d, 3 * S);
    end(&f, MT_END_IDLE, 19 * S);
    no_more(&f);
}

/* 15 s after it was sent last, whatever showed that time. */
static void test_never_answered(void **state)
{
    (void)state;
    struct fixture f;
    open_udp(&f, 53);
    ask(&f, 1, "a.example", TYPE_A, 2 * S);
    answer(&f, 1, 0, "a.example", TYPE_A, 2 * S);
    (void)next(&f);
    ask(&f, 2, "b.example", TYPE_A, 3 * S);
    ask(&f, 2, "b.example", TYPE_A, 5 * S);
    ask(&f, 3, "c.example", TYPE_A, 14 * S);
    assert_null(mt_decode_next(&f.decode));
    ask(&f, 4, "d.example", TYPE_A, 21 * S);
    const struct mt_exchange *x = next(&f);
    assert_span(x->path, "b.example");
    assert_int_equal(x->error, MT_ERROR_NO_RESPONSE);
    assert_int_equal(x->outcome, MT_OUTCOME_FAILURE);
    assert_int_equal(x->half, MT_HALF_REQUEST);
    assert_int_equal(x->end_ns, 20 * S);
    end(&f, MT_END_CAPTURE, 30 * S);
    x = next(&f);
    assert_span(x->path, "c.example");
    assert_int_equal(x->error, MT_ERROR_NO_RESPONSE);
    x = next(&f);
    assert_span(x->path, "d.example");
    assert_int_equal(x->error, MT_ERROR_CAPTURE_END);
    assert_int_equal(x->outcome, MT_OUTCOME_UNKNOWN);
    no_more(&f);
}

/* Nothing was ever heard of the server: nobody can tell. */
static void test_one_direction(void **state)
{
    (void)state;
    struct fixture f;
    open_udp(&f, 53);
    ask(&f, 1, "a.example", TYPE_A, 2 * S);
    end(&f, MT_END_IDLE, 12 * S);
    const struct mt_exchange *x = next(&f);
    assert_int_equal(x->error, MT_ERROR_ONE_SIDED);
    assert_int_equal(x->outcome, MT_OUTCOME_UNKNOWN);
    no_more(&f);

    open_udp(&f, 53);
    answer(&f, 1, 0, "a.example", TYPE_A, 2 * S);
    x = next(&f);
    assert_int_equal(x->half, MT_HALF_RESPONSE);
    assert_span(x->path, "a.example");
    assert_int_equal(x->client.addr.port, 40000);
    end(&f, MT_END_IDLE, 12 * S);
    no_more(&f);
}

/* The next flow of that client to a server that it has heard. */
static void test_heard_in_another_flow(void **state)
{
    (void)state;
    struct fixture f;
    struct mt_conn_start again = {.addr = {addr_v4(1, 40001), addr_v4(2, 53)},
                                  .client = -1,
                                  .datagrams = true,
                                  .ts_ns = 3 * S};
    open_udp(&f, 53);
    ask(&f, 1, "a.example", TYPE_A, 2 * S);
    answer(&f, 1, 0, "a.example", TYPE_A, 2 * S);
    end(&f, MT_END_IDLE, 12 * S);
    (void)next(&f);
    f.conn = mt_conn_new(&f.decode, &again);
    ask(&f, 1, "b.example", TYPE_A, 3 * S);
    end(&f, MT_END_IDLE, 13 * S);
    assert_int_equal(next(&f)->error, MT_ERROR_NO_RESPONSE);

    again.addr[0] = addr_v4(9, 40001); /* another client's direction may not
                                          be in the capture */
    f.conn = mt_conn_new(&f.decode, &again);
    ask(&f, 1, "c.example", TYPE_A, 3 * S);
    end(&f, MT_END_IDLE, 13 * S);
    assert_int_equal(next(&f)->error, MT_ERROR_ONE_SIDED);
    no_more(&f);
}

/* On another port a query alone is none, and its answer makes it one. */
static void test_other_port(void **state)
{
    (void)state;
    struct fixture f;
    open_udp(&f, 5335);
    ask(&f, 1, "a.example", TYPE_A, 2 * S);
    ask(&f, 2, "b.example", TYPE_A, 2 * S);
    assert_false(f.conn->decoded);
    answer(&f, 2, 0, "b.example", TYPE_A, 3 * S);
    assert_true(f.conn->decoded);
    assert_span(next(&f)->path, "b.example");
    end(&f, MT_END_IDLE, 13 * S);
    no_more(&f);

    open_udp(&f, 5335);
    ask(&f, 1, "a.example", TYPE_A, 2 * S);
    end(&f, MT_END_IDLE, 12 * S); /* and no row for its transport */
    no_more(&f);
}

/* Multicast DNS, unicast as it may be: the question's class has a bit of its
 * own, the answer no question. NetBIOS: the same for the answer. */
static void test_what_looks_alike(void **state)
{
    (void)state;
    static const unsigned classes[] = {0x8001, 1};
    for (int i = 0; i < 2; i++) {
        struct fixture f;
        struct dns d;
        open_udp(&f, 5353);
        start_message(&d, 0, 0, 1);
        put_name(&d, "printer.local");
        put16(&d, TYPE_A);
        put16(&d, classes[i]);
        tell(&f, 0, &d, 2 * S);
        start_message(&d, 0, QR | 0x0400, 0);
        put_answer(&d, "printer.local", TYPE_A, ADDRESS(9));
        tell(&f, 1, &d, 2 * S);
        assert_false(f.conn->decoded);
        end(&f, MT_END_IDLE, 12 * S);
        no_more(&f);
    }
}

static void test_broken_records(void **state)
{
    (void)state;
    struct fixture f;
    struct dns d;
    open_udp(&f, 53);
    ask(&f, 1, "a.example", TYPE_A, 2 * S);
    response(&d, 1, 0, "a.example", TYPE_A);
    put_answer(&d, "a.example", TYPE_A, ADDRESS(9));
    d.b.len--;
    tell(&f, 1, &d, 2 * S);
    const struct mt_exchange *x = next(&f);
    assert_int_equal(x->error, MT_ERROR_PROTOCOL);
    assert_int_equal(x->outcome, MT_OUTCOME_FAILURE);

    ask(&f, 2, "a.example", TYPE_A, 2 * S);
    f.conn->stats.truncated = 1; /* it was the snaplen, for all we know */
    d.bytes[1] = 2;
    tell(&f, 1, &d, 2 * S);
    x = next(&f);
    assert_int_equal(x->error, MT_ERROR_NONE);
    assert_true((x->quality & MT_QUALITY_TRUNCATED) != 0);

    d.b.len = 20;
    tell(&f, 1, &d, 2 * S); /* no message: passed over and counted */
    assert_int_equal(f.decode.stats.undecoded_bytes, 20);
    end(&f, MT_END_IDLE, 12 * S);
    no_more(&f);
}

static void test_queries_are_bounded(void **state)
{
    (void)state;
    struct fixture f;
    open_udp(&f, 53);
    for (unsigned i = 0; i < 130; i++)
        ask(&f, i, "a.example", TYPE_A, 2 * S);
    assert_int_equal(f.decode.open.count, 128);
    assert_int_equal(f.decode.stats.pipeline_overflow, 2);
    assert_int_equal(next(&f)->error, MT_ERROR_EVICTED);
    end(&f, MT_END_EVICTED, 3 * S);
    for (int i = 0; i < 129; i++)
        assert_int_equal(next(&f)->outcome, MT_OUTCOME_UNKNOWN);
    no_more(&f);
}

/* ---- over TCP ---- */

static struct mt_span two_queries(struct dns *d)
{
    struct dns second;
    query(d, 1, "a.example", TYPE_A);
    frame(d);
    query(&second, 2, "b.example", TYPE_AAAA);
    frame(&second);
    mt_put_span(&d->b, span_of(&second));
    return span_of(d);
}

static struct mt_span two_answers(struct dns *d)
{
    struct dns second;
    response(d, 2, 3, "b.example", TYPE_AAAA);
    frame(d);
    response(&second, 1, 0, "a.example", TYPE_A);
    put_answer(&second, "a.example", TYPE_A, ADDRESS(1));
    frame(&second);
    mt_put_span(&d->b, span_of(&second));
    return span_of(d);
}

/* In pieces of `step`, each at its own memory's end. */
static void feed_in_steps(struct fixture *f, int side, struct mt_span bytes,
                          size_t step)
{
    while (bytes.len > 0) {
        struct mt_span piece =
            mt_span_take(&bytes, bytes.len < step ? bytes.len : step);
        uint8_t *copy = malloc(piece.len);
        assert_non_null(copy);
        memcpy(copy, piece.ptr, piece.len);
        fixture_feed(f, side, (struct mt_span){copy, piece.len}, 2 * S);
        free(copy);
    }
}

/* Pipelined, answered in another order, cut anywhere, on any port. */
static void test_tcp_cut_anywhere(void **state)
{
    (void)state;
    struct dns q, r;
    struct mt_span queries = two_queries(&q), answers = two_answers(&r);
    static const uint16_t ports[] = {53, 8053};
    for (int port = 0; port < 2; port++) {
        for (size_t step = 1; step <= answers.len; step++) {
            struct fixture f;
            open_tcp(&f, ports[port]);
            feed_in_steps(&f, 0, queries, step);
            feed_in_steps(&f, 1, answers, step);
            const struct mt_exchange *x = next(&f);
            assert_span(x->path, "b.example");
            assert_code(x, "NXDOMAIN");
            assert_span(mt_exchange_attr(x, "network.transport"), "tcp");
            x = next(&f);
            assert_span(x->path, "a.example");
            assert_span(mt_exchange_attr(x, MT_ATTR_DNS_ANSWERS), "192.0.2.1");
            assert_int_equal(f.decode.stats.undecoded_bytes, 0);
            end(&f, MT_END_FIN, 3 * S);
            no_more(&f);
        }
    }
}

/* A gap of known size inside a message costs that one, not the next; what was
 * waiting has its answer in the gap, perhaps. */
static void test_tcp_gap_inside(void **state)
{
    (void)state;
    struct fixture f;
    struct dns q, r;
    struct mt_span answers = two_answers(&r);
    open_tcp(&f, 53);
    fixture_feed(&f, 0, two_queries(&q), 2 * S);
    fixture_feed(&f, 1, mt_span_take(&answers, 10), 3 * S);
    mt_conn_gap(f.conn, 1, 4, 3 * S);
    (void)mt_span_take(&answers, 4);
    fixture_feed(&f, 1, answers, 3 * S);
    assert_span(next(&f)->path, "a.example");
    end(&f, MT_END_FIN, 4 * S);
    const struct mt_exchange *x = next(&f);
    assert_span(x->path, "b.example");
    assert_int_equal(x->error, MT_ERROR_CAPTURE_GAP);
    assert_int_equal(x->outcome, MT_OUTCOME_UNKNOWN);
    no_more(&f);
}

/* After a loss of unknown size the next message is found where a segment
 * begins with one. */
static void test_tcp_gap_of_unknown_size(void **state)
{
    (void)state;
    struct fixture f;
    struct dns q, r;
    open_tcp(&f, 53);
    fixture_feed(&f, 0, two_queries(&q), 2 * S);
    mt_conn_gap(f.conn, 1, UINT64_MAX, 3 * S);
    fixture_feed(&f, 1, MT_SPAN("the end of something"), 3 * S);
    assert_int_equal(f.decode.stats.undecoded_bytes, 20);
    fixture_feed(&f, 1, two_answers(&r), 3 * S);
    assert_int_equal(f.decode.stats.resyncs, 1);
    (void)next(&f);
    (void)next(&f);
    end(&f, MT_END_FIN, 4 * S);
    no_more(&f);
}

static const struct {
    int side;
    enum mt_end end;
    bool heard; /* the server, before */
    uint8_t want;
} endings[] = {
    {1, MT_END_FIN, false, MT_ERROR_NO_RESPONSE},
    {0, MT_END_RST, true, MT_ERROR_RESET_BY_CLIENT},
    {1, MT_END_RST, true, MT_ERROR_RESET_BY_SERVER},
    {0, MT_END_RST, false, MT_ERROR_ONE_SIDED},
};

static void test_tcp_endings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct fixture f;
        struct dns q;
        open_tcp(&f, 53);
        fixture_feed(&f, 0, two_queries(&q), 2 * S);
        f.conn->stats.packets[1] = endings[i].heard;
        mt_conn_end(f.conn, 0, MT_END_FIN, 2 * S);
        if (endings[i].end != MT_END_FIN)
            f.conn->ended[endings[i].side] = false;
        assert_null(mt_decode_next(&f.decode)); /* it may yet be answered */
        mt_conn_end(f.conn, endings[i].side, endings[i].end, 3 * S);
        assert_int_equal(next(&f)->error, endings[i].want);
        assert_int_equal(next(&f)->error, endings[i].want);
        end(&f, MT_END_FIN, 3 * S);
        no_more(&f);
    }
}

/* Neither text nor a length that fits makes DNS of something else. */
static void test_tcp_other_protocols(void **state)
{
    (void)state;
    static const char ssh[] = "SSH-2.0-OpenSSH_9.2\r\n";
    static const char fits[] =
        "\0\x1d\xab\xcd\1\0\0\1\0\0\0\0\0\0 and so on ...";
    const struct mt_span first[] = {{(const uint8_t *)ssh, sizeof ssh - 1},
                                    {(const uint8_t *)fits, sizeof fits - 1}};
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        struct fixture f;
        open_tcp(&f, 53);
        fixture_feed(&f, 0, first[i], 2 * S);
        assert_false(f.conn->decoded);
        end(&f, MT_END_FIN, 3 * S);
        assert_int_equal(mt_decode_next(&f.decode)->protocol, MT_PROTOCOL_TCP);
        no_more(&f);
    }
}

/* At the ceiling queries are refused and counted; nothing leaks. */
static void test_at_the_ceiling(void **state)
{
    (void)state;
    struct fixture f;
    struct dns q, r;
    open_tcp(&f, 53);
    fixture_feed(&f, 0, two_queries(&q), 2 * S);
    size_t limit = f.pool.limit_bytes;
    struct mt_span answers = two_answers(&r);
    f.pool.limit_bytes = f.pool.used_bytes;
    fixture_feed(&f, 1, mt_span_take(&answers, 20), 3 * S); /* in pieces */
    fixture_feed(&f, 1, answers, 3 * S);
    f.pool.limit_bytes = limit;
    assert_int_equal(f.decode.stats.drafts_refused, 1);
    assert_span(next(&f)->path, "a.example");
    end(&f, MT_END_EVICTED, 3 * S);
    (void)next(&f);
    no_more(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query_and_answer),
        cmocka_unit_test(test_answers_in_any_order),
        cmocka_unit_test(test_asked_again),
        cmocka_unit_test(test_error_without_question),
        cmocka_unit_test(test_never_answered),
        cmocka_unit_test(test_one_direction),
        cmocka_unit_test(test_heard_in_another_flow),
        cmocka_unit_test(test_other_port),
        cmocka_unit_test(test_what_looks_alike),
        cmocka_unit_test(test_broken_records),
        cmocka_unit_test(test_queries_are_bounded),
        cmocka_unit_test(test_tcp_cut_anywhere),
        cmocka_unit_test(test_tcp_gap_inside),
        cmocka_unit_test(test_tcp_gap_of_unknown_size),
        cmocka_unit_test(test_tcp_endings),
        cmocka_unit_test(test_tcp_other_protocols),
        cmocka_unit_test(test_at_the_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
