/**
 * marks.h - private to tui/: rows that were marked with m, by their key and by
 * the filter terms that select them.
 *
 *     mt_marks_toggle(&m, screen, line->key, terms);
 *     if (mt_marks_has(&m, screen, line->key)) ...
 *     mt_marks_filter(&m, screen, &b);    // svc in (cart, payments)
 *
 * At most MT_MARKS_MAX; a row is marked on its own screen.
 */
#ifndef MT_TUI_MARKS_H
#define MT_TUI_MARKS_H

#include "base/buf.h"

enum { MT_MARKS_MAX = 64, MT_MARK_BYTES = 256 };

struct mt_marks {
    struct {
        uint64_t key;
        uint8_t screen;
        char terms[MT_MARK_BYTES]; /* one a line, as screens give them */
    } list[MT_MARKS_MAX];
    size_t count;
};

bool mt_marks_has(const struct mt_marks *m, uint8_t screen, uint64_t key);

/* 1: it is marked now; 0: no more. -ENOSPC: there are too many, or its terms
 * are too long. */
int mt_marks_toggle(struct mt_marks *m, uint8_t screen, uint64_t key,
                    struct mt_span terms);

size_t mt_marks_count(const struct mt_marks *m, uint8_t screen);

/* The filter that selects a screen's marked rows; the buffer is full where it
 * is too long. */
void mt_marks_filter(const struct mt_marks *m, uint8_t screen,
                     struct mt_buf *out);

#endif
