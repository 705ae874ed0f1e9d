/**
 * http1_detect.h - is this HTTP/1, and who is the client? Private to the
 * HTTP/1 decoder.
 *
 *     struct mt_verdict v = mt_http1_detect(probe);
 */
#ifndef MT_DECODE_HTTP1_DETECT_H
#define MT_DECODE_HTTP1_DETECT_H

#include "decode/decoder.h"

/* Evidence is a whole request line or status line: at the first byte, or, on
 * a side that was joined late, after any CRLF. */
struct mt_verdict mt_http1_detect(const struct mt_probe *p);

#endif
