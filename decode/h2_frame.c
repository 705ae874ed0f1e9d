#include "decode/h2_frame.h"

enum { STEP_AGAIN = 100, BLOCK_FIRST_BYTES = 512 };

/* One list gives the states and their step functions. */
#define STATES(X)     \
    X(HEADER, header) \
    X(FIRST, first)   \
    X(DATA, data)     \
    X(BLOCK, block)   \
    X(SHORT, short)   \
    X(SKIP, skip)

enum state {
#define X(upper, lower) ST_##upper,
    STATES(X)
#undef X
};

struct mt_h2_header mt_h2_header_of(const uint8_t *bytes)
{
    return (struct mt_h2_header){.length = mt_be32(bytes) >> 8,
                                 .type = bytes[3],
                                 .flags = bytes[4],
                                 .stream = mt_be32(bytes + 5) & 0x7fffffff};
}

bool mt_h2_header_is_legal(const struct mt_h2_header *h, uint32_t frame_max)
{
    bool stream = h->stream != 0;
    if (h->length > frame_max)
        return false;
    switch (h->type) {
    case MT_H2_DATA:
    case MT_H2_CONTINUATION:
        return stream;
    case MT_H2_HEADERS:
        return stream && h->length > 0;
    case MT_H2_PRIORITY:
        return stream && h->length == 5;
    case MT_H2_RST_STREAM:
        return stream && h->length == 4;
    case MT_H2_SETTINGS:
        return !stream && h->length % 6 == 0 &&
               ((h->flags & MT_H2_ACK) == 0 || h->length == 0);
    case MT_H2_PUSH_PROMISE:
        return stream && h->length > 4;
    case MT_H2_PING:
        return !stream && h->length == 8;
    case MT_H2_GOAWAY:
        return !stream && h->length >= 8;
    case MT_H2_WINDOW_UPDATE:
        return h->length == 4;
    default:
        return true; /* section 4.1: unknown types are ignored */
    }
}

static void free_block(struct mt_h2_frames *f)
{
    mt_pool_free(f->pool, f->block, f->block_capacity);
    f->block = NULL;
    f->block_capacity = f->block_len = 0;
    f->block_given = false;
}

void mt_h2_frames_init(struct mt_h2_frames *f, struct mt_pool *pool)
{
    *f = (struct mt_h2_frames){.pool = pool, .frame_max = MT_H2_FRAME_MAX};
}

void mt_h2_frames_deinit(struct mt_h2_frames *f)
{
    free_block(f);
}

void mt_h2_frames_limit(struct mt_h2_frames *f, uint32_t frame_max)
{
    f->frame_max = frame_max;
}

static void close_block(struct mt_h2_frames *f)
{
    f->block_head.type = 0;
    f->block_dropped = f->block_too_long = false;
    f->block_wire_bytes = 0;
    f->block_lost_bytes = 0;
}

void mt_h2_frames_restart(struct mt_h2_frames *f)
{
    free_block(f);
    close_block(f);
    f->state = ST_HEADER;
    f->small_len = 0;
}

bool mt_h2_between_frames(const struct mt_h2_frames *f)
{
    return f->state == ST_HEADER && f->small_len == 0;
}

static int go(struct mt_h2_frames *f, enum state next)
{
    f->state = (uint8_t)next;
    f->small_len = 0;
    return STEP_AGAIN;
}

static struct mt_span take(struct mt_h2_frames *f, struct mt_span *in)
{
    size_t n = in->len < f->left ? in->len : f->left;
    f->left -= (uint32_t)n;
    return mt_span_take(in, n);
}

/* Fill small[] up to n bytes, counting them off the frame where there is one.
 * False: the input is used up. */
static bool gather(struct mt_h2_frames *f, struct mt_span *in, uint8_t n)
{
    size_t want = (size_t)n - f->small_len;
    size_t got = in->len < want ? in->len : want;
    if (got > 0)
        memcpy(f->small + f->small_len, mt_span_take(in, got).ptr, got);
    f->small_len = (uint8_t)(f->small_len + got);
    return f->small_len == n;
}

static struct mt_h2_event event_of(const struct mt_h2_header *h)
{
    return (struct mt_h2_event){.type = (enum mt_h2_type)h->type,
                                .stream = h->stream};
}

/* Section 6.10: until END_HEADERS only CONTINUATIONs of that stream. */
static bool continues(const struct mt_h2_frames *f)
{
    return f->head.type == MT_H2_CONTINUATION &&
           f->head.stream == f->block_head.stream;
}

static bool starts_block(uint8_t type)
{
    return type == MT_H2_HEADERS || type == MT_H2_PUSH_PROMISE;
}

/* How many bytes stand before content or fragment. */
static uint32_t first_part(const struct mt_h2_header *h)
{
    uint32_t n = 0;
    bool can_pad = h->type == MT_H2_DATA || starts_block(h->type);
    if (can_pad && (h->flags & MT_H2_PADDED) != 0)
        n += 1;
    if (h->type == MT_H2_PUSH_PROMISE)
        n += 4;
    if (h->type == MT_H2_HEADERS && (h->flags & MT_H2_WITH_PRIORITY) != 0)
        n += 5;
    return n;
}

/* The block that is open will not be given: say so once it is over. */
static int give_lost(struct mt_h2_frames *f, struct mt_h2_event *ev)
{
    *ev = event_of(&f->block_head);
    ev->end_stream = f->block_head.type == MT_H2_HEADERS &&
                     (f->block_head.flags & MT_H2_END_STREAM) != 0;
    ev->promised = f->promised;
    ev->block_lost = true;
    ev->too_long = f->block_too_long;
    ev->wire_bytes = f->block_wire_bytes;
    ev->lost_bytes = f->block_lost_bytes;
    free_block(f);
    close_block(f);
    return MT_EVENT;
}

static int open_frame(struct mt_h2_frames *f)
{
    f->padding = 0;
    if (starts_block(f->head.type)) {
        f->block_head = f->head;
        f->promised = 0;
        f->block_wire_bytes = 0;
    }
    if (f->head.type != MT_H2_DATA)
        f->block_wire_bytes += MT_H2_HEADER_BYTES + f->head.length;
    switch (f->head.type) {
    case MT_H2_DATA:
    case MT_H2_HEADERS:
    case MT_H2_PUSH_PROMISE:
        if (first_part(&f->head) > f->head.length)
            return go(f, ST_SKIP);
        return go(f, ST_FIRST);
    case MT_H2_CONTINUATION:
        return go(f, f->block_head.type != 0 ? ST_BLOCK : ST_SKIP);
    case MT_H2_RST_STREAM:
    case MT_H2_SETTINGS:
    case MT_H2_GOAWAY:
        return go(f, ST_SHORT);
    default:
        return go(f, ST_SKIP);
    }
}

static int step_header(struct mt_h2_frames *f, struct mt_span *in,
                       struct mt_h2_event *ev)
{
    f->starts += f->small_len == 0 && in->len > 0 && f->block_head.type == 0;
    if (f->small_len == 0 && in->len >= MT_H2_HEADER_BYTES) {
        f->head = mt_h2_header_of(mt_span_take(in, MT_H2_HEADER_BYTES).ptr);
    } else if (gather(f, in, MT_H2_HEADER_BYTES)) {
        f->head = mt_h2_header_of(f->small);
    } else {
        return MT_MORE;
    }
    f->left = f->head.length;
    if (!mt_h2_header_is_legal(&f->head, f->frame_max))
        return MT_EPROTO;
    if (f->block_head.type == 0 || continues(f))
        return open_frame(f);
    /* The peer broke off the block; the frame itself is read all the same. */
    (void)give_lost(f, ev);
    (void)open_frame(f);
    f->event_start = f->starts++;
    return MT_EVENT;
}

/* Pad length, promised stream, priority. */
static int step_first(struct mt_h2_frames *f, struct mt_span *in,
                      struct mt_h2_event *ev)
{
    (void)ev;
    uint8_t n = (uint8_t)first_part(&f->head);
    if (n > 0) {
        if (!gather(f, in, n))
            return MT_MORE;
        f->left -= n;
        if ((f->head.flags & MT_H2_PADDED) != 0)
            f->padding = f->small[0];
        if (f->head.type == MT_H2_PUSH_PROMISE)
            f->promised = mt_be32(f->small + n - 4) & 0x7fffffff;
    }
    if (f->padding > f->left) { /* section 6.1: a connection error */
        f->padding = f->left;
        f->block_dropped = starts_block(f->head.type);
    }
    f->left -= f->padding;
    return go(f, f->head.type == MT_H2_DATA ? ST_DATA : ST_BLOCK);
}

/* Behind content or fragment. */
static void close_frame(struct mt_h2_frames *f)
{
    f->left = f->padding;
    f->padding = 0;
    (void)go(f, f->left > 0 ? ST_SKIP : ST_HEADER);
}

static int step_data(struct mt_h2_frames *f, struct mt_span *in,
                     struct mt_h2_event *ev)
{
    if (in->len == 0 && f->left > 0)
        return MT_MORE;
    *ev = event_of(&f->head);
    ev->bytes = take(f, in);
    if (f->left == 0) {
        ev->end_stream = (f->head.flags & MT_H2_END_STREAM) != 0;
        close_frame(f);
    }
    return MT_EVENT;
}

/* Room for n more bytes of the block; otherwise it is dropped. */
static bool grow_block(struct mt_h2_frames *f, size_t n)
{
    size_t need = f->block_len + n;
    f->block_too_long |= need > MT_H2_BLOCK_MAX;
    f->block_dropped |= f->block_too_long;
    if (f->block_dropped || need <= f->block_capacity)
        return !f->block_dropped;
    size_t capacity = BLOCK_FIRST_BYTES;
    while (capacity < need)
        capacity *= 2;
    uint8_t *block = mt_pool_alloc(f->pool, capacity);
    if (block == NULL) {
        f->block_dropped = true;
        return false;
    }
    if (f->block_len > 0)
        memcpy(block, f->block, f->block_len);
    size_t len = f->block_len;
    free_block(f);
    f->block = block;
    f->block_capacity = capacity;
    f->block_len = len;
    return true;
}

static void append_block(struct mt_h2_frames *f, struct mt_span part)
{
    if (part.len == 0 || !grow_block(f, part.len))
        return;
    memcpy(f->block + f->block_len, part.ptr, part.len);
    f->block_len += part.len;
}

static int give_block(struct mt_h2_frames *f, struct mt_span block,
                      struct mt_h2_event *ev)
{
    close_frame(f);
    if (f->block_dropped)
        return give_lost(f, ev);
    *ev = event_of(&f->block_head);
    ev->end_stream = ev->type == MT_H2_HEADERS &&
                     (f->block_head.flags & MT_H2_END_STREAM) != 0;
    ev->promised = f->promised;
    ev->wire_bytes = f->block_wire_bytes;
    ev->bytes = block;
    close_block(f);
    return MT_EVENT;
}

static int step_block(struct mt_h2_frames *f, struct mt_span *in,
                      struct mt_h2_event *ev)
{
    bool last = (f->head.flags & MT_H2_END_HEADERS) != 0;
    if (last && f->block_len == 0 && in->len >= f->left)
        return give_block(f, take(f, in), ev);
    append_block(f, take(f, in));
    if (f->left > 0)
        return MT_MORE;
    if (!last) {
        close_frame(f);
        return STEP_AGAIN;
    }
    f->block_given = true;
    return give_block(f, (struct mt_span){f->block, f->block_len}, ev);
}

static int step_settings(struct mt_h2_frames *f, struct mt_span *in,
                         struct mt_h2_event *ev)
{
    bool ack = (f->head.flags & MT_H2_ACK) != 0;
    if (f->left == 0 && !ack)
        return go(f, ST_HEADER);
    if (!ack && !gather(f, in, 6))
        return MT_MORE;
    *ev = event_of(&f->head);
    ev->ack = ack;
    if (!ack) {
        ev->setting = mt_be16(f->small);
        ev->value = mt_be32(f->small + 2);
        f->left -= 6;
    }
    (void)go(f, f->left > 0 ? ST_SHORT : ST_HEADER);
    return MT_EVENT;
}

static int step_short(struct mt_h2_frames *f, struct mt_span *in,
                      struct mt_h2_event *ev)
{
    if (f->head.type == MT_H2_SETTINGS)
        return step_settings(f, in, ev);
    uint8_t n = f->head.type == MT_H2_GOAWAY ? 8 : 4;
    if (!gather(f, in, n))
        return MT_MORE;
    *ev = event_of(&f->head);
    ev->code = mt_be32(f->small + n - 4);
    if (n == 8)
        ev->last_stream = mt_be32(f->small) & 0x7fffffff;
    f->left -= n;
    (void)go(f, f->left > 0 ? ST_SKIP : ST_HEADER);
    return MT_EVENT;
}

static int step_skip(struct mt_h2_frames *f, struct mt_span *in,
                     struct mt_h2_event *ev)
{
    (void)ev;
    (void)take(f, in);
    return f->left > 0 ? MT_MORE : go(f, ST_HEADER);
}

static int (*const steps[])(struct mt_h2_frames *, struct mt_span *,
                            struct mt_h2_event *) = {
#define X(upper, lower) [ST_##upper] = step_##lower,
    STATES(X)
#undef X
};

int mt_h2_next(struct mt_h2_frames *f, struct mt_span *in,
               struct mt_h2_event *ev)
{
    int rc;
    if (f->block_given)
        free_block(f);
    bool broken_off;
    do {
        broken_off = f->block_head.type != 0 && f->state == ST_HEADER;
        rc = steps[f->state](f, in, ev);
    } while (rc == STEP_AGAIN);
    if (!broken_off) /* else it is of the block before, and set */
        f->event_start = f->starts;
    return rc;
}

/* --- gaps --- */

/* Bytes of the open frame that are still to come; small[] holds some that
 * were not counted off yet. */
static uint32_t frame_left(const struct mt_h2_frames *f)
{
    uint32_t pending =
        f->state == ST_FIRST || f->state == ST_SHORT ? f->small_len : 0u;
    return f->left + f->padding - pending;
}

/* n bytes of DATA are gone, n at most what is left of its frame. */
static bool lose_data(struct mt_h2_frames *f, uint32_t n,
                      struct mt_h2_event *ev)
{
    *ev = event_of(&f->head);
    ev->lost_bytes = n < f->left ? n : f->left;
    f->left -= ev->lost_bytes;
    n -= ev->lost_bytes;
    if (f->left == 0) {
        ev->end_stream = (f->head.flags & MT_H2_END_STREAM) != 0;
        close_frame(f);
        f->left -= n;
        (void)go(f, f->left > 0 ? ST_SKIP : ST_HEADER);
    }
    return true;
}

static bool lose_block(struct mt_h2_frames *f, uint32_t n,
                       struct mt_h2_event *ev)
{
    bool last = (f->head.flags & MT_H2_END_HEADERS) != 0;
    f->block_dropped = true;
    f->block_lost_bytes += n;
    f->left = frame_left(f) - n;
    f->padding = 0;
    if (f->left > 0 && !last) {
        (void)go(f, ST_SKIP);
        return false;
    }
    if (!last) {
        (void)go(f, ST_HEADER);
        return false;
    }
    (void)go(f, f->left > 0 ? ST_SKIP : ST_HEADER);
    return give_lost(f, ev) == MT_EVENT;
}

/* Within the open frame. */
static bool lose(struct mt_h2_frames *f, uint32_t n, struct mt_h2_event *ev)
{
    bool data = f->head.type == MT_H2_DATA;
    if (f->state == ST_DATA)
        return lose_data(f, n, ev);
    if (f->state == ST_BLOCK || (f->state == ST_FIRST && !data))
        return lose_block(f, n, ev);
    if (f->state == ST_FIRST) { /* how much is padding will not be known */
        f->left = frame_left(f);
        f->state = ST_DATA;
        f->small_len = 0;
        return lose_data(f, n, ev);
    }
    f->left = frame_left(f) - n;
    f->padding = 0;
    (void)go(f, f->left > 0 ? ST_SKIP : ST_HEADER);
    return false;
}

bool mt_h2_gap(struct mt_h2_frames *f, uint64_t n, struct mt_h2_event *ev,
               bool *has_event)
{
    *has_event = false;
    if (f->block_given)
        free_block(f);
    if (n == 0)
        return true;
    if (f->state == ST_HEADER) {
        if (f->block_head.type != 0)
            *has_event = give_lost(f, ev) == MT_EVENT;
        return false;
    }
    uint32_t left = frame_left(f);
    bool inside = n <= left;
    *has_event = lose(f, inside ? (uint32_t)n : left, ev);
    if (!inside && f->block_head.type != 0 && !*has_event)
        *has_event = give_lost(f, ev) == MT_EVENT;
    return inside;
}
