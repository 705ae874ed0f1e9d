#include "proxy-lite/policy/path.h"

#include <string.h>

/* Take a dot, or %2e, off the front. */
static bool take_dot(struct mt_span *s)
{
    if (s->len > 0 && s->ptr[0] == '.') {
        (void)mt_span_take(s, 1);
        return true;
    }
    if (s->len >= 3 && s->ptr[0] == '%' && s->ptr[1] == '2' &&
        mt_ascii_lower(s->ptr[2]) == 'e') {
        (void)mt_span_take(s, 3);
        return true;
    }
    return false;
}

/* 1 for ".", 2 for "..", 0 for any other segment. */
static unsigned dots_of(struct mt_span segment)
{
    unsigned dots = 0;
    while (dots < 3 && take_dot(&segment))
        dots++;
    return segment.len == 0 && dots < 3 ? dots : 0;
}

bool mt_path_has_dots(struct mt_span path)
{
    path.len = mt_span_find(path, '?');
    if (path.len == 0 || path.ptr[0] != '/')
        return false;
    while (path.len > 0) {
        (void)mt_span_take(&path, 1); /* the slash */
        if (dots_of(mt_span_take(&path, mt_span_find(path, '/'))) > 0)
            return true;
    }
    return false;
}

/* Forget the last segment that was written. False: there is none. */
static bool step_up(const uint8_t *bytes, size_t *len)
{
    if (*len == 0)
        return false;
    do
        (*len)--;
    while (bytes[*len] != '/');
    return true;
}

bool mt_path_resolve(struct mt_span path, uint8_t *bytes, struct mt_span *out)
{
    size_t end = mt_span_find(path, '?'), len = 0;
    struct mt_span in = {path.ptr, end};
    while (in.len > 0) {
        struct mt_span with_slash = {in.ptr, 1};
        (void)mt_span_take(&in, 1);
        struct mt_span segment = mt_span_take(&in, mt_span_find(in, '/'));
        unsigned dots = dots_of(segment);
        if (dots == 2 && !step_up(bytes, &len))
            return false;
        if (dots > 0 && in.len > 0)
            continue;
        with_slash.len += dots > 0 ? 0 : segment.len; /* "/a/." is "/a/" */
        memcpy(bytes + len, with_slash.ptr, with_slash.len);
        len += with_slash.len;
    }
    memcpy(bytes + len, path.ptr + end, path.len - end);
    *out = (struct mt_span){bytes, len + path.len - end};
    return true;
}
