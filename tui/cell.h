/* cell.h - private to tui/: the term of a filter that a cell of a table is. */
#ifndef MT_TUI_CELL_H
#define MT_TUI_CELL_H

#include "tui/screen.h"

/* svc=cart, status=503, lat>=41ms. False: no filter asks for it. */
bool mt_cell_term(const struct mt_screen *screen, size_t column,
                  const void *row, struct mt_buf *out);

#endif
