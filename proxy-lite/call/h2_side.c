/* HTTP/2 on a connection, as a side. */
#include <string.h>

#include "base/base64.h"
#include "proxy-lite/call/h2_impl.h"

enum {
    WINDOW_BYTES = 1 << 20, /* of a connection */
    /* of one header, beside what it may have: a frame has 16 KiB */
    CONTINUATIONS_MAX = 32,
    HEADER_SENT_BYTES = 256 << 10, /* more than a header that was taken */
    SETTINGS_MAX = 32,             /* entries of one frame */
};

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
            if (one->forgotten || one->id == 0)
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
    mt_h2_fill_up(s, now_ns);
    if (nghttp2_session_mem_recv(s->session, bytes.ptr, bytes.len) < 0)
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

/* Answers whose requests are over, in bytes and streams. */
static size_t unread_by(const struct mt_h2_side *s)
{
    size_t n = 0;
    for (const struct mt_h2_side_stream *one = s->streams;
         s->server && one != NULL; one = one->next) {
        if (one->closed)
            continue;
        if (one->stream.events != NULL || !one->told)
            return 0;
        n += one->body.bytes + 1;
    }
    return n;
}

static void sent(struct mt_side *side, int64_t now_ns)
{
    struct mt_h2_side *s = mt_h2_self(side);
    (void)now_ns;
    side->unread = unread_by(s);
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
    if (one == NULL)
        return NULL;
    mt_side_count_request(side);
    return &one->stream;
}

static void late(struct mt_side *side)
{
    struct mt_h2_side *s = mt_h2_self(side);
    side->in_header = false;
    for (struct mt_h2_side_stream *one = s->streams; one != NULL;
         one = one->next)
        if (!one->told && !one->closed) {
            one->closed = s->dead_due = one->late = true;
            mt_h2_refuse(s, one, 0, "header_timeout");
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

static nghttp2_option *new_option(void)
{
    nghttp2_option *o;
    if (nghttp2_option_new(&o) != 0)
        return NULL;
    nghttp2_option_set_no_auto_window_update(o, 1);
    nghttp2_option_set_no_closed_streams(o, 1);
    nghttp2_option_set_max_send_header_block_length(o, HEADER_SENT_BYTES);
    nghttp2_option_set_max_settings(o, SETTINGS_MAX);
#ifdef MT_NGHTTP2_CONTINUATIONS
    nghttp2_option_set_max_continuations(o, CONTINUATIONS_MAX);
#endif
    nghttp2_option_set_peer_max_concurrent_streams(o, MT_H2_STREAMS_MAX);
    return o;
}

static int open_session(struct mt_h2_side *s, const nghttp2_option *option,
                        const nghttp2_session_callbacks *callbacks)
{
    nghttp2_mem mem = mt_h2_memory(s->side.pool);
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
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, MT_HEAD_MAX_BYTES},
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
    mt_side_init(&s->side, server, &side_ops, pool, owner, owner_arg);
    s->side.protocol = MT_PROTOCOL_H2;
    nghttp2_session_callbacks *callbacks = mt_h2_callbacks_new();
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

bool mt_h2_server_upgrade(struct mt_h2_side *s, struct mt_span settings,
                          const struct mt_head *request)
{
    uint8_t bytes[6 * SETTINGS_MAX + 1];
    struct mt_base64 b = {0}; /* RFC 7540 section 3.2.1 */
    size_t n = mt_base64_feed(&b, &settings, bytes, sizeof bytes);
    struct mt_h2_side_stream *one = mt_h2_side_stream_new(s);
    if (one == NULL || b.bad || settings.len > 0 ||
        !mt_head_copy(&one->head, request) ||
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
