/* 5 Policy: what a proxy enforces. A tap enforces nothing: until a proxy
 * writes into the database, the screen says so. */
#include "tui/screen.h"

static bool arrange(const struct mt_snapshot *a, bool failing_only,
                    struct mt_lines *lines)
{
    (void)a, (void)failing_only;
    return mt_lines_reserve(lines, 0);
}

const struct mt_screen_class mt_screen_class_policy = {
    .name = "Policy",
    .unit = "routes",
    .topic = MT_TOPIC_NONE,
    .drilled_topic = MT_TOPIC_NONE,
    .opens = MT_SCREEN_NONE,
    .arrange = arrange,
    .empty = "Retries, timeouts, budgets and breakers of each route, once a "
             "proxy that enforces them writes into this database. A tap only "
             "watches: nothing here yet.",
};
