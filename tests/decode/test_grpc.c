/* gRPC over HTTP/2, and gRPC-Web (EDGES row 33). */
#include "decode/grpc.h"
#include "h2_talk.h"

/* n messages of three bytes. */
static void messages(struct h2_side *s, uint32_t id, unsigned n, bool end)
{
    uint8_t p[8 * 16];
    for (unsigned i = 0; i < n; i++)
        memcpy(p + 8 * i, "\0\0\0\0\3abc", 8);
    h2_frame(s, MT_H2_DATA, end ? MT_H2_END_STREAM : 0, id, p, 8 * (size_t)n);
}

static void call(struct h2_side *c, uint32_t id, const char *timeout)
{
    HEADERS(c, id, false, {":method", "POST"}, {":scheme", "http"},
            {":path", "/shop.v1.Orders/Get"}, {":authority", "orders:50051"},
            {"content-type", "application/grpc+proto"}, {"te", "trailers"},
            {"grpc-timeout", timeout});
}

static void answer(struct h2_side *s, uint32_t id)
{
    HEADERS(s, id, false, {":status", "200"},
            {"content-type", "application/grpc"});
}

static void trailers(struct h2_side *s, uint32_t id, const char *status)
{
    HEADERS(s, id, true, {"grpc-status", status});
}

#define CALL " POST /shop.v1.Orders/Get "

static void test_shapes(void **state)
{
    (void)state;
    static const unsigned shapes[][2] = {
        {1, 1}, {1, 3}, {4, 1}, {2, 2}, {1, 0}};
    struct talk *t = talk_new();
    struct h2_side *c = t->side[0], *s = t->side[1];
    start(t);
    for (uint32_t i = 0; i < 5; i++) {
        call(c, 2 * i + 1, "1S");
        messages(c, 2 * i + 1, shapes[i][0], true);
        say(t, 0);
        answer(s, 2 * i + 1);
        for (unsigned k = 0; k < shapes[i][1]; k++)
            messages(s, 2 * i + 1, 1, false);
        trailers(s, 2 * i + 1, "0");
        say(t, 1);
    }
    check(t, "1 grpc unary" CALL "200/0 ok  req 8/1 resp 8/1\n"
             "3 grpc stream" CALL "200/0 ok  req 8/1 resp 24/3\n"
             "5 grpc stream" CALL "200/0 ok  req 32/4 resp 8/1\n"
             "7 grpc stream" CALL "200/0 ok  req 16/2 resp 16/2\n"
             "9 grpc unary" CALL "200/0 ok  req 8/1 resp 0/0\n");
}

/* The status is in trailers, in the head (trailers-only), or nowhere. */
static void test_status(void **state)
{
    (void)state;
    struct talk *t = talk_new();
    struct h2_side *c = t->side[0], *s = t->side[1];
    start(t);
    for (uint32_t id = 1; id <= 13; id += 2) {
        call(c, id, "1S");
        messages(c, id, 1, true);
    }
    say(t, 0);
    HEADERS(s, 1, true, {":status", "200"},
            {"content-type", "application/grpc"}, {"grpc-status", "5"},
            {"grpc-message", "no such%20thing %e2%82%ac"});
    answer(s, 3);
    messages(s, 3, 1, true); /* no trailers: never OK */
    HEADERS(s, 5, true, {":status", "503"}, {"content-type", "text/html"});
    answer(s, 7);
    trailers(s, 7, "14");
    answer(s, 9);
    trailers(s, 9, "bad");
    answer(s, 11);
    h2_rst(s, 11, 2);
    answer(s, 13);
    say(t, 1);
    h2_goaway(s, 13, 0);
    say(t, 1);
    check(t,
          "1 grpc unary" CALL "200/5 client_error  req 8/1 resp 0/0\n"
          "3 grpc unary" CALL "200 unknown  req 8/1 resp 8/1\n"
          "5 grpc unary" CALL "503 failure  req 8/1 resp 0/0\n"
          "7 grpc unary" CALL "200/14 failure  req 8/1 resp 0/0\n"
          "9 grpc unary" CALL "200 unknown  req 8/1 resp 0/0\n"
          "11 grpc unary" CALL "200 failure reset_by_server req 8/1 resp 0/0\n"
          "13 grpc unary" CALL "200 failure truncated req 8/1 resp 0/0\n");
}

/* Who cancels at its deadline waited in vain; who does earlier changed its
 * mind. */
static void test_deadline(void **state)
{
    (void)state;
    struct fixture f;
    struct h2_side *c = h2_new(), *s = h2_new();
    fixture_open(&f);
    h2_start_client(c);
    call(c, 1, "100m");
    call(c, 3, "5S");
    fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len}, 1000000000);
    h2_start_server(s);
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 1000000000);
    c->len = 0;
    h2_rst(c, 1, 8);
    h2_rst(c, 3, 8);
    fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len}, 1099900000);
    const struct mt_exchange *x = mt_decode_next(&f.decode);
    assert_non_null(x);
    assert_int_equal(x->error, MT_ERROR_TIMEOUT);
    assert_int_equal(x->grpc_timeout_ns, 100000000);
    assert_span(x->operation, "shop.v1.Orders/Get");
    assert_span(x->error_message, "CANCEL");
    x = mt_decode_next(&f.decode);
    assert_non_null(x);
    assert_int_equal(x->error, MT_ERROR_RESET_BY_CLIENT);
    h2_free(c);
    h2_free(s);
    fixture_close(&f);
}

/* The request was not seen, or the response's head was lost: the trailers
 * alone tell the status. */
static void test_after_a_loss(void **state)
{
    (void)state;
    struct fixture f;
    struct h2_side *c = h2_new(), *s = h2_new();
    fixture_open(&f);
    h2_start_client(c);
    call(c, 1, "1S");
    messages(c, 1, 1, true);
    call(c, 3, "1S");
    messages(c, 3, 1, true);
    fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len}, 5000);
    h2_start_server(s);
    answer(s, 1);
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 6000);
    s->len = 0;
    messages(s, 1, 1, false);
    trailers(s, 1, "0");
    answer(s, 3);
    mt_conn_gap(f.conn, 1, s->len, 6100);
    s->len = 0;
    messages(s, 3, 1, false);
    trailers(s, 3, "0");
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 6200);
    mt_conn_end(f.conn, 0, MT_END_FIN, 7000);
    mt_conn_end(f.conn, 1, MT_END_FIN, 7000);
    char log[1024] = "";
    drain(&f, log, sizeof log);
    /* stream 1: its trailers were lost; stream 3: its head */
    assert_string_equal(log, "3 grpc unary" CALL
                             "0 unknown capture_gap req 8/1 resp 8/1 hpack"
                             "\n1 grpc unary" CALL
                             "200 unknown capture_gap req 8/1 resp 0/0\n");
    h2_free(c);
    h2_free(s);
    fixture_close(&f);
}

/* A message whose inside is lost is still one; past a lost beginning nothing
 * is counted. */
static void test_count_through_gaps(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct mt_draft *r = mt_draft_new(f.conn, 1, 1);
    assert_non_null(r);
    struct mt_grpc_count c = {0};
    mt_grpc_feed(&c, r, MT_CLIENT, MT_SPAN("\1\0\0\0\12abc"));
    mt_grpc_gap(&c, r, MT_CLIENT, 4);
    assert_int_equal(r->x.req.messages, 0);
    mt_grpc_feed(&c, r, MT_CLIENT, MT_SPAN("xyz\0\0\0\0\0\0\0\0\0\5ab"));
    assert_int_equal(r->x.req.messages, 2); /* one of them empty */
    assert_int_equal(c.compressed, 1);
    mt_grpc_gap(&c, r, MT_CLIENT, 3); /* to its last byte */
    assert_int_equal(r->x.req.messages, 3);
    mt_grpc_gap(&c, r, MT_CLIENT, 1);
    assert_true(c.lost);
    c = (struct mt_grpc_count){0};
    mt_grpc_feed(&c, r, MT_CLIENT, MT_SPAN("\0\0\0\0\5ab"));
    mt_grpc_gap(&c, r, MT_CLIENT, 4); /* one byte into the next */
    assert_true(c.lost);
    mt_grpc_feed(&c, r, MT_CLIENT, MT_SPAN("\0\0\0\0\0\0\0\0\0\0"));
    assert_int_equal(r->x.req.messages, 3);
    mt_draft_drop(r);
    fixture_close(&f);
}

/* Trailers of gRPC-Web are the last frame of the content, cut anywhere; and
 * when a part of them is lost they tell nothing. */
static void test_web_trailers(void **state)
{
    (void)state;
    static const char content[] =
        "\0\0\0\0\2hi"
        "\200\0\0\0\37grpc-status: 13\r\ngrpc-message:";
    const size_t len = sizeof content - 1;
    for (size_t cut = 0; cut <= len; cut++) {
        struct fixture f;
        struct mt_grpc_count c = {0};
        fixture_open(&f);
        struct mt_draft *r = mt_draft_new(f.conn, 1, 1);
        assert_non_null(r);
        const uint8_t *bytes = (const uint8_t *)content;
        mt_grpc_feed(&c, r, MT_SERVER, (struct mt_span){bytes, cut});
        mt_grpc_feed(&c, r, MT_SERVER,
                     (struct mt_span){bytes + cut, len - cut});
        mt_grpc_feed(&c, r, MT_SERVER, MT_SPAN("\r\n"));
        assert_int_equal(r->x.resp.messages, 1);
        assert_int_equal(r->x.grpc_status, 13);
        mt_draft_drop(r);

        c = (struct mt_grpc_count){0};
        r = mt_draft_new(f.conn, 1, 1);
        assert_non_null(r);
        mt_grpc_feed(&c, r, MT_SERVER, (struct mt_span){bytes, cut});
        if (cut < len) {
            mt_grpc_gap(&c, r, MT_SERVER, 1);
            mt_grpc_feed(&c, r, MT_SERVER,
                         (struct mt_span){bytes + cut + 1, len - cut - 1});
            mt_grpc_feed(&c, r, MT_SERVER, MT_SPAN("\r\n"));
        }
        bool in_message = cut == 5 || cut == 6;
        assert_int_equal(r->x.grpc_status,
                         in_message ? 13 : MT_GRPC_STATUS_NONE);
        mt_draft_drop(r);
        fixture_close(&f);
    }
}

/* All of it in base64, each frame with its padding; and a loss in it. */
static void test_web_text(void **state)
{
    (void)state;
    static const char content[] =
        "AAAAAAJoaQ==gAAAABFncnBjLXN0YXR1czogMTMNCg==";
    const size_t len = sizeof content - 1;
    const uint8_t *bytes = (const uint8_t *)content;
    for (size_t cut = 0; cut <= len; cut++)
        for (size_t lost = 0; lost < 2 && cut + lost <= len; lost++) {
            struct fixture f;
            struct mt_grpc_count c = {0};
            fixture_open(&f);
            struct mt_draft *r = mt_draft_new(f.conn, 1, 1);
            assert_non_null(r);
            mt_draft_field(r, MT_SERVER, MT_SPAN("content-type"),
                           MT_SPAN("application/grpc-web-text"));
            mt_grpc_feed(&c, r, MT_SERVER, (struct mt_span){bytes, cut});
            mt_grpc_gap(&c, r, MT_SERVER, lost);
            mt_grpc_feed(
                &c, r, MT_SERVER,
                (struct mt_span){bytes + cut + lost, len - cut - lost});
            bool said = lost == 0 || cut >= len - 2; /* its padding alone */
            assert_int_equal(r->x.grpc_status, said ? 13 : MT_GRPC_STATUS_NONE);
            mt_draft_drop(r);
            fixture_close(&f);
        }
}

static void test_web_over_h2(void **state)
{
    (void)state;
    struct talk *t = talk_new();
    struct h2_side *c = t->side[0], *s = t->side[1];
    start(t);
    HEADERS(c, 1, false, {":method", "POST"}, {":scheme", "http"},
            {":path", "/shop.v1.Orders/Get"}, {":authority", "orders"},
            {"content-type", "application/grpc-web+proto"});
    messages(c, 1, 1, true);
    say(t, 0);
    HEADERS(s, 1, false, {":status", "200"},
            {"content-type", "application/grpc-web+proto"});
    messages(s, 1, 2, false);
    h2_frame(s, MT_H2_DATA, MT_H2_END_STREAM, 1,
             "\200\0\0\0\20grpc-status: 0\r\n", 21);
    say(t, 1);
    check(t, "1 grpc-web stream" CALL "200/0 ok  req 8/1 resp 37/2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_after_a_loss),
        cmocka_unit_test(test_count_through_gaps),
        cmocka_unit_test(test_web_trailers),
        cmocka_unit_test(test_web_text),
        cmocka_unit_test(test_web_over_h2),
    };
    return cmocka_run_group_tests_name("decode/grpc", tests, NULL, NULL);
}
