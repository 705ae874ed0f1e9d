/* What is inside a report, and what is left out. */
#include "web/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"
#include "store/filter.h"
#include "web/limits.h"
#include "web/report_page.h"

enum {
    ROWS = 1000,
    ROWS_OF_SERVICE = 50,
    KEY_BYTES = 64,
    FILTER_BYTES = MT_FILTER_TEXT_MAX,
};

struct writing {
    struct mt_web_report *r;
    struct mt_out out;
    struct mt_web_body body;
    struct mt_web_escape escape;
    char since[24], until[24];
    char filter[FILTER_BYTES];
    struct mt_web_ids ids; /* of the exchanges inside, ascending */
    uint64_t id[MT_WEB_REPORT_EXCHANGES_MAX];
    bool any; /* a member was written at this depth */
};

/* ---- questions ---- */

static struct mt_span digits(char text[24], int64_t ns)
{
    struct mt_buf b = mt_buf_of(text, 24);
    if (ns != 0)
        mt_put_signed(&b, ns);
    return mt_buf_span(&b);
}

/* The report's filter, and a further term. -1: it is too long. */
static int narrow(struct writing *w, struct mt_span term, struct mt_span *all)
{
    struct mt_buf b = mt_buf_of(w->filter, sizeof w->filter);
    mt_web_put_both(&b, w->r->filter, term);
    *all = mt_buf_span(&b);
    return b.full ? -1 : 0;
}

static int set_params(struct writing *w, struct mt_web_params *p,
                      struct mt_span term)
{
    p->since = digits(w->since, w->r->since_ns);
    p->until = digits(w->until, w->r->until_ns);
    if (narrow(w, term, &p->filter) != 0)
        return mt_web_problem(&w->r->problem, MT_WEB_FILTER, "filter",
                              "too long to be narrowed to a service");
    p->given |= p->since.len > 0 ? MT_WEB_BIT(SINCE) : 0;
    p->given |= p->until.len > 0 ? MT_WEB_BIT(UNTIL) : 0;
    p->given |= p->filter.len > 0 ? MT_WEB_BIT(FILTER) : 0;
    return 0;
}

static void put_key(struct writing *w, struct mt_span key)
{
    if (w->any)
        mt_out_str(&w->out, ",\n");
    w->any = true;
    mt_json_string(&w->out, key);
    mt_out_char(&w->out, ':');
}

/* What the API answers. 0, or -1 with the problem. */
static int put_answer(struct writing *w, const char *path,
                      const struct mt_web_params *p, struct mt_web_ids *ids)
{
    struct mt_web_asked asked = {.params = p, .ids = ids};
    struct mt_web_reply reply;
    struct mt_web_problem why;
    asked.route = mt_web_route_find(mt_span_str(path), &asked.id);
    mt_web_answer(w->r->site, w->r->store, &asked, &reply, &why);
    bool fine = reply.status == 200;
    if (fine)
        mt_out_span(&w->out, (struct mt_span){reply.body.ptr, reply.body.len});
    else
        (void)mt_web_problem(&w->r->problem, why.kind, NULL, "%.40s: %.400s",
                             path, why.detail);
    free(reply.body.ptr);
    return fine ? 0 : -1;
}

/* ---- the pages' figures ---- */

/* What is asked of the whole, and of each service: every route that has a
 * window and a filter, but for the lists of exchanges. */
static bool is_figure(const struct mt_web_route *route, bool whole)
{
    return route->windowed && route->answer != mt_web_exchanges &&
           (whole || route->answer != mt_web_captures);
}

static int put_question(struct writing *w, const struct mt_web_route *route,
                        struct mt_span term, bool entry)
{
    char key[KEY_BYTES];
    struct mt_web_params p = {.entry = entry};
    int rc = set_params(w, &p, term);
    if (entry)
        p.given |= MT_WEB_BIT(ENTRY);
    if ((route->params & MT_WEB_BIT(LIMIT)) != 0) {
        p.limit = term.len > 0 ? ROWS_OF_SERVICE : ROWS;
        p.given |= MT_WEB_BIT(LIMIT);
    }
    if ((route->params & MT_WEB_BIT(TREND)) != 0 && p.filter.len == 0) {
        p.trend = true; /* of all requests, or none */
        p.given |= MT_WEB_BIT(TREND);
    }
    (void)snprintf(key, sizeof key, "%s%s", route->path,
                   entry ? "?entry=true" : "");
    put_key(w, mt_span_str(key));
    return rc == 0 ? put_answer(w, route->path, &p, NULL) : rc;
}

/* A page asks of services what comes from outside alone, where it can. */
static int put_route(struct writing *w, const struct mt_web_route *route,
                     struct mt_span term)
{
    bool both = (route->params & MT_WEB_BIT(ENTRY)) != 0;
    int rc = both ? put_question(w, route, term, true) : 0;
    return rc == 0 && (!both || term.len == 0)
               ? put_question(w, route, term, false)
               : rc;
}

static int put_rest(struct writing *w)
{
    static const char *const paths[] = {"open", "columns"};
    const struct mt_web_params none = {.given = 0};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof paths / sizeof paths[0]; i++) {
        put_key(w, mt_span_str(paths[i]));
        rc = put_answer(w, paths[i], &none, NULL);
    }
    return rc;
}

/* {"summary":...}, of the requests that `term` selects. */
static int put_figures(struct writing *w, struct mt_span term)
{
    int rc = 0;
    put_key(w, term);
    mt_out_char(&w->out, '{');
    w->any = false;
    for (size_t i = 0; rc == 0 && i < mt_web_routes_count; i++)
        if (is_figure(&mt_web_routes[i], term.len == 0))
            rc = put_route(w, &mt_web_routes[i], term);
    if (rc == 0 && term.len == 0)
        rc = put_rest(w);
    mt_out_char(&w->out, '}');
    w->any = true;
    return rc;
}

/* ---- services ---- */

/* As the page spells it (narrowed() of web/ui/src/url.ts). */
static void put_term(struct mt_buf *b, const char *service)
{
    static const char bare[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/:{}";
    bool quoted = service[strspn(service, bare)] != '\0';
    mt_put_str(b, quoted ? "svc=\"" : "svc=");
    for (const char *c = service; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            mt_put_char(b, '\\');
        mt_put_char(b, *c);
    }
    mt_put_str(b, quoted ? "\"" : "");
}

static int put_service(struct writing *w, const char *service)
{
    char term[FILTER_BYTES / 2];
    struct mt_buf b = mt_buf_of(term, sizeof term);
    put_term(&b, service);
    return b.full ? 0 : put_figures(w, mt_buf_span(&b));
}

/* The window and filter as a question of the store's. 0, -1 or a code. */
static int find_ask(struct writing *w, struct mt_ask *ask,
                    struct mt_filter **filter)
{
    struct mt_web_report *r = w->r;
    struct mt_web_params p = {.given = 0};
    struct mt_window_spec spec = {.since_ns = r->since_ns,
                                  .until_ns = r->until_ns,
                                  .wall_ns = r->site->wall_ns()};
    int64_t now_ns;
    bool live;
    *filter = NULL;
    int rc = set_params(w, &p, MT_SPAN(""));
    if (rc == 0)
        rc = mt_query_now(r->store, spec.wall_ns, &now_ns, &live);
    if (rc == 0)
        rc = mt_web_filter(r->site, &p, now_ns, filter, &r->problem);
    if (rc == 0)
        rc = mt_query_window(r->store, &spec, &ask->from_ns, &ask->to_ns);
    ask->filter = *filter;
    return rc;
}

static int put_services(struct writing *w, const struct mt_ask *ask)
{
    struct mt_answer a = {0};
    int rc = mt_query_services(w->r->store, ask, &a);
    w->r->services_all = a.count;
    for (size_t i = 0; rc == 0 && i < a.count && i < MT_WEB_REPORT_SERVICES_MAX;
         i++) {
        rc = put_service(w, a.rows[i].server);
        w->r->services = i + 1;
    }
    mt_answer_free(&a);
    return rc;
}

static int put_answers(struct writing *w, const struct mt_ask *ask)
{
    mt_out_str(&w->out, "\"answers\":{");
    w->any = false;
    int rc = put_figures(w, MT_SPAN(""));
    if (rc == 0)
        rc = put_services(w, ask);
    mt_out_str(&w->out, "}");
    return rc;
}

/* ---- exchanges ---- */

static int put_list(struct writing *w, uint64_t limit, enum mt_web_order order,
                    const char *term)
{
    struct mt_web_params p = {.given = MT_WEB_BIT(LIMIT) | MT_WEB_BIT(ORDER),
                              .limit = limit,
                              .order = order};
    int rc = set_params(w, &p, mt_span_str(term));
    if (w->any)
        mt_out_char(&w->out, ',');
    w->any = true;
    return rc == 0 ? put_answer(w, "exchanges", &p, &w->ids) : rc;
}

/* Lists of rows; one may be in several. */
static int put_lists(struct writing *w)
{
    uint64_t max = w->r->exchanges_max, part = max > 3 ? max / 3 : 1;
    mt_out_str(&w->out, ",\n\"lists\":[");
    w->any = false;
    int rc = put_list(w, part, MT_WEB_SLOWEST, "");
    if (rc == 0)
        rc = put_list(w, part, MT_WEB_NEWEST, "outcome=failure");
    if (rc == 0)
        rc = put_list(w, max, MT_WEB_NEWEST, "");
    mt_out_str(&w->out, "]");
    return rc;
}

static int put_exchanges(struct writing *w)
{
    const struct mt_web_params none = {.given = 0};
    int rc = put_lists(w);
    mt_out_str(&w->out, ",\n\"exchange\":{");
    w->any = false;
    w->r->exchanges = w->ids.count;
    for (size_t i = 0; rc == 0 && i < w->ids.count; i++) {
        char id[24], path[40];
        (void)snprintf(id, sizeof id, "%llu",
                       (unsigned long long)w->ids.list[i]);
        (void)snprintf(path, sizeof path, "exchange/%s", id);
        put_key(w, mt_span_str(id));
        rc = put_answer(w, path, &none, NULL);
    }
    mt_out_str(&w->out, "}");
    return rc;
}

/* A value of a query that was not redacted (decode/draft_fields.c). */
static bool has_values(struct mt_span query)
{
    while (query.len > 0) {
        struct mt_span pair = mt_span_take(&query, mt_span_find(query, '&'));
        size_t key = mt_span_find(pair, '=');
        (void)mt_span_take(&query, query.len > 0);
        (void)mt_span_take(&pair, key < pair.len ? key + 1 : 0);
        if (pair.len > 0 && !mt_span_eq(pair, MT_SPAN("*")))
            return true;
    }
    return false;
}

/* How many there are, and whether any holds what may be a credential. */
static int count_exchanges(struct mt_web_report *r, const struct mt_ask *ask)
{
    const struct mt_scan scan = {.ask = *ask, .order = MT_NEWEST_FIRST};
    struct mt_rows *rows;
    const struct mt_exchange *x;
    int rc = mt_query_exchanges(r->store, &scan, &rows);
    if (rc != 0)
        return rc;
    while ((rc = mt_rows_next(rows, &x)) == 1) {
        r->found++;
        r->kept_values = r->kept_values || x->req_fields.count > 0 ||
                         x->resp_fields.count > 0 || has_values(x->query);
    }
    mt_rows_free(rows);
    return rc;
}

/* ---- all ---- */

static void put_head(struct writing *w, const struct mt_ask *ask)
{
    const struct mt_web_report *r = w->r;
    struct mt_out *o = &w->out;
    mt_out_char(o, '{');
    mt_web_text(o, "version", r->site->version);
    mt_web_text(o, ",of", r->label);
    mt_web_span(o, ",filter", r->filter);
    mt_web_flag(o, ",windowed", r->since_ns != 0 || r->until_ns != 0);
    mt_web_number(o, ",from_ns", ask->from_ns);
    mt_web_number(o, ",to_ns", ask->to_ns);
    mt_out_str(o, ",\n");
}

static void put_tail(struct writing *w)
{
    const struct mt_web_report *r = w->r;
    struct mt_out *o = &w->out;
    mt_out_str(o, ",\n\"exchanges\":{");
    mt_web_count(o, "inside", r->exchanges);
    mt_web_count(o, ",found", r->found);
    mt_out_str(o, "},\"services\":{");
    mt_web_count(o, "inside", r->services);
    mt_web_count(o, ",found", r->services_all);
    mt_out_str(o, "}}\n");
}

static int put_all(struct writing *w)
{
    struct mt_ask ask = {0};
    struct mt_filter *filter;
    int rc = find_ask(w, &ask, &filter);
    if (rc == 0)
        rc = count_exchanges(w->r, &ask);
    if (rc == 0) {
        put_head(w, &ask);
        rc = put_answers(w, &ask);
    }
    if (rc == 0)
        rc = put_exchanges(w);
    put_tail(w);
    mt_filter_free(filter);
    return rc;
}

/* What could not be held is said of all that else went wrong. */
static int settle(struct writing *w, int rc)
{
    int flushed = mt_out_flush(&w->out);
    if (flushed == 0)
        flushed = mt_web_escape_end(&w->escape);
    if (flushed == -E2BIG)
        return mt_web_problem(&w->r->problem, MT_WEB_TOO_LARGE, NULL,
                              "it would have more than %d MiB; ask with a "
                              "smaller -n, or a filter",
                              MT_WEB_REPORT_BYTES >> 20);
    return rc == 0 && flushed != 0 ? MT_STORE_ENOMEM : rc;
}

static int failed(struct mt_web_report *r, int rc)
{
    if (r->problem.kind == MT_WEB_FINE)
        mt_web_problem_of_store(&r->problem, rc);
    return -1;
}

int mt_web_report_write(struct mt_web_report *r, struct mt_sink sink)
{
    struct writing *w = calloc(1, sizeof *w);
    if (w == NULL)
        return failed(r, MT_STORE_ENOMEM);
    w->r = r;
    w->ids.list = w->id;
    w->ids.max = r->exchanges_max;
    w->body.max = MT_WEB_REPORT_BYTES;
    w->escape.to = mt_web_body_sink(&w->body);
    mt_out_init(&w->out, mt_web_escape_sink(&w->escape));
    int rc = settle(w, put_all(w));
    if (rc == 0)
        rc = mt_web_report_page((struct mt_span){w->body.ptr, w->body.len},
                                sink);
    free(w->body.ptr);
    free(w);
    return rc == 0 ? 0 : failed(r, rc);
}
