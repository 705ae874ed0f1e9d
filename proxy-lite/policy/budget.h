/**
 * budget.h - how many retries there may be, for all threads together.
 *
 * A service that fails everything must not get twice its load because of it:
 * over 10 s the retries stay below a percentage of the requests, plus so many
 * a second for services with few requests.
 *
 *     mt_budget_request(&b, now_ns);               // each request, once: in
 *                                  // its route's budget, else the process's
 *     if (mt_budget_take(&b, &policy, now_ns)) ... // it may be tried again
 *
 * Finagle's RetryBudget (https://twitter.github.io/finagle/guide/Clients.html),
 * as a window of whole seconds instead of a bucket: for the retries the
 * current second counts and ten before it, for the requests nine, so that no
 * stretch of 10 s is over the budget (and of a share of 20 % some 18 are used).
 * The slot is taken first and given back when the sum is too large: threads at
 * once get too little rather than too much.
 */
#ifndef MT_PROXY_LITE_POLICY_BUDGET_H
#define MT_PROXY_LITE_POLICY_BUDGET_H

#include "proxy-lite/policy/model.h"
#include "proxy-lite/policy/recent.h"

enum { MT_BUDGET_SECONDS = 10 };

/* Zero bytes are an unused one. */
struct mt_budget {
    struct mt_recent recent; /* requests, retries */
    _Atomic uint64_t denied; /* so far */
};

void mt_budget_request(struct mt_budget *b, int64_t now_ns);

/* May there be one more retry? It is counted then. */
bool mt_budget_take(struct mt_budget *b, const struct mt_policy_budget *policy,
                    int64_t now_ns);

/* After a reload: what was spent stays spent. */
static inline void mt_budget_inherit(struct mt_budget *b,
                                     const struct mt_budget *from)
{
    mt_recent_copy(&b->recent, &from->recent);
}

/* Retries of the last seconds, and how many there may be: of people. */
struct mt_budget_told {
    uint64_t spent, allowed;
};

struct mt_budget_told mt_budget_tell(const struct mt_budget *b,
                                     const struct mt_policy_budget *policy,
                                     int64_t now_ns);

/* Retries that it would give now. */
uint64_t mt_budget_left(const struct mt_budget *b,
                        const struct mt_policy_budget *policy, int64_t now_ns);

#endif
