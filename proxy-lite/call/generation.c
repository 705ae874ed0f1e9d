#include "proxy-lite/call/generation.h"

#include <stdlib.h>
#include <string.h>

/* ---- addresses ---- */

bool mt_addresses_init(struct mt_addresses *a, uint32_t services)
{
    *a = (struct mt_addresses){.list = calloc(services + 1u, sizeof *a->list),
                               .counts =
                                   calloc(services + 1u, sizeof *a->counts),
                               .services = services};
    if (a->list != NULL && a->counts != NULL)
        return true;
    mt_addresses_deinit(a);
    return false;
}

void mt_addresses_deinit(struct mt_addresses *a)
{
    for (uint32_t i = 0; a->list != NULL && i < a->services; i++)
        free(a->list[i]);
    free(a->list);
    free(a->counts);
    *a = (struct mt_addresses){.services = 0};
}

static bool same(const struct mt_addr *a, const struct mt_addr *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool mt_addresses_equal(const struct mt_addresses *a,
                        const struct mt_addresses *b)
{
    if (a->services != b->services)
        return false;
    for (uint32_t i = 0; i < a->services; i++) {
        if (a->counts[i] != b->counts[i])
            return false;
        for (uint32_t k = 0; k < a->counts[i]; k++)
            if (!same(&a->list[i][k], &b->list[i][k]))
                return false;
    }
    return true;
}

/* ---- what stays ---- */

static bool find_endpoint(const struct mt_generation *g, uint32_t service,
                          const struct mt_addr *addr, uint32_t *out)
{
    const struct mt_addresses *a = &g->addresses;
    for (uint32_t i = 0; i < a->counts[service]; i++)
        if (same(&a->list[service][i], addr)) {
            *out = i;
            return true;
        }
    return false;
}

bool mt_generation_find(const struct mt_generation *g,
                        const struct mt_generation *old, struct mt_place from,
                        struct mt_place *out)
{
    struct mt_place to = {MT_PLACE_GONE, 0};
    const struct mt_policy_service *s = NULL;
    if (g->number == old->number + 1)
        to = g->moved[from.service][from.endpoint];
    else
        s = mt_policy_find_service(g->policy,
                                   old->policy->services[from.service]->name);
    if (s != NULL &&
        find_endpoint(g, s->index,
                      &old->addresses.list[from.service][from.endpoint],
                      &to.endpoint))
        to.service = s->index;
    if (to.service == MT_PLACE_GONE)
        return false;
    *out = to;
    return true;
}

/* False: no memory. */
static bool find_service_moved(struct mt_generation *g,
                               const struct mt_generation *before, uint32_t i)
{
    uint32_t n = before->addresses.counts[i];
    const struct mt_policy_service *s =
        mt_policy_find_service(g->policy, before->policy->services[i]->name);
    struct mt_place *places = calloc(n + 1u, sizeof *places);
    g->moved[i] = places;
    for (uint32_t k = 0; places != NULL && k < n; k++) {
        places[k].service = s != NULL ? s->index : MT_PLACE_GONE;
        if (s != NULL &&
            !find_endpoint(g, s->index, &before->addresses.list[i][k],
                           &places[k].endpoint))
            places[k].service = MT_PLACE_GONE;
    }
    return places != NULL;
}

static bool find_moved(struct mt_generation *g,
                       const struct mt_generation *before)
{
    uint32_t n = before->policy->services_count;
    g->moved = calloc(n + 1u, sizeof *g->moved);
    bool ok = g->moved != NULL;
    g->moved_count = ok ? n : 0;
    for (uint32_t i = 0; ok && i < n; i++)
        ok = find_service_moved(g, before, i);
    return ok;
}

static bool judges(const struct mt_policy_breaker *b)
{
    return b->consecutive > 0 || b->success_percent > 0;
}

static void inherit_service(struct mt_generation *g, uint32_t i,
                            const struct mt_generation *before, uint32_t old)
{
    struct mt_service_state *to = &g->state->services[i];
    const struct mt_service_state *from = &before->state->services[old];
    const struct mt_policy_breaker *breaker = &g->policy->services[i]->breaker;
    mt_service_use_inherit(to, from);
    for (uint32_t k = 0; judges(breaker) && k < g->addresses.counts[i]; k++) {
        uint32_t there;
        if (find_endpoint(before, old, &g->addresses.list[i][k], &there))
            mt_breaker_inherit(&to->breakers[k], &to->group, breaker,
                               &from->breakers[there]);
    }
}

/* A route that stays: by its name, else by its place. */
static const struct mt_policy_route *
route_before(const struct mt_policy *before, const struct mt_policy_route *r)
{
    for (uint32_t i = 0; r->name.len > 0 && i < before->routes_count; i++)
        if (mt_span_eq(before->routes[i]->name, r->name))
            return before->routes[i];
    return r->name.len == 0 && r->index < before->routes_count
               ? before->routes[r->index]
               : NULL;
}

/* The process's budget, and those of routes. */
static void inherit_budgets(struct mt_generation *g,
                            const struct mt_generation *before)
{
    struct mt_budget *to = g->state->budgets, *from = before->state->budgets;
    mt_budget_inherit(&to[0], &from[0]);
    for (uint32_t i = 0; i < g->policy->routes_count; i++) {
        const struct mt_policy_route *r = g->policy->routes[i];
        const struct mt_policy_route *old = route_before(before->policy, r);
        if (old != NULL && r->retry != NULL && old->retry != NULL &&
            r->retry->budget > 0 && old->retry->budget > 0)
            mt_budget_inherit(&to[r->retry->budget], &from[old->retry->budget]);
    }
}

static void inherit(struct mt_generation *g, const struct mt_generation *before)
{
    for (uint32_t i = 0; i < g->policy->services_count; i++) {
        const struct mt_policy_service *old = mt_policy_find_service(
            before->policy, g->policy->services[i]->name);
        if (old != NULL)
            inherit_service(g, i, before, old->index);
    }
    inherit_budgets(g, before);
}

/* ---- life ---- */

static void free_one(struct mt_generation *g)
{
    for (uint32_t i = 0; i < g->moved_count; i++)
        free(g->moved[i]);
    free(g->moved);
    mt_policy_state_free(g->state);
    mt_addresses_deinit(&g->addresses);
    mt_policy_free(g->own);
    free(g);
}

static struct mt_generation *begin(const struct mt_policy *p,
                                   struct mt_addresses *a,
                                   const struct mt_generation *before)
{
    struct mt_generation *g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    g->policy = p;
    g->addresses = *a;
    g->holders = 1;
    g->number = before != NULL ? before->number + 1 : 1;
    g->state = mt_policy_state_new(p, a->counts);
    if (g->state == NULL || (before != NULL && !find_moved(g, before))) {
        g->addresses = (struct mt_addresses){.services = 0};
        free_one(g);
        return NULL;
    }
    *a = (struct mt_addresses){.services = 0};
    if (before != NULL)
        inherit(g, before);
    return g;
}

struct mt_generation *mt_generation_new(struct mt_policy *p,
                                        struct mt_addresses *a,
                                        const struct mt_generation *before)
{
    struct mt_generation *g = begin(p, a, before);
    if (g != NULL)
        g->own = p;
    return g;
}

struct mt_generation *mt_generation_readdressed(struct mt_generation *before,
                                                struct mt_addresses *a)
{
    struct mt_generation *g = begin(before->policy, a, before);
    if (g != NULL)
        g->origin = mt_generation_take(before->origin != NULL ? before->origin
                                                              : before);
    return g;
}

struct mt_generation *mt_generation_take(struct mt_generation *g)
{
    (void)atomic_fetch_add_explicit(&g->holders, 1, memory_order_relaxed);
    return g;
}

/* Who gives it back last has to see what the others did before. */
void mt_generation_give(struct mt_generation *g)
{
    while (g != NULL && atomic_fetch_sub_explicit(&g->holders, 1,
                                                  memory_order_acq_rel) == 1) {
        struct mt_generation *origin = g->origin;
        free_one(g);
        g = origin;
    }
}
