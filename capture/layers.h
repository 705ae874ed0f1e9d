/**
 * layers.h - from a link-layer frame down to TCP or UDP.
 *
 * Link types and tunnels are rows of one table each. IP fragments are put
 * together within the memory ceiling. Checksums are never looked at: a tap
 * sees packets before the hardware has filled them in.
 *
 *     struct mt_layers l;
 *     struct mt_segment seg;
 *     mt_layers_init(&l, &pool);
 *     if (mt_layers_next(&l, &item.packet, &seg) == MT_EVENT)
 *         use(&seg);               // borrows from the packet
 *     mt_layers_deinit(&l);        // l.count[] tells what became of all
 *
 * One thread. Which link types are known: link.h.
 */
#ifndef MT_CAPTURE_LAYERS_H
#define MT_CAPTURE_LAYERS_H

#include "base/pool.h"
#include "base/rc.h"
#include "capture/fragment.h"
#include "capture/packet.h"

enum mt_tcp_flag {
    MT_TCP_FIN = 0x01,
    MT_TCP_SYN = 0x02,
    MT_TCP_RST = 0x04,
    MT_TCP_PSH = 0x08,
    MT_TCP_ACK = 0x10,
};

enum mt_transport { MT_TRANSPORT_TCP = 6, MT_TRANSPORT_UDP = 17 };

/* The innermost TCP segment or UDP datagram of a packet. */
struct mt_segment {
    int64_t ts_ns;
    uint64_t packet;       /* mt_packet.ref */
    uint16_t source;       /* where it was seen, with: */
    uint32_t interface_id; /* Of the packet; SLL and SLL2 frames of Linux's
                              "any" add what they tell of the device */
    struct mt_addr src, dst;
    uint64_t network;        /* VLAN ids and tunnel ids folded; 0 none: equal
                                addresses in different networks are not one flow */
    uint8_t transport;       /* enum mt_transport */
    uint8_t flags;           /* TCP */
    uint16_t window;         /* TCP, unscaled */
    uint32_t seq, ack;       /* TCP */
    uint32_t ts_val, ts_ecr; /* TCP timestamps, when has_timestamps */
    bool has_timestamps;
    bool has_ip_id; /* IPv4 with an id that is not 0 */
    uint16_t ip_id;
    struct mt_span payload; /* captured part; borrows from the packet, or
                               from the fragment store until the next call */
    uint32_t payload_bytes; /* true length by the IP header: a snaplen cut
                               leaves payload.len < payload_bytes */
};

/* What became of a packet. X(NAME, what mt_layers_next() returned, help) */
#define MT_LAYERS_ENDS(X)                                               \
    X(TCP, EVENT, "TCP segments")                                       \
    X(UDP, EVENT, "UDP datagrams")                                      \
    X(FRAGMENT, MORE, "IP fragments held until the rest of them comes") \
    X(OTHER_LINK, DONE, "packets of a link type that is not decoded")   \
    X(NOT_IP, DONE, "frames without IP, such as ARP")                   \
    X(OTHER_TRANSPORT, DONE, "IP packets that are neither TCP nor UDP") \
    X(ENCRYPTED, DONE, "frames encrypted on the wireless link")         \
    X(MALFORMED, EPROTO, "packets whose headers contradict themselves") \
    X(CUT, EPROTO, "packets whose headers the snaplen cut")             \
    X(TOO_DEEP, EPROTO, "packets with more than 24 layers")             \
    X(FRAGMENT_REFUSED, EPROTO, "IP fragments out of bounds or of memory")

enum mt_layers_end {
#define X(name, rc, help) MT_LAYERS_##name,
    MT_LAYERS_ENDS(X)
#undef X
        MT_LAYERS_ENDS_COUNT
};

struct mt_link;

struct mt_layers {
    struct mt_fragments fragments;        /* has counters of its own */
    uint64_t count[MT_LAYERS_ENDS_COUNT]; /* packets */
    const struct mt_link *link; /* of the packet before: mostly the same */
};

/* What a counter counts. */
const char *mt_layers_end_help(enum mt_layers_end end);

/* The pool outlives it. */
void mt_layers_init(struct mt_layers *l, struct mt_pool *pool);

/* Gives back what fragments hold. */
void mt_layers_deinit(struct mt_layers *l);

/**
 * Find the innermost TCP segment or UDP datagram of a packet.
 *
 *   MT_EVENT   *out is set, its payload borrowed until the next call
 *   MT_MORE    a fragment, held
 *   MT_DONE    neither TCP nor UDP
 *   MT_EPROTO  malformed, or cut before the transport header
 *
 * l->count[] tells which in more words. None of these is sticky.
 */
int mt_layers_next(struct mt_layers *l, const struct mt_packet *packet,
                   struct mt_segment *out);

#endif
