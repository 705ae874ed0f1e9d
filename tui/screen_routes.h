/* screen_routes.h - private to tui/: what Routes and Policy have in common. */
#ifndef MT_TUI_SCREEN_ROUTES_H
#define MT_TUI_SCREEN_ROUTES_H

#include "tui/screen.h"

/* A line a row of a->rows. False: no memory. */
bool mt_routes_arrange(const struct mt_snapshot *a, bool failing_only,
                       struct mt_lines *lines);

/* What selects a route. */
void mt_routes_term(const void *row, struct mt_buf *out);

#endif
