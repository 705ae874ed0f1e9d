#include "capture/ring_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    INTERFACE_BYTES = MT_RING_INTERFACE_NAME + 64, /* its block is shorter */
    SECTION_BYTES = 256,
    HEAD_BYTES = SECTION_BYTES + MT_RING_INTERFACES_MAX * INTERFACE_BYTES,
};

int mt_ring_plan_init(struct mt_ring_plan *p,
                      const struct mt_ring_plan_options *options,
                      struct mt_ring *ring)
{
    *p = (struct mt_ring_plan){.options = *options, .ring = ring};
    p->interfaces = calloc(MT_RING_INTERFACES_MAX, sizeof *p->interfaces);
    p->head = malloc(HEAD_BYTES);
    return p->interfaces != NULL && p->head != NULL ? 0 : -ENOMEM;
}

void mt_ring_plan_deinit(struct mt_ring_plan *p)
{
    free(p->interfaces);
    free(p->head);
}

/* ---- interfaces ---- */

static bool is_of(const struct mt_ring_interface *i, const struct mt_packet *p)
{
    return i->id == p->interface_id && i->source == p->source &&
           i->link_type == p->link_type;
}

/* NULL: there are too many. */
static struct mt_ring_interface *find(struct mt_ring_plan *p,
                                      const struct mt_packet *packet)
{
    uint32_t i = p->last;
    if (i < p->interfaces_count && is_of(&p->interfaces[i], packet))
        return &p->interfaces[i];
    for (i = 0; i < p->interfaces_count; i++)
        if (is_of(&p->interfaces[i], packet))
            break;
    if (i == MT_RING_INTERFACES_MAX)
        return NULL;
    if (i == p->interfaces_count)
        p->interfaces[p->interfaces_count++] =
            (struct mt_ring_interface){.source = packet->source,
                                       .link_type = packet->link_type,
                                       .id = packet->interface_id};
    p->last = i;
    return &p->interfaces[i];
}

void mt_ring_plan_interface(struct mt_ring_plan *p,
                            const struct mt_packet *packet, struct mt_span name)
{
    struct mt_ring_interface *i = find(p, packet);
    if (i == NULL || i->declared)
        return;
    size_t n = name.len < sizeof i->name ? name.len : sizeof i->name;
    if (n > 0)
        memcpy(i->name, name.ptr, n);
    i->name_len = (uint8_t)n;
}

static void put_interface(struct mt_buf *b, const struct mt_ring_interface *i)
{
    (void)mt_pcapng_put_interface(
        b, &(struct mt_pcapng_interface){.name = {i->name, i->name_len},
                                         .link_type = i->link_type});
}

/* Interfaces of a file are numbered in the order of their blocks. */
static void declare(struct mt_ring_plan *p, struct mt_ring_interface *i)
{
    i->declared = true;
    i->number = p->declared++;
}

/* ---- records ---- */

/* Room for a record of n bytes of blocks: NULL when it is dropped. */
static uint8_t *reserve(struct mt_ring_plan *p, size_t n, bool begins)
{
    struct mt_ring_plan_head head = {.file = p->file, .begins = begins};
    size_t bytes = sizeof head + n;
    uint8_t *to = p->options.patient ? mt_ring_reserve_wait(p->ring, bytes)
                                     : mt_ring_reserve(p->ring, bytes);
    if (to == NULL)
        return NULL;
    memcpy(to, &head, sizeof head);
    return to + sizeof head;
}

static void commit(struct mt_ring_plan *p, size_t n)
{
    mt_ring_commit(p->ring, sizeof(struct mt_ring_plan_head) + n);
    p->offset += n;
}

static void note_end(const struct mt_ring_plan *p, struct mt_ring_at *at)
{
    at->begins = true;
    at->ended_bytes = p->begun ? p->offset : 0;
    at->ended_packets = p->packets;
    at->ended_first_ns = p->first_ns;
    at->ended_last_ns = p->last_ns;
}

/* A new file, for a packet that needs n bytes. */
static bool begin_file(struct mt_ring_plan *p, size_t n, struct mt_ring_at *at)
{
    struct mt_buf b = mt_buf_of(p->head, HEAD_BYTES);
    (void)mt_pcapng_put_section(
        &b, &(struct mt_pcapng_section){
                .application = mt_span_str(p->options.application)});
    for (uint32_t i = 0; i < p->interfaces_count; i++)
        put_interface(&b, &p->interfaces[i]);
    if (b.len + n > p->options.file_bytes)
        return false;
    uint32_t before = p->file;
    p->file = p->begun ? p->file + 1 : 0;
    uint8_t *to = reserve(p, b.len, true);
    if (to == NULL) {
        p->file = before;
        return false;
    }
    note_end(p, at);
    memcpy(to, b.ptr, b.len);
    p->begun = true;
    p->offset = p->packets = 0;
    p->first_ns = p->last_ns = 0;
    p->declared = 0;
    for (uint32_t i = 0; i < p->interfaces_count; i++)
        declare(p, &p->interfaces[i]);
    commit(p, b.len);
    return true;
}

static void note_packet(struct mt_ring_plan *p, int64_t ts_ns)
{
    if (p->first_ns == 0 || ts_ns < p->first_ns)
        p->first_ns = ts_ns;
    if (ts_ns > p->last_ns)
        p->last_ns = ts_ns;
    p->packets++;
    p->kept++;
}

static bool put(struct mt_ring_plan *p, const struct mt_packet *packet,
                struct mt_ring_at *at)
{
    struct mt_ring_interface *i = find(p, packet);
    if (i == NULL)
        return false;
    struct mt_pcapng_packet out = {.packet = packet};
    size_t most = mt_pcapng_packet_bytes(&out) + INTERFACE_BYTES;
    if ((!p->begun || p->offset + most > p->options.file_bytes) &&
        !begin_file(p, most, at))
        return false;
    uint8_t *to = reserve(p, most, false);
    if (to == NULL)
        return false;
    struct mt_buf b = mt_buf_of(to, most);
    if (!i->declared) {
        put_interface(&b, i);
        declare(p, i);
    }
    out.interface_id = i->number;
    at->file = p->file;
    at->offset = p->offset + b.len;
    (void)mt_pcapng_put_packet(&b, &out);
    commit(p, b.len);
    note_packet(p, packet->ts_ns);
    return true;
}

bool mt_ring_plan_packet(struct mt_ring_plan *p, const struct mt_packet *packet,
                         struct mt_ring_at *at)
{
    *at = (struct mt_ring_at){0};
    bool kept = put(p, packet, at);
    p->dropped += !kept;
    return kept;
}
