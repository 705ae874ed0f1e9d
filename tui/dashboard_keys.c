/* Keys: one table, of which the help and the footer are made. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "store/export.h"
#include "tui/dashboard_actions.h"

#define ACTION(name) \
    static unsigned act_##name(struct mt_dashboard *d, int32_t key)

/* ---- moving ---- */

static int64_t page(const struct mt_dashboard *d)
{
    return d->rows_shown > 1 ? (int64_t)d->rows_shown - 1 : 1;
}

ACTION(up)
{
    (void)key;
    return mt_move(d, -1);
}

ACTION(down)
{
    (void)key;
    return mt_move(d, 1);
}

ACTION(page_up)
{
    (void)key;
    return mt_move(d, -page(d));
}

ACTION(page_down)
{
    (void)key;
    return mt_move(d, page(d));
}

ACTION(first)
{
    (void)key;
    return mt_move(d, -(INT64_C(1) << 40));
}

ACTION(last)
{
    (void)key;
    return mt_move(d, INT64_C(1) << 40);
}

ACTION(follow)
{
    struct mt_level *l = mt_level(d);
    (void)key;
    l->follow = !l->follow;
    if (l->follow)
        mt_level_select(l, INT64_MAX);
    mt_dashboard_say(
        d, false, l->follow ? "following the newest" : "no longer following");
    return MT_DO_DRAW;
}

/* ---- screens ---- */

ACTION(screen)
{
    return mt_open_screen(d, (uint8_t)(key - '1'));
}

ACTION(next_screen)
{
    unsigned at = mt_level(d)->screen;
    unsigned step = key == MT_KEY_BACK_TAB ? MT_SCREEN_DETAIL - 1 : 1;
    return mt_open_screen(d, (uint8_t)((at + step) % MT_SCREEN_DETAIL));
}

ACTION(enter)
{
    (void)key;
    return mt_drill(d);
}

ACTION(back)
{
    if (mt_level(d)->cell > 0 && key == MT_KEY_ESC) {
        mt_level(d)->cell = 0;
        return MT_DO_DRAW;
    }
    if (d->depth == 0)
        d->search[0] = '\0';
    return mt_go_back(d);
}

/* The neighbour in the list that the exchange was opened from. */
ACTION(neighbour)
{
    struct mt_level *l = mt_level(d);
    struct mt_level *list = l;
    while (list > d->levels && list->screen == MT_SCREEN_DETAIL)
        list--;
    if (list->lines.count == 0)
        return MT_DO_DRAW;
    int64_t by = key == MT_KEY_LEFT || key == 'h' ? -1 : 1;
    list->follow = false;
    mt_level_select_neighbour(list, by);
    const struct mt_line *line = mt_level_line(list);
    if (line->key == l->id || line->lost != NULL) {
        mt_dashboard_say(d, false,
                         by < 0 ? "this is the first of the list"
                                : "this is the last of the list");
        return MT_DO_DRAW;
    }
    l->id = line->key;
    l->top = 0;
    l->marked = 0;
    return mt_ask_anew(d);
}

ACTION(span)
{
    if (key == MT_KEY_ENTER)
        return mt_detail_open(d);
    return mt_detail_mark(d, key == 'T' ? -1 : 1);
}

/* ---- filter and search ---- */

ACTION(filter)
{
    (void)key;
    mt_begin_typing(d, MT_TYPING_FILTER, mt_level(d)->filter);
    return MT_DO_DRAW;
}

ACTION(filter_off)
{
    struct mt_level *l = mt_level(d);
    (void)key;
    if (l->filter[0] == '\0') {
        mt_dashboard_say(d, false, "there is no filter: f sets one");
        return MT_DO_DRAW;
    }
    l->filter_off = !l->filter_off;
    return mt_ask_anew(d);
}

ACTION(search)
{
    (void)key;
    mt_begin_typing(d, MT_TYPING_SEARCH, "");
    return MT_DO_DRAW;
}

ACTION(search_next)
{
    int direction = key == 'N' ? -1 : 1;
    if (d->search[0] == '\0' && mt_level_next_mark(d, direction))
        return MT_DO_DRAW;
    if (!mt_level_search(d, direction, true))
        mt_dashboard_say(d, true,
                         d->search[0] != '\0'
                             ? "not found"
                             : "nothing to search for: / asks, m marks");
    return MT_DO_DRAW;
}

ACTION(failing)
{
    (void)key;
    d->failing_only = !d->failing_only;
    mt_level_arrange(d, mt_level(d));
    return mt_ask_anew(d);
}

/* ---- order ---- */

static unsigned sorted(struct mt_dashboard *d)
{
    struct mt_level *l = mt_level(d);
    l->follow = false;
    mt_level_arrange(d, l);
    return MT_DO_DRAW;
}

/* Left or right among the columns shown; before the first one is the order
 * of the answer. */
ACTION(sort)
{
    struct mt_level *l = mt_level(d);
    struct mt_sorting *s = &d->sorting[l->screen];
    int places = (int)l->fit.count + 1, at = 0;
    if (places > 1 && l->fit.shown[places - 2] == MT_TABLE_TREND)
        places--; /* a graph is no number */
    if (mt_class(d)->lead != NULL) {
        mt_dashboard_say(d, false, "a tree has its own order");
        return MT_DO_DRAW;
    }
    for (int i = 0; i < (int)l->fit.count; i++)
        if (l->fit.shown[i] == s->column)
            at = i + 1;
    at = (at + (key == '<' ? places - 1 : 1)) % places;
    s->column = at > 0 ? l->fit.shown[at - 1] : -1;
    s->inverted = false;
    return sorted(d);
}

ACTION(invert)
{
    struct mt_sorting *s = &d->sorting[mt_level(d)->screen];
    (void)key;
    s->inverted = !s->inverted;
    return sorted(d);
}

ACTION(reset)
{
    (void)key;
    d->end_ns = d->config.end_ns;
    d->span_ns = d->config.span_ns;
    d->failing_only = d->zoomed = false;
    d->marks.count = 0;
    d->search[0] = '\0';
    for (size_t i = 0; i < MT_SCREEN_COUNT; i++)
        d->sorting[i] = (struct mt_sorting){.column = -1};
    uint8_t screen = d->levels[0].screen;
    d->levels[0].filter[0] = '\0';
    d->levels[0].filter_off = false;
    return mt_open_screen(d, screen);
}

/* ---- the rest ---- */

ACTION(command)
{
    (void)key;
    mt_begin_typing(d, MT_TYPING_COMMAND, "");
    return MT_DO_DRAW;
}

ACTION(help)
{
    (void)key;
    d->help = true;
    d->help_top = 0;
    return MT_DO_DRAW;
}

ACTION(zoom)
{
    (void)key;
    d->zoomed = !d->zoomed;
    return MT_DO_DRAW;
}

ACTION(quit)
{
    (void)d, (void)key;
    return MT_DO_QUIT;
}

ACTION(suspend)
{
    (void)d, (void)key;
    return MT_DO_SUSPEND;
}

ACTION(repaint)
{
    (void)d, (void)key;
    return MT_DO_DRAW | MT_DO_REPAINT;
}

/* An exchange as curl; else the filter that selects the row. */
ACTION(copy)
{
    const struct mt_level *l = mt_level(d);
    const struct mt_line *line = mt_level_line(l);
    const struct mt_exchange *x = NULL;
    struct mt_buf b = mt_buf_of(d->clip, sizeof d->clip - 1);
    (void)key;
    d->clip[0] = '\0';
    if (l->topic == MT_TOPIC_EXCHANGE && l->snapshot != NULL &&
        l->snapshot->exchanges_count > 0)
        x = &l->snapshot->exchanges[0].x;
    else if (l->screen == MT_SCREEN_TAIL && line != NULL)
        x = line->row;
    bool curl = x != NULL && mt_put_curl(&b, x);
    if (curl) {
        d->clip[b.len] = '\0';
    } else if (!mt_drilled_filter(d, d->clip, sizeof d->clip)) {
        d->clip[0] = '\0';
    }
    if (d->clip[0] == '\0') {
        mt_dashboard_say(d, true, "nothing here to copy");
        return MT_DO_DRAW;
    }
    mt_dashboard_say(d, false,
                     curl ? "copied as a curl command" : "copied as a filter");
    return MT_DO_DRAW | MT_DO_COPY;
}

ACTION(export)
{
    return mt_begin_export(d, key == 'X');
}

/* ---- the table ---- */

#define ON(screen) (1u << MT_SCREEN_##screen)
#define TABLES \
    (ON(SERVICES) | ON(ROUTES) | ON(TAIL) | ON(POLICY) | ON(ENDPOINTS))
#define LISTS (TABLES | ON(TOPOLOGY))
#define ALL (LISTS | ON(CAPTURE) | ON(DETAIL))

const struct mt_binding mt_bindings[] = {
    {{'1', '2', '3', '4'}, NULL, NULL, NULL, ALL, act_screen},
    {{'5', '6'}, "1 ... 6", NULL, "the screens", ALL, act_screen},
    {{MT_KEY_TAB, MT_KEY_BACK_TAB},
     "Tab S-Tab",
     NULL,
     "the next screen, the one before",
     ALL,
     act_next_screen},
    {{MT_KEY_ENTER, 'l'},
     "Enter l",
     "in",
     "go in: service, routes, exchanges, one",
     LISTS,
     act_enter},
    {{MT_KEY_ESC}, "Esc", NULL, "come back", ALL, act_back},
    {{'h', MT_KEY_BACKSPACE}, NULL, NULL, NULL, ALL & ~ON(DETAIL), act_back},
    {{MT_KEY_LEFT}, NULL, NULL, NULL, ON(TOPOLOGY), act_back},
    {{MT_KEY_RIGHT}, NULL, NULL, NULL, ON(TOPOLOGY), act_enter},
    {{MT_KEY_UP, 'k'}, "Up k", NULL, "one line up", ALL, act_up},
    {{MT_KEY_DOWN, 'j'}, "Down j", NULL, "one line down", ALL, act_down},
    {{MT_KEY_PAGE_UP, MT_KEY_CONTROL('B')},
     "PgUp ^B",
     NULL,
     "a page up",
     ALL,
     act_page_up},
    {{MT_KEY_PAGE_DOWN, MT_KEY_CONTROL('F')},
     "PgDn ^F",
     NULL,
     "a page down",
     ALL,
     act_page_down},
    {{MT_KEY_HOME, 'g'}, "Home g", NULL, "the first line", ALL, act_first},
    {{MT_KEY_END, 'G'}, "End G", NULL, "the last line", ALL, act_last},
    {{'F'}, "F", "follow", "follow the newest", ON(TAIL), act_follow},
    {{MT_KEY_LEFT, 'h'}, NULL, "before", NULL, ON(DETAIL), act_neighbour},
    {{MT_KEY_RIGHT, 'l'},
     "Left Right",
     "next",
     "in Detail: the exchange before, the next",
     ON(DETAIL),
     act_neighbour},
    {{'t', 'T', MT_KEY_ENTER},
     "t T",
     "trace",
     "in Detail: walk its trace; Enter opens one",
     ON(DETAIL),
     act_span},
    {{'f', MT_KEY_F4},
     "f F4",
     "filter",
     "filter (its fields: meshtop explain filter)",
     ALL & ~ON(DETAIL),
     act_filter},
    {{'!'}, "!", NULL, "switch the filter off and on", ALL, act_filter_off},
    {{'+'},
     "+",
     NULL,
     "add this cell, or row, to the filter",
     LISTS,
     mt_act_add},
    {{MT_KEY_LEFT, MT_KEY_RIGHT},
     "Left Right",
     NULL,
     "choose a cell of the row, for +",
     TABLES,
     mt_act_cell},
    {{'m'}, "m", NULL, "mark this row, unmark it", LISTS, mt_act_mark},
    {{'m'}, NULL, NULL, NULL, ON(DETAIL), mt_act_mark_shown},
    {{'M'}, "M", NULL, "filter: what is marked", LISTS, mt_act_marked},
    {{'/', MT_KEY_F3}, "/ F3", NULL, "search", LISTS, act_search},
    {{'n', 'N'},
     "n N",
     NULL,
     "the next found, or marked; the one before",
     LISTS,
     act_search_next},
    {{'e', MT_KEY_F8}, "e F8", "errors", "only what fails", LISTS, act_failing},
    {{'>', '<', MT_KEY_F6},
     "< > F6",
     "sort",
     "sort by another column",
     TABLES,
     act_sort},
    {{'I'}, "I", NULL, "the other way round", TABLES, act_invert},
    {{'w', 'W', MT_KEY_F7},
     "w W F7",
     "window",
     "a wider window, a narrower one",
     ALL & ~ON(DETAIL),
     mt_act_window},
    {{'p', MT_KEY_SPACE},
     "p Space",
     "pause",
     "pause and go on",
     ALL & ~ON(DETAIL),
     mt_act_pause},
    {{'[', ']'}, "[ ]", NULL, "a step back in time, forth", ALL, mt_act_step},
    {{'{', '}'}, "{ }", NULL, "a minute back in time, forth", ALL, mt_act_step},
    {{'.'}, ".", NULL, "back to now", ALL, mt_act_live},
    {{'c'},
     "c",
     NULL,
     "copy: an exchange as curl, a row as filter",
     ALL,
     act_copy},
    {{'x', MT_KEY_F9},
     "x F9",
     "export",
     "export it: pcapng, HAR, curl, JSONL, CSV",
     ALL,
     act_export},
    {{'X'},
     "X",
     NULL,
     "export what the selected row stands for",
     LISTS,
     act_export},
    {{':'},
     ":",
     NULL,
     "a command (Tab completes, Up: those before)",
     ALL,
     act_command},
    {{'z'}, "z", NULL, "the list alone", ALL, act_zoom},
    {{'0'}, "0", NULL, "reset filter, order, window, marks", ALL, act_reset},
    {{MT_KEY_CONTROL('L')}, "^L", NULL, "draw anew", ALL, act_repaint},
    {{MT_KEY_CONTROL('Z')}, "^Z", NULL, "suspend", ALL, act_suspend},
    {{'?', MT_KEY_F1}, "? F1", NULL, "this help", ALL, act_help},
    {{'q', MT_KEY_F10, MT_KEY_CONTROL('C')},
     "q F10 ^C",
     NULL,
     "quit",
     ALL,
     act_quit},
};

const size_t mt_bindings_count = sizeof mt_bindings / sizeof mt_bindings[0];

static unsigned read_help(struct mt_dashboard *d, int32_t key)
{
    if (key == MT_KEY_DOWN || key == 'j' || key == MT_KEY_PAGE_DOWN)
        d->help_top++;
    else if ((key == MT_KEY_UP || key == 'k' || key == MT_KEY_PAGE_UP) &&
             d->help_top > 0)
        d->help_top--;
    else
        d->help = false;
    return MT_DO_DRAW;
}

unsigned mt_dashboard_key(struct mt_dashboard *d, int32_t key)
{
    unsigned screen = 1u << mt_level(d)->screen;
    if (key == MT_KEY_NONE)
        return 0;
    d->message[0] = '\0';
    if (d->typing != MT_TYPING_NOT)
        return mt_type(d, key);
    if (d->help)
        return read_help(d, key);
    for (size_t i = 0; i < mt_bindings_count; i++)
        for (size_t k = 0; k < 4 && mt_bindings[i].keys[k] != 0; k++)
            if (mt_bindings[i].keys[k] == key &&
                (mt_bindings[i].screens & screen))
                return mt_bindings[i].act(d, key);
    return MT_DO_DRAW;
}

/* On a title: sort by it, or the other way round. On a row: select it, and
 * open it when it is selected already. */
unsigned mt_dashboard_click(struct mt_dashboard *d, size_t column, size_t row)
{
    struct mt_level *l = mt_level(d);
    if (!d->help && d->typing == MT_TYPING_NOT && l->screen == MT_SCREEN_DETAIL)
        return mt_detail_click(d, row);
    if (d->help || d->typing != MT_TYPING_NOT || !mt_is_list(d))
        return d->help ? read_help(d, MT_KEY_ESC) : 0;
    if (row + 1 == d->list_row && mt_class(d)->lead == NULL) {
        struct mt_sorting *s = &d->sorting[l->screen];
        int at = mt_table_column_at(&l->fit, column);
        if (at < 0)
            return 0;
        s->inverted = s->column == at && !s->inverted;
        s->column = at;
        return sorted(d);
    }
    if (row < d->list_row || row - d->list_row >= d->rows_shown ||
        row - d->list_row + l->top >= l->lines.count)
        return 0;
    size_t line = row - d->list_row + l->top;
    if (line == l->selected)
        return mt_drill(d);
    l->follow = false;
    mt_level_select(l, (int64_t)line);
    int at = mt_table_column_at(&l->fit, column);
    l->cell = at < 0 ? 0 : (size_t)at + 1;
    return MT_DO_DRAW;
}
