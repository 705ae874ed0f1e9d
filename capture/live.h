/**
 * live.h - an interface as a source of packets.
 *
 * Opening does all that needs a privilege; reading needs none, so that the
 * program drops its privileges between the two. Reading never waits:
 *
 *     struct mt_live_options options = {.filter = "tcp port 80"};
 *     rc = mt_source_open_live(&s, "eth0", &options, &why);
 *     drop_privileges();
 *     for (;;) {
 *         while ((rc = mt_source_next(s, &item)) == MT_EVENT)
 *             use(&item);                     // packet.h
 *         if (rc != MT_MORE)
 *             break;                          // it vanished
 *         poll(mt_source_descriptor(s), ...);
 *     }
 *
 * The kernel gathers packets in blocks and hands a block over when it is full
 * or MT_LIVE_BLOCK_MS old, so that a packet is late by that at most and an
 * idle interface wakes nobody. Drops are reported once a second of the
 * packets' time and at the end. Where an interface goes down it is waited
 * for, after a comment; where it vanishes the source ends with -ENETDOWN.
 *
 * Linux, through libpcap. One thread.
 */
#ifndef MT_CAPTURE_LIVE_H
#define MT_CAPTURE_LIVE_H

#include "capture/packet.h"

enum {
    MT_LIVE_BLOCK_MS = 10,
    MT_LIVE_SNAPLEN = 262144,
    MT_LIVE_BUFFER_BYTES = 16 << 20,
};

struct mt_live_options {
    const char *filter;    /* BPF, as tcpdump's; NULL: all */
    uint32_t snaplen;      /* 0: MT_LIVE_SNAPLEN */
    uint64_t buffer_bytes; /* of the kernel; 0: MT_LIVE_BUFFER_BYTES */
    bool promiscuous;
    uint16_t number; /* as in struct mt_source_options */
};

/**
 * Open an interface; "any" is all there are and will be. Packets are gathered
 * from now on.
 *
 *   0        *out is set
 *   -ENODEV  no such interface
 *   -EPERM   the right to capture is missing
 *   -ENETDOWN  it is down
 *   -EINVAL  the filter is wrong
 *   < 0      another reason
 *
 * On failure *why is set and *out is NULL.
 */
int mt_source_open_live(struct mt_source **out, const char *interface,
                        const struct mt_live_options *options,
                        struct mt_problem *why);

#endif
