#include "decode/h2_search.h"

#include "decode/exchange.h"
#include "decode/hpack_table.h"
#include "decode/hpack_wire.h"

enum { ALONE_MIN = 16 };

/* Flags that each type defines (RFC 9113 section 6). */
static const uint8_t flags_of[] = {
    [MT_H2_DATA] = MT_H2_END_STREAM | MT_H2_PADDED,
    [MT_H2_HEADERS] = MT_H2_END_STREAM | MT_H2_END_HEADERS | MT_H2_PADDED |
                      MT_H2_WITH_PRIORITY,
    [MT_H2_SETTINGS] = MT_H2_ACK,
    [MT_H2_PUSH_PROMISE] = MT_H2_END_HEADERS | MT_H2_PADDED,
    [MT_H2_PING] = MT_H2_ACK,
    [MT_H2_CONTINUATION] = MT_H2_END_HEADERS,
};

/* Stricter than what a known connection may send: zeros and text must not
 * look like frames. */
static bool is_plausible(const uint8_t *bytes, struct mt_h2_header *h)
{
    if (bytes[0] != 0 || bytes[3] > MT_H2_CONTINUATION ||
        (bytes[5] & 0x80) != 0)
        return false;
    *h = mt_h2_header_of(bytes);
    uint8_t allowed = h->type < sizeof flags_of ? flags_of[h->type] : 0;
    if ((h->flags & ~(unsigned)allowed) != 0)
        return false;
    if (h->type == MT_H2_DATA && h->length == 0 && h->flags == 0)
        return false;
    return mt_h2_header_is_legal(h, MT_H2_FRAME_MAX_DEFAULT);
}

void mt_h2_search_init(struct mt_h2_search *s, uint32_t stream_max)
{
    *s = (struct mt_h2_search){.stream_max = stream_max};
}

/* What can be read: the carried bytes, and behind them the segment. */
struct window {
    uint64_t from, to; /* offsets */
    struct mt_span carry, in;
    uint32_t stream_max;
};

static bool header_at(const struct window *w, uint64_t at,
                      struct mt_h2_header *h)
{
    if (at < w->from || w->to - at < MT_H2_HEADER_BYTES || at > w->to)
        return false;
    size_t i = (size_t)(at - w->from);
    uint8_t joined[MT_H2_HEADER_BYTES];
    const uint8_t *bytes = joined;
    if (i >= w->carry.len) {
        bytes = w->in.ptr + (i - w->carry.len);
    } else {
        size_t n = w->carry.len - i;
        memcpy(joined, w->carry.ptr + i, n);
        memcpy(joined + n, w->in.ptr, sizeof joined - n);
    }
    return is_plausible(bytes, h) && h->stream <= w->stream_max;
}

/* Follow a chain as far as the window shows it. */
static struct mt_h2_candidate follow(const struct window *w,
                                     struct mt_h2_candidate c)
{
    struct mt_h2_header h;
    while (c.next <= w->to && w->to - c.next >= MT_H2_HEADER_BYTES) {
        if (!header_at(w, c.next, &h))
            return (struct mt_h2_candidate){.frames = 0};
        c.next += MT_H2_HEADER_BYTES + h.length;
        c.frames++;
    }
    return c;
}

static bool is_believed(const struct window *w, struct mt_h2_candidate c)
{
    return c.frames >= MT_H2_CHAIN_MIN || (c.frames > 0 && c.next == w->to);
}

/* A short frame that ends a segment says little: in numbers, mostly zeros, a
 * place from which it is not far to the end looks like one. */
static bool is_weak(const struct window *w, struct mt_h2_candidate c,
                    const struct mt_h2_header *h)
{
    bool of_length = h->type == MT_H2_DATA || h->type == MT_H2_HEADERS ||
                     h->type == MT_H2_CONTINUATION || h->length == 0;
    return c.frames == 1 && c.next == w->to && of_length &&
           h->length < ALONE_MIN;
}

static void remember(struct mt_h2_search *s, struct mt_h2_candidate c)
{
    struct mt_h2_candidate *slot = &s->candidates[0];
    for (size_t i = 0; i < MT_H2_CANDIDATES; i++) {
        if (s->candidates[i].frames > 0 && s->candidates[i].next == c.next)
            return;
        if (s->candidates[i].frames < slot->frames)
            slot = &s->candidates[i];
    }
    if (slot->frames <= c.frames) /* the weakest, or the oldest, gives way */
        *slot = c;
}

/* Chains that earlier segments began: where to go on with the one that this
 * segment makes believable, or UINT64_MAX. */
static uint64_t resume(struct mt_h2_search *s, const struct window *w)
{
    for (size_t i = 0; i < MT_H2_CANDIDATES; i++) {
        struct mt_h2_candidate *c = &s->candidates[i];
        uint64_t first = c->next;
        if (c->frames == 0 || first > w->to)
            continue;
        *c = follow(w, *c);
        if (is_believed(w, *c))
            return first;
    }
    return UINT64_MAX;
}

/* A new chain from this offset: good enough to begin with? */
static bool begins(struct mt_h2_search *s, const struct window *w, uint64_t at)
{
    struct mt_h2_header h;
    if (!header_at(w, at, &h))
        return false;
    struct mt_h2_candidate c =
        follow(w, (struct mt_h2_candidate){
                      .next = at + MT_H2_HEADER_BYTES + h.length, .frames = 1});
    bool at_start = at == s->at; /* peers begin frames there */
    if (at_start && c.frames >= MT_H2_CHAIN_MIN - 1)
        return true;
    if (is_believed(w, c) && (at_start || !is_weak(w, c, &h)))
        return true;
    if (c.frames > 0)
        remember(s, c);
    return false;
}

/* Returns the offset at which to begin, or UINT64_MAX. */
static uint64_t search(struct mt_h2_search *s, const struct window *w)
{
    uint64_t resumed = resume(s, w);
    if (resumed != UINT64_MAX)
        return resumed;
    for (uint64_t at = w->from; w->to - at >= MT_H2_HEADER_BYTES; at++)
        if (begins(s, w, at))
            return at;
    return UINT64_MAX;
}

static void carry_on(struct mt_h2_search *s, const struct window *w)
{
    uint8_t kept[sizeof s->carry] = {0};
    size_t have = (size_t)(w->to - w->from);
    size_t n = have < sizeof kept ? have : sizeof kept;
    for (size_t i = 0; i < n; i++) {
        size_t at = have - n + i;
        kept[i] =
            at < w->carry.len ? w->carry.ptr[at] : w->in.ptr[at - w->carry.len];
    }
    memcpy(s->carry, kept, n);
    s->carry_len = (uint8_t)n;
    s->at = w->to;
}

bool mt_h2_search_feed(struct mt_h2_search *s, struct mt_span *in,
                       struct mt_span *head)
{
    struct window w = {.from = s->at - s->carry_len,
                       .to = s->at + in->len,
                       .carry = {s->carry, s->carry_len},
                       .in = *in,
                       .stream_max = s->stream_max};
    *head = (struct mt_span){.ptr = NULL, .len = 0};
    uint64_t begin = search(s, &w);
    if (begin == UINT64_MAX) {
        carry_on(s, &w);
        (void)mt_span_take(in, in->len);
        return false;
    }
    if (begin < s->at) {
        size_t n = (size_t)(s->at - begin);
        *head = (struct mt_span){s->carry + s->carry_len - n, n};
    } else {
        (void)mt_span_take(in, (size_t)(begin - s->at));
    }
    return true;
}

void mt_h2_search_gap(struct mt_h2_search *s, uint64_t n)
{
    s->carry_len = 0;
    s->at = n < UINT64_MAX - s->at ? s->at + n : 0;
    for (size_t i = 0; i < MT_H2_CANDIDATES; i++)
        if (s->at == 0 || s->candidates[i].next < s->at)
            s->candidates[i].frames = 0;
}

/* --- detection --- */

/* Requests and responses name different pseudo-headers; those of the static
 * table tell who sends, whatever the dynamic one holds. */
static int8_t sender_of_block(struct mt_span block)
{
    struct mt_hpack_wire w;
    while (mt_hpack_wire_next(&block, &w)) {
        if (w.rep == MT_HPACK_REP_SIZE || w.index == 0)
            continue;
        if (w.index < MT_HPACK_NAME_STATUS)
            return MT_CLIENT;
        if (w.index < MT_HPACK_NAME_STATUS + 7)
            return MT_SERVER;
    }
    return -1;
}

static int8_t sender_of_frame(const struct mt_h2_header *h,
                              struct mt_span payload)
{
    if (h->type == MT_H2_PUSH_PROMISE)
        return MT_SERVER;
    if (h->type != MT_H2_HEADERS)
        return -1;
    struct mt_cursor c = mt_cursor_of(payload);
    size_t padding = (h->flags & MT_H2_PADDED) != 0 ? mt_get_u8(&c) : 0;
    if ((h->flags & MT_H2_WITH_PRIORITY) != 0)
        (void)mt_get_span(&c, 5);
    if (c.bad || padding > c.rest.len)
        return -1;
    c.rest.len -= padding;
    return sender_of_block(c.rest);
}

static struct mt_h2_chain chain_at(struct mt_span bytes, size_t at)
{
    struct mt_h2_chain chain = {.at = at, .sender = -1};
    struct mt_cursor c = {.rest = {bytes.ptr + at, bytes.len - at}};
    while (c.rest.len >= MT_H2_HEADER_BYTES) {
        struct mt_h2_header h;
        bool plausible = is_plausible(c.rest.ptr, &h);
        (void)mt_get_span(&c, MT_H2_HEADER_BYTES);
        if (!plausible) {
            chain.frames = 0;
            return chain;
        }
        chain.frames++;
        size_t n = h.length < c.rest.len ? h.length : c.rest.len;
        bool cut = n < h.length;
        struct mt_span payload = mt_get_span(&c, n);
        if (chain.sender < 0)
            chain.sender = sender_of_frame(&h, payload);
        if (cut)
            return chain;
    }
    chain.to_end = c.rest.len == 0;
    return chain;
}

struct mt_h2_chain mt_h2_find_chain(struct mt_span bytes)
{
    struct mt_h2_chain first = {.sender = -1};
    for (size_t at = 0; bytes.len - at >= MT_H2_HEADER_BYTES; at++) {
        struct mt_h2_chain chain = chain_at(bytes, at);
        if (at == 0)
            first = chain;
        if (chain.frames >= MT_H2_CHAIN_MIN)
            return chain;
    }
    return first;
}
