/**
 * exchange.h - the central datum: one request and its response.
 *
 * Every decoder and the proxy make this struct, every surface shows it, and
 * the store keeps it. Names follow OpenTelemetry semantic conventions.
 *
 * A plain value: it owns nothing. Its spans are borrowed, and whoever hands
 * one out says until when. Times are Unix nanoseconds; 0 is "not reached" or
 * "not seen". Texts come from the wire: hostile until a surface escapes them.
 */
#ifndef MT_DECODE_EXCHANGE_H
#define MT_DECODE_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* Stored numbers: append, never reorder. X(NAME, "text", help) */

#define MT_PROTOCOLS(X)                                               \
    X(UNKNOWN, "unknown", "bytes that no decoder recognised")         \
    X(HTTP10, "http/1.0", "RFC 1945")                                 \
    X(HTTP11, "http/1.1", "RFC 9112")                                 \
    X(H2, "h2", "HTTP/2, RFC 9113, in cleartext or decrypted")        \
    X(GRPC, "grpc", "gRPC over HTTP/2")                               \
    X(GRPC_WEB, "grpc-web", "gRPC-Web over any HTTP")                 \
    X(WEBSOCKET, "websocket", "RFC 6455; RFC 8441 over HTTP/2")       \
    X(SSE, "sse", "server-sent events: a text/event-stream response") \
    X(TLS, "tls", "TLS without keys: what the records alone tell")    \
    X(TCP, "tcp", "a TCP connection whose protocol is not known")     \
    X(DNS, "dns", "RFC 1035 and its successors, over UDP and TCP")

#define MT_KINDS(X)                                                     \
    X(UNARY, "unary", "one request, one response")                      \
    X(STREAM, "stream", "messages over time in one or both directions") \
    X(ONEWAY, "oneway", "a request that has no response by design")     \
    X(L4, "l4", "a whole transport connection")                         \
    X(TURN, "turn", "inferred: one turn of an encrypted conversation")

#define MT_OUTCOMES(X)                                              \
    X(UNKNOWN, "unknown", "not enough was seen to judge")           \
    X(OK, "ok", "answered as asked")                                \
    X(CLIENT_ERROR, "client_error", "the client's own fault (4xx)") \
    X(FAILURE, "failure", "the service failed its client")

/* Why an exchange failed or cannot be judged; NONE where a status says it. */
#define MT_ERRORS(X)                                                      \
    X(NONE, "", "no error beyond the status")                             \
    X(TIMEOUT, "timeout", "given up for lack of an answer in time")       \
    X(RESET_BY_CLIENT, "reset_by_client", "client reset or cancelled it") \
    X(RESET_BY_SERVER, "reset_by_server", "server reset it")              \
    X(NO_RESPONSE, "no_response", "no response came before the end")      \
    X(REFUSED, "refused", "connection or stream refused")                 \
    X(PROTOCOL, "protocol", "the peer broke the protocol's grammar")      \
    X(CAPTURE_GAP, "capture_gap", "packets are missing from the capture") \
    X(ONE_SIDED, "one_sided", "only one direction was captured")          \
    X(CAPTURE_END, "capture_end", "still open when the capture ended")    \
    X(EVICTED, "evicted", "dropped to keep the memory ceiling")           \
    X(ABANDONED, "abandoned", "its writer died while it was open")        \
    X(TRUNCATED, "truncated", "message cut short by its sender")          \
    X(UNANSWERED, "unanswered", "the connection attempt got no answer")

#define MT_OBSERVERS(X)                                              \
    X(TAP, "tap", "seen passively on the wire")                      \
    X(PROXY_REQUEST, "proxy_request", "what the proxy's client saw") \
    X(PROXY_ATTEMPT, "proxy_attempt", "what one upstream did")       \
    X(TAP_SHADOW, "tap_shadow", "a copy: it counts where it was seen better")

#define MT_HALVES(X)                                   \
    X(BOTH, "", "request and response were seen")      \
    X(REQUEST, "request", "only the request was seen") \
    X(RESPONSE, "response", "only the response was seen")

#define MT_HPACK_STATES(X)                                             \
    X(NONE, "", "no header compression")                               \
    X(FULL, "full", "the table is known from its start")               \
    X(LEARNING, "learning", "joined late: unknown entries are marked") \
    X(SUSPECT, "suspect", "a header block was lost before this one")

/* Who ended a proxied request that did not end well. */
#define MT_ENDED_BYS(X)                  \
    X(NONE, "", "it went to its end")    \
    X(CLIENT, "client", "its client")    \
    X(SERVICE, "service", "the service") \
    X(TIME, "time", "a time-out")        \
    X(PROXY, "proxy", "the proxy, which answered in its stead")

/* What a proxied request was at when it was ended. */
#define MT_PHASES(X)                                                 \
    X(NONE, "", "it went to its end")                                \
    X(ROUTING, "routing", "before an endpoint was chosen")           \
    X(QUEUED, "queued", "while it waited for a connection")          \
    X(CONNECTING, "connecting", "while a connection was being made") \
    X(SENDING, "sending", "while the request went out")              \
    X(WAITING, "waiting", "while the response was waited for")       \
    X(RESPONDING, "responding", "in the middle of the response")     \
    X(BACKING_OFF, "backing_off", "between two tries")

/* How the client was told from the server, strongest first. */
#define MT_ROLE_EVIDENCE(X)                                         \
    X(NONE, "", "not decided")                                      \
    X(SYN, "syn", "the SYN was seen")                               \
    X(PROTOCOL, "protocol", "a request or response was recognised") \
    X(LISTEN, "listen", "the server listens there")                 \
    X(PORT, "port", "well-known server port")                       \
    X(LOWER_PORT, "lower_port", "the lower port number")

/* How the protocol was recognised. */
#define MT_DETECTIONS(X)                                             \
    X(NONE, "", "not recognised")                                    \
    X(START, "start", "from the first bytes of the connection")      \
    X(MIDSTREAM, "midstream", "from a message boundary found later") \
    X(UPGRADE, "upgrade", "Upgrade, CONNECT or STARTTLS")            \
    X(ALPN, "alpn", "negotiated inside TLS")

/* Where the name of a service comes from, strongest last. */
#define MT_NAME_SOURCES(X)                                      \
    X(NONE, "", "no name")                                      \
    X(ADDRESS, "address", "the address and port themselves")    \
    X(GROUP, "group", "a group of clients that have no name")   \
    X(HOSTS, "hosts", "/etc/hosts")                             \
    X(NRB, "nrb", "a name resolution block in the capture")     \
    X(DNS, "dns", "a DNS answer that was seen")                 \
    X(HOST, "host", "Host or :authority of requests it served") \
    X(SNI, "sni", "TLS server name of connections it served")   \
    X(PROCESS, "process", "the process that owns the socket")   \
    X(CONTAINER, "container", "the container or pod")           \
    X(FILE, "file", "the names file")                           \
    X(ROUTE, "route", "the proxy's configuration")

/* Deviations that the lenient parsers accept. Bits of mt_exchange.anomalies */
#define MT_ANOMALIES(X)                                                 \
    X(BARE_LF, "bare_lf", "a line ends in LF alone")                    \
    X(OBS_FOLD, "obs_fold", "folded field line")                        \
    X(NUL, "nul", "NUL byte in a header")                               \
    X(CTL, "ctl", "control byte in a header")                           \
    X(EMPTY_LINES, "empty_lines", "empty lines before the message")     \
    X(SPACES, "spaces", "stray or missing white space")                 \
    X(BAD_NAME, "bad_name", "field name with forbidden bytes")          \
    X(BAD_VERSION, "bad_version", "version that is not HTTP/1.x")       \
    X(TE_AND_CL, "te_and_cl", "Transfer-Encoding and Content-Length")   \
    X(MANY_CL, "many_cl", "several Content-Length")                     \
    X(BAD_CL, "bad_cl", "Content-Length that is no number")             \
    X(BAD_TE, "bad_te", "Transfer-Encoding not final chunked")          \
    X(BAD_CHUNK, "bad_chunk", "malformed chunk")                        \
    X(CHUNK_EXT, "chunk_ext", "chunk extension")                        \
    X(NO_HOST, "no_host", "HTTP/1.1 request without one Host")          \
    X(BAD_TARGET, "bad_target", "malformed request target")             \
    X(TOO_LONG, "too_long", "header above the limit")                   \
    X(PSEUDO, "pseudo", "pseudo-header missing, repeated or misplaced") \
    X(FRAME, "frame", "frame that breaks RFC 9113")                     \
    X(BOMB, "bomb", "header block or table above the limits")

#define MT_ENUM_TABLE(enumname, prefix, TABLE) \
    enum enumname { TABLE(MT_ENUM_ROW_##prefix) MT_##prefix##_COUNT };
#define MT_ENUM_ROW_PROTOCOL(name, text, help) MT_PROTOCOL_##name,
#define MT_ENUM_ROW_KIND(name, text, help) MT_KIND_##name,
#define MT_ENUM_ROW_OUTCOME(name, text, help) MT_OUTCOME_##name,
#define MT_ENUM_ROW_ERROR(name, text, help) MT_ERROR_##name,
#define MT_ENUM_ROW_OBSERVER(name, text, help) MT_OBSERVER_##name,
#define MT_ENUM_ROW_HALF(name, text, help) MT_HALF_##name,
#define MT_ENUM_ROW_HPACK(name, text, help) MT_HPACK_##name,
#define MT_ENUM_ROW_ROLE_BY(name, text, help) MT_ROLE_BY_##name,
#define MT_ENUM_ROW_DETECTED(name, text, help) MT_DETECTED_##name,
#define MT_ENUM_ROW_NAME(name, text, help) MT_NAME_##name,
#define MT_ENUM_ROW_ENDED(name, text, help) MT_ENDED_##name,
#define MT_ENUM_ROW_PHASE(name, text, help) MT_PHASE_##name,
#define MT_ENUM_ROW_ANOMALY_BIT(name, text, help) MT_ANOMALY_BIT_##name,
#define MT_ENUM_ROW_ANOMALY(name, text, help) \
    MT_ANOMALY_##name = 1u << MT_ANOMALY_BIT_##name,

MT_ENUM_TABLE(mt_protocol, PROTOCOL, MT_PROTOCOLS)
MT_ENUM_TABLE(mt_kind, KIND, MT_KINDS)
MT_ENUM_TABLE(mt_outcome, OUTCOME, MT_OUTCOMES)
MT_ENUM_TABLE(mt_error, ERROR, MT_ERRORS)
MT_ENUM_TABLE(mt_observer, OBSERVER, MT_OBSERVERS)
MT_ENUM_TABLE(mt_half, HALF, MT_HALVES)
MT_ENUM_TABLE(mt_hpack_state, HPACK, MT_HPACK_STATES)
MT_ENUM_TABLE(mt_role_evidence, ROLE_BY, MT_ROLE_EVIDENCE)
MT_ENUM_TABLE(mt_detection, DETECTED, MT_DETECTIONS)
MT_ENUM_TABLE(mt_name_source, NAME, MT_NAME_SOURCES)
MT_ENUM_TABLE(mt_ended_by, ENDED, MT_ENDED_BYS)
MT_ENUM_TABLE(mt_phase, PHASE, MT_PHASES)
MT_ENUM_TABLE(mt_anomaly_bit, ANOMALY_BIT, MT_ANOMALIES)
enum mt_anomaly { MT_ANOMALIES(MT_ENUM_ROW_ANOMALY) };

/* The text of a value; "?" for a number that is in no table. */
const char *mt_protocol_text(unsigned value);
const char *mt_kind_text(unsigned value);
const char *mt_outcome_text(unsigned value);
const char *mt_error_text(unsigned value);
const char *mt_observer_text(unsigned value);
const char *mt_half_text(unsigned value);
const char *mt_hpack_text(unsigned value);
const char *mt_role_evidence_text(unsigned value);
const char *mt_detection_text(unsigned value);
const char *mt_name_source_text(unsigned value);
const char *mt_ended_by_text(unsigned value);
const char *mt_phase_text(unsigned value);
const char *mt_anomaly_text(unsigned bit);

/* Who sends: indexes of two-sided arrays. */
enum mt_role { MT_CLIENT = 0, MT_SERVER = 1 };

struct mt_addr {
    uint8_t ip[16]; /* network order; IPv4 as ::ffff:a.b.c.d */
    uint16_t port;  /* 0: none */
};

enum { MT_GRPC_STATUS_NONE = -1 }; /* not gRPC, or its status was not seen */

/* One direction of an exchange. */
struct mt_message {
    int64_t start_ns;      /* first byte */
    int64_t end_ns;        /* last byte */
    uint64_t header_bytes; /* as on the wire, start line included */
    uint64_t body_bytes;   /* payload; exact also where bytes were not kept */
    uint64_t gap_bytes;    /* lost by the capture inside this message */
    uint32_t messages;     /* gRPC, WebSocket, SSE messages; else 0 */
    uint32_t retransmissions; /* TCP, while it was on the wire */
    struct mt_span content_type;
};

struct mt_party {
    struct mt_addr addr;
    struct mt_span service; /* empty until named */
    uint8_t name_source;    /* enum mt_name_source */
};

struct mt_field {
    struct mt_span name;
    struct mt_span value;
};

struct mt_fields {
    const struct mt_field *list;
    uint32_t count;
};

/* What the records of a TLS connection tell. */
struct mt_tls {
    uint16_t version;      /* negotiated, 0x0303, 0x0304...; 0 not seen */
    uint16_t cipher_suite; /* IANA number; 0 not seen */
    uint8_t alert;         /* fatal alert description; 255 none */
    bool resumed;
    int64_t handshake_ns; /* ClientHello to both Finished; 0 not seen */
    struct mt_span sni;
    struct mt_span alpn; /* offered first where the choice is encrypted */
};

/* Bits of mt_exchange.quality */
enum mt_quality {
    MT_QUALITY_MIDSTREAM = 1 << 0,       /* its connection was joined late */
    MT_QUALITY_TRUNCATED = 1 << 1,       /* snaplen cut its packets */
    MT_QUALITY_CLOCK_STEP = 1 << 2,      /* packet times ran backwards */
    MT_QUALITY_DECRYPTED = 1 << 3,       /* read with TLS secrets */
    MT_QUALITY_INFERRED = 1 << 4,        /* ~: from the shape of ciphertext */
    MT_QUALITY_CLIPPED = 1 << 5,         /* a text was longer than its bound */
    MT_QUALITY_PACKETS_CLIPPED = 1 << 6, /* more packets than were noted */
    MT_QUALITY_FORWARD = 1 << 7, /* asked as a forward proxy: absolute-form */
};

struct mt_exchange {
    /* when: an exchange belongs to the moment it ended (or was given up) */
    int64_t end_ns;
    struct mt_message req;
    struct mt_message resp;

    /* who */
    struct mt_party client;
    struct mt_party server;
    uint64_t conn;   /* connection, unique in one observer's run */
    uint64_t stream; /* HTTP/2 stream id; else ordinal in the connection */
    const struct mt_tls *tls; /* NULL: cleartext */

    /* what: enums of the tables above */
    uint8_t protocol;
    uint8_t kind;
    uint8_t observer;
    uint8_t outcome;
    uint8_t error;
    uint8_t half;
    uint8_t hpack;
    uint8_t role_evidence;
    uint8_t detection;
    uint8_t quality;     /* bits of enum mt_quality */
    uint16_t status;     /* HTTP; 0 none */
    int16_t grpc_status; /* MT_GRPC_STATUS_NONE, or 0..16 and beyond */
    uint32_t anomalies;  /* bits of enum mt_anomaly */
    uint32_t dup_packets;
    struct mt_span method;
    struct mt_span scheme;
    struct mt_span authority; /* without userinfo */
    struct mt_span path;      /* without query */
    struct mt_span query;     /* values redacted unless asked for */
    struct mt_span route;     /* template; the store fills it when empty */
    struct mt_span operation; /* gRPC "package.Service/Method" and its like */
    struct mt_span user_agent;
    struct mt_span request_id;
    struct mt_span error_message; /* grpc-message, decoded; why, in words */
    uint8_t trace_id[16];         /* all zero: none */
    uint8_t span_id[8];
    uint8_t parent_id[8];
    int64_t grpc_timeout_ns;     /* deadline the client asked for; 0 none */
    struct mt_fields req_fields; /* only on request (--headers), redacted */
    struct mt_fields resp_fields;
    struct mt_fields attrs; /* rare, named as OpenTelemetry does */

    /* attempts (proxy) */
    uint32_t attempt;        /* 1 for the first, 0 for the request itself */
    uint64_t retry_of;       /* number of the request, unique in its proxy's
                                run and the same in all its rows, its own
                                among them; 0: it was tried once */
    struct mt_span endpoint; /* address:port chosen */
    struct mt_span why_not_retried; /* MESH.md's words */

    /* of a proxy's rows, beside */
    struct mt_span rule; /* its route: the name, else "line 12" of the file */
    uint8_t ended_by;    /* enum mt_ended_by */
    uint8_t ended_in;    /* enum mt_phase */
    uint32_t endpoints;  /* of its service, where it failed; 0 not told */
    uint32_t endpoints_out;  /* of them, by their breakers */
    uint32_t budget_used;    /* retries of the last seconds, ... */
    uint32_t budget_allowed; /* ... and how many there may be; both 0 where no
                                retry was in question */
    int64_t connect_ns;      /* a connection was made for it: for so long */

    /* its data packets: source << 48 | offset in that source's bytes */
    const uint64_t *packets;
    uint32_t packets_count;

    uint64_t id; /* in the store; 0 before */
};

/* Names of attributes that are read again, beside those that are only shown. */
#define MT_ATTR_DNS_RESPONSE_CODE "dns.response_code" /* "NXDOMAIN" */
#define MT_ATTR_DNS_ANSWERS "dns.answers" /* addresses, commas between them */
#define MT_ATTR_DNS_TRUNCATED "dns.truncated" /* "true": only a part fitted */

/* The value of an attribute; empty where there is none. */
struct mt_span mt_exchange_attr(const struct mt_exchange *x, const char *name);

/* Of attrs: who called, where a translator has put another address before it.
 * client.addr is then the translator's, as on the wire. */
#define MT_ATTR_CLIENT_ADDRESS "client.address"
#define MT_ATTR_CLIENT_PORT "client.port"

/* Who called: by its attributes, else x->client.addr. */
struct mt_addr mt_exchange_caller(const struct mt_exchange *x);

/* From one moment to a later one: -1 where either is not known, 0 when the
 * clock stepped back. Files may hold any times: it does not overflow. */
int64_t mt_elapsed_ns(int64_t from_ns, int64_t to_ns);

/* Time to first byte and whole duration; -1 where a phase is not known. */
int64_t mt_exchange_ttfb_ns(const struct mt_exchange *x);
int64_t mt_exchange_duration_ns(const struct mt_exchange *x);

/* The latency that is shown and counted: duration, for streams and turns ttfb;
 * -1 where there was no response. */
int64_t mt_exchange_latency_ns(const struct mt_exchange *x);

/* What a gRPC call does, as every observer names it: of
 * "/package.Service/Method" all but the first slash, borrowed from the path.
 * Nothing where it has a name, or is no gRPC. */
void mt_exchange_name_operation(struct mt_exchange *x);

#endif
