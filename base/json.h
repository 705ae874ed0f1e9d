/**
 * json.h - write JSON (RFC 8259) from texts that may hold anything.
 *
 *     mt_json_string(&out, path);          // "\/\u001b..." and quotes
 *
 * The result is valid UTF-8: bytes that are none become U+FFFD. Characters
 * that a terminal could be fooled with (text_escape.h) are written as \uNNNN,
 * which loses nothing.
 */
#ifndef MT_BASE_JSON_H
#define MT_BASE_JSON_H

#include "base/out.h"

/* A string with its quotes. */
void mt_json_string(struct mt_out *o, struct mt_span text);

#endif
