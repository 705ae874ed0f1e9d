/**
 * ring_plan.h - which file of a packet ring each packet goes to, and where in
 * it: known before anything is written, so that a reference can be given at
 * once. Sans-IO: blocks go into a ring of memory; another thread writes them.
 *
 *     struct mt_ring_plan p;
 *     mt_ring_plan_init(&p, &options, ring);
 *     mt_ring_plan_interface(&p, &item.packet, item.text);
 *     if (mt_ring_plan_packet(&p, &item.packet, &at))
 *         item.packet.ref = ...at.file, at.offset...;
 *     mt_ring_plan_deinit(&p);
 *
 * Each record of the ring is a struct mt_ring_plan_head and whole blocks: with
 * `begins`, those that a file begins with (its section, and every interface
 * that is known), so that each file can be read by itself.
 */
#ifndef MT_CAPTURE_RING_PLAN_H
#define MT_CAPTURE_RING_PLAN_H

#include "base/ring.h"
#include "capture/pcapng_write.h"

enum { MT_RING_INTERFACES_MAX = 256, MT_RING_INTERFACE_NAME = 64 };

struct mt_ring_plan_head {
    uint32_t file;   /* from 0 */
    uint32_t begins; /* 1: the file begins with these blocks */
};

struct mt_ring_plan_options {
    uint64_t file_bytes;     /* no file gets longer */
    bool patient;            /* a full ring of memory is waited for */
    const char *application; /* in each file's section; borrowed */
};

struct mt_ring_interface {
    uint16_t source, link_type;
    uint32_t id;
    uint8_t name_len;
    bool declared;   /* in the file at hand, */
    uint32_t number; /* as this one of its interfaces */
    uint8_t name[MT_RING_INTERFACE_NAME];
};

struct mt_ring_plan {
    struct mt_ring_plan_options options;
    struct mt_ring *ring;
    bool begun;      /* there is a file */
    uint32_t file;   /* the one at hand */
    uint64_t offset; /* its bytes so far */
    uint64_t packets;
    int64_t first_ns, last_ns;            /* of its packets; 0: none */
    uint64_t kept, dropped;               /* packets, of all files */
    struct mt_ring_interface *interfaces; /* MT_RING_INTERFACES_MAX */
    uint32_t interfaces_count, last;
    uint32_t declared; /* in the file at hand */
    uint8_t *head;     /* the blocks of a file's begin, being made */
};

struct mt_ring_at {
    uint32_t file;
    uint64_t offset;
    bool begins; /* a file was begun for it: the one before has ended */
    /* of the file that has ended: */
    uint64_t ended_bytes, ended_packets;
    int64_t ended_first_ns, ended_last_ns;
};

/* 0 or -ENOMEM; deinit in every case. The ring is borrowed. */
int mt_ring_plan_init(struct mt_ring_plan *p,
                      const struct mt_ring_plan_options *options,
                      struct mt_ring *ring);
void mt_ring_plan_deinit(struct mt_ring_plan *p);

/* An interface and its name, which is cut to MT_RING_INTERFACE_NAME bytes. */
void mt_ring_plan_interface(struct mt_ring_plan *p,
                            const struct mt_packet *packet,
                            struct mt_span name);

/* False: it was dropped, and counted: the memory is full, it is longer than a
 * file, or there are too many interfaces. at->begins is right all the same. */
bool mt_ring_plan_packet(struct mt_ring_plan *p, const struct mt_packet *packet,
                         struct mt_ring_at *at);

#endif
