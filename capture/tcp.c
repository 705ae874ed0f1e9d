#include "capture/tcp.h"

#include "capture/tcp_order.h"

enum {
    PAYLOAD_MAX_BYTES = 1 << 24,  /* of one segment; GSO is below 2^20 */
    AHEAD_MAX_BYTES = 1 << 30,    /* the largest window, RFC 7323 */
    BEHIND_MAX_BYTES = 1 << 28,   /* an old repetition is not older */
    STRAY_BEHIND_BYTES = 1 << 20, /* nor mostly older than this */
    START_BYTES = 1 << 20,        /* of a direction joined late */
    LOWER_BYTES = 1 << 16,        /* its first packets came in disorder */
    RESET_BEHIND_BYTES = 1 << 16,
    RESET_AHEAD_BYTES = 1 << 20,
};

void mt_tcp_init(struct mt_tcp *t)
{
    *t = (struct mt_tcp){.closed = false};
}

void mt_tcp_expect(struct mt_tcp *t, int side, uint32_t seq, bool seen)
{
    struct mt_tcp_side *s = &t->side[side];
    if (seen)
        s->flags |= MT_TCP_SEEN;
    if (mt_tcp_has(s, MT_TCP_FIRM))
        return;
    s->next = seq;
    s->flags |= MT_TCP_NEXT_KNOWN | MT_TCP_FIRM;
}

bool mt_tcp_may_start(const struct mt_tcp *t, int side, uint32_t seq)
{
    const struct mt_tcp_side *s = &t->side[side];
    uint32_t first = s->next;
    if (!mt_tcp_has(s, MT_TCP_NEXT_KNOWN)) {
        if (s->queue == NULL)
            return true;
        first = s->queue->piece.seq;
    }
    int32_t on = mt_tcp_diff(first, seq);
    return on >= 0 && on <= LOWER_BYTES;
}

void mt_tcp_deinit(struct mt_tcp *t, struct mt_pool *pool)
{
    for (int side = 0; side < 2; side++)
        while (t->side[side].queue != NULL)
            mt_tcp_node_free(mt_tcp_queue_pop(&t->side[side]), pool);
}

/* ---- repetitions ---- */

static void count_repeated(struct mt_tcp *t, const struct mt_tcp_env *env,
                           int side, bool different)
{
    env->counters->retransmissions++;
    if (different)
        env->counters->retransmitted_different++;
    if (t->stats != NULL)
        t->stats->retransmissions[side]++;
}

/* True only where the bytes handed on are still known by their print. */
static bool is_different(const struct mt_tcp_side *s,
                         const struct mt_tcp_piece *p)
{
    for (unsigned i = 0; i < MT_TCP_RECENT; i++)
        if (s->recent[i].seq == p->seq && s->recent[i].len > 0 &&
            s->recent[i].len == p->bytes.len)
            return s->recent[i].print != mt_tcp_print(p->bytes);
    return false;
}

/* So many in a row are no accident: the direction goes on over there. */
static void take_stray(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                       const struct mt_tcp_piece *p)
{
    if (++t->side[side].strays < MT_TCP_STRAYS_MAX)
        return;
    mt_tcp_resync(t, env, side, p->seq);
    if (!mt_tcp_has(&t->side[side], MT_TCP_ENDED) && !t->closed)
        mt_tcp_deliver(t, env, side, p);
}

/* The segment has nothing new. */
static void take_old(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                     const struct mt_tcp_piece *p)
{
    struct mt_tcp_side *s = &t->side[side];
    int32_t behind = mt_tcp_diff(s->next, p->seq);
    if (behind == 1) { /* RFC 9293, 3.8.4: one garbage byte */
        env->counters->keep_alives++;
        return;
    }
    count_repeated(t, env, side, is_different(s, p));
    if (behind > STRAY_BEHIND_BYTES)
        take_stray(t, env, side, p);
}

/* ---- payload ---- */

/* Where a direction that was joined late starts. False: wait and see. */
static bool find_start(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                       uint32_t seq)
{
    struct mt_tcp_side *s = &t->side[side];
    if (mt_tcp_has(s, MT_TCP_NEXT_KNOWN)) {
        int32_t below = mt_tcp_diff(s->next, seq);
        if (!mt_tcp_has(s, MT_TCP_FIRM) && below > 0 && below <= LOWER_BYTES)
            s->next = seq;
        return true;
    }
    if (mt_tcp_has(s, MT_TCP_ACKED_KNOWN) && s->queue == NULL) {
        int32_t above = mt_tcp_diff(seq, s->acked);
        s->next = above >= 0 && above < START_BYTES ? s->acked : seq;
        s->flags |= MT_TCP_NEXT_KNOWN;
        return true;
    }
    if (s->queue != NULL) {
        int32_t d = mt_tcp_diff(seq, s->queue->piece.seq);
        if (d < -LOWER_BYTES || d > LOWER_BYTES) {
            mt_tcp_skip_to(t, env, side, s->queue->piece.seq);
            return true;
        }
    }
    return false;
}

/* No memory to hold p: what precedes it is given up, so that it need not be
 * held. */
static void hand_on_early(struct mt_tcp *t, const struct mt_tcp_env *env,
                          int side, struct mt_tcp_piece *p)
{
    struct mt_tcp_side *s = &t->side[side];
    env->counters->out_of_order_unheld++;
    if (mt_tcp_diff(p->seq, s->next) > 0 || !mt_tcp_has(s, MT_TCP_NEXT_KNOWN))
        mt_tcp_flush(t, env);
    if (t->closed || mt_tcp_has(s, MT_TCP_ENDED))
        return;
    mt_tcp_skip_to(t, env, side, p->seq);
    int32_t old = mt_tcp_diff(s->next, p->seq);
    if (old >= 0 && (uint32_t)old < mt_tcp_piece_len(p)) {
        mt_tcp_piece_skip(p, (uint32_t)old);
        mt_tcp_deliver(t, env, side, p);
    }
}

static void hold(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                 struct mt_tcp_piece *p)
{
    enum mt_tcp_overlap overlap = MT_TCP_FRESH;
    unsigned before = t->side[side].queued;
    bool held = mt_tcp_queue_insert(&t->side[side], env->pool, p, &overlap);
    env->counters->out_of_order += t->side[side].queued > before;
    if (overlap != MT_TCP_FRESH)
        count_repeated(t, env, side, overlap == MT_TCP_DIFFERENT);
    if (!held)
        hand_on_early(t, env, side, p);
}

/* Cut off what lies after FIN. */
static void clip_at_end(const struct mt_tcp_side *s,
                        const struct mt_tcp_env *env, struct mt_tcp_piece *p)
{
    if (!mt_tcp_has(s, MT_TCP_END_KNOWN))
        return;
    uint32_t len = mt_tcp_piece_len(p);
    int32_t room = mt_tcp_diff(s->end, p->seq);
    uint32_t most = room > 0 ? (uint32_t)room : 0;
    if (len <= most)
        return;
    env->counters->after_end_bytes += len - most;
    if (p->bytes.len > most)
        p->bytes.len = most;
    p->cut = most - (uint32_t)p->bytes.len;
}

static void take_payload(struct mt_tcp *t, const struct mt_tcp_env *env,
                         int side, struct mt_tcp_piece *p)
{
    struct mt_tcp_side *s = &t->side[side];
    if (!find_start(t, env, side, p->seq)) {
        hold(t, env, side, p);
        return;
    }
    int32_t ahead = mt_tcp_diff(p->seq, s->next);
    if (ahead > AHEAD_MAX_BYTES || ahead < -BEHIND_MAX_BYTES) {
        env->counters->misplaced++;
        take_stray(t, env, side, p);
        return;
    }
    if (ahead < 0) {
        uint32_t old = s->next - p->seq;
        if (old >= mt_tcp_piece_len(p)) {
            take_old(t, env, side, p);
            return;
        }
        count_repeated(t, env, side, false);
        mt_tcp_piece_skip(p, old);
    }
    clip_at_end(s, env, p);
    if (mt_tcp_piece_len(p) == 0)
        return;
    bool waits = p->has_ack && mt_tcp_overtakes(&t->side[1 - side], p->ack);
    if (ahead <= 0 && s->queue == NULL && !waits)
        mt_tcp_deliver(t, env, side, p);
    else
        hold(t, env, side, p);
}

/* ---- the rest of a segment ---- */

/* An acknowledgement counts only in a segment that fits its own direction, so
 * that a stray one cannot move the other direction. */
static bool take_ack(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                     const struct mt_segment *s)
{
    const struct mt_tcp_side *from = &t->side[side];
    struct mt_tcp_side *to = &t->side[1 - side];
    int32_t off = mt_tcp_diff(s->seq, from->next);
    if ((s->flags & MT_TCP_ACK) == 0 ||
        (mt_tcp_has(from, MT_TCP_NEXT_KNOWN) &&
         (off < -STRAY_BEHIND_BYTES || off > AHEAD_MAX_BYTES)))
        return false;
    if (mt_tcp_has(to, MT_TCP_NEXT_KNOWN)) {
        int32_t ahead = mt_tcp_diff(s->ack, to->next);
        if (ahead > AHEAD_MAX_BYTES || ahead < -AHEAD_MAX_BYTES)
            return false;
    }
    if (!mt_tcp_has(to, MT_TCP_ACKED_KNOWN) ||
        mt_tcp_diff(s->ack, to->acked) > 0) {
        env->counters->acks++;
        to->acked = s->ack;
        to->flags |= MT_TCP_ACKED_KNOWN;
    }
    return true;
}

static void take_end(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                     const struct mt_segment *seg, uint32_t at)
{
    struct mt_tcp_side *s = &t->side[side];
    bool reset = (seg->flags & MT_TCP_RST) != 0;
    int32_t ahead = mt_tcp_diff(at, s->next);
    if (mt_tcp_has(s, MT_TCP_NEXT_KNOWN)) {
        int32_t most = reset ? RESET_AHEAD_BYTES : AHEAD_MAX_BYTES;
        int32_t least = reset ? -RESET_BEHIND_BYTES : 0;
        if (ahead > most || ahead < least) {
            if (!mt_tcp_has(s, MT_TCP_ENDED))
                env->counters->misplaced++;
            return;
        }
    }
    if (mt_tcp_has(s, MT_TCP_END_KNOWN) && !reset)
        return; /* FIN again */
    s->end = mt_tcp_has(s, MT_TCP_ENDED) ? s->next : at;
    s->end_ts_ns = seg->ts_ns;
    s->flags |= MT_TCP_END_KNOWN;
    if (reset) { /* after FIN no data can be missing: it ends here and now */
        s->flags |= MT_TCP_END_RESET;
        s->flags &= (uint8_t)~MT_TCP_ENDED;
    }
}

static void count_segment(struct mt_tcp *t, const struct mt_tcp_env *env,
                          int side, const struct mt_segment *s)
{
    bool zero = s->window == 0 && (s->flags & (MT_TCP_RST | MT_TCP_SYN)) == 0;
    bool cut = s->payload.len < s->payload_bytes;
    if (zero)
        env->counters->zero_windows++;
    if (cut) {
        env->counters->truncated_packets++;
        env->counters->truncated_bytes += s->payload_bytes - s->payload.len;
    }
    if (t->stats != NULL) {
        t->stats->packets[side]++;
        t->stats->zero_windows[side] += zero;
        t->stats->truncated += cut;
    }
    for (int i = 0; i < 2; i++)
        if (t->side[i].waits && t->side[i].waited < UINT8_MAX)
            t->side[i].waited++;
}

/* RFC 9293, 3.8.4: a keep-alive without its garbage byte. */
static void note_probe(const struct mt_tcp *t, const struct mt_tcp_env *env,
                       int side, const struct mt_segment *s)
{
    const struct mt_tcp_side *from = &t->side[side];
    if ((s->flags & (MT_TCP_SYN | MT_TCP_FIN | MT_TCP_RST)) == 0 &&
        mt_tcp_has(from, MT_TCP_NEXT_KNOWN) &&
        !mt_tcp_has(from, MT_TCP_ENDED) && from->next - s->seq == 1)
        env->counters->keep_alives++;
}

static struct mt_tcp_piece piece_of(const struct mt_segment *s, uint32_t seq,
                                    uint32_t len, bool has_ack)
{
    struct mt_span bytes = s->payload;
    if (bytes.len > len)
        bytes.len = len;
    return (struct mt_tcp_piece){.bytes = bytes,
                                 .cut = len - (uint32_t)bytes.len,
                                 .seq = seq,
                                 .ack = s->ack,
                                 .has_ack = has_ack,
                                 .ts_ns = s->ts_ns,
                                 .packet = s->packet};
}

static bool is_holding(const struct mt_tcp_side *s)
{
    return s->waits || s->queue != NULL;
}

void mt_tcp_input(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                  const struct mt_segment *s)
{
    struct mt_tcp_side *from = &t->side[side];
    if (t->closed)
        return;
    count_segment(t, env, side, s);
    bool has_ack = take_ack(t, env, side, s);
    from->flags |= MT_TCP_SEEN;

    uint32_t seq = s->seq + ((s->flags & MT_TCP_SYN) != 0);
    uint32_t len = s->payload_bytes < PAYLOAD_MAX_BYTES ? s->payload_bytes
                                                        : PAYLOAD_MAX_BYTES;
    if (len == 0) {
        note_probe(t, env, side, s);
    } else if (mt_tcp_has(from, MT_TCP_ENDED) || (s->flags & MT_TCP_RST) != 0) {
        env->counters->after_end_bytes += len; /* in RST: a diagnostic text */
    } else {
        struct mt_tcp_piece p = piece_of(s, seq, len, has_ack);
        take_payload(t, env, side, &p);
    }
    if (t->closed)
        return;
    if ((s->flags & MT_TCP_RST) != 0)
        take_end(t, env, side, s, seq);
    else if ((s->flags & MT_TCP_FIN) != 0)
        take_end(t, env, side, s, seq + len);
    bool ends = (s->flags & (MT_TCP_FIN | MT_TCP_RST)) != 0;
    bool ahead = has_ack && mt_tcp_overtakes(&t->side[1 - side], s->ack);
    if (ends || ahead || is_holding(&t->side[0]) || is_holding(&t->side[1]))
        mt_tcp_settle(t, env);
}
