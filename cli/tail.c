/* meshtop tail: exchanges, one a line. */
#include <string.h>

#include "base/text.h"
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

static void note(struct mt_printer *out, struct mt_buf *words)
{
    char text[2100];
    const char *rule = out->style.ascii ? "--" : "\xe2\x94\x80\xe2\x94\x80";
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    mt_put_str(&b, rule);
    mt_put_char(&b, ' ');
    mt_put_span(&b, mt_buf_span(words));
    mt_put_char(&b, ' ');
    mt_put_str(&b, rule);
    text[b.len] = '\0';
    mt_printer_note(out, text);
}

/* As the column of this name shows it. */
static void put_column(struct mt_buf *b, const char *key,
                       const struct mt_exchange *x,
                       const struct mt_value_style *style)
{
    char scratch[256];
    struct mt_buf composed = mt_buf_of(scratch, sizeof scratch);
    const struct mt_screen *screen = &mt_screen_exchanges;
    size_t i = 0;
    while (strcmp(screen->columns[i].key, key) != 0)
        i++;
    struct mt_value v = screen->columns[i].get(x, &composed);
    mt_put_char(b, ' ');
    mt_value_put(b, &v, style);
}

/* "open for 2 s: frontend -> cart GET /cart/7" */
static void print_open(void *context, const struct mt_exchange *x,
                       int64_t now_ns)
{
    enum { TEXT_COLUMNS = 60 };
    struct mt_printer *out = context;
    struct mt_value_style style = out->style;
    char words[2048];
    struct mt_buf b = mt_buf_of(words, sizeof words);
    style.max_width = TEXT_COLUMNS;
    mt_put_str(&b, "open for ");
    mt_put_age(&b, now_ns - x->req.start_ns);
    mt_put_char(&b, ':');
    put_column(&b, "client", x, &style);
    mt_put_str(&b, style.ascii ? " ->" : " \xe2\x86\x92");
    put_column(&b, "server", x, &style);
    put_column(&b, "method", x, &style);
    put_column(&b, "path", x, &style);
    note(out, &b);
}

static void print_more_open(void *context, uint64_t n)
{
    char words[64];
    struct mt_buf b = mt_buf_of(words, sizeof words);
    mt_put_decimal(&b, n);
    mt_put_str(&b, n == 1 ? " more is open" : " more are open");
    note(context, &b);
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
    each.open = table ? print_open : NULL;
    each.more_open = print_more_open;
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
    if (rc == MT_EXIT_OK && out.rows == 0 && each.opened == 0 && table)
        mt_say(NULL, o->operands_count > 0 ? "no exchange matches the filter"
                                           : "no exchanges");
    return rc;
}
