#include "decode/hpack_shift.h"

#include "decode/hpack_items.h"

enum {
    GIVE_UP_AFTER = 16, /* blocks that did not tell */
    GIVE_UP_BELOW = -6, /* two pairs of names that were never seen */
    SETTLE_LEAD = 3,    /* points of the best before the second */
    POINTS_MAX = 500,
};

void mt_hpack_shift_end(struct mt_hpack *h)
{
    mt_pool_free(h->table.pool, h->shift, sizeof *h->shift);
    h->shift = NULL;
}

bool mt_hpack_shift_start(struct mt_hpack *h)
{
    struct mt_hpack_shift *s = h->shift;
    if (s != NULL && !s->settled) {
        /* Two unknown shifts: count what lies between them as lost too. */
        mt_hpack_table_drop_newest(&h->table, s->fresh);
    }
    if (s == NULL)
        s = mt_pool_alloc(h->table.pool, sizeof *s);
    if (s == NULL)
        return false;
    *s = (struct mt_hpack_shift){.fresh = 0};
    h->shift = s;
    return true;
}

void mt_hpack_shift_changed(struct mt_hpack *h, uint32_t inserted)
{
    struct mt_hpack_shift *s = h->shift;
    if (s == NULL)
        return;
    s->fresh += inserted;
    if (h->table.count > 0 && (s->settled || s->fresh < h->table.count))
        return;
    /* The older entries are gone. The lost ones came after them: the encoder
     * may still have those. */
    h->deeper |= h->table.count > 0 && !s->settled;
    h->table.evicted = 0;
    mt_hpack_shift_end(h);
}

/* --- the choice --- */

static void give_up(struct mt_hpack *h)
{
    mt_hpack_table_keep(&h->table, h->shift->settled ? 0 : h->shift->fresh);
    mt_hpack_shift_end(h);
    h->deeper = true;
    h->table.evicted = 0;
    h->resets++;
}

static void settle(struct mt_hpack *h, uint32_t k)
{
    struct mt_hpack_shift *s = h->shift;
    if (!mt_hpack_table_insert_unknown(&h->table, s->fresh, k)) {
        mt_hpack_relearn(h);
        return;
    }
    s->settled = true;
    s->agreed = 0;
}

/* What speaks for k, over what speaks for all being lost. */
static int gain(const struct mt_hpack *h, const struct mt_hpack_items *items,
                uint32_t k, enum mt_hpack_block kind, int if_all_lost)
{
    int points = mt_hpack_items_weigh(items, h, k, kind);
    return points == MT_HPACK_CONTRADICTION ? points : points - if_all_lost;
}

static void weigh_settled(struct mt_hpack *h,
                          const struct mt_hpack_items *items,
                          enum mt_hpack_block kind, int if_all_lost)
{
    if (gain(h, items, 0, kind, if_all_lost) < GIVE_UP_BELOW)
        give_up(h);
    else if (++h->shift->agreed == MT_HPACK_SHIFT_PROBATION)
        mt_hpack_shift_end(h);
}

/* Points of the best hypothesis and of the second, and which is the best. */
struct ranking {
    int best, second;
    uint32_t who;
};

static struct ranking rank(struct mt_hpack *h,
                           const struct mt_hpack_items *items,
                           enum mt_hpack_block kind, int if_all_lost)
{
    struct mt_hpack_shift *s = h->shift;
    struct ranking r = {0, 0, 0};
    for (uint32_t k = 0; k < MT_HPACK_SHIFTS; k++) {
        if (s->points[k] == MT_HPACK_CONTRADICTION)
            continue;
        int points = gain(h, items, k, kind, if_all_lost);
        int sum = s->points[k] + points;
        if (points == MT_HPACK_CONTRADICTION || sum < -POINTS_MAX) {
            s->points[k] = MT_HPACK_CONTRADICTION;
            continue;
        }
        s->points[k] = (int16_t)(sum < POINTS_MAX ? sum : POINTS_MAX);
        if (sum > r.best) {
            r.second = r.best;
            r.best = sum;
            r.who = k;
        } else if (sum > r.second) {
            r.second = sum;
        }
    }
    return r;
}

void mt_hpack_shift_weigh(struct mt_hpack *h, struct mt_span block,
                          enum mt_hpack_block kind)
{
    struct mt_hpack_items items;
    mt_hpack_items_read(&items, h, block);
    if (!items.any_older)
        return;
    /* The statics and what is fresh weigh the same under every hypothesis. */
    int lost = mt_hpack_items_weigh(&items, h, MT_HPACK_SHIFTS_ALL, kind);
    if (lost == MT_HPACK_CONTRADICTION)
        return;
    if (h->shift->settled) {
        weigh_settled(h, &items, kind, lost);
        return;
    }
    struct ranking r = rank(h, &items, kind, lost);
    if (r.best >= r.second + SETTLE_LEAD)
        settle(h, r.who);
    else if (++h->shift->blocks == GIVE_UP_AFTER)
        give_up(h);
}
