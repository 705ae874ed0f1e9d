/* The trace in Detail: which of its exchanges is marked, and going there. */
#include "tui/dashboard_impl.h"

static const struct mt_trace *trace_of(const struct mt_level *l)
{
    const struct mt_snapshot *a = l->snapshot;
    bool answered = a != NULL && a->rc == 0 && a->request.id == l->id;
    return answered && a->trace.seen > 1 ? &a->trace : NULL;
}

/* The marked one; where none is, the one that is shown. */
static size_t find_marked(const struct mt_level *l, const struct mt_trace *t)
{
    size_t here = 0;
    for (size_t i = 0; i < t->count; i++) {
        if (t->spans[i].id == l->marked)
            return i;
        if (t->spans[i].here)
            here = i;
    }
    return here;
}

static void bring_into_sight(const struct mt_dashboard *d, struct mt_level *l,
                             size_t line)
{
    if (line < l->top)
        l->top = line;
    else if (d->rows_shown > 0 && line >= l->top + d->rows_shown)
        l->top = line - d->rows_shown + 1;
}

unsigned mt_detail_mark(struct mt_dashboard *d, int by)
{
    struct mt_level *l = mt_level(d);
    const struct mt_trace *t = trace_of(l);
    if (t == NULL || t->count < 2) {
        mt_dashboard_say(d, false, "no other exchange of its trace is known");
        return MT_DO_DRAW;
    }
    size_t at = (find_marked(l, t) + (by > 0 ? 1 : t->count - 1)) % t->count;
    l->marked = t->spans[at].id;
    bring_into_sight(d, l, l->trace_line + at);
    return MT_DO_DRAW;
}

unsigned mt_detail_open(struct mt_dashboard *d)
{
    struct mt_level *l = mt_level(d);
    uint64_t id = l->marked;
    if (id == 0 || id == l->id) {
        mt_dashboard_say(d, false, "t marks an exchange of its trace to open");
        return MT_DO_DRAW;
    }
    l->marked = 0;
    if (d->depth + 1 < LEVELS_MAX)
        return mt_open_exchange(d, id);
    l->id = id; /* so deep it takes the place of the one shown */
    l->top = 0;
    return mt_ask_anew(d);
}

unsigned mt_detail_click(struct mt_dashboard *d, size_t row)
{
    struct mt_level *l = mt_level(d);
    const struct mt_trace *t = trace_of(l);
    if (t == NULL || row < d->list_row || row - d->list_row >= d->rows_shown)
        return 0;
    size_t line = row - d->list_row + l->top;
    if (line < l->trace_line || line - l->trace_line >= t->count)
        return 0;
    uint64_t id = t->spans[line - l->trace_line].id;
    if (id == l->marked)
        return mt_detail_open(d);
    l->marked = id;
    return MT_DO_DRAW;
}
