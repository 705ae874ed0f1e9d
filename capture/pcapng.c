#include "capture/pcapng.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/pcapng_blocks.h"
#include "capture/pcapng_time.h"

enum {
    BLOCK_MIN_BYTES = 12,
    SHB_MIN_BYTES = 28,
    BODY_AT = 8,       /* after type and length */
    TRAILER_BYTES = 4, /* the length once more */
};

struct interface {
    uint16_t link_type;
    uint32_t snaplen;
    struct mt_pcapng_clock clock;
};

struct mt_pcapng {
    bool started;
    bool big_endian;              /* of the block at hand */
    bool section_big_endian;      /* of the section that was read last */
    struct interface *interfaces; /* of this section */
    uint32_t count, cap;
    uint32_t base; /* interfaces of the sections before */
    uint64_t at;   /* offset of the block that input begins with */
    uint64_t section_at;
    uint64_t known_to; /* the section was read up to here */
    size_t resume;     /* of a block's body: where its next item may be */
    size_t names_end;  /* NRB: of the record that resume is in, or 0 */
    struct mt_addr name_addr;
    int64_t last_ts_ns;
    uint64_t skipped;
    struct mt_parse_error error;
};

struct option {
    uint16_t code;
    struct mt_span value;
};

bool mt_pcapng_detect(struct mt_span start)
{
    return start.len >= 4 && mt_be32(start.ptr) == BLOCK_SHB;
}

struct mt_pcapng *mt_pcapng_new(void)
{
    return calloc(1, sizeof(struct mt_pcapng));
}

void mt_pcapng_free(struct mt_pcapng *p)
{
    if (p == NULL)
        return;
    free(p->interfaces);
    free(p);
}

const char *mt_pcapng_why(const struct mt_pcapng *p)
{
    return p->error.why;
}

uint64_t mt_pcapng_skipped(const struct mt_pcapng *p)
{
    return p->skipped;
}

bool mt_pcapng_seek(struct mt_pcapng *p, uint64_t offset)
{
    if (!p->started || offset < p->section_at || offset >= p->known_to)
        return false;
    p->at = offset;
    p->big_endian = p->section_big_endian;
    p->resume = p->names_end = 0;
    p->error.code = 0;
    return true;
}

static uint16_t get16(const struct mt_pcapng *p, const uint8_t *b)
{
    return p->big_endian ? mt_be16(b) : mt_le16(b);
}

static uint32_t get32(const struct mt_pcapng *p, const uint8_t *b)
{
    return p->big_endian ? mt_be32(b) : mt_le32(b);
}

static uint64_t get64(const struct mt_pcapng *p, const uint8_t *b)
{
    uint64_t first = get32(p, b), second = get32(p, b + 4);
    return p->big_endian ? first << 32 | second : second << 32 | first;
}

static struct mt_span from(struct mt_span s, size_t n)
{
    (void)mt_span_take(&s, n < s.len ? n : s.len);
    return s;
}

/* Records and options are padded to 32 bits. */
static struct mt_span get_padded(struct mt_cursor *c, size_t n)
{
    struct mt_span value = mt_get_span(c, n);
    size_t pad = (4 - n % 4) % 4;
    (void)mt_get_span(c, pad < c->rest.len ? pad : c->rest.len);
    return value;
}

/* MT_EVENT, MT_DONE at the end of the options, MT_EPROTO out of bounds. */
static int next_option(const struct mt_pcapng *p, struct mt_cursor *c,
                       struct option *out)
{
    if (c->rest.len == 0)
        return MT_DONE;
    struct mt_span head = mt_get_span(c, 4);
    if (c->bad)
        return MT_EPROTO;
    out->code = get16(p, head.ptr);
    out->value = get_padded(c, get16(p, head.ptr + 2));
    if (c->bad)
        return MT_EPROTO;
    return out->code == OPT_END ? MT_DONE : MT_EVENT;
}

/* The next comment among options that begin at byte `start` of a body. */
static int next_comment(struct mt_pcapng *p, struct mt_span body, size_t start,
                        struct mt_item *item)
{
    struct mt_cursor c =
        mt_cursor_of(from(body, p->resume > start ? p->resume : start));
    struct option o;
    int rc;
    while ((rc = next_option(p, &c, &o)) == MT_EVENT)
        if (o.code == OPT_COMMENT)
            break;
    p->resume = body.len - c.rest.len;
    item->kind = MT_ITEM_COMMENT;
    item->text = o.value;
    return rc;
}

static int read_section(struct mt_pcapng *p, struct mt_span body,
                        struct mt_item *item)
{
    enum { OPTIONS_AT = 16 };
    if (body.len < OPTIONS_AT)
        return mt_parse_fail(&p->error, MT_EPROTO, "section header too short");
    if (p->resume == 0) {
        unsigned major = get16(p, body.ptr + 4);
        if (major != 1)
            return mt_parse_fail(&p->error, MT_ELIMIT,
                                 "pcapng version %u is not known; convert it "
                                 "with editcap",
                                 major);
        p->base += p->count;
        p->count = 0;
        p->section_at = p->known_to = p->at;
        p->section_big_endian = p->big_endian;
        p->started = true;
    }
    return next_comment(p, body, OPTIONS_AT, item);
}

static int add_interface(struct mt_pcapng *p, const struct interface *one)
{
    if (p->count == MT_PCAPNG_INTERFACES_MAX)
        return mt_parse_fail(&p->error, MT_ELIMIT,
                             "more than %d interfaces in one section",
                             MT_PCAPNG_INTERFACES_MAX);
    if (p->count == p->cap) {
        uint32_t cap = p->cap > 0 ? p->cap * 2 : 8;
        struct interface *list =
            realloc(p->interfaces, cap * sizeof *p->interfaces);
        if (list == NULL)
            return mt_parse_fail(&p->error, -ENOMEM, "no memory");
        p->interfaces = list;
        p->cap = cap;
    }
    p->interfaces[p->count++] = *one;
    return MT_EVENT;
}

static int read_interface(struct mt_pcapng *p, struct mt_span body,
                          struct mt_item *item)
{
    enum { OPTIONS_AT = 8 };
    if (body.len < OPTIONS_AT)
        return mt_parse_fail(&p->error, MT_EPROTO, "interface block too short");
    if (p->at < p->known_to) /* gone back: it is known */
        return MT_DONE;
    if (p->resume > 0)
        return next_comment(p, body, OPTIONS_AT, item);

    struct interface one = {.link_type = get16(p, body.ptr),
                            .snaplen = get32(p, body.ptr + 4)};
    struct mt_span name = {.ptr = NULL, .len = 0};
    struct mt_cursor c = mt_cursor_of(from(body, OPTIONS_AT));
    struct option o;
    uint8_t resolution = 6;
    int64_t offset_s = 0;
    int rc;
    while ((rc = next_option(p, &c, &o)) == MT_EVENT) {
        if (o.code == IF_NAME)
            name = o.value;
        else if (o.code == IF_TSRESOL && o.value.len >= 1)
            resolution = o.value.ptr[0];
        else if (o.code == IF_TSOFFSET && o.value.len >= 8)
            offset_s = (int64_t)get64(p, o.value.ptr);
    }
    if (rc < 0) /* the resolution may be among what cannot be read */
        return mt_parse_fail(&p->error, rc, "interface options out of bounds");
    mt_pcapng_clock_init(&one.clock, resolution, offset_s);
    rc = add_interface(p, &one);
    if (rc < 0)
        return rc;
    item->kind = MT_ITEM_INTERFACE;
    item->packet = (struct mt_packet){.link_type = one.link_type,
                                      .interface_id = p->base + p->count - 1};
    item->text = name;
    p->resume = OPTIONS_AT;
    return MT_EVENT;
}

/* One packet of interface `id`; packet->bytes and wire_bytes are set. */
static int finish_packet(struct mt_pcapng *p, uint32_t id,
                         const uint8_t *timestamp, struct mt_packet *packet)
{
    if (id >= p->count)
        return mt_parse_fail(&p->error, MT_EPROTO,
                             "packet of interface %u, but %u are declared", id,
                             p->count);
    const struct interface *one = &p->interfaces[id];
    if (timestamp != NULL) {
        uint64_t units =
            (uint64_t)get32(p, timestamp) << 32 | get32(p, timestamp + 4);
        p->last_ts_ns = mt_pcapng_clock_ns(&one->clock, units);
    }
    packet->ts_ns = p->last_ts_ns;
    packet->link_type = one->link_type;
    packet->interface_id = p->base + id;
    if (packet->wire_bytes < packet->bytes.len)
        packet->wire_bytes = (uint32_t)packet->bytes.len;
    return MT_EVENT;
}

/* Enhanced and obsolete packet blocks differ in their first 4 bytes only. */
static int read_packet(struct mt_pcapng *p, bool obsolete, struct mt_span body,
                       struct mt_item *item)
{
    struct mt_cursor c = mt_cursor_of(body);
    const uint8_t *b = mt_get_span(&c, 20).ptr;
    if (c.bad)
        return mt_parse_fail(&p->error, MT_EPROTO, "packet block too short");
    uint32_t captured = get32(p, b + 12);
    item->packet.bytes = mt_get_span(&c, captured);
    if (c.bad)
        return mt_parse_fail(&p->error, MT_EPROTO,
                             "packet of %u bytes in a block of %zu", captured,
                             body.len);
    item->kind = MT_ITEM_PACKET;
    item->packet.wire_bytes = get32(p, b + 16);
    return finish_packet(p, obsolete ? get16(p, b) : get32(p, b), b + 4,
                         &item->packet);
}

/* It has no time: that of the packet before is the nearest known. */
static int read_simple_packet(struct mt_pcapng *p, struct mt_span body,
                              struct mt_item *item)
{
    struct mt_cursor c = mt_cursor_of(body);
    struct mt_span head = mt_get_span(&c, 4);
    if (c.bad)
        return mt_parse_fail(&p->error, MT_EPROTO, "packet block too short");
    uint32_t wire = get32(p, head.ptr);
    uint32_t snaplen = p->count > 0 ? p->interfaces[0].snaplen : 0;
    size_t captured = snaplen > 0 && snaplen < wire ? snaplen : wire;
    if (captured > c.rest.len)
        return mt_parse_fail(&p->error, MT_EPROTO,
                             "packet of %zu bytes in a block of %zu", captured,
                             body.len);
    item->kind = MT_ITEM_PACKET;
    item->packet.bytes = mt_get_span(&c, captured);
    item->packet.wire_bytes = wire;
    return finish_packet(p, 0, NULL, &item->packet);
}

/* An address and its names begin at `begin`. False for other addresses. */
static bool begin_names(struct mt_pcapng *p, unsigned type, size_t begin,
                        struct mt_span value)
{
    size_t ip_bytes = type == NRB_IPV4 ? 4 : type == NRB_IPV6 ? 16 : 0;
    if (ip_bytes == 0 || value.len < ip_bytes)
        return false;
    p->name_addr = (struct mt_addr){.port = 0};
    if (type == NRB_IPV4)
        memset(p->name_addr.ip + 10, 0xff, 2);
    memcpy(p->name_addr.ip + 16 - ip_bytes, value.ptr, ip_bytes);
    p->names_end = begin + value.len;
    p->resume = begin + ip_bytes;
    return true;
}

/* Go to the next record of addresses: MT_EVENT, MT_DONE or MT_EPROTO. */
static int next_name_record(struct mt_pcapng *p, struct mt_span body)
{
    while (p->resume < body.len) {
        struct mt_cursor c = mt_cursor_of(from(body, p->resume));
        struct mt_span head = mt_get_span(&c, 4);
        if (c.bad)
            return MT_EPROTO;
        unsigned type = get16(p, head.ptr);
        size_t begin = p->resume + 4;
        struct mt_span value = get_padded(&c, get16(p, head.ptr + 2));
        if (c.bad)
            return MT_EPROTO;
        p->resume = body.len - c.rest.len;
        if (type == 0)
            return MT_DONE;
        if (begin_names(p, type, begin, value))
            return MT_EVENT;
    }
    return MT_DONE;
}

/* Each record is an address and one or more names that end in NUL. */
static int read_names(struct mt_pcapng *p, struct mt_span body,
                      struct mt_item *item)
{
    for (;;) {
        if (p->names_end == 0) {
            int rc = next_name_record(p, body);
            if (rc != MT_EVENT)
                return rc;
        }
        struct mt_span rest = from(body, p->resume);
        rest.len = p->names_end - p->resume;
        size_t n = mt_span_find(rest, 0);
        struct mt_span name = {.ptr = rest.ptr, .len = n};
        p->resume += n < rest.len ? n + 1 : n;
        if (p->resume == p->names_end) {
            p->resume += (4 - p->resume % 4) % 4;
            p->names_end = 0;
        }
        if (n == 0)
            continue;
        item->kind = MT_ITEM_NAME;
        item->name_addr = p->name_addr;
        item->text = name;
        return MT_EVENT;
    }
}

static int read_statistics(struct mt_pcapng *p, struct mt_span body,
                           struct mt_item *item)
{
    struct mt_cursor c = mt_cursor_of(body);
    struct mt_span head = mt_get_span(&c, 12);
    if (p->resume > 0)
        return MT_DONE;
    if (c.bad || get32(p, head.ptr) >= p->count)
        return MT_EPROTO;
    uint32_t id = get32(p, head.ptr);
    bool any = false;
    struct option o;
    item->kernel_drops = item->interface_drops = 0;
    while (next_option(p, &c, &o) == MT_EVENT) {
        if (o.value.len < 8 || (o.code != ISB_IFDROP && o.code != ISB_OSDROP))
            continue;
        any = true;
        if (o.code == ISB_IFDROP)
            item->interface_drops = get64(p, o.value.ptr);
        else
            item->kernel_drops = get64(p, o.value.ptr);
    }
    p->resume = body.len;
    item->kind = MT_ITEM_DROPS;
    item->packet = (struct mt_packet){.link_type = p->interfaces[id].link_type,
                                      .interface_id = p->base + id,
                                      .ts_ns = p->last_ts_ns};
    return any ? MT_EVENT : MT_DONE;
}

static int read_secrets(struct mt_pcapng *p, struct mt_span body,
                        struct mt_item *item)
{
    if (p->resume > 0)
        return MT_DONE;
    struct mt_cursor c = mt_cursor_of(body);
    struct mt_span head = mt_get_span(&c, 8);
    if (c.bad)
        return MT_EPROTO;
    item->kind = MT_ITEM_SECRETS;
    item->text = mt_get_span(&c, get32(p, head.ptr + 4));
    p->resume = body.len;
    if (c.bad)
        return MT_EPROTO;
    if (get32(p, head.ptr) == SECRETS_TLS)
        return MT_EVENT;
    p->skipped++;
    return MT_DONE;
}

/* MT_EVENT: an item, and the block may have more; MT_DONE: it has not.
 * MT_EPROTO without p->error: the block is malformed but not needed. */
static int read_block(struct mt_pcapng *p, uint32_t type, struct mt_span body,
                      struct mt_item *item)
{
    switch (type) {
    case BLOCK_SHB:
        return read_section(p, body, item);
    case BLOCK_IDB:
        return read_interface(p, body, item);
    case BLOCK_PB:
    case BLOCK_EPB:
        return read_packet(p, type == BLOCK_PB, body, item);
    case BLOCK_SPB:
        return read_simple_packet(p, body, item);
    case BLOCK_NRB:
        return read_names(p, body, item);
    case BLOCK_ISB:
        return read_statistics(p, body, item);
    case BLOCK_DSB:
        return read_secrets(p, body, item);
    default:
        p->skipped++;
        return MT_DONE;
    }
}

static bool is_packet(uint32_t type)
{
    return type == BLOCK_EPB || type == BLOCK_PB || type == BLOCK_SPB;
}

/* Read type and length of the block at the front, and the byte order where a
 * section begins. Sets *total to its bytes; MT_EVENT or an error. */
static int read_block_header(struct mt_pcapng *p, const uint8_t *b,
                             uint32_t *type, size_t *total)
{
    bool section = mt_be32(b) == BLOCK_SHB;
    if (section) {
        uint32_t order = mt_be32(b + 8);
        if (order != 0x1a2b3c4d && order != 0x4d3c2b1a)
            return mt_parse_fail(&p->error, MT_EPROTO,
                                 "section header without a byte order");
        p->big_endian = order == 0x1a2b3c4d;
    }
    uint32_t length = get32(p, b + 4);
    *type = section ? (uint32_t)BLOCK_SHB : get32(p, b);
    if (length < (section ? SHB_MIN_BYTES : BLOCK_MIN_BYTES) ||
        length > MT_RECORD_MAX)
        return mt_parse_fail(&p->error, MT_EPROTO,
                             "a block of %u bytes is not possible: the file "
                             "is damaged from here on",
                             length);
    *total = ((size_t)length + 3) / 4 * 4; /* some writers do not pad */
    return MT_EVENT;
}

static void leave_block(struct mt_pcapng *p, size_t total)
{
    p->resume = p->names_end = 0;
    p->at += total;
    if (p->at > p->known_to)
        p->known_to = p->at;
}

int mt_pcapng_next(struct mt_pcapng *p, struct mt_span in, struct mt_step *step,
                   struct mt_item *item)
{
    *step = (struct mt_step){.used = 0, .need = BLOCK_MIN_BYTES};
    if (p->error.code != 0)
        return p->error.code;
    if (in.len < BLOCK_MIN_BYTES)
        return MT_MORE;

    uint32_t type = 0;
    size_t total = 0;
    int rc = read_block_header(p, in.ptr, &type, &total);
    if (rc < 0)
        return rc;
    step->need = total;
    if (in.len < total)
        return MT_MORE;
    if (get32(p, in.ptr + total - TRAILER_BYTES) != get32(p, in.ptr + 4))
        return mt_parse_fail(&p->error, MT_EPROTO,
                             "a block's two lengths differ (%u and %u): the "
                             "file is damaged here",
                             get32(p, in.ptr + 4),
                             get32(p, in.ptr + total - TRAILER_BYTES));

    struct mt_span body = {.ptr = in.ptr + BODY_AT,
                           .len = total - BODY_AT - TRAILER_BYTES};
    rc = read_block(p, type, body, item);
    if (p->error.code != 0)
        return p->error.code;
    if (rc == MT_EPROTO)
        p->skipped++;
    if (rc == MT_EVENT && !is_packet(type))
        return MT_EVENT;
    leave_block(p, total);
    step->used = total;
    step->need = BLOCK_MIN_BYTES;
    return rc == MT_EVENT ? MT_EVENT : MT_MORE;
}
