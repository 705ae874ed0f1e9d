/* What nghttp2 takes. */
#include <stdlib.h>
#include <string.h>

#include "proxy-lite/call/h2_impl.h"

/* What nghttp2 takes comes from the pool, so that one figure bounds it; a few
 * large buffers of each session do not, for the pool would round them up: they
 * are bounded by the number of connections. */
enum { LARGE_BYTES = 1000 };

union sized {
    size_t size;
    max_align_t align;
};

static void *take(size_t size, void *user)
{
    union sized *p = NULL;
    if (size <= SIZE_MAX - sizeof *p)
        p = size > LARGE_BYTES ? malloc(size + sizeof *p)
                               : mt_pool_alloc(user, size + sizeof *p);
    if (p == NULL)
        return NULL;
    p->size = size;
    return p + 1;
}

static void give(void *block, void *user)
{
    union sized *p = block;
    if (p == NULL)
        return;
    p--;
    if (p->size > LARGE_BYTES)
        free(p);
    else
        mt_pool_free(user, p, p->size + sizeof *p);
}

static void *take_zeros(size_t n, size_t size, void *user)
{
    void *p = size == 0 || n <= SIZE_MAX / size ? take(n * size, user) : NULL;
    if (p != NULL)
        memset(p, 0, n * size);
    return p;
}

static void *take_more(void *block, size_t size, void *user)
{
    void *p = take(size, user);
    if (p != NULL && block != NULL) {
        size_t old = ((union sized *)block - 1)->size;
        memcpy(p, block, old < size ? old : size);
        give(block, user);
    }
    return p;
}

nghttp2_mem mt_h2_memory(struct mt_pool *pool)
{
    return (nghttp2_mem){pool, take, give, take_zeros, take_more};
}
