/**
 * tcp.h - both directions of one TCP connection put in order.
 *
 * In-order payload is handed on as borrowed bytes of its packet, with no
 * copy. Only what arrives early is copied, into a sorted list of at most
 * MT_TCP_QUEUE_BYTES and MT_TCP_QUEUE_SEGMENTS a direction.
 *
 *     struct mt_tcp t;
 *     mt_tcp_init(&t);
 *     mt_tcp_expect(&t, side, isn + 1, true);  // where the SYN was seen
 *     mt_tcp_input(&t, &env, side, segment);   // calls env.sink
 *     mt_tcp_tick(&t, &env);                   // while mt_tcp_stalled(&t)
 *     mt_tcp_flush(&t, &env);                  // all that is held, gaps named
 *     mt_tcp_deinit(&t, env.pool);
 *
 * Bytes are handed on in the order of cause and effect: a segment that
 * acknowledges bytes of the other side which were not handed on yet waits for
 * them, so that a response never overtakes its request. What is missing is a
 * gap once the other side has acknowledged it and the reordering of capture
 * queues no longer explains it (MT_TCP_REORDER_*), else once too many bytes
 * wait above it, else after MT_TCP_HOLE_NS. Where nothing of the other side
 * was ever captured its acknowledgements decide nothing.
 *
 * Sans-IO: time is env.now_ns. One thread.
 */
#ifndef MT_CAPTURE_TCP_H
#define MT_CAPTURE_TCP_H

#include <stdbool.h>

#include "base/pool.h"
#include "capture/layers.h"
#include "decode/conn.h"

enum {
    MT_TCP_QUEUE_BYTES = 256 << 10, /* payload held out of order, a side */
    MT_TCP_QUEUE_SEGMENTS = 64,
    MT_TCP_BLIND_BYTES = 16 << 10, /* the same, acknowledgements never seen */
    MT_TCP_REORDER_PACKETS = 8,    /* of this connection, after a hole */
    MT_TCP_REORDER_NS = 200000000, /* whichever comes first */
    MT_TCP_HOLE_NS = 2000000000,   /* a hole nobody acknowledged */
    MT_TCP_RECENT = 3,             /* fingerprints kept a side */
    MT_TCP_STRAYS_MAX = 16,        /* misplaced segments before a resync */
};

/* X(name, help). Over all connections. */
#define MT_TCP_COUNTERS(X)                                                  \
    X(payload_bytes, "payload handed on, once each byte")                   \
    X(retransmissions, "segments that repeat bytes already seen")           \
    X(retransmitted_different, "of them, with other bytes: first wins")     \
    X(keep_alives, "keep-alive and window probes")                          \
    X(zero_windows, "segments that announced a window of 0")                \
    X(out_of_order, "segments held until what precedes them came")          \
    X(out_of_order_unheld, "segments handed on early for lack of memory")   \
    X(gaps, "runs of bytes given up as lost by the capture")                \
    X(gap_bytes, "bytes in them")                                           \
    X(gaps_unknown, "gaps of unknown size")                                 \
    X(acks, "segments that acknowledged new bytes")                         \
    X(acked_gaps, "gaps known from acknowledgements: loss is gaps per ack") \
    X(truncated_packets, "packets cut by the snaplen")                      \
    X(truncated_bytes, "bytes cut off them")                                \
    X(after_end_bytes, "payload after FIN or RST, not handed on")           \
    X(misplaced, "segments and resets far outside the window")              \
    X(resyncs, "directions started anew at a position far off")

struct mt_tcp_counters {
#define X(name, help) uint64_t name;
    MT_TCP_COUNTERS(X)
#undef X
};

struct mt_tcp_node; /* a segment held, tcp_queue.h */
struct mt_tcp;

/* Where the ordered bytes go. `to` is env.to. The sink itself counts bytes and
 * gap_bytes of t->stats, before it passes them on. */
struct mt_tcp_sink {
    void (*feed)(void *to, struct mt_tcp *t, int side,
                 const struct mt_chunk *chunk);
    /* n is UINT64_MAX when not known. */
    void (*gap)(void *to, struct mt_tcp *t, int side, uint64_t n,
                int64_t ts_ns);
    /* MT_END_FIN once a side, or MT_END_RST, after which nothing follows. */
    void (*end)(void *to, struct mt_tcp *t, int side, enum mt_end end,
                int64_t ts_ns);
};

struct mt_tcp_env {
    struct mt_pool *pool;
    const struct mt_tcp_sink *sink;
    void *to;
    struct mt_tcp_counters *counters;
    int64_t now_ns; /* never runs back; its origin is nobody's matter */
    int64_t ts_ns;  /* the packets' clock, stamped on gaps */
};

enum mt_tcp_side_flag {
    MT_TCP_NEXT_KNOWN = 1 << 0,
    MT_TCP_ACKED_KNOWN = 1 << 1,
    MT_TCP_SEEN = 1 << 2, /* a segment of this side was captured */
    MT_TCP_FIRM = 1 << 3, /* next is certain: SYN seen or bytes handed on */
    MT_TCP_END_KNOWN = 1 << 4,
    MT_TCP_END_RESET = 1 << 5, /* the end known is an RST */
    MT_TCP_ENDED = 1 << 6,     /* and was handed on */
};

struct mt_tcp_side {
    struct mt_tcp_node *queue; /* by sequence, no overlap */
    uint32_t next;             /* sequence number of the next byte to hand on */
    uint32_t acked;            /* the other side has everything before this */
    uint32_t end;              /* sequence number of FIN or RST */
    uint32_t queued_bytes;
    int64_t end_ts_ns;
    int64_t waits_ns; /* since when it waits, by env.now_ns */
    bool waits;       /* something is held, or known to be missing */
    uint8_t waited;   /* segments of the connection since then */
    uint8_t queued;
    uint8_t flags;  /* enum mt_tcp_side_flag */
    uint8_t strays; /* misplaced segments in a row */
    uint8_t recent_at;
    struct {
        uint32_t seq, len, print;
    } recent[MT_TCP_RECENT]; /* handed on last, to tell other bytes */
};

struct mt_tcp {
    struct mt_tcp_side side[2];
    bool closed; /* nothing follows: both sides ended, or one reset, or the
                    only one that was captured ended some time ago */
    /* The owner's: NULL until it opens a connection for the first bytes. */
    void *conn;
    struct mt_conn_stats *stats; /* written here when not NULL */
};

void mt_tcp_init(struct mt_tcp *t);

/* The first byte of a side is number seq. seen: its own SYN told so, not the
 * acknowledgement of it. */
void mt_tcp_expect(struct mt_tcp *t, int side, uint32_t seq, bool seen);

/* A SYN captured late: may the side have started at seq, not far below what
 * was seen of it first? */
bool mt_tcp_may_start(const struct mt_tcp *t, int side, uint32_t seq);

/* One segment of either side, duplicates already taken out. */
void mt_tcp_input(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                  const struct mt_segment *s);

/* Something is held or missing: call mt_tcp_tick() as time goes by. */
static inline bool mt_tcp_stalled(const struct mt_tcp *t)
{
    return t->side[0].waits || t->side[1].waits;
}

/* Give up what has been missing for too long at env->now_ns. */
void mt_tcp_tick(struct mt_tcp *t, const struct mt_tcp_env *env);

/* Hand on all that is held; what is missing between is a gap. */
void mt_tcp_flush(struct mt_tcp *t, const struct mt_tcp_env *env);

/* Free what is held, unseen. */
void mt_tcp_deinit(struct mt_tcp *t, struct mt_pool *pool);

/* Distance from b to a in the circle of sequence numbers (RFC 9293, 3.4). */
static inline int32_t mt_tcp_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

#endif
