#include "proxy-lite/call/wheel.h"

static int64_t tick_of(int64_t ns)
{
    return ns / MT_WHEEL_TICK_NS;
}

static unsigned slot_of(int64_t tick)
{
    return (unsigned)((uint64_t)tick % MT_WHEEL_SLOTS);
}

void mt_wheel_init(struct mt_wheel *w, int64_t now_ns)
{
    *w = (struct mt_wheel){.tick = tick_of(now_ns)};
    for (unsigned i = 0; i < MT_WHEEL_SLOTS; i++)
        w->slots[i].next = w->slots[i].prev = &w->slots[i];
}

void mt_deadline_clear(struct mt_deadline *d)
{
    if (d->prev == NULL)
        return;
    d->prev->next = d->next;
    d->next->prev = d->prev;
    d->next = d->prev = NULL;
}

void mt_deadline_set(struct mt_wheel *w, struct mt_deadline *d, int64_t at_ns)
{
    mt_deadline_clear(d);
    d->at_ns = at_ns;
    /* the tick after it: never early; and after the one looked at now, whose
     * deadlines of this round are all met */
    int64_t tick = at_ns > INT64_MAX - MT_WHEEL_TICK_NS
                       ? tick_of(at_ns)
                       : tick_of(at_ns + MT_WHEEL_TICK_NS - 1);
    unsigned slot = slot_of(tick > w->tick ? tick : w->tick + 1);
    struct mt_deadline *head = &w->slots[slot];
    d->prev = head->prev;
    d->next = head;
    head->prev->next = d;
    head->prev = d;
    w->occupied[slot / 64] |= UINT64_C(1) << slot % 64;
}

/* In this slot; others there are of a later round. */
static struct mt_deadline *take_due(struct mt_wheel *w, unsigned slot,
                                    int64_t now_ns)
{
    struct mt_deadline *head = &w->slots[slot];
    for (struct mt_deadline *d = head->next; d != head; d = d->next)
        if (d->at_ns <= now_ns) {
            mt_deadline_clear(d);
            return d;
        }
    if (head->next == head)
        w->occupied[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    return NULL;
}

struct mt_deadline *mt_wheel_due(struct mt_wheel *w, int64_t now_ns)
{
    int64_t now = tick_of(now_ns);
    if (now - w->tick >= MT_WHEEL_SLOTS)
        w->tick = now - MT_WHEEL_SLOTS + 1; /* each slot once is all */
    for (;; w->tick++) {
        unsigned slot = slot_of(w->tick);
        if ((w->occupied[slot / 64] >> slot % 64 & 1) != 0) {
            struct mt_deadline *d = take_due(w, slot, now_ns);
            if (d != NULL)
                return d;
        }
        if (w->tick >= now)
            return NULL; /* this tick goes on */
    }
}

int64_t mt_wheel_next_ns(struct mt_wheel *w)
{
    for (int64_t i = 1; i <= MT_WHEEL_SLOTS; i++) {
        unsigned slot = slot_of(w->tick + i);
        if (slot % 64 == 0 && w->occupied[slot / 64] == 0) {
            i += 63;
            continue;
        }
        if ((w->occupied[slot / 64] >> slot % 64 & 1) != 0)
            return (w->tick + i) * MT_WHEEL_TICK_NS;
    }
    return INT64_MAX;
}
