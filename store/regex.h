/**
 * regex.h - private to store/: regular expressions over bytes, bounded.
 *
 * PCRE2 without Unicode. A pattern is bounded by its length and by what PCRE2
 * compiles to 64 KiB; a match by steps, so that no pattern takes for ever
 * over no text: one that is given up does not match, and is counted.
 */
#ifndef MT_STORE_REGEX_H
#define MT_STORE_REGEX_H

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

struct mt_regex;

/* Where in the pattern, in bytes from 0, and what is wrong. */
struct mt_regex_error {
    size_t at;
    char text[MT_REGEX_WHY_BYTES];
};

/* Returns 0; MT_EPROTO with *error set; or MT_ELIMIT without memory. */
int mt_regex_new(struct mt_regex **out, struct mt_span pattern,
                 struct mt_regex_error *error);

/* NULL is fine. */
void mt_regex_free(struct mt_regex *r);

/* Is it anywhere in the text? One thread at a time. */
bool mt_regex_match(struct mt_regex *r, struct mt_span text);

/* Matches that were given up so far. */
uint64_t mt_regex_given_up(const struct mt_regex *r);

#endif
