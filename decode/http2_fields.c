/* Header blocks: pseudo-headers and fields into drafts. */
#include "decode/http2_parts.h"

/* Where one block goes. */
struct block {
    struct mt_draft *draft; /* NULL: it is decoded for its insertions only */
    enum mt_role from;      /* whose message it is (a promise: the client's) */
    unsigned seen;          /* bits of pseudo-headers */
    uint16_t status;
    bool regular;   /* past the pseudo-headers */
    bool unknown;   /* a name could not be known: it may have been any */
    bool malformed; /* RFC 9113 section 8.3 */
};

#define BIT(name) (1u << seen_##name)
enum {
    seen_method,
    seen_scheme,
    seen_path,
    seen_authority,
    seen_status,
    seen_protocol
};

static uint16_t status_of(struct mt_span v)
{
    unsigned status = 0;
    if (v.len != 3)
        return 0;
    for (size_t i = 0; i < 3; i++) {
        if (v.ptr[i] < '0' || v.ptr[i] > '9')
            return 0;
        status = status * 10 + (unsigned)(v.ptr[i] - '0');
    }
    return (uint16_t)status;
}

/* :path is never a CONNECT's authority, whatever came before it (RFC 8441). */
static void take_path(struct mt_draft *r, struct mt_span path)
{
    struct mt_span method = r->x.method;
    r->x.method.len = 0;
    if (!mt_draft_target(r, path))
        r->x.anomalies |= MT_ANOMALY_BAD_TARGET;
    r->x.method = method;
}

static void take_pseudo(struct block *b, unsigned bit, enum mt_role of,
                        const struct mt_hpack_field *f)
{
    b->malformed |= b->regular || (b->seen & bit) != 0 || of != b->from;
    if ((b->seen & bit) != 0)
        return;
    b->seen |= bit;
    struct mt_draft *r = b->draft;
    if ((f->known & MT_HPACK_KNOWN_VALUE) == 0)
        return;
    if (bit == BIT(status)) {
        b->status = status_of(f->value);
        b->malformed |= b->status == 0;
    } else if (r == NULL || b->from != MT_CLIENT) {
        return;
    } else if (bit == BIT(method)) {
        mt_draft_text(r, &r->x.method, f->value);
    } else if (bit == BIT(scheme)) {
        mt_draft_text(r, &r->x.scheme, f->value);
    } else if (bit == BIT(authority)) {
        mt_draft_authority(r, f->value);
    } else if (bit == BIT(path)) {
        take_path(r, f->value);
    } else if (mt_span_eq(f->value, MT_SPAN("websocket"))) {
        r->x.protocol = MT_PROTOCOL_WEBSOCKET;
    }
}

static void take_field(struct block *b, const struct mt_hpack_field *f)
{
    switch (f->name_id) {
    case MT_HPACK_NAME_METHOD:
        take_pseudo(b, BIT(method), MT_CLIENT, f);
        return;
    case MT_HPACK_NAME_SCHEME:
        take_pseudo(b, BIT(scheme), MT_CLIENT, f);
        return;
    case MT_HPACK_NAME_PATH:
        take_pseudo(b, BIT(path), MT_CLIENT, f);
        return;
    case MT_HPACK_NAME_AUTHORITY:
        take_pseudo(b, BIT(authority), MT_CLIENT, f);
        return;
    case MT_HPACK_NAME_STATUS:
        take_pseudo(b, BIT(status), MT_SERVER, f);
        return;
    case MT_HPACK_NAME_PROTOCOL:
        take_pseudo(b, BIT(protocol), MT_CLIENT, f);
        return;
    default:
        break;
    }
    if (f->known != MT_HPACK_KNOWN) {
        b->unknown |= (f->known & MT_HPACK_KNOWN_NAME) == 0;
        return;
    }
    b->regular = true;
    bool informational = b->status >= 100 && b->status < 200;
    if (b->draft != NULL && !informational)
        mt_draft_field(b->draft, b->from, f->name, f->value);
}

/* The whole block; every field, for what it inserts. */
static int decode(struct mt_hpack *hpack, struct mt_span bytes,
                  enum mt_hpack_block kind, struct block *b)
{
    struct mt_hpack_field f;
    int rc;
    mt_hpack_begin(hpack, bytes, kind);
    while ((rc = mt_hpack_next(hpack, &f)) == MT_EVENT)
        take_field(b, &f);
    return rc;
}

static bool is_connect(const struct mt_draft *r)
{
    return mt_span_eq(r->x.method, MT_SPAN("CONNECT"));
}

/* RFC 9113 sections 8.3.1, 8.3.2. What is missing may be what was unknown. */
static bool lacks_pseudo(const struct block *b)
{
    if (b->unknown)
        return false;
    if (b->from == MT_SERVER)
        return (b->seen & BIT(status)) == 0;
    unsigned need = BIT(method);
    if (!is_connect(b->draft))
        need |= BIT(path) | BIT(scheme);
    return (need & ~b->seen) != 0;
}

/* Trailers have no pseudo-header; after a loss that is how they are told. */
static bool is_head(const struct mt_h2_stream *s, const struct block *b)
{
    if (s->head[b->from])
        return false;
    return b->seen != 0 || !s->lost[b->from];
}

static void take_request_head(struct mt_h2_stream *s, const struct block *b)
{
    struct mt_exchange *x = &s->draft->x;
    s->head[MT_CLIENT] = true;
    s->lost[MT_CLIENT] &= b->seen == 0; /* what came before matters not */
    if ((b->seen & BIT(protocol)) == 0 && is_connect(s->draft))
        x->kind = MT_KIND_STREAM;
}

static void take_response_head(struct mt_h2_stream *s, const struct block *b)
{
    struct mt_exchange *x = &s->draft->x;
    bool accepted = b->status >= 200 && b->status < 300;
    s->head[MT_SERVER] = true;
    s->lost[MT_SERVER] &= b->status == 0;
    x->status = b->status;
    if (x->protocol == MT_PROTOCOL_WEBSOCKET)
        x->kind = accepted ? MT_KIND_STREAM : MT_KIND_UNARY;
    if (b->status != 0 && !accepted && is_connect(s->draft)) {
        x->protocol = MT_PROTOCOL_H2; /* refused: no tunnel, no WebSocket */
        x->kind = MT_KIND_UNARY;
    }
}

/* What the block was, on a stream that is counted. */
static void apply(struct mt_http2 *h, struct mt_h2_stream *s,
                  const struct mt_http2_frame *frame, const struct block *b)
{
    bool informational = b->status >= 100 && b->status < 200;
    bool head = is_head(s, b);
    if (b->malformed || (head && lacks_pseudo(b)) || (!head && b->seen != 0) ||
        (informational && frame->ev->end_stream))
        s->draft->x.anomalies |= MT_ANOMALY_PSEUDO;
    if (informational)
        return; /* section 8.1: the final one is still to come */
    mt_http2_touch(s, b->from, frame);
    if (head && b->from == MT_CLIENT)
        take_request_head(s, b);
    else if (head)
        take_response_head(s, b);
    mt_http2_count_start(h, s);
}

static enum mt_hpack_block kind_of(const struct mt_http2 *h,
                                   const struct mt_h2_stream *s,
                                   const struct mt_http2_frame *frame)
{
    enum mt_role from = frame->from;
    if (frame->ev->type == MT_H2_PUSH_PROMISE)
        return MT_HPACK_REQUEST;
    if (s != NULL && s->head[from])
        return MT_HPACK_TRAILERS;
    bool unsure = s == NULL || s->lost[from] || h->side[from].late;
    if (from == MT_CLIENT)
        return unsure ? MT_HPACK_REQUEST_OR_TRAILERS : MT_HPACK_REQUEST;
    return unsure ? MT_HPACK_RESPONSE_OR_TRAILERS : MT_HPACK_RESPONSE;
}

static void lose_block(struct mt_http2 *h, struct mt_h2_stream *s,
                       const struct mt_http2_frame *frame, enum mt_role of)
{
    bool too_long = frame->ev->too_long;
    mt_hpack_lost(&h->side[frame->from].hpack);
    h->conn->decode->stats.header_overflow += too_long;
    if (s == NULL)
        return;
    s->draft->x.anomalies |= too_long ? MT_ANOMALY_BOMB : 0;
    s->draft->x.hpack = MT_HPACK_SUSPECT;
    s->head[of] |= of == MT_CLIENT;
    s->lost[of] = true;
    mt_http2_touch(s, of, frame);
}

static void take_block(struct mt_http2 *h, struct mt_h2_stream *s,
                       const struct mt_http2_frame *frame, enum mt_role of)
{
    struct mt_hpack *hpack = &h->side[frame->from].hpack;
    struct block b = {.draft = s != NULL ? s->draft : NULL, .from = of};
    int rc = decode(hpack, frame->ev->bytes, kind_of(h, s, frame), &b);
    bool bomb = rc == MT_ELIMIT || hpack->fields > MT_HPACK_FIELDS_MAX;
    h->conn->decode->stats.header_overflow += bomb;
    if (s == NULL)
        return;
    struct mt_exchange *x = &s->draft->x;
    x->anomalies |= (bomb ? MT_ANOMALY_BOMB : 0u) |
                    (rc == MT_EPROTO ? MT_ANOMALY_FRAME : 0u);
    uint8_t state = (uint8_t)mt_hpack_state(hpack);
    if (state > x->hpack)
        x->hpack = state;
    apply(h, s, frame, &b);
}

void mt_http2_on_block(struct mt_http2 *h, const struct mt_http2_frame *frame)
{
    const struct mt_h2_event *ev = frame->ev;
    struct mt_http2_side *side = &h->side[frame->from];
    bool promise = ev->type == MT_H2_PUSH_PROMISE;
    enum mt_role of = promise ? MT_CLIENT : frame->from;
    struct mt_h2_stream *s =
        mt_http2_stream_of(h, frame, promise ? ev->promised : ev->stream, true);
    if (ev->block_lost)
        lose_block(h, s, frame, of);
    else
        take_block(h, s, frame, of);

    h->conn->decode->stats.hpack_resets +=
        side->hpack.resets - side->resets_counted;
    side->resets_counted = side->hpack.resets;
    if (s == NULL)
        return;
    struct mt_message *m =
        of == MT_CLIENT ? &s->draft->x.req : &s->draft->x.resp;
    m->header_bytes += ev->wire_bytes;
    m->gap_bytes += ev->lost_bytes;
    if (promise || ev->end_stream)
        mt_http2_end_side(h, s, of, frame->chunk->ts_ns);
}
