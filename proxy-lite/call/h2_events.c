/* What the session of HTTP/2 tells: what came, and what went. */
#include "proxy-lite/call/h2_impl.h"

/* ---- what is done without asking for anything ---- */

void mt_h2_fill_up(struct mt_h2_side *s, int64_t now_ns)
{
    enum { NS_EACH = 1000000000 / MT_H2_ALLOWANCE_PER_S };
    int64_t more = (now_ns - s->filled_up_ns) / NS_EACH;
    s->now_ns = now_ns;
    if (more <= 0)
        return;
    s->filled_up_ns = now_ns;
    s->allowance = more < MT_H2_ALLOWANCE_MAX - s->allowance
                       ? s->allowance + (int32_t)more
                       : MT_H2_ALLOWANCE_MAX;
}

static void allow_one(struct mt_h2_side *s)
{
    s->allowance += s->allowance < MT_H2_ALLOWANCE_MAX;
}

static void use_up(struct mt_h2_side *s)
{
    if (!s->server || s->flooded || --s->allowance >= 0)
        return;
    s->flooded = true;
    (void)nghttp2_session_terminate_session(s->session,
                                            NGHTTP2_ENHANCE_YOUR_CALM);
}

/* ---- what comes ---- */

static struct mt_h2_side *of(void *user)
{
    return user;
}

static struct mt_h2_side_stream *stream_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static int on_begin_headers(nghttp2_session *session,
                            const nghttp2_frame *frame, void *user)
{
    struct mt_h2_side *s = of(user);
    struct mt_h2_side_stream *one = stream_of(session, frame->hd.stream_id);
    if (one == NULL && s->server) {
        one = mt_h2_side_stream_new(s);
        if (one == NULL)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        one->id = frame->hd.stream_id;
        one->stream.number = (uint64_t)one->id;
        (void)nghttp2_session_set_stream_user_data(session, one->id, one);
    }
    if (one != NULL && !one->told)
        mt_head_reset(&one->head);
    if (one != NULL)
        one->header_bytes = 0;
    s->side.in_header = s->server;
    return 0;
}

/* NOLINTBEGIN(readability-function-size): nghttp2 says what they take */
static int on_header(nghttp2_session *session, const nghttp2_frame *frame,
                     const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t value_len, uint8_t flags, void *user)
{
    struct mt_h2_side_stream *one = stream_of(session, frame->hd.stream_id);
    (void)flags, (void)user;
    if (one == NULL || one->too_large)
        return 0;
    one->header_bytes += name_len + value_len;
    one->too_large = one->header_bytes > MT_HEAD_MAX_BYTES ||
                     !mt_h2_head_field(one->told ? &one->trailers : &one->head,
                                       (struct mt_span){name, name_len},
                                       (struct mt_span){value, value_len});
    return 0;
}

/* nghttp2 would leave the field out and go on. RFC 9113 section 8.2.1. */
static int on_invalid_header(nghttp2_session *session,
                             const nghttp2_frame *frame, const uint8_t *name,
                             size_t name_len, const uint8_t *value,
                             size_t value_len, uint8_t flags, void *user)
{
    (void)name, (void)name_len, (void)value, (void)value_len;
    (void)flags, (void)user;
    (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE,
                                    frame->hd.stream_id,
                                    NGHTTP2_PROTOCOL_ERROR);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}
/* NOLINTEND(readability-function-size) */

void mt_h2_refuse(struct mt_h2_side *s, struct mt_h2_side_stream *one,
                  uint16_t status, const char *why)
{
    const struct mt_http1_refusal refusal = {
        .status = status, .why = why, .late = one->late};
    one->told = true;
    s->side.owner->refused(s->side.owner_arg, &one->stream, &one->head,
                           &refusal);
}

static void on_request(struct mt_h2_side *s, struct mt_h2_side_stream *one)
{
    mt_h2_head_end(&one->head);
    if (one->too_large) {
        mt_h2_refuse(s, one, 431, "header_too_large");
        return;
    }
    const char *why = mt_h2_head_check(&one->head);
    if (why != NULL) {
        mt_h2_refuse(s, one, 400, why);
        return;
    }
    one->told = true;
    s->side.owner->request(s->side.owner_arg, &one->stream, &one->head,
                           one->read_end);
}

static void on_response(struct mt_h2_side_stream *one)
{
    const struct mt_stream_events *events = one->stream.events;
    mt_h2_head_end(&one->head);
    one->told = one->head.status >= 200;
    if (one->too_large) {
        (void)nghttp2_submit_rst_stream(
            mt_h2_of(one)->session, NGHTTP2_FLAG_NONE, one->id, NGHTTP2_CANCEL);
        mt_h2_side_stream_gone(one, MT_GONE_PROTOCOL);
    } else if (events != NULL) {
        events->head(one->stream.arg, &one->head, one->read_end);
    }
}

static void on_end(struct mt_h2_side_stream *one, struct mt_head *trailers)
{
    const struct mt_stream_events *events = one->stream.events;
    one->read_end = true;
    if (events != NULL)
        events->end(one->stream.arg, trailers);
}

static void on_headers(struct mt_h2_side *s, struct mt_h2_side_stream *one,
                       const nghttp2_frame *frame)
{
    bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (one->told) {
        if (end) /* what is too large is left out: trailers decide nothing */
            on_end(one, &one->trailers);
        return;
    }
    one->read_end = end;
    one->head.wire_bytes = frame->hd.length;
    if (s->server)
        on_request(s, one);
    else
        on_response(one);
}

/* The request that came by HTTP/1 is worked on when its client has said that it
 * goes on by HTTP/2: some cannot take much behind a 101. */
static void on_upgraded(struct mt_h2_side *s)
{
    struct mt_h2_side_stream *one = stream_of(s->session, 1);
    s->side.in_header = false;
    if (one == NULL || one->closed || one->told)
        return;
    one->told = true;
    s->side.owner->request(s->side.owner_arg, &one->stream, &one->head, true);
}

static void on_settings(struct mt_h2_side *s, const nghttp2_frame *frame)
{
    if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0)
        return;
    bool first = !s->acquainted;
    s->acquainted = true;
    use_up(s);
    if (first && s->upgraded)
        on_upgraded(s);
    mt_h2_count(s);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame,
                    void *user)
{
    struct mt_h2_side *s = of(user);
    struct mt_h2_side_stream *one = stream_of(session, frame->hd.stream_id);
    bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        s->side.in_header = false;
        if (one != NULL && !one->closed)
            on_headers(s, one, frame);
        break;
    case NGHTTP2_DATA:
        if (frame->hd.length == frame->data.padlen && !end)
            use_up(s); /* nothing, or padding alone */
        if (end && one != NULL && !one->closed)
            on_end(one, NULL);
        break;
    case NGHTTP2_SETTINGS:
        on_settings(s, frame);
        break;
    case NGHTTP2_GOAWAY:
        s->going = true;
        s->goaway_id = frame->goaway.last_stream_id;
        mt_h2_count(s);
        break;
    case NGHTTP2_RST_STREAM:
    case NGHTTP2_PING:
    case NGHTTP2_PRIORITY:
        use_up(s);
        break;
    default:
        break;
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id,
                   const uint8_t *bytes, size_t length, void *user)
{
    struct mt_h2_side_stream *one = stream_of(session, id);
    (void)flags, (void)user;
    if (one != NULL && !one->closed && one->stream.events != NULL)
        one->stream.events->body(one->stream.arg,
                                 (struct mt_span){bytes, length});
    if (one != NULL && one->paused && !one->closed)
        one->unconsumed += length;
    else
        (void)nghttp2_session_consume(session, id, length);
    return 0;
}

static enum mt_gone gone_of(struct mt_h2_side_stream *one, uint32_t code)
{
    switch (code) {
    case NGHTTP2_REFUSED_STREAM:
        return mt_h2_of(one)->going && one->id > mt_h2_of(one)->goaway_id
                   ? MT_GONE_NOT_PROCESSED
                   : MT_GONE_REFUSED;
    case NGHTTP2_HTTP_1_1_REQUIRED:
        return MT_GONE_UNSPOKEN;
    case NGHTTP2_NO_ERROR:
        return one->read_end ? MT_GONE_RESET : MT_GONE_ENDED;
    case NGHTTP2_PROTOCOL_ERROR:
    case NGHTTP2_FLOW_CONTROL_ERROR:
    case NGHTTP2_FRAME_SIZE_ERROR:
    case NGHTTP2_COMPRESSION_ERROR:
        return MT_GONE_PROTOCOL;
    default:
        return MT_GONE_RESET;
    }
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code,
                    void *user)
{
    struct mt_h2_side *s = of(user);
    struct mt_h2_side_stream *one = stream_of(session, id);
    if (one == NULL)
        return 0;
    if (code == NGHTTP2_NO_ERROR)
        allow_one(s);
    one->closed = one->forgotten = s->dead_due = true;
    if (s->server && !one->told) {
        s->side.in_header = false;
        mt_h2_refuse(s, one, 0,
                     one->too_large ? "header_too_large" : "malformed");
    }
    if (one->read_end && (!s->server || one->sent_end))
        one->stream.events = NULL; /* it is whole */
    mt_h2_side_stream_gone(one, gone_of(one, code));
    return 0;
}

/* ---- what goes ---- */

static int on_send_data(nghttp2_session *session, nghttp2_frame *frame,
                        const uint8_t *frame_header, size_t length,
                        nghttp2_data_source *source, void *user)
{
    (void)session, (void)frame, (void)user;
    return mt_h2_side_stream_write(source->ptr, frame_header, length);
}

static int on_sent(nghttp2_session *session, const nghttp2_frame *frame,
                   void *user)
{
    struct mt_h2_side *s = of(user);
    struct mt_h2_side_stream *one = stream_of(session, frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_RST_STREAM &&
        frame->rst_stream.error_code == NGHTTP2_PROTOCOL_ERROR)
        use_up(s);
    if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0 || one == NULL)
        return 0;
    one->wrote_end = true;
    if (s->server && !one->read_end && one->stream.events == NULL)
        (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, one->id,
                                        NGHTTP2_NO_ERROR);
    return 0;
}

/* A request that the session takes no more was never sent; a response that is
 * too large for it has no end. */
static int on_not_sent(nghttp2_session *session, const nghttp2_frame *frame,
                       int error, void *user)
{
    struct mt_h2_side *s = of(user);
    (void)error;
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    for (struct mt_h2_side_stream *one = s->streams; one != NULL;
         one = one->next)
        if (one->id == frame->hd.stream_id && !one->closed) {
            (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, one->id,
                                            NGHTTP2_INTERNAL_ERROR);
            mt_h2_side_stream_gone(one, s->server ? MT_GONE_RESET
                                                  : MT_GONE_NOT_PROCESSED);
        }
    return 0;
}

/* ---- all ---- */

nghttp2_session_callbacks *mt_h2_callbacks_new(void)
{
    nghttp2_session_callbacks *c;
    if (nghttp2_session_callbacks_new(&c) != 0)
        return NULL;
    nghttp2_session_callbacks_set_on_begin_headers_callback(c,
                                                            on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(c, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(c,
                                                             on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, on_close);
    nghttp2_session_callbacks_set_send_data_callback(c, on_send_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(c, on_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(c, on_not_sent);
    return c;
}
