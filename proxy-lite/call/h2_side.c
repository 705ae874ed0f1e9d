/* HTTP/2 on a connection: its session, and what comes. */
#include <stdlib.h>
#include <string.h>

#include "proxy-lite/call/h2_impl.h"

enum {
    WINDOW_BYTES = 1 << 20, /* of a connection */
    HEADER_LIST_BYTES = 64 << 10,
    HEADER_SENT_BYTES = 256 << 10, /* more than a header that was taken */
    SETTINGS_MAX = 32,             /* entries of one frame */
};

/* ---- memory ---- */

/* What nghttp2 takes comes from the pool, so that one figure bounds it; a few
 * large buffers of each session do not, for the pool would round them up: they
 * are bounded by the number of connections. */
enum { LARGE_BYTES = 1000 };

union sized {
    size_t size;
    max_align_t align;
};

static void *take(size_t size, void *user)
{
    union sized *p = NULL;
    if (size <= SIZE_MAX - sizeof *p)
        p = size > LARGE_BYTES ? malloc(size + sizeof *p)
                               : mt_pool_alloc(user, size + sizeof *p);
    if (p == NULL)
        return NULL;
    p->size = size;
    return p + 1;
}

static void give(void *block, void *user)
{
    union sized *p = block;
    if (p == NULL)
        return;
    p--;
    if (p->size > LARGE_BYTES)
        free(p);
    else
        mt_pool_free(user, p, p->size + sizeof *p);
}

static void *take_zeros(size_t n, size_t size, void *user)
{
    void *p = size == 0 || n <= SIZE_MAX / size ? take(n * size, user) : NULL;
    if (p != NULL)
        memset(p, 0, n * size);
    return p;
}

static void *take_more(void *block, size_t size, void *user)
{
    void *p = take(size, user);
    if (p != NULL && block != NULL) {
        size_t old = ((union sized *)block - 1)->size;
        memcpy(p, block, old < size ? old : size);
        give(block, user);
    }
    return p;
}

/* ---- how it stands ---- */

static void touched(struct mt_h2_side *s)
{
    s->side.owner->touched(s->side.owner_arg, &s->side);
}

static uint32_t most_streams(const struct mt_h2_side *s)
{
    uint32_t most = nghttp2_session_get_remote_settings(
        s->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    return most < MT_H2_STREAMS_MAX ? most : MT_H2_STREAMS_MAX;
}

void mt_h2_count(struct mt_h2_side *s)
{
    struct mt_side *side = &s->side;
    bool took = side->takes;
    side->idle = s->count == 0;
    side->takes = !s->server && !s->going && !side->draining &&
                  !side->closing && s->count < most_streams(s) &&
                  nghttp2_session_check_request_allowed(s->session) != 0;
    if (side->takes && !took)
        side->owner->free_again(side->owner_arg, side);
    if (side->idle && (side->draining || s->going) && !side->closing) {
        (void)nghttp2_session_terminate_session(s->session, NGHTTP2_NO_ERROR);
        side->closing = true;
        touched(s);
    }
}

/* Streams that nobody can look at any more. */
static void sweep(struct mt_h2_side *s)
{
    struct mt_h2_side_stream *next;
    while (s->dead_due) {
        s->dead_due = false;
        for (struct mt_h2_side_stream *one = s->streams; one != NULL;
             one = next) {
            next = one->next;
            if (!one->closed)
                continue;
            if (one->stream.events != NULL)
                mt_h2_side_stream_gone(one, MT_GONE_REFUSED);
            mt_h2_side_stream_free(one);
        }
        mt_h2_count(s);
    }
}

/* All of them, at once. */
static void all_gone(struct mt_h2_side *s, enum mt_gone why)
{
    if (!s->server && !s->acquainted && why == MT_GONE_PROTOCOL)
        why = MT_GONE_UNSPOKEN;
    s->going = true;
    s->side.takes = false;
    s->side.closing = true;
    for (struct mt_h2_side_stream *one = s->streams; one != NULL;
         one = one->next)
        if (!one->closed)
            mt_h2_side_stream_gone(one, why);
    touched(s);
}

/* ---- what is done without asking for anything ---- */

static void fill_up(struct mt_h2_side *s, int64_t now_ns)
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
    s->side.in_header = s->server;
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame,
                     const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t value_len, uint8_t flags, void *user)
{
    struct mt_h2_side_stream *one = stream_of(session, frame->hd.stream_id);
    (void)flags, (void)user;
    if (one == NULL || one->too_large)
        return 0;
    one->too_large = !mt_h2_head_field(one->told ? &one->trailers : &one->head,
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

static void refuse(struct mt_h2_side *s, struct mt_h2_side_stream *one,
                   uint16_t status, const char *why)
{
    const struct mt_http1_refusal refusal = {status, why};
    one->told = true;
    s->side.owner->refused(s->side.owner_arg, &one->stream, &one->head,
                           &refusal);
}

static void on_request(struct mt_h2_side *s, struct mt_h2_side_stream *one)
{
    mt_h2_head_end(&one->head);
    if (one->too_large) {
        refuse(s, one, 431, "header_too_large");
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
        if (frame->hd.length == 0 && !end)
            use_up(s);
        if (end && one != NULL && !one->closed)
            on_end(one, NULL);
        break;
    case NGHTTP2_SETTINGS:
        on_settings(s, frame);
        break;
    case NGHTTP2_GOAWAY:
        s->going = true;
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

static enum mt_gone gone_of(const struct mt_h2_side_stream *one, uint32_t code)
{
    switch (code) {
    case NGHTTP2_REFUSED_STREAM:
        return MT_GONE_REFUSED;
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
    one->closed = s->dead_due = true;
    if (s->server && !one->told) {
        s->side.in_header = false;
        refuse(s, one, 0, one->too_large ? "header_too_large" : "malformed");
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
            mt_h2_side_stream_gone(one,
                                   s->server ? MT_GONE_RESET : MT_GONE_REFUSED);
        }
    return 0;
}

/* ---- the side ---- */

/* The session has nothing more to say or to hear. */
static void look_whether_over(struct mt_h2_side *s)
{
    if (s->side.closing || nghttp2_session_want_read(s->session) != 0 ||
        nghttp2_session_want_write(s->session) != 0)
        return;
    all_gone(s, MT_GONE_PROTOCOL);
}

static void feed(struct mt_side *side, struct mt_span bytes, int64_t now_ns)
{
    struct mt_h2_side *s = mt_h2_self(side);
    fill_up(s, now_ns);
    ssize_t n = nghttp2_session_mem_recv(s->session, bytes.ptr, bytes.len);
    if (n < 0)
        all_gone(s, MT_GONE_PROTOCOL);
    sweep(s);
    touched(s);
}

static void eof(struct mt_side *side)
{
    struct mt_h2_side *s = mt_h2_self(side);
    all_gone(s, s->server ? MT_GONE_RESET : MT_GONE_ENDED);
    sweep(s);
}

static void broken(struct mt_side *side)
{
    struct mt_h2_side *s = mt_h2_self(side);
    mt_outq_deinit(&side->out);
    all_gone(s, MT_GONE_RESET);
    sweep(s);
}

/* True: the session has said all that it may. */
static bool write_frames(struct mt_h2_side *s)
{
    struct mt_outq *out = &s->side.out;
    const uint8_t *bytes;
    while (out->bytes <= MT_SIDE_HIGH_BYTES) {
        ssize_t n = nghttp2_session_mem_send(s->session, &bytes);
        if (n < 0 && !s->side.closing)
            all_gone(s, MT_GONE_PROTOCOL);
        if (n <= 0)
            return out->bytes <= MT_SIDE_HIGH_BYTES;
        (void)mt_outq_put(out, (struct mt_span){bytes, (size_t)n});
    }
    return false;
}

/* False: there is none. */
static bool reset_streams(struct mt_h2_side *s)
{
    bool any = false;
    if (!s->reset_due)
        return false;
    s->reset_due = false;
    for (struct mt_h2_side_stream *one = s->streams; one != NULL;
         one = one->next) {
        if (!one->reset_due || one->closed)
            continue;
        one->reset_due = false;
        any = true;
        (void)nghttp2_submit_rst_stream(s->session, NGHTTP2_FLAG_NONE, one->id,
                                        one->reset_code);
    }
    return any;
}

static void fill(struct mt_side *side)
{
    struct mt_h2_side *s = mt_h2_self(side);
    if (write_frames(s) && reset_streams(s))
        (void)write_frames(s);
    look_whether_over(s);
    sweep(s);
}

static bool settle(struct mt_side *side)
{
    struct mt_h2_side *s = mt_h2_self(side);
    bool there = mt_outq_settle(&side->out);
    while (s->lent != NULL) {
        struct mt_h2_side_stream *one = s->lent;
        s->lent = one->next_lent;
        one->in_lent = false;
        there = mt_outq_settle(&one->body) && there;
    }
    return there;
}

static void sent(struct mt_side *side, int64_t now_ns)
{
    struct mt_h2_side *s = mt_h2_self(side);
    (void)now_ns;
    if (!s->room_due)
        return;
    s->room_due = false;
    for (struct mt_h2_side_stream *one = s->streams; one != NULL;
         one = one->next) {
        if (!one->room_due)
            continue;
        one->room_due = false;
        if (!one->closed && one->stream.events != NULL)
            one->stream.events->room(one->stream.arg);
    }
}

static struct mt_stream *begin(struct mt_side *side)
{
    struct mt_h2_side_stream *one = mt_h2_side_stream_new(mt_h2_self(side));
    return one != NULL ? &one->stream : NULL;
}

static void late(struct mt_side *side)
{
    struct mt_h2_side *s = mt_h2_self(side);
    side->in_header = false;
    for (struct mt_h2_side_stream *one = s->streams; one != NULL;
         one = one->next)
        if (!one->told && !one->closed) {
            one->closed = s->dead_due = true;
            refuse(s, one, 0, "header_timeout");
        }
    (void)nghttp2_session_terminate_session(s->session,
                                            NGHTTP2_ENHANCE_YOUR_CALM);
    all_gone(s, MT_GONE_RESET);
    sweep(s);
}

/* A client learns that it is to ask on another connection; what it asks before
 * it knows is answered. */
static void drain(struct mt_side *side)
{
    struct mt_h2_side *s = mt_h2_self(side);
    side->draining = true;
    if (s->server && !side->closing)
        (void)nghttp2_submit_shutdown_notice(s->session);
    mt_h2_count(s);
    touched(s);
}

static void deinit(struct mt_side *side)
{
    struct mt_h2_side *s = mt_h2_self(side);
    nghttp2_session_del(s->session);
    while (s->streams != NULL)
        mt_h2_side_stream_free(s->streams);
    mt_outq_deinit(&side->out);
}

static const struct mt_side_ops side_ops = {feed, eof,   broken, fill,  settle,
                                            sent, begin, late,   drain, deinit};

/* ---- the session ---- */

static nghttp2_session_callbacks *new_callbacks(void)
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

static nghttp2_option *new_option(void)
{
    nghttp2_option *o;
    if (nghttp2_option_new(&o) != 0)
        return NULL;
    nghttp2_option_set_no_auto_window_update(o, 1);
    nghttp2_option_set_no_closed_streams(o, 1);
    nghttp2_option_set_max_send_header_block_length(o, HEADER_SENT_BYTES);
    nghttp2_option_set_max_settings(o, SETTINGS_MAX);
    nghttp2_option_set_peer_max_concurrent_streams(o, MT_H2_STREAMS_MAX);
    return o;
}

static int open_session(struct mt_h2_side *s, const nghttp2_option *option,
                        const nghttp2_session_callbacks *callbacks)
{
    nghttp2_mem mem = {s->side.pool, take, give, take_zeros, take_more};
    if (callbacks == NULL || option == NULL)
        return NGHTTP2_ERR_NOMEM;
    return s->server ? nghttp2_session_server_new3(&s->session, callbacks, s,
                                                   option, &mem)
                     : nghttp2_session_client_new3(&s->session, callbacks, s,
                                                   option, &mem);
}

static bool introduce(struct mt_h2_side *s)
{
    const nghttp2_settings_entry entries[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MT_H2_STREAMS_MAX},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_LIST_BYTES},
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
    };
    size_t n = sizeof entries / sizeof entries[0] - s->server;
    return nghttp2_submit_settings(s->session, NGHTTP2_FLAG_NONE, entries, n) ==
               0 &&
           nghttp2_session_set_local_window_size(s->session, NGHTTP2_FLAG_NONE,
                                                 0, WINDOW_BYTES) == 0;
}

static bool init(struct mt_h2_side *s, bool server, struct mt_pool *pool,
                 const struct mt_side_owner *owner, void *owner_arg)
{
    *s =
        (struct mt_h2_side){.server = server, .allowance = MT_H2_ALLOWANCE_MAX};
    s->side = (struct mt_side){.ops = &side_ops,
                               .owner = owner,
                               .owner_arg = owner_arg,
                               .pool = pool,
                               .idle = true,
                               .takes = !server,
                               .protocol = MT_PROTOCOL_H2};
    mt_outq_init(&s->side.out, pool);
    nghttp2_session_callbacks *callbacks = new_callbacks();
    nghttp2_option *option = new_option();
    int rc = open_session(s, option, callbacks);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    if (rc != 0)
        return false;
    if (introduce(s))
        return true;
    nghttp2_session_del(s->session);
    return false;
}

bool mt_h2_server_init(struct mt_h2_side *s, struct mt_pool *pool,
                       const struct mt_side_owner *owner, void *owner_arg)
{
    return init(s, true, pool, owner, owner_arg);
}

/* base64url without padding (RFC 7540 section 3.2.1). Returns how many bytes,
 * or SIZE_MAX. */
static size_t read_settings(struct mt_span text, uint8_t *out, size_t room)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
                                   "qrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    size_t n = 0, have = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *at = memchr(alphabet, text.ptr[i], sizeof alphabet - 1);
        if (at == NULL || n == room)
            return SIZE_MAX;
        bits = (bits << 6 | (uint32_t)(at - alphabet)) & 0xffffff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (uint8_t)(bits >> have);
        }
    }
    return n;
}

bool mt_h2_server_upgrade(struct mt_h2_side *s, struct mt_span settings,
                          const struct mt_head *request)
{
    uint8_t bytes[6 * SETTINGS_MAX + 1];
    size_t n = read_settings(settings, bytes, sizeof bytes);
    struct mt_h2_side_stream *one = mt_h2_side_stream_new(s);
    if (one == NULL || n == SIZE_MAX || !mt_head_copy(&one->head, request) ||
        nghttp2_session_upgrade2(s->session, bytes, n,
                                 mt_span_eq(request->method, MT_SPAN("HEAD")),
                                 NULL) != 0 ||
        nghttp2_session_set_stream_user_data(s->session, 1, one) != 0)
        return false;
    one->head.version = MT_HTTP_2;
    one->id = 1;
    one->stream.number = 1;
    one->read_end = true;
    s->acquainted = false; /* those settings are HTTP/1's */
    s->upgraded = s->side.in_header = true;
    return true;
}

bool mt_h2_client_init(struct mt_h2_side *s, struct mt_pool *pool,
                       const struct mt_side_owner *owner, void *owner_arg)
{
    return init(s, false, pool, owner, owner_arg);
}
