/* A service under load, event by event, in virtual time: requests come at a
 * steady rate to one balancer, each endpoint answers as the test says.
 *
 *     struct sim s;
 *     sim_begin(&s, MT_BALANCE_P2C_EWMA, 3, seed);
 *     s.endpoints[1].latency_ns = ...
 *     sim_run(&s, rate, seconds);
 */
#ifndef MT_TESTS_PROXY_LITE_POLICY_SIMULATION_H
#define MT_TESTS_PROXY_LITE_POLICY_SIMULATION_H

#include "proxy-lite/policy/balance.h"
#include "proxy-lite/policy/retry.h"

enum { SIM_ENDPOINTS = 8, SIM_EVENTS = 1 << 14 };

struct sim_endpoint {
    int64_t latency_ns;
    uint32_t fails_percent;
    uint64_t tries, failures; /* since the test set them to 0 */
};

struct sim_event {
    int64_t at_ns;
    int64_t begun_ns;
    struct mt_pick pick;
    uint32_t retries;
    bool failed;
    bool waits; /* for its next try, not for an answer */
};

struct sim {
    struct mt_policy *policy;
    struct mt_policy_state *state;
    struct mt_balancer balancer;
    struct mt_endpoint_load loads[SIM_ENDPOINTS];
    struct sim_endpoint endpoints[SIM_ENDPOINTS];
    struct mt_policy_retry retry; /* attempts 0: none */
    struct mt_random random;
    struct sim_event heap[SIM_EVENTS];
    uint32_t running;
    int64_t now_ns;
    uint64_t requests, ok, failed, tries, put_out;
};

static inline void sim_begin(struct sim *s, int balance, uint32_t endpoints,
                             uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->policy = mt_policy_new();
    struct mt_policy_service *service = mt_policy_add_service(s->policy);
    service->balance = (uint8_t)balance;
    service->endpoints_count = endpoints;
    s->state = mt_policy_state_new(s->policy, NULL);
    assert_non_null(s->state);
    s->random.state = seed;
    s->now_ns = MT_POLICY_S(1000);
    mt_balancer_init(&s->balancer, service, s->state->services, s->loads,
                     s->now_ns, &s->random);
    for (uint32_t i = 0; i < endpoints; i++)
        s->endpoints[i].latency_ns = MT_POLICY_MS(10);
}

static inline void sim_end(struct sim *s)
{
    mt_policy_state_free(s->state);
    mt_policy_free(s->policy);
}

/* ---- a heap of events, the next one first ---- */

static inline void sim_swap(struct sim *s, uint32_t a, uint32_t b)
{
    struct sim_event e = s->heap[a];
    s->heap[a] = s->heap[b];
    s->heap[b] = e;
}

static inline void sim_push(struct sim *s, struct sim_event e)
{
    assert_true(s->running < SIM_EVENTS);
    uint32_t i = s->running++;
    s->heap[i] = e;
    for (; i > 0 && s->heap[i].at_ns < s->heap[(i - 1) / 2].at_ns;
         i = (i - 1) / 2)
        sim_swap(s, i, (i - 1) / 2);
}

static inline struct sim_event sim_pop(struct sim *s)
{
    struct sim_event first = s->heap[0];
    s->heap[0] = s->heap[--s->running];
    for (uint32_t i = 0;;) {
        uint32_t least = i;
        for (uint32_t k = 2 * i + 1; k <= 2 * i + 2 && k < s->running; k++)
            if (s->heap[k].at_ns < s->heap[least].at_ns)
                least = k;
        if (least == i)
            return first;
        sim_swap(s, i, least);
        i = least;
    }
}

/* ---- requests ---- */

static inline void sim_try(struct sim *s, uint32_t retries, uint32_t avoid)
{
    struct sim_event e = {.begun_ns = s->now_ns, .retries = retries};
    e.pick = mt_balancer_pick(&s->balancer, s->now_ns, avoid, &s->random);
    assert_true(e.pick.endpoint != MT_PICK_NONE);
    struct sim_endpoint *at = &s->endpoints[e.pick.endpoint];
    e.failed = mt_random_below(&s->random, 100) < at->fails_percent;
    e.at_ns =
        s->now_ns + at->latency_ns * 9 / 10 +
        (int64_t)(mt_random_unit(&s->random) * 0.2 * (double)at->latency_ns);
    at->tries++;
    at->failures += e.failed;
    s->tries++;
    sim_push(s, e);
}

static inline void sim_retry(struct sim *s, const struct sim_event *e)
{
    struct mt_try last = {.end = MT_TRY_RESPONSE,
                          .status = 503,
                          .grpc_status = -1,
                          .hint_ns = MT_RETRY_NO_HINT};
    struct mt_retry_ask ask = {.policy = &s->retry,
                               .budget_policy = s->policy->budgets,
                               .budget = s->state->budgets,
                               .last = &last,
                               .method = MT_SPAN("GET"),
                               .body_kept = true,
                               .endpoint_there = true,
                               .retries = e->retries,
                               .now_ns = s->now_ns};
    struct mt_retry_answer a = mt_retry_decide(&ask, &s->random);
    if (!a.again) {
        s->failed++;
        return;
    }
    struct sim_event next = *e;
    next.waits = true;
    next.at_ns = s->now_ns + a.wait_ns;
    next.retries++;
    sim_push(s, next);
}

static inline void sim_step(struct sim *s)
{
    struct sim_event e = sim_pop(s);
    s->now_ns = e.at_ns;
    if (e.waits) {
        sim_try(s, e.retries, e.pick.endpoint);
        return;
    }
    struct mt_pick_end end = {.outcome =
                                  e.failed ? MT_BREAKER_FAILED : MT_BREAKER_OK,
                              .now_ns = s->now_ns,
                              .latency_ns = s->now_ns - e.begun_ns};
    s->put_out += mt_balancer_done(&s->balancer, &e.pick, &end, &s->random);
    if (e.failed)
        sim_retry(s, &e);
    else
        s->ok++;
}

static inline void sim_run(struct sim *s, double rate, double seconds)
{
    int64_t from = s->now_ns, step = (int64_t)(1e9 / rate);
    int64_t until = from + (int64_t)(seconds * 1e9);
    for (int64_t at = from; at < until; at += step) {
        while (s->running > 0 && s->heap[0].at_ns <= at)
            sim_step(s);
        s->now_ns = at;
        s->requests++;
        mt_budget_request(s->state->budgets, at);
        sim_try(s, 0, MT_PICK_ANY);
    }
    s->now_ns = until;
}

static inline void sim_forget(struct sim *s)
{
    for (uint32_t i = 0; i < SIM_ENDPOINTS; i++)
        s->endpoints[i].tries = s->endpoints[i].failures = 0;
    s->requests = s->ok = s->failed = s->tries = s->put_out = 0;
}

static inline double sim_share(const struct sim *s, uint32_t endpoint)
{
    return (double)s->endpoints[endpoint].tries * 100 / (double)s->tries;
}

#endif
