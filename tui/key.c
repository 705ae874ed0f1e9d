#include "tui/key.h"

#include "base/buf.h"
#include "base/text_escape.h"

static const struct name {
    int32_t key;
    const char *text;
} names[] = {{MT_KEY_TAB, "Tab"},
             {MT_KEY_ENTER, "Enter"},
             {MT_KEY_ESC, "Esc"},
             {MT_KEY_SPACE, "Space"},
             {MT_KEY_BACKSPACE, "Backspace"},
#define X(name, text) {MT_KEY_##name, text},
             MT_KEYS(X)
#undef X
};

enum { NAMES = sizeof names / sizeof names[0] };

static void put_utf8(struct mt_buf *b, uint32_t c)
{
    if (c < 0x80) {
        mt_put_u8(b, (uint8_t)c);
        return;
    }
    unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t heads[] = {0, 0xc0, 0xe0, 0xf0};
    mt_put_u8(b, (uint8_t)(heads[more] | c >> (6 * more)));
    while (more-- > 0)
        mt_put_u8(b, (uint8_t)(0x80 | (c >> (6 * more) & 63u)));
}

const char *mt_key_text(int32_t key, char *buf)
{
    struct mt_buf b = mt_buf_of(buf, MT_KEY_TEXT_BYTES - 1);
    for (size_t i = 0; i < NAMES; i++)
        if (names[i].key == key)
            return names[i].text;
    if (key > 0 && key < 32) {
        mt_put_char(&b, '^');
        mt_put_u8(&b, (uint8_t)(key + '@'));
    } else if (key > 0 && key < MT_KEY_FIRST_NAMED) {
        put_utf8(&b, (uint32_t)key);
    }
    buf[b.len] = '\0';
    return buf;
}

static int32_t named(struct mt_span name)
{
    if (name.len == 2 && name.ptr[0] == '^')
        return MT_KEY_CONTROL(name.ptr[1]);
    for (size_t i = 0; i < NAMES; i++)
        if (mt_span_eq(name, mt_span_str(names[i].text)))
            return names[i].key;
    return MT_KEY_NONE;
}

int32_t mt_key_take(struct mt_span *script)
{
    struct mt_span after = *script;
    if (script->len > 2 && script->ptr[0] == '<') {
        (void)mt_span_take(&after, 1);
        size_t end = mt_span_find(after, '>');
        struct mt_span name = mt_span_take(&after, end);
        int32_t key = named(name);
        if (after.len > 0 && key != MT_KEY_NONE) {
            (void)mt_span_take(&after, 1);
            *script = after;
            return key;
        }
    }
    int32_t c = mt_utf8_take(script);
    return c > 0 ? c : MT_KEY_NONE;
}
