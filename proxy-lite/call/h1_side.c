/* HTTP/1 on a connection, as server and as client. */
#include "proxy-lite/call/h1_side.h"

enum { HELD_MAX_BYTES = 256 << 10 };

static struct mt_h1_side *self(struct mt_side *side)
{
    return (struct mt_h1_side *)side;
}

static struct mt_h1_side *of(struct mt_stream *stream)
{
    return self(stream->side);
}

static void touched(struct mt_h1_side *s)
{
    s->side.owner->touched(s->side.owner_arg, &s->side);
}

/* ---- an exchange ---- */

static void begin(struct mt_h1_side *s)
{
    s->open = true;
    s->side.idle = s->side.takes = false;
    s->side.in_header = s->server;
    s->read_any = s->read_end = s->sent_head = s->sent_end = false;
    s->connect = s->empty = false;
    s->keep_alive = !s->side.draining;
    s->stream.number++;
    s->stream.events = NULL;
    s->stream.arg = NULL;
    s->stream.refusal = NULL;
}

/* Both messages are whole: the connection takes the next, or ends. */
static void finish(struct mt_h1_side *s)
{
    if (!s->open || !s->read_end || !s->sent_end || s->tunnel)
        return;
    s->open = false;
    s->stream.events = NULL;
    s->side.paused = false;
    if (s->keep_alive && !s->side.closing) {
        s->side.idle = true;
        s->side.takes = !s->server;
        if (!s->server)
            s->side.owner->free_again(s->side.owner_arg, &s->side);
    } else {
        s->side.closing = true;
    }
}

static void tell_gone(struct mt_h1_side *s, enum mt_gone why)
{
    const struct mt_stream_events *events = s->stream.events;
    s->open = s->side.in_header = false;
    s->side.closing = true;
    s->stream.events = NULL;
    if (events != NULL)
        events->gone(s->stream.arg, why);
}

/* ---- bytes in ---- */

/* Is what follows this answer a tunnel (RFC 9110 section 9.3.6)? */
static bool is_tunnel(const struct mt_h1_side *s, unsigned status)
{
    return s->connect && status >= 200 && status < 300;
}

static void read_head(struct mt_h1_side *s, const struct mt_http1_part *part)
{
    struct mt_head *h = &s->reader.head;
    s->keep_alive = s->keep_alive && part->keep_alive;
    if (!s->server) {
        s->tunnel = is_tunnel(s, h->status);
        if (s->stream.events != NULL)
            s->stream.events->head(s->stream.arg, h, part->no_body);
        return;
    }
    s->side.in_header = false;
    s->to_1_0 = h->version == MT_HTTP_1_0;
    s->connect = mt_span_eq(h->method, MT_SPAN("CONNECT"));
    s->empty = mt_span_eq(h->method, MT_SPAN("HEAD"));
    s->side.protocol = s->to_1_0 ? MT_PROTOCOL_HTTP10 : MT_PROTOCOL_HTTP11;
    s->side.owner->request(s->side.owner_arg, &s->stream, h, part->no_body);
}

static bool is_interim(const struct mt_h1_side *s)
{
    unsigned status = s->reader.head.status;
    return !s->server && status < 200 && status != 101;
}

static void read_part(struct mt_h1_side *s, const struct mt_http1_part *part)
{
    const struct mt_stream_events *events = s->stream.events;
    switch (part->kind) {
    case MT_PART_HEAD:
        read_head(s, part);
        return;
    case MT_PART_BODY:
        if (events != NULL)
            events->body(s->stream.arg, part->body);
        return;
    case MT_PART_END:
        if (is_interim(s))
            return; /* the final response is to come */
        s->read_end = !part->tunnel;
        s->tunnel = part->tunnel;
        if (events != NULL && !part->tunnel)
            events->end(s->stream.arg, s->reader.trailers);
        finish(s);
    }
}

static void refuse(struct mt_h1_side *s)
{
    s->keep_alive = false;
    if (!s->server) {
        tell_gone(s, MT_GONE_PROTOCOL);
        return;
    }
    s->read_end = true; /* nothing that follows is read */
    s->side.in_header = false;
    s->stream.refusal = s->sent_head ? NULL : &s->reader.refusal;
    if (s->stream.events != NULL)
        tell_gone(s, MT_GONE_PROTOCOL); /* within its body */
    else if (!s->sent_head)
        s->side.owner->refused(s->side.owner_arg, &s->stream, &s->reader.head,
                               &s->reader.refusal);
    s->side.closing = true;
}

/* It ends within a request's header: nobody else knows of that request. */
static void refuse_cut(struct mt_h1_side *s, uint16_t status)
{
    s->reader.refusal = (struct mt_http1_refusal){
        .status = status, .why = "cut_short", .left = status == 0};
    s->reader.failed = MT_EPROTO;
    refuse(s);
}

static bool is_in_head(const struct mt_h1_side *s)
{
    return s->server && s->open && !s->read_end && !s->sent_head &&
           s->stream.events == NULL && !s->tunnel;
}

/* A client's next request waits until this one is answered; what a service
 * sends after its answer is none to anybody's question, and would be taken for
 * the answer to the next. */
static bool waits(const struct mt_h1_side *s)
{
    return s->side.closing ||
           (!s->tunnel && (s->server ? s->open && s->read_end : !s->open));
}

static void take_tunnel(struct mt_h1_side *s, struct mt_span bytes)
{
    if (bytes.len > 0 && s->stream.events != NULL)
        s->stream.events->body(s->stream.arg, bytes);
}

/* Read until the bytes are used up, or what follows has to wait. */
static void read_all(struct mt_h1_side *s, struct mt_span *in)
{
    struct mt_http1_part part;
    int rc = MT_EVENT;
    while (!waits(s) && rc == MT_EVENT) {
        if (in->len > 0 && !s->open && s->server && !s->tunnel)
            begin(s);
        s->read_any = s->read_any || in->len > 0;
        rc = s->tunnel ? MT_DONE : mt_http1_read(&s->reader, in, &part);
        if (rc == MT_EVENT)
            read_part(s, &part);
    }
    if (rc < 0)
        refuse(s);
    if (rc == MT_DONE)
        take_tunnel(s, mt_span_take(in, in->len));
}

static void hold(struct mt_h1_side *s, struct mt_span bytes)
{
    if (bytes.len == 0 || s->side.closing)
        return;
    s->side.paused = true;
    if (s->held.bytes + bytes.len > HELD_MAX_BYTES ||
        !mt_outq_put(&s->held, bytes))
        s->side.closing = true; /* its owner did not stop reading */
}

/* What was held comes first. It stays where it is until the next feed: what was
 * read of it is lent to the other side. */
static void read_held(struct mt_h1_side *s)
{
    enum { PIECES = 2 + HELD_MAX_BYTES / MT_OUTQ_ROOM_MAX };
    struct iovec iov[PIECES];
    int n = mt_outq_peek(&s->held, iov, PIECES);
    for (int i = 0; i < n && !waits(s); i++) {
        struct mt_span in = {iov[i].iov_base, iov[i].iov_len};
        read_all(s, &in);
        s->held_read += iov[i].iov_len - in.len;
    }
    if (s->held.bytes == s->held_read && !waits(s))
        s->side.paused = false;
}

/* Answered before it was whole: what is left of it could be taken for the next
 * request. */
static void end_early(struct mt_h1_side *s)
{
    if (s->server && s->open && s->sent_end && !s->read_end && !s->tunnel &&
        !s->feeding)
        s->side.closing = true;
}

static void read_answer(struct mt_h1_side *s, struct mt_span bytes)
{
    read_all(s, &bytes);
    if (bytes.len == 0 || s->side.closing)
        return;
    s->side.closing = true; /* it answers what nobody asked */
    s->side.idle = s->side.takes = false;
}

static void feed(struct mt_side *side, struct mt_span bytes, int64_t now_ns)
{
    struct mt_h1_side *s = self(side);
    (void)now_ns;
    if (!s->server) {
        read_answer(s, bytes);
        return;
    }
    s->feeding = true;
    mt_outq_sent(&s->held, s->held_read);
    s->held_read = 0;
    read_held(s);
    if (s->held.bytes == s->held_read)
        read_all(s, &bytes);
    hold(s, bytes);
    s->feeding = false;
    end_early(s);
}

static void eof(struct mt_side *side)
{
    struct mt_h1_side *s = self(side);
    struct mt_http1_part part;
    const struct mt_stream_events *events = s->stream.events;
    s->keep_alive = false;
    if (s->tunnel) {
        if (events != NULL)
            events->end(s->stream.arg, NULL);
        return;
    }
    if (!s->open) {
        side->closing = true;
        return;
    }
    if (s->server && s->read_end)
        return; /* it has asked, and waits for the answer */
    if (is_in_head(s)) {
        refuse_cut(s, 400);
        return;
    }
    int rc = s->server ? MT_EPROTO : mt_http1_read_eof(&s->reader, &part);
    if (rc == MT_EVENT)
        read_part(s, &part);
    else
        tell_gone(s, !s->server && !s->read_any && s->stream.number > 1
                         ? MT_GONE_STALE
                         : MT_GONE_ENDED);
}

static void broken(struct mt_side *side)
{
    struct mt_h1_side *s = self(side);
    side->closing = true;
    side->idle = side->takes = false;
    mt_outq_deinit(&side->out);
    if (is_in_head(s))
        refuse_cut(s, 0);
    else if (s->open || s->tunnel)
        tell_gone(s, !s->server && !s->read_any && s->stream.number > 1
                         ? MT_GONE_STALE
                         : MT_GONE_RESET);
}

static void late(struct mt_side *side)
{
    static const struct mt_http1_refusal why = {
        .status = 408, .why = "header_timeout", .late = true};
    struct mt_h1_side *s = self(side);
    s->read_end = true;
    side->in_header = false;
    side->owner->refused(side->owner_arg, &s->stream, &s->reader.head, &why);
    side->closing = true;
    touched(s);
}

/* A request that runs is answered with `Connection: close`. */
static void drain(struct mt_side *side)
{
    struct mt_h1_side *s = self(side);
    side->draining = true;
    s->keep_alive = false;
    side->closing = side->closing || side->idle;
    side->takes = false;
    touched(s);
}

static void deinit(struct mt_side *side)
{
    struct mt_h1_side *s = self(side);
    mt_http1_reader_deinit(&s->reader);
    mt_outq_deinit(&s->held);
    mt_outq_deinit(&side->out);
}

/* ---- bytes out ---- */

static void note_high(struct mt_h1_side *s)
{
    if (s->side.out.bytes > MT_SIDE_HIGH_BYTES)
        s->stream.over_high = true;
}

static void fill(struct mt_side *side)
{
    (void)side; /* all is in its queue */
}

static bool settle(struct mt_side *side)
{
    return mt_outq_settle(&side->out);
}

static void sent(struct mt_side *side, int64_t now_ns)
{
    struct mt_h1_side *s = self(side);
    if (s->stream.over_high && side->out.bytes < MT_SIDE_LOW_BYTES) {
        s->stream.over_high = false;
        if (s->stream.events != NULL)
            s->stream.events->room(s->stream.arg);
    }
    if (s->held.bytes > s->held_read && !waits(s))
        feed(side, (struct mt_span){.ptr = NULL}, now_ns);
    else if (side->idle)
        mt_http1_reader_forget(&s->reader);
}

static void sent_all(struct mt_h1_side *s)
{
    s->sent_end = true;
    finish(s);
    end_early(s);
}

static void write_response(struct mt_h1_side *s, const struct mt_head *h,
                           bool end)
{
    if (h->status < 200 && h->status != 101) {
        if (!s->to_1_0)
            mt_http1_write_response(&s->side.out, h, MT_BODY_NONE, false,
                                    false);
        return;
    }
    bool tunnel = h->status == 101 || is_tunnel(s, h->status);
    s->empty = s->empty || mt_status_is_empty(h->status);
    s->body =
        tunnel || s->empty ? MT_BODY_NONE : mt_http1_body(h, end, s->to_1_0);
    if (s->body == MT_BODY_CLOSE)
        s->keep_alive = false;
    mt_http1_write_response(&s->side.out, h, s->body, !s->keep_alive && !tunnel,
                            s->to_1_0 && s->keep_alive);
    s->sent_head = true;
    s->tunnel = tunnel;
    if (end && !tunnel)
        sent_all(s);
}

static void head(struct mt_stream *stream, const struct mt_head *h, bool end)
{
    struct mt_h1_side *s = of(stream);
    if (s->server) {
        write_response(s, h, end);
    } else {
        s->connect = mt_span_eq(h->method, MT_SPAN("CONNECT"));
        mt_http1_reader_answers(&s->reader, h->method);
        s->body = mt_http1_body(h, end, false);
        mt_http1_write_request(&s->side.out, h, s->body, s->side.draining);
        s->sent_head = true;
        s->sent_end = end;
    }
    note_high(s);
    touched(s);
}

static void body(struct mt_stream *stream, struct mt_span bytes)
{
    struct mt_h1_side *s = of(stream);
    if (s->empty && !s->tunnel)
        return;
    mt_http1_write_body(&s->side.out, s->tunnel ? MT_BODY_NONE : s->body,
                        bytes);
    note_high(s);
    touched(s);
}

static void end(struct mt_stream *stream, const struct mt_head *trailers)
{
    struct mt_h1_side *s = of(stream);
    if (s->tunnel) {
        s->side.shut = true;
    } else {
        mt_http1_write_end(&s->side.out, s->body, trailers);
        sent_all(s);
    }
    touched(s);
}

static void leave(struct mt_stream *stream)
{
    struct mt_h1_side *s = of(stream);
    stream->events = NULL;
    if (s->open && !(s->sent_end && (s->server || s->read_end)))
        s->side.closing = true;
    if (s->open && !s->server && !s->tunnel && !s->sent_end)
        mt_outq_deinit(&s->side.out); /* half a request is of no use */
    /* a body that the end of the connection ends would look whole; so would
     * a tunnel whose other end broke */
    if (s->tunnel ? !s->side.shut
                  : s->server && s->sent_head && !s->sent_end && s->open)
        s->side.abort = true;
    touched(s);
}

static void pause(struct mt_stream *stream, bool paused)
{
    struct mt_h1_side *s = of(stream);
    if (s->held.bytes == 0)
        s->side.paused = paused;
    touched(s);
}

/* ---- both ---- */

static const struct mt_stream_ops stream_ops = {head, body, end, leave, pause};
static struct mt_stream *begin_request(struct mt_side *side)
{
    struct mt_h1_side *s = self(side);
    assert(side->takes && !side->closing);
    mt_side_count_request(side);
    begin(s);
    return &s->stream;
}

static const struct mt_side_ops side_ops = {
    feed, eof, broken, fill, settle, sent, begin_request, late, drain, deinit};

static void init(struct mt_h1_side *s, bool server, struct mt_pool *pool,
                 const struct mt_side_owner *owner, void *owner_arg)
{
    *s = (struct mt_h1_side){.server = server, .keep_alive = true};
    mt_side_init(&s->side, server, &side_ops, pool, owner, owner_arg);
    s->side.protocol = MT_PROTOCOL_HTTP11;
    s->stream = (struct mt_stream){.ops = &stream_ops, .side = &s->side};
    mt_http1_reader_init(&s->reader,
                         server ? MT_HTTP1_REQUESTS : MT_HTTP1_RESPONSES, pool);
    mt_outq_init(&s->held, pool);
}

void mt_h1_server_init(struct mt_h1_side *s, struct mt_pool *pool,
                       const struct mt_side_owner *owner, void *owner_arg)
{
    init(s, true, pool, owner, owner_arg);
}

void mt_h1_client_init(struct mt_h1_side *s, struct mt_pool *pool,
                       const struct mt_side_owner *owner, void *owner_arg)
{
    init(s, false, pool, owner, owner_arg);
}
