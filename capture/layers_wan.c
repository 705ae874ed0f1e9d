/* Serial lines, LLC and wireless: PPP (RFC 1661, 1662), Cisco HDLC, frame
 * relay (RFC 2427), IEEE 802.2 with SNAP (RFC 1042), IEEE 802.11, radiotap. */
#include "capture/layers_walk.h"

static int ppp_protocol(unsigned protocol)
{
    switch (protocol) {
    case 0x21:
        return MT_LAYER_IPV4;
    case 0x57:
        return MT_LAYER_IPV6;
    case 0x281:
    case 0x283:
        return MT_LAYER_MPLS;
    default:
        return mt_walk_end(MT_LAYERS_NOT_IP);
    }
}

/* Address and control, and the upper byte of the protocol, may be left out. */
int mt_layer_ppp(struct mt_walk *w)
{
    if (w->rest.len < 2)
        return mt_walk_short(w);
    if (mt_be16(w->rest.ptr) == 0xff03)
        (void)mt_walk_take(w, 2);
    const uint8_t *b = mt_walk_take(w, 1);
    if (b == NULL)
        return mt_walk_short(w);
    if ((b[0] & 1) != 0)
        return ppp_protocol(b[0]);
    const uint8_t *low = mt_walk_take(w, 1);
    return low != NULL ? ppp_protocol((unsigned)b[0] << 8 | low[0])
                       : mt_walk_short(w);
}

int mt_layer_ppp_dir(struct mt_walk *w)
{
    return mt_walk_take(w, 1) != NULL ? MT_LAYER_PPP : mt_walk_short(w);
}

int mt_layer_chdlc(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 4);
    return b != NULL ? mt_walk_ethertype(w, mt_be16(b + 2)) : mt_walk_short(w);
}

/* The address ends at the byte whose lowest bit is set. */
int mt_layer_frelay(struct mt_walk *w)
{
    enum { UI = 3, NLPID_SNAP = 0x80, NLPID_IPV6 = 0x8e, NLPID_IPV4 = 0xcc };
    const uint8_t *b;
    unsigned n = 0;
    do {
        b = mt_walk_take(w, 1);
        if (b == NULL)
            return mt_walk_short(w);
        if (++n > 4)
            return mt_walk_end(MT_LAYERS_MALFORMED);
    } while ((b[0] & 1) == 0);
    b = mt_walk_take(w, 2);
    if (b == NULL)
        return mt_walk_short(w);
    if (b[0] != UI) /* Cisco: an Ethernet type */
        return mt_walk_ethertype(w, mt_be16(b));
    const uint8_t *nlpid = b[1] != 0 ? b + 1 : mt_walk_take(w, 1); /* padded */
    if (nlpid == NULL)
        return mt_walk_short(w);
    switch (nlpid[0]) {
    case NLPID_IPV4:
        return MT_LAYER_IPV4;
    case NLPID_IPV6:
        return MT_LAYER_IPV6;
    case NLPID_SNAP:
        b = mt_walk_take(w, 5);
        return b != NULL ? mt_walk_ethertype(w, mt_be16(b + 3))
                         : mt_walk_short(w);
    default:
        return mt_walk_end(MT_LAYERS_NOT_IP);
    }
}

int mt_layer_llc(struct mt_walk *w)
{
    enum { SAP_IP = 0x06, SAP_SNAP = 0xaa };
    const uint8_t *b = mt_walk_take(w, 3);
    if (b == NULL)
        return mt_walk_short(w);
    if (b[0] == SAP_IP && b[1] == SAP_IP)
        return MT_LAYER_IP;
    if (b[0] != SAP_SNAP || b[1] != SAP_SNAP)
        return mt_walk_end(MT_LAYERS_NOT_IP);
    b = mt_walk_take(w, 5);
    return b != NULL ? mt_walk_ethertype(w, mt_be16(b + 3)) : mt_walk_short(w);
}

enum wlan_bits {
    FC_DATA = 2,
    SUBTYPE_NO_DATA = 4,
    SUBTYPE_QOS = 8,
    TO_DS = 1,
    FROM_DS = 2,
    PROTECTED = 0x40,
    ORDER = 0x80,
};

/* The first of several frames in one, an A-MSDU. */
static int first_of_several(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 14);
    if (b == NULL)
        return mt_walk_short(w);
    if (mt_be16(b + 12) < w->true_bytes)
        mt_walk_trim(w, mt_be16(b + 12));
    return MT_LAYER_LLC;
}

/* A data frame. pads: padding to 32 bits follows its header. */
static int wlan_data(struct mt_walk *w, bool qos, unsigned flags, bool pads)
{
    const uint8_t *b = w->rest.ptr;
    bool four_addresses = (flags & (TO_DS | FROM_DS)) == (TO_DS | FROM_DS);
    size_t qos_at = four_addresses ? 30 : 24;
    size_t header = qos_at;
    if (qos)
        header += (flags & ORDER) != 0 ? 6 : 2;
    if (pads)
        header = (header + 3) / 4 * 4;
    if (mt_walk_take(w, header) == NULL)
        return mt_walk_short(w);
    return qos && (b[qos_at] & 0x80) != 0 ? first_of_several(w) : MT_LAYER_LLC;
}

/* w->rest begins with a frame control field. */
static int wlan(struct mt_walk *w, bool pads)
{
    if (w->rest.len < 2)
        return mt_walk_short(w);
    const uint8_t *b = w->rest.ptr;
    unsigned type = b[0] >> 2 & 3, subtype = b[0] >> 4, flags = b[1];
    if ((b[0] & 3) != 0)
        return mt_walk_end(MT_LAYERS_MALFORMED);
    if (type != FC_DATA || (subtype & SUBTYPE_NO_DATA) != 0)
        return mt_walk_end(MT_LAYERS_NOT_IP);
    if ((flags & PROTECTED) != 0)
        return mt_walk_end(MT_LAYERS_ENCRYPTED);
    return wlan_data(w, (subtype & SUBTYPE_QOS) != 0, flags, pads);
}

int mt_layer_ieee80211(struct mt_walk *w)
{
    return wlan(w, false);
}

/* The flags, if present, come after the timestamp and all words of bits. */
static uint8_t radiotap_flags(struct mt_span header)
{
    enum { TSFT = 1, FLAGS = 2 };
    struct mt_cursor c = mt_cursor_of(header);
    (void)mt_get_span(&c, 4);
    uint32_t first = 0, word;
    unsigned n = 0;
    do {
        struct mt_span s = mt_get_span(&c, 4);
        word = s.len == 4 ? mt_le32(s.ptr) : 0;
        first = n == 0 ? word : first;
        n++;
    } while ((word & 0x80000000u) != 0);
    if ((first & FLAGS) == 0)
        return 0;
    if ((first & TSFT) != 0)
        (void)mt_get_span(&c, n % 2 == 0 ? 12 : 8); /* aligned to 8 */
    return mt_get_u8(&c);
}

int mt_layer_radiotap(struct mt_walk *w)
{
    enum { DATA_PAD = 0x20 };
    if (w->rest.len < 8)
        return mt_walk_short(w);
    struct mt_span header = {.ptr = w->rest.ptr,
                             .len = mt_le16(w->rest.ptr + 2)};
    if (header.ptr[0] != 0 || header.len < 8)
        return mt_walk_end(MT_LAYERS_MALFORMED);
    if (mt_walk_take(w, header.len) == NULL)
        return mt_walk_short(w);
    return wlan(w, (radiotap_flags(header) & DATA_PAD) != 0);
}
