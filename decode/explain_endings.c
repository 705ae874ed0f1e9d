#include "decode/explain_parts.h"

#include "base/text.h"
#include "base/text_escape.h"
#include "decode/outcome.h"

static bool has_response(const struct mt_exchange *x)
{
    return x->resp.start_ns != 0;
}

static bool is_l4(const struct mt_exchange *x)
{
    return x->kind == MT_KIND_L4;
}

static void put_since(struct mt_buf *b, int64_t from_ns, int64_t to_ns,
                      const char *what)
{
    mt_put_str(b, " ");
    mt_put_latency(b, to_ns > from_ns ? to_ns - from_ns : 0);
    mt_put_str(b, what);
}

/* " 12ms after the request", from its last byte, or from its first where that
 * one is not known; nothing where neither is. A whole connection has no
 * request. */
static void put_after_request(const struct mt_exchange *x, struct mt_buf *b)
{
    const struct mt_message *m = &x->req;
    if (x->end_ns == 0 || (m->start_ns == 0 && m->end_ns == 0))
        return;
    if (is_l4(x))
        put_since(b, m->start_ns != 0 ? m->start_ns : m->end_ns, x->end_ns,
                  " after it began");
    else if (m->end_ns != 0)
        put_since(b, m->end_ns > m->start_ns ? m->end_ns : m->start_ns,
                  x->end_ns, " after the request");
    else
        put_since(b, m->start_ns, x->end_ns, " after the request began");
}

/* ", 12ms after the request" */
static void put_then(const struct mt_exchange *x, struct mt_buf *b)
{
    size_t before = b->len;
    mt_put_char(b, ',');
    put_after_request(x, b);
    if (b->len == before + 1)
        b->len = before;
}

static void put_message(const struct mt_exchange *x, struct mt_buf *b)
{
    if (x->error_message.len == 0)
        return;
    mt_put_str(b, ": ");
    (void)mt_put_escaped(b, x->error_message, MT_EXPLAIN_COLUMNS);
}

static bool has_headers(const struct mt_exchange *x)
{
    switch (x->protocol) {
    case MT_PROTOCOL_HTTP10:
    case MT_PROTOCOL_HTTP11:
    case MT_PROTOCOL_H2:
    case MT_PROTOCOL_GRPC:
    case MT_PROTOCOL_GRPC_WEB:
    case MT_PROTOCOL_SSE:
        return true;
    default:
        return false;
    }
}

/* What there was of a response when it ended. */
static void put_phase(const struct mt_exchange *x, struct mt_buf *b)
{
    if (is_l4(x)) {
        mt_put_str(b, ", after ");
        mt_put_bytes(b, x->req.body_bytes);
        mt_put_str(b, " of the client and ");
        mt_put_bytes(b, x->resp.body_bytes);
        mt_put_str(b, " of the server");
    } else if (!has_response(x)) {
        mt_put_str(b, ", before any response");
    } else if (has_headers(x) && x->status == 0) {
        mt_put_str(b, ", in the headers of the response");
    } else if (mt_elapsed_ns(x->resp.start_ns, x->resp.end_ns) > 0) {
        mt_put_str(b, ", ");
        mt_put_latency(b, mt_elapsed_ns(x->resp.start_ns, x->resp.end_ns));
        mt_put_str(b, " into the response");
    } else {
        mt_put_str(b, ", in the middle of the response");
    }
}

#define ON_ERROR(name, ERROR)                          \
    static bool is_##name(const struct mt_exchange *x) \
    {                                                  \
        return x->error == MT_ERROR_##ERROR;           \
    }
ON_ERROR(refused, REFUSED)
ON_ERROR(unanswered, UNANSWERED)
ON_ERROR(protocol, PROTOCOL)
ON_ERROR(reset_by_client, RESET_BY_CLIENT)
ON_ERROR(reset_by_server, RESET_BY_SERVER)
ON_ERROR(no_response, NO_RESPONSE)
ON_ERROR(timeout, TIMEOUT)
ON_ERROR(truncated, TRUNCATED)
ON_ERROR(capture_gap, CAPTURE_GAP)
ON_ERROR(one_sided, ONE_SIDED)
ON_ERROR(capture_end, CAPTURE_END)
ON_ERROR(evicted, EVICTED)
ON_ERROR(abandoned, ABANDONED)

static void say_refused(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, is_l4(x) ? "the connection was refused"
                           : "the request was refused");
    if (x->req.start_ns != 0 && x->end_ns != 0)
        put_since(b, x->req.start_ns, x->end_ns,
                  is_l4(x) ? " after it began" : " after it was sent");
    put_message(x, b);
}

static void say_unanswered(const struct mt_exchange *x, struct mt_buf *b)
{
    (void)x;
    mt_put_str(b, "the connection attempt got no answer");
}

static bool is_failed_handshake(const struct mt_exchange *x)
{
    return is_protocol(x) && x->kind == MT_KIND_L4 && x->tls != NULL;
}

static void say_failed_handshake(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "the TLS handshake failed");
    put_message(x, b);
}

static void say_protocol(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "a message broke the protocol's grammar");
    put_then(x, b);
    put_phase(x, b);
    put_message(x, b);
}

static void put_reset(const struct mt_exchange *x, struct mt_buf *b,
                      const char *who)
{
    mt_put_str(b, who);
    mt_put_str(b,
               x->protocol == MT_PROTOCOL_H2 || x->protocol == MT_PROTOCOL_GRPC
                   ? " reset the stream or the connection"
                   : " reset the connection");
    put_after_request(x, b);
    put_phase(x, b);
    put_message(x, b);
}

static void say_reset_by_client(const struct mt_exchange *x, struct mt_buf *b)
{
    put_reset(x, b, "the client");
}

static void say_reset_by_server(const struct mt_exchange *x, struct mt_buf *b)
{
    put_reset(x, b, "the server");
}

/* Datagrams have no connection that could end. */
static void say_no_response(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, has_response(x) ? "no final response: " : "no response: ");
    mt_put_str(b, x->protocol == MT_PROTOCOL_DNS ? "given up"
                                                 : "the connection ended");
    put_after_request(x, b);
    put_message(x, b);
}

static void say_timeout(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "no answer in time: given up");
    put_after_request(x, b);
    put_phase(x, b);
    put_message(x, b);
}

static void say_truncated(const struct mt_exchange *x, struct mt_buf *b)
{
    bool response = has_response(x);
    if (is_l4(x)) {
        mt_put_str(b, "the connection was cut short");
        put_phase(x, b);
        return;
    }
    mt_put_str(b, response ? "the response was cut short after "
                           : "the request was cut short after ");
    mt_put_bytes(b, response ? x->resp.body_bytes : x->req.body_bytes);
    mt_put_str(b, " of its body");
}

static void say_capture_gap(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "packets are missing from the capture where it ended");
    put_phase(x, b);
}

static void say_one_sided(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, x->half == MT_HALF_RESPONSE
                      ? "only the server's direction was captured"
                      : "only the client's direction was captured");
}

static void say_capture_end(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "still open when the capture ended");
    put_then(x, b);
    put_phase(x, b);
}

static void say_evicted(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "meshtop dropped it to keep its memory ceiling");
    put_then(x, b);
    put_phase(x, b);
}

static void say_abandoned(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "the meshtop that wrote it died while it was open");
    put_phase(x, b);
}

static void put_ending_time(const struct mt_exchange *x, struct mt_buf *b)
{
    int64_t ns = mt_exchange_duration_ns(x);
    if (ns < 0)
        return;
    mt_put_str(b, " after ");
    mt_put_latency(b, ns);
}

static bool has_grpc_status(const struct mt_exchange *x)
{
    return x->grpc_status != MT_GRPC_STATUS_NONE;
}

static void say_grpc_status(const struct mt_exchange *x, struct mt_buf *b)
{
    const char *name = mt_grpc_status_text(x->grpc_status);
    mt_put_str(b, "answered gRPC status ");
    mt_put_signed(b, x->grpc_status);
    if (name != NULL) {
        mt_put_str(b, " ");
        mt_put_str(b, name);
    }
    put_ending_time(x, b);
    put_message(x, b);
}

static bool lacks_grpc_status(const struct mt_exchange *x)
{
    return (x->protocol == MT_PROTOCOL_GRPC ||
            x->protocol == MT_PROTOCOL_GRPC_WEB) &&
           has_response(x);
}

static void say_no_grpc_status(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "answered HTTP ");
    mt_put_decimal(b, x->status);
    put_ending_time(x, b);
    mt_put_str(b, ", without a grpc-status");
}

static bool has_dns_code(const struct mt_exchange *x)
{
    return x->protocol == MT_PROTOCOL_DNS &&
           mt_exchange_attr(x, MT_ATTR_DNS_RESPONSE_CODE).len > 0;
}

static void say_dns_code(const struct mt_exchange *x, struct mt_buf *b)
{
    struct mt_span answers = mt_exchange_attr(x, MT_ATTR_DNS_ANSWERS);
    mt_put_str(b, "answered ");
    (void)mt_put_escaped(b, mt_exchange_attr(x, MT_ATTR_DNS_RESPONSE_CODE),
                         MT_EXPLAIN_COLUMNS);
    put_ending_time(x, b);
    if (answers.len > 0)
        mt_put_str(b, ": ");
    (void)mt_put_escaped(b, answers, MT_EXPLAIN_COLUMNS);
}

static bool has_status(const struct mt_exchange *x)
{
    return x->status != 0;
}

static void say_status(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "answered ");
    mt_put_decimal(b, x->status);
    put_ending_time(x, b);
    put_message(x, b);
}

static bool is_answered_turn(const struct mt_exchange *x)
{
    return x->kind == MT_KIND_TURN && has_response(x);
}

static void say_turn(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "encrypted: the server's data followed the client's by ");
    mt_put_latency(b, mt_exchange_ttfb_ns(x));
}

static void say_l4(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, x->protocol == MT_PROTOCOL_TLS ? "a TLS connection of "
                                                 : "a connection of ");
    mt_put_bytes(b, x->req.body_bytes);
    mt_put_str(b, " from the client and ");
    mt_put_bytes(b, x->resp.body_bytes);
    mt_put_str(b, " from the server");
    put_message(x, b);
}

static bool is_one_way(const struct mt_exchange *x)
{
    return x->kind == MT_KIND_ONEWAY;
}

static void say_one_way(const struct mt_exchange *x, struct mt_buf *b)
{
    (void)x;
    mt_put_str(b, "sent; it has no response by design");
}

static bool always(const struct mt_exchange *x)
{
    (void)x;
    return true;
}

static void say_nothing_known(const struct mt_exchange *x, struct mt_buf *b)
{
    (void)x;
    mt_put_str(b, "nothing that was seen tells how it ended");
}

const struct mt_sentence mt_explain_endings[] = {
    {is_refused, say_refused},
    {is_unanswered, say_unanswered},
    {is_failed_handshake, say_failed_handshake},
    {is_protocol, say_protocol},
    {is_reset_by_client, say_reset_by_client},
    {is_reset_by_server, say_reset_by_server},
    {is_no_response, say_no_response},
    {is_timeout, say_timeout},
    {is_truncated, say_truncated},
    {is_capture_gap, say_capture_gap},
    {is_one_sided, say_one_sided},
    {is_capture_end, say_capture_end},
    {is_evicted, say_evicted},
    {is_abandoned, say_abandoned},
    {has_grpc_status, say_grpc_status},
    {lacks_grpc_status, say_no_grpc_status},
    {has_dns_code, say_dns_code},
    {has_status, say_status},
    {is_answered_turn, say_turn},
    {is_l4, say_l4},
    {is_one_way, say_one_way},
    {always, say_nothing_known},
};
