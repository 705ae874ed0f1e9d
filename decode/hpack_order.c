#include "decode/hpack_order.h"

#include <xxhash.h>

uint16_t mt_hpack_tag(uint8_t name_id, struct mt_span name)
{
    if (name_id != MT_HPACK_NAME_OTHER)
        return name_id;
    return (uint16_t)(XXH3_64bits(name.ptr, name.len) | 0x100);
}

/* The slot that holds the pair, or the free one where it would stand. */
static unsigned slot_of(const struct mt_hpack_order *o, uint32_t pair)
{
    unsigned i = (pair * 2654435761u) >> 25; /* 7 bits: SLOTS */
    while (o->pairs[i] != 0 && o->pairs[i] != pair)
        i = (i + 1) % MT_HPACK_ORDER_SLOTS;
    return i;
}

struct mt_span mt_hpack_order_name(const struct mt_hpack_order *o, uint16_t tag)
{
    for (unsigned i = 0; i < o->names_count; i++)
        if (o->names[i].tag == tag)
            return (struct mt_span){o->names[i].text, o->names[i].len};
    return (struct mt_span){.ptr = NULL, .len = 0};
}

static void keep_name(struct mt_hpack_order *o, uint16_t tag,
                      struct mt_span name)
{
    if (tag <= MT_HPACK_TAG_EDGE || name.len == 0 ||
        name.len > MT_HPACK_NAME_BYTES ||
        o->names_count == MT_HPACK_NAMES_MAX ||
        mt_hpack_order_name(o, tag).len > 0)
        return;
    o->names[o->names_count].tag = tag;
    o->names[o->names_count].len = (uint8_t)name.len;
    memcpy(o->names[o->names_count].text, name.ptr, name.len);
    o->names_count++;
}

void mt_hpack_order_learn(struct mt_hpack_order *o, uint16_t a, uint16_t b,
                          struct mt_span name)
{
    if (a == MT_HPACK_TAG_NONE || b == MT_HPACK_TAG_NONE)
        return;
    uint32_t pair = (uint32_t)a << 16 | b;
    unsigned i = slot_of(o, pair);
    if (o->pairs[i] != 0 || o->count == MT_HPACK_ORDER_MAX)
        return;
    o->pairs[i] = pair;
    o->count++;
    keep_name(o, b, name);
}

bool mt_hpack_order_has(const struct mt_hpack_order *o, uint16_t a, uint16_t b)
{
    uint32_t pair = (uint32_t)a << 16 | b;
    return o->pairs[slot_of(o, pair)] == pair;
}

uint16_t mt_hpack_order_between(const struct mt_hpack_order *o, uint16_t a,
                                uint16_t b)
{
    uint16_t found = MT_HPACK_TAG_NONE;
    for (unsigned i = 0; i < MT_HPACK_ORDER_SLOTS; i++) {
        uint16_t x = (uint16_t)o->pairs[i];
        if (o->pairs[i] >> 16 != a || o->pairs[i] == 0 ||
            x <= MT_HPACK_TAG_EDGE ||
            (b != MT_HPACK_TAG_NONE && !mt_hpack_order_has(o, x, b)))
            continue;
        if (found != MT_HPACK_TAG_NONE)
            return MT_HPACK_TAG_NONE;
        found = x;
    }
    return found;
}
