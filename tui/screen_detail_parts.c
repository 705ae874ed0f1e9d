/* Detail: what stands between the exchange's own lines. */
#include "decode/explain_page.h"
#include "tui/detail.h"

enum { LINE_BYTES = 4096, NARROW = 60, INDENT_NARROW = 1 };

size_t mt_detail_indent(const struct mt_page *p)
{
    return p->area.columns < NARROW ? INDENT_NARROW : MT_EXPLAIN_LABEL_COLUMNS;
}

void mt_detail_line(struct mt_page *p, const char **label, unsigned role,
                    struct mt_span line)
{
    size_t indent = mt_detail_indent(p);
    if (**label != '\0') {
        mt_page_str(p, MT_ROLE_DIM, " ");
        mt_page_str(p, MT_ROLE_DIM, *label);
        if (indent < MT_EXPLAIN_LABEL_COLUMNS)
            mt_page_end(p);
        *label = "";
    }
    p->column = indent;
    mt_page_put(p, role, line);
    mt_page_end(p);
}

void mt_detail_notes(struct mt_page *p, const char **label,
                     struct mt_span notes)
{
    while (notes.len > 0) {
        mt_detail_line(p, label, MT_ROLE_DIM,
                       mt_span_take(&notes, mt_span_find(notes, '\n')));
        (void)mt_span_take(&notes, 1);
    }
}

void mt_detail_looking(struct mt_page *p, const struct mt_exchange *x)
{
    static const uint8_t none[sizeof x->trace_id];
    const char *label = "trace";
    if (memcmp(x->trace_id, none, sizeof none) != 0 || x->request_id.len > 0)
        mt_detail_line(p, &label, MT_ROLE_DIM, MT_SPAN("looking ..."));
}

void mt_detail_attempts(struct mt_page *p, const struct mt_attempts *a)
{
    char bytes[LINE_BYTES];
    const char *label = "attempts";
    size_t columns = p->area.columns - mt_detail_indent(p) - 1;
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    for (size_t i = 0; i < a->count; i++) {
        b.len = 0;
        mt_attempts_put_line(&b, a, i, columns);
        mt_detail_line(p, &label,
                       a->list[i].outcome == MT_OUTCOME_FAILURE ? MT_ROLE_BAD
                                                                : MT_ROLE_PLAIN,
                       mt_buf_span(&b));
    }
    b.len = 0;
    mt_attempts_put_notes(&b, a);
    mt_detail_notes(p, &label, mt_buf_span(&b));
}

static unsigned role_of(const struct mt_trace_span *s)
{
    if (s->outcome == MT_OUTCOME_FAILURE)
        return MT_ROLE_BAD;
    return s->here ? MT_ROLE_STRONG : MT_ROLE_PLAIN;
}

void mt_detail_trace(struct mt_page *p, const struct mt_trace *t,
                     const struct mt_pen *pen)
{
    char bytes[LINE_BYTES];
    const char *label = "trace";
    size_t columns = p->area.columns - mt_detail_indent(p) - 1;
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    if (t->key == MT_TRACE_NO_KEY)
        return;
    *pen->trace_out = p->line + (mt_detail_indent(p) == INDENT_NARROW);
    for (size_t i = 0; t->seen > 1 && i < t->count; i++) {
        const struct mt_trace_span *s = &t->spans[i];
        b.len = 0;
        mt_trace_put_line(&b, t, i, columns);
        mt_detail_line(p, &label, role_of(s), mt_buf_span(&b));
        if (s->id == pen->marked)
            mt_page_select(p);
    }
    b.len = 0;
    mt_trace_put_notes(&b, t);
    mt_detail_notes(p, &label, mt_buf_span(&b));
}

void mt_detail_ladder(struct mt_page *p, const struct mt_ladder *l,
                      const struct mt_exchange *x)
{
    char bytes[LINE_BYTES];
    const char *label = "packets";
    size_t columns = p->area.columns - mt_detail_indent(p) - 1;
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    for (size_t i = 0; i < mt_ladder_lines(l); i++) {
        b.len = 0;
        mt_ladder_put_line(&b, l, x, i, columns);
        mt_detail_line(p, &label,
                       mt_ladder_is_trouble(l, i) ? MT_ROLE_WARN
                                                  : MT_ROLE_PLAIN,
                       mt_buf_span(&b));
    }
    b.len = 0;
    mt_ladder_put_notes(&b, l);
    mt_detail_notes(p, &label, mt_buf_span(&b));
}
