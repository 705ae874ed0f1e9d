#include "decode/explain_page.h"

#include <string.h>

#include "base/text.h"
#include "base/text_addr.h"
#include "base/text_escape.h"
#include "base/text_time.h"
#include "decode/explain.h"
#include "decode/outcome.h"

enum { LINE_BYTES = 16384 };

struct line {
    char bytes[LINE_BYTES];
    struct mt_buf b;
    struct mt_sink sink;
};

static void begin(struct line *l, const char *label)
{
    l->b = mt_buf_of(l->bytes, sizeof l->bytes);
    mt_put_str(&l->b, label);
}

static void put_text(struct line *l, const char *before, struct mt_span text)
{
    if (text.len == 0)
        return;
    mt_put_str(&l->b, before);
    (void)mt_put_escaped(&l->b, text, SIZE_MAX);
}

static void end(struct line *l)
{
    (void)l->sink.write(l->sink.arg, mt_buf_span(&l->b));
}

static void put_title(struct line *l, const struct mt_exchange *x)
{
    begin(l, " ");
    put_text(l, "", x->method);
    bool located = x->authority.len > 0;
    if (located) {
        put_text(l, " ", x->scheme);
        put_text(l, x->scheme.len > 0 ? "://" : " ", x->authority);
    }
    put_text(l, located ? "" : " ", x->path);
    put_text(l, "?", x->query);
    if (x->method.len + x->authority.len + x->path.len == 0)
        mt_put_str(&l->b, mt_protocol_text(x->protocol));
    mt_put_str(&l->b, " \xe2\x86\x92 ");
    const char *grpc = mt_grpc_status_text(x->grpc_status);
    struct mt_span dns = mt_exchange_attr(x, MT_ATTR_DNS_RESPONSE_CODE);
    if (x->status != 0)
        mt_put_decimal(&l->b, x->status);
    else if (dns.len > 0)
        put_text(l, "", dns);
    else
        mt_put_str(&l->b, "no status");
    if (grpc != NULL) {
        mt_put_char(&l->b, ' ');
        mt_put_str(&l->b, grpc);
    }
    int64_t latency = mt_exchange_duration_ns(x);
    if (latency >= 0) {
        mt_put_str(&l->b, " after ");
        mt_put_latency(&l->b, latency);
    }
    end(l);
}

static void put_party(struct line *l, const struct mt_party *p)
{
    if (p->service.len > 0) {
        put_text(l, "", p->service);
        mt_put_str(&l->b, " (");
    }
    mt_put_ip_port(&l->b, p->addr.ip, p->addr.port);
    if (p->service.len > 0)
        mt_put_char(&l->b, ')');
}

static void put_parties(struct line *l, const struct mt_exchange *x)
{
    begin(l, " who        ");
    put_party(l, &x->client);
    mt_put_str(&l->b, " \xe2\x86\x92 ");
    put_party(l, &x->server);
    mt_put_str(&l->b, ", ");
    mt_put_str(&l->b, mt_protocol_text(x->protocol));
    mt_put_str(&l->b, ", connection ");
    mt_put_decimal(&l->b, x->conn);
    end(l);
}

static void put_phase(struct line *l, const char *name, int64_t from,
                      int64_t to)
{
    if (from == 0 || to == 0)
        return;
    mt_put_str(&l->b, name);
    mt_put_latency(&l->b, to > from ? to - from : 0);
}

static void put_phases(struct line *l, const struct mt_exchange *x,
                       int32_t offset_s)
{
    begin(l, " phases     request ");
    if (x->req.start_ns == 0)
        mt_put_str(&l->b, "not seen");
    put_phase(l, "", x->req.start_ns, x->req.end_ns);
    if (x->connect_ns > 0) {
        mt_put_str(&l->b, ", connecting ");
        mt_put_latency(&l->b, x->connect_ns);
    }
    /* where it did not wait for the request's end, the two share their time */
    if (x->connect_ns > 0 || x->resp.start_ns < x->req.end_ns)
        put_phase(l, ", first byte after ", x->req.start_ns, x->resp.start_ns);
    else
        put_phase(l, ", waiting ", x->req.end_ns, x->resp.start_ns);
    put_phase(l, ", response ", x->resp.start_ns, x->resp.end_ns);
    if (x->observer == MT_OBSERVER_PROXY_REQUEST)
        put_phase(l, "; in all ", x->req.start_ns, x->end_ns);
    end(l);
    begin(l, " ended      ");
    mt_put_rfc3339(&l->b, x->end_ns, offset_s, 6);
    end(l);
}

static void put_sizes(struct line *l, const char *label,
                      const struct mt_message *m)
{
    begin(l, label);
    mt_put_bytes(&l->b, m->header_bytes);
    mt_put_str(&l->b, " headers, ");
    mt_put_bytes(&l->b, m->body_bytes);
    mt_put_str(&l->b, " body");
    put_text(l, " ", m->content_type);
    if (m->messages > 0) {
        mt_put_str(&l->b, ", ");
        mt_put_count(&l->b, m->messages);
        mt_put_str(&l->b, m->messages == 1 ? " message" : " messages");
    }
    end(l);
}

/* The sentences of explain.h, one a line, under each other. */
static void put_why(struct line *l, const struct mt_exchange *x)
{
    uint8_t bytes[MT_EXPLAIN_BYTES];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_explain(x, &b);
    struct mt_span rest = mt_buf_span(&b);
    for (bool first = true; rest.len > 0; first = false) {
        struct mt_span line = mt_span_take(&rest, mt_span_find(rest, '\n'));
        if (rest.len > 0)
            (void)mt_span_take(&rest, 1);
        begin(l, first ? " why        " : "            ");
        mt_put_span(&l->b, line);
        end(l);
    }
}

static void put_ids(struct line *l, const struct mt_exchange *x)
{
    static const uint8_t none[16];
    if (memcmp(x->trace_id, none, 16) == 0 && x->request_id.len == 0)
        return;
    bool traced = memcmp(x->trace_id, none, 16) != 0;
    begin(l, " ids        ");
    if (traced) {
        mt_put_str(&l->b, "trace ");
        mt_put_hex(&l->b, x->trace_id, 16);
        mt_put_str(&l->b, ", span ");
        mt_put_hex(&l->b, x->span_id, 8);
    }
    if (memcmp(x->parent_id, none, 8) != 0) {
        mt_put_str(&l->b, ", parent ");
        mt_put_hex(&l->b, x->parent_id, 8);
    }
    put_text(l, traced ? ", request id " : "request id ", x->request_id);
    end(l);
}

static void put_fields(struct line *l, const char *title,
                       const struct mt_fields *fields)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        begin(l, i == 0 ? title : "            ");
        put_text(l, "", fields->list[i].name);
        put_text(l, ": ", fields->list[i].value);
        end(l);
    }
}

void mt_explain_head(const struct mt_exchange *x, struct mt_sink sink)
{
    struct line l = {.sink = sink};
    put_title(&l, x);
    put_why(&l, x);
}

void mt_explain_facts(const struct mt_exchange *x, int32_t offset_s,
                      struct mt_sink sink)
{
    struct line l = {.sink = sink};
    put_parties(&l, x);
    put_phases(&l, x, offset_s);
    put_sizes(&l, " request    ", &x->req);
    put_sizes(&l, " response   ", &x->resp);
    put_ids(&l, x);
}

void mt_explain_fields(const struct mt_exchange *x, struct mt_sink sink)
{
    struct line l = {.sink = sink};
    put_fields(&l, " sent       ", &x->req_fields);
    put_fields(&l, " answered   ", &x->resp_fields);
}
