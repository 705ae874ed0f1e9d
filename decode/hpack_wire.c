#include "decode/hpack_wire.h"

/* Section 5.1. Five bytes beyond the prefix hold all that we believe. */
static bool get_integer(struct mt_span *in, unsigned prefix_bits,
                        uint32_t *value)
{
    uint32_t mask = (1u << prefix_bits) - 1;
    if (in->len == 0)
        return false;
    *value = *mt_span_take(in, 1).ptr & mask;
    if (*value < mask)
        return true;
    for (unsigned shift = 0; shift < 32; shift += 7) {
        if (in->len == 0)
            return false;
        uint8_t byte = *mt_span_take(in, 1).ptr;
        uint32_t part = byte & 0x7f;
        if (part > UINT32_MAX >> shift || (part << shift) > UINT32_MAX - *value)
            return false;
        *value += part << shift;
        if ((byte & 0x80) == 0)
            return true;
    }
    return false;
}

/* Section 5.2. */
static bool get_string(struct mt_span *in, struct mt_hpack_string *s)
{
    uint32_t len;
    if (in->len == 0)
        return false;
    s->huffman = (in->ptr[0] & 0x80) != 0;
    if (!get_integer(in, 7, &len) || len > in->len)
        return false;
    s->raw = mt_span_take(in, len);
    return true;
}

static bool get_literal(struct mt_span *in, struct mt_hpack_wire *w,
                        unsigned prefix_bits)
{
    if (!get_integer(in, prefix_bits, &w->index))
        return false;
    if (w->index == 0 && !get_string(in, &w->name))
        return false;
    return get_string(in, &w->value);
}

bool mt_hpack_wire_next(struct mt_span *in, struct mt_hpack_wire *w)
{
    if (in->len == 0)
        return false;
    uint8_t first = in->ptr[0];
    if (first & 0x80) {
        w->rep = MT_HPACK_REP_INDEXED;
        return get_integer(in, 7, &w->index) && w->index > 0;
    }
    if (first & 0x40) {
        w->rep = MT_HPACK_REP_INSERTED;
        return get_literal(in, w, 6);
    }
    if (first & 0x20) {
        w->rep = MT_HPACK_REP_SIZE;
        return get_integer(in, 5, &w->index);
    }
    w->rep = MT_HPACK_REP_LITERAL;
    return get_literal(in, w, 4);
}
