#include "base/csv.h"

#include "base/text_escape.h"

static bool is_formula(struct mt_span s)
{
    static const char starts[] = "=+-@\t\r";
    return s.len > 0 && memchr(starts, s.ptr[0], sizeof starts - 1) != NULL;
}

static bool needs_quotes(struct mt_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] == '"' || s.ptr[i] == ',' || s.ptr[i] == '\n' ||
            s.ptr[i] == '\r')
            return true;
    return false;
}

/* ASCII that stands for itself. */
static size_t plain_run(struct mt_span s)
{
    size_t n = 0;
    while (n < s.len && s.ptr[n] < 0x80 && s.ptr[n] > 0 && s.ptr[n] != '"')
        n++;
    return n;
}

static void csv_character(struct mt_out *o, struct mt_span *s)
{
    struct mt_span from = *s;
    struct mt_buf *b = mt_out_room(o, 8);
    int32_t c = mt_utf8_take(s);
    if (c == '"')
        mt_put_str(b, "\"\"");
    else if (c <= 0) /* no UTF-8, or NUL, which readers stop at */
        mt_put_str(b, "\xef\xbf\xbd");
    else
        mt_put_span(
            b, (struct mt_span){.ptr = from.ptr, .len = from.len - s->len});
}

void mt_csv_text(struct mt_out *o, struct mt_span text, bool raw)
{
    bool formula = !raw && is_formula(text);
    bool quotes = needs_quotes(text);
    if (quotes)
        mt_out_char(o, '"');
    if (formula)
        mt_out_char(o, '\'');
    while (text.len > 0) {
        mt_out_span(o, mt_span_take(&text, plain_run(text)));
        if (text.len > 0)
            csv_character(o, &text);
    }
    if (quotes)
        mt_out_char(o, '"');
}
