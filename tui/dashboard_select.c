/* Keys that choose: lines, cells, marks, and what of them is filtered. */
#include <string.h>

#include "base/text.h"
#include "tui/cell.h"
#include "tui/dashboard_actions.h"
#include "tui/table.h"

/* ---- lines ---- */

bool mt_is_list(const struct mt_dashboard *d)
{
    return mt_class(d)->columns != NULL;
}

unsigned mt_move(struct mt_dashboard *d, int64_t by)
{
    struct mt_level *l = mt_level(d);
    bool down = by > 0;
    if (!mt_is_list(d)) {
        int64_t last = (int64_t)l->page_lines - (int64_t)d->rows_shown;
        int64_t top = (int64_t)l->top + by;
        top = top > last ? last : top;
        l->top = top > 0 ? (size_t)top : 0;
        return MT_DO_DRAW;
    }
    l->follow = false;
    mt_level_select(l, (int64_t)l->selected + by);
    l->follow = down && l->topic == MT_TOPIC_NEWEST &&
                l->selected + 1 == l->lines.count;
    return MT_DO_DRAW;
}

/* ---- the cell cursor ---- */

/* The filter with the cell under the cursor, of no cell with the row. */
static bool filter_with_cell(const struct mt_dashboard *d, char *out,
                             size_t size)
{
    const struct mt_level *l = &d->levels[d->depth];
    const struct mt_line *line = mt_level_line(l);
    uint8_t bytes[MT_FILTER_TEXT_MAX];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    if (mt_level_cell(l) < 0)
        return mt_drilled_filter(d, out, size);
    return line != NULL && line->row != NULL &&
           mt_cell_term(mt_class(d)->columns, l->cell - 1, line->row, &b) &&
           !b.full && mt_narrowed_filter(d, mt_buf_span(&b), out, size);
}

MT_ACTION(add)
{
    struct mt_level *l = mt_level(d);
    char filter[sizeof l->filter];
    (void)key;
    if (!filter_with_cell(d, filter, sizeof filter) ||
        !mt_check_filter(d, filter)) {
        mt_dashboard_say(d, true, "nothing here that a filter could select");
        return MT_DO_DRAW;
    }
    memcpy(l->filter, filter, sizeof filter);
    l->filter_off = false;
    return mt_ask_anew(d);
}

/* ---- marks ---- */

/* And on to the next line, so that a key held down marks several. */
MT_ACTION(mark)
{
    const struct mt_level *l = mt_level(d);
    const struct mt_line *line = mt_level_line(l);
    uint8_t bytes[MT_FILTER_TEXT_MAX];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    (void)key;
    if (line == NULL || line->row == NULL) {
        mt_dashboard_say(d, true, "nothing here to mark");
        return MT_DO_DRAW;
    }
    mt_class(d)->term(line->row, &b);
    struct mt_span terms = mt_buf_span(&b);
    if (b.full)
        terms.len = 0;
    if (mt_marks_toggle(&d->marks, l->screen, line->key, terms) < 0) {
        mt_dashboard_say(d, true,
                         d->marks.count == MT_MARKS_MAX
                             ? "too many are marked: M shows them, 0 unmarks"
                             : "its name fits into no filter");
        return MT_DO_DRAW;
    }
    return mt_move(d, 1);
}

/* The exchange that is shown, in the list that it was opened from. */
MT_ACTION(mark_shown)
{
    const struct mt_level *l = mt_level(d);
    char text[24];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    (void)key;
    mt_put_str(&b, "id=");
    mt_put_decimal(&b, l->id);
    int rc = mt_marks_toggle(&d->marks, MT_SCREEN_TAIL, l->id, mt_buf_span(&b));
    mt_dashboard_say(d, rc < 0,
                     rc < 0    ? "too many are marked: 0 unmarks"
                     : rc == 0 ? "not marked any more"
                               : "marked: M in Tail shows all that are");
    return MT_DO_DRAW;
}

/* What is marked becomes the filter: to be looked at, exported, copied. */
unsigned mt_show_marked(struct mt_dashboard *d)
{
    struct mt_level *l = mt_level(d);
    char filter[sizeof l->filter];
    struct mt_buf b = mt_buf_of(filter, sizeof filter - 1);
    if (mt_marks_count(&d->marks, l->screen) == 0) {
        mt_dashboard_say(d, true, "nothing is marked here: m marks a row");
        return MT_DO_DRAW;
    }
    mt_marks_filter(&d->marks, l->screen, &b);
    filter[b.len] = '\0';
    if (b.full || !mt_check_filter(d, filter)) {
        mt_dashboard_say(d, true, "too much is marked to fit into a filter");
        return MT_DO_DRAW;
    }
    memcpy(l->filter, filter, sizeof filter);
    l->filter_off = false;
    return mt_ask_anew(d);
}

MT_ACTION(marked)
{
    (void)key;
    return mt_show_marked(d);
}

/* Among the columns shown; before the first one it is the row. */
MT_ACTION(cell)
{
    struct mt_level *l = mt_level(d);
    int at = mt_level_cell(l), last = (int)l->fit.count - 1;
    while (last >= 0 && l->fit.shown[last] == MT_TABLE_TREND)
        last--;
    at += key == MT_KEY_LEFT ? -1 : 1;
    at = at > last ? last : at;
    l->cell = at < 0 ? 0 : (size_t)l->fit.shown[at] + 1;
    return MT_DO_DRAW;
}
