/**
 * table.h - lines of a list as a table: columns of store/column.h fitted to
 * the width, the least important ones left out first.
 *
 * Widths only grow while a list is looked at, so that columns stand still.
 */
#ifndef MT_TUI_TABLE_H
#define MT_TUI_TABLE_H

#include "tui/marks.h"
#include "tui/screen.h"

enum { MT_TABLE_COLUMNS_MAX = 48, MT_TABLE_LEAD = 0xff, MT_TABLE_TREND = 0xfe };

/* What was fitted: kept with the list, all zero at first. */
struct mt_table_fit {
    uint16_t widths[MT_TABLE_COLUMNS_MAX]; /* by column; the widest seen */
    uint16_t lead_width, trend_width;
    uint8_t shown[MT_TABLE_COLUMNS_MAX]; /* columns, left to right; or _LEAD,
                                            _TREND */
    uint16_t at[MT_TABLE_COLUMNS_MAX];   /* where they begin */
    uint16_t wide[MT_TABLE_COLUMNS_MAX]; /* as drawn */
    size_t count;
};

struct mt_table {
    const struct mt_screen_class *screen;
    const struct mt_line *lines; /* from the first one drawn */
    size_t count;
    size_t selected; /* of these lines; SIZE_MAX none */
    int sort;        /* column; -1 none */
    size_t cell;     /* of the selected line: its column + 1; 0 all of it */
    const struct mt_marks *marks; /* NULL none */
    uint8_t screen_number;        /* for them */
    const char *find;             /* "" none: texts that have it are marked */
    struct mt_value_style style;
};

/* Titles in the area's first row, then lines. */
void mt_table_draw(const struct mt_table *t, struct mt_table_fit *fit,
                   struct mt_canvas *c, struct mt_area area);

/* Does any text of the line have it? In any case of ASCII letters. */
bool mt_table_has(const struct mt_screen_class *screen,
                  const struct mt_line *line, const char *find);

/* Where among those shown a column is; -1 it is not. */
int mt_table_place(const struct mt_table_fit *fit, size_t column);

/* Which of the shown columns is at a place; -1 none. */
int mt_table_column_at(const struct mt_table_fit *fit, size_t column);

#endif
