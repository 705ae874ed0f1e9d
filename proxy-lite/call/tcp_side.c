#include "proxy-lite/call/tcp_side.h"

static struct mt_tcp_side *self(struct mt_side *side)
{
    return (struct mt_tcp_side *)side;
}

static struct mt_tcp_side *of(struct mt_stream *stream)
{
    return self(stream->side);
}

static void touched(struct mt_side *side)
{
    side->owner->touched(side->owner_arg, side);
}

/* ---- bytes in ---- */

static void feed(struct mt_side *side, struct mt_span bytes, int64_t now_ns)
{
    struct mt_stream *stream = &self(side)->stream;
    (void)now_ns;
    if (stream->events != NULL)
        stream->events->body(stream->arg, bytes);
}

static void eof(struct mt_side *side)
{
    struct mt_tcp_side *s = self(side);
    if (s->read_end)
        return;
    s->read_end = true;
    if (s->stream.events != NULL)
        s->stream.events->end(s->stream.arg, NULL);
    else
        side->closing = true;
}

static void broken(struct mt_side *side)
{
    struct mt_stream *stream = &self(side)->stream;
    const struct mt_stream_events *events = stream->events;
    side->closing = true;
    side->idle = side->takes = false;
    mt_outq_deinit(&side->out);
    stream->events = NULL;
    if (events != NULL)
        events->gone(stream->arg, MT_GONE_RESET);
}

/* ---- bytes out ---- */

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
    struct mt_stream *stream = &self(side)->stream;
    (void)now_ns;
    if (!stream->over_high || side->out.bytes >= MT_SIDE_LOW_BYTES)
        return;
    stream->over_high = false;
    if (stream->events != NULL)
        stream->events->room(stream->arg);
}

static void head(struct mt_stream *stream, const struct mt_head *h, bool end)
{
    (void)stream, (void)h, (void)end;
}

static void body(struct mt_stream *stream, struct mt_span bytes)
{
    struct mt_side *side = stream->side;
    (void)mt_outq_lend(&side->out, bytes); /* no memory: settle() says so */
    if (side->out.bytes > MT_SIDE_HIGH_BYTES)
        stream->over_high = true;
    touched(side);
}

static void end(struct mt_stream *stream, const struct mt_head *trailers)
{
    (void)trailers;
    of(stream)->sent_end = true;
    stream->side->shut = true;
    touched(stream->side);
}

static void leave(struct mt_stream *stream)
{
    struct mt_tcp_side *s = of(stream);
    stream->events = NULL;
    s->side.closing = true;
    s->side.abort = !s->read_end || !s->sent_end;
    touched(&s->side);
}

static void pause(struct mt_stream *stream, bool paused)
{
    stream->side->paused = paused;
    touched(stream->side);
}

/* ---- both ---- */

static struct mt_stream *begin(struct mt_side *side)
{
    side->idle = side->takes = false;
    return &self(side)->stream;
}

static void late(struct mt_side *side)
{
    (void)side; /* there is no header */
}

/* What runs may go on; a connection without a stream does not run. */
static void drain(struct mt_side *side)
{
    side->draining = true;
    side->closing = side->closing || side->idle;
    touched(side);
}

static void deinit(struct mt_side *side)
{
    mt_outq_deinit(&side->out);
}

static const struct mt_stream_ops stream_ops = {head, body, end, leave, pause};
static const struct mt_side_ops side_ops = {feed, eof,   broken, fill,  settle,
                                            sent, begin, late,   drain, deinit};

static void init(struct mt_tcp_side *s, struct mt_pool *pool,
                 const struct mt_side_owner *owner, void *owner_arg)
{
    *s = (struct mt_tcp_side){.read_end = false};
    s->side = (struct mt_side){.ops = &side_ops,
                               .owner = owner,
                               .owner_arg = owner_arg,
                               .pool = pool,
                               .protocol = MT_PROTOCOL_TCP};
    s->stream =
        (struct mt_stream){.ops = &stream_ops, .side = &s->side, .number = 1};
    mt_outq_init(&s->side.out, pool);
}

void mt_tcp_server_init(struct mt_tcp_side *s, struct mt_pool *pool,
                        const struct mt_side_owner *owner, void *owner_arg)
{
    init(s, pool, owner, owner_arg);
}

void mt_tcp_client_init(struct mt_tcp_side *s, struct mt_pool *pool,
                        const struct mt_side_owner *owner, void *owner_arg)
{
    init(s, pool, owner, owner_arg);
    s->side.idle = s->side.takes = true;
}
