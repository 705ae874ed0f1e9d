#include "proxy-lite/call/call_impl.h"

#include "base/buf.h"
#include "base/text_addr.h"

struct mt_service_state *mt_call_shared(const struct mt_call *c)
{
    return &c->mesh->state->services[c->service->index];
}

bool mt_call_has_address(const struct mt_call *c, uint32_t endpoint)
{
    return !mt_ip_is_none(c->mesh->addresses[c->service->index][endpoint].ip);
}

/* ---- deadlines ---- */

void mt_call_set_deadline(struct mt_call *c, int64_t at_ns)
{
    mt_deadline_set(&c->host->wheel, &c->deadline, at_ns);
}

int64_t mt_call_answer_by_ns(const struct mt_call *c)
{
    int64_t by = c->ended && c->route->timeout_ns > 0
                     ? c->request_end_ns + c->route->timeout_ns
                     : INT64_MAX;
    return c->grpc_by_ns != 0 && c->grpc_by_ns < by ? c->grpc_by_ns : by;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t idle_timeout_ns(const struct mt_call *c)
{
    return c->tcp ? c->mesh->policy->listeners[c->listener]->tcp_idle_timeout_ns
                  : c->route->stream_idle_timeout_ns;
}

/* ns after; 0: never. */
static int64_t after(int64_t from_ns, int64_t ns)
{
    return ns > 0 ? from_ns + ns : INT64_MAX;
}

/* The next thing that may be too late in this step. */
void mt_call_arm(struct mt_call *c)
{
    const struct mt_call_try *t =
        c->tries_count > 0 ? &c->tries[c->tries_count - 1] : NULL;
    int64_t at = mt_call_answer_by_ns(c);
    switch (c->step) {
    case MT_CALL_QUEUED:
        at = least(at, after(c->queued_ns, c->route->timeout_ns));
        break;
    case MT_CALL_CONNECTING:
        at = least(at, t->start_ns + c->service->connect_timeout_ns);
        at = least(at, after(t->start_ns, c->route->per_try_timeout_ns));
        break;
    case MT_CALL_WAITING:
        if (c->held != NULL) {
            at = c->head_ns + MT_CALL_HOLD_NS;
            break;
        }
        at = least(at, after(t->start_ns, c->route->per_try_timeout_ns));
        break;
    case MT_CALL_SENDING:
        at = least(at, after(c->active_ns, c->route->stream_idle_timeout_ns));
        break;
    case MT_CALL_RESPONDING:
        at = after(c->active_ns, idle_timeout_ns(c));
        break;
    default:
        return;
    }
    if (at != INT64_MAX)
        mt_call_set_deadline(c, at);
    else
        mt_deadline_clear(&c->deadline);
}

void mt_call_blame(struct mt_call *c, enum mt_ended_by who)
{
    static_assert(MT_CALL_BACKING_OFF + 1 == (int)MT_PHASE_BACKING_OFF &&
                      MT_CALL_ROUTING + 1 == (int)MT_PHASE_ROUTING,
                  "phases are steps");
    if (c->ended_by != MT_ENDED_NONE)
        return;
    c->ended_by = (uint8_t)who;
    c->ended_in = c->phase + 1;
}

void mt_call_step(struct mt_call *c, enum mt_call_step to)
{
    c->step = c->phase = (uint8_t)to;
    c->active_ns = c->host->now_ns;
    mt_call_arm(c);
}

/* ---- the end ---- */

void mt_call_finish(struct mt_call *c)
{
    struct mt_call_host *host = c->host;
    mt_call_unqueue(c);
    c->step = MT_CALL_DONE;
    mt_deadline_clear(&c->deadline);
    mt_call_delist(c);
    mt_call_write_rows(c);
    if (c->counted)
        mt_limit_give(mt_call_shared(c), MT_LIMIT_REQUESTS);
    mt_call_drop_held(c);
    mt_call_give_pending(c);
    mt_call_look_at_queue(host);
    mt_outq_deinit(&c->kept);
    mt_mesh_give(c->mesh);
    mt_pool_free(host->pool, c, sizeof *c);
}

void mt_call_leave_up(struct mt_call *c)
{
    if (c->step == MT_CALL_CONNECTING)
        c->host->cancel(c->host->arg, &c->wait);
    if (c->up != NULL)
        c->up->ops->leave(c->up);
    c->up = NULL;
    mt_call_drop_held(c);
}

void mt_call_end_with(struct mt_call *c, unsigned status, const char *reason,
                      const char *sentence)
{
    mt_call_blame(c, MT_ENDED_PROXY);
    mt_call_leave_up(c);
    mt_call_answer(c, status, reason, sentence);
    c->down->ops->leave(c->down);
    mt_call_finish(c);
}

/* ---- the request ---- */

static void on_request_body(void *arg, struct mt_span bytes)
{
    struct mt_call *c = arg;
    /* what follows CONNECT would be a request to who does not obey it */
    bool attached = c->up != NULL && (!c->connect || c->tunnel);
    c->body_bytes += bytes.len;
    mt_call_read_messages(&c->asked, bytes);
    c->active_ns = c->host->now_ns;
    bool keep = !attached || (c->kept_whole && !c->tunnel && mt_call_keeps(c));
    if (keep && !mt_outq_put(&c->kept, bytes)) {
        mt_call_end_with(c, 503, "memory", "no memory for it");
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
    mt_call_arm(c);
    if (c->up->over_high)
        c->down->ops->pause(c->down, true);
}

void mt_call_end_tunnel(struct mt_call *c)
{
    if (!c->tunnel_up_ended || !c->response_ended)
        return;
    mt_call_end_try(c, MT_BREAKER_OK, MT_ERROR_NONE, 0);
    c->up->ops->leave(c->up);
    c->down->ops->leave(c->down);
    mt_call_finish(c);
}

static void on_request_end(void *arg, struct mt_head *trailers)
{
    struct mt_call *c = arg;
    if (c->tunnel) {
        c->tunnel_up_ended = true;
        c->up->ops->end(c->up, NULL);
        mt_call_end_tunnel(c);
        return;
    }
    if (c->connect) { /* of HTTP/2 its stream: told when there is a tunnel */
        c->tunnel_up_ended = c->request->version == MT_HTTP_2;
        return;
    }
    c->ended = true;
    c->request_end_ns = c->host->now_ns;
    if (trailers != NULL)
        mt_forward_trailers(trailers);
    c->trailers = trailers;
    if (c->up == NULL) {
        mt_call_arm(c);
        return;
    }
    if (!c->no_body)
        c->up->ops->end(c->up, trailers);
    if (c->step == MT_CALL_SENDING)
        mt_call_step(c, MT_CALL_WAITING);
}

static const char not_taken[] = "the request cannot be taken";

static void on_client_gone(void *arg, enum mt_gone why)
{
    struct mt_call *c = arg;
    const struct mt_http1_refusal *refusal = c->down->refusal;
    c->error =
        why == MT_GONE_PROTOCOL ? MT_ERROR_PROTOCOL : MT_ERROR_RESET_BY_CLIENT;
    mt_call_blame(c, MT_ENDED_CLIENT);
    mt_call_end_try(c, MT_BREAKER_NOTHING, (enum mt_error)c->error, 0);
    mt_call_leave_up(c);
    if (why == MT_GONE_PROTOCOL && refusal != NULL && !c->response_started)
        mt_call_answer(c, refusal->status, refusal->why, not_taken);
    mt_call_finish(c);
}

static void on_client_room(void *arg)
{
    struct mt_call *c = arg;
    if (c->up == NULL)
        return;
    c->active_ns = c->host->now_ns;
    mt_call_arm(c);
    c->up->ops->pause(c->up, false);
}

static void on_no_head(void *arg, struct mt_head *head, bool end)
{
    (void)arg, (void)head, (void)end; /* a request has one head */
}

const struct mt_stream_events mt_call_down_events = {
    on_no_head, on_request_body, on_request_end, on_client_gone,
    on_client_room};

/* ---- the beginning ---- */

struct mt_call *mt_call_new(struct mt_call_host *host, struct mt_stream *down,
                            struct mt_head *head,
                            const struct mt_call_listener *at)
{
    struct mt_call *c = mt_pool_zalloc(host->pool, sizeof *c);
    if (c == NULL)
        return NULL;
    c->host = host;
    c->down = down;
    c->request = head;
    c->authority = head->authority;
    c->path = head->path;
    c->mesh = mt_mesh_take(at->mesh);
    c->listener = at->index;
    c->begin_ns = host->now_ns;
    c->number = ++host->requests << 8 | host->number;
    c->grpc_status = c->asked.status = c->answered.status = MT_GRPC_STATUS_NONE;
    c->avoid = MT_PICK_ANY;
    c->kept_whole = true;
    c->wait.call = c;
    c->deadline = (struct mt_deadline){.met = mt_call_late, .arg = c};
    mt_outq_init(&c->kept, host->pool);
    mt_call_enlist(c);
    return c;
}

void mt_call_request(struct mt_call_host *host, struct mt_stream *down,
                     struct mt_head *head, bool end,
                     const struct mt_call_listener *at)
{
    struct mt_call *c = mt_call_new(host, down, head, at);
    if (c == NULL) {
        mt_call_say(host->pool, down,
                    &(struct mt_call_said){.status = 503,
                                           .reason = "memory",
                                           .no_body = mt_call_is_head(head),
                                           .sentence = "no memory for it"});
        down->ops->leave(down);
        return;
    }
    down->events = &mt_call_down_events;
    down->arg = c;
    c->connect = mt_span_eq(head->method, MT_SPAN("CONNECT"));
    c->no_body = c->ended = end || c->connect;
    c->request_end_ns = c->ended ? host->now_ns : 0;
    c->tunnel_up_ended = end && c->connect && head->version == MT_HTTP_2;
    mt_call_route(c);
}

void mt_call_refused(struct mt_call_host *host, struct mt_stream *down,
                     struct mt_head *head, const struct mt_http1_refusal *why,
                     const struct mt_call_listener *at)
{
    struct mt_call *c = mt_call_new(host, down, head, at);
    bool answered = why->status != 0;
    const struct mt_call_said said = {.status = why->status,
                                      .reason = why->why,
                                      .no_body = mt_call_is_head(head),
                                      .sentence = not_taken};
    if (answered)
        mt_call_say(host->pool, down, &said);
    down->ops->leave(down);
    if (c == NULL)
        return;
    c->status = why->status;
    c->reason = why->why;
    c->error = why->left   ? MT_ERROR_RESET_BY_CLIENT
               : why->late ? MT_ERROR_TIMEOUT
                           : MT_ERROR_PROTOCOL;
    mt_call_blame(c, why->left   ? MT_ENDED_CLIENT
                     : why->late ? MT_ENDED_TIME
                                 : MT_ENDED_PROXY);
    c->response_started = c->response_ended = answered;
    c->ended = !why->left && !why->late;
    c->request_end_ns = host->now_ns;
    mt_call_finish(c);
}
