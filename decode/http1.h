/**
 * http1.h - HTTP/1.0 and HTTP/1.1 messages of one direction (RFC 9112).
 *
 * A pull parser: bytes in, events out. Reads no socket, file or clock. A line
 * that lies whole in the input is parsed in place; one that is split is held
 * in a buffer of at most line_max_bytes from the pool, given back at the end
 * of the header, so that an idle connection holds nothing.
 *
 *     struct mt_http1 p;
 *     struct mt_http1_event ev;
 *     int rc;
 *
 *     mt_http1_init(&p, MT_HTTP1_REQUESTS, &mt_http1_strict, &pool);
 *     while ((rc = mt_http1_next(&p, &in, &ev)) == MT_EVENT)
 *         use(&ev);                  // its spans live until the next call
 *     mt_http1_deinit(&p);
 *
 * Where the input is cut changes neither the events (body runs aside) nor the
 * verdict. What the grammar forbids sets a bit of enum mt_anomaly; the bits
 * in config.fatal end in MT_EPROTO. The lenient policy has none: it fails
 * only where the end of the message cannot be told, and is then started again
 * by mt_http1_resync().
 *
 * Not thread-safe: one parser belongs to one direction of one connection.
 */
#ifndef MT_DECODE_HTTP1_H
#define MT_DECODE_HTTP1_H

#include "base/pool.h"
#include "base/rc.h"
#include "base/span.h"
#include "decode/exchange.h"

enum mt_http1_side { MT_HTTP1_REQUESTS, MT_HTTP1_RESPONSES };

struct mt_http1_config {
    uint32_t fatal;            /* bits of enum mt_anomaly */
    uint32_t line_max_bytes;   /* one line with its folds */
    uint32_t header_max_bytes; /* a header; all chunk lines and trailers */
};

/**
 * The tap: nothing is fatal, longer lines are clipped (MT_ANOMALY_TOO_LONG).
 * The proxy: everything is but what RFC 9112 asks a recipient to put up with
 * and what cannot smuggle: chunk extensions (7.1.1) and empty lines before a
 * request (2.2), both with CRLF only. TOO_LONG is MT_ELIMIT.
 */
extern const struct mt_http1_config mt_http1_lenient;
extern const struct mt_http1_config mt_http1_strict;

enum mt_http1_kind {
    MT_HTTP1_REQUEST, /* request line */
    MT_HTTP1_STATUS,  /* status line */
    MT_HTTP1_FIELD,
    MT_HTTP1_HEADERS, /* the header section ended, the framing is known */
    MT_HTTP1_BODY,    /* a run of content, without the transfer coding */
    MT_HTTP1_CHUNK,   /* a chunk begins; size 0 is the last */
    MT_HTTP1_TRAILER, /* a field of the trailer section */
    MT_HTTP1_END,     /* the message ended */
};

/* How the end of a body is told (RFC 9112 section 6.3). */
enum mt_http1_framing {
    MT_HTTP1_NO_BODY,
    MT_HTTP1_LENGTH,
    MT_HTTP1_CHUNKED,
    MT_HTTP1_UNTIL_CLOSE,
    MT_HTTP1_TUNNEL, /* 101, or 2xx to CONNECT: HTTP/1 ends here */
};

/* Fields that the parser itself knows. */
enum mt_http1_field_id {
    MT_HTTP1_OTHER,
    MT_HTTP1_CONTENT_LENGTH,
    MT_HTTP1_TRANSFER_ENCODING,
    MT_HTTP1_HOST,
    MT_HTTP1_CONNECTION,
    MT_HTTP1_UPGRADE,
    MT_HTTP1_HTTP2_SETTINGS,
};

/* What a response answers: it decides whether it has a body. */
enum mt_http1_answers {
    MT_HTTP1_TO_ANY,
    MT_HTTP1_TO_HEAD,
    MT_HTTP1_TO_CONNECT,
    MT_HTTP1_TO_UNKNOWN, /* its request was not seen: could be HEAD */
};

struct mt_http1_event {
    enum mt_http1_kind kind;
    union {
        struct {
            struct mt_span method, target;
        } request;
        struct {
            struct mt_span reason;
            uint16_t code;
        } status;
        struct {
            struct mt_span name, value; /* no outer white space, unfolded */
            enum mt_http1_field_id id;
        } field; /* TRAILER too */
        struct {
            enum mt_http1_framing framing;
            uint64_t length;       /* of LENGTH */
            uint64_t header_bytes; /* on the wire, from the start line on */
            bool keep_alive;       /* RFC 9112 section 9.3 */
            bool upgrade;          /* has Upgrade, and Connection: upgrade */
        } headers;
        struct mt_span body;
        struct {
            uint64_t bytes;
            struct mt_span extension; /* from its ';' on, or empty */
        } chunk;
        struct {
            uint32_t anomalies; /* all of this message */
            bool tunnel;        /* and HTTP/1 ends with it */
        } end;
    };
};

struct mt_http1 {
    const struct mt_http1_config *config;
    struct mt_pool *pool;
    uint8_t *hold; /* a line that came in pieces */
    size_t hold_bytes, hold_size;
    uint64_t left;           /* of the body or the chunk */
    uint64_t length;         /* Content-Length */
    uint64_t header_bytes;   /* so far, of this message */
    uint64_t overhead_bytes; /* chunk lines and trailers so far */
    uint64_t skipped_bytes;  /* by searches, ever */
    size_t line_bytes;       /* of the line taken last, on the wire */
    uint32_t anomalies;      /* of this message, so far */
    uint16_t status;
    uint8_t state; /* private to http1.c */
    uint8_t side;  /* enum mt_http1_side */
    uint8_t answers;
    uint8_t minor;            /* version 1.minor */
    uint8_t transfer_codings; /* private: what Transfer-Encoding named */
    uint8_t hosts;
    int8_t failed;                     /* sticky error code, 0 while healthy */
    bool holding;                      /* a line is being held */
    bool lent;                         /* the held line was given out */
    bool line_whole, in_fold, clipped; /* of the held line */
    bool has_length, close, keep, connection_upgrade, upgrade, connect;
    bool searching;  /* this message was found by a search */
    bool edge, cr;   /* of a search: a message may begin here; last was CR */
    bool lost_after; /* the bytes after this message are lost */
    bool body_begun;
    bool tunnel; /* this response ends HTTP/1 */
};

/* The pool outlives the parser; nothing is taken from it yet. */
void mt_http1_init(struct mt_http1 *p, enum mt_http1_side side,
                   const struct mt_http1_config *config, struct mt_pool *pool);

/* Gives back what is held. */
void mt_http1_deinit(struct mt_http1 *p);

/**
 * Parse up to the next event, taking what was used off the front of *in.
 *
 * Returns MT_EVENT (*ev is set), MT_MORE (*in is empty), MT_DONE (the
 * connection left HTTP/1: *in holds what follows) or an error, sticky:
 *   MT_EPROTO  not HTTP/1, or a fatal anomaly (p->anomalies says which)
 *   MT_ELIMIT  a bound was passed, or the pool is at its ceiling
 * After MT_HTTP1_END the next call begins the next message.
 */
int mt_http1_next(struct mt_http1 *p, struct mt_span *in,
                  struct mt_http1_event *ev);

/**
 * Say what the next final response answers. Call it before the response's
 * header ends; it holds for that response, its 1xx included.
 */
void mt_http1_answers(struct mt_http1 *p, enum mt_http1_answers what);

/**
 * The direction ended. Returns MT_EVENT (MT_HTTP1_END: the end was what
 * delimits the body), MT_DONE (between messages) or MT_EPROTO (a message was
 * cut short), sticky.
 */
int mt_http1_eof(struct mt_http1 *p, struct mt_http1_event *ev);

enum mt_http1_gap {
    MT_HTTP1_GAP_INSIDE, /* in a body: nothing else is lost */
    MT_HTTP1_GAP_ENDED,  /* the message ended in the gap (pull its END), and
                            more is lost: the parser searches afterwards */
    MT_HTTP1_GAP_LOST,   /* its end is not known: the parser searches now */
};

/**
 * n bytes are missing here; UINT64_MAX: not known how many. *body is set to
 * how many of them were content of this message.
 */
enum mt_http1_gap mt_http1_gap(struct mt_http1 *p, uint64_t n, uint64_t *body);

/**
 * Forget the message at hand, also after an error, and search for the next
 * start line: at the start of the input of a later call (of this one too when
 * edge is true), or after a CRLF.
 */
void mt_http1_resync(struct mt_http1 *p, bool edge);

/* Between two messages, and no byte of the next one has been seen. */
bool mt_http1_idle(const struct mt_http1 *p);

/* Searching for a start line. */
bool mt_http1_lost(const struct mt_http1 *p);

/* Name of the current state, for traces and test failures. Static storage. */
const char *mt_http1_state_name(const struct mt_http1 *p);

/* Could these bytes be the beginning of a start line of that side? True as
 * long as nothing speaks against it; *whole: the whole line is there. */
bool mt_http1_plausible(enum mt_http1_side side, struct mt_span bytes,
                        bool *whole);

#endif
