#include "messages.h"

static void test_requests(void **state)
{
    (void)state;
    struct mt_pool pool;
    struct mt_head h;
    struct mt_outq q;
    mt_pool_init(&pool, 1 << 20);
    mt_head_init(&h, &pool, 1 << 16);
    mt_outq_init(&q, &pool);
    h.method = MT_SPAN("POST");
    h.authority = MT_SPAN("h:1");
    h.path = MT_SPAN("/a?b");
    fields_of(&h, "x: 1\nte: trailers");
    assert_int_equal(mt_http1_body(&h, false, false), MT_BODY_CHUNKED);
    mt_http1_write_request(&q, &h, MT_BODY_CHUNKED, false);
    mt_http1_write_body(&q, MT_BODY_CHUNKED, MT_SPAN("0123456789abcdefX"));
    mt_http1_write_body(&q, MT_BODY_CHUNKED, MT_SPAN(""));
    struct mt_head trailers;
    mt_head_init(&trailers, &pool, 1 << 16);
    fields_of(&trailers, "sum: 9");
    mt_http1_write_end(&q, MT_BODY_CHUNKED, &trailers);
    assert_string_equal(sent_by(&q),
                        "POST /a?b HTTP/1.1\r\nHost: h:1\r\nx: 1\r\n"
                        "te: trailers\r\nConnection: TE\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n"
                        "11\r\n0123456789abcdefX\r\n0\r\nsum: 9\r\n\r\n");
    mt_head_deinit(&trailers);

    mt_head_reset(&h);
    h.method = MT_SPAN("CONNECT");
    h.authority = MT_SPAN("h:443");
    mt_http1_write_request(&q, &h, MT_BODY_NONE, true);
    assert_string_equal(sent_by(&q), "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n"
                                     "Connection: close\r\n\r\n");
    mt_head_deinit(&h);
    mt_outq_deinit(&q);
    mt_pool_deinit(&pool);
}

static void test_responses(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *fields;
        int64_t length;
        bool end, to_1_0, close, keep;
        enum mt_body body;
        const char *text;
    } rows[] = {
        {200, "content-length: 2", 2, false, false, false, false,
         MT_BODY_LENGTH, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[hi]"},
        {200, "", -1, false, false, false, false, MT_BODY_CHUNKED,
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "2\r\n[hi]\r\n0\r\n\r\n"},
        {200, "", -1, false, true, true, false, MT_BODY_CLOSE,
         "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[hi]"},
        {304, "content-length: 99", 99, true, false, false, true, MT_BODY_NONE,
         "HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n"
         "Connection: keep-alive\r\n\r\n"},
        {101, "upgrade: websocket", -1, true, false, false, false, MT_BODY_NONE,
         "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
         "Connection: upgrade\r\n\r\n"},
        {299, "", -1, true, false, false, false, MT_BODY_NONE,
         "HTTP/1.1 299 \r\n\r\n"},
    };
    struct mt_pool pool;
    mt_pool_init(&pool, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_head h;
        struct mt_outq q;
        char want[512], *at = want;
        mt_head_init(&h, &pool, 1 << 16);
        mt_outq_init(&q, &pool);
        h.status = (uint16_t)rows[i].status;
        h.length = rows[i].length;
        fields_of(&h, rows[i].fields);
        enum mt_body body = mt_http1_body(&h, rows[i].end, rows[i].to_1_0);
        assert_int_equal(body, rows[i].body);
        mt_http1_write_response(&q, &h, body, rows[i].close, rows[i].keep);
        if (body != MT_BODY_NONE)
            mt_http1_write_body(&q, body, MT_SPAN("hi"));
        mt_http1_write_end(&q, body, NULL);
        for (const char *c = rows[i].text; *c != '\0'; c++)
            if (*c != '[' && *c != ']') /* they only mark the body */
                *at++ = *c;
        *at = '\0';
        assert_string_equal(sent_by(&q), want);
        mt_head_deinit(&h);
        mt_outq_deinit(&q);
    }
    mt_pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_responses),
    };
    return cmocka_run_group_tests_name("http1_write", tests, NULL, NULL);
}
