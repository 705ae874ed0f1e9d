/**
 * pcapng_write.h - blocks of a pcapng file, draft-ietf-opsawg-pcapng.
 *
 * Sans-IO: each call appends one whole block to a bounded buffer, and returns
 * true; a block that does not fit leaves the buffer as it was, and returns
 * false. Little endian, times in nanoseconds. Texts longer than an option can
 * hold are cut to MT_PCAPNG_TEXT_MAX bytes.
 *
 *     struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
 *     mt_pcapng_put_section(&b, &(struct mt_pcapng_section){.os = os});
 *     mt_pcapng_put_interface(&b, &(struct mt_pcapng_interface){
 *                                     .name = name, .link_type = 1});
 *     mt_pcapng_put_packet(&b, &(struct mt_pcapng_packet){
 *                                  .packet = &item.packet});
 *
 * The interfaces of a section are numbered from 0, in the order in which they
 * were put. Names and secrets hold for what follows them.
 */
#ifndef MT_CAPTURE_PCAPNG_WRITE_H
#define MT_CAPTURE_PCAPNG_WRITE_H

#include "base/buf.h"
#include "capture/packet.h"

enum {
    MT_PCAPNG_TEXT_MAX = 65532,   /* of an option: a multiple of 4 */
    MT_PCAPNG_PACKET_EXTRA = 128, /* a packet's block without its bytes and
                                     its comments is shorter */
};

/* Who wrote the file; empty texts are left out. */
struct mt_pcapng_section {
    struct mt_span hardware, os, application, comment;
};

struct mt_pcapng_interface {
    struct mt_span name, filter; /* filter: a capture filter's text */
    uint16_t link_type;
    uint32_t snaplen; /* 0: no limit */
};

struct mt_pcapng_packet {
    const struct mt_packet *packet; /* its interface_id and ref do not count */
    uint32_t interface_id;          /* of the section that is written */
    const struct mt_span *comments;
    size_t comments_count;
    uint64_t dropped; /* between the packet before and this one; 0 none */
};

struct mt_pcapng_name {
    struct mt_addr addr; /* its port does not count */
    struct mt_span name; /* ends at a NUL */
};

struct mt_pcapng_statistics {
    uint32_t interface_id;
    int64_t ts_ns;
    uint64_t interface_drops, kernel_drops;
};

bool mt_pcapng_put_section(struct mt_buf *b, const struct mt_pcapng_section *s);
bool mt_pcapng_put_interface(struct mt_buf *b,
                             const struct mt_pcapng_interface *i);
bool mt_pcapng_put_packet(struct mt_buf *b, const struct mt_pcapng_packet *p);
bool mt_pcapng_put_names(struct mt_buf *b, const struct mt_pcapng_name *names,
                         size_t count);
bool mt_pcapng_put_statistics(struct mt_buf *b,
                              const struct mt_pcapng_statistics *s);

/* Lines of a TLS key log, such as programs write to SSLKEYLOGFILE. */
bool mt_pcapng_put_secrets(struct mt_buf *b, struct mt_span lines);

/* Exactly the bytes that mt_pcapng_put_packet() appends. */
size_t mt_pcapng_packet_bytes(const struct mt_pcapng_packet *p);

#endif
