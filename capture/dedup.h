/**
 * dedup.h - the second sight of one packet.
 *
 * `any`, bridges, veth pairs and mirror ports show a packet more than once,
 * with another MAC, TTL, checksum or VLAN tag. Known by what a router leaves
 * alone: endpoints, numbers, flags, window, length, IP id, TCP timestamps; of
 * a datagram, the beginning of its payload.
 *
 *     struct mt_dedup *d = mt_dedup_new(seed);      // NULL: no memory
 *     uint64_t print = mt_dedup_print(d, segment, tuple_hash);
 *     if (mt_dedup_seen(d, segment, print, &network))
 *         count_duplicate();                        // first seen in `network`
 *     mt_dedup_free(d);
 *
 * A copy comes within 2 s in the same network (VLAN and tunnel ids folded),
 * within 10 ms in another one: a trunk shows a packet tagged and untagged in
 * that time, while equal addresses in two VLANs only look alike by design of
 * a test. Without IP id and without TCP timestamps a repetition looks just
 * like the first: then only another interface makes it a copy, and another
 * network only where one of the two is untagged.
 *
 * The table has a fixed size and forgets the oldest: what it forgot passes.
 */
#ifndef MT_CAPTURE_DEDUP_H
#define MT_CAPTURE_DEDUP_H

#include "capture/layers.h"

struct mt_dedup;

/* NULL: no memory. 2 MiB. */
struct mt_dedup *mt_dedup_new(uint64_t seed);

void mt_dedup_free(struct mt_dedup *d);

/**
 * What is alike in all copies, as a number. tuple_hash: of both endpoints,
 * equal in both directions. Asks the processor for the entry, too: best
 * called some time before mt_dedup_seen().
 */
uint64_t mt_dedup_print(const struct mt_dedup *d, const struct mt_segment *s,
                        uint64_t tuple_hash);

/* True: a copy of a packet seen before; *network is where. Else remembers
 * it. */
bool mt_dedup_seen(struct mt_dedup *d, const struct mt_segment *s,
                   uint64_t print, uint64_t *network);

#endif
