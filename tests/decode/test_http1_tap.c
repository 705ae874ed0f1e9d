/* Conversations on a tap: pairs, bodies, anomalies, and what leaves HTTP/1
 * (EDGES 20-22, 26). */
#include "http1_scene.h"

static const struct scene scenes[] = {
    /* 20: pairs */
    {"one exchange",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(RESP(3, "abc"))},
     {"GET /a 200 ok body=0/3 ms=0,10"}},
    {"keep-alive",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(RESP(0, "")), C(POST("/b", 2, "xy")), S(RESP(1, "z")),
      CFIN, SFIN},
     {"GET /a 200 ok ms=0,10", "POST /b 200 ok body=2/1 ms=20,30"}},
    {"pipelined",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a") REQ("/b") REQ("/c")), S(RESP(1, "a")),
      S("HTTP/1.1 404 x\r\nContent-Length: 1\r\n\r\nb" RESP(1, "c"))},
     {"GET /a 200 ok body=0/1 ms=0,10",
      "GET /b 404 client_error body=0/1 ms=0,20",
      "GET /c 200 ok body=0/1 ms=0,20"}},
    {"rolling pipeline",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a") REQ("/b")), S(RESP(1, "a")), C(REQ("/c")), S(RESP(2, "bb")),
      C(REQ("/d")), S(RESP(3, "ccc")), S(RESP(4, "dddd"))},
     {"GET /a 200 ok body=0/1 ms=0,10", "GET /b 200 ok body=0/2 ms=0,30",
      "GET /c 200 ok body=0/3 ms=20,50", "GET /d 200 ok body=0/4 ms=40,60"}},
    {"message over many packets",
     false,
     MT_END_CAPTURE,
     false,
     {C("GE"), C("T /a HTTP/1.1\r\nHo"), C("st: a\r\n"), C("\r\n"), S("HTT"),
      S("P/1.1 200 OK\r\nContent-Length: 4\r\n"), S("\r\nab"), S("cd")},
     {"GET /a 200 ok body=0/4 ms=0-30,40-70"}},
    /* 21: bodies and interim responses */
    {"head",
     false,
     MT_END_CAPTURE,
     false,
     {C(HEAD("/a")), S(RESP(9, "")), C(REQ("/b")), S(RESP(1, "z"))},
     {"HEAD /a 200 ok ms=0,10", "GET /b 200 ok body=0/1 ms=20,30"}},
    {"pipelined head",
     false,
     MT_END_CAPTURE,
     false,
     {C(HEAD("/a") REQ("/b") HEAD("/c")),
      S(RESP(9, "") RESP(1, "z") RESP(8, ""))},
     {"HEAD /a 200 ok ms=0,10", "GET /b 200 ok body=0/1 ms=0,10",
      "HEAD /c 200 ok ms=0,10"}},
    {"continue",
     false,
     MT_END_CAPTURE,
     false,
     {C(POST("/a", 2, "")), S("HTTP/1.1 100 Continue\r\n\r\n"), C("xy"),
      S(RESP(1, "z"))},
     {"POST /a 200 ok body=2/1 ms=0-20,30"}},
    {"early hints",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S("HTTP/1.1 103 x\r\nContent-Type: t/x\r\n\r\n"),
      S("HTTP/1.1 103 x\r\n\r\n" RESP(1, "z")), C(REQ("/b")), S(RESP(0, ""))},
     {"GET /a 200 ok body=0/1 ms=0,20", "GET /b 200 ok ms=30,40"}},
    {"not modified",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S("HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n"),
      C(REQ("/b")), S("HTTP/1.1 204 x\r\n\r\n")},
     {"GET /a 304 ok ms=0,10", "GET /b 204 ok ms=20,30"}},
    {"until close",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(CLOSE "abc"), S("def"), SFIN, CFIN},
     {"GET /a 200 ok body=0/6 ms=0,10-20"}},
    {"chunked with trailer",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(CHUNKED "3\r\nabc\r\n"), S("0\r\nX: y\r\n\r\n"),
      C(REQ("/b")), S(RESP(0, ""))},
     {"GET /a 200 ok body=0/3 ms=0,10-20", "GET /b 200 ok ms=30,40"}},
    {"early answer",
     false,
     MT_END_CAPTURE,
     false,
     {C(POST("/a", 9, "abc")), S("HTTP/1.1 413 x\r\nContent-Length: 0\r\n\r\n"),
      C("defghi"), C(REQ("/b")), S(RESP(0, ""))},
     {"POST /a 413 client_error body=9/0 ms=0-20,10",
      "GET /b 200 ok ms=30,40"}},
    {"early answer, then close",
     false,
     MT_END_CAPTURE,
     false,
     {C(POST("/a", 9, "abc")), S("HTTP/1.1 413 x\r\nContent-Length: 0\r\n\r\n"),
      SFIN, CFIN},
     {"POST /a 413 client_error body=3/0 ms=0,10"}},
    {"answer to half a header",
     false,
     MT_END_CAPTURE,
     false,
     {C("GET /a HTTP/1.1\r\nX: yyyy"),
      S("HTTP/1.1 431 x\r\nContent-Length: 0\r\n\r\n"), SFIN, CFIN},
     {"GET /a 431 client_error ms=0,10"}},
    /* 22: anomalies are accepted and told */
    {"bare lf",
     false,
     MT_END_CAPTURE,
     false,
     {C("GET /a HTTP/1.0\nHost: a\n\n"), S("HTTP/1.0 200 OK\n\nabc"), SFIN},
     {"GET /a 200 ok body=0/3 bare_lf ms=0,10"}},
    {"length and chunked",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")),
      S("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"
        "\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
      C(REQ("/b")), S(RESP(0, ""))},
     {"GET /a 200 ok body=0/1 te_and_cl ms=0,10", "GET /b 200 ok ms=20,30"}},
    {"bad chunk",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(CHUNKED "1\r\nx\r\nzz\r\nyyy\r\n"), C(REQ("/b")),
      S(RESP(0, ""))},
     {"GET /a 200 failure protocol body=0/1 bad_chunk ms=0,10",
      "GET /b 200 ok ms=20,30"}},
    {"garbage for a response",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S("what?\r\n\r\n"), SFIN, CFIN},
     {"GET /a 0 failure protocol half=request ms=0"}},
    {"no target, odd version",
     false,
     MT_END_CAPTURE,
     true,
     {C("GET HTTP/1.1\r\nHost: a\r\n\r\n"),
      S("HTTP/1.01 200 OK\r\nContent-Length: 1\r\n\r\nz")},
     {"GET  200 ok body=0/1 bad_version bad_target ms=0,10"}},
    {"garbage between requests",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(RESP(0, "")), C("\x01garbage\r\n"), C(REQ("/b")),
      S(RESP(0, ""))},
     {"GET /a 200 ok ms=0,10", "GET /b 200 ok ms=30,40"}},
    /* 26: what leaves HTTP/1, and streams */
    {"connect",
     false,
     MT_END_CAPTURE,
     false,
     {C("CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n"),
      S("HTTP/1.1 200 x\r\n\r\n"), C(REQ("/inner")), S(RESP(1, "z"))},
     {"CONNECT  200 ok ms=0,10", "GET /inner 200 ok body=0/1 ms=20,30"}},
    {"connect, with haste",
     false,
     MT_END_CAPTURE,
     false,
     {C("CONNECT b:80 HTTP/1.1\r\nHost: b:80\r\n\r\n" REQ("/inner")),
      S("HTTP/1.1 200 x\r\n\r\n" RESP(1, "z"))},
     {"CONNECT  200 ok ms=0,10", "GET /inner 200 ok body=0/1 ms=0,10"}},
    {"connect refused",
     false,
     MT_END_CAPTURE,
     false,
     {C("CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n" REQ("/b")),
      S("HTTP/1.1 403 x\r\nContent-Length: 1\r\n\r\nz"), S(RESP(2, "bb"))},
     {"CONNECT  403 client_error body=0/1 ms=0,10",
      "GET /b 200 ok body=0/2 ms=0,20"}},
    {"upgrade declined",
     false,
     MT_END_CAPTURE,
     false,
     {C("GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade, "
        "HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"),
      S(RESP(1, "z")), C(REQ("/b")), S(RESP(2, "zz"))},
     {"GET /a 200 ok body=0/1 ms=0,10", "GET /b 200 ok body=0/2 ms=20,30"}},
    {"upgrade to something else",
     false,
     MT_END_CAPTURE,
     false,
     {C("GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: Upgrade\r\n"
        "\r\n"),
      S("HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n\x01\x02"),
      C("\x01\x02\x03")},
     {"GET /a 101 ok ms=0,10"}},
    {"server-sent events",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")),
      S("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        "Transfer-Encoding: chunked\r\n\r\n8\r\ndata: a\n\r\n"),
      S("9\r\n\ndata: b\n\r\n1\r\n\n\r\n"), CRST},
     {"GET /a 200 ok reset_by_client body=0/18 sse stream messages=0/2 "
      "ms=0,10-20"}},
};

enum { COUNT = sizeof scenes / sizeof scenes[0] };

static void test_scenes(void **state)
{
    (void)state;
    play_scenes(scenes, COUNT, false);
}

static void test_scenes_bytewise(void **state)
{
    (void)state;
    play_scenes(scenes, COUNT, true);
}

static void test_grpc_web(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_feed(&f, 0,
                 MT_SPAN("POST /p.S/M HTTP/1.1\r\nHost: a\r\nContent-Type: "
                         "application/grpc-web+proto\r\n"
                         "Content-Length: 7\r\n\r\n\0\0\0\0\2zz"),
                 2000);
    fixture_feed(&f, 1,
                 MT_SPAN("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                         "Content-Type: application/grpc-web\r\n\r\n"
                         "8\r\n\0\0\0\0\2zz\0\r\n4\r\n\0\0\0\0\r\n"),
                 3000);
    fixture_feed(&f, 1,
                 MT_SPAN("14\r\n\x80\0\0\0\x0fgrpc-status: 5\n\r\n"
                         "0\r\n\r\n"),
                 4000);
    const struct mt_exchange *x = mt_decode_next(&f.decode);
    assert_non_null(x);
    assert_int_equal(x->protocol, MT_PROTOCOL_GRPC_WEB);
    assert_int_equal(x->kind, MT_KIND_STREAM);
    assert_int_equal(x->req.messages, 1);
    assert_int_equal(x->resp.messages, 2);
    assert_int_equal(x->grpc_status, 5);
    assert_int_equal(x->outcome, MT_OUTCOME_CLIENT_ERROR);
    assert_span(x->operation, "p.S/M");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenes),
        cmocka_unit_test(test_scenes_bytewise),
        cmocka_unit_test(test_grpc_web),
    };
    return cmocka_run_group_tests_name("decode/http1_tap", tests, NULL, NULL);
}
