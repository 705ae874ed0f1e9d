/**
 * column_impl.h - private to store/column*.c: how values and columns are made.
 */
#ifndef MT_STORE_COLUMN_IMPL_H
#define MT_STORE_COLUMN_IMPL_H

#include "store/column.h"

/* ---- values ---- */

static inline struct mt_value text(struct mt_span s)
{
    return (struct mt_value){
        .unit = MT_UNIT_TEXT, .known = s.len > 0, .text = s};
}

static inline struct mt_value text_of(const char *s)
{
    return text(mt_span_str(s));
}

static inline struct mt_value whole(enum mt_unit unit, int64_t n)
{
    return (struct mt_value){.unit = unit, .known = n >= 0, .whole = n};
}

static inline struct mt_value count(uint64_t n)
{
    return whole(MT_UNIT_COUNT, n <= INT64_MAX ? (int64_t)n : INT64_MAX);
}

static inline struct mt_value number(enum mt_unit unit, double n)
{
    return (struct mt_value){.unit = unit, .known = n >= 0, .number = n};
}

static inline struct mt_value ratio(uint64_t part, uint64_t of)
{
    return number(MT_UNIT_RATIO, of > 0 ? (double)part / (double)of : -1.0);
}

static inline struct mt_value id(uint64_t n)
{
    struct mt_value v = count(n);
    v.unit = MT_UNIT_ID;
    v.known = n != 0;
    return v;
}

/* ---- columns ---- */

#define COLUMN(key_, title_, help_, unit_, priority_, width_, wide_, get_)  \
    {                                                                       \
        .key = (key_), .title = (title_), .help = (help_), .unit = (unit_), \
        .priority = (priority_), .max_width = (width_), .wide = (wide_),    \
        .get = (get_)                                                       \
    }
/* A text that is aligned as numbers are. */
#define RIGHT_COLUMN(key_, title_, help_, unit_, priority_, width_, wide_,  \
                     get_)                                                  \
    {                                                                       \
        .key = (key_), .title = (title_), .help = (help_), .unit = (unit_), \
        .priority = (priority_), .max_width = (width_), .wide = (wide_),    \
        .right = true, .get = (get_)                                        \
    }

#define SCREEN(list) list, sizeof(list) / sizeof((list)[0])

#endif
