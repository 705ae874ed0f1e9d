/**
 * sse.h - counts the events of a text/event-stream (WHATWG HTML, section
 * 9.2.6): runs of lines closed by an empty line. A line ends in CRLF, LF or
 * CR; comments and fields other than data make no event of their own.
 *
 *     struct mt_sse s = {0};
 *     while (more)
 *         events += mt_sse_feed(&s, span);   // cut anywhere
 */
#ifndef MT_DECODE_SSE_H
#define MT_DECODE_SSE_H

#include "base/span.h"

/* All zero is the beginning of a stream. */
struct mt_sse {
    uint8_t line;  /* private: bytes of the line so far, up to its colon */
    bool cr;       /* the last byte was CR */
    bool has_data; /* the block has a data line */
    bool begun;    /* past a byte order mark */
    uint8_t match; /* bytes that spell "data" */
};

/* The number of events that end within these bytes. Allocates nothing. */
uint32_t mt_sse_feed(struct mt_sse *s, struct mt_span bytes);

#endif
