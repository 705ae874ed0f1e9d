/* Frames whole, byte by byte and cut at every offset; then a conversation. */
#include "conn_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "decode/websocket.h"

#define TEXT(s)                             \
    {                                       \
        (const uint8_t *)(s), sizeof(s) - 1 \
    }
#define MASKED(first, n) first n "\x11\x22\x33\x44"

struct vector {
    const char *name;
    struct mt_span bytes;
    uint32_t messages;
    uint64_t payload;
    const char *state; /* of: closed CODE lost bad open */
};

static const struct vector vectors[] = {
    {"text", TEXT("\x81\x02hi"), 1, 2, ""},
    {"masked", TEXT(MASKED("\x82", "\x83") "abc"), 1, 3, ""},
    {"two",
     TEXT("\x81\x01"
          "a"
          "\x81\x02"
          "bb"),
     2, 3, ""},
    {"empty", TEXT("\x81\x00"), 1, 0, ""},
    {"compressed", TEXT("\xc1\x02zz"), 1, 2, ""},
    {"fragments are one",
     TEXT("\x01\x01"
          "a"
          "\x00\x01"
          "b"
          "\x80\x01"
          "c"),
     1, 3, ""},
    {"ping between fragments",
     TEXT("\x01\x01"
          "a"
          "\x89\x02pp"
          "\x80\x01"
          "c"),
     1, 2, ""},
    {"control frames do not count", TEXT("\x89\x00\x8a\x02pp"), 0, 0, ""},
    {"16-bit length",
     TEXT("\x82\x7e\x00\x80"
          "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
          "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
     1, 128, ""},
    {"64-bit length", TEXT("\x82\x7f\x00\x00\x00\x01\x00\x00\x00\x00zz"), 0, 2,
     "open "},
    {"length with its top bit",
     TEXT("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00z"), 0, 1, "lost bad "},
    {"longer length than needed", TEXT("\x82\x7e\x00\x01z"), 1, 1, "bad "},
    {"close", TEXT("\x88\x02\x03\xe8"), 0, 0, "closed 1000 "},
    {"masked close", TEXT(MASKED("\x88", "\x85") "\x12\xcbxyz"), 0, 0,
     "closed 1001 "},
    {"close without a code", TEXT("\x88\x00"), 0, 0, "closed 0 "},
    {"cut in a close frame", TEXT("\x88\x02\x03"), 0, 0, "open "},
    {"reserved opcode", TEXT("\x83\x01zzz"), 0, 3, "lost bad "},
    {"fragmented ping", TEXT("\x09\x00zz"), 0, 2, "lost bad "},
    {"long ping", TEXT("\x89\x7e\x00\x80z"), 0, 1, "lost bad "},
    {"continuation of nothing", TEXT("\x80\x01z"), 1, 1, "bad "},
    {"new message in fragments", TEXT("\x01\x01z\x81\x01z"), 1, 2, "bad "},
    {"unfinished message", TEXT("\x01\x01z"), 0, 1, "open "},
    {"cut in a header", TEXT("\x82\x7e\x00"), 0, 0, "open "},
};

static void feed(struct mt_websocket *w, struct mt_span bytes)
{
    uint8_t *copy = malloc(bytes.len > 0 ? bytes.len : 1);
    assert_non_null(copy);
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    mt_websocket_feed(w, (struct mt_span){copy, bytes.len});
    free(copy);
}

static void run(const struct vector *v, size_t first, size_t step)
{
    struct mt_websocket w = {0};
    struct mt_span rest = v->bytes;
    for (size_t n = first; rest.len > 0; n = step)
        feed(&w, mt_span_take(&rest, n < rest.len ? n : rest.len));
    char text[64] = "";
    if (w.closed)
        (void)snprintf(text, sizeof text, "closed %u ", w.close_code);
    if (w.lost)
        (void)strcat(text, "lost ");
    if (w.bad)
        (void)strcat(text, "bad ");
    if (mt_websocket_open(&w))
        (void)strcat(text, "open ");
    if (strcmp(text, v->state) != 0 || w.messages != v->messages ||
        w.payload_bytes != v->payload)
        fail_msg("%s: got \"%s\" %u messages %llu bytes", v->name, text,
                 w.messages, (unsigned long long)w.payload_bytes);
}

static void test_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        run(&vectors[i], SIZE_MAX, SIZE_MAX);
        for (size_t cut = 1; cut < vectors[i].bytes.len; cut++)
            run(&vectors[i], cut, SIZE_MAX);
        run(&vectors[i], 1, 1);
    }
}

static void test_gaps(void **state)
{
    (void)state;
    struct mt_websocket w = {0};
    feed(&w, MT_SPAN("\x82\x09"
                     "abc"));
    mt_websocket_gap(&w, 4);
    feed(&w, MT_SPAN("hi\x81\x01z"));
    assert_int_equal(w.messages, 2);
    assert_int_equal(w.payload_bytes, 10);
    assert_false(w.lost);

    feed(&w, MT_SPAN("\x82\x02"));
    mt_websocket_gap(&w, 2);
    assert_int_equal(w.messages, 3);
    assert_false(mt_websocket_open(&w));

    mt_websocket_gap(&w, 2); /* a header: bytes are all that is left */
    feed(&w, MT_SPAN("\x81\x01z"));
    assert_true(w.lost);
    assert_int_equal(w.messages, 3);
    assert_int_equal(w.payload_bytes, 15);

    w = (struct mt_websocket){0};
    feed(&w, MT_SPAN("\x88\x02"));
    mt_websocket_gap(&w, 1);
    feed(&w, MT_SPAN("\xe8"));
    assert_true(w.closed);
    assert_int_equal(w.close_code, 0);

    w = (struct mt_websocket){0};
    feed(&w, MT_SPAN("\x82\x02z"));
    mt_websocket_gap(&w, UINT64_MAX);
    assert_true(w.lost);
}

#define HELLO                                                             \
    MT_SPAN("GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"     \
            "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: x\r\n" \
            "\r\n")
#define WELCOME                                                  \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n" \
    "Connection: Upgrade\r\n\r\n"

static const struct mt_exchange *next(struct fixture *f)
{
    const struct mt_exchange *x = mt_decode_next(&f->decode);
    assert_non_null(x);
    assert_int_equal(x->protocol, MT_PROTOCOL_WEBSOCKET);
    assert_int_equal(x->kind, MT_KIND_STREAM);
    assert_int_equal(x->status, 101);
    assert_span(x->path, "/chat");
    return x;
}

static void test_conversation(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_feed(&f, 0, HELLO, 1000);
    fixture_feed(&f, 1, MT_SPAN(WELCOME "\x81\x02hi"), 2000);
    fixture_feed(&f, 0, MT_SPAN(MASKED("\x81", "\x83") "abc"), 3000);
    fixture_feed(&f, 1, MT_SPAN("\x81\x01z\x89\x00"), 4000);
    assert_null(mt_decode_next(&f.decode));
    fixture_feed(&f, 1, MT_SPAN("\x88\x02\x03\xe9"), 5000);
    fixture_feed(&f, 0, MT_SPAN(MASKED("\x88", "\x82") "\x12\xcb"), 6000);
    const struct mt_exchange *x = next(&f);
    assert_int_equal(x->error, MT_ERROR_NONE);
    assert_int_equal(x->outcome, MT_OUTCOME_OK);
    assert_int_equal(x->req.messages, 1);
    assert_int_equal(x->resp.messages, 2);
    assert_int_equal(x->req.body_bytes, 3);
    assert_int_equal(x->resp.body_bytes, 3);
    assert_int_equal(mt_exchange_latency_ns(x), 1000);
    assert_int_equal(x->attrs.count, 2);
    assert_span(x->attrs.list[1].value, "1001");
    fixture_close(&f);
}

/* Its first frames come with the answer, and before the request is seen. */
static void test_answer_seen_before_request(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_feed(&f, 1, MT_SPAN(WELCOME "\x81\x02hi"), 2000);
    fixture_feed(&f, 1, MT_SPAN("\x81\x02ho"), 2500);
    fixture_feed(&f, 0, HELLO, 1000);
    fixture_feed(&f, 0, MT_SPAN(MASKED("\x81", "\x83") "abc"), 3000);
    mt_conn_end(f.conn, 0, MT_END_FIN, 4000);
    mt_conn_end(f.conn, 1, MT_END_FIN, 4000);
    const struct mt_exchange *x = next(&f);
    assert_int_equal(x->resp.messages, 2);
    assert_int_equal(x->req.messages, 1);
    assert_int_equal(x->error, MT_ERROR_NONE);
    fixture_close(&f);
}

static enum mt_error error_after(struct mt_span last, int side, enum mt_end end)
{
    struct fixture f;
    fixture_open(&f);
    fixture_feed(&f, 0, HELLO, 1000);
    fixture_feed(&f, 1, MT_SPAN(WELCOME), 2000);
    fixture_feed(&f, 1, last, 3000);
    if (end == MT_END_FIN || end == MT_END_RST) {
        mt_conn_end(f.conn, side, end, 4000);
        mt_conn_end(f.conn, 1 - side, end, 4000);
    } else {
        mt_conn_free(f.conn, end, 4000);
        f.conn = NULL;
    }
    enum mt_error error = next(&f)->error;
    fixture_close(&f);
    return error;
}

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        struct mt_span last;
        int side;
        enum mt_end end;
        enum mt_error error;
    } rows[] = {
        {TEXT("\x81\x01z"), 0, MT_END_FIN, MT_ERROR_NONE},
        {TEXT("\x81\x02z"), 0, MT_END_FIN, MT_ERROR_TRUNCATED},
        {TEXT("\x81\x01z"), 0, MT_END_RST, MT_ERROR_RESET_BY_CLIENT},
        {TEXT("\x81\x01z"), 1, MT_END_RST, MT_ERROR_RESET_BY_SERVER},
        {TEXT("\x88\x02\x03\xe8"), 0, MT_END_RST, MT_ERROR_NONE},
        {TEXT("\x88\x02\x03\xe8"), 1, MT_END_FIN, MT_ERROR_NONE},
        {TEXT("\x81\x01z"), 0, MT_END_CAPTURE, MT_ERROR_CAPTURE_END},
        {TEXT("\x81\x01z"), 0, MT_END_EVICTED, MT_ERROR_EVICTED},
        {TEXT("\x81\x01z"), 0, MT_END_IDLE, MT_ERROR_EVICTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(error_after(rows[i].last, rows[i].side, rows[i].end),
                         rows[i].error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_conversation),
        cmocka_unit_test(test_answer_seen_before_request),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests_name("decode/websocket", tests, NULL, NULL);
}
