/**
 * secrets_pick.h - of TLS key log lines, those of some connections.
 *
 * A line names its session by the client's random, which stands in the
 * ClientHello. Lines that name none of the connections' are never given on.
 *
 *     struct mt_secrets_pick p;
 *     mt_secrets_pick_init(&p, &pool);
 *     mt_secrets_pick_hello(&p, segment.payload);  // each of the connections'
 *     mt_secrets_pick_lines(&p, item.text);        // in any order
 *     for (i = 0; i < mt_secrets_pick_count(&p); i++)
 *         if (mt_secrets_pick_line(&p, i, &line))
 *             write(line);
 *     mt_secrets_pick_deinit(&p);
 *
 * Lines are held until they are asked for, as far as the pool goes; equal
 * ones once. A ClientHello is recognised where its first 43 bytes are in one
 * piece at the begin of a segment.
 */
#ifndef MT_CAPTURE_SECRETS_PICK_H
#define MT_CAPTURE_SECRETS_PICK_H

#include <stdbool.h>

#include "base/intern.h"

struct mt_secrets_pick {
    struct mt_intern randoms; /* 32 bytes each */
    struct mt_intern lines;   /* without their line end */
    bool full;                /* some did not fit: not all are there */
};

void mt_secrets_pick_init(struct mt_secrets_pick *p, struct mt_pool *pool);
void mt_secrets_pick_deinit(struct mt_secrets_pick *p);

/* What a segment of a connection carries: noted when it is a ClientHello. */
void mt_secrets_pick_hello(struct mt_secrets_pick *p, struct mt_span payload);

/* Lines of a key log, in whatever state. */
void mt_secrets_pick_lines(struct mt_secrets_pick *p, struct mt_span text);

uint32_t mt_secrets_pick_count(const struct mt_secrets_pick *p);

/* Is line i of one of the connections? Then *line is it. */
bool mt_secrets_pick_line(const struct mt_secrets_pick *p, uint32_t i,
                          struct mt_span *line);

#endif
