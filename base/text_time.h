/**
 * text_time.h - moments as text.
 *
 * Unix nanoseconds, in the proleptic Gregorian calendar without leap seconds.
 * No clock and no time zone database: "now" and the offset of local time from
 * UTC are given by the surface. Parsers as in text.h.
 */
#ifndef MT_BASE_TEXT_TIME_H
#define MT_BASE_TEXT_TIME_H

#include <stdbool.h>

#include "base/buf.h"

/* What relative and local times refer to. */
struct mt_time_ref {
    int64_t now_ns;
    int32_t offset_s; /* local time - UTC; |offset| < 24 h */
};

/**
 * Understood, date and time parted by T, t or one space:
 *
 *     2026-11-22T12:04:31Z  2026-11-22T12:04:31.25+01:00   RFC 3339
 *     2026-11-22T12:04:31  2026-11-22 12:04  2026-11-22    local
 *     12:04  12:04:31.5    local, the last time it was this late
 *     -5m  5m ago  now     before now
 *     1795349071  1795349071.25      Unix seconds; from 12 digits on
 *                                    milliseconds, 15 micro-, 18 nano-
 */
int mt_parse_time(struct mt_span text, const struct mt_time_ref *ref,
                  int64_t *ns);

/* Of a time that is understood: it means another moment at another now. */
bool mt_time_counts_from_now(struct mt_span text);

/* RFC 3339 with `digits` (0..9) of a second, cut, not rounded:
 * `2026-11-22T12:04:31.090Z`. An offset of 0 is Z. */
void mt_put_rfc3339(struct mt_buf *b, int64_t ns, int32_t offset_s,
                    unsigned digits);

/* The time of day: `12:04:31.090`. */
void mt_put_clock(struct mt_buf *b, int64_t ns, int32_t offset_s,
                  unsigned digits);

#endif
