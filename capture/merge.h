/**
 * merge.h - several sources as one, in the order of their packets' times.
 *
 * No packet is copied: each source keeps its current one until it is given.
 * Equal times come in the order in which the sources were added. Names,
 * secrets and the like come as soon as they are met.
 *
 *     struct mt_merge *m = mt_merge_new();
 *     mt_merge_add(m, source);             // taken
 *     while ((rc = mt_merge_next(m, true, &item)) == MT_EVENT)
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

/**
 * The next item of all. A source that breaks is left as one that ended.
 *
 *   MT_EVENT  *item is set, borrowed until the next call
 *   MT_MORE   patient: some source has nothing now, so that the order is not
 *             known; else: none has anything now
 *   MT_DONE   all have ended
 */
int mt_merge_next(struct mt_merge *m, bool patient, struct mt_item *item);

#endif
