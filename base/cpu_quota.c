#include "base/cpu_quota.h"

#include <limits.h>

#include "base/text.h"

static struct mt_span take_until(struct mt_span *text, uint8_t c)
{
    struct mt_span part = mt_span_take(text, mt_span_find(*text, c));
    if (text->len > 0)
        (void)mt_span_take(text, 1);
    return part;
}

/* "150000 100000\n", in microseconds; "max 100000": no quota. */
static unsigned cpus_of(struct mt_span text)
{
    uint64_t quota, period;
    struct mt_span line = take_until(&text, '\n');
    struct mt_span first = take_until(&line, ' ');
    if (mt_parse_u64(first, &quota) != 0 || mt_parse_u64(line, &period) != 0 ||
        quota == 0 || period == 0)
        return 0;
    uint64_t n = quota / period + (quota % period > 0);
    return n < UINT_MAX ? (unsigned)n : UINT_MAX;
}

/* Of a process outside of its namespace's root: what is above is not seen. */
static bool leads_out(struct mt_span group)
{
    while (group.len > 0)
        if (mt_span_eq(take_until(&group, '/'), MT_SPAN("..")))
            return true;
    return false;
}

/* Its line is "0::/a/b". */
static bool find_group(struct mt_span own, struct mt_span *group)
{
    while (own.len > 0) {
        *group = take_until(&own, '\n');
        if (!mt_span_starts(*group, MT_SPAN("0::/")))
            continue;
        (void)mt_span_take(group, 3);
        if (group->len == 1 || leads_out(*group))
            group->len = 0;
        return true;
    }
    return false;
}

unsigned mt_cpu_quota(struct mt_span own, mt_cpu_quota_read *read, void *arg)
{
    unsigned least = 0;
    struct mt_span group;
    if (!find_group(own, &group))
        return 0;
    for (;;) {
        unsigned n = cpus_of(read(arg, group));
        if (n > 0 && (least == 0 || n < least))
            least = n;
        if (group.len == 0)
            return least;
        while (group.ptr[--group.len] != '/')
            ; /* the one that it is in */
    }
}
