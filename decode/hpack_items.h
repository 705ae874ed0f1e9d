/**
 * hpack_items.h - a header block weighed under one hypothesis.
 *
 * hpack_shift.h says what a hypothesis is. A block is read once, without the
 * older entries, and then weighed for each k. Used by hpack_shift.c alone.
 */
#ifndef MT_DECODE_HPACK_ITEMS_H
#define MT_DECODE_HPACK_ITEMS_H

#include "decode/hpack.h"

enum {
    MT_HPACK_ITEMS_MAX = 64, /* fields of a block that are weighed */
    MT_HPACK_CONTRADICTION = -1000,
};

/* One field, as far as it is known without the older entries. */
struct mt_hpack_item {
    struct mt_span value; /* where it comes from a table */
    uint32_t older;       /* places below the newest of the older entries */
    uint16_t tag;         /* of a name that is no older entry's */
    uint8_t name_id;
    bool is_older;
    bool whole; /* the value comes from the table too */
};

struct mt_hpack_items {
    struct mt_hpack_item list[MT_HPACK_ITEMS_MAX];
    unsigned count;
    bool any_older;
    bool is_cut; /* there were more */
};

/* Borrows from the table. */
void mt_hpack_items_read(struct mt_hpack_items *items, const struct mt_hpack *h,
                         struct mt_span block);

/**
 * What speaks for k lost entries: points, maybe below 0, or
 * MT_HPACK_CONTRADICTION where the block cannot be one under it.
 */
int mt_hpack_items_weigh(const struct mt_hpack_items *items,
                         const struct mt_hpack *h, uint32_t k,
                         enum mt_hpack_block kind);

/* The connection's constants (user-agent, server, ...), as they are seen. */
void mt_hpack_constant_learn(struct mt_hpack *h, uint8_t name_id,
                             struct mt_span value);

#endif
