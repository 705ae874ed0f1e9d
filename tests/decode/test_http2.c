/* HTTP/2 exchanges as a user sees them: one line each. Every conversation is
 * fed whole, byte by byte, and cut at every offset; the lines must not change.
 */
#include "h2_talk.h"

static void test_get(void **state)
{
    (void)state;
    struct talk *t = talk_new();
    start(t);
    h2_get(t->side[0], 1, "/a?b=c");
    say(t, 0);
    h2_status(t->side[1], 1, false, "200");
    h2_data(t->side[1], 1, "hello", true);
    say(t, 1);
    check(t, "1 h2 unary GET /a?b=* 200 ok  req 0/0 resp 5/0\n");
}

/* Answers in another order than the questions, interleaved. */
static void test_multiplexed(void **state)
{
    (void)state;
    struct talk *t = talk_new();
    struct h2_side *c = t->side[0], *s = t->side[1];
    start(t);
    h2_get(c, 1, "/one");
    HEADERS(c, 3, false, {":method", "POST"}, {":scheme", "http"},
            {":path", "/three"}, {":authority", "shop"});
    h2_data(c, 3, "ab", false);
    h2_get(c, 5, "/five");
    h2_data(c, 3, "cde", true);
    say(t, 0);
    h2_status(s, 5, false, "404");
    h2_status(s, 1, false, "200");
    h2_data(s, 5, "x", false);
    h2_status(s, 3, true, "503");
    h2_data(s, 1, "yy", true);
    h2_data(s, 5, "zzz", true);
    say(t, 1);
    check(t, "3 h2 unary POST /three 503 failure  req 5/0 resp 0/0\n"
             "1 h2 unary GET /one 200 ok  req 0/0 resp 2/0\n"
             "5 h2 unary GET /five 404 client_error  req 0/0 resp 4/0\n");
}

/* RFC 9113 section 8.1: 1xx before the final response, trailers after it, the
 * response before the request has ended. */
static void test_informational_and_trailers(void **state)
{
    (void)state;
    struct talk *t = talk_new();
    struct h2_side *c = t->side[0], *s = t->side[1];
    start(t);
    HEADERS(c, 1, false, {":method", "PUT"}, {":scheme", "http"},
            {":path", "/up"}, {":authority", "shop"}, {"expect", "100"});
    say(t, 0);
    HEADERS(s, 1, false, {":status", "100"});
    HEADERS(s, 1, false, {":status", "103"}, {"link", "</style.css>"});
    say(t, 1);
    h2_data(c, 1, "body", false);
    HEADERS(c, 1, true, {"x-checksum", "1"});
    say(t, 0);
    h2_status(s, 1, false, "201");
    h2_data(s, 1, "made", false);
    HEADERS(s, 1, true, {"x-cost", "3"});
    say(t, 1);
    HEADERS(c, 3, false, {":method", "PUT"}, {":scheme", "http"},
            {":path", "/early"}, {":authority", "shop"});
    say(t, 0);
    h2_status(s, 3, true, "413");
    say(t, 1);
    h2_data(c, 3, "much", true);
    say(t, 0);
    check(t, "1 h2 unary PUT /up 201 ok  req 4/0 resp 4/0\n"
             "3 h2 unary PUT /early 413 client_error  req 4/0 resp 0/0\n");
}

static void test_resets(void **state)
{
    (void)state;
    struct talk *t = talk_new();
    struct h2_side *c = t->side[0], *s = t->side[1];
    start(t);
    for (uint32_t id = 1; id <= 9; id += 2)
        h2_get(c, id, "/r");
    HEADERS(c, 11, false, {":method", "PUT"}, {":scheme", "http"},
            {":path", "/up"}, {":authority", "shop"});
    say(t, 0);
    h2_rst(c, 1, 8);
    say(t, 0);
    h2_rst(s, 3, 7);
    h2_status(s, 5, false, "200");
    h2_data(s, 5, "part", false);
    h2_rst(s, 5, 2);
    h2_status(s, 7, false, "200");
    h2_data(s, 1, "late", true); /* was on its way */
    h2_status(s, 11, true, "200");
    h2_rst(s, 11, 0); /* section 8.1: no need for the rest */
    say(t, 1);
    h2_rst(c, 7, 8);
    say(t, 0);
    h2_status(s, 9, true, "200");
    say(t, 1);
    check(t,
          "1 h2 unary GET /r 0 failure reset_by_client req 0/0 resp 0/0"
          " half=request\n"
          "3 h2 unary GET /r 0 failure refused req 0/0 resp 0/0 half=request\n"
          "5 h2 unary GET /r 200 failure reset_by_server req 0/0 resp 4/0\n"
          "11 h2 unary PUT /up 200 ok  req 0/0 resp 0/0\n"
          "7 h2 unary GET /r 200 failure reset_by_client req 0/0 resp 0/0\n"
          "9 h2 unary GET /r 200 ok  req 0/0 resp 0/0\n");
}

static void test_goaway(void **state)
{
    (void)state;
    struct talk *t = talk_new();
    struct h2_side *c = t->side[0], *s = t->side[1];
    start(t);
    h2_get(c, 1, "/a");
    h2_get(c, 3, "/b");
    h2_get(c, 5, "/c");
    say(t, 0);
    h2_goaway(s, 0x7fffffff, 0);
    h2_goaway(s, 3, 11);
    h2_status(s, 1, true, "200");
    say(t, 1);
    check(t, "5 h2 unary GET /c 0 failure refused req 0/0 resp 0/0"
             " half=request\n"
             "1 h2 unary GET /a 200 ok  req 0/0 resp 0/0\n"
             "3 h2 unary GET /b 0 failure no_response req 0/0 resp 0/0"
             " half=request\n");
}

/* What is open when the connection ends, by how it ends (DECISIONS 6). */
static void test_ends(void **state)
{
    (void)state;
    static const struct {
        enum mt_end end;
        bool half_close;
        const char *unanswered, *cut;
    } rows[] = {
        {MT_END_FIN, true, "failure no_response", "failure truncated"},
        {MT_END_RST, false, "failure reset_by_server",
         "failure reset_by_server"},
        {MT_END_CAPTURE, false, "unknown capture_end", "ok capture_end"},
        {MT_END_EVICTED, false, "unknown evicted", "ok evicted"},
        {MT_END_IDLE, false, "unknown evicted", "ok evicted"},
        {MT_END_REUSED, false, "failure no_response", "ok capture_gap"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char want[512];
        struct talk *t = talk_new();
        start(t);
        h2_get(t->side[0], 1, "/none");
        h2_get(t->side[0], 3, "/cut");
        say(t, 0);
        h2_status(t->side[1], 3, false, "200");
        h2_data(t->side[1], 3, "some", false);
        say(t, 1);
        (void)snprintf(want, sizeof want,
                       "1 h2 unary GET /none 0 %s req 0/0 resp 0/0"
                       " half=request\n"
                       "3 h2 unary GET /cut 200 %s req 0/0 resp 4/0\n",
                       rows[i].unanswered, rows[i].cut);
        check_with(
            t,
            (struct how){.half_close = rows[i].half_close, .end = rows[i].end},
            want);
        talk_free(t);
    }
}

/* Nothing of the server was captured: that is not its fault. */
static void test_one_sided(void **state)
{
    (void)state;
    struct talk *t = talk_new();
    h2_start_client(t->side[0]);
    h2_get(t->side[0], 1, "/a");
    say(t, 0);
    check_with(t, (struct how){.end = MT_END_CAPTURE},
               "1 h2 unary GET /a 0 unknown one_sided req 0/0 resp 0/0"
               " half=request\n");
    talk_free(t);
}

static void test_connect(void **state)
{
    (void)state;
    struct talk *t = talk_new();
    struct h2_side *c = t->side[0], *s = t->side[1];
    start(t);
    HEADERS(c, 1, false, {":method", "CONNECT"}, {":authority", "db:5432"});
    HEADERS(c, 3, false, {":method", "CONNECT"}, {":authority", "no:1"});
    say(t, 0);
    HEADERS(s, 1, false, {":status", "200"});
    h2_status(s, 3, true, "403");
    say(t, 1);
    h2_rst(c, 3, 8);
    h2_data(c, 1, "query", false);
    say(t, 0);
    h2_data(s, 1, "row", false);
    say(t, 1);
    check(t, "3 h2 unary CONNECT  403 client_error  req 0/0 resp 0/0\n"
             "1 h2 stream CONNECT  200 ok  req 5/0 resp 3/0\n");
}

/* RFC 8441: messages of a WebSocket over an extended CONNECT. */
static void test_websocket(void **state)
{
    (void)state;
    struct talk *t = talk_new();
    struct h2_side *c = t->side[0], *s = t->side[1];
    start(t);
    HEADERS(c, 1, false, {":method", "CONNECT"}, {":protocol", "websocket"},
            {":scheme", "https"}, {":path", "/chat?k=v"},
            {":authority", "shop"}, {"sec-websocket-version", "13"});
    say(t, 0);
    HEADERS(s, 1, false, {":status", "200"});
    say(t, 1);
    h2_frame(c, MT_H2_DATA, 0, 1,
             "\x81\x82"
             "mask"
             "\x05\x06",
             8);
    h2_frame(c, MT_H2_DATA, 0, 1,
             "\x81\x81"
             "mask"
             "\x05",
             7);
    say(t, 0);
    h2_frame(s, MT_H2_DATA, MT_H2_END_STREAM, 1, "\x81\x02hi", 4);
    say(t, 1);
    h2_frame(c, MT_H2_DATA, MT_H2_END_STREAM, 1, "", 0);
    say(t, 0);
    check(t, "1 websocket stream CONNECT /chat?k=* 200 ok  req 15/2 resp 4/1"
             "\n");
}

static void test_server_sent_events(void **state)
{
    (void)state;
    struct talk *t = talk_new();
    start(t);
    h2_get(t->side[0], 1, "/events");
    say(t, 0);
    HEADERS(t->side[1], 1, false, {":status", "200"},
            {"content-type", "text/event-stream"});
    h2_data(t->side[1], 1, "data: 1\n\nda", false);
    h2_data(t->side[1], 1, "ta: 2\n\n", false);
    say(t, 1);
    h2_rst(t->side[0], 1, 8);
    say(t, 0);
    check(t, "1 sse stream GET /events 200 ok reset_by_client req 0/0 resp"
             " 18/2\n");
}

static void test_push(void **state)
{
    (void)state;
    struct talk *t = talk_new();
    struct h2_side *c = t->side[0], *s = t->side[1];
    uint8_t block[256] = {0, 0, 0, 2};
    start(t);
    h2_get(c, 1, "/page");
    say(t, 0);
    size_t n = h2_block(s,
                        (const struct nv[]){{":method", "GET"},
                                            {":scheme", "http"},
                                            {":path", "/style.css"},
                                            {":authority", "shop:8080"},
                                            {NULL, NULL}},
                        block + 4, sizeof block - 4);
    h2_frame(s, MT_H2_PUSH_PROMISE, MT_H2_END_HEADERS, 1, block, n + 4);
    h2_status(s, 1, false, "200");
    h2_data(s, 1, "page", true);
    h2_status(s, 2, false, "200");
    h2_data(s, 2, "style", true);
    say(t, 1);
    check(t, "1 h2 unary GET /page 200 ok  req 0/0 resp 4/0\n"
             "2 h2 unary GET /style.css 200 ok  req 0/0 resp 5/0\n");
}

/* Padding, priority, blocks over many CONTINUATIONs, settings that change,
 * PING, WINDOW_UPDATE, and types that nobody knows. */
static void test_frames_of_every_kind(void **state)
{
    (void)state;
    struct talk *t = talk_new();
    struct h2_side *c = t->side[0], *s = t->side[1];
    uint8_t block[512], p[600];
    start(t);
    size_t n = h2_block(c,
                        (const struct nv[]){{":method", "POST"},
                                            {":scheme", "http"},
                                            {":path", "/padded"},
                                            {":authority", "shop:8080"},
                                            {"x-long", "abcdefghijkl"},
                                            {NULL, NULL}},
                        block, sizeof block);
    memset(p, 0, sizeof p);
    p[0] = 7; /* pad, then priority, then the first part of the block */
    memcpy(p + 6, block, 5);
    h2_frame(c, MT_H2_HEADERS, MT_H2_PADDED | MT_H2_WITH_PRIORITY, 1, p,
             6 + 5 + 7);
    for (size_t i = 5; i < n; i++)
        h2_frame(c, MT_H2_CONTINUATION, i + 1 == n ? MT_H2_END_HEADERS : 0, 1,
                 block + i, 1);
    h2_frame(c, MT_H2_PING, 0, 0, "12345678", 8);
    h2_word(c, MT_H2_WINDOW_UPDATE, 1, 1000);
    h2_frame(c, 0xfe, 0xff, 77, "whatever", 8);
    h2_frame(c, MT_H2_PRIORITY, 0, 5, "\0\0\0\0\1", 5);
    memcpy(p, "\3body\0\0\0", 8);
    h2_frame(c, MT_H2_DATA, MT_H2_PADDED | MT_H2_END_STREAM, 1, p, 8);
    say(t, 0);
    h2_setting(s, MT_H2_HEADER_TABLE_SIZE, 0);
    h2_setting(s, 0xaaaa, 1);
    h2_status(s, 1, false, "200");
    h2_frame(s, MT_H2_DATA, 0, 1, "", 0);
    h2_frame(s, MT_H2_DATA, MT_H2_PADDED | MT_H2_END_STREAM, 1, "\0ok", 3);
    say(t, 1);
    assert_int_equal(nghttp2_hd_deflate_change_table_size(c->deflater, 0), 0);
    h2_get(c, 3, "/after");
    assert_int_equal(nghttp2_hd_deflate_change_table_size(c->deflater, 4096),
                     0);
    h2_get(c, 5, "/again");
    h2_get(c, 7, "/again");
    say(t, 0);
    for (uint32_t id = 3; id <= 7; id += 2)
        h2_status(s, id, true, "204");
    say(t, 1);
    check(t, "1 h2 unary POST /padded 200 ok  req 4/0 resp 2/0\n"
             "3 h2 unary GET /after 204 ok  req 0/0 resp 0/0\n"
             "5 h2 unary GET /again 204 ok  req 0/0 resp 0/0\n"
             "7 h2 unary GET /again 204 ok  req 0/0 resp 0/0\n");
}

/* RFC 7540 section 3.2: HTTP/1.1 first, stream 1 half done. */
static void test_upgrade(void **state)
{
    (void)state;
    static const char request[] =
        "GET /up HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade, "
        "HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
        "AAMAAABkAAQAAP__\r\n\r\n";
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\n"
                                 "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    struct talk *t = talk_new();
    h2_raw(t->side[0], request, sizeof request - 1);
    say(t, 0);
    h2_raw(t->side[1], answer, sizeof answer - 1);
    h2_start_server(t->side[1]);
    h2_status(t->side[1], 1, false, "200");
    say(t, 1);
    h2_start_client(t->side[0]);
    h2_get(t->side[0], 3, "/next");
    say(t, 0);
    h2_data(t->side[1], 1, "done", true);
    h2_status(t->side[1], 3, true, "200");
    say(t, 1);
    check(t, "1 h2 unary GET /up 200 ok  req 0/0 resp 4/0\n"
             "3 h2 unary GET /next 200 ok  req 0/0 resp 0/0\n");
}

/* Times, sizes and names that are not in the lines above. */
static void test_details(void **state)
{
    (void)state;
    struct fixture f;
    struct h2_side *c = h2_new(), *s = h2_new();
    fixture_open(&f);
    h2_start_client(c);
    h2_get(c, 1, "/a");
    size_t cut = c->len - 4; /* the block ends in another packet */
    fixture_feed(&f, 0, (struct mt_span){c->bytes, cut}, 5000);
    fixture_feed(&f, 0, (struct mt_span){c->bytes + cut, 4}, 5007);
    h2_start_server(s);
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 5010);
    s->len = 0;
    HEADERS(s, 1, false, {":status", "103"});
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 5020);
    s->len = 0;
    h2_status(s, 1, false, "200");
    size_t head = s->len;
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 5030);
    s->len = 0;
    h2_data(s, 1, "0123456789", true);
    fixture_feed(&f, 1, (struct mt_span){s->bytes, 12}, 5040);
    fixture_feed(&f, 1, (struct mt_span){s->bytes + 12, 7}, 5050);
    const struct mt_exchange *x = mt_decode_next(&f.decode);
    assert_non_null(x);
    assert_int_equal(x->req.start_ns, 5000);
    assert_int_equal(x->req.end_ns, 5007);
    assert_int_equal(x->resp.start_ns, 5030);
    assert_int_equal(x->resp.end_ns, 5050);
    assert_int_equal(x->resp.body_bytes, 10);
    assert_true(x->resp.header_bytes > head);
    assert_span(x->authority, "shop:8080");
    assert_span(x->scheme, "http");
    assert_span(x->user_agent, "test/1");
    assert_span(x->resp.content_type, "text/plain");
    assert_int_equal(x->hpack, MT_HPACK_FULL);
    assert_int_equal(x->detection, MT_DETECTED_START);
    assert_int_equal(x->anomalies, 0);
    assert_int_equal(x->client.addr.port, 40000);
    h2_free(c);
    h2_free(s);
    fixture_close(&f);
}

/* A 1xx that ends the stream is none (section 8.1). */
static void test_informational_end(void **state)
{
    (void)state;
    struct fixture f;
    struct h2_side *c = h2_new(), *s = h2_new();
    fixture_open(&f);
    h2_start_client(c);
    h2_get(c, 1, "/");
    fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len}, 5000);
    h2_start_server(s);
    HEADERS(s, 1, true, {":status", "103"});
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 6000);
    const struct mt_exchange *x = mt_decode_next(&f.decode);
    assert_non_null(x);
    assert_int_equal(x->anomalies, MT_ANOMALY_PSEUDO);
    assert_int_equal(x->outcome, MT_OUTCOME_UNKNOWN);
    h2_free(c);
    h2_free(s);
    fixture_close(&f);
}

/* Malformed heads are kept, and marked. */
#define NO_HTTP2 "HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno\n"

/* A server without HTTP/2 answers the preface in its own words: nothing is
 * missing from the capture. */
static void test_answered_in_http1(void **state)
{
    (void)state;
    struct talk *t = talk_new();
    h2_start_client(t->side[0]);
    h2_get(t->side[0], 1, "/a");
    say(t, 0);
    h2_raw(t->side[1], NO_HTTP2, sizeof NO_HTTP2 - 1);
    say(t, 1);
    h2_get(t->side[0], 3, "/b");
    say(t, 0);
    check(t, "1 h2 unary GET /a 0 failure protocol req 0/0 resp 0/0"
             " half=request\n"
             "3 h2 unary GET /b 0 failure protocol req 0/0 resp 0/0"
             " half=request\n");
}

/* And says so. */
static void test_answered_in_http1_is_told(void **state)
{
    (void)state;
    struct fixture f;
    struct h2_side *c = h2_new();
    fixture_open(&f);
    h2_start_client(c);
    h2_get(c, 1, "/a");
    fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len}, 5000);
    fixture_feed(&f, 1, mt_span_str(NO_HTTP2), 6000);
    mt_conn_end(f.conn, 1, MT_END_RST, 7000);
    const struct mt_exchange *x = mt_decode_next(&f.decode);
    assert_non_null(x);
    assert_span(x->error_message, "the server has no HTTP/2: HTTP/1.1 400");
    h2_free(c);
    fixture_close(&f);
}

/* Frames that are none, where no packet is missing, are the server's fault;
 * after a gap they may be the capture's. */
static void test_garbled(void **state)
{
    (void)state;
    for (int lost = 0; lost < 3; lost++) {
        struct fixture f;
        struct h2_side *c = h2_new(), *s = h2_new();
        fixture_open(&f);
        h2_start_client(c);
        h2_get(c, 1, "/a");
        h2_start_server(s);
        fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len}, 5000);
        fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 6000);
        if (lost == 1)
            mt_conn_gap(f.conn, 1, 100, 6500);
        fixture_feed(&f, 1, MT_SPAN("garbage, and no frame at all"), 7000);
        if (lost == 2)
            mt_conn_gap(f.conn, 1, 100, 7500);
        mt_conn_end(f.conn, 0, MT_END_FIN, 8000);
        mt_conn_end(f.conn, 1, MT_END_FIN, 8000);
        const struct mt_exchange *x = mt_decode_next(&f.decode);
        assert_non_null(x);
        assert_int_equal(x->error,
                         lost > 0 ? MT_ERROR_CAPTURE_GAP : MT_ERROR_PROTOCOL);
        h2_free(c);
        h2_free(s);
        fixture_close(&f);
    }
}

static void test_malformed(void **state)
{
    (void)state;
    static const struct nv lists[][6] = {
        {{":method", "GET"}, {":path", "/"}, {NULL, NULL}},
        {{":method", "GET"},
         {":scheme", "http"},
         {":path", "/"},
         {":path", "/b"},
         {NULL, NULL}},
        {{":method", "GET"},
         {":scheme", "http"},
         {"a", "b"},
         {":path", "/"},
         {NULL, NULL}},
        {{":method", "GET"},
         {":scheme", "http"},
         {":path", "/"},
         {":status", "200"},
         {NULL, NULL}},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct fixture f;
        struct h2_side *c = h2_new();
        fixture_open(&f);
        h2_start_client(c);
        h2_headers(c, 1, true, lists[i]);
        fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len}, 5000);
        mt_conn_end(f.conn, 1, MT_END_RST, 6000);
        const struct mt_exchange *x = mt_decode_next(&f.decode);
        assert_non_null(x);
        assert_int_equal(x->anomalies, MT_ANOMALY_PSEUDO);
        assert_span(x->path, "/");
        h2_free(c);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_multiplexed),
        cmocka_unit_test(test_informational_and_trailers),
        cmocka_unit_test(test_resets),
        cmocka_unit_test(test_goaway),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_one_sided),
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_websocket),
        cmocka_unit_test(test_server_sent_events),
        cmocka_unit_test(test_push),
        cmocka_unit_test(test_frames_of_every_kind),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_details),
        cmocka_unit_test(test_informational_end),
        cmocka_unit_test(test_answered_in_http1),
        cmocka_unit_test(test_answered_in_http1_is_told),
        cmocka_unit_test(test_garbled),
        cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests_name("decode/http2", tests, NULL, NULL);
}
