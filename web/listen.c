#include "web/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/rc.h"
#include "base/text.h"
#include "base/text_addr.h"

enum { WAITING = 1024 };

int mt_web_address_parse(struct mt_span text, struct mt_web_address *a)
{
    uint64_t port;
    if (mt_parse_u64(text, &port) == 0) {
        if (port > UINT16_MAX)
            return MT_EPROTO;
        a->port = (uint16_t)port;
        return mt_parse_ip(MT_SPAN("127.0.0.1"), a->ip);
    }
    struct mt_span last = text; /* 0 is a port, too: it is chosen then */
    while (mt_span_find(last, ':') < last.len)
        (void)mt_span_take(&last, mt_span_find(last, ':') + 1);
    int rc = mt_parse_ip_port(text, a->ip, &a->port);
    bool chosen = mt_span_eq(last, MT_SPAN("0"));
    return rc == 0 && a->port == 0 && !chosen ? MT_EPROTO : rc;
}

bool mt_web_address_is_loopback(const struct mt_web_address *a)
{
    static const uint8_t one[16] = {[15] = 1};
    return mt_ip_is_v4(a->ip) ? a->ip[12] == 127
                              : memcmp(a->ip, one, sizeof one) == 0;
}

static socklen_t fill(const struct mt_web_address *a,
                      struct sockaddr_storage *to)
{
    memset(to, 0, sizeof *to);
    if (mt_ip_is_v4(a->ip)) {
        struct sockaddr_in in = {.sin_family = AF_INET,
                                 .sin_port = htons(a->port)};
        memcpy(&in.sin_addr, a->ip + 12, 4);
        memcpy(to, &in, sizeof in);
        return sizeof in;
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                               .sin6_port = htons(a->port)};
    memcpy(&in6.sin6_addr, a->ip, 16);
    memcpy(to, &in6, sizeof in6);
    return sizeof in6;
}

/* Of an address that is nobody's the system says from where it would be spoken
 * to; nothing is sent. 0 or -1. */
static int find_own(struct mt_web_address *own)
{
    struct mt_web_address nobody = {.port = 9};
    struct sockaddr_storage at;
    bool v4 = mt_ip_is_v4(own->ip);
    socklen_t size = sizeof at;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    (void)mt_parse_ip(v4 ? MT_SPAN("192.0.2.1") : MT_SPAN("2001:db8::1"),
                      nobody.ip);
    (void)fill(&nobody, &at);
    int fd = socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int rc = connect(fd, (struct sockaddr *)&at, v4 ? sizeof in : sizeof in6);
    if (rc == 0)
        rc = getsockname(fd, (struct sockaddr *)&at, &size);
    (void)close(fd);
    if (rc != 0)
        return -1;
    memcpy(&in, &at, sizeof in);
    memcpy(&in6, &at, sizeof in6);
    if (v4)
        memcpy(own->ip + 12, &in.sin_addr, 4);
    else
        memcpy(own->ip, &in6.sin6_addr, 16);
    return 0;
}

bool mt_web_address_shown(const struct mt_web_address *a,
                          struct mt_web_address *shown)
{
    static const uint8_t zeroes[16];
    bool v4 = mt_ip_is_v4(a->ip);
    bool all = v4 ? memcmp(a->ip + 12, zeroes, 4) == 0
                  : memcmp(a->ip, zeroes, sizeof zeroes) == 0;
    *shown = *a;
    if (all && find_own(shown) != 0)
        (void)mt_parse_ip(v4 ? MT_SPAN("127.0.0.1") : MT_SPAN("::1"),
                          shown->ip);
    return all;
}

static int find_port(int fd, struct mt_web_address *a)
{
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    struct sockaddr_in in; /* the port is at the same place in both */
    if (getsockname(fd, (struct sockaddr *)&at, &size) != 0)
        return -errno;
    memcpy(&in, &at, sizeof in);
    a->port = ntohs(in.sin_port);
    return 0;
}

int mt_web_listen(struct mt_web_address *a)
{
    struct sockaddr_storage at;
    socklen_t size = fill(a, &at);
    int on = 1;
    int fd =
        socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at.ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    int rc = 0;
    if (bind(fd, (struct sockaddr *)&at, size) != 0 || listen(fd, WAITING) != 0)
        rc = -errno;
    if (rc == 0)
        rc = find_port(fd, a);
    if (rc == 0)
        return fd;
    (void)close(fd);
    return rc;
}
