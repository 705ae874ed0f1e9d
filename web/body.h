/**
 * body.h - bytes of an answer as they grow, up to a ceiling.
 *
 *     struct mt_web_body b = {.max = MT_WEB_ANSWER_BYTES};
 *     mt_out_init(&out, mt_web_body_sink(&b));
 *     ...
 *     if (mt_out_flush(&out) != 0) free(b.ptr), ...   // too much, or no memory
 */
#ifndef MT_WEB_BODY_H
#define MT_WEB_BODY_H

#include "base/out.h"

struct mt_web_body {
    uint8_t *ptr; /* of malloc; the caller's */
    size_t len, cap, max;
};

/* Writes -E2BIG above the ceiling, -ENOMEM without memory. */
struct mt_sink mt_web_body_sink(struct mt_web_body *b);

#endif
