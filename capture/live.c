#include "capture/live.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "capture/source.h"

/* LINKTYPE_ of a DLT_ number; they are the same but for a few. */
#define LINKTYPE_RAW 101
#define LINKTYPE_LINUX_SLL2 276

#define STATS_EVERY_NS INT64_C(1000000000)

struct source_live {
    struct mt_source base;
    pcap_t *pcap;
    int descriptor;
    bool nanoseconds;
    bool declared; /* the INTERFACE item was given */
    bool held;     /* packet is read, and goes after the drops */
    bool down;     /* was said */
    uint16_t link_type;
    struct mt_packet packet;
    int64_t stats_ns; /* packets' time of the last drops */
    int64_t until_ns; /* the last moment that is wanted */
    struct pcap_stat last;
    uint64_t kernel_drops, interface_drops;
    uint64_t wire_bytes;
};

static struct source_live *live_of(struct mt_source *base)
{
    return (struct source_live *)base;
}

/* ---- reading ---- */

/* libpcap's counters are 32 bits wide and go round. */
static void give_drops(struct source_live *s, struct mt_item *item)
{
    struct pcap_stat now = s->last;
    (void)pcap_stats(s->pcap, &now);
    s->kernel_drops += (uint32_t)(now.ps_drop - s->last.ps_drop);
    s->interface_drops += (uint32_t)(now.ps_ifdrop - s->last.ps_ifdrop);
    s->last = now;
    *item = (struct mt_item){.kind = MT_ITEM_DROPS,
                             .packet.link_type = s->link_type,
                             .kernel_drops = s->kernel_drops,
                             .interface_drops = s->interface_drops};
}

static void declare(struct source_live *s, struct mt_item *item)
{
    s->declared = true;
    *item =
        (struct mt_item){.kind = MT_ITEM_INTERFACE,
                         .packet.link_type = s->link_type,
                         .packet.source = (uint16_t)(s->base.number_bits >> 48),
                         .text = mt_span_str(s->base.name)};
}

/* The drops go before the end. */
static int end_well(struct source_live *s, struct mt_item *item)
{
    give_drops(s, item);
    s->base.ended = MT_DONE;
    return MT_EVENT;
}

static int end_broken(struct source_live *s, struct mt_item *item)
{
    char text[PCAP_ERRBUF_SIZE + 32];
    (void)snprintf(text, sizeof text, "%s; no more comes from here",
                   pcap_geterr(s->pcap));
    give_drops(s, item);
    (void)mt_source_break(&s->base, -ENETDOWN, text);
    return MT_EVENT;
}

/* Nothing now. That it wants to be asked again soon is how libpcap tells that
 * the interface is down. */
static int give_nothing(struct source_live *s, struct mt_item *item)
{
    static const char text[] = "went down; its packets come when it is up";
    bool down = pcap_get_required_select_timeout(s->pcap) != NULL;
    bool news = down && !s->down;
    s->down = down;
    if (s->until_ns != INT64_MAX)
        return end_well(s, item);
    if (!news)
        return MT_MORE;
    *item = (struct mt_item){.kind = MT_ITEM_COMMENT, .text = MT_SPAN(text)};
    return MT_EVENT;
}

static void take_packet(struct source_live *s, const struct pcap_pkthdr *h,
                        const u_char *bytes)
{
    int64_t fraction_ns = (int64_t)h->ts.tv_usec * (s->nanoseconds ? 1 : 1000);
    s->packet = (struct mt_packet){
        .ts_ns = (int64_t)h->ts.tv_sec * 1000000000 + fraction_ns,
        .bytes = {bytes, h->caplen},
        .wire_bytes = h->len > h->caplen ? h->len : h->caplen,
        .link_type = s->link_type,
        .source = (uint16_t)(s->base.number_bits >> 48),
        .ref = s->base.number_bits | s->base.packets,
    };
}

static int give_packet(struct source_live *s, struct mt_item *item)
{
    s->held = false;
    s->base.packets++;
    s->wire_bytes += s->packet.wire_bytes;
    item->kind = MT_ITEM_PACKET;
    item->packet = s->packet;
    return MT_EVENT;
}

static int live_next(struct mt_source *base, struct mt_item *item)
{
    struct source_live *s = live_of(base);
    struct pcap_pkthdr *header;
    const u_char *bytes;
    if (!s->declared) {
        declare(s, item);
        return MT_EVENT;
    }
    if (s->held)
        return give_packet(s, item);
    int rc = pcap_next_ex(s->pcap, &header, &bytes);
    if (rc == 0)
        return give_nothing(s, item);
    if (rc != 1)
        return end_broken(s, item);
    take_packet(s, header, bytes);
    if (s->packet.ts_ns > s->until_ns)
        return end_well(s, item);
    if (s->packet.ts_ns - s->stats_ns < STATS_EVERY_NS &&
        s->packet.ts_ns >= s->stats_ns)
        return give_packet(s, item);
    s->stats_ns = s->packet.ts_ns;
    s->held = true;
    give_drops(s, item);
    return MT_EVENT;
}

static void live_finish(struct mt_source *base, int64_t now_ns)
{
    live_of(base)->until_ns = now_ns;
}

static int live_descriptor(const struct mt_source *base)
{
    return ((const struct source_live *)base)->descriptor;
}

static struct mt_source_progress live_progress(const struct mt_source *base)
{
    const struct source_live *s = (const struct source_live *)base;
    return (struct mt_source_progress){.done_bytes = s->wire_bytes,
                                       .packets = base->packets};
}

static void live_free(struct mt_source *base)
{
    struct source_live *s = live_of(base);
    if (s->pcap != NULL)
        pcap_close(s->pcap);
}

static const struct mt_source_ops live_ops = {
    .next = live_next,
    .finish = live_finish,
    .descriptor = live_descriptor,
    .progress = live_progress,
    .free = live_free,
};

/* ---- opening ---- */

static uint16_t link_type_of(int dlt)
{
    return dlt == DLT_RAW ? LINKTYPE_RAW : (uint16_t)dlt;
}

/* On loopback every packet is seen as it is sent and as it is received: only
 * one of the two takes room in the kernel's buffer. */
static void halve_loopback(const struct source_live *s)
{
    struct ifreq request = {0};
    const int on = 1;
    (void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s",
                   s->base.name);
    if (ioctl(s->descriptor, SIOCGIFFLAGS, &request) == 0 &&
        (request.ifr_flags & IFF_LOOPBACK) != 0)
        (void)setsockopt(s->descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
                         sizeof on);
}

static void configure(pcap_t *pcap, const struct mt_live_options *o)
{
    uint64_t buffer =
        o->buffer_bytes != 0 ? o->buffer_bytes : (uint64_t)MT_LIVE_BUFFER_BYTES;
    uint32_t snaplen = o->snaplen != 0 ? o->snaplen : MT_LIVE_SNAPLEN;
    (void)pcap_set_snaplen(pcap, snaplen < MT_LIVE_SNAPLEN ? (int)snaplen
                                                           : MT_LIVE_SNAPLEN);
    (void)pcap_set_buffer_size(pcap, buffer < INT_MAX ? (int)buffer : INT_MAX);
    (void)pcap_set_promisc(pcap, o->promiscuous);
    (void)pcap_set_timeout(pcap, MT_LIVE_BLOCK_MS);
    (void)pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
}

static int failed(struct source_live *s, int code, const char *text,
                  struct mt_problem *why)
{
    mt_source_say(why, s->base.name, text);
    return code;
}

static int activate(struct source_live *s, struct mt_problem *why)
{
    int rc = pcap_activate(s->pcap);
    switch (rc < 0 ? rc : 0) {
    case 0:
        return 0;
    case PCAP_ERROR_NO_SUCH_DEVICE:
        return failed(s, -ENODEV, "no such interface", why);
    case PCAP_ERROR_PERM_DENIED:
        return failed(s, -EPERM, "no permission to capture", why);
    case PCAP_ERROR_IFACE_NOT_UP:
        return failed(s, -ENETDOWN, "the interface is down", why);
    case PCAP_ERROR:
        return failed(s, -EIO, pcap_geterr(s->pcap), why);
    default:
        return failed(s, -EIO, pcap_statustostr(rc), why);
    }
}

static int set_filter(struct source_live *s, const char *filter,
                      struct mt_problem *why)
{
    struct bpf_program program;
    char text[PCAP_ERRBUF_SIZE + 32];
    if (filter == NULL)
        return 0;
    int rc = pcap_compile(s->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN);
    if (rc == 0) {
        rc = pcap_setfilter(s->pcap, &program);
        pcap_freecode(&program);
    }
    if (rc == 0)
        return 0;
    (void)snprintf(text, sizeof text, "capture filter: %s",
                   pcap_geterr(s->pcap));
    return failed(s, -EINVAL, text, why);
}

static int open_device(struct source_live *s, const struct mt_live_options *o,
                       struct mt_problem *why)
{
    char text[PCAP_ERRBUF_SIZE] = "";
    s->pcap = pcap_create(s->base.name, text);
    if (s->pcap == NULL)
        return failed(s, -EIO, text, why);
    configure(s->pcap, o);
    int rc = activate(s, why);
    if (rc != 0)
        return rc;
    if (strcmp(s->base.name, "any") == 0) /* it tells the devices apart */
        (void)pcap_set_datalink(s->pcap, LINKTYPE_LINUX_SLL2);
    s->link_type = link_type_of(pcap_datalink(s->pcap));
    s->nanoseconds =
        pcap_get_tstamp_precision(s->pcap) == PCAP_TSTAMP_PRECISION_NANO;
    s->descriptor = pcap_get_selectable_fd(s->pcap);
    rc = set_filter(s, o->filter, why);
    if (rc == 0 && pcap_setnonblock(s->pcap, 1, text) != 0)
        rc = failed(s, -EIO, text, why);
    if (rc == 0)
        halve_loopback(s);
    return rc;
}

int mt_source_open_live(struct mt_source **out, const char *interface,
                        const struct mt_live_options *options,
                        struct mt_problem *why)
{
    struct source_live *s =
        mt_source_new(sizeof *s, &live_ops, interface, options->number);
    *out = NULL;
    if (s == NULL) {
        mt_source_say(why, interface, "no memory");
        return -ENOMEM;
    }
    s->until_ns = INT64_MAX;
    int rc = open_device(s, options, why);
    if (rc != 0)
        mt_source_free(&s->base);
    else
        *out = &s->base;
    return rc;
}
