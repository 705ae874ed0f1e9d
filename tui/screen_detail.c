/* Detail: one exchange, in words; the bar shows where its time went. */
#include "base/text.h"
#include "base/text_escape.h"
#include "decode/explain_page.h"
#include "tui/detail.h"

enum { PHASES = 3, LABEL_BYTES = 48, BAR_ENDS = 4, BAR_LEAST = 24 };

static bool arrange(const struct mt_snapshot *a, bool failing_only,
                    struct mt_lines *lines)
{
    (void)a, (void)failing_only;
    return mt_lines_reserve(lines, 0);
}

struct phase {
    int64_t ns; /* -1 not known */
    char label[LABEL_BYTES];
    size_t label_len, columns;
};

static int64_t between(int64_t from_ns, int64_t to_ns)
{
    return from_ns != 0 && to_ns != 0 ? mt_elapsed_ns(from_ns, to_ns) : -1;
}

/* A connection, or a response that did not wait for all of its request: their
 * time is told once. */
static bool is_both_ways(const struct mt_exchange *x)
{
    return x->req.end_ns != 0 && x->resp.start_ns != 0 && x->resp.end_ns != 0 &&
           x->resp.start_ns < x->req.end_ns;
}

static void find_spans(const struct mt_exchange *x, const char **names,
                       int64_t *ns)
{
    bool longer = x->req.end_ns > x->resp.end_ns; /* the request */
    int64_t first = longer ? x->resp.end_ns : x->req.end_ns;
    int64_t last = longer ? x->req.end_ns : x->resp.end_ns;
    bool both = is_both_ways(x);
    names[0] = "request ";
    names[1] = both ? "both ways " : "waiting ";
    names[2] = both && longer ? "request " : "response ";
    ns[0] = between(x->req.start_ns, both ? x->resp.start_ns : x->req.end_ns);
    ns[1] = both ? between(x->resp.start_ns, first)
                 : between(x->req.end_ns, x->resp.start_ns);
    ns[2] =
        both ? between(first, last) : between(x->resp.start_ns, x->resp.end_ns);
}

/* Returns the columns that the labels alone take. */
static size_t find_phases(const struct mt_exchange *x, struct phase *phases)
{
    const char *names[PHASES];
    int64_t ns[PHASES];
    size_t sum = 0;
    find_spans(x, names, ns);
    for (size_t i = 0; i < PHASES; i++) {
        struct phase *p = &phases[i];
        struct mt_buf b = mt_buf_of(p->label, sizeof p->label);
        *p = (struct phase){.ns = ns[i]};
        if (ns[i] < 0)
            continue;
        mt_put_str(&b, names[i]);
        mt_put_latency(&b, ns[i]);
        p->label_len = b.len;
        p->columns = mt_text_columns(mt_buf_span(&b)) + BAR_ENDS;
        sum += p->columns;
    }
    return sum;
}

static void put_times(struct mt_page *p, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        mt_page_str(p, MT_ROLE_GRAPH, text);
}

static void put_phase(struct mt_page *p, const struct phase *phase,
                      size_t extra)
{
    static const char line[] = "\xe2\x94\x80";
    mt_page_str(p, MT_ROLE_GRAPH, "\xe2\x94\x9c");
    put_times(p, line, extra / 2);
    mt_page_str(p, MT_ROLE_PLAIN, " ");
    mt_page_put(
        p, MT_ROLE_PLAIN,
        (struct mt_span){(const uint8_t *)phase->label, phase->label_len});
    mt_page_str(p, MT_ROLE_PLAIN, " ");
    put_times(p, line, extra - extra / 2);
    mt_page_str(p, MT_ROLE_GRAPH, "\xe2\x94\xa4");
}

/* Each phase is as wide as its label, and what is left is shared out by how
 * long they took. */
static void put_bar(struct mt_page *p, const struct mt_exchange *x)
{
    struct phase phases[PHASES];
    size_t labels = find_phases(x, phases);
    size_t width = p->area.columns - (p->area.columns > 100 ? 20 : 2);
    double all = 0;
    if (labels < BAR_LEAST || labels > width)
        return;
    for (size_t i = 0; i < PHASES; i++)
        all += phases[i].ns > 0 ? (double)phases[i].ns : 0;
    mt_page_tab(p, 1);
    for (size_t i = 0; i < PHASES; i++) {
        double share = all > 0 ? (double)phases[i].ns / all : 0;
        if (phases[i].ns >= 0)
            put_phase(p, &phases[i],
                      (size_t)(share * (double)(width - labels)));
    }
    mt_page_end(p);
    mt_page_end(p);
}

struct writer {
    struct mt_page *page;
    const struct mt_exchange *x;
};

enum { LABEL_COLUMNS = MT_EXPLAIN_LABEL_COLUMNS };

/* The characters that fit into some columns, up to the last space if there is
 * one far enough in. */
static struct mt_span take_columns(struct mt_span *text, size_t columns)
{
    struct mt_span rest = *text;
    size_t used = 0, fits = 0, space = 0;
    while (rest.len > 0) {
        int w = mt_char_columns(mt_utf8_take(&rest));
        used += w > 0 ? (size_t)w : w < 0;
        if (used > columns)
            break; /* be it the last one */
        fits = text->len - rest.len;
        if (text->ptr[fits - 1] == ' ')
            space = fits;
    }
    if (used > columns && space > fits / 2)
        fits = space;
    return mt_span_take(text, fits > 0 ? fits : text->len);
}

/* Long texts go on below themselves. */
static void put_wrapped(struct mt_page *p, struct mt_span text)
{
    size_t room = p->area.columns > (size_t)2 * LABEL_COLUMNS
                      ? p->area.columns - LABEL_COLUMNS - 1
                      : p->area.columns;
    do {
        struct mt_span line = take_columns(&text, room);
        while (line.len > 0 && line.ptr[line.len - 1] == ' ')
            line.len--;
        p->column = LABEL_COLUMNS;
        mt_page_put(p, MT_ROLE_PLAIN, line);
        mt_page_end(p);
    } while (text.len > 0);
}

/* " label      text": the label is dim; the first line is the title. */
static int each_line(void *arg, struct mt_span line)
{
    struct writer *w = arg;
    struct mt_page *p = w->page;
    if (p->line == 0) {
        mt_page_put(p,
                    w->x->outcome == MT_OUTCOME_FAILURE ? MT_ROLE_BAD
                                                        : MT_ROLE_STRONG,
                    line);
        mt_page_end(p);
        mt_page_end(p);
        put_bar(p, w->x);
        return 0;
    }
    size_t label = line.len < LABEL_COLUMNS ? line.len : LABEL_COLUMNS;
    mt_page_put(p, MT_ROLE_DIM, mt_span_take(&line, label));
    put_wrapped(p, line);
    return 0;
}

static void draw(const struct mt_snapshot *a, struct mt_canvas *c,
                 struct mt_area area, const struct mt_pen *pen)
{
    struct mt_page p = {.canvas = c, .area = area, .scroll = pen->scroll};
    struct writer w = {.page = &p};
    if (a->exchanges_count == 0)
        return;
    w.x = &a->exchanges[0].x;
    const struct mt_sink sink = {each_line, &w};
    mt_explain_head(w.x, sink);
    if (a->request.brief)
        mt_detail_looking(&p, w.x);
    else
        mt_detail_attempts(&p, &a->attempts);
    mt_detail_trace(&p, &a->trace, pen);
    mt_explain_facts(w.x, pen->style.offset_s, sink);
    if (a->ladder != NULL)
        mt_detail_ladder(&p, a->ladder, w.x);
    mt_explain_fields(w.x, sink);
    *pen->lines_out = p.line;
}

const struct mt_screen_class mt_screen_class_detail = {
    .name = "Detail",
    .unit = "exchanges",
    .topic = MT_TOPIC_EXCHANGE,
    .drilled_topic = MT_TOPIC_EXCHANGE,
    .opens = MT_SCREEN_NONE,
    .arrange = arrange,
    .draw = draw,
};
