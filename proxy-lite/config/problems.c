#include "proxy-lite/config/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void mt_config_problem(struct mt_config_problems *p, uint32_t line,
                       uint32_t column, const char *format, ...)
{
    if (p->count == MT_CONFIG_PROBLEMS_MAX) {
        p->more++;
        return;
    }
    struct mt_config_problem *one = &p->list[p->count++];
    va_list args;
    one->line = line;
    one->column = column;
    va_start(args, format);
    (void)vsnprintf(one->text, sizeof one->text, format, args);
    va_end(args);
}

static int by_place(const void *left, const void *right)
{
    const struct mt_config_problem *a = left, *b = right;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->column > b->column) - (a->column < b->column);
}

void mt_config_problems_sort(struct mt_config_problems *p)
{
    if (p->count > 1)
        qsort(p->list, p->count, sizeof p->list[0], by_place);
}
