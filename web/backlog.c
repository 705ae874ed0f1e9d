#include "web/backlog.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIRST_BYTES = 4096, TELL_BYTES = 256 };

void mt_web_backlog_free(struct mt_web_backlog *b)
{
    free(b->ptr);
    *b = (struct mt_web_backlog){.max = b->max};
}

/* Room for n bytes behind what is there. */
static bool reserve(struct mt_web_backlog *b, size_t n)
{
    if (n > b->max - b->len)
        return false;
    if (b->begin > 0 && b->begin + b->len + n > b->cap) {
        memmove(b->ptr, b->ptr + b->begin, b->len);
        b->begin = 0;
    }
    if (b->begin + b->len + n <= b->cap)
        return true;
    size_t cap = b->cap > 0 ? b->cap : FIRST_BYTES;
    while (cap < b->len + n)
        cap *= 2;
    uint8_t *bigger = realloc(b->ptr, cap);
    if (bigger == NULL)
        return false;
    b->ptr = bigger;
    b->cap = cap;
    return true;
}

static void append(struct mt_web_backlog *b, struct mt_span bytes)
{
    memcpy(b->ptr + b->begin + b->len, bytes.ptr, bytes.len);
    b->len += bytes.len;
}

static bool tell(struct mt_web_backlog *b, size_t beside)
{
    char text[TELL_BYTES];
    int n = snprintf(text, sizeof text,
                     "event: lost\ndata: {\"where\":\"stream\",\"count\":%llu,"
                     "\"unit\":\"event\",\"why\":\"this client read too "
                     "slowly\"}\n\n",
                     (unsigned long long)b->lost);
    if (!reserve(b, (size_t)n + beside))
        return false;
    append(b, (struct mt_span){(const uint8_t *)text, (size_t)n});
    b->lost = 0;
    return true;
}

bool mt_web_backlog_add(struct mt_web_backlog *b, struct mt_span event)
{
    bool fits = b->lost > 0 ? mt_web_backlog_has_room(b) && tell(b, event.len)
                            : reserve(b, event.len);
    fits = fits && event.len > 0; /* none: there was no memory to make it */
    if (fits)
        append(b, event);
    else
        b->lost++;
    return fits;
}

void mt_web_backlog_tell(struct mt_web_backlog *b)
{
    if (b->lost > 0 && mt_web_backlog_has_room(b))
        (void)tell(b, 0);
}

bool mt_web_backlog_has_room(const struct mt_web_backlog *b)
{
    return b->len <= b->max / 2;
}

size_t mt_web_backlog_take(struct mt_web_backlog *b, char *to, size_t size)
{
    size_t n = b->len < size ? b->len : size;
    if (n > 0)
        memcpy(to, b->ptr + b->begin, n);
    b->begin = n == b->len ? 0 : b->begin + n;
    b->len -= n;
    return n;
}
