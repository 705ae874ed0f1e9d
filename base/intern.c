#include "base/intern.h"

#include <assert.h>

#include <xxhash.h>

enum { SLOTS_FIRST = 64 };

struct mt_intern_entry {
    struct mt_span bytes;
    uint64_t hash;
};

void mt_intern_init(struct mt_intern *t, struct mt_pool *pool, uint32_t max)
{
    assert(max <= MT_INTERN_MAX);
    *t = (struct mt_intern){.pool = pool, .max = max};
    mt_arena_init(&t->bytes, pool, SIZE_MAX);
}

void mt_intern_deinit(struct mt_intern *t)
{
    for (size_t i = 0; i < MT_INTERN_MAX / MT_INTERN_BLOCK; i++)
        mt_pool_free(t->pool, t->blocks[i],
                     MT_INTERN_BLOCK * sizeof *t->blocks[i]);
    mt_pool_free(t->pool, t->slots, t->capacity * sizeof *t->slots);
    mt_arena_deinit(&t->bytes);
    mt_intern_init(t, t->pool, t->max);
}

static struct mt_intern_entry *entry_of(const struct mt_intern *t, uint32_t n)
{
    return &t->blocks[n / MT_INTERN_BLOCK][n % MT_INTERN_BLOCK];
}

struct mt_span mt_intern_bytes(const struct mt_intern *t, uint32_t number)
{
    assert(number < t->count);
    return entry_of(t, number)->bytes;
}

static uint64_t hash_of(struct mt_span bytes)
{
    return XXH3_64bits(bytes.ptr, bytes.len);
}

/* The slot that has these bytes, or the free one where they belong. */
static uint32_t *find_slot(const struct mt_intern *t, struct mt_span bytes,
                           uint64_t hash)
{
    uint32_t mask = t->capacity - 1;
    uint32_t at = (uint32_t)hash & mask;
    while (t->slots[at] != 0) {
        const struct mt_intern_entry *e = entry_of(t, t->slots[at] - 1);
        if (e->hash == hash && mt_span_eq(e->bytes, bytes))
            break;
        at = (at + 1) & mask;
    }
    return &t->slots[at];
}

uint32_t mt_intern_find(const struct mt_intern *t, struct mt_span bytes)
{
    if (t->count == 0)
        return MT_INTERN_NONE;
    uint32_t slot = *find_slot(t, bytes, hash_of(bytes));
    return slot != 0 ? slot - 1 : MT_INTERN_NONE;
}

/* Half full at the most, so that searches stay short. */
static bool grow_slots(struct mt_intern *t)
{
    if (t->count < t->capacity / 2)
        return true;
    uint32_t capacity = t->capacity > 0 ? t->capacity * 2 : SLOTS_FIRST;
    uint32_t *slots = mt_pool_zalloc(t->pool, capacity * sizeof *slots);
    if (slots == NULL)
        return false;
    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t at = (uint32_t)entry_of(t, i)->hash & (capacity - 1);
        while (slots[at] != 0)
            at = (at + 1) & (capacity - 1);
        slots[at] = i + 1;
    }
    mt_pool_free(t->pool, t->slots, t->capacity * sizeof *t->slots);
    t->slots = slots;
    t->capacity = capacity;
    return true;
}

static bool grow(struct mt_intern *t)
{
    if (t->count == t->max || !grow_slots(t))
        return false;
    struct mt_intern_entry **block = &t->blocks[t->count / MT_INTERN_BLOCK];
    if (*block == NULL)
        *block = mt_pool_alloc(t->pool, MT_INTERN_BLOCK * sizeof **block);
    return *block != NULL;
}

uint32_t mt_intern_add(struct mt_intern *t, struct mt_span bytes)
{
    uint64_t hash = hash_of(bytes);
    uint32_t *slot = NULL;
    if (t->capacity > 0) {
        slot = find_slot(t, bytes, hash);
        if (*slot != 0)
            return *slot - 1;
    }
    struct mt_span copy;
    if (!grow(t) || !mt_arena_copy(&t->bytes, bytes, &copy))
        return MT_INTERN_NONE;
    slot = find_slot(t, bytes, hash); /* the slots may have moved */
    uint32_t number = t->count++;
    *entry_of(t, number) =
        (struct mt_intern_entry){.bytes = copy, .hash = hash};
    *slot = number + 1;
    return number;
}
