#include "decode/sse.h"

#include "decode/http1_scan.h"

/* What is known of the line at hand. */
enum { LINE_EMPTY, LINE_NAME, LINE_REST };

static const char name[] = "data";
static const uint8_t bom[] = {0xef, 0xbb, 0xbf};

/* The line ended: an empty one dispatches the block, if it has data. */
static uint32_t end_line(struct mt_sse *s)
{
    uint32_t events = 0;
    if (s->line == LINE_EMPTY) {
        events = s->has_data ? 1 : 0;
        s->has_data = false;
    } else if (s->line == LINE_NAME && s->match == sizeof name - 1) {
        s->has_data = true; /* "data" alone is a field with no value */
    }
    s->line = LINE_EMPTY;
    s->match = 0;
    s->begun = true;
    return events;
}

static void on_byte(struct mt_sse *s, uint8_t c)
{
    if (!s->begun && s->line == LINE_EMPTY && s->match < sizeof bom &&
        c == bom[s->match]) {
        s->begun = ++s->match == sizeof bom;
        s->match = s->begun ? 0 : s->match;
        return;
    }
    if (s->line == LINE_EMPTY) {
        s->line = LINE_NAME;
        s->match = 0;
        s->begun = true;
    }
    if (c == ':') {
        s->has_data |= s->match == sizeof name - 1;
        s->line = LINE_REST;
    } else if (s->match < sizeof name - 1 && c == (uint8_t)name[s->match]) {
        s->match++;
    } else {
        s->line = LINE_REST;
    }
}

/* The bytes of a line that tell nothing are passed over in one go. */
static void skip_rest(struct mt_span *bytes)
{
    for (;;) {
        (void)mt_span_take(bytes, mt_http1_scan_control(*bytes));
        if (bytes->len == 0 || bytes->ptr[0] == '\r' || bytes->ptr[0] == '\n')
            return;
        (void)mt_span_take(bytes, 1);
    }
}

uint32_t mt_sse_feed(struct mt_sse *s, struct mt_span bytes)
{
    uint32_t events = 0;
    while (bytes.len > 0) {
        if (s->line == LINE_REST) {
            skip_rest(&bytes);
            if (bytes.len == 0)
                break;
        }
        uint8_t c = *mt_span_take(&bytes, 1).ptr;
        bool after_cr = s->cr;
        s->cr = c == '\r';
        if (c == '\n' && after_cr)
            continue; /* the second half of a CRLF */
        if (c == '\r' || c == '\n')
            events += end_line(s);
        else
            on_byte(s, c);
    }
    return events;
}
