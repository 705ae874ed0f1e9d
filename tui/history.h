/* history.h - private to tui/: the last lines that were typed, newest last. */
#ifndef MT_TUI_HISTORY_H
#define MT_TUI_HISTORY_H

#include "tui/edit.h"

enum { MT_HISTORY_LINES = 32, MT_HISTORY_BYTES = 512 };

struct mt_history {
    char lines[MT_HISTORY_LINES][MT_HISTORY_BYTES];
    size_t count;
    size_t at;                     /* the line shown; count: what is typed */
    char typed[MT_EDIT_BYTES + 1]; /* before one was looked for */
};

/* A line that is done; what is too long is not kept. */
void mt_history_add(struct mt_history *h, const char *line);

/* One back (-1) or forth (1), into what is being typed. */
void mt_history_step(struct mt_history *h, int by, struct mt_edit *e);

#endif
