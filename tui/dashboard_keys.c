/* Keys: one table, of which the help and the footer are made. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "store/export.h"
#include "tui/cell.h"
#include "tui/dashboard_impl.h"

#define ACTION(name) \
    static unsigned act_##name(struct mt_dashboard *d, int32_t key)

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)

/* ---- moving ---- */

static bool is_list(const struct mt_dashboard *d)
{
    return mt_class(d)->columns != NULL;
}

/* In a list the selection moves; a page scrolls. */
static unsigned move(struct mt_dashboard *d, int64_t by)
{
    struct mt_level *l = mt_level(d);
    bool down = by > 0;
    if (!is_list(d)) {
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

static int64_t page(const struct mt_dashboard *d)
{
    return d->rows_shown > 1 ? (int64_t)d->rows_shown - 1 : 1;
}

ACTION(up)
{
    (void)key;
    return move(d, -1);
}

ACTION(down)
{
    (void)key;
    return move(d, 1);
}

ACTION(page_up)
{
    (void)key;
    return move(d, -page(d));
}

ACTION(page_down)
{
    (void)key;
    return move(d, page(d));
}

ACTION(first)
{
    (void)key;
    return move(d, -(INT64_C(1) << 40));
}

ACTION(last)
{
    (void)key;
    return move(d, INT64_C(1) << 40);
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

/* The next line of a list that is an exchange, or where it was. */
static void select_neighbour(struct mt_level *list, int64_t by)
{
    int64_t was = (int64_t)list->selected;
    for (int64_t at = was + by; at >= 0 && at < (int64_t)list->lines.count;
         at += by)
        if (list->lines.list[at].lost == NULL) {
            was = at;
            break;
        }
    mt_level_select(list, was);
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
    select_neighbour(list, by);
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

ACTION(add)
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

/* ---- marks ---- */

/* And on to the next line, so that a key held down marks several. */
ACTION(mark)
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
    struct mt_span terms = b.full ? (struct mt_span){0} : mt_buf_span(&b);
    if (mt_marks_toggle(&d->marks, l->screen, line->key, terms) < 0) {
        mt_dashboard_say(d, true,
                         d->marks.count == MT_MARKS_MAX
                             ? "too many are marked: M shows them, 0 unmarks"
                             : "its name fits into no filter");
        return MT_DO_DRAW;
    }
    return move(d, 1);
}

/* The exchange that is shown, in the list that it was opened from. */
ACTION(mark_shown)
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

ACTION(marked)
{
    (void)key;
    return mt_show_marked(d);
}

/* ---- the cell cursor ---- */

/* Among the columns shown; before the first one it is the row. */
ACTION(cell)
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

/* ---- time ---- */

static unsigned say_window(struct mt_dashboard *d)
{
    char text[80];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    mt_put_str(&b, "window: ");
    mt_put_window(&b, d);
    text[b.len] = '\0';
    mt_dashboard_say(d, false, text);
    return mt_ask_anew(d);
}

ACTION(window)
{
    static const int64_t spans[] = {10 * SECOND,  MINUTE,      5 * MINUTE,
                                    15 * MINUTE,  60 * MINUTE, 360 * MINUTE,
                                    1440 * MINUTE};
    enum { SPANS = sizeof spans / sizeof spans[0] };
    int64_t now = d->span_ns > 0 ? d->span_ns : INT64_MAX;
    d->span_ns = 0;
    if (key == 'W') {
        for (size_t i = 0; i < SPANS; i++)
            if (spans[i] < now)
                d->span_ns = spans[i];
        return say_window(d);
    }
    if (now == INT64_MAX)
        d->span_ns = spans[0];
    for (size_t i = SPANS; i-- > 0 && now != INT64_MAX;)
        if (spans[i] > now)
            d->span_ns = spans[i];
    return say_window(d);
}

/* Pausing pins the window's end: what is drilled into then tells of the same
 * time. */
ACTION(pause)
{
    const struct mt_snapshot *a = mt_dashboard_snapshot(d);
    (void)key;
    if (d->config.replay) {
        mt_pace_pause(&d->pace, !d->pace.paused, d->steady_ns);
        return mt_ask_anew(d);
    }
    if (d->end_ns != 0)
        d->end_ns = 0;
    else if (a != NULL && a->rc == 0)
        d->end_ns = a->to_ns;
    else
        return MT_DO_DRAW;
    return mt_ask_anew(d);
}

static int64_t added(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? a : sum;
}

static int64_t step_ns(const struct mt_dashboard *d, int32_t key)
{
    int64_t by = key == '{' || key == '}'   ? MINUTE
                 : d->span_ns / 10 > SECOND ? d->span_ns / 10
                 : d->span_ns > 0           ? SECOND
                                            : 10 * SECOND;
    return key == '[' || key == '{' ? -by : by;
}

/* Within what the database holds. */
ACTION(step)
{
    const struct mt_snapshot *a = mt_dashboard_snapshot(d);
    if (d->config.replay) {
        /* from where it is going to, so that steps add up */
        int64_t at = mt_pace_wanted_ns(&d->pace, d->steady_ns);
        if (at == INT64_MAX)
            at = d->pace.fed_ns;
        if (d->pace.begun)
            mt_pace_seek(&d->pace, added(at, step_ns(d, key)), d->steady_ns);
        return mt_ask_anew(d);
    }
    if (a == NULL || a->rc != 0)
        return MT_DO_DRAW;
    if (d->span_ns == 0) {
        mt_dashboard_say(d, false, "the window is everything: W narrows it");
        return MT_DO_DRAW;
    }
    int64_t by = step_ns(d, key);
    int64_t end = added(d->end_ns != 0 ? d->end_ns : a->to_ns, by);
    int64_t least = added(a->info.first_ns, by > 0 ? by : -by);
    d->end_ns = end < least ? least : end;
    if (d->end_ns >= a->now_ns)
        d->end_ns = 0;
    return mt_ask_anew(d);
}

unsigned mt_go_live(struct mt_dashboard *d)
{
    d->end_ns = 0;
    if (d->config.replay) {
        mt_pace_pause(&d->pace, false, d->steady_ns);
        if (d->pace.begun)
            mt_pace_seek(&d->pace, d->pace.fed_ns, d->steady_ns);
    }
    return mt_ask_anew(d);
}

ACTION(live)
{
    (void)key;
    return mt_go_live(d);
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
#define LISTS (ON(SERVICES) | ON(ROUTES) | ON(TOPOLOGY) | ON(TAIL))
#define TABLES (ON(SERVICES) | ON(ROUTES) | ON(TAIL))
#define ALL (LISTS | ON(POLICY) | ON(CAPTURE) | ON(DETAIL))

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
     "in Detail: mark an exchange of its trace; Enter opens it",
     ON(DETAIL),
     act_span},
    {{'f', MT_KEY_F4},
     "f F4",
     "filter",
     "filter (its fields: meshtop explain filter)",
     ALL & ~ON(DETAIL),
     act_filter},
    {{'!'}, "!", NULL, "switch the filter off and on", ALL, act_filter_off},
    {{'+'}, "+", NULL, "add this cell, or row, to the filter", LISTS, act_add},
    {{MT_KEY_LEFT, MT_KEY_RIGHT},
     "Left Right",
     NULL,
     "choose a cell of the row, for +",
     TABLES,
     act_cell},
    {{'m'}, "m", NULL, "mark this row, unmark it", LISTS, act_mark},
    {{'m'}, NULL, NULL, NULL, ON(DETAIL), act_mark_shown},
    {{'M'}, "M", NULL, "filter: what is marked", LISTS, act_marked},
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
     act_window},
    {{'p', MT_KEY_SPACE},
     "p Space",
     "pause",
     "pause and go on",
     ALL & ~ON(DETAIL),
     act_pause},
    {{'[', ']'}, "[ ]", NULL, "a step back in time, forth", ALL, act_step},
    {{'{', '}'}, "{ }", NULL, "a minute back in time, forth", ALL, act_step},
    {{'.'}, ".", NULL, "back to now", ALL, act_live},
    {{'c'},
     "c",
     NULL,
     "copy: an exchange as curl, a row as filter",
     ALL,
     act_copy},
    {{'x', MT_KEY_F9},
     "x F9",
     "export",
     "write what the filter selects: pcapng, HAR, curl, JSONL, CSV",
     ALL,
     act_export},
    {{'X'},
     "X",
     NULL,
     "write what the selected row stands for",
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
    if (d->help || d->typing != MT_TYPING_NOT || !is_list(d))
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
