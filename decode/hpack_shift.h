/**
 * hpack_shift.h - how far a lost header block moved the older entries.
 *
 * A block that was lost may have inserted k entries, k unknown: an index that
 * reaches below the entries inserted since then means the entry k places
 * nearer. Each k is a hypothesis. Every block that follows is weighed under
 * each (hpack_items.h): one under which it is no header block (a pseudo-header
 * twice, missing or misplaced, a path that does not start with '/', a
 * connection's constant changed) is dropped; one under which it names entries
 * that blocks named before, in the order they had before, gains points. Until
 * one leads clearly the older entries are unknown; then k unknown entries take
 * their place in the table, and the blocks that follow must agree. If none
 * wins the older entries are forgotten.
 *
 * Used by hpack.c alone.
 */
#ifndef MT_DECODE_HPACK_SHIFT_H
#define MT_DECODE_HPACK_SHIFT_H

#include "decode/hpack.h"

enum {
    MT_HPACK_SHIFTS = 128,         /* hypotheses: 0 to 127 were lost */
    MT_HPACK_SHIFTS_ALL = 1 << 20, /* more than there can be */
    MT_HPACK_SHIFT_PROBATION = 16, /* blocks that must agree afterwards */
};

struct mt_hpack_shift {
    uint32_t fresh; /* entries inserted since the loss */
    uint8_t blocks; /* weighed while unsettled */
    uint8_t agreed; /* blocks since the shift was settled */
    bool settled;   /* k unknown entries stand in the table */
    int16_t points[MT_HPACK_SHIFTS];
};

/* A block was lost. Returns false if there is no memory to make up for it. */
bool mt_hpack_shift_start(struct mt_hpack *h);

/* Weigh the block that is about to be decoded. May settle, or give up. */
void mt_hpack_shift_weigh(struct mt_hpack *h, struct mt_span block,
                          enum mt_hpack_block kind);

/* The table changed: entries were inserted, or evicted. */
void mt_hpack_shift_changed(struct mt_hpack *h, uint32_t inserted);

/* Free the state; the table stays as it is. */
void mt_hpack_shift_end(struct mt_hpack *h);

#endif
