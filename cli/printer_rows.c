#include "cli/printer_rows.h"

#include "base/csv.h"
#include "base/out.h"
#include "cli/write.h"
#include "store/column_json.h"

enum { SCRATCH_BYTES = 1 << 15 };

/* ---- values ---- */

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
            mt_figure_put(o, &v);
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
    struct mt_out o;
    mt_out_init(&o, (struct mt_sink){mt_write_file, p->file});
    p->headed = true;
    mt_out_char(&o, '{');
    if (c != NULL) {
        mt_coverage_json_members(&o, c);
        mt_out_char(&o, ',');
    }
    mt_out_char(&o, '"');
    mt_out_str(&o, p->screen->name);
    mt_out_str(&o, "\":[");
    p->failed |= mt_out_flush(&o) != 0;
}

void mt_printer_rows_add(struct mt_printer *p, const void *row)
{
    struct mt_out o;
    mt_out_init(&o, (struct mt_sink){mt_write_file, p->file});
    switch (p->format) {
    case MT_FORMAT_JSON:
        mt_out_str(&o, p->rows > 0 ? ",\n" : "\n");
        mt_row_json(&o, p->screen, row);
        break;
    case MT_FORMAT_JSONL:
        mt_row_json(&o, p->screen, row);
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
