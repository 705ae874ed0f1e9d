#include "store/column_json.h"

#include <math.h>

#include "base/json.h"
#include "base/text.h"

enum { SCRATCH_BYTES = 1 << 15, NUMBER_BYTES = 64 };

/* At most six decimals, none where it is whole; of what is very small so many
 * that three digits say something, and of what is nearly one so many that it
 * does not become it: only zero is 0, and only all of something is 1. */
static void put_number(struct mt_out *o, double v)
{
    enum { DIGITS = 6, DIGITS_MOST = 18 };
    uint64_t scale = 1000000;
    unsigned digits = DIGITS;
    struct mt_buf *b = mt_out_room(o, NUMBER_BYTES);
    if (!isfinite(v) || v < 0 || v >= 9007199254740992.0) {
        mt_put_str(b, "null");
        return;
    }
    while (
        v > 0 && digits < DIGITS_MOST &&
        (v * (double)scale < 99.5 || (v < 1 && (1 - v) * (double)scale < 1))) {
        scale *= 10;
        digits++;
    }
    uint64_t whole = (uint64_t)v;
    uint64_t all = (uint64_t)((v - (double)whole) * (double)scale + 0.5);
    uint64_t part = all % scale;
    mt_put_decimal(b, whole + all / scale);
    if (part == 0)
        return;
    for (; part % 10 == 0; digits--)
        part /= 10;
    mt_put_char(b, '.');
    mt_put_padded(b, part, digits);
}

static bool is_real(const struct mt_value *v)
{
    return v->unit == MT_UNIT_RATE || v->unit == MT_UNIT_RATIO ||
           v->unit == MT_UNIT_BYTE_RATE;
}

void mt_figure_put(struct mt_out *o, const struct mt_value *v)
{
    if (is_real(v))
        put_number(o, v->number);
    else
        mt_put_signed(mt_out_room(o, NUMBER_BYTES), v->whole);
}

static void put_json_value(struct mt_out *o, const struct mt_value *v)
{
    if (!v->known)
        mt_out_str(o, "null");
    else if (v->unit == MT_UNIT_TEXT)
        mt_json_string(o, v->text);
    else
        mt_figure_put(o, v);
}

static void put_json_key(struct mt_out *o, const char *key)
{
    mt_json_string(o, mt_span_str(key));
    mt_out_char(o, ':');
}

void mt_row_json_members(struct mt_out *o, const struct mt_screen *screen,
                         const void *row)
{
    bool inferred = false;
    for (size_t i = 0; i < screen->count; i++) {
        uint8_t bytes[SCRATCH_BYTES];
        struct mt_buf scratch = mt_buf_of(bytes, sizeof bytes);
        struct mt_value v = screen->columns[i].get(row, &scratch);
        inferred |= v.inferred;
        if (i > 0)
            mt_out_char(o, ',');
        put_json_key(o, screen->columns[i].key);
        put_json_value(o, &v);
    }
    if (inferred)
        mt_out_str(o, ",\"inferred\":true");
}

void mt_row_json(struct mt_out *o, const struct mt_screen *screen,
                 const void *row)
{
    mt_out_char(o, '{');
    mt_row_json_members(o, screen, row);
    mt_out_char(o, '}');
}

void mt_coverage_json_members(struct mt_out *o, const struct mt_coverage *c)
{
    mt_out_str(o, "\"from_ns\":");
    mt_put_signed(mt_out_room(o, NUMBER_BYTES), c->from_ns);
    mt_out_str(o, ",\"to_ns\":");
    mt_put_signed(mt_out_room(o, NUMBER_BYTES), c->to_ns);
    mt_out_str(o, c->rows ? ",\"answered_from\":\"rows\""
                          : ",\"answered_from\":\"cells\"");
    mt_out_str(o, c->complete ? ",\"complete\":true" : ",\"complete\":false");
    if (c->sample_one_of > 1) {
        mt_out_str(o, ",\"sample_one_of\":");
        mt_put_decimal(mt_out_room(o, NUMBER_BYTES), c->sample_one_of);
    }
}
