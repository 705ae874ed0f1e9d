#include "proxy-lite/policy/balance.h"

#include <assert.h>
#include <math.h>

#include "proxy-lite/policy/balance_choose.h"

static uint32_t generation_of(const struct mt_balancer *b, uint32_t i)
{
    return atomic_load_explicit(&b->shared->breakers[i].generation,
                                memory_order_relaxed);
}

static void begin(struct mt_balancer *b, uint32_t i, int64_t now_ns)
{
    b->loads[i].estimate_ns = MT_EWMA_START_NS;
    b->loads[i].at_ns = now_ns;
    b->loads[i].generation = generation_of(b, i);
}

void mt_balancer_init(struct mt_balancer *b,
                      const struct mt_policy_service *service,
                      struct mt_service_state *shared,
                      struct mt_endpoint_load *loads, int64_t now_ns,
                      struct mt_random *random)
{
    *b = (struct mt_balancer){.service = service,
                              .shared = shared,
                              .loads = loads,
                              .count = shared->group.endpoints};
    b->next = mt_random_below(random, b->count); /* threads begin apart */
    for (uint32_t i = 0; i < b->count; i++) {
        loads[i].running = 0;
        begin(b, i, now_ns);
    }
}

void mt_balancer_inherit(struct mt_balancer *b, uint32_t endpoint,
                         const struct mt_balancer *from, uint32_t old)
{
    const struct mt_endpoint_load *l = &from->loads[old];
    if (l->generation != generation_of(from, old))
        return; /* what was measured before it was put out */
    b->loads[endpoint].estimate_ns = l->estimate_ns;
    b->loads[endpoint].at_ns = l->at_ns;
}

/* How much of an estimate is left after a time. */
static double weight_left(int64_t at_ns, int64_t now_ns)
{
    return now_ns <= at_ns ? 1
                           : exp(-(double)(now_ns - at_ns) / MT_EWMA_DECAY_NS);
}

double mt_balancer_load(const struct mt_balancer *b, uint32_t endpoint,
                        int64_t now_ns)
{
    const struct mt_endpoint_load *l = &b->loads[endpoint];
    double running = (double)l->running + 1;
    if (l->generation == generation_of(b, endpoint))
        return l->estimate_ns * weight_left(l->at_ns, now_ns) * running;
    /* what was measured before it was put out says nothing now */
    int64_t back_ns = atomic_load_explicit(
        &b->shared->breakers[endpoint].back_ns, memory_order_relaxed);
    return MT_EWMA_START_NS * weight_left(back_ns, now_ns) * running;
}

static void sample(struct mt_balancer *b, uint32_t endpoint, double ns,
                   int64_t now_ns)
{
    struct mt_endpoint_load *l = &b->loads[endpoint];
    if (l->generation != generation_of(b, endpoint))
        begin(b, endpoint, now_ns);
    double w = weight_left(l->at_ns, now_ns);
    l->estimate_ns =
        ns > l->estimate_ns ? ns : l->estimate_ns * w + ns * (1 - w);
    if (now_ns > l->at_ns)
        l->at_ns = now_ns;
}

/* An endpoint whose time out is over is tried at once: by its load it would
 * not be picked for a long time. */
static struct mt_pick probe(struct mt_balancer *b, int64_t now_ns,
                            uint32_t avoid, struct mt_random *random)
{
    struct mt_pick p = {MT_PICK_NONE, MT_BREAKER_NO_PROBE};
    struct mt_service_state *s = b->shared;
    if (atomic_load_explicit(&s->group.out, memory_order_relaxed) == 0)
        return p;
    uint32_t from = mt_random_below(random, b->count);
    for (uint32_t k = 0; k < b->count && p.endpoint == MT_PICK_NONE; k++) {
        uint32_t i = (from + k) % b->count;
        if (i == avoid ||
            mt_breaker_look(&s->breakers[i], now_ns) != MT_BREAKER_DUE)
            continue;
        p.probe = mt_breaker_claim(&s->breakers[i], now_ns);
        if (p.probe != MT_BREAKER_NO_PROBE)
            p.endpoint = i;
    }
    return p;
}

struct mt_pick mt_balancer_pick(struct mt_balancer *b, int64_t now_ns,
                                uint32_t avoid, struct mt_random *random)
{
    struct mt_choosing c = {b, random, now_ns, avoid};
    struct mt_pick none = {MT_PICK_NONE, MT_BREAKER_NO_PROBE};
    if (b->count == 0)
        return none;
    struct mt_pick p = probe(b, now_ns, avoid, random);
    if (p.endpoint == MT_PICK_NONE)
        p.endpoint = mt_balance_choose(&c);
    if (p.endpoint == MT_PICK_NONE && avoid != MT_PICK_ANY) {
        c.avoid = MT_PICK_ANY;
        p.endpoint = mt_balance_choose(&c);
    }
    if (p.endpoint != MT_PICK_NONE)
        b->loads[p.endpoint].running++;
    return p;
}

static double failure_ns(const struct mt_pick_end *end)
{
    if (end->retry_after_ns <= 0)
        return (double)MT_EWMA_FAILURE_NS;
    return (double)(end->retry_after_ns < MT_EWMA_FAILURE_MAX_NS
                        ? end->retry_after_ns
                        : MT_EWMA_FAILURE_MAX_NS);
}

bool mt_balancer_done(struct mt_balancer *b, const struct mt_pick *pick,
                      const struct mt_pick_end *end, struct mt_random *random)
{
    uint32_t i = pick->endpoint;
    assert(i < b->count && b->loads[i].running > 0);
    b->loads[i].running--;
    struct mt_breaker_report report = {
        .probe = pick->probe, .outcome = end->outcome, .now_ns = end->now_ns};
    bool out = mt_breaker_record(&b->shared->breakers[i], &b->shared->group,
                                 &b->service->breaker, &report, random);
    if (end->outcome == MT_BREAKER_FAILED)
        sample(b, i, failure_ns(end), end->now_ns);
    else if (end->outcome == MT_BREAKER_OK)
        sample(b, i, (double)end->latency_ns, end->now_ns);
    return out;
}
