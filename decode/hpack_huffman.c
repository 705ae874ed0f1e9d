#include "decode/hpack_huffman.h"

#include "decode/hpack_huffman_table.h"

enum { EOS = 256 };

/* Bits not yet decoded, left-aligned; zeros below them. */
struct bits {
    uint64_t acc;
    unsigned have;
    struct mt_span in;
};

static void refill(struct bits *b)
{
    if (b->in.len >= 8) { /* as many whole bytes as fit, in one read */
        uint64_t next =
            (uint64_t)mt_be32(b->in.ptr) << 32 | mt_be32(b->in.ptr + 4);
        unsigned bytes = (64 - b->have) / 8;
        if (bytes == 0)
            return;
        next &= ~(uint64_t)0 << (64 - bytes * 8);
        b->acc |= next >> b->have;
        b->have += bytes * 8;
        (void)mt_span_take(&b->in, bytes);
        return;
    }
    while (b->have <= 56 && b->in.len > 0) {
        b->acc |= (uint64_t)*mt_span_take(&b->in, 1).ptr << (56 - b->have);
        b->have += 8;
    }
}

static void drop(struct bits *b, unsigned n)
{
    b->acc <<= n;
    b->have -= n;
}

/* A code longer than ROOT_BITS. Returns its symbol, or EOS for none. */
static unsigned take_long(struct bits *b)
{
    uint32_t top = (uint32_t)(b->acc >> 32);
    for (unsigned n = LONG_MIN; n <= LONG_MAX && n <= b->have; n++) {
        size_t row = n - LONG_MIN;
        if (top >= lengths[row].end_aligned)
            continue;
        drop(b, n);
        return symbols[lengths[row].symbol + (top >> (32 - n)) -
                       lengths[row].first];
    }
    return EOS;
}

/* Section 5.2: fewer than 8 bits, all of them ones. */
static bool is_padding(const struct bits *b)
{
    return b->have < 8 &&
           (b->have == 0 || b->acc >> (64 - b->have) == (1u << b->have) - 1);
}

/* The input is used up: the last codes, one at a time. */
static bool decode_tail(struct bits *b, uint8_t **out)
{
    while (!is_padding(b)) {
        uint32_t e = root[b->acc >> (64 - ROOT_BITS)];
        if (e == 0) {
            unsigned symbol = take_long(b);
            if (symbol == EOS)
                return false;
            *(*out)++ = (uint8_t)symbol;
            continue;
        }
        if (e >> 28 > b->have)
            return false;
        drop(b, e >> 28);
        *(*out)++ = (uint8_t)e;
    }
    return true;
}

bool mt_huffman_decode(struct mt_span in, uint8_t *out, size_t *len)
{
    struct bits b = {.in = in};
    uint8_t *to = out;
    for (refill(&b); b.have > LONG_MAX; refill(&b)) {
        uint32_t e = root[b.acc >> (64 - ROOT_BITS)];
        if (e != 0) {
            to[0] = (uint8_t)e;
            to[1] = (uint8_t)(e >> 8); /* overwritten if it was one */
            to += e >> 24 & 0xf;
            drop(&b, e >> 16 & 0xff);
            continue;
        }
        unsigned symbol = take_long(&b);
        if (symbol == EOS)
            return false;
        *to++ = (uint8_t)symbol;
    }
    bool fine = decode_tail(&b, &to);
    *len = (size_t)(to - out);
    return fine;
}
