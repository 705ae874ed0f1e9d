/**
 * head.h - the header of one message as the proxy holds it, whichever version
 * of HTTP it came by or goes out by.
 *
 *     struct mt_head h;
 *     mt_head_init(&h, &pool, 64 << 10);
 *     if (!mt_head_add(&h, name, value))     // copied
 *         431: too large, or no memory
 *     struct mt_span type = mt_head_value(&h, MT_HEAD_CONTENT_TYPE);
 *     mt_head_reset(&h);                     // for the next message
 *     mt_head_deinit(&h);
 *
 * Every text lives in the head's own arena until it is reset. Names keep the
 * case they came in; they are compared in any. One thread.
 */
#ifndef MT_PROXY_LITE_HTTP_HEAD_H
#define MT_PROXY_LITE_HTTP_HEAD_H

#include "base/arena.h"
#include "proxy-lite/policy/model.h"

/* Fields that the proxy itself looks at, by the length of their names.
 * X(NAME, "name") */
#define MT_HEAD_IDS(X)                        \
    X(TE, "te")                               \
    X(VIA, "via")                             \
    X(DATE, "date")                           \
    X(HOST, "host")                           \
    X(COOKIE, "cookie")                       \
    X(EXPECT, "expect")                       \
    X(TRAILER, "trailer")                     \
    X(UPGRADE, "upgrade")                     \
    X(FORWARDED, "forwarded")                 \
    X(CONNECTION, "connection")               \
    X(KEEP_ALIVE, "keep-alive")               \
    X(USER_AGENT, "user-agent")               \
    X(GRPC_STATUS, "grpc-status")             \
    X(RETRY_AFTER, "retry-after")             \
    X(TRACEPARENT, "traceparent")             \
    X(CONTENT_TYPE, "content-type")           \
    X(GRPC_MESSAGE, "grpc-message")           \
    X(GRPC_TIMEOUT, "grpc-timeout")           \
    X(MAX_FORWARDS, "max-forwards")           \
    X(X_REQUEST_ID, "x-request-id")           \
    X(CONTENT_LENGTH, "content-length")       \
    X(HTTP2_SETTINGS, "http2-settings")       \
    X(X_FORWARDED_FOR, "x-forwarded-for")     \
    X(PROXY_CONNECTION, "proxy-connection")   \
    X(X_FORWARDED_HOST, "x-forwarded-host")   \
    X(TRANSFER_ENCODING, "transfer-encoding") \
    X(X_FORWARDED_PROTO, "x-forwarded-proto") \
    X(GRPC_PUSHBACK, "grpc-retry-pushback-ms")

enum mt_head_id {
#define X(name, text) MT_HEAD_##name,
    MT_HEAD_IDS(X)
#undef X
        MT_HEAD_ID_COUNT,
    MT_HEAD_OTHER = MT_HEAD_ID_COUNT,
};

/* In lower case. */
struct mt_span mt_head_name(enum mt_head_id id);

/* The id of a name in any case, or MT_HEAD_OTHER. */
enum mt_head_id mt_head_id(struct mt_span name);

enum mt_http_version { MT_HTTP_1_0, MT_HTTP_1_1, MT_HTTP_2 };

#define MT_LENGTH_UNKNOWN (-1)

enum { MT_HEAD_FIELDS_MAX = 256 };

struct mt_head {
    struct mt_arena arena;
    struct mt_policy_field *fields;
    uint8_t *ids; /* of each field: enum mt_head_id */
    uint32_t count, room;
    uint32_t seen; /* bit 1 << id: there is one */

    /* a request; empty in a response */
    struct mt_span method;
    struct mt_span scheme;
    struct mt_span authority; /* host and port, of Host or :authority */
    struct mt_span path;      /* with query; "*"; empty for CONNECT */

    uint16_t status; /* a response */
    uint8_t version; /* it came by: enum mt_http_version */

    int64_t length;      /* of the body, or MT_LENGTH_UNKNOWN */
    uint64_t wire_bytes; /* of the header as it came */
};

static_assert(MT_HEAD_ID_COUNT < 32, "a bit each");

/* max_bytes: of all texts and tables. The pool outlives the head; nothing is
 * taken from it yet. */
void mt_head_init(struct mt_head *h, struct mt_pool *pool, size_t max_bytes);
void mt_head_deinit(struct mt_head *h);

/* Everything is forgotten, as after init. */
void mt_head_reset(struct mt_head *h);

/* Add a field, the last one. False: it did not fit, there are
 * MT_HEAD_FIELDS_MAX, or no memory. */
bool mt_head_add(struct mt_head *h, struct mt_span name, struct mt_span value);

/* The same, its texts borrowed for as long as the head has them. */
bool mt_head_add_borrowed(struct mt_head *h, struct mt_span name,
                          struct mt_span value);

/* Copy all of a header; to: initialised, empty. False: no room. */
bool mt_head_copy(struct mt_head *to, const struct mt_head *from);

static inline bool mt_head_has(const struct mt_head *h, enum mt_head_id id)
{
    return (h->seen >> id & 1) != 0;
}

/* The value of the first one; empty where there is none. */
struct mt_span mt_head_value(const struct mt_head *h, enum mt_head_id id);

/**
 * Does the list (RFC 9110 section 5.6.1) of all fields with this id have the
 * token, in any case? What follows a ';' or '/' in an element is not compared.
 */
bool mt_head_lists(const struct mt_head *h, enum mt_head_id id,
                   struct mt_span token);

/* Does a request of HTTP/1.1 ask to go on by HTTP/2 (RFC 7540 section 3.2)?
 * With two HTTP2-Settings it must not (3.2.1). */
bool mt_head_asks_h2c(const struct mt_head *h);

/* Take the next element off a comma-separated list, without white space around
 * it; false at the end. Empty elements are passed over. */
bool mt_list_next(struct mt_span *list, struct mt_span *element);

/* Remove each field for which drop() says so, having seen all of them; the
 * others keep their order. */
void mt_head_filter(struct mt_head *h,
                    bool (*drop)(void *arg, const struct mt_head *h,
                                 uint32_t i),
                    void *arg);

#endif
