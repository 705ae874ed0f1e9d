/* HTTP/2 on a tap (RFC 9113): bytes to frames, detection, loss. */
#include "decode/http2_parts.h"

enum {
    LATE_FRAME_MAX = 1 << 20,
    PREFACE_BYTES = 24,
    STREAMS_LOST_MAX = 1 << 16,
};

/* Section 3.4. */
static const struct mt_span preface = {
    .ptr = (const uint8_t *)"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    .len = PREFACE_BYTES};

/* --- detection --- */

static enum mt_match match_preface(struct mt_span bytes)
{
    if (bytes.len == 0)
        return MT_MATCH_NO;
    if (mt_span_starts(bytes, preface))
        return MT_MATCH_SURE;
    return mt_span_starts(preface, bytes) ? MT_MATCH_MORE : MT_MATCH_NO;
}

/* A server's first frame: SETTINGS, no ACK, of identifiers that exist. */
static bool is_server_start(struct mt_span bytes)
{
    struct mt_cursor c = mt_cursor_of(bytes);
    struct mt_span first = mt_get_span(&c, MT_H2_HEADER_BYTES);
    if (c.bad)
        return false;
    struct mt_h2_header head = mt_h2_header_of(first.ptr);
    if (head.type != MT_H2_SETTINGS || head.flags != 0 || head.stream != 0 ||
        head.length % 6 != 0 || head.length > 6 * 32)
        return false;
    for (uint32_t at = 0; at < head.length && c.rest.len >= 6; at += 6) {
        uint16_t id = mt_get_be16(&c);
        (void)mt_get_be32(&c);
        if (id == 0)
            return false;
    }
    return true;
}

/* What the chains of frames on both sides say together. */
struct chains {
    unsigned to_end; /* sides whose chain ends where their bytes do */
    unsigned most;   /* frames of the longer one */
    int client;      /* side, by the header blocks; -1 not told */
};

/* Bytes that began as some other protocol may look like frames by chance:
 * binary ones with small numbers do. */
static struct chains chains_of(const struct mt_probe *p)
{
    struct chains found = {.client = -1};
    for (int side = 0; side < 2; side++) {
        if (p->bytes[side].len == 0 || p->fresh[side] || p->strayed[side])
            continue;
        struct mt_h2_chain chain = mt_h2_find_chain(p->bytes[side]);
        bool ends = chain.to_end && chain.frames > 0;
        bool believed = ends || chain.frames >= MT_H2_CHAIN_MIN;
        if (believed && chain.sender >= 0)
            found.client = chain.sender == MT_CLIENT ? side : 1 - side;
        found.to_end += ends;
        if (chain.frames > found.most)
            found.most = chain.frames;
    }
    return found;
}

/* Joined late: both sides by their chains of frames. */
static struct mt_verdict match_chains(const struct mt_probe *p)
{
    struct chains found = chains_of(p);
    struct mt_verdict v = {MT_MATCH_NO, found.client};
    /* A length that fits to the byte, and a header block that says whose it
     * is, are no chance; one of the two may be. */
    if (found.most >= MT_H2_CHAIN_MIN || found.to_end == 2 ||
        (found.to_end > 0 && v.client >= 0))
        v.match = MT_MATCH_SURE;
    else if (found.to_end == 1)
        v.match = found.most > 1 ? MT_MATCH_LIKELY : MT_MATCH_MORE;
    else if (found.most > 0)
        v.match = MT_MATCH_MORE;
    /* Frames that do not tell who sends them: wait for a header block. */
    if (v.match != MT_MATCH_NO && v.client < 0 && p->client < 0)
        v.match = MT_MATCH_MORE;
    return v;
}

static struct mt_verdict http2_detect(const struct mt_probe *p)
{
    struct mt_verdict v = match_chains(p);
    if (mt_span_eq(p->alpn, MT_SPAN("h2")))
        v.match = MT_MATCH_SURE;
    for (int side = 0; side < 2; side++) {
        enum mt_match m = match_preface(p->bytes[side]);
        if (m == MT_MATCH_SURE)
            return (struct mt_verdict){MT_MATCH_SURE, side};
        if (m == MT_MATCH_MORE && v.match == MT_MATCH_NO)
            v.match = MT_MATCH_MORE;
        if (p->fresh[side] && is_server_start(p->bytes[side]))
            v = (struct mt_verdict){MT_MATCH_SURE, 1 - side};
    }
    return v;
}

/* --- opening --- */

static int http2_open(void *state, struct mt_layer *layer,
                      const struct mt_switch_request *sw)
{
    struct mt_http2 *h = state;
    struct mt_pool *pool = layer->conn->decode->pool;
    h->layer = layer;
    h->conn = layer->conn;
    mt_h2_streams_init(&h->streams, pool);
    for (int role = 0; role < 2; role++) {
        struct mt_http2_side *side = &h->side[role];
        side->late = side->lossy = layer->joined_late[role] && sw == NULL;
        side->refuses_above = UINT32_MAX;
        mt_h2_frames_init(&side->frames, pool);
    }
    if (sw == NULL || sw->draft == NULL || mt_http2_adopt(h, sw->draft))
        return 0;
    mt_h2_streams_deinit(&h->streams);
    return -1;
}

/* Joined late by what the transport saw; but its first bytes may be here. */
static bool is_start(enum mt_role from, struct mt_span bytes)
{
    return from == MT_CLIENT ? mt_span_starts(bytes, preface)
                             : is_server_start(bytes);
}

static void start_side(struct mt_http2 *h, enum mt_role from,
                       struct mt_span bytes)
{
    struct mt_http2_side *side = &h->side[from];
    side->started = true;
    if (side->late && is_start(from, bytes))
        side->late = side->lossy = false;
    mt_hpack_init(&side->hpack, h->conn->decode->pool, side->late);
    mt_h2_frames_limit(&side->frames,
                       side->late ? LATE_FRAME_MAX : MT_H2_FRAME_MAX_DEFAULT);
    if (side->late) {
        mt_h2_search_init(&side->search, MT_H2_STREAM_MAX);
        side->searching = true;
    } else if (from == MT_CLIENT) {
        side->preface_left = PREFACE_BYTES;
    }
}

/* Bytes that are no preface are left to the frames. */
static void skip_preface(struct mt_http2_side *side, struct mt_span *in)
{
    while (side->preface_left > 0 && in->len > 0) {
        size_t at = (size_t)PREFACE_BYTES - side->preface_left;
        if (in->ptr[0] != preface.ptr[at]) {
            side->preface_left = 0;
            return;
        }
        (void)mt_span_take(in, 1);
        side->preface_left--;
    }
}

/* --- frames --- */

static void on_setting(struct mt_http2 *h, enum mt_role from,
                       const struct mt_h2_event *ev)
{
    struct mt_http2_side *other = &h->side[1 - from];
    if (ev->ack || ev->setting != MT_H2_MAX_FRAME_SIZE ||
        ev->value > MT_H2_FRAME_MAX || ev->value <= other->frames.frame_max)
        return;
    mt_h2_frames_limit(&other->frames, ev->value);
}

static void on_event(struct mt_http2 *h, const struct mt_http2_frame *frame)
{
    switch (frame->ev->type) {
    case MT_H2_DATA:
        mt_http2_on_data(h, frame);
        break;
    case MT_H2_HEADERS:
    case MT_H2_PUSH_PROMISE:
        mt_http2_on_block(h, frame);
        break;
    case MT_H2_RST_STREAM:
        mt_http2_on_reset(h, frame);
        break;
    case MT_H2_GOAWAY:
        mt_http2_on_goaway(h, frame);
        break;
    default: /* SETTINGS: h2_frame.h gives no other */
        on_setting(h, frame->from, frame->ev);
        break;
    }
}

/* As high as ids may have gone in what was lost. */
static uint32_t plausible_stream(const struct mt_http2 *h)
{
    uint32_t client = h->side[MT_CLIENT].highest;
    uint32_t server = h->side[MT_SERVER].highest;
    uint32_t highest = client > server ? client : server;
    bool known = highest > 0 && highest < MT_H2_STREAM_MAX - STREAMS_LOST_MAX;
    return known ? highest + STREAMS_LOST_MAX : MT_H2_STREAM_MAX;
}

/* Where the next frame begins is not known any more. Bytes that are no frames
 * though none was missed are the sender's fault, not the capture's. */
static void lose_sync(struct mt_http2 *h, enum mt_role from, bool gap)
{
    struct mt_http2_side *side = &h->side[from];
    const struct mt_http2_side *other = &h->side[1 - from];
    bool whole = !side->lossy && !other->lossy && other->started;
    side->garbled = !gap && (whole || side->garbled);
    mt_h2_frames_restart(&side->frames);
    mt_h2_search_init(&side->search, plausible_stream(h));
    mt_hpack_lost(&side->hpack);
    side->searching = side->lossy = true;
    h->conn->decode->stats.resyncs++;
    side->losses++;
}

/* Frames until the bytes are used up, or are none. */
static void read_frames(struct mt_http2 *h, enum mt_role from,
                        struct mt_chunk *in)
{
    struct mt_http2_side *side = &h->side[from];
    struct mt_h2_event ev;
    struct mt_http2_frame frame = {
        .ev = &ev, .chunk = in, .first = *in, .from = from};
    frame.first.bytes.len = 0;
    uint32_t starts = side->frames.starts;
    int rc;
    while ((rc = mt_h2_next(&side->frames, &in->bytes, &ev)) == MT_EVENT) {
        bool here = side->frames.event_start != starts;
        frame.first.ts_ns = here ? in->ts_ns : side->open_ts_ns;
        frame.first.packet = here ? in->packet : side->open_packet;
        on_event(h, &frame);
    }
    if (side->frames.starts != starts) {
        side->open_ts_ns = in->ts_ns;
        side->open_packet = in->packet;
    }
    if (rc == MT_EPROTO)
        lose_sync(h, from, false);
}

/* Looking for a frame. Returns false when the bytes are used up. */
static bool search(struct mt_http2 *h, enum mt_role from, struct mt_chunk *in)
{
    struct mt_http2_side *side = &h->side[from];
    struct mt_span head;
    size_t before = in->bytes.len;
    bool found = mt_h2_search_feed(&side->search, &in->bytes, &head);
    h->conn->decode->stats.undecoded_bytes += before - in->bytes.len;
    if (!found)
        return false;
    side->searching = false;
    uint8_t carried[MT_H2_HEADER_BYTES];
    if (head.len > 0)
        memcpy(carried, head.ptr, head.len);
    struct mt_chunk first = *in;
    first.bytes = (struct mt_span){carried, head.len};
    read_frames(h, from, &first);
    return true;
}

/* The server's first bytes, as long as they are a status line. */
static void read_status_line(struct mt_http2 *h, const struct mt_chunk *in)
{
    static const uint8_t shape[] = "HTTP/1.d ddd";
    uint8_t *n = &h->status_line_len;
    for (size_t i = 0; i < in->bytes.len && *n < MT_HTTP2_STATUS_LINE; i++) {
        uint8_t c = in->bytes.ptr[i];
        bool fits = shape[*n] == 'd' ? c >= '0' && c <= '9' : c == shape[*n];
        if (!fits) {
            *n = 0;
            h->answered = true;
            return;
        }
        h->status_line[(*n)++] = c;
    }
    h->answered = mt_http2_is_refused(h);
}

static int http2_feed(void *state, enum mt_role from, struct mt_chunk *in)
{
    struct mt_http2 *h = state;
    struct mt_http2_side *side = &h->side[from];
    if (!side->started)
        start_side(h, from, in->bytes);
    if (from == MT_SERVER && !side->late && !h->answered)
        read_status_line(h, in);
    if (side->preface_left > 0)
        skip_preface(side, &in->bytes);
    while (in->bytes.len > 0)
        if (!side->searching || search(h, from, in))
            read_frames(h, from, in);
    mt_http2_sweep(h, in->ts_ns);
    return MT_MORE;
}

/* --- loss and ends --- */

static void http2_gap(void *state, enum mt_role from, uint64_t n, int64_t ts_ns)
{
    struct mt_http2 *h = state;
    struct mt_http2_side *side = &h->side[from];
    if (!side->started) {
        side->late = side->lossy = true;
        return;
    }
    side->garbled = false;
    if (from == MT_SERVER && !h->answered) {
        h->answered = true;
        h->status_line_len = 0;
    }
    if (side->searching) {
        mt_h2_search_gap(&side->search, n);
        return;
    }
    if (side->preface_left > 0) {
        side->preface_left = 0;
        lose_sync(h, from, true);
        return;
    }
    struct mt_h2_event ev;
    struct mt_chunk chunk = {.ts_ns = ts_ns};
    struct mt_http2_frame frame = {
        .ev = &ev, .chunk = &chunk, .first = chunk, .from = from};
    bool has_event;
    bool inside = mt_h2_gap(&side->frames, n, &ev, &has_event);
    if (!inside) /* before the event: what it ends is known, the rest is not */
        lose_sync(h, from, true);
    if (has_event)
        on_event(h, &frame);
}

static void http2_close(void *state, enum mt_role from, enum mt_end end,
                        int64_t ts_ns)
{
    struct mt_http2 *h = state;
    const struct mt_conn *c = h->conn;
    bool both = c->ended[0] && c->ended[1];
    if (end == MT_END_FIN && from == MT_CLIENT && !both)
        return; /* answers may still come */
    mt_http2_end_all(h, from, end, ts_ns);
}

static void http2_free(void *state)
{
    struct mt_http2 *h = state;
    for (int role = 0; role < 2; role++) {
        mt_h2_frames_deinit(&h->side[role].frames);
        if (h->side[role].started)
            mt_hpack_deinit(&h->side[role].hpack);
    }
    mt_h2_streams_deinit(&h->streams);
}

const struct mt_decoder mt_http2_decoder = {
    .name = "http2",
    .state_bytes = sizeof(struct mt_http2),
    .detect = http2_detect,
    .open = http2_open,
    .feed = http2_feed,
    .gap = http2_gap,
    .close = http2_close,
    .free = http2_free,
};
