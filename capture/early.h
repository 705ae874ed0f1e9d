/**
 * early.h - connections that begin on this machine, told at once.
 *
 * Packets come in blocks that are up to 10 ms old (live.h): a process that
 * lives shorter is gone by then. A second socket therefore hands over the SYN
 * of every connection that a process here opens (outgoing, without ACK), and
 * nothing else: the kernel's filter passes over all other packets, also those
 * of a SYN flood from outside. Its only use is to ask who it is (owners.h).
 *
 *     struct mt_early e;
 *     rc = mt_early_open(&e, "any");          // before privileges are dropped
 *     poll(mt_early_fd(&e, now_ns));          // -1: not now
 *     while (mt_early_next(&e, now_ns, &local, &remote))
 *         ask(&local, &remote);
 *     mt_early_close(&e);
 *
 * At most MT_EARLY_PER_S a second are told, MT_EARLY_BURST at once; of more
 * the kernel keeps a few and drops the rest, and they are asked for as their
 * packets are read. Nothing is lost by it but names. Linux. One thread.
 */
#ifndef MT_CAPTURE_EARLY_H
#define MT_CAPTURE_EARLY_H

#include <stdbool.h>

#include "decode/exchange.h"

enum { MT_EARLY_PER_S = 500, MT_EARLY_BURST = 50 };

struct mt_early {
    int fd; /* -1: none */
    bool paused;
    int64_t filled_ns; /* until when tokens were given */
    uint32_t tokens;
};

/* An interface, or "any". Returns 0 or -errno; e is set in any case, and is
 * then one that never tells. */
int mt_early_open(struct mt_early *e, const char *interface);

/* One that never tells. */
void mt_early_none(struct mt_early *e);
void mt_early_close(struct mt_early *e);

/* Readable where there is something to tell; -1: nothing will be, for now. */
int mt_early_fd(struct mt_early *e, int64_t now_ns);

/* The ends of the next one, without waiting. now_ns: of a steady clock. False:
 * nothing more now. */
bool mt_early_next(struct mt_early *e, int64_t now_ns, struct mt_addr *local,
                   struct mt_addr *remote);

/* The ends of an IP packet whose TCP header tells a SYN without ACK. */
bool mt_early_read(struct mt_span packet, struct mt_addr *local,
                   struct mt_addr *remote);

#endif
