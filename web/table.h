/* table.h - private to web/: rows of an answer in the order that was asked. */
#ifndef MT_WEB_TABLE_H
#define MT_WEB_TABLE_H

#include "store/column.h"
#include "web/answer.h"

enum { MT_WEB_ROWS_DEFAULT = 500 };

struct mt_web_table {
    const struct mt_screen *screen;
    struct mt_answer *answer;
    /* Further members of a row, each with its comma; NULL: none. */
    void (*more)(struct mt_web_question *q, void *arg,
                 const struct mt_row *row);
    void *arg;
};

/* Sort the rows as the parameters say: 0, or -1 with the problem. */
int mt_web_sort(struct mt_web_question *q, const struct mt_screen *screen,
                struct mt_answer *a);

/* The limit that applies, and the one that the command line says (0: none). */
uint64_t mt_web_limit(const struct mt_web_question *q, uint64_t usual);
uint64_t mt_web_command_limit(const struct mt_web_question *q);

/* ,"rows":{...},"services":[...] */
void mt_web_put_table(struct mt_web_question *q, const struct mt_web_table *t);

#endif
