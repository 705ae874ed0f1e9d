/**
 * buf.h - write bytes and portable numbers into a bounded buffer, and read
 * the numbers back.
 *
 * The counterpart of mt_cursor: what does not fit is not written and makes
 * the buffer `full`, which is checked once at the end.
 *
 *     uint8_t bytes[64];
 *     struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
 *     mt_put_varint(&b, count);
 *     mt_put_span(&b, name);
 *     if (!b.full)
 *         use(mt_buf_span(&b));
 *
 * Numbers are little endian, or LEB128 varints: seven bits a byte, lowest
 * first, at most ten bytes. Reading refuses a varint that is longer than
 * needed, so that equal values have equal bytes.
 */
#ifndef MT_BASE_BUF_H
#define MT_BASE_BUF_H

#include "base/span.h"

enum { MT_VARINT_MAX = 10 };

struct mt_buf {
    uint8_t *ptr;
    size_t cap;
    size_t len;
    bool full; /* something did not fit */
};

static inline struct mt_buf mt_buf_of(void *ptr, size_t cap)
{
    return (struct mt_buf){.ptr = ptr, .cap = cap};
}

/* What was written. Borrowed as long as the buffer. */
static inline struct mt_span mt_buf_span(const struct mt_buf *b)
{
    return (struct mt_span){.ptr = b->ptr, .len = b->len};
}

static inline void mt_put_span(struct mt_buf *b, struct mt_span s)
{
    if (b->full || s.len > b->cap - b->len) {
        b->full = true;
        return;
    }
    if (s.len > 0)
        memcpy(b->ptr + b->len, s.ptr, s.len);
    b->len += s.len;
}

static inline void mt_put_str(struct mt_buf *b, const char *s)
{
    mt_put_span(b, mt_span_str(s));
}

static inline void mt_put_u8(struct mt_buf *b, uint8_t v)
{
    if (b->full || b->len == b->cap)
        b->full = true;
    else
        b->ptr[b->len++] = v;
}

static inline void mt_put_char(struct mt_buf *b, char c)
{
    mt_put_u8(b, (uint8_t)c);
}

void mt_put_le32(struct mt_buf *b, uint32_t v);
void mt_put_le64(struct mt_buf *b, uint64_t v);
void mt_put_varint(struct mt_buf *b, uint64_t v);

/* Decimal digits. */
void mt_put_decimal(struct mt_buf *b, uint64_t v);

/* Two lower-case hexadecimal digits a byte. */
void mt_put_hex(struct mt_buf *b, const uint8_t *bytes, size_t n);

/* 0 and a bad cursor where the bytes are no number. */
uint32_t mt_get_le32(struct mt_cursor *c);
uint64_t mt_get_le64(struct mt_cursor *c);
uint64_t mt_get_varint_long(struct mt_cursor *c); /* of any length */

/* Most are small: one byte is read here. */
static inline uint64_t mt_get_varint(struct mt_cursor *c)
{
    if (c->rest.len == 0 || c->rest.ptr[0] >= 0x80)
        return mt_get_varint_long(c);
    c->rest.len--;
    return *c->rest.ptr++;
}

/* Signed numbers for varints: small in size stays small. */
static inline uint64_t mt_zigzag(int64_t v)
{
    return v < 0 ? ~((uint64_t)v << 1) : (uint64_t)v << 1;
}

static inline int64_t mt_unzigzag(uint64_t v)
{
    /* v >> 1 has no sign bit; ~ of it is -(v >> 1) - 1 */
    int64_t half = (int64_t)(v >> 1);
    return (v & 1) != 0 ? -half - 1 : half;
}

#endif
