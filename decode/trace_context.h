/* trace_context.h - the ids that a request carries for its trace. */
#ifndef MT_DECODE_TRACE_CONTEXT_H
#define MT_DECODE_TRACE_CONTEXT_H

#include "base/span.h"

/**
 * The value of `traceparent`: https://www.w3.org/TR/trace-context/ section 3.2,
 * version-traceid-parentid-flags, of any version but ff. span is what it calls
 * the parent: the span of who calls. False, with nothing set: it is none.
 */
bool mt_traceparent(struct mt_span value, uint8_t trace[16], uint8_t span[8]);

/* Exactly 2 * n hex digits into n bytes; else false. */
bool mt_hex_bytes(struct mt_span text, uint8_t *out, size_t n);

#endif
