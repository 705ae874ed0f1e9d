/* What one stream of HTTP/2 sends, and how it ends. */
#include "proxy-lite/call/h2_impl.h"

static struct mt_h2_side_stream *self(struct mt_stream *stream)
{
    return (struct mt_h2_side_stream *)stream;
}

static void touched(struct mt_h2_side_stream *s)
{
    struct mt_side *side = s->stream.side;
    side->owner->touched(side->owner_arg, side);
}

/* Tell the other end that it is over, before its time; after what was said,
 * for nghttp2 forgets the frames of a stream that it is to reset. */
static void reset(struct mt_h2_side_stream *s, uint32_t code)
{
    if (s->id == 0 || s->closed || s->reset_due)
        return;
    s->reset_code = code;
    s->reset_due = mt_h2_of(s)->reset_due = true;
}

/* ---- out ---- */

static void submit_trailers(struct mt_h2_side_stream *s)
{
    nghttp2_nv fields[MT_H2_FIELDS_MAX];
    size_t n = mt_h2_trailer_fields(&s->out_trailers, fields);
    if (nghttp2_submit_trailer(mt_h2_of(s)->session, s->id, fields, n) != 0)
        reset(s, NGHTTP2_INTERNAL_ERROR);
}

/* How much of its queue goes out next. */
/* NOLINTBEGIN(readability-function-size,readability-non-const-parameter):
 * nghttp2 says what it takes */
static ssize_t next_data(nghttp2_session *session, int32_t id, uint8_t *buf,
                         size_t length, uint32_t *flags,
                         nghttp2_data_source *source, void *user)
{
    struct mt_h2_side_stream *s = source->ptr;
    size_t n = s->body.bytes < length ? s->body.bytes : length;
    (void)session, (void)id, (void)buf, (void)user;
    if (s->closed)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (n == 0 && !s->sent_end)
        return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (s->sent_end && n == s->body.bytes) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (s->has_trailers) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            submit_trailers(s);
        }
    }
    return (ssize_t)n;
}
/* NOLINTEND(readability-function-size,readability-non-const-parameter) */

int mt_h2_side_stream_write(struct mt_h2_side_stream *s,
                            const uint8_t *frame_header, size_t length)
{
    enum { FRAME_HEADER_BYTES = 9 };
    struct mt_h2_side *side = mt_h2_of(s);
    struct mt_outq *out = &side->side.out;
    if (s->closed)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (out->bytes > MT_SIDE_HIGH_BYTES)
        return NGHTTP2_ERR_WOULDBLOCK;
    /* trailers alone after an empty body: a frame of nothing is not sent */
    if (!mt_outq_put(out, (struct mt_span){frame_header, FRAME_HEADER_BYTES}) ||
        !mt_outq_move(&s->body, out, length))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (s->stream.over_high && s->body.bytes < MT_SIDE_LOW_BYTES) {
        s->stream.over_high = false;
        s->room_due = side->room_due = true;
    }
    return 0;
}

static const nghttp2_data_provider *
provider_of(struct mt_h2_side_stream *s, nghttp2_data_provider *p, bool end)
{
    *p = (nghttp2_data_provider){.source.ptr = s, .read_callback = next_data};
    return end ? NULL : p;
}

static void head_of_request(struct mt_h2_side_stream *s,
                            const nghttp2_nv *fields, size_t n, bool end)
{
    nghttp2_data_provider p;
    int32_t id = nghttp2_submit_request(mt_h2_of(s)->session, NULL, fields, n,
                                        provider_of(s, &p, end), s);
    if (id < 0) {
        s->closed = true; /* told when it is swept */
        mt_h2_of(s)->dead_due = true;
        return;
    }
    s->id = id;
    s->stream.number = (uint64_t)id;
}

static void head_of_response(struct mt_h2_side_stream *s,
                             const struct mt_head *h, const nghttp2_nv *fields,
                             size_t n, bool end)
{
    nghttp2_data_provider p;
    nghttp2_session *session = mt_h2_of(s)->session;
    int rc = h->status < 200
                 ? nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, s->id,
                                          NULL, fields, n, NULL)
                 : nghttp2_submit_response(session, s->id, fields, n,
                                           provider_of(s, &p, end));
    if (rc != 0)
        reset(s, NGHTTP2_INTERNAL_ERROR);
}

static void head(struct mt_stream *stream, const struct mt_head *h, bool end)
{
    struct mt_h2_side_stream *s = self(stream);
    nghttp2_nv fields[MT_H2_FIELDS_MAX];
    uint8_t digits[4];
    if (s->closed)
        return;
    /* what follows CONNECT is no body, but it goes as one */
    end = end && !mt_span_eq(h->method, MT_SPAN("CONNECT"));
    size_t n = mt_h2_fields(h, fields, digits);
    if (!mt_h2_of(s)->server)
        head_of_request(s, fields, n, end);
    else
        head_of_response(s, h, fields, n, end);
    if (h->status == 0 || h->status >= 200) {
        s->sent_head = true;
        s->sent_end = end;
    }
    touched(s);
}

static void go_on(struct mt_h2_side_stream *s)
{
    if (s->id != 0 && !s->closed)
        (void)nghttp2_session_resume_data(mt_h2_of(s)->session, s->id);
    touched(s);
}

static void body(struct mt_stream *stream, struct mt_span bytes)
{
    struct mt_h2_side_stream *s = self(stream);
    struct mt_h2_side *side = mt_h2_of(s);
    if (s->closed || bytes.len == 0)
        return;
    if (!mt_outq_lend(&s->body, bytes))
        reset(s, NGHTTP2_INTERNAL_ERROR);
    if (!s->in_lent) {
        s->in_lent = true;
        s->next_lent = side->lent;
        side->lent = s;
    }
    if (s->body.bytes > MT_SIDE_HIGH_BYTES)
        stream->over_high = true;
    go_on(s);
}

static bool keep_trailers(struct mt_h2_side_stream *s,
                          const struct mt_head *from)
{
    for (uint32_t i = 0; i < from->count; i++)
        if (!mt_head_add(&s->out_trailers, from->fields[i].name,
                         from->fields[i].value))
            return false;
    return true;
}

static void end(struct mt_stream *stream, const struct mt_head *trailers)
{
    struct mt_h2_side_stream *s = self(stream);
    if (s->closed)
        return;
    s->sent_end = true;
    s->has_trailers = trailers != NULL && trailers->count > 0;
    if (s->has_trailers && !keep_trailers(s, trailers))
        reset(s, NGHTTP2_INTERNAL_ERROR);
    go_on(s);
}

static void consume(struct mt_h2_side_stream *s)
{
    if (s->unconsumed > 0)
        (void)nghttp2_session_consume(mt_h2_of(s)->session, s->id,
                                      s->unconsumed);
    s->unconsumed = 0;
}

/* A response that is whole before its request is sent to its end, and then
 * the client is told that nobody reads the rest (RFC 9113 section 8.1). */
static void leave(struct mt_stream *stream)
{
    struct mt_h2_side_stream *s = self(stream);
    bool server = mt_h2_of(s)->server;
    stream->events = NULL;
    s->paused = false;
    if (!s->closed && s->id != 0)
        consume(s);
    if (s->id == 0) {
        s->closed = mt_h2_of(s)->dead_due = true;
    } else if (server && !s->sent_end) {
        reset(s, NGHTTP2_INTERNAL_ERROR);
    } else if (server ? s->wrote_end && !s->read_end
                      : !s->read_end || !s->sent_end) {
        reset(s, server || s->read_end ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
    }
    touched(s);
}

static void pause(struct mt_stream *stream, bool paused)
{
    struct mt_h2_side_stream *s = self(stream);
    if (s->closed || s->paused == paused)
        return;
    s->paused = paused;
    if (!paused) {
        consume(s);
        touched(s);
    }
}

static const struct mt_stream_ops stream_ops = {head, body, end, leave, pause};

/* ---- life ---- */

struct mt_h2_side_stream *mt_h2_side_stream_new(struct mt_h2_side *side)
{
    struct mt_pool *pool = side->side.pool;
    struct mt_h2_side_stream *s = mt_pool_zalloc(pool, sizeof *s);
    if (s == NULL)
        return NULL;
    s->stream = (struct mt_stream){.ops = &stream_ops, .side = &side->side};
    mt_head_init(&s->head, pool, MT_HEAD_ROOM_BYTES);
    mt_head_init(&s->trailers, pool, MT_HEAD_ROOM_BYTES);
    mt_head_init(&s->out_trailers, pool, MT_HEAD_ROOM_BYTES);
    mt_outq_init(&s->body, pool);
    s->next = side->streams;
    if (side->streams != NULL)
        side->streams->prev = s;
    side->streams = s;
    side->count++;
    mt_h2_count(side);
    return s;
}

static void leave_lent(struct mt_h2_side_stream *s)
{
    struct mt_h2_side_stream **at = &mt_h2_of(s)->lent;
    while (s->in_lent && *at != s)
        at = &(*at)->next_lent;
    if (s->in_lent)
        *at = s->next_lent;
}

void mt_h2_side_stream_free(struct mt_h2_side_stream *s)
{
    struct mt_h2_side *side = mt_h2_of(s);
    leave_lent(s);
    if (s->prev != NULL)
        s->prev->next = s->next;
    else
        side->streams = s->next;
    if (s->next != NULL)
        s->next->prev = s->prev;
    side->count--;
    mt_head_deinit(&s->head);
    mt_head_deinit(&s->trailers);
    mt_head_deinit(&s->out_trailers);
    mt_outq_deinit(&s->body);
    mt_pool_free(side->side.pool, s, sizeof *s);
}

void mt_h2_side_stream_gone(struct mt_h2_side_stream *s, enum mt_gone why)
{
    const struct mt_stream_events *events = s->stream.events;
    /* what nobody will read is the connection's again */
    if (s->unconsumed > 0)
        (void)nghttp2_session_consume_connection(mt_h2_of(s)->session,
                                                 s->unconsumed);
    s->unconsumed = 0;
    s->closed = true;
    s->stream.events = NULL;
    mt_h2_of(s)->dead_due = true;
    if (events != NULL)
        events->gone(s->stream.arg, why);
}
