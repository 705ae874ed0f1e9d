/**
 * snapshot.h - a question of the dashboard, and the answer to it: made once,
 * never changed, owned by who holds it.
 *
 *     struct mt_snapshot *a = mt_snapshot_make(store, &request);
 *     draw(a);
 *     mt_snapshot_free(a);
 *
 * The numbers come from store/query.h alone. Exchanges are copies: at most
 * MT_SNAPSHOT_EXCHANGES of them.
 */
#ifndef MT_TUI_SNAPSHOT_H
#define MT_TUI_SNAPSHOT_H

#include "decode/codec.h"
#include "decode/ladder.h"
#include "store/attempts.h"
#include "store/filter.h"
#include "store/proxy_state.h"
#include "store/query.h"
#include "store/trace.h"

enum {
    MT_SNAPSHOT_EXCHANGES = 500,
    MT_SNAPSHOT_SOURCES = 1000,
    MT_SNAPSHOT_LOST = 64
};

enum mt_topic {
    MT_TOPIC_SERVICES,
    MT_TOPIC_ROUTES,
    MT_TOPIC_EDGES,
    MT_TOPIC_POLICY,   /* routes of proxies, and what these are at */
    MT_TOPIC_NEWEST,   /* exchanges, the newest last */
    MT_TOPIC_SLOWEST,  /* exchanges, the slowest first */
    MT_TOPIC_EXCHANGE, /* one, with all that is known of it */
    MT_TOPIC_CAPTURE,  /* sources and losses */
    MT_TOPIC_NONE,     /* the header alone */
};

struct mt_request {
    uint64_t serial; /* comes back in the snapshot */
    uint8_t topic;   /* enum mt_topic */
    uint64_t id;     /* of the exchange */
    bool brief;      /* without its attempts, trace and packets, for which one
                        may have to wait: they come in a second answer */
    bool names;      /* also what is known by name: for completion */
    int64_t span_ns; /* the window; 0: everything */
    int64_t end_ns;  /* its end; 0: now */
    int64_t wall_ns;
    int32_t offset_s; /* local time - UTC: for times in the filter */
    char filter[MT_FILTER_TEXT_MAX + 1];
};

/* An exchange, and what it points to. */
struct mt_kept {
    struct mt_exchange x;
    int64_t lasted_ns; /* its latency; unanswered, how long it was open */
    struct mt_codec_scratch scratch;
    uint8_t *bytes;
};

struct mt_source_kept {
    char *path;
    uint64_t size_bytes, packets;
    int64_t first_ns, last_ns;
};

struct mt_known; /* known.h */

struct mt_snapshot {
    struct mt_request request;
    int rc;         /* enum mt_store_rc; the rest is what was answered */
    bool live;      /* a writer is at work */
    int64_t now_ns; /* the end of what the database knows */
    int64_t from_ns, to_ns;
    int64_t took_ns;           /* set by who has a clock */
    struct mt_row entry;       /* traffic from outside */
    struct mt_answer summary;  /* owns entry */
    struct mt_answer series;   /* the same over time */
    struct mt_answer rows;     /* services, routes, edges, policy */
    struct mt_proxies proxies; /* POLICY */
    struct mt_trends trends;   /* services, without a filter */
    struct mt_kept *exchanges;
    size_t exchanges_count;
    struct mt_lost lost[MT_SNAPSHOT_LOST]; /* NEWEST: among the exchanges, the
                                              newest first */
    size_t lost_count;
    struct mt_ladder *ladder;    /* of the one exchange; NULL: nobody reads */
    struct mt_attempts attempts; /* of the one exchange */
    struct mt_trace trace;       /* of the one exchange */
    uint64_t exchanges_seen;     /* passed the filter, as far as was read: more
                                    than are kept where there are more */
    bool complete;               /* nothing of the asked time is missing */
    uint64_t unfiltered;         /* without the filter: services, and where
                                    nothing passed it */
    uint64_t all; /* services, routes, edges without a filter: all exchanges of
                     the window, also those that these do not count */
    uint64_t losses[MT_LOSS_COUNT];
    struct mt_store_info info;
    struct mt_known *names; /* where they were asked for */
    struct mt_source_kept *sources;
    size_t sources_count;
    uint64_t sources_seen;
};

/* How an export ended. */
struct mt_exported {
    bool trouble;
    uint64_t exchanges;
    char said[480]; /* beside their number: "48 packets", or what is wrong */
};

/* How long something may take: until stop says true; NULL: for ever. */
struct mt_patience {
    bool (*stop)(void *arg);
    void *arg;
};

/* What is not in the store: packets are read again by who has them. NULL in
 * the place of a function: nobody does. Called by the thread that asks. */
struct mt_reader {
    void *arg;
    void (*ladder)(void *arg, struct mt_store *s, const struct mt_exchange *x,
                   const struct mt_patience *patience, struct mt_ladder *out);
    /* The packets of what ask selects, as pcapng, into a file. */
    void (*pcapng)(void *arg, struct mt_store *s, const struct mt_ask *ask,
                   int fd, const struct mt_patience *patience,
                   struct mt_exported *out);
};

/* The window and the filter that a request means. *filter is the caller's;
 * NULL: everything. 0 or a code of mt_store_rc. */
int mt_request_ask(struct mt_store *s, const struct mt_request *request,
                   struct mt_ask *ask, struct mt_filter **filter);

/* NULL: no memory. Errors of the store are in rc. */
struct mt_snapshot *mt_snapshot_make(struct mt_store *s,
                                     const struct mt_request *request);

/* Add the packets of the exchange that was asked for. */
void mt_snapshot_read(struct mt_snapshot *a, struct mt_store *s,
                      const struct mt_reader *reader,
                      const struct mt_patience *patience);

void mt_snapshot_free(struct mt_snapshot *a); /* NULL is fine */

/* It holds something: packets or exchanges, be they of the epoch. */
static inline bool mt_info_is_known(const struct mt_store_info *info)
{
    return info->rows > 0 || info->first_ns != 0 || info->last_ns != 0;
}

/* From one moment to a later one, neither of which is unknown (as 0 is to
 * mt_elapsed_ns()); 0 where it is none. */
int64_t mt_moments_ns(int64_t from_ns, int64_t to_ns);

/* Losses that are events: what of the traffic was not seen. */
uint64_t mt_snapshot_lost(const struct mt_snapshot *a);

#endif
