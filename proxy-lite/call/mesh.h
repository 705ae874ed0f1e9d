/**
 * mesh.h - a generation as one thread of the proxy has it: with what the thread
 * measured of its endpoints.
 *
 * Held by the thread while it is in force, and by each call, connection and
 * listener that belongs to it; `unused` is told when the last one is gone.
 * One thread, but for the init.
 */
#ifndef MT_PROXY_LITE_CALL_MESH_H
#define MT_PROXY_LITE_CALL_MESH_H

#include "proxy-lite/call/generation.h"
#include "proxy-lite/policy/balance.h"

struct mt_mesh {
    struct mt_generation *generation; /* held */
    const struct mt_policy *policy;   /* of it, these three */
    struct mt_policy_state *state;
    const struct mt_addr *const *addresses;
    struct mt_balancer *balancers; /* one a service */
    uint32_t holders;
    void (*unused)(struct mt_mesh *m);
};

/* Not held yet. False: no memory; deinit is due all the same. */
bool mt_mesh_init(struct mt_mesh *m, struct mt_generation *g,
                  void (*unused)(struct mt_mesh *m));
void mt_mesh_deinit(struct mt_mesh *m);

/* It comes into force, after another one or NULL. */
void mt_mesh_begin(struct mt_mesh *m, const struct mt_mesh *before,
                   int64_t now_ns, struct mt_random *random);

static inline struct mt_mesh *mt_mesh_take(struct mt_mesh *m)
{
    m->holders++;
    return m;
}

static inline void mt_mesh_give(struct mt_mesh *m)
{
    if (--m->holders == 0)
        m->unused(m);
}

#endif
