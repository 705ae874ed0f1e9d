/* 6 Capture: what the numbers stand on, and what was lost on the way. */
#include "base/text.h"
#include "base/text_escape.h"
#include "base/text_time.h"
#include "tui/page.h"

enum { TEXT_BYTES = 1100, SOURCE_COLUMNS = 34 };

static bool arrange(const struct mt_snapshot *a, bool failing_only,
                    struct mt_lines *lines)
{
    (void)a, (void)failing_only;
    return mt_lines_reserve(lines, 0);
}

enum figure { COUNT, BYTES, CLOCK, AGE };

static void put_figure(struct mt_page *p, size_t end, enum figure kind,
                       int64_t n, int32_t offset_s)
{
    char text[64];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    uint64_t size = n > 0 ? (uint64_t)n : 0;
    if (kind == COUNT)
        mt_put_count(&b, size);
    else if (kind == BYTES)
        mt_put_bytes(&b, size);
    else if (kind == AGE)
        mt_put_age(&b, n > 0 ? n : 0);
    else
        mt_put_clock(&b, n, offset_s, 3);
    mt_page_right(p, end, MT_ROLE_PLAIN, mt_buf_span(&b));
}

static void put_source(struct mt_page *p, const struct mt_source_kept *k,
                       int32_t offset_s)
{
    char text[TEXT_BYTES];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    (void)mt_put_escaped(&b, mt_span_str(k->path), SOURCE_COLUMNS);
    mt_page_tab(p, 1);
    mt_page_put(p, MT_ROLE_PLAIN, mt_buf_span(&b));
    put_figure(p, SOURCE_COLUMNS + 10, COUNT, (int64_t)(k->packets & INT64_MAX),
               0);
    put_figure(p, SOURCE_COLUMNS + 19, BYTES,
               (int64_t)(k->size_bytes & INT64_MAX), 0);
    if (k->first_ns != 0) {
        put_figure(p, SOURCE_COLUMNS + 33, CLOCK, k->first_ns, offset_s);
        put_figure(p, SOURCE_COLUMNS + 42, AGE,
                   mt_elapsed_ns(k->first_ns, k->last_ns), 0);
    }
    mt_page_end(p);
}

static void put_sources(struct mt_page *p, const struct mt_snapshot *a,
                        int32_t offset_s)
{
    static const struct {
        const char *title;
        size_t end;
    } titles[] = {{"PACKETS", SOURCE_COLUMNS + 10},
                  {"SIZE", SOURCE_COLUMNS + 19},
                  {"FIRST", SOURCE_COLUMNS + 33},
                  {"LASTS", SOURCE_COLUMNS + 42}};
    mt_page_str(p, MT_ROLE_TITLE, " SOURCE");
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        mt_page_right(p, titles[i].end, MT_ROLE_TITLE,
                      mt_span_str(titles[i].title));
    mt_page_end(p);
    for (size_t i = 0; i < a->sources_count; i++)
        put_source(p, &a->sources[i], offset_s);
    if (a->sources_count == 0) {
        mt_page_str(p, MT_ROLE_DIM, " none is noted in this database");
        mt_page_end(p);
    }
    mt_page_end(p);
}

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

/* What was lost comes first: a small screen has not all of them. */
static void put_losses(struct mt_page *p, const struct mt_snapshot *a)
{
    mt_page_right(p, 14, MT_ROLE_TITLE, MT_SPAN("LOST"));
    mt_page_end(p);
    for (unsigned i = 0; i < MT_LOSS_COUNT; i++)
        if (a->losses[i] > 0)
            put_loss(p, i, a->losses[i]);
    for (unsigned i = 0; i < MT_LOSS_COUNT; i++)
        if (a->losses[i] == 0)
            put_loss(p, i, 0);
}

static void put_database(struct mt_page *p, const struct mt_store_info *info)
{
    const struct {
        uint64_t n;
        const char *what;
    } list[] = {{info->rows, " exchanges"},
                {info->services, " services"},
                {info->routes, " routes"},
                {info->cells, " cells of rollups"}};
    char text[256];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    mt_put_str(&b, "holds ");
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        mt_put_count(&b, list[i].n);
        mt_put_str(&b, list[i].what);
        mt_put_str(&b, ", ");
    }
    mt_put_bytes(&b, info->file_bytes);
    mt_page_str(p, MT_ROLE_TITLE, " DATABASE  ");
    mt_page_put(p, MT_ROLE_PLAIN, mt_buf_span(&b));
    mt_page_end(p);
    mt_page_end(p);
}

static void draw(const struct mt_snapshot *a, struct mt_canvas *c,
                 struct mt_area area, const struct mt_pen *pen)
{
    struct mt_page p = {.canvas = c, .area = area, .scroll = pen->scroll};
    put_sources(&p, a, pen->style.offset_s);
    put_database(&p, &a->info);
    put_losses(&p, a);
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
