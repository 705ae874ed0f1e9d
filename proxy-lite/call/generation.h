/**
 * generation.h - one mesh in force: its policy, the addresses of its
 * endpoints, and what the threads share of it.
 *
 * A reload makes the next one, and so does a name that has other addresses.
 * Requests that run keep theirs: it goes with the last who holds it, in
 * whichever thread. What stays the same from one to the next is known by its
 * name and address, and keeps what is known of it: breakers, limits that are
 * taken, retries that were spent.
 *
 *     struct mt_generation *g = mt_generation_new(policy, &addresses, NULL);
 *     mt_generation_take(g);               // for a thread of the proxy
 *     next = mt_generation_new(policy, &addresses, g);
 *     mt_generation_give(g);               // by each who holds it
 *
 * Nothing of it is written to afterwards but `state` (policy/state.h).
 */
#ifndef MT_PROXY_LITE_CALL_GENERATION_H
#define MT_PROXY_LITE_CALL_GENERATION_H

#include "decode/exchange.h"
#include "proxy-lite/policy/state.h"

/* Of a policy's endpoints, as names were resolved: [service][endpoint]. One
 * whose IP is none has no address, and no connection can be made to it. */
struct mt_addresses {
    struct mt_addr **list;
    uint32_t *counts;
    uint32_t services;
};

/* Tables for so many services, all empty. False: no memory. */
bool mt_addresses_init(struct mt_addresses *a, uint32_t services);
void mt_addresses_deinit(struct mt_addresses *a);

/* Are they the same, service by service? */
bool mt_addresses_equal(const struct mt_addresses *a,
                        const struct mt_addresses *b);

/* An endpoint in a generation. */
struct mt_place {
    uint32_t service, endpoint;
};

#define MT_PLACE_GONE UINT32_MAX /* no service */

struct mt_generation {
    const struct mt_policy *policy;
    struct mt_policy_state *state;
    struct mt_addresses addresses;
    struct mt_policy *own;        /* the policy; NULL: origin has it */
    struct mt_generation *origin; /* held */
    uint64_t number;              /* the first is 1 */
    struct mt_place **moved;      /* where the endpoints of the one before are,
                                     [service][endpoint] of that one */
    uint32_t moved_count;
    _Atomic uint32_t holders;
};

/**
 * Takes the policy and the addresses, and is held once. before: what is in
 * force; NULL: nothing. NULL: no memory, and nothing was taken.
 */
struct mt_generation *mt_generation_new(struct mt_policy *p,
                                        struct mt_addresses *a,
                                        const struct mt_generation *before);

/* The same policy with other addresses; as mt_generation_new(). */
struct mt_generation *mt_generation_readdressed(struct mt_generation *before,
                                                struct mt_addresses *a);

struct mt_generation *mt_generation_take(struct mt_generation *g);

/* NULL is fine. */
void mt_generation_give(struct mt_generation *g);

/* Where is what was at `from` in an older one? False: it is gone. At once where
 * that is the one before. */
bool mt_generation_find(const struct mt_generation *g,
                        const struct mt_generation *old, struct mt_place from,
                        struct mt_place *out);

#endif
