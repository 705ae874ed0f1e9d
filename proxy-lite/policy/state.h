/**
 * state.h - what the threads of a proxy share while a policy is in force:
 * breakers, limits and budgets, as relaxed atomics.
 *
 *     struct mt_policy_state *s = mt_policy_state_new(policy);
 *     if (!mt_limit_take(&s->services[i], MT_LIMIT_REQUESTS, limits)) 503
 *     ...
 *     mt_limit_give(&s->services[i], MT_LIMIT_REQUESTS);
 *     mt_policy_state_free(s);       // after the last thread is done with it
 *
 * Counts are of the whole process; what a count is only advice for (which
 * endpoint is the better one) is each thread's own, in balance.h.
 */
#ifndef MT_PROXY_LITE_POLICY_STATE_H
#define MT_PROXY_LITE_POLICY_STATE_H

#include "proxy-lite/policy/breaker.h"
#include "proxy-lite/policy/budget.h"

/* X(NAME, field, help): the field of struct mt_policy_limits is also the
 * reason in x-meshtop-reason. */
#define MT_LIMITS(X)                                            \
    X(CONNECTIONS, connections, "connections to its endpoints") \
    X(PENDING, pending, "requests that wait for a connection")  \
    X(REQUESTS, requests, "requests that run")

enum mt_limit {
#define X(name, field, help) MT_LIMIT_##name,
    MT_LIMITS(X)
#undef X
        MT_LIMIT_COUNT
};

/* What of a service's limits is taken: by all policies that are in force, for
 * after a reload some requests still run under the one before. */
struct mt_service_use {
    _Atomic uint32_t holders;
    _Atomic uint32_t used[MT_LIMIT_COUNT];
    _Atomic uint64_t refused[MT_LIMIT_COUNT]; /* so far */
};

/* What the threads have at an endpoint: each adds what has changed of its own
 * (proxy-lite/loop/gauge.c). For people; nothing is decided by it. */
struct mt_endpoint_gauge {
    _Atomic uint32_t running;   /* tries */
    _Atomic uint32_t conns;     /* connections, idle ones too */
    _Atomic uint32_t measured;  /* threads that know its latency */
    _Atomic int64_t latency_ns; /* sum of their estimates */
};

struct mt_service_state {
    struct mt_breaker_group group;
    struct mt_service_use *use;
    struct mt_breaker *breakers;      /* one an endpoint */
    struct mt_endpoint_gauge *gauges; /* likewise */
};

struct mt_policy_state {
    struct mt_service_state *services; /* by the policy's index */
    struct mt_budget *budgets;
    uint32_t services_count;
};

/**
 * Nothing used, everything closed. endpoints: how many each service has, where
 * names were resolved; NULL: as many as the policy says.
 * NULL: no memory. The policy may go before it.
 */
struct mt_policy_state *mt_policy_state_new(const struct mt_policy *p,
                                            const uint32_t *endpoints);
void mt_policy_state_free(struct mt_policy_state *s);

/* After a reload: a service that stays goes on with the limits that are taken.
 * Before the new state is used; the old one may be. */
void mt_service_use_inherit(struct mt_service_state *s,
                            const struct mt_service_state *from);

/* Take one of what is limited. False: it is all taken, and counted. */
bool mt_limit_take(struct mt_service_state *s, enum mt_limit which,
                   const struct mt_policy_limits *limits);

/* Give back what was taken. */
void mt_limit_give(struct mt_service_state *s, enum mt_limit which);

const char *mt_limit_text(unsigned which);

#endif
