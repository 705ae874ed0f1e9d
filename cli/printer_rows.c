#include "cli/printer_rows.h"

#include <math.h>

#include "base/csv.h"
#include "base/json.h"
#include "base/out.h"
#include "base/text.h"
#include "cli/write.h"

enum { SCRATCH_BYTES = 1 << 15, NUMBER_BYTES = 64 };

/* ---- values ---- */

/* At most six decimals, none where it is whole. */
static void put_number(struct mt_out *o, double v)
{
    enum { SCALE = 1000000, DIGITS = 6 };
    struct mt_buf *b = mt_out_room(o, NUMBER_BYTES);
    if (!isfinite(v) || v < 0 || v >= 9007199254740992.0) {
        mt_put_str(b, "null");
        return;
    }
    uint64_t whole = (uint64_t)v;
    uint64_t part = (uint64_t)((v - (double)whole) * SCALE + 0.5);
    mt_put_decimal(b, whole + part / SCALE);
    part %= SCALE;
    if (part == 0)
        return;
    unsigned digits = DIGITS;
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

static void put_figure(struct mt_out *o, const struct mt_value *v)
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
        put_figure(o, v);
}

static void put_json_key(struct mt_out *o, const char *key)
{
    mt_json_string(o, mt_span_str(key));
    mt_out_char(o, ':');
}

static void put_json_row(struct mt_out *o, const struct mt_screen *screen,
                         const void *row)
{
    bool inferred = false;
    mt_out_char(o, '{');
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
    mt_out_str(o, inferred ? ",\"inferred\":true}" : "}");
}

static void put_csv_row(struct mt_out *o, const struct mt_screen *screen,
                        const void *row)
{
    for (size_t i = 0; i < screen->count; i++) {
        uint8_t bytes[SCRATCH_BYTES];
        struct mt_buf scratch = mt_buf_of(bytes, sizeof bytes);
        struct mt_value v = screen->columns[i].get(row, &scratch);
        if (i > 0)
            mt_out_char(o, ',');
        if (v.known && v.unit == MT_UNIT_TEXT)
            mt_csv_text(o, v.text, false);
        else if (v.known)
            put_figure(o, &v);
    }
    mt_out_str(o, "\r\n");
}

/* ---- documents ---- */

void mt_printer_rows_begin(struct mt_printer *p)
{
    struct mt_out o;
    if (p->format != MT_FORMAT_CSV)
        return;
    mt_out_init(&o, (struct mt_sink){mt_write_file, p->file});
    for (size_t i = 0; i < p->screen->count; i++) {
        if (i > 0)
            mt_out_char(&o, ',');
        mt_out_str(&o, p->screen->columns[i].key);
    }
    mt_out_str(&o, "\r\n");
    p->failed |= mt_out_flush(&o) != 0;
}

void mt_printer_rows_head(struct mt_printer *p, const struct mt_coverage *c)
{
    if (p->format != MT_FORMAT_JSON)
        return;
    p->headed = true;
    (void)fputc('{', p->file);
    if (c != NULL)
        (void)fprintf(p->file,
                      "\"from_ns\":%lld,\"to_ns\":%lld,"
                      "\"answered_from\":\"%s\",\"complete\":%s,",
                      (long long)c->from_ns, (long long)c->to_ns,
                      c->rows ? "rows" : "cells",
                      c->complete ? "true" : "false");
    if (c != NULL && c->sample_one_of > 1)
        (void)fprintf(p->file, "\"sample_one_of\":%u,",
                      (unsigned)c->sample_one_of);
    (void)fprintf(p->file, "\"%s\":[", p->screen->name);
}

void mt_printer_rows_add(struct mt_printer *p, const void *row)
{
    struct mt_out o;
    mt_out_init(&o, (struct mt_sink){mt_write_file, p->file});
    switch (p->format) {
    case MT_FORMAT_JSON:
        mt_out_str(&o, p->rows > 0 ? ",\n" : "\n");
        put_json_row(&o, p->screen, row);
        break;
    case MT_FORMAT_JSONL:
        put_json_row(&o, p->screen, row);
        mt_out_char(&o, '\n');
        break;
    default:
        put_csv_row(&o, p->screen, row);
    }
    p->failed |= mt_out_flush(&o) != 0;
}

void mt_printer_rows_end(struct mt_printer *p)
{
    if (p->headed)
        (void)fputs(p->rows > 0 ? "\n]}\n" : "]}\n", p->file);
}
