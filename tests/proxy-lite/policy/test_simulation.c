/* What users would notice of balancing, breaking and retrying, in services
 * that get slow, fail, die and come back. Virtual time, fixed seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "simulation.h"

static void begin_without_breaker(struct sim *s, int balance, uint32_t n)
{
    sim_begin(s, balance, n, 11);
    s->policy->services[0]->breaker.consecutive = 0;
    s->policy->services[0]->breaker.success_percent = 0;
}

static void test_leaves_a_slow_endpoint(void **state)
{
    (void)state;
    static struct sim s;
    begin_without_breaker(&s, MT_BALANCE_P2C_EWMA, 3);
    sim_run(&s, 300, 30);
    for (uint32_t i = 0; i < 3; i++) /* all alike */
        assert_in_range((int)sim_share(&s, i), 25, 41);
    s.endpoints[1].latency_ns = MT_POLICY_MS(500);
    sim_run(&s, 300, 1);
    sim_forget(&s);
    sim_run(&s, 300, 30);
    assert_true(sim_share(&s, 1) < 5);
    s.endpoints[1].latency_ns = MT_POLICY_MS(10); /* and finds it again */
    sim_run(&s, 300, 60);
    sim_forget(&s);
    sim_run(&s, 300, 30);
    assert_in_range((int)sim_share(&s, 1), 25, 41);
    sim_end(&s);
}

/* Round-robin sends it a third of all: the same load tells them apart. */
static void test_round_robin_does_not(void **state)
{
    (void)state;
    static struct sim s;
    begin_without_breaker(&s, MT_BALANCE_ROUND_ROBIN, 3);
    s.endpoints[1].latency_ns = MT_POLICY_MS(500);
    sim_run(&s, 300, 30);
    assert_in_range((int)sim_share(&s, 1), 32, 34);
    sim_end(&s);
}

/* 1 ms and an error is no fast endpoint. */
static void test_leaves_a_fast_failing_endpoint(void **state)
{
    (void)state;
    static struct sim s;
    begin_without_breaker(&s, MT_BALANCE_P2C_EWMA, 3);
    sim_run(&s, 300, 30);
    s.endpoints[2].latency_ns = MT_POLICY_MS(1);
    s.endpoints[2].fails_percent = 100;
    sim_run(&s, 300, 1);
    sim_forget(&s);
    sim_run(&s, 300, 60);
    assert_true(sim_share(&s, 2) < 1);
    sim_end(&s);
    /* by running requests alone it would attract them */
    begin_without_breaker(&s, MT_BALANCE_LEAST_REQUEST, 3);
    s.endpoints[2].latency_ns = MT_POLICY_MS(1);
    s.endpoints[2].fails_percent = 100;
    sim_run(&s, 300, 60);
    assert_true(sim_share(&s, 2) > 35);
    sim_end(&s);
}

/* Everything fails: the service gets a fifth more, and ten a second. */
static void test_budget_in_an_outage(void **state)
{
    (void)state;
    static const double rates[] = {5, 100, 1000};
    for (size_t i = 0; i < 3; i++) {
        static struct sim s;
        sim_begin(&s, MT_BALANCE_P2C_EWMA, 3, 12);
        mt_policy_retry_defaults(&s.retry);
        s.retry.attempts = 5;
        assert_true(mt_retry_add(&s.retry, MT_SPAN("5xx")));
        for (uint32_t k = 0; k < 3; k++)
            s.endpoints[k].fails_percent = 100;
        sim_run(&s, rates[i], 60);
        uint64_t extra = s.tries - s.requests;
        assert_true(extra * 10 <= s.requests * 2 + 10 * 10 * 60);
        assert_true(s.state->budgets[0].denied > 0 || rates[i] < 10);
        if (rates[i] >= 100) /* and it is not much less */
            assert_true(extra * 100 >= s.requests * 18);
        assert_int_equal(s.ok, 0);
        sim_end(&s);
    }
}

/* Its failures keep it away before the breaker has to. */
static void test_one_of_six_dies_and_returns(void **state)
{
    (void)state;
    static struct sim s;
    sim_begin(&s, MT_BALANCE_P2C_EWMA, 6, 13);
    mt_policy_retry_defaults(&s.retry);
    assert_true(mt_retry_add(&s.retry, MT_SPAN("5xx")));
    sim_run(&s, 500, 20);
    s.endpoints[4].fails_percent = 100;
    s.endpoints[4].latency_ns = MT_POLICY_MS(1);
    sim_forget(&s);
    sim_run(&s, 500, 60);
    assert_int_equal(s.failed, 0); /* no client noticed */
    assert_in_range(s.endpoints[4].tries, 1, 20);
    s.endpoints[4].fails_percent = 0;
    s.endpoints[4].latency_ns = MT_POLICY_MS(10);
    sim_run(&s, 500, 90);
    sim_forget(&s);
    sim_run(&s, 500, 30);
    assert_in_range((int)sim_share(&s, 4), 12, 21);
    sim_end(&s);
}

/* By turns, the breaker alone keeps it away. */
static void test_breaker_ejects_probes_and_recovers(void **state)
{
    (void)state;
    static struct sim s;
    sim_begin(&s, MT_BALANCE_ROUND_ROBIN, 6, 13);
    mt_policy_retry_defaults(&s.retry);
    assert_true(mt_retry_add(&s.retry, MT_SPAN("5xx")));
    sim_run(&s, 500, 20);
    s.endpoints[4].fails_percent = 100;
    sim_forget(&s);
    sim_run(&s, 500, 60);
    assert_int_equal(s.failed, 0);
    assert_in_range(s.endpoints[4].tries, 10, 25); /* seven, and the probes */
    assert_in_range(s.put_out, 5, 6);              /* 1 + 2 + 4 + 8 + 16 s */
    assert_int_equal(s.state->services[0].group.out, 1);
    s.endpoints[4].fails_percent = 0;
    sim_run(&s, 500, 90);
    sim_forget(&s);
    sim_run(&s, 500, 30);
    assert_int_equal(s.state->services[0].group.out, 0);
    assert_in_range((int)sim_share(&s, 4), 16, 17);
    sim_end(&s);
}

/* MESH.md's drill: six endpoints, one dead, one stalled, one failing 30 %. */
static void test_outage_drill(void **state)
{
    (void)state;
    static struct sim s;
    sim_begin(&s, MT_BALANCE_P2C_EWMA, 6, 14);
    mt_policy_retry_defaults(&s.retry);
    assert_true(mt_retry_add(&s.retry, MT_SPAN("5xx")));
    s.retry.attempts = 2;
    sim_run(&s, 500, 10);
    sim_forget(&s);
    s.endpoints[0].fails_percent = 100;
    s.endpoints[0].latency_ns = MT_POLICY_MS(1);
    s.endpoints[1].fails_percent = 100; /* stalled: the per-try time-out */
    s.endpoints[1].latency_ns = MT_POLICY_MS(300);
    s.endpoints[2].fails_percent = 30;
    sim_run(&s, 500, 60);
    uint64_t extra = s.tries - s.requests;
    assert_true(s.failed * 1000 <= s.requests);
    assert_true(extra * 10 <= s.requests * 2 + 10 * 10 * 60);
    sim_end(&s);
}

/* All endpoints fail: half of them stay in, and serve again at once. */
static void test_total_outage_ends(void **state)
{
    (void)state;
    static struct sim s;
    sim_begin(&s, MT_BALANCE_P2C_EWMA, 4, 15);
    for (uint32_t i = 0; i < 4; i++)
        s.endpoints[i].fails_percent = 100;
    sim_run(&s, 200, 60);
    assert_int_equal(s.state->services[0].group.out, 2);
    for (uint32_t i = 0; i < 4; i++)
        s.endpoints[i].fails_percent = 0;
    sim_run(&s, 200, 0.1); /* what was under way */
    sim_forget(&s);
    sim_run(&s, 200, 120);
    assert_int_equal(s.failed, 0);
    assert_int_equal(s.state->services[0].group.out, 0);
    sim_forget(&s);
    sim_run(&s, 200, 60);
    for (uint32_t i = 0; i < 4; i++)
        assert_in_range((int)sim_share(&s, i), 18, 32);
    sim_end(&s);
}

/* ---- several threads, one service ---- */

enum { THREADS = 3, EACH = 30000, ENDPOINTS = 4 };

struct worker {
    struct mt_policy *policy;
    struct mt_policy_state *state;
    uint64_t seed, to_bad, failures, retries;
};

/* Each request ends before the next begins; endpoint 3 fails. */
static void *work(void *arg)
{
    struct worker *w = arg;
    struct mt_endpoint_load loads[ENDPOINTS];
    struct mt_balancer b;
    struct mt_random random = {w->seed};
    int64_t now = MT_POLICY_S(50);
    mt_balancer_init(&b, w->policy->services[0], w->state->services, loads, now,
                     &random);
    for (int n = 0; n < EACH; n++) {
        now += MT_POLICY_MS(1);
        if (!mt_limit_take(w->state->services, MT_LIMIT_REQUESTS,
                           &b.service->limits))
            continue;
        mt_budget_request(w->state->budgets, now);
        struct mt_pick p = mt_balancer_pick(&b, now, MT_PICK_ANY, &random);
        bool bad = p.endpoint == 3;
        struct mt_pick_end end = {.outcome =
                                      bad ? MT_BREAKER_FAILED : MT_BREAKER_OK,
                                  .now_ns = now,
                                  .latency_ns = MT_POLICY_MS(5)};
        (void)mt_balancer_done(&b, &p, &end, &random);
        w->to_bad += bad;
        w->retries +=
            bad && mt_budget_take(w->state->budgets, w->policy->budgets, now);
        mt_limit_give(w->state->services, MT_LIMIT_REQUESTS);
    }
    return NULL;
}

/* What one thread finds out keeps all of them away. */
static void test_threads_share_breakers(void **state)
{
    (void)state;
    struct mt_policy *p = mt_policy_new();
    struct mt_policy_service *service = mt_policy_add_service(p);
    service->balance = MT_BALANCE_ROUND_ROBIN;
    service->endpoints_count = ENDPOINTS;
    struct mt_policy_state *shared = mt_policy_state_new(p, NULL);
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    uint64_t to_bad = 0, retries = 0;
    assert_non_null(shared);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.policy = p, .state = shared, .seed = i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]),
                         0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        to_bad += workers[i].to_bad;
        retries += workers[i].retries;
    }
    /* without a breaker it were a quarter of 90 000. The threads' clocks run
     * apart by up to 30 s, so that each may find it due anew. */
    assert_in_range(to_bad, 5, 500);
    assert_true(retries <= to_bad);
    assert_int_equal(shared->services[0].use->used[MT_LIMIT_REQUESTS], 0);
    assert_int_equal(shared->services[0].group.out, 1);
    mt_policy_state_free(shared);
    mt_policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaves_a_slow_endpoint),
        cmocka_unit_test(test_round_robin_does_not),
        cmocka_unit_test(test_leaves_a_fast_failing_endpoint),
        cmocka_unit_test(test_budget_in_an_outage),
        cmocka_unit_test(test_one_of_six_dies_and_returns),
        cmocka_unit_test(test_breaker_ejects_probes_and_recovers),
        cmocka_unit_test(test_outage_drill),
        cmocka_unit_test(test_total_outage_ends),
        cmocka_unit_test(test_threads_share_breakers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
