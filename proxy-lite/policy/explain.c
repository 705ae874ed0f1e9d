#include "proxy-lite/policy/explain.h"

#include "base/text.h"
#include "base/text_addr.h"
#include "base/text_escape.h"
#include "proxy-lite/policy/balance.h"
#include "proxy-lite/policy/retry.h"
#include "proxy-lite/policy/rewrite.h"

enum { TEXT_COLUMNS = 200, WHY_BYTES = 1024 };

/* ---- pieces ---- */

static void say(struct mt_out *o, const char *s)
{
    mt_out_str(o, s);
}

/* What others wrote, safe for a terminal. */
static void quote(struct mt_out *o, struct mt_span s)
{
    (void)mt_put_escaped(mt_out_room(o, MT_OUT_BYTES / 4), s, TEXT_COLUMNS);
}

static void number(struct mt_out *o, uint64_t v)
{
    mt_put_decimal(mt_out_room(o, 24), v);
}

static void duration(struct mt_out *o, int64_t ns)
{
    if (ns == 0)
        say(o, "none");
    else
        mt_put_duration(mt_out_room(o, 64), ns);
}

static void list(struct mt_out *o, const struct mt_span *texts, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        say(o, i == 0 ? "" : i + 1 == n ? " or " : ", ");
        quote(o, texts[i]);
    }
}

static void route_name(struct mt_out *o, const struct mt_policy_route *r)
{
    if (r->name.len > 0) {
        quote(o, r->name);
    } else {
        say(o, "route ");
        number(o, (uint64_t)r->index + 1);
    }
    if (r->line > 0) {
        say(o, " (line ");
        number(o, r->line);
        say(o, ")");
    }
}

/* ---- what an entry matches ---- */

static void path_words(struct mt_out *o, const struct mt_policy_match *m)
{
    static const char *const before[] = {
#define X(name, function, word, shown, fails, help) shown,
        MT_PATH_MATCHES(X)
#undef X
    };
    say(o, before[m->path_how]);
    quote(o, m->path);
    say(o, m->path_how == MT_PATH_PREFIX ? "/*" : "");
}

static void field_words(struct mt_out *o, const char *what,
                        const struct mt_policy_field_match *m)
{
    static const char *const words[] = {
#define X(name, function, word, holds, fails, help) holds,
        MT_COMPARISONS(X)
#undef X
    };
    say(o, what);
    quote(o, m->name);
    say(o, words[m->how]);
    quote(o, m->value);
}

static const char *comma(bool *any)
{
    const char *text = *any ? ", " : "";
    *any = true;
    return text;
}

static void entry_words(struct mt_out *o, const struct mt_policy_entry *e)
{
    const struct mt_policy_match *m = e->match;
    bool any = false;
    if (e->host->text.len > 0) {
        say(o, comma(&any));
        say(o, e->host->suffix ? "host *" : "host ");
        quote(o, e->host->text);
    }
    if (m->path_how != MT_PATH_ANY) {
        say(o, comma(&any));
        path_words(o, m);
    }
    if (m->grpc) {
        say(o, comma(&any));
        say(o, "gRPC");
    }
    if (m->methods_count > 0) {
        say(o, comma(&any));
        say(o, "method ");
        list(o, m->methods, m->methods_count);
    }
    for (uint32_t i = 0; i < m->headers_count; i++) {
        say(o, comma(&any));
        field_words(o, "header ", &m->headers[i]);
    }
    for (uint32_t i = 0; i < m->query_count; i++) {
        say(o, comma(&any));
        field_words(o, "query ", &m->query[i]);
    }
    say(o, any ? "" : "everything");
}

static void line_of(struct mt_out *o, const char *mark,
                    const struct mt_policy_entry *e)
{
    say(o, mark);
    route_name(o, e->route);
    say(o, ": ");
    entry_words(o, e);
    say(o, "\n");
}

/* ---- what a route does ---- */

static void endpoints_words(struct mt_out *o, const struct mt_policy_service *s)
{
    say(o, s->every_address ? "every address of " : "");
    for (uint32_t i = 0; i < s->endpoints_count; i++) {
        const struct mt_policy_endpoint *e = &s->endpoints[i];
        say(o, i > 0 ? ", " : "");
        if (mt_ip_is_none(e->ip)) {
            quote(o, e->host);
            say(o, ":");
            number(o, e->port);
        } else {
            mt_put_ip_port(mt_out_room(o, 64), e->ip, e->port);
        }
    }
    say(o, "; ");
    say(o, mt_balance_text(s->balance));
    say(o, "\n");
}

static void to_words(struct mt_out *o, const struct mt_policy *p,
                     const struct mt_policy_split *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        const struct mt_policy_service *service =
            p->services[s->list[i].service];
        say(o, "to       ");
        quote(o, service->name);
        if (s->count > 1) {
            say(o, ", ");
            number(o, s->list[i].weight);
            say(o, " of ");
            number(o, s->total);
        }
        say(o, ": ");
        endpoints_words(o, service);
    }
    if (s->sticky == MT_STICKY_NONE)
        return;
    say(o, s->sticky == MT_STICKY_COOKIE ? "sticky   by cookie "
                                         : "sticky   by header ");
    quote(o, s->sticky_name);
    say(o, "\n");
}

static bool has_status(const struct mt_policy_retry *r, unsigned s)
{
    return (r->statuses[s / 64] >> (s % 64) & 1) != 0;
}

/* 500-599, 429 */
static void statuses_words(struct mt_out *o, const struct mt_policy_retry *r,
                           bool *any)
{
    enum { END = MT_RETRY_STATUS_WORDS * 64 };
    for (unsigned s = 0; s < END; s++) {
        unsigned first = s;
        if (!has_status(r, s))
            continue;
        while (s + 1 < END && has_status(r, s + 1))
            s++;
        say(o, comma(any));
        number(o, first);
        if (s > first) {
            say(o, "-");
            number(o, s);
        }
    }
}

static void conditions_words(struct mt_out *o, const struct mt_policy_retry *r)
{
    bool any = false;
    statuses_words(o, r, &any);
#define X(name, function, word, help)             \
    if ((r->on >> MT_RETRY_ON_##name & 1) != 0) { \
        say(o, comma(&any));                      \
        say(o, word);                             \
    }
    MT_RETRY_ON(X)
#undef X
#define X(word, code, help)                 \
    if ((r->grpc_codes >> (code)&1) != 0) { \
        say(o, comma(&any));                \
        say(o, word);                       \
    }
    MT_RETRY_GRPC_CODES(X)
#undef X
}

static void retry_words(struct mt_out *o, const struct mt_policy *p,
                        const struct mt_policy_retry *r)
{
    const struct mt_policy_budget *b = &p->budgets[r->budget];
    say(o, "retry    up to ");
    number(o, r->attempts);
    say(o, " on ");
    conditions_words(o, r);
    say(o, "\n         after up to ");
    duration(o, r->backoff_min_ns);
    say(o, ", later up to ");
    duration(o, r->backoff_max_ns);
    say(o, "; methods ");
    if (r->methods_count > 0)
        list(o, r->methods, r->methods_count);
    else
        say(o, "that are idempotent");
    say(o, "\n         within ");
    number(o, b->percent);
    say(o, " % of the requests and ");
    number(o, b->min_per_second);
    say(o, r->budget == 0 ? " a second, of the process\n"
                          : " a second, of this route\n");
}

static void edits_words(struct mt_out *o, const char *what,
                        const struct mt_policy_edits *e)
{
    for (uint32_t i = 0; i < e->remove_count; i++) {
        say(o, what);
        say(o, "without ");
        quote(o, e->remove[i]);
        say(o, "\n");
    }
    for (uint32_t i = 0; i < e->set_count + e->add_count; i++) {
        bool add = i >= e->set_count;
        const struct mt_policy_field *f =
            add ? &e->add[i - e->set_count] : &e->set[i];
        say(o, what);
        say(o, add ? "also " : "");
        quote(o, f->name);
        say(o, ": ");
        quote(o, f->value);
        say(o, "\n");
    }
}

static void rewritten(struct mt_out *o, const struct mt_policy_entry *e,
                      const struct mt_policy_request *r)
{
    uint8_t bytes[WHY_BYTES];
    struct mt_buf path = mt_buf_of(bytes, sizeof bytes);
    const struct mt_policy_rewrite *w = &e->route->rewrite;
    if (w->host.len > 0) {
        say(o, "host     ");
        quote(o, w->host);
        say(o, "\n");
    }
    if (w->path_how == MT_PATH_KEEP)
        return;
    mt_rewrite_path(w, e->match, r->path, &path);
    say(o, "path     ");
    quote(o, mt_buf_span(&path));
    say(o, "\n");
}

static void do_to(struct mt_out *o, const struct mt_policy *p,
                  const struct mt_policy_entry *e,
                  const struct mt_policy_request *r)
{
    const struct mt_policy_route *route = e->route;
    to_words(o, p, &route->to);
    rewritten(o, e, r);
    edits_words(o, "request  ", &route->request_headers);
    say(o, "timeout  ");
    duration(o, route->timeout_ns);
    if (route->per_try_timeout_ns > 0) {
        say(o, ", of one try ");
        duration(o, route->per_try_timeout_ns);
    }
    say(o, "\n");
    if (route->retry != NULL)
        retry_words(o, p, route->retry);
    else
        say(o, "retry    never\n");
}

static void do_redirect(struct mt_out *o, const struct mt_policy *p,
                        const struct mt_policy_entry *e,
                        const struct mt_policy_request *r)
{
    uint8_t bytes[WHY_BYTES];
    struct mt_buf location = mt_buf_of(bytes, sizeof bytes);
    (void)p;
    mt_redirect_location(&e->route->redirect, e->match, r, &location);
    say(o, "redirect ");
    number(o, e->route->redirect.status);
    say(o, " to ");
    quote(o, mt_buf_span(&location));
    say(o, "\n");
}

static void do_respond(struct mt_out *o, const struct mt_policy *p,
                       const struct mt_policy_entry *e,
                       const struct mt_policy_request *r)
{
    (void)p;
    (void)r;
    say(o, "respond  ");
    number(o, e->route->respond.status);
    say(o, ", ");
    number(o, e->route->respond.body.len);
    say(o, " bytes of ");
    quote(o, e->route->respond.content_type);
    say(o, "\n");
}

static void (*const actions[])(struct mt_out *, const struct mt_policy *,
                               const struct mt_policy_entry *,
                               const struct mt_policy_request *) = {
    [MT_ACTION_TO] = do_to,
    [MT_ACTION_REDIRECT] = do_redirect,
    [MT_ACTION_RESPOND] = do_respond,
};

/* ---- the whole ---- */

static void request_words(struct mt_out *o, const struct mt_policy *p,
                          const struct mt_policy_request *r)
{
    quote(o, r->method);
    say(o, " ");
    quote(o, r->scheme);
    say(o, "://");
    quote(o, r->host);
    quote(o, r->path);
    if (r->query.len > 0) {
        say(o, "?");
        quote(o, r->query);
    }
    if (r->listener < p->listeners_count) {
        say(o, " on listener ");
        quote(o, p->listeners[r->listener]->name);
    }
    say(o, "\n\n");
}

static void why_not(struct mt_out *o, const struct mt_policy_entry *e,
                    const struct mt_policy_request *r,
                    struct mt_regex_scratch *s,
                    const struct mt_match_part *part)
{
    uint8_t bytes[WHY_BYTES];
    struct mt_buf why = mt_buf_of(bytes, sizeof bytes);
    part->why_not(e, r, s, &why);
    say(o, "           ");
    say(o, part->name);
    say(o, ": ");
    quote(o, mt_buf_span(&why));
    say(o, why.full ? "...\n" : "\n");
}

const struct mt_policy_entry *
mt_policy_explain(const struct mt_policy *p, const struct mt_policy_request *r,
                  struct mt_regex_scratch *scratch, struct mt_out *out)
{
    const struct mt_policy_entry *taken = NULL;
    request_words(out, p, r);
    for (uint32_t i = 0; i < p->entries_count; i++) {
        const struct mt_policy_entry *e = &p->entries[i];
        const struct mt_match_part *part = mt_match_fails(e, r, scratch);
        if (part != NULL) {
            line_of(out, "  no       ", e);
            why_not(out, e, r, scratch, part);
        } else if (taken == NULL) {
            line_of(out, "  matches  ", e);
            taken = e;
        } else {
            line_of(out, "  later    ", e);
        }
    }
    say(out, "\n");
    if (taken == NULL) {
        say(out, r->grpc ? "respond  UNIMPLEMENTED: no route matches\n"
                         : "respond  404: no route matches\n");
        return NULL;
    }
    say(out, "route    ");
    route_name(out, taken->route);
    say(out, "\n");
    actions[taken->route->action](out, p, taken, r);
    edits_words(out, "response ", &taken->route->response_headers);
    return taken;
}
