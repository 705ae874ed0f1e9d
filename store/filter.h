/**
 * filter.h - the filter language: one grammar, two targets.
 *
 *     status=5xx and lat>250ms and path~"^/api"
 *     svc=cart (method in (PUT, POST) or not outcome=ok) last 5m
 *
 * A filter becomes a predicate over struct mt_exchange (live tail) and an SQL
 * condition with bound values over the view `exchanges` (history); both give
 * the same answer. docs/filter.md is the language's manual.
 *
 *     struct mt_filter *f;
 *     struct mt_filter_error e;
 *     if (mt_filter_new(&f, text, &ref, &e) != 0)
 *         say("column %u: %s", e.column, e.text);
 *     if (mt_filter_match(f, x)) ...
 *     mt_filter_free(f);
 *
 * Bounded: 4 KiB of text, 256 comparisons, 32 levels; it takes one block of
 * memory beside that of its regular expressions. One thread at a time.
 */
#ifndef MT_STORE_FILTER_H
#define MT_STORE_FILTER_H

#include "base/buf.h"
#include "base/text_time.h"
#include "decode/exchange.h"

enum {
    MT_FILTER_TEXT_MAX = 4096,
    MT_FILTER_TERMS_MAX = 256,
    MT_FILTER_DEPTH_MAX = 32,  /* of parentheses; SQLite's parser bounds it */
    MT_FILTER_SQL_MAX = 65536, /* bytes of SQL that any filter fits */
};

struct mt_filter;

/* Where and why a text is no filter. Text is UTF-8, as the filter's bytes
 * may be in it: escape it as any text. */
struct mt_filter_error {
    size_t column;  /* in characters, from 1 */
    size_t length;  /* characters to mark, at least 1 */
    char text[256]; /* what is wrong; what to write */
};

/**
 * Compile a text. White space alone is the filter that everything passes.
 * ref: what times and `last` refer to.
 *
 * Returns 0; MT_EPROTO, with *error set, when the text is no filter; MT_ELIMIT
 * when there is no memory (*error is set too).
 */
int mt_filter_new(struct mt_filter **out, struct mt_span text,
                  const struct mt_time_ref *ref, struct mt_filter_error *error);

/* NULL is fine. */
void mt_filter_free(struct mt_filter *f);

/* Does the exchange pass? A comparison with a field that the exchange does
 * not have is false; `!=` and `!~` are the opposite of `=` and `~`. */
bool mt_filter_match(const struct mt_filter *f, const struct mt_exchange *x);

/* Texts over which a regular expression was given up as too hard: they did not
 * pass `~`. Of the predicate and of SQL alike. */
uint64_t mt_filter_given_up(const struct mt_filter *f);

/* Would it ask for other moments at another now? */
bool mt_filter_counts_from_now(const struct mt_filter *f);

/* Move `last` to another now; it was ref.now_ns. */
void mt_filter_set_now(struct mt_filter *f, int64_t now_ns);

/* ---- what it asks for ---- */

/* X(FIELD, type, "OpenTelemetry name", "aliases", "column", help) */
#define MT_FILTER_FIELDS(X)                                                   \
    X(STATUS, STATUS, "http.response.status_code", "status", "status",        \
      "HTTP status: 503, 5xx, 500..599")                                      \
    X(METHOD, FOLD, "http.request.method", "method", "method",                \
      "request method, in any case")                                          \
    X(PATH, TEXT, "url.path", "path", "path", "request path, without query")  \
    X(HOST, HOST, "server.address", "host authority", "authority",            \
      "Host or :authority, with or without its port")                         \
    X(QUERY, TEXT, "url.query", "query", "query",                             \
      "query string; values are redacted unless recorded with --query")       \
    X(SCHEME, FOLD, "url.scheme", "scheme", "scheme", "http or https")        \
    X(LATENCY, DURATION, "meshtop.latency", "lat latency", "latency_ns",      \
      "what is shown as latency: duration, for streams time to first byte")   \
    X(DURATION, DURATION, "meshtop.duration", "dur duration", "duration_ns",  \
      "request's first byte to response's last")                              \
    X(TTFB, DURATION, "meshtop.ttfb", "ttfb", "ttfb_ns",                      \
      "request's first byte to response's first")                             \
    X(ROUTE, TEXT, "http.route", "route", "route", "template of the path")    \
    X(OPERATION, TEXT, "rpc.method", "op operation", "operation",             \
      "gRPC package.Service/Method")                                          \
    X(GRPC, GRPC, "rpc.grpc.status_code", "grpc", "grpc_status",              \
      "gRPC status: UNAVAILABLE or 14")                                       \
    X(OUTCOME, OUTCOME, "meshtop.outcome", "outcome", "outcome",              \
      "ok, client_error, failure or unknown: meshtop explain outcome")        \
    X(ERROR, ERROR, "error.type", "error", "error_type",                      \
      "why it failed: timeout, reset_by_server, ...; \"\" none")              \
    X(SERVER_SERVICE, TEXT, "service.name", "svc service", "server_service",  \
      "service that served it")                                               \
    X(CLIENT_SERVICE, TEXT, "service.peer.name", "client_service",            \
      "client_service", "service that asked")                                 \
    X(CLIENT_IP, IP, "client.address", "client_ip", "client_addr",            \
      "client's address or network: 10.0.0.0/8")                              \
    X(SERVER_IP, IP, "network.peer.address", "server_ip", "server_addr",      \
      "server's address or network")                                          \
    X(CLIENT_PORT, NUMBER, "client.port", "client_port", "client_port",       \
      "client's port")                                                        \
    X(SERVER_PORT, NUMBER, "server.port", "port server_port", "server_port",  \
      "server's port")                                                        \
    X(PROTOCOL, PROTOCOL, "network.protocol.name", "proto protocol",          \
      "protocol", "http/1.1, h2, grpc, websocket, sse, tls, ...")             \
    X(KIND, KIND, "meshtop.kind", "kind", "kind",                             \
      "unary, stream, oneway, l4 or turn")                                    \
    X(OBSERVER, OBSERVER, "meshtop.observer", "observer", "observer",         \
      "tap, proxy_request, proxy_attempt or tap_shadow")                      \
    X(HALF, HALF, "meshtop.half", "half", "half",                             \
      "request or response, where only that was seen")                        \
    X(SIZE, SIZE, "http.response.body.size", "size resp_size",                \
      "resp_body_bytes", "bytes of the response's body")                      \
    X(REQ_SIZE, SIZE, "http.request.body.size", "req_size", "req_body_bytes", \
      "bytes of the request's body")                                          \
    X(REQ_MESSAGES, NUMBER, "meshtop.request.messages", "req_messages",       \
      "req_messages", "gRPC, WebSocket or SSE messages sent by the client")   \
    X(RESP_MESSAGES, NUMBER, "meshtop.response.messages", "resp_messages",    \
      "resp_messages", "messages sent by the server")                         \
    X(USER_AGENT, TEXT, "user_agent.original", "ua user_agent", "user_agent", \
      "User-Agent")                                                           \
    X(REQ_TYPE, FOLD, "http.request.header.content-type", "req_type",         \
      "req_content_type", "content type of the request")                      \
    X(RESP_TYPE, FOLD, "http.response.header.content-type", "type resp_type", \
      "resp_content_type", "content type of the response")                    \
    X(MESSAGE, TEXT, "error.message", "message", "error_message",             \
      "grpc-message, or why in words")                                        \
    X(REQUEST_ID, TEXT, "http.request.header.x-request-id", "request_id",     \
      "request_id", "x-request-id")                                           \
    X(TRACE, HEX16, "trace_id", "trace", "trace_id",                          \
      "trace id, or its first digits")                                        \
    X(SPAN, HEX8, "span_id", "span", "span_id",                               \
      "span id, or its first digits")                                         \
    X(ID, NUMBER, "meshtop.id", "id", "id", "number of the exchange")         \
    X(CONN, NUMBER, "meshtop.connection", "conn", "conn",                     \
      "number of the connection")                                             \
    X(STREAM, NUMBER, "meshtop.stream", "stream", "stream",                   \
      "HTTP/2 stream, or place in the connection")                            \
    X(ATTEMPT, NUMBER, "meshtop.attempt", "attempt", "attempt",               \
      "number of the try; 0 for the request itself")                          \
    X(ENDPOINT, TEXT, "meshtop.endpoint", "endpoint", "endpoint",             \
      "address:port that the proxy chose")                                    \
    X(TLS_VERSION, TLS, "tls.protocol.version", "tls", "tls_version",         \
      "TLS version: 1.2, 1.3")                                                \
    X(SNI, FOLD, "tls.client.server_name", "sni", "sni", "TLS server name")   \
    X(ALPN, FOLD, "tls.next_protocol", "alpn", "alpn", "TLS ALPN protocol")   \
    X(QUALITY, QUALITY, "meshtop.quality", "quality", "quality",              \
      "midstream, truncated, clock_step, decrypted, inferred or clipped")     \
    X(ANOMALY, ANOMALY, "meshtop.anomaly", "anomaly", "anomalies",            \
      "bare_lf, te_and_cl, ...: deviations from the grammar")                 \
    X(GAP, SIZE, "meshtop.gap", "gap", "(req_gap_bytes+resp_gap_bytes)",      \
      "bytes that the capture lost inside it")                                \
    X(DUPLICATES, NUMBER, "meshtop.duplicates", "dup", "dup_packets",         \
      "packets that were captured more than once")                            \
    X(END, TIME, "meshtop.end", "time end", "end_ns",                         \
      "moment it ended: 12:04, -5m, 2026-11-22T12:04:31Z")

enum mt_filter_field {
#define X(name, type, otel, aliases, column, help) MT_FILTER_##name,
    MT_FILTER_FIELDS(X)
#undef X
        MT_FILTER_FIELD_COUNT
};

#define MT_FILTER_BIT(name) (UINT64_C(1) << MT_FILTER_##name)

/* What the keys of rollup cells hold: a filter over these alone, and a
 * window, needs no rows. */
#define MT_FILTER_EDGE_KEYS                                          \
    (MT_FILTER_BIT(CLIENT_SERVICE) | MT_FILTER_BIT(SERVER_SERVICE) | \
     MT_FILTER_BIT(PROTOCOL) | MT_FILTER_BIT(KIND) | MT_FILTER_BIT(OBSERVER))
#define MT_FILTER_ROUTE_KEYS                                              \
    (MT_FILTER_EDGE_KEYS | MT_FILTER_BIT(METHOD) | MT_FILTER_BIT(ROUTE) | \
     MT_FILTER_BIT(ENDPOINT))

/* Bits of the fields that it looks at, but for those of the window. */
uint64_t mt_filter_fields(const struct mt_filter *f);

static inline bool mt_filter_uses_only(const struct mt_filter *f,
                                       uint64_t fields)
{
    return (mt_filter_fields(f) & ~fields) == 0;
}

/**
 * The moments [from, to) outside of which nothing passes, from the time terms
 * that all others are and-ed to; INT64_MIN and INT64_MAX where there is none.
 * Returns whether there is a bound.
 */
bool mt_filter_window(const struct mt_filter *f, int64_t *from_ns,
                      int64_t *to_ns);

/* ---- SQL ---- */

struct sqlite3;
struct sqlite3_stmt;

enum mt_filter_sql_flags {
    MT_FILTER_SQL_WINDOWLESS = 1, /* leave out the terms of the window */
};

/**
 * Append a condition in parentheses over columns named as in the view
 * `exchanges`; its parameters are named `:f...`, so that it can stand
 * anywhere in a statement, more than once. mt_filter_bind() gives their
 * values; they are borrowed from f until the statement is bound anew.
 */
void mt_filter_sql(const struct mt_filter *f, unsigned flags,
                   struct mt_buf *out);

/* Returns SQLITE_OK or SQLite's error. */
int mt_filter_bind(const struct mt_filter *f, struct sqlite3_stmt *stmt);

/* The functions that conditions call; once a database handle. */
int mt_filter_sql_register(struct sqlite3 *db);

/* ---- for help and completion ---- */

struct mt_filter_field_info {
    const char *name;    /* OpenTelemetry's, or of the same manner */
    const char *aliases; /* parted by spaces; the first is the usual one */
    const char *help;
};

/* Static, by enum mt_filter_field. `src` and `dst` are beside these: the
 * service or the address of the client, of the server, as the value looks. */
const struct mt_filter_field_info *mt_filter_field_info(unsigned field);

/* The i-th value that a field of few values takes, or NULL after the last. */
const char *mt_filter_field_value(unsigned field, unsigned i);

#endif
