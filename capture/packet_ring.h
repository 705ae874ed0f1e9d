/**
 * packet_ring.h - the newest packets kept on disk, up to a size: pcapng files,
 * the oldest of which goes when a new one begins.
 *
 *     struct mt_packet_ring *r;
 *     rc = mt_packet_ring_open(&r, &options, &why);
 *     mt_packet_ring_interface(r, &item.packet, item.text);
 *     mt_packet_ring_packet(r, &item.packet);     // its ref now leads there
 *     mt_packet_ring_close(r, &stats);            // waits for the disk
 *
 * Called by one thread, which never waits for the disk unless it is told to be
 * patient: blocks go through a bounded memory to a thread that writes them at
 * least once a second. What finds no room is dropped and counted; the packet
 * then keeps the reference it had.
 */
#ifndef MT_CAPTURE_PACKET_RING_H
#define MT_CAPTURE_PACKET_RING_H

#include "capture/packet.h"

enum { MT_PACKET_RING_FILE_MIN = 64 << 10 };

/* A file as it begins (size_bytes is 0), and again as it ends. */
struct mt_packet_ring_file {
    uint16_t source;  /* the top of references into it */
    const char *path; /* absolute; borrowed for the call */
    uint64_t size_bytes, packets;
    int64_t first_ns, last_ns; /* times of its packets; 0: none */
};

struct mt_packet_ring_options {
    const char *folder;
    uint64_t size_bytes;   /* of all files: at least two of file_bytes */
    uint64_t file_bytes;   /* at least MT_PACKET_RING_FILE_MIN */
    size_t memory_bytes;   /* a power of two; 0: 8 MiB */
    bool patient;          /* wait for the disk: nothing is dropped */
    int64_t started_ns;    /* wall clock: for the files' names */
    uint16_t first_source; /* number of its first file */
    const char *application;
    void (*file)(void *arg, const struct mt_packet_ring_file *f);
    void *file_arg;
};

struct mt_packet_ring_stats {
    uint64_t kept, dropped; /* packets */
    uint64_t unnoted;       /* kept, but beyond what references can number */
    uint64_t files;
    struct mt_problem problem; /* why the disk took no more; "" */
};

struct mt_packet_ring;

/* 0, or -errno: then *why is set and *out is NULL. */
int mt_packet_ring_open(struct mt_packet_ring **out,
                        const struct mt_packet_ring_options *options,
                        struct mt_problem *why);

/* The folder's descriptor: all files are made and removed by names in it. */
int mt_packet_ring_folder(const struct mt_packet_ring *r);

void mt_packet_ring_interface(struct mt_packet_ring *r,
                              const struct mt_packet *packet,
                              struct mt_span name);

/* False: it was dropped. */
bool mt_packet_ring_packet(struct mt_packet_ring *r, struct mt_packet *packet);

/* Why the disk takes no more; "" while it does. */
const char *mt_packet_ring_problem(struct mt_packet_ring *r);

/* Ends the last file, and frees it. stats may be NULL; r too. */
void mt_packet_ring_close(struct mt_packet_ring *r,
                          struct mt_packet_ring_stats *stats);

#endif
