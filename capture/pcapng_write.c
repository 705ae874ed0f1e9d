#include "capture/pcapng_write.h"

#include <string.h>

#include "capture/pcapng_blocks.h"

enum {
    NANOSECONDS = 9,
    FRAME_BYTES = 12,   /* type and both lengths */
    OPTION_BYTES = 4,   /* code and length; also the end of options */
    PACKET_BYTES = 20,  /* the fields of a packet's block */
    COUNTER_BYTES = 12, /* an option of 64 bits */
};

/* ---- one block ---- */

static size_t padded(size_t n)
{
    return (n + 3) / 4 * 4;
}

static void put16(struct mt_buf *b, unsigned v)
{
    mt_put_u8(b, (uint8_t)(v & 0xff));
    mt_put_u8(b, (uint8_t)(v >> 8 & 0xff));
}

/* What follows a piece of n bytes. */
static void put_pad(struct mt_buf *b, size_t n)
{
    static const uint8_t zeros[4];
    mt_put_span(b, (struct mt_span){zeros, padded(n) - n});
}

static void put_padded(struct mt_buf *b, struct mt_span s)
{
    mt_put_span(b, s);
    put_pad(b, s.len);
}

static size_t begin(struct mt_buf *b, uint32_t type)
{
    size_t at = b->len;
    mt_put_le32(b, type);
    mt_put_le32(b, 0); /* the length, set by end() */
    return at;
}

static bool end(struct mt_buf *b, size_t at)
{
    size_t bytes = b->len - at + 4;
    mt_put_le32(b, (uint32_t)bytes);
    if (b->full || bytes > UINT32_MAX) {
        b->len = at;
        b->full = false;
        return false;
    }
    struct mt_buf length = mt_buf_of(b->ptr + at + 4, 4);
    mt_put_le32(&length, (uint32_t)bytes);
    return true;
}

/* ---- options ---- */

static struct mt_span cut(struct mt_span s)
{
    if (s.len > MT_PCAPNG_TEXT_MAX)
        s.len = MT_PCAPNG_TEXT_MAX;
    return s;
}

static void put_text(struct mt_buf *b, unsigned code, struct mt_span text)
{
    text = cut(text);
    if (text.len == 0)
        return;
    put16(b, code);
    put16(b, (unsigned)text.len);
    put_padded(b, text);
}

static void put_counter(struct mt_buf *b, unsigned code, uint64_t v)
{
    put16(b, code);
    put16(b, 8);
    mt_put_le64(b, v);
}

static void end_options(struct mt_buf *b)
{
    put16(b, OPT_END);
    put16(b, 0);
}

/* High half first, whatever the byte order. Before 1970 there is no time. */
static void put_time(struct mt_buf *b, int64_t ts_ns)
{
    uint64_t ns = ts_ns > 0 ? (uint64_t)ts_ns : 0;
    mt_put_le32(b, (uint32_t)(ns >> 32));
    mt_put_le32(b, (uint32_t)(ns & UINT32_MAX));
}

/* ---- blocks ---- */

bool mt_pcapng_put_section(struct mt_buf *b, const struct mt_pcapng_section *s)
{
    size_t at = begin(b, BLOCK_SHB);
    mt_put_le32(b, 0x1a2b3c4d);
    put16(b, 1);
    put16(b, 0);
    mt_put_le64(b, UINT64_MAX); /* the section's length is not told */
    put_text(b, OPT_COMMENT, s->comment);
    put_text(b, SHB_HARDWARE, s->hardware);
    put_text(b, SHB_OS, s->os);
    put_text(b, SHB_USERAPPL, s->application);
    end_options(b);
    return end(b, at);
}

/* The filter's first byte tells that it is a text of libpcap. */
static void put_filter(struct mt_buf *b, struct mt_span text)
{
    if (text.len == 0)
        return;
    if (text.len > MT_PCAPNG_TEXT_MAX - 1)
        text.len = MT_PCAPNG_TEXT_MAX - 1;
    size_t n = text.len + 1;
    put16(b, IF_FILTER);
    put16(b, (unsigned)n);
    mt_put_u8(b, 0);
    mt_put_span(b, text);
    put_pad(b, n);
}

bool mt_pcapng_put_interface(struct mt_buf *b,
                             const struct mt_pcapng_interface *i)
{
    static const uint8_t resolution = NANOSECONDS;
    size_t at = begin(b, BLOCK_IDB);
    put16(b, i->link_type);
    put16(b, 0);
    mt_put_le32(b, i->snaplen);
    put_text(b, IF_NAME, i->name);
    put_text(b, IF_TSRESOL, (struct mt_span){&resolution, 1});
    put_filter(b, i->filter);
    end_options(b);
    return end(b, at);
}

size_t mt_pcapng_packet_bytes(const struct mt_pcapng_packet *p)
{
    size_t options = p->dropped > 0 ? COUNTER_BYTES : 0;
    for (size_t i = 0; i < p->comments_count; i++)
        if (p->comments[i].len > 0)
            options += OPTION_BYTES + padded(cut(p->comments[i]).len);
    return FRAME_BYTES + PACKET_BYTES + padded(p->packet->bytes.len) +
           (options > 0 ? options + OPTION_BYTES : 0);
}

bool mt_pcapng_put_packet(struct mt_buf *b, const struct mt_pcapng_packet *p)
{
    const struct mt_packet *packet = p->packet;
    size_t at = begin(b, BLOCK_EPB);
    mt_put_le32(b, p->interface_id);
    put_time(b, packet->ts_ns);
    mt_put_le32(b, (uint32_t)packet->bytes.len);
    mt_put_le32(b, packet->wire_bytes);
    put_padded(b, packet->bytes);
    size_t options = b->len;
    for (size_t i = 0; i < p->comments_count; i++)
        put_text(b, OPT_COMMENT, p->comments[i]);
    if (p->dropped > 0)
        put_counter(b, EPB_DROPCOUNT, p->dropped);
    if (b->len > options)
        end_options(b);
    return end(b, at);
}

static void put_name(struct mt_buf *b, const struct mt_pcapng_name *n)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool v4 = memcmp(n->addr.ip, mapped, sizeof mapped) == 0;
    size_t ip_bytes = v4 ? 4 : 16;
    struct mt_span name = cut(n->name);
    name.len = mt_span_find(name, 0);
    if (name.len == 0)
        return;
    if (name.len > MT_PCAPNG_TEXT_MAX - ip_bytes - 1)
        name.len = MT_PCAPNG_TEXT_MAX - ip_bytes - 1;
    size_t n_bytes = ip_bytes + name.len + 1;
    put16(b, v4 ? NRB_IPV4 : NRB_IPV6);
    put16(b, (unsigned)n_bytes);
    mt_put_span(b, (struct mt_span){n->addr.ip + 16 - ip_bytes, ip_bytes});
    mt_put_span(b, name);
    mt_put_u8(b, 0);
    put_pad(b, n_bytes);
}

bool mt_pcapng_put_names(struct mt_buf *b, const struct mt_pcapng_name *names,
                         size_t count)
{
    size_t at = begin(b, BLOCK_NRB);
    for (size_t i = 0; i < count; i++)
        put_name(b, &names[i]);
    end_options(b); /* the end of records looks the same */
    return end(b, at);
}

bool mt_pcapng_put_statistics(struct mt_buf *b,
                              const struct mt_pcapng_statistics *s)
{
    size_t at = begin(b, BLOCK_ISB);
    mt_put_le32(b, s->interface_id);
    put_time(b, s->ts_ns);
    put_counter(b, ISB_IFDROP, s->interface_drops);
    put_counter(b, ISB_OSDROP, s->kernel_drops);
    end_options(b);
    return end(b, at);
}

bool mt_pcapng_put_secrets(struct mt_buf *b, struct mt_span lines)
{
    size_t at = begin(b, BLOCK_DSB);
    mt_put_le32(b, SECRETS_TLS);
    mt_put_le32(b, (uint32_t)lines.len);
    put_padded(b, lines);
    return end(b, at);
}
