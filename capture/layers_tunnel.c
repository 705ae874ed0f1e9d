/* Ethernet types and tunnels: IEEE 802.1Q, MPLS (RFC 3032, 4385), PPPoE
 * (RFC 2516), GRE (RFC 2784, 2890, 2637), ERSPAN, VXLAN (RFC 7348), Geneve
 * (RFC 8926), NSH (RFC 8300), GTP-U (3GPP TS 29.281), EtherIP (RFC 3378). */
#include "capture/layers_walk.h"

enum {
    ETHERTYPE_MIN = 0x600,
    ETHERTYPE_IPV4 = 0x800,
    TYPE_TEB = 0x6558,
    TYPE_PPP = 0x880b,
    TYPE_ERSPAN = 0x88be,
};

struct row {
    uint16_t type;
    uint8_t layer; /* enum mt_layer_id */
};

static const struct row ethertypes[] = {
    {0x86dd, MT_LAYER_IPV6},         {0x8100, MT_LAYER_VLAN},
    {0x88a8, MT_LAYER_VLAN},         {0x9100, MT_LAYER_VLAN},
    {0x9200, MT_LAYER_VLAN},         {0x8847, MT_LAYER_MPLS},
    {0x8848, MT_LAYER_MPLS},         {0x8864, MT_LAYER_PPPOE},
    {TYPE_PPP, MT_LAYER_PPP},        {0x8926, MT_LAYER_VNTAG},
    {0x88e7, MT_LAYER_PBB},          {TYPE_TEB, MT_LAYER_ETHERNET},
    {TYPE_ERSPAN, MT_LAYER_ERSPAN2}, {0x22eb, MT_LAYER_ERSPAN3},
    {0x894f, MT_LAYER_NSH},
};

static const struct row *find_ethertype(uint16_t type)
{
    for (size_t i = 0; i < sizeof ethertypes / sizeof ethertypes[0]; i++)
        if (ethertypes[i].type == type)
            return &ethertypes[i];
    return NULL;
}

int mt_walk_ethertype(struct mt_walk *w, uint16_t type)
{
    if (type == ETHERTYPE_IPV4)
        return MT_LAYER_IPV4;
    const struct row *row = find_ethertype(type);
    if (row != NULL)
        return row->layer;
    if (type >= ETHERTYPE_MIN)
        return mt_walk_end(MT_LAYERS_NOT_IP);
    if (type < w->true_bytes) /* a length: IEEE 802.3 */
        mt_walk_trim(w, type);
    return MT_LAYER_LLC;
}

/* Number 0 only carries a priority, and one direction may have no tag. */
int mt_layer_vlan(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 4);
    if (b == NULL)
        return mt_walk_short(w);
    uint32_t id = mt_be16(b) & 0x0fffu;
    if (id != 0)
        mt_walk_network(w, MT_NETWORK_VLAN, id);
    return mt_walk_ethertype(w, mt_be16(b + 2));
}

int mt_layer_vntag(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 6);
    return b != NULL ? mt_walk_ethertype(w, mt_be16(b + 4)) : mt_walk_short(w);
}

int mt_layer_pbb(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 4);
    if (b == NULL)
        return mt_walk_short(w);
    mt_walk_network(w, MT_NETWORK_ISID, mt_be32(b) & 0xffffff);
    return MT_LAYER_ETHERNET;
}

/* Would an Ethernet header at this offset have a type that is decoded? */
static bool looks_ethernet(struct mt_span s, size_t at)
{
    enum { TYPE_AT = 12 };
    if (s.len < at + TYPE_AT + 2)
        return false;
    uint16_t type = mt_be16(s.ptr + at + TYPE_AT);
    return type == ETHERTYPE_IPV4 || find_ethertype(type) != NULL;
}

/* A pseudowire, with a control word or, where the address that it begins with
 * only looks like one, without. */
static int pseudowire(struct mt_walk *w)
{
    if (!looks_ethernet(w->rest, 4) && looks_ethernet(w->rest, 0))
        return MT_LAYER_ETHERNET;
    return mt_walk_take(w, 4) != NULL ? MT_LAYER_ETHERNET : mt_walk_short(w);
}

/* Labels name no network: the two directions of a flow have different ones.
 * What is below the stack is told by its first half byte, RFC 4928. */
int mt_layer_mpls(struct mt_walk *w)
{
    const uint8_t *b;
    unsigned n = 0;
    do {
        b = mt_walk_take(w, 4);
        if (b == NULL)
            return mt_walk_short(w);
        if (++n > MT_WALK_DEPTH_MAX)
            return mt_walk_end(MT_LAYERS_TOO_DEEP);
    } while ((b[2] & 1) == 0);
    if (w->rest.len == 0)
        return mt_walk_short(w);
    switch (w->rest.ptr[0] >> 4) {
    case 4:
        return MT_LAYER_IPV4;
    case 6:
        return MT_LAYER_IPV6;
    case 0:
        return pseudowire(w);
    case 1: /* an associated channel */
        return mt_walk_end(MT_LAYERS_NOT_IP);
    default:
        return MT_LAYER_ETHERNET;
    }
}

int mt_layer_pppoe(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 6);
    if (b == NULL)
        return mt_walk_short(w);
    if (b[0] != 0x11 || b[1] != 0)
        return mt_walk_end(b[0] == 0x11 ? MT_LAYERS_NOT_IP
                                        : MT_LAYERS_MALFORMED);
    if (mt_be16(b + 4) > 0 && mt_be16(b + 4) < w->true_bytes)
        mt_walk_trim(w, mt_be16(b + 4));
    return MT_LAYER_PPP;
}

enum gre_flag {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACK = 0x0080, /* version 1 */
    GRE_VERSION = 0x0007,
};

/* RFC 2637, PPTP: the key holds a length and a call id, which differs by
 * direction. */
static int gre_pptp(struct mt_walk *w, unsigned flags)
{
    size_t options = 4u + ((flags & GRE_SEQUENCE) != 0 ? 4 : 0) +
                     ((flags & GRE_ACK) != 0 ? 4 : 0);
    if (mt_walk_take(w, options) == NULL)
        return mt_walk_short(w);
    if ((flags & GRE_SEQUENCE) == 0) /* an acknowledgement only */
        return mt_walk_end(MT_LAYERS_NOT_IP);
    return MT_LAYER_PPP;
}

/* Checksum, key and sequence number: 0, or an end when they are cut. */
static int gre_options(struct mt_walk *w, unsigned flags, uint16_t type)
{
    if ((flags & GRE_CHECKSUM) != 0 && mt_walk_take(w, 4) == NULL)
        return mt_walk_short(w);
    if ((flags & GRE_KEY) != 0) {
        const uint8_t *key = mt_walk_take(w, 4);
        if (key == NULL)
            return mt_walk_short(w);
        /* NVGRE, RFC 7637: the last byte tells flows apart, not networks */
        mt_walk_network(w, MT_NETWORK_GRE,
                        type == TYPE_TEB ? mt_be32(key) >> 8 : mt_be32(key));
    }
    if ((flags & GRE_SEQUENCE) != 0 && mt_walk_take(w, 4) == NULL)
        return mt_walk_short(w);
    return 0;
}

int mt_layer_gre(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 4);
    if (b == NULL)
        return mt_walk_short(w);
    unsigned flags = mt_be16(b);
    uint16_t type = mt_be16(b + 2);
    if ((flags & GRE_VERSION) == 1 && type == TYPE_PPP)
        return gre_pptp(w, flags);
    /* version 1 with another type: version 0 by a writer who knew no better */
    if ((flags & GRE_VERSION) > 1 || (flags & GRE_ROUTING) != 0)
        return mt_walk_end(MT_LAYERS_NOT_IP);
    int rc = gre_options(w, flags, type);
    if (rc < 0)
        return rc;
    if (type == TYPE_ERSPAN && (flags & GRE_SEQUENCE) == 0) /* type I */
        return MT_LAYER_ETHERNET;
    return type != 0 ? mt_walk_ethertype(w, type)
                     : mt_walk_end(MT_LAYERS_NOT_IP); /* a keep-alive */
}

/* A mirror's number is of the mirror, not of the network it shows. */
int mt_layer_erspan2(struct mt_walk *w)
{
    return mt_walk_take(w, 8) != NULL ? MT_LAYER_ETHERNET : mt_walk_short(w);
}

int mt_layer_erspan3(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 12);
    if (b == NULL)
        return mt_walk_short(w);
    if ((b[11] & 1) != 0 && mt_walk_take(w, 8) == NULL)
        return mt_walk_short(w);
    return (b[10] & 0x7c) == 0x08 ? MT_LAYER_IP : MT_LAYER_ETHERNET;
}

int mt_layer_vxlan(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 8);
    if (b == NULL)
        return mt_walk_short(w);
    mt_walk_network(w, MT_NETWORK_VNI, mt_be32(b + 4) >> 8);
    return MT_LAYER_ETHERNET;
}

/* The numbers that VXLAN-GPE and NSH (RFC 8300) give what is inside. */
static int gpe_protocol(uint8_t protocol)
{
    switch (protocol) {
    case 1:
        return MT_LAYER_IPV4;
    case 2:
        return MT_LAYER_IPV6;
    case 3:
        return MT_LAYER_ETHERNET;
    case 4:
        return MT_LAYER_NSH;
    case 5:
        return MT_LAYER_MPLS;
    default:
        return mt_walk_end(MT_LAYERS_NOT_IP);
    }
}

int mt_layer_vxlan_gpe(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 8);
    if (b == NULL)
        return mt_walk_short(w);
    mt_walk_network(w, MT_NETWORK_VNI, mt_be32(b + 4) >> 8);
    return gpe_protocol(b[3]);
}

int mt_layer_nsh(struct mt_walk *w)
{
    enum { BASE_BYTES = 8 };
    if (w->rest.len < BASE_BYTES)
        return mt_walk_short(w);
    const uint8_t *b = w->rest.ptr;
    size_t bytes = (size_t)(b[1] & 0x3f) * 4;
    if (bytes < BASE_BYTES)
        return mt_walk_end(MT_LAYERS_MALFORMED);
    if (mt_walk_take(w, bytes) == NULL)
        return mt_walk_short(w);
    return gpe_protocol(b[3]);
}

int mt_layer_geneve(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 8);
    if (b == NULL || mt_walk_take(w, (size_t)(b[0] & 0x3f) * 4) == NULL)
        return mt_walk_short(w);
    mt_walk_network(w, MT_NETWORK_VNI, mt_be32(b + 4) >> 8);
    return mt_walk_ethertype(w, mt_be16(b + 2));
}

/* Tunnel ids differ by direction: they name no network. */
int mt_layer_gtp(struct mt_walk *w)
{
    enum { ANY_OPTION = 7, EXTENSION = 4 };
    const uint8_t *b = mt_walk_take(w, 8);
    if (b == NULL)
        return mt_walk_short(w);
    if ((b[0] & ANY_OPTION) == 0)
        return MT_LAYER_IP;
    const uint8_t *o = mt_walk_take(w, 4);
    if (o == NULL)
        return mt_walk_short(w);
    uint8_t next = (b[0] & EXTENSION) != 0 ? o[3] : 0;
    while (next != 0) {
        if (w->rest.len == 0)
            return mt_walk_short(w);
        size_t bytes = (size_t)w->rest.ptr[0] * 4;
        const uint8_t *e = bytes > 0 ? mt_walk_take(w, bytes) : NULL;
        if (e == NULL)
            return mt_walk_short(w);
        next = e[bytes - 1];
    }
    return MT_LAYER_IP;
}

int mt_layer_etherip(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 2);
    if (b == NULL)
        return mt_walk_short(w);
    return b[0] >> 4 == 3 ? MT_LAYER_ETHERNET
                          : mt_walk_end(MT_LAYERS_OTHER_TRANSPORT);
}

/* A port is only a hint: the first 8 bytes have to agree. */

static bool is_vxlan(const struct mt_walk *w, const uint8_t *b)
{
    (void)w;
    return (b[0] & 0x08) != 0 && b[7] == 0;
}

static bool is_vxlan_gpe(const struct mt_walk *w, const uint8_t *b)
{
    (void)w;
    return (b[0] & 0x0c) == 0x0c && b[7] == 0; /* the next one is told */
}

static bool is_geneve(const struct mt_walk *w, const uint8_t *b)
{
    (void)w;
    return b[0] >> 6 == 0 && b[7] == 0;
}

/* Version 1, not GTP', a packet of a user's. */
static bool is_gtp(const struct mt_walk *w, const uint8_t *b)
{
    return b[0] >> 4 == 3 && b[1] == 255 && mt_be16(b + 2) <= w->true_bytes - 8;
}

static bool is_gre(const struct mt_walk *w, const uint8_t *b)
{
    (void)w;
    return (b[1] & GRE_VERSION) == 0;
}

static bool is_mpls(const struct mt_walk *w, const uint8_t *b)
{
    (void)w, (void)b;
    return true;
}

enum { PORT_GTP = 2152 };

static const struct {
    uint16_t port;
    uint8_t layer; /* enum mt_layer_id */
    bool (*is)(const struct mt_walk *w, const uint8_t *b);
} udp_tunnels[] = {
    {PORT_GTP, MT_LAYER_GTP, is_gtp},
    {4754, MT_LAYER_GRE, is_gre},
    {4789, MT_LAYER_VXLAN, is_vxlan},
    {4790, MT_LAYER_VXLAN_GPE, is_vxlan_gpe},
    {6081, MT_LAYER_GENEVE, is_geneve},
    {6635, MT_LAYER_MPLS, is_mpls},
    {8472, MT_LAYER_VXLAN, is_vxlan},
};

int mt_walk_udp_tunnel(const struct mt_walk *w, uint16_t src, uint16_t dst)
{
    /* the others choose their source port by a hash of the flow inside */
    uint16_t port = src == PORT_GTP ? src : dst;
    struct mt_cursor c = mt_cursor_of(w->rest);
    const uint8_t *b = mt_get_span(&c, 8).ptr;
    for (size_t i = 0; i < sizeof udp_tunnels / sizeof udp_tunnels[0]; i++)
        if (udp_tunnels[i].port == port)
            return !c.bad && udp_tunnels[i].is(w, b) ? udp_tunnels[i].layer
                                                     : -1;
    return -1;
}
