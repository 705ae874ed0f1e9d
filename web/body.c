#include "web/body.h"

#include <errno.h>
#include <stdlib.h>

enum { FIRST_BYTES = 4096 };

static int append(void *arg, struct mt_span bytes)
{
    struct mt_web_body *b = arg;
    if (bytes.len == 0)
        return 0;
    if (bytes.len > b->max - b->len)
        return -E2BIG;
    if (bytes.len > b->cap - b->len) {
        size_t cap = b->cap > 0 ? b->cap : FIRST_BYTES;
        while (cap - b->len < bytes.len)
            cap *= 2;
        uint8_t *bigger = realloc(b->ptr, cap);
        if (bigger == NULL)
            return -ENOMEM;
        b->ptr = bigger;
        b->cap = cap;
    }
    memcpy(b->ptr + b->len, bytes.ptr, bytes.len);
    b->len += bytes.len;
    return 0;
}

struct mt_sink mt_web_body_sink(struct mt_web_body *b)
{
    return (struct mt_sink){append, b};
}
