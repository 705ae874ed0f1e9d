/**
 * pcap.h - the classic capture file, draft-ietf-opsawg-pcap.
 *
 * Microseconds and nanoseconds, both byte orders, versions 2.0 to 2.4, and
 * the longer records of the "modified" (Kuznetzov) format. Sans-IO: a span of
 * the file in, an item out that borrows from it.
 *
 *     struct mt_pcap p;
 *     struct mt_step step;
 *     mt_pcap_init(&p);
 *     rc = mt_pcap_next(&p, in, &step, &item);
 *     // MT_EVENT: item is set; drop step.used bytes before the next call
 *     // MT_MORE: drop step.used bytes, then give at least step.need
 *     // < 0: p.error.why says what is wrong
 */
#ifndef MT_CAPTURE_PCAP_H
#define MT_CAPTURE_PCAP_H

#include <stdbool.h>

#include "capture/packet.h"

enum {
    MT_WHY_BYTES = 160,
    MT_RECORD_MAX = 16 << 20, /* a longer record is damage, not a packet */
};

/* What a parser did with its input, and wants next. */
struct mt_step {
    size_t used;
    size_t need;
};

/* Sticky. */
struct mt_parse_error {
    int code; /* 0 while healthy */
    char why[MT_WHY_BYTES];
};

/* Set it, and return code. */
int mt_parse_fail(struct mt_parse_error *e, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct mt_pcap {
    bool big_endian;
    bool started;         /* the file header was read */
    bool swapped_lens;    /* before version 2.3 */
    bool maybe_swapped;   /* version 2.3: by either kind of writer */
    uint8_t header_bytes; /* of a record */
    uint16_t link_type;
    uint32_t ns_per_unit;
    uint32_t record_max;
    struct mt_parse_error error;
};

/* Does a file that starts so belong to this parser? Needs 4 bytes. */
bool mt_pcap_detect(struct mt_span start);

void mt_pcap_init(struct mt_pcap *p);

/**
 * The next item: first the one MT_ITEM_INTERFACE, then packets. ref is not
 * set. Errors are sticky: MT_EPROTO, MT_ELIMIT (p->error).
 */
int mt_pcap_next(struct mt_pcap *p, struct mt_span in, struct mt_step *step,
                 struct mt_item *item);

#endif
