/**
 * balance_choose.h - private to policy/: the ways to choose, a row each.
 */
#ifndef MT_PROXY_LITE_POLICY_BALANCE_CHOOSE_H
#define MT_PROXY_LITE_POLICY_BALANCE_CHOOSE_H

#include "proxy-lite/policy/balance.h"

/* One choice: what it may be. */
struct mt_choosing {
    struct mt_balancer *balancer;
    struct mt_random *random;
    int64_t now_ns;
    uint32_t avoid;
};

/* An endpoint that is in and is not to be avoided, or MT_PICK_NONE. */
uint32_t mt_balance_choose(const struct mt_choosing *c);

#endif
