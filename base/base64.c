#include "base/base64.h"

static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-' || c == '+')
        return 62;
    return c == '_' || c == '/' ? 63 : -1;
}

size_t mt_base64_feed(struct mt_base64 *b, struct mt_span *text, uint8_t *out,
                      size_t room)
{
    size_t n = 0;
    while (!b->bad && text->len > 0 && n < room) {
        uint8_t c = *mt_span_take(text, 1).ptr;
        int value = value_of(c);
        if (c == '=') {
            b->have = 0;
            continue;
        }
        b->bad = value < 0;
        b->bits = b->bits << 6 | ((uint32_t)value & 63);
        b->have = (uint8_t)(b->have + 6);
        if (b->bad || b->have < 8)
            continue;
        b->have = (uint8_t)(b->have - 8);
        out[n++] = (uint8_t)(b->bits >> b->have);
    }
    return n;
}
