/* meshtop stat, edges and routes: one question each, and its table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/printer.h"
#include "cli/say.h"
#include "cli/view.h"

typedef int question(struct mt_store *s, const struct mt_ask *ask,
                     struct mt_answer *a);

struct table {
    question *ask;
    const struct mt_screen *screen;
    const char *one, *many;
};

/* ---- the line below a table ---- */

static void put_plural(struct mt_buf *b, uint64_t n, const char *one,
                       const char *many)
{
    mt_put_count(b, n);
    mt_put_char(b, ' ');
    mt_put_str(b, n == 1 ? one : many);
}

static void put_percent(struct mt_buf *b, double share)
{
    char text[32];
    (void)snprintf(text, sizeof text, share < 0.0995 ? "%.1f %%" : "%.0f %%",
                   share * 100);
    mt_put_str(b, text);
}

/* What capture gaps may hide: if everything that they left unjudged had
 * failed, or gone well, success would lie so far to either side. */
static void put_error_bar(struct mt_buf *b, const struct mt_counts *c)
{
    uint64_t judged = c->ok + c->client_error + c->failure;
    uint64_t unknown = c->exchanges - judged;
    uint64_t hidden = c->gaps < unknown ? c->gaps : unknown;
    if (c->gaps == 0 || c->exchanges == 0)
        return;
    mt_put_str(b, " ");
    put_percent(b, (double)c->gaps / (double)c->exchanges);
    mt_put_str(b, " affected by capture gaps: success \xc2\xb1");
    put_percent(b, judged + hidden > 0
                       ? (double)hidden / 2 / (double)(judged + hidden)
                       : 0);
    mt_put_char(b, '.');
}

/* What golden metrics leave out: 0 where that is not known. */
static uint64_t left_out(const struct mt_view *v, const struct mt_answer *a)
{
    struct mt_answer all = {0};
    struct mt_ask ask = v->ask;
    uint64_t n = 0;
    ask.attempts = ask.counts = true;
    if (ask.filter == NULL && mt_query_edges(v->store, &ask, &all) == 0)
        n = all.total.counts.exchanges;
    mt_answer_free(&all);
    return n > a->total.counts.exchanges ? n - a->total.counts.exchanges : 0;
}

static void put_left_out(struct mt_buf *b, uint64_t n)
{
    if (n == 0)
        return;
    mt_put_char(b, ' ');
    mt_put_count(b, n);
    mt_put_str(b, n == 1 ? " more is" : " more are");
    mt_put_str(b, " not counted here: connections, tries of a proxy, what was "
                  "seen twice.");
}

static void print_footer(const struct mt_view *v, const struct mt_answer *a,
                         const struct table *t)
{
    char line[1024];
    struct mt_buf b = mt_buf_of(line, sizeof line);
    const struct mt_counts *c = &a->total.counts;
    put_plural(&b, c->exchanges, "exchange", "exchanges");
    mt_put_str(&b, " in ");
    mt_put_age(&b, v->ask.to_ns - v->ask.from_ns);
    mt_put_str(&b, ", ");
    put_plural(&b, a->count, t->one, t->many);
    mt_put_char(&b, '.');
    if (t->ask != mt_query_summary && t->ask != NULL)
        put_left_out(&b, left_out(v, a));
    put_error_bar(&b, c);
    if (c->midstream > 0) {
        mt_put_char(&b, ' ');
        mt_put_count(&b, c->midstream);
        mt_put_str(&b, " of connections joined late.");
    }
    if (c->inferred > 0) {
        mt_put_char(&b, ' ');
        mt_put_count(&b, c->inferred);
        mt_put_str(&b, " inferred from encrypted traffic (~).");
    }
    if (a->coverage.sample_one_of > 1) {
        mt_put_str(&b, " A sample: at times only 1 of ");
        mt_put_decimal(&b, a->coverage.sample_one_of);
        mt_put_str(&b, " connections.");
    }
    if (!a->coverage.complete)
        mt_put_str(&b, " The answer is not complete: rows of that time are "
                       "gone, or reading took too long.");
    printf("\n%.*s\n", (int)b.len, line);
}

/* Nothing to show has many causes: name the one at hand. */
static void explain_empty(const struct mt_view *v)
{
    const struct mt_feed_result *f = &v->feed;
    if (v->filter != NULL) {
        mt_say(NULL, "no exchange matches the filter");
        return;
    }
    if (!v->from_capture) {
        mt_say(v->name, "no exchanges in this window");
        return;
    }
    mt_say(NULL,
           "no exchanges: %llu packets, %llu TCP segments in %llu "
           "connections, %llu bytes that no decoder knows",
           (unsigned long long)f->packets,
           (unsigned long long)f->tap.tap.segments,
           (unsigned long long)f->tap.tap.conns,
           (unsigned long long)f->tap.decode.undecoded_bytes);
}

/* ---- one table ---- */

static int print_answer(const struct mt_view *v, const struct mt_options *o,
                        const struct table *t, struct mt_answer *a)
{
    struct mt_printer out;
    bool table = o->format == MT_FORMAT_TABLE || o->format == MT_FORMAT_WIDE;
    if (a->count == 0 && table) {
        explain_empty(v);
        return MT_EXIT_OK;
    }
    mt_printer_open(&out, stdout, t->screen, o->format);
    mt_printer_head(&out, &a->coverage);
    for (size_t i = 0; i < a->count && (o->limit == 0 || i < o->limit); i++)
        mt_printer_row(&out, &a->rows[i]);
    int rc = mt_printer_close(&out);
    if (table)
        print_footer(v, a, t);
    return rc == 0 ? MT_EXIT_OK : MT_EXIT_ERROR;
}

static int set_by(struct mt_view *v, const struct mt_options *o)
{
    if (o->by == NULL)
        return 0;
    if (strcmp(o->by, "endpoint") == 0)
        v->ask.by_endpoint = true;
    else if (strcmp(o->by, "method") == 0)
        v->ask.by_method = true;
    else {
        mt_say("--by", "'%s' is not method or endpoint", o->by);
        return MT_EXIT_USAGE;
    }
    return 0;
}

static const struct table series = {NULL, &mt_screen_series, "stretch",
                                    "stretches"};
static const struct table summary = {mt_query_summary, &mt_screen_summary,
                                     "row", "rows"};

static const struct table *table_of(const struct mt_options *o,
                                    const struct table *usual)
{
    return o->window_ns > 0 ? &series : o->entry ? &summary : usual;
}

static int ask_and_print(const struct mt_options *o, const struct table *t,
                         bool by_method)
{
    struct mt_view v;
    struct mt_answer a = {0};
    int rc = mt_view_open(&v, o, MT_VIEW_CELLS);
    v.ask.by_method = by_method;
    if (rc == 0)
        rc = set_by(&v, o);
    if (rc == 0) {
        const struct table *shown = table_of(o, t);
        v.ask.entry = o->entry;
        int asked = o->window_ns > 0
                        ? mt_query_series(v.store, &v.ask, o->window_ns, &a)
                        : shown->ask(v.store, &v.ask, &a);
        rc = asked != 0 ? mt_view_failed(&v, asked)
                        : print_answer(&v, o, shown, &a);
        mt_answer_free(&a);
    }
    if (rc == 0)
        rc = mt_feed_exit(o, &v.feed);
    mt_view_close(&v);
    return rc;
}

int mt_command_stat(const struct mt_options *o)
{
    static const struct table t = {mt_query_services, &mt_screen_services,
                                   "service", "services"};
    return ask_and_print(o, &t, false);
}

int mt_command_edges(const struct mt_options *o)
{
    static const struct table t = {mt_query_edges, &mt_screen_edges, "edge",
                                   "edges"};
    return ask_and_print(o, &t, false);
}

int mt_command_routes(const struct mt_options *o)
{
    static const struct table t = {mt_query_routes, &mt_screen_routes, "route",
                                   "routes"};
    return ask_and_print(o, &t, true);
}
