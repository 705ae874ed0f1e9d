/**
 * csv.h - cells of comma separated values (RFC 4180) from texts that may hold
 * anything.
 *
 * The result is valid UTF-8. A text that a spreadsheet would run as a formula
 * (it begins with = + - @, a tab or a carriage return) gets a ' before it,
 * unless raw.
 */
#ifndef MT_BASE_CSV_H
#define MT_BASE_CSV_H

#include "base/out.h"

void mt_csv_text(struct mt_out *o, struct mt_span text, bool raw);

#endif
