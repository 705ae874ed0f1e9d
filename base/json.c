#include "base/json.h"

#include "base/text_escape.h"

/* Bytes that stand for themselves: printable ASCII but `"` and `\`. */
static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void put_u(struct mt_buf *b, int32_t unit)
{
    uint8_t bytes[2] = {(uint8_t)(unit >> 8), (uint8_t)unit};
    mt_put_str(b, "\\u");
    mt_put_hex(b, bytes, sizeof bytes);
}

static void put_escape(struct mt_buf *b, int32_t c)
{
    if (c == '"' || c == '\\') {
        mt_put_char(b, '\\');
        mt_put_char(b, (char)c);
    } else if (c == '\n' || c == '\r' || c == '\t') {
        mt_put_str(b, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
    } else if (c >= 0x10000) {
        put_u(b, 0xd800 + ((c - 0x10000) >> 10));
        put_u(b, 0xdc00 + ((c - 0x10000) & 0x3ff));
    } else {
        put_u(b, c);
    }
}

static void put_character(struct mt_out *o, struct mt_span *text)
{
    struct mt_span from = *text;
    struct mt_buf *b = mt_out_room(o, 12);
    int32_t c = mt_utf8_take(text);
    if (c < 0)
        mt_put_str(b, "\xef\xbf\xbd");
    else if (c < 0x80 || mt_char_columns(c) < 0)
        put_escape(b, c);
    else
        mt_put_span(
            b, (struct mt_span){.ptr = from.ptr, .len = from.len - text->len});
}

void mt_json_string(struct mt_out *o, struct mt_span text)
{
    mt_out_char(o, '"');
    while (text.len > 0) {
        size_t n = 0;
        while (n < text.len && is_plain(text.ptr[n]))
            n++;
        mt_out_span(o, mt_span_take(&text, n));
        if (text.len > 0)
            put_character(o, &text);
    }
    mt_out_char(o, '"');
}
