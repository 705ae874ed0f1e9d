#include "proxy-lite/call/mesh.h"

#include <stdlib.h>

bool mt_mesh_init(struct mt_mesh *m, struct mt_generation *g,
                  void (*unused)(struct mt_mesh *m))
{
    uint32_t n = g->policy->services_count;
    *m = (struct mt_mesh){.generation = mt_generation_take(g),
                          .policy = g->policy,
                          .state = g->state,
                          .addresses =
                              (const struct mt_addr *const *)g->addresses.list,
                          .balancers = calloc(n + 1u, sizeof *m->balancers),
                          .unused = unused};
    for (uint32_t i = 0; m->balancers != NULL && i < n; i++) {
        m->balancers[i].loads =
            calloc(g->addresses.counts[i] + 1u, sizeof *m->balancers[i].loads);
        if (m->balancers[i].loads == NULL)
            return false;
    }
    return m->balancers != NULL;
}

void mt_mesh_deinit(struct mt_mesh *m)
{
    if (m->balancers != NULL)
        for (uint32_t i = 0; i < m->policy->services_count; i++)
            free(m->balancers[i].loads);
    free(m->balancers);
    mt_generation_give(m->generation);
    *m = (struct mt_mesh){.policy = NULL};
}

/* What is known of the endpoints that stay. */
static void inherit(struct mt_mesh *m, const struct mt_mesh *before)
{
    for (uint32_t i = 0; i < before->policy->services_count; i++)
        for (uint32_t k = 0; k < before->balancers[i].count; k++) {
            struct mt_place to;
            if (mt_generation_find(m->generation, before->generation,
                                   (struct mt_place){i, k}, &to))
                mt_balancer_inherit(&m->balancers[to.service], to.endpoint,
                                    &before->balancers[i], k);
        }
}

void mt_mesh_begin(struct mt_mesh *m, const struct mt_mesh *before,
                   int64_t now_ns, struct mt_random *random)
{
    for (uint32_t i = 0; i < m->policy->services_count; i++)
        mt_balancer_init(&m->balancers[i], m->policy->services[i],
                         &m->state->services[i], m->balancers[i].loads, now_ns,
                         random);
    if (before != NULL)
        inherit(m, before);
}
