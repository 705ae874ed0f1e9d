#include "tui/table.h"

#include <string.h>

#include "tui/graph.h"

enum {
    CELL_BYTES = 4096,
    GAP = 2,
    MARGIN = 1,
    READABLE = 12,       /* texts shrink to this before columns go */
    LOWEST_PRIORITY = 7, /* what is less important is for -o wide alone */
};

struct cell {
    uint8_t bytes[CELL_BYTES];
    struct mt_span text;
    unsigned role;
};

static void put_trend(const struct mt_line *line, struct mt_buf *b)
{
    double values[UINT8_MAX];
    if (line->trend == NULL)
        return;
    for (size_t i = 0; i < line->trend_count; i++)
        values[i] = line->trend[i];
    mt_put_graph(b, values, line->trend_count);
}

/* Is it one that is no column of the numbers? */
static bool is_extra(size_t column)
{
    return column == MT_TABLE_LEAD || column == MT_TABLE_TREND;
}

static void format(const struct mt_table *t, const struct mt_line *line,
                   size_t column, struct cell *cell)
{
    uint8_t scratch_bytes[CELL_BYTES];
    struct mt_buf b = mt_buf_of(cell->bytes, sizeof cell->bytes);
    struct mt_buf scratch = mt_buf_of(scratch_bytes, sizeof scratch_bytes);
    const struct mt_screen *screen = t->screen->columns;
    cell->role = MT_ROLE_PLAIN;
    if (column == MT_TABLE_LEAD) {
        t->screen->lead(line, &b);
    } else if (column == MT_TABLE_TREND) {
        put_trend(line, &b);
        cell->role = MT_ROLE_GRAPH;
    } else if (line->row != NULL) {
        const struct mt_column *col = &screen->columns[column];
        struct mt_value v = col->get(line->row, &scratch);
        struct mt_value_style style = t->style;
        style.max_width = col->max_width;
        mt_value_put(&b, &v, &style);
        cell->role = mt_role_of_value(screen, column, line->row, &v);
    }
    cell->text = mt_buf_span(&b);
}

static const char *title(const struct mt_table *t, size_t column)
{
    return column == MT_TABLE_LEAD ? t->screen->lead_title
           : column == MT_TABLE_TREND
               ? "TREND"
               : t->screen->columns->columns[column].title;
}

static bool is_text(const struct mt_table *t, size_t column)
{
    return is_extra(column) ||
           t->screen->columns->columns[column].unit == MT_UNIT_TEXT;
}

static bool is_right(const struct mt_table *t, size_t column)
{
    return !is_text(t, column) ||
           (!is_extra(column) && t->screen->columns->columns[column].right);
}

/* What trends come after; of another column itself. */
static size_t peer_of(const struct mt_table *t, size_t column)
{
    const struct mt_screen *screen = t->screen->columns;
    for (size_t i = 0; column == MT_TABLE_TREND && i < screen->count; i++)
        if (strcmp(screen->columns[i].key, t->screen->trend_after) == 0)
            return i;
    return column;
}

static uint8_t priority(const struct mt_table *t, size_t column)
{
    return column == MT_TABLE_LEAD
               ? 1
               : t->screen->columns->columns[peer_of(t, column)].priority;
}

/* The greatest goes first: the least important, the rightmost of equals. */
static size_t rank(const struct mt_table *t, size_t column)
{
    size_t place = column == MT_TABLE_LEAD ? 0 : 1 + peer_of(t, column);
    return 2 * ((size_t)priority(t, column) * UINT8_MAX + place) +
           (column == MT_TABLE_TREND);
}

static bool is_skipped(const struct mt_table *t, const char *key)
{
    char name[64];
    struct mt_buf b = mt_buf_of(name, sizeof name - 1);
    mt_put_char(&b, ' ');
    mt_put_str(&b, key);
    mt_put_char(&b, ' ');
    name[b.len] = '\0';
    return t->screen->skip != NULL && strstr(t->screen->skip, name) != NULL;
}

/* ---- fitting ---- */

/* So that usual values do not move the columns. */
static size_t usual_width(unsigned unit)
{
    switch (unit) {
    case MT_UNIT_RATE:
    case MT_UNIT_RATIO:
        return 5;
    case MT_UNIT_DURATION:
    case MT_UNIT_BYTES:
    case MT_UNIT_BYTE_RATE:
        return 6;
    default:
        return 1;
    }
}

static void grow(const struct mt_table *t, uint16_t *width, size_t column)
{
    static struct cell cell; /* one thread draws */
    size_t w = mt_text_columns(mt_span_str(title(t, column)));
    bool seen = false;
    if (!is_extra(column)) {
        unsigned unit = t->screen->columns->columns[column].unit;
        w = usual_width(unit) > w ? usual_width(unit) : w;
    }
    for (size_t i = 0; i < t->count; i++) {
        format(t, &t->lines[i], column, &cell);
        size_t n = mt_text_columns(cell.text);
        seen |= n > 0;
        w = n > w ? n : w;
    }
    if (!seen && t->count > 0 && *width == 0)
        return; /* a column of nothing */
    if (w > *width)
        *width = (uint16_t)(w < UINT16_MAX ? w : UINT16_MAX);
}

static void candidates(const struct mt_table *t, struct mt_table_fit *fit)
{
    const struct mt_screen *screen = t->screen->columns;
    fit->count = 0;
    if (t->screen->lead != NULL) {
        grow(t, &fit->lead_width, MT_TABLE_LEAD);
        fit->wide[fit->count] = fit->lead_width;
        fit->shown[fit->count++] = MT_TABLE_LEAD;
    }
    for (size_t i = 0; i < screen->count && i < MT_TABLE_COLUMNS_MAX; i++) {
        const struct mt_column *col = &screen->columns[i];
        if (col->priority > LOWEST_PRIORITY || is_skipped(t, col->key))
            continue;
        grow(t, &fit->widths[i], i);
        if (fit->widths[i] == 0 || fit->count == MT_TABLE_COLUMNS_MAX)
            continue;
        fit->wide[fit->count] = fit->widths[i];
        fit->shown[fit->count++] = (uint8_t)i;
    }
    if (t->screen->trend_after != NULL && fit->count < MT_TABLE_COLUMNS_MAX) {
        grow(t, &fit->trend_width, MT_TABLE_TREND);
        fit->wide[fit->count] = fit->trend_width;
        if (fit->trend_width > 0)
            fit->shown[fit->count++] = MT_TABLE_TREND;
    }
}

static size_t total(const struct mt_table_fit *fit)
{
    size_t sum = (size_t)2 * MARGIN;
    for (size_t i = 0; i < fit->count; i++)
        sum += fit->wide[i] + (i > 0 ? (size_t)GAP : 0);
    return sum;
}

/* The one to leave out next. */
static size_t least(const struct mt_table *t, const struct mt_table_fit *fit)
{
    size_t worst = 0;
    for (size_t i = 1; i < fit->count; i++)
        if (rank(t, fit->shown[i]) > rank(t, fit->shown[worst]))
            worst = i;
    return worst;
}

static void leave_out(struct mt_table_fit *fit, size_t i)
{
    fit->count--;
    for (; i < fit->count; i++) {
        fit->shown[i] = fit->shown[i + 1];
        fit->wide[i] = fit->wide[i + 1];
    }
}

/* The widest text gives way, down to a readable rest. */
static bool shrink(const struct mt_table *t, struct mt_table_fit *fit,
                   size_t excess)
{
    size_t at = fit->count;
    for (size_t i = 0; i < fit->count; i++)
        if (is_text(t, fit->shown[i]) && fit->shown[i] != MT_TABLE_TREND &&
            fit->wide[i] > READABLE &&
            (at == fit->count || fit->wide[i] > fit->wide[at]))
            at = i;
    if (at == fit->count)
        return false;
    size_t spare = (size_t)fit->wide[at] - READABLE;
    fit->wide[at] =
        (uint16_t)(fit->wide[at] - (excess < spare ? excess : spare));
    return true;
}

/* A wide column that would go in the end does not take others with it. */
static void leave_out_trend(const struct mt_table *t, struct mt_table_fit *fit,
                            size_t columns)
{
    size_t needed = (size_t)2 * MARGIN, last = fit->count - 1;
    if (fit->count == 0 || fit->shown[last] != MT_TABLE_TREND)
        return;
    for (size_t i = 0; i < fit->count; i++)
        if (rank(t, fit->shown[i]) <= rank(t, MT_TABLE_TREND))
            needed += fit->wide[i] + (i > 0 ? (size_t)GAP : 0);
    if (needed > columns)
        leave_out(fit, last);
}

static void fit_columns(const struct mt_table *t, struct mt_table_fit *fit,
                        size_t columns)
{
    candidates(t, fit);
    leave_out_trend(t, fit, columns);
    while (fit->count > 1 && total(fit) > columns) {
        size_t worst = least(t, fit);
        if (priority(t, fit->shown[worst]) > 3 ||
            !shrink(t, fit, total(fit) - columns))
            leave_out(fit, worst);
    }
    size_t at = MARGIN;
    for (size_t i = 0; i < fit->count; i++) {
        fit->at[i] = (uint16_t)at;
        at += fit->wide[i] + (size_t)GAP;
    }
}

/* ---- drawing ---- */

static bool has(struct mt_span text, const char *find)
{
    struct mt_span wanted = mt_span_str(find);
    for (; wanted.len > 0 && text.len >= wanted.len;
         (void)mt_span_take(&text, 1))
        if (mt_span_caseeq((struct mt_span){text.ptr, wanted.len}, wanted))
            return true;
    return false;
}

/* Where the i-th of the columns shown is on the canvas. */
struct place {
    size_t column, width;
    bool right;
};

static struct place place_of(const struct mt_table *t,
                             const struct mt_table_fit *fit, size_t i)
{
    return (struct place){.column = fit->at[i],
                          .width = fit->wide[i],
                          .right = is_right(t, fit->shown[i])};
}

static void put_cell(struct mt_canvas *c, size_t row, struct place p,
                     struct mt_span text, unsigned role)
{
    if (p.right)
        mt_canvas_put_right(c, row, p.column, p.width, text, role);
    else
        (void)mt_canvas_put(c, row, p.column, p.width, text, role);
}

static void draw_titles(const struct mt_table *t,
                        const struct mt_table_fit *fit, struct mt_canvas *c,
                        size_t row)
{
    for (size_t i = 0; i < fit->count; i++)
        put_cell(c, row, place_of(t, fit, i),
                 mt_span_str(title(t, fit->shown[i])),
                 t->sort >= 0 && fit->shown[i] == t->sort ? MT_ROLE_KEY
                                                          : MT_ROLE_TITLE);
}

/* Over all columns. */
static void draw_lost(const struct mt_table *t, struct mt_canvas *c, size_t row,
                      const struct mt_lost *lost)
{
    uint8_t bytes[128];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_put_lost_here(&b, lost, t->style.ascii);
    (void)mt_canvas_put(c, row, MARGIN, c->columns - MARGIN, mt_buf_span(&b),
                        MT_ROLE_WARN);
}

static void draw_line(const struct mt_table *t, const struct mt_table_fit *fit,
                      struct mt_canvas *c, size_t row,
                      const struct mt_line *line)
{
    static struct cell cell;
    for (size_t i = 0; i < fit->count; i++) {
        format(t, line, fit->shown[i], &cell);
        bool found = is_text(t, fit->shown[i]) && has(cell.text, t->find);
        put_cell(c, row, place_of(t, fit, i), cell.text,
                 found ? MT_ROLE_FOUND : cell.role);
    }
}

/* Marked, selected: one character tells both, as the bar tells one. */
static void draw_margin(const struct mt_table *t, struct mt_canvas *c,
                        size_t row, size_t i)
{
    bool marked = t->marks != NULL && t->lines[i].row != NULL &&
                  mt_marks_has(t->marks, t->screen_number, t->lines[i].key);
    if (marked)
        (void)mt_canvas_put(c, row, 0, 1, MT_SPAN("*"), MT_ROLE_KEY);
    else if (i == t->selected)
        (void)mt_canvas_put(c, row, 0, 1, MT_SPAN("\xe2\x96\xb8"),
                            MT_ROLE_PLAIN);
}

/* The bar has a gap where the cell cursor is. */
static void leave_out_cell(struct mt_canvas *c, size_t row, struct place p)
{
    for (size_t i = 0; i < p.width && p.column + i < c->columns; i++)
        c->cells[row * c->columns + p.column + i].selected = false;
}

void mt_table_draw(const struct mt_table *t, struct mt_table_fit *fit,
                   struct mt_canvas *c, struct mt_area area)
{
    fit_columns(t, fit, area.columns);
    if (area.rows == 0)
        return;
    draw_titles(t, fit, c, area.row);
    for (size_t i = 0; i < t->count && i + 1 < area.rows; i++) {
        size_t row = area.row + 1 + i;
        if (t->lines[i].lost != NULL)
            draw_lost(t, c, row, t->lines[i].lost);
        else
            draw_line(t, fit, c, row, &t->lines[i]);
        draw_margin(t, c, row, i);
        if (i != t->selected)
            continue;
        mt_canvas_select(c, row);
        int cell = t->cell > 0 ? mt_table_place(fit, t->cell - 1) : -1;
        if (cell >= 0 && t->lines[i].row != NULL)
            leave_out_cell(c, row, place_of(t, fit, (size_t)cell));
    }
}

bool mt_table_has(const struct mt_screen_class *screen,
                  const struct mt_line *line, const char *find)
{
    static struct cell cell;
    const struct mt_table t = {.screen = screen};
    if (screen->lead != NULL) {
        format(&t, line, MT_TABLE_LEAD, &cell);
        if (has(cell.text, find))
            return true;
    }
    for (size_t i = 0; line->row != NULL && i < screen->columns->count; i++) {
        if (screen->columns->columns[i].unit != MT_UNIT_TEXT)
            continue;
        format(&t, line, i, &cell);
        if (has(cell.text, find))
            return true;
    }
    return false;
}

int mt_table_place(const struct mt_table_fit *fit, size_t column)
{
    for (size_t i = 0; i < fit->count; i++)
        if (fit->shown[i] == column)
            return (int)i;
    return -1;
}

int mt_table_column_at(const struct mt_table_fit *fit, size_t column)
{
    for (size_t i = 0; i < fit->count; i++)
        if (column >= fit->at[i] && column < (size_t)fit->at[i] + fit->wide[i])
            return is_extra(fit->shown[i]) ? -1 : fit->shown[i];
    return -1;
}
