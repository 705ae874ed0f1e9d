/**
 * explain_page.h - all that is known of one exchange, as lines of text.
 *
 * For `meshtop explain ID` and the detail screen.
 *
 *     mt_explain_page(x, offset_s, (struct mt_sink){each_line, arg});
 */
#ifndef MT_DECODE_EXPLAIN_PAGE_H
#define MT_DECODE_EXPLAIN_PAGE_H

#include "base/out.h"
#include "decode/exchange.h"

/* Calls sink.write once a line, without its end; texts from the wire are
 * escaped. offset_s: local time - UTC. */
void mt_explain_page(const struct mt_exchange *x, int32_t offset_s,
                     struct mt_sink sink);

/* Its parts, for who has more to say between them: what it was and why it
 * ended so; who, when and how large; header fields. */
void mt_explain_head(const struct mt_exchange *x, struct mt_sink sink);
void mt_explain_facts(const struct mt_exchange *x, int32_t offset_s,
                      struct mt_sink sink);
void mt_explain_fields(const struct mt_exchange *x, struct mt_sink sink);

/* Columns that the label before a line takes. */
enum { MT_EXPLAIN_LABEL_COLUMNS = 12 };

#endif
