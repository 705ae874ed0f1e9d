/**
 * layers.h - from a link-layer frame down to TCP or UDP.
 *
 * Link types and tunnels are rows of one table each. IP fragments are put
 * together within the memory ceiling.
 */
#ifndef MT_CAPTURE_LAYERS_H
#define MT_CAPTURE_LAYERS_H

#include "base/pool.h"
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
    uint32_t interface_id; /* where it was seen, with the source: ref >> 48 */
    struct mt_addr src, dst;
    uint64_t network;   /* VLAN ids and tunnel ids folded; 0 none: equal
                           addresses in different networks are not one flow */
    uint8_t transport;  /* enum mt_transport */
    uint8_t flags;      /* TCP */
    uint16_t window;    /* TCP, unscaled */
    uint32_t seq, ack;  /* TCP */
    uint32_t ts_val, ts_ecr; /* TCP timestamps, when has_timestamps */
    bool has_timestamps;
    bool has_ip_id;     /* IPv4 with an id that is not 0 */
    uint16_t ip_id;
    struct mt_span payload;  /* captured part; borrows from the packet, or
                                from the fragment store until the next call */
    uint32_t payload_bytes;  /* true length by the IP header: a snaplen cut
                                leaves payload.len < payload_bytes */
};

#endif
