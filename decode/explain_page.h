/**
 * explain_page.h - all that is known of one exchange, as lines of text.
 *
 * For `meshtop explain ID` and the detail screen, in parts: each has more to
 * say between them.
 *
 *     struct mt_sink sink = {each_line, arg};
 *     mt_explain_head(x, sink);
 *     mt_explain_facts(x, offset_s, sink);
 *     mt_explain_fields(x, sink);
 *
 * Each calls sink.write once a line, without its end; texts from the wire are
 * escaped. A label stands before the first lines.
 */
#ifndef MT_DECODE_EXPLAIN_PAGE_H
#define MT_DECODE_EXPLAIN_PAGE_H

#include "base/out.h"
#include "decode/exchange.h"

/* Columns that a label takes. */
enum { MT_EXPLAIN_LABEL_COLUMNS = 12 };

/* What it was, without a label, and why it ended as it did. */
void mt_explain_head(const struct mt_exchange *x, struct mt_sink sink);

/* Who, when, how large, its ids. offset_s: local time - UTC. */
void mt_explain_facts(const struct mt_exchange *x, int32_t offset_s,
                      struct mt_sink sink);

/* Header fields, where they were kept. */
void mt_explain_fields(const struct mt_exchange *x, struct mt_sink sink);

#endif
