/* What is said of a request: word by word, and never more than mt_match()
 * does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "build.h"
#include "proxy-lite/policy/explain.h"
#include "proxy-lite/policy/retry.h"

static char text[1 << 16];
static size_t length;

static int keep(void *arg, struct mt_span bytes)
{
    (void)arg;
    if (bytes.len >= sizeof text - length)
        return -1;
    memcpy(text + length, bytes.ptr, bytes.len);
    length += bytes.len;
    return 0;
}

/* Two listeners, a canary before a catch-all, a redirect and a response. */
static struct mt_policy *mesh(void)
{
    static const struct mt_policy_endpoint cart[] = {
        {.host = {(const uint8_t *)"10.0.0.5", 8},
         .ip = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 5},
         .port = 80},
        {.host = {(const uint8_t *)"cart.internal", 13}, .port = 81}};
    static const struct mt_policy_backend both[] = {{0, 90}, {1, 10}};
    struct mt_policy *p = mt_policy_new();
    assert_non_null(p);
    for (uint16_t i = 0; i < 2; i++) {
        struct mt_policy_listener *l = mt_policy_add_listener(p);
        l->name = i == 0 ? MT_SPAN("edge") : MT_SPAN("inside");
        l->port = (uint16_t)(8080 + i);
        struct mt_policy_service *s = mt_policy_add_service(p);
        s->name = i == 0 ? MT_SPAN("cart") : MT_SPAN("cart-v2");
        s->endpoints = &cart[i];
        s->endpoints_count = 1;
    }
    struct mt_policy_route *r = add_route(
        p, &(struct want){.name = "canary",
                          .host = "*.example",
                          .headers = {field("x", MT_COMPARE_EXACT, "1")}});
    struct mt_policy_retry *retry = mt_policy_alloc(p, 1, sizeof *retry);
    mt_policy_retry_defaults(retry);
    assert_true(mt_retry_add(retry, MT_SPAN("429")));
    assert_true(mt_retry_add(retry, MT_SPAN("gateway-error")));
    assert_true(mt_retry_add(retry, MT_SPAN("unavailable")));
    r->retry = retry;
    r->to = (struct mt_policy_split){.list = both,
                                     .count = 2,
                                     .total = 100,
                                     .sticky = MT_STICKY_HEADER,
                                     .sticky_name = MT_SPAN("x-user")};
    r = add_route(p, &(struct want){.how = MT_PATH_PREFIX, .path = "/old"});
    r->action = MT_ACTION_REDIRECT;
    r->redirect.status = 301;
    r->redirect.scheme = MT_SPAN("https");
    r->line = 12;
    r = add_route(p, &(struct want){.name = "health",
                                    .how = MT_PATH_EXACT,
                                    .path = "/healthz",
                                    .listeners = 2});
    r->action = MT_ACTION_RESPOND;
    r->respond.status = 200;
    r->respond.content_type = MT_SPAN("text/plain");
    r->respond.body = MT_SPAN("ok");
    assert_int_equal(mt_policy_seal(p), 0);
    return p;
}

static const struct mt_policy_entry *
explain(const struct mt_policy *p, const char *request, const char *header)
{
    static struct mt_out out;
    struct mt_policy_explain_request q;
    struct mt_regex_scratch *s = mt_regex_scratch_new();
    assert_true(mt_policy_explain_parse(p, mt_span_str(request), &q));
    if (header != NULL)
        assert_true(mt_policy_explain_header(&q, mt_span_str(header)));
    length = 0;
    mt_out_init(&out, (struct mt_sink){keep, NULL});
    const struct mt_policy_entry *e = mt_policy_explain(p, &q.request, s, &out);
    assert_int_equal(mt_out_flush(&out), 0);
    text[length] = '\0';
    assert_ptr_equal(e, mt_match(p, &q.request, s));
    mt_regex_scratch_free(s);
    return e;
}

static void test_to_services(void **state)
{
    (void)state;
    struct mt_policy *p = mesh();
    assert_non_null(explain(p, "POST http://a.example/old/1?q=2", "X: 1"));
    assert_string_equal(
        text, "POST http://a.example/old/1?q=2 on listener edge\n"
              "\n"
              "  matches  canary: host *.example, header x = 1\n"
              "  no       health: path /healthz\n"
              "           listener: the route is for other listeners\n"
              "  later    route 2 (line 12): path /old/*\n"
              "\n"
              "route    canary\n"
              "to       cart, 90 of 100: 10.0.0.5:80; p2c-ewma\n"
              "to       cart-v2, 10 of 100: cart.internal:81; p2c-ewma\n"
              "sticky   by header x-user\n"
              "timeout  15s\n"
              "retry    up to 1 on 429, 502-504, reset, connect-failure, "
              "refused-stream, timeout, unavailable\n"
              "         after up to 25ms, later up to 250ms; methods that are "
              "idempotent, with a gRPC status any\n"
              "         within 20 % of the requests and 10 a second, of the "
              "process\n");
    mt_policy_free(p);
}

static void test_redirect_and_response(void **state)
{
    (void)state;
    struct mt_policy *p = mesh();
    assert_non_null(explain(p, "http://a.example:8080/old/1", "x: 2"));
    assert_non_null(strstr(text,
                           "  no       canary: host *.example, header x = 1\n"
                           "           header: x is not \"1\"\n"));
    assert_non_null(strstr(text, "redirect 301 to https://a.example/old/1\n"));
    assert_non_null(explain(p, "http://a.example:8081/healthz", NULL));
    assert_non_null(strstr(text, " on listener inside\n"));
    assert_non_null(strstr(text, "respond  200, 2 bytes of text/plain\n"));
    mt_policy_free(p);
}

static void test_nothing_matches(void **state)
{
    (void)state;
    struct mt_policy *p = mesh();
    assert_null(explain(p, "/", NULL));
    assert_non_null(strstr(text, "respond  404: no route matches\n"));
    assert_null(
        explain(p, "POST /a.B/C", "Content-Type: application/grpc+proto"));
    assert_non_null(strstr(text, "respond  UNIMPLEMENTED: no route matches\n"));
    assert_null(
        explain(p, "POST /a.B/C", "Content-Type: application/grpc-web"));
    assert_non_null(strstr(text, "respond  404"));
    mt_policy_free(p);
}

static void is(struct mt_span s, const char *wanted)
{
    if (!mt_span_eq(s, mt_span_str(wanted)))
        fail_msg("'%.*s', not '%s'", (int)s.len, (const char *)s.ptr, wanted);
}

static void test_requests(void **state)
{
    (void)state;
    static const struct {
        const char *text, *method, *scheme, *host, *path, *query;
        uint32_t listener;
        uint16_t port;
    } rows[] = {
        {"GET http://h/p?q#f", "GET", "http", "h", "/p", "q", 0, 8080},
        {"  PUT   https://h:8081/  ", "PUT", "https", "h", "/", "", 1, 8081},
        {"http://h", "GET", "http", "h", "/", "", 0, 8080},
        {"http://h?q=/", "GET", "http", "h", "/", "q=/", 0, 8080},
        {"http://[::1]:8081/x", "GET", "http", "[::1]", "/x", "", 1, 8081},
        {"http://[::1]/x", "GET", "http", "[::1]", "/x", "", 0, 8080},
        {"http://h:99/", "GET", "http", "h", "/", "", 0, 99},
        {"/p", "GET", "http", "", "/p", "", 0, 8080},
        {"http://h/cart/../metrics?a=/../b", "GET", "http", "h", "/metrics",
         "a=/../b", 0, 8080},
        {"/a/%2E/b/.", "GET", "http", "", "/a/b/", "", 0, 8080},
        {"OPTIONS *", "OPTIONS", "http", "", "*", "", 0, 8080},
    };
    struct mt_policy *p = mesh();
    struct mt_policy_explain_request q;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(mt_policy_explain_parse(p, mt_span_str(rows[i].text), &q));
        is(q.request.method, rows[i].method);
        is(q.request.scheme, rows[i].scheme);
        is(q.request.host, rows[i].host);
        is(q.request.path, rows[i].path);
        is(q.request.query, rows[i].query);
        assert_int_equal(q.request.listener, rows[i].listener);
        assert_int_equal(q.request.port, rows[i].port);
    }
    static const char *const bad[] = {"",
                                      "GET",
                                      "x",
                                      "GET http://",
                                      "http://h:x/",
                                      "http://h:0/",
                                      "ftp://h/",
                                      "GET /a b",
                                      "http://:80/",
                                      "http://h/../a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (mt_policy_explain_parse(p, mt_span_str(bad[i]), &q))
            fail_msg("%s", bad[i]);
    assert_true(mt_policy_explain_parse(p, MT_SPAN("/"), &q));
    assert_false(mt_policy_explain_header(&q, MT_SPAN("x")));
    assert_false(mt_policy_explain_header(&q, MT_SPAN(": x")));
    for (int i = 0; i < MT_POLICY_EXPLAIN_FIELDS_MAX; i++)
        assert_true(mt_policy_explain_header(&q, MT_SPAN("x:")));
    assert_false(mt_policy_explain_header(&q, MT_SPAN("x:")));
    mt_policy_free(p);
}

/* A request cannot write into the terminal. */
static void test_escapes(void **state)
{
    (void)state;
    struct mt_policy *p = mesh();
    assert_non_null(explain(p, "http://a.example/old/\x1b[2J", NULL));
    assert_null(strchr(text, 0x1b));
    assert_non_null(strstr(text, "\\x1b[2J"));
    mt_policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_to_services),
        cmocka_unit_test(test_redirect_and_response),
        cmocka_unit_test(test_nothing_matches),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
