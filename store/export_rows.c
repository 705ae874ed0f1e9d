/* JSON lines and CSV: one list of columns, in one order, for both. */
#include "base/csv.h"
#include "base/json.h"
#include "base/text_addr.h"
#include "base/text_time.h"
#include "decode/outcome.h"
#include "store/export_impl.h"

/* ---- columns ---- */

/* Begin a column. False: there is nothing to write in it. */
static bool column(struct mt_export *e, const char *name, bool present)
{
    struct mt_out *o = &e->out;
    bool json = e->options.format == MT_EXPORT_JSONL;
    if (json && !present)
        return false;
    if (!e->first)
        mt_out_char(o, ',');
    e->first = false;
    if (json) {
        mt_out_char(o, '"');
        mt_out_str(o, name);
        mt_out_str(o, "\":");
    } else if (e->names) {
        mt_out_str(o, name);
    }
    return present && !e->names;
}

static void text(struct mt_export *e, const char *name, struct mt_span s)
{
    if (!column(e, name, s.len > 0))
        return;
    if (e->options.format == MT_EXPORT_JSONL)
        mt_json_string(&e->out, s);
    else
        mt_csv_text(&e->out, s, e->options.csv_raw);
}

static void word(struct mt_export *e, const char *name, const char *s)
{
    text(e, name, mt_span_str(s));
}

static void number(struct mt_export *e, const char *name, bool present,
                   uint64_t v)
{
    if (column(e, name, present))
        mt_put_decimal(mt_out_room(&e->out, 20), v);
}

/* A counter that is rarely anything but 0. */
static void rare(struct mt_export *e, const char *name, uint64_t v)
{
    number(e, name, v > 0, v);
}

static void duration(struct mt_export *e, const char *name, int64_t ns)
{
    number(e, name, ns >= 0, ns >= 0 ? (uint64_t)ns : 0);
}

/* A value of plain characters, which JSON quotes and CSV does not. */
static void quote(struct mt_export *e)
{
    if (e->options.format == MT_EXPORT_JSONL)
        mt_out_char(&e->out, '"');
}

static void moment(struct mt_export *e, const char *name, int64_t ns)
{
    if (!column(e, name, ns != 0))
        return;
    quote(e);
    mt_put_rfc3339(mt_out_room(&e->out, 40), ns, 0, 9);
    quote(e);
}

static void id(struct mt_export *e, const char *name, const uint8_t *bytes,
               size_t n)
{
    static const uint8_t none[16] = {0};
    if (!column(e, name, memcmp(bytes, none, n) != 0))
        return;
    quote(e);
    mt_put_hex(mt_out_room(&e->out, 2 * n), bytes, n);
    quote(e);
}

static void address(struct mt_export *e, const char *name,
                    const struct mt_addr *a)
{
    if (!column(e, name, !mt_ip_is_none(a->ip)))
        return;
    quote(e);
    mt_put_ip(mt_out_room(&e->out, 64), a->ip);
    quote(e);
}

/* Names of set bits: a list in JSON, parted by spaces in CSV. */
static void bits(struct mt_export *e, const char *name, uint32_t set,
                 const char *(*text_of)(unsigned))
{
    bool json = e->options.format == MT_EXPORT_JSONL, first = true;
    if (!column(e, name, set != 0))
        return;
    mt_out_str(&e->out, json ? "[" : "");
    for (unsigned i = 0; i < 32; i++) {
        const char *s = (set >> i & 1) != 0 ? text_of(i) : NULL;
        if (s == NULL)
            continue;
        mt_out_str(&e->out, first ? "" : json ? "," : " ");
        first = false;
        quote(e);
        mt_out_str(&e->out, s);
        quote(e);
    }
    mt_out_str(&e->out, json ? "]" : "");
}

static void times(struct mt_export *e, const struct mt_exchange *x)
{
    number(e, "id", x->id != 0, x->id);
    moment(e, "end_time", x->end_ns);
    moment(e, "start_time", x->req.start_ns);
    duration(e, "latency_ns", mt_exchange_latency_ns(x));
    duration(e, "duration_ns", mt_exchange_duration_ns(x));
    duration(e, "ttfb_ns", mt_exchange_ttfb_ns(x));
    duration(e, "req_duration_ns",
             mt_elapsed_ns(x->req.start_ns, x->req.end_ns));
}

static void what(struct mt_export *e, const struct mt_exchange *x)
{
    const char *grpc = mt_grpc_status_text(x->grpc_status);
    bool has_grpc = x->grpc_status != MT_GRPC_STATUS_NONE;
    word(e, "protocol", mt_protocol_text(x->protocol));
    word(e, "kind", mt_kind_text(x->kind));
    word(e, "observer", mt_observer_text(x->observer));
    word(e, "outcome", mt_outcome_text(x->outcome));
    word(e, "error_type", mt_error_text(x->error));
    text(e, "error_message", x->error_message);
    text(e, "method", x->method);
    text(e, "scheme", x->scheme);
    text(e, "authority", x->authority);
    text(e, "path", x->path);
    text(e, "query", x->query);
    text(e, "route", x->route);
    text(e, "operation", x->operation);
    number(e, "status", x->status != 0, x->status);
    number(e, "grpc_status", has_grpc && x->grpc_status >= 0,
           (uint64_t)(uint16_t)x->grpc_status);
    word(e, "grpc_status_name", has_grpc && grpc != NULL ? grpc : "");
}

static void who(struct mt_export *e, const struct mt_exchange *x)
{
    const struct mt_party *c = &x->client, *s = &x->server;
    text(e, "client_service", c->service);
    word(e, "client_name_source", mt_name_source_text(c->name_source));
    address(e, "client_ip", &c->addr);
    number(e, "client_port", c->addr.port != 0, c->addr.port);
    text(e, "server_service", s->service);
    word(e, "server_name_source", mt_name_source_text(s->name_source));
    address(e, "server_ip", &s->addr);
    number(e, "server_port", s->addr.port != 0, s->addr.port);
    number(e, "conn", x->conn != 0, x->conn);
    number(e, "stream", x->stream != 0, x->stream);
}

static void sizes(struct mt_export *e, const struct mt_exchange *x)
{
    number(e, "req_header_bytes", true, x->req.header_bytes);
    number(e, "req_body_bytes", true, x->req.body_bytes);
    number(e, "resp_header_bytes", true, x->resp.header_bytes);
    number(e, "resp_body_bytes", true, x->resp.body_bytes);
    rare(e, "req_messages", x->req.messages);
    rare(e, "resp_messages", x->resp.messages);
    text(e, "req_content_type", x->req.content_type);
    text(e, "resp_content_type", x->resp.content_type);
    text(e, "user_agent", x->user_agent);
    text(e, "request_id", x->request_id);
    id(e, "trace_id", x->trace_id, sizeof x->trace_id);
    id(e, "span_id", x->span_id, sizeof x->span_id);
    id(e, "parent_id", x->parent_id, sizeof x->parent_id);
    number(e, "grpc_timeout_ns", x->grpc_timeout_ns > 0,
           x->grpc_timeout_ns > 0 ? (uint64_t)x->grpc_timeout_ns : 0);
    number(e, "attempt", x->attempt != 0, x->attempt);
    number(e, "retry_of", x->retry_of != 0, x->retry_of);
    text(e, "endpoint", x->endpoint);
    text(e, "why_not_retried", x->why_not_retried);
    text(e, "rule", x->rule);
    word(e, "ended_by", mt_ended_by_text(x->ended_by));
    word(e, "ended_in", mt_phase_text(x->ended_in));
    number(e, "connect_ns", x->connect_ns > 0, (uint64_t)x->connect_ns);
    rare(e, "endpoints", x->endpoints);
    rare(e, "endpoints_out", x->endpoints_out);
    rare(e, "budget_used", x->budget_used);
    rare(e, "budget_allowed", x->budget_allowed);
}

static void quality(struct mt_export *e, const struct mt_exchange *x)
{
    word(e, "half", mt_half_text(x->half));
    bits(e, "quality", x->quality, export_quality_text);
    bits(e, "anomalies", x->anomalies, mt_anomaly_text);
    rare(e, "req_gap_bytes", x->req.gap_bytes);
    rare(e, "resp_gap_bytes", x->resp.gap_bytes);
    rare(e, "req_retransmissions", x->req.retransmissions);
    rare(e, "resp_retransmissions", x->resp.retransmissions);
    rare(e, "dup_packets", x->dup_packets);
    word(e, "hpack", mt_hpack_text(x->hpack));
    word(e, "role_evidence", mt_role_evidence_text(x->role_evidence));
    word(e, "detection", mt_detection_text(x->detection));
}

enum { ALERT_NONE = 255 };

static void tls(struct mt_export *e, const struct mt_exchange *x)
{
    static const struct mt_tls none = {.alert = ALERT_NONE};
    static const char *const names[] = {"1.0", "1.1", "1.2", "1.3"};
    const struct mt_tls *t = x->tls != NULL ? x->tls : &none;
    unsigned minor = (unsigned)(t->version - 0x0301);
    uint8_t suite[2] = {(uint8_t)(t->cipher_suite >> 8),
                        (uint8_t)t->cipher_suite};
    word(e, "tls_version",
         t->version == 0        ? ""
         : t->version == 0x0300 ? "ssl3"
         : minor < 4            ? names[minor]
                                : "?");
    id(e, "tls_cipher_suite_hex", suite, sizeof suite);
    number(e, "tls_alert", x->tls != NULL && t->alert != ALERT_NONE, t->alert);
    number(e, "tls_resumed", t->resumed, 1);
    number(e, "tls_handshake_ns", t->handshake_ns > 0,
           t->handshake_ns > 0 ? (uint64_t)t->handshake_ns : 0);
    text(e, "tls_sni", t->sni);
    text(e, "tls_alpn", t->alpn);
}

static void columns(struct mt_export *e, const struct mt_exchange *x)
{
    e->first = true;
    times(e, x);
    what(e, x);
    who(e, x);
    sizes(e, x);
    quality(e, x);
    tls(e, x);
    number(e, "sample_one_of", e->sample_one_of > 1, e->sample_one_of);
}

/* ---- JSON only: lists ---- */

static void fields(struct mt_export *e, const char *name, struct mt_fields f)
{
    if (!column(e, name, f.count > 0))
        return;
    for (uint32_t i = 0; i < f.count; i++) {
        mt_out_str(&e->out, i == 0 ? "[{\"name\":" : ",{\"name\":");
        mt_json_string(&e->out, f.list[i].name);
        mt_out_str(&e->out, ",\"value\":");
        mt_json_string(&e->out, f.list[i].value);
        mt_out_char(&e->out, '}');
    }
    mt_out_char(&e->out, ']');
}

static void packets(struct mt_export *e, const struct mt_exchange *x)
{
    if (!e->options.packets || !column(e, "packets", x->packets_count > 0))
        return;
    for (uint32_t i = 0; i < x->packets_count; i++) {
        struct mt_buf *b = mt_out_room(&e->out, 64);
        mt_put_str(b, i == 0 ? "[{\"source\":" : ",{\"source\":");
        mt_put_decimal(b, x->packets[i] >> 48);
        mt_put_str(b, ",\"offset_bytes\":");
        mt_put_decimal(b, x->packets[i] & ((UINT64_C(1) << 48) - 1));
        mt_put_char(b, '}');
    }
    mt_out_char(&e->out, ']');
}

void export_jsonl(struct mt_export *e, const struct mt_exchange *x)
{
    mt_out_char(&e->out, '{');
    columns(e, x);
    fields(e, "req_fields", x->req_fields);
    fields(e, "resp_fields", x->resp_fields);
    fields(e, "attributes", x->attrs);
    packets(e, x);
    mt_out_str(&e->out, "}\n");
}

void export_csv_header(struct mt_export *e)
{
    static const struct mt_exchange blank = {.grpc_status =
                                                 MT_GRPC_STATUS_NONE};
    e->names = true;
    columns(e, &blank);
    e->names = false;
    mt_out_str(&e->out, "\r\n");
}

void export_csv(struct mt_export *e, const struct mt_exchange *x)
{
    columns(e, x);
    mt_out_str(&e->out, "\r\n");
}
