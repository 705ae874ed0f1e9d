/* Where a request goes, and what it becomes on its way. */
#include "proxy-lite/call/call_impl.h"

#include "base/buf.h"
#include "base/text_addr.h"
#include "proxy-lite/http/grpc_timeout.h"
#include "proxy-lite/http/target.h"
#include "proxy-lite/policy/rewrite.h"

static bool drop_edited(void *arg, const struct mt_head *h, uint32_t i)
{
    return mt_edits_drop(arg, h->fields[i].name);
}

bool mt_call_edit(struct mt_head *h, const struct mt_policy_edits *e)
{
    union {
        const struct mt_policy_edits *edits;
        void *arg;
    } u = {.edits = e};
    if (e->set_count + e->add_count + e->remove_count == 0)
        return true;
    mt_head_filter(h, drop_edited, u.arg);
    bool fits = true;
    for (uint32_t i = 0; i < e->set_count && fits; i++)
        fits = mt_head_add_borrowed(h, e->set[i].name, e->set[i].value);
    for (uint32_t i = 0; i < e->add_count && fits; i++)
        fits = mt_head_add_borrowed(h, e->add[i].name, e->add[i].value);
    return fits;
}

static struct mt_policy_request asked(const struct mt_call *c)
{
    const struct mt_head *h = c->request;
    uint16_t port;
    size_t end = mt_span_find(h->path, '?');
    struct mt_span query = h->path;
    (void)mt_span_take(&query, end);
    if (query.len > 0)
        (void)mt_span_take(&query, 1);
    return (struct mt_policy_request){
        .method = h->method,
        .scheme = MT_SPAN("http"),
        .host = mt_authority_host(h->authority, &port),
        .path = {h->path.ptr, end},
        .query = query,
        .fields = h->fields,
        .fields_count = h->count,
        .listener = c->listener,
        .port = c->mesh->policy->listeners[c->listener]->port,
        .grpc = c->grpc};
}

/* A request of HTTP/1.0 may say no host, and servers of HTTP/1.1 refuse one
 * without: what it was sent to stands for it (RFC 9112 section 3.3). */
static bool put_own_authority(const struct mt_call *c, struct mt_head *h)
{
    uint8_t bytes[64];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    const struct mt_addr *to = &c->down->side->local;
    mt_put_ip_port(&b, to->ip, to->port);
    return mt_arena_copy(&h->arena, mt_buf_span(&b), &h->authority);
}

static bool put_new_path(struct mt_call *c, const struct mt_policy_request *q)
{
    struct mt_head *h = c->request;
    const struct mt_policy_rewrite *w = &c->route->rewrite;
    size_t most = w->path.len + q->path.len + q->query.len + 2;
    uint8_t *bytes = mt_arena_alloc(&h->arena, most);
    struct mt_buf p = mt_buf_of(bytes, bytes != NULL ? most : 0);
    mt_rewrite_path(w, c->entry->match, q->path, &p);
    if (q->query.len > 0) {
        mt_put_char(&p, '?');
        mt_put_span(&p, q->query);
    }
    h->path = mt_buf_span(&p);
    return !p.full;
}

/* What the request becomes on its way. Returns 0 or a status. */
static int rewrite(struct mt_call *c, const struct mt_policy_request *q)
{
    struct mt_head *h = c->request;
    uint8_t ip[64];
    struct mt_buf client = mt_buf_of(ip, sizeof ip);
    const struct mt_policy_rewrite *w = &c->route->rewrite;
    mt_put_ip(&client, c->down->side->remote.ip);
    struct mt_forward f = {.to = c->service->protocol == MT_POLICY_PROTOCOL_H2
                                     ? MT_HTTP_2
                                     : MT_HTTP_1_1};
    if (!mt_arena_copy(&h->arena, mt_buf_span(&client), &f.client))
        return 431;
    int rc = mt_forward_request(h, &f);
    if (rc != 0)
        return rc;
    if (!mt_call_edit(h, &c->route->request_headers))
        return 431;
    if (w->host.len > 0)
        h->authority = w->host;
    else if (h->authority.len == 0 && !put_own_authority(c, h))
        return 431;
    return w->path.len == 0 || put_new_path(c, q) ? 0 : 414;
}

static void redirect(struct mt_call *c, const struct mt_policy_request *q)
{
    uint8_t bytes[8192];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_redirect_location(&c->route->redirect, c->entry->match, q, &b);
    if (b.full) {
        mt_call_end_with(c, 414, "location", "its redirect would be too long");
        return;
    }
    c->status = c->route->redirect.status;
    c->reason = "redirect";
    const struct mt_call_said said = {.status = c->status,
                                      .reason = c->reason,
                                      .sentence = "",
                                      .location = mt_buf_span(&b)};
    mt_call_say(c->host->pool, c->down, &said);
    c->response_started = c->response_ended = true;
    c->down->ops->leave(c->down);
    mt_call_finish(c);
}

static bool describe_body(struct mt_head *h, const struct mt_policy_respond *p)
{
    uint8_t digits[24];
    struct mt_buf b = mt_buf_of(digits, sizeof digits);
    h->length = (int64_t)p->body.len;
    mt_put_decimal(&b, p->body.len);
    return (p->content_type.len == 0 ||
            mt_head_add(h, MT_SPAN("content-type"), p->content_type)) &&
           mt_head_add(h, MT_SPAN("content-length"), mt_buf_span(&b));
}

static void respond(struct mt_call *c)
{
    const struct mt_policy_respond *p = &c->route->respond;
    struct mt_head h;
    mt_head_init(&h, c->host->pool, 4096);
    h.status = p->status;
    bool fits = (mt_status_is_empty(p->status) || describe_body(&h, p)) &&
                mt_call_edit(&h, &c->route->response_headers);
    if (!fits) {
        mt_head_deinit(&h);
        mt_call_end_with(c, 503, "memory", "no memory for it");
        return;
    }
    bool empty = p->body.len == 0 || mt_status_is_empty(p->status) ||
                 mt_call_is_head(c->request);
    c->status = p->status;
    c->reason = "respond";
    c->down->ops->head(c->down, &h, empty);
    if (!empty) {
        c->down->ops->body(c->down, p->body);
        c->down->ops->end(c->down, NULL);
    }
    mt_head_deinit(&h);
    c->response_started = c->response_ended = true;
    c->response_bytes = empty ? 0 : p->body.len;
    c->down->ops->leave(c->down);
    mt_call_finish(c);
}

static void send_to_service(struct mt_call *c,
                            const struct mt_policy_request *q)
{
    struct mt_call_host *host = c->host;
    c->choice = mt_split_choose(&c->route->to, q, &host->random);
    if (c->choice.service == MT_POLICY_NONE) {
        mt_call_end_with(c, 503, "no_backend",
                         "every weight of its route is 0");
        return;
    }
    c->service = c->mesh->policy->services[c->choice.service];
    c->h2 = c->service->protocol == MT_POLICY_PROTOCOL_H2 ||
            (c->service->protocol == MT_POLICY_PROTOCOL_AUTO && c->grpc);
    int status = rewrite(c, q);
    if (status == MT_FORWARD_HERE) {
        mt_call_end_with(c, MT_FORWARD_HERE, "max_forwards", "");
        return;
    }
    if (status != 0) {
        mt_call_end_with(c, (unsigned)status, "header",
                         "its header cannot be passed on");
        return;
    }
    mt_budget_request(&c->mesh->state->budgets[mt_call_budget(c)],
                      host->now_ns);
    c->counted = mt_limit_take(mt_call_shared(c), MT_LIMIT_REQUESTS,
                               &c->service->limits);
    if (!c->counted) {
        mt_call_end_with(c, 503, mt_limit_text(MT_LIMIT_REQUESTS),
                         "too many requests to the service run at once");
        return;
    }
    mt_call_begin_try(c);
}

/* Nobody waits for the answer after it. */
static void note_grpc_timeout(struct mt_call *c)
{
    int64_t ns =
        mt_grpc_timeout(mt_head_value(c->request, MT_HEAD_GRPC_TIMEOUT));
    if (ns != MT_GRPC_TIMEOUT_NONE)
        c->grpc_by_ns = c->begin_ns + ns;
}

void mt_call_route(struct mt_call *c)
{
    struct mt_span type = mt_head_value(c->request, MT_HEAD_CONTENT_TYPE);
    c->grpc = mt_policy_is_grpc(type);
    c->asked.form = (uint8_t)mt_call_form_of(c, type);
    c->protocol = c->grpc                                ? MT_PROTOCOL_GRPC
                  : c->asked.form != MT_CALL_NO_MESSAGES ? MT_PROTOCOL_GRPC_WEB
                                                         : MT_PROTOCOL_UNKNOWN;
    if (c->grpc)
        note_grpc_timeout(c);
    struct mt_policy_request q = asked(c);
    c->entry = mt_match(c->mesh->policy, &q, c->host->scratch);
    if (c->entry == NULL) {
        mt_call_end_with(c, 404, "no_route", "no route takes it");
        return;
    }
    c->route = c->entry->route;
    switch (c->route->action) {
    case MT_ACTION_REDIRECT:
        redirect(c, &q);
        return;
    case MT_ACTION_RESPOND:
        respond(c);
        return;
    default:
        send_to_service(c, &q);
    }
}
