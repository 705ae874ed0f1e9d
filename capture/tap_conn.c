#include "capture/tap_flow.h"

enum { WELL_KNOWN_PORTS = 1024, ROW_BURST_S = 5 };
#define SECOND_NS 1000000000

/* Registered ports that services of a mesh listen on. */
static const uint16_t service_ports[] = {
    1433, 1883, 2181, 2379, 2380, 3000, 3306, 4222,  4317,  4318,  5000,
    5432, 5672, 6379, 6443, 7070, 8000, 8008, 8080,  8081,  8086,  8443,
    8888, 9000, 9042, 9090, 9092, 9200, 9411, 11211, 15672, 27017, 50051,
};

static bool is_service_port(uint16_t port)
{
    if (port < WELL_KNOWN_PORTS)
        return port != 0;
    for (size_t i = 0; i < sizeof service_ports / sizeof service_ports[0]; i++)
        if (service_ports[i] == port)
            return true;
    return false;
}

void mt_tap_listens(struct mt_tap *tap, const struct mt_addr *addr)
{
    tap->listeners[addr->port % MT_TAP_LISTENERS] = *addr;
}

static bool listens(const struct mt_tap *tap, const struct mt_addr *addr)
{
    const struct mt_addr *l = &tap->listeners[addr->port % MT_TAP_LISTENERS];
    return addr->port != 0 && l->port == addr->port &&
           memcmp(l->ip, addr->ip, sizeof l->ip) == 0;
}

/* Who listens, else the better known port. */
static void guess_client(const struct mt_tap *tap, struct mt_conn_start *start)
{
    bool a_listens = listens(tap, &start->addr[0]);
    if (a_listens != listens(tap, &start->addr[1])) {
        start->client = a_listens ? 1 : 0;
        start->role_evidence = MT_ROLE_BY_LISTEN;
        return;
    }
    uint16_t a = start->addr[0].port, b = start->addr[1].port;
    bool a_serves = is_service_port(a), b_serves = is_service_port(b);
    if (a_serves != b_serves) {
        start->client = a_serves ? 1 : 0;
        start->role_evidence = MT_ROLE_BY_PORT;
    } else if (a != b) {
        start->client = a < b ? 1 : 0;
        start->role_evidence = MT_ROLE_BY_LOWER_PORT;
    }
}

struct mt_conn_start mt_tap_conn_start(const struct mt_tap *tap,
                                       const struct mt_flow *f)
{
    struct mt_conn_start start = {
        .addr = {mt_flow_addr(f, 0), mt_flow_addr(f, 1)},
        .client = -1,
        .role_evidence = MT_ROLE_BY_NONE,
        .midstream = (f->flags & MT_FLOW_MIDSTREAM) != 0,
        .datagrams = f->key.transport == MT_TRANSPORT_UDP,
        .ts_ns = f->u.start_ns,
    };
    if ((f->flags & (MT_FLOW_SYN_BY0 | MT_FLOW_SYN_BY1)) != 0) {
        start.client = (f->flags & MT_FLOW_SYN_BY0) != 0 ? 0 : 1;
        start.role_evidence = MT_ROLE_BY_SYN;
    } else {
        guess_client(tap, &start);
    }
    return start;
}

struct mt_conn_stats *mt_tap_stats_of(const struct mt_flow *f)
{
    if (f->key.transport == MT_TRANSPORT_UDP)
        return f->udp != NULL ? f->udp->stats : NULL;
    return f->tcp != NULL ? f->tcp->tcp.stats : NULL;
}

/* ---- attempts ---- */

static bool may_write_row(struct mt_tap *tap)
{
    uint32_t rate = tap->config.refused_per_s, most = rate * ROW_BURST_S;
    int64_t age_ns = tap->now_ns - tap->rows_ns;
    if (age_ns >= SECOND_NS) { /* filled by the second */
        int64_t s = age_ns / SECOND_NS;
        tap->rows_ns += s * SECOND_NS;
        uint64_t tokens = tap->row_tokens + (uint64_t)s * rate;
        tap->row_tokens = tokens < most ? (uint32_t)tokens : most;
    }
    if (tap->row_tokens == 0)
        return false;
    tap->row_tokens--;
    return true;
}

void mt_tap_attempt(struct mt_tap *tap, const struct mt_flow *f,
                    enum mt_error error, int64_t ts_ns)
{
    if (error == MT_ERROR_REFUSED)
        tap->counters.refused++;
    else if (error == MT_ERROR_RESET_BY_SERVER)
        tap->counters.reset_unused++;
    else
        tap->counters.unanswered++;
    if (!may_write_row(tap)) {
        tap->counters.attempts_unrecorded++;
        return;
    }
    struct mt_conn_start start = mt_tap_conn_start(tap, f);
    if (start.client == 1) { /* of a row the client is side 0 */
        struct mt_addr client = start.addr[1];
        start.addr[1] = start.addr[0];
        start.addr[0] = client;
        start.client = 0;
    }
    tap->sink->refused(tap->sink_context, &start, error, ts_ns);
}

/* ---- connections of decode/ ---- */

static void *decode_open(void *context, const struct mt_conn_start *start,
                         struct mt_conn_stats **stats)
{
    struct mt_conn *c = mt_conn_new(context, start);
    if (c != NULL)
        *stats = &c->stats;
    return c;
}

static void decode_feed(void *conn, int side, const struct mt_chunk *chunk)
{
    mt_conn_feed(conn, side, chunk);
}

static void decode_datagram(void *conn, int side,
                            const struct mt_chunk *datagram)
{
    mt_conn_datagram(conn, side, datagram);
}

static void decode_gap(void *conn, int side, uint64_t n, int64_t ts_ns)
{
    mt_conn_gap(conn, side, n, ts_ns);
}

static void decode_end(void *conn, int side, enum mt_end end, int64_t ts_ns)
{
    mt_conn_end(conn, side, end, ts_ns);
}

static bool decode_is_decoded(const void *conn)
{
    return ((const struct mt_conn *)conn)->decoded;
}

static void decode_close(void *conn, enum mt_end end, int64_t ts_ns)
{
    mt_conn_free(conn, end, ts_ns);
}

static void decode_refused(void *context, const struct mt_conn_start *start,
                           enum mt_error error, int64_t ts_ns)
{
    mt_conn_refused(context, start, error, ts_ns);
}

const struct mt_tap_sink mt_tap_decode_sink = {
    .open = decode_open,
    .feed = decode_feed,
    .may_decode = mt_conn_may_decode,
    .datagram = decode_datagram,
    .gap = decode_gap,
    .end = decode_end,
    .is_decoded = decode_is_decoded,
    .close = decode_close,
    .refused = decode_refused,
};

/* ---- from reassembly to the connection ---- */

/* What was counted while there was no connection. */
static void carry_over(struct mt_tcp_flow *w)
{
    const struct mt_flow *f = w->flow;
    struct mt_conn_stats *stats = w->tcp.stats;
    for (int side = 0; side < 2; side++) {
        stats->packets[side] += f->packets[side];
        stats->retransmissions[side] += f->syn_again[side];
    }
    stats->handshake_rtt_ns = w->handshake_ns;
}

static bool try_open(struct mt_tap *tap, struct mt_tcp_flow *w)
{
    struct mt_conn_start start = mt_tap_conn_start(tap, w->flow);
    start.copy = mt_hops_is_copy(tap->hops, w->flow);
    if (!mt_hops_client(tap->hops, w->flow, &start.caller))
        start.caller.port = 0;
    struct mt_conn_stats *stats = NULL;
    w->tcp.conn = tap->sink->open(tap->sink_context, &start, &stats);
    w->tcp.stats = w->tcp.conn != NULL ? stats : NULL;
    return w->tcp.conn != NULL;
}

/* A side that closed before anybody said a word. */
static void tell_ends(struct mt_tap *tap, const struct mt_tcp *t)
{
    for (int side = 0; side < 2; side++)
        if ((t->side[side].flags & MT_TCP_ENDED) != 0)
            tap->sink->end(t->conn, side, MT_END_FIN, t->side[side].end_ts_ns);
}

static bool open_conn(struct mt_tap *tap, struct mt_tcp_flow *w)
{
    if (w->tcp.conn != NULL)
        return true;
    for (int tries = 0; !try_open(tap, w); tries++)
        if (tries == MT_TAP_SHED_MAX || !mt_tap_shed_one(tap)) {
            w->flow->flags |= MT_FLOW_MIDSTREAM;
            return false;
        }
    carry_over(w);
    tap->counters.conns++;
    tap->counters.hops += mt_hops_is_copy(tap->hops, w->flow);
    tap->counters.midstream += (w->flow->flags & MT_FLOW_MIDSTREAM) != 0;
    mt_flow_move(&tap->flows, w->flow, MT_FLOW_UNKNOWN, tap->now_ns);
    tell_ends(tap, &w->tcp);
    return true;
}

static void note_decoded(struct mt_tap *tap, struct mt_tcp_flow *w)
{
    if (w->flow->list == MT_FLOW_UNKNOWN && tap->sink->is_decoded(w->tcp.conn))
        mt_flow_move(&tap->flows, w->flow, MT_FLOW_DECODED, tap->now_ns);
}

static void tap_feed(void *to, struct mt_tcp *t, int side,
                     const struct mt_chunk *chunk)
{
    struct mt_tap *tap = to;
    struct mt_tcp_flow *w = (struct mt_tcp_flow *)t;
    if (!open_conn(tap, w)) {
        tap->counters.undelivered_bytes += chunk->bytes.len;
        return;
    }
    t->stats->bytes[side] += chunk->bytes.len;
    tap->sink->feed(t->conn, side, chunk);
    note_decoded(tap, w);
}

static void tap_gap(void *to, struct mt_tcp *t, int side, uint64_t n,
                    int64_t ts_ns)
{
    struct mt_tap *tap = to;
    if (!open_conn(tap, (struct mt_tcp_flow *)t))
        return;
    if (n != UINT64_MAX)
        t->stats->gap_bytes[side] += n;
    tap->sink->gap(t->conn, side, n, ts_ns);
}

static bool is_client(const struct mt_flow *f, int side)
{
    return (f->flags & (side == 0 ? MT_FLOW_SYN_BY0 : MT_FLOW_SYN_BY1)) != 0;
}

static void tap_end(void *to, struct mt_tcp *t, int side, enum mt_end end,
                    int64_t ts_ns)
{
    struct mt_tap *tap = to;
    const struct mt_flow *f = ((struct mt_tcp_flow *)t)->flow;
    if (t->conn != NULL)
        tap->sink->end(t->conn, side, end, ts_ns);
    else if (end == MT_END_RST && is_client(f, 1 - side))
        mt_tap_attempt(tap, f, MT_ERROR_RESET_BY_SERVER, ts_ns);
}

const struct mt_tcp_sink mt_tap_tcp_sink = {
    .feed = tap_feed,
    .gap = tap_gap,
    .end = tap_end,
};
