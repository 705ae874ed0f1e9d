/* The fields of a filter, and how an exchange has each. */
#include "base/text_addr.h"
#include "decode/outcome.h"
#include "store/filter_ast.h"

typedef const struct mt_exchange exchange;

/* SQLite's integers are signed. */
static int64_t clip(uint64_t v)
{
    return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

#define NUMBER(FIELD, present, value)                                   \
    static struct datum of_##FIELD(exchange *x) {                       \
        return (struct datum){.absent = !(present), .number = (value)}; \
    }
#define TEXT(FIELD, member)                                 \
    static struct datum of_##FIELD(exchange *x) {           \
        return (struct datum){.absent = x->member.len == 0, \
                              .text = x->member};           \
    }
#define ENUM(FIELD, member, text_of)                                    \
    static struct datum of_##FIELD(exchange *x) {                       \
        return (struct datum){.text = mt_span_str(text_of(x->member))}; \
    }
#define ADDRESS(FIELD, member)                                    \
    static struct datum of_##FIELD(exchange *x) {                 \
        return (struct datum){.absent = mt_ip_is_none(x->member), \
                              .bytes = x->member};                \
    }
#define TLS_TEXT(FIELD, member)                      \
    static struct datum of_##FIELD(exchange *x) {    \
        struct datum d = {.absent = x->tls == NULL}; \
        if (x->tls != NULL)                          \
            d.text = x->tls->member;                 \
        return d;                                    \
    }

static bool any(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0)
            return true;
    return false;
}

NUMBER(STATUS, x->status != 0, x->status)
TEXT(METHOD, method)
TEXT(PATH, path)
TEXT(HOST, authority)
TEXT(QUERY, query)
TEXT(SCHEME, scheme)
NUMBER(LATENCY, mt_exchange_latency_ns(x) >= 0, mt_exchange_latency_ns(x))
NUMBER(DURATION, mt_exchange_duration_ns(x) >= 0, mt_exchange_duration_ns(x))
NUMBER(TTFB, mt_exchange_ttfb_ns(x) >= 0, mt_exchange_ttfb_ns(x))
TEXT(ROUTE, route)
TEXT(OPERATION, operation)
NUMBER(GRPC, x->grpc_status != MT_GRPC_STATUS_NONE, x->grpc_status)
ENUM(OUTCOME, outcome, mt_outcome_text)
ENUM(ERROR, error, mt_error_text)
TEXT(SERVER_SERVICE, server.service)
TEXT(CLIENT_SERVICE, client.service)
ADDRESS(CLIENT_IP, client.addr.ip)
ADDRESS(SERVER_IP, server.addr.ip)
NUMBER(CLIENT_PORT, x->client.addr.port != 0, x->client.addr.port)
NUMBER(SERVER_PORT, x->server.addr.port != 0, x->server.addr.port)
ENUM(PROTOCOL, protocol, mt_protocol_text)
ENUM(KIND, kind, mt_kind_text)
ENUM(OBSERVER, observer, mt_observer_text)
ENUM(HALF, half, mt_half_text)
NUMBER(SIZE, true, clip(x->resp.body_bytes))
NUMBER(REQ_SIZE, true, clip(x->req.body_bytes))
NUMBER(REQ_MESSAGES, true, x->req.messages)
NUMBER(RESP_MESSAGES, true, x->resp.messages)
TEXT(USER_AGENT, user_agent)
TEXT(REQ_TYPE, req.content_type)
TEXT(RESP_TYPE, resp.content_type)
TEXT(MESSAGE, error_message)
TEXT(REQUEST_ID, request_id)
NUMBER(ID, true, clip(x->id))
NUMBER(CONN, true, clip(x->conn))
NUMBER(STREAM, true, clip(x->stream))
NUMBER(ATTEMPT, true, x->attempt)
TEXT(ENDPOINT, endpoint)
NUMBER(TLS_VERSION, x->tls != NULL && x->tls->version != 0,
       x->tls != NULL ? x->tls->version : 0)
TLS_TEXT(SNI, sni)
TLS_TEXT(ALPN, alpn)
NUMBER(QUALITY, true, x->quality)
NUMBER(ANOMALY, true, x->anomalies)
NUMBER(GAP, true, clip(sum(x->req.gap_bytes, x->resp.gap_bytes)))
NUMBER(DUPLICATES, true, x->dup_packets)
NUMBER(END, true, x->end_ns)

static struct datum of_TRACE(exchange *x)
{
    return (struct datum){.absent = !any(x->trace_id, sizeof x->trace_id),
                          .bytes = x->trace_id};
}

static struct datum of_SPAN(exchange *x)
{
    return (struct datum){.absent = !any(x->span_id, sizeof x->span_id),
                          .bytes = x->span_id};
}

const struct field filter_fields[] = {
#define X(name, type, otel, aliases, column, help) \
    {{otel, aliases, help}, column, TYPE_##type, of_##name},
    MT_FILTER_FIELDS(X)
#undef X
};

static_assert(MT_FILTER_FIELD_COUNT <= 64, "a bit each");

/* Names of bits, in the order of enum mt_quality. */
static const char *quality_text(unsigned bit)
{
    static const char *const texts[] = {
        "midstream", "truncated", "clock_step",     "decrypted",
        "inferred",  "clipped",   "packets_clipped"};
    return bit < sizeof texts / sizeof texts[0] ? texts[bit] : "?";
}

const struct vocabulary *filter_vocabulary(enum filter_type type)
{
    static const struct vocabulary list[] = {
        [TYPE_PROTOCOL] = {mt_protocol_text, MT_PROTOCOL_COUNT, "a protocol"},
        [TYPE_KIND] = {mt_kind_text, MT_KIND_COUNT, "a kind"},
        [TYPE_OUTCOME] = {mt_outcome_text, MT_OUTCOME_COUNT, "an outcome"},
        [TYPE_ERROR] = {mt_error_text, MT_ERROR_COUNT, "an error"},
        [TYPE_OBSERVER] = {mt_observer_text, MT_OBSERVER_COUNT, "an observer"},
        [TYPE_HALF] = {mt_half_text, MT_HALF_COUNT, "a half"},
        [TYPE_QUALITY] = {quality_text, 7, "a quality"},
        [TYPE_ANOMALY] = {mt_anomaly_text, MT_ANOMALY_BIT_COUNT, "an anomaly"},
    };
    bool has = type < sizeof list / sizeof list[0] && list[type].text != NULL;
    return has ? &list[type] : NULL;
}

const struct mt_filter_field_info *mt_filter_field_info(unsigned field)
{
    assert(field < MT_FILTER_FIELD_COUNT);
    return &filter_fields[field].info;
}

const char *mt_filter_field_value(unsigned field, unsigned i)
{
    assert(field < MT_FILTER_FIELD_COUNT);
    const struct vocabulary *v = filter_vocabulary(filter_fields[field].type);
    if (v != NULL)
        return i < v->count ? v->text(i) : NULL;
    if (filter_fields[field].type == TYPE_GRPC && i <= 16)
        return mt_grpc_status_text((int)i);
    return NULL;
}
