/**
 * merge.h - several sources as one, in the order of their packets' times.
 *
 * No packet is copied: each source keeps its current one until it is given.
 * Equal times come in the order in which the sources were added. Names,
 * secrets and the like come as soon as they are met.
 *
 *     struct mt_merge *m = mt_merge_new();
 *     mt_merge_add(m, source);             // taken
 *     while ((rc = mt_merge_next(m, MT_MERGE_EXACT, &item)) == MT_EVENT)
 *         use(&item);                      // borrowed until the next call
 *     for (i = 0; i < mt_merge_count(m); i++)
 *         warn(mt_source_problem(mt_merge_source(m, i)));
 *     mt_merge_free(m);
 *
 * One thread.
 */
#ifndef MT_CAPTURE_MERGE_H
#define MT_CAPTURE_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "capture/packet.h"

struct mt_merge;

/* NULL without memory. */
struct mt_merge *mt_merge_new(void);

/* Frees the sources too. NULL is fine. */
void mt_merge_free(struct mt_merge *m);

/* Takes the source, also on failure. Returns 0 or -ENOMEM. */
int mt_merge_add(struct mt_merge *m, struct mt_source *s);

size_t mt_merge_count(const struct mt_merge *m);

/* Borrowed: for progress and problems, not to read from. */
struct mt_source *mt_merge_source(const struct mt_merge *m, size_t i);

/* Which source gave the last item. */
size_t mt_merge_last(const struct mt_merge *m);

#define MT_MERGE_EXACT INT64_MIN /* wait for all: the order is exact */
#define MT_MERGE_NOW INT64_MAX   /* wait for none */

/**
 * The next item of all. A source that breaks is left as one that ended.
 *
 * A packet from before settled_ns is given although some source has nothing
 * now: what comes from there will be later. Live: the clock less the delay of
 * sources. Who had nothing is not asked again before settled_ns has changed
 * or MT_MORE was returned.
 *
 *   MT_EVENT  *item is set, borrowed until the next call
 *   MT_MORE   some source has nothing now, and the next packet, if there is
 *             one, is not settled
 *   MT_DONE   all have ended
 */
int mt_merge_next(struct mt_merge *m, int64_t settled_ns, struct mt_item *item);

/* After MT_MORE: the time of the packet that is not settled; INT64_MAX: there
 * is none. */
int64_t mt_merge_waiting_ns(const struct mt_merge *m);

/* After MT_MORE: did source i have nothing? */
bool mt_merge_is_late(const struct mt_merge *m, size_t i);

#endif
