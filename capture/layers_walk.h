/**
 * layers_walk.h - how layers.c walks down a packet; private to capture/layers*.
 *
 * Each layer is one step: it takes its header off the front of w->rest, notes
 * what it learns in w->out, and returns the next layer, or mt_walk_end() of
 * what became of the packet.
 */
#ifndef MT_CAPTURE_LAYERS_WALK_H
#define MT_CAPTURE_LAYERS_WALK_H

#include "capture/layers.h"

/* X(UPPER, lower) */
#define MT_LAYERS(X)            \
    X(ETHERNET, ethernet)       \
    X(IPV4, ipv4)               \
    X(IPV6, ipv6)               \
    X(TCP, tcp)                 \
    X(UDP, udp)                 \
    X(IP, ip)                   \
    X(NULL, null)               \
    X(SLL, sll)                 \
    X(SLL2, sll2)               \
    X(VLAN, vlan)               \
    X(MPLS, mpls)               \
    X(PPPOE, pppoe)             \
    X(PPP, ppp)                 \
    X(PPP_DIR, ppp_dir)         \
    X(CHDLC, chdlc)             \
    X(FRELAY, frelay)           \
    X(LLC, llc)                 \
    X(IEEE80211, ieee80211)     \
    X(RADIOTAP, radiotap)       \
    X(PPI, ppi)                 \
    X(PKTAP, pktap)             \
    X(NFLOG, nflog)             \
    X(ENC, enc)                 \
    X(PFLOG, pflog)             \
    X(NETANALYZER, netanalyzer) \
    X(SUNATM, sunatm)           \
    X(PBB, pbb)                 \
    X(VNTAG, vntag)             \
    X(GRE, gre)                 \
    X(ERSPAN2, erspan2)         \
    X(ERSPAN3, erspan3)         \
    X(VXLAN, vxlan)             \
    X(VXLAN_GPE, vxlan_gpe)     \
    X(NSH, nsh)                 \
    X(GENEVE, geneve)           \
    X(GTP, gtp)                 \
    X(ETHERIP, etherip)

enum mt_layer_id {
#define X(upper, lower) MT_LAYER_##upper,
    MT_LAYERS(X)
#undef X
        MT_LAYERS_COUNT
};

enum { MT_WALK_DEPTH_MAX = 24 };

/* What names a network, so that equal numbers of two kinds differ. */
enum mt_network_kind {
    MT_NETWORK_VLAN = 1,
    MT_NETWORK_VNI,
    MT_NETWORK_GRE,
    MT_NETWORK_ISID,
};

struct mt_walk {
    struct mt_span rest; /* captured, from here to the end of this layer */
    uint32_t true_bytes; /* what rest would be uncut: >= rest.len */
    unsigned depth;
    bool bounded; /* some header before told where this layer ends */
    struct mt_layers *layers;
    const struct mt_packet *packet;
    struct mt_segment *out;
    bool in_udp;             /* inside a tunnel that only its UDP port told */
    struct mt_segment outer; /* then: that datagram */
};

struct mt_link {
    uint16_t number;
    uint8_t layer; /* enum mt_layer_id */
    const char *name;
};

/* NULL for a type that is not decoded. */
const struct mt_link *mt_link_find(uint16_t link_type);

/* The packet ends here: below zero, so that it is no layer. */
static inline int mt_walk_end(enum mt_layers_end end)
{
    return -1 - (int)end;
}

/* More bytes were expected than there are. */
static inline int mt_walk_short(const struct mt_walk *w)
{
    return mt_walk_end(w->rest.len < w->true_bytes ? MT_LAYERS_CUT
                                                   : MT_LAYERS_MALFORMED);
}

/* The next n bytes, or NULL when there are fewer. */
static inline const uint8_t *mt_walk_take(struct mt_walk *w, size_t n)
{
    if (n > w->rest.len)
        return NULL;
    w->true_bytes -= (uint32_t)n;
    return mt_span_take(&w->rest, n).ptr;
}

/* The layer ends after n of its true bytes: what follows is padding. */
static inline void mt_walk_trim(struct mt_walk *w, uint32_t n)
{
    w->true_bytes = n;
    w->bounded = true;
    if (w->rest.len > n)
        w->rest.len = n;
}

/* Fold a network's number in. */
static inline void mt_walk_network(struct mt_walk *w, enum mt_network_kind kind,
                                   uint32_t number)
{
    uint64_t h = w->out->network ^ ((uint64_t)kind << 32 | number);
    h *= 0x9e3779b97f4a7c15u;
    w->out->network = h ^ h >> 29;
}

/* The layer inside an Ethernet type, or an end. */
int mt_walk_ethertype(struct mt_walk *w, uint16_t type);

/* The layer inside an IP protocol, or an end. */
int mt_walk_protocol(struct mt_walk *w, uint8_t protocol);

/* The layer inside a tunnel that runs between these UDP ports, looking at its
 * first bytes; below zero when there is none. */
int mt_walk_udp_tunnel(const struct mt_walk *w, uint16_t src, uint16_t dst);

#define X(upper, lower) int mt_layer_##lower(struct mt_walk *w);
MT_LAYERS(X)
#undef X

#endif
