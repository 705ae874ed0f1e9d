/**
 * ext.h - private to store/: the rare fields of an exchange, as JSON.
 *
 * exchange.ext is NULL unless one of them is set. JSON, so that the view and
 * people with sqlite3 read it with json_extract(). Bytes above 0x7f are kept
 * as they are, also where they are no UTF-8.
 */
#ifndef MT_STORE_EXT_H
#define MT_STORE_EXT_H

#include "base/arena.h"
#include "base/buf.h"
#include "decode/exchange.h"

/* Write what x has; nothing if it has none. out->full: it did not fit. */
void mt_ext_encode(const struct mt_exchange *x, struct mt_buf *out);

/**
 * Fill what the text has into *x, whose other fields are already set. Texts
 * are copied into the arena. Returns 0, MT_STORE_ECORRUPT for a text that was
 * not made by mt_ext_encode(), or MT_STORE_ENOMEM: *x is then filled as far as
 * it went.
 */
int mt_ext_decode(struct mt_exchange *x, struct mt_span text,
                  struct mt_arena *arena);

/* Make json_extract() on this handle one that reads texts of mt_ext_encode()
 * alone: SQLite 3.40 refuses its own in the views of files that are not
 * trusted, and ours is several times faster. Returns an SQLite code. */
struct sqlite3;
int mt_ext_register(struct sqlite3 *db);

/* How the times of an exchange are kept; see the columns of `exchange`. */
int64_t mt_ext_lag_ns(const struct mt_exchange *x, int64_t t);

#endif
