/* From segments to exchanges, with the decoders at work. */
#include "segments.h"

#include "capture/tap.h"

static const char request[] = "GET /a HTTP/1.1\r\nHost: shop\r\n\r\n";
static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

enum { REQUEST = sizeof request - 1, RESPONSE = sizeof response - 1 };

static struct mt_tap *tap_of(size_t limit)
{
    struct mt_tap *tap =
        mt_tap_new(&(struct mt_tap_config){.limit_bytes = limit});
    assert_non_null(tap);
    return tap;
}

struct at {
    int side;
    uint32_t seq, ack;
    unsigned flags;
    const char *text;
    int64_t ms;
};

static void put(struct mt_tap *tap, const struct at *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct at *a = &list[i];
        struct mt_segment s =
            segment(a->side, a->seq, a->ack, a->flags, a->text);
        s.ts_ns = T0_NS + a->ms * MS_NS;
        mt_tap_segment(tap, &s);
        segment_free(&s);
    }
}

#define PUT(tap, ...)                                   \
    do {                                                \
        const struct at list[] = {__VA_ARGS__};         \
        put((tap), list, sizeof list / sizeof list[0]); \
    } while (0)

static const struct mt_exchange *only(struct mt_tap *tap)
{
    const struct mt_exchange *x = mt_tap_next(tap);
    assert_non_null(x);
    return x;
}

static void test_reordered_and_repeated(void **state)
{
    (void)state;
    struct mt_tap *tap = tap_of(0);
    PUT(tap, {0, 999, 0, S, "", 0}, {1, 4999, 1000, S | A, "", 1},
        {0, 1000, 5000, A, "", 2},
        {1, 5000, 1000 + REQUEST, A, response, 9}, /* before its request */
        {0, 1000, 5000, A, request, 3}, {0, 1000, 5000, A, request, 203});
    const struct mt_exchange *x = only(tap);
    assert_int_equal(x->status, 200);
    assert_int_equal(x->req.start_ns, T0_NS + 3 * MS_NS);
    assert_int_equal(x->resp.start_ns, T0_NS + 9 * MS_NS);
    assert_int_equal(x->client.addr.port, 40000);
    assert_int_equal(x->role_evidence, MT_ROLE_BY_SYN);
    assert_null(mt_tap_next(tap));
    mt_tap_free(tap);
}

static void test_row2_one_sided(void **state)
{
    (void)state;
    struct mt_tap *tap = tap_of(0);
    PUT(tap, {0, 999, 0, S, "", 0}, {0, 1000, 5000, A, request, 0},
        {0, 1000 + REQUEST, 5000 + RESPONSE, A | F, "", 40},
        {0, 1000 + REQUEST + 1, 5000 + RESPONSE, A, "", 3000});
    const struct mt_exchange *x = only(tap);
    assert_int_equal(x->half, MT_HALF_REQUEST);
    assert_int_equal(x->error, MT_ERROR_ONE_SIDED);
    assert_int_equal(x->outcome, MT_OUTCOME_UNKNOWN);
    assert_null(mt_tap_next(tap));
    mt_tap_free(tap);
}

static void test_row5_lost_response(void **state)
{
    (void)state;
    struct mt_tap *tap = tap_of(0);
    PUT(tap, {0, 999, 0, S, "", 0}, {1, 4999, 1000, S | A, "", 1},
        {0, 1000, 5000, A, request, 2},
        {0, 1000 + REQUEST, 5000 + RESPONSE, A, "", 50},
        {0, 1000 + REQUEST, 5000 + RESPONSE, F | A, "", 400},
        {1, 5000 + RESPONSE, 1001 + REQUEST, F | A, "", 401});
    const struct mt_exchange *x = only(tap);
    assert_int_equal(x->status, 0);
    assert_int_equal(x->error, MT_ERROR_CAPTURE_GAP);
    assert_int_equal(x->outcome, MT_OUTCOME_UNKNOWN);
    mt_tap_free(tap);
}

static void test_refused_is_a_row(void **state)
{
    (void)state;
    struct mt_tap *tap = tap_of(0);
    PUT(tap, {0, 999, 0, S, "", 0}, {1, 0, 1000, R | A, "", 1});
    const struct mt_exchange *x = only(tap);
    assert_int_equal(x->error, MT_ERROR_REFUSED);
    assert_int_equal(x->kind, MT_KIND_L4);
    assert_int_equal(x->server.addr.port, 80);
    assert_int_equal(x->outcome, MT_OUTCOME_FAILURE);
    mt_tap_free(tap);
}

static void test_open_for_a_second(void **state)
{
    (void)state;
    struct mt_tap *tap = tap_of(0);
    PUT(tap, {0, 999, 0, S, "", 0}, {0, 1000, 5000, A, request, 0},
        {1, 5000, 1000 + REQUEST, A, response, 1},
        {0, 1000 + REQUEST, 5000 + RESPONSE, A, request, 2});
    assert_int_equal(only(tap)->status, 200);
    int64_t then_ns = T0_NS + 2 * MS_NS + S_NS;
    assert_null(mt_tap_open(tap, then_ns, NULL));
    struct mt_draft *r = mt_tap_open(tap, then_ns + 1, NULL);
    assert_non_null(r);
    assert_true(mt_span_eq(r->x.path, MT_SPAN("/a")));
    assert_null(mt_tap_open(tap, then_ns + 1, r));
    mt_tap_end(tap);
    assert_int_equal(only(tap)->error, MT_ERROR_CAPTURE_END);
    mt_tap_free(tap);
}

/* Its memory is gone, what was known of it is not. */
static void test_evicted_says_so(void **state)
{
    (void)state;
    struct mt_tap *tap = tap_of(256 << 10);
    struct mt_segment s = segment(0, 999, 0, S, request);
    struct mt_tap_stats n = {.flows_now = 0};
    while (n.tap.evicted_decoded == 0) {
        assert_true(s.src.port < 50000);
        mt_tap_segment(tap, &s);
        s.src.port++;
        s.ts_ns += 1000;
        mt_tap_stats(tap, &n);
    }
    segment_free(&s);
    const struct mt_exchange *x = only(tap);
    assert_int_equal(x->error, MT_ERROR_EVICTED);
    assert_int_equal(x->outcome, MT_OUTCOME_UNKNOWN);
    assert_int_equal(x->client.addr.port, 40000); /* the oldest */
    assert_int_equal(n.decode.drafts_refused, 0);
    mt_tap_free(tap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reordered_and_repeated),
        cmocka_unit_test(test_row2_one_sided),
        cmocka_unit_test(test_row5_lost_response),
        cmocka_unit_test(test_refused_is_a_row),
        cmocka_unit_test(test_open_for_a_second),
        cmocka_unit_test(test_evicted_says_so),
    };
    return cmocka_run_group_tests_name("capture/tap_exchanges", tests, NULL,
                                       NULL);
}
