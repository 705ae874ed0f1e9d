/* The help: made of the tables of keys and commands. */
#include "tui/command.h"

struct help_row {
    const char *shown, *help;
};

/* The i-th line of the help: keys, then commands; false: there is none. */
static bool help_row(size_t i, struct help_row *row)
{
    for (size_t k = 0; k < mt_bindings_count; k++)
        if (mt_bindings[k].help != NULL && i-- == 0) {
            *row = (struct help_row){mt_bindings[k].shown, mt_bindings[k].help};
            return true;
        }
    for (size_t k = 0; k < mt_typed_commands_count; k++)
        if (mt_typed_commands[k].help != NULL && i-- == 0) {
            *row = (struct help_row){mt_typed_commands[k].shown,
                                     mt_typed_commands[k].help};
            return true;
        }
    return false;
}

void mt_draw_help(struct mt_dashboard *d, struct mt_canvas *c)
{
    enum { KEY_COLUMNS = 12, HALF_LEAST = 60 };
    struct mt_area area = {2, c->rows - 3, c->columns};
    struct help_row row;
    size_t shown = 0, half = c->columns >= (size_t)2 * HALF_LEAST ? 2 : 1;
    (void)mt_canvas_put(c, 0, 1, c->columns - 1, MT_SPAN("Keys"),
                        MT_ROLE_STRONG);
    (void)mt_canvas_put(c, 0, 8, c->columns - 8,
                        MT_SPAN("any other key closes this"), MT_ROLE_DIM);
    while (help_row(shown, &row))
        shown++;
    size_t lines = (shown + half - 1) / half;
    size_t last = lines > area.rows ? lines - area.rows : 0;
    d->help_top = d->help_top < last ? d->help_top : last;
    for (size_t n = 0; help_row(n, &row); n++) {
        size_t line = n % lines, column = n / lines * (c->columns / half);
        if (line < d->help_top || line - d->help_top >= area.rows)
            continue;
        size_t at = area.row + line - d->help_top;
        (void)mt_canvas_put(c, at, column + 2, KEY_COLUMNS,
                            mt_span_str(row.shown), MT_ROLE_KEY);
        (void)mt_canvas_put(c, at, column + 2 + KEY_COLUMNS,
                            half == 2 ? c->columns / 2 - KEY_COLUMNS - 3
                                      : c->columns,
                            mt_span_str(row.help), MT_ROLE_PLAIN);
    }
    if (last > 0)
        (void)mt_canvas_put(c, c->rows - 1, 1, c->columns - 1,
                            MT_SPAN("Up and Down scroll"), MT_ROLE_DIM);
}
