/* An input out of memory that gives at most `step` bytes a read, and nothing
 * beyond `visible`: a file that grows. */
#ifndef MT_TESTS_CAPTURE_MEMORY_INPUT_H
#define MT_TESTS_CAPTURE_MEMORY_INPUT_H

#include "capture/source.h"

struct memory_input {
    struct mt_span bytes;
    size_t at, step, visible;
};

static inline ptrdiff_t memory_read(void *self, uint8_t *to, size_t n)
{
    struct memory_input *m = self;
    size_t end = m->visible < m->bytes.len ? m->visible : m->bytes.len;
    size_t left = m->at < end ? end - m->at : 0;
    n = n < left ? n : left;
    n = n < m->step ? n : m->step;
    if (n > 0)
        memcpy(to, m->bytes.ptr + m->at, n);
    m->at += n;
    return (ptrdiff_t)n;
}

static inline int memory_seek(void *self, uint64_t offset)
{
    ((struct memory_input *)self)->at = (size_t)offset;
    return 0;
}

static inline uint64_t memory_bytes(void *self)
{
    const struct memory_input *m = self;
    return m->visible < m->bytes.len ? m->visible : m->bytes.len;
}

static inline struct mt_input memory_input(struct memory_input *m)
{
    return (struct mt_input){.self = m,
                             .read = memory_read,
                             .seek = memory_seek,
                             .bytes = memory_bytes};
}

#endif
