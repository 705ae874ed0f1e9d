/**
 * pcapng.h - the block capture file, draft-ietf-opsawg-pcapng.
 *
 * Any number of sections of either byte order, each with its own interfaces.
 * Read are: interfaces (resolution, offset, name), enhanced, simple and
 * obsolete packet blocks, names, TLS secrets, drop counts and comments.
 * Other blocks are skipped. Used as pcap.h is:
 *
 *     struct mt_pcapng *p = mt_pcapng_new();
 *     rc = mt_pcapng_next(p, in, &step, &item);
 *     // MT_EVENT with step.used 0: the same block has more to give
 *     mt_pcapng_free(p);
 *
 * Interfaces are numbered over all sections, so that a number means one.
 */
#ifndef MT_CAPTURE_PCAPNG_H
#define MT_CAPTURE_PCAPNG_H

#include "capture/pcap.h"

enum { MT_PCAPNG_INTERFACES_MAX = 65536 }; /* in one section */

struct mt_pcapng;

/* Does a file that starts so belong to this parser? Needs 4 bytes. */
bool mt_pcapng_detect(struct mt_span start);

/* NULL without memory. */
struct mt_pcapng *mt_pcapng_new(void);
void mt_pcapng_free(struct mt_pcapng *p);

/**
 * The next item; ref is not set. Errors are sticky: MT_EPROTO, MT_ELIMIT,
 * -ENOMEM (mt_pcapng_why()).
 */
int mt_pcapng_next(struct mt_pcapng *p, struct mt_span in, struct mt_step *step,
                   struct mt_item *item);

const char *mt_pcapng_why(const struct mt_pcapng *p);

/* Blocks so far that were of no use here, or malformed but not needed. */
uint64_t mt_pcapng_skipped(const struct mt_pcapng *p);

/**
 * The next input begins at this offset of the file, where a block begins.
 * Possible inside the section that was read last, as far as it was read; its
 * interfaces stay as they are. Returns false elsewhere. An error is forgotten.
 */
bool mt_pcapng_seek(struct mt_pcapng *p, uint64_t offset);

#endif
