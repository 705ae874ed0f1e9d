/**
 * relayed.h - relayed streams (store/relay.h) as one, in the order of time.
 *
 *     struct mt_relayed *rs = mt_relayed_new(follow);
 *     rc = mt_relayed_add(rs, &peek, path);   // says what is wrong
 *     while ((rc = mt_relayed_next(rs, until_ns, patient, &record)) ==
 * MT_EVENT) use(mt_relayed_host(rs, rs->last), record); if (rc == MT_MORE)
 *         mt_relayed_wait(rs, 250);
 *
 * A stream's time is that of its newest exchange or mark; equal times come in
 * the order in which streams were added. Clocks are shown, never corrected.
 */
#ifndef MT_CLI_RELAYED_H
#define MT_CLI_RELAYED_H

#include "cli/peek.h"
#include "store/relay.h"

enum {
    MT_RELAYED_STREAMS_MAX = 16,
    MT_RELAYED_SOURCES_MAX = 4096,
    MT_RELAYED_PATH_BYTES = 256,
};

/* A capture of the other host; info.path is not set. */
struct mt_relayed_source {
    struct mt_source_info info;
    char path[MT_RELAYED_PATH_BYTES];
};

/* One host's stream, and what it told of itself so far. */
struct mt_relayed_host {
    const char *path; /* as given with -r */
    char id[128], boot[128], name[256];
    uint8_t clock; /* enum mt_relay_clock */
    uint64_t losses[MT_LOSS_COUNT];
    uint64_t told[MT_LOSS_COUNT]; /* of them, to the sink */
    bool losses_news;             /* there are more */
    uint32_t sample_one_of;       /* connections, at the least; 0, 1: all */
    struct mt_relayed_source *sources; /* freed with the streams */
    size_t sources_count;
    /* Its wall clock, less ours as its marks came: where the two bounds are
     * near one another, and marks came for a while, the clocks differ so. */
    int64_t ahead_least_ns, ahead_most_ns;
    int64_t first_mark_ns, last_mark_ns;
    char problem[256]; /* where it broke off; "" */
    struct mt_relay_read read;
};

struct mt_relayed;

struct mt_relayed *mt_relayed_new(bool follow); /* NULL without memory */
void mt_relayed_free(struct mt_relayed *rs);    /* NULL is fine */

/* Takes what was looked at, and waits until the host has told who it is: 0,
 * or an exit code after having said why. path is borrowed. */
int mt_relayed_add(struct mt_relayed *rs, struct mt_peek *peek,
                   const char *path);

size_t mt_relayed_count(const struct mt_relayed *rs);
struct mt_relayed_host *mt_relayed_host(const struct mt_relayed *rs, size_t i);

/* Which host gave the last record. */
size_t mt_relayed_last(const struct mt_relayed *rs);

/**
 * The next record that is not later than until_ns, borrowed until the next
 * call.
 *
 *   MT_EVENT  *record is set
 *   MT_MORE   patient: some stream has nothing now, so that the order is not
 *             known; else: none has anything now
 *   MT_DONE   none up to that time is left
 */
int mt_relayed_next(struct mt_relayed *rs, int64_t until_ns, bool patient,
                    const struct mt_relay_record **record);

/* Bytes of those that are files, and how many of them were read. */
void mt_relayed_progress(const struct mt_relayed *rs, uint64_t *total_bytes,
                         uint64_t *done_bytes);

/* Until a stream has more, a signal comes, or the time is over. */
void mt_relayed_wait(const struct mt_relayed *rs, int ms);

/* How far the host's clock is ahead of ours, as far as it can be told: false
 * where it cannot, as from a file. */
bool mt_relayed_ahead(const struct mt_relayed_host *h, int64_t *ahead_ns);

/* Streams of live hosts that have said nothing for a while, once each. */
void mt_relayed_warn_silent(struct mt_relayed *rs);

#endif
