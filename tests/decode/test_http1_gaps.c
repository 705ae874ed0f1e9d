/* What was not seen: requests, the rest of a stream, bytes in between. */
#include "http1_run.h"

/* One response after another whose requests nobody saw. */
static void test_answer_to_unknown_head(void **state)
{
    (void)state;
    struct run r;
    struct vector v = {.name = "head",
                       .side = MT_HTTP1_RESPONSES,
                       .answers = MT_HTTP1_TO_UNKNOWN};
    start(&r, &v, &mt_http1_lenient);
    feed(&r, TEXT(OK "Content-Length: 999\r\n\r\n"));
    mt_http1_answers(&r.p, MT_HTTP1_TO_UNKNOWN);
    feed(&r, TEXT(OK "Content-Length: 1\r\n\r\nz"));
    finish(&r, &v,
           "<200 OK Content-Length=999 {length 999 keep} . "
           "<200 OK Content-Length=1 {length 1 keep} \"z\" . ~more",
           MT_SPAN(""));
}

static void test_eof(void **state)
{
    (void)state;
    static const struct {
        enum mt_http1_side side;
        const char *input;
        int rc;
    } rows[] = {
        {MT_HTTP1_REQUESTS, "", MT_DONE},
        {MT_HTTP1_REQUESTS, GET "\r\n", MT_DONE},
        {MT_HTTP1_REQUESTS, "G", MT_EPROTO},
        {MT_HTTP1_REQUESTS, GET, MT_EPROTO},
        {MT_HTTP1_REQUESTS, POST "Content-Length: 2\r\n\r\nx", MT_EPROTO},
        {MT_HTTP1_RESPONSES, OK "\r\nx", MT_EVENT},
        {MT_HTTP1_RESPONSES, OK "\r\n", MT_EVENT},
        {MT_HTTP1_RESPONSES, OK "Transfer-Encoding: chunked\r\n\r\n0\r\n",
         MT_EPROTO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct run r;
        struct vector v = {.side = rows[i].side};
        struct mt_http1_event ev;
        start(&r, &v, &mt_http1_strict);
        feed(&r, rows[i].input, strlen(rows[i].input));
        assert_int_equal(mt_http1_eof(&r.p, &ev), rows[i].rc);
        if (rows[i].rc == MT_EVENT)
            assert_int_equal(ev.kind, MT_HTTP1_END);
        mt_http1_deinit(&r.p);
        mt_pool_deinit(&r.pool);
    }
}

struct gap_row {
    const char *name, *before;
    uint64_t gap;
    const char *after;
    enum mt_http1_gap verdict;
    uint64_t body;
    const char *log;
};

#define LEN(n) OK "Content-Length: " #n "\r\n\r\n"
#define LENLOG(n) "<200 OK Content-Length=" #n " {length " #n " keep} "
#define CHUNKS OK "Transfer-Encoding: chunked\r\n\r\n"
#define CHUNKSLOG "<200 OK Transfer-Encoding=chunked {chunked keep} "

static const struct gap_row gaps[] = {
    {"in a body", LEN(9) "ab", 4, "ghi", MT_HTTP1_GAP_INSIDE, 4,
     LENLOG(9) "\"abghi\" . ~more"},
    {"to the end of a body", LEN(9) "ab", 7, LEN(1) "z", MT_HTTP1_GAP_INSIDE, 7,
     LENLOG(9) "\"ab\" . " LENLOG(1) "\"z\" . ~more"},
    {"over the end of a body", LEN(9) "ab", 8, LEN(1) "z", MT_HTTP1_GAP_ENDED,
     7, LENLOG(9) "\"ab\" . " LENLOG(1) "\"z\" . ~more"},
    {"over the end, into a body", LEN(9) "ab", 100, "xx\r\n" LEN(1) "z",
     MT_HTTP1_GAP_ENDED, 7, LENLOG(9) "\"ab\" . " LENLOG(1) "\"z\" . ~more"},
    {"of unknown size", LEN(9) "ab", UINT64_MAX, LEN(1) "z", MT_HTTP1_GAP_ENDED,
     7, LENLOG(9) "\"ab\" . " LENLOG(1) "\"z\" . ~more"},
    {"in a header", OK "X: y", 4, "zz\r\n\r\n" LEN(1) "z", MT_HTTP1_GAP_LOST, 0,
     "<200 OK " LENLOG(1) "\"z\" . ~more"},
    {"between messages", LEN(1) "z", 4, "zz\r\n\r\n" LEN(1) "z",
     MT_HTTP1_GAP_LOST, 0, LENLOG(1) "\"z\" . " LENLOG(1) "\"z\" . ~more"},
    {"in a chunk", CHUNKS "5\r\na", 3, "e\r\n0\r\n\r\n", MT_HTTP1_GAP_INSIDE, 3,
     CHUNKSLOG "(5) \"ae\" (0) . ~more"},
    {"to the end of a chunk", CHUNKS "5\r\na", 4, "\r\n0\r\n\r\n",
     MT_HTTP1_GAP_INSIDE, 4, CHUNKSLOG "(5) \"a\" (0) . ~more"},
    {"over the end of a chunk", CHUNKS "5\r\na", 5, "\n0\r\n\r\n" LEN(1) "z",
     MT_HTTP1_GAP_LOST, 4, CHUNKSLOG "(5) \"a\" " LENLOG(1) "\"z\" . ~more"},
    {"until close", OK "\r\nab", 5, LEN(1), MT_HTTP1_GAP_INSIDE, 5,
     "<200 OK {close keep} \"abHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\" "
     "~more"},
    {"status line with faults is passed over", LEN(1) "z", 9,
     "HTTP/1.1 200\r\nX: y\r\n\r\n" LEN(1) "z", MT_HTTP1_GAP_LOST, 0,
     LENLOG(1) "\"z\" . " LENLOG(1) "\"z\" . ~more"},
    {"status line after LF alone is passed over", LEN(1) "z", 9,
     "zz\nHTTP/1.1 500 X\r\nX: y\r\n" LEN(1) "z", MT_HTTP1_GAP_LOST, 0,
     LENLOG(1) "\"z\" . " LENLOG(1) "\"z\" . ~more"},
    {"status line in text is passed over", LEN(1) "z", 9,
     "see HTTP/1.1 200 OK\nHTTP/1.1 200 OK\nX: y\r\n" LEN(1) "z",
     MT_HTTP1_GAP_LOST, 0, LENLOG(1) "\"z\" . " LENLOG(1) "\"z\" . ~more"},
};

static void test_gaps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        const struct gap_row *g = &gaps[i];
        struct run r;
        struct vector v = {.name = g->name, .side = MT_HTTP1_RESPONSES};
        uint64_t body = 0;
        start(&r, &v, &mt_http1_lenient);
        feed(&r, g->before, strlen(g->before));
        assert_int_equal(r.rc, MT_MORE);
        assert_int_equal(mt_http1_gap(&r.p, g->gap, &body), g->verdict);
        assert_int_equal(body, g->body);
        feed(&r, g->after, strlen(g->after));
        finish(&r, &v, g->log, MT_SPAN(""));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer_to_unknown_head),
        cmocka_unit_test(test_eof),
        cmocka_unit_test(test_gaps),
    };
    return cmocka_run_group_tests_name("decode/http1_gaps", tests, NULL, NULL);
}
