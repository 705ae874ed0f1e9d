/**
 * balance.h - which endpoint of a service gets the next try.
 *
 * One thread's own view of one service: what it measured and what it has
 * running. Breakers are shared (state.h): an endpoint that is out is not
 * picked, but for its probe.
 *
 *     struct mt_pick p = mt_balancer_pick(&b, now_ns, MT_PICK_ANY, &rnd);
 *     if (p.endpoint == MT_PICK_NONE)
 *         503: no endpoint, or every breaker is open
 *     ... the try runs ...
 *     mt_balancer_done(&b, &p, &end, &rnd);        // exactly once each
 *
 * Nothing is allocated after init. To add a balancer: a row here, and its
 * function in balance_choose.c.
 */
#ifndef MT_PROXY_LITE_POLICY_BALANCE_H
#define MT_PROXY_LITE_POLICY_BALANCE_H

#include "proxy-lite/policy/state.h"

/* X(NAME, function, word, help) */
#define MT_BALANCES(X)                                                     \
    X(P2C_EWMA, p2c_ewma, "p2c-ewma",                                      \
      "the less loaded of two at random, by latency and running requests") \
    X(LEAST_REQUEST, least_request, "least-request",                       \
      "the one of two at random with fewer running requests")              \
    X(ROUND_ROBIN, round_robin, "round-robin", "one after the other")      \
    X(RANDOM, random, "random", "any")

enum mt_balance {
#define X(name, function, word, help) MT_BALANCE_##name,
    MT_BALANCES(X)
#undef X
        MT_BALANCE_COUNT
};

/* NULL above the last. */
const char *mt_balance_text(unsigned balance);

/**
 * Peak EWMA, as Finagle's and Linkerd's (Mitzenmacher, "The power of two
 * choices in randomized load balancing", 2001, for the two): a sample above
 * the estimate replaces it, one below moves it by 1 - e^(-dt/10 s). Load is
 * estimate * (running + 1), the estimate decaying while nothing is measured,
 * so that an endpoint is tried again. A failure is a sample of 5 s (or what
 * its Retry-After says, up to 300 s): failing fast attracts nothing.
 */
#define MT_EWMA_START_NS 30e6
#define MT_EWMA_DECAY_NS 10e9
#define MT_EWMA_FAILURE_NS MT_POLICY_S(5)
#define MT_EWMA_FAILURE_MAX_NS MT_POLICY_S(300)

struct mt_endpoint_load {
    uint32_t conns; /* as they were counted last */
    struct {
        uint32_t running, conns, measured;
        int64_t latency_ns;
    } told; /* of it, to the endpoint's gauge (state.h) */
    double estimate_ns;
    int64_t at_ns;       /* when it was true */
    uint32_t running;    /* tries of this thread */
    uint32_t generation; /* the breaker's, when it was begun */
};

struct mt_balancer {
    const struct mt_policy_service *service;
    struct mt_service_state *shared;
    struct mt_endpoint_load *loads;
    uint32_t count; /* endpoints */
    uint32_t next;  /* round-robin */
};

#define MT_PICK_ANY UINT32_MAX
#define MT_PICK_NONE UINT32_MAX

struct mt_pick {
    uint32_t endpoint; /* or MT_PICK_NONE */
    uint64_t probe;    /* of the breaker, or MT_BREAKER_NO_PROBE */
};

/* loads: `shared->group.endpoints` of them, the caller's, for as long as the
 * balancer. */
void mt_balancer_init(struct mt_balancer *b,
                      const struct mt_policy_service *service,
                      struct mt_service_state *shared,
                      struct mt_endpoint_load *loads, int64_t now_ns,
                      struct mt_random *random);

/* After a reload: an endpoint that stays is as fast as the balancer before
 * found it. Before the first pick. */
void mt_balancer_inherit(struct mt_balancer *b, uint32_t endpoint,
                         const struct mt_balancer *from, uint32_t old);

/* avoid: the endpoint that just failed; it is picked if there is no other. */
struct mt_pick mt_balancer_pick(struct mt_balancer *b, int64_t now_ns,
                                uint32_t avoid, struct mt_random *random);

/* How a try ended. */
struct mt_pick_end {
    uint8_t outcome; /* enum mt_breaker_outcome */
    int64_t now_ns;
    int64_t latency_ns;     /* to the response's header; of a failure unused */
    int64_t retry_after_ns; /* of a failure; <= 0: none */
};

/* Returns whether its endpoint was put out by it. */
bool mt_balancer_done(struct mt_balancer *b, const struct mt_pick *pick,
                      const struct mt_pick_end *end, struct mt_random *random);

/* Its load as p2c-ewma compares it, in ns. */
double mt_balancer_load(const struct mt_balancer *b, uint32_t endpoint,
                        int64_t now_ns);

#endif
