#include "tui/page.h"

static bool is_seen(const struct mt_page *p)
{
    return p->line >= p->scroll && p->line - p->scroll < p->area.rows;
}

static size_t row_of(const struct mt_page *p)
{
    return p->area.row + p->line - p->scroll;
}

void mt_page_put(struct mt_page *p, unsigned role, struct mt_span text)
{
    size_t room = p->area.columns > p->column ? p->area.columns - p->column : 0;
    if (is_seen(p) && room > 0)
        (void)mt_canvas_put(p->canvas, row_of(p), p->column, room, text, role);
    p->column += mt_text_columns(text);
}

void mt_page_str(struct mt_page *p, unsigned role, const char *text)
{
    mt_page_put(p, role, mt_span_str(text));
}

void mt_page_tab(struct mt_page *p, size_t column)
{
    p->column = column > p->column ? column : p->column + 1;
}

void mt_page_right(struct mt_page *p, size_t end, unsigned role,
                   struct mt_span text)
{
    size_t columns = mt_text_columns(text);
    mt_page_tab(p, end > columns ? end - columns : 0);
    mt_page_put(p, role, text);
}

void mt_page_end(struct mt_page *p)
{
    p->line++;
    p->column = 0;
}

void mt_page_select(struct mt_page *p)
{
    p->line--;
    if (is_seen(p))
        mt_canvas_select(p->canvas, row_of(p));
    p->line++;
}
