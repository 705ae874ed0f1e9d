/**
 * feed.h - captures in, named exchanges out: sources merged by time, the tap,
 * names, routes and the filter, in this order. Relayed streams, whose
 * exchanges are named already, come in between by their time.
 *
 *     struct mt_feed *f;
 *     rc = mt_feed_open(&f, o, filter);           // says what is wrong
 *     mt_feed_run(f, &sink, &result);             // says what broke off
 *     mt_feed_free(f);
 *     mt_feed_result_deinit(&result);
 *
 * Runs until the sources end, the sink has had enough, --for is over, or
 * SIGINT or SIGTERM come; then what is still open is given to the sink, too.
 */
#ifndef MT_CLI_FEED_H
#define MT_CLI_FEED_H

#include "capture/tap.h"
#include "cli/options.h"
#include "cli/rights.h"
#include "store/filter.h"
#include "store/relay.h"
#include "store/writer.h"

struct mt_feed_result;
struct mt_relayed_host;

struct mt_feed_sink {
    void *context;
    /* A finished exchange; its id is its ordinal, whatever the filter lets
     * through. False: no more is wanted. */
    bool (*exchange)(void *context, const struct mt_exchange *x);
    /* One that has been open for more than a second, and again as bytes of it
     * come, once a second at most; NULL: not wanted. */
    bool (*open)(void *context, const struct mt_exchange *x, int64_t now_ns);
    /* What a connection told beside its exchanges; NULL: not wanted. */
    bool (*report)(void *context, const struct mt_conn_report *report);
    /* Rights are given up where there were any, and nothing was read yet; NULL:
     * not wanted. */
    void (*begun)(void *context);
    /* A replay: may the packet of this time be taken? False: not yet, and
     * *now_ns is how far the packets' clock is. NULL: all at once. */
    bool (*due)(void *context, int64_t ts_ns, int64_t *now_ns);
    /* There is no more for now; of a replay, also five times a second while
     * its clock goes on: NULL: not wanted. */
    bool (*idle)(void *context, int64_t now_ns);
    /* What is known so far: live once a second; of captures and streams where
     * losses have grown, once a second of their clock at most, and then of the
     * host that `from` told of. NULL: not wanted. */
    bool (*second)(void *context, const struct mt_feed_result *so_far);
    /* A file that references point into: as it begins, and again with what is
     * known at its end. NULL: not wanted. */
    bool (*source)(void *context, uint32_t number,
                   const struct mt_source_info *info);
    /* A name that was told of an address; NULL: not wanted. */
    bool (*name)(void *context, const struct mt_relay_name *name);
    /* What comes now is of this host: 0 for captures, else that of the stream
     * host - 1. NULL: not wanted; where there are several, exchanges of
     * streams then have the attribute host.name. */
    void (*from)(void *context, size_t host);
    bool progress; /* draw it, where standard error is a terminal */
    int accept_fd; /* a live tap answers its connections, too; 0: none */
};

enum { MT_FEED_SOURCES_MAX = 4096 };

struct mt_feed_source {
    struct mt_source_info info;
    char problem[512]; /* where and why it broke off; "" */
    char path[256];    /* of another host's: info.path then points here */
};

struct mt_feed_result {
    struct mt_tap_stats tap;
    uint64_t layers[MT_LAYERS_ENDS_COUNT]; /* packets, by their end */
    uint64_t kernel_drops, interface_drops;
    uint64_t unkept_packets; /* the packet ring had no room for */
    uint32_t sample_one_of;  /* connections, when it was the least; 1: all */
    uint64_t ring_drops;     /* exchanges the writer was too late for, and */
    uint64_t ring_reports;   /* reports of connections */
    uint64_t packets, bytes; /* bytes of the files, or on the wire */
    uint64_t exchanges;      /* that the filter let through */
    int64_t first_ns, last_ns;
    int64_t now_ns;               /* the packets' clock */
    int64_t started_ns, ended_ns; /* wall clock */
    double seconds;               /* it took */
    bool interrupted;
    bool stopped;                    /* the sink had enough */
    bool refused;                    /* rights were kept: nothing was read */
    bool all_gone;                   /* no interface is left */
    struct mt_feed_source *sources;  /* freed by deinit */
    size_t sources_count;            /* captures, then those of each stream */
    size_t hosts_count;              /* relayed streams */
    uint64_t relayed[MT_LOSS_COUNT]; /* losses that they told of */
};

struct mt_feed;

/* Open the captures or interfaces, and the names file: 0, or an exit code after
 * having said why. filter may be NULL; it is borrowed, as o is. */
int mt_feed_open(struct mt_feed **out, const struct mt_options *o,
                 const struct mt_filter *filter);
void mt_feed_run(struct mt_feed *f, const struct mt_feed_sink *sink,
                 struct mt_feed_result *result);
/* Captures, and relayed streams: as many as were opened. */
size_t mt_feed_captures(const struct mt_feed *f);
size_t mt_feed_hosts(const struct mt_feed *f);
/* What stream i told of its host so far. Borrowed from the feed. */
const struct mt_relayed_host *mt_feed_host(const struct mt_feed *f, size_t i);
/* Of a live tap: who it will become. NULL offline. */
const struct mt_rights *mt_feed_rights(const struct mt_feed *f);
void mt_feed_free(struct mt_feed *f); /* NULL is fine */
/* The exit code of a run that went well: what was ended early, or by itself
 * where it should go on, says so. */
int mt_feed_exit(const struct mt_options *o,
                 const struct mt_feed_result *result);
void mt_feed_result_deinit(struct mt_feed_result *result);

/* The losses in the store's words. */
void mt_feed_losses(const struct mt_feed_result *result,
                    uint64_t totals[MT_LOSS_COUNT]);

#endif
