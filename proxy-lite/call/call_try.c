/* Tries: to which endpoint, on which connection, and whether there is another
 * one. */
#include "proxy-lite/call/call_impl.h"

uint32_t mt_call_budget(const struct mt_call *c)
{
    return c->route->retry != NULL ? c->route->retry->budget : 0;
}

void mt_call_give_pending(struct mt_call *c)
{
    if (c->pending)
        mt_limit_give(mt_call_shared(c), MT_LIMIT_PENDING);
    c->pending = false;
}

void mt_call_end_try(struct mt_call *c, enum mt_breaker_outcome outcome,
                     enum mt_error error, int64_t hint_ns)
{
    struct mt_call_host *host = c->host;
    mt_call_give_pending(c);
    if (!c->picked)
        return;
    struct mt_call_try *t = &c->tries[c->tries_count - 1];
    t->end_ns = host->now_ns;
    t->error = (uint8_t)error;
    t->phase = c->phase;
    const struct mt_pick_end end = {
        .outcome = (uint8_t)outcome,
        .now_ns = host->now_ns,
        .latency_ns = (t->head_ns != 0 ? t->head_ns : t->end_ns) - t->start_ns,
        .retry_after_ns = hint_ns > 0 ? hint_ns : 0};
    (void)mt_balancer_done(&c->mesh->balancers[c->service->index], &c->pick,
                           &end, &host->random);
    c->picked = false;
}

bool mt_call_keeps(const struct mt_call *c)
{
    bool again = c->route->retry != NULL || c->h2 ||
                 mt_method_idempotent(c->request->method);
    return again && !c->response_started && c->body_bytes <= MT_CALL_KEPT_MAX;
}

void mt_call_send_kept(struct mt_call *c)
{
    enum { PIECES = 2 + 2 * MT_CALL_KEPT_MAX / MT_OUTQ_ROOM_MAX };
    struct iovec iov[PIECES];
    int n = mt_outq_peek(&c->kept, iov, PIECES);
    for (int i = 0; i < n; i++)
        c->up->ops->body(c->up,
                         (struct mt_span){iov[i].iov_base, iov[i].iov_len});
    /* lent pieces live until the flush: they are copied where kept may go */
    (void)c->up->side->ops->settle(c->up->side);
}

static void attach(struct mt_call *c, struct mt_side *side)
{
    mt_call_unqueue(c);
    mt_call_give_pending(c);
    c->step = MT_CALL_SENDING; /* there is nothing to cancel */
    c->up = side->ops->begin(side);
    if (c->up == NULL) {
        mt_call_end_try(c, MT_BREAKER_NOTHING, MT_ERROR_NONE, 0);
        mt_call_end_with(c, 503, "memory", "no memory for it");
        return;
    }
    c->up->events = &mt_call_up_events;
    c->up->arg = c;
    if (c->tcp) {
        mt_call_join_tcp(c);
        return;
    }
    mt_call_step(c, MT_CALL_SENDING);
    c->up->ops->head(c->up, c->request, c->no_body);
    if (!c->connect)
        mt_call_send_kept(c);
    /* what came before the connection may be more than is sent again */
    if (!c->connect && !mt_call_keeps(c))
        mt_outq_deinit(&c->kept), c->kept_whole = c->body_bytes == 0;
    if (c->ended) {
        if (!c->no_body)
            c->up->ops->end(c->up, c->trailers);
        mt_call_step(c, MT_CALL_WAITING);
    } else {
        c->down->ops->pause(c->down, c->up->over_high);
    }
}

/* The client has none of it; the row of its try has. */
static void forget_answer(struct mt_call *c)
{
    c->status = 0;
    c->grpc_status = MT_GRPC_STATUS_NONE;
    c->head_ns = 0;
    c->response_header_bytes = 0;
}

bool mt_call_decide(struct mt_call *c, const struct mt_try *last,
                    enum mt_error error)
{
    struct mt_call_host *host = c->host;
    int64_t by_ns = mt_call_answer_by_ns(c);
    const struct mt_retry_ask ask = {
        .policy = c->route->retry,
        .budget_policy = &c->mesh->policy->budgets[mt_call_budget(c)],
        .budget = &c->mesh->state->budgets[mt_call_budget(c)],
        .last = last,
        .method = c->request->method,
        .grpc = c->grpc,
        .body_kept = c->kept_whole,
        .endpoint_there = c->tries_count < MT_CALL_TRIES_MAX,
        .retries = c->retries,
        .free_retries = c->free_retries,
        .refused = c->refused,
        .now_ns = host->now_ns,
        .deadline_ns = by_ns == INT64_MAX ? 0 : by_ns};
    struct mt_retry_answer a = mt_retry_decide(&ask, &host->random);
    c->why_not = a.why;
    if (ask.policy != NULL && a.why != MT_RETRY_WHY_NONE)
        c->budget = mt_budget_tell(ask.budget, ask.budget_policy, ask.now_ns);
    if (!a.again)
        return false;
    c->avoid = c->pick.endpoint;
    c->retries += a.counted;
    c->free_retries += !a.counted;
    c->refused += last->end == MT_TRY_REFUSED_STREAM;
    mt_call_end_try(c,
                    last->end == MT_TRY_NOT_PROCESSED ? MT_BREAKER_NOTHING
                                                      : MT_BREAKER_FAILED,
                    error, last->hint_ns);
    mt_call_leave_up(c);
    forget_answer(c);
    c->step = c->phase = MT_CALL_BACKING_OFF;
    c->down->ops->pause(c->down, c->kept.bytes >= MT_CALL_KEPT_MAX);
    mt_call_set_deadline(c, host->now_ns + a.wait_ns);
    return true;
}

void mt_call_fail_try(struct mt_call *c, enum mt_try_end end,
                      enum mt_error error)
{
    static const struct {
        uint16_t status;
        const char *reason, *sentence;
    } answers[MT_TRY_END_COUNT] = {
        [MT_TRY_RESET] = {502, "reset",
                          "the service broke the connection before it "
                          "answered"},
        [MT_TRY_CONNECT_FAILURE] = {503, "connect_failure",
                                    "no connection to the service"},
        [MT_TRY_REFUSED_STREAM] = {503, "refused", "the service refused it"},
        [MT_TRY_NOT_PROCESSED] = {502, "reset",
                                  "the service closed its connection"},
        [MT_TRY_TIMEOUT] = {504, "timeout",
                            "the service did not answer in time"},
    };
    const struct mt_try last = {
        .end = (uint8_t)end, .grpc_status = -1, .hint_ns = MT_RETRY_NO_HINT};
    uint32_t tried = c->tries[c->tries_count - 1].endpoint;
    if (mt_call_decide(c, &last, error))
        return;
    if (end == MT_TRY_CONNECT_FAILURE && !mt_call_has_address(c, tried)) {
        mt_call_end_try(c, MT_BREAKER_FAILED, error, 0);
        c->error = (uint8_t)error;
        mt_call_end_with(c, 503, "no_address",
                         "the name of its service was not found");
        return;
    }
    mt_call_blame(c, end == MT_TRY_TIMEOUT || error == MT_ERROR_UNANSWERED
                         ? MT_ENDED_TIME
                         : MT_ENDED_SERVICE);
    mt_call_end_try(c, MT_BREAKER_FAILED, error, 0);
    c->error = (uint8_t)error;
    if (error == MT_ERROR_PROTOCOL) {
        mt_call_end_with(c, 502, "bad_response",
                         "what the service sent is not HTTP");
        return;
    }
    mt_call_end_with(c, answers[end].status, answers[end].reason,
                     answers[end].sentence);
}

/* It goes nowhere for now: the pick says nothing of its endpoint. */
static void wait_in_queue(struct mt_call *c)
{
    bool pending = c->pending;
    c->pending = false;
    mt_call_end_try(c, MT_BREAKER_NOTHING, MT_ERROR_NONE, 0);
    c->pending = pending;
    c->tries_count--;
    mt_call_queue(c);
}

static void connect_try(struct mt_call *c, struct mt_place to)
{
    struct mt_call_host *host = c->host;
    bool full = false;
    if (!c->pending && !mt_limit_take(mt_call_shared(c), MT_LIMIT_PENDING,
                                      &c->service->limits)) {
        mt_call_end_try(c, MT_BREAKER_NOTHING, MT_ERROR_NONE, 0);
        mt_call_end_with(c, 503, mt_limit_text(MT_LIMIT_PENDING),
                         "too many requests wait for a connection to the "
                         "service");
        return;
    }
    c->pending = true;
    bool made = host->connect(host->arg, &c->wait, c->mesh, to, c->h2, &full);
    if (full) {
        wait_in_queue(c);
        return;
    }
    mt_call_unqueue(c);
    if (made) {
        mt_call_step(c, MT_CALL_CONNECTING);
        return;
    }
    c->step = MT_CALL_BACKING_OFF; /* there is nothing to cancel */
    mt_call_fail_try(c, MT_TRY_CONNECT_FAILURE, MT_ERROR_REFUSED);
}

void mt_call_begin_try(struct mt_call *c)
{
    struct mt_call_host *host = c->host;
    struct mt_balancer *b = &c->mesh->balancers[c->service->index];
    c->pick = mt_balancer_pick(b, host->now_ns, c->avoid, &host->random);
    if (c->pick.endpoint == MT_PICK_NONE) {
        c->why_not = MT_RETRY_WHY_BREAKER_OPEN;
        mt_call_end_with(c, 503, "no_endpoint",
                         "no endpoint of the service would take it");
        return;
    }
    c->picked = true;
    c->tries[c->tries_count++] =
        (struct mt_call_try){.start_ns = host->now_ns,
                             .endpoint = c->pick.endpoint,
                             .grpc_status = MT_GRPC_STATUS_NONE};
    const struct mt_place to = {c->service->index, c->pick.endpoint};
    struct mt_side *side =
        c->tcp ? NULL : host->take(host->arg, c->mesh, to, c->h2);
    if (side != NULL)
        attach(c, side);
    else
        connect_try(c, to);
}

void mt_call_connected(struct mt_call *c, struct mt_side *side)
{
    struct mt_call_try *t = &c->tries[c->tries_count - 1];
    t->connect_ns = c->host->now_ns - t->start_ns;
    attach(c, side);
}

void mt_call_not_connected(struct mt_call *c, bool timed_out)
{
    c->step = MT_CALL_BACKING_OFF;
    mt_call_fail_try(c, MT_TRY_CONNECT_FAILURE,
                     timed_out ? MT_ERROR_UNANSWERED : MT_ERROR_REFUSED);
}

/* Does the other end not take what there is? */
static bool is_stuck(const struct mt_stream *s)
{
    return s->over_high || s->side->out.bytes > 0;
}

/* Who does not go on, the client or the service? */
static void end_idle_request(struct mt_call *c)
{
    bool service = c->up != NULL && is_stuck(c->up);
    c->error = MT_ERROR_TIMEOUT;
    mt_call_blame(c, MT_ENDED_TIME);
    mt_call_end_try(c, service ? MT_BREAKER_FAILED : MT_BREAKER_NOTHING,
                    MT_ERROR_TIMEOUT, 0);
    if (service)
        mt_call_end_with(c, 504, "timeout",
                         "the service does not take the request");
    else
        mt_call_end_with(c, 408, "request_idle", "the request did not go on");
}

/* What was sent of a response cannot be taken back. */
static void end_idle_response(struct mt_call *c)
{
    bool client = is_stuck(c->down);
    c->error = MT_ERROR_TIMEOUT;
    if (!c->tunnel) /* there neither owes the other anything */
        c->reason = client ? "client_idle" : "response_idle";
    mt_call_blame(c, MT_ENDED_TIME);
    mt_call_end_try(c, MT_BREAKER_NOTHING, MT_ERROR_TIMEOUT, 0);
    mt_call_leave_up(c);
    c->down->ops->leave(c->down);
    mt_call_finish(c);
}

void mt_call_late(void *arg)
{
    struct mt_call *c = arg;
    bool too_late = c->host->now_ns >= mt_call_answer_by_ns(c);
    switch (c->step) {
    case MT_CALL_BACKING_OFF:
        mt_call_begin_try(c);
        return;
    case MT_CALL_QUEUED:
        c->error = MT_ERROR_TIMEOUT;
        mt_call_blame(c, MT_ENDED_TIME);
        mt_call_end_with(c, 504, "timeout",
                         "no connection to the service came free in time");
        return;
    case MT_CALL_CONNECTING:
        mt_call_leave_up(c);
        c->step = MT_CALL_BACKING_OFF;
        mt_call_fail_try(c, too_late ? MT_TRY_TIMEOUT : MT_TRY_CONNECT_FAILURE,
                         MT_ERROR_UNANSWERED);
        return;
    case MT_CALL_WAITING:
        if (c->held != NULL)
            (void)mt_call_release(c);
        else
            mt_call_fail_try(c, MT_TRY_TIMEOUT, MT_ERROR_TIMEOUT);
        return;
    case MT_CALL_SENDING:
        if (too_late)
            mt_call_fail_try(c, MT_TRY_TIMEOUT, MT_ERROR_TIMEOUT);
        else
            end_idle_request(c);
        return;
    default:
        end_idle_response(c);
    }
}
