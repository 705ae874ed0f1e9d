/**
 * packet_refs.h - packets read again, in order, by their references.
 *
 * Takes the files that references point into, and references in any order and
 * any number of times; gives each packet once: within a file as the file has
 * them, files merged by their packets' times. A file is opened when its turn
 * comes, and closed after its last packet.
 *
 *     struct mt_packet_refs *p = mt_packet_refs_new(limit_bytes);
 *     rc = mt_packet_refs_file(p, source, path, &file);
 *     rc = mt_packet_refs_add(p, x->packets[i], tag);
 *     mt_packet_refs_sort(p);
 *     while (mt_packet_refs_next(p, &found) == MT_EVENT)
 *         use(&found);                  // borrowed until the next call
 *     for (source...) mt_packet_refs_lost(p, source, &why);
 *     mt_packet_refs_free(p);
 *
 * Where a packet is not found, or is none of its file's (its time lies outside
 * what was noted), the file was changed: this and all later packets of it are
 * counted and passed over. In a compressed file all that stands before a
 * packet is decompressed. One thread.
 */
#ifndef MT_CAPTURE_PACKET_REFS_H
#define MT_CAPTURE_PACKET_REFS_H

#include "capture/packet.h"
#include "capture/packet_file.h"

/* What is known of a packet by the one who asked for it. */
struct mt_packet_ref {
    uint64_t ref;
    uint64_t tag; /* the caller's; 0: none */
};

struct mt_packet_found {
    struct mt_packet packet;
    const struct mt_packet_ref *refs; /* those of this packet, as added */
    size_t refs_count;
};

struct mt_packet_refs;

/* limit_bytes: of memory for references. NULL without memory. */
struct mt_packet_refs *mt_packet_refs_new(size_t limit_bytes);
void mt_packet_refs_free(struct mt_packet_refs *p); /* NULL is fine */

/* The file that references of source number `source` point into. file's
 * times are what its packets are held against. 0 or -ENOMEM. */
int mt_packet_refs_file(struct mt_packet_refs *p, uint16_t source,
                        const char *path, const struct mt_packet_file *file);

/* Is there a file for what this reference points at? */
bool mt_packet_refs_has(const struct mt_packet_refs *p, uint64_t ref);

/* 0, MT_ELIMIT above the limit, or -ENOMEM. */
int mt_packet_refs_add(struct mt_packet_refs *p, uint64_t ref, uint64_t tag);

/* After the last mt_packet_refs_add(), before anything is read. */
void mt_packet_refs_sort(struct mt_packet_refs *p);

/* MT_EVENT or MT_DONE: one that is not found ends nothing. */
int mt_packet_refs_next(struct mt_packet_refs *p,
                        struct mt_packet_found *found);

/* What was added for a reference: NULL and 0 where nothing was. */
const struct mt_packet_ref *mt_packet_refs_find(const struct mt_packet_refs *p,
                                                uint64_t ref, size_t *count);

/* Its name, as far as the file tells it before its first packet; "". */
struct mt_span mt_packet_refs_interface(const struct mt_packet_refs *p,
                                        uint16_t source, uint32_t interface_id);

/* Packets of a file that were not found, and why, in words that begin with the
 * file's name. */
uint64_t mt_packet_refs_lost(const struct mt_packet_refs *p, uint16_t source,
                             const char **why);

#endif
