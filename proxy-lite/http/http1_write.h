/**
 * http1_write.h - messages of HTTP/1.1 as they go out (RFC 9112).
 *
 * Into a connection's queue; what does not fit there is the queue's failure.
 * Header fields are written as they are: who made the head has seen to it
 * that no name or value holds CR, LF or NUL.
 */
#ifndef MT_PROXY_LITE_HTTP_HTTP1_WRITE_H
#define MT_PROXY_LITE_HTTP_HTTP1_WRITE_H

#include "proxy-lite/http/head.h"
#include "proxy-lite/http/outq.h"

/* How the end of the body is told (RFC 9112 section 6.3). */
enum mt_body {
    MT_BODY_NONE,    /* there is none */
    MT_BODY_LENGTH,  /* Content-Length, which is among the fields */
    MT_BODY_CHUNKED, /* Transfer-Encoding: chunked is added */
    MT_BODY_CLOSE,   /* responses: until the connection ends */
};

/* What the body of a message with this head is sent as. end: it has none.
 * to_1_0: the client understands no chunks. A request of unknown length is
 * chunked, for a server that may speak HTTP/1.1. */
enum mt_body mt_http1_body(const struct mt_head *h, bool end, bool to_1_0);

/* close: the connection ends after this message and its answer. */
void mt_http1_write_request(struct mt_outq *q, const struct mt_head *h,
                            enum mt_body body, bool close);

/* keep: HTTP/1.0 only, the connection stays. Otherwise as above. */
void mt_http1_write_response(struct mt_outq *q, const struct mt_head *h,
                             enum mt_body body, bool close, bool keep);

/* Some of the body, borrowed until the queue is settled. */
void mt_http1_write_body(struct mt_outq *q, enum mt_body body,
                         struct mt_span bytes);

/* The end of the body; trailers: NULL or empty for none. They are left out
 * where there are no chunks. */
void mt_http1_write_end(struct mt_outq *q, enum mt_body body,
                        const struct mt_head *trailers);

/* The reason phrase of a status that is registered; empty for others. */
struct mt_span mt_http_reason(unsigned status);

#endif
