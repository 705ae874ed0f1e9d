/* detail.h - private to tui/screen_detail*.c: the parts of the Detail page. */
#ifndef MT_TUI_DETAIL_H
#define MT_TUI_DETAIL_H

#include "tui/page.h"

/* Columns that labels take: none where the page is narrow, which then have a
 * line of their own. */
size_t mt_detail_indent(const struct mt_page *p);

/* A line below a label; the label stands before the first one alone. */
void mt_detail_line(struct mt_page *p, const char **label, unsigned role,
                    struct mt_span line);

/* Sentences, one a line. */
void mt_detail_notes(struct mt_page *p, const char **label,
                     struct mt_span notes);

/* What is being looked for. */
void mt_detail_looking(struct mt_page *p, const struct mt_exchange *x);

/* What a proxy tried. */
void mt_detail_attempts(struct mt_page *p, const struct mt_attempts *a);

/* The exchanges of its trace, under each other on one axis of time. */
void mt_detail_trace(struct mt_page *p, const struct mt_trace *t,
                     const struct mt_pen *pen);

/* Its packets, one under the other. */
void mt_detail_ladder(struct mt_page *p, const struct mt_ladder *l,
                      const struct mt_exchange *x);

#endif
