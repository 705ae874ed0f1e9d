/* meshtop tail: exchanges, one a line. */
#include "cli/each.h"
#include "cli/printer.h"
#include "cli/say.h"

enum { NEWEST = 50 };

static bool print(void *context, const struct mt_exchange *x)
{
    struct mt_printer *out = context;
    if (out->rows == 0) {
        out->style.offset_s = mt_local_offset_s(x->end_ns);
        mt_printer_head(out, NULL);
    }
    mt_printer_row(out, x);
    return !out->failed && ferror(out->file) == 0;
}

static void print_lost(void *context, const struct mt_lost *lost)
{
    struct mt_printer *out = context;
    char text[128];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    mt_put_lost_here(&b, lost, out->style.ascii);
    text[b.len] = '\0';
    mt_printer_note(out, text);
}

static void flush(void *context)
{
    mt_printer_flush(context);
}

int mt_command_tail(const struct mt_options *o)
{
    struct mt_printer out;
    struct mt_each each = {.options = o,
                           .newest = o->limit,
                           .context = &out,
                           .exchange = print,
                           .idle = flush};
    bool table = o->format == MT_FORMAT_TABLE || o->format == MT_FORMAT_WIDE;
    each.lost = table ? print_lost : NULL;
    if (o->format == MT_FORMAT_JSON && o->follow) {
        mt_say("-o", "what is followed has no end to close a JSON list; use "
                     "jsonl");
        return MT_EXIT_USAGE;
    }
    if (o->limit == 0 && table && mt_options_sources(o) == 0 &&
        o->since == NULL && o->last_ns == 0)
        each.newest = NEWEST;
    mt_printer_open(&out, stdout, &mt_screen_exchanges, o->format);
    int rc = mt_each_exchange(&each);
    if (rc == MT_EXIT_OK && out.rows == 0)
        mt_printer_head(&out, NULL);
    if (mt_printer_close(&out) != 0 && rc == MT_EXIT_OK)
        rc = MT_EXIT_ERROR;
    if (rc == MT_EXIT_OK && out.rows == 0 && table)
        mt_say(NULL, o->operands_count > 0 ? "no exchange matches the filter"
                                           : "no exchanges");
    return rc;
}
