/* The formulas of every balancer, one pick at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "simulation.h"

static void finish(struct sim *s, uint32_t endpoint, int outcome,
                   int64_t latency_ns)
{
    struct mt_pick p = {endpoint, MT_BREAKER_NO_PROBE};
    struct mt_pick_end end = {.outcome = (uint8_t)outcome,
                              .now_ns = s->now_ns,
                              .latency_ns = latency_ns};
    s->loads[endpoint].running++;
    (void)mt_balancer_done(&s->balancer, &p, &end, &s->random);
}

static void check_load(const struct sim *s, uint32_t endpoint, double ms)
{
    double load = mt_balancer_load(&s->balancer, endpoint, s->now_ns) / 1e6;
    if (fabs(load - ms) > ms * 1e-9)
        fail_msg("load %f ms, not %f", load, ms);
}

/* MESH.md: 30 ms at first; a peak at once, less by e^(-dt/10 s). */
static void test_peak_ewma(void **state)
{
    (void)state;
    static struct sim s;
    sim_begin(&s, MT_BALANCE_P2C_EWMA, 2, 1);
    check_load(&s, 0, 30);
    s.now_ns += MT_POLICY_S(5);
    check_load(&s, 0, 30 * exp(-0.5));
    finish(&s, 0, MT_BREAKER_OK, MT_POLICY_MS(100));
    check_load(&s, 0, 100);
    s.now_ns += MT_POLICY_S(10);
    finish(&s, 0, MT_BREAKER_OK, MT_POLICY_MS(20));
    double estimate = 100 * exp(-1) + 20 * (1 - exp(-1));
    check_load(&s, 0, estimate);
    s.loads[0].running = 3;
    check_load(&s, 0, estimate * 4);
    s.now_ns += MT_POLICY_S(20);
    check_load(&s, 0, estimate * exp(-2) * 4);
    s.now_ns -= MT_POLICY_S(60); /* a thread's clock may be behind */
    check_load(&s, 0, estimate * 4);
    finish(&s, 0, MT_BREAKER_OK, MT_POLICY_MS(1));
    check_load(&s, 0, estimate * 4);
    sim_end(&s);
}

static void test_a_failure_is_five_seconds(void **state)
{
    (void)state;
    static struct sim s;
    sim_begin(&s, MT_BALANCE_P2C_EWMA, 2, 1);
    finish(&s, 0, MT_BREAKER_FAILED, MT_POLICY_MS(1));
    check_load(&s, 0, 5000);
    struct mt_pick p = {1, MT_BREAKER_NO_PROBE};
    struct mt_pick_end end = {.outcome = MT_BREAKER_FAILED,
                              .now_ns = s.now_ns,
                              .retry_after_ns = MT_POLICY_S(40)};
    s.loads[1].running = 1;
    (void)mt_balancer_done(&s.balancer, &p, &end, &s.random);
    check_load(&s, 1, 40000);
    end.retry_after_ns = INT64_MAX;
    s.loads[1].running = 1;
    (void)mt_balancer_done(&s.balancer, &p, &end, &s.random);
    check_load(&s, 1, 300000);
    end.outcome = MT_BREAKER_NOTHING; /* its client left */
    s.loads[1].running = 1;
    (void)mt_balancer_done(&s.balancer, &p, &end, &s.random);
    check_load(&s, 1, 300000);
    sim_end(&s);
}

static uint32_t picked(struct sim *s, uint32_t avoid)
{
    struct mt_pick p =
        mt_balancer_pick(&s->balancer, s->now_ns, avoid, &s->random);
    if (p.endpoint != MT_PICK_NONE)
        s->loads[p.endpoint].running--;
    return p.endpoint;
}

/* Of any two the less loaded: the most loaded of all is never picked. */
static void test_two_choices(void **state)
{
    (void)state;
    static const int balances[] = {MT_BALANCE_P2C_EWMA,
                                   MT_BALANCE_LEAST_REQUEST};
    for (size_t k = 0; k < 2; k++) {
        static struct sim s;
        unsigned counts[4] = {0};
        sim_begin(&s, balances[k], 4, 2);
        for (uint32_t i = 0; i < 4; i++)
            s.loads[i].running = i;
        for (int n = 0; n < 6000; n++)
            counts[picked(&s, MT_PICK_ANY)]++;
        assert_in_range(counts[0], 2800, 3200); /* 3 of 6 pairs */
        assert_in_range(counts[1], 1800, 2200); /* 2 */
        assert_in_range(counts[2], 850, 1150);  /* 1 */
        assert_int_equal(counts[3], 0);
        sim_end(&s);
    }
}

static void test_round_robin(void **state)
{
    (void)state;
    static struct sim s;
    sim_begin(&s, MT_BALANCE_ROUND_ROBIN, 3, 3);
    uint32_t first = picked(&s, MT_PICK_ANY);
    for (uint32_t i = 1; i < 10; i++)
        assert_int_equal(picked(&s, MT_PICK_ANY), (first + i) % 3);
    uint32_t next = (first + 10) % 3;
    assert_int_equal(picked(&s, next), (next + 1) % 3);
    sim_end(&s);
}

static void test_random(void **state)
{
    (void)state;
    static struct sim s;
    unsigned counts[4] = {0};
    sim_begin(&s, MT_BALANCE_RANDOM, 4, 4);
    for (int n = 0; n < 100000; n++)
        counts[picked(&s, MT_PICK_ANY)]++;
    for (int i = 0; i < 4; i++)
        assert_in_range(counts[i], 24000, 26000);
    sim_end(&s);
}

/* Whatever the balancer: another than the one that failed, if there is one,
 * and none that is out. */
static void test_avoids(void **state)
{
    (void)state;
    for (int balance = 0; balance < MT_BALANCE_COUNT; balance++) {
        static struct sim s;
        sim_begin(&s, balance, 4, 5);
        for (int n = 0; n < 200; n++)
            assert_int_not_equal(picked(&s, 2), 2);
        for (uint32_t i = 0; i < 2; i++)
            for (int n = 0; n < 5; n++)
                finish(&s, i, MT_BREAKER_FAILED, 0);
        assert_int_equal(s.state->services[0].group.out, 2);
        for (int n = 0; n < 200; n++)
            assert_int_equal(picked(&s, 2), 3);
        sim_end(&s);
        sim_begin(&s, balance, 1, 5);
        assert_int_equal(picked(&s, 0), 0);
        sim_end(&s);
        sim_begin(&s, balance, 0, 5);
        assert_int_equal(picked(&s, MT_PICK_ANY), MT_PICK_NONE);
        sim_end(&s);
        assert_non_null(mt_balance_text((unsigned)balance));
    }
    assert_null(mt_balance_text(MT_BALANCE_COUNT));
}

/* Where the policy lets all be out, there is none: 503, breaker_open. */
static void test_all_out(void **state)
{
    (void)state;
    static struct sim s;
    sim_begin(&s, MT_BALANCE_P2C_EWMA, 2, 6);
    s.policy->services[0]->breaker.max_out_percent = 100;
    for (uint32_t i = 0; i < 2; i++)
        for (int n = 0; n < 5; n++)
            finish(&s, i, MT_BREAKER_FAILED, 0);
    assert_int_equal(picked(&s, MT_PICK_ANY), MT_PICK_NONE);
    sim_end(&s);
}

/* What it measured before it was out is forgotten by every thread. */
static void test_begins_anew_after_its_return(void **state)
{
    (void)state;
    static struct sim s;
    sim_begin(&s, MT_BALANCE_P2C_EWMA, 2, 7);
    for (int n = 0; n < 5; n++)
        finish(&s, 0, MT_BREAKER_FAILED, 0);
    struct mt_breaker *b = &s.state->services[0].breakers[0];
    s.now_ns = MT_POLICY_MS(mt_breaker_until_ms(b));
    struct mt_pick p =
        mt_balancer_pick(&s.balancer, s.now_ns, MT_PICK_ANY, &s.random);
    assert_int_equal(p.endpoint, 0); /* the probe, at once */
    assert_true(p.probe != MT_BREAKER_NO_PROBE);
    assert_int_equal(picked(&s, MT_PICK_ANY), 1);

    static struct mt_endpoint_load loads[2]; /* another thread's */
    struct mt_balancer other = s.balancer;
    memcpy(loads, s.loads, sizeof loads);
    loads[0].running = 0;
    other.loads = loads;

    struct mt_pick_end end = {.outcome = MT_BREAKER_OK,
                              .now_ns = s.now_ns,
                              .latency_ns = MT_POLICY_MS(8)};
    (void)mt_balancer_done(&s.balancer, &p, &end, &s.random);
    check_load(&s, 0, 30);
    assert_true(fabs(mt_balancer_load(&other, 0, s.now_ns) - 30e6) < 1);
    assert_true(fabs(mt_balancer_load(&other, 0, s.now_ns + MT_POLICY_S(10)) -
                     30e6 * exp(-1)) < 1);
    sim_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peak_ewma),
        cmocka_unit_test(test_a_failure_is_five_seconds),
        cmocka_unit_test(test_two_choices),
        cmocka_unit_test(test_round_robin),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_avoids),
        cmocka_unit_test(test_all_out),
        cmocka_unit_test(test_begins_anew_after_its_return),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
