/* Lines, and all that is around a body, are bounded; an error stays. */
#include "http1_run.h"

static void test_error_is_sticky(void **state)
{
    (void)state;
    struct run r;
    start(&r, &by_hand, &mt_http1_lenient);
    feed(&r, TEXT("garbage\r\n"));
    assert_int_equal(r.rc, MT_EPROTO);
    feed(&r, TEXT(GET "\r\n"));
    assert_int_equal(r.rc, MT_EPROTO);
    finish(&r, &by_hand, "!EPROTO", MT_SPAN(""));
}

/* A header above the bounds: the proxy gives up, the tap clips and goes on. */
static void test_lines_are_bounded(void **state)
{
    (void)state;
    static char field[120000];
    memset(field, 'x', sizeof field);
    memcpy(field, "X: ", 3);
    for (int strict = 0; strict < 2; strict++)
        for (size_t step = 1; step < 200000; step = step * 7 + 1) {
            struct run r;
            start(&r, &by_hand, strict ? &mt_http1_strict : &mt_http1_lenient);
            feed(&r, TEXT("GET / HTTP/1.0\r\n"));
            struct mt_http1_event ev;
            uint8_t *all = malloc(sizeof field + 4);
            assert_non_null(all);
            memcpy(all, field, sizeof field);
            memcpy(all + sizeof field, "\r\n\r\n", 4);
            struct mt_span rest = {.ptr = all, .len = sizeof field + 4};
            size_t value = 0;
            int rc = MT_MORE;
            while (rest.len > 0 && rc >= 0) {
                struct mt_span in =
                    mt_span_take(&rest, step < rest.len ? step : rest.len);
                while ((rc = mt_http1_next(&r.p, &in, &ev)) == MT_EVENT)
                    if (ev.kind == MT_HTTP1_FIELD)
                        value = ev.field.value.len;
                assert_true(r.pool.used_bytes <= (strict ? 131072 : 32768));
            }
            assert_int_equal(rc, strict ? MT_ELIMIT : MT_MORE);
            assert_int_equal(value, strict ? 0 : 16384 - 3);
            free(all);
            mt_http1_deinit(&r.p);
            mt_pool_deinit(&r.pool);
        }
}

/* A request line above the bound is still a request to the tap. */
static void test_long_target(void **state)
{
    (void)state;
    enum { LONG = 20000 };
    static char line[LONG + 100];
    memset(line, 'x', LONG);
    memcpy(line, "GET /", 5);
    (void)strcpy(line + LONG, " HTTP/1.1\r\nHost: a\r\n\r\n");
    struct mt_span in = {(const uint8_t *)line, strlen(line)};
    struct mt_http1_event ev;
    struct run r;
    start(&r, &by_hand, &mt_http1_lenient);
    assert_int_equal(mt_http1_next(&r.p, &in, &ev), MT_EVENT);
    assert_int_equal(ev.kind, MT_HTTP1_REQUEST);
    assert_int_equal(ev.request.target.len, 16384 - 4);
    while (mt_http1_next(&r.p, &in, &ev) == MT_EVENT)
        continue;
    assert_int_equal(ev.kind, MT_HTTP1_END);
    assert_int_equal(ev.end.anomalies, MT_ANOMALY_TOO_LONG);
    mt_http1_deinit(&r.p);
    mt_pool_deinit(&r.pool);
}

/* No end of chunk extensions, of trailers or of fields for the proxy. */
static void test_overhead_is_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *start, *again;
    } rows[] = {
        {"POST / HTTP/1.1\r\nHost: a\r\n", "X: 0123456789\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
         "1;0123456789012345678901234567890123456789\r\na\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n",
         "X: 0123456789\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct run r;
        struct mt_http1_event ev;
        start(&r, &by_hand, &mt_http1_strict);
        struct mt_span in = mt_span_str(rows[i].start);
        int rc;
        while ((rc = mt_http1_next(&r.p, &in, &ev)) == MT_EVENT)
            continue;
        size_t fed = 0;
        for (; rc == MT_MORE && fed < 1000000; fed += strlen(rows[i].again)) {
            in = mt_span_str(rows[i].again);
            while ((rc = mt_http1_next(&r.p, &in, &ev)) == MT_EVENT)
                continue;
        }
        assert_int_equal(rc, MT_ELIMIT);
        assert_true(fed < 300000);
        mt_http1_deinit(&r.p);
        mt_pool_deinit(&r.pool);
    }
}

/* No memory to hold a split line is a limit like any other. */
static void test_no_memory(void **state)
{
    (void)state;
    struct run r;
    start(&r, &by_hand, &mt_http1_lenient);
    mt_pool_deinit(&r.pool);
    mt_pool_init(&r.pool, 128);
    feed(&r, TEXT(GET "\r\n" GET));
    assert_int_equal(r.rc, MT_ELIMIT);
    assert_int_equal(r.pool.used_bytes, 0);
    mt_http1_resync(&r.p, true);
    feed(&r, TEXT(GET "\r\n"));
    finish(&r, &by_hand, GOT "{none keep} . <GET / " GOT "{none keep} . ~more",
           MT_SPAN(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_is_sticky),
        cmocka_unit_test(test_lines_are_bounded),
        cmocka_unit_test(test_long_target),
        cmocka_unit_test(test_overhead_is_bounded),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests_name("decode/http1_bounds", tests, NULL,
                                       NULL);
}
