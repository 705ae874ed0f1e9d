#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

enum { FIRST_BLOCK_BYTES = 1024, LARGEST_BLOCK_BYTES = 65536 };

struct mt_arena_block {
    struct mt_arena_block *next;
    size_t size; /* of the whole block, this header included */
    size_t used; /* from the block's start */
};

enum { ALIGN = alignof(max_align_t) };

static size_t round_up(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

void mt_arena_init(struct mt_arena *a, struct mt_pool *pool, size_t max_bytes)
{
    *a = (struct mt_arena){.pool = pool, .max_bytes = max_bytes};
}

void mt_arena_deinit(struct mt_arena *a)
{
    while (a->blocks != NULL) {
        struct mt_arena_block *b = a->blocks;
        a->blocks = b->next;
        mt_pool_free(a->pool, b, b->size);
    }
    a->used_bytes = 0;
}

/* Blocks double, so that a small exchange costs one and a large one few. */
static struct mt_arena_block *grow(struct mt_arena *a, size_t n)
{
    size_t size = a->blocks != NULL ? a->blocks->size * 2 : FIRST_BLOCK_BYTES;
    if (size > LARGEST_BLOCK_BYTES)
        size = LARGEST_BLOCK_BYTES;
    size_t head = round_up(sizeof(struct mt_arena_block));
    if (size < head + n)
        size = head + n;

    struct mt_arena_block *b = mt_pool_alloc(a->pool, size);
    if (b == NULL)
        return NULL;
    *b = (struct mt_arena_block){.next = a->blocks, .size = size, .used = head};
    a->blocks = b;
    return b;
}

static void *take(struct mt_arena *a, size_t n, size_t align)
{
    if (n > a->max_bytes - a->used_bytes)
        return NULL;
    struct mt_arena_block *b = a->blocks;
    size_t at = b != NULL ? (b->used + align - 1) / align * align : 0;
    if (b == NULL || at > b->size || n > b->size - at) {
        b = grow(a, n);
        if (b == NULL)
            return NULL;
        at = b->used;
    }
    b->used = at + n;
    a->used_bytes += n;
    return (uint8_t *)b + at;
}

void *mt_arena_alloc(struct mt_arena *a, size_t n)
{
    return take(a, n, ALIGN);
}

bool mt_arena_copy(struct mt_arena *a, struct mt_span text, struct mt_span *out)
{
    *out = (struct mt_span){.ptr = NULL, .len = 0};
    if (text.len == 0)
        return true;
    uint8_t *copy = take(a, text.len, 1);
    if (copy == NULL)
        return false;
    memcpy(copy, text.ptr, text.len);
    *out = (struct mt_span){.ptr = copy, .len = text.len};
    return true;
}
