/* Which exchange a frame belongs to, and how exchanges end. */
#include "decode/grpc.h"
#include "decode/http2_parts.h"

enum { CODE_NO_ERROR = 0, CODE_REFUSED = 7, CODE_CANCEL = 8 };

static const int64_t sweep_each_ns = 60 * (int64_t)1000000000;
static const int64_t silence_ns = 600 * (int64_t)1000000000;

/* RFC 9113 section 7. */
static const char *const codes[] = {
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
};

static enum mt_role opener_of(uint32_t id)
{
    return id % 2 == 1 ? MT_CLIENT : MT_SERVER;
}

static bool is_lossy(const struct mt_http2 *h)
{
    return h->side[MT_CLIENT].lossy || h->side[MT_SERVER].lossy;
}

/* May a frame of a stream that is not open open it? Ids only rise, so that an
 * old one is a frame still on its way to a closed stream, unless its beginning
 * may have been missed. */
static bool may_open(const struct mt_http2 *h, uint32_t id, bool has_head)
{
    bool is_new = id > h->side[opener_of(id)].highest;
    if (id == 0 || mt_h2_streams_was_closed(&h->streams, id))
        return false;
    /* The first case is also an answer that is seen before its request. */
    return (has_head && is_new) || is_lossy(h);
}

/* Frames of that side pass unseen now. */
static bool is_blind(const struct mt_http2_side *side)
{
    return side->searching || (side->late && !side->started);
}

static struct mt_h2_stream *
open_stream(struct mt_http2 *h, const struct mt_http2_frame *frame, uint32_t id)
{
    struct mt_decode *d = h->conn->decode;
    struct mt_h2_stream *s = mt_h2_streams_add(&h->streams, id);
    if (s == NULL) {
        if (h->streams.count == MT_H2_STREAMS_MAX)
            d->stats.stream_overflow++;
        else
            d->stats.drafts_refused++;
        mt_h2_streams_note_closed(&h->streams, id);
        return NULL;
    }
    s->draft = mt_draft_new(h->conn, id, frame->first.ts_ns);
    if (s->draft == NULL) {
        mt_h2_streams_remove(&h->streams, s);
        return NULL;
    }
    s->draft->x.protocol = MT_PROTOCOL_H2;
    for (int role = 0; role < 2; role++) {
        s->lost[role] = is_blind(&h->side[role]);
        s->losses[role] = h->side[role].losses;
    }
    return s;
}

/* Losses are counted on the connection, so that one costs no walk over its
 * streams: each hears of them when it is looked at next. */
static void catch_up(const struct mt_http2 *h, struct mt_h2_stream *s)
{
    for (int role = 0; role < 2; role++) {
        s->lost[role] |= s->losses[role] != h->side[role].losses;
        s->losses[role] = h->side[role].losses;
    }
}

static struct mt_h2_stream *find(const struct mt_http2 *h, uint32_t id)
{
    struct mt_h2_stream *s = mt_h2_streams_find(&h->streams, id);
    if (s != NULL)
        catch_up(h, s);
    return s;
}

struct mt_h2_stream *mt_http2_stream_of(struct mt_http2 *h,
                                        const struct mt_http2_frame *frame,
                                        uint32_t id, bool has_head)
{
    enum mt_role from = frame->from, opener = opener_of(id);
    struct mt_http2_side *side = &h->side[opener];
    struct mt_h2_stream *s = find(h, id);
    bool opens = has_head && from == opener;
    if (s == NULL && may_open(h, id, has_head)) {
        s = open_stream(h, frame, id);
        if (s != NULL && !opens) {
            s->lost[from] |= h->side[from].lossy;
            s->lost[1 - from] |= id <= side->highest || h->side[1 - from].lossy;
        }
    }
    if (opens && id > side->highest)
        side->highest = id;
    if (s != NULL)
        s->last_ns = frame->chunk->ts_ns;
    return s;
}

void mt_http2_touch(struct mt_h2_stream *s, enum mt_role of,
                    const struct mt_http2_frame *frame)
{
    if (frame->first.ts_ns != frame->chunk->ts_ns ||
        frame->first.packet != frame->chunk->packet)
        mt_draft_touch(s->draft, of, &frame->first);
    mt_draft_touch(s->draft, of, frame->chunk);
}

bool mt_http2_adopt(struct mt_http2 *h, struct mt_draft *r)
{
    struct mt_h2_stream *s = mt_h2_streams_add(&h->streams, 1);
    if (s == NULL)
        return false;
    s->draft = r;
    s->last_ns = r->x.req.end_ns;
    s->head[MT_CLIENT] = s->ended[MT_CLIENT] = true;
    h->side[MT_CLIENT].highest = 1;
    r->x.protocol = MT_PROTOCOL_H2;
    r->x.stream = 1;
    r->x.status = 0; /* 101 was no answer: that comes on the stream */
    r->x.resp.start_ns = r->x.resp.end_ns = 0;
    return true;
}

/* --- ends --- */

/* What the server said of the whole connection. */
static enum mt_error refuse(const struct mt_http2 *h, struct mt_draft *r)
{
    static const char why[] = "the server has no HTTP/2: ";
    uint8_t text[sizeof why - 1 + MT_HTTP2_STATUS_LINE];
    memcpy(text, why, sizeof why - 1);
    memcpy(text + sizeof why - 1, h->status_line, sizeof h->status_line);
    if (r->x.error_message.len == 0)
        mt_draft_text(r, &r->x.error_message,
                      (struct mt_span){text, sizeof text});
    return MT_ERROR_PROTOCOL;
}

void mt_http2_finish(struct mt_http2 *h, struct mt_h2_stream *s,
                     enum mt_error error, int64_t ts_ns)
{
    struct mt_draft *r = s->draft;
    if (mt_http2_is_refused(h) && r->x.resp.start_ns == 0)
        error = refuse(h, r);
    mt_grpc_classify(r);
    if (r->x.resp.start_ns == 0)
        r->x.half = MT_HALF_REQUEST;
    else if (r->x.req.start_ns == 0)
        r->x.half = MT_HALF_RESPONSE;
    mt_http2_count_free(h, s);
    mt_h2_streams_remove(&h->streams, s);
    mt_draft_finish(r, error, ts_ns);
}

/* The server's frames are not all known: by whose fault? */
static enum mt_error error_of_loss(const struct mt_http2 *h)
{
    return h->side[MT_SERVER].garbled ? MT_ERROR_PROTOCOL
                                      : MT_ERROR_CAPTURE_GAP;
}

/* The response has ended. Was all of it seen that matters? */
static enum mt_error error_of_answered(const struct mt_http2 *h,
                                       const struct mt_h2_stream *s)
{
    const struct mt_draft *r = s->draft;
    bool grpc = r->x.protocol == MT_PROTOCOL_GRPC && !r->grpc_status_seen;
    if (s->lost[MT_SERVER] && (!s->head[MT_SERVER] || grpc))
        return error_of_loss(h);
    return MT_ERROR_NONE;
}

void mt_http2_end_side(struct mt_http2 *h, struct mt_h2_stream *s,
                       enum mt_role from, int64_t ts_ns)
{
    s->ended[from] = true;
    if (!s->ended[MT_SERVER])
        return;
    /* The end of a request that is partly lost may never be seen. */
    if (s->ended[MT_CLIENT] || s->lost[MT_CLIENT])
        mt_http2_finish(h, s, error_of_answered(h, s), ts_ns);
}

static struct mt_message *message_of(struct mt_h2_stream *s, enum mt_role role)
{
    return role == MT_CLIENT ? &s->draft->x.req : &s->draft->x.resp;
}

void mt_http2_on_data(struct mt_http2 *h, const struct mt_http2_frame *frame)
{
    const struct mt_h2_event *ev = frame->ev;
    struct mt_h2_stream *s = mt_http2_stream_of(h, frame, ev->stream, false);
    if (s == NULL)
        return;
    struct mt_message *m = message_of(s, frame->from);
    m->body_bytes += ev->bytes.len + ev->lost_bytes;
    m->gap_bytes += ev->lost_bytes;
    mt_draft_touch(s->draft, frame->from, frame->chunk);
    if (ev->bytes.len > 0 || ev->lost_bytes > 0)
        mt_http2_count(s, frame->from, ev->bytes, ev->lost_bytes);
    if (ev->end_stream)
        mt_http2_end_side(h, s, frame->from, frame->chunk->ts_ns);
}

/* A client that gives up at the deadline it had named gave up for lack of an
 * answer. What the tap sees may be a little shorter than the deadline. */
static bool past_deadline(const struct mt_exchange *x, int64_t ts_ns)
{
    return x->grpc_timeout_ns > 0 &&
           mt_elapsed_ns(x->req.start_ns, ts_ns) >=
               x->grpc_timeout_ns - x->grpc_timeout_ns / 20;
}

static enum mt_error error_of_reset(const struct mt_http2 *h,
                                    const struct mt_h2_stream *s,
                                    const struct mt_http2_frame *frame)
{
    if (s->ended[MT_SERVER]) /* section 8.1: no more of the request, please */
        return error_of_answered(h, s);
    if (frame->from == MT_SERVER)
        return frame->ev->code == CODE_REFUSED ? MT_ERROR_REFUSED
                                               : MT_ERROR_RESET_BY_SERVER;
    if (frame->ev->code == CODE_CANCEL &&
        past_deadline(&s->draft->x, frame->chunk->ts_ns))
        return MT_ERROR_TIMEOUT;
    return MT_ERROR_RESET_BY_CLIENT;
}

static void name_code(struct mt_draft *r, uint32_t code)
{
    if (r->x.error_message.len == 0 && code != CODE_NO_ERROR &&
        code < sizeof codes / sizeof codes[0])
        r->x.error_message = mt_span_str(codes[code]);
}

void mt_http2_on_reset(struct mt_http2 *h, const struct mt_http2_frame *frame)
{
    struct mt_h2_stream *s = find(h, frame->ev->stream);
    if (s == NULL)
        return;
    enum mt_error error = error_of_reset(h, s, frame);
    if (error != MT_ERROR_NONE)
        name_code(s->draft, frame->ev->code);
    mt_http2_finish(h, s, error, frame->chunk->ts_ns);
}

/* Section 6.8: what is above last_stream was not and will not be processed. */
void mt_http2_on_goaway(struct mt_http2 *h, const struct mt_http2_frame *frame)
{
    uint32_t *above = &h->side[frame->from].refuses_above;
    uint32_t ids[MT_H2_STREAMS_MAX];
    if (frame->ev->last_stream >= *above)
        return; /* said before */
    *above = frame->ev->last_stream;
    uint32_t n = mt_h2_streams_ids(&h->streams, ids);
    for (uint32_t i = 0; i < n; i++) {
        struct mt_h2_stream *s = find(h, ids[i]);
        if (ids[i] <= frame->ev->last_stream ||
            opener_of(ids[i]) == frame->from || s->head[MT_SERVER])
            continue;
        name_code(s->draft, frame->ev->code);
        mt_http2_finish(h, s, MT_ERROR_REFUSED, frame->chunk->ts_ns);
    }
}

void mt_http2_sweep(struct mt_http2 *h, int64_t now_ns)
{
    if (!is_lossy(h) || now_ns - h->swept_ns < sweep_each_ns)
        return;
    h->swept_ns = now_ns;
    uint32_t ids[MT_H2_STREAMS_MAX];
    uint32_t n = mt_h2_streams_ids(&h->streams, ids);
    for (uint32_t i = 0; i < n; i++) {
        struct mt_h2_stream *s = find(h, ids[i]);
        if (s->ended[MT_SERVER] && s->lost[MT_CLIENT])
            mt_http2_finish(h, s, error_of_answered(h, s), s->last_ns);
        else if ((s->lost[MT_CLIENT] || s->lost[MT_SERVER]) &&
                 now_ns - s->last_ns > silence_ns)
            mt_http2_finish(h, s,
                            s->lost[MT_SERVER] ? error_of_loss(h)
                                               : MT_ERROR_CAPTURE_GAP,
                            now_ns);
    }
}

static bool was_seen(const struct mt_conn *c, enum mt_role role)
{
    int side = mt_conn_side(c, role);
    return c->seen[side] || c->ended[side] || c->stats.packets[side] > 0;
}

/* A tunnel ends with its connection, as it would have without HTTP/2. */
static bool is_tunnel(const struct mt_h2_stream *s)
{
    const struct mt_exchange *x = &s->draft->x;
    return x->kind == MT_KIND_STREAM && s->head[MT_SERVER] &&
           mt_span_eq(x->method, MT_SPAN("CONNECT"));
}

/* Opened when a GOAWAY that rules it out was on its way. */
static bool is_refused(const struct mt_http2 *h, const struct mt_h2_stream *s)
{
    enum mt_role receiver = (enum mt_role)(1 - opener_of(s->id));
    return s->id > h->side[receiver].refuses_above &&
           s->draft->x.resp.start_ns == 0;
}

/* Why an exchange is open when its connection ends (DECISIONS 6). */
static enum mt_error why_open(const struct mt_http2 *h,
                              const struct mt_h2_stream *s, enum mt_role from,
                              enum mt_end end)
{
    if (s->ended[MT_SERVER])
        return error_of_answered(h, s);
    if (end == MT_END_EVICTED || end == MT_END_IDLE)
        return MT_ERROR_EVICTED;
    if (!was_seen(h->conn, MT_SERVER))
        return MT_ERROR_ONE_SIDED;
    if (is_refused(h, s))
        return MT_ERROR_REFUSED;
    if (s->lost[MT_SERVER])
        return error_of_loss(h);
    bool begun = s->draft->x.resp.start_ns != 0;
    switch (end) {
    case MT_END_RST:
        return from == MT_CLIENT ? MT_ERROR_RESET_BY_CLIENT
                                 : MT_ERROR_RESET_BY_SERVER;
    case MT_END_CAPTURE:
        return MT_ERROR_CAPTURE_END;
    case MT_END_REUSED:
        return begun ? MT_ERROR_CAPTURE_GAP : MT_ERROR_NO_RESPONSE;
    default:
        break;
    }
    if (is_tunnel(s))
        return MT_ERROR_NONE;
    return begun ? MT_ERROR_TRUNCATED : MT_ERROR_NO_RESPONSE;
}

void mt_http2_end_all(struct mt_http2 *h, enum mt_role from, enum mt_end end,
                      int64_t ts_ns)
{
    uint32_t ids[MT_H2_STREAMS_MAX];
    uint32_t n = mt_h2_streams_ids(&h->streams, ids);
    for (uint32_t i = 0; i < n; i++) {
        struct mt_h2_stream *s = find(h, ids[i]);
        mt_http2_finish(h, s, why_open(h, s, from, end), ts_ns);
    }
}
