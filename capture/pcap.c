#include "capture/pcap.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    FILE_HEADER_BYTES = 24,
    RECORD_HEADER_BYTES = 16,
    MODIFIED_HEADER_BYTES = 24,
    /* libpcap's MAXIMUM_SNAPLEN: writers that lie in the file header exist,
     * so a record up to this is taken whatever the header says */
    USUAL_SNAPLEN = 262144,
};

struct magic {
    uint32_t number;
    uint32_t ns_per_unit;
    uint8_t header_bytes;
};

static const struct magic magics[] = {
    {0xa1b2c3d4, 1000, RECORD_HEADER_BYTES},
    {0xa1b23c4d, 1, RECORD_HEADER_BYTES},
    {0xa1b2cd34, 1000, MODIFIED_HEADER_BYTES},
};

static const struct magic *find_magic(uint32_t number)
{
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (magics[i].number == number)
            return &magics[i];
    return NULL;
}

bool mt_pcap_detect(struct mt_span start)
{
    return start.len >= 4 && (find_magic(mt_le32(start.ptr)) != NULL ||
                              find_magic(mt_be32(start.ptr)) != NULL);
}

void mt_pcap_init(struct mt_pcap *p)
{
    *p = (struct mt_pcap){.started = false};
}

static uint16_t get16(const struct mt_pcap *p, const uint8_t *b)
{
    return p->big_endian ? mt_be16(b) : mt_le16(b);
}

static uint32_t get32(const struct mt_pcap *p, const uint8_t *b)
{
    return p->big_endian ? mt_be32(b) : mt_le32(b);
}

int mt_parse_fail(struct mt_parse_error *e, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(e->why, sizeof e->why, format, args);
    va_end(args);
    e->code = code;
    return code;
}

static int more(struct mt_step *step, size_t used, size_t need)
{
    *step = (struct mt_step){.used = used, .need = need};
    return MT_MORE;
}

static int read_file_header(struct mt_pcap *p, struct mt_span in,
                            struct mt_step *step, struct mt_item *item)
{
    if (in.len < FILE_HEADER_BYTES)
        return more(step, 0, FILE_HEADER_BYTES);
    const uint8_t *b = in.ptr;
    const struct magic *magic = find_magic(mt_le32(b));
    p->big_endian = magic == NULL;
    if (magic == NULL)
        magic = find_magic(mt_be32(b));
    if (magic == NULL)
        return mt_parse_fail(&p->error, MT_EPROTO,
                             "this is no pcap file header");

    unsigned major = get16(p, b + 4), minor = get16(p, b + 6);
    if (major != 2 || minor > 4)
        return mt_parse_fail(
            &p->error, MT_ELIMIT,
            "pcap version %u.%u is not known; convert it with editcap", major,
            minor);
    uint32_t snaplen = get32(p, b + 16);
    p->swapped_lens = minor < 3;
    p->maybe_swapped = minor == 3;
    p->header_bytes = magic->header_bytes;
    p->ns_per_unit = magic->ns_per_unit;
    p->record_max = snaplen > MT_RECORD_MAX   ? (uint32_t)MT_RECORD_MAX
                    : snaplen > USUAL_SNAPLEN ? snaplen
                                              : (uint32_t)USUAL_SNAPLEN;
    /* the upper half holds the FCS length and reserved bits */
    p->link_type = (uint16_t)(get32(p, b + 20) & 0xffff);
    p->started = true;
    item->kind = MT_ITEM_INTERFACE;
    item->packet = (struct mt_packet){.link_type = p->link_type};
    item->text = (struct mt_span){.ptr = NULL, .len = 0};
    *step = (struct mt_step){.used = FILE_HEADER_BYTES};
    return MT_EVENT;
}

/* Old writers put the two lengths the other way round. */
static void swap_lens(const struct mt_pcap *p, uint32_t *captured,
                      uint32_t *wire)
{
    if (p->swapped_lens || (p->maybe_swapped && *captured > *wire)) {
        uint32_t n = *captured;
        *captured = *wire;
        *wire = n;
    }
}

int mt_pcap_next(struct mt_pcap *p, struct mt_span in, struct mt_step *step,
                 struct mt_item *item)
{
    *step = (struct mt_step){.used = 0};
    if (p->error.code != 0)
        return p->error.code;
    if (!p->started)
        return read_file_header(p, in, step, item);
    if (in.len < p->header_bytes)
        return more(step, 0, p->header_bytes);

    struct mt_cursor c = mt_cursor_of(in);
    const uint8_t *b = mt_get_span(&c, p->header_bytes).ptr;
    uint32_t captured = get32(p, b + 8), wire = get32(p, b + 12);
    swap_lens(p, &captured, &wire);
    if (captured > p->record_max)
        return mt_parse_fail(
            &p->error, MT_EPROTO,
            "a packet of %u bytes is not possible here (at most %u): "
            "the file is damaged from here on",
            captured, p->record_max);
    if (c.rest.len < captured)
        return more(step, 0, (size_t)p->header_bytes + captured);

    item->kind = MT_ITEM_PACKET;
    item->packet =
        (struct mt_packet){.ts_ns = (int64_t)get32(p, b) * 1000000000 +
                                    (int64_t)get32(p, b + 4) * p->ns_per_unit,
                           .bytes = mt_get_span(&c, captured),
                           .wire_bytes = wire > captured ? wire : captured,
                           .link_type = p->link_type};
    step->used = (size_t)p->header_bytes + captured;
    return MT_EVENT;
}
