/**
 * tap_flow.h - the life of one flow in a tap. Private to tap*.c.
 *
 * TCP: HALF_OPEN -> QUIET (reassembly is made) -> UNKNOWN (a connection is
 * made) -> DECODED; from any of them to CLOSED, or out of the table.
 * UDP: UDP_UNKNOWN (with a connection) -> UDP, or out of the table.
 */
#ifndef MT_CAPTURE_TAP_FLOW_H
#define MT_CAPTURE_TAP_FLOW_H

#include "capture/dedup.h"
#include "capture/flow.h"
#include "capture/hops.h"
#include "capture/tap.h"

/* Reassembly of a flow, and its place in the lists of those that wait. */
struct mt_tcp_flow {
    struct mt_tcp tcp; /* first: a sink gets this */
    struct mt_flow *flow;
    struct mt_tcp_flow *prev, *next;
    int64_t check_ns; /* look again then; 0: not in the list */
    int64_t handshake_ns;
};

struct mt_udp_flow {
    void *conn;
    struct mt_conn_stats *stats; /* of conn */
};

enum { MT_TAP_SHED_MAX = 16 }; /* flows ended for the sake of one packet */

struct mt_tap_wait {
    struct mt_tcp_flow *first, *last;
};

struct mt_tap {
    struct mt_tap_config config;
    struct mt_pool pool;
    struct mt_decode decode;
    size_t shed_bytes; /* above so many used flows are shed */
    const struct mt_tap_sink *sink;
    void *sink_context;
    struct mt_layers layers;
    struct mt_tap_interface interfaces[MT_TAP_INTERFACES_MAX];
    unsigned interfaces_count, interface; /* of the packet before */
    struct mt_dedup *dedup;
    struct mt_hops *hops;
    struct mt_flow_table flows;
    struct mt_flow *current; /* a packet of it is at work: not to be shed */
    struct mt_tap_wait wait; /* by check_ns */
    struct mt_tap_counters counters;
    struct mt_tcp_counters tcp;
    int64_t now_ns;        /* never runs back; starts at 0 */
    int64_t clock_ns;      /* the packets' */
    int64_t doubt_ns;      /* a time that the next packet must confirm */
    int64_t doubted_at_ns; /* now_ns then */
    int64_t timers_ns;     /* when they ran last */
    int64_t rows_ns;       /* when row_tokens were filled last */
    uint32_t row_tokens;
    struct mt_addr listeners[MT_TAP_LISTENERS]; /* by a hash of the port */
    uint32_t one_of; /* connections are decoded; 1: all */
    bool started, doubts, ended;
    bool ending; /* a flow is being ended: not the time to end another */
};

/* ---- tap.c ---- */

/* The time of a packet: every packet's, whatever is in it. */
void mt_tap_clock(struct mt_tap *tap, int64_t ts_ns);

/* A segment whose time was taken. True: a copy of one seen before. */
bool mt_tap_take(struct mt_tap *tap, const struct mt_segment *s);

/* ---- tap_flow.c ---- */

/* One TCP segment of the flow with this id. */
void mt_tap_tcp(struct mt_tap *tap, const struct mt_segment *s,
                struct mt_flow_id *id);

/* The flow of a packet, or NULL. *id becomes that of the flow where the packet
 * is a copy in another network. */
struct mt_flow *mt_tap_find_flow(struct mt_tap *tap, struct mt_flow_id *id,
                                 const struct mt_segment *s);

/* A new flow, shedding others for its sake. NULL, and counted, at the
 * ceiling. */
struct mt_flow *mt_tap_add_flow(struct mt_tap *tap, const struct mt_flow_id *id,
                                int64_t ts_ns);

/* It is the flow at work: now is its last activity. */
void mt_tap_touch_flow(struct mt_tap *tap, struct mt_flow *f);

/* Packets with this id are of the flow with the same endpoints in another
 * network, as long as that one is there. */
void mt_tap_add_alias(struct mt_tap *tap, const struct mt_flow_id *id,
                      uint64_t network);

enum { MT_TAP_TIMERS_NS = 1000000 }; /* they need not run more often */

/* Time out holes and idle flows. */
void mt_tap_run_timers(struct mt_tap *tap);

/* End a flow for this reason and take it out of the table. */
void mt_tap_end_flow(struct mt_tap *tap, struct mt_flow *f, enum mt_end end,
                     int64_t ts_ns);

/* ---- tap_udp.c ---- */

/* Is there a decoder that may want it? For every datagram on the wire. */
bool mt_tap_wants_datagram(const struct mt_tap *tap,
                           const struct mt_segment *s);

/* One such datagram of the flow with this id. */
void mt_tap_udp(struct mt_tap *tap, const struct mt_segment *s,
                struct mt_flow_id *id);

/* End the flow's connection, and free what it needed. */
void mt_tap_drop_udp(struct mt_tap *tap, struct mt_flow *f, enum mt_end end,
                     int64_t ts_ns);

/* ---- tap_sample.c ---- */

/* Is this flow none of the sample? */
bool mt_tap_leaves_out(const struct mt_tap *tap, const struct mt_flow_id *id);

/* ---- tap_shed.c ---- */

/* End flows while the pool is nearly full; at most a few a packet. */
void mt_tap_shed(struct mt_tap *tap);

/* End one flow. False: there is none but the current one. */
bool mt_tap_shed_one(struct mt_tap *tap);

/* ---- tap_conn.c ---- */

extern const struct mt_tcp_sink mt_tap_tcp_sink;
extern const struct mt_tap_sink mt_tap_decode_sink;

/* The counters of its connection; NULL: it has none. */
struct mt_conn_stats *mt_tap_stats_of(const struct mt_flow *f);

/* Who is who, from the SYN or by a guess. */
struct mt_conn_start mt_tap_conn_start(const struct mt_tap *tap,
                                       const struct mt_flow *f);

/* A row for an attempt that came to nothing, unless there are too many. */
void mt_tap_attempt(struct mt_tap *tap, const struct mt_flow *f,
                    enum mt_error error, int64_t ts_ns);

#endif
