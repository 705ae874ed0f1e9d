/* HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), without pages.
 * Keys that begin with _ are ours, as the format allows. */
#include "base/json.h"
#include "base/text.h"
#include "base/text_addr.h"
#include "base/text_time.h"
#include "decode/outcome.h"
#include "store/export_impl.h"

static void raw(struct mt_export *e, const char *s)
{
    mt_out_str(&e->out, s);
}

static void str(struct mt_export *e, const char *key, struct mt_span s)
{
    raw(e, key);
    mt_json_string(&e->out, s);
}

/* The format's "not known" is -1. */
static void size(struct mt_export *e, const char *key, bool known, uint64_t n)
{
    raw(e, key);
    struct mt_buf *b = mt_out_room(&e->out, 20);
    if (known)
        mt_put_decimal(b, n);
    else
        mt_put_str(b, "-1");
}

/* Milliseconds, exact. */
static void ms(struct mt_export *e, const char *key, uint64_t ns)
{
    raw(e, key);
    struct mt_buf *b = mt_out_room(&e->out, 32);
    mt_put_decimal(b, ns / 1000000);
    if (ns % 1000000 != 0) {
        mt_put_char(b, '.');
        mt_put_padded(b, ns % 1000000, 6);
    }
}

static uint64_t between(int64_t from, int64_t to)
{
    if (from == 0 || to == 0 || to <= from)
        return 0;
    return (uint64_t)to - (uint64_t)from;
}

/* ---- URL ---- */

/* What RFC 3986 lets stand in a path or query, and % of what is escaped. */
static bool is_url(uint8_t c)
{
    return c > 0x20 && c < 0x7f && strchr("\"<>\\^`{|}#", c) == NULL;
}

/* Into the string that is being written: no byte of it needs JSON's escapes. */
static void url_part(struct mt_export *e, struct mt_span s)
{
    for (size_t i = 0; i < s.len; i++) {
        struct mt_buf *b = mt_out_room(&e->out, 3);
        if (is_url(s.ptr[i])) {
            mt_put_u8(b, s.ptr[i]);
        } else {
            mt_put_char(b, '%');
            mt_put_hex(b, s.ptr + i, 1);
        }
    }
}

static void url(struct mt_export *e, const struct mt_exchange *x)
{
    bool tls = x->tls != NULL || (x->quality & MT_QUALITY_DECRYPTED) != 0;
    raw(e, "\"url\":\"");
    if (x->scheme.len > 0)
        url_part(e, x->scheme);
    else
        raw(e, tls ? "https" : "http");
    raw(e, "://");
    if (x->authority.len > 0)
        url_part(e, x->authority);
    else
        mt_put_ip_port(mt_out_room(&e->out, 64), x->server.addr.ip,
                       x->server.addr.port);
    if (x->path.len == 0 || x->path.ptr[0] != '/')
        raw(e, "/");
    url_part(e, x->path);
    if (x->query.len > 0) {
        raw(e, "?");
        url_part(e, x->query);
    }
    raw(e, "\"");
}

static void query_string(struct mt_export *e, struct mt_span query)
{
    raw(e, ",\"queryString\":[");
    for (bool first = true; query.len > 0; first = false) {
        struct mt_span value = mt_span_take(&query, mt_span_find(query, '&'));
        struct mt_span name = mt_span_take(&value, mt_span_find(value, '='));
        if (query.len > 0)
            (void)mt_span_take(&query, 1);
        if (value.len > 0)
            (void)mt_span_take(&value, 1);
        str(e, first ? "{\"name\":" : ",{\"name\":", name);
        str(e, ",\"value\":", value);
        raw(e, "}");
    }
    raw(e, "]");
}

/* ---- entries ---- */

static void headers(struct mt_export *e, struct mt_fields f)
{
    raw(e, ",\"cookies\":[],\"headers\":[");
    for (uint32_t i = 0; i < f.count; i++) {
        str(e, i == 0 ? "{\"name\":" : ",{\"name\":", f.list[i].name);
        str(e, ",\"value\":", f.list[i].value);
        raw(e, "}");
    }
    raw(e, "]");
}

static const char *version_of(const struct mt_exchange *x)
{
    switch (x->protocol) {
    case MT_PROTOCOL_HTTP10:
        return "HTTP/1.0";
    case MT_PROTOCOL_H2:
    case MT_PROTOCOL_GRPC:
        return "HTTP/2";
    default: /* the others run over either: HPACK tells */
        return x->hpack != MT_HPACK_NONE ? "HTTP/2" : "HTTP/1.1";
    }
}

static void request(struct mt_export *e, const struct mt_exchange *x)
{
    str(e, ",\"request\":{\"method\":", x->method);
    raw(e, ",");
    url(e, x);
    str(e, ",\"httpVersion\":", mt_span_str(version_of(x)));
    headers(e, x->req_fields);
    query_string(e, x->query);
    size(e, ",\"headersSize\":", x->req.header_bytes > 0, x->req.header_bytes);
    size(e, ",\"bodySize\":", true, x->req.body_bytes);
    raw(e, "}");
}

/* Without a response the status is 0, as browsers write it. */
static void response(struct mt_export *e, const struct mt_exchange *x)
{
    struct mt_span type = x->resp.content_type, none = MT_SPAN("x-unknown");
    bool seen = x->resp.start_ns != 0;
    size(e, ",\"response\":{\"status\":", true, x->status);
    raw(e, ",\"statusText\":\"\"");
    str(e, ",\"httpVersion\":", mt_span_str(version_of(x)));
    headers(e, x->resp_fields);
    size(e, ",\"content\":{\"size\":", true, x->resp.body_bytes);
    str(e, ",\"mimeType\":", type.len > 0 ? type : none);
    raw(e, "},\"redirectURL\":\"\"");
    size(e, ",\"headersSize\":", x->resp.header_bytes > 0,
         x->resp.header_bytes);
    size(e, ",\"bodySize\":", seen, x->resp.body_bytes);
    raw(e, "}");
}

static void timings(struct mt_export *e, uint64_t send, uint64_t wait,
                    uint64_t receive)
{
    raw(e, ",\"cache\":{},\"timings\":{\"blocked\":-1,\"dns\":-1,"
           "\"connect\":-1,\"ssl\":-1");
    ms(e, ",\"send\":", send);
    ms(e, ",\"wait\":", wait);
    ms(e, ",\"receive\":", receive);
    raw(e, "}");
}

static void ours(struct mt_export *e, const struct mt_exchange *x)
{
    const char *grpc = mt_grpc_status_text(x->grpc_status);
    str(e, ",\"_outcome\":", mt_span_str(mt_outcome_text(x->outcome)));
    if (x->error != MT_ERROR_NONE)
        str(e, ",\"_error\":", mt_span_str(mt_error_text(x->error)));
    if (x->grpc_status >= 0 && grpc != NULL)
        str(e, ",\"_grpcStatus\":", mt_span_str(grpc));
    if (x->client.service.len > 0)
        str(e, ",\"_client\":", x->client.service);
    if (x->server.service.len > 0)
        str(e, ",\"_server\":", x->server.service);
    if (x->id != 0)
        size(e, ",\"_id\":", true, x->id);
}

static void entry(struct mt_export *e, const struct mt_exchange *x)
{
    uint64_t send = between(x->req.start_ns, x->req.end_ns);
    uint64_t wait = between(x->req.end_ns, x->resp.start_ns);
    uint64_t receive = between(x->resp.start_ns, x->resp.end_ns);
    raw(e, "{\"startedDateTime\":\"");
    mt_put_rfc3339(mt_out_room(&e->out, 40), x->req.start_ns, 0, 6);
    ms(e, "\",\"time\":", send + wait + receive);
    request(e, x);
    response(e, x);
    timings(e, send, wait, receive);
    if (!mt_ip_is_none(x->server.addr.ip)) {
        raw(e, ",\"serverIPAddress\":\"");
        mt_put_ip(mt_out_room(&e->out, 64), x->server.addr.ip);
        raw(e, "\"");
    }
    raw(e, ",\"connection\":\"");
    mt_put_decimal(mt_out_room(&e->out, 20), x->conn);
    raw(e, "\"");
    ours(e, x);
    raw(e, "}");
}

/* Others have methods and paths, too, but a browser's archive is of HTTP. */
static bool is_http(const struct mt_exchange *x)
{
    return x->protocol >= MT_PROTOCOL_HTTP10 && x->protocol <= MT_PROTOCOL_SSE;
}

bool export_har(struct mt_export *e, const struct mt_exchange *x)
{
    if (!is_http(x) || x->kind == MT_KIND_L4 || x->kind == MT_KIND_TURN ||
        x->method.len == 0 || x->req.start_ns == 0)
        return false;
    raw(e, e->first ? "\n" : ",\n");
    e->first = false;
    entry(e, x);
    return true;
}

void export_har_header(struct mt_export *e)
{
    str(e,
        "{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"meshtop\","
        "\"version\":",
        mt_span_str(e->options.version));
    raw(e, "},\"entries\":[");
}

void export_har_end(struct mt_export *e)
{
    raw(e, "\n]");
    if (e->sample_one_of > 1) {
        raw(e, ",\"comment\":\"a sample: at times only 1 of ");
        mt_put_decimal(mt_out_room(&e->out, 20), e->sample_one_of);
        raw(e, " connections was decoded\"");
    }
    raw(e, "}}\n");
}
