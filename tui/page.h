/* page.h - private to tui/: a page of text lines that may be longer than its
 * area. */
#ifndef MT_TUI_PAGE_H
#define MT_TUI_PAGE_H

#include "tui/screen.h"

struct mt_page {
    struct mt_canvas *canvas;
    struct mt_area area;
    size_t scroll; /* lines above the area */
    size_t line;   /* the next one */
    size_t column; /* the next text's */
};

/* Text after what the line has; true where the line is to be seen. */
void mt_page_put(struct mt_page *p, unsigned role, struct mt_span text);
void mt_page_str(struct mt_page *p, unsigned role, const char *text);
/* Spaces up to a column. */
void mt_page_tab(struct mt_page *p, size_t column);
/* Text that ends before a column. */
void mt_page_right(struct mt_page *p, size_t end, unsigned role,
                   struct mt_span text);
void mt_page_end(struct mt_page *p);
/* Make the line that ended last the selected one. */
void mt_page_select(struct mt_page *p);

#endif
