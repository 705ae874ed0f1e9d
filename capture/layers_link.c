/* Link types: LINKTYPE_ numbers of https://www.tcpdump.org/linktypes.html,
 * and what their frames begin with. */
#include <pcap/pcap.h>

#include "capture/layers_walk.h"
#include "capture/link.h"

static const struct mt_link links[] = {
    {0, MT_LAYER_NULL, "NULL"},
    {1, MT_LAYER_ETHERNET, "EN10MB"},
    {9, MT_LAYER_PPP, "PPP"},
    {12, MT_LAYER_IP, "RAW"}, /* DLT_RAW, as some write it */
    {14, MT_LAYER_IP, "RAW"}, /* the same of OpenBSD */
    {50, MT_LAYER_PPP, "PPP_HDLC"},
    {51, MT_LAYER_PPPOE, "PPP_ETHER"},
    {100, MT_LAYER_LLC, "ATM_RFC1483"},
    {101, MT_LAYER_IP, "RAW"},
    {104, MT_LAYER_CHDLC, "C_HDLC"},
    {105, MT_LAYER_IEEE80211, "IEEE802_11"},
    {107, MT_LAYER_FRELAY, "FRELAY"},
    {108, MT_LAYER_NULL, "LOOP"},
    {109, MT_LAYER_ENC, "ENC"},
    {113, MT_LAYER_SLL, "LINUX_SLL"},
    {117, MT_LAYER_PFLOG, "PFLOG"},
    {123, MT_LAYER_SUNATM, "SUNATM"},
    {127, MT_LAYER_RADIOTAP, "IEEE802_11_RADIOTAP"},
    {192, MT_LAYER_PPI, "PPI"},
    {204, MT_LAYER_PPP_DIR, "PPP_WITH_DIR"},
    {219, MT_LAYER_MPLS, "MPLS"},
    {228, MT_LAYER_IPV4, "IPV4"},
    {229, MT_LAYER_IPV6, "IPV6"},
    {239, MT_LAYER_NFLOG, "NFLOG"},
    {240, MT_LAYER_NETANALYZER, "NETANALYZER"},
    {258, MT_LAYER_PKTAP, "PKTAP"},
    {276, MT_LAYER_SLL2, "LINUX_SLL2"},
};

const struct mt_link *mt_link_find(uint16_t link_type)
{
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        if (links[i].number == link_type)
            return &links[i];
    return NULL;
}

bool mt_link_is_known(uint16_t link_type)
{
    return mt_link_find(link_type) != NULL;
}

const char *mt_link_name(uint16_t link_type)
{
    const struct mt_link *link = mt_link_find(link_type);
    if (link != NULL)
        return link->name;
    /* libpcap's DLT_ numbers are the same but for those of the table */
    const char *name = pcap_datalink_val_to_name(link_type);
    return name != NULL ? name : "unknown";
}

static int inner_link(uint32_t link_type)
{
    const struct mt_link *link =
        link_type <= UINT16_MAX ? mt_link_find((uint16_t)link_type) : NULL;
    return link != NULL ? link->layer : mt_walk_end(MT_LAYERS_OTHER_LINK);
}

int mt_layer_ethernet(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 14);
    return b != NULL ? mt_walk_ethertype(w, mt_be16(b + 12)) : mt_walk_short(w);
}

/* Address families as BSD, macOS, Linux and Windows number them. */
static int address_family(uint32_t family)
{
    switch (family) {
    case 2:
        return MT_LAYER_IPV4;
    case 10:
    case 23:
    case 24:
    case 28:
    case 30:
        return MT_LAYER_IPV6;
    default:
        return mt_walk_end(MT_LAYERS_NOT_IP);
    }
}

/* In the byte order of the host that captured, which may not be that of the
 * file; LOOP in network order. A family is a small number; some writers put
 * other things there, and only what follows can tell. */
static int either_order(const uint8_t *b)
{
    uint32_t le = mt_le32(b), be = mt_be32(b);
    if (le > 0xffff && be > 0xffff)
        return MT_LAYER_IP;
    return address_family(le <= 0xffff ? le : be);
}

int mt_layer_null(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 4);
    return b != NULL ? either_order(b) : mt_walk_short(w);
}

int mt_layer_enc(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 12);
    return b != NULL ? either_order(b) : mt_walk_short(w);
}

int mt_layer_pflog(struct mt_walk *w)
{
    if (w->rest.len < 2)
        return mt_walk_short(w);
    const uint8_t *b = w->rest.ptr;
    if (mt_walk_take(w, ((size_t)b[0] + 3) / 4 * 4) == NULL)
        return mt_walk_short(w);
    return address_family(b[1]);
}

/* The devices of "any" are told apart, or a packet that crosses two of them
 * looks as if it were sent twice. The number only has to differ. */
static void fold_device(struct mt_walk *w, uint32_t device)
{
    w->out->interface_id ^= device << 12;
}

/* What stands where an Ethernet type would. */
static int sll_protocol(struct mt_walk *w, unsigned hardware, uint16_t protocol)
{
    enum { ARPHRD_RADIOTAP = 803, ARPHRD_GRE = 778, LLC = 4 };
    if (hardware == ARPHRD_RADIOTAP)
        return MT_LAYER_RADIOTAP;
    if (protocol == LLC)
        return MT_LAYER_LLC;
    return mt_walk_ethertype(w, protocol);
}

int mt_layer_sll(struct mt_walk *w)
{
    enum { OUTGOING = 4 };
    const uint8_t *b = mt_walk_take(w, 16);
    if (b == NULL)
        return mt_walk_short(w);
    fold_device(w, mt_be16(b) == OUTGOING);
    return sll_protocol(w, mt_be16(b + 2), mt_be16(b + 14));
}

int mt_layer_sll2(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 20);
    if (b == NULL)
        return mt_walk_short(w);
    fold_device(w, mt_be32(b + 4));
    return sll_protocol(w, mt_be16(b + 8), mt_be16(b));
}

int mt_layer_netanalyzer(struct mt_walk *w)
{
    return mt_walk_take(w, 4) != NULL ? MT_LAYER_ETHERNET : mt_walk_short(w);
}

/* Direction and type, VPI, VCI; type 2 is LLC multiplexed. */
int mt_layer_sunatm(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 4);
    if (b == NULL)
        return mt_walk_short(w);
    return (b[0] & 0x0f) == 2 ? MT_LAYER_LLC : mt_walk_end(MT_LAYERS_NOT_IP);
}

/* A header of its own length, then a frame of the link type that it names:
 * macOS's pktap, and PPI. */
int mt_layer_pktap(struct mt_walk *w)
{
    if (w->rest.len < 12)
        return mt_walk_short(w);
    const uint8_t *b = w->rest.ptr;
    if (mt_walk_take(w, mt_le32(b)) == NULL)
        return mt_walk_short(w);
    return mt_le32(b) >= 12 ? inner_link(mt_le32(b + 8))
                            : mt_walk_end(MT_LAYERS_MALFORMED);
}

int mt_layer_ppi(struct mt_walk *w)
{
    if (w->rest.len < 8)
        return mt_walk_short(w);
    const uint8_t *b = w->rest.ptr;
    if (mt_walk_take(w, mt_le16(b + 2)) == NULL)
        return mt_walk_short(w);
    return mt_le16(b + 2) >= 8 ? inner_link(mt_le32(b + 4))
                               : mt_walk_end(MT_LAYERS_MALFORMED);
}

struct attribute {
    unsigned type;
    uint32_t bytes; /* of its value */
};

/* In the capturing host's byte order: types are small numbers. */
static int next_attribute(struct mt_walk *w, struct attribute *out)
{
    const uint8_t *b = mt_walk_take(w, 4);
    if (b == NULL)
        return mt_walk_short(w);
    bool little = mt_be16(b + 2) > 255;
    uint32_t bytes = little ? mt_le16(b) : mt_be16(b);
    if (bytes < 4)
        return mt_walk_end(MT_LAYERS_MALFORMED);
    out->type = little ? mt_le16(b + 2) : mt_be16(b + 2);
    out->bytes = bytes - 4;
    return 0;
}

/* The packet is one of the attributes. */
int mt_layer_nflog(struct mt_walk *w)
{
    enum { PAYLOAD = 9, INET = 2, INET6 = 10 };
    const uint8_t *b = mt_walk_take(w, 4);
    if (b == NULL)
        return mt_walk_short(w);
    for (;;) {
        struct attribute a;
        int rc = next_attribute(w, &a);
        if (rc < 0)
            return rc;
        if (a.type == PAYLOAD) {
            if (a.bytes < w->true_bytes)
                mt_walk_trim(w, a.bytes);
            break;
        }
        if (mt_walk_take(w, ((size_t)a.bytes + 3) / 4 * 4) == NULL)
            return mt_walk_short(w);
    }
    return b[0] == INET || b[0] == INET6 ? address_family(b[0])
                                         : mt_walk_end(MT_LAYERS_NOT_IP);
}
