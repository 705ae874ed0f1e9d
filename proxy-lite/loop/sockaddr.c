#include "proxy-lite/loop/sockaddr.h"

#include <netinet/in.h>
#include <string.h>

#include "base/text_addr.h"

struct mt_addr mt_addr_of(const struct sockaddr *from)
{
    struct mt_addr a = {.port = 0};
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)from;
        a.ip[10] = a.ip[11] = 0xff;
        memcpy(a.ip + 12, &v4->sin_addr, 4);
        a.port = ntohs(v4->sin_port);
    } else {
        const struct sockaddr_in6 *v6 = (const void *)from;
        memcpy(a.ip, &v6->sin6_addr, 16);
        a.port = ntohs(v6->sin6_port);
    }
    return a;
}

socklen_t mt_sockaddr_of(const struct mt_addr *a, struct sockaddr_storage *to)
{
    memset(to, 0, sizeof *to);
    if (mt_ip_is_v4(a->ip)) {
        struct sockaddr_in *v4 = (void *)to;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(a->port);
        memcpy(&v4->sin_addr, a->ip + 12, 4);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (void *)to;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(a->port);
    memcpy(&v6->sin6_addr, a->ip, 16);
    return sizeof *v6;
}
