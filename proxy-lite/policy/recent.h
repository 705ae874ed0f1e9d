/**
 * recent.h - two counters over the last seconds, written by any thread.
 *
 *     struct mt_recent t = {0};
 *     mt_recent_add(&t, now_ns, 1, failed ? 1 : 0);
 *     struct mt_recent_sum s = mt_recent_sum(&t, now_ns, 10);
 *
 * A slot a second, sixteen of them, each one word: which second it counts, and
 * both counters, so that a slot begins anew in one relaxed compare-and-swap
 * and no thread sees one counter of this second beside the other of a past
 * one. A counter stays at 4 194 303 a second. A thread whose clock is a slot's
 * round behind (16 s) counts nothing. Zero bytes are an empty one.
 */
#ifndef MT_PROXY_LITE_POLICY_RECENT_H
#define MT_PROXY_LITE_POLICY_RECENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { MT_RECENT_SLOTS = 16, MT_RECENT_MAX = (1 << 22) - 1 };

struct mt_recent {
    _Atomic uint64_t slots[MT_RECENT_SLOTS];
};

struct mt_recent_sum {
    uint64_t a, b;
};

/* Count in the second of now_ns >= 0. False: it was not counted, for the slot
 * is full or belongs to a later second. */
bool mt_recent_add(struct mt_recent *t, int64_t now_ns, uint32_t a, uint32_t b);

/* Take back what was added in the second of now_ns, if it still counts. */
void mt_recent_take_back(struct mt_recent *t, int64_t now_ns, uint32_t a,
                         uint32_t b);

/* Of this second and those before it, `seconds` (1 ... 16) in all. */
struct mt_recent_sum mt_recent_sum(const struct mt_recent *t, int64_t now_ns,
                                   unsigned seconds);

/* Know what another one knows; it may go on counting meanwhile. */
void mt_recent_copy(struct mt_recent *t, const struct mt_recent *from);

/* Forget everything. */
void mt_recent_reset(struct mt_recent *t);

#endif
