/* One connection at two points, its addresses translated between them. */
#include "segments.h"

#include "capture/hops.h"

static const char request[] = "GET /a HTTP/1.1\r\nHost: shop\r\n\r\n";
static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

enum { REQUEST = sizeof request - 1, RESPONSE = sizeof response - 1 };

/* Where a segment is seen: the server's port there, and the client's. */
struct point {
    uint16_t client_port, server_port;
    uint32_t moved; /* added to sequence numbers of the client */
};

static void see(struct mt_tap *tap, const struct point *p, int side,
                uint32_t seq, uint32_t ack, unsigned flags, const char *text,
                int64_t us)
{
    uint32_t moved = p->moved;
    struct mt_segment s =
        segment(side, side == 0 ? seq + moved : seq,
                side == 0 || ack == 0 ? ack : ack + moved, flags, text);
    struct mt_addr *client = side == 0 ? &s.src : &s.dst;
    struct mt_addr *server = side == 0 ? &s.dst : &s.src;
    client->port = p->client_port;
    server->port = p->server_port;
    s.ts_ns = T0_NS + us * 1000;
    mt_tap_segment(tap, &s);
    segment_free(&s);
}

/* A request and its answer: the client's segments pass the points in order,
 * those of the server in the opposite one. */
static void talk(struct mt_tap *tap, const struct point *points, int count)
{
    static const struct {
        int side;
        uint32_t seq, ack;
        unsigned flags;
        const char *text;
    } list[] = {
        {0, 999, 0, S, ""},
        {1, 4999, 1000, S | A, ""},
        {0, 1000, 5000, A, ""},
        {0, 1000, 5000, A, request},
        {1, 5000, 1000 + REQUEST, A, response},
        {0, 1000 + REQUEST, 5000 + RESPONSE, F | A, ""},
        {1, 5000 + RESPONSE, 1001 + REQUEST, F | A, ""},
    };
    int64_t us = 0;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        for (int n = 0; n < count; n++) {
            int at = list[i].side == 0 ? n : count - 1 - n;
            see(tap, &points[at], list[i].side, list[i].seq, list[i].ack,
                list[i].flags, list[i].text, us += 10);
        }
    mt_tap_end(tap);
}

/* The ports of the servers of exchanges that count, and of copies. */
struct seen {
    unsigned counted, copies;
    uint16_t server_port, copy_port;
    uint16_t client_port; /* of who called */
};

static struct seen exchanges_of(const struct point *points, int count)
{
    struct mt_tap *tap = mt_tap_new(&(struct mt_tap_config){.limit_bytes = 0});
    assert_non_null(tap);
    talk(tap, points, count);
    struct seen seen = {0};
    const struct mt_exchange *x;
    while ((x = mt_tap_next(tap)) != NULL) {
        assert_int_equal(x->status, 200);
        if (x->observer == MT_OBSERVER_TAP) {
            seen.counted++;
            seen.server_port = x->server.addr.port;
            seen.client_port = mt_exchange_caller(x).port;
        } else {
            assert_int_equal(x->observer, MT_OBSERVER_TAP_SHADOW);
            seen.copies++;
            seen.copy_port = x->server.addr.port;
            assert_int_equal(mt_exchange_caller(x).port, 40000);
        }
    }
    struct mt_tap_stats stats;
    mt_tap_stats(tap, &stats);
    assert_int_equal(stats.tap.hops, seen.copies);
    mt_tap_free(tap);
    return seen;
}

/* DNAT: the client's point names the virtual address. */
static void test_counts_nearest_to_the_server(void **state)
{
    (void)state;
    static const struct point points[] = {{40000, 80, 0}, {40000, 8080, 0}};
    struct seen seen = exchanges_of(points, 2);
    assert_int_equal(seen.counted, 1);
    assert_int_equal(seen.server_port, 8080);
    assert_int_equal(seen.copies, 1);
    assert_int_equal(seen.copy_port, 80);
    assert_int_equal(seen.client_port, 40000);
}

/* Both ends translated, at two routers. */
static void test_three_points(void **state)
{
    (void)state;
    static const struct point points[] = {
        {40000, 80, 0}, {1234, 80, 0}, {1234, 8080, 0}};
    struct seen seen = exchanges_of(points, 3);
    assert_int_equal(seen.counted, 1);
    assert_int_equal(seen.server_port, 8080);
    assert_int_equal(seen.copies, 2);
    assert_int_equal(seen.client_port, 40000); /* before both */
}

/* What numbers anew, as a proxy does, has a connection of its own. */
static void test_a_proxy_is_no_copy(void **state)
{
    (void)state;
    static const struct point points[] = {{40000, 80, 0}, {40000, 8080, 77777}};
    struct seen seen = exchanges_of(points, 2);
    assert_int_equal(seen.counted, 2);
    assert_int_equal(seen.copies, 0);
    assert_int_equal(seen.client_port, 40000);
}

static struct mt_flow flow(uint64_t serial, uint32_t isn0, uint32_t isn1,
                           unsigned by, uint16_t port)
{
    struct mt_flow f = {.serial = serial,
                        .isn = {isn0, isn1},
                        .flags = (uint8_t)(MT_FLOW_ISN0 | MT_FLOW_ISN1 | by)};
    f.key.port[0] = port;
    return f;
}

/* The sides of a flow may be the other way round, and the table forgets. */
static void test_table(void **state)
{
    (void)state;
    struct mt_hops *h = mt_hops_new();
    assert_non_null(h);
    struct mt_flow first = flow(1, 10, 20, MT_FLOW_SYN_BY0, 1);
    struct mt_flow last = flow(2, 20, 10, MT_FLOW_SYN_BY1, 2);
    struct mt_flow same_ends = flow(3, 10, 20, MT_FLOW_SYN_BY0, 1);
    struct mt_flow other = flow(4, 10, 21, MT_FLOW_SYN_BY0, 3);
    struct mt_flow crossed = flow(5, 20, 10, MT_FLOW_SYN_BY0, 3);
    mt_hops_note(h, &first);
    assert_false(mt_hops_is_copy(h, &first));
    mt_hops_note(h, &last);
    mt_hops_note(h, &first); /* its SYN-ACK comes later, or again */
    assert_true(mt_hops_is_copy(h, &first));
    assert_false(mt_hops_is_copy(h, &last));
    assert_false(mt_hops_is_copy(h, &other));
    assert_false(mt_hops_is_copy(h, &crossed));
    first.flags &= (uint8_t)~MT_FLOW_ISN1;
    assert_false(mt_hops_is_copy(h, &first)); /* joined late */
    first.flags |= MT_FLOW_ISN1;
    mt_hops_note(h, &same_ends); /* the same once more in another network */
    assert_false(mt_hops_is_copy(h, &first));
    for (uint32_t i = 0; i < 1000000; i++) {
        struct mt_flow f = flow(10 + i, i, ~i, MT_FLOW_SYN_BY0, 9);
        mt_hops_note(h, &f);
    }
    assert_false(mt_hops_is_copy(h, &last));
    mt_hops_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_nearest_to_the_server),
        cmocka_unit_test(test_three_points),
        cmocka_unit_test(test_a_proxy_is_no_copy),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
