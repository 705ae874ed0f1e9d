/* relaying.h - the relayed streams of a feed: their exchanges to the sink,
 * what they tell of losses and sources into the result. */
#ifndef MT_CLI_RELAYING_H
#define MT_CLI_RELAYING_H

#include "capture/names.h"
#include "cli/feed.h"
#include "cli/relayed.h"

enum { MT_RELAYING_ATTRS_MAX = 64 };

/* Streams, filter, names, exchanges and look_up are set by the feed, and
 * borrowed. */
struct mt_relaying {
    struct mt_relayed *streams;
    const struct mt_filter *filter; /* or NULL */
    struct mt_names *names;
    uint64_t *exchanges; /* so far: the id of the last */
    const struct mt_feed_sink *sink;
    struct mt_feed_result *result;
    void (*look_up)(void *feed); /* at times: draw the progress */
    void *feed;
    unsigned records;       /* so far, for when to look up */
    bool captures, several; /* hosts, with that of the captures */
    bool patient;
    bool news; /* since the sink was told that there is no more */
    int64_t now_ns;
    struct mt_field attrs[MT_RELAYING_ATTRS_MAX];
};

/* Of options that belong where packets are decoded, that they do nothing here.
 */
void mt_relaying_warn(const struct mt_relaying *r, const struct mt_options *o);

void mt_relaying_begin(struct mt_relaying *r, const struct mt_feed_sink *sink,
                       struct mt_feed_result *result, bool captures);

/**
 * Everything up to a time, INT64_MAX: all, waiting for it. Ends early where an
 * interruption comes, which the result says when all was wanted. False: the
 * sink has had enough.
 */
bool mt_relaying_run(struct mt_relaying *r, int64_t until_ns);

/* Totals into the result; says what broke off, and whose clock differs. */
void mt_relaying_end(struct mt_relaying *r);

#endif
