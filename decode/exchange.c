#include "decode/exchange.h"

#include "base/text.h"
#include "base/text_addr.h"

#define ROW_TEXT(name, text, help) text,
#define TEXT_OF(function, TABLE)                                            \
    const char *function(unsigned value)                                    \
    {                                                                       \
        static const char *const texts[] = {TABLE(ROW_TEXT)};               \
        return value < sizeof texts / sizeof texts[0] ? texts[value] : "?"; \
    }

TEXT_OF(mt_protocol_text, MT_PROTOCOLS)
TEXT_OF(mt_kind_text, MT_KINDS)
TEXT_OF(mt_outcome_text, MT_OUTCOMES)
TEXT_OF(mt_error_text, MT_ERRORS)
TEXT_OF(mt_observer_text, MT_OBSERVERS)
TEXT_OF(mt_half_text, MT_HALVES)
TEXT_OF(mt_hpack_text, MT_HPACK_STATES)
TEXT_OF(mt_role_evidence_text, MT_ROLE_EVIDENCE)
TEXT_OF(mt_detection_text, MT_DETECTIONS)
TEXT_OF(mt_name_source_text, MT_NAME_SOURCES)
TEXT_OF(mt_ended_by_text, MT_ENDED_BYS)
TEXT_OF(mt_phase_text, MT_PHASES)
TEXT_OF(mt_anomaly_text, MT_ANOMALIES)

int64_t mt_elapsed_ns(int64_t from, int64_t to)
{
    if (from == 0 || to == 0)
        return -1;
    int64_t ns; /* files may hold any times */
    if (__builtin_sub_overflow(to, from, &ns))
        return to > from ? INT64_MAX : 0;
    return ns > 0 ? ns : 0;
}

int64_t mt_exchange_ttfb_ns(const struct mt_exchange *x)
{
    return mt_elapsed_ns(x->req.start_ns, x->resp.start_ns);
}

int64_t mt_exchange_duration_ns(const struct mt_exchange *x)
{
    return mt_elapsed_ns(x->req.start_ns, x->resp.end_ns);
}

int64_t mt_exchange_latency_ns(const struct mt_exchange *x)
{
    bool first_byte = x->kind == MT_KIND_STREAM || x->kind == MT_KIND_TURN;
    return first_byte ? mt_exchange_ttfb_ns(x) : mt_exchange_duration_ns(x);
}

struct mt_span mt_exchange_attr(const struct mt_exchange *x, const char *name)
{
    struct mt_span wanted = mt_span_str(name);
    for (uint32_t i = 0; i < x->attrs.count; i++)
        if (mt_span_eq(x->attrs.list[i].name, wanted))
            return x->attrs.list[i].value;
    return (struct mt_span){.ptr = NULL, .len = 0};
}

struct mt_addr mt_exchange_caller(const struct mt_exchange *x)
{
    struct mt_addr caller = {.port = 0};
    uint64_t port;
    if (x->attrs.count == 0 ||
        mt_parse_ip(mt_exchange_attr(x, MT_ATTR_CLIENT_ADDRESS), caller.ip) !=
            0 ||
        mt_parse_u64(mt_exchange_attr(x, MT_ATTR_CLIENT_PORT), &port) != 0 ||
        port > UINT16_MAX)
        return x->client.addr;
    caller.port = (uint16_t)port;
    return caller;
}

void mt_exchange_name_operation(struct mt_exchange *x)
{
    bool grpc =
        x->protocol == MT_PROTOCOL_GRPC || x->protocol == MT_PROTOCOL_GRPC_WEB;
    if (!grpc || x->operation.len > 0 || x->path.len < 2 ||
        x->path.ptr[0] != '/')
        return;
    x->operation = x->path;
    (void)mt_span_take(&x->operation, 1);
}
