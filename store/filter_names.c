/* From what people write to the fields of filter_fields.c. */
#include <stdio.h>

#include "store/filter_parse.h"

enum { NAME_MAX_BYTES = 48, FAR = 3 };

/* The next word of a list parted by spaces. */
static bool next_alias(struct mt_span *list, struct mt_span *alias)
{
    while (list->len > 0 && list->ptr[0] == ' ')
        (void)mt_span_take(list, 1);
    *alias = mt_span_take(list, mt_span_find(*list, ' '));
    return alias->len > 0;
}

int filter_field_find(struct mt_span name)
{
    for (int i = 0; i < MT_FILTER_FIELD_COUNT; i++) {
        const struct mt_filter_field_info *info = &filter_fields[i].info;
        struct mt_span list = mt_span_str(info->aliases), alias;
        if (mt_span_caseeq(name, mt_span_str(info->name)))
            return i;
        while (next_alias(&list, &alias))
            if (mt_span_caseeq(name, alias))
                return i;
    }
    return -1;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Insertions, deletions and substitutions from one to the other. */
static unsigned edits(struct mt_span a, struct mt_span b)
{
    unsigned row[NAME_MAX_BYTES + 1];
    for (unsigned j = 0; j <= b.len; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            bool same = mt_ascii_lower(a.ptr[i - 1]) == b.ptr[j - 1];
            unsigned cost = diagonal + (same ? 0 : 1);
            diagonal = row[j];
            row[j] = least(cost, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.len];
}

static void consider(struct mt_span name, struct mt_span candidate,
                     unsigned *best, struct mt_span *found)
{
    if (candidate.len > NAME_MAX_BYTES)
        return;
    unsigned n = edits(name, candidate);
    if (n < *best && n < candidate.len) {
        *best = n;
        *found = candidate;
    }
}

const char *filter_field_near(struct mt_span name)
{
    static _Thread_local char near[NAME_MAX_BYTES + 1];
    unsigned best = FAR;
    struct mt_span found = {.ptr = NULL, .len = 0}, alias;
    if (name.len > NAME_MAX_BYTES)
        return NULL;
    consider(name, MT_SPAN("src"), &best, &found);
    consider(name, MT_SPAN("dst"), &best, &found);
    for (int i = 0; i < MT_FILTER_FIELD_COUNT; i++) {
        struct mt_span list = mt_span_str(filter_fields[i].info.aliases);
        while (next_alias(&list, &alias))
            consider(name, alias, &best, &found);
        consider(name, mt_span_str(filter_fields[i].info.name), &best, &found);
    }
    if (found.len == 0)
        return NULL;
    (void)snprintf(near, sizeof near, "%.*s", (int)found.len,
                   (const char *)found.ptr);
    return near;
}
