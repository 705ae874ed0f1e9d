#include "proxy-lite/call/call_impl.h"

#include "base/buf.h"
#include "base/text_addr.h"
#include "decode/outcome.h"
#include "decode/trace_context.h"

enum { ENDPOINT_BYTES = 64 };

static int64_t wall(const struct mt_call *c, int64_t at_ns)
{
    return at_ns != 0 ? at_ns + c->host->wall_ns : 0;
}

static struct mt_span endpoint_text(const struct mt_call *c, uint32_t endpoint,
                                    uint8_t *bytes)
{
    struct mt_buf b = mt_buf_of(bytes, ENDPOINT_BYTES);
    const struct mt_addr *a = &c->mesh->addresses[c->service->index][endpoint];
    if (mt_call_has_address(c, endpoint)) /* else nothing was asked */
        mt_put_ip_port(&b, a->ip, a->port);
    return mt_buf_span(&b);
}

/* As a tap would call it. */
static uint8_t kind_of(const struct mt_call *c)
{
    if (c->tcp)
        return MT_KIND_L4;
    bool stream = c->tunnel || c->protocol == MT_PROTOCOL_SSE ||
                  c->asked.count > 1 || c->answered.count > 1;
    return stream ? MT_KIND_STREAM : MT_KIND_UNARY;
}

/* What request and tries have in common. */
static void fill(const struct mt_call *c, struct mt_exchange *x)
{
    const struct mt_head *h = c->request;
    const struct mt_side *side = c->down->side;
    *x = (struct mt_exchange){
        .protocol = c->protocol != 0 ? c->protocol : side->protocol,
        .kind = kind_of(c),
        .grpc_status = MT_GRPC_STATUS_NONE,
        .role_evidence = MT_ROLE_BY_SYN,
        .detection = MT_DETECTED_START,
        .conn = side->conn,
        .stream = c->down->number,
        .retry_of = c->tries_count > 1 ? c->number : 0,
        .method = h->method,
        .scheme = MT_SPAN("http"),
        .user_agent = mt_head_value(h, MT_HEAD_USER_AGENT),
        .request_id = mt_head_value(h, MT_HEAD_X_REQUEST_ID),
    };
    if (c->tcp)
        x->scheme.len = 0;
    x->client.addr = side->remote;
    x->server.addr = side->local;
    /* what goes to no service is the listener's, and not counted for one that
     * has it in common with others */
    x->server.service = c->service != NULL
                            ? c->service->name
                            : c->mesh->policy->listeners[c->listener]->name;
    x->server.name_source = MT_NAME_ROUTE;
    if (c->entry != NULL)
        x->rule = c->entry->rule;
    x->req.content_type = mt_head_value(h, MT_HEAD_CONTENT_TYPE);
    x->req.header_bytes = h->wire_bytes;
    x->req.body_bytes = c->body_bytes;
    x->req.messages = c->asked.count;
    (void)mt_traceparent(mt_head_value(h, MT_HEAD_TRACEPARENT), x->trace_id,
                         x->span_id);
}

/* Where it went: as its client asked, or as its route has rewritten it. */
static void fill_target(struct mt_exchange *x, struct mt_span authority,
                        struct mt_span path)
{
    x->authority = authority;
    x->path = (struct mt_span){path.ptr, mt_span_find(path, '?')};
    mt_exchange_name_operation(x);
}

/* All but the outcome is known. */
static void give(const struct mt_call *c, struct mt_exchange *x)
{
    x->outcome = mt_outcome_of(x)->outcome;
    c->host->row(c->host->arg, x);
}

static uint8_t ended_by(uint8_t error)
{
    switch (error) {
    case MT_ERROR_NONE:
        return MT_ENDED_NONE;
    case MT_ERROR_RESET_BY_CLIENT:
        return MT_ENDED_CLIENT;
    case MT_ERROR_TIMEOUT:
    case MT_ERROR_UNANSWERED:
        return MT_ENDED_TIME;
    default:
        return MT_ENDED_SERVICE;
    }
}

static void write_tries(const struct mt_call *c)
{
    uint8_t endpoint[ENDPOINT_BYTES];
    for (uint32_t i = 0; c->tries_count > 1 && i < c->tries_count; i++) {
        const struct mt_call_try *t = &c->tries[i];
        struct mt_exchange x;
        fill(c, &x);
        fill_target(&x, c->request->authority, c->request->path);
        x.observer = MT_OBSERVER_PROXY_ATTEMPT;
        x.attempt = i + 1;
        x.status = t->status;
        x.grpc_status = t->grpc_status;
        x.error = t->error;
        x.half = t->head_ns == 0 ? MT_HALF_REQUEST : MT_HALF_BOTH;
        x.endpoint = endpoint_text(c, t->endpoint, endpoint);
        x.req.start_ns = x.req.end_ns = wall(c, t->start_ns);
        x.resp.start_ns = wall(c, t->head_ns);
        x.end_ns = wall(c, t->end_ns);
        x.resp.end_ns = t->head_ns != 0 ? x.end_ns : 0;
        x.connect_ns = t->connect_ns;
        x.ended_by = ended_by(t->error);
        x.ended_in = t->error != MT_ERROR_NONE ? t->phase + 1 : 0;
        give(c, &x);
    }
}

/* What its service's breakers and its budget were at, where it had a part in
 * how it ended. */
static void fill_state(const struct mt_call *c, struct mt_exchange *x)
{
    const struct mt_breaker_group *g =
        c->service != NULL ? &mt_call_shared(c)->group : NULL;
    uint32_t out =
        g != NULL ? atomic_load_explicit(&g->out, memory_order_relaxed) : 0;
    bool failed = x->error != MT_ERROR_NONE ||
                  c->why_not != MT_RETRY_WHY_NONE || c->status >= 500;
    if (failed && out > 0) {
        x->endpoints = g->endpoints;
        x->endpoints_out = out;
    }
    x->budget_used = (uint32_t)c->budget.spent;
    x->budget_allowed = (uint32_t)c->budget.allowed;
}

/* Of a connection as a whole both directions last as long as it does. */
static void fill_l4(const struct mt_call *c, struct mt_exchange *x)
{
    x->half = MT_HALF_BOTH;
    x->req.end_ns = x->end_ns;
    if (c->response_started) {
        x->resp.start_ns = x->req.start_ns;
        x->resp.end_ns = x->end_ns;
    }
}

/* A tunnel, or a connection as it is: it went to its end, in no phase of a
 * request, by who first said no more. */
static void fill_tunnel(const struct mt_call *c, struct mt_exchange *x)
{
    if (c->reason == NULL && c->error == MT_ERROR_NONE && c->response_ended)
        x->ended_by = c->service_ended ? MT_ENDED_SERVICE : MT_ENDED_CLIENT;
}

void mt_call_open_row(const struct mt_call *c, struct mt_exchange *x)
{
    fill(c, x);
    fill_target(x, c->authority, c->path);
    x->observer = MT_OBSERVER_PROXY_REQUEST;
    x->status = c->status;
    x->grpc_status = c->grpc_status;
    x->half = c->response_started ? MT_HALF_BOTH : MT_HALF_REQUEST;
    x->req.start_ns = wall(c, c->begin_ns);
    x->req.end_ns = wall(c, c->ended ? c->request_end_ns : 0);
    x->resp.start_ns = wall(c, c->head_ns);
    x->resp.header_bytes = c->response_header_bytes;
    x->resp.body_bytes = c->response_bytes;
    x->resp.messages = c->answered.count;
}

void mt_call_write_rows(struct mt_call *c)
{
    uint8_t endpoint[ENDPOINT_BYTES];
    struct mt_exchange x;
    int64_t now = c->host->now_ns;
    write_tries(c);
    mt_call_open_row(c, &x);
    x.error = c->error;
    if (c->tries_count > 0)
        x.endpoint =
            endpoint_text(c, c->tries[c->tries_count - 1].endpoint, endpoint);
    x.why_not_retried = mt_span_str(mt_retry_why_text(c->why_not));
    if (c->reason != NULL)
        x.error_message = mt_span_str(c->reason);
    x.resp.end_ns = c->response_ended ? wall(c, now) : 0;
    x.end_ns = wall(c, now);
    x.ended_by = c->ended_by;
    x.ended_in = c->ended_in;
    if (c->tries_count > 0)
        x.connect_ns = c->tries[c->tries_count - 1].connect_ns;
    fill_state(c, &x);
    if (c->tcp)
        fill_l4(c, &x);
    if (c->tunnel)
        fill_tunnel(c, &x);
    give(c, &x);
}
