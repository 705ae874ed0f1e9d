/* Pipelines, backlogs and memory of a tap on HTTP/1 are bounded. */
#include "http1_scene.h"

/* More than 128 requests without an answer: the rest stays alone. */
static void test_pipeline_is_bounded(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    for (int i = 0; i < 200; i++)
        fixture_feed(&f, 0, MT_SPAN(REQ("/a")), 2000 + i);
    assert_int_equal(f.decode.stats.pipeline_overflow, 72);
    for (int i = 0; i < 200; i++)
        fixture_feed(&f, 1, MT_SPAN(RESP(0, "")), 3000 + i);
    unsigned rows[3] = {0};
    const struct mt_exchange *x;
    while ((x = mt_decode_next(&f.decode)) != NULL) {
        rows[x->half]++;
        if (x->half == MT_HALF_BOTH)
            assert_int_equal(x->resp.start_ns - x->req.start_ns, 1000);
    }
    assert_int_equal(rows[MT_HALF_BOTH], 128);
    assert_int_equal(rows[MT_HALF_REQUEST], 72);
    assert_int_equal(rows[MT_HALF_RESPONSE], 72);
    fixture_close(&f);
}

/* At every size of the pool: nothing is lost but exchanges, and those that
 * are told are right. */
static void test_no_memory(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 16000; limit += 100) {
        struct fixture f;
        fixture_open(&f);
        f.pool.limit_bytes = f.pool.used_bytes + limit;
        for (int64_t i = 0; i < 8; i++) {
            struct mt_span request =
                i % 2 == 0 ? MT_SPAN(REQ("/even")) : MT_SPAN(HEAD("/odd"));
            struct mt_span part = mt_span_take(&request, 9);
            fixture_feed(&f, 0, part, 2000 + i * 10);
            fixture_feed(&f, 0, request, 2001 + i * 10);
            fixture_feed(&f, 1,
                         i % 2 == 0 ? MT_SPAN(RESP(1, "z"))
                                    : MT_SPAN(RESP(7, "")),
                         2002 + i * 10);
        }
        const struct mt_exchange *x;
        while ((x = mt_decode_next(&f.decode)) != NULL) {
            if (x->protocol == MT_PROTOCOL_TCP || x->half != MT_HALF_BOTH)
                continue;
            bool even = mt_span_eq(x->method, MT_SPAN("GET"));
            assert_int_equal(x->resp.body_bytes, even ? 1 : 0);
            assert_int_equal(x->resp.start_ns - x->req.start_ns, 2);
        }
        fixture_close(&f);
    }
}

/* Bytes that wait for what never comes are bounded. */
static void test_backlog_is_bounded(void **state)
{
    (void)state;
    static uint8_t bytes[1000];
    struct fixture f;
    fixture_open(&f);
    fixture_feed(&f, 0, MT_SPAN("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"),
                 2000);
    for (int i = 0; i < 1000; i++)
        fixture_feed(&f, 0, (struct mt_span){bytes, sizeof bytes}, 2001);
    assert_true(f.pool.used_bytes < 200000);
    assert_true(f.decode.stats.undecoded_bytes > 900000);
    fixture_close(&f);

    fixture_open(&f);
    fixture_feed(&f, 0, MT_SPAN(REQ("/a")), 2000);
    fixture_feed(&f, 1, MT_SPAN(RESP(0, "") LONG_RESP), 2001);
    for (int i = 0; i < 1000; i++)
        fixture_feed(&f, 1, (struct mt_span){bytes, sizeof bytes}, 2002);
    assert_true(f.pool.used_bytes < 200000);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipeline_is_bounded),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_backlog_is_bounded),
    };
    return cmocka_run_group_tests_name("decode/http1_tap_bounds", tests, NULL,
                                       NULL);
}
