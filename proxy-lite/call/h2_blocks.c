/* Header fields that are too large for nghttp2. */
#include <string.h>

#include "proxy-lite/call/h2_impl.h"

/* nghttp2 ends a connection, and every request on it, where one name or value
 * has more than TEXT_MAX_BYTES as it comes. Such a text is cut short before
 * nghttp2 sees it, and its stream refused.
 *
 * A text of that length needs a header of several frames, which is rare: they
 * are gone through, all others pass as they are. The length's low 14 bits have
 * gone out when its last byte tells how long it is, so what stands for it has
 * those, and 16 KiB more. That is more than the table of RFC 7541 section 4.4
 * has room for: it is empty afterwards, whichever of both was to be in it. */
enum {
    FRAME_HEADER_BYTES = 9,
    FRAME_MAX_BYTES = 16 << 10,
    TEXT_MAX_BYTES = 64 << 10,
    PRIORITY_BYTES = 5,
    LONG_GROUPS = 3, /* of 7 bits of such a length */
};

enum { IN_FIELD, IN_INDEX, IN_LENGTH, IN_LONG_LENGTH, IN_TEXT, LOST };

/* What stands for a text: whatever it was it may begin like a path. In the code
 * of RFC 7541 appendix B the same is "/00XX...", without a remainder. */
static uint8_t stand_in(const struct mt_h2_blocks *b)
{
    static const uint8_t coded[] = {0x60, 0x00};
    if (b->huffman)
        return b->told < sizeof coded ? coded[b->told] : 0xfc;
    return b->told == 0 ? '/' : 'x';
}

static void next_text(struct mt_h2_blocks *b)
{
    b->state = b->texts > 0 ? IN_LENGTH : IN_FIELD;
}

static void begin_text(struct mt_h2_blocks *b)
{
    b->texts--;
    b->told = 0;
    b->text_left = b->stands_left = b->length;
    b->cutting = b->length > TEXT_MAX_BYTES && b->groups == LONG_GROUPS;
    if (b->cutting) {
        b->cut_due = true;
        b->stands_left = 127 + (b->length - 127) % (1 << 14) + (1 << 14);
    }
    b->state = IN_TEXT;
    if (b->text_left == 0)
        next_text(b);
}

/* RFC 7541 section 6: how many texts follow, and whether its index goes on. */
static void read_field(struct mt_h2_blocks *b, uint8_t c)
{
    bool indexed = (c & 0x80) != 0, resize = (c & 0xe0) == 0x20;
    uint8_t mask = indexed ? 0x7f : (c & 0x40) != 0 ? 0x3f : resize ? 0x1f : 15;
    b->texts = indexed || resize ? 0 : (c & mask) == 0 ? 2 : 1;
    if ((c & mask) == mask)
        b->state = IN_INDEX;
    else
        next_text(b);
}

static void read_length(struct mt_h2_blocks *b, uint8_t c)
{
    b->huffman = (c & 0x80) != 0;
    b->groups = 0;
    b->length = c & 0x7f;
    if (b->length == 127)
        b->state = IN_LONG_LENGTH;
    else
        begin_text(b);
}

/* Returns the byte that stands for c. */
static uint8_t read_long_length(struct mt_h2_blocks *b, uint8_t c)
{
    b->length += (uint32_t)(c & 0x7f) << 7 * b->groups;
    b->groups++;
    if ((c & 0x80) != 0) {
        b->state = b->groups < LONG_GROUPS ? IN_LONG_LENGTH : LOST;
        return c;
    }
    begin_text(b);
    return b->cutting ? 1 : c;
}

/* One byte of a block: whether there is one that stands for it. */
static bool pass(struct mt_h2_blocks *b, uint8_t *c)
{
    bool stays = true;
    switch (b->state) {
    case IN_FIELD:
        read_field(b, *c);
        break;
    case IN_INDEX:
        if ((*c & 0x80) == 0)
            next_text(b);
        break;
    case IN_LENGTH:
        read_length(b, *c);
        break;
    case IN_LONG_LENGTH:
        *c = read_long_length(b, *c);
        break;
    case IN_TEXT:
        stays = b->stands_left > 0;
        if (b->cutting)
            *c = stand_in(b);
        b->stands_left -= stays;
        b->told = b->told < 2 ? (uint8_t)(b->told + 1) : b->told;
        if (--b->text_left == 0)
            next_text(b);
        break;
    default: /* nghttp2 will not put up with it */
        break;
    }
    return stays;
}

/* Where the block begins and ends in the frame's payload. False: it is none. */
static bool bounds_of(const struct mt_h2_blocks *b, size_t *from, size_t *to)
{
    uint8_t flags = b->header[4];
    *from = 0;
    *to = b->frame_bytes;
    if (b->header[3] != NGHTTP2_HEADERS)
        return true;
    if ((flags & NGHTTP2_FLAG_PADDED) != 0) {
        size_t padding = *to > 0 ? b->frame[0] : 0;
        *from = 1;
        if (padding >= *to)
            return false;
        *to -= padding;
    }
    if ((flags & NGHTTP2_FLAG_PRIORITY) != 0)
        *from += PRIORITY_BYTES;
    return *from <= *to;
}

/* The frame is whole: what is too long in it goes. */
static void shorten(struct mt_h2_blocks *b)
{
    size_t from, to;
    if (!bounds_of(b, &from, &to))
        return;
    size_t kept = from;
    for (size_t i = from; i < to; i++) {
        uint8_t c = b->frame[i];
        bool was_due = b->cut_due;
        if (pass(b, &c))
            b->frame[kept++] = c;
        if (b->cut_due && !was_due)
            b->cut_at = (uint32_t)kept;
    }
    memmove(b->frame + kept, b->frame + to, b->frame_bytes - to);
    b->frame_bytes -= (uint32_t)(to - kept);
    b->header[1] = (uint8_t)(b->frame_bytes >> 8); /* it is below 2^16 */
    b->header[2] = (uint8_t)b->frame_bytes;
}

static int give(struct mt_h2_side *s, const uint8_t *bytes, size_t n)
{
    return n > 0 && nghttp2_session_mem_recv(s->session, bytes, n) < 0 ? -1 : 0;
}

void mt_h2_blocks_end(struct mt_h2_side *s)
{
    struct mt_h2_blocks *b = &s->blocks;
    b->open = b->within = false;
    if (b->frame != NULL)
        mt_pool_free(s->side.pool, b->frame, FRAME_MAX_BYTES);
    b->frame = NULL;
}

/* One of which nothing is left is not needed, but for the end that it tells. */
static int give_frame(struct mt_h2_side *s)
{
    struct mt_h2_blocks *b = &s->blocks;
    bool last = (b->header[4] & NGHTTP2_FLAG_END_HEADERS) != 0;
    bool was_empty = b->frame_bytes == 0;
    int rc = 0;
    b->within = false;
    shorten(b);
    uint32_t whole = b->cut_due ? b->cut_at : b->frame_bytes;
    if (last || was_empty || b->frame_bytes > 0)
        rc = give(s, b->header, FRAME_HEADER_BYTES);
    if (rc == 0)
        rc = give(s, b->frame, whole);
    b->cut = b->cut || b->cut_due;
    b->cut_due = false;
    if (rc == 0)
        rc = give(s, b->frame + whole, b->frame_bytes - whole);
    if (last)
        mt_h2_blocks_end(s);
    return rc;
}

/* Is the frame one of a header that has several? */
static bool is_of_several(struct mt_h2_blocks *b)
{
    bool last = (b->header[4] & NGHTTP2_FLAG_END_HEADERS) != 0;
    if (b->header[3] == NGHTTP2_HEADERS) {
        b->open = !last;
        b->cut = b->cut_due = false;
        b->state = IN_FIELD;
    }
    return b->open && b->left <= FRAME_MAX_BYTES;
}

static int begin_frame(struct mt_h2_side *s)
{
    struct mt_h2_blocks *b = &s->blocks;
    s->side.in_header = s->server;
    if (b->frame == NULL)
        b->frame = mt_pool_alloc(s->side.pool, FRAME_MAX_BYTES);
    if (b->frame == NULL)
        return -1;
    b->frame_bytes = 0;
    b->within = true;
    return b->left == 0 ? give_frame(s) : 0;
}

/* False: the rest of it is to come. */
static bool take_header(struct mt_h2_blocks *b, struct mt_span *in)
{
    size_t want = FRAME_HEADER_BYTES - b->header_bytes;
    struct mt_span taken = mt_span_take(in, in->len < want ? in->len : want);
    memcpy(b->header + b->header_bytes, taken.ptr, taken.len);
    b->header_bytes = (uint8_t)(b->header_bytes + taken.len);
    if (b->header_bytes < FRAME_HEADER_BYTES)
        return false;
    b->header_bytes = 0;
    b->left = (uint32_t)b->header[0] << 16 | (uint32_t)b->header[1] << 8 |
              b->header[2];
    return true;
}

/* Some of a frame; of one that is gone through it is kept. */
static int take_payload(struct mt_h2_side *s, struct mt_span *in,
                        struct mt_span *run)
{
    struct mt_h2_blocks *b = &s->blocks;
    struct mt_span taken =
        mt_span_take(in, in->len < b->left ? in->len : b->left);
    b->left -= (uint32_t)taken.len;
    if (!b->within) {
        run->len += taken.len;
        return 0;
    }
    memcpy(b->frame + b->frame_bytes, taken.ptr, taken.len);
    b->frame_bytes += (uint32_t)taken.len;
    *run = (struct mt_span){in->ptr, 0};
    return b->left == 0 ? give_frame(s) : 0;
}

int mt_h2_receive(struct mt_h2_side *s, struct mt_span in)
{
    struct mt_h2_blocks *b = &s->blocks;
    struct mt_span run = {in.ptr, 0}; /* for nghttp2, as it is */
    int rc = 0;
    while (in.len > 0 && rc == 0) {
        if (b->left > 0) {
            rc = take_payload(s, &in, &run);
            continue;
        }
        bool split = b->header_bytes > 0;
        if (!take_header(b, &in))
            break;
        bool several = is_of_several(b);
        if (!several && !split) {
            run.len += FRAME_HEADER_BYTES;
            continue;
        }
        rc = give(s, run.ptr, run.len);
        if (rc == 0)
            rc = several ? begin_frame(s)
                         : give(s, b->header, FRAME_HEADER_BYTES);
        run = (struct mt_span){in.ptr, 0};
    }
    return rc == 0 ? give(s, run.ptr, run.len) : rc;
}

void mt_h2_blocks_begin(struct mt_h2_side *s)
{
    s->blocks.left = s->server ? MT_H2_PREFACE_BYTES : 0;
}
