/**
 * recorder.h - the thread that owns the database connection, and the rings
 * that lead to it.
 *
 *     struct mt_recorder *r;
 *     rc = mt_recorder_open(&r, "mesh.db", &options);  // says what is wrong
 *     mt_recorder_exchange(r, x);      // offline: waits while the ring is full
 *     w = mt_recorder_finish(r, &rc, &detail);
 *
 * Called by the capture thread; a proxy has a lane each for its threads
 * (mt_recorder_open_lanes()), which the writer thread merges by time. Errors of
 * the database are met by the writer thread and reported by finish, or earlier
 * by a call that returns false: then there is no use in going on.
 *
 * Offline nothing is lost and the batches are cut by rows. Live (a writer of
 * another kind) nothing waits: what finds the ring full is dropped and
 * counted; what was given is committed a quarter of a second later, and once
 * a second the heartbeat. While the disk is full the writer waits for room,
 * which it says, until it is finished.
 */
#ifndef MT_CLI_RECORDER_H
#define MT_CLI_RECORDER_H

#include "decode/exchange.h"
#include "store/relay.h"
#include "store/writer.h"

struct mt_recorder;

/* 0, or the code of mt_writer_open(). */
int mt_recorder_open(struct mt_recorder **out, const char *path,
                     const struct mt_writer_options *options);

/**
 * The same with several lanes, one a thread that records: what is told through
 * one goes through a ring of its own. The recorder is any of them; they are
 * gone together, when it is finished.
 */
enum { MT_RECORDER_LANES_MAX = 64 };

int mt_recorder_open_lanes(struct mt_recorder **lanes, size_t count,
                           const char *path,
                           const struct mt_writer_options *options);

bool mt_recorder_exchange(struct mt_recorder *r, const struct mt_exchange *x);

/* Offline: commit what came a fifth of a second later, too, as live, whoever
 * waits for packets. Before the first exchange. */
void mt_recorder_timely(struct mt_recorder *r);

/* An exchange that has been open for more than a second, at now_ns. */
bool mt_recorder_open_exchange(struct mt_recorder *r,
                               const struct mt_exchange *x, int64_t now_ns);

/* A file that references point into: mt_writer_source(). */
bool mt_recorder_source(struct mt_recorder *r, uint32_t number,
                        const struct mt_source_info *info);

/* What a connection told beside its exchanges. */
bool mt_recorder_report(struct mt_recorder *r,
                        const struct mt_conn_report *report);

/* Just opened: mt_writer_other_tap(). */
int mt_recorder_other_tap(struct mt_recorder *r, struct mt_writer_other *other);

/* A name that was told of an address: mt_writer_name(), where it is a host's.
 */
bool mt_recorder_name(struct mt_recorder *r, const struct mt_relay_name *name);

/* A proxy's connection: mt_writer_conn(). */
bool mt_recorder_conn(struct mt_recorder *r, const struct mt_writer_conn *c);

/* What a breaker or budget of a proxy is at: mt_writer_endpoint(). True: it
 * will be written. Else the ring is full, or *broken is set: there is no use in
 * going on. */
bool mt_recorder_endpoint(struct mt_recorder *r,
                          const struct mt_endpoint_state *e, bool *broken);
bool mt_recorder_budget(struct mt_recorder *r, const struct mt_budget_state *b,
                        bool *broken);

/* Offline: have what was given so far committed, soon. */
bool mt_recorder_commit(struct mt_recorder *r, int64_t now_ns);

/* Of the last mt_recorder_commit() that was carried out: its now_ns; 0: none
 * was. */
int64_t mt_recorder_committed_ns(const struct mt_recorder *r);

/* The losses so far, as known at now_ns (mt_writer_loss()), and the sample
 * (mt_writer_sampled()), for the next commit. */
bool mt_recorder_losses(struct mt_recorder *r,
                        const uint64_t totals[MT_LOSS_COUNT],
                        uint32_t sample_one_of, int64_t now_ns);

/* What found a ring full, of all lanes. Of an exchange that is open the next
 * call tells all again, of sources the end. */
struct mt_recorder_drops {
    uint64_t exchanges, reports;
};

struct mt_recorder_drops mt_recorder_drops(const struct mt_recorder *r);

/**
 * Wait until everything given is written and stop the thread. The writer is
 * the caller's from then on: losses, sources, mt_writer_close() or abort().
 * NULL where the database could not be written: *rc is the code, and *detail
 * SQLite's words, static.
 */
struct mt_writer *mt_recorder_finish(struct mt_recorder *r, int *rc,
                                     const char **detail);

#endif
