/* What comes from the service. */
#include "proxy-lite/call/call_impl.h"

#include "base/buf.h"

static bool is_failure(const struct mt_call *c)
{
    return c->status >= 500 || (c->answered.form != MT_CALL_NO_MESSAGES &&
                                (c->grpc_status == 4 || c->grpc_status == 13 ||
                                 c->grpc_status == 14));
}

static int16_t grpc_status_of(const struct mt_head *h)
{
    struct mt_span s = mt_head_value(h, MT_HEAD_GRPC_STATUS);
    int n = 0;
    for (size_t i = 0; i < s.len && i < 4; i++)
        n = n * 10 + (s.ptr[i] - '0');
    return (int16_t)(s.len > 0 && s.len < 4 && n >= 0 ? n
                                                      : MT_GRPC_STATUS_NONE);
}

static int64_t hint_of(const struct mt_call *c, const struct mt_head *h)
{
    if (mt_head_has(h, MT_HEAD_GRPC_PUSHBACK))
        return mt_retry_pushback(mt_head_value(h, MT_HEAD_GRPC_PUSHBACK));
    if (mt_head_has(h, MT_HEAD_RETRY_AFTER))
        return mt_retry_after(mt_head_value(h, MT_HEAD_RETRY_AFTER),
                              c->host->now_ns + c->host->wall_ns);
    return MT_RETRY_NO_HINT;
}

/* Would another try be better than this answer? Then it is under way. */
static bool try_again(struct mt_call *c, int64_t hint_ns)
{
    const struct mt_try last = {.end = MT_TRY_RESPONSE,
                                .status = c->status,
                                .grpc_status = c->grpc_status,
                                .hint_ns = hint_ns};
    return c->route->retry != NULL && mt_call_decide(c, &last, MT_ERROR_NONE);
}

static bool set_cookie(const struct mt_call *c, struct mt_head *h)
{
    uint8_t bytes[512];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    if (!c->choice.token_is_new || c->route->to.sticky != MT_STICKY_COOKIE)
        return true;
    mt_put_span(&b, c->route->to.sticky_name);
    mt_put_char(&b, '=');
    mt_put_span(&b, (struct mt_span){c->choice.token, MT_SPLIT_TOKEN_BYTES});
    mt_put_str(&b, "; Path=/; HttpOnly; SameSite=Lax");
    return !b.full && mt_head_add(h, MT_SPAN("set-cookie"), mt_buf_span(&b));
}

/* What the exchange turns out to be, as a tap would call it. */
static uint8_t protocol_of(const struct mt_call *c, const struct mt_head *h)
{
    if (h->status == 101 &&
        mt_head_lists(h, MT_HEAD_UPGRADE, MT_SPAN("websocket")))
        return MT_PROTOCOL_WEBSOCKET;
    struct mt_span type = mt_head_value(h, MT_HEAD_CONTENT_TYPE);
    type.len = mt_span_find(type, ';');
    return mt_span_caseeq(type, MT_SPAN("text/event-stream")) ? MT_PROTOCOL_SSE
                                                              : c->protocol;
}

/* The service's connection is at fault, and of no more use. */
static void refuse_response(struct mt_call *c, const char *sentence)
{
    mt_call_end_try(c, MT_BREAKER_FAILED, MT_ERROR_PROTOCOL, 0);
    c->error = MT_ERROR_PROTOCOL;
    mt_call_end_with(c, 502, "bad_response", sentence);
}

static void on_interim(struct mt_call *c, struct mt_head *h)
{
    const struct mt_forward f = {.to = c->request->version, .no_via = true};
    if (++c->interim > MT_CALL_INTERIM_MAX) {
        refuse_response(c, "the service goes on saying nothing: too many 1xx");
        return;
    }
    if (mt_forward_response(h, &f) == 0)
        c->down->ops->head(c->down, h, false);
}

/* Has the client asked for what the service would change to? */
static bool asked_to_change(const struct mt_call *c)
{
    return mt_head_has(c->request, MT_HEAD_UPGRADE);
}

/* What its client sent meanwhile goes on. */
static void open_tunnel(struct mt_call *c)
{
    mt_call_send_kept(c);
    if (c->tunnel_up_ended)
        c->up->ops->end(c->up, NULL);
    c->down->ops->pause(c->down, c->up->over_high);
}

/* The head goes to the client. False: the call is over. */
static bool pass_head(struct mt_call *c, struct mt_head *h, bool end)
{
    const struct mt_forward f = {
        .to = c->request->version, .no_via = true, .connect = c->connect};
    c->protocol = protocol_of(c, h);
    if (mt_forward_response(h, &f) != 0 ||
        !mt_call_edit(h, &c->route->response_headers) || !set_cookie(c, h)) {
        refuse_response(c, "the response's header is too large");
        return false;
    }
    c->response_started = true;
    mt_call_step(c, MT_CALL_RESPONDING);
    c->tunnel = h->status == 101 || (h->status < 300 && c->connect);
    c->down->ops->head(c->down, h, end && !c->tunnel);
    if (c->tunnel && c->connect)
        open_tunnel(c);
    mt_outq_deinit(&c->kept); /* there is no other try */
    return true;
}

bool mt_call_release(struct mt_call *c)
{
    bool goes_on = c->held == NULL || pass_head(c, c->held, false);
    if (goes_on)
        mt_call_drop_held(c);
    return goes_on;
}

static void end_whole(struct mt_call *c, int64_t hint_ns)
{
    c->response_ended = true;
    mt_call_end_try(c, is_failure(c) ? MT_BREAKER_FAILED : MT_BREAKER_OK,
                    MT_ERROR_NONE, hint_ns);
    if (!c->ended) /* answered before all was asked */
        mt_call_leave_up(c);
    else
        c->up->events = NULL;
    c->down->ops->leave(c->down);
    mt_call_finish(c);
}

static void on_response_head(void *arg, struct mt_head *h, bool end)
{
    struct mt_call *c = arg;
    if (h->status < 200 && h->status != 101) {
        on_interim(c, h);
        return;
    }
    struct mt_call_try *t = &c->tries[c->tries_count - 1];
    t->head_ns = c->head_ns = c->host->now_ns;
    t->status = c->status = h->status;
    c->response_header_bytes = h->wire_bytes;
    t->grpc_status = c->grpc_status = grpc_status_of(h);
    c->answered.form =
        (uint8_t)mt_call_form_of(c, mt_head_value(h, MT_HEAD_CONTENT_TYPE));
    if (h->status == 101 && !asked_to_change(c)) {
        refuse_response(c, "the service changed protocols unasked");
        return;
    }
    int64_t hint_ns = hint_of(c, h);
    if (try_again(c, hint_ns) || mt_call_hold(c, h, end))
        return;
    if (pass_head(c, h, end) && end && !c->tunnel)
        end_whole(c, hint_ns);
}

static void on_response_body(void *arg, struct mt_span bytes)
{
    struct mt_call *c = arg;
    if (!mt_call_release(c))
        return;
    c->response_bytes += bytes.len;
    c->active_ns = c->host->now_ns;
    mt_call_read_messages(&c->answered, bytes);
    mt_call_arm(c);
    c->down->ops->body(c->down, bytes);
    if (c->down->over_high)
        c->up->ops->pause(c->up, true);
}

static void on_response_end(void *arg, struct mt_head *trailers)
{
    struct mt_call *c = arg;
    struct mt_call_try *t = &c->tries[c->tries_count - 1];
    int64_t hint_ns = MT_RETRY_NO_HINT;
    if (trailers != NULL && mt_head_has(trailers, MT_HEAD_GRPC_STATUS)) {
        t->grpc_status = c->grpc_status = grpc_status_of(trailers);
        hint_ns = hint_of(c, trailers);
    } else if (c->answered.left == 0 &&
               c->answered.status != MT_GRPC_STATUS_NONE) {
        t->grpc_status = c->grpc_status = c->answered.status;
    }
    if (c->held != NULL && try_again(c, hint_ns))
        return;
    if (!mt_call_release(c))
        return;
    if (trailers != NULL)
        mt_forward_trailers(trailers);
    if (c->tunnel) {
        c->response_ended = true;
        c->service_ended = !c->tunnel_up_ended;
        c->down->ops->end(c->down, trailers);
        mt_call_end_tunnel(c);
        return;
    }
    c->down->ops->end(c->down, trailers);
    end_whole(c, hint_ns);
}

/* A try that came to no response. */
static void fail_unanswered(struct mt_call *c, enum mt_gone why,
                            enum mt_error error)
{
    switch (why) {
    case MT_GONE_REFUSED:
        mt_call_fail_try(c, MT_TRY_REFUSED_STREAM, MT_ERROR_REFUSED);
        return;
    case MT_GONE_NOT_PROCESSED:
        mt_call_fail_try(c, MT_TRY_NOT_PROCESSED, error);
        return;
    case MT_GONE_STALE:
        mt_call_fail_try(c,
                         mt_method_idempotent(c->request->method)
                             ? MT_TRY_NOT_PROCESSED
                             : MT_TRY_RESET,
                         error);
        return;
    case MT_GONE_UNSPOKEN:
        mt_call_blame(c, MT_ENDED_SERVICE);
        mt_call_end_try(c, MT_BREAKER_FAILED, error, 0);
        c->error = (uint8_t)error;
        mt_call_end_with(c, 502, "not_h2",
                         "the service does not speak HTTP/2, as `protocol: "
                         "h2` says that it does");
        return;
    default:
        mt_call_fail_try(c, MT_TRY_RESET, error);
    }
}

static void on_service_gone(void *arg, enum mt_gone why)
{
    struct mt_call *c = arg;
    c->up = NULL; /* it is gone */
    enum mt_error error = why == MT_GONE_PROTOCOL || why == MT_GONE_UNSPOKEN
                              ? MT_ERROR_PROTOCOL
                              : MT_ERROR_RESET_BY_SERVER;
    if (!c->response_started) {
        fail_unanswered(c, why, error);
        return;
    }
    if (why == MT_GONE_ENDED)
        error = MT_ERROR_TRUNCATED;
    mt_call_blame(c, MT_ENDED_SERVICE);
    /* some protocols end by a reset: one that has said something is well */
    bool well = c->tcp && c->response_bytes > 0;
    mt_call_end_try(c, well ? MT_BREAKER_OK : MT_BREAKER_FAILED, error, 0);
    c->error = (uint8_t)error;
    c->down->ops->leave(c->down);
    mt_call_finish(c);
}

static void on_service_room(void *arg)
{
    struct mt_call *c = arg;
    c->active_ns = c->host->now_ns;
    mt_call_arm(c);
    c->down->ops->pause(c->down, false);
}

const struct mt_stream_events mt_call_up_events = {
    on_response_head, on_response_body, on_response_end, on_service_gone,
    on_service_room};
