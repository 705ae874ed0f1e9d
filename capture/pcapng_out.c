#include "capture/pcapng_out.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
    FIRST_BYTES = 256 << 10,
    NAMES_AT_ONCE = 64, /* a block of names stays far below what readers take */
};

struct interface {
    uint16_t source, link_type;
    uint32_t id;
};

struct mt_pcapng_out {
    struct mt_sink sink;
    int rc;
    struct mt_buf buf; /* whole blocks, waiting */
    struct interface *interfaces;
    uint32_t count, cap, last;
    uint64_t packets;
};

static void flush(struct mt_pcapng_out *o)
{
    if (o->rc == 0 && o->buf.len > 0)
        o->rc = o->sink.write(o->sink.arg, mt_buf_span(&o->buf));
    o->buf.len = 0;
}

/* Room for a block of n bytes: false after an error. */
static bool make_room(struct mt_pcapng_out *o, size_t n)
{
    if (n <= o->buf.cap - o->buf.len)
        return o->rc == 0;
    flush(o);
    if (n > o->buf.cap) {
        uint8_t *more = realloc(o->buf.ptr, n);
        if (more == NULL && o->rc == 0)
            o->rc = -ENOMEM;
        if (more != NULL)
            o->buf = mt_buf_of(more, n);
    }
    return o->rc == 0;
}

struct mt_pcapng_out *mt_pcapng_out_new(struct mt_sink sink,
                                        const char *application,
                                        const char *comment)
{
    struct mt_pcapng_out *o = calloc(1, sizeof *o);
    uint8_t *bytes = malloc(FIRST_BYTES);
    if (o == NULL || bytes == NULL) {
        free(o);
        free(bytes);
        return NULL;
    }
    o->sink = sink;
    o->buf = mt_buf_of(bytes, FIRST_BYTES);
    (void)mt_pcapng_put_section(
        &o->buf,
        &(struct mt_pcapng_section){.application = mt_span_str(application),
                                    .comment = mt_span_str(comment)});
    return o;
}

int mt_pcapng_out_end(struct mt_pcapng_out *o)
{
    flush(o);
    int rc = o->rc;
    free(o->interfaces);
    free(o->buf.ptr);
    free(o);
    return rc;
}

void mt_pcapng_out_names(struct mt_pcapng_out *o,
                         const struct mt_pcapng_name *names, size_t count)
{
    for (size_t at = 0; at < count; at += NAMES_AT_ONCE) {
        size_t n = count - at < NAMES_AT_ONCE ? count - at : NAMES_AT_ONCE;
        size_t bytes = 64;
        for (size_t i = 0; i < n; i++)
            bytes += 32 + names[at + i].name.len;
        if (make_room(o, bytes))
            (void)mt_pcapng_put_names(&o->buf, names + at, n);
    }
}

void mt_pcapng_out_secrets(struct mt_pcapng_out *o, struct mt_span lines)
{
    if (lines.len > 0 && make_room(o, lines.len + 32))
        (void)mt_pcapng_put_secrets(&o->buf, lines);
}

static bool is_of(const struct interface *i, const struct mt_packet *packet)
{
    return i->id == packet->interface_id && i->source == packet->source &&
           i->link_type == packet->link_type;
}

/* count where it is not known. */
static uint32_t find(struct mt_pcapng_out *o, const struct mt_packet *packet)
{
    if (o->last < o->count && is_of(&o->interfaces[o->last], packet))
        return o->last;
    uint32_t i = 0;
    while (i < o->count && !is_of(&o->interfaces[i], packet))
        i++;
    o->last = i;
    return i;
}

static bool add_interface(struct mt_pcapng_out *o,
                          const struct mt_packet *packet)
{
    if (o->count == o->cap) {
        uint32_t cap = o->cap > 0 ? o->cap * 2 : 8;
        struct interface *list =
            realloc(o->interfaces, cap * sizeof *o->interfaces);
        if (list == NULL) {
            o->rc = o->rc != 0 ? o->rc : -ENOMEM;
            return false;
        }
        o->interfaces = list;
        o->cap = cap;
    }
    o->interfaces[o->count++] =
        (struct interface){.source = packet->source,
                           .link_type = packet->link_type,
                           .id = packet->interface_id};
    return true;
}

void mt_pcapng_out_interface(struct mt_pcapng_out *o,
                             const struct mt_packet *packet,
                             struct mt_span name)
{
    if (find(o, packet) < o->count || !make_room(o, name.len + 64) ||
        !add_interface(o, packet))
        return;
    (void)mt_pcapng_put_interface(
        &o->buf, &(struct mt_pcapng_interface){.name = name,
                                               .link_type = packet->link_type});
}

void mt_pcapng_out_packet(struct mt_pcapng_out *o,
                          const struct mt_packet *packet,
                          const struct mt_span *comments, size_t count)
{
    struct mt_pcapng_packet p = {.packet = packet,
                                 .interface_id = find(o, packet),
                                 .comments = comments,
                                 .comments_count = count};
    assert(p.interface_id < o->count || o->rc != 0);
    if (!make_room(o, mt_pcapng_packet_bytes(&p)))
        return;
    (void)mt_pcapng_put_packet(&o->buf, &p);
    o->packets++;
}

uint64_t mt_pcapng_out_packets(const struct mt_pcapng_out *o)
{
    return o->packets;
}
