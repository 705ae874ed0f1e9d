#include "decode/outcome.h"

#include <stddef.h>

static bool is_grpc(const struct mt_exchange *x)
{
    return x->protocol == MT_PROTOCOL_GRPC ||
           x->protocol == MT_PROTOCOL_GRPC_WEB;
}

static bool refused(const struct mt_exchange *x)
{
    return x->error == MT_ERROR_REFUSED;
}

static bool handshake_failed(const struct mt_exchange *x)
{
    return x->kind == MT_KIND_L4 && x->error == MT_ERROR_PROTOCOL;
}

/* Bytes whose meaning is not known tell no outcome. */
static bool opaque(const struct mt_exchange *x)
{
    return x->kind == MT_KIND_L4 || x->kind == MT_KIND_TURN;
}

static bool capture_is_short(const struct mt_exchange *x)
{
    switch (x->error) {
    case MT_ERROR_CAPTURE_GAP:
    case MT_ERROR_ONE_SIDED:
    case MT_ERROR_CAPTURE_END:
    case MT_ERROR_EVICTED:
    case MT_ERROR_ABANDONED:
    case MT_ERROR_UNANSWERED:
        return true;
    default:
        return false;
    }
}

static bool capture_is_short_of_status(const struct mt_exchange *x)
{
    return capture_is_short(x) && x->status == 0 &&
           x->grpc_status == MT_GRPC_STATUS_NONE;
}

/* Closing a stream is how its client ends it: the status still judges. */
static bool stream_left_by_client(const struct mt_exchange *x)
{
    return x->error == MT_ERROR_RESET_BY_CLIENT && x->kind == MT_KIND_STREAM &&
           !is_grpc(x) && x->status != 0 && x->status < 400;
}

static bool broken_off(const struct mt_exchange *x)
{
    switch (x->error) {
    case MT_ERROR_TIMEOUT:
    case MT_ERROR_RESET_BY_CLIENT:
    case MT_ERROR_RESET_BY_SERVER:
    case MT_ERROR_NO_RESPONSE:
    case MT_ERROR_PROTOCOL:
    case MT_ERROR_TRUNCATED:
        return true;
    default:
        return false;
    }
}

/* A proxy never came to ask a service, or has to stop, for what its client
 * sends. */
static bool refused_by_proxy(const struct mt_exchange *x)
{
    bool routed = x->ended_in != MT_PHASE_ROUTING;
    if (x->observer != MT_OBSERVER_PROXY_REQUEST)
        return false;
    if (x->error == MT_ERROR_PROTOCOL)
        return !routed || x->ended_by == MT_ENDED_CLIENT;
    return x->error == MT_ERROR_TIMEOUT && (!routed || x->status == 408);
}

static bool grpc_bad_http(const struct mt_exchange *x)
{
    return is_grpc(x) && x->status != 0 && x->status != 200;
}

static bool grpc_ok(const struct mt_exchange *x)
{
    return is_grpc(x) && x->grpc_status == 0;
}

static bool grpc_no_status(const struct mt_exchange *x)
{
    return is_grpc(x) && x->grpc_status == MT_GRPC_STATUS_NONE;
}

/* The codes that OpenTelemetry's RPC conventions count against the server:
 * UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE,
 * DATA_LOSS; and any that gRPC does not define. */
static bool grpc_server_fault(const struct mt_exchange *x)
{
    if (!is_grpc(x))
        return false;
    switch (x->grpc_status) {
    case 2:
    case 4:
    case 12:
    case 13:
    case 14:
    case 15:
        return true;
    default:
        return x->grpc_status > 16;
    }
}

static bool is_dns(const struct mt_exchange *x)
{
    return x->protocol == MT_PROTOCOL_DNS;
}

static bool dns_code_is(const struct mt_exchange *x, struct mt_span code)
{
    return is_dns(x) &&
           mt_span_eq(mt_exchange_attr(x, MT_ATTR_DNS_RESPONSE_CODE), code);
}

static bool dns_ok(const struct mt_exchange *x)
{
    return dns_code_is(x, MT_SPAN("NOERROR"));
}

static bool dns_no_code(const struct mt_exchange *x)
{
    return dns_code_is(x, MT_SPAN(""));
}

/* The server did its work, and says what is wrong with the request. */
static bool dns_client_fault(const struct mt_exchange *x)
{
    static const char *const codes[] = {"FORMERR", "NXDOMAIN", "YXDOMAIN",
                                        "YXRRSET", "NXRRSET",  "NOTAUTH",
                                        "NOTZONE", "BADVERS",  "BADCOOKIE"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (dns_code_is(x, mt_span_str(codes[i])))
            return true;
    return false;
}

static bool status_5xx(const struct mt_exchange *x)
{
    return x->status >= 500;
}

static bool status_4xx(const struct mt_exchange *x)
{
    return x->status >= 400;
}

static bool status_below_400(const struct mt_exchange *x)
{
    return x->status >= 100;
}

static bool always(const struct mt_exchange *x)
{
    (void)x;
    return true;
}

const struct mt_outcome_rule mt_outcome_rules[] = {
    {refused, "the connection or stream was refused", MT_OUTCOME_FAILURE,
     "nothing served the request"},
    {handshake_failed, "a fatal TLS alert before the handshake was done",
     MT_OUTCOME_FAILURE, "no request could be sent"},
    {opaque, "encrypted or unknown bytes (tls, tcp)", MT_OUTCOME_UNKNOWN,
     "their shape tells rate and latency, never success"},
    {capture_is_short_of_status,
     "capture gap, one side, capture end or eviction, and no status seen",
     MT_OUTCOME_UNKNOWN,
     "the capture is short, which is not the service's fault"},
    {stream_left_by_client,
     "a stream with a status below 400 left by its client", MT_OUTCOME_OK,
     "closing it is how a client ends a stream"},
    {refused_by_proxy,
     "a request that a proxy could not take: malformed, too large, or not "
     "sent in time",
     MT_OUTCOME_CLIENT_ERROR, "the request itself was at fault; counted apart"},
    {broken_off,
     "timeout, reset, no response, broken protocol or truncated message",
     MT_OUTCOME_FAILURE, "the client did not get its answer"},
    {grpc_bad_http, "gRPC with an HTTP status that is not 200",
     MT_OUTCOME_FAILURE, "the call did not reach a gRPC server's answer"},
    {grpc_ok, "gRPC status OK", MT_OUTCOME_OK, "the server said so"},
    {grpc_no_status, "gRPC without a grpc-status", MT_OUTCOME_UNKNOWN,
     "a missing status is never success"},
    {grpc_server_fault,
     "gRPC UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, "
     "DATA_LOSS or an undefined code",
     MT_OUTCOME_FAILURE, "OpenTelemetry counts these against the server"},
    {is_grpc, "any other gRPC status", MT_OUTCOME_CLIENT_ERROR,
     "the request itself was at fault"},
    {dns_ok, "DNS response code NOERROR, with or without answers",
     MT_OUTCOME_OK, "the server said so"},
    {dns_no_code, "DNS without a response code", MT_OUTCOME_UNKNOWN,
     "a missing code is never success"},
    {dns_client_fault,
     "DNS NXDOMAIN, FORMERR, YXDOMAIN, YXRRSET, NXRRSET, NOTAUTH, NOTZONE, "
     "BADVERS or BADCOOKIE",
     MT_OUTCOME_CLIENT_ERROR,
     "the server did its work: what was asked for is not there, or the "
     "request was at fault"},
    {is_dns, "any other DNS response code, such as SERVFAIL or REFUSED",
     MT_OUTCOME_FAILURE, "the server could not answer"},
    {status_5xx, "status 500 and above", MT_OUTCOME_FAILURE,
     "the server failed a valid request"},
    {status_4xx, "status 4xx", MT_OUTCOME_CLIENT_ERROR,
     "the request itself was at fault; counted apart"},
    {status_below_400, "status 1xx, 2xx or 3xx", MT_OUTCOME_OK,
     "answered as asked"},
    {always, "anything else", MT_OUTCOME_UNKNOWN, "no status was seen"},
};

const unsigned mt_outcome_rules_count =
    sizeof mt_outcome_rules / sizeof mt_outcome_rules[0];

const struct mt_outcome_rule *mt_outcome_of(const struct mt_exchange *x)
{
    const struct mt_outcome_rule *r = mt_outcome_rules;
    while (!r->applies(x))
        r++;
    return r;
}

const char *mt_grpc_status_text(int code)
{
    static const char *const names[] = {
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    };
    return code >= 0 && code < (int)(sizeof names / sizeof names[0])
               ? names[code]
               : NULL;
}
