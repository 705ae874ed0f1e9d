/**
 * hpack_order.h - which header names follow each other on a connection.
 *
 * A sender writes its fields in much the same order each time. The pairs that
 * were seen serve two ends after a loss: they weigh the hypotheses of
 * hpack_shift.h, and they tell a name whose first spelling was lost (later
 * ones only refer to it, so that it would stay unknown for ever).
 *
 * Names are tags here: a static name's number, or a hash. Used by hpack*.c.
 */
#ifndef MT_DECODE_HPACK_ORDER_H
#define MT_DECODE_HPACK_ORDER_H

#include "decode/hpack_table.h"

enum {
    MT_HPACK_ORDER_SLOTS = 128,
    MT_HPACK_ORDER_MAX = 96,  /* pairs that are kept */
    MT_HPACK_NAMES_MAX = 40,  /* names that are kept ... */
    MT_HPACK_NAME_BYTES = 29, /* ... up to this length */
    MT_HPACK_TAG_NONE = 0,    /* not known */
    MT_HPACK_TAG_EDGE = 63,   /* before the first field, after the last */
};

struct mt_hpack_order {
    uint32_t pairs[MT_HPACK_ORDER_SLOTS]; /* first << 16 | second; 0 free */
    uint16_t count;
    uint16_t names_count;
    struct {
        uint16_t tag;
        uint8_t len;
        uint8_t text[MT_HPACK_NAME_BYTES];
    } names[MT_HPACK_NAMES_MAX]; /* that are not static */
};

uint16_t mt_hpack_tag(uint8_t name_id, struct mt_span name);

/* Note that b, whose text is `name`, followed a. A pair with a NONE is passed
 * over. */
void mt_hpack_order_learn(struct mt_hpack_order *o, uint16_t a, uint16_t b,
                          struct mt_span name);

/* The text of a tag that is not static; empty if it was not kept. Borrowed
 * as long as *o lives. */
struct mt_span mt_hpack_order_name(const struct mt_hpack_order *o,
                                   uint16_t tag);

bool mt_hpack_order_has(const struct mt_hpack_order *o, uint16_t a, uint16_t b);

/* The only tag that was seen between a and b, static names apart (they are
 * referred to by their static index); b may be NONE: not known. NONE if there
 * is none, or there are several. */
uint16_t mt_hpack_order_between(const struct mt_hpack_order *o, uint16_t a,
                                uint16_t b);

#endif
