/**
 * regex.h - regular expressions over bytes, bounded.
 *
 * PCRE2 without Unicode. A pattern is bounded by its length and by what PCRE2
 * compiles to 64 KiB; a match by steps, so that no pattern takes for ever
 * over no text: one that is given up does not match, and is counted.
 *
 * A compiled pattern is never written to: threads share it, each with a
 * scratch of its own.
 */
#ifndef MT_BASE_REGEX_H
#define MT_BASE_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

enum {
    MT_REGEX_PATTERN_MAX = 512,  /* bytes */
    MT_REGEX_TEXT_MAX = 8192,    /* of a text that is looked at */
    MT_REGEX_STEPS_MAX = 100000, /* of one match */
    MT_REGEX_MEMORY_KIB = 1024,  /* of one match */
    MT_REGEX_WHY_BYTES = 128,
};

enum mt_regex_how {
    MT_REGEX_ANYWHERE, /* of a text longer than the maximum, its beginning */
    MT_REGEX_WHOLE,    /* the pattern is the whole text, or does not match */
};

struct mt_regex;
struct mt_regex_scratch;

/* Where in the pattern, in bytes from 0, and what is wrong. */
struct mt_regex_error {
    size_t at;
    char text[MT_REGEX_WHY_BYTES];
};

/* Returns 0; MT_EPROTO with *error set; or MT_ELIMIT without memory. */
int mt_regex_new(struct mt_regex **out, struct mt_span pattern,
                 enum mt_regex_how how, struct mt_regex_error *error);

/* NULL is fine. */
void mt_regex_free(struct mt_regex *r);

/* Does it match? One thread at a time: it has a scratch of its own. */
bool mt_regex_match(struct mt_regex *r, struct mt_span text);

/* Matches that were given up so far. */
uint64_t mt_regex_given_up(const struct mt_regex *r);

/* What one thread needs to ask any pattern. NULL: no memory. */
struct mt_regex_scratch *mt_regex_scratch_new(void);

/* NULL is fine. */
void mt_regex_scratch_free(struct mt_regex_scratch *s);

/* As mt_regex_match(), any number of threads, each with its scratch. */
bool mt_regex_search(const struct mt_regex *r, struct mt_regex_scratch *s,
                     struct mt_span text);

/* Matches that were given up with this scratch. */
uint64_t mt_regex_scratch_given_up(const struct mt_regex_scratch *s);

#endif
