/**
 * ring.h - records from one thread to another, in order, without a lock.
 *
 * One writer thread, one reader thread, records of any size, each in one
 * piece. The steady state is loads and stores: the system is called only when
 * a side has nothing to do and sleeps, and the other wakes it once there is a
 * good deal of work (an eighth of the ring to read, a quarter to fill).
 *
 *     // writer                                  // reader
 *     void *p = mt_ring_reserve(r, n);           while (mt_ring_wait(r, 250)
 *     if (p == NULL)                                        != MT_DONE) {
 *         lost++;          // live: never waits      while (mt_ring_peek(r, &s)
 *     else {                                                == MT_EVENT) {
 *         size_t used = encode(p, n);                    store(s);
 *         mt_ring_commit(r, used);                       mt_ring_release(r);
 *     }                                              }
 *     mt_ring_close_writer(r);                   }
 *
 * Offline the writer calls mt_ring_reserve_wait() and nothing is lost.
 */
#ifndef MT_BASE_RING_H
#define MT_BASE_RING_H

#include "base/span.h"

struct mt_ring;

/* capacity_bytes is a power of two, 4 KiB or more. NULL: no memory. */
struct mt_ring *mt_ring_new(size_t capacity_bytes);

/* Both threads are done with it. NULL is fine. */
void mt_ring_free(struct mt_ring *r);

/* The longest record that always has room in the empty ring. */
size_t mt_ring_record_max(const struct mt_ring *r);

/* ---- writer ---- */

/**
 * Room for a record of up to n bytes, aligned to 8. Written to until
 * mt_ring_commit(); reserving again forgets it.
 *
 * Returns NULL, and counts it as refused, when the ring is full, the reader
 * has closed, or n > mt_ring_record_max().
 */
void *mt_ring_reserve(struct mt_ring *r, size_t n);

/* The same, but sleeps while the ring is full. NULL: the reader has closed,
 * or n is too long. */
void *mt_ring_reserve_wait(struct mt_ring *r, size_t n);

/* Hand over the first n bytes of what was reserved. */
void mt_ring_commit(struct mt_ring *r, size_t n);

/* The reader is to look now at what was handed over, however little it is. */
void mt_ring_hurry(struct mt_ring *r);

/* Nothing more will come. */
void mt_ring_close_writer(struct mt_ring *r);

/* ---- reader ---- */

/**
 * The oldest record, borrowed until mt_ring_release().
 *
 * Returns MT_EVENT (*record is set), MT_MORE (nothing now), or MT_DONE (the
 * writer has closed and everything was read).
 */
int mt_ring_peek(struct mt_ring *r, struct mt_span *record);

/* Give back the record that was peeked. */
void mt_ring_release(struct mt_ring *r);

/* Positions, in bytes since the ring was made: the end of what was handed over
 * by now, and of what was given back. The record that ends at the first is read
 * once the second is no less. */
uint64_t mt_ring_end(const struct mt_ring *r);
uint64_t mt_ring_read_until(const struct mt_ring *r);

/**
 * Sleep until an eighth of the ring is filled, the writer hurries, waits or
 * closes, or timeout_ms have passed (negative: no limit). Returns what
 * mt_ring_peek() would.
 */
int mt_ring_wait(struct mt_ring *r, int timeout_ms);

/**
 * Several rings, a writer thread each, for one reader: before the first record
 * each but the first is told to wake whom the first one wakes. Sleeps until
 * one of them would end mt_ring_wait(), or all are closed. MT_EVENT: one has
 * a record; MT_DONE: all have told everything.
 */
void mt_ring_wake_with(struct mt_ring *r, struct mt_ring *first);
int mt_rings_wait(struct mt_ring *const *rings, size_t count, int timeout_ms);

/* No more is wanted: a waiting writer gets NULL. */
void mt_ring_close_reader(struct mt_ring *r);

/* ---- any thread ---- */

/* Bytes in the ring, and records refused so far. */
size_t mt_ring_used_bytes(const struct mt_ring *r);
uint64_t mt_ring_refused(const struct mt_ring *r);

#endif
