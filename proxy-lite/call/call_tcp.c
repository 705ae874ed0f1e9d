/* A connection that is passed on as it is: its bytes are the bodies of a
 * request and a response without heads. */
#include "proxy-lite/call/call_impl.h"
#include "proxy-lite/call/tcp_side.h"

/* A connection that could not be made is tried again, on another endpoint if
 * there is one; nothing of it has reached a service. */
static const struct mt_policy_retry retry = {
    .on = 1u << MT_RETRY_ON_CONNECT_FAILURE,
    .attempts = 2,
    .backoff_min_ns = MT_POLICY_MS(25),
    .backoff_max_ns = MT_POLICY_MS(250)};
static const struct mt_policy_route route = {.action = MT_ACTION_TO,
                                             .retry = &retry};

void mt_call_tcp(struct mt_call_host *host, struct mt_stream *down,
                 const struct mt_call_listener *at)
{
    struct mt_head *none = &((struct mt_tcp_side *)down->side)->none;
    const struct mt_policy *p = at->mesh->policy;
    struct mt_call *c = mt_call_new(host, down, none, at);
    if (c == NULL) {
        down->ops->leave(down);
        return;
    }
    down->events = &mt_call_down_events;
    down->arg = c;
    c->tcp = c->wait.tcp = true;
    c->protocol = MT_PROTOCOL_TCP;
    c->route = &route;
    c->service = p->services[p->listeners[at->index]->tcp];
    mt_budget_request(&c->mesh->state->budgets[0], host->now_ns);
    c->counted = mt_limit_take(mt_call_shared(c), MT_LIMIT_REQUESTS,
                               &c->service->limits);
    if (c->counted)
        mt_call_begin_try(c);
    else
        mt_call_end_with(c, 503, mt_limit_text(MT_LIMIT_REQUESTS), "");
}

void mt_call_join_tcp(struct mt_call *c)
{
    c->tries[c->tries_count - 1].head_ns = c->head_ns = c->host->now_ns;
    c->tunnel = c->response_started = true;
    mt_call_step(c, MT_CALL_RESPONDING);
    mt_call_send_kept(c);
    mt_outq_deinit(&c->kept);
    c->down->ops->pause(c->down, c->up->over_high);
    if (!c->ended)
        return;
    c->tunnel_up_ended = true; /* it said all while it was connected */
    c->up->ops->end(c->up, NULL);
}
