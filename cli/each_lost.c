#include "cli/each_lost.h"

#include "base/text.h"
#include "cli/say.h"

static void give(struct mt_each *each, const struct mt_lost *lost)
{
    each->losses[lost->loss] += lost->count;
    if (each->lost != NULL)
        each->lost(each->context, lost);
}

/* ---- databases ---- */

static int keep(void *arg, const struct mt_lost *lost)
{
    struct mt_each_lost *l = arg;
    l->scan.after_id = lost->id;
    if (l->after_exchange == 0 || lost->before_id > l->after_exchange + 1)
        l->list[l->count++] = *lost;
    return l->count == MT_EACH_LOST_MAX;
}

int mt_each_lost_look(struct mt_each_lost *l, struct mt_store *s)
{
    if (l->next < l->count)
        return 0;
    l->next = l->count = 0;
    int rc = mt_query_lost(s, &l->scan, keep, l);
    return rc < 0 ? rc : 0;
}

int mt_each_lost_give(struct mt_each_lost *l, struct mt_store *s,
                      struct mt_each *each, uint64_t before_id)
{
    int rc = 0;
    while (l->next < l->count && l->list[l->next].before_id <= before_id) {
        give(each, &l->list[l->next++]);
        if (l->next == l->count && l->count == MT_EACH_LOST_MAX)
            rc = mt_each_lost_look(l, s);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* ---- captures and streams ---- */

void mt_each_lost_totals(struct mt_each *each,
                         const struct mt_feed_result *so_far)
{
    uint64_t totals[MT_LOSS_COUNT];
    mt_feed_losses(so_far, totals);
    for (unsigned i = 0; i < MT_LOSS_COUNT; i++) {
        if (totals[i] <= each->losses[i] || mt_loss_why(i)[0] == '\0')
            continue;
        const struct mt_lost lost = {.ns = so_far->now_ns,
                                     .count = totals[i] - each->losses[i],
                                     .loss = (uint8_t)i};
        give(each, &lost);
    }
}

void mt_each_lost_say(const struct mt_each *each)
{
    for (unsigned i = 0; i < MT_LOSS_COUNT; i++) {
        char text[64];
        struct mt_buf b = mt_buf_of(text, sizeof text);
        if (each->losses[i] == 0)
            continue;
        mt_put_lost(&b, i, each->losses[i]);
        mt_warn(NULL, "%.*s lost in this time: %s", (int)b.len, text,
                mt_loss_why(i));
    }
}
