/**
 * problems.h - what is wrong with a text, and where: up to a bound, in order.
 *
 *     struct mt_config_problems p = {0};
 *     mt_config_problem(&p, line, column, "unknown key '%s'", name);
 *     for (i = 0; i < p.count; i++)      // after mt_config_problems_sort(&p)
 *         "FILE:%u:%u: %s", p.list[i].line, .column, .text
 *
 * A problem is one line without control characters (mt_show() what others
 * wrote). What is beyond the bound is counted in p.more.
 */
#ifndef MT_PROXY_LITE_CONFIG_PROBLEMS_H
#define MT_PROXY_LITE_CONFIG_PROBLEMS_H

#include <stdint.h>

enum { MT_CONFIG_PROBLEMS_MAX = 20, MT_CONFIG_PROBLEM_BYTES = 320 };

struct mt_config_problem {
    uint32_t line, column; /* from 1 */
    char text[MT_CONFIG_PROBLEM_BYTES];
};

struct mt_config_problems {
    struct mt_config_problem list[MT_CONFIG_PROBLEMS_MAX];
    uint32_t count;
    uint32_t more; /* that found no room */
};

__attribute__((format(printf, 4, 5))) void
mt_config_problem(struct mt_config_problems *p, uint32_t line, uint32_t column,
                  const char *format, ...);

/* As they stand in the text. */
void mt_config_problems_sort(struct mt_config_problems *p);

#endif
