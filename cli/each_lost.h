/* each_lost.h - private to cli/each*.c: losses among the exchanges. */
#ifndef MT_CLI_EACH_LOST_H
#define MT_CLI_EACH_LOST_H

#include "cli/each.h"

enum { MT_EACH_LOST_MAX = 256 };

/* Losses of a database that are read ahead. scan and after_exchange are set by
 * the caller. */
struct mt_each_lost {
    struct mt_lost_scan scan;
    uint64_t after_exchange; /* what was lost before the next one is not
                                asked for; 0: all is */
    struct mt_lost list[MT_EACH_LOST_MAX];
    size_t count, next;
};

/* Read ahead, where nothing is: 0 or a code of mt_store_rc. */
int mt_each_lost_look(struct mt_each_lost *l, struct mt_store *s);

/* Give those that were lost before an exchange; UINT64_MAX: all. */
int mt_each_lost_give(struct mt_each_lost *l, struct mt_store *s,
                      struct mt_each *each, uint64_t before_id);

/* Of captures and streams: what their totals have grown by. */
void mt_each_lost_totals(struct mt_each *each,
                         const struct mt_feed_result *so_far);

/* At the end: what was lost, on standard error. */
void mt_each_lost_say(const struct mt_each *each);

#endif
