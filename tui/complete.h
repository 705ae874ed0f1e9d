/**
 * complete.h - private to tui/: Tab: the rest of a word that is being typed.
 *
 *     struct mt_words words = {.count = 0};
 *     mt_words_add(&words, "services");
 *     mt_complete(&edit, from, &words, " ", &others);
 *
 * As far as all words that begin so agree it is completed; where there are
 * several, they are listed.
 */
#ifndef MT_TUI_COMPLETE_H
#define MT_TUI_COMPLETE_H

#include "tui/edit.h"
#include "tui/known.h"

enum { MT_WORDS_MAX = 300 };

/* What may stand there; texts are borrowed. More are left out. */
struct mt_words {
    const char *list[MT_WORDS_MAX];
    size_t count;
    bool quoted; /* as values of a filter: in quotes where they have to be */
};

void mt_words_add(struct mt_words *w, const char *text); /* once each */

/* The word from byte `from` up to the cursor; `after` follows one that is
 * whole. others: the words where there are several, parted by two spaces.
 * Returns how many there are. */
size_t mt_complete(struct mt_edit *e, size_t from, const struct mt_words *words,
                   const char *after, struct mt_buf *others);

/* ---- filters ---- */

/* Is it a value of a field that ends at the cursor, in a filter that begins
 * with byte `begin` of the line? */
bool mt_filter_is_valued(const struct mt_edit *e, size_t begin);

/* The field or value that ends at the cursor. False: it is a value, and none
 * that begins so is known. */
bool mt_complete_filter(struct mt_edit *e, size_t begin,
                        const struct mt_known *k, struct mt_buf *others);

#endif
