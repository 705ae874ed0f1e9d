/* Every reason for and against another try, and what it waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy-lite/policy/retry.h"

static const struct mt_policy_budget plenty = {.percent = 20,
                                               .min_per_second = 1000};
static const struct mt_policy_budget nothing = {.percent = 0,
                                                .min_per_second = 0};

static struct mt_policy_retry policy_of(const char *words)
{
    struct mt_policy_retry p;
    struct mt_span rest = mt_span_str(words);
    mt_policy_retry_defaults(&p);
    while (rest.len > 0) {
        struct mt_span word = mt_span_take(&rest, mt_span_find(rest, ' '));
        if (rest.len > 0)
            (void)mt_span_take(&rest, 1);
        if (!mt_retry_add(&p, word))
            fail_msg("%.*s", (int)word.len, (const char *)word.ptr);
    }
    return p;
}

/* A GET that may be tried again; each test changes what it is about. */
struct setup {
    struct mt_policy_retry policy;
    struct mt_budget budget;
    struct mt_try last;
    struct mt_retry_ask ask;
    struct mt_random random;
};

static void begin(struct setup *s, const char *words)
{
    *s = (struct setup){.policy = policy_of(words), .random = {7}};
    s->last = (struct mt_try){.end = MT_TRY_RESPONSE,
                              .status = 503,
                              .grpc_status = -1,
                              .hint_ns = MT_RETRY_NO_HINT};
    s->ask = (struct mt_retry_ask){.policy = &s->policy,
                                   .budget_policy = &plenty,
                                   .budget = &s->budget,
                                   .last = &s->last,
                                   .method = MT_SPAN("GET"),
                                   .body_kept = true,
                                   .endpoint_there = true,
                                   .now_ns = MT_POLICY_S(100),
                                   .deadline_ns = MT_POLICY_S(115)};
}

static void expect_again(struct setup *s, bool counted)
{
    struct mt_retry_answer a = mt_retry_decide(&s->ask, &s->random);
    assert_string_equal(mt_retry_why_text(a.why), "");
    assert_true(a.again);
    assert_int_equal(a.counted, counted);
}

static void expect_why(struct setup *s, const char *why)
{
    struct mt_retry_answer a = mt_retry_decide(&s->ask, &s->random);
    assert_false(a.again);
    assert_string_equal(mt_retry_why_text(a.why), why);
}

static void test_conditions(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        int end;
        uint16_t status;
        int16_t grpc;
        bool wanted;
    } rows[] = {
        {"5xx", MT_TRY_RESPONSE, 500, -1, true},
        {"5xx", MT_TRY_RESPONSE, 599, -1, true},
        {"5xx", MT_TRY_RESPONSE, 499, -1, false},
        {"5xx", MT_TRY_RESET, 0, -1, true},
        {"gateway-error", MT_TRY_TIMEOUT, 0, -1, true},
        {"4xx", MT_TRY_RESET, 0, -1, false},
        {"503", MT_TRY_CONNECT_FAILURE, 0, -1, false},
        {"4xx", MT_TRY_RESPONSE, 429, -1, true},
        {"gateway-error", MT_TRY_RESPONSE, 502, -1, true},
        {"gateway-error", MT_TRY_RESPONSE, 504, -1, true},
        {"gateway-error", MT_TRY_RESPONSE, 501, -1, false},
        {"gateway-error", MT_TRY_RESPONSE, 505, -1, false},
        {"429 503", MT_TRY_RESPONSE, 429, -1, true},
        {"429 503", MT_TRY_RESPONSE, 503, -1, true},
        {"429 503", MT_TRY_RESPONSE, 500, -1, false},
        {"429", MT_TRY_RESPONSE, 65535, -1, false},
        {"reset", MT_TRY_RESET, 0, -1, true},
        {"reset", MT_TRY_CONNECT_FAILURE, 0, -1, false},
        {"connect-failure", MT_TRY_CONNECT_FAILURE, 0, -1, true},
        {"connect-failure", MT_TRY_RESET, 0, -1, false},
        {"refused-stream", MT_TRY_REFUSED_STREAM, 0, -1, true},
        {"timeout", MT_TRY_TIMEOUT, 0, -1, true},
        {"timeout", MT_TRY_RESPONSE, 504, -1, false},
        {"unavailable", MT_TRY_RESPONSE, 200, 14, true},
        {"unavailable", MT_TRY_RESPONSE, 200, 13, false},
        {"cancelled deadline-exceeded internal resource-exhausted",
         MT_TRY_RESPONSE, 200, 1, true},
        {"cancelled deadline-exceeded internal resource-exhausted",
         MT_TRY_RESPONSE, 200, 4, true},
        {"cancelled deadline-exceeded internal resource-exhausted",
         MT_TRY_RESPONSE, 200, 13, true},
        {"cancelled deadline-exceeded internal resource-exhausted",
         MT_TRY_RESPONSE, 200, 8, true},
        {"cancelled deadline-exceeded internal resource-exhausted",
         MT_TRY_RESPONSE, 200, 0, false},
        {"unavailable", MT_TRY_RESPONSE, 200, 46, false}, /* 14 + 32 */
        {"unavailable", MT_TRY_RESPONSE, 200, -1, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_policy_retry p = policy_of(rows[i].words);
        struct mt_try t = {.end = (uint8_t)rows[i].end,
                           .status = rows[i].status,
                           .grpc_status = rows[i].grpc};
        if (mt_retry_wanted(&p, &t) != rows[i].wanted)
            fail_msg("row %zu: %s", i, rows[i].words);
    }
    struct mt_policy_retry p = policy_of("");
    static const char *const bad[] = {"",    "5x",     "200", "399",
                                      "600", "resets", "ok",  "-1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(mt_retry_add(&p, mt_span_str(bad[i])));
    for (size_t i = 0; mt_retry_words[i] != NULL; i++)
        assert_true(mt_retry_add(&p, mt_span_str(mt_retry_words[i])));
}

static void test_not_asked_for(void **state)
{
    (void)state;
    struct setup s;
    begin(&s, "reset");
    expect_why(&s, "");
    s.ask.policy = NULL;
    s.last.end = MT_TRY_RESET;
    expect_why(&s, "");
}

static void test_reasons(void **state)
{
    (void)state;
    struct setup s;
    begin(&s, "5xx");
    expect_again(&s, true);
    s.ask.retries = 1;
    expect_why(&s, "limit");
    begin(&s, "5xx");
    s.ask.method = MT_SPAN("POST");
    expect_why(&s, "not_idempotent");
    begin(&s, "5xx");
    s.ask.body_kept = false;
    expect_why(&s, "body_too_large");
    begin(&s, "5xx");
    s.last.response_started = true;
    expect_why(&s, "response_started");
    begin(&s, "5xx");
    s.ask.endpoint_there = false;
    expect_why(&s, "breaker_open");
    begin(&s, "5xx");
    s.ask.now_ns = s.ask.deadline_ns;
    expect_why(&s, "deadline");
    begin(&s, "5xx");
    s.ask.budget_policy = &nothing;
    expect_why(&s, "budget");
}

/* What is refused for another reason costs no budget. */
static void test_the_budget_pays_last(void **state)
{
    (void)state;
    static const struct mt_policy_budget one = {.percent = 100,
                                                .min_per_second = 0};
    struct setup s;
    begin(&s, "5xx");
    s.ask.budget_policy = &one;
    mt_budget_request(&s.budget, s.ask.now_ns);
    s.ask.endpoint_there = false;
    expect_why(&s, "breaker_open");
    s.ask.endpoint_there = true;
    expect_again(&s, true);
    expect_why(&s, "budget");
}

static void test_methods(void **state)
{
    (void)state;
    static const char *const safe[] = {"GET",   "HEAD", "OPTIONS",
                                       "TRACE", "PUT",  "DELETE"};
    static const char *const others[] = {"POST", "PATCH", "CONNECT", "get", ""};
    for (size_t i = 0; i < sizeof safe / sizeof safe[0]; i++)
        assert_true(mt_method_idempotent(mt_span_str(safe[i])));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(mt_method_idempotent(mt_span_str(others[i])));
    const struct mt_span listed[] = {MT_SPAN("POST")};
    struct setup s;
    begin(&s, "5xx");
    s.policy.methods = listed;
    s.policy.methods_count = 1;
    expect_why(&s, "not_idempotent"); /* GET is not in the list */
    s.ask.method = MT_SPAN("POST");
    expect_again(&s, true);
}

/* What no server began to do may be done again, whatever it is. */
static void test_never_done(void **state)
{
    (void)state;
    struct setup s;
    begin(&s, "connect-failure");
    s.ask.method = MT_SPAN("POST");
    s.last.end = MT_TRY_CONNECT_FAILURE;
    expect_again(&s, true);
}

static void test_grpc_statuses_are_named_calls(void **state)
{
    (void)state;
    struct setup s;
    begin(&s, "unavailable 5xx");
    s.ask.method = MT_SPAN("POST");
    s.ask.grpc = true;
    s.last.status = 200;
    s.last.grpc_status = 14;
    expect_again(&s, true);
    s.last.status = 503; /* by the proxy in between, not by the service */
    s.last.grpc_status = -1;
    expect_why(&s, "not_idempotent");
}

/* gRFC A6: refused once is free; GOAWAY is, three times. Neither needs a
 * policy, nor pays. */
static void test_free_tries(void **state)
{
    (void)state;
    struct setup s;
    begin(&s, "5xx");
    s.ask.policy = NULL;
    s.ask.budget_policy = &nothing;
    s.ask.method = MT_SPAN("POST");
    s.last.end = MT_TRY_REFUSED_STREAM;
    expect_again(&s, false);
    s.ask.refused = s.ask.free_retries = 1;
    expect_why(&s, "");
    s.last.end = MT_TRY_NOT_PROCESSED;
    for (s.ask.free_retries = 0; s.ask.free_retries < 3; s.ask.free_retries++)
        expect_again(&s, false);
    expect_why(&s, "");
    s.ask.free_retries = 0;
    s.ask.body_kept = false;
    expect_why(&s, "body_too_large");

    begin(&s, "refused-stream");
    s.last.end = MT_TRY_REFUSED_STREAM;
    s.ask.refused = 1;
    expect_again(&s, true);
    s.ask.retries = 1;
    expect_why(&s, "limit");
}

static void test_what_servers_wish(void **state)
{
    (void)state;
    struct setup s;
    begin(&s, "5xx");
    s.last.hint_ns = MT_POLICY_S(3);
    struct mt_retry_answer a = mt_retry_decide(&s.ask, &s.random);
    assert_true(a.again);
    assert_int_equal(a.wait_ns, MT_POLICY_S(3));
    s.last.hint_ns = 0; /* at once, but never before our own pause */
    for (unsigned i = 0, waited = 0; i < 50; i++) {
        a = mt_retry_decide(&s.ask, &s.random);
        assert_true(a.again);
        waited += a.wait_ns > 0;
        if (i == 49)
            assert_true(waited > 40);
    }
    s.last.hint_ns = MT_POLICY_S(15); /* the deadline is in 15 s */
    expect_why(&s, "deadline");
    s.last.hint_ns = -1;
    expect_why(&s, "pushback");
    s.ask.deadline_ns = 0;
    s.last.hint_ns = MT_POLICY_S(300);
    expect_again(&s, true);
    s.last.hint_ns = MT_POLICY_S(300) + 1;
    expect_why(&s, "pushback");
    s.last.hint_ns = INT64_MAX;
    expect_why(&s, "pushback");
}

/* 25, 50, 100, 200, 250, 250 ms at most, and all of it is used. */
static void test_backoff(void **state)
{
    (void)state;
    static const int64_t most_ms[] = {25, 50, 100, 200, 250, 250, 250};
    struct mt_policy_retry p;
    struct mt_random random = {5};
    mt_policy_retry_defaults(&p);
    for (uint32_t n = 0; n < sizeof most_ms / sizeof most_ms[0]; n++) {
        int64_t least = INT64_MAX, most = 0, sum = 0;
        for (unsigned i = 0; i < 4000; i++) {
            int64_t ns = mt_retry_backoff(&p, n, &random);
            least = ns < least ? ns : least;
            most = ns > most ? ns : most;
            sum += ns;
        }
        int64_t bound = MT_POLICY_MS(most_ms[n]);
        assert_true(least >= 0 && least < bound / 50);
        assert_true(most < bound && most > bound - bound / 50);
        assert_true(sum / 4000 > bound * 48 / 100 &&
                    sum / 4000 < bound * 52 / 100);
    }
    assert_true(mt_retry_backoff(&p, UINT32_MAX, &random) < MT_POLICY_MS(250));
    p.backoff_min_ns = INT64_MAX / 2;
    p.backoff_max_ns = INT64_MAX;
    assert_true(mt_retry_backoff(&p, 60, &random) >= 0);
}

static void test_retry_after(void **state)
{
    (void)state;
    const int64_t now =
        INT64_C(784111777) * 1000000000; /* RFC 9110's example */
    static const struct {
        const char *text;
        int64_t s; /* -1: no hint */
    } rows[] = {
        {"120", 120},
        {"0", 0},
        {"Sun, 06 Nov 1994 08:49:39 GMT", 2},
        {"Sun Nov  6 08:49:47 1994", 10},
        {"Sun Nov 16 08:49:37 1994", 864000},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {"Sat, 05 Nov 1994 08:49:37 GMT", 0},
        {"Sunday, 06-Nov-94 08:49:47 GMT", 10},
        {"Sunday, 06-Nov-95 08:49:37 GMT", 31536000},
        {"", -1},
        {"-1", -1},
        {"1.5", -1},
        {"soon", -1},
        {"Sun, 06 Nov 1994 08:49:37", -1},
        {"Sun, 31 Feb 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nox 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 25:49:37 GMT", -1},
        {"Sun Nov ", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ns = mt_retry_after(mt_span_str(rows[i].text), now);
        int64_t wanted =
            rows[i].s < 0 ? MT_RETRY_NO_HINT : MT_POLICY_S(rows[i].s);
        if (ns != wanted)
            fail_msg("%s: %lld", rows[i].text, (long long)ns);
    }
    assert_int_equal(mt_retry_after(MT_SPAN("99999999999999999999"), now),
                     INT64_MAX);
    assert_int_equal(mt_retry_after(MT_SPAN("9999999999999"), now), INT64_MAX);
    const int64_t in_2026 = INT64_C(1793955577) * 1000000000;
    assert_int_equal(
        mt_retry_after(MT_SPAN("Friday, 06-Nov-26 08:59:47 GMT"), in_2026),
        MT_POLICY_S(10));
    assert_true(mt_retry_after(MT_SPAN("Sun, 06 Nov 2094 08:49:37 GMT"),
                               in_2026) > MT_POLICY_S(86400 * 365) * 60);
    assert_int_equal(mt_retry_pushback(MT_SPAN("250")), MT_POLICY_MS(250));
    assert_true(mt_retry_pushback(MT_SPAN("-1")) < 0);
    assert_true(mt_retry_pushback(MT_SPAN("later")) < 0);
    assert_true(mt_retry_pushback(MT_SPAN("")) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_not_asked_for),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_the_budget_pays_last),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_never_done),
        cmocka_unit_test(test_grpc_statuses_are_named_calls),
        cmocka_unit_test(test_free_tries),
        cmocka_unit_test(test_what_servers_wish),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_retry_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
