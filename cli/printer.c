#include "cli/printer.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/text_escape.h"
#include "cli/printer_rows.h"

enum { CELL_BYTES = 16384, GAP = 2, SHORTEST_TEXT = 8 };
static const size_t readable_text = 16;

bool mt_utf8_locale(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

int32_t mt_local_offset_s(int64_t ns)
{
    time_t at = (time_t)(ns / 1000000000);
    struct tm local;
    return localtime_r(&at, &local) != NULL ? (int32_t)local.tm_gmtoff : 0;
}

static size_t terminal_width(FILE *file)
{
    struct winsize size;
    if (!isatty(fileno(file)))
        return 0;
    if (ioctl(fileno(file), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

static bool is_table(const struct mt_printer *p)
{
    return p->format == MT_FORMAT_TABLE || p->format == MT_FORMAT_WIDE;
}

void mt_printer_open(struct mt_printer *p, FILE *file,
                     const struct mt_screen *screen, enum mt_format format)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    *p = (struct mt_printer){.file = file, .screen = screen, .format = format};
    p->style.ascii = !mt_utf8_locale();
    if (!is_table(p)) {
        mt_printer_rows_begin(p);
        return;
    }
    p->terminal_width = terminal_width(file);
    p->colour = p->terminal_width > 0 &&
                (no_colour == NULL || no_colour[0] == '\0') && term != NULL &&
                strcmp(term, "dumb") != 0;
    p->kept = calloc(MT_PRINTER_KEPT_ROWS * screen->count, sizeof *p->kept);
    p->failed = p->kept == NULL;
}

void mt_printer_head(struct mt_printer *p, const struct mt_coverage *coverage)
{
    if (coverage != NULL)
        p->style.offset_s = mt_local_offset_s(coverage->to_ns);
    if (!is_table(p))
        mt_printer_rows_head(p, coverage);
}

/* ---- cells ---- */

static size_t display_width(const char *cell)
{
    struct mt_span s = mt_span_str(cell);
    size_t columns = 0;
    while (s.len > 0) {
        int w = mt_char_columns(mt_utf8_take(&s));
        columns += w > 0 ? (size_t)w : 0;
    }
    return columns;
}

static void format_cell(const struct mt_printer *p, size_t column,
                        const void *row, char *cell)
{
    static char scratch_bytes[CELL_BYTES];
    struct mt_buf scratch = mt_buf_of(scratch_bytes, sizeof scratch_bytes);
    struct mt_buf b = mt_buf_of(cell, CELL_BYTES - 1);
    struct mt_value v = p->screen->columns[column].get(row, &scratch);
    struct mt_value_style style = p->style;
    if (p->terminal_width > 0 && p->format == MT_FORMAT_TABLE)
        style.max_width = p->screen->columns[column].max_width;
    mt_value_put(&b, &v, &style);
    cell[b.len] = '\0';
}

static bool is_text(const struct mt_printer *p, size_t column)
{
    return p->screen->columns[column].unit == MT_UNIT_TEXT;
}

static bool is_right(const struct mt_printer *p, size_t column)
{
    return !is_text(p, column) || p->screen->columns[column].right;
}

/* ---- fitting ---- */

/* A kept line has one cell; every screen has more columns. */
static bool is_note(const struct mt_printer *p, size_t r)
{
    return p->kept[r * p->screen->count + 1] == NULL;
}

static size_t widest(const struct mt_printer *p, size_t column)
{
    size_t width = display_width(p->screen->columns[column].title);
    for (size_t r = 0; r < p->kept_count; r++) {
        if (is_note(p, r))
            continue;
        size_t w = display_width(p->kept[r * p->screen->count + column]);
        width = w > width ? w : width;
    }
    return width;
}

static size_t total_width(const struct mt_printer *p)
{
    size_t sum = 0;
    for (size_t i = 0; i < p->shown_count; i++)
        sum += p->widths[i] + (i > 0 ? GAP : 0);
    return sum;
}

/* The column to leave out next: the least important, the rightmost of equal
 * ones. */
static size_t least_important(const struct mt_printer *p)
{
    size_t worst = 0;
    for (size_t i = 1; i < p->shown_count; i++)
        if (p->screen->columns[p->shown[i]].priority >=
            p->screen->columns[p->shown[worst]].priority)
            worst = i;
    return worst;
}

static void leave_out(struct mt_printer *p, size_t i)
{
    p->shown_count--;
    for (; i < p->shown_count; i++) {
        p->shown[i] = p->shown[i + 1];
        p->widths[i] = p->widths[i + 1];
    }
}

/* The widest text gives way first, down to a readable rest. */
static bool shrink_a_text(struct mt_printer *p, size_t excess)
{
    size_t at = p->shown_count;
    for (size_t i = 0; i < p->shown_count; i++)
        if (is_text(p, p->shown[i]) && p->widths[i] > readable_text &&
            (at == p->shown_count || p->widths[i] > p->widths[at]))
            at = i;
    if (at == p->shown_count)
        return false;
    size_t spare = p->widths[at] - readable_text;
    p->widths[at] -= excess < spare ? excess : spare;
    return true;
}

static void fit(struct mt_printer *p)
{
    for (size_t c = 0; c < p->screen->count; c++) {
        const struct mt_column *col = &p->screen->columns[c];
        size_t width = widest(p, c);
        if ((col->wide && p->format != MT_FORMAT_WIDE) || width == 0)
            continue;
        p->shown[p->shown_count] = c;
        p->widths[p->shown_count++] = width;
    }
    size_t max = p->format == MT_FORMAT_TABLE ? p->terminal_width : 0;
    while (max > 0 && total_width(p) > max && p->shown_count > 1)
        if (p->screen->columns[p->shown[least_important(p)]].priority > 3 ||
            !shrink_a_text(p, total_width(p) - max))
            leave_out(p, least_important(p));
}

/* ---- drawing ---- */

static void put_spaces(FILE *f, size_t n)
{
    (void)fprintf(f, "%*s", (int)n, "");
}

static void put_cell(const struct mt_printer *p, size_t i, const char *cell)
{
    char cut[CELL_BYTES];
    size_t width = p->widths[i], used = display_width(cell);
    if (used > width && is_text(p, p->shown[i]) && p->terminal_width > 0 &&
        i + 1 < p->shown_count) {
        struct mt_span s = mt_span_str(cell);
        size_t n = 0;
        used = 0;
        while (s.len > 0) {
            struct mt_span before = s;
            int w = mt_char_columns(mt_utf8_take(&s));
            size_t columns = w > 0 ? (size_t)w : 0;
            if (used + columns + 1 > width)
                break;
            used += columns;
            memcpy(cut + n, before.ptr, before.len - s.len);
            n += before.len - s.len;
        }
        (void)snprintf(cut + n, sizeof cut - n, "%s",
                       p->style.ascii ? "." : "\xe2\x80\xa6");
        used++;
        cell = cut;
    }
    size_t pad = used < width ? width - used : 0;
    bool last = i + 1 == p->shown_count;
    if (is_right(p, p->shown[i]))
        put_spaces(p->file, pad);
    (void)fputs(cell, p->file);
    if (!is_right(p, p->shown[i]) && !last)
        put_spaces(p->file, pad);
    if (!last)
        put_spaces(p->file, GAP);
}

static void draw_titles(const struct mt_printer *p)
{
    if (p->colour)
        (void)fputs("\033[1m", p->file);
    for (size_t i = 0; i < p->shown_count; i++)
        put_cell(p, i, p->screen->columns[p->shown[i]].title);
    (void)fputs(p->colour ? "\033[0m\n" : "\n", p->file);
}

/* Success below 90 % is red, below 95 % amber. */
static const char *colour_of(const struct mt_printer *p, size_t column,
                             const char *cell)
{
    if (!p->colour ||
        strcmp(p->screen->columns[column].key, "success_ratio") != 0)
        return NULL;
    char *end;
    double percent = strtod(cell, &end);
    if (end == cell || percent >= 95)
        return NULL;
    return percent < 90 ? "\033[31m" : "\033[33m";
}

static void draw_row(const struct mt_printer *p, char *const *cells)
{
    for (size_t i = 0; i < p->shown_count; i++) {
        const char *cell = cells[p->shown[i]];
        const char *colour = colour_of(p, p->shown[i], cell);
        if (colour != NULL)
            (void)fputs(colour, p->file);
        put_cell(p, i, cell);
        if (colour != NULL)
            (void)fputs("\033[0m", p->file);
    }
    (void)fputc('\n', p->file);
}

static void draw_note(const struct mt_printer *p, const char *text)
{
    (void)fprintf(p->file, p->colour ? "\033[33m%s\033[0m\n" : "%s\n", text);
}

static void draw_kept(struct mt_printer *p)
{
    size_t columns = p->screen->count;
    if (p->shown_count == 0 && p->rows > 0) {
        fit(p);
        draw_titles(p);
    }
    for (size_t r = 0; r < p->kept_count; r++) {
        if (is_note(p, r))
            draw_note(p, p->kept[r * columns]);
        else
            draw_row(p, p->kept + r * columns);
        for (size_t c = 0; c < columns; c++) {
            free(p->kept[r * columns + c]);
            p->kept[r * columns + c] = NULL;
        }
    }
    p->kept_count = 0;
}

static void keep_row(struct mt_printer *p, const void *row)
{
    size_t columns = p->screen->count;
    if (p->kept_count == MT_PRINTER_KEPT_ROWS)
        draw_kept(p);
    char **cells = p->kept + p->kept_count * columns;
    char cell[CELL_BYTES];
    for (size_t c = 0; c < columns; c++) {
        format_cell(p, c, row, cell);
        cells[c] = strdup(cell);
        p->failed |= cells[c] == NULL;
    }
    p->kept_count++;
}

void mt_printer_note(struct mt_printer *p, const char *text)
{
    if (p->failed || !is_table(p))
        return;
    if (p->kept_count == MT_PRINTER_KEPT_ROWS)
        draw_kept(p);
    char **cells = p->kept + p->kept_count * p->screen->count;
    cells[0] = strdup(text);
    p->failed = cells[0] == NULL;
    p->kept_count++;
}

void mt_printer_row(struct mt_printer *p, const void *row)
{
    if (p->failed)
        return;
    if (is_table(p))
        keep_row(p, row);
    else
        mt_printer_rows_add(p, row);
    p->rows++;
}

void mt_printer_flush(struct mt_printer *p)
{
    if (is_table(p) && !p->failed && p->kept_count > 0)
        draw_kept(p);
    (void)fflush(p->file);
}

int mt_printer_close(struct mt_printer *p)
{
    if (!is_table(p))
        mt_printer_rows_end(p);
    else if (!p->failed && p->kept_count > 0)
        draw_kept(p);
    for (size_t i = 0; p->kept != NULL && i < p->kept_count * p->screen->count;
         i++)
        free(p->kept[i]);
    free(p->kept);
    p->kept = NULL;
    return p->failed || fflush(p->file) != 0 || ferror(p->file) ? -1 : 0;
}
