/* From the parser's events to exchanges. */
#include "base/base64.h"
#include "decode/conn.h"
#include "decode/http1_tap.h"

enum { SETTINGS_MAX_BYTES = 1024 };

static bool has(const struct mt_draft *r, uint64_t bits)
{
    return (r->decoder_word & bits) == bits;
}

struct mt_draft *mt_http1_new_draft(struct mt_http1_tap *h, enum mt_role from)
{
    struct mt_conn *c = h->layer->conn;
    struct mt_draft *r = mt_draft_new(c, ++c->exchanges, h->begin[from].ts_ns);
    if (r == NULL)
        return NULL;
    r->x.protocol =
        h->parser[from].minor == 0 ? MT_PROTOCOL_HTTP10 : MT_PROTOCOL_HTTP11;
    r->x.scheme = c->decrypted || h->layer->depth > 0 ? MT_SPAN("https")
                                                      : MT_SPAN("http");
    mt_draft_touch(r, from, &h->begin[from]);
    mt_draft_touch(r, from, &h->at[from]);
    return r;
}

/* ---- requests ---- */

/* The usual methods need no copy, so that there is always room for them. */
static void set_method(struct mt_draft *r, struct mt_span method)
{
    static const char *const usual[] = {"GET",   "POST",    "PUT",   "HEAD",
                                        "PATCH", "OPTIONS", "DELETE"};
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (mt_span_eq(method, mt_span_str(usual[i]))) {
            r->x.method = mt_span_str(usual[i]);
            return;
        }
    mt_draft_text(r, &r->x.method, method);
}

static void on_request(struct mt_http1_tap *h, const struct mt_http1_event *ev)
{
    bool answering = h->in_response || h->backlog[MT_SERVER].first != NULL;
    if (h->in_response && h->tail_lost && !h->pair.pipelined) {
        /* who sends its next request has had the answer to its last one */
        mt_http1_end_response(h, MT_ERROR_NONE, 0);
        answering = false;
    }
    struct mt_draft *r = mt_http1_new_draft(h, MT_CLIENT);
    h->request = r;
    h->paused = false;
    h->grpc[MT_CLIENT] = (struct mt_grpc_count){0};
    mt_http1_pair_request(&h->pair, r, h->begin[MT_CLIENT].ts_ns, answering);
    mt_http1_drop_broken(h); /* the server passed over it, or is to answer both:
                                which of them comes first is not known */
    if (r == NULL)
        return;
    set_method(r, ev->request.method);
    (void)mt_draft_target(r, ev->request.target);
    if (mt_span_eq(ev->request.method, MT_SPAN("HEAD")))
        r->decoder_word |= MT_HTTP1_W_HEAD;
    if (mt_span_eq(ev->request.method, MT_SPAN("CONNECT")))
        r->decoder_word |= MT_HTTP1_W_CONNECT;
}

/* Is this token one of a comma-separated list? Protocols may have a version
 * after a slash, which is not compared. */
static bool lists(struct mt_span list, struct mt_span token)
{
    while (list.len > 0) {
        struct mt_span one = mt_span_take(&list, mt_span_find(list, ','));
        if (list.len > 0)
            (void)mt_span_take(&list, 1);
        while (one.len > 0 && (one.ptr[0] == ' ' || one.ptr[0] == '\t'))
            (void)mt_span_take(&one, 1);
        if (one.len >= token.len &&
            mt_span_caseeq((struct mt_span){one.ptr, token.len}, token))
            return true;
    }
    return false;
}

static uint64_t upgrade_of(struct mt_span value)
{
    if (lists(value, MT_SPAN("websocket")))
        return MT_HTTP1_W_WEBSOCKET;
    return lists(value, MT_SPAN("h2c")) ? MT_HTTP1_W_H2C : 0;
}

/* RFC 9113 keeps what RFC 7540, section 3.2.1 said of HTTP2-Settings. */
static void keep_settings(struct mt_http1_tap *h, struct mt_draft *r,
                          struct mt_span text)
{
    struct mt_base64 b = {0};
    if (text.len == 0 || text.len > SETTINGS_MAX_BYTES)
        return;
    uint8_t *out = mt_arena_alloc(&r->text, text.len);
    if (out == NULL)
        return;
    size_t n = mt_base64_feed(&b, &text, out, text.len);
    if (b.bad)
        return;
    h->settings = (struct mt_span){.ptr = out, .len = n};
}

static void on_request_field(struct mt_http1_tap *h, struct mt_draft *r,
                             const struct mt_http1_event *ev)
{
    if (ev->field.id == MT_HTTP1_UPGRADE)
        r->decoder_word |= upgrade_of(ev->field.value);
    else if (ev->field.id == MT_HTTP1_HTTP2_SETTINGS)
        keep_settings(h, r, ev->field.value);
    mt_draft_field(r, MT_CLIENT, ev->field.name, ev->field.value);
}

static void on_request_headers(struct mt_draft *r,
                               const struct mt_http1_event *ev)
{
    r->decoder_word |= MT_HTTP1_W_HEADER;
    if (ev->headers.upgrade)
        r->decoder_word |= MT_HTTP1_W_UPGRADE;
    r->x.req.header_bytes = ev->headers.header_bytes;
}

static void on_request_body(struct mt_http1_tap *h, struct mt_draft *r,
                            struct mt_span body)
{
    r->x.req.body_bytes += body.len;
    if (r->x.protocol == MT_PROTOCOL_GRPC_WEB)
        mt_grpc_feed(&h->grpc[MT_CLIENT], r, MT_CLIENT, body);
}

void mt_http1_note_anomalies(struct mt_http1_tap *h, struct mt_draft *r,
                             uint32_t anomalies)
{
    if ((anomalies & MT_ANOMALY_TOO_LONG) != 0)
        h->layer->conn->decode->stats.header_overflow++;
    if (r != NULL)
        r->x.anomalies |= anomalies;
}

static void end_request(struct mt_http1_tap *h)
{
    struct mt_draft *r = h->request;
    h->request = NULL;
    if (r == NULL)
        return;
    r->decoder_word |= MT_HTTP1_W_REQUEST;
    bool leaves = has(r, MT_HTTP1_W_CONNECT) || has(r, MT_HTTP1_W_UPGRADE);
    /* an early answer may have been given already */
    if (leaves && has(r, MT_HTTP1_W_QUEUED))
        h->paused = true;
    (void)mt_http1_pair_settle(&h->pair, r);
}

static void on_client(struct mt_http1_tap *h, const struct mt_http1_event *ev)
{
    struct mt_draft *r = h->request;
    switch (ev->kind) {
    case MT_HTTP1_REQUEST:
        on_request(h, ev);
        break;
    case MT_HTTP1_FIELD:
    case MT_HTTP1_TRAILER:
        if (r != NULL)
            on_request_field(h, r, ev);
        break;
    case MT_HTTP1_HEADERS:
        if (r != NULL)
            on_request_headers(r, ev);
        break;
    case MT_HTTP1_BODY:
        if (r != NULL)
            on_request_body(h, r, ev->body);
        break;
    case MT_HTTP1_END:
        mt_http1_note_anomalies(h, r, ev->end.anomalies);
        end_request(h);
        break;
    case MT_HTTP1_STATUS:
    case MT_HTTP1_CHUNK:
        break;
    }
}

/* ---- responses ---- */

void mt_http1_end_response(struct mt_http1_tap *h, enum mt_error error,
                           int64_t ts_ns)
{
    struct mt_draft *r = h->response;
    h->response = NULL;
    h->in_response = h->tail_lost = h->interim = false;
    if (r == NULL)
        return;
    r->decoder_word |= MT_HTTP1_W_RESPONSE;
    if (error == MT_ERROR_NONE) {
        (void)mt_http1_pair_settle(&h->pair, r);
        return;
    }
    if (has(r, MT_HTTP1_W_ORPHAN))
        r->x.half = MT_HALF_RESPONSE;
    if (h->request == r)
        h->request = NULL;
    mt_http1_finish(r, error, ts_ns);
}

static enum mt_http1_answers answers(const struct mt_draft *r)
{
    if (r == NULL || has(r, MT_HTTP1_W_ORPHAN))
        return MT_HTTP1_TO_UNKNOWN;
    if (has(r, MT_HTTP1_W_HEAD))
        return MT_HTTP1_TO_HEAD;
    return has(r, MT_HTTP1_W_CONNECT) ? MT_HTTP1_TO_CONNECT : MT_HTTP1_TO_ANY;
}

static void on_status(struct mt_http1_tap *h, const struct mt_http1_event *ev)
{
    if (h->in_response && h->tail_lost)
        mt_http1_end_response(h, MT_ERROR_NONE, 0);
    struct mt_draft *r = h->response;
    if (!h->in_response) {
        r = mt_http1_pair_response(&h->pair, h->begin[MT_SERVER].ts_ns);
        if (r == NULL) {
            r = h->broken;
            h->broken = NULL;
        }
        if (r == NULL) {
            r = mt_http1_new_draft(h, MT_SERVER);
            if (r != NULL)
                r->decoder_word |= MT_HTTP1_W_ORPHAN;
        }
        h->response = r;
        h->in_response = true;
        h->forced = false;
    }
    h->garbled = false;
    h->interim = ev->status.code < 200 && ev->status.code != 101;
    h->sse = (struct mt_sse){0};
    h->grpc[MT_SERVER] = (struct mt_grpc_count){0};
    mt_http1_answers(&h->parser[MT_SERVER], answers(r));
    if (r == NULL)
        return;
    mt_draft_touch(r, MT_SERVER, &h->begin[MT_SERVER]);
    mt_draft_touch(r, MT_SERVER, &h->at[MT_SERVER]);
    if (!h->interim)
        r->x.status = ev->status.code;
}

static void on_response_field(struct mt_draft *r,
                              const struct mt_http1_event *ev)
{
    if (ev->field.id == MT_HTTP1_UPGRADE)
        r->decoder_word |= upgrade_of(ev->field.value);
    else if (mt_token_is(ev->field.name, MT_SPAN("content-encoding")) &&
             !mt_span_caseeq(ev->field.value, MT_SPAN("identity")))
        r->decoder_word |= MT_HTTP1_W_CODED;
    mt_draft_field(r, MT_SERVER, ev->field.name, ev->field.value);
}

static void on_response_body(struct mt_http1_tap *h, struct mt_draft *r,
                             struct mt_span body)
{
    r->x.resp.body_bytes += body.len;
    if (r->x.protocol == MT_PROTOCOL_SSE && !has(r, MT_HTTP1_W_CODED))
        r->x.resp.messages += mt_sse_feed(&h->sse, body);
    else if (r->x.protocol == MT_PROTOCOL_GRPC_WEB)
        mt_grpc_feed(&h->grpc[MT_SERVER], r, MT_SERVER, body);
}

/* HTTP/1 is over on this connection: what comes next, and with which draft. */
static void leave(struct mt_http1_tap *h, struct mt_draft *r)
{
    h->sw.to = MT_SWITCH_DETECT;
    h->response = NULL;
    h->in_response = h->interim = false;
    if (r == NULL)
        return;
    if (has(r, MT_HTTP1_W_ORPHAN))
        r->x.half = MT_HALF_RESPONSE;
    bool upgraded = r->x.status == 101;
    if (upgraded && has(r, MT_HTTP1_W_WEBSOCKET))
        h->sw.to = MT_SWITCH_WEBSOCKET;
    else if (upgraded && has(r, MT_HTTP1_W_H2C))
        h->sw.to = MT_SWITCH_H2;
    if (h->sw.to == MT_SWITCH_DETECT) {
        mt_draft_finish(r, MT_ERROR_NONE, 0);
        return;
    }
    r->decoder_word = 0; /* the next decoder's own */
    h->sw.draft = r;
    if (h->sw.to == MT_SWITCH_H2)
        h->sw.settings = h->settings;
}

static void on_response_end(struct mt_http1_tap *h,
                            const struct mt_http1_event *ev)
{
    struct mt_draft *r = h->response;
    mt_http1_note_anomalies(h, r, ev->end.anomalies);
    if (ev->end.tunnel) {
        if (h->request == r)
            h->request = NULL;
        leave(h, r);
        return;
    }
    if (h->interim) { /* the times are the final response's */
        if (r != NULL)
            r->x.resp.start_ns = r->x.resp.end_ns = 0;
        return;
    }
    mt_http1_end_response(h, MT_ERROR_NONE, 0);
}

static void on_server(struct mt_http1_tap *h, const struct mt_http1_event *ev)
{
    struct mt_draft *r = h->response;
    switch (ev->kind) {
    case MT_HTTP1_STATUS:
        on_status(h, ev);
        break;
    case MT_HTTP1_FIELD:
    case MT_HTTP1_TRAILER:
        if (r != NULL && !h->interim)
            on_response_field(r, ev);
        break;
    case MT_HTTP1_HEADERS:
        if (r != NULL && !h->interim)
            r->x.resp.header_bytes = ev->headers.header_bytes;
        break;
    case MT_HTTP1_BODY:
        if (r != NULL)
            on_response_body(h, r, ev->body);
        break;
    case MT_HTTP1_END:
        on_response_end(h, ev);
        break;
    case MT_HTTP1_REQUEST:
    case MT_HTTP1_CHUNK:
        break;
    }
}

void mt_http1_on_event(struct mt_http1_tap *h, enum mt_role from,
                       const struct mt_http1_event *ev)
{
    if (from == MT_CLIENT)
        on_client(h, ev);
    else
        on_server(h, ev);
}
