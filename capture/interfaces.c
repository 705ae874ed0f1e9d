#include "capture/interfaces.h"

#include <errno.h>
#include <net/if_arp.h>
#include <netdb.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    LINKTYPE_ETHERNET = 1,
    LINKTYPE_RAW = 101,
    LINKTYPE_LINUX_SLL = 113,
    LINKTYPE_RADIOTAP = 127,
    LINKTYPE_LINUX_SLL2 = 276,
};

/* libpcap lists sources that are no network interfaces, too. */
static bool is_network(const char *name, char path[64])
{
    (void)snprintf(path, 64, "/sys/class/net/%.32s/type", name);
    FILE *f = fopen(path, "re");
    if (f != NULL)
        (void)fclose(f);
    return f != NULL || strcmp(name, "any") == 0;
}

/* The link type that libpcap will find, from the kernel's hardware type. */
static uint16_t link_type_of(const char *name)
{
    char path[64], line[16] = "";
    if (strcmp(name, "any") == 0)
        return LINKTYPE_LINUX_SLL2;
    (void)snprintf(path, sizeof path, "/sys/class/net/%.32s/type", name);
    FILE *f = fopen(path, "re");
    if (f == NULL || fgets(line, sizeof line, f) == NULL)
        line[0] = '\0';
    if (f != NULL)
        (void)fclose(f);
    switch (strtol(line, NULL, 10)) {
    case ARPHRD_ETHER:
    case ARPHRD_LOOPBACK:
        return LINKTYPE_ETHERNET;
    case ARPHRD_IEEE80211_RADIOTAP:
        return LINKTYPE_RADIOTAP;
    case ARPHRD_NONE:
    case ARPHRD_TUNNEL:
    case ARPHRD_SIT:
        return LINKTYPE_RAW;
    default:
        return LINKTYPE_LINUX_SLL;
    }
}

static const char *state_of(bpf_u_int32 flags)
{
    if ((flags & PCAP_IF_UP) == 0)
        return "down";
    bool running = (flags & PCAP_IF_RUNNING) != 0;
    bool cut = (flags & PCAP_IF_CONNECTION_STATUS) ==
               PCAP_IF_CONNECTION_STATUS_DISCONNECTED;
    return running && !cut ? "up" : "no carrier";
}

static socklen_t size_of(const struct sockaddr *a)
{
    switch (a->sa_family) {
    case AF_INET:
        return sizeof(struct sockaddr_in);
    case AF_INET6:
        return sizeof(struct sockaddr_in6);
    default:
        return 0;
    }
}

/* As many as there is room for. */
static void take_addresses(struct mt_interface *to, const pcap_addr_t *list)
{
    size_t n = 0;
    for (const pcap_addr_t *a = list; a != NULL; a = a->next) {
        char text[NI_MAXHOST];
        socklen_t size = a->addr != NULL ? size_of(a->addr) : 0;
        if (size == 0 || getnameinfo(a->addr, size, text, sizeof text, NULL, 0,
                                     NI_NUMERICHOST) != 0)
            continue;
        if (n + strlen(text) + 2 > sizeof to->addresses)
            return;
        n += (size_t)snprintf(to->addresses + n, sizeof to->addresses - n,
                              "%s%s", n > 0 ? " " : "", text);
    }
}

static void take(struct mt_interface *to, const pcap_if_t *from)
{
    *to = (struct mt_interface){.state = state_of(from->flags),
                                .up = (from->flags & PCAP_IF_UP) != 0,
                                .link_type = link_type_of(from->name)};
    (void)snprintf(to->name, sizeof to->name, "%s", from->name);
    if (from->description != NULL)
        (void)snprintf(to->description, sizeof to->description, "%s",
                       from->description);
    else if ((from->flags & PCAP_IF_LOOPBACK) != 0)
        (void)snprintf(to->description, sizeof to->description, "Loopback");
    take_addresses(to, from->addresses);
}

int mt_interfaces_list(struct mt_interfaces *out)
{
    char text[PCAP_ERRBUF_SIZE], path[64];
    pcap_if_t *all;
    size_t count = 0;
    *out = (struct mt_interfaces){.count = 0};
    if (pcap_findalldevs(&all, text) != 0)
        return -EIO;
    for (const pcap_if_t *p = all; p != NULL; p = p->next)
        count++;
    out->rows = calloc(count > 0 ? count : 1, sizeof *out->rows);
    for (const pcap_if_t *p = all; out->rows != NULL && p != NULL; p = p->next)
        if (is_network(p->name, path))
            take(&out->rows[out->count++], p);
    pcap_freealldevs(all);
    return out->rows != NULL ? 0 : -ENOMEM;
}

void mt_interfaces_deinit(struct mt_interfaces *list)
{
    free(list->rows);
    *list = (struct mt_interfaces){.count = 0};
}
