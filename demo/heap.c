#include "demo/heap.h"

#include <stdlib.h>

void mt_demo_heap_deinit(struct mt_demo_heap *h)
{
    free(h->list);
    *h = (struct mt_demo_heap){.list = NULL};
}

/* Places count from 1: a timer of place n is above those of 2n and 2n + 1. */
static struct mt_demo_timer *at(const struct mt_demo_heap *h, size_t place)
{
    return h->list[place - 1];
}

static void put(struct mt_demo_heap *h, size_t place, struct mt_demo_timer *t)
{
    h->list[place - 1] = t;
    t->place = place;
}

static void rise(struct mt_demo_heap *h, struct mt_demo_timer *t)
{
    size_t place = t->place;
    while (place > 1 && at(h, place / 2)->at_ns > t->at_ns) {
        put(h, place, at(h, place / 2));
        place /= 2;
    }
    put(h, place, t);
}

static void sink(struct mt_demo_heap *h, struct mt_demo_timer *t)
{
    size_t place = t->place;
    for (size_t below = 2 * place; below <= h->count; below = 2 * place) {
        if (below < h->count && at(h, below + 1)->at_ns < at(h, below)->at_ns)
            below++;
        if (at(h, below)->at_ns >= t->at_ns)
            break;
        put(h, place, at(h, below));
        place = below;
    }
    put(h, place, t);
}

static bool grow(struct mt_demo_heap *h)
{
    size_t room = h->room > 0 ? 2 * h->room : 64;
    struct mt_demo_timer **list = realloc(h->list, room * sizeof(*list));
    if (list == NULL)
        return false;
    h->list = list;
    h->room = room;
    return true;
}

bool mt_demo_timer_set(struct mt_demo_heap *h, struct mt_demo_timer *t,
                       int64_t at_ns)
{
    if (t->place == 0) {
        if (h->count == h->room && !grow(h))
            return false;
        h->count++;
        put(h, h->count, t);
    }
    t->at_ns = at_ns;
    rise(h, t);
    sink(h, t);
    return true;
}

void mt_demo_timer_clear(struct mt_demo_heap *h, struct mt_demo_timer *t)
{
    if (t->place == 0)
        return;
    struct mt_demo_timer *last = at(h, h->count--);
    if (last != t) {
        put(h, t->place, last);
        rise(h, last);
        sink(h, last);
    }
    t->place = 0;
}

struct mt_demo_timer *mt_demo_heap_due(struct mt_demo_heap *h, int64_t now_ns)
{
    if (h->count == 0 || at(h, 1)->at_ns > now_ns)
        return NULL;
    struct mt_demo_timer *t = at(h, 1);
    mt_demo_timer_clear(h, t);
    return t;
}

int64_t mt_demo_heap_next_ns(const struct mt_demo_heap *h)
{
    return h->count > 0 ? at(h, 1)->at_ns : INT64_MAX;
}
