/* 2 Routes: which of a service's calls are slow or fail. */
#include "tui/screen_routes.h"

static void add(const struct mt_row *r, bool failing_only,
                struct mt_lines *lines)
{
    if (failing_only && r->counts.failure == 0) {
        lines->hidden++;
        return;
    }
    uint64_t key = mt_key_add_text(MT_KEY_BASIS, r->server);
    key = mt_key_add_text(key, r->method);
    key = mt_key_add_text(key, r->route);
    lines->list[lines->count++] = (struct mt_line){.row = r, .key = key};
}

bool mt_routes_arrange(const struct mt_snapshot *a, bool failing_only,
                       struct mt_lines *lines)
{
    if (!mt_lines_reserve(lines, a->rows.count))
        return false;
    for (size_t i = 0; i < a->rows.count; i++)
        add(&a->rows.rows[i], failing_only, lines);
    return true;
}

void mt_routes_term(const void *row, struct mt_buf *out)
{
    const struct mt_row *r = row;
    mt_put_term(out, "svc", r->server);
    mt_put_term(out, "method", r->method);
    mt_put_term(out, "route", r->route);
}

const struct mt_screen_class mt_screen_class_routes = {
    .name = "Routes",
    .unit = "routes",
    .topic = MT_TOPIC_ROUTES,
    .drilled_topic = MT_TOPIC_ROUTES,
    .opens = MT_SCREEN_TAIL,
    .columns = &mt_screen_routes,
    .skip = " endpoint ",
    .arrange = mt_routes_arrange,
    .term = mt_routes_term,
};
