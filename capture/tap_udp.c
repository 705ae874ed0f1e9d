/* UDP: from the datagram to the connection. There is nothing to put in order;
 * a flow begins with the first datagram that a decoder may want, and ends by
 * silence alone. */
#include "capture/tap_flow.h"

/* Nobody answers from such an address: 224.0.0.0/4, ff00::/8. */
static bool is_multicast(const struct mt_addr *a)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(a->ip, mapped, sizeof mapped) == 0)
        return (a->ip[12] & 0xf0) == 0xe0;
    return a->ip[0] == 0xff;
}

bool mt_tap_wants_datagram(const struct mt_tap *tap, const struct mt_segment *s)
{
    return tap->sink->may_decode != NULL &&
           tap->sink->may_decode(s->payload, s->payload_bytes) &&
           !is_multicast(&s->dst);
}

static bool try_open(struct mt_tap *tap, struct mt_flow *f)
{
    struct mt_conn_start start = mt_tap_conn_start(tap, f);
    struct mt_udp_flow *u = mt_pool_zalloc(&tap->pool, sizeof *u);
    if (u == NULL)
        return false;
    u->conn = tap->sink->open(tap->sink_context, &start, &u->stats);
    if (u->conn == NULL) {
        mt_pool_free(&tap->pool, u, sizeof *u);
        return false;
    }
    f->udp = u;
    return true;
}

/* A flow without a connection is of no use: it goes as it came. */
static struct mt_flow *open_flow(struct mt_tap *tap,
                                 const struct mt_flow_id *id,
                                 const struct mt_segment *s)
{
    struct mt_flow *f = mt_tap_add_flow(tap, id, s->ts_ns);
    if (f == NULL)
        return NULL;
    tap->current = f;
    mt_flow_move(&tap->flows, f, MT_FLOW_UDP_UNKNOWN, tap->now_ns);
    for (int tries = 0; !try_open(tap, f); tries++)
        if (tries == MT_TAP_SHED_MAX || !mt_tap_shed_one(tap)) {
            tap->counters.flows_refused++;
            tap->current = NULL;
            mt_flow_remove(&tap->flows, f);
            return NULL;
        }
    return f;
}

void mt_tap_drop_udp(struct mt_tap *tap, struct mt_flow *f, enum mt_end end,
                     int64_t ts_ns)
{
    if (f->udp == NULL)
        return;
    tap->sink->close(f->udp->conn, end, ts_ns);
    mt_pool_free(&tap->pool, f->udp, sizeof *f->udp);
    f->udp = NULL;
}

static void count(struct mt_conn_stats *stats, int side,
                  const struct mt_segment *s)
{
    stats->packets[side]++;
    stats->bytes[side] += s->payload.len;
    stats->truncated += s->payload.len < s->payload_bytes;
}

/* An answer to what was said in another network, and not answered there: a
 * mirror may put each direction into one of its own. */
static void join_answer(struct mt_tap *tap, const struct mt_flow_id *id)
{
    struct mt_flow *f = mt_flow_alike(&tap->flows, id, NULL);
    for (; f != NULL; f = mt_flow_alike(&tap->flows, id, f)) {
        int side = mt_flow_side(f, id);
        if (f->udp != NULL && f->udp->stats->packets[side] == 0) {
            mt_tap_add_alias(tap, id, f->key.network);
            return;
        }
    }
}

void mt_tap_udp(struct mt_tap *tap, const struct mt_segment *s,
                struct mt_flow_id *id)
{
    struct mt_flow *f = mt_tap_find_flow(tap, id, s);
    if (f == NULL) {
        join_answer(tap, id);
        f = mt_tap_find_flow(tap, id, s);
    }
    if (f == NULL)
        f = open_flow(tap, id, s);
    if (f == NULL)
        return;
    mt_tap_touch_flow(tap, f);
    int side = mt_flow_side(f, id);
    count(f->udp->stats, side, s);
    struct mt_chunk datagram = {
        .bytes = s->payload, .ts_ns = s->ts_ns, .packet = s->packet};
    tap->sink->datagram(f->udp->conn, side, &datagram);
    if (f->list == MT_FLOW_UDP_UNKNOWN && tap->sink->is_decoded(f->udp->conn)) {
        mt_flow_move(&tap->flows, f, MT_FLOW_UDP, tap->now_ns);
        tap->counters.udp_flows++;
    }
    tap->current = NULL;
}
