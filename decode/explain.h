/**
 * explain.h - why an exchange ended as it did, in words.
 *
 * Sentences from the struct alone: how it ended and when, why it counts as it
 * does, and what is doubtful about it. For `meshtop explain ID` and the
 * detail screen.
 *
 *     uint8_t bytes[MT_EXPLAIN_BYTES];
 *     struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
 *     mt_explain(x, &b);
 *     // no response: the connection ended 12ms after the request
 *     // counts as failure: timeout, reset, no response, ...
 *
 * Texts from the wire come escaped.
 */
#ifndef MT_DECODE_EXPLAIN_H
#define MT_DECODE_EXPLAIN_H

#include "base/buf.h"
#include "decode/exchange.h"

enum { MT_EXPLAIN_BYTES = 4096 }; /* enough for any exchange */

/* Append one sentence a line, each ended by '\n'. */
void mt_explain(const struct mt_exchange *x, struct mt_buf *out);

#endif
