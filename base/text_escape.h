/**
 * text_escape.h - texts from the wire, made safe to show.
 *
 * Control bytes, invalid UTF-8, and characters that hide or turn text around
 * (bidirectional controls, zero-width and format characters, tags) would let
 * a peer write what it likes into a terminal. They become visible escapes.
 */
#ifndef MT_BASE_TEXT_ESCAPE_H
#define MT_BASE_TEXT_ESCAPE_H

#include "base/buf.h"

/* One character off the front of *s: its code point, or -1 for one byte that
 * is no UTF-8 (overlong forms and surrogates are none). s->len > 0. */
int32_t mt_utf8_take(struct mt_span *s);

/* Terminal columns of a character: 0, 1 or 2; -1 for one that is escaped. */
int mt_char_columns(int32_t code_point);

/**
 * Append text so that it takes at most max_columns; cut, it ends in "…".
 * Escapes: \xNN for a byte, \u{NNNN} for a character, \\ for the backslash,
 * \n \r \t. At most two characters without a width follow each other
 * unescaped. Returns the columns used.
 */
size_t mt_put_escaped(struct mt_buf *b, struct mt_span text,
                      size_t max_columns);

#endif
