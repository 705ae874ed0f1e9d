/* The frame around every screen: header, filter line, footer, help. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/text_escape.h"
#include "base/text_time.h"
#include "tui/dashboard_impl.h"
#include "tui/graph.h"
#include "tui/page.h"

enum {
    SMALL_COLUMNS = 40,
    SMALL_ROWS = 10,
    LINE_BYTES = 8192,
    GRAPH_MAX = 60,
    OVERDUE_MS = 300,
};

#define SECOND INT64_C(1000000000)

/* ---- pieces of a line ---- */

struct pen {
    struct mt_canvas *c;
    size_t row, column;
};

static void put(struct pen *p, unsigned role, struct mt_span text)
{
    if (p->column < p->c->columns)
        p->column += mt_canvas_put(p->c, p->row, p->column,
                                   p->c->columns - p->column, text, role);
}

static void put_str(struct pen *p, unsigned role, const char *text)
{
    put(p, role, mt_span_str(text));
}

static void put_escaped(struct pen *p, unsigned role, const char *text,
                        size_t columns)
{
    uint8_t bytes[LINE_BYTES];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    (void)mt_put_escaped(&b, mt_span_str(text), columns);
    put(p, role, mt_buf_span(&b));
}

static void put_right(struct pen *p, unsigned role, struct mt_span text)
{
    size_t columns = mt_text_columns(text) + 1;
    if (p->column + columns + 1 > p->c->columns)
        return;
    mt_canvas_put_right(p->c, p->row, p->column, p->c->columns - p->column - 1,
                        text, role);
}

static struct mt_value_style style_of(const struct mt_dashboard *d)
{
    const struct mt_snapshot *a = mt_dashboard_snapshot(d);
    return (struct mt_value_style){.ascii = d->config.ascii,
                                   .offset_s =
                                       a != NULL ? mt_offset(d, a->to_ns) : 0};
}

/* A figure of a row, as tables show it: the same column, the same words. */
static void put_figure(const struct mt_dashboard *d, struct pen *p,
                       const char *label, const char *key, const char *unit,
                       const struct mt_row *row)
{
    const struct mt_screen *screen = &mt_screen_services;
    const struct mt_value_style style = style_of(d);
    for (size_t i = 0; i < screen->count; i++) {
        uint8_t bytes[64];
        struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
        if (strcmp(screen->columns[i].key, key) != 0)
            continue;
        struct mt_value v = screen->columns[i].get(row, NULL);
        put_str(p, MT_ROLE_DIM, label);
        mt_value_put(&b, &v, &style);
        put(p, mt_role_of_value(screen, i, row, &v), mt_buf_span(&b));
        if (v.known && v.number + (double)v.whole > 0)
            put_str(p, MT_ROLE_DIM, unit);
    }
}

/* ---- header ---- */

static const char dot[] = " \xc2\xb7 ";

/* After a dot: "2026-11-22 12:04:31 +01:00". Where there is no room for all of
 * it before the column `end`, as much as is whole. */
static void put_moment(struct pen *p, unsigned role, int64_t ns,
                       int32_t offset_s, size_t end)
{
    enum { DOT = 3, DAY = 11, CLOCK = 8 };
    char text[40];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    mt_put_rfc3339(&b, ns, offset_s, 0);
    if (b.len < 20)
        return;
    text[b.len] = '\0';
    text[10] = ' ';
    const char *zone = offset_s == 0 ? "UTC" : text + 19;
    size_t room = end > p->column + DOT ? end - p->column - DOT : 0;
    size_t from = room >= DAY + CLOCK ? 0 : DAY;
    if (room < CLOCK)
        return;
    put_str(p, MT_ROLE_DIM, dot);
    put(p, role,
        (struct mt_span){(const uint8_t *)text + from, DAY + CLOCK - from});
    if (DAY + CLOCK - from + 1 + strlen(zone) > room)
        return;
    put_str(p, role, " ");
    put_str(p, role, zone);
}

/* At the right end, over what is there: it matters more. */
static void put_state(struct pen *p, unsigned role, struct mt_span text)
{
    size_t columns = mt_text_columns(text);
    if (columns + 2 > p->c->columns)
        return;
    p->column = p->c->columns - columns - 2;
    put_str(p, role, " ");
    put(p, role, text);
    p->c->cells[p->row * p->c->columns + p->column].len = 0;
}

/* Returns its role. */
static unsigned tell_state(const struct mt_dashboard *d, int64_t steady_ns,
                           struct mt_buf *b)
{
    int64_t age = mt_elapsed_ns(d->asked_ns, steady_ns);
    if (d->config.once)
        return MT_ROLE_PLAIN;
    if (d->pending && age >= OVERDUE_MS * (SECOND / 1000)) {
        mt_put_str(b, "asking, ");
        mt_put_age(b, age);
    } else if (d->end_ns != 0 || d->pace.paused) {
        mt_put_str(b, "PAUSED");
    } else if (mt_pace_is_behind(&d->pace, steady_ns)) {
        mt_put_str(b, "reading");
    } else if (mt_pace_is_over(&d->pace, steady_ns)) {
        mt_put_str(b, "THE END");
        return MT_ROLE_STRONG;
    }
    return MT_ROLE_WARN;
}

/* " replay 10x" */
static void put_speed(const struct mt_dashboard *d, struct pen *p)
{
    char text[32];
    put_str(p, MT_ROLE_PLAIN, " replay ");
    (void)snprintf(text, sizeof text, "%gx", d->pace.speed);
    put_str(p, MT_ROLE_PLAIN, d->pace.speed > 0 ? text : "max");
}

static void draw_source(const struct mt_dashboard *d, struct pen *p,
                        int64_t steady_ns)
{
    const struct mt_snapshot *a = mt_dashboard_snapshot(d);
    char text[80], state_text[64];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    struct mt_buf state = mt_buf_of(state_text, sizeof state_text);
    unsigned role = tell_state(d, steady_ns, &state);
    size_t taken = state.len > 0 ? state.len + 2 : 0; /* it is ASCII */
    size_t others = 62; /* columns of the rest of the line */
    put_str(p, MT_ROLE_STRONG, " meshtop");
    put_str(p, MT_ROLE_DIM, dot);
    put_escaped(p, MT_ROLE_PLAIN, d->config.source,
                p->c->columns > others + 12 ? p->c->columns - others : 12);
    if (d->config.replay)
        put_speed(d, p);
    else if ((a != NULL && a->live) || d->config.growing)
        put_str(p, MT_ROLE_PLAIN, " live");
    put_str(p, MT_ROLE_DIM, dot);
    mt_put_window(&b, d);
    put(p, MT_ROLE_PLAIN, mt_buf_span(&b));
    if (a != NULL && a->rc == 0 && (a->live || mt_info_is_known(&a->info)))
        put_moment(p, d->end_ns != 0 ? MT_ROLE_WARN : MT_ROLE_PLAIN, a->to_ns,
                   mt_offset(d, a->to_ns),
                   p->c->columns > taken ? p->c->columns - taken : 0);
    if (state.len > 0)
        put_state(p, role, mt_buf_span(&state));
}

/* The newest buckets that fit; the last one is not over yet where rows still
 * come, and is left out. */
static void draw_graph(struct pen *p, const struct mt_answer *series)
{
    double values[GRAPH_MAX];
    uint8_t bytes[4 * GRAPH_MAX];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    size_t room =
        p->c->columns > p->column + 4 ? p->c->columns - p->column - 4 : 0;
    size_t count = series->count < room ? series->count : room;
    count = count < GRAPH_MAX ? count : GRAPH_MAX;
    if (count < 8)
        return;
    for (size_t i = 0; i < count; i++)
        values[i] =
            (double)series->rows[series->count - count + i].counts.exchanges;
    mt_put_graph(&b, values, count);
    p->column += 3;
    put(p, MT_ROLE_GRAPH, mt_buf_span(&b));
}

/* Every figure is then that of the connections that were decoded. */
static void put_sample(struct pen *p, uint32_t one_of)
{
    char text[48];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    if (one_of <= 1)
        return;
    p->column += 2;
    mt_put_str(&b, "sample 1/");
    mt_put_decimal(&b, one_of);
    put(p, MT_ROLE_WARN, mt_buf_span(&b));
}

static void draw_entry(const struct mt_dashboard *d, struct pen *p)
{
    const struct mt_snapshot *a = mt_dashboard_snapshot(d);
    char text[32];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    if (a == NULL)
        return;
    size_t gap = p->c->columns < 100 ? 2 : 3;
    static const struct {
        const char *label, *key, *unit;
    } figures[] = {{"entry ", "requests_per_s", " rps"},
                   {"ok ", "success_ratio", " %"},
                   {"p50 ", "latency_p50_ns", ""},
                   {"p99 ", "latency_p99_ns", ""},
                   {"open ", "open", ""}};
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        p->column += i > 0 ? gap : 1;
        put_figure(d, p, figures[i].label, figures[i].key, figures[i].unit,
                   &a->entry);
    }
    uint64_t lost = mt_snapshot_lost(a);
    if (lost == 0)
        mt_put_str(&b, d->config.ascii ? "0" : "\xc2\xb7");
    else
        mt_put_count(&b, lost);
    p->column += gap;
    put_str(p, MT_ROLE_DIM, "loss ");
    put(p, lost > 0 ? MT_ROLE_WARN : MT_ROLE_DIM, mt_buf_span(&b));
    put_sample(p, a->summary.coverage.sample_one_of);
    draw_graph(p, &a->series);
}

/* ---- the line over the list: the way here, the filter, the order ---- */

/* Of more exchanges than are kept: "newest 500 of 1 207", or, of the slowest,
 * "500 of 1 203". */
static void put_part(const struct mt_snapshot *a, struct mt_buf *b)
{
    if (a->exchanges_seen > a->exchanges_count &&
        a->request.topic != MT_TOPIC_SLOWEST)
        mt_put_str(b, "newest ");
}

/* How many there are is known where all of them were looked at, or where all
 * that the database holds is asked for. */
static void put_whole(const struct mt_snapshot *a, struct mt_buf *b)
{
    const struct mt_request *r = &a->request;
    bool slowest = r->topic == MT_TOPIC_SLOWEST;
    bool all = r->filter[0] == '\0' && r->span_ns == 0 && r->end_ns == 0;
    if (a->exchanges_seen <= a->exchanges_count)
        return;
    mt_put_str(b, " of ");
    if (!slowest && !(all && a->info.rows > a->exchanges_count)) {
        mt_put_str(b, "more");
        return;
    }
    mt_put_count(b, slowest ? a->exchanges_seen : a->info.rows);
}

/* "4 services, trouble first"; brief: "4 services" */
static void put_order(const struct mt_dashboard *d, bool brief,
                      struct mt_buf *b)
{
    const struct mt_level *l = &d->levels[d->depth];
    const struct mt_screen_class *screen = mt_class(d);
    const struct mt_sorting *s = &d->sorting[l->screen];
    size_t rows = 0;
    if (screen->columns == NULL || l->snapshot == NULL)
        return;
    for (size_t i = 0; i < l->lines.count; i++)
        rows += l->lines.list[i].row != NULL;
    put_part(l->snapshot, b);
    mt_put_count(b, rows);
    put_whole(l->snapshot, b);
    mt_put_char(b, ' ');
    mt_put_span(b, (struct mt_span){(const uint8_t *)screen->unit,
                                    strlen(screen->unit) - (rows == 1)});
    if (d->failing_only)
        mt_put_str(b, rows == 1 ? " that fails" : " that fail");
    if (screen->lead != NULL || brief)
        return;
    if (s->column >= 0) {
        mt_put_str(b, ", by ");
        mt_put_str(b, screen->columns->columns[s->column].title);
    } else if (l->topic == MT_TOPIC_SERVICES || l->screen == MT_SCREEN_ROUTES ||
               l->screen == MT_SCREEN_POLICY) {
        mt_put_str(b, ", trouble first");
    } else if (l->topic == MT_TOPIC_SLOWEST) {
        mt_put_str(b, ", slowest first");
    } else if (l->topic == MT_TOPIC_NEWEST) {
        mt_put_str(b, ", newest last");
    }
    if (s->inverted)
        mt_put_str(b, ", inverted");
}

static void draw_way(const struct mt_dashboard *d, struct pen *p)
{
    const struct mt_level *l = &d->levels[d->depth];
    char text[160];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    put_str(p, MT_ROLE_PLAIN, " ");
    for (size_t i = 0; i < d->depth; i++) {
        put_str(p, MT_ROLE_DIM, mt_screen_classes[d->levels[i].screen]->name);
        put_str(p, MT_ROLE_DIM, " \xe2\x80\xba ");
    }
    put_str(p, MT_ROLE_STRONG, mt_class(d)->name);
    if (l->filter[0] != '\0' && l->screen != MT_SCREEN_DETAIL) {
        p->column += 3;
        put_escaped(p, l->filter_off ? MT_ROLE_DIM : MT_ROLE_KEY, l->filter,
                    SIZE_MAX);
        put_str(p, MT_ROLE_WARN, l->filter_off ? "  (off)" : "");
    }
    put_order(d, false, &b);
    if (p->column + mt_text_columns(mt_buf_span(&b)) + 2 > p->c->columns) {
        b = mt_buf_of(text, sizeof text);
        put_order(d, true, &b);
    }
    put_right(p, MT_ROLE_DIM, mt_buf_span(&b));
}

/* ---- body ---- */

/* Keep the selected line in sight. */
static void scroll(struct mt_level *l, size_t rows)
{
    if (rows == 0 || l->lines.count <= rows)
        l->top = 0;
    else if (l->top > l->lines.count - rows)
        l->top = l->lines.count - rows;
    if (l->selected < l->top)
        l->top = l->selected;
    if (rows > 0 && l->selected >= l->top + rows)
        l->top = l->selected - rows + 1;
}

static void draw_list(struct mt_dashboard *d, struct mt_canvas *c,
                      struct mt_area area)
{
    struct mt_level *l = mt_level(d);
    size_t rows = area.rows > 0 ? area.rows - 1 : 0;
    scroll(l, rows);
    d->list_row = area.row + 1;
    d->rows_shown = rows;
    size_t count = l->lines.count - l->top;
    const struct mt_table t = {
        .screen = mt_class(d),
        .lines = l->lines.list + l->top,
        .count = count < rows ? count : rows,
        .selected = d->config.once ? SIZE_MAX : l->selected - l->top,
        .sort = d->sorting[l->screen].column,
        .cell = d->config.once ? 0 : l->cell,
        .marks = &d->marks,
        .screen_number = l->screen,
        .find = d->search,
        .style = style_of(d)};
    mt_table_draw(&t, &l->fit, c, area);
}

static void draw_page(struct mt_dashboard *d, struct mt_canvas *c,
                      struct mt_area area)
{
    struct mt_level *l = mt_level(d);
    const struct mt_pen pen = {.style = style_of(d),
                               .scroll = l->top,
                               .lines_out = &l->page_lines,
                               .marked = l->marked,
                               .trace_out = &l->trace_line};
    d->rows_shown = area.rows;
    d->list_row = area.row;
    mt_class(d)->draw(l->snapshot, c, area, &pen);
}

/* Below the list, from its last rows on; returns the rows taken. */
static size_t draw_notes(const struct mt_dashboard *d, struct mt_canvas *c,
                         struct mt_area area)
{
    enum { NOTE_ROWS = 4, ONCE_ROWS = 8 };
    const struct mt_level *l = &d->levels[d->depth];
    uint8_t bytes[1024];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    struct mt_span lines[ONCE_ROWS], rest;
    size_t most = area.rows / 4 < NOTE_ROWS ? area.rows / 4 : NOTE_ROWS;
    size_t n = 0, columns = area.columns - 2;
    mt_put_notes(l->snapshot, &b);
    rest = mt_buf_span(&b);
    (void)mt_span_take(&rest, rest.len > 0); /* the space before the first */
    most = d->config.once ? ONCE_ROWS : most;
    while (rest.len > 0 && n + 1 < most)
        lines[n++] = mt_take_line(&rest, columns);
    if (rest.len > 0 && n < most)
        lines[n++] = rest;
    size_t row = d->config.once ? l->lines.count + 2 : area.rows - n;
    for (size_t i = 0; i < n; i++)
        (void)mt_canvas_put(c, area.row + row + i, 1, columns, lines[i],
                            l->snapshot->complete ? MT_ROLE_DIM : MT_ROLE_WARN);
    return n;
}

static void draw_body(struct mt_dashboard *d, struct mt_canvas *c,
                      struct mt_area area)
{
    const struct mt_level *l = mt_level(d);
    const struct mt_snapshot *a = l->snapshot;
    if (a != NULL && a->rc == 0 && mt_class(d)->draw != NULL) {
        draw_page(d, c, area);
        return;
    }
    if (a == NULL || a->rc != 0 || l->lines.count == 0) {
        mt_draw_nothing(d, c, area);
        return;
    }
    area.rows -= draw_notes(d, c, area);
    draw_list(d, c, area);
}

/* ---- footer ---- */

/* key name: as htop writes them, or close together where room is scarce. */
static void put_key(struct pen *p, const char *key, const char *name,
                    unsigned role, bool close, size_t end)
{
    size_t columns = mt_text_columns(mt_span_str(key)) + !close +
                     mt_text_columns(mt_span_str(name)) + 1;
    if (p->column + columns > end)
        return;
    p->column++;
    put_str(p, MT_ROLE_KEY, key);
    p->column += !close;
    put_str(p, role, name);
}

/* On top, the screens; further in, what can be done here. */
static void draw_keys(const struct mt_dashboard *d, struct pen *p)
{
    enum { HELP_COLUMNS = 8 };
    unsigned screen = d->levels[d->depth].screen;
    size_t end = p->c->columns - HELP_COLUMNS;
    for (uint8_t i = 0; d->depth == 0 && i < MT_SCREEN_DETAIL; i++) {
        char key[2] = {(char)('1' + i), '\0'};
        put_key(p, key, mt_screen_classes[i]->name,
                i == screen ? MT_ROLE_STRONG : MT_ROLE_DIM, p->c->columns < 100,
                end);
    }
    if (d->depth > 0)
        put_key(p, "Esc", "back", MT_ROLE_DIM, false, end);
    for (size_t i = 0; i < mt_bindings_count; i++) {
        char key[MT_KEY_TEXT_BYTES];
        const struct mt_binding *b = &mt_bindings[i];
        if (b->footer != NULL && (b->screens & 1u << screen))
            put_key(p, mt_key_text(b->keys[0], key), b->footer, MT_ROLE_DIM,
                    false, end);
    }
    p->column = end;
    put_key(p, "?", "help", MT_ROLE_DIM, false, p->c->columns);
}

/* What is typed; the place that is wrong in red, why on the line above. */
static void draw_typing(const struct mt_dashboard *d, struct pen *p)
{
    static const char *const labels[] = {
        "", " filter: ", " search: ", " write to: ", " :"};
    char before[sizeof d->edit.text];
    const struct mt_edit *e = &d->edit;
    bool wrong = d->typing == MT_TYPING_FILTER && d->error.column > 0;
    struct mt_span rest = {(const uint8_t *)e->text, e->len};
    size_t start;
    put_str(p, MT_ROLE_KEY, labels[d->typing]);
    start = p->column;
    /* long texts are shown from where the cursor can be seen */
    memcpy(before, e->text, e->cursor);
    before[e->cursor] = '\0';
    size_t cursor = mt_text_columns(mt_span_str(before)), skip = 0;
    size_t room = p->c->columns > start + 2 ? p->c->columns - start - 2 : 1;
    skip = cursor > room ? cursor - room : 0;
    for (size_t at = 0, n = 1; rest.len > 0; n++) {
        struct mt_span one = rest;
        int w = mt_char_columns(mt_utf8_take(&rest));
        one.len -= rest.len;
        bool bad = wrong && n >= d->error.column &&
                   n < d->error.column + d->error.length;
        if (at >= skip && p->column + 2 < p->c->columns)
            put(p, bad ? MT_ROLE_BAD : MT_ROLE_PLAIN, one);
        at += w > 0 ? (size_t)w : w < 0;
    }
    size_t column = start + cursor - skip;
    if (column < p->c->columns)
        p->c->cells[p->row * p->c->columns + column].selected = true;
}

static void draw_typing_help(const struct mt_dashboard *d, struct pen *p)
{
    char text[600];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    bool wrong = d->typing == MT_TYPING_FILTER && d->error.column > 0;
    mt_canvas_clear_row(p->c, p->row);
    if (d->others[0] != '\0') {
        wrong = false;
        mt_put_char(&b, ' ');
        mt_put_str(&b, d->others);
    } else if (wrong) {
        mt_put_str(&b, " column ");
        mt_put_decimal(&b, d->error.column);
        mt_put_str(&b, ": ");
        (void)mt_put_escaped(&b, mt_span_str(d->error.text), 300);
    } else if (d->complaint[0] != '\0') {
        wrong = true;
        mt_put_char(&b, ' ');
        (void)mt_put_escaped(&b, mt_span_str(d->complaint), 300);
    } else if (d->typing == MT_TYPING_FILTER) {
        mt_put_str(&b, " Enter applies, Tab completes.  status=5xx and "
                       "lat>100ms, svc=cart, path~\"^/api\"");
    } else if (d->typing == MT_TYPING_COMMAND) {
        mt_put_str(&b, " Tab completes: tail, sort, window, at, filter, "
                       "export, ...  Esc leaves");
    } else if (d->typing == MT_TYPING_EXPORT) {
        mt_put_str(&b, d->export_one
                           ? " Enter writes this one: end the name in "
                             ".pcapng .har .curl .jsonl .csv"
                           : " Enter writes what filter and window select: "
                             ".pcapng .har .curl .jsonl .csv");
    } else {
        mt_put_str(&b, " Enter keeps it, then n and N; Esc leaves");
    }
    put(p, wrong ? MT_ROLE_WARN : MT_ROLE_DIM, mt_buf_span(&b));
}

/* On the line that sets the footer apart. */
static void draw_note(const struct mt_dashboard *d, struct mt_canvas *c)
{
    struct pen p = {c, c->rows - 2, 0};
    const char *text = d->note[0];
    if (mt_text_columns(mt_span_str(text)) + 2 > c->columns)
        text = d->note[1];
    put_str(&p, MT_ROLE_PLAIN, " ");
    put_escaped(&p, d->note_trouble ? MT_ROLE_WARN : MT_ROLE_DIM, text,
                c->columns - 2);
}

/* What is too wide for the last line begins above it. */
static void draw_message(const struct mt_dashboard *d, struct mt_canvas *c)
{
    enum { MESSAGE_ROWS = 3 };
    uint8_t bytes[4 * MESSAGE_BYTES];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    struct mt_span lines[MESSAGE_ROWS];
    size_t n = 0;
    (void)mt_put_escaped(&b, mt_span_str(d->message), SIZE_MAX);
    struct mt_span rest = mt_buf_span(&b);
    while (rest.len > 0 && n + 1 < MESSAGE_ROWS)
        lines[n++] = mt_take_line(&rest, c->columns - 1);
    if (rest.len > 0)
        lines[n++] = rest;
    for (size_t i = 0; i < n; i++) {
        struct pen p = {c, c->rows - n + i, 1};
        mt_canvas_clear_row(c, p.row);
        put(&p, d->trouble ? MT_ROLE_WARN : MT_ROLE_STRONG, lines[i]);
    }
}

static void draw_footer(const struct mt_dashboard *d, struct mt_canvas *c)
{
    struct pen p = {c, c->rows - 1, 0}, above = {c, c->rows - 2, 0};
    if (d->typing != MT_TYPING_NOT) {
        draw_typing_help(d, &above);
        draw_typing(d, &p);
    } else if (d->message[0] != '\0') {
        draw_message(d, c);
    } else if (!d->zoomed) {
        draw_keys(d, &p);
    }
}

/* ---- the whole ---- */

/* Where a screen does not fit: success, rate, p99. */
static void draw_small(const struct mt_dashboard *d, struct mt_canvas *c)
{
    struct pen p = {c, 0, 0};
    const struct mt_snapshot *a = mt_dashboard_snapshot(d);
    if (a == NULL || a->rc != 0)
        return;
    put_figure(d, &p, "ok ", "success_ratio", "%", &a->entry);
    put_figure(d, &p, " rps ", "requests_per_s", "", &a->entry);
    put_figure(d, &p, " p99 ", "latency_p99_ns", "", &a->entry);
}

void mt_dashboard_draw(struct mt_dashboard *d, struct mt_canvas *c,
                       int64_t steady_ns)
{
    struct mt_area area = {3, c->rows, c->columns};
    c->ascii = d->config.ascii;
    mt_canvas_clear(c);
    if (c->columns < SMALL_COLUMNS || c->rows < SMALL_ROWS) {
        draw_small(d, c);
        return;
    }
    if (d->help) {
        mt_draw_help(d, c);
        return;
    }
    struct pen source = {c, 0, 0}, entry = {c, 1, 0}, way = {c, 2, 0};
    if (d->zoomed) {
        way.row = 0;
        area.row = 1;
    } else {
        draw_source(d, &source, steady_ns);
        draw_entry(d, &entry);
    }
    draw_way(d, &way);
    /* an empty line sets the footer apart, where there is room */
    size_t below = d->config.once ? 0 : c->rows > 16 ? 2 : 1;
    area.rows = c->rows - area.row - below;
    draw_body(d, c, area);
    if (d->note[0][0] != '\0' && below == 2 && !d->zoomed)
        draw_note(d, c);
    if (!d->config.once)
        draw_footer(d, c);
}
