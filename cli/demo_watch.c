#include "cli/demo_watch.h"

#include <stdlib.h>
#include <string.h>

#include "store/proxy_state.h"

/* The instance that listens there; MT_DEMO_INSTANCES: none. */
static unsigned instance_at(const struct mt_demo_ports *ports,
                            const char *endpoint)
{
    const char *colon = strrchr(endpoint, ':');
    unsigned long port = colon != NULL ? strtoul(colon + 1, NULL, 10) : 0;
    unsigned i = 0;
    while (i < MT_DEMO_INSTANCES && ports->instances[i] != port)
        i++;
    return i;
}

static void look_at(struct mt_demo_watch *w, const struct mt_demo_ports *ports,
                    const struct mt_endpoint_row *e)
{
    unsigned i = instance_at(ports, e->is.endpoint);
    if (i == MT_DEMO_INSTANCES || e->life != MT_PROXY_LIVE ||
        e->is.state != MT_ENDPOINT_OPEN ||
        e->is.until_ns == w->instances[i].until_ns)
        return;
    w->instances[i].until_ns = e->is.until_ns;
    w->instances[i].openings++;
}

void mt_demo_watch_look(struct mt_demo_watch *w, struct mt_store *store,
                        const struct mt_demo_ports *ports, int64_t wall_ns)
{
    struct mt_proxies p = {.endpoints = NULL};
    uint64_t denied = 0;
    if (mt_query_proxies(store, wall_ns, &p) == 0) {
        for (size_t i = 0; i < p.endpoints_count; i++)
            look_at(w, ports, &p.endpoints[i]);
        for (size_t i = 0; i < p.budgets_count; i++)
            denied +=
                p.budgets[i].life == MT_PROXY_LIVE ? p.budgets[i].is.denied : 0;
        w->denied = denied > w->denied ? denied : w->denied;
    }
    mt_proxies_free(&p);
}

uint64_t mt_demo_watch_openings(const struct mt_demo_watch *w)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < MT_DEMO_INSTANCES; i++)
        sum += w->instances[i].openings;
    return sum;
}
