#include "proxy-lite/policy/state.h"

#include <assert.h>
#include <stdlib.h>

static void give_use(struct mt_service_use *u)
{
    if (u != NULL &&
        atomic_fetch_sub_explicit(&u->holders, 1, memory_order_acq_rel) == 1)
        free(u);
}

void mt_service_use_inherit(struct mt_service_state *s,
                            const struct mt_service_state *from)
{
    give_use(s->use);
    s->use = from->use;
    (void)atomic_fetch_add_explicit(&s->use->holders, 1, memory_order_relaxed);
}

static bool fill(struct mt_policy_state *s, const struct mt_policy *p,
                 const uint32_t *endpoints)
{
    for (uint32_t i = 0; i < s->services_count; i++) {
        uint32_t n =
            endpoints != NULL ? endpoints[i] : p->services[i]->endpoints_count;
        struct mt_service_state *one = &s->services[i];
        one->breakers = calloc(n > 0 ? n : 1, sizeof *one->breakers);
        one->gauges = calloc(n > 0 ? n : 1, sizeof *one->gauges);
        one->use = calloc(1, sizeof *one->use);
        if (one->use != NULL)
            one->use->holders = 1;
        if (one->breakers == NULL || one->gauges == NULL || one->use == NULL)
            return false;
        one->group.endpoints = n;
    }
    return true;
}

struct mt_policy_state *mt_policy_state_new(const struct mt_policy *p,
                                            const uint32_t *endpoints)
{
    struct mt_policy_state *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->services_count = p->services_count;
    s->services = calloc(p->services_count + 1u, sizeof *s->services);
    s->budgets = calloc(p->budgets_count + 1u, sizeof *s->budgets);
    if (s->services == NULL || s->budgets == NULL || !fill(s, p, endpoints)) {
        mt_policy_state_free(s);
        return NULL;
    }
    return s;
}

void mt_policy_state_free(struct mt_policy_state *s)
{
    if (s == NULL)
        return;
    for (uint32_t i = 0; s->services != NULL && i < s->services_count; i++) {
        free(s->services[i].breakers);
        free(s->services[i].gauges);
        give_use(s->services[i].use);
    }
    free(s->services);
    free(s->budgets);
    free(s);
}

static const struct {
    const char *word;
    size_t offset; /* in struct mt_policy_limits */
} rows[] = {
#define X(name, field, help) {#field, offsetof(struct mt_policy_limits, field)},
    MT_LIMITS(X)
#undef X
};

const char *mt_limit_text(unsigned which)
{
    return which < MT_LIMIT_COUNT ? rows[which].word : "?";
}

bool mt_limit_take(struct mt_service_state *s, enum mt_limit which,
                   const struct mt_policy_limits *limits)
{
    uint32_t max;
    memcpy(&max, (const uint8_t *)limits + rows[which].offset, sizeof max);
    uint32_t used =
        atomic_load_explicit(&s->use->used[which], memory_order_relaxed);
    do {
        if (used >= max) {
            atomic_fetch_add_explicit(&s->use->refused[which], 1,
                                      memory_order_relaxed);
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(
        &s->use->used[which], &used, used + 1, memory_order_relaxed,
        memory_order_relaxed));
    return true;
}

void mt_limit_give(struct mt_service_state *s, enum mt_limit which)
{
    uint32_t before = atomic_fetch_sub_explicit(&s->use->used[which], 1,
                                                memory_order_relaxed);
    assert(before > 0);
}
