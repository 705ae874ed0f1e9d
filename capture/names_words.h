/**
 * names_words.h - the words of a names file: addresses, ports, and what to
 * show of a word that is wrong. Private to the names file.
 */
#ifndef MT_CAPTURE_NAMES_WORDS_H
#define MT_CAPTURE_NAMES_WORDS_H

#include "capture/names_rules.h"

enum { MT_NAMES_SHOWN_BYTES = 60 };

/* For messages: a text, clipped, its control bytes as '?'. */
struct mt_names_shown {
    char text[MT_NAMES_SHOWN_BYTES + 1];
};

struct mt_names_shown mt_names_show(struct mt_span s);

/* The word of the list that was meant, or NULL where none is near. */
const char *mt_names_suggest(struct mt_span word, const char *const *list,
                             size_t n);

/* 1 to 65535; 0: no port. */
uint16_t mt_names_port(struct mt_span s);

/* Fill net and port from `10.0.0.5`, `10.0.0.5:8080`, `10.0.0.0/8`,
 * `[fd00::1]:8080`, `:8080` or `8080`. False: none of these. */
bool mt_names_place(struct mt_span s, struct mt_names_rule *rule);

#endif
