/**
 * feed_impl.h - private to feed*.c: what a feed is made of.
 *
 * feed_open.c opens and frees it, feed_items.c takes one item through the tap
 * to the sink, feed.c is the loop around: waiting, the clock, the end.
 */
#ifndef MT_CLI_FEED_IMPL_H
#define MT_CLI_FEED_IMPL_H

#include "capture/early.h"
#include "capture/merge.h"
#include "capture/names.h"
#include "capture/sampler.h"
#include "cli/cpu.h"
#include "cli/feed.h"
#include "cli/naming.h"
#include "cli/packet_keeper.h"
#include "cli/progress.h"
#include "cli/relaying.h"
#include "cli/rights.h"
#include "store/route.h"

enum { MT_FEED_DROPS_MAX = 256 }; /* interfaces that report drops */

#define SECOND_NS INT64_C(1000000000)

/* What one interface of one source has reported so far. */
struct drops {
    size_t source;
    uint32_t interface_id;
    uint64_t kernel, interface;
};

struct mt_feed {
    const struct mt_options *o;
    const struct mt_filter *filter;
    const struct mt_feed_sink *sink;
    struct mt_feed_result *result;
    struct mt_feed_source *found; /* the result's, from its run on */
    struct mt_merge *merge;       /* owns the sources, in the order of -r */
    struct mt_pool pool;          /* of names and routes */
    struct mt_names_file *names_file;
    struct mt_own_addresses own; /* live: of this machine */
    struct mt_names *names;
    struct mt_routes *routes;
    struct mt_span *patterns;
    struct mt_tap *tap;
    struct mt_packet_keeper *keeper; /* NULL: no packet ring */
    struct mt_relaying relaying;     /* the relayed streams among -r */
    struct drops drops[MT_FEED_DROPS_MAX];
    size_t drops_count;
    bool live;
    struct mt_rights rights; /* live */
    struct mt_naming naming; /* live: processes and containers */
    struct mt_early early;   /* live: whom they are of, at once */
    struct mt_sampler sampler;
    struct mt_cpu cpu;
    bool ending;        /* sources were told to finish */
    int64_t settled_ns; /* for mt_merge_next() */
    int64_t ends_ns;    /* steady clock: --for is over */
    int64_t second_ns;  /* steady clock: the sink is told of the next one */
    int64_t told_ns;    /* of captures, packets' clock: losses were looked
                           at, and were */
    uint64_t told[MT_LOSS_COUNT];
    int64_t silent_ns;     /* steady clock at the last news, and */
    int64_t silent_at_ns;  /* the packets' clock then */
    uint64_t idle_packets; /* as many when the sink was last told */
    uint64_t exchanges;    /* finished ones: the id of the last */
    int64_t paced_ns;      /* steady clock: a replay's sink was told, and */
    int64_t paced_now_ns;  /* of which moment of the packets' clock */
    int64_t open_due_ns;   /* packets' clock: look at open requests again */
    struct mt_progress progress;
    uint64_t total_bytes;
};

/* One packet, name or the like, and all that it finishes. These are false once
 * the sink has had enough. */
bool mt_feed_take_item(struct mt_feed *f, const struct mt_item *item);
bool mt_feed_drain(struct mt_feed *f);       /* what is finished */
bool mt_feed_report_open(struct mt_feed *f); /* what is not */

/* The tap's numbers into the result, so far. */
void mt_feed_take_stats(struct mt_feed *f);

/* Names that the helper has found since. */
void mt_feed_take_names(struct mt_feed *f);

/* What was asked is waited for, for a moment. */
void mt_feed_wait_for_names(struct mt_feed *f);

/* For the relaying: between its exchanges. */
void mt_feed_look_up(void *feed);

#endif
