/* 4 Tail: single exchanges, the newest last; drilled into, the slowest
 * first. */
#include "tui/screen.h"

/* Its key is the id of no exchange. */
static void add_lost(struct mt_lines *lines, const struct mt_lost *lost)
{
    lines->list[lines->count++] =
        (struct mt_line){.lost = lost, .key = lost->id | UINT64_C(1) << 63};
}

static bool arrange(const struct mt_snapshot *a, bool failing_only,
                    struct mt_lines *lines)
{
    size_t lost = a->lost_count; /* of them, the oldest last */
    (void)failing_only;          /* it is part of the question */
    if (!mt_lines_reserve(lines, a->exchanges_count + a->lost_count))
        return false;
    for (size_t i = 0; i < a->exchanges_count; i++) {
        uint64_t id = a->exchanges[i].x.id;
        while (lost > 0 && a->lost[lost - 1].before_id <= id)
            add_lost(lines, &a->lost[--lost]);
        lines->list[lines->count++] =
            (struct mt_line){.row = &a->exchanges[i].x, .key = id};
    }
    while (lost > 0)
        add_lost(lines, &a->lost[--lost]);
    return true;
}

static void term(const void *row, struct mt_buf *out)
{
    const struct mt_exchange *x = row;
    char text[24];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    mt_put_decimal(&b, x->id);
    text[b.len] = '\0';
    mt_put_term(out, "id", text);
}

const struct mt_screen_class mt_screen_class_tail = {
    .name = "Tail",
    .unit = "exchanges",
    .topic = MT_TOPIC_NEWEST,
    .drilled_topic = MT_TOPIC_SLOWEST,
    .opens = MT_SCREEN_DETAIL,
    .columns = &mt_screen_exchanges,
    .arrange = arrange,
    .term = term,
};
