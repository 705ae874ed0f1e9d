/**
 * draft.h - exchanges while they are being built, and the outbox of those
 * that are done.
 *
 * One mt_decode belongs to one thread: it has the memory, the settings, the
 * list of exchanges in flight (oldest first: the OPEN column) and the outbox.
 * Decoders make drafts, fill them, and finish them:
 *
 *     struct mt_draft *r = mt_draft_new(conn, stream);   // NULL: no memory
 *     mt_draft_text(r, &r->x.method, MT_SPAN("GET"));
 *     mt_draft_target(r, target);              // splits, redacts
 *     mt_draft_field(r, MT_CLIENT, name, value);
 *     mt_draft_touch(r, MT_SERVER, &chunk);    // notes time and packet
 *     mt_draft_finish(r, MT_ERROR_NONE, 0);    // classified, into the outbox
 *
 * and the owner of the thread takes them out:
 *
 *     const struct mt_exchange *x;
 *     while ((x = mt_decode_next(dec)) != NULL)
 *         store(x);                            // borrowed until the next call
 */
#ifndef MT_DECODE_DRAFT_H
#define MT_DECODE_DRAFT_H

#include "base/arena.h"
#include "base/pool.h"
#include "decode/exchange.h"
#include "decode/exchange_conn.h"

struct mt_conn;

/* Bytes of one direction, in order, as one packet brought them. */
struct mt_chunk {
    struct mt_span bytes; /* borrowed for the call */
    int64_t ts_ns;        /* the packet's own time */
    uint64_t packet;      /* reference to it; 0 none */
};

struct mt_decode_config {
    bool keep_query;          /* --query: query values are not redacted */
    bool keep_headers;        /* --headers: keep fields, redacted */
    bool keep_packets;        /* note packet references */
    bool reports;             /* make connections report: they must be taken */
    uint32_t text_max_bytes;  /* of one text, 0: 4096 */
    uint32_t draft_max_bytes; /* of all texts of a draft, 0: 32768 */
    uint32_t packets_max;     /* of one draft, 0: 1024 */
};

/* What was shed or passed over, each with its own counter. */
struct mt_decode_stats {
    uint64_t exchanges;
    uint64_t datagrams;         /* that a decoder took */
    uint64_t drafts_refused;    /* no memory for a request: lost, counted */
    uint64_t pipeline_overflow; /* more than 128 requests unanswered */
    uint64_t stream_overflow;   /* more than 4096 open streams */
    uint64_t header_overflow;   /* header block above its bounds */
    uint64_t hpack_resets;      /* table given up and learned again */
    uint64_t resyncs;           /* next start line searched */
    uint64_t undecoded_bytes;   /* bytes no decoder wanted */
    uint64_t layers_refused;    /* protocol stack deeper than 4 */
    uint64_t reports_refused;   /* no memory for a connection's last report */
};

struct mt_draft;

struct mt_draft_list {
    struct mt_draft *first, *last;
    uint64_t count;
};

enum { MT_HEARD_MAX = 256 };

/* A connection's report in its outbox. */
struct mt_report {
    struct mt_conn_report r;
    struct mt_report *next;
};

struct mt_decode {
    struct mt_decode_config config;
    struct mt_pool *pool;
    struct mt_draft_list open;               /* in flight, by start */
    struct mt_draft_list done;               /* the outbox, by finish */
    struct mt_draft *taken;                  /* lent by mt_decode_next() */
    struct mt_report *reports, *last_report; /* their outbox */
    struct mt_report *report_taken;          /* lent likewise */
    struct mt_decode_stats stats;
    uint64_t conns; /* last connection number given out */
    /* Hashes of client and server of which datagrams were seen both ways, the
     * newest of each slot: a flow of one lost query shows but one. */
    uint64_t heard[MT_HEARD_MAX];
};

struct mt_kept_fields {
    struct mt_field *list; /* in the arena */
    uint32_t count, capacity;
};

struct mt_draft {
    struct mt_exchange x;
    struct mt_conn *conn;         /* borrowed: NULL once finished */
    struct mt_draft *prev, *next; /* in open or done */
    struct mt_draft *link;        /* the decoder's own queue */
    struct mt_arena text;
    struct mt_tls tls; /* x.tls points here when finished */
    uint64_t *packets; /* grows in the arena */
    uint32_t packets_capacity;
    struct mt_kept_fields fields[2]; /* by role; x points to them when done */
    struct mt_kept_fields attrs;
    uint32_t retrans_base[2]; /* the connection's counters at the start */
    uint32_t dup_base;
    uint64_t gap_base[2];
    uint64_t decoder_word; /* the decoder's own, cleared at the start */
    bool open_reported;    /* an open row was written for it */
    uint64_t open_bytes;   /* that it told of */
    bool grpc_status_seen;
    int64_t content_length[2]; /* -1 none */
};

void mt_decode_init(struct mt_decode *d, const struct mt_decode_config *config,
                    struct mt_pool *pool);

/* Every connection must have been freed. Drafts in the outbox are dropped. */
void mt_decode_deinit(struct mt_decode *d);

/* The next finished exchange, or NULL. Borrowed until the next call. */
const struct mt_exchange *mt_decode_next(struct mt_decode *d);

/* The next report of a connection, or NULL. Borrowed until the next call. One
 * of a connection comes after the exchange that made its edge known: take all
 * exchanges first. */
const struct mt_conn_report *mt_decode_next_report(struct mt_decode *d);

/**
 * A draft of stream `stream` on conn, in flight from ts_ns on (the first byte
 * seen of either message). NULL, and counted, at the memory ceiling.
 */
struct mt_draft *mt_draft_new(struct mt_conn *conn, uint64_t stream,
                              int64_t ts_ns);

/**
 * Note that bytes of role `from` belong to this draft: message start and end
 * times, packet reference. Call it for the first and the last byte of a
 * message at least; cheap enough for each chunk.
 */
void mt_draft_touch(struct mt_draft *r, enum mt_role from,
                    const struct mt_chunk *chunk);

/* Texts are copied, bounded by the config; longer ones are clipped and
 * MT_QUALITY_CLIPPED set. */
void mt_draft_text(struct mt_draft *r, struct mt_span *slot,
                   struct mt_span text);

/**
 * The request target in any of its four forms (RFC 9112 section 3.2), or
 * :path: fills path, query and, from absolute-form, scheme and authority.
 * Query values and userinfo are redacted here, before anything is kept.
 * Returns false if it is malformed (kept as the path all the same).
 */
bool mt_draft_target(struct mt_draft *r, struct mt_span target);

/* Host or :authority; userinfo is dropped. */
void mt_draft_authority(struct mt_draft *r, struct mt_span authority);

/**
 * One header or trailer field of the message sent by `from`, any case of
 * name, value without outer white space. Fills what the exchange knows of
 * (content type, trace, gRPC status, ...), and, when headers are kept, the
 * list, redacted. Pseudo-headers are the caller's.
 */
void mt_draft_field(struct mt_draft *r, enum mt_role from, struct mt_span name,
                    struct mt_span value);

/* Add a rare attribute; name is static, value is copied. */
void mt_draft_attr(struct mt_draft *r, const char *name, struct mt_span value);

/**
 * Classify (outcome.h), stamp end_ns (the latest time touched, or at_ns when
 * greater: the moment it was given up), and move it to the outbox. The caller
 * forgets it. error: what the decoder knows; the classifier has the last word.
 */
void mt_draft_finish(struct mt_draft *r, enum mt_error error, int64_t at_ns);

/* What is known of a draft in flight. Borrowed until its connection is fed
 * again. Not classified: it has no outcome yet. */
struct mt_exchange mt_draft_so_far(const struct mt_draft *r);

/* Forget a draft that is no exchange after all. */
void mt_draft_drop(struct mt_draft *r);

#endif
