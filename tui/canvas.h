/**
 * canvas.h - a grid of cells that screens draw into; no terminal is needed.
 *
 *     struct mt_canvas c;
 *     rc = mt_canvas_init(&c, 80, 24);
 *     size_t used = mt_canvas_put(&c, 0, 1, 20, mt_span_str("cart"),
 *                                 MT_ROLE_STRONG);
 *     mt_canvas_text(&c, &out, false);      // for -1 and for tests
 *     mt_canvas_deinit(&c);
 *
 * A cell holds one character and what combines with it; a wide character
 * takes two cells, the second of which is empty. Texts are clipped to the
 * width given and to the grid; they are expected to be escaped before
 * (base/text_escape.h), and what is not is shown as "?".
 */
#ifndef MT_TUI_CANVAS_H
#define MT_TUI_CANVAS_H

#include "base/out.h"
#include "tui/style.h"

enum {
    MT_CANVAS_COLUMNS_MAX = 512,
    MT_CANVAS_ROWS_MAX = 2048, /* printed once, a screen may be long */
    MT_CELL_BYTES = 12,
};

struct mt_cell {
    uint8_t text[MT_CELL_BYTES]; /* UTF-8 */
    uint8_t len;                 /* 0: blank, or a wide one's second half */
    uint8_t role : 6;
    bool wide : 1;
    bool selected : 1;
};

struct mt_canvas {
    struct mt_cell *cells;
    size_t columns, rows;
    bool ascii; /* UTF-8 cannot be shown: lines and marks have stand-ins */
};

/* 0 or -ENOMEM. Sizes are bounded to 1 and the maxima above. */
int mt_canvas_init(struct mt_canvas *c, size_t columns, size_t rows);
void mt_canvas_deinit(struct mt_canvas *c);

/* Blank every cell; those of a row. */
void mt_canvas_clear(struct mt_canvas *c);
void mt_canvas_clear_row(struct mt_canvas *c, size_t row);

/* Text from a cell on, at most `width` columns: cut, it ends in "…". What lies
 * outside of the grid is not drawn. Returns the columns used. */
size_t mt_canvas_put(struct mt_canvas *c, size_t row, size_t column,
                     size_t width, struct mt_span text, unsigned role);

/* The same, at the right end of `width` columns. */
void mt_canvas_put_right(struct mt_canvas *c, size_t row, size_t column,
                         size_t width, struct mt_span text, unsigned role);

/* Make a row the selected one, from one column to the end. */
void mt_canvas_select(struct mt_canvas *c, size_t row);

/* Columns that a text takes. */
size_t mt_text_columns(struct mt_span text);

/* Rows as lines of text, without the blanks at their ends; rows beyond `rows`
 * are left out. roles: a letter for each cell instead. */
void mt_canvas_text(const struct mt_canvas *c, size_t rows, bool roles,
                    struct mt_out *out);

/* The last row that has something, plus one. */
size_t mt_canvas_used(const struct mt_canvas *c);

#endif
