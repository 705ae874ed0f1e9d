/* The proxy's policy beside libhttp-parser, an independent parser. What both
 * take they must cut into the same messages; where only one of them takes an
 * input, docs/http1-oracle.md has the case and the RFC's word on it. Each
 * exception below names its row there. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef MT_HTTP_PARSER
#include <http_parser.h>

enum { MESSAGES_MAX = 32 };

/* What is compared of a message: all of it, folded into a number. */
struct message {
    uint64_t head; /* start line and fields */
    uint64_t body;
    size_t end;           /* offset behind it */
    bool no_body, framed; /* ours: by its status; a length or a coding */
    bool framed_by_trailer, connect;
};

struct log {
    struct message list[MESSAGES_MAX];
    size_t count; /* whole messages */
    struct message now;
    uint64_t line; /* of the start line, or field, at hand */
    bool over;     /* a close or an upgrade: no message follows */
};

static void mix(uint64_t *hash, uint8_t c)
{
    *hash = (*hash ^ c) * 0x100000001b3u;
    *hash ^= *hash >> 31;
}

/* Inner blanks too: which of them are left is not what is compared. */
static void mix_text(uint64_t *hash, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] != ' ' && text[i] != '\t')
            mix(hash, (uint8_t)text[i]);
}

static void mix_span(uint64_t *hash, struct mt_span s)
{
    mix_text(hash, (const char *)s.ptr, s.len);
}

static void end_message(struct log *l, size_t end)
{
    l->now.end = end;
    if (l->count < MESSAGES_MAX)
        l->list[l->count++] = l->now;
    l->now = (struct message){0};
}

/* ---- the oracle ---- */

struct oracle {
    http_parser parser;
    struct log log;
    const char *start;
    bool to_head;
};

static struct oracle *of(http_parser *p)
{
    return p->data;
}

static int on_head(http_parser *p, const char *at, size_t n)
{
    mix_text(&of(p)->log.now.head, at, n);
    return 0;
}

static int on_status(http_parser *p, const char *at, size_t n)
{
    (void)p, (void)at, (void)n; /* the reason is the sender's own */
    return 0;
}

static int on_headers_complete(http_parser *p)
{
    struct oracle *o = of(p);
    mix(&o->log.now.head,
        (uint8_t)(p->type == HTTP_REQUEST ? p->method : p->status_code & 0xff));
    return p->type == HTTP_RESPONSE && o->to_head ? 1 : 0;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mix(&of(p)->log.now.body, (uint8_t)at[i]);
    return 0;
}

static int on_message_complete(http_parser *p)
{
    struct oracle *o = of(p);
    bool interim = p->type == HTTP_RESPONSE && p->status_code < 200;
    end_message(&o->log, 0);
    if (!interim)
        o->to_head = false;
    if (p->upgrade || !http_should_keep_alive(p)) {
        o->log.over = true;
        http_parser_pause(p, 1);
    }
    return 0;
}

static enum http_errno run_oracle(struct oracle *o, enum mt_http1_side side,
                                  bool to_head, struct mt_span in)
{
    static const http_parser_settings settings = {
        .on_url = on_head,
        .on_status = on_status,
        .on_header_field = on_head,
        .on_header_value = on_head,
        .on_headers_complete = on_headers_complete,
        .on_body = on_body,
        .on_message_complete = on_message_complete,
    };
    *o = (struct oracle){.to_head = to_head};
    http_parser_init(&o->parser,
                     side == MT_HTTP1_REQUESTS ? HTTP_REQUEST : HTTP_RESPONSE);
    o->parser.data = o;
    /* a byte at a time tells where a message ends */
    for (size_t i = 0; i < in.len && !o->log.over; i++) {
        size_t before = o->log.count;
        if (http_parser_execute(&o->parser, &settings, (const char *)in.ptr + i,
                                1) != 1 ||
            HTTP_PARSER_ERRNO(&o->parser) != HPE_OK)
            if (!o->log.over)
                break;
        if (o->log.count > before)
            o->log.list[o->log.count - 1].end = i + 1;
    }
    enum http_errno e = HTTP_PARSER_ERRNO(&o->parser);
    return e == HPE_PAUSED ? HPE_OK : e;
}

/* ---- ours ---- */

struct ours {
    struct mt_http1 parser;
    struct mt_pool pool;
    struct log log;
    uint32_t anomalies; /* at the end */
    int rc;
};

static int oracle_method(struct mt_span method)
{
    static const struct {
        int number;
        const char *name;
    } methods[] = {
#define XX(number, name, text) {number, #text},
        HTTP_METHOD_MAP(XX)
#undef XX
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (mt_span_eq(method, mt_span_str(methods[i].name)))
            return methods[i].number;
    return -1;
}

static int method_number;

static void on_event(struct ours *o, const struct mt_http1_event *ev,
                     size_t offset)
{
    struct log *l = &o->log;
    switch (ev->kind) {
    case MT_HTTP1_REQUEST:
        method_number = oracle_method(ev->request.method);
        l->now.connect = method_number == HTTP_CONNECT;
        mix_span(&l->now.head, ev->request.target);
        break;
    case MT_HTTP1_STATUS:
        method_number = ev->status.code & 0xff;
        l->now.no_body = ev->status.code < 200 || ev->status.code == 204 ||
                         ev->status.code == 304;
        break;
    case MT_HTTP1_FIELD:
        l->now.framed |= ev->field.id == MT_HTTP1_CONTENT_LENGTH ||
                         ev->field.id == MT_HTTP1_TRANSFER_ENCODING;
        mix_span(&l->now.head, ev->field.name);
        mix_span(&l->now.head, ev->field.value);
        break;
    case MT_HTTP1_TRAILER:
        l->now.framed_by_trailer |=
            mt_span_caseeq(ev->field.name, MT_SPAN("content-length")) ||
            mt_span_caseeq(ev->field.name, MT_SPAN("transfer-encoding"));
        mix_span(&l->now.head, ev->field.name);
        mix_span(&l->now.head, ev->field.value);
        break;
    case MT_HTTP1_HEADERS:
        mix(&l->now.head, (uint8_t)method_number);
        l->over = !ev->headers.keep_alive ||
                  ev->headers.framing == MT_HTTP1_TUNNEL ||
                  (o->parser.side == MT_HTTP1_REQUESTS && ev->headers.upgrade);
        break;
    case MT_HTTP1_BODY:
        for (size_t i = 0; i < ev->body.len; i++)
            mix(&l->now.body, ev->body.ptr[i]);
        break;
    case MT_HTTP1_CHUNK:
        break;
    case MT_HTTP1_END:
        end_message(l, offset);
        break;
    }
}

static void run_ours(struct ours *o, enum mt_http1_side side, bool to_head,
                     struct mt_span in)
{
    /* Host is a rule about meaning, which the oracle does not look at */
    struct mt_http1_config config = mt_http1_strict;
    config.fatal &= ~(uint32_t)MT_ANOMALY_NO_HOST;
    struct mt_http1_event ev;
    size_t size = in.len;

    *o = (struct ours){.rc = MT_MORE};
    mt_pool_init(&o->pool, 1 << 20);
    mt_http1_init(&o->parser, side, &config, &o->pool);
    if (to_head)
        mt_http1_answers(&o->parser, MT_HTTP1_TO_HEAD);
    while ((o->rc = mt_http1_next(&o->parser, &in, &ev)) == MT_EVENT) {
        on_event(o, &ev, size - in.len);
        if (ev.kind == MT_HTTP1_END && o->log.over) {
            o->rc = MT_MORE;
            break;
        }
    }
    o->anomalies = o->parser.anomalies;
    mt_http1_deinit(&o->parser);
    mt_pool_deinit(&o->pool);
}

/* ---- the verdict ---- */

static void disagree(const char *why, const struct ours *a,
                     const struct oracle *b, enum http_errno e)
{
    (void)fprintf(stderr,
                  "%s: ours rc %d, %zu messages, anomalies %x, state %s; "
                  "oracle %s, %zu messages\n",
                  why, a->rc, a->log.count, (unsigned)a->anomalies,
                  mt_http1_state_name(&a->parser), http_errno_name(e),
                  b->log.count);
    abort();
}

#include "fuzz_http1_oracle_rows.h"

static void judge(const struct ours *a, const struct oracle *b,
                  enum http_errno e, struct mt_span in)
{
    size_t both = a->log.count < b->log.count ? a->log.count : b->log.count;
    for (size_t i = 0; i < both; i++) {
        const struct message *x = &a->log.list[i], *y = &b->log.list[i];
        if (x->end != y->end || x->body != y->body || x->head != y->head) {
            if (!excused_difference(x))
                disagree("different messages", a, b, e);
            return;
        }
    }
    if (a->log.count > both && !excused_refusal_by_oracle(a, b, in, e))
        disagree("taken by us alone", a, b, e);
    if (b->log.count > both && !excused_refusal_by_us(a, in))
        disagree("taken by the oracle alone", a, b, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ours a;
    static struct oracle b;
    if (size < 2)
        return 0;
    enum mt_http1_side side =
        (data[0] & 1) != 0 ? MT_HTTP1_RESPONSES : MT_HTTP1_REQUESTS;
    bool to_head = (data[0] & 2) != 0;
    struct mt_span in = {data + 1, size - 1};
    run_ours(&a, side, to_head, in);
    enum http_errno e = run_oracle(&b, side, to_head, in);
    judge(&a, &b, e, in);
    return 0;
}
#else
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)data, (void)size;
    return 0;
}
#endif
