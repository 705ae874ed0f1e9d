#include "proxy-lite/http/http1_write.h"

#include <string.h>

#include "base/buf.h"

/* RFC 9110 section 15 and the IANA registry; a few of other RFCs. */
#define REASONS(X)                            \
    X(100, "Continue")                        \
    X(101, "Switching Protocols")             \
    X(103, "Early Hints")                     \
    X(200, "OK")                              \
    X(201, "Created")                         \
    X(202, "Accepted")                        \
    X(204, "No Content")                      \
    X(206, "Partial Content")                 \
    X(301, "Moved Permanently")               \
    X(302, "Found")                           \
    X(303, "See Other")                       \
    X(304, "Not Modified")                    \
    X(307, "Temporary Redirect")              \
    X(308, "Permanent Redirect")              \
    X(400, "Bad Request")                     \
    X(401, "Unauthorized")                    \
    X(403, "Forbidden")                       \
    X(404, "Not Found")                       \
    X(405, "Method Not Allowed")              \
    X(408, "Request Timeout")                 \
    X(409, "Conflict")                        \
    X(410, "Gone")                            \
    X(411, "Length Required")                 \
    X(412, "Precondition Failed")             \
    X(413, "Content Too Large")               \
    X(414, "URI Too Long")                    \
    X(415, "Unsupported Media Type")          \
    X(416, "Range Not Satisfiable")           \
    X(417, "Expectation Failed")              \
    X(421, "Misdirected Request")             \
    X(422, "Unprocessable Content")           \
    X(425, "Too Early")                       \
    X(426, "Upgrade Required")                \
    X(428, "Precondition Required")           \
    X(429, "Too Many Requests")               \
    X(431, "Request Header Fields Too Large") \
    X(500, "Internal Server Error")           \
    X(501, "Not Implemented")                 \
    X(502, "Bad Gateway")                     \
    X(503, "Service Unavailable")             \
    X(504, "Gateway Timeout")                 \
    X(505, "HTTP Version Not Supported")      \
    X(511, "Network Authentication Required")

struct mt_span mt_http_reason(unsigned status)
{
    switch (status) {
#define X(code, text) \
    case code:        \
        return MT_SPAN(text);
        REASONS(X)
#undef X
    default:
        return MT_SPAN("");
    }
}

enum mt_body mt_http1_body(const struct mt_head *h, bool end, bool to_1_0)
{
    bool request = h->status == 0;
    if (end)
        return MT_BODY_NONE;
    if (h->length != MT_LENGTH_UNKNOWN)
        return MT_BODY_LENGTH;
    return request || !to_1_0 ? MT_BODY_CHUNKED : MT_BODY_CLOSE;
}

static void put(struct mt_outq *q, struct mt_span s)
{
    (void)mt_outq_put(q, s);
}

static void put_str(struct mt_outq *q, const char *s)
{
    put(q, mt_span_str(s));
}

static void put_field(struct mt_outq *q, struct mt_span name,
                      struct mt_span value)
{
    const struct mt_span parts[] = {name, MT_SPAN(": "), value,
                                    MT_SPAN("\r\n")};
    size_t n = name.len + value.len + 4;
    uint8_t *to = n <= MT_OUTQ_ROOM_MAX ? mt_outq_room(q, n) : NULL;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (to == NULL) {
            put(q, parts[i]);
        } else if (parts[i].len > 0) { /* else it may point nowhere */
            memcpy(to, parts[i].ptr, parts[i].len);
            to += parts[i].len;
        }
    }
    if (to != NULL)
        mt_outq_used(q, n);
}

static void put_fields(struct mt_outq *q, const struct mt_head *h)
{
    for (uint32_t i = 0; i < h->count; i++)
        put_field(q, h->fields[i].name, h->fields[i].value);
}

/* Connection names what is of this hop alone (RFC 9110 section 7.6.1). */
static void put_connection(struct mt_outq *q, const struct mt_head *h,
                           bool close, bool keep)
{
    const char *options[4];
    unsigned n = 0;
    if (mt_head_has(h, MT_HEAD_UPGRADE))
        options[n++] = "upgrade";
    if (mt_head_has(h, MT_HEAD_TE))
        options[n++] = "TE";
    if (close)
        options[n++] = "close";
    else if (keep)
        options[n++] = "keep-alive";
    for (unsigned i = 0; i < n; i++) {
        put_str(q, i == 0 ? "Connection: " : ", ");
        put_str(q, options[i]);
    }
    put_str(q, n > 0 ? "\r\n" : "");
}

static void put_head_end(struct mt_outq *q, enum mt_body body)
{
    if (body == MT_BODY_CHUNKED)
        put_str(q, "Transfer-Encoding: chunked\r\n");
    put_str(q, "\r\n");
}

void mt_http1_write_request(struct mt_outq *q, const struct mt_head *h,
                            enum mt_body body, bool close)
{
    bool connect = mt_span_eq(h->method, MT_SPAN("CONNECT"));
    put(q, h->method);
    put_str(q, " ");
    put(q, connect ? h->authority : h->path);
    put_str(q, " HTTP/1.1\r\n");
    put_field(q, MT_SPAN("Host"), h->authority);
    put_fields(q, h);
    put_connection(q, h, close, false);
    put_head_end(q, body);
}

void mt_http1_write_response(struct mt_outq *q, const struct mt_head *h,
                             enum mt_body body, bool close, bool keep)
{
    uint8_t bytes[16];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_put_str(&b, "HTTP/1.1 ");
    mt_put_decimal(&b, h->status);
    mt_put_char(&b, ' ');
    put(q, mt_buf_span(&b));
    put(q, mt_http_reason(h->status));
    put_str(q, "\r\n");
    put_fields(q, h);
    put_connection(q, h, close, keep);
    put_head_end(q, body);
}

void mt_http1_write_body(struct mt_outq *q, enum mt_body body,
                         struct mt_span bytes)
{
    uint8_t line[20];
    struct mt_buf b = mt_buf_of(line, sizeof line);
    if (bytes.len == 0)
        return; /* a chunk of none would be the last */
    if (body != MT_BODY_CHUNKED) {
        (void)mt_outq_lend(q, bytes);
        return;
    }
    unsigned shift = 60;
    while ((bytes.len >> shift & 15) == 0)
        shift -= 4;
    for (;; shift -= 4) {
        mt_put_char(&b, "0123456789abcdef"[bytes.len >> shift & 15]);
        if (shift == 0)
            break;
    }
    mt_put_str(&b, "\r\n");
    put(q, mt_buf_span(&b));
    (void)mt_outq_lend(q, bytes);
    put_str(q, "\r\n");
}

void mt_http1_write_end(struct mt_outq *q, enum mt_body body,
                        const struct mt_head *trailers)
{
    if (body != MT_BODY_CHUNKED)
        return;
    put_str(q, "0\r\n");
    if (trailers != NULL)
        put_fields(q, trailers);
    put_str(q, "\r\n");
}
