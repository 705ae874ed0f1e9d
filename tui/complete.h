/**
 * complete.h - private to tui/: Tab: the rest of a word that is being typed.
 *
 *     struct mt_words words = {.count = 0};
 *     mt_words_add(&words, "services", false);
 *     mt_complete(&edit, from, &words, " ", &others);
 *
 * As far as all words that begin so agree it is completed; where there are
 * several, they are listed.
 */
#ifndef MT_TUI_COMPLETE_H
#define MT_TUI_COMPLETE_H

#include "tui/edit.h"

enum { MT_WORDS_MAX = 200 };

/* What may stand there; texts are borrowed. More are left out. */
struct mt_words {
    const char *list[MT_WORDS_MAX];
    size_t count;
    bool quoted; /* as values of a filter: in quotes where they have to be */
};

void mt_words_add(struct mt_words *w, const char *text); /* once each */

/* The word from byte `from` up to the cursor; `after` follows one that is
 * whole. others: the words where there are several, parted by two spaces. */
void mt_complete(struct mt_edit *e, size_t from, const struct mt_words *words,
                 const char *after, struct mt_buf *others);

/* ---- filters ---- */

enum { MT_KNOWN_MAX = 256, MT_KNOWN_BYTES = 96 };

enum mt_known_field {
    MT_KNOWN_SERVICE,
    MT_KNOWN_CLIENT,
    MT_KNOWN_METHOD,
    MT_KNOWN_ROUTE,
};

/* Names that the database has given so far: the first of them. */
struct mt_known {
    char list[MT_KNOWN_MAX][MT_KNOWN_BYTES];
    uint8_t field[MT_KNOWN_MAX];
    size_t count;
};

struct mt_snapshot;

void mt_known_note(struct mt_known *k, const struct mt_snapshot *a);

/* The field or value of a filter that ends at the cursor. */
void mt_complete_filter(struct mt_edit *e, const struct mt_known *k,
                        struct mt_buf *others);

#endif
