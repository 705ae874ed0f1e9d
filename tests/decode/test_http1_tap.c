/* Conversations on a tap: pipelining, losses, joins and ends (EDGES 20-26).
 * Each is fed as written, and again a byte at a time. */
#include "conn_fixture.h"

#include <stdio.h>
#include <stdlib.h>

/* One step each 10 ms. */
struct step {
    char what;
    const char *text;
    uint64_t n;
};

#define C(text)      \
    {                \
        '>', text, 0 \
    } /* the client says */
#define S(text)      \
    {                \
        '<', text, 0 \
    } /* the server says */
#define CGAP(n)      \
    {                \
        ')', NULL, n \
    } /* n of the client's bytes are lost */
#define SGAP(n)      \
    {                \
        '(', NULL, n \
    }
#define CFIN         \
    {                \
        'f', NULL, 0 \
    }
#define SFIN         \
    {                \
        'F', NULL, 0 \
    }
#define CRST         \
    {                \
        'r', NULL, 0 \
    }
#define SRST         \
    {                \
        'R', NULL, 0 \
    }
#define WAIT(ms)      \
    {                 \
        'w', NULL, ms \
    }
#define BACK(ms)      \
    {                 \
        'b', NULL, ms \
    } /* the clock of the packets steps back */
#define STEPS_MAX 24

struct scene {
    const char *name;
    bool late; /* joined mid-connection */
    enum mt_end end;
    bool whole_only; /* packet borders matter */
    struct step steps[STEPS_MAX];
    const char *rows[8];
};

#define REQ(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define RESP(n, body) "HTTP/1.1 200 OK\r\nContent-Length: " #n "\r\n\r\n" body
#define LONG_RESP "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
#define HEAD(path) "HEAD " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(path, n, body) \
    "POST " path " HTTP/1.1\r\nHost: a\r\nContent-Length: " #n "\r\n\r\n" body
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define CLOSE "HTTP/1.0 200 OK\r\n\r\n"

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
    /* 23: gaps in bodies */
    {"gap in a body",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(RESP(9, "abc")), SGAP(4), S("hi"), C(REQ("/b")),
      S(RESP(0, ""))},
     {"GET /a 200 ok body=0/9 gap=0/4 ms=0,10-30", "GET /b 200 ok ms=40,50"}},
    {"gap ends a body",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(RESP(9, "abc")), SGAP(6), C(REQ("/b")), S(RESP(0, ""))},
     {"GET /a 200 ok body=0/9 gap=0/6 ms=0,10", "GET /b 200 ok ms=30,40"}},
    {"gap in a request's body",
     false,
     MT_END_CAPTURE,
     false,
     {C(POST("/a", 9, "abc")), CGAP(4), C("hi"), S(RESP(0, "")), C(REQ("/b")),
      S(RESP(0, ""))},
     {"POST /a 200 ok body=9/0 gap=4/0 ms=0-20,30", "GET /b 200 ok ms=40,50"}},
    {"gap until close",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(CLOSE "abc"), SGAP(5), S("d"), SFIN},
     {"GET /a 200 ok body=0/9 gap=0/5 ms=0,10-30"}},
    {"gap over a chunk's end",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(CHUNKED "3\r\na"), SGAP(9), S("xx\r\n0\r\n\r\n"),
      C(REQ("/b")), S(RESP(0, ""))},
     {"GET /a 200 ok body=0/3 gap=0/9 ms=0,10-30", "GET /b 200 ok ms=40,50"}},
    {"gap over a chunk's end, then the end",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(CHUNKED "3\r\na"), SGAP(9), S("xx\r\n"), SFIN, CFIN},
     {"GET /a 200 ok capture_gap body=0/3 gap=0/9 ms=0,10-30"}},
    {"gap over the end of a body",
     false,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a")), S(RESP(9, "abc")), C(REQ("/b")), SGAP(50), S("zz"),
      C(REQ("/c")), S(RESP(1, "z"))},
     {"GET /a 200 ok body=0/9 gap=0/6 ms=0,10",
      "GET /b 0 unknown capture_gap half=request ms=20",
      "GET /c 200 ok body=0/1 ms=50,60"}},
    /* 24: gaps in headers */
    {"gap in a response's header",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S("HTTP/1.1 500 x\r\nX: "), SGAP(9), S("y\r\n\r\n"),
      C(REQ("/b")), S(RESP(0, ""))},
     {"GET /a 500 failure gap=0/9 ms=0,10-30", "GET /b 200 ok ms=40,50"}},
    {"whole response lost",
     false,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a")), SGAP(40), C(REQ("/b")), S(RESP(1, "z")), C(REQ("/c")),
      S(RESP(2, "zz"))},
     {"GET /a 0 unknown capture_gap half=request ms=0",
      "GET /b 200 ok body=0/1 ms=20,30", "GET /c 200 ok body=0/2 ms=40,50"}},
    {"whole response lost, told late",
     false,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a")), C(REQ("/b")), SGAP(40), S(RESP(1, "z")), C(REQ("/c")),
      S(RESP(2, "zz"))},
     {"GET /a 0 unknown capture_gap half=request ms=0",
      "GET /b 200 ok body=0/1 ms=10,30", "GET /c 200 ok body=0/2 ms=40,50"}},
    {"gap in a request's header",
     false,
     MT_END_CAPTURE,
     true,
     {C("GET /a HTTP/1.1\r\nX"), CGAP(9), C("yz\r\n\r\n"), S(RESP(1, "a")),
      C(REQ("/b")), S(RESP(2, "bb"))},
     {" 200 ok half=response body=0/1 ms=,30",
      "GET /b 200 ok body=0/2 ms=40,50"}},
    {"whole request lost",
     false,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a")), S(RESP(1, "a")), CGAP(40), S(RESP(2, "bb")), C(REQ("/c")),
      S(RESP(3, "ccc"))},
     {"GET /a 200 ok body=0/1 ms=0,10", " 200 ok half=response body=0/2 ms=,30",
      "GET /c 200 ok body=0/3 ms=40,50"}},
    {"head lost",
     false,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a")), S(RESP(1, "a")), CGAP(40), S(RESP(99, "")), C(REQ("/c")),
      S(RESP(3, "ccc"))},
     {"GET /a 200 ok body=0/1 ms=0,10",
      "GET /c 0 unknown capture_gap half=request ms=40",
      " 200 ok half=response ms=,30", " 200 ok half=response body=0/3 ms=,50"}},
    {"request lost among pipelined ones",
     false,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a") REQ("/b")), CGAP(40), C(REQ("/d")), S(RESP(1, "a")),
      S(RESP(2, "bb") RESP(3, "ccc") RESP(4, "dddd")), C(REQ("/e")),
      S(RESP(5, "eeeee"))},
     {"GET /d 0 unknown capture_gap half=request ms=20",
      "GET /a 200 ok body=0/1 ms=0,30", "GET /b 200 ok body=0/2 ms=0,40",
      " 200 ok half=response body=0/3 ms=,40",
      " 200 ok half=response body=0/4 ms=,40",
      "GET /e 0 unknown capture_gap half=request ms=50",
      " 200 ok half=response body=0/5 ms=,60"}},
    {"response lost among pipelined ones",
     false,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a")), S(RESP(1, "a")), C(REQ("/b") REQ("/c")), S(RESP(2, "bb")),
      SGAP(40), C(REQ("/d") REQ("/e")), S(RESP(4, "dddd")),
      S(RESP(5, "eeeee"))},
     {"GET /a 200 ok body=0/1 ms=0,10", "GET /b 200 ok body=0/2 ms=20,30",
      "GET /c 0 unknown capture_gap half=request ms=20",
      "GET /d 0 unknown capture_gap half=request ms=50",
      "GET /e 0 unknown capture_gap half=request ms=50",
      " 200 ok half=response body=0/4 ms=,60",
      " 200 ok half=response body=0/5 ms=,70"}},
    {"one candidate is certain, pipelined or not",
     false,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a") REQ("/b")), S(RESP(1, "a")), SGAP(10), S(RESP(2, "bb"))},
     {"GET /a 200 ok body=0/1 ms=0,10", "GET /b 200 ok body=0/2 ms=0,30"}},
    {"order is known again after a loss",
     false,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a") REQ("/b")), S(RESP(1, "a")), SGAP(10), S(RESP(2, "bb")),
      C(REQ("/c") REQ("/d")), S(RESP(3, "ccc") RESP(4, "dddd"))},
     {"GET /a 200 ok body=0/1 ms=0,10", "GET /b 200 ok body=0/2 ms=0,30",
      "GET /c 200 ok body=0/3 ms=40,50", "GET /d 200 ok body=0/4 ms=40,50"}},
    {"losses of both in a pair",
     false,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a")), CGAP(40), SGAP(10), S(RESP(2, "bb"))},
     {"GET /a 0 unknown capture_gap half=request ms=0",
      " 200 ok half=response body=0/2 ms=,30"}},
    {"pipelined after a loss",
     false,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a")), S(RESP(1, "a")), CGAP(40), C(REQ("/c")), C(REQ("/d")),
      S(RESP(2, "bb")), S(RESP(3, "ccc"))},
     {"GET /a 200 ok body=0/1 ms=0,10",
      "GET /c 0 unknown capture_gap half=request ms=30",
      "GET /d 0 unknown capture_gap half=request ms=40",
      " 200 ok half=response body=0/2 ms=,50",
      " 200 ok half=response body=0/3 ms=,60"}},
    {"two answers to lost requests",
     false,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a")), S(RESP(1, "a")), CGAP(99), S(RESP(2, "bb")),
      S(RESP(3, "ccc")), C(REQ("/e")), S(RESP(4, "dddd"))},
     {"GET /a 200 ok body=0/1 ms=0,10", " 200 ok half=response body=0/2 ms=,30",
      " 200 ok half=response body=0/3 ms=,40",
      "GET /e 0 unknown capture_gap half=request ms=50",
      " 200 ok half=response body=0/4 ms=,60"}},
    {"gap in an interim response",
     false,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a")), S("HTTP/1.1 103 x\r\nLink: "), SGAP(5),
      S("y\r\n\r\n" RESP(1, "z"))},
     {"GET /a 200 ok body=0/1 gap=0/5 ms=0,30"}},
    {"gap in a response that waits",
     false,
     MT_END_CAPTURE,
     true,
     {C(REQ("/0")), S(RESP(0, "")), S(RESP(9, "abc")), SGAP(6), C(REQ("/b")),
      S(RESP(1, "z"))},
     {"GET /0 200 ok ms=0,10", " 200 ok half=response body=0/9 gap=0/6 ms=,20",
      "GET /b 200 ok body=0/1 ms=40,50"}},
    {"gap between messages of both",
     false,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a")), S(RESP(1, "a")), CGAP(40), SGAP(40), C(REQ("/c")),
      S(RESP(3, "ccc"))},
     {"GET /a 200 ok body=0/1 ms=0,10", "GET /c 200 ok body=0/3 ms=40,50"}},
    /* 1: joined mid-connection */
    {"joined between exchanges",
     true,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a")), S(RESP(1, "a")), C(REQ("/b")), S(RESP(2, "bb"))},
     {"GET /a 200 ok body=0/1 ms=0,10", "GET /b 200 ok body=0/2 ms=20,30"}},
    {"joined between exchanges, one time for both",
     true,
     MT_END_CAPTURE,
     true,
     {C(REQ("/a")), {'w', NULL, (uint64_t)-20}, S(RESP(1, "a"))},
     {"GET /a 200 ok body=0/1 ms=0,0"}},
    {"joined in a response",
     true,
     MT_END_CAPTURE,
     true,
     {S("rest of something\r\nor other"), C(REQ("/a")), S(RESP(1, "a"))},
     {"GET /a 200 ok body=0/1 ms=10,20"}},
    {"joined before a response",
     true,
     MT_END_CAPTURE,
     true,
     {S(RESP(1, "a")), C(REQ("/b")), S(RESP(2, "bb"))},
     {" 200 ok half=response body=0/1 ms=,0",
      "GET /b 200 ok body=0/2 ms=10,20"}},
    {"joined in a request",
     true,
     MT_END_CAPTURE,
     true,
     {C("b: c\r\n\r\n"), S(RESP(1, "a")), C(REQ("/b")), S(RESP(2, "bb"))},
     {" 200 ok half=response body=0/1 ms=,10",
      "GET /b 200 ok body=0/2 ms=20,30"}},
    {"joined a pipeline",
     true,
     MT_END_CAPTURE,
     true,
     {C(REQ("/c") REQ("/d")), S(RESP(1, "a")), S(RESP(2, "bb")),
      S(RESP(3, "ccc")), S(RESP(4, "dddd"))},
     {"GET /c 0 unknown capture_gap half=request ms=0",
      "GET /d 0 unknown capture_gap half=request ms=0",
      " 200 ok half=response body=0/1 ms=,10",
      " 200 ok half=response body=0/2 ms=,20",
      " 200 ok half=response body=0/3 ms=,30",
      " 200 ok half=response body=0/4 ms=,40"}},
    /* 2: one side only */
    {"only the client",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), C(REQ("/b")), CFIN},
     {"GET /a 0 unknown one_sided half=request ms=0",
      "GET /b 0 unknown one_sided half=request ms=10"}},
    {"only the server",
     false,
     MT_END_CAPTURE,
     false,
     {S(RESP(1, "a")), WAIT(2000), S(RESP(2, "bb")), S(RESP(3, "ccc")), SFIN},
     {" 200 ok half=response body=0/1 ms=,0",
      " 200 ok half=response body=0/2 ms=,2020",
      " 200 ok half=response body=0/3 ms=,2030"}},
    /* the response is seen first */
    {"head seen after its response",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/0")), S(RESP(0, "")), S(RESP(9, "")), C(HEAD("/a")),
      S(RESP(1, "b")), C(REQ("/b"))},
     {"GET /0 200 ok ms=0,10", "HEAD /a 200 ok clock_step ms=30,20",
      "GET /b 200 ok body=0/1 clock_step ms=50,40"}},
    {"request never comes",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/0")), S(RESP(0, "")), S(RESP(1, "a")), WAIT(2000), C(REQ("/b")),
      S(RESP(2, "bb"))},
     {"GET /0 200 ok ms=0,10", " 200 ok half=response body=0/1 ms=,20",
      "GET /b 200 ok body=0/2 ms=2040,2050"}},
    {"unasked 408",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/0")), S(RESP(0, "")),
      S("HTTP/1.1 408 x\r\nContent-Length: 0\r\n\r\n"), SFIN, CFIN},
     {"GET /0 200 ok ms=0,10", " 408 client_error half=response ms=,20"}},
    /* 25, 13: ends */
    {"never answered",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/0")), S(RESP(0, "")), C(REQ("/a")), SFIN, CFIN},
     {"GET /0 200 ok ms=0,10",
      "GET /a 0 failure no_response half=request ms=20"}},
    {"closed without a byte",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), SFIN, CFIN},
     {"GET /a 0 failure no_response half=request ms=0"}},
    {"client leaves first",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), CFIN, S(RESP(1, "a")), SFIN},
     {"GET /a 200 ok body=0/1 ms=0,20"}},
    {"server leaves in a request",
     false,
     MT_END_CAPTURE,
     false,
     {C(POST("/a", 9, "abc")), SFIN, C("def"), CFIN},
     {"POST /a 0 failure no_response half=request body=6/0 ms=0-20"}},
    {"server leaves before a request",
     false,
     MT_END_CAPTURE,
     false,
     {SFIN, C(REQ("/a")), CFIN},
     {"GET /a 0 failure no_response half=request ms=10"}},
    {"reset by the server",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), SRST},
     {"GET /a 0 failure reset_by_server half=request ms=0"}},
    {"reset by the client",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/0")), S(RESP(0, "")), C(REQ("/a")), CRST},
     {"GET /0 200 ok ms=0,10",
      "GET /a 0 failure reset_by_client half=request ms=20"}},
    {"reset in a body",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(RESP(9, "abc")), SRST},
     {"GET /a 200 failure reset_by_server body=0/3 ms=0,10"}},
    {"reset until close",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(CLOSE "abc"), SRST},
     {"GET /a 200 failure reset_by_server body=0/3 ms=0,10"}},
    {"reset when idle",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(RESP(0, "")), CRST},
     {"GET /a 200 ok ms=0,10"}},
    {"cut short",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(RESP(9, "abc")), SFIN, CFIN},
     {"GET /a 200 failure truncated body=0/3 ms=0,10"}},
    {"cut in a chunk line",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(CHUNKED "1\r\na\r\n0"), SFIN, CFIN},
     {"GET /a 200 failure truncated body=0/1 ms=0,10"}},
    {"request cut short",
     false,
     MT_END_CAPTURE,
     false,
     {C(POST("/a", 9, "abc")), CFIN, SFIN},
     {"POST /a 0 failure truncated half=request body=3/0 ms=0"}},
    {"request cut in its header",
     false,
     MT_END_CAPTURE,
     false,
     {C("GET /a HTTP/1.1\r\nHost: a\r\n"), CFIN, SFIN},
     {NULL}},
    {"capture ends",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/0")), S(RESP(0, "")), C(REQ("/a"))},
     {"GET /0 200 ok ms=0,10",
      "GET /a 0 unknown capture_end half=request ms=20"}},
    {"capture ends in a body",
     false,
     MT_END_CAPTURE,
     false,
     {C(REQ("/a")), S(RESP(9, "abc"))},
     {"GET /a 200 ok capture_end body=0/3 ms=0,10"}},
    {"evicted",
     false,
     MT_END_EVICTED,
     false,
     {C(REQ("/0")), S(RESP(0, "")), C(REQ("/a"))},
     {"GET /0 200 ok ms=0,10", "GET /a 0 unknown evicted half=request ms=20"}},
    {"idle",
     false,
     MT_END_IDLE,
     false,
     {C(REQ("/0")), S(RESP(0, "")), C(REQ("/a"))},
     {"GET /0 200 ok ms=0,10", "GET /a 0 unknown evicted half=request ms=20"}},
    {"port used again",
     false,
     MT_END_REUSED,
     false,
     {C(REQ("/0")), S(RESP(0, "")), C(REQ("/a"))},
     {"GET /0 200 ok ms=0,10",
      "GET /a 0 failure no_response half=request ms=20"}},
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

struct stage {
    struct fixture f;
    const struct scene *scene;
    int64_t now_ms;
    unsigned rows;
};

static const int64_t ms = 1000000;

static int64_t now(const struct stage *s)
{
    return (1000 + s->now_ms) * ms;
}

static void say_time(char *out, size_t room, const struct mt_message *m)
{
    out[0] = 0;
    if (m->start_ns == 0)
        return;
    long long start = m->start_ns / ms - 1000, end = m->end_ns / ms - 1000;
    if (start == end)
        (void)snprintf(out, room, "%lld", start);
    else
        (void)snprintf(out, room, "%lld-%lld", start, end);
}

static size_t say_pair(char *out, size_t room, const char *what, uint64_t a,
                       uint64_t b)
{
    if (a == 0 && b == 0)
        return 0;
    return (size_t)snprintf(out, room, " %s=%llu/%llu", what,
                            (unsigned long long)a, (unsigned long long)b);
}

static void say_row(char *out, size_t room, const struct mt_exchange *x)
{
    size_t n = 0;
    if (x->method.len > 0)
        n += (size_t)snprintf(out + n, room - n, "%.*s %.*s",
                              (int)x->method.len, (const char *)x->method.ptr,
                              (int)x->path.len, (const char *)x->path.ptr);
    n += (size_t)snprintf(out + n, room - n, " %u %s", x->status,
                          mt_outcome_text(x->outcome));
    if (x->error != MT_ERROR_NONE)
        n +=
            (size_t)snprintf(out + n, room - n, " %s", mt_error_text(x->error));
    if (x->half != MT_HALF_BOTH)
        n += (size_t)snprintf(out + n, room - n, " half=%s",
                              mt_half_text(x->half));
    n += say_pair(out + n, room - n, "body", x->req.body_bytes,
                  x->resp.body_bytes);
    n +=
        say_pair(out + n, room - n, "gap", x->req.gap_bytes, x->resp.gap_bytes);
    for (unsigned bit = 0; bit < 32; bit++)
        if ((x->anomalies & 1u << bit) != 0)
            n += (size_t)snprintf(out + n, room - n, " %s",
                                  mt_anomaly_text(bit));
    if ((x->quality & MT_QUALITY_CLOCK_STEP) != 0)
        n += (size_t)snprintf(out + n, room - n, " clock_step");
    if (x->protocol != MT_PROTOCOL_HTTP10 && x->protocol != MT_PROTOCOL_HTTP11)
        n += (size_t)snprintf(out + n, room - n, " %s",
                              mt_protocol_text(x->protocol));
    if (x->kind != MT_KIND_UNARY)
        n += (size_t)snprintf(out + n, room - n, " %s", mt_kind_text(x->kind));
    n += say_pair(out + n, room - n, "messages", x->req.messages,
                  x->resp.messages);
    char req[48], resp[48];
    say_time(req, sizeof req, &x->req);
    say_time(resp, sizeof resp, &x->resp);
    (void)snprintf(out + n, room - n, " ms=%s%s%s", req,
                   resp[0] != 0 ? "," : "", resp);
}

static unsigned complaints;

/* All scenes are played before the test fails. */
static void complain(const struct scene *scene, unsigned row, const char *got,
                     const char *want)
{
    print_error("%s, row %u: got\n  %s\nwant\n  %s\n", scene->name, row, got,
                want != NULL ? want : "nothing");
    complaints++;
}

static void check_rows(struct stage *s)
{
    const struct mt_exchange *x;
    while ((x = mt_decode_next(&s->f.decode)) != NULL) {
        char row[512];
        if (x->kind == MT_KIND_L4)
            continue;
        say_row(row, sizeof row, x);
        const char *want = s->rows < 8 ? s->scene->rows[s->rows] : NULL;
        if (want == NULL || strcmp(row, want) != 0)
            complain(s->scene, s->rows, row, want);
        s->rows++;
    }
}

static void play_bytes(struct stage *s, int side, const char *text, bool cut)
{
    size_t len = strlen(text), step = cut ? 1 : len;
    for (size_t at = 0; at < len; at += step) {
        uint8_t *copy = malloc(step); /* exact, for ASan */
        assert_non_null(copy);
        memcpy(copy, text + at, step);
        fixture_feed(&s->f, side, (struct mt_span){copy, step}, now(s));
        free(copy);
    }
}

static void play(struct stage *s, const struct step *step, bool cut)
{
    struct mt_conn *c = s->f.conn;
    switch (step->what) {
    case '>':
        play_bytes(s, 0, step->text, cut);
        break;
    case '<':
        play_bytes(s, 1, step->text, cut);
        break;
    case ')':
        mt_conn_gap(c, 0, step->n, now(s));
        break;
    case '(':
        mt_conn_gap(c, 1, step->n, now(s));
        break;
    case 'f':
        mt_conn_end(c, 0, MT_END_FIN, now(s));
        break;
    case 'F':
        mt_conn_end(c, 1, MT_END_FIN, now(s));
        break;
    case 'r':
        mt_conn_end(c, 0, MT_END_RST, now(s));
        break;
    case 'R':
        mt_conn_end(c, 1, MT_END_RST, now(s));
        break;
    case 'w':
        s->now_ms += (int64_t)step->n;
        break;
    default:
        s->now_ms -= (int64_t)step->n;
        break;
    }
    s->now_ms += 10;
}

static void run(const struct scene *scene, bool cut)
{
    struct stage s = {.scene = scene};
    fixture_open_with(
        &s.f, &(struct mt_decode_config){.keep_packets = true},
        &(struct mt_conn_start){.addr = {addr_v4(1, 40000), addr_v4(2, 8080)},
                                .client = 0,
                                .role_evidence = MT_ROLE_BY_SYN,
                                .midstream = scene->late,
                                .ts_ns = now(&s)});
    for (unsigned i = 0; i < STEPS_MAX && scene->steps[i].what != 0; i++) {
        play(&s, &scene->steps[i], cut);
        check_rows(&s);
    }
    mt_conn_free(s.f.conn, scene->end, now(&s));
    check_rows(&s);
    if (s.rows < 8 && scene->rows[s.rows] != NULL)
        complain(scene, s.rows, "nothing", scene->rows[s.rows]);
    mt_decode_deinit(&s.f.decode);
    assert_int_equal(s.f.pool.used_bytes, 0);
    mt_pool_deinit(&s.f.pool);
}

static void test_scenes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
        run(&scenes[i], false);
    assert_int_equal(complaints, 0);
}

static void test_scenes_bytewise(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
        if (!scenes[i].whole_only)
            run(&scenes[i], true);
    assert_int_equal(complaints, 0);
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
        cmocka_unit_test(test_scenes),
        cmocka_unit_test(test_scenes_bytewise),
        cmocka_unit_test(test_grpc_web),
        cmocka_unit_test(test_pipeline_is_bounded),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_backlog_is_bounded),
    };
    return cmocka_run_group_tests_name("decode/http1_tap", tests, NULL, NULL);
}
