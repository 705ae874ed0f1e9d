/**
 * pool.h - a memory ceiling with free lists.
 *
 * Everything that one tap holds for flows, reassembly and parsers is taken
 * from one pool, so that one figure bounds it. Blocks come in classes, four to
 * each power of two, and go back to a free list, so that a steady state calls
 * no malloc.
 *
 *     struct mt_pool pool;
 *     mt_pool_init(&pool, 256u << 20);
 *     void *p = mt_pool_alloc(&pool, 300);   // NULL: the ceiling is reached
 *     mt_pool_free(&pool, p, 300);           // the same size again
 *     mt_pool_deinit(&pool);
 *
 * One thread. Under AddressSanitizer the free lists are off, so that a use
 * after free is seen.
 */
#ifndef MT_BASE_POOL_H
#define MT_BASE_POOL_H

#include <stddef.h>

enum { MT_POOL_CLASSES = 61 }; /* 64 bytes ... 2 MiB */

struct mt_pool {
    size_t limit_bytes;
    size_t used_bytes;   /* handed out, in whole classes */
    size_t cached_bytes; /* on the free lists: used + cached <= limit */
    size_t peak_bytes;   /* the most used at once */
    void *free_list[MT_POOL_CLASSES];
};

void mt_pool_init(struct mt_pool *p, size_t limit_bytes);

/* Every block must have been freed. */
void mt_pool_deinit(struct mt_pool *p);

/**
 * A block of at least size bytes, not cleared, aligned for any type.
 * NULL when the ceiling would be passed, size is above 2 MiB, or the system
 * has no memory.
 */
void *mt_pool_alloc(struct mt_pool *p, size_t size);

/* The same, cleared to zero. */
void *mt_pool_zalloc(struct mt_pool *p, size_t size);

/* Give back a block of mt_pool_alloc(p, size). NULL is fine. */
void mt_pool_free(struct mt_pool *p, void *block, size_t size);

#endif
