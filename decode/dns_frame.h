/**
 * dns_frame.h - DNS messages of one direction of a TCP connection: each has
 * its length before it (RFC 1035 section 4.2.2, RFC 7766).
 *
 *     struct mt_dns_frames f = {.pool = pool};
 *     while (mt_dns_frames_next(&f, &chunk, &message))
 *         use(&message);                   // borrowed until the next call
 *     mt_dns_frames_gap(&f, 1460);
 *     mt_dns_frames_deinit(&f);
 *
 * A message that one chunk holds is not copied. One that comes in pieces takes
 * its own length, at most 64 KiB, from the pool while it does. After a loss
 * the next message is searched where a chunk begins.
 */
#ifndef MT_DECODE_DNS_FRAME_H
#define MT_DECODE_DNS_FRAME_H

#include "base/pool.h"
#include "decode/draft.h"

struct mt_dns_frames {
    struct mt_pool *pool;
    uint8_t *bytes; /* of a message in pieces; NULL: between two */
    uint32_t size, len;
    uint32_t skip; /* bytes to come of a message that cannot be read */
    uint8_t prefix[2];
    uint8_t prefix_len;
    bool used;             /* bytes were lent to the caller */
    bool lost;             /* where the next message begins is not known */
    struct mt_chunk first; /* what brought its first byte; no bytes */
    uint64_t passed_bytes; /* of no message, or without memory for it */
    uint64_t refused;      /* messages without memory */
    uint64_t found;        /* searches that ended well */
};

struct mt_dns_frame {
    struct mt_span bytes;
    struct mt_chunk first, last; /* what brought its ends; no bytes */
};

/* Takes what it uses off the chunk. False: it is used up. */
bool mt_dns_frames_next(struct mt_dns_frames *f, struct mt_chunk *in,
                        struct mt_dns_frame *out);

/* n bytes are missing, UINT64_MAX when nobody knows how many. */
void mt_dns_frames_gap(struct mt_dns_frames *f, uint64_t n);

/* The last frame was no message: what follows it is not to be trusted. */
void mt_dns_frames_lose(struct mt_dns_frames *f);

void mt_dns_frames_deinit(struct mt_dns_frames *f);

#endif
