/* What breakers, budgets and rules say of themselves, for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy-lite/policy/match.h"
#include "proxy-lite/policy/state.h"

static const struct mt_policy_breaker usual = {.consecutive = 7,
                                               .success_percent = 80,
                                               .min_requests = 5,
                                               .max_out_percent = 50,
                                               .out_min_ns = MT_POLICY_S(1),
                                               .out_max_ns = MT_POLICY_S(60)};

struct setup {
    struct mt_breaker b;
    struct mt_breaker_group group;
    struct mt_random random;
};

static struct setup of(uint32_t endpoints)
{
    return (struct setup){.group = {.endpoints = endpoints}, .random = {3}};
}

static void record(struct setup *s, int outcome, int64_t now_ns, uint64_t probe)
{
    const struct mt_breaker_report r = {
        .probe = probe, .outcome = (uint8_t)outcome, .now_ns = now_ns};
    (void)mt_breaker_record(&s->b, &s->group, &usual, &r, &s->random);
}

static void fail_often(struct setup *s, int times, int64_t now_ns)
{
    for (int i = 0; i < times; i++)
        record(s, MT_BREAKER_FAILED, now_ns, MT_BREAKER_NO_PROBE);
}

static struct mt_breaker_told told(const struct setup *s, int64_t now_ns)
{
    return mt_breaker_tell(&s->b, &usual, now_ns);
}

/* A hundred successes first, so that their share does not count. */
static void test_in_a_row(void **state)
{
    (void)state;
    struct setup s = of(2);
    int64_t now = MT_POLICY_S(100);
    for (int i = 0; i < 100; i++)
        record(&s, MT_BREAKER_OK, now, MT_BREAKER_NO_PROBE);
    fail_often(&s, 6, now);
    struct mt_breaker_told t = told(&s, now);
    assert_int_equal(t.state, MT_BREAKER_CLOSED);
    assert_int_equal(t.why, MT_BREAKER_WHY_NONE);
    assert_int_equal(t.consecutive, 6);
    assert_int_equal(t.requests, 106);
    assert_int_equal(t.failures, 6);
    assert_int_equal(t.until_ms, 0);

    fail_often(&s, 1, now);
    t = told(&s, now);
    assert_int_equal(t.state, MT_BREAKER_OUT);
    assert_false(t.probing);
    assert_int_equal(t.why, MT_BREAKER_WHY_CONSECUTIVE);
    assert_true(t.until_ms >= 101000 && t.until_ms <= 101500);
}

static void test_probes(void **state)
{
    (void)state;
    struct setup s = of(2);
    int64_t now = MT_POLICY_S(100);
    fail_often(&s, 5, now);
    assert_int_equal(told(&s, now).why, MT_BREAKER_WHY_SUCCESS);
    now = MT_POLICY_S(102);
    assert_int_equal(told(&s, now).state, MT_BREAKER_DUE);
    uint64_t probe = mt_breaker_claim(&s.b, now);
    assert_true(told(&s, now).probing);
    record(&s, MT_BREAKER_FAILED, now, probe);
    assert_false(told(&s, now).probing);
    assert_int_equal(told(&s, now).why, MT_BREAKER_WHY_PROBE);

    now = MT_POLICY_S(110);
    probe = mt_breaker_claim(&s.b, now);
    record(&s, MT_BREAKER_OK, now, probe);
    assert_int_equal(told(&s, now).state, MT_BREAKER_CLOSED);
    assert_int_equal(told(&s, now).why, MT_BREAKER_WHY_NONE);
}

/* The only one is never out: it says why it would be. */
static void test_kept_in(void **state)
{
    (void)state;
    struct setup s = of(1);
    fail_often(&s, 9, MT_POLICY_S(100));
    struct mt_breaker_told t = told(&s, MT_POLICY_S(100));
    assert_int_equal(t.state, MT_BREAKER_CLOSED);
    assert_int_equal(t.why, MT_BREAKER_WHY_CONSECUTIVE);
    assert_int_equal(t.consecutive, 9);
}

static void test_inherited(void **state)
{
    (void)state;
    struct setup before = of(2), after = of(2);
    fail_often(&before, 5, MT_POLICY_S(100));
    mt_breaker_inherit(&after.b, &after.group, &usual, &before.b);
    assert_int_equal(told(&after, MT_POLICY_S(100)).why,
                     MT_BREAKER_WHY_SUCCESS);
}

static void test_budget(void **state)
{
    (void)state;
    struct mt_budget b;
    memset(&b, 0, sizeof b);
    const struct mt_policy_budget policy = {.percent = 20, .min_per_second = 1};
    int64_t now = MT_POLICY_S(100);
    struct mt_budget_told t = mt_budget_tell(&b, &policy, now);
    assert_int_equal(t.spent, 0);
    assert_int_equal(t.allowed, 10);
    for (int i = 0; i < 100; i++)
        mt_budget_request(&b, now);
    for (int i = 0; i < 40; i++)
        (void)mt_budget_take(&b, &policy, now);
    t = mt_budget_tell(&b, &policy, now);
    assert_int_equal(t.spent, 30); /* 20 % of 100, and 10 */
    assert_int_equal(t.allowed, 30);
    assert_int_equal(mt_budget_left(&b, &policy, now), 0);
}

/* ---- rules ---- */

static struct mt_policy_route *route(struct mt_policy *p, const char *name,
                                     uint32_t line)
{
    struct mt_policy_route *r = mt_policy_add_route(p);
    assert_non_null(r);
    r->name = mt_span_str(name);
    r->line = line;
    return r;
}

static void test_rules(void **state)
{
    (void)state;
    static char path[400] = "/";
    struct mt_policy *p = mt_policy_new();
    assert_non_null(p);
    struct mt_policy_match *named = mt_policy_alloc(p, 1, sizeof *named);
    struct mt_policy_match *wide = mt_policy_alloc(p, 1, sizeof *wide);
    assert_true(named != NULL && wide != NULL);
    named->path_how = MT_PATH_EXACT;
    named->path = MT_SPAN("/cart");
    memset(path + 1, 'x', sizeof path - 2);
    wide->path_how = MT_PATH_EXACT;
    wide->path = mt_span_str(path);
    struct mt_policy_route *r = route(p, "canary", 9);
    r->matches = named;
    r->matches_count = 1;
    r = route(p, "", 12);
    r->matches = wide;
    r->matches_count = 1;
    (void)route(p, "", 13);
    assert_int_equal(mt_policy_seal(p), 0);
    assert_int_equal(p->entries_count, 3);
    bool seen[3] = {false, false, false};
    for (uint32_t i = 0; i < 3; i++) {
        struct mt_span rule = p->entries[i].rule;
        seen[0] |= mt_span_eq(rule, MT_SPAN("canary (line 9): path /cart"));
        seen[1] |=
            mt_span_starts(rule, MT_SPAN("route 2 (line 12): path /x")) &&
            rule.len <= MT_POLICY_RULE_MAX;
        seen[2] |= mt_span_eq(rule, MT_SPAN("route 3 (line 13): everything"));
    }
    assert_true(seen[0] && seen[1] && seen[2]);
    mt_policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_a_row), cmocka_unit_test(test_probes),
        cmocka_unit_test(test_kept_in),  cmocka_unit_test(test_inherited),
        cmocka_unit_test(test_budget),   cmocka_unit_test(test_rules),
    };
    return cmocka_run_group_tests_name("proxy-lite/policy/tell", tests, NULL,
                                       NULL);
}
