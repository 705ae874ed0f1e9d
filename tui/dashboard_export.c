/* Export: what is selected, under which name. */
#include "base/text_time.h"
#include "tui/dashboard_impl.h"

/* One exchange. */
static void put_id_term(struct mt_buf *b, uint64_t id)
{
    mt_put_str(b, "id=");
    mt_put_decimal(b, id);
}

/* False: the row selects nothing that a filter could say. */
static bool select_row(struct mt_dashboard *d)
{
    const struct mt_level *l = mt_level(d);
    const struct mt_line *line = mt_level_line(l);
    struct mt_buf b = mt_buf_of(d->export_filter, sizeof d->export_filter - 1);
    if (l->screen != MT_SCREEN_TAIL && l->screen != MT_SCREEN_DETAIL)
        return mt_drilled_filter(d, d->export_filter, sizeof d->export_filter);
    if (l->screen == MT_SCREEN_TAIL && line == NULL)
        return false;
    put_id_term(&b, l->screen == MT_SCREEN_TAIL ? line->key : l->id);
    d->export_filter[b.len] = '\0';
    return true;
}

/* The name tells of which time the rows are, or which one it is; of nothing,
 * nothing. */
static void put_name(struct mt_buf *b, struct mt_dashboard *d,
                     const struct mt_snapshot *a)
{
    char stamp[40];
    struct mt_buf s = mt_buf_of(stamp, sizeof stamp);
    mt_put_str(b, "meshtop");
    if (mt_level(d)->screen == MT_SCREEN_DETAIL) {
        mt_put_char(b, '-');
        mt_put_decimal(b, mt_level(d)->id);
    } else if (a->live || mt_info_is_known(&a->info)) {
        mt_put_char(b, '-');
        mt_put_rfc3339(&s, a->to_ns, mt_offset(d, a->to_ns), 0);
        for (size_t i = 0; i < s.len && i < 19; i++)
            if (stamp[i] != ':')
                mt_put_char(b, stamp[i]);
    }
    mt_put_str(b, ".jsonl");
}

unsigned mt_begin_export(struct mt_dashboard *d, bool row)
{
    const struct mt_snapshot *a = mt_dashboard_snapshot(d);
    char name[80];
    struct mt_buf b = mt_buf_of(name, sizeof name - 1);
    if (a == NULL || a->rc != 0)
        return MT_DO_DRAW;
    d->export_one = row || mt_level(d)->screen == MT_SCREEN_DETAIL;
    if (d->export_one && !select_row(d)) {
        mt_dashboard_say(d, true, "nothing here that a filter could select");
        return MT_DO_DRAW;
    }
    put_name(&b, d, a);
    name[b.len] = '\0';
    mt_begin_typing(d, MT_TYPING_EXPORT, name);
    return MT_DO_DRAW;
}

void mt_dashboard_export(const struct mt_dashboard *d,
                         struct mt_request *request, const char **path)
{
    const struct mt_level *l = &d->levels[d->depth];
    mt_fill_request(d, request);
    *path = d->export_path;
    if (!d->export_one)
        return;
    memcpy(request->filter, d->export_filter, sizeof request->filter);
    if (l->screen == MT_SCREEN_TAIL || l->screen == MT_SCREEN_DETAIL)
        request->span_ns = request->end_ns = 0; /* wherever it is */
}
