/**
 * intern.h - byte strings to dense numbers, within bounds.
 *
 * Equal bytes get equal numbers, counted from 0 in the order in which they
 * were first seen. Nothing is ever taken out.
 *
 *     struct mt_intern t;
 *     mt_intern_init(&t, &pool, 65536);
 *     uint32_t n = mt_intern_add(&t, text);     // MT_INTERN_NONE: full
 *     struct mt_span same = mt_intern_bytes(&t, n);
 *     mt_intern_deinit(&t);
 *
 * One thread. Memory comes from the pool: its ceiling is a bound, too.
 */
#ifndef MT_BASE_INTERN_H
#define MT_BASE_INTERN_H

#include <stdint.h>

#include "base/arena.h"

#define MT_INTERN_NONE UINT32_MAX

enum {
    MT_INTERN_MAX = 1 << 18, /* numbers in one table */
    MT_INTERN_BLOCK = 4096,  /* entries a block */
};

struct mt_intern_entry;

struct mt_intern {
    struct mt_pool *pool;
    struct mt_arena bytes;
    struct mt_intern_entry *blocks[MT_INTERN_MAX / MT_INTERN_BLOCK];
    uint32_t *slots;   /* number + 1; 0 free; open addressing */
    uint32_t capacity; /* of slots, a power of two */
    uint32_t count;
    uint32_t max;
};

/* Takes no memory until the first addition. max <= MT_INTERN_MAX. */
void mt_intern_init(struct mt_intern *t, struct mt_pool *pool, uint32_t max);

/* Every number is gone; the table may be used again. */
void mt_intern_deinit(struct mt_intern *t);

/* The number of these bytes, or MT_INTERN_NONE. */
uint32_t mt_intern_find(const struct mt_intern *t, struct mt_span bytes);

/* The same, made if it is new; MT_INTERN_NONE if there is no room. */
uint32_t mt_intern_add(struct mt_intern *t, struct mt_span bytes);

/* The bytes of a number below t->count. Live as long as the table. */
struct mt_span mt_intern_bytes(const struct mt_intern *t, uint32_t number);

#endif
