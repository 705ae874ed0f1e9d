#include "messages.h"

#include "proxy-lite/http/forward.h"

#define VIA "\nvia: 1.1 meshtop"

/* Requests: fields in, fields out; VIA at the end of each. */
static const struct {
    const char *what;
    const char *in, *out;
    int rc;
    uint8_t from, to; /* MT_HTTP_1_0 ... */
    uint8_t forwarded;
    bool secure;
} requests[] = {
    {"end to end fields stay, in order", "B: 1\na: 2\nB: 3", "B: 1\na: 2\nB: 3",
     0, MT_HTTP_1_1, MT_HTTP_1_1, MT_FORWARDED_KEEP, false},
    {"the hop's own go",
     "Connection: close\nKeep-Alive: 5\nTE: gzip\n"
     "Proxy-Connection: x\nTransfer-Encoding: chunked\nHost: a\nX: 1",
     "X: 1", 0, MT_HTTP_1_1, MT_HTTP_1_1, MT_FORWARDED_KEEP, false},
    {"what Connection names goes, wherever it is",
     "X-A: 1\nConnection: x-a\nX-B: 2\nConnection: close, X-B\nx-c: 3",
     "x-c: 3", 0, MT_HTTP_1_1, MT_HTTP_1_1, MT_FORWARDED_KEEP, false},
    {"but not what servers decide by",
     "Connection: authorization, cookie, x-forwarded-for, content-type\n"
     "Authorization: a\nCookie: b\nX-Forwarded-For: c\nContent-Type: d",
     "Authorization: a\nCookie: b\nX-Forwarded-For: c\nContent-Type: d", 0,
     MT_HTTP_1_1, MT_HTTP_1_1, MT_FORWARDED_KEEP, false},
    {"trailers are wanted", "TE: trailers, deflate\nConnection: TE",
     "te: trailers", 0, MT_HTTP_1_1, MT_HTTP_2, MT_FORWARDED_KEEP, false},
    {"a WebSocket passes", "Connection: Upgrade\nUpgrade: websocket",
     "upgrade: websocket", 0, MT_HTTP_1_1, MT_HTTP_1_1, MT_FORWARDED_KEEP,
     false},
    {"not to HTTP/2", "Connection: Upgrade\nUpgrade: websocket", "", 0,
     MT_HTTP_1_1, MT_HTTP_2, MT_FORWARDED_KEEP, false},
    {"not unnamed", "Upgrade: websocket", "", 0, MT_HTTP_1_1, MT_HTTP_1_1,
     MT_FORWARDED_KEEP, false},
    {"h2c is ours",
     "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\n"
     "HTTP2-Settings: AAMAAABk",
     "", 0, MT_HTTP_1_1, MT_HTTP_1_1, MT_FORWARDED_KEEP, false},
    {"cookies become one", "cookie: a=1\nx: 1\ncookie: b=2",
     "x: 1\ncookie: a=1; b=2", 0, MT_HTTP_2, MT_HTTP_1_1, MT_FORWARDED_KEEP,
     false},
    {"cookies stay cut", "cookie: a=1\ncookie: b=2", "cookie: a=1\ncookie: b=2",
     0, MT_HTTP_2, MT_HTTP_2, MT_FORWARDED_KEEP, false},
    {"too many options", "Connection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "",
     400, MT_HTTP_1_1, MT_HTTP_1_1, MT_FORWARDED_KEEP, false},
    {"first proxy", "", "x-forwarded-for: 10.0.0.9\nx-forwarded-proto: http", 0,
     MT_HTTP_1_1, MT_HTTP_1_1, MT_FORWARDED_APPEND, false},
    {"by TLS", "", "x-forwarded-for: 10.0.0.9\nx-forwarded-proto: https", 0,
     MT_HTTP_1_1, MT_HTTP_1_1, MT_FORWARDED_APPEND, true},
    {"behind others",
     "X-Forwarded-For: 1.1.1.1\nX-Forwarded-Proto: https\n"
     "x-forwarded-for: 2.2.2.2",
     "X-Forwarded-Proto: https\nx-forwarded-for: 1.1.1.1, 2.2.2.2, 10.0.0.9", 0,
     MT_HTTP_1_1, MT_HTTP_1_1, MT_FORWARDED_APPEND, false},
    {"RFC 7239 where it is spoken", "Forwarded: for=1.1.1.1;by=x",
     "x-forwarded-for: 10.0.0.9\n"
     "forwarded: for=1.1.1.1;by=x, for=10.0.0.9;proto=https\n"
     "x-forwarded-proto: https",
     0, MT_HTTP_1_1, MT_HTTP_1_1, MT_FORWARDED_APPEND, true},
    {"an edge believes nobody",
     "X-Forwarded-For: 1.1.1.1\n"
     "X-Forwarded-Proto: https\nForwarded: for=1.1.1.1\nX-Forwarded-Host: a",
     "x-forwarded-for: 10.0.0.9\nx-forwarded-proto: http", 0, MT_HTTP_1_1,
     MT_HTTP_1_1, MT_FORWARDED_REPLACE, false},
    {"nothing is told", "X-Forwarded-For: 1.1.1.1\nX: 1", "X: 1", 0,
     MT_HTTP_1_1, MT_HTTP_1_1, MT_FORWARDED_REMOVE, false},
};

static void test_requests(void **state)
{
    (void)state;
    struct mt_pool pool;
    mt_pool_init(&pool, 1 << 20);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        static const char *const via[] = {"via: 1.0 meshtop",
                                          "via: 1.1 meshtop", "via: 2 meshtop"};
        struct mt_head h;
        char want[1024];
        mt_head_init(&h, &pool, 1 << 16);
        h.version = requests[i].from;
        h.method = MT_SPAN("GET");
        fields_of(&h, requests[i].in);
        const struct mt_forward f = {.client = MT_SPAN("10.0.0.9"),
                                     .to = requests[i].to,
                                     .forwarded = requests[i].forwarded,
                                     .secure = requests[i].secure};
        int rc = mt_forward_request(&h, &f);
        (void)snprintf(want, sizeof want, "%s%s%s", requests[i].out,
                       requests[i].out[0] != '\0' ? "\n" : "",
                       via[requests[i].from]);
        if (rc != requests[i].rc || (rc == 0 && strcmp(text_of(&h), want) != 0))
            fail_msg("%s: %d\n%s\ninstead of\n%s", requests[i].what, rc,
                     text_of(&h), want);
        mt_head_deinit(&h);
    }
    assert_int_equal(pool.used_bytes, 0);
    mt_pool_deinit(&pool);
}

static void test_a_client_of_ipv6(void **state)
{
    (void)state;
    struct mt_pool pool;
    struct mt_head h;
    mt_pool_init(&pool, 1 << 20);
    mt_head_init(&h, &pool, 1 << 16);
    h.version = MT_HTTP_1_1;
    fields_of(&h, "Forwarded: for=unknown");
    const struct mt_forward f = {
        .client = MT_SPAN("2001:db8::1"), .to = MT_HTTP_1_1, .no_via = true};
    assert_int_equal(mt_forward_request(&h, &f), 0);
    assert_string_equal(text_of(&h),
                        "x-forwarded-for: 2001:db8::1\nforwarded: for=unknown, "
                        "for=\"[2001:db8::1]\";proto=http\n"
                        "x-forwarded-proto: http");
    mt_head_deinit(&h);
    mt_pool_deinit(&pool);
}

static void test_max_forwards(void **state)
{
    (void)state;
    static const struct {
        const char *method, *in, *out;
        int rc;
    } rows[] = {
        {"TRACE", "Max-Forwards: 10", "Max-Forwards: 9", 0},
        {"OPTIONS", "Max-Forwards: 1", "Max-Forwards: 0", 0},
        {"OPTIONS", "Max-Forwards: 0", NULL, MT_FORWARD_HERE},
        {"GET", "Max-Forwards: 0", "Max-Forwards: 0", 0},
        {"TRACE", "Max-Forwards: x", NULL, 400},
        {"TRACE", "Max-Forwards: ", NULL, 400},
        {"TRACE", "Max-Forwards: 99999999999", NULL, 400},
        {"TRACE", "A: b", "A: b", 0},
    };
    struct mt_pool pool;
    mt_pool_init(&pool, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_head h;
        mt_head_init(&h, &pool, 1 << 16);
        h.method = mt_span_str(rows[i].method);
        fields_of(&h, rows[i].in);
        const struct mt_forward f = {.forwarded = MT_FORWARDED_KEEP,
                                     .no_via = true};
        assert_int_equal(mt_forward_request(&h, &f), rows[i].rc);
        if (rows[i].out != NULL)
            assert_string_equal(text_of(&h), rows[i].out);
        mt_head_deinit(&h);
    }
    mt_pool_deinit(&pool);
}

static void test_responses(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        uint8_t to;
        const char *in, *out;
    } rows[] = {
        {200, MT_HTTP_1_1, "Connection: close, x\nX: 1\nDate: d\nKeep-Alive: 3",
         "Date: d" VIA},
        {101, MT_HTTP_1_1, "Connection: upgrade\nUpgrade: websocket",
         "upgrade: websocket" VIA},
        {426, MT_HTTP_1_1, "Connection: upgrade\nUpgrade: TLS/1.3",
         "upgrade: TLS/1.3" VIA},
        {200, MT_HTTP_1_1, "Connection: upgrade\nUpgrade: h2c",
         "via: 1.1 meshtop"},
        {426, MT_HTTP_2, "Connection: upgrade\nUpgrade: TLS/1.3",
         "via: 1.1 meshtop"},
    };
    struct mt_pool pool;
    mt_pool_init(&pool, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_head h;
        mt_head_init(&h, &pool, 1 << 16);
        h.version = MT_HTTP_1_1;
        h.status = (uint16_t)rows[i].status;
        fields_of(&h, rows[i].in);
        const struct mt_forward f = {.to = rows[i].to};
        assert_int_equal(mt_forward_response(&h, &f), 0);
        assert_string_equal(text_of(&h), rows[i].out);
        mt_head_deinit(&h);
    }
    mt_pool_deinit(&pool);
}

static void test_trailers(void **state)
{
    (void)state;
    struct mt_pool pool;
    struct mt_head h;
    mt_pool_init(&pool, 1 << 20);
    mt_head_init(&h, &pool, 1 << 16);
    fields_of(&h, "grpc-status: 0\nContent-Length: 5\nHost: evil\n"
                  "Transfer-Encoding: chunked\nX-Sum: 1\nConnection: close");
    mt_forward_trailers(&h);
    assert_string_equal(text_of(&h), "grpc-status: 0\nX-Sum: 1");
    mt_head_deinit(&h);
    mt_pool_deinit(&pool);
}

/* Without memory a request is refused, and nothing is passed on by half. */
static void test_no_memory(void **state)
{
    (void)state;
    for (size_t max = 700; max < 2000; max += 16) {
        struct mt_pool pool;
        struct mt_head h;
        mt_pool_init(&pool, 1 << 20);
        mt_head_init(&h, &pool, max);
        bool fits =
            mt_head_add(&h, MT_SPAN("X-Forwarded-For"), MT_SPAN("1.1.1.1")) &&
            mt_head_add(&h, MT_SPAN("Forwarded"), MT_SPAN("for=a"));
        const struct mt_forward f = {.client = MT_SPAN("10.0.0.9")};
        int rc = fits ? mt_forward_request(&h, &f) : 431;
        if (rc == 0)
            assert_int_equal(h.count, 4);
        else
            assert_int_equal(rc, 431);
        mt_head_deinit(&h);
        mt_pool_deinit(&pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_a_client_of_ipv6),
        cmocka_unit_test(test_max_forwards),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_trailers),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests_name("forward", tests, NULL, NULL);
}
