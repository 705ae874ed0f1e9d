#include "decode/trace_context.h"

#include <string.h>

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = mt_ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool mt_hex_bytes(struct mt_span text, uint8_t *out, size_t n)
{
    if (text.len != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(text.ptr[2 * i]);
        int low = hex_digit(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool all_zero(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

bool mt_traceparent(struct mt_span v, uint8_t trace[16], uint8_t span[8])
{
    uint8_t t[16], s[8], version[1];
    if (v.len < 55 || v.ptr[2] != '-' || v.ptr[35] != '-' || v.ptr[52] != '-' ||
        (v.len > 55 && v.ptr[55] != '-'))
        return false;
    if (!mt_hex_bytes((struct mt_span){v.ptr, 2}, version, 1) ||
        version[0] == 0xff || (version[0] == 0 && v.len != 55) ||
        !mt_hex_bytes((struct mt_span){v.ptr + 3, 32}, t, 16) ||
        !mt_hex_bytes((struct mt_span){v.ptr + 36, 16}, s, 8) ||
        all_zero(t, 16) || all_zero(s, 8))
        return false;
    memcpy(trace, t, 16);
    memcpy(span, s, 8);
    return true;
}
