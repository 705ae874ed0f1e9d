/* What a proxy's rows tell beside: who ended it in which phase, by which rule,
 * at which endpoint, and what its breakers and its budget were at. */
#include "decode/explain_parts.h"

#include <stddef.h>

#include "base/text.h"
#include "base/text_escape.h"
#include "decode/outcome.h"

static bool is_request(const struct mt_exchange *x)
{
    return x->observer == MT_OBSERVER_PROXY_REQUEST;
}

/* ---- why the proxy answered itself ---- */

/* docs/proxy.md; other words are those of anomalies. */
static const struct {
    const char *word, *text;
} reasons[] = {
    {"no_route", "no route takes it"},
    {"no_backend", "every weight of its route is 0"},
    {"no_endpoint", "no endpoint of its service would take it"},
    {"requests", "as many requests to its service ran as its limit allows"},
    {"connections", "its service had as many connections as its limit allows"},
    {"pending", "as many requests waited for its service as its limit allows"},
    {"no_address", "the name of its service was not found"},
    {"connect_failure", "no connection could be made"},
    {"reset", "the connection broke before an answer"},
    {"refused", "the service refused it"},
    {"bad_response", "the response's header could not be passed on"},
    {"timeout", "there was no answer in time"},
    {"request_idle", "the request did not go on"},
    {"header_timeout", "its header did not come in time"},
    {"memory", "there was no memory for it"},
    {"header", "its header could not be passed on"},
    {"max_forwards", "it asks for the answer of this proxy"},
    {"location", "its redirect would have been too long"},
    {"redirect", "its route redirects"},
    {"respond", "its route answers by itself"},
};

static void put_reason(const struct mt_exchange *x, struct mt_buf *b)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (mt_span_eq(x->error_message, mt_span_str(reasons[i].word))) {
            mt_put_str(b, reasons[i].text);
            return;
        }
    mt_put_str(b, "it could not be taken: ");
    (void)mt_put_escaped(b, x->error_message, MT_EXPLAIN_COLUMNS);
}

/* "; its client got 503, after 24ms" */
static void put_given(const struct mt_exchange *x, struct mt_buf *b)
{
    const char *grpc = mt_grpc_status_text(x->grpc_status);
    int64_t ns = mt_exchange_duration_ns(x);
    if (!is_request(x) || x->error_message.len == 0 || x->status == 0)
        return;
    mt_put_str(b, "; its client got ");
    if (grpc != NULL)
        mt_put_str(b, grpc);
    else
        mt_put_decimal(b, x->status);
    if (ns < 0)
        return;
    mt_put_str(b, ", after ");
    mt_put_latency(b, ns);
}

/* ---- how it ended ---- */

static const char *phase_help(uint8_t phase)
{
    static const char *const texts[] = {
#define X(name, text, help) help,
        MT_PHASES(X)
#undef X
    };
    return phase < MT_PHASE_COUNT ? texts[phase] : "";
}

static bool is_l4(const struct mt_exchange *x)
{
    return x->kind == MT_KIND_L4;
}

static void put_phase(const struct mt_exchange *x, struct mt_buf *b)
{
    if (x->ended_in == MT_PHASE_NONE)
        return;
    mt_put_char(b, ' ');
    mt_put_str(b, is_l4(x) && x->ended_in == MT_PHASE_RESPONDING
                      ? "while it ran"
                      : phase_help(x->ended_in));
}

/* A tunnel or connection that one of both had done with. */
static bool came_to_its_end(const struct mt_exchange *x)
{
    return (x->ended_by == MT_ENDED_CLIENT ||
            x->ended_by == MT_ENDED_SERVICE) &&
           x->ended_in == MT_PHASE_NONE && x->error == MT_ERROR_NONE;
}

static bool was_ended(const struct mt_exchange *x)
{
    return x->ended_by != MT_ENDED_NONE && !came_to_its_end(x);
}

static void say_by_client(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, x->error == MT_ERROR_PROTOCOL
                      ? "its client broke the protocol"
                      : "its client went away");
    put_phase(x, b);
}

static void say_by_service(const struct mt_exchange *x, struct mt_buf *b)
{
    switch (x->error) {
    case MT_ERROR_REFUSED:
        mt_put_str(b, "the connection was refused");
        break;
    case MT_ERROR_PROTOCOL:
        mt_put_str(b, mt_span_eq(x->error_message, MT_SPAN("not_h2"))
                          ? "the service does not speak HTTP/2: it broke the "
                            "protocol"
                          : "the service broke the protocol");
        break;
    case MT_ERROR_TRUNCATED:
        mt_put_str(b, "the service ended its response too early,");
        break;
    default:
        mt_put_str(b, "the service broke the connection");
    }
    put_phase(x, b);
}

static void say_by_time(const struct mt_exchange *x, struct mt_buf *b)
{
    if (mt_span_eq(x->error_message, MT_SPAN("header_timeout"))) {
        put_reason(x, b); /* the phase would say the same */
        return;
    }
    mt_put_str(b, x->error == MT_ERROR_UNANSWERED
                      ? "the connection attempt got no answer in time"
                      : "its time was over");
    put_phase(x, b);
}

static void say_by_proxy(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "the proxy answered it by itself");
    put_phase(x, b);
    mt_put_str(b, ": ");
    put_reason(x, b);
}

static void say_ended(const struct mt_exchange *x, struct mt_buf *b)
{
    static void (*const by[])(const struct mt_exchange *, struct mt_buf *) = {
        [MT_ENDED_CLIENT] = say_by_client,
        [MT_ENDED_SERVICE] = say_by_service,
        [MT_ENDED_TIME] = say_by_time,
        [MT_ENDED_PROXY] = say_by_proxy};
    by[x->ended_by < MT_ENDED_COUNT ? x->ended_by : MT_ENDED_PROXY](x, b);
    put_given(x, b);
}

const struct mt_sentence mt_explain_proxied_ending = {was_ended, say_ended};

/* ---- what else ---- */

static bool has_rule(const struct mt_exchange *x)
{
    return x->rule.len > 0;
}

static void say_rule(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "the rule that took it: ");
    (void)mt_put_escaped(b, x->rule, MT_EXPLAIN_COLUMNS);
}

static void say_its_end(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, x->ended_by == MT_ENDED_SERVICE
                      ? "the service ended it, all was passed on"
                      : "its client ended it, all was passed on");
}

static bool has_endpoint(const struct mt_exchange *x)
{
    return is_request(x) && x->endpoint.len > 0;
}

/* Of a request that was tried again, the lines of its tries say more. */
static void say_endpoint(const struct mt_exchange *x, struct mt_buf *b)
{
    bool answered = x->status != 0 && !was_ended(x);
    mt_put_str(b, answered             ? "answered by "
                  : came_to_its_end(x) ? "passed on to "
                  : x->retry_of != 0   ? "tried last at "
                                       : "tried once, at ");
    (void)mt_put_escaped(b, x->endpoint, MT_EXPLAIN_COLUMNS);
    if (x->connect_ns > 0) {
        mt_put_str(b, ", over a connection that was made for it in ");
        mt_put_latency(b, x->connect_ns);
    } else if (x->ended_in != MT_PHASE_CONNECTING) {
        mt_put_str(b, ", over a connection that was there");
    }
}

/* A failure of which nothing says why it was not tried again. */
static bool asked_for_none(const struct mt_exchange *x)
{
    return has_endpoint(x) && x->outcome == MT_OUTCOME_FAILURE &&
           !(is_l4(x) && x->ended_in == MT_PHASE_RESPONDING) &&
           x->why_not_retried.len == 0 && x->ended_by != MT_ENDED_CLIENT;
}

static void say_asked_for_none(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, x->ended_in == MT_PHASE_RESPONDING
                      ? "not tried again: its client had some of the response "
                        "already"
                      : "not tried again: its route asks for no retry of that");
}

static bool has_budget(const struct mt_exchange *x)
{
    return x->budget_allowed > 0 || x->budget_used > 0;
}

static void say_budget(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "the budget of retries was at ");
    mt_put_count(b, x->budget_used);
    mt_put_str(b, " of ");
    mt_put_count(b, x->budget_allowed);
    mt_put_str(b, " in 10 s then");
}

static bool has_breakers(const struct mt_exchange *x)
{
    return x->endpoints_out > 0;
}

static void say_breakers(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "breakers had taken out ");
    mt_put_count(b, x->endpoints_out);
    mt_put_str(b, " of the ");
    mt_put_count(b, x->endpoints);
    mt_put_str(b, x->endpoints == 1 ? " endpoint of its service then"
                                    : " endpoints of its service then");
}

const struct mt_sentence mt_explain_proxied_notes[] = {
    {came_to_its_end, say_its_end},
    {has_rule, say_rule},
    {has_endpoint, say_endpoint},
    {asked_for_none, say_asked_for_none},
    {has_budget, say_budget},
    {has_breakers, say_breakers},
    {NULL, NULL},
};
