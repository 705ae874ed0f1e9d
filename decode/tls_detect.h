/**
 * tls_detect.h - is this TLS?
 *
 * Sure, and who is the client, from a hello; likely, in a connection that was
 * joined late, from record headers. A connection seen from its first byte is
 * TLS only if that begins a hello.
 */
#ifndef MT_DECODE_TLS_DETECT_H
#define MT_DECODE_TLS_DETECT_H

#include "decode/decoder.h"

struct mt_verdict mt_tls_detect(const struct mt_probe *p);

#endif
