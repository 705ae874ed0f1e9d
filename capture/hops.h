/**
 * hops.h - one TCP connection seen at two points between which its addresses
 * were translated (NAT, a service's virtual address).
 *
 * A translator leaves sequence numbers alone, so that both points show the
 * same two initial ones: 64 bits that no two connections share but by chance.
 * What is exchanged counts at the point nearest to the server: that of the
 * flow whose SYN came last. Who called is who sent the first one.
 *
 *     mt_hops_note(h, &flow);               // at its SYN-ACK
 *     copy = mt_hops_is_copy(h, &flow);     // at its first payload
 *     other = mt_hops_client(h, &flow, &who);
 *
 * Not known for copies: connections joined late, and those behind what
 * rewrites sequence numbers or answers itself (a proxy): that has exchanges
 * of its own. The table has a fixed size and forgets what a newer one takes
 * the place of: then both count.
 */
#ifndef MT_CAPTURE_HOPS_H
#define MT_CAPTURE_HOPS_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/flow.h"

struct mt_hops;

/* NULL: no memory. 2 MiB. */
struct mt_hops *mt_hops_new(void);
void mt_hops_free(struct mt_hops *h); /* NULL is fine */

/* Both initial sequence numbers of f are known, both sides were seen. */
void mt_hops_note(struct mt_hops *h, const struct mt_flow *f);

/* A flow between other endpoints that began later has the same numbers. */
bool mt_hops_is_copy(const struct mt_hops *h, const struct mt_flow *f);

/* The client's end of the first flow with the same numbers. False: f is the
 * first, or its client's end is the same. */
bool mt_hops_client(const struct mt_hops *h, const struct mt_flow *f,
                    struct mt_addr *client);

#endif
