#include "proxy-lite/call/call_impl.h"

#include "base/buf.h"

/* gRPC statuses for what the proxy says itself: the mapping of
 * https://grpc.github.io/grpc/core/md_doc_http-grpc-status-mapping.html, but
 * that a route that is not there is a method that is not (12). */
static unsigned grpc_code(unsigned status)
{
    switch (status) {
    case 404:
        return 12; /* UNIMPLEMENTED */
    case 408:
    case 504:
        return 4; /* DEADLINE_EXCEEDED */
    case 429:
    case 502:
    case 503:
        return 14; /* UNAVAILABLE */
    default:
        return 13; /* INTERNAL */
    }
}

static bool add_number(struct mt_head *h, enum mt_head_id id, uint64_t n)
{
    uint8_t bytes[24];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_put_decimal(&b, n);
    return mt_head_add(h, mt_head_name(id), mt_buf_span(&b));
}

/* Trailers alone: a header that ends the stream. */
static bool fill_grpc(struct mt_head *h, const struct mt_call_said *said)
{
    h->status = 200;
    return mt_head_add(h, mt_head_name(MT_HEAD_CONTENT_TYPE),
                       MT_SPAN("application/grpc")) &&
           add_number(h, MT_HEAD_GRPC_STATUS, grpc_code(said->status)) &&
           mt_head_add(h, mt_head_name(MT_HEAD_GRPC_MESSAGE),
                       mt_span_str(said->sentence)) &&
           add_number(h, MT_HEAD_CONTENT_LENGTH, 0);
}

static bool fill(struct mt_head *h, const struct mt_call_said *said,
                 uint64_t length)
{
    h->status = (uint16_t)said->status;
    h->length = (int64_t)length;
    return (said->location.len == 0 ||
            mt_head_add(h, MT_SPAN("location"), said->location)) &&
           mt_head_add(h, mt_head_name(MT_HEAD_CONTENT_TYPE),
                       MT_SPAN("text/plain; charset=utf-8")) &&
           add_number(h, MT_HEAD_CONTENT_LENGTH, length);
}

bool mt_call_is_head(const struct mt_head *request)
{
    return mt_span_eq(request->method, MT_SPAN("HEAD"));
}

void mt_call_say(struct mt_pool *pool, struct mt_stream *down,
                 const struct mt_call_said *said)
{
    struct mt_head h;
    uint8_t bytes[256];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_put_str(&b, said->sentence);
    mt_put_str(&b, said->sentence[0] != '\0' ? "\n" : "");
    mt_head_init(&h, pool, 16384);
    bool fits =
        (said->grpc ? fill_grpc(&h, said) : fill(&h, said, b.len)) &&
        mt_head_add(&h, MT_SPAN("x-meshtop-reason"), mt_span_str(said->reason));
    bool empty = said->grpc || b.len == 0 || said->no_body;
    if (fits)
        down->ops->head(down, &h, empty);
    if (fits && !empty) {
        down->ops->body(down, mt_buf_span(&b));
        (void)down->side->ops->settle(down->side);
        down->ops->end(down, NULL);
    }
    mt_head_deinit(&h);
}

void mt_call_answer(struct mt_call *c, unsigned status, const char *reason,
                    const char *sentence)
{
    const struct mt_call_said said = {.status = status,
                                      .grpc = c->grpc,
                                      .no_body = mt_call_is_head(c->request),
                                      .reason = reason,
                                      .sentence = sentence};
    c->status = (uint16_t)(c->grpc ? 200 : status);
    if (c->grpc)
        c->grpc_status = (int16_t)grpc_code(status);
    c->reason = reason;
    if (c->tcp) { /* there is no way to say it but the end */
        c->status = 0;
        return;
    }
    mt_call_say(c->host->pool, c->down, &said);
    c->response_started = c->response_ended = true;
    c->head_ns = c->host->now_ns;
}
