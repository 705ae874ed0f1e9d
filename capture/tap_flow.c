#include "capture/tap_flow.h"

#include <assert.h>

#define MS_NS 1000000
#define SECOND_NS 1000000000
#define CHECK_NS (100 * (int64_t)MS_NS)

enum { HANDSHAKE_BYTES = 1 << 16 }; /* data in SYN, or a window */

static_assert(sizeof(struct mt_tcp_flow) <= 256, "one pool class");

static const int64_t idle_ns[] = {
#define X(name, idle_s, help) [MT_FLOW_##name] = idle_s * (int64_t)SECOND_NS,
    MT_FLOW_LISTS(X)
#undef X
};

static struct mt_tcp_env env_of(struct mt_tap *tap)
{
    return (struct mt_tcp_env){.pool = &tap->pool,
                               .sink = &mt_tap_tcp_sink,
                               .to = tap,
                               .counters = &tap->tcp,
                               .now_ns = tap->now_ns,
                               .ts_ns = tap->clock_ns};
}

/* ---- flows that wait for something missing ---- */

static void wait_take(struct mt_tap *tap, struct mt_tcp_flow *w)
{
    if (w->check_ns == 0)
        return;
    struct mt_tap_wait *l = &tap->wait;
    if (w->prev != NULL)
        w->prev->next = w->next;
    else
        l->first = w->next;
    if (w->next != NULL)
        w->next->prev = w->prev;
    else
        l->last = w->prev;
    w->check_ns = 0;
}

static void wait_append(struct mt_tap *tap, struct mt_tcp_flow *w)
{
    struct mt_tap_wait *l = &tap->wait;
    w->check_ns = tap->now_ns + CHECK_NS;
    w->next = NULL;
    w->prev = l->last;
    if (l->last != NULL)
        l->last->next = w;
    else
        l->first = w;
    l->last = w;
}

static void wait_update(struct mt_tap *tap, struct mt_tcp_flow *w)
{
    bool stalled = mt_tcp_stalled(&w->tcp);
    if (!stalled)
        wait_take(tap, w);
    else if (w->check_ns == 0)
        wait_append(tap, w);
}

/* ---- the end of a flow ---- */

static void drop_tcp(struct mt_tap *tap, struct mt_flow *f)
{
    struct mt_tcp_flow *w = f->tcp;
    wait_take(tap, w);
    mt_tcp_deinit(&w->tcp, &tap->pool);
    mt_pool_free(&tap->pool, w, sizeof *w);
    f->tcp = NULL;
}

static void close_conn(struct mt_tap *tap, struct mt_flow *f, enum mt_end end,
                       int64_t ts_ns)
{
    struct mt_tcp *t = &f->tcp->tcp;
    if (t->conn != NULL)
        tap->sink->close(t->conn, end, ts_ns);
    t->conn = NULL;
    t->stats = NULL;
    drop_tcp(tap, f);
}

/* Reassembly says that the connection is over. Where one direction was never
 * captured, its end was not either: that is silence, not a FIN. */
static enum mt_end natural_end(const struct mt_tcp *t)
{
    unsigned both = t->side[0].flags & t->side[1].flags;
    unsigned any = t->side[0].flags | t->side[1].flags;
    if ((any & MT_TCP_END_RESET) != 0)
        return MT_END_RST;
    return (both & MT_TCP_ENDED) != 0 ? MT_END_FIN : MT_END_IDLE;
}

/* Only a SYN was seen, of one side. Whether nobody answered is known once it
 * had time to: a second is more than any round trip. */
static void end_attempt(struct mt_tap *tap, const struct mt_flow *f,
                        enum mt_end end, int64_t ts_ns)
{
    unsigned seen = f->flags & (MT_FLOW_SEEN0 | MT_FLOW_SEEN1);
    bool by_syn = (f->flags & MT_FLOW_SYN_BY0) != 0 && seen == MT_FLOW_SEEN0;
    if (!by_syn)
        return;
    enum mt_error error = MT_ERROR_UNANSWERED;
    if (ts_ns - f->u.start_ns < SECOND_NS && end == MT_END_CAPTURE)
        error = MT_ERROR_CAPTURE_END;
    if (ts_ns - f->u.start_ns < SECOND_NS && end == MT_END_EVICTED)
        error = MT_ERROR_EVICTED;
    mt_tap_attempt(tap, f, error, ts_ns);
}

void mt_tap_end_flow(struct mt_tap *tap, struct mt_flow *f, enum mt_end end,
                     int64_t ts_ns)
{
    bool nested = tap->ending;
    tap->ending = true;
    if (f->key.transport == MT_TRANSPORT_UDP) {
        mt_tap_drop_udp(tap, f, end, ts_ns);
    } else if (f->tcp != NULL) {
        struct mt_tcp_env env = env_of(tap);
        mt_tcp_flush(&f->tcp->tcp, &env);
        bool over = f->tcp->tcp.closed;
        close_conn(tap, f, over ? natural_end(&f->tcp->tcp) : end, ts_ns);
    } else if (f->list == MT_FLOW_HALF_OPEN) {
        end_attempt(tap, f, end, ts_ns);
    }
    tap->ending = nested;
    if (tap->current == f)
        tap->current = NULL;
    mt_flow_remove(&tap->flows, f);
}

/* The flow stays a while, for the packets that are late. */
static void close_flow(struct mt_tap *tap, struct mt_flow *f)
{
    if (f->tcp != NULL)
        close_conn(tap, f, natural_end(&f->tcp->tcp), tap->clock_ns);
    mt_flow_move(&tap->flows, f, MT_FLOW_CLOSED, tap->now_ns);
}

/* ---- timers ---- */

static void check_waiting(struct mt_tap *tap)
{
    struct mt_tcp_env env = env_of(tap);
    struct mt_tcp_flow *w;
    while ((w = tap->wait.first) != NULL && w->check_ns <= tap->now_ns) {
        wait_take(tap, w);
        mt_tcp_tick(&w->tcp, &env);
        if (w->tcp.closed)
            close_flow(tap, w->flow);
        else
            wait_update(tap, w);
    }
}

/* Stamped with the moment it was given up, not with that of the packet that
 * showed the time. */
static void end_idle(struct mt_tap *tap, unsigned l)
{
    struct mt_flow *f;
    while ((f = tap->flows.list[l].oldest) != NULL &&
           tap->now_ns - f->last_ns >= idle_ns[l]) {
        int64_t late_ns = tap->now_ns - f->last_ns - idle_ns[l];
        tap->counters.ended_idle += l >= MT_FLOW_QUIET && l != MT_FLOW_UDP;
        mt_tap_end_flow(tap, f, MT_END_IDLE, tap->clock_ns - late_ns);
    }
}

void mt_tap_run_timers(struct mt_tap *tap)
{
    tap->timers_ns = tap->now_ns;
    check_waiting(tap);
    for (unsigned l = 0; l < MT_FLOW_LISTS_COUNT; l++)
        end_idle(tap, l);
}

/* ---- the start of a flow ---- */

static unsigned isn_flag(int side)
{
    return side == 0 ? MT_FLOW_ISN0 : MT_FLOW_ISN1;
}

static unsigned seen_flag(int side)
{
    return side == 0 ? MT_FLOW_SEEN0 : MT_FLOW_SEEN1;
}

static unsigned syn_flag(int side)
{
    return side == 0 ? MT_FLOW_SYN_BY0 : MT_FLOW_SYN_BY1;
}

/* The SYN of a flow that was joined at packets which overtook it. */
static bool is_late_syn(const struct mt_tap *tap, const struct mt_flow *f,
                        int side, uint32_t isn)
{
    if (f->tcp == NULL)
        return f->list == MT_FLOW_HALF_OPEN;
    return mt_tcp_may_start(&f->tcp->tcp, side, isn + 1) &&
           tap->clock_ns - f->u.start_ns < 2 * (int64_t)SECOND_NS;
}

/* RFC 9293, 3.4.1: another initial sequence number is another connection. */
static bool is_reuse(const struct mt_tap *tap, const struct mt_flow *f,
                     int side, const struct mt_segment *s)
{
    if ((s->flags & (MT_TCP_SYN | MT_TCP_RST)) != MT_TCP_SYN)
        return false;
    if ((f->flags & isn_flag(side)) != 0) {
        bool cookie =
            (s->flags & MT_TCP_ACK) != 0 && f->list == MT_FLOW_HALF_OPEN;
        return f->isn[side] != s->seq && !cookie;
    }
    return f->list == MT_FLOW_CLOSED || !is_late_syn(tap, f, side, s->seq);
}

static bool opens_flow(const struct mt_segment *s)
{
    if ((s->flags & MT_TCP_RST) != 0)
        return false;
    return (s->flags & MT_TCP_SYN) != 0 || s->payload_bytes > 0;
}

struct mt_flow *mt_tap_add_flow(struct mt_tap *tap, const struct mt_flow_id *id,
                                int64_t ts_ns)
{
    struct mt_flow *f;
    int tries = 0;
    while ((f = mt_flow_add(&tap->flows, id, tap->now_ns)) == NULL)
        if (tries++ == MT_TAP_SHED_MAX || !mt_tap_shed_one(tap)) {
            tap->counters.flows_refused++;
            return NULL;
        }
    f->u.start_ns = ts_ns;
    return f;
}

static struct mt_flow *add_flow(struct mt_tap *tap, const struct mt_flow_id *id,
                                const struct mt_segment *s)
{
    struct mt_flow *f = mt_tap_add_flow(tap, id, s->ts_ns);
    if (f == NULL)
        return NULL;
    if ((s->flags & MT_TCP_SYN) == 0)
        f->flags |= MT_FLOW_MIDSTREAM;
    tap->counters.flows++;
    return f;
}

/* A SYN tells the sender's number, one with ACK both. */
static void take_syn(struct mt_tap *tap, struct mt_flow *f, int side,
                     const struct mt_segment *s)
{
    bool again = (f->flags & isn_flag(side)) != 0 &&
                 (f->flags & seen_flag(side)) != 0 && f->isn[side] == s->seq;
    bool acks = (s->flags & MT_TCP_ACK) != 0;
    if (again) {
        tap->tcp.retransmissions++;
        if (f->syn_again[side] < UINT8_MAX)
            f->syn_again[side]++;
    }
    f->isn[side] = s->seq;
    f->flags |= (uint8_t)isn_flag(side);
    if (acks && (f->flags & isn_flag(1 - side)) == 0) {
        f->isn[1 - side] = s->ack - 1;
        f->flags |= (uint8_t)isn_flag(1 - side);
    }
    if ((f->flags & (MT_FLOW_SYN_BY0 | MT_FLOW_SYN_BY1)) == 0)
        f->flags |= (uint8_t)syn_flag(acks ? 1 - side : side);
    if (acks && (f->flags & seen_flag(1 - side)) != 0)
        mt_hops_note(tap->hops, f);
    if (f->tcp != NULL)
        mt_tcp_expect(&f->tcp->tcp, side, s->seq + 1, true);
}

/* The reset of an attempt: by the side that was asked it is a refusal, if it
 * names the SYN (RFC 9293, 3.10.7.3). */
static void reset_attempt(struct mt_tap *tap, struct mt_flow *f, int side,
                          const struct mt_segment *s)
{
    bool by_client = (f->flags & syn_flag(side)) != 0;
    bool names_syn = (s->flags & MT_TCP_ACK) != 0 &&
                     s->ack - f->isn[1 - side] - 1 <= HANDSHAKE_BYTES;
    bool own = (f->flags & isn_flag(side)) != 0 &&
               s->seq - f->isn[side] <= HANDSHAKE_BYTES;
    if (!own && (by_client || !names_syn)) {
        tap->tcp.misplaced++;
        return;
    }
    bool answered = (f->flags & seen_flag(side)) != 0;
    if (!by_client)
        mt_tap_attempt(tap, f,
                       answered ? MT_ERROR_RESET_BY_SERVER : MT_ERROR_REFUSED,
                       s->ts_ns);
    close_flow(tap, f);
}

static bool add_tcp(struct mt_tap *tap, struct mt_flow *f)
{
    struct mt_tcp_flow *w;
    int tries = 0;
    while ((w = mt_pool_alloc(&tap->pool, sizeof *w)) == NULL)
        if (tries++ == MT_TAP_SHED_MAX || !mt_tap_shed_one(tap)) {
            tap->counters.flows_refused++;
            return false;
        }
    *w = (struct mt_tcp_flow){.flow = f};
    mt_tcp_init(&w->tcp);
    for (int side = 0; side < 2; side++)
        if ((f->flags & isn_flag(side)) != 0)
            mt_tcp_expect(&w->tcp, side, f->isn[side] + 1,
                          (f->flags & seen_flag(side)) != 0);
    f->tcp = w;
    mt_flow_move(&tap->flows, f, MT_FLOW_QUIET, tap->now_ns);
    return true;
}

/* From the first SYN to the client's answer to the SYN-ACK: what the client
 * waited, repeated SYNs included. */
static void note_handshake(struct mt_flow *f, int side,
                           const struct mt_segment *s)
{
    unsigned both = MT_FLOW_ISN0 | MT_FLOW_ISN1 | MT_FLOW_SEEN0 | MT_FLOW_SEEN1;
    if ((f->flags & both) == both && (f->flags & syn_flag(side)) != 0 &&
        (s->flags & MT_TCP_ACK) != 0 && s->ack == f->isn[1 - side] + 1 &&
        s->ts_ns > f->u.start_ns)
        f->tcp->handshake_ns = s->ts_ns - f->u.start_ns;
}

/* ---- one segment ---- */

/* Where only a handshake was seen so far. False: no more to do with it. */
static bool in_handshake(struct mt_tap *tap, struct mt_flow *f, int side,
                         const struct mt_segment *s)
{
    if ((s->flags & MT_TCP_RST) != 0) {
        reset_attempt(tap, f, side, s);
        return false;
    }
    if ((s->flags & MT_TCP_SYN) != 0 && s->payload_bytes == 0)
        return false;
    if (!add_tcp(tap, f))
        return false;
    note_handshake(f, side, s);
    return true;
}

static void count_packet(struct mt_flow *f, int side)
{
    bool counted = f->tcp != NULL && f->tcp->tcp.stats != NULL;
    if (!counted && f->packets[side] < UINT16_MAX)
        f->packets[side]++;
}

static void flow_input(struct mt_tap *tap, struct mt_flow *f, int side,
                       const struct mt_segment *s)
{
    if (f->list == MT_FLOW_CLOSED) {
        tap->counters.late_packets++;
        return;
    }
    count_packet(f, side);
    if ((s->flags & (MT_TCP_SYN | MT_TCP_RST)) == MT_TCP_SYN)
        take_syn(tap, f, side, s);
    bool more = f->tcp != NULL || in_handshake(tap, f, side, s);
    if ((s->flags & MT_TCP_RST) == 0)
        f->flags |= (uint8_t)seen_flag(side);
    if (!more)
        return;
    struct mt_tcp_flow *w = f->tcp;
    struct mt_tcp_env env = env_of(tap);
    mt_tcp_input(&w->tcp, &env, side, s);
    if (w->tcp.closed)
        close_flow(tap, f);
    else if (mt_tcp_stalled(&w->tcp) || w->check_ns != 0)
        wait_update(tap, w);
}

/* Packets seen both tagged and untagged are one flow, even where one of the
 * two copies is lost. */
void mt_tap_add_alias(struct mt_tap *tap, const struct mt_flow_id *id,
                      uint64_t network)
{
    struct mt_flow_id real = mt_flow_id_in(id, network);
    if (mt_flow_find(&tap->flows, id) != NULL ||
        mt_flow_find(&tap->flows, &real) == NULL)
        return;
    struct mt_flow *f = mt_flow_add(&tap->flows, id, tap->now_ns);
    if (f == NULL)
        return;
    f->u.alias_network = network;
    mt_flow_move(&tap->flows, f, MT_FLOW_ALIAS, tap->now_ns);
}

/* A SYN-ACK to a SYN of another network that nobody answered there: one
 * direction is tagged and the other is not, as a mirror port may do it. */
static void join_answer(struct mt_tap *tap, const struct mt_flow_id *id,
                        const struct mt_segment *s)
{
    const unsigned both = MT_TCP_SYN | MT_TCP_ACK;
    if ((s->flags & (both | MT_TCP_RST)) != both)
        return;
    struct mt_flow *f = mt_flow_alike(&tap->flows, id, NULL);
    for (; f != NULL; f = mt_flow_alike(&tap->flows, id, f)) {
        int asked = 1 - mt_flow_side(f, id);
        if (f->list == MT_FLOW_HALF_OPEN && (f->flags & syn_flag(asked)) != 0 &&
            (f->flags & seen_flag(1 - asked)) == 0 &&
            s->ack == f->isn[asked] + 1) {
            mt_tap_add_alias(tap, id, f->key.network);
            return;
        }
    }
}

/* A copy seen in another network leads to the flow of the first one. */
struct mt_flow *mt_tap_find_flow(struct mt_tap *tap, struct mt_flow_id *id,
                                 const struct mt_segment *s)
{
    struct mt_flow *f = mt_flow_find(&tap->flows, id);
    if (f == NULL) {
        join_answer(tap, id, s);
        f = mt_flow_find(&tap->flows, id);
    }
    if (f == NULL || f->list != MT_FLOW_ALIAS)
        return f;
    struct mt_flow_id other = mt_flow_id_in(id, f->u.alias_network);
    struct mt_flow *real = mt_flow_find(&tap->flows, &other);
    if (real == NULL || real->list == MT_FLOW_ALIAS) {
        mt_tap_end_flow(tap, f, MT_END_FIN, tap->clock_ns);
        return NULL;
    }
    mt_flow_touch(&tap->flows, f, tap->now_ns);
    *id = other;
    return real;
}

void mt_tap_touch_flow(struct mt_tap *tap, struct mt_flow *f)
{
    tap->current = f;
    if (tap->doubts)
        mt_flow_move(&tap->flows, f, (enum mt_flow_list_id)f->list,
                     tap->now_ns);
    mt_flow_touch(&tap->flows, f, tap->now_ns);
}

static void tell_seen(const struct mt_tap *tap, const struct mt_flow *f,
                      int side, const struct mt_segment *s)
{
    bool syn = (s->flags & MT_TCP_SYN) != 0, ack = (s->flags & MT_TCP_ACK) != 0;
    const struct mt_conn_start start = {
        .addr = {mt_flow_addr(f, side), mt_flow_addr(f, 1 - side)},
        .client = !syn  ? -1
                  : ack ? 1
                        : 0,
        .role_evidence = syn ? MT_ROLE_BY_SYN : MT_ROLE_BY_NONE,
        .midstream = !syn,
        .ts_ns = s->ts_ns,
    };
    tap->config.seen(tap->config.seen_context, &start);
}

void mt_tap_tcp(struct mt_tap *tap, const struct mt_segment *s,
                struct mt_flow_id *id)
{
    struct mt_flow *f = mt_tap_find_flow(tap, id, s);
    if (f != NULL && is_reuse(tap, f, mt_flow_side(f, id), s)) {
        tap->counters.reused += f->list != MT_FLOW_CLOSED;
        mt_tap_end_flow(tap, f, MT_END_REUSED, s->ts_ns);
        f = NULL;
    }
    if (f == NULL) {
        if (!opens_flow(s)) {
            tap->counters.stray_packets++;
            return;
        }
        f = add_flow(tap, id, s);
        if (f == NULL)
            return;
        if (tap->config.seen != NULL)
            tell_seen(tap, f, mt_flow_side(f, id), s);
    }
    mt_tap_touch_flow(tap, f);
    flow_input(tap, f, mt_flow_side(f, id), s);
    tap->current = NULL;
}
