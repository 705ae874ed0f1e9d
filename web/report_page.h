/* report_page.h - private to web/report*.c: index.html with its files and one
 * object in their places. */
#ifndef MT_WEB_REPORT_PAGE_H
#define MT_WEB_REPORT_PAGE_H

#include "base/out.h"

/* `answers` are JSON without any '<'. 0, or what went wrong first: a code of
 * mt_store_rc, or the sink's. */
int mt_web_report_page(struct mt_span answers, struct mt_sink sink);

/* A sink in front of another: JSON whose texts end no script and begin no
 * comment, and that is JavaScript, too (no U+2028 and U+2029). */
struct mt_web_escape {
    struct mt_sink to;
    unsigned seen; /* bytes of E2 80 A8 so far */
};
struct mt_sink mt_web_escape_sink(struct mt_web_escape *e);

/* What of a line separator was held back at the end. 0 or the sink's error. */
int mt_web_escape_end(struct mt_web_escape *e);

#endif
