#include "decode/conn.h"

#include <assert.h>

enum {
    HOLD_CHUNKS = 8,
    /* A connection seen from its start that no decoder knows by then is left
     * alone; one joined late is looked at for as long as it lives. */
    UNDETECTED_MAX_BYTES = 65536,
    CONN_TEXT_MAX_BYTES = 2048,
};

/* Bytes that detection waits on, and the packets they came in. */
struct mt_hold {
    size_t room; /* for bytes */
    size_t len;
    unsigned chunks;
    struct {
        size_t len;
        int64_t ts_ns;
        uint64_t packet;
    } chunk[HOLD_CHUNKS];
    uint8_t bytes[];
};

static const struct mt_span no_bytes = {.ptr = NULL, .len = 0};

/* ---- layers ---- */

static struct mt_layer *layer_new(struct mt_conn *c, unsigned depth)
{
    struct mt_layer *l = mt_pool_zalloc(c->decode->pool, sizeof *l);
    if (l != NULL) {
        l->conn = c;
        l->depth = (uint8_t)depth;
    }
    return l;
}

static void free_held(struct mt_pool *pool, struct mt_hold *h)
{
    if (h != NULL)
        mt_pool_free(pool, h, sizeof *h + h->room);
}

static void hold_free(struct mt_layer *l, int side)
{
    free_held(l->conn->decode->pool, l->hold[side]);
    l->hold[side] = NULL;
}

/* A datagram does not begin where the one before it ended: nothing of it is
 * missing for having passed that one over. */
static void pass_over(struct mt_layer *l, int side, size_t n, int64_t ts_ns,
                      uint64_t packet)
{
    if (n == 0 || l->conn->datagrams)
        return;
    if (!l->skipped[side]) {
        l->first[side].ts_ns = ts_ns;
        l->first[side].packet = packet;
    }
    l->skipped[side] = true;
    l->undetected_bytes += n;
    l->conn->decode->stats.undecoded_bytes += n;
}

static void drop_hold(struct mt_layer *l, int side)
{
    if (l->hold[side] == NULL)
        return;
    const struct mt_hold *h = l->hold[side];
    pass_over(l, side, h->len, h->chunk[0].ts_ns, h->chunk[0].packet);
    hold_free(l, side);
}

static void decoder_free(struct mt_layer *l)
{
    if (l->decoder == NULL)
        return;
    l->decoder->free(l->state);
    mt_pool_free(l->conn->decode->pool, l->state, l->decoder->state_bytes);
    l->decoder = NULL;
    l->state = NULL;
}

static void layer_free(struct mt_layer *l)
{
    if (l == NULL)
        return;
    layer_free(l->inner);
    l->inner = NULL;
    decoder_free(l);
    drop_hold(l, 0);
    drop_hold(l, 1);
    mt_pool_free(l->conn->decode->pool, l, sizeof *l);
}

struct mt_layer *mt_layer_inside(struct mt_layer *l, struct mt_span alpn)
{
    if (l->inner == NULL && l->depth + 1 < MT_LAYERS_MAX) {
        l->inner = layer_new(l->conn, l->depth + 1u);
        if (l->inner != NULL)
            l->inner->alpn = alpn;
    }
    if (l->inner == NULL)
        l->conn->decode->stats.layers_refused++;
    return l->inner;
}

static int decoder_open(struct mt_layer *l, const struct mt_decoder *decoder,
                        const struct mt_switch_request *sw)
{
    struct mt_pool *pool = l->conn->decode->pool;
    void *state = NULL;
    if (decoder->state_bytes > 0) {
        state = mt_pool_zalloc(pool, decoder->state_bytes);
        if (state == NULL)
            return -1;
    }
    if (decoder->open(state, l, sw) != 0) {
        mt_pool_free(pool, state, decoder->state_bytes);
        return -1;
    }
    l->decoder = decoder;
    l->state = state;
    l->told[0] = l->told[1] = false;
    return 0;
}

/* The opaque decoder has no state: opening it cannot fail. */
static void open_or_opaque(struct mt_layer *l, const struct mt_decoder *decoder,
                           const struct mt_switch_request *sw)
{
    if (decoder_open(l, decoder, sw) == 0)
        return;
    l->conn->decode->stats.layers_refused++;
    if (sw != NULL && sw->draft != NULL)
        mt_draft_finish(sw->draft, MT_ERROR_EVICTED, l->conn->last_ns);
    int opened = decoder_open(l, &mt_opaque_decoder, NULL);
    assert(opened == 0);
}

/* ---- detection ---- */

static bool is_fresh(const struct mt_layer *l, int side)
{
    return !l->skipped[side] && (l->depth > 0 || !l->conn->midstream);
}

/* Its first bytes were seen, and fitted nobody. */
static bool has_strayed(const struct mt_layer *l, int side)
{
    return l->skipped[side] && !l->lost[side] &&
           (l->depth > 0 || !l->conn->midstream);
}

static struct mt_span held(const struct mt_layer *l, int side)
{
    const struct mt_hold *h = l->hold[side];
    return h != NULL ? (struct mt_span){.ptr = h->bytes, .len = h->len}
                     : no_bytes;
}

struct choice {
    const struct mt_decoder *decoder; /* NULL: none yet */
    int client;
    bool more; /* some decoder wants more bytes */
};

/* The first sure decoder wins; a likely one, once nobody waits for more. */
static struct choice choose(const struct mt_probe *p)
{
    struct choice c = {.client = -1};
    const struct mt_decoder *const *list =
        p->datagram ? mt_datagram_decoders : mt_decoders;
    for (size_t i = 0; list[i] != NULL; i++) {
        struct mt_verdict v = list[i]->detect(p);
        if (v.match == MT_MATCH_SURE)
            return (struct choice){list[i], v.client, false};
        if (v.match == MT_MATCH_MORE)
            c.more = true;
        if (v.match == MT_MATCH_LIKELY && c.decoder == NULL) {
            c.decoder = list[i];
            c.client = v.client;
        }
    }
    return c;
}

static struct mt_probe probe_of(const struct mt_layer *l, int side,
                                struct mt_span bytes)
{
    const struct mt_conn *c = l->conn;
    bool known = c->role_evidence == MT_ROLE_BY_SYN ||
                 c->role_evidence == MT_ROLE_BY_PROTOCOL;
    struct mt_probe p = {.client = known ? c->client : -1,
                         .alpn = l->alpn,
                         .datagram = c->datagrams};
    for (int s = 0; s < 2; s++) {
        p.bytes[s] = s == side ? bytes : held(l, s);
        p.fresh[s] = is_fresh(l, s);
        p.strayed[s] = has_strayed(l, s);
        p.port[s] = c->addr[s].port;
    }
    return p;
}

/* A SYN outranks what the bytes look like; they outrank every guess. */
static void take_role(struct mt_conn *c, int client)
{
    if (client < 0 || c->role_evidence == MT_ROLE_BY_SYN)
        return;
    c->client = client;
    c->role_evidence = MT_ROLE_BY_PROTOCOL;
}

static void feed_decoder(struct mt_layer *l, int side, struct mt_chunk *in);

static void replay(struct mt_layer *l, int side, struct mt_hold *h)
{
    size_t at = 0;
    for (unsigned i = 0; i < h->chunks; i++) {
        struct mt_chunk chunk = {.bytes = {h->bytes + at, h->chunk[i].len},
                                 .ts_ns = h->chunk[i].ts_ns,
                                 .packet = h->chunk[i].packet};
        at += h->chunk[i].len;
        feed_decoder(l, side, &chunk);
    }
}

/* A direction may have ended before its decoder was known. */
static void tell_end(struct mt_layer *l, int side)
{
    if (l->decoder == NULL || !l->ended[side] || l->told[side])
        return;
    l->told[side] = true;
    l->decoder->close(l->state, mt_conn_role(l->conn, side), MT_END_FIN,
                      l->conn->last_ns);
}

/* What was held goes first, the client's side before the server's. */
static void adopt(struct mt_layer *l, const struct choice *choice, int side,
                  struct mt_chunk *in)
{
    struct mt_conn *c = l->conn;
    take_role(c, choice->client);
    bool fresh[2] = {is_fresh(l, 0), is_fresh(l, 1)};
    l->joined_late[MT_CLIENT] = !fresh[mt_conn_side(c, MT_CLIENT)];
    l->joined_late[MT_SERVER] = !fresh[mt_conn_side(c, MT_SERVER)];
    l->strayed[MT_CLIENT] = has_strayed(l, mt_conn_side(c, MT_CLIENT));
    l->strayed[MT_SERVER] = has_strayed(l, mt_conn_side(c, MT_SERVER));
    bool start = fresh[0] && fresh[1];
    l->detection = start ? MT_DETECTED_START : MT_DETECTED_MIDSTREAM;
    if (l->depth > 0)
        l->detection = MT_DETECTED_ALPN;
    c->detection = l->detection;
    if (choice->decoder != &mt_opaque_decoder && !choice->decoder->prefix)
        c->decoded = true;

    struct mt_hold *hold[2] = {l->hold[0], l->hold[1]};
    l->hold[0] = l->hold[1] = NULL;
    open_or_opaque(l, choice->decoder, NULL);
    int order[2] = {c->client, 1 - c->client};
    for (int i = 0; i < 2; i++) {
        int s = order[i];
        if (hold[s] != NULL)
            replay(l, s, hold[s]);
        if (s == side)
            feed_decoder(l, side, in);
        tell_end(l, s);
        free_held(c->decode->pool, hold[s]);
    }
}

/* Keep the chunk for when more is known. False: no room for it. */
static bool hold(struct mt_layer *l, int side, const struct mt_chunk *in)
{
    struct mt_hold *h = l->hold[side];
    if (h == NULL) {
        /* of datagrams one is kept, and no room for more */
        size_t room =
            l->conn->datagrams ? in->bytes.len : (size_t)MT_DETECT_MAX_BYTES;
        h = mt_pool_alloc(l->conn->decode->pool, sizeof *h + room);
        if (h == NULL)
            return false;
        h->room = room;
        h->len = 0;
        h->chunks = 0;
        l->hold[side] = h;
    }
    if (in->bytes.len > h->room - h->len)
        return false;
    memcpy(h->bytes + h->len, in->bytes.ptr, in->bytes.len);
    h->len += in->bytes.len;
    if (h->chunks == HOLD_CHUNKS) { /* a byte a segment: one moment for all */
        h->chunk[h->chunks - 1].len += in->bytes.len;
        return true;
    }
    h->chunk[h->chunks].len = in->bytes.len;
    h->chunk[h->chunks].ts_ns = in->ts_ns;
    h->chunk[h->chunks].packet = in->packet;
    h->chunks++;
    return true;
}

static bool give_up(const struct mt_layer *l)
{
    return l->undetected_bytes > UNDETECTED_MAX_BYTES && !l->conn->midstream;
}

/* Some decoder may want these bytes, once more of them have come. */
static void wait_for_more(struct mt_layer *l, int side, struct mt_chunk *in,
                          bool waiting)
{
    if (waiting || hold(l, side, in))
        return;
    l->lost[side] = true; /* nobody has declined them */
    drop_hold(l, side);
    pass_over(l, side, in->bytes.len, in->ts_ns, in->packet);
}

/* Nobody wants them. */
static void decline(struct mt_layer *l, int side, struct mt_chunk *in,
                    bool waiting)
{
    if (waiting)
        drop_hold(l, side);
    else
        pass_over(l, side, in->bytes.len, in->ts_ns, in->packet);
    if (!give_up(l))
        return;
    adopt(l, &(struct choice){&mt_opaque_decoder, -1, false}, side,
          &(struct mt_chunk){.bytes = no_bytes});
    struct mt_conn *c = l->conn;
    if (!c->decoded && c->l4 == NULL) /* it may run for days from here */
        c->l4 = mt_draft_new(c, 0, c->start_ns);
}

static void detect(struct mt_layer *l, int side, struct mt_chunk *in)
{
    if (l->conn->datagrams)
        drop_hold(l, side);
    bool waiting = l->hold[side] != NULL;
    if (waiting && !hold(l, side, in)) {
        l->lost[side] = true;
        drop_hold(l, side); /* it never became clear: start at this chunk */
        waiting = false;
    }
    struct mt_probe p = probe_of(l, side, waiting ? held(l, side) : in->bytes);
    struct choice choice = choose(&p);
    if (choice.decoder != NULL && !choice.more) {
        if (waiting)
            in->bytes.len = 0; /* it is at the end of the hold */
        adopt(l, &choice, side, in);
        return;
    }
    if (choice.more || choice.decoder != NULL)
        wait_for_more(l, side, in, waiting);
    else
        decline(l, side, in, waiting);
    in->bytes.len = 0;
}

/* ---- feeding ---- */

static const struct mt_decoder *target_of(enum mt_switch to)
{
    switch (to) {
    case MT_SWITCH_WEBSOCKET:
        return &mt_websocket_decoder;
    case MT_SWITCH_H2:
        return &mt_http2_decoder;
    default:
        return &mt_opaque_decoder;
    }
}

static void switch_decoder(struct mt_layer *l)
{
    struct mt_switch_request sw = l->decoder->request(l->state);
    struct mt_decoder const *old = l->decoder;
    void *state = l->state; /* sw may borrow from it: freed last */
    l->decoder = NULL;
    l->state = NULL;
    if (sw.to != MT_SWITCH_DETECT) {
        l->detection = MT_DETECTED_UPGRADE;
        l->conn->detection = l->detection;
        open_or_opaque(l, target_of(sw.to), &sw);
        tell_end(l, 0);
        tell_end(l, 1);
    }
    for (int role = 0; role < 2; role++)
        for (struct mt_held *h = sw.held[role]; h != NULL; h = h->next)
            mt_layer_feed(l, (enum mt_role)role, &h->chunk);
    old->free(state);
    mt_pool_free(l->conn->decode->pool, state, old->state_bytes);
}

static void feed_decoder(struct mt_layer *l, int side, struct mt_chunk *in)
{
    while (in->bytes.len > 0) {
        if (l->decoder == NULL) {
            detect(l, side, in);
            return;
        }
        enum mt_role from = mt_conn_role(l->conn, side);
        if (l->conn->datagrams) {
            l->conn->decode->stats.datagrams++;
            l->decoder->datagram(l->state, from, in);
            return;
        }
        if (l->decoder == &mt_opaque_decoder)
            l->conn->decode->stats.undecoded_bytes += in->bytes.len;
        if (l->decoder->feed(l->state, from, in) == MT_DONE)
            switch_decoder(l);
        else
            assert(in->bytes.len == 0);
    }
}

void mt_layer_feed(struct mt_layer *l, enum mt_role from,
                   struct mt_chunk *chunk)
{
    feed_decoder(l, mt_conn_side(l->conn, from), chunk);
}

void mt_layer_gap(struct mt_layer *l, enum mt_role from, uint64_t n,
                  int64_t ts_ns)
{
    if (l->decoder != NULL) {
        l->decoder->gap(l->state, from, n, ts_ns);
        return;
    }
    int side = mt_conn_side(l->conn, from);
    drop_hold(l, side);
    l->skipped[side] = l->lost[side] = true;
}

void mt_layer_close(struct mt_layer *l, enum mt_role from, enum mt_end end,
                    int64_t ts_ns)
{
    if (end == MT_END_FIN) {
        int side = mt_conn_side(l->conn, from);
        l->ended[side] = true;
        tell_end(l, side);
    } else if (l->decoder != NULL) {
        l->decoder->close(l->state, from, end, ts_ns);
    }
}

/* ---- the connection ---- */

struct mt_conn *mt_conn_new(struct mt_decode *d,
                            const struct mt_conn_start *start)
{
    struct mt_conn *c = mt_pool_zalloc(d->pool, sizeof *c);
    if (c == NULL)
        return NULL;
    c->decode = d;
    c->addr[0] = start->addr[0];
    c->addr[1] = start->addr[1];
    c->client = start->client >= 0 ? start->client : 0;
    c->role_evidence = start->role_evidence;
    c->midstream = start->midstream;
    c->datagrams = start->datagrams;
    c->copy = start->copy;
    c->caller = start->caller;
    c->start_ns = c->last_ns = c->told_ns = start->ts_ns;
    c->tls.alert = 255;
    c->reset_by = -1;
    mt_arena_init(&c->text, d->pool, CONN_TEXT_MAX_BYTES);
    c->top = layer_new(c, 0);
    if (c->top == NULL) {
        mt_pool_free(d->pool, c, sizeof *c);
        return NULL;
    }
    c->id = ++d->conns;
    return c;
}

/* ---- reports ---- */

#define REPORT_NS INT64_C(1000000000)

static void append_report(struct mt_decode *d, struct mt_report *p)
{
    p->next = NULL;
    if (d->last_report != NULL)
        d->last_report->next = p;
    else
        d->reports = p;
    d->last_report = p;
}

static struct mt_conn_report news_of(const struct mt_conn *c)
{
    struct mt_conn_report r = {.conn = c->id, .opened = !c->opened};
    for (int role = 0; role < 2; role++) {
        int side = mt_conn_side(c, (enum mt_role)role);
        r.retransmissions[role] =
            c->stats.retransmissions[side] - c->told.retransmissions[side];
        r.zero_windows[role] =
            c->stats.zero_windows[side] - c->told.zero_windows[side];
    }
    if (c->told.handshake_rtt_ns == 0)
        r.handshake_ns = c->stats.handshake_rtt_ns;
    return r;
}

static bool is_news(const struct mt_conn_report *r)
{
    return r->opened || r->closed || r->handshake_ns != 0 ||
           (r->retransmissions[0] | r->retransmissions[1] | r->zero_windows[0] |
            r->zero_windows[1]) != 0;
}

/* What finds no memory is told the next time. */
static void tell(struct mt_conn *c, bool closed, int64_t ts_ns)
{
    struct mt_conn_report r = news_of(c);
    r.ts_ns = ts_ns;
    r.closed = closed;
    c->told_ns = ts_ns;
    if (!is_news(&r))
        return;
    struct mt_report *p = mt_pool_alloc(c->decode->pool, sizeof *p);
    if (p == NULL) {
        c->decode->stats.reports_refused += closed;
        return;
    }
    p->r = r;
    append_report(c->decode, p);
    c->told = c->stats;
    c->opened = true;
}

void mt_conn_report(struct mt_conn *c, int64_t now_ns)
{
    if (c->decode->config.reports && c->known &&
        now_ns - c->told_ns >= REPORT_NS)
        tell(c, false, now_ns);
}

/* ---- feeding the connection ---- */

static void seen_at(struct mt_conn *c, int side, int64_t ts_ns)
{
    c->seen[side] = true;
    if (ts_ns > c->last_ns)
        c->last_ns = ts_ns;
}

void mt_conn_feed(struct mt_conn *c, int side, const struct mt_chunk *chunk)
{
    if (c->closed)
        return;
    seen_at(c, side, chunk->ts_ns);
    struct mt_chunk in = *chunk;
    feed_decoder(c->top, side, &in);
    mt_conn_report(c, c->last_ns);
}

bool mt_conn_may_decode(struct mt_span bytes, size_t whole_bytes)
{
    for (size_t i = 0; mt_datagram_decoders[i] != NULL; i++)
        if (mt_datagram_decoders[i]->may_be(bytes, whole_bytes))
            return true;
    return false;
}

void mt_conn_datagram(struct mt_conn *c, int side,
                      const struct mt_chunk *datagram)
{
    assert(c->datagrams);
    mt_conn_feed(c, side, datagram);
}

void mt_conn_gap(struct mt_conn *c, int side, uint64_t n, int64_t ts_ns)
{
    if (c->closed)
        return;
    seen_at(c, side, ts_ns);
    mt_layer_gap(c->top, mt_conn_role(c, side), n, ts_ns);
}

void mt_conn_end(struct mt_conn *c, int side, enum mt_end end, int64_t ts_ns)
{
    if (c->closed || (end == MT_END_FIN && c->ended[side]))
        return;
    if (ts_ns > c->last_ns)
        c->last_ns = ts_ns;
    c->ended[side] = true;
    c->closed = end != MT_END_FIN || c->ended[1 - side];
    if (end == MT_END_RST)
        c->reset_by = (int8_t)side;
    mt_layer_close(c->top, mt_conn_role(c, side), end, ts_ns);
}

static enum mt_error error_of(const struct mt_conn *c, enum mt_end end)
{
    if (c->reset_by >= 0)
        return c->reset_by == c->client ? MT_ERROR_RESET_BY_CLIENT
                                        : MT_ERROR_RESET_BY_SERVER;
    if (c->closed)
        return MT_ERROR_NONE;
    switch (end) {
    case MT_END_CAPTURE:
        return MT_ERROR_CAPTURE_END;
    case MT_END_EVICTED:
        return MT_ERROR_EVICTED;
    default:
        return MT_ERROR_NONE;
    }
}

void mt_conn_fill_l4(const struct mt_conn *c, struct mt_exchange *x)
{
    x->protocol = MT_PROTOCOL_TCP;
    x->kind = MT_KIND_L4;
    struct mt_message *message[2] = {&x->req, &x->resp}; /* by role */
    for (int role = 0; role < 2; role++) {
        int side = mt_conn_side(c, (enum mt_role)role);
        if (!c->seen[side] && role == MT_SERVER)
            continue;
        message[role]->start_ns = c->start_ns;
        message[role]->end_ns = c->last_ns;
        message[role]->body_bytes = c->stats.bytes[side];
        message[role]->gap_bytes = c->stats.gap_bytes[side];
    }
}

/* One row for a connection whose protocol nobody knew. */
static void write_l4_row(struct mt_conn *c, enum mt_error error, int64_t ts_ns)
{
    struct mt_draft *r = c->l4;
    if (r == NULL)
        r = mt_draft_new(c, 0, c->start_ns);
    c->l4 = NULL;
    if (r == NULL)
        return;
    mt_conn_fill_l4(c, &r->x);
    mt_draft_finish(r, error, ts_ns);
}

void mt_conn_free(struct mt_conn *c, enum mt_end end, int64_t ts_ns)
{
    if (c == NULL)
        return;
    struct mt_decode *d = c->decode;
    enum mt_error error = error_of(c, end);
    if (end == MT_END_FIN) {
        mt_conn_end(c, 0, end, ts_ns);
        mt_conn_end(c, 1, end, ts_ns);
    } else if (!c->closed) {
        c->closed = true;
        mt_layer_close(c->top, MT_CLIENT, end, ts_ns);
    }
    if (!c->decoded && !c->datagrams)
        write_l4_row(c, error, c->last_ns);
    if (c->decode->config.reports && c->known)
        tell(c, true, c->last_ns);
    layer_free(c->top);
    mt_arena_deinit(&c->text);
    mt_pool_free(d->pool, c, sizeof *c);
}

void mt_conn_refused(struct mt_decode *d, const struct mt_conn_start *start,
                     enum mt_error error, int64_t ts_ns)
{
    struct mt_conn c = {.decode = d,
                        .id = ++d->conns,
                        .addr = {start->addr[0], start->addr[1]},
                        .role_evidence = start->role_evidence,
                        .start_ns = start->ts_ns,
                        .last_ns = start->ts_ns,
                        .reset_by = -1,
                        .tls = {.alert = 255}};
    write_l4_row(&c, error, ts_ns);
}
