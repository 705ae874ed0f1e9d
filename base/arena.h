/**
 * arena.h - a bounded bump allocator, freed whole.
 *
 * One arena holds the texts of one exchange or one connection. It takes
 * blocks from a pool and never gives more than its maximum.
 *
 *     struct mt_arena a;
 *     mt_arena_init(&a, &pool, 16384);
 *     struct mt_span path;
 *     if (!mt_arena_copy(&a, in, &path)) ...      // bound or ceiling reached
 *     mt_arena_deinit(&a);                        // every copy is gone
 */
#ifndef MT_BASE_ARENA_H
#define MT_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"
#include "base/span.h"

struct mt_arena_block;

struct mt_arena {
    struct mt_pool *pool;
    struct mt_arena_block *blocks; /* newest first */
    size_t max_bytes;
    size_t used_bytes; /* handed out */
};

/* Takes no memory until the first allocation. The pool outlives the arena. */
void mt_arena_init(struct mt_arena *a, struct mt_pool *pool, size_t max_bytes);

/* Free every allocation; the arena may be used again. */
void mt_arena_deinit(struct mt_arena *a);

/* n bytes aligned for any type, not cleared; NULL at the bound. */
void *mt_arena_alloc(struct mt_arena *a, size_t n);

/**
 * Copy a text; *out then lives as long as the arena. An empty text needs no
 * memory. Returns false, and an empty *out, at the bound.
 */
bool mt_arena_copy(struct mt_arena *a, struct mt_span text,
                   struct mt_span *out);

#endif
