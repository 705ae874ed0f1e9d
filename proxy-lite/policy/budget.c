#include "proxy-lite/policy/budget.h"

void mt_budget_request(struct mt_budget *b, int64_t now_ns)
{
    (void)mt_recent_add(&b->recent, now_ns, 1, 0); /* above 4 million: enough */
}

/* Both times a hundred, to stay whole. */
struct hundredths {
    uint64_t used, allowed;
};

static struct hundredths look(const struct mt_budget *b,
                              const struct mt_policy_budget *policy,
                              int64_t now_ns)
{
    uint64_t requests = mt_recent_sum(&b->recent, now_ns, MT_BUDGET_SECONDS).a;
    uint64_t retries =
        mt_recent_sum(&b->recent, now_ns, MT_BUDGET_SECONDS + 1).b;
    return (struct hundredths){.used = retries * 100,
                               .allowed = requests * policy->percent +
                                          100 * (uint64_t)MT_BUDGET_SECONDS *
                                              policy->min_per_second};
}

bool mt_budget_take(struct mt_budget *b, const struct mt_policy_budget *policy,
                    int64_t now_ns)
{
    bool taken = mt_recent_add(&b->recent, now_ns, 0, 1);
    if (taken) {
        struct hundredths h = look(b, policy, now_ns);
        if (h.used <= h.allowed)
            return true;
        mt_recent_take_back(&b->recent, now_ns, 0, 1);
    }
    atomic_fetch_add_explicit(&b->denied, 1, memory_order_relaxed);
    return false;
}

struct mt_budget_told mt_budget_tell(const struct mt_budget *b,
                                     const struct mt_policy_budget *policy,
                                     int64_t now_ns)
{
    struct hundredths h = look(b, policy, now_ns);
    return (struct mt_budget_told){.spent = h.used / 100,
                                   .allowed = h.allowed / 100};
}

uint64_t mt_budget_left(const struct mt_budget *b,
                        const struct mt_policy_budget *policy, int64_t now_ns)
{
    struct hundredths h = look(b, policy, now_ns);
    return h.used < h.allowed ? (h.allowed - h.used) / 100 : 0;
}
