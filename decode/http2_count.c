/* Messages inside the content of a stream: gRPC, server-sent events, and
 * WebSocket over an extended CONNECT. */
#include "decode/grpc.h"
#include "decode/http2_parts.h"
#include "decode/sse.h"
#include "decode/websocket.h"

static size_t counter_bytes(uint8_t counting)
{
    switch (counting) {
    case MT_H2_COUNT_GRPC:
        return 2 * sizeof(struct mt_grpc_count);
    case MT_H2_COUNT_SSE:
        return sizeof(struct mt_sse);
    case MT_H2_COUNT_WEBSOCKET:
        return 2 * sizeof(struct mt_websocket);
    default:
        return 0;
    }
}

static uint8_t counting_of(const struct mt_h2_stream *s)
{
    const struct mt_exchange *x = &s->draft->x;
    switch (x->protocol) {
    case MT_PROTOCOL_GRPC:
    case MT_PROTOCOL_GRPC_WEB:
        return MT_H2_COUNT_GRPC;
    case MT_PROTOCOL_SSE:
        return MT_H2_COUNT_SSE;
    case MT_PROTOCOL_WEBSOCKET:
        return s->head[MT_SERVER] ? MT_H2_COUNT_WEBSOCKET : MT_H2_COUNT_NONE;
    default:
        return MT_H2_COUNT_NONE;
    }
}

/* Content that came before cannot be counted, nor what follows it. */
static void mark_late(struct mt_h2_stream *s)
{
    for (int role = 0; role < 2; role++) {
        if (!s->begun_late[role])
            continue;
        if (s->counting == MT_H2_COUNT_GRPC)
            ((struct mt_grpc_count *)s->counter)[role].lost = true;
        if (s->counting == MT_H2_COUNT_WEBSOCKET)
            ((struct mt_websocket *)s->counter)[role].lost = true;
    }
}

void mt_http2_count_start(struct mt_http2 *h, struct mt_h2_stream *s)
{
    uint8_t counting = counting_of(s);
    if (counting == MT_H2_COUNT_NONE || s->counting == counting)
        return;
    mt_http2_count_free(h, s);
    s->counter = mt_pool_zalloc(h->conn->decode->pool, counter_bytes(counting));
    if (s->counter == NULL)
        return;
    s->counting = counting;
    mark_late(s);
}

void mt_http2_count_free(struct mt_http2 *h, struct mt_h2_stream *s)
{
    mt_pool_free(h->conn->decode->pool, s->counter, counter_bytes(s->counting));
    s->counter = NULL;
    s->counting = MT_H2_COUNT_NONE;
}

static void count_grpc(struct mt_h2_stream *s, enum mt_role from,
                       struct mt_span bytes, uint32_t lost_bytes)
{
    struct mt_grpc_count *c = (struct mt_grpc_count *)s->counter + from;
    mt_grpc_gap(c, s->draft, from, lost_bytes);
    mt_grpc_feed(c, s->draft, from, bytes);
}

static void count_websocket(struct mt_h2_stream *s, enum mt_role from,
                            struct mt_span bytes, uint32_t lost_bytes)
{
    struct mt_websocket *w = (struct mt_websocket *)s->counter + from;
    struct mt_exchange *x = &s->draft->x;
    if (lost_bytes > 0)
        mt_websocket_gap(w, lost_bytes);
    mt_websocket_feed(w, bytes);
    *(from == MT_CLIENT ? &x->req.messages : &x->resp.messages) = w->messages;
}

void mt_http2_count(struct mt_h2_stream *s, enum mt_role from,
                    struct mt_span bytes, uint32_t lost_bytes)
{
    s->begun_late[from] |= s->counting == MT_H2_COUNT_NONE;
    switch (s->counting) {
    case MT_H2_COUNT_GRPC:
        count_grpc(s, from, bytes, lost_bytes);
        break;
    case MT_H2_COUNT_SSE:
        if (from == MT_SERVER)
            s->draft->x.resp.messages += mt_sse_feed(s->counter, bytes);
        break;
    case MT_H2_COUNT_WEBSOCKET:
        count_websocket(s, from, bytes, lost_bytes);
        break;
    default:
        break;
    }
}
