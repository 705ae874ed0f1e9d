/* IPv4 (RFC 791), IPv6 (RFC 8200) and its extension headers, TCP (RFC 9293),
 * UDP (RFC 768). */
#include "capture/layers_walk.h"

enum {
    IPV4_HEADER_BYTES = 20,
    IPV6_HEADER_BYTES = 40,
    TCP_HEADER_BYTES = 20,
    UDP_HEADER_BYTES = 8,
    EXTENSIONS_MAX = 16,
};

static void set_ipv4(struct mt_addr *a, const uint8_t *ip)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};
    memcpy(a->ip, mapped, sizeof mapped);
    memcpy(a->ip + sizeof mapped, ip, 4);
    a->port = 0;
}

static void set_ipv6(struct mt_addr *a, const uint8_t *ip)
{
    memcpy(a->ip, ip, sizeof a->ip);
    a->port = 0;
}

/* w->rest is the data of one fragment; the caller has set what its header
 * says. */
static int fragment(struct mt_walk *w, struct mt_fragment *piece)
{
    const struct mt_segment *out = w->out;
    piece->key.network = out->network;
    piece->key.where = (uint64_t)out->source << 32 | out->interface_id;
    memcpy(piece->key.src, out->src.ip, sizeof piece->key.src);
    memcpy(piece->key.dst, out->dst.ip, sizeof piece->key.dst);
    piece->bytes = w->rest;
    piece->true_bytes = w->true_bytes;
    struct mt_datagram_whole whole;
    int rc = mt_fragments_add(&w->layers->fragments, piece, out->ts_ns, &whole);
    if (rc != MT_EVENT)
        return mt_walk_end(rc == MT_MORE ? MT_LAYERS_FRAGMENT
                                         : MT_LAYERS_FRAGMENT_REFUSED);
    w->rest = whole.bytes;
    w->true_bytes = whole.true_bytes;
    return mt_walk_protocol(w, whole.protocol);
}

/* The layer says it has n bytes. Where that is more than there were on the
 * wire, the record of the wire's length is wrong (some tools cut packets and
 * do not tell), unless a whole packet's outer header bounds it: then padding
 * was counted by a broken stack. */
static void set_ip_bytes(struct mt_walk *w, uint32_t n)
{
    bool cut = w->packet->bytes.len < w->packet->wire_bytes;
    if (n <= w->true_bytes || !w->bounded || cut)
        mt_walk_trim(w, n);
}

int mt_layer_ipv4(struct mt_walk *w)
{
    if (w->rest.len < IPV4_HEADER_BYTES)
        return mt_walk_short(w);
    const uint8_t *b = w->rest.ptr;
    uint32_t header = (b[0] & 15u) * 4, total = mt_be16(b + 2);
    if (b[0] >> 4 != 4 || header < IPV4_HEADER_BYTES)
        return mt_walk_end(MT_LAYERS_MALFORMED);
    if (total == 0) /* the card will cut it up: the length is not filled in */
        total = w->true_bytes;
    if (total < header)
        return mt_walk_end(MT_LAYERS_MALFORMED);
    set_ip_bytes(w, total);
    if (mt_walk_take(w, header) == NULL)
        return mt_walk_short(w);

    struct mt_segment *out = w->out;
    set_ipv4(&out->src, b + 12);
    set_ipv4(&out->dst, b + 16);
    out->ip_id = mt_be16(b + 4);
    out->has_ip_id = out->ip_id != 0;
    unsigned field = mt_be16(b + 6);
    if ((field & 0x3fff) == 0)
        return mt_walk_protocol(w, b[9]);
    struct mt_fragment piece = {.key = {.id = out->ip_id, .protocol = b[9]},
                                .offset = (field & 0x1fff) * 8,
                                .more = (field & 0x2000) != 0,
                                .protocol = b[9]};
    return fragment(w, &piece);
}

int mt_layer_ipv6(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, IPV6_HEADER_BYTES);
    if (b == NULL)
        return mt_walk_short(w);
    if (b[0] >> 4 != 6)
        return mt_walk_end(MT_LAYERS_MALFORMED);
    uint32_t payload = mt_be16(b + 4);
    if (payload > 0) /* 0: a jumbogram, or the card will cut it up */
        set_ip_bytes(w, payload);
    set_ipv6(&w->out->src, b + 8);
    set_ipv6(&w->out->dst, b + 24);
    w->out->ip_id = 0;
    w->out->has_ip_id = false;
    return mt_walk_protocol(w, b[6]);
}

/* Link types and tunnels that carry IP of either version. */
int mt_layer_ip(struct mt_walk *w)
{
    if (w->rest.len == 0)
        return mt_walk_short(w);
    switch (w->rest.ptr[0] >> 4) {
    case 4:
        return MT_LAYER_IPV4;
    case 6:
        return MT_LAYER_IPV6;
    default:
        return mt_walk_end(MT_LAYERS_MALFORMED);
    }
}

static int fragment_header(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, 8);
    if (b == NULL)
        return mt_walk_short(w);
    unsigned field = mt_be16(b + 2);
    if ((field & 0xfff9) == 0) /* atomic, RFC 6946 */
        return mt_walk_protocol(w, b[0]);
    struct mt_fragment piece = {.key = {.id = mt_be32(b + 4)},
                                .offset = field & 0xfff8,
                                .more = (field & 1) != 0,
                                .protocol = b[0]};
    return fragment(w, &piece);
}

enum ip_protocol {
    IP_HOP_BY_HOP = 0,
    IP_IPV4 = 4,
    IP_TCP = 6,
    IP_UDP = 17,
    IP_IPV6 = 41,
    IP_ROUTING = 43,
    IP_FRAGMENT = 44,
    IP_GRE = 47,
    IP_AH = 51,
    IP_DESTINATION = 60,
    IP_ETHERIP = 97,
    IP_MOBILITY = 135,
    IP_MPLS = 137,
    IP_HIP = 139,
    IP_SHIM6 = 140,
    IP_ETHERNET = 143,
};

static int inner_layer(uint8_t protocol)
{
    switch (protocol) {
    case IP_IPV4:
        return MT_LAYER_IPV4;
    case IP_IPV6:
        return MT_LAYER_IPV6;
    case IP_GRE:
        return MT_LAYER_GRE;
    case IP_ETHERIP:
        return MT_LAYER_ETHERIP;
    case IP_MPLS:
        return MT_LAYER_MPLS;
    case IP_ETHERNET:
        return MT_LAYER_ETHERNET;
    default:
        return mt_walk_end(MT_LAYERS_OTHER_TRANSPORT);
    }
}

static bool is_extension(uint8_t protocol)
{
    switch (protocol) {
    case IP_HOP_BY_HOP:
    case IP_ROUTING:
    case IP_AH:
    case IP_DESTINATION:
    case IP_MOBILITY:
    case IP_HIP:
    case IP_SHIM6:
        return true;
    default:
        return false;
    }
}

int mt_walk_protocol(struct mt_walk *w, uint8_t protocol)
{
    for (unsigned n = 0; is_extension(protocol); n++) {
        if (n == EXTENSIONS_MAX)
            return mt_walk_end(MT_LAYERS_TOO_DEEP);
        if (w->rest.len < 2)
            return mt_walk_short(w);
        uint8_t next = w->rest.ptr[0];
        size_t units = w->rest.ptr[1];
        /* RFC 4302 counts an authentication header in its own way */
        size_t bytes = protocol == IP_AH ? (units + 2) * 4 : (units + 1) * 8;
        if (mt_walk_take(w, bytes) == NULL)
            return mt_walk_short(w);
        protocol = next;
    }
    switch (protocol) {
    case IP_TCP:
        return MT_LAYER_TCP;
    case IP_UDP:
        return MT_LAYER_UDP;
    case IP_FRAGMENT:
        return fragment_header(w);
    default:
        return inner_layer(protocol);
    }
}

/* Options: only the timestamps are of use (RFC 7323). */
static void tcp_options(struct mt_segment *out, struct mt_span options)
{
    enum { END = 0, NOP = 1, TIMESTAMPS = 8, TIMESTAMPS_BYTES = 10 };
    struct mt_cursor c = mt_cursor_of(options);
    while (c.rest.len > 0) {
        uint8_t kind = mt_get_u8(&c);
        if (kind == END)
            return;
        if (kind == NOP)
            continue;
        uint8_t bytes = mt_get_u8(&c);
        if (c.bad || bytes < 2)
            return;
        struct mt_span value = mt_get_span(&c, bytes - 2u);
        if (kind != TIMESTAMPS || bytes != TIMESTAMPS_BYTES || c.bad)
            continue;
        out->ts_val = mt_be32(value.ptr);
        out->ts_ecr = mt_be32(value.ptr + 4);
        out->has_timestamps = true;
        return;
    }
}

int mt_layer_tcp(struct mt_walk *w)
{
    if (w->rest.len < TCP_HEADER_BYTES)
        return mt_walk_short(w);
    const uint8_t *b = w->rest.ptr;
    uint32_t header = (b[12] >> 4) * 4u;
    if (header < TCP_HEADER_BYTES || header > w->true_bytes)
        return mt_walk_end(MT_LAYERS_MALFORMED);

    struct mt_segment *out = w->out;
    out->transport = MT_TRANSPORT_TCP;
    out->src.port = mt_be16(b);
    out->dst.port = mt_be16(b + 2);
    out->seq = mt_be32(b + 4);
    out->ack = mt_be32(b + 8);
    out->flags = b[13];
    out->window = mt_be16(b + 14);
    out->ts_val = out->ts_ecr = 0;
    out->has_timestamps = false;
    out->payload_bytes = w->true_bytes - header;
    struct mt_span rest = w->rest;
    uint32_t there = header < rest.len ? header : (uint32_t)rest.len;
    struct mt_span options = mt_span_take(&rest, there);
    if (there > TCP_HEADER_BYTES) {
        (void)mt_span_take(&options, TCP_HEADER_BYTES);
        tcp_options(out, options);
    }
    out->payload = rest;
    return mt_walk_end(MT_LAYERS_TCP);
}

int mt_layer_udp(struct mt_walk *w)
{
    const uint8_t *b = mt_walk_take(w, UDP_HEADER_BYTES);
    if (b == NULL)
        return mt_walk_short(w);
    uint32_t length = mt_be16(b + 4);
    if (length > 0 && length < UDP_HEADER_BYTES)
        return mt_walk_end(MT_LAYERS_MALFORMED);
    if (length > 0 && length - UDP_HEADER_BYTES < w->true_bytes)
        mt_walk_trim(w, length - UDP_HEADER_BYTES);

    struct mt_segment *out = w->out;
    out->transport = MT_TRANSPORT_UDP;
    out->src.port = mt_be16(b);
    out->dst.port = mt_be16(b + 2);
    out->seq = out->ack = out->ts_val = out->ts_ecr = 0;
    out->flags = 0;
    out->window = 0;
    out->has_timestamps = false;
    out->payload = w->rest;
    out->payload_bytes = w->true_bytes;
    int inner = mt_walk_udp_tunnel(w, out->src.port, out->dst.port);
    if (inner < 0)
        return mt_walk_end(MT_LAYERS_UDP);
    if (!w->in_udp)
        w->outer = *out;
    w->in_udp = true;
    return inner;
}
