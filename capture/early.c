#include "capture/early.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/span.h"

enum {
    IP4_BYTES = 20,
    IP6_BYTES = 40,
    TCP_FLAGS_AT = 13,
    SYN = 0x02,
    ACK = 0x10,
    TAKEN_BYTES = 60 + 20, /* the longest IPv4 header, and of TCP */
    RECEIVE_BYTES = 16384, /* some twenty packets wait; the rest is dropped */
};

#define NS_A_TOKEN (INT64_C(1000000000) / MT_EARLY_PER_S)

/* Places in the program; a jump says how many are between. */
enum { IP6 = 12, TAKE = 18, DROP = 19 };
#define JUMP(at, code, k, yes, no)                                     \
    BPF_JUMP(BPF_JMP | (code) | BPF_K, (k), (uint8_t)((yes) - (at)-1), \
             (uint8_t)((no) - (at)-1))
#define LOAD(size, mode, k) BPF_STMT(BPF_LD | (size) | (mode), (uint32_t)(k))

/* Of a cooked socket a packet begins with its IP header. */
static const struct sock_filter program[] = {
    /* 0 */ LOAD(BPF_W, BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
    /* 1 */ JUMP(1, BPF_JEQ, PACKET_OUTGOING, 2, DROP),
    /* 2 */ LOAD(BPF_W, BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL),
    /* 3 */ JUMP(3, BPF_JEQ, ETH_P_IP, 4, IP6),
    /* 4 */ LOAD(BPF_B, BPF_ABS, 9), /* protocol */
    /* 5 */ JUMP(5, BPF_JEQ, IPPROTO_TCP, 6, DROP),
    /* 6 */ LOAD(BPF_H, BPF_ABS, 6), /* a later fragment has no TCP header */
    /* 7 */ JUMP(7, BPF_JSET, 0x1fff, DROP, 8),
    /* 8 */ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), /* header's length */
    /* 9 */ LOAD(BPF_B, BPF_IND, TCP_FLAGS_AT),
    /* 10 */ BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
    /* 11 */ JUMP(11, BPF_JEQ, SYN, TAKE, DROP),
    /* IP6 */ JUMP(IP6, BPF_JEQ, ETH_P_IPV6, 13, DROP),
    /* 13 */ LOAD(BPF_B, BPF_ABS, 6), /* next header */
    /* 14 */ JUMP(14, BPF_JEQ, IPPROTO_TCP, 15, DROP),
    /* 15 */ LOAD(BPF_B, BPF_ABS, IP6_BYTES + TCP_FLAGS_AT),
    /* 16 */ BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
    /* 17 */ JUMP(17, BPF_JEQ, SYN, TAKE, DROP),
    /* TAKE */ BPF_STMT(BPF_RET | BPF_K, TAKEN_BYTES),
    /* DROP */ BPF_STMT(BPF_RET | BPF_K, 0),
};

static_assert(sizeof program / sizeof program[0] == DROP + 1,
              "the jumps lead where they should");

/* ---- opening ---- */

static int set_up(int fd, const char *interface)
{
    const struct sock_fprog filter = {
        .len = sizeof program / sizeof program[0],
        .filter = (struct sock_filter *)(uintptr_t)program};
    const int receive = RECEIVE_BYTES;
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETH_P_ALL)};
    if (strcmp(interface, "any") != 0) {
        at.sll_ifindex = (int)if_nametoindex(interface);
        if (at.sll_ifindex == 0)
            return -errno;
    }
    /* without a protocol nothing comes before the filter is there */
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) !=
            0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive) != 0 ||
        bind(fd, (const struct sockaddr *)&at, sizeof at) != 0)
        return -errno;
    return 0;
}

void mt_early_none(struct mt_early *e)
{
    *e = (struct mt_early){.fd = -1};
}

int mt_early_open(struct mt_early *e, const char *interface)
{
    mt_early_none(e);
    e->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc = e->fd >= 0 ? set_up(e->fd, interface) : -errno;
    if (rc != 0)
        mt_early_close(e);
    return rc;
}

void mt_early_close(struct mt_early *e)
{
    if (e->fd >= 0)
        (void)close(e->fd);
    e->fd = -1;
}

/* ---- reading ---- */

bool mt_early_read(struct mt_span packet, struct mt_addr *local,
                   struct mt_addr *remote)
{
    static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};
    struct mt_cursor c = mt_cursor_of(packet);
    struct mt_span ip = {0};
    size_t head = IP6_BYTES;
    uint8_t first = mt_get_u8(&c);
    bool v4 = first >> 4 == 4;
    memset(local->ip, 0, sizeof local->ip);
    memset(remote->ip, 0, sizeof remote->ip);
    if (v4) {
        head = (size_t)(first & 0x0f) * 4;
        (void)mt_get_span(&c, 11);
        ip = mt_get_span(&c, 8);
    } else {
        (void)mt_get_span(&c, 7);
        ip = mt_get_span(&c, 32);
    }
    size_t each = v4 ? 4 : 16, at = v4 ? sizeof v4_prefix : 0;
    size_t read = 1 + (v4 ? 11 + 8 : 7 + 32);
    if (c.bad || head < read)
        return false;
    (void)mt_get_span(&c, head - read);
    if (v4) {
        memcpy(local->ip, v4_prefix, sizeof v4_prefix);
        memcpy(remote->ip, v4_prefix, sizeof v4_prefix);
    }
    memcpy(local->ip + at, ip.ptr, each);
    memcpy(remote->ip + at, ip.ptr + each, each);
    local->port = mt_get_be16(&c);
    remote->port = mt_get_be16(&c);
    (void)mt_get_span(&c, TCP_FLAGS_AT - 4);
    uint8_t flags = mt_get_u8(&c);
    return !c.bad && (flags & (SYN | ACK)) == SYN;
}

/* What waits is old: its packets are read by now. */
static void forget_waiting(struct mt_early *e)
{
    uint8_t byte;
    for (int i = 0; i < MT_EARLY_BURST; i++)
        if (recv(e->fd, &byte, sizeof byte, MSG_DONTWAIT) < 0)
            return;
}

static void refill(struct mt_early *e, int64_t now_ns)
{
    int64_t passed = now_ns - e->filled_ns;
    int64_t more = passed / NS_A_TOKEN;
    if (more >= MT_EARLY_BURST - (int64_t)e->tokens || e->filled_ns == 0) {
        e->tokens = MT_EARLY_BURST;
        e->filled_ns = now_ns;
    } else if (more > 0) {
        e->tokens += (uint32_t)more;
        e->filled_ns += more * NS_A_TOKEN;
    }
}

int mt_early_fd(struct mt_early *e, int64_t now_ns)
{
    if (e->fd < 0)
        return -1;
    refill(e, now_ns);
    if (e->paused && e->tokens > MT_EARLY_BURST / 2) {
        forget_waiting(e);
        e->paused = false;
    }
    return e->paused ? -1 : e->fd;
}

bool mt_early_next(struct mt_early *e, int64_t now_ns, struct mt_addr *local,
                   struct mt_addr *remote)
{
    uint8_t bytes[TAKEN_BYTES];
    if (mt_early_fd(e, now_ns) < 0)
        return false;
    while (e->tokens > 0) {
        ssize_t n = recv(e->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n < 0)
            return false;
        e->tokens--;
        if (mt_early_read((struct mt_span){bytes, (size_t)n}, local, remote))
            return true;
    }
    e->paused = true;
    return false;
}
