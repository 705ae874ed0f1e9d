/* What a route does, in words. */
#include "base/text_addr.h"
#include "proxy-lite/policy/balance.h"
#include "proxy-lite/policy/explain_words.h"
#include "proxy-lite/policy/retry.h"
#include "proxy-lite/policy/rewrite.h"

static void endpoints_words(struct mt_out *o, const struct mt_policy_service *s)
{
    mt_words_say(o, s->every_address ? "every address of " : "");
    for (uint32_t i = 0; i < s->endpoints_count; i++) {
        const struct mt_policy_endpoint *e = &s->endpoints[i];
        mt_words_say(o, i > 0 ? ", " : "");
        if (mt_ip_is_none(e->ip)) {
            mt_words_quote(o, e->host);
            mt_words_say(o, ":");
            mt_words_number(o, e->port);
        } else {
            mt_put_ip_port(mt_out_room(o, 64), e->ip, e->port);
        }
    }
    mt_words_say(o, "; ");
    mt_words_say(o, mt_balance_text(s->balance));
    mt_words_say(o, "\n");
}

static void to_words(struct mt_out *o, const struct mt_policy *p,
                     const struct mt_policy_split *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        const struct mt_policy_service *service =
            p->services[s->list[i].service];
        mt_words_say(o, "to       ");
        mt_words_quote(o, service->name);
        if (s->count > 1) {
            mt_words_say(o, ", ");
            mt_words_number(o, s->list[i].weight);
            mt_words_say(o, " of ");
            mt_words_number(o, s->total);
        }
        mt_words_say(o, ": ");
        endpoints_words(o, service);
    }
    if (s->sticky == MT_STICKY_NONE)
        return;
    mt_words_say(o, s->sticky == MT_STICKY_COOKIE ? "sticky   by cookie "
                                                  : "sticky   by header ");
    mt_words_quote(o, s->sticky_name);
    mt_words_say(o, "\n");
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
        mt_words_say(o, mt_words_comma(any));
        mt_words_number(o, first);
        if (s > first) {
            mt_words_say(o, "-");
            mt_words_number(o, s);
        }
    }
}

static void conditions_words(struct mt_out *o, const struct mt_policy_retry *r)
{
    bool any = false;
    statuses_words(o, r, &any);
#define X(name, function, word, help)             \
    if ((r->on >> MT_RETRY_ON_##name & 1) != 0) { \
        mt_words_say(o, mt_words_comma(&any));    \
        mt_words_say(o, word);                    \
    }
    MT_RETRY_ON(X)
#undef X
#define X(word, code, help)                    \
    if ((r->grpc_codes >> (code)&1) != 0) {    \
        mt_words_say(o, mt_words_comma(&any)); \
        mt_words_say(o, word);                 \
    }
    MT_RETRY_GRPC_CODES(X)
#undef X
}

static void retry_words(struct mt_out *o, const struct mt_policy *p,
                        const struct mt_policy_retry *r)
{
    const struct mt_policy_budget *b = &p->budgets[r->budget];
    mt_words_say(o, "retry    up to ");
    mt_words_number(o, r->attempts);
    mt_words_say(o, " on ");
    conditions_words(o, r);
    mt_words_say(o, "\n         after up to ");
    mt_words_duration(o, r->backoff_min_ns);
    mt_words_say(o, ", later up to ");
    mt_words_duration(o, r->backoff_max_ns);
    mt_words_say(o, "; methods ");
    if (r->methods_count > 0)
        mt_words_list(o, r->methods, r->methods_count);
    else
        mt_words_say(o, "that are idempotent");
    if (r->grpc_codes != 0)
        mt_words_say(o, ", with a gRPC status any");
    mt_words_say(o, "\n         within ");
    mt_words_number(o, b->percent);
    mt_words_say(o, " % of the requests and ");
    mt_words_number(o, b->min_per_second);
    mt_words_say(o, r->budget == 0 ? " a second, of the process\n"
                                   : " a second, of this route\n");
}

static void edits_words(struct mt_out *o, const char *what,
                        const struct mt_policy_edits *e)
{
    for (uint32_t i = 0; i < e->remove_count; i++) {
        mt_words_say(o, what);
        mt_words_say(o, "without ");
        mt_words_quote(o, e->remove[i]);
        mt_words_say(o, "\n");
    }
    for (uint32_t i = 0; i < e->set_count + e->add_count; i++) {
        bool add = i >= e->set_count;
        const struct mt_policy_field *f =
            add ? &e->add[i - e->set_count] : &e->set[i];
        mt_words_say(o, what);
        mt_words_say(o, add ? "also " : "");
        mt_words_quote(o, f->name);
        mt_words_say(o, ": ");
        mt_words_quote(o, f->value);
        mt_words_say(o, "\n");
    }
}

static void rewritten(struct mt_out *o, const struct mt_policy_entry *e,
                      const struct mt_policy_request *r)
{
    uint8_t bytes[MT_WORDS_BYTES];
    struct mt_buf path = mt_buf_of(bytes, sizeof bytes);
    const struct mt_policy_rewrite *w = &e->route->rewrite;
    if (w->host.len > 0) {
        mt_words_say(o, "host     ");
        mt_words_quote(o, w->host);
        mt_words_say(o, "\n");
    }
    if (w->path_how == MT_PATH_KEEP)
        return;
    mt_rewrite_path(w, e->match, r->path, &path);
    mt_words_say(o, "path     ");
    mt_words_quote(o, mt_buf_span(&path));
    mt_words_say(o, "\n");
}

static void do_to(struct mt_out *o, const struct mt_policy *p,
                  const struct mt_policy_entry *e,
                  const struct mt_policy_request *r)
{
    const struct mt_policy_route *route = e->route;
    to_words(o, p, &route->to);
    rewritten(o, e, r);
    edits_words(o, "request  ", &route->request_headers);
    mt_words_say(o, "timeout  ");
    mt_words_duration(o, route->timeout_ns);
    if (route->per_try_timeout_ns > 0) {
        mt_words_say(o, ", of one try ");
        mt_words_duration(o, route->per_try_timeout_ns);
    }
    mt_words_say(o, "\n");
    if (route->retry != NULL)
        retry_words(o, p, route->retry);
    else
        mt_words_say(o, "retry    never\n");
}

static void do_redirect(struct mt_out *o, const struct mt_policy *p,
                        const struct mt_policy_entry *e,
                        const struct mt_policy_request *r)
{
    uint8_t bytes[MT_WORDS_BYTES];
    struct mt_buf location = mt_buf_of(bytes, sizeof bytes);
    (void)p;
    mt_redirect_location(&e->route->redirect, e->match, r, &location);
    mt_words_say(o, "redirect ");
    mt_words_number(o, e->route->redirect.status);
    mt_words_say(o, " to ");
    mt_words_quote(o, mt_buf_span(&location));
    mt_words_say(o, "\n");
}

static void do_respond(struct mt_out *o, const struct mt_policy *policy,
                       const struct mt_policy_entry *e,
                       const struct mt_policy_request *r)
{
    const struct mt_policy_respond *p = &e->route->respond;
    (void)policy, (void)r;
    mt_words_say(o, "respond  ");
    mt_words_number(o, p->status);
    if (mt_status_is_empty(p->status)) {
        mt_words_say(o, ", without a body\n");
        return;
    }
    mt_words_say(o, ", ");
    mt_words_number(o, p->body.len);
    mt_words_say(o, " bytes of ");
    mt_words_quote(o, p->content_type);
    mt_words_say(o, "\n");
}

static void (*const actions[])(struct mt_out *, const struct mt_policy *,
                               const struct mt_policy_entry *,
                               const struct mt_policy_request *) = {
    [MT_ACTION_TO] = do_to,
    [MT_ACTION_REDIRECT] = do_redirect,
    [MT_ACTION_RESPOND] = do_respond,
};

void mt_explain_action(struct mt_out *o, const struct mt_policy *p,
                       const struct mt_policy_entry *e,
                       const struct mt_policy_request *r)
{
    actions[e->route->action](o, p, e, r);
    edits_words(o, "response ", &e->route->response_headers);
}
