/* 1 Services: who is slow, who fails. */
#include "tui/screen.h"

static bool arrange(const struct mt_snapshot *a, bool failing_only,
                    struct mt_lines *lines)
{
    if (!mt_lines_reserve(lines, a->rows.count))
        return false;
    for (size_t i = 0; i < a->rows.count; i++) {
        const struct mt_row *r = &a->rows.rows[i];
        if (failing_only && r->counts.failure == 0) {
            lines->hidden++;
            continue;
        }
        lines->list[lines->count++] =
            (struct mt_line){.row = r,
                             .key = mt_key_add_text(MT_KEY_BASIS, r->server),
                             .trend = mt_trends_of(&a->trends, r->server_id),
                             .trend_count = (uint8_t)a->trends.buckets};
    }
    return true;
}

static void term(const void *row, struct mt_buf *out)
{
    const struct mt_row *r = row;
    mt_put_term(out, "svc", r->server);
}

const struct mt_screen_class mt_screen_class_services = {
    .name = "Services",
    .unit = "services",
    .topic = MT_TOPIC_SERVICES,
    .drilled_topic = MT_TOPIC_SERVICES,
    .opens = MT_SCREEN_ROUTES,
    .columns = &mt_screen_services,
    .trend_after = "failure_ratio",
    .arrange = arrange,
    .term = term,
};
