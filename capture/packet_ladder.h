/**
 * packet_ladder.h - the packets of one exchange, read again.
 *
 * Takes the files that the exchange's references point into, and reads each
 * from the first of them on: all packets of its connection until it ended, so
 * that acknowledgements, retransmissions, resets and gaps are seen, too.
 *
 *     struct mt_ladder_file files[MT_LADDER_FILES_MAX] = {...};
 *     mt_packet_ladder_read(&ladder, x, files, count, &options);
 *
 * Bounded in packets, in memory, and by options.stop in time; what was not
 * read is told in ladder.why. Reads files alone: any thread.
 */
#ifndef MT_CAPTURE_PACKET_LADDER_H
#define MT_CAPTURE_PACKET_LADDER_H

#include "capture/packet_file.h"
#include "decode/ladder.h"

enum { MT_LADDER_FILES_MAX = 16, MT_LADDER_SCAN_MAX = 1000000 };

struct mt_ladder_file {
    uint16_t source;             /* the top of references into it */
    const char *path;            /* where it is now */
    struct mt_packet_file known; /* what its packets are held against */
};

struct mt_ladder_options {
    bool (*stop)(void *arg); /* true: enough time was spent; NULL: never */
    void *arg;
};

/* l->count is 0 and l->why says why where there is nothing to show. */
void mt_packet_ladder_read(struct mt_ladder *l, const struct mt_exchange *x,
                           const struct mt_ladder_file *files, size_t count,
                           const struct mt_ladder_options *options);

#endif
