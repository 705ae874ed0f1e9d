/**
 * packet.h - one captured packet, and a source of them.
 *
 * A source is a file, a pipe or an interface. It gives packets, and the other
 * things that capture files carry: names, TLS secrets, drop counts, comments.
 *
 *     struct mt_source *s;
 *     struct mt_item item;
 *     struct mt_problem why;
 *     int rc = mt_source_open_file(&s, "trace.pcapng.gz", &options, &why);
 *     while ((rc = mt_source_next(s, &item)) == MT_EVENT)
 *         use(&item);                  // borrowed until the next call
 *     // MT_DONE: the end; MT_MORE: nothing now (--follow, live); < 0: broken,
 *     // mt_source_problem(s) says where and why; all before it was whole
 *     mt_source_free(s);
 *
 * One thread. A file's source holds one buffer (256 KiB unless a record is
 * longer) and the state of a decompressor; it never reads ahead beyond them.
 * live.h opens an interface.
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
    uint16_t source;       /* that captured it: its number in the run */
    uint64_t ref;          /* where it can be read again: source << 48 |
                              offset of its record; a packet ring's file is
                              a source, too */
};

enum mt_item_kind {
    MT_ITEM_PACKET,
    MT_ITEM_NAME,      /* address -> name, from a name resolution block */
    MT_ITEM_SECRETS,   /* TLS key log lines, from a decryption secrets block */
    MT_ITEM_DROPS,     /* interface statistics */
    MT_ITEM_COMMENT,   /* of a section or an interface; live: it went down */
    MT_ITEM_INTERFACE, /* declared; comes before its first packet */
};

/* Only the fields of its kind are set. */
struct mt_item {
    enum mt_item_kind kind;
    struct mt_packet packet;  /* INTERFACE, DROPS: interface_id, link_type */
    struct mt_addr name_addr; /* NAME: port 0 */
    struct mt_span text;      /* NAME, INTERFACE: the name, may be empty;
                                 SECRETS, COMMENT: the text */
    uint64_t kernel_drops;    /* DROPS: so far on this interface */
    uint64_t interface_drops;
};

struct mt_source;

enum { MT_PROBLEM_BYTES = 512 };

/* One line for people: "FILE: offset N: what is wrong; what to do". */
struct mt_problem {
    char text[MT_PROBLEM_BYTES];
};

struct mt_source_options {
    bool follow;     /* the end of a regular file is MT_MORE: it may grow */
    uint16_t number; /* of this source in the run: the top of mt_packet.ref */
    size_t buffer_bytes; /* 0: 256 KiB. Less where many files are open */
};

struct mt_source_progress {
    uint64_t done_bytes;     /* read from the file, compressed or not; of an
                                interface: on the wire */
    uint64_t total_bytes;    /* its size; 0 not known (a pipe) */
    uint64_t packets;        /* given so far */
    uint64_t skipped_blocks; /* pcapng: of no use here, or malformed but not
                                needed to read on */
};

/**
 * Open a pcap or pcapng file, plain or compressed by gzip or zstd; "-" is
 * stdin. Unless following, reads the first bytes, so that a file that is
 * empty or no capture fails here. path is borrowed while the source lives.
 *
 * Returns 0 or a negative number; then *why is set and *out is NULL.
 */
int mt_source_open_file(struct mt_source **out, const char *path,
                        const struct mt_source_options *options,
                        struct mt_problem *why);

/**
 * The next item, borrowed until the next call with this source.
 *
 *   MT_EVENT  *item is set
 *   MT_MORE   nothing now: a followed file has no more yet, a non-blocking
 *             pipe is empty, or a signal came. Call again.
 *   MT_DONE   the end, and all of it was whole
 *   < 0       broken here, sticky: see mt_source_problem(). Every record
 *             before was given; progress.packets tells how many that were.
 */
int mt_source_next(struct mt_source *s, struct mt_item *item);

/* No more is to come: a followed file's end is the end from now on, and of an
 * interface what it saw until now_ns (Unix time) is still given. */
void mt_source_finish(struct mt_source *s, int64_t now_ns);

/* What poll() can wait for until there is more; -1: nothing. It may stay
 * readable while there is something that was not asked for. */
int mt_source_descriptor(const struct mt_source *s);

/**
 * The packet whose record is at an offset (the low 48 bits of its ref), read
 * again; *item is borrowed until the next call. Cheapest in rising order. The
 * next mt_source_next() goes on after it, and a problem met is forgotten.
 *
 * Returns MT_EVENT, MT_DONE where no packet is at that offset, or < 0: -ESPIPE
 * where nothing can be read again.
 */
int mt_source_read_at(struct mt_source *s, uint64_t offset,
                      struct mt_item *item);

/* What broke it; "" while nothing did. Lives as long as the source. */
const char *mt_source_problem(const struct mt_source *s);

const char *mt_source_path(const struct mt_source *s);

struct mt_source_progress mt_source_progress(const struct mt_source *s);

/* NULL is fine. */
void mt_source_free(struct mt_source *s);

#endif
