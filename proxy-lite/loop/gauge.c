/* What a thread has at each endpoint, added to what all have. */
#include "proxy-lite/loop/thread_impl.h"

/* Wraps, and wraps back: the sum is that of what each told last. */
static void tell(_Atomic uint32_t *gauge, uint32_t *told, uint32_t now)
{
    (void)atomic_fetch_add_explicit(gauge, now - *told, memory_order_relaxed);
    *told = now;
}

static void tell_one(struct mt_endpoint_gauge *g, struct mt_endpoint_load *l)
{
    double ns = l->estimate_ns;
    bool measured = ns < MT_EWMA_START_NS || ns > MT_EWMA_START_NS;
    int64_t latency = measured && ns > 0 && ns < 1e18 ? (int64_t)ns : 0;
    tell(&g->running, &l->told.running, l->running);
    tell(&g->conns, &l->told.conns, l->conns);
    tell(&g->measured, &l->told.measured, latency > 0);
    (void)atomic_fetch_add_explicit(
        &g->latency_ns, latency - l->told.latency_ns, memory_order_relaxed);
    l->told.latency_ns = latency;
    l->conns = 0;
}

void mt_gauges_tell(struct mt_proxy_thread *w)
{
    struct mt_mesh *m = &w->mesh->mesh;
    for (const struct mt_link *l = w->links; l != NULL; l = l->next)
        if (!l->client && !l->connecting && !l->closed && l->mesh == m &&
            l->place.service < m->policy->services_count)
            m->balancers[l->place.service].loads[l->place.endpoint].conns++;
    for (uint32_t i = 0; i < m->policy->services_count; i++)
        for (uint32_t k = 0; k < m->balancers[i].count; k++)
            tell_one(&m->state->services[i].gauges[k],
                     &m->balancers[i].loads[k]);
}
