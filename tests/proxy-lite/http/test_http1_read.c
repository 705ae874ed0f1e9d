#include "messages.h"

/* What a reader told, as text: heads, bodies, ends. */
struct told {
    char text[8192];
    struct mt_buf b;
    int rc;
};

static void tell(struct told *t, const struct mt_http1_reader *r,
                 const struct mt_http1_part *part)
{
    struct mt_buf *b = &t->b;
    switch (part->kind) {
    case MT_PART_HEAD:
        if (r->head.status != 0) {
            mt_put_decimal(b, r->head.status);
        } else {
            mt_put_span(b, r->head.method);
            mt_put_str(b, " ");
            mt_put_span(b, r->head.authority);
            mt_put_str(b, " ");
            mt_put_span(b, r->head.path);
        }
        mt_put_str(b, r->head.length != MT_LENGTH_UNKNOWN ? " length" : "");
        mt_put_str(b, part->no_body ? " empty" : "");
        mt_put_str(b, part->keep_alive ? " keep" : "");
        mt_put_str(b, "|");
        mt_put_str(b, text_of(&r->head));
        mt_put_str(b, "|");
        break;
    case MT_PART_BODY:
        mt_put_span(b, part->body);
        break;
    case MT_PART_END:
        mt_put_str(b, "|");
        if (r->trailers != NULL)
            mt_put_str(b, text_of(r->trailers));
        mt_put_str(b, part->tunnel ? "tunnel\n" : "\n");
    }
}

/* Feed in pieces of `step` bytes, each in a copy of its own size. */
static void feed(struct mt_http1_reader *r, const char *text, size_t step,
                 struct told *t)
{
    struct mt_http1_part part;
    struct mt_span in = mt_span_str(text);
    t->b = mt_buf_of(t->text, sizeof t->text - 1);
    t->rc = MT_MORE;
    while (in.len > 0 && t->rc == MT_MORE) {
        size_t n = in.len < step ? in.len : step;
        uint8_t *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, in.ptr, n);
        (void)mt_span_take(&in, n);
        struct mt_span piece = {copy, n};
        while ((t->rc = mt_http1_read(r, &piece, &part)) == MT_EVENT)
            tell(t, r, &part);
        free(copy);
    }
    if (t->rc == MT_MORE) {
        t->rc = mt_http1_read_eof(r, &part);
        if (t->rc == MT_EVENT)
            tell(t, r, &part);
    }
    assert_false(t->b.full);
    t->text[t->b.len] = '\0';
}

static const struct {
    enum mt_http1_side side;
    const char *answers; /* responses: to this method */
    const char *in, *out;
    int rc;
    unsigned status;
    const char *why;
} rows[] = {
    {MT_HTTP1_REQUESTS, "",
     "GET /a HTTP/1.1\r\nHost: h\r\nX: 1\r\n\r\n"
     "GET http://g:1/b/../c HTTP/1.1\r\nhost: h\r\n\r\n",
     "GET h /a empty keep|X: 1||\nGET g:1 /c empty keep|||\n", MT_DONE, 0, ""},
    {MT_HTTP1_REQUESTS, "",
     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nSum: 9\r\n\r\n",
     "POST h / keep|Transfer-Encoding: chunked|abcd|Sum: 9\n", MT_DONE, 0, ""},
    {MT_HTTP1_REQUESTS, "", "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi",
     "POST  / length|Content-Length: 2|hi|\n", MT_DONE, 0, ""},
    {MT_HTTP1_REQUESTS, "", "GET http://g?x=/.. HTTP/1.1\r\nHost: g\r\n\r\n",
     "GET g /?x=/.. empty keep|||\n", MT_DONE, 0, ""},
    {MT_HTTP1_REQUESTS, "", "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
     "OPTIONS  * empty keep|||\n", MT_DONE, 0, ""},
    /* refused */
    {MT_HTTP1_REQUESTS, "", "GET / HTTP/1.1\r\n\r\n", "", MT_EPROTO, 400,
     "no_host"},
    {MT_HTTP1_REQUESTS, "", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "",
     MT_EPROTO, 400, "bad_host"},
    {MT_HTTP1_REQUESTS, "", "GET /.. HTTP/1.1\r\nHost: a\r\n\r\n", "",
     MT_EPROTO, 400, "bad_target"},
    {MT_HTTP1_REQUESTS, "", "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", "",
     MT_EPROTO, 400, "bad_target"},
    {MT_HTTP1_REQUESTS, "", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", "", MT_EPROTO,
     505, "bad_version"},
    {MT_HTTP1_REQUESTS, "",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "", MT_EPROTO, 400, "te_and_cl"},
    {MT_HTTP1_REQUESTS, "",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "",
     MT_EPROTO, 501, "bad_te"},
    {MT_HTTP1_REQUESTS, "",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
     "0\r\n\r\n",
     "", MT_EPROTO, 501, "bad_te"},
    {MT_HTTP1_REQUESTS, "",
     "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "",
     MT_EPROTO, 400, "connect_body"},
    {MT_HTTP1_REQUESTS, "",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
     "Content-Length: 2\r\n\r\n",
     "", MT_EPROTO, 400, "many_cl"},
    {MT_HTTP1_REQUESTS, "", "GET / HTTP/1.1\nHost: a\n\n", "", MT_EPROTO, 400,
     "bare_lf"},
    {MT_HTTP1_REQUESTS, "",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhi",
     "POST a / length keep|Content-Length: 9|hi", MT_EPROTO, 400, "cut_short"},
    /* responses */
    {MT_HTTP1_RESPONSES, "GET",
     "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
     "103 empty keep|Link: a||\n200 length keep|Content-Length: 2|hi|\n",
     MT_DONE, 0, ""},
    {MT_HTTP1_RESPONSES, "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
     "200 empty keep|Content-Length: 2||\n", MT_DONE, 0, ""},
    {MT_HTTP1_RESPONSES, "GET", "HTTP/1.1 200 OK\r\n\r\nto the end",
     "200|| to the end|\n", MT_EVENT, 0, ""},
    {MT_HTTP1_RESPONSES, "GET",
     "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\x81",
     "101 empty keep|Upgrade: websocket\nConnection: upgrade||tunnel\n",
     MT_DONE, 0, ""},
    {MT_HTTP1_RESPONSES, "CONNECT", "HTTP/1.1 200 OK\r\n\r\nraw",
     "200 empty keep|||tunnel\n", MT_DONE, 0, ""},
};

static void test_rows(void **state)
{
    (void)state;
    static struct told t;
    struct mt_pool pool;
    mt_pool_init(&pool, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t step = 1; step < 300; step++) {
            struct mt_http1_reader r;
            mt_http1_reader_init(&r, rows[i].side, &pool);
            mt_http1_reader_answers(&r, mt_span_str(rows[i].answers));
            feed(&r, rows[i].in, step, &t);
            char want[1024], *at = want;
            for (const char *c = rows[i].out; *c != '\0'; c++)
                if (c[0] != ' ' || c[-1] != '|') /* for the eye */
                    *at++ = *c;
            *at = '\0';
            if (t.rc != rows[i].rc || strcmp(t.text, want) != 0 ||
                r.refusal.status != rows[i].status ||
                (rows[i].status != 0 &&
                 strcmp(r.refusal.why, rows[i].why) != 0))
                fail_msg("%s\nby %zu: %d %u %s\n%s", rows[i].in, step, t.rc,
                         r.refusal.status, r.refusal.why, t.text);
            mt_http1_reader_deinit(&r);
            assert_int_equal(pool.used_bytes, 0);
        }
    mt_pool_deinit(&pool);
}

static void test_an_idle_reader_holds_nothing(void **state)
{
    (void)state;
    struct mt_pool pool;
    struct mt_http1_reader r;
    struct mt_http1_part part;
    struct mt_span in = MT_SPAN("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n");
    mt_pool_init(&pool, 1 << 20);
    mt_http1_reader_init(&r, MT_HTTP1_REQUESTS, &pool);
    assert_int_equal(mt_http1_read(&r, &in, &part), MT_EVENT);
    assert_true(pool.used_bytes > 0);
    assert_int_equal(mt_http1_read(&r, &in, &part), MT_EVENT);
    assert_int_equal(part.kind, MT_PART_END);
    assert_int_equal(mt_http1_read(&r, &in, &part), MT_MORE);
    assert_int_equal(pool.used_bytes, 0);
    mt_http1_reader_deinit(&r);
    mt_pool_deinit(&pool);
}

static void test_too_large(void **state)
{
    (void)state;
    static const struct {
        const char *prefix;
        unsigned status;
    } large[] = {
        {"GET /", 414},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: ", 431},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\nX: ",
         431},
    };
    static char text[300000];
    static struct told t;
    struct mt_pool pool;
    mt_pool_init(&pool, 4 << 20);
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        struct mt_http1_reader r;
        memset(text, 'a', sizeof text - 1);
        memcpy(text, large[i].prefix, strlen(large[i].prefix));
        mt_http1_reader_init(&r, MT_HTTP1_REQUESTS, &pool);
        feed(&r, text, 1000, &t);
        assert_int_equal(t.rc, MT_ELIMIT);
        assert_int_equal(r.refusal.status, large[i].status);
        mt_http1_reader_deinit(&r);
    }
    assert_true(pool.peak_bytes < 512 << 10);
    mt_pool_deinit(&pool);
}

/* 96 KiB of a header, be it one line (docs/proxy.md): to the byte. */
static void test_large(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *suffix;
    } large[] = {
        {"GET /", " HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: ", "\r\n\r\n"},
    };
    static char text[MT_HEAD_MAX_BYTES + 2];
    struct mt_pool pool;
    mt_pool_init(&pool, 4 << 20);
    for (size_t i = 0; i < 4; i++) {
        struct mt_http1_reader r;
        struct mt_http1_part part;
        bool above = i % 2 == 1;
        size_t n = MT_HEAD_MAX_BYTES + above;
        const char *suffix = large[i / 2].suffix;
        memset(text, 'a', n);
        memcpy(text, large[i / 2].prefix, strlen(large[i / 2].prefix));
        memcpy(text + n - strlen(suffix), suffix, strlen(suffix));
        mt_http1_reader_init(&r, MT_HTTP1_REQUESTS, &pool);
        int rc = MT_MORE;
        for (size_t at = 0; at < n && rc == MT_MORE; at += 1000) {
            struct mt_span in = {(uint8_t *)text + at,
                                 n - at < 1000 ? n - at : 1000};
            rc = mt_http1_read(&r, &in, &part);
        }
        assert_int_equal(rc, above ? MT_ELIMIT : MT_EVENT);
        assert_int_equal(r.refusal.status, above ? 431 : 0);
        mt_http1_reader_deinit(&r);
    }
    assert_true(pool.peak_bytes < 512 << 10);
    mt_pool_deinit(&pool);
}

static void test_too_many_fields(void **state)
{
    (void)state;
    static char text[20000];
    static struct told t;
    struct mt_pool pool;
    struct mt_http1_reader r;
    size_t at =
        (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (unsigned i = 0; i <= MT_HEAD_FIELDS_MAX; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "X: %u\r\n", i);
    (void)snprintf(text + at, sizeof text - at, "\r\n");
    mt_pool_init(&pool, 4 << 20);
    mt_http1_reader_init(&r, MT_HTTP1_REQUESTS, &pool);
    feed(&r, text, 1000, &t);
    assert_int_equal(t.rc, MT_ELIMIT);
    assert_int_equal(r.refusal.status, 431);
    mt_http1_reader_deinit(&r);
    mt_pool_deinit(&pool);
}

/* Trailers take memory of their own, once there are some. */
static void test_no_memory_for_trailers(void **state)
{
    (void)state;
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n"
                               "0\r\nSum: 11\r\n\r\n";
    static struct told t;
    struct mt_pool pool;
    struct mt_http1_reader r;
    mt_pool_init(&pool, 1 << 20);
    mt_http1_reader_init(&r, MT_HTTP1_REQUESTS, &pool);
    feed(&r, text, 1000, &t);
    assert_int_equal(t.rc, MT_DONE);
    assert_non_null(strstr(t.text, "Sum: 11"));
    mt_http1_reader_deinit(&r);
    assert_int_equal(pool.used_bytes, 0);
    size_t most = pool.peak_bytes;
    int refused = 0;
    for (pool.limit_bytes = most - 1; pool.limit_bytes > most / 2;
         pool.limit_bytes -= 64) {
        mt_http1_reader_init(&r, MT_HTTP1_REQUESTS, &pool);
        feed(&r, text, 1000, &t);
        assert_int_equal(t.rc, MT_ELIMIT);
        assert_int_equal(r.refusal.status, 431);
        refused++;
        mt_http1_reader_deinit(&r);
        assert_int_equal(pool.used_bytes, 0);
    }
    assert_true(refused > 10);
    mt_pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_an_idle_reader_holds_nothing),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_too_many_fields),
        cmocka_unit_test(test_no_memory_for_trailers),
    };
    return cmocka_run_group_tests_name("http1_read", tests, NULL, NULL);
}
