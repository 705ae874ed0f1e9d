/**
 * suggest.h - for messages about words that people wrote: the word that was
 * meant, and a piece of any text that is safe to show.
 *
 *     const char *meant = mt_suggest(key, known, count);
 *     ... "unknown key '%s'; did you mean '%s'?", mt_show(key).text, meant
 */
#ifndef MT_BASE_SUGGEST_H
#define MT_BASE_SUGGEST_H

#include "base/span.h"

enum { MT_SHOWN_BYTES = 60 };

/* A text, clipped, its control bytes as '?'. */
struct mt_shown {
    char text[MT_SHOWN_BYTES + 1];
};

struct mt_shown mt_show(struct mt_span s);

/* How many letters must change, come or go to make one word of the other
 * (Levenshtein 1966), whatever their case; SIZE_MAX above 32 bytes. */
size_t mt_edits(struct mt_span a, struct mt_span b);

/* Is a word that many edits away perhaps what was meant? */
bool mt_edits_near(struct mt_span word, size_t edits);

/* The word of the list that was meant, or NULL where none is near. */
const char *mt_suggest(struct mt_span word, const char *const *list, size_t n);

#endif
