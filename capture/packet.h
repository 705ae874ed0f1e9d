/**
 * packet.h - one captured packet, and a source of them.
 *
 * A source is a file, a pipe or an interface. It gives packets, and the other
 * things that capture files carry: names, TLS secrets, drop counts, comments.
 *
 *     struct mt_source *s;
 *     struct mt_item item;
 *     int rc = mt_source_open_file(&s, "trace.pcapng.gz", &options, &why);
 *     while ((rc = mt_source_next(s, &item)) == MT_EVENT)
 *         use(&item);                  // borrowed until the next call
 *     // MT_DONE: the end; MT_MORE: nothing now (--follow, live); < 0: broken,
 *     // mt_source_problem(s) says where and why; all before it was whole
 *     mt_source_free(s);
 */
#ifndef MT_CAPTURE_PACKET_H
#define MT_CAPTURE_PACKET_H

#include <stdint.h>

#include "base/rc.h"
#include "base/span.h"
#include "decode/exchange.h"

struct mt_packet {
    int64_t ts_ns;         /* Unix time */
    struct mt_span bytes;  /* what was captured */
    uint32_t wire_bytes;   /* what was on the wire: >= bytes.len */
    uint32_t interface_id; /* of this source, from 0 */
    uint16_t link_type;    /* LINKTYPE_ number of pcap files */
    uint64_t ref;          /* source << 48 | offset of its record */
};

enum mt_item_kind {
    MT_ITEM_PACKET,
    MT_ITEM_NAME,    /* address -> name, from a name resolution block */
    MT_ITEM_SECRETS, /* TLS key log lines, from a decryption secrets block */
    MT_ITEM_DROPS,   /* interface statistics */
    MT_ITEM_COMMENT, /* of a section or an interface */
};

struct mt_item {
    enum mt_item_kind kind;
    struct mt_packet packet;
    struct mt_addr name_addr; /* NAME: port 0 */
    struct mt_span text;      /* NAME: the name; SECRETS, COMMENT: the text */
    uint64_t kernel_drops;    /* DROPS: so far on this interface */
    uint64_t interface_drops;
};

struct mt_source;

#endif
