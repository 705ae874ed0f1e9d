#include "cli/proxy_sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/text_addr.h"
#include "cli/say.h"
#include "proxy-lite/loop/sockaddr.h"

enum { BACKLOG = 4096 };

const char *mt_proxy_place(char place[MT_PROXY_PLACE_BYTES],
                           const uint8_t ip[16], uint16_t port)
{
    struct mt_buf b = mt_buf_of(place, MT_PROXY_PLACE_BYTES - 1);
    mt_put_ip_port(&b, ip, port);
    place[b.len] = '\0';
    return place;
}

const struct mt_proxy_socket *
mt_proxy_sockets_find(const struct mt_proxy_sockets *s, const uint8_t ip[16],
                      uint16_t port)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->list[i].port == port &&
            memcmp(s->list[i].ip, ip, sizeof s->list[i].ip) == 0)
            return &s->list[i];
    return NULL;
}

static void say_why(const struct mt_proxy_socket *s, int why)
{
    char place[MT_PROXY_PLACE_BYTES];
    mt_say(mt_proxy_place(place, s->ip, s->port), "%s; %s", strerror(why),
           why == EADDRINUSE ? "another program listens there: `ss -ltnp` "
                               "names it"
           : why == EACCES   ? "ports below 1024 are root's, or "
                               "CAP_NET_BIND_SERVICE's"
                             : "choose an address of this machine");
}

/* The first socket of an address shares it only once it is bound: so it finds
 * out whether another program has it, even one that would share. */
static int listen_on(const struct mt_proxy_socket *s, bool shared)
{
    int on = 1, off = 0;
    struct mt_addr addr = {.port = s->port};
    struct sockaddr_storage to;
    memcpy(addr.ip, s->ip, sizeof addr.ip);
    socklen_t n = mt_sockaddr_of(&addr, &to);
    int fd =
        socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (to.ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, (void *)&to, n) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    (void)close(fd);
    errno = why;
    return -1;
}

/* An address that a socket of ours stands in the way of: *:80 and 1.2.3.4:80 */
static bool port_is_ours(const struct mt_proxy_sockets *before, uint16_t port)
{
    for (uint32_t i = 0; before != NULL && i < before->count; i++)
        if (before->list[i].port == port)
            return true;
    return false;
}

static bool open_one(struct mt_proxy_socket *s, unsigned threads, bool ours)
{
    for (unsigned t = 0; t < threads; t++) {
        s->fds[t] = listen_on(s, t > 0 || ours);
        if (s->fds[t] < 0) {
            say_why(s, errno);
            return false;
        }
    }
    return true;
}

bool mt_proxy_sockets_open(struct mt_proxy_sockets *s,
                           const struct mt_policy *p, unsigned threads,
                           const struct mt_proxy_sockets *before)
{
    memset(s, 0, sizeof *s);
    s->last_number = before != NULL ? before->last_number : 0;
    for (uint32_t i = 0; i < p->listeners_count; i++) {
        const struct mt_policy_listener *l = p->listeners[i];
        bool ours = port_is_ours(before, l->port) || port_is_ours(s, l->port);
        struct mt_proxy_socket *one = &s->list[s->count++];
        const struct mt_proxy_socket *old =
            before != NULL ? mt_proxy_sockets_find(before, l->ip, l->port)
                           : NULL;
        memset(one->fds, -1, sizeof one->fds);
        memcpy(one->ip, l->ip, sizeof one->ip);
        one->port = l->port;
        one->number = old != NULL ? old->number : ++s->last_number;
        if (old == NULL && !open_one(one, threads, ours)) {
            mt_proxy_sockets_close(s, threads);
            return false;
        }
    }
    return true;
}

void mt_proxy_sockets_close(struct mt_proxy_sockets *s, unsigned threads)
{
    for (uint32_t i = 0; i < s->count; i++)
        for (unsigned t = 0; t < threads; t++)
            if (s->list[i].fds[t] >= 0)
                (void)close(s->list[i].fds[t]);
    s->count = 0;
}

void mt_proxy_sockets_of(const struct mt_proxy_sockets *s, unsigned thread,
                         struct mt_proxy_thread_listener *out)
{
    for (uint32_t i = 0; i < s->count; i++)
        out[i] =
            (struct mt_proxy_thread_listener){.number = s->list[i].number,
                                              .index = i,
                                              .fd = s->list[i].fds[thread]};
}
