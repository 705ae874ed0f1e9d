#include "tui/canvas.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text_escape.h"

static size_t bounded(size_t n, size_t max)
{
    return n < 1 ? 1 : n > max ? max : n;
}

int mt_canvas_init(struct mt_canvas *c, size_t columns, size_t rows)
{
    *c = (struct mt_canvas){.columns = bounded(columns, MT_CANVAS_COLUMNS_MAX),
                            .rows = bounded(rows, MT_CANVAS_ROWS_MAX)};
    c->cells = calloc(c->columns * c->rows, sizeof *c->cells);
    return c->cells != NULL ? 0 : -ENOMEM;
}

void mt_canvas_deinit(struct mt_canvas *c)
{
    free(c->cells);
    *c = (struct mt_canvas){0};
}

void mt_canvas_clear(struct mt_canvas *c)
{
    memset(c->cells, 0, c->columns * c->rows * sizeof *c->cells);
}

void mt_canvas_clear_row(struct mt_canvas *c, size_t row)
{
    if (row < c->rows)
        memset(c->cells + row * c->columns, 0, c->columns * sizeof *c->cells);
}

static struct mt_cell *cell_at(const struct mt_canvas *c, size_t row,
                               size_t column)
{
    assert(row < c->rows && column < c->columns);
    return &c->cells[row * c->columns + column];
}

size_t mt_text_columns(struct mt_span text)
{
    size_t columns = 0;
    while (text.len > 0) {
        int w = mt_char_columns(mt_utf8_take(&text));
        columns += w >= 0 ? (size_t)w : 1;
    }
    return columns;
}

/* A cell that is half of a wide character must not be left alone. */
static void clear_cell(struct mt_canvas *c, size_t row, size_t column)
{
    struct mt_cell *cell = cell_at(c, row, column);
    if (cell->wide && column + 1 < c->columns)
        *cell_at(c, row, column + 1) = (struct mt_cell){0};
    if (column > 0 && cell_at(c, row, column - 1)->wide)
        *cell_at(c, row, column - 1) = (struct mt_cell){0};
    *cell = (struct mt_cell){0};
}

/* What stands for the few characters that screens draw with; the rest is of
 * texts, and a question mark. */
static struct mt_span in_ascii(struct mt_span c)
{
    static const char *const pairs[][2] = {
        {"\xc2\xb7", "-"},     {"\xe2\x80\x93", "-"}, {"\xe2\x80\xa6", "."},
        {"\xe2\x80\xba", ">"}, {"\xe2\x86\x92", ">"}, {"\xe2\x96\xb8", ">"},
        {"\xe2\x86\x91", "^"}, {"\xe2\x86\xbb", "@"}, {"\xe2\x94\x80", "-"},
        {"\xe2\x94\x82", "|"}, {"\xe2\x94\x9c", "|"}, {"\xe2\x94\xa4", "|"},
        {"\xe2\x94\x94", "`"}, {"\xe2\x96\xb6", ">"}, {"\xe2\x96\x81", "."},
        {"\xe2\x96\x82", ","}, {"\xe2\x96\x83", ":"}, {"\xe2\x96\x84", "-"},
        {"\xe2\x96\x85", "="}, {"\xe2\x96\x86", "+"}, {"\xe2\x96\x87", "*"},
        {"\xe2\x96\x88", "#"}, {"\xc2\xb5", "u"}};
    if (c.len == 1 && c.ptr[0] < 127)
        return c;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (mt_span_eq(c, mt_span_str(pairs[i][0])))
            return mt_span_str(pairs[i][1]);
    return MT_SPAN("?");
}

static void set_cell(struct mt_canvas *c, size_t row, size_t column,
                     struct mt_span text, size_t columns, unsigned role)
{
    clear_cell(c, row, column);
    if (columns == 2)
        clear_cell(c, row, column + 1);
    struct mt_cell *cell = cell_at(c, row, column);
    if (c->ascii)
        text = in_ascii(text);
    memcpy(cell->text, text.ptr, text.len);
    cell->len = (uint8_t)text.len;
    cell->role = (uint8_t)(role & 63u);
    cell->wide = columns == 2;
    if (columns == 2)
        cell_at(c, row, column + 1)->role = cell->role;
}

/* What has no width belongs to the character before it. */
static void add_to_cell(struct mt_cell *cell, struct mt_span text, bool ascii)
{
    if (cell == NULL || ascii || cell->len + text.len > MT_CELL_BYTES)
        return;
    memcpy(cell->text + cell->len, text.ptr, text.len);
    cell->len = (uint8_t)(cell->len + text.len);
}

/* One character off the front of a text: its bytes and columns. What was not
 * escaped is a question mark. */
static struct mt_span take_character(struct mt_span *text, size_t *columns)
{
    struct mt_span one = *text;
    int w = mt_char_columns(mt_utf8_take(text));
    one.len -= text->len;
    *columns = w >= 0 ? (size_t)w : 1;
    return w >= 0 ? one : MT_SPAN("?");
}

size_t mt_canvas_put(struct mt_canvas *c, size_t row, size_t column,
                     size_t width, struct mt_span text, unsigned role)
{
    if (row >= c->rows || column >= c->columns || width == 0)
        return 0;
    if (width > c->columns - column)
        width = c->columns - column;
    bool cut = mt_text_columns(text) > width;
    size_t room = cut ? width - 1 : width, used = 0, columns;
    struct mt_cell *last = NULL;
    while (text.len > 0) {
        struct mt_span one = take_character(&text, &columns);
        if (columns == 0) {
            add_to_cell(last, one, c->ascii);
            continue;
        }
        if (used + columns > room)
            break;
        set_cell(c, row, column + used, one, columns, role);
        last = cell_at(c, row, column + used);
        used += columns;
    }
    if (cut)
        set_cell(c, row, column + used++, MT_SPAN("\xe2\x80\xa6"), 1, role);
    return used;
}

void mt_canvas_put_right(struct mt_canvas *c, size_t row, size_t column,
                         size_t width, struct mt_span text, unsigned role)
{
    size_t columns = mt_text_columns(text);
    size_t pad = columns < width ? width - columns : 0;
    (void)mt_canvas_put(c, row, column + pad, width - pad, text, role);
}

void mt_canvas_select(struct mt_canvas *c, size_t row)
{
    for (size_t i = 0; row < c->rows && i < c->columns; i++)
        cell_at(c, row, i)->selected = true;
}

static bool is_blank(const struct mt_cell *cell, bool roles)
{
    return cell->len == 0 && !(roles && cell->selected);
}

static void put_cell(const struct mt_cell *cell, bool after_wide, bool roles,
                     struct mt_out *out)
{
    if (roles && cell->selected)
        mt_out_char(out, (char)(cell->len > 0 && cell->role != 0
                                    ? mt_style_letter(cell->role)
                                    : '='));
    else if (roles)
        mt_out_char(out,
                    (char)(cell->len > 0 ? mt_style_letter(cell->role) : ' '));
    else if (cell->len > 0)
        mt_out_span(out, (struct mt_span){cell->text, cell->len});
    else if (!after_wide)
        mt_out_char(out, ' ');
}

void mt_canvas_text(const struct mt_canvas *c, size_t rows, bool roles,
                    struct mt_out *out)
{
    for (size_t r = 0; r < rows && r < c->rows; r++) {
        size_t end = c->columns;
        while (end > 0 && is_blank(cell_at(c, r, end - 1), roles))
            end--;
        for (size_t i = 0; i < end; i++)
            put_cell(cell_at(c, r, i), i > 0 && cell_at(c, r, i - 1)->wide,
                     roles, out);
        mt_out_char(out, '\n');
    }
}

size_t mt_canvas_used(const struct mt_canvas *c)
{
    size_t rows = c->rows;
    for (; rows > 0; rows--)
        for (size_t i = 0; i < c->columns; i++)
            if (cell_at(c, rows - 1, i)->len > 0)
                return rows;
    return 0;
}
