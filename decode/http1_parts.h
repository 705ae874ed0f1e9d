/**
 * http1_parts.h - what the parts of the HTTP/1 parser share; private to it.
 *
 * http1.c has the states, http1_line.c takes lines, http1_header.c reads
 * start lines and fields, http1_chunk.c chunk lines; http1_search.c looks for
 * the next message.
 *
 *     int rc = mt_http1_line(p, in, true, &line);
 *     if (rc != MT_EVENT)
 *         return rc;                      // MT_MORE, or an error
 *     if (!mt_http1_read_field(p, line, ev))
 *         ...                             // no field: passed over
 */
#ifndef MT_DECODE_HTTP1_PARTS_H
#define MT_DECODE_HTTP1_PARTS_H

#include "decode/http1.h"

/**
 * The next line, without its end; with folds set also the lines that continue
 * it (RFC 9112 section 5.2), joined by one space. p->line_bytes is its size on
 * the wire. *line borrows from *in, or from the hold until the next call.
 * Returns MT_EVENT, MT_MORE, MT_ELIMIT (not sticky: the caller's to do).
 */
int mt_http1_line(struct mt_http1 *p, struct mt_span *in, bool folds,
                  struct mt_span *line);

/* Give the hold back to the pool. */
void mt_http1_release(struct mt_http1 *p);

/* Skip to where a message may begin. True: it is at the front of *in. */
bool mt_http1_search(struct mt_http1 *p, struct mt_span *in);

/* False: not a start line. Sets the event, p->status, p->minor. */
bool mt_http1_read_start(struct mt_http1 *p, struct mt_span line,
                         struct mt_http1_event *ev);

/* False: there is no field in this line. Sets the event but for its kind. */
bool mt_http1_read_field(struct mt_http1 *p, struct mt_span line,
                         struct mt_http1_event *ev);

/* Note a field of the header section for the framing. */
void mt_http1_note_field(struct mt_http1 *p, struct mt_http1_event *ev);

/* RFC 9112 section 6.3, after the last field of the header. */
enum mt_http1_framing mt_http1_framing_of(struct mt_http1 *p);

/* A chunk's first line. False: malformed. */
bool mt_http1_read_chunk(struct mt_http1 *p, struct mt_span line,
                         struct mt_http1_event *ev);

#endif
