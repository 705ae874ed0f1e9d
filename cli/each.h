/**
 * each.h - single exchanges, oldest first, from wherever the command line says.
 *
 *     struct mt_each each = {.options = o, .context = out, .exchange = print};
 *     rc = mt_each_exchange(&each);
 *
 * From a capture they stream as it is read, with no database between, unless
 * the end has to be known first (--last, -n, --since -5m); from a database
 * the rows are read in order, and with --follow those that come. That only a
 * sample was decoded is said on standard error as soon as it is known.
 */
#ifndef MT_CLI_EACH_H
#define MT_CLI_EACH_H

#include "cli/feed.h"
#include "cli/options.h"
#include "decode/exchange.h"
#include "store/query.h"

struct mt_each {
    const struct mt_options *options;
    uint64_t newest; /* only so many of the newest; 0 all */
    bool with_packets;
    void *context;
    /* False: no more is wanted. */
    bool (*exchange)(void *context, const struct mt_exchange *x);
    /* With packets: each file that they are in, before the first exchange;
     * not 0 ends it. Only a database tells size, inode and times. */
    int (*source)(void *context, const struct mt_source_row *row);
    /* What was lost, in its place among the exchanges. NULL: there is no such
     * place, and what was lost is said at the end. */
    void (*lost)(void *context, const struct mt_lost *lost);
    /* What has been open for more than a second, once; its exchange comes when
     * it ends. Of a live tap as it is seen; of a database that is followed as
     * it comes, else what is open now, at the end. NULL: not wanted. */
    void (*open)(void *context, const struct mt_exchange *x, int64_t now_ns);
    /* So many more are open than one look has lines for; with `open`. */
    void (*more_open)(void *context, uint64_t n);
    /* What comes is of a sample, of one of so many connections: called when it
     * is known, after it was said. NULL: that is enough. */
    void (*sampled)(void *context, uint32_t one_of);
    /* Nothing more for now: show what is held back. NULL: nothing is. */
    void (*idle)(void *context);
    uint64_t given, opened;         /* exchanges so far, and open ones */
    uint64_t losses[MT_LOSS_COUNT]; /* likewise, that have a time */
    uint32_t sample_one_of;         /* that was said */
};

/* An exit code, after having said what is wrong. */
int mt_each_exchange(struct mt_each *each);

#endif
