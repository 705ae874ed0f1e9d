/**
 * text.h - numbers with units, as people write and read them.
 *
 * Parsers take the whole text or nothing: 0 and *out set, or MT_EPROTO with
 * *out untouched (MT_ELIMIT where the number is right but too large). No
 * locale, no white space around. Writers append to a buffer (buf.h).
 *
 *     int64_t ns;
 *     if (mt_parse_duration(MT_SPAN("1.5s"), &ns) != 0) ...
 *     mt_put_latency(&b, 3120000);              // 3.1ms
 *     mt_put_bytes(&b, 1234);                   // 1.2 kB
 */
#ifndef MT_BASE_TEXT_H
#define MT_BASE_TEXT_H

#include "base/buf.h"

/* Digits alone. */
int mt_parse_u64(struct mt_span text, uint64_t *out);

/**
 * `250ms`, `1.5s`, `2h`, `1h30m`: units ns us (or µs) ms s m h d w, each at
 * most once, largest first. A unit is needed, but for a bare 0. What is below
 * a nanosecond is dropped.
 */
int mt_parse_duration(struct mt_span text, int64_t *ns);

/**
 * `412`, `1.2kB`, `256MiB`: B, kB MB GB TB are powers of 1000, KiB MiB GiB
 * TiB of 1024, and so are k K M G T alone. One space before the unit is fine.
 */
int mt_parse_bytes(struct mt_span text, uint64_t *bytes);

/* Shortest exact form that mt_parse_duration() reads: `1.5s`, `250ms`, `1h`.
 * ns >= 0. */
void mt_put_duration(struct mt_buf *b, int64_t ns);

/* Two significant digits or three, for columns: `850ns`, `80µs`, `0.4ms`,
 * `3.1ms`, `22ms`, `301ms`, `1.4 s`, `41 s`, `3.5 min`, `2.0 h`, `3.1 d`. */
void mt_put_latency(struct mt_buf *b, int64_t ns);

/* How long something has lasted, seconds at least: `0.3 s`, `41 s`. */
void mt_put_age(struct mt_buf *b, int64_t ns);

/* `412 B`, `1.2 kB`, `24 MB`: powers of 1000. */
void mt_put_bytes(struct mt_buf *b, uint64_t n);

/* Groups of three: `24 731`. */
void mt_put_count(struct mt_buf *b, uint64_t n);

/* Signed decimal digits. */
void mt_put_signed(struct mt_buf *b, int64_t v);

/* Decimal digits, with zeros before them up to a width. */
void mt_put_padded(struct mt_buf *b, uint64_t v, unsigned width);

#endif
