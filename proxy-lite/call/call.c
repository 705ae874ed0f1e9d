#include "proxy-lite/call/call_impl.h"

#include "base/buf.h"
#include "base/text_addr.h"
#include "proxy-lite/http/target.h"
#include "proxy-lite/policy/rewrite.h"

static const struct mt_stream_events up_events;

const char *mt_call_step_text(unsigned step)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MT_CALL_STEPS(X)
#undef X
    };
    return step <= MT_CALL_DONE ? texts[step] : "?";
}

static struct mt_service_state *shared(const struct mt_call *c)
{
    return &c->host->state->services[c->service->index];
}

/* ---- deadlines ---- */

static void set_deadline(struct mt_call *c, int64_t at_ns)
{
    mt_deadline_set(&c->host->wheel, &c->deadline, at_ns);
}

/* When the response's head has to be there: counted from the request's end, so
 * that an upload is not cut for its length. INT64_MAX: not yet known. */
static int64_t answer_by_ns(const struct mt_call *c)
{
    return c->ended && c->route->timeout_ns > 0
               ? c->request_end_ns + c->route->timeout_ns
               : INT64_MAX;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The next thing that may be too late in this step. */
static void arm(struct mt_call *c)
{
    const struct mt_call_try *t =
        c->tries_count > 0 ? &c->tries[c->tries_count - 1] : NULL;
    int64_t at = INT64_MAX;
    switch (c->step) {
    case MT_CALL_CONNECTING:
        at = least(answer_by_ns(c),
                   t->start_ns + c->service->connect_timeout_ns);
        break;
    case MT_CALL_WAITING:
        at = answer_by_ns(c);
        if (c->route->per_try_timeout_ns > 0)
            at = least(at, t->start_ns + c->route->per_try_timeout_ns);
        break;
    case MT_CALL_SENDING:
    case MT_CALL_RESPONDING:
        if (c->route->stream_idle_timeout_ns > 0)
            at = c->active_ns + c->route->stream_idle_timeout_ns;
        break;
    default:
        return;
    }
    if (at != INT64_MAX)
        set_deadline(c, at);
    else
        mt_deadline_clear(&c->deadline);
}

static void step(struct mt_call *c, enum mt_call_step to)
{
    c->step = (uint8_t)to;
    c->active_ns = c->host->now_ns;
    arm(c);
}

/* ---- the end ---- */

static void finish(struct mt_call *c)
{
    struct mt_call_host *host = c->host;
    c->step = MT_CALL_DONE;
    mt_deadline_clear(&c->deadline);
    mt_call_write_rows(c);
    if (c->counted)
        mt_limit_give(shared(c), MT_LIMIT_REQUESTS);
    mt_outq_deinit(&c->kept);
    mt_pool_free(host->pool, c, sizeof *c);
}

/* The try is over; what it says of its endpoint. */
static void end_try(struct mt_call *c, enum mt_breaker_outcome outcome,
                    enum mt_error error, int64_t hint_ns)
{
    struct mt_call_host *host = c->host;
    if (!c->picked)
        return;
    struct mt_call_try *t = &c->tries[c->tries_count - 1];
    t->end_ns = host->now_ns;
    t->error = (uint8_t)error;
    const struct mt_pick_end end = {
        .outcome = (uint8_t)outcome,
        .now_ns = host->now_ns,
        .latency_ns = (t->head_ns != 0 ? t->head_ns : t->end_ns) - t->start_ns,
        .retry_after_ns = hint_ns > 0 ? hint_ns : 0};
    (void)mt_balancer_done(&host->balancers[c->service->index], &c->pick, &end,
                           &host->random);
    c->picked = false;
}

static void leave_up(struct mt_call *c)
{
    if (c->step == MT_CALL_CONNECTING)
        c->host->cancel(c->host->arg, c->connecting);
    if (c->up != NULL)
        c->up->ops->leave(c->up);
    c->up = NULL;
}

/* An answer of ours, and the end of it. */
static void answer(struct mt_call *c, unsigned status, const char *reason,
                   const char *sentence)
{
    leave_up(c);
    mt_call_answer(c, status, reason, sentence);
    c->down->ops->leave(c->down);
    finish(c);
}

/* ---- tries ---- */

static void begin_try(struct mt_call *c);

static void send_kept(struct mt_call *c)
{
    enum { PIECES = 2 + 2 * MT_CALL_KEPT_MAX / MT_OUTQ_ROOM_MAX };
    struct iovec iov[PIECES];
    int n = mt_outq_peek(&c->kept, iov, PIECES);
    for (int i = 0; i < n; i++)
        c->up->ops->body(c->up,
                         (struct mt_span){iov[i].iov_base, iov[i].iov_len});
    /* lent pieces live until the flush: they are copied where kept may go */
    (void)mt_outq_settle(&c->up->side->out);
}

static void attach(struct mt_call *c, struct mt_side *side)
{
    c->up = c->host->begin(c->host->arg, side);
    c->up->events = &up_events;
    c->up->arg = c;
    step(c, MT_CALL_SENDING);
    c->up->ops->head(c->up, c->request, c->no_body);
    send_kept(c);
    if (c->route->retry == NULL)
        mt_outq_deinit(&c->kept), c->kept_whole = c->body_bytes == 0;
    if (c->ended) {
        if (!c->no_body)
            c->up->ops->end(c->up, c->trailers);
        step(c, MT_CALL_WAITING);
    } else {
        c->down->ops->pause(c->down, c->up->side->over_high);
    }
}

/* A try has failed with nothing of a response: again, or what to answer. */
static void fail_try(struct mt_call *c, const struct mt_try *last,
                     enum mt_error error)
{
    static const struct {
        uint16_t status;
        const char *reason, *sentence;
    } answers[MT_TRY_END_COUNT] = {
        [MT_TRY_RESET] = {502, "reset",
                          "the service broke the connection "
                          "before it answered"},
        [MT_TRY_CONNECT_FAILURE] = {503, "connect_failure",
                                    "no connection to the service"},
        [MT_TRY_REFUSED_STREAM] = {503, "refused", "the service refused it"},
        [MT_TRY_NOT_PROCESSED] = {502, "reset",
                                  "the service closed its connection"},
        [MT_TRY_TIMEOUT] = {504, "timeout",
                            "the service did not answer in time"},
    };
    struct mt_call_host *host = c->host;
    end_try(c, MT_BREAKER_FAILED, error, last->hint_ns);
    leave_up(c);
    const struct mt_policy_retry *policy = c->route->retry;
    struct mt_retry_ask ask = {
        .policy = policy,
        .budget_policy = &host->policy->budgets[policy ? policy->budget : 0],
        .budget = &host->state->budgets[policy ? policy->budget : 0],
        .last = last,
        .method = c->request->method,
        .grpc = c->grpc,
        .body_kept = c->kept_whole,
        .endpoint_there = true,
        .retries = c->retries,
        .free_retries = c->free_retries,
        .refused = c->refused,
        .now_ns = host->now_ns,
        .deadline_ns = answer_by_ns(c) == INT64_MAX ? 0 : answer_by_ns(c)};
    struct mt_retry_answer a = mt_retry_decide(&ask, &host->random);
    c->error = (uint8_t)error;
    if (!a.again || c->tries_count == MT_CALL_TRIES_MAX) {
        c->why_not = a.again ? MT_RETRY_WHY_LIMIT : a.why;
        answer(c, answers[last->end].status, answers[last->end].reason,
               answers[last->end].sentence);
        return;
    }
    c->retries += a.counted;
    c->free_retries += !a.counted;
    c->refused += last->end == MT_TRY_REFUSED_STREAM;
    c->avoid = c->pick.endpoint;
    c->step = MT_CALL_BACKING_OFF;
    c->down->ops->pause(c->down, c->kept.bytes >= MT_CALL_KEPT_MAX);
    set_deadline(c, host->now_ns + a.wait_ns);
}

static void fail_without_answer(struct mt_call *c, enum mt_try_end end,
                                enum mt_error error)
{
    const struct mt_try last = {
        .end = (uint8_t)end, .grpc_status = -1, .hint_ns = MT_RETRY_NO_HINT};
    fail_try(c, &last, error);
}

static void begin_try(struct mt_call *c)
{
    struct mt_call_host *host = c->host;
    struct mt_balancer *b = &host->balancers[c->service->index];
    c->pick = mt_balancer_pick(b, host->now_ns, c->avoid, &host->random);
    if (c->pick.endpoint == MT_PICK_NONE) {
        c->why_not = MT_RETRY_WHY_BREAKER_OPEN;
        answer(c, 503, "no_endpoint",
               "no endpoint of the service would take it");
        return;
    }
    c->picked = true;
    c->tries[c->tries_count++] =
        (struct mt_call_try){.start_ns = host->now_ns,
                             .endpoint = c->pick.endpoint,
                             .grpc_status = MT_GRPC_STATUS_NONE};
    struct mt_side *side =
        host->take_idle(host->arg, c->service->index, c->pick.endpoint);
    if (side != NULL) {
        attach(c, side);
        return;
    }
    step(c, MT_CALL_CONNECTING);
    c->connecting =
        host->connect(host->arg, c, c->service->index, c->pick.endpoint);
    if (c->connecting == NULL) {
        c->step = MT_CALL_BACKING_OFF; /* there is nothing to cancel */
        fail_without_answer(c, MT_TRY_CONNECT_FAILURE, MT_ERROR_REFUSED);
    }
}

void mt_call_connected(struct mt_call *c, struct mt_side *side)
{
    attach(c, side);
}

void mt_call_not_connected(struct mt_call *c, bool timed_out)
{
    c->step = MT_CALL_BACKING_OFF;
    fail_without_answer(c, MT_TRY_CONNECT_FAILURE,
                        timed_out ? MT_ERROR_UNANSWERED : MT_ERROR_REFUSED);
}

static void deadline_met(void *arg)
{
    struct mt_call *c = arg;
    int64_t now = c->host->now_ns;
    switch (c->step) {
    case MT_CALL_BACKING_OFF:
        begin_try(c);
        return;
    case MT_CALL_CONNECTING:
        leave_up(c);
        c->step = MT_CALL_BACKING_OFF;
        fail_without_answer(
            c, now >= answer_by_ns(c) ? MT_TRY_TIMEOUT : MT_TRY_CONNECT_FAILURE,
            MT_ERROR_UNANSWERED);
        return;
    case MT_CALL_WAITING:
        fail_without_answer(c, MT_TRY_TIMEOUT, MT_ERROR_TIMEOUT);
        return;
    case MT_CALL_SENDING:
        end_try(c, MT_BREAKER_NOTHING, MT_ERROR_TIMEOUT, 0);
        c->error = MT_ERROR_TIMEOUT;
        answer(c, 408, "request_idle", "the request did not go on");
        return;
    default: /* RESPONDING: what was sent cannot be taken back */
        end_try(c, MT_BREAKER_NOTHING, MT_ERROR_TIMEOUT, 0);
        c->error = MT_ERROR_TIMEOUT;
        leave_up(c);
        c->down->ops->leave(c->down);
        finish(c);
    }
}

/* ---- the request ---- */

static void on_request_body(void *arg, struct mt_span bytes)
{
    struct mt_call *c = arg;
    bool attached = c->up != NULL;
    c->body_bytes += bytes.len;
    c->active_ns = c->host->now_ns;
    bool keep = !attached || (c->route->retry != NULL && c->kept_whole &&
                              !c->tunnel && c->body_bytes <= MT_CALL_KEPT_MAX);
    if (keep && !mt_outq_put(&c->kept, bytes)) {
        answer(c, 503, "memory", "no memory for it");
        return;
    }
    c->kept_whole = c->kept_whole && keep;
    if (!attached) {
        if (c->kept.bytes >= MT_CALL_KEPT_MAX)
            c->down->ops->pause(c->down, true);
        return;
    }
    if (!keep)
        mt_outq_deinit(&c->kept);
    c->up->ops->body(c->up, bytes);
    arm(c);
    if (c->up->side->over_high)
        c->down->ops->pause(c->down, true);
}

/* Each direction of a tunnel ends by itself. */
static void end_tunnel(struct mt_call *c)
{
    if (!c->tunnel_up_ended || !c->response_ended)
        return;
    end_try(c, MT_BREAKER_OK, MT_ERROR_NONE, 0);
    c->up->ops->leave(c->up);
    c->down->ops->leave(c->down);
    finish(c);
}

static void on_request_end(void *arg, struct mt_head *trailers)
{
    struct mt_call *c = arg;
    if (c->tunnel) {
        c->tunnel_up_ended = true;
        c->up->ops->end(c->up, NULL);
        end_tunnel(c);
        return;
    }
    c->ended = true;
    c->request_end_ns = c->host->now_ns;
    if (trailers != NULL)
        mt_forward_trailers(trailers);
    c->trailers = trailers;
    if (c->up == NULL) {
        arm(c);
        return;
    }
    if (!c->no_body)
        c->up->ops->end(c->up, trailers);
    if (c->step == MT_CALL_SENDING)
        step(c, MT_CALL_WAITING);
}

static void on_client_gone(void *arg, enum mt_gone why)
{
    struct mt_call *c = arg;
    c->error =
        why == MT_GONE_PROTOCOL ? MT_ERROR_PROTOCOL : MT_ERROR_RESET_BY_CLIENT;
    end_try(c, MT_BREAKER_NOTHING, (enum mt_error)c->error, 0);
    leave_up(c);
    finish(c);
}

static void on_client_room(void *arg)
{
    struct mt_call *c = arg;
    if (c->up != NULL)
        c->up->ops->pause(c->up, false);
}

static void on_no_head(void *arg, struct mt_head *head, bool end)
{
    (void)arg, (void)head, (void)end; /* a request has one head */
}

static const struct mt_stream_events down_events = {
    on_no_head, on_request_body, on_request_end, on_client_gone,
    on_client_room};

/* ---- the response ---- */

static bool is_failure(const struct mt_call *c)
{
    return c->status >= 500 ||
           (c->grpc && (c->grpc_status == 4 || c->grpc_status == 13 ||
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

/* Would another try be better than this answer? */
static bool try_again(struct mt_call *c, const struct mt_head *h)
{
    const struct mt_policy_retry *policy = c->route->retry;
    struct mt_call_host *host = c->host;
    if (policy == NULL)
        return false;
    const struct mt_try last = {.end = MT_TRY_RESPONSE,
                                .status = c->status,
                                .grpc_status = c->grpc_status,
                                .hint_ns = hint_of(c, h)};
    struct mt_retry_ask ask = {
        .policy = policy,
        .budget_policy = &host->policy->budgets[policy->budget],
        .budget = &host->state->budgets[policy->budget],
        .last = &last,
        .method = c->request->method,
        .grpc = c->grpc,
        .body_kept = c->kept_whole,
        .endpoint_there = true,
        .retries = c->retries,
        .free_retries = c->free_retries,
        .refused = c->refused,
        .now_ns = host->now_ns,
        .deadline_ns = answer_by_ns(c) == INT64_MAX ? 0 : answer_by_ns(c)};
    struct mt_retry_answer a = mt_retry_decide(&ask, &host->random);
    c->why_not = a.why;
    if (!a.again || c->tries_count == MT_CALL_TRIES_MAX)
        return false;
    end_try(c, MT_BREAKER_FAILED, MT_ERROR_NONE, last.hint_ns);
    leave_up(c);
    c->retries += a.counted;
    c->free_retries += !a.counted;
    c->avoid = c->pick.endpoint;
    c->step = MT_CALL_BACKING_OFF;
    set_deadline(c, host->now_ns + a.wait_ns);
    return true;
}

static bool edit(struct mt_head *h, const struct mt_policy_edits *e);

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

static void on_response_head(void *arg, struct mt_head *h, bool end)
{
    struct mt_call *c = arg;
    struct mt_call_host *host = c->host;
    const struct mt_forward f = {.to = c->request->version, .no_via = true};
    bool interim = h->status < 200 && h->status != 101;
    if (interim) {
        if (mt_forward_response(h, &f) == 0)
            c->down->ops->head(c->down, h, false);
        return;
    }
    struct mt_call_try *t = &c->tries[c->tries_count - 1];
    t->head_ns = c->head_ns = host->now_ns;
    t->status = c->status = h->status;
    c->response_header_bytes = h->wire_bytes;
    t->grpc_status = c->grpc_status = grpc_status_of(h);
    if (try_again(c, h))
        return;
    if (mt_forward_response(h, &f) != 0 ||
        !edit(h, &c->route->response_headers) || !set_cookie(c, h)) {
        end_try(c, MT_BREAKER_NOTHING, MT_ERROR_PROTOCOL, 0);
        c->error = MT_ERROR_PROTOCOL;
        answer(c, 502, "bad_response", "the response's header is too large");
        return;
    }
    c->response_started = true;
    step(c, MT_CALL_RESPONDING);
    c->tunnel =
        h->status == 101 ||
        (h->status < 300 && mt_span_eq(c->request->method, MT_SPAN("CONNECT")));
    c->down->ops->head(c->down, h, end && !c->tunnel);
    if (!end || c->tunnel)
        return;
    c->response_ended = true;
    end_try(c, is_failure(c) ? MT_BREAKER_FAILED : MT_BREAKER_OK, MT_ERROR_NONE,
            hint_of(c, h));
    c->up->events = NULL;
    c->down->ops->leave(c->down);
    finish(c);
}

static void on_response_body(void *arg, struct mt_span bytes)
{
    struct mt_call *c = arg;
    c->response_bytes += bytes.len;
    c->active_ns = c->host->now_ns;
    arm(c);
    c->down->ops->body(c->down, bytes);
    if (c->down->side->over_high)
        c->up->ops->pause(c->up, true);
}

static void on_response_end(void *arg, struct mt_head *trailers)
{
    struct mt_call *c = arg;
    struct mt_call_try *t = &c->tries[c->tries_count - 1];
    if (trailers != NULL && mt_head_has(trailers, MT_HEAD_GRPC_STATUS))
        t->grpc_status = c->grpc_status = grpc_status_of(trailers);
    if (trailers != NULL)
        mt_forward_trailers(trailers);
    c->response_ended = true;
    c->down->ops->end(c->down, trailers);
    if (c->tunnel) {
        end_tunnel(c);
        return;
    }
    end_try(c, is_failure(c) ? MT_BREAKER_FAILED : MT_BREAKER_OK, MT_ERROR_NONE,
            0);
    if (!c->ended) /* answered before all was asked */
        leave_up(c);
    else
        c->up->events = NULL;
    c->down->ops->leave(c->down);
    finish(c);
}

static void on_service_gone(void *arg, enum mt_gone why)
{
    struct mt_call *c = arg;
    c->up = NULL; /* it is gone */
    enum mt_error error =
        why == MT_GONE_PROTOCOL ? MT_ERROR_PROTOCOL : MT_ERROR_RESET_BY_SERVER;
    if (!c->response_started) {
        bool again = why == MT_GONE_NOT_PROCESSED &&
                     mt_method_idempotent(c->request->method);
        fail_without_answer(c, again ? MT_TRY_NOT_PROCESSED : MT_TRY_RESET,
                            error);
        return;
    }
    if (why == MT_GONE_ENDED)
        error = MT_ERROR_TRUNCATED;
    end_try(c, MT_BREAKER_FAILED, error, 0);
    c->error = (uint8_t)error;
    c->down->ops->leave(c->down);
    finish(c);
}

static void on_service_room(void *arg)
{
    struct mt_call *c = arg;
    c->down->ops->pause(c->down, false);
}

static const struct mt_stream_events up_events = {
    on_response_head, on_response_body, on_response_end, on_service_gone,
    on_service_room};

/* ---- routing ---- */

static bool edit(struct mt_head *h, const struct mt_policy_edits *e);

static bool drop_edited(void *arg, const struct mt_head *h, uint32_t i)
{
    return mt_edits_drop(arg, h->fields[i].name);
}

static bool edit(struct mt_head *h, const struct mt_policy_edits *e)
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

static bool is_grpc(const struct mt_head *h)
{
    struct mt_span type = mt_head_value(h, MT_HEAD_CONTENT_TYPE);
    struct mt_span grpc = MT_SPAN("application/grpc");
    return mt_span_starts(type, grpc) &&
           (type.len == grpc.len || type.ptr[grpc.len] == '+' ||
            type.ptr[grpc.len] == ';');
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
        .port = c->host->policy->listeners[c->listener]->port,
        .grpc = c->grpc};
}

/* What the request becomes on its way. Returns 0 or a status. */
static int rewrite(struct mt_call *c, const struct mt_policy_request *q)
{
    struct mt_head *h = c->request;
    uint8_t ip[64], path[8192];
    struct mt_buf client = mt_buf_of(ip, sizeof ip);
    struct mt_buf p = mt_buf_of(path, sizeof path);
    const struct mt_policy_rewrite *w = &c->route->rewrite;
    mt_put_ip(&client, c->down->side->remote.ip);
    struct mt_forward f = {.to = MT_HTTP_1_1};
    if (!mt_arena_copy(&h->arena, mt_buf_span(&client), &f.client))
        return 431;
    int rc = mt_forward_request(h, &f);
    if (rc != 0)
        return rc;
    if (!edit(h, &c->route->request_headers))
        return 431;
    if (w->host.len > 0)
        h->authority = w->host;
    if (w->path.len == 0)
        return 0;
    mt_rewrite_path(w, c->entry->match, q->path, &p);
    if (q->query.len > 0) {
        mt_put_char(&p, '?');
        mt_put_span(&p, q->query);
    }
    return p.full || !mt_arena_copy(&h->arena, mt_buf_span(&p), &h->path) ? 414
                                                                          : 0;
}

static void redirect(struct mt_call *c, const struct mt_policy_request *q)
{
    uint8_t bytes[8192];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_redirect_location(&c->route->redirect, c->entry->match, q, &b);
    if (b.full) {
        answer(c, 414, "location", "its redirect would be too long");
        return;
    }
    c->status = c->route->redirect.status;
    c->reason = "redirect";
    mt_call_send_answer(c->host->pool, c->down, c->status, false, c->reason, "",
                        mt_buf_span(&b));
    c->response_started = c->response_ended = true;
    c->down->ops->leave(c->down);
    finish(c);
}

static void respond(struct mt_call *c)
{
    const struct mt_policy_respond *p = &c->route->respond;
    struct mt_head h;
    uint8_t digits[24];
    struct mt_buf b = mt_buf_of(digits, sizeof digits);
    mt_head_init(&h, c->host->pool, 4096);
    h.status = p->status;
    h.length = (int64_t)p->body.len;
    mt_put_decimal(&b, p->body.len);
    bool fits = (p->content_type.len == 0 ||
                 mt_head_add(&h, MT_SPAN("content-type"), p->content_type)) &&
                mt_head_add(&h, MT_SPAN("content-length"), mt_buf_span(&b)) &&
                edit(&h, &c->route->response_headers);
    if (!fits) {
        mt_head_deinit(&h);
        answer(c, 503, "memory", "no memory for it");
        return;
    }
    bool empty =
        p->body.len == 0 || mt_span_eq(c->request->method, MT_SPAN("HEAD"));
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
    finish(c);
}

static void send_to_service(struct mt_call *c,
                            const struct mt_policy_request *q)
{
    struct mt_call_host *host = c->host;
    c->choice = mt_split_choose(&c->route->to, q, &host->random);
    if (c->choice.service == MT_POLICY_NONE) {
        answer(c, 503, "no_backend", "every weight of its route is 0");
        return;
    }
    c->service = host->policy->services[c->choice.service];
    int status = rewrite(c, q);
    if (status != 0) {
        answer(c, (unsigned)status, "header",
               status == MT_FORWARD_HERE ? ""
                                         : "its header cannot be passed on");
        return;
    }
    if (c->route->retry != NULL)
        mt_budget_request(&host->state->budgets[c->route->retry->budget],
                          host->now_ns);
    c->counted =
        mt_limit_take(shared(c), MT_LIMIT_REQUESTS, &c->service->limits);
    if (!c->counted) {
        answer(c, 503, mt_limit_text(MT_LIMIT_REQUESTS),
               "too many requests to the service run at once");
        return;
    }
    begin_try(c);
}

static void route(struct mt_call *c)
{
    struct mt_policy_request q = asked(c);
    c->entry = mt_match(c->host->policy, &q, c->host->scratch);
    if (c->entry == NULL) {
        answer(c, 404, "no_route", "no route takes it");
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

static struct mt_call *new_call(struct mt_call_host *host,
                                struct mt_stream *down, struct mt_head *head,
                                uint32_t listener)
{
    struct mt_call *c = mt_pool_zalloc(host->pool, sizeof *c);
    if (c == NULL)
        return NULL;
    c->host = host;
    c->down = down;
    c->request = head;
    c->listener = listener;
    c->begin_ns = host->now_ns;
    c->grpc_status = MT_GRPC_STATUS_NONE;
    c->avoid = MT_PICK_ANY;
    c->kept_whole = true;
    c->deadline = (struct mt_deadline){.met = deadline_met, .arg = c};
    mt_outq_init(&c->kept, host->pool);
    return c;
}

void mt_call_request(struct mt_call_host *host, struct mt_stream *down,
                     struct mt_head *head, bool end, uint32_t listener)
{
    struct mt_call *c = new_call(host, down, head, listener);
    if (c == NULL) {
        mt_call_send_answer(host->pool, down, 503, false, "memory",
                            "no memory for it", MT_SPAN(""));
        down->ops->leave(down);
        return;
    }
    down->events = &down_events;
    down->arg = c;
    c->grpc = is_grpc(head);
    c->no_body = end;
    c->ended = end;
    c->request_end_ns = end ? host->now_ns : 0;
    route(c);
}

void mt_call_refused(struct mt_call_host *host, struct mt_stream *down,
                     const struct mt_http1_refusal *why, uint32_t listener)
{
    struct mt_h1_side *side = (struct mt_h1_side *)down->side;
    struct mt_call *c = new_call(host, down, &side->reader.head, listener);
    mt_call_send_answer(host->pool, down, why->status, false, why->why,
                        "the request is malformed", MT_SPAN(""));
    down->ops->leave(down);
    if (c == NULL)
        return;
    c->status = why->status;
    c->reason = why->why;
    c->error = MT_ERROR_PROTOCOL;
    c->response_started = c->response_ended = c->ended = true;
    c->request_end_ns = host->now_ns;
    finish(c);
}
