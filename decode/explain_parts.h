/**
 * explain_parts.h - the tables of sentences. Private to explain.
 */
#ifndef MT_DECODE_EXPLAIN_PARTS_H
#define MT_DECODE_EXPLAIN_PARTS_H

#include "base/buf.h"
#include "decode/exchange.h"

enum { MT_EXPLAIN_COLUMNS = 200 }; /* of one text from the wire */

/* One row: a sentence and when it is true. */
struct mt_sentence {
    bool (*applies)(const struct mt_exchange *x);
    void (*write)(const struct mt_exchange *x, struct mt_buf *b);
};

/* How it ended: the first that applies; the last row always does. */
extern const struct mt_sentence mt_explain_endings[];

/* What else is to say: all that apply. A row of NULLs ends it. */
extern const struct mt_sentence mt_explain_notes[];

/* explain_proxy.c: before all endings, and behind all notes. */
extern const struct mt_sentence mt_explain_proxied_ending;
extern const struct mt_sentence mt_explain_proxied_notes[];

#endif
