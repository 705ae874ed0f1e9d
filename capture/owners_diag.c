#include "capture/owners_diag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include "base/rc.h"
#include "base/text_addr.h"

static void put_address(__be32 out[4], const uint8_t ip[16], bool v4)
{
    memcpy(out, v4 ? ip + 12 : ip, v4 ? 4 : 16);
}

static void put_struct(struct mt_buf *b, const void *bytes, size_t n)
{
    mt_put_span(b, (struct mt_span){.ptr = bytes, .len = n});
}

void mt_diag_request(struct mt_buf *b, const struct mt_owner_query *q,
                     uint32_t sequence)
{
    bool v4 = mt_ip_is_v4(q->local.ip);
    bool udp = q->transport == IPPROTO_UDP;
    /* The kernel looks a UDP socket up with the two exchanged, "for historical
     * reasons" (udp_dump_one() in net/ipv4/udp_diag.c). */
    const struct mt_addr *src = udp ? &q->remote : &q->local;
    const struct mt_addr *dst = udp ? &q->local : &q->remote;
    struct inet_diag_req_v2 r = {
        .sdiag_family = v4 ? AF_INET : AF_INET6,
        .sdiag_protocol = q->transport,
        .idiag_states = UINT32_MAX,
        .id = {.idiag_sport = htons(src->port),
               .idiag_dport = htons(dst->port),
               .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}};
    put_address(r.id.idiag_src, src->ip, v4);
    put_address(r.id.idiag_dst, dst->ip, v4);
    struct nlmsghdr h = {.nlmsg_len = sizeof h + sizeof r,
                         .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                         .nlmsg_flags = NLM_F_REQUEST,
                         .nlmsg_seq = sequence};
    put_struct(b, &h, sizeof h);
    put_struct(b, &r, sizeof r);
}

/* The next n bytes as a struct; the kernel's numbers are this machine's. */
static bool get_struct(struct mt_cursor *c, void *out, size_t n)
{
    struct mt_span s = mt_get_span(c, n);
    if (c->bad)
        return false;
    memcpy(out, s.ptr, n);
    return true;
}

static void get_address(struct mt_addr *out, const __be32 from[4], uint8_t v,
                        __be16 port)
{
    static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};
    if (v == AF_INET) {
        memcpy(out->ip, v4_prefix, sizeof v4_prefix);
        memcpy(out->ip + 12, from, 4);
    } else {
        memcpy(out->ip, from, 16);
    }
    out->port = ntohs(port);
}

static int read_socket(struct mt_cursor *c, struct mt_socket *out)
{
    struct inet_diag_msg m;
    if (!get_struct(c, &m, sizeof m) ||
        (m.idiag_family != AF_INET && m.idiag_family != AF_INET6))
        return MT_EPROTO;
    *out = (struct mt_socket){
        .state = m.idiag_state, .uid = m.idiag_uid, .inode = m.idiag_inode};
    get_address(&out->local, m.id.idiag_src, m.idiag_family, m.id.idiag_sport);
    get_address(&out->remote, m.id.idiag_dst, m.idiag_family, m.id.idiag_dport);
    return MT_EVENT;
}

int mt_diag_answer(struct mt_span datagram, uint32_t sequence,
                   struct mt_socket *out)
{
    struct mt_cursor c = mt_cursor_of(datagram);
    struct nlmsghdr h;
    if (!get_struct(&c, &h, sizeof h) || h.nlmsg_len < sizeof h ||
        h.nlmsg_len - sizeof h > c.rest.len)
        return MT_EPROTO;
    if (h.nlmsg_seq != sequence)
        return MT_MORE;
    c.rest.len = h.nlmsg_len - sizeof h;
    switch (h.nlmsg_type) {
    case SOCK_DIAG_BY_FAMILY:
        return read_socket(&c, out);
    case NLMSG_ERROR: /* ENOENT, mostly */
    case NLMSG_DONE:
        return MT_DONE;
    default:
        return MT_EPROTO;
    }
}
