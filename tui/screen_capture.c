/* 6 Capture: what the numbers stand on, and what was lost on the way. */
#include "base/text.h"
#include "base/text_escape.h"
#include "base/text_time.h"
#include "tui/page.h"

enum { TEXT_BYTES = 1100, NAME_LEAST = 22, FEW_SOURCES = 3, BESIDE = 11 };

static bool arrange(const struct mt_snapshot *a, bool failing_only,
                    struct mt_lines *lines)
{
    (void)a, (void)failing_only;
    return mt_lines_reserve(lines, 0);
}

/* ---- sources ---- */

/* The columns behind the name, the most important first: of a narrow screen the
 * last are left out. */
struct figures {
    size_t count; /* that fit */
    size_t name;  /* columns of it */
};

enum { PACKETS, SIZE, FIRST, LASTS, FIGURES };

static const struct {
    const char *title;
    size_t columns; /* with the gap before it */
} figures[FIGURES] = {[PACKETS] = {"PACKETS", 11},
                      [SIZE] = {"SIZE", 9},
                      [FIRST] = {"FIRST", 21},
                      [LASTS] = {"LASTS", 9}};

static struct figures fit_figures(const struct mt_page *p,
                                  const struct mt_snapshot *a)
{
    size_t columns = p->area.columns > 2 ? p->area.columns - 2 : 0;
    size_t taken = 0, widest = NAME_LEAST;
    struct figures f = {.count = 0};
    while (f.count < FIGURES &&
           taken + figures[f.count].columns + NAME_LEAST <= columns)
        taken += figures[f.count++].columns;
    for (size_t i = 0; i < a->sources_count; i++) {
        size_t w = mt_text_columns(mt_span_str(a->sources[i].path));
        widest = w > widest ? w : widest;
    }
    f.name = columns - taken < widest ? columns - taken : widest;
    return f;
}

/* Of a path its end tells which one it is. */
static void put_name(struct mt_page *p, const char *path, size_t columns)
{
    char text[TEXT_BYTES];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    struct mt_span end = mt_span_str(path);
    size_t wide = mt_text_columns(end);
    bool cut = wide > columns;
    while (cut && wide + 1 > columns && end.len > 0) {
        int w = mt_char_columns(mt_utf8_take(&end));
        size_t taken = w > 0 ? (size_t)w : w < 0;
        wide -= taken < wide ? taken : wide;
    }
    if (cut)
        mt_put_str(&b, "\xe2\x80\xa6");
    (void)mt_put_escaped(&b, end, columns - cut);
    mt_page_tab(p, 1);
    mt_page_put(p, MT_ROLE_PLAIN, mt_buf_span(&b));
}

static void put_first(struct mt_buf *b, int64_t ns, int32_t offset_s)
{
    enum { SECONDS = 19 };
    char text[40];
    struct mt_buf t = mt_buf_of(text, sizeof text);
    mt_put_rfc3339(&t, ns, offset_s, 0);
    if (t.len < SECONDS)
        return;
    text[10] = ' ';
    mt_put_span(b, (struct mt_span){(const uint8_t *)text, SECONDS});
}

static void put_figure(struct mt_buf *b, size_t figure,
                       const struct mt_source_kept *k, int32_t offset_s)
{
    if (figure == PACKETS)
        mt_put_count(b, k->packets);
    else if (figure == SIZE)
        mt_put_bytes(b, k->size_bytes);
    else if (k->packets == 0)
        return; /* when is not known: 1970 is a time */
    else if (figure == FIRST)
        put_first(b, k->first_ns, offset_s);
    else
        mt_put_age(b, mt_moments_ns(k->first_ns, k->last_ns));
}

static void put_source(struct mt_page *p, const struct mt_source_kept *k,
                       struct figures f, int32_t offset_s)
{
    size_t end = 1 + f.name;
    put_name(p, k->path, f.name);
    for (size_t i = 0; i < f.count; i++) {
        char text[64];
        struct mt_buf b = mt_buf_of(text, sizeof text);
        put_figure(&b, i, k, offset_s);
        end += figures[i].columns;
        mt_page_right(p, end, MT_ROLE_PLAIN, mt_buf_span(&b));
    }
    mt_page_end(p);
}

static void put_titles(struct mt_page *p, struct figures f)
{
    size_t end = 1 + f.name;
    mt_page_str(p, MT_ROLE_TITLE, " SOURCE");
    for (size_t i = 0; i < f.count; i++) {
        end += figures[i].columns;
        mt_page_right(p, end, MT_ROLE_TITLE, mt_span_str(figures[i].title));
    }
    mt_page_end(p);
}

static void put_more(struct mt_page *p, uint64_t n)
{
    char text[64];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    mt_put_str(&b, " and ");
    mt_put_count(&b, n);
    mt_put_str(&b, " more");
    mt_page_put(p, MT_ROLE_DIM, mt_buf_span(&b));
    mt_page_end(p);
}

static void put_sources(struct mt_page *p, const struct mt_snapshot *a,
                        int32_t offset_s)
{
    struct figures f = fit_figures(p, a);
    put_titles(p, f);
    for (size_t i = 0; i < a->sources_count; i++)
        put_source(p, &a->sources[i], f, offset_s);
    if (a->sources_seen > a->sources_count)
        put_more(p, a->sources_seen - a->sources_count);
    if (a->sources_count == 0) {
        mt_page_str(p, MT_ROLE_DIM, " none is noted in this database");
        mt_page_end(p);
    }
    mt_page_end(p);
}

/* ---- losses ---- */

static bool is_in_bytes(unsigned loss)
{
    return loss == MT_LOSS_GAP || loss == MT_LOSS_UNDECODED;
}

static void put_loss(struct mt_page *p, unsigned loss, uint64_t lost)
{
    char text[40];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    if (lost == 0)
        mt_put_str(&b, p->canvas->ascii ? "0" : "\xc2\xb7");
    else if (is_in_bytes(loss))
        mt_put_bytes(&b, lost);
    else
        mt_put_count(&b, lost);
    mt_page_right(p, 14, lost > 0 ? MT_ROLE_WARN : MT_ROLE_DIM,
                  mt_buf_span(&b));
    mt_page_tab(p, 16);
    mt_page_str(p, MT_ROLE_PLAIN, mt_loss_text(loss));
    mt_page_tab(p, 29);
    mt_page_str(p, MT_ROLE_DIM, mt_loss_help(loss));
    mt_page_end(p);
}

static void put_losses_title(struct mt_page *p, const char *title)
{
    mt_page_right(p, 14, MT_ROLE_TITLE, mt_span_str(title));
    mt_page_end(p);
}

/* Those of which something was lost, or the others. Returns how many. */
static size_t put_losses(struct mt_page *p, const struct mt_snapshot *a,
                         bool lost)
{
    size_t n = 0;
    for (unsigned i = 0; i < MT_LOSS_COUNT; i++)
        if ((a->losses[i] > 0) == lost) {
            put_loss(p, i, a->losses[i]);
            n++;
        }
    return n;
}

/* ---- the database ---- */

/* Figures are whole: what does not fit is on the next line. */
static void put_fitting(struct mt_page *p, struct mt_buf *figure, bool last)
{
    size_t columns = mt_text_columns(mt_buf_span(figure));
    if (p->column + 1 + columns + !last > p->area.columns &&
        p->column > BESIDE) {
        mt_page_end(p);
        p->column = BESIDE - 1;
    }
    p->column++;
    mt_page_put(p, MT_ROLE_PLAIN, mt_buf_span(figure));
    if (!last)
        mt_page_str(p, MT_ROLE_PLAIN, ",");
}

static void put_database(struct mt_page *p, const struct mt_store_info *info)
{
    const struct {
        uint64_t n;
        const char *one, *many;
    } list[] = {{info->rows, " exchange", " exchanges"},
                {info->services, " service", " services"},
                {info->routes, " route", " routes"},
                {info->cells, " cell of rollups", " cells of rollups"}};
    char text[64];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    mt_page_str(p, MT_ROLE_TITLE, " DATABASE ");
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        b.len = 0;
        mt_put_count(&b, list[i].n);
        mt_put_str(&b, list[i].n == 1 ? list[i].one : list[i].many);
        put_fitting(p, &b, false);
    }
    b.len = 0;
    mt_put_bytes(&b, info->file_bytes);
    put_fitting(p, &b, true);
    mt_page_end(p);
    mt_page_end(p);
}

/* What was lost is in sight without a step down: of many sources it stands
 * above them, and what was not lost below. */
static void draw(const struct mt_snapshot *a, struct mt_canvas *c,
                 struct mt_area area, const struct mt_pen *pen)
{
    struct mt_page p = {.canvas = c, .area = area, .scroll = pen->scroll};
    bool few = a->sources_count <= FEW_SOURCES;
    if (few)
        put_sources(&p, a, pen->style.offset_s);
    put_database(&p, &a->info);
    put_losses_title(&p, "LOST");
    if (put_losses(&p, a, true) == 0 && !few) {
        mt_page_str(&p, MT_ROLE_DIM, " nothing");
        mt_page_end(&p);
    }
    if (!few) {
        mt_page_end(&p);
        put_sources(&p, a, pen->style.offset_s);
        put_losses_title(&p, "NOT LOST");
    }
    (void)put_losses(&p, a, false);
    *pen->lines_out = p.line;
}

const struct mt_screen_class mt_screen_class_capture = {
    .name = "Capture",
    .unit = "sources",
    .topic = MT_TOPIC_CAPTURE,
    .drilled_topic = MT_TOPIC_CAPTURE,
    .opens = MT_SCREEN_NONE,
    .arrange = arrange,
    .draw = draw,
};
