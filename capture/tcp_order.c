#include "capture/tcp_order.h"

#include <assert.h>

bool mt_tcp_overtakes(const struct mt_tcp_side *other, uint32_t ack)
{
    if (!mt_tcp_has(other, MT_TCP_SEEN) || mt_tcp_has(other, MT_TCP_ENDED))
        return false;
    if (!mt_tcp_has(other, MT_TCP_NEXT_KNOWN))
        return other->queue != NULL;
    return mt_tcp_diff(ack, other->next) > 0;
}

/* ---- handing on ---- */

static uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Samples the start, the middle and the end: body bytes that no decoder reads
 * are not worth reading for this. */
uint32_t mt_tcp_print(struct mt_span bytes)
{
    uint64_t h = bytes.len * 0x9e3779b97f4a7c15u;
    if (bytes.len >= 8) {
        h ^= load64(bytes.ptr);
        h *= 0xff51afd7ed558ccdu;
        h ^= load64(bytes.ptr + (bytes.len - 8) / 2);
        h *= 0xff51afd7ed558ccdu;
        h ^= load64(bytes.ptr + bytes.len - 8);
    } else {
        for (size_t i = 0; i < bytes.len; i++)
            h = (h ^ bytes.ptr[i]) * 0xff51afd7ed558ccdu;
    }
    h *= 0xc4ceb9fe1a85ec53u;
    return (uint32_t)(h >> 32);
}

static void remember(struct mt_tcp_side *s, const struct mt_tcp_piece *p)
{
    unsigned at = s->recent_at++ % MT_TCP_RECENT;
    s->recent[at].seq = p->seq;
    s->recent[at].len = (uint32_t)p->bytes.len;
    s->recent[at].print = mt_tcp_print(p->bytes);
}

static void lose(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                 uint32_t n)
{
    struct mt_tcp_side *s = &t->side[side];
    s->next += n;
    s->flags |= MT_TCP_FIRM;
    env->counters->gaps++;
    env->counters->gap_bytes += n;
    env->sink->gap(env->to, t, side, n, env->ts_ns);
}

void mt_tcp_deliver(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                    const struct mt_tcp_piece *p)
{
    struct mt_tcp_side *s = &t->side[side];
    assert(p->seq == s->next);
    s->next += (uint32_t)p->bytes.len;
    s->flags |= MT_TCP_FIRM;
    s->strays = 0;
    if (p->bytes.len > 0) {
        remember(s, p);
        env->counters->payload_bytes += p->bytes.len;
        struct mt_chunk chunk = {
            .bytes = p->bytes, .ts_ns = p->ts_ns, .packet = p->packet};
        env->sink->feed(env->to, t, side, &chunk);
    }
    if (p->cut > 0)
        lose(t, env, side, p->cut);
}

void mt_tcp_skip_to(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                    uint32_t to)
{
    struct mt_tcp_side *s = &t->side[side];
    int32_t n = mt_tcp_diff(to, s->next);
    if (!mt_tcp_has(s, MT_TCP_NEXT_KNOWN)) {
        s->next = to; /* joined late: nothing is known to be missing */
        s->flags |= MT_TCP_NEXT_KNOWN;
        return;
    }
    if (n <= 0)
        return;
    if (mt_tcp_has(s, MT_TCP_ACKED_KNOWN) && mt_tcp_diff(s->acked, to) >= 0)
        env->counters->acked_gaps++;
    lose(t, env, side, (uint32_t)n);
}

/* ---- what is in order ---- */

/* The first node, once its turn has come: only its bytes from next on. */
static bool drain_node(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                       bool regardless)
{
    struct mt_tcp_side *s = &t->side[side];
    struct mt_tcp_node *n = s->queue;
    if (n == NULL || !mt_tcp_has(s, MT_TCP_NEXT_KNOWN))
        return false;
    int32_t ahead = mt_tcp_diff(n->piece.seq, s->next);
    bool waits =
        n->piece.has_ack && mt_tcp_overtakes(&t->side[1 - side], n->piece.ack);
    if (ahead > 0 || (waits && !regardless))
        return false;

    n = mt_tcp_queue_pop(s);
    struct mt_tcp_piece p = n->piece;
    uint32_t old = s->next - p.seq;
    if (old < mt_tcp_piece_len(&p)) {
        mt_tcp_piece_skip(&p, old);
        mt_tcp_deliver(t, env, side, &p);
    }
    mt_tcp_node_free(n, env->pool);
    return true;
}

static bool end_reached(const struct mt_tcp_side *s)
{
    return mt_tcp_has(s, MT_TCP_END_KNOWN) && !mt_tcp_has(s, MT_TCP_ENDED) &&
           (!mt_tcp_has(s, MT_TCP_NEXT_KNOWN) ||
            mt_tcp_diff(s->end, s->next) <= 0);
}

static bool drain_end(struct mt_tcp *t, const struct mt_tcp_env *env, int side)
{
    struct mt_tcp_side *s = &t->side[side];
    bool reset = mt_tcp_has(s, MT_TCP_END_RESET);
    if (!end_reached(s) || s->queue != NULL)
        return false;
    s->flags |= MT_TCP_ENDED;
    if (mt_tcp_has(s, MT_TCP_NEXT_KNOWN) && !reset)
        s->next = s->end + 1; /* FIN takes a number */
    if (reset) {              /* all that came before it was sent before it */
        mt_tcp_flush(t, env);
        if (t->closed)
            return false;
    }
    t->closed = reset || mt_tcp_has(&t->side[1 - side], MT_TCP_ENDED);
    env->sink->end(env->to, t, side, reset ? MT_END_RST : MT_END_FIN,
                   s->end_ts_ns);
    return true;
}

/* Each step of one side may free the other. */
static void drain(struct mt_tcp *t, const struct mt_tcp_env *env)
{
    bool moved;
    do {
        moved = false;
        for (int side = 0; side < 2; side++) {
            while (!t->closed && drain_node(t, env, side, false))
                moved = true;
            if (!t->closed && drain_end(t, env, side))
                moved = true;
        }
    } while (moved);
}

/* ---- what is missing ---- */

/* Something is known to lie above a hole: *to is where the hole ends at most,
 * *acked tells that the other side has what is in it. */
static bool hole_of(const struct mt_tcp_side *s, uint32_t *to, bool *acked)
{
    if (!mt_tcp_has(s, MT_TCP_NEXT_KNOWN) || !mt_tcp_has(s, MT_TCP_SEEN) ||
        mt_tcp_has(s, MT_TCP_ENDED))
        return false;
    bool known = false;
    if (s->queue != NULL) {
        *to = s->queue->piece.seq;
        known = true;
    } else if (mt_tcp_has(s, MT_TCP_END_KNOWN)) {
        *to = s->end;
        known = true;
    }
    int32_t got = mt_tcp_diff(s->acked, s->next);
    *acked = mt_tcp_has(s, MT_TCP_ACKED_KNOWN) && got > 0;
    if (*acked && (!known || mt_tcp_diff(s->acked, *to) < 0))
        *to = s->acked;
    return (known || *acked) && mt_tcp_diff(*to, s->next) > 0;
}

/* The other side is gone, and one number more than the data was acknowledged:
 * that was the FIN, which the capture lost. */
static bool lost_fin(const struct mt_tcp *t, int side, uint32_t to)
{
    const struct mt_tcp_side *s = &t->side[side];
    return s->queue == NULL && !mt_tcp_has(s, MT_TCP_END_KNOWN) &&
           to - s->next == 1 && mt_tcp_has(&t->side[1 - side], MT_TCP_ENDED);
}

/* Not beyond what the other side knew when it said its next word: two lost
 * responses with a request between them are two gaps, not one before it. */
static uint32_t in_turn(const struct mt_tcp *t, int side, uint32_t to)
{
    uint32_t from = t->side[side].next;
    const struct mt_tcp_node *n = t->side[1 - side].queue;
    if (n == NULL || !n->piece.has_ack)
        return to;
    int32_t known = mt_tcp_diff(n->piece.ack, from);
    return known > 0 && known < mt_tcp_diff(to, from) ? n->piece.ack : to;
}

static bool give_up_hole(struct mt_tcp *t, const struct mt_tcp_env *env,
                         int side)
{
    struct mt_tcp_side *s = &t->side[side];
    uint32_t to;
    bool acked;
    if (!hole_of(s, &to, &acked))
        return false;
    if (lost_fin(t, side, to)) {
        s->end = s->next;
        s->end_ts_ns = env->ts_ns;
        s->flags |= MT_TCP_END_KNOWN;
    } else {
        mt_tcp_skip_to(t, env, side, in_turn(t, side, to));
    }
    return true;
}

static bool start_late(struct mt_tcp *t, const struct mt_tcp_env *env, int side)
{
    struct mt_tcp_side *s = &t->side[side];
    if (mt_tcp_has(s, MT_TCP_NEXT_KNOWN) || s->queue == NULL)
        return false;
    mt_tcp_skip_to(t, env, side, s->queue->piece.seq);
    return true;
}

/* Only this side was captured, and it has closed: nothing more will come. */
static bool alone_at_end(const struct mt_tcp *t, int side)
{
    return mt_tcp_has(&t->side[side], MT_TCP_ENDED) &&
           !mt_tcp_has(&t->side[1 - side], MT_TCP_SEEN);
}

/* Take away one obstacle on the way of this side. In order, a side waits for
 * its own hole, then for what the other side said before. Each waiting for
 * the other is no TCP, but must not last. */
static void force(struct mt_tcp *t, const struct mt_tcp_env *env, int side)
{
    if (start_late(t, env, side) || give_up_hole(t, env, side) ||
        start_late(t, env, 1 - side) || give_up_hole(t, env, 1 - side) ||
        drain_node(t, env, side, true)) {
        drain(t, env);
        return;
    }
    assert(alone_at_end(t, side));
    t->closed = true;
}

static bool is_waiting(const struct mt_tcp *t, int side)
{
    const struct mt_tcp_side *s = &t->side[side];
    uint32_t to;
    bool acked;
    return !t->closed && (s->queue != NULL || hole_of(s, &to, &acked) ||
                          alone_at_end(t, side));
}

static bool over_bounds(const struct mt_tcp_side *s)
{
    uint32_t most = mt_tcp_has(s, MT_TCP_ACKED_KNOWN) ? MT_TCP_QUEUE_BYTES
                                                      : MT_TCP_BLIND_BYTES;
    return s->queued_bytes > most || s->queued > MT_TCP_QUEUE_SEGMENTS;
}

/* What may still be on the wire is waited for; what the other side has, or a
 * reset cut off, can only be late by the reordering of the capture. */
static bool is_overdue(const struct mt_tcp *t, int side, int64_t now_ns)
{
    const struct mt_tcp_side *s = &t->side[side];
    if (!s->waits)
        return false;
    int64_t age_ns = now_ns - s->waits_ns;
    if (over_bounds(s) || age_ns >= MT_TCP_HOLE_NS)
        return true;
    if (s->waited <= MT_TCP_REORDER_PACKETS && age_ns < MT_TCP_REORDER_NS)
        return false;
    uint32_t to;
    bool acked;
    bool hole = hole_of(s, &to, &acked);
    return (hole && (acked || mt_tcp_has(s, MT_TCP_END_RESET))) ||
           (!mt_tcp_has(s, MT_TCP_NEXT_KNOWN) && s->queue != NULL);
}

/* Waiting starts again whenever the side moved. */
static void note_wait(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                      bool moved)
{
    struct mt_tcp_side *s = &t->side[side];
    bool waits = is_waiting(t, side);
    if (waits && (!s->waits || moved)) {
        s->waits_ns = env->now_ns;
        s->waited = 0;
    }
    s->waits = waits;
}

static void force_noted(struct mt_tcp *t, const struct mt_tcp_env *env,
                        int side)
{
    uint32_t before[2] = {t->side[0].next, t->side[1].next};
    force(t, env, side);
    for (int s = 0; s < 2; s++)
        note_wait(t, env, s, s == side || t->side[s].next != before[s]);
}

static void give_up_overdue(struct mt_tcp *t, const struct mt_tcp_env *env)
{
    for (;;) {
        bool overdue[2] = {is_overdue(t, 0, env->now_ns),
                           is_overdue(t, 1, env->now_ns)};
        if (!overdue[0] && !overdue[1])
            return;
        force_noted(t, env, overdue[0] ? 0 : 1);
    }
}

void mt_tcp_settle(struct mt_tcp *t, const struct mt_tcp_env *env)
{
    uint32_t before[2] = {t->side[0].next, t->side[1].next};
    drain(t, env);
    for (int side = 0; side < 2; side++)
        note_wait(t, env, side, t->side[side].next != before[side]);
    give_up_overdue(t, env);
}

/* A SYN that came late may have ended the waiting. */
void mt_tcp_tick(struct mt_tcp *t, const struct mt_tcp_env *env)
{
    note_wait(t, env, 0, false);
    note_wait(t, env, 1, false);
    give_up_overdue(t, env);
}

void mt_tcp_flush(struct mt_tcp *t, const struct mt_tcp_env *env)
{
    while (is_waiting(t, 0) || is_waiting(t, 1)) {
        const struct mt_tcp_node *a = t->side[0].queue, *b = t->side[1].queue;
        int side = is_waiting(t, 0) ? 0 : 1;
        if (a != NULL && b != NULL && b->piece.ts_ns < a->piece.ts_ns)
            side = 1;
        force_noted(t, env, side);
    }
}

void mt_tcp_resync(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                   uint32_t seq)
{
    struct mt_tcp_side *s = &t->side[side];
    mt_tcp_flush(t, env);
    if (t->closed || mt_tcp_has(s, MT_TCP_ENDED))
        return;
    s->next = seq;
    s->acked = seq;
    s->strays = 0;
    s->flags &=
        (uint8_t) ~(MT_TCP_ACKED_KNOWN | MT_TCP_END_KNOWN | MT_TCP_END_RESET);
    env->counters->resyncs++;
    env->counters->gaps_unknown++;
    env->sink->gap(env->to, t, side, UINT64_MAX, env->ts_ns);
}
