#include "decode/h2_streams.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 16 };

void mt_h2_streams_init(struct mt_h2_streams *t, struct mt_pool *pool)
{
    *t = (struct mt_h2_streams){.pool = pool};
}

void mt_h2_streams_deinit(struct mt_h2_streams *t)
{
    mt_pool_free(t->pool, t->slots, t->capacity * sizeof *t->slots);
    mt_h2_streams_init(t, t->pool);
}

static uint32_t home_of(const struct mt_h2_streams *t, uint32_t id)
{
    return (id * 2654435761u) >> 16 & (t->capacity - 1);
}

/* The slot that holds id, or the free one where it would stand. */
static struct mt_h2_stream *slot_of(const struct mt_h2_streams *t, uint32_t id)
{
    uint32_t i = home_of(t, id);
    while (t->slots[i].id != 0 && t->slots[i].id != id)
        i = (i + 1) & (t->capacity - 1);
    return &t->slots[i];
}

struct mt_h2_stream *mt_h2_streams_find(const struct mt_h2_streams *t,
                                        uint32_t id)
{
    if (t->count == 0 || id == 0)
        return NULL;
    struct mt_h2_stream *s = slot_of(t, id);
    return s->id == id ? s : NULL;
}

static bool grow(struct mt_h2_streams *t)
{
    struct mt_h2_streams old = *t;
    uint32_t capacity = old.capacity > 0 ? old.capacity * 2 : FIRST_CAPACITY;
    struct mt_h2_stream *slots =
        mt_pool_zalloc(t->pool, capacity * sizeof *slots);
    if (slots == NULL)
        return false;
    t->slots = slots;
    t->capacity = capacity;
    for (uint32_t i = 0; i < old.capacity; i++)
        if (old.slots[i].id != 0)
            *slot_of(t, old.slots[i].id) = old.slots[i];
    mt_pool_free(t->pool, old.slots, old.capacity * sizeof *slots);
    return true;
}

struct mt_h2_stream *mt_h2_streams_add(struct mt_h2_streams *t, uint32_t id)
{
    assert(id != 0);
    if (t->count == MT_H2_STREAMS_MAX)
        return NULL;
    if (t->count * 2 >= t->capacity && !grow(t))
        return NULL;
    struct mt_h2_stream *s = slot_of(t, id);
    assert(s->id == 0);
    *s = (struct mt_h2_stream){.id = id};
    t->count++;
    return s;
}

/* No tombstones: what would be found past the hole moves up into it. */
static void close_hole(struct mt_h2_streams *t, uint32_t hole)
{
    uint32_t mask = t->capacity - 1;
    for (uint32_t i = (hole + 1) & mask; t->slots[i].id != 0;
         i = (i + 1) & mask) {
        uint32_t home = home_of(t, t->slots[i].id);
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        t->slots[hole] = t->slots[i];
        hole = i;
    }
    t->slots[hole].id = 0;
}

void mt_h2_streams_remove(struct mt_h2_streams *t, struct mt_h2_stream *s)
{
    mt_h2_streams_note_closed(t, s->id);
    t->count--;
    close_hole(t, (uint32_t)(s - t->slots));
}

void mt_h2_streams_note_closed(struct mt_h2_streams *t, uint32_t id)
{
    t->closed[t->closed_at++ % MT_H2_CLOSED_KEPT] = id;
    if (id > t->highest_closed)
        t->highest_closed = id;
}

bool mt_h2_streams_was_closed(const struct mt_h2_streams *t, uint32_t id)
{
    if (id > t->highest_closed) /* as nearly every new one is */
        return false;
    for (unsigned i = 0; i < MT_H2_CLOSED_KEPT; i++)
        if (t->closed[i] == id)
            return true;
    return false;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

uint32_t mt_h2_streams_ids(const struct mt_h2_streams *t, uint32_t *ids)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->capacity; i++)
        if (t->slots[i].id != 0)
            ids[n++] = t->slots[i].id;
    qsort(ids, n, sizeof *ids, by_number);
    return n;
}
