/* check_ring.h - what would keep a live tap from its packet ring. */
#ifndef MT_CLI_CHECK_RING_H
#define MT_CLI_CHECK_RING_H

#include "cli/options.h"

enum { MT_CHECK_TEXT_BYTES = 512 };

struct mt_check_ring {
    bool problem;
    bool remark; /* no problem, but to be known */
    char found[MT_CHECK_TEXT_BYTES];
    char remedy[MT_CHECK_TEXT_BYTES];
};

/* Of --ring, for who the tap becomes. Nothing is made or changed. */
void mt_check_ring(struct mt_check_ring *c, const struct mt_options *o);

#endif
