#include "capture/own_addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

static bool ip_of(const struct sockaddr *sa, uint8_t ip[16])
{
    if (sa == NULL)
        return false;
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, sa, sizeof v4);
        memset(ip, 0, 16);
        ip[10] = ip[11] = 0xff;
        memcpy(ip + 12, &v4.sin_addr, 4);
        return true;
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, sa, sizeof v6);
        memcpy(ip, &v6.sin6_addr, 16);
        return true;
    }
    return false;
}

void mt_own_addresses_read(struct mt_own_addresses *own)
{
    struct ifaddrs *list = NULL;
    own->count = 0;
    if (getifaddrs(&list) != 0)
        return;
    for (const struct ifaddrs *a = list;
         a != NULL && own->count < MT_OWN_ADDRESSES_MAX; a = a->ifa_next)
        own->count += ip_of(a->ifa_addr, own->ip[own->count]);
    freeifaddrs(list);
}

bool mt_own_addresses_have(const struct mt_own_addresses *own,
                           const uint8_t ip[16])
{
    for (uint32_t i = 0; i < own->count; i++)
        if (memcmp(own->ip[i], ip, sizeof own->ip[i]) == 0)
            return true;
    return false;
}
