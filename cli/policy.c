/* meshtop policy: what proxies do for routes, and what their breakers and
 * budgets are at. */
#include <string.h>

#include "base/text.h"
#include "cli/clock.h"
#include "cli/printer.h"
#include "cli/say.h"
#include "cli/view.h"
#include "store/proxy_state.h"

enum what { ROUTES, ENDPOINTS, BUDGETS };

static int what_of(const struct mt_options *o, enum what *what)
{
    *what = ROUTES;
    if (o->by == NULL)
        return 0;
    if (strcmp(o->by, "endpoint") == 0)
        *what = ENDPOINTS;
    else if (strcmp(o->by, "budget") == 0)
        *what = BUDGETS;
    else {
        mt_say("--by", "'%s' is not endpoint or budget", o->by);
        return MT_EXIT_USAGE;
    }
    return 0;
}

static bool is_table(const struct mt_options *o)
{
    return o->format == MT_FORMAT_TABLE || o->format == MT_FORMAT_WIDE;
}

static int explain_empty(const struct mt_view *v)
{
    if (v->filter != NULL)
        mt_say(NULL, "no request of a proxy matches the filter");
    else
        mt_say(v->name, "no proxy wrote here in this window; begin with "
                        "meshtop proxy 8080=localhost:3000 -w DB");
    return MT_EXIT_OK;
}

static const struct mt_screen *screen_of(enum what what)
{
    static const struct mt_screen *const screens[] = {
        [ROUTES] = &mt_screen_policy,
        [ENDPOINTS] = &mt_screen_endpoints,
        [BUDGETS] = &mt_screen_budgets};
    return screens[what];
}

static void print_rows(struct mt_printer *out, enum what what, size_t limit,
                       const struct mt_answer *a, const struct mt_proxies *p)
{
    const size_t counts[] = {a->count, p->endpoints_count, p->budgets_count};
    size_t n = limit > 0 && limit < counts[what] ? limit : counts[what];
    for (size_t i = 0; i < n; i++)
        mt_printer_row(out, what == ROUTES      ? (const void *)&a->rows[i]
                            : what == ENDPOINTS ? (const void *)&p->endpoints[i]
                                                : (const void *)&p->budgets[i]);
}

static void print_footer(const struct mt_view *v, const struct mt_answer *a)
{
    char line[256];
    struct mt_buf b = mt_buf_of(line, sizeof line);
    mt_put_count(&b, a->total.counts.exchanges);
    mt_put_str(&b, a->total.counts.exchanges == 1 ? " request in "
                                                  : " requests in ");
    mt_put_age(&b, v->ask.to_ns - v->ask.from_ns);
    mt_put_str(&b, ".");
    if (!a->coverage.complete)
        mt_put_str(&b, " The answer is not complete: rows of that time are "
                       "gone, or reading took too long.");
    (void)printf("\n%.*s\n", (int)b.len, line);
}

static int print(const struct mt_view *v, const struct mt_options *o,
                 enum what what, const struct mt_answer *a,
                 const struct mt_proxies *p)
{
    struct mt_printer out;
    const size_t counts[] = {a->count, p->endpoints_count, p->budgets_count};
    if (counts[what] == 0 && is_table(o))
        return explain_empty(v);
    mt_printer_open(&out, stdout, screen_of(what), o->format);
    mt_printer_head(&out, what == ROUTES ? &a->coverage : NULL);
    print_rows(&out, what, o->limit, a, p);
    int rc = mt_printer_close(&out);
    if (is_table(o) && what == ROUTES)
        print_footer(v, a);
    if (p->more)
        mt_warn(v->name, "there are more endpoints or budgets than are read at "
                         "once");
    return rc == 0 ? MT_EXIT_OK : MT_EXIT_ERROR;
}

int mt_command_policy(const struct mt_options *o)
{
    struct mt_view v;
    struct mt_answer a = {0};
    struct mt_proxies p = {0};
    enum what what;
    int rc = what_of(o, &what);
    if (rc != 0)
        return rc;
    rc = mt_view_open(&v, o, MT_VIEW_CELLS);
    if (rc == 0) {
        int asked = what == ROUTES
                        ? mt_query_policy(v.store, &v.ask, mt_wall_ns(), &a, &p)
                        : mt_query_proxies(v.store, mt_wall_ns(), &p);
        rc =
            asked != 0 ? mt_view_failed(&v, asked) : print(&v, o, what, &a, &p);
    }
    mt_answer_free(&a);
    mt_proxies_free(&p);
    if (rc == 0)
        rc = mt_feed_exit(o, &v.feed);
    mt_view_close(&v);
    return rc;
}
