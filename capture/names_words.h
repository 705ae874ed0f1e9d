/**
 * names_words.h - the words of a names file: addresses and ports. Private to
 * the names file.
 */
#ifndef MT_CAPTURE_NAMES_WORDS_H
#define MT_CAPTURE_NAMES_WORDS_H

#include "capture/names_rules.h"

/* 1 to 65535; 0: no port. */
uint16_t mt_names_port(struct mt_span s);

/* Fill net and port from `10.0.0.5`, `10.0.0.5:8080`, `10.0.0.0/8`,
 * `[fd00::1]:8080`, `:8080` or `8080`. False: none of these. */
bool mt_names_place(struct mt_span s, struct mt_names_rule *rule);

#endif
