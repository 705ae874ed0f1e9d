/**
 * tap.h - packets in, exchanges out.
 *
 *     struct mt_tap *tap = mt_tap_new(&config);     // NULL: no memory
 *     while (next packet)
 *         mt_tap_packet(tap, &packet);
 *         while ((x = mt_tap_next(tap)) != NULL)
 *             store(x);                             // borrowed until the next
 *     mt_tap_end(tap);                              // what is open ends here
 *     while ((x = mt_tap_next(tap)) != NULL) ...
 *     mt_tap_free(tap);
 *
 * Packet layers, de-duplication, flows, reassembly, and a connection of
 * decode/ for every flow with payload. One thread. All memory but the fixed
 * table of duplicates comes from one pool: above 15/16 of its limit flows are
 * shed, in the order of MT_FLOW_LISTS (flow.h), those silent for a minute
 * first.
 *
 * The clock is the packets' own: the same packets give the same exchanges in
 * the same order. It does not run back; a packet whose time is more than a
 * second behind or a minute ahead changes it only once the next one agrees.
 *
 * A datagram is first asked whether it could be of a protocol that is decoded
 * (mt_conn_may_decode): those that could not are counted and forgotten. The
 * others make a flow, which ends after 15 s of silence, and feed its
 * connection. Multicast is no conversation.
 */
#ifndef MT_CAPTURE_TAP_H
#define MT_CAPTURE_TAP_H

#include "capture/layers.h"
#include "capture/tcp.h"
#include "decode/conn.h"
#include "decode/draft.h"

/* Where connections go: decode/ by default; a test or a bench has its own. */
struct mt_tap_sink {
    /* NULL: no memory. *stats is written by the tap while the conn lives. */
    void *(*open)(void *context, const struct mt_conn_start *start,
                  struct mt_conn_stats **stats);
    void (*feed)(void *conn, int side, const struct mt_chunk *chunk);
    /* Both NULL: datagrams are counted only. */
    bool (*may_decode)(struct mt_span datagram, size_t whole_bytes);
    void (*datagram)(void *conn, int side, const struct mt_chunk *datagram);
    void (*gap)(void *conn, int side, uint64_t n, int64_t ts_ns);
    void (*end)(void *conn, int side, enum mt_end end, int64_t ts_ns);
    bool (*is_decoded)(const void *conn);
    void (*close)(void *conn, enum mt_end end, int64_t ts_ns);
    void (*refused)(void *context, const struct mt_conn_start *start,
                    enum mt_error error, int64_t ts_ns);
};

struct mt_tap_config {
    struct mt_decode_config decode;
    size_t limit_bytes;     /* flows, reassembly and parsers; 0: 256 MiB */
    uint64_t hash_seed;     /* random where input is hostile; changes nothing */
    bool keep_duplicates;   /* do not look for copies of packets */
    uint32_t refused_per_s; /* rows of refused, unanswered and reset attempts
                               a second, 5 s of it at once; 0: 200 */
    const struct mt_tap_sink *sink; /* NULL: decode/ */
    void *sink_context;
    /* A TCP flow at its first packet; side 0 sent it. NULL: not wanted. */
    void (*seen)(void *context, const struct mt_conn_start *start);
    void *seen_context;
};

/* X(name, help). Each loss has its own. */
#define MT_TAP_COUNTERS(X)                                                \
    X(packets, "packets")                                                 \
    X(wire_bytes, "bytes on the wire")                                    \
    X(segments, "TCP segments, duplicates included")                      \
    X(dup_packets, "copies of packets seen before")                       \
    X(datagrams, "UDP datagrams, duplicates included")                    \
    X(dup_datagrams, "of them, copies of those seen before")              \
    X(flows, "TCP flows")                                                 \
    X(udp_flows, "UDP flows that a decoder recognised")                   \
    X(conns, "connections with payload")                                  \
    X(midstream, "of them, joined after their start")                     \
    X(stray_packets, "without payload, of no known flow")                 \
    X(late_packets, "of flows that had ended")                            \
    X(refused, "connection attempts refused")                             \
    X(unanswered, "connection attempts never answered")                   \
    X(reset_unused, "connections reset by the server before any payload") \
    X(attempts_unrecorded, "of these three, above the rate of rows")      \
    X(ended_idle, "connections silent for 10 minutes")                    \
    X(reused, "5-tuples used again before their end was seen")            \
    X(hops, "connections seen again behind a translation of addresses")   \
    X(evicted_closed, "shed: ended flows, nothing lost")                  \
    X(evicted_idle, "shed: flows silent for a minute")                    \
    X(evicted_half_open, "shed: handshakes not complete")                 \
    X(evicted_quiet, "shed: flows without payload")                       \
    X(evicted_unknown, "shed: connections no decoder recognised")         \
    X(evicted_decoded, "shed: connections at work")                       \
    X(flows_refused, "packets without memory for their flow")             \
    X(sampled_packets, "of connections left out to spare the processor")  \
    X(undelivered_bytes, "payload without memory for its connection")     \
    X(clock_steps, "the packets' clock jumped back, or ahead by a minute")

struct mt_tap_counters {
#define X(name, help) uint64_t name;
    MT_TAP_COUNTERS(X)
#undef X
};

enum { MT_TAP_INTERFACES_MAX = 64, MT_TAP_LISTENERS = 256 };

/* What came from one interface of one source. */
struct mt_tap_interface {
    uint16_t source; /* top of mt_packet.ref */
    uint32_t id;
    uint64_t packets, wire_bytes, dup_packets;
};

struct mt_tap_stats {
    struct mt_tap_counters tap;
    struct mt_tcp_counters tcp;
    struct mt_decode_stats decode;
    const struct mt_layers *layers; /* its counters; borrowed from the tap */
    const struct mt_tap_interface *interfaces; /* borrowed from the tap; the
                                                  last has all beyond the
                                                  table when it is full */
    unsigned interfaces_count;
    uint64_t flows_now, flows_peak;
    size_t memory_now_bytes, memory_peak_bytes;
};

struct mt_tap;

struct mt_tap *mt_tap_new(const struct mt_tap_config *config);

/* Ends it first if mt_tap_end() was not called. NULL is fine. */
void mt_tap_free(struct mt_tap *tap);

/* One packet. Its bytes are not needed after the call. */
void mt_tap_packet(struct mt_tap *tap, const struct mt_packet *packet);

/* One segment, for tests and for other sources of segments. */
void mt_tap_segment(struct mt_tap *tap, const struct mt_segment *s);

/**
 * Live: the packets' clock reached now_ns without a packet, so that timers
 * go on. Offline nobody calls it: the packets alone decide.
 */
void mt_tap_advance(struct mt_tap *tap, int64_t now_ns);

/**
 * Decode only one of so many connections from now on, whole ones, chosen by a
 * hash of their endpoints (a power of two up to MT_SAMPLE_MAX, sampler.h). Of
 * those that are at work the others end as evicted.
 */
void mt_tap_sample(struct mt_tap *tap, uint32_t one_of);

/* Someone listens there: of connections that are joined late it is the server.
 * Of addresses that share a place in the table, the newest. */
void mt_tap_listens(struct mt_tap *tap, const struct mt_addr *addr);

/* The capture is over: what is open ends, in the order of creation. */
void mt_tap_end(struct mt_tap *tap);

/* The next finished exchange, or NULL. Borrowed until the next call. */
const struct mt_exchange *mt_tap_next(struct mt_tap *tap);

/* The next report of a connection, or NULL. Borrowed until the next call. Take
 * the exchanges first. */
const struct mt_conn_report *mt_tap_next_report(struct mt_tap *tap);

/**
 * Requests in flight for more than a second at now_ns: oldest first. Start
 * with *at NULL; NULL at the end. Borrowed until the next packet; the caller
 * may set open_reported.
 */
struct mt_draft *mt_tap_open(struct mt_tap *tap, int64_t now_ns,
                             struct mt_draft *at);

/* The packets' clock, Unix ns; 0 before the first packet. */
int64_t mt_tap_now_ns(const struct mt_tap *tap);

void mt_tap_stats(const struct mt_tap *tap, struct mt_tap_stats *out);

#endif
