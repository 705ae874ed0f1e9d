#include "base/buf.h"

void mt_put_le32(struct mt_buf *b, uint32_t v)
{
    for (unsigned shift = 0; shift < 32; shift += 8)
        mt_put_u8(b, (uint8_t)(v >> shift));
}

void mt_put_le64(struct mt_buf *b, uint64_t v)
{
    for (unsigned shift = 0; shift < 64; shift += 8)
        mt_put_u8(b, (uint8_t)(v >> shift));
}

void mt_put_varint(struct mt_buf *b, uint64_t v)
{
    while (v >= 0x80) {
        mt_put_u8(b, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    mt_put_u8(b, (uint8_t)v);
}

void mt_put_decimal(struct mt_buf *b, uint64_t v)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    if (v < 10) {
        mt_put_u8(b, (uint8_t)('0' + v));
        return;
    }
    do {
        digits[--at] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    mt_put_span(
        b, (struct mt_span){.ptr = digits + at, .len = sizeof digits - at});
}

void mt_put_hex(struct mt_buf *b, const uint8_t *bytes, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        mt_put_char(b, hex[bytes[i] >> 4]);
        mt_put_char(b, hex[bytes[i] & 15]);
    }
}

static uint64_t get_le(struct mt_cursor *c, size_t n)
{
    struct mt_span s = mt_get_span(c, n);
    uint64_t v = 0;
    for (size_t i = s.len; i > 0; i--)
        v = v << 8 | s.ptr[i - 1];
    return v;
}

uint32_t mt_get_le32(struct mt_cursor *c)
{
    return (uint32_t)get_le(c, 4);
}

uint64_t mt_get_le64(struct mt_cursor *c)
{
    return get_le(c, 8);
}

uint64_t mt_get_varint_long(struct mt_cursor *c)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = mt_get_u8(c);
        /* the tenth byte has room for one bit; a last byte of 0 is padding */
        if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0))
            break;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return c->bad ? 0 : v;
    }
    c->bad = true;
    c->rest.len = 0;
    return 0;
}
