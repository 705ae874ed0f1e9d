#include "base/pool.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_SHIFT = 6 };

#if defined(__SANITIZE_ADDRESS__)
#define CACHING false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CACHING false
#endif
#endif
#ifndef CACHING
#define CACHING true
#endif

/* Four classes to each power of two, so that at most a fifth of a block is
 * idle: after 64 come 80, 96, 112, 128, 160 ... */
static unsigned class_of(size_t size)
{
    if (size <= (size_t)1 << SMALLEST_SHIFT)
        return 0;
    unsigned shift = 63 - (unsigned)__builtin_clzll(size - 1);
    size_t quarter = (size - 1) >> (shift - 2); /* 4 ... 7 */
    size_t c = (size_t)(shift - SMALLEST_SHIFT) * 4 + quarter - 3;
    return c < MT_POOL_CLASSES ? (unsigned)c : MT_POOL_CLASSES;
}

static size_t class_bytes(unsigned c)
{
    return (size_t)(4 + c % 4) << (c / 4 + SMALLEST_SHIFT - 2);
}

/* A cached block holds the link to the next one in its first bytes. */
static void *pop(struct mt_pool *p, unsigned c)
{
    void *block = p->free_list[c];
    if (block != NULL) {
        memcpy(&p->free_list[c], block, sizeof(void *));
        p->cached_bytes -= class_bytes(c);
    }
    return block;
}

static void trim(struct mt_pool *p, size_t bytes)
{
    for (unsigned c = MT_POOL_CLASSES; c-- > 0;)
        while (p->cached_bytes > bytes && p->free_list[c] != NULL)
            free(pop(p, c));
}

void mt_pool_init(struct mt_pool *p, size_t limit_bytes)
{
    *p = (struct mt_pool){.limit_bytes = limit_bytes};
}

void mt_pool_deinit(struct mt_pool *p)
{
    assert(p->used_bytes == 0);
    trim(p, 0);
}

void *mt_pool_alloc(struct mt_pool *p, size_t size)
{
    unsigned c = class_of(size);
    if (c == MT_POOL_CLASSES || class_bytes(c) > p->limit_bytes - p->used_bytes)
        return NULL;

    void *block = pop(p, c);
    if (block == NULL) {
        size_t used = p->used_bytes + class_bytes(c);
        if (used + p->cached_bytes > p->limit_bytes)
            trim(p, p->limit_bytes - used);
        block = malloc(class_bytes(c));
        if (block == NULL)
            return NULL;
    }
    p->used_bytes += class_bytes(c);
    if (p->used_bytes > p->peak_bytes)
        p->peak_bytes = p->used_bytes;
    return block;
}

void *mt_pool_zalloc(struct mt_pool *p, size_t size)
{
    void *block = mt_pool_alloc(p, size);
    return block != NULL ? memset(block, 0, size) : NULL;
}

void mt_pool_free(struct mt_pool *p, void *block, size_t size)
{
    if (block == NULL)
        return;
    unsigned c = class_of(size);
    assert(c < MT_POOL_CLASSES && p->used_bytes >= class_bytes(c));
    p->used_bytes -= class_bytes(c);
    if (!CACHING) {
        free(block);
        return;
    }
    memcpy(block, &p->free_list[c], sizeof(void *));
    p->free_list[c] = block;
    p->cached_bytes += class_bytes(c);
}
