/* Whatever became of a proxied request, its row says it: who ended it, in which
 * phase, and why it was not tried again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "decode/explain.h"
#include "decode/explain_page.h"
#include "decode/outcome.h"

#define MS INT64_C(1000000)

static char said[MT_EXPLAIN_BYTES + 1];

static const char *explain(struct mt_exchange *x)
{
    struct mt_buf b = mt_buf_of(said, MT_EXPLAIN_BYTES);
    x->outcome = mt_outcome_of(x)->outcome;
    mt_explain(x, &b);
    assert_false(b.full);
    said[b.len] = '\0';
    return said;
}

static void check_says(struct mt_exchange *x, const char *line)
{
    char whole[512];
    (void)snprintf(whole, sizeof whole, "%s\n", line);
    const char *at = strstr(explain(x), whole);
    if (at == NULL || (at != said && at[-1] != '\n'))
        fail_msg("no line '%s' in:\n%s", line, said);
}

/* A request that came whole at 1, and ended after 24 ms. */
static struct mt_exchange request(void)
{
    return (struct mt_exchange){.observer = MT_OBSERVER_PROXY_REQUEST,
                                .protocol = MT_PROTOCOL_HTTP11,
                                .grpc_status = MT_GRPC_STATUS_NONE,
                                .end_ns = 24 * MS + 1,
                                .req = {.start_ns = 1, .end_ns = 1},
                                .endpoint = MT_SPAN("10.0.0.5:80"),
                                .rule = MT_SPAN("canary (line 9): path /cart")};
}

static void answer(struct mt_exchange *x, uint16_t status, const char *reason)
{
    x->status = status;
    x->error_message = mt_span_str(reason);
    x->resp.start_ns = x->resp.end_ns = x->end_ns;
}

static const struct {
    const char *word, *text;
} whys[] = {
    {"limit", "not tried again: its attempts were used up"},
    {"budget", "not tried again: the budget of retries was spent"},
    {"body_too_large",
     "not tried again: its body was too large to be kept for that"},
    {"not_idempotent",
     "not tried again: its method may do harm when it is repeated"},
    {"response_started",
     "not tried again: its client had some of the response already"},
    {"breaker_open", "not tried again: the breaker was open"},
    {"deadline", "not tried again: its time was up"},
    {"pushback", "not tried again: the server asked for none"},
    {"", "not tried again: its route asks for no retry of that"},
};

static const struct {
    uint8_t phase;
    const char *text;
} phases[] = {
    {MT_PHASE_ROUTING, "before an endpoint was chosen"},
    {MT_PHASE_CONNECTING, "while a connection was being made"},
    {MT_PHASE_SENDING, "while the request went out"},
    {MT_PHASE_WAITING, "while the response was waited for"},
    {MT_PHASE_RESPONDING, "in the middle of the response"},
    {MT_PHASE_BACKING_OFF, "between two tries"},
};

static const struct {
    uint8_t by, error;
    const char *text;
} ends[] = {
    {MT_ENDED_SERVICE, MT_ERROR_REFUSED, "the connection was refused"},
    {MT_ENDED_SERVICE, MT_ERROR_RESET_BY_SERVER,
     "the service broke the connection"},
    {MT_ENDED_SERVICE, MT_ERROR_PROTOCOL, "the service broke the protocol"},
    {MT_ENDED_SERVICE, MT_ERROR_TRUNCATED,
     "the service ended its response too early,"},
    {MT_ENDED_TIME, MT_ERROR_TIMEOUT, "its time was over"},
    {MT_ENDED_TIME, MT_ERROR_UNANSWERED,
     "the connection attempt got no answer in time"},
    {MT_ENDED_CLIENT, MT_ERROR_RESET_BY_CLIENT, "its client went away"},
    {MT_ENDED_CLIENT, MT_ERROR_PROTOCOL, "its client broke the protocol"},
};

enum { WHYS = 9, PHASES = 6, ENDS = 8 };

static void check_one(unsigned end, unsigned phase, unsigned why)
{
    char line[256];
    struct mt_exchange x = request();
    bool client = ends[end].by == MT_ENDED_CLIENT;
    x.error = ends[end].error;
    x.ended_by = ends[end].by;
    x.ended_in = phases[phase].phase;
    x.why_not_retried = mt_span_str(whys[why].word);
    if (!client)
        answer(&x, 503, "reset");
    (void)snprintf(line, sizeof line, "%s %s%s", ends[end].text,
                   phases[phase].text,
                   client ? "" : "; its client got 503, after 24ms");
    check_says(&x, line);
    assert_ptr_equal(strstr(said, line), said); /* first of all */
    check_says(&x, "the rule that took it: canary (line 9): path /cart");
    bool unasked = whys[why].word[0] == '\0';
    if (unasked && x.ended_in == MT_PHASE_RESPONDING && !client)
        check_says(&x, whys[4].text);
    else if (!unasked || (!client && x.outcome == MT_OUTCOME_FAILURE))
        check_says(&x, whys[why].text);
    else
        assert_null(strstr(said, "not tried again"));
}

static void test_every_why_in_every_phase(void **state)
{
    (void)state;
    for (unsigned end = 0; end < ENDS; end++)
        for (unsigned phase = 0; phase < PHASES; phase++)
            for (unsigned why = 0; why < WHYS; why++)
                check_one(end, phase, why);
}

/* "503" is said by whoever said it. */
static void test_every_503(void **state)
{
    (void)state;
    static const struct {
        uint8_t by, in;
        const char *reason, *line;
    } cases[] = {
        {0, 0, "", "answered 503 after 24ms"},
        {MT_ENDED_PROXY, MT_PHASE_ROUTING, "no_backend",
         "the proxy answered it by itself before an endpoint was chosen: every "
         "weight of its route is 0; its client got 503, after 24ms"},
        {MT_ENDED_PROXY, MT_PHASE_ROUTING, "no_endpoint",
         "the proxy answered it by itself before an endpoint was chosen: no "
         "endpoint of its service would take it; its client got 503, after "
         "24ms"},
        {MT_ENDED_PROXY, MT_PHASE_BACKING_OFF, "no_endpoint",
         "the proxy answered it by itself between two tries: no endpoint of "
         "its service would take it; its client got 503, after 24ms"},
        {MT_ENDED_PROXY, MT_PHASE_ROUTING, "requests",
         "the proxy answered it by itself before an endpoint was chosen: as "
         "many requests to its service ran as its limit allows; its client "
         "got 503, after 24ms"},
        {MT_ENDED_PROXY, MT_PHASE_WAITING, "memory",
         "the proxy answered it by itself while the response was waited for: "
         "there was no memory for it; its client got 503, after 24ms"},
        {MT_ENDED_PROXY, MT_PHASE_ROUTING, "some\nword",
         "the proxy answered it by itself before an endpoint was chosen: it "
         "could not be taken: some\\nword; its client got 503, after 24ms"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mt_exchange x = request();
        answer(&x, 503, cases[i].reason);
        x.ended_by = cases[i].by;
        x.ended_in = cases[i].in;
        check_says(&x, cases[i].line);
    }
}

static void test_what_else(void **state)
{
    (void)state;
    struct mt_exchange x = request();
    answer(&x, 200, "");
    check_says(&x, "answered by 10.0.0.5:80, over a connection that was there");
    x.connect_ns = 2 * MS;
    check_says(&x, "answered by 10.0.0.5:80, over a connection that was made "
                   "for it in 2.0ms");
    assert_null(strstr(said, "not tried again"));

    x = request();
    answer(&x, 503, "connect_failure");
    x.error = MT_ERROR_REFUSED;
    x.ended_by = MT_ENDED_SERVICE;
    x.ended_in = MT_PHASE_CONNECTING;
    check_says(&x, "tried once, at 10.0.0.5:80");
    x.retry_of = 7;
    check_says(&x, "tried last at 10.0.0.5:80");
    x.budget_used = x.budget_allowed = 12;
    check_says(&x, "the budget of retries was at 12 of 12 in 10 s then");
    x.endpoints = 3;
    x.endpoints_out = 1;
    check_says(&x, "breakers had taken out 1 of the 3 endpoints of its service "
                   "then");

    x.protocol = MT_PROTOCOL_GRPC;
    x.status = 200;
    x.grpc_status = 14;
    check_says(&x, "the connection was refused while a connection was being "
                   "made; its client got UNAVAILABLE, after 24ms");
}

/* What a proxy could not take is not its service's failure. */
static void test_client_errors(void **state)
{
    (void)state;
    struct mt_exchange x = request();
    x.endpoint.len = 0;
    answer(&x, 408, "header_timeout");
    x.error = MT_ERROR_TIMEOUT;
    x.ended_by = MT_ENDED_TIME;
    x.ended_in = MT_PHASE_ROUTING;
    check_says(&x, "its header did not come in time; its client got 408, after "
                   "24ms");
    check_says(&x, "counts as client_error: the request itself was at fault; "
                   "counted apart");
    answer(&x, 200, "max_forwards");
    x.error = MT_ERROR_NONE;
    x.ended_by = MT_ENDED_PROXY;
    check_says(&x, "the proxy answered it by itself before an endpoint was "
                   "chosen: it asks for the answer of this proxy; its client "
                   "got 200, after 24ms");
    answer(&x, 503, "no_address");
    x.error = MT_ERROR_REFUSED;
    check_says(&x, "the proxy answered it by itself before an endpoint was "
                   "chosen: the name of its service was not found; its client "
                   "got 503, after 24ms");
    assert_null(strstr(said, "tried once"));
}

static int keep_first(void *arg, struct mt_span line)
{
    char *title = arg;
    if (title[0] == '\0')
        (void)snprintf(title, 100, "%.*s", (int)line.len,
                       (const char *)line.ptr);
    return 0;
}

/* The line above all: of what was refused little is known. */
static void test_titles(void **state)
{
    (void)state;
    static const struct {
        const char *method, *authority, *path, *title;
    } rows[] = {
        {"GET", "h", "/a", " GET http://h/a \xe2\x86\x92 408 after 24ms"},
        {"GET", "", "/a", " GET /a \xe2\x86\x92 408 after 24ms"},
        {"", "", "", " http/1.1 \xe2\x86\x92 408 after 24ms"},
        {"CONNECT", "h:1", "",
         " CONNECT http://h:1 \xe2\x86\x92 408 after 24ms"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char title[100] = "";
        struct mt_exchange x = request();
        answer(&x, 408, "header_timeout");
        x.scheme = MT_SPAN("http");
        x.method = mt_span_str(rows[i].method);
        x.authority = mt_span_str(rows[i].authority);
        x.path = mt_span_str(rows[i].path);
        mt_explain_head(&x, (struct mt_sink){keep_first, title});
        assert_string_equal(title, rows[i].title);
    }
}

/* What is passed on as it is has an end without a failure. */
static void test_tunnels(void **state)
{
    (void)state;
    struct mt_exchange x = request();
    x.kind = MT_KIND_L4;
    x.protocol = MT_PROTOCOL_TCP;
    x.ended_by = MT_ENDED_CLIENT;
    check_says(&x, "its client ended it, all was passed on");
    check_says(&x,
               "passed on to 10.0.0.5:80, over a connection that was there");
    x.ended_by = MT_ENDED_SERVICE;
    check_says(&x, "the service ended it, all was passed on");
    x.error = MT_ERROR_RESET_BY_SERVER;
    x.ended_in = MT_PHASE_RESPONDING;
    check_says(&x, "the service broke the connection while it ran");
    assert_null(strstr(said, "not tried again"));

    x = request();
    answer(&x, 101, "");
    x.kind = MT_KIND_STREAM;
    x.protocol = MT_PROTOCOL_WEBSOCKET;
    x.ended_by = MT_ENDED_SERVICE;
    check_says(&x, "the service ended it, all was passed on");
    check_says(&x, "answered by 10.0.0.5:80, over a connection that was there");
}

/* Numbers of a later version, or of a damaged file. */
static void test_unknown_numbers(void **state)
{
    (void)state;
    for (unsigned by = 0; by < 256; by += 5)
        for (unsigned in = 0; in < 256; in += 5) {
            struct mt_exchange x = request();
            x.ended_by = (uint8_t)by;
            x.ended_in = (uint8_t)in;
            assert_true(strlen(explain(&x)) > 10);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_why_in_every_phase),
        cmocka_unit_test(test_every_503),
        cmocka_unit_test(test_what_else),
        cmocka_unit_test(test_client_errors),
        cmocka_unit_test(test_titles),
        cmocka_unit_test(test_tunnels),
        cmocka_unit_test(test_unknown_numbers),
    };
    return cmocka_run_group_tests_name("decode/explain_proxy", tests, NULL,
                                       NULL);
}
