/**
 * side.h - one connection of the proxy, and the requests on it.
 *
 * Both sides are alike: a side turns bytes into heads, bodies and ends of
 * streams, and those into bytes; one protocol and role is one set of these
 * functions. A stream is one request and its response on one side. Who passes
 * it on joins a stream of a client's side with one of a service's.
 *
 *     bytes in:   mt_side_feed(side, bytes, now_ns), mt_side_eof(), _broken()
 *     bytes out:  side->out, after each of these and when side->touched()
 *     streams:    s->ops->head(s, head, end) ...; s->events->head(s->arg, ...)
 *
 * Sans-IO, one thread. Nothing is called back from within an `ops` call but
 * touched(), so that a stream is not gone behind its caller's back.
 */
#ifndef MT_PROXY_LITE_CALL_SIDE_H
#define MT_PROXY_LITE_CALL_SIDE_H

#include "decode/exchange.h"
#include "proxy-lite/http/http1_read.h"
#include "proxy-lite/http/http1_write.h"

/* Above HIGH bytes that wait to be sent the one they come from is paused,
 * below LOW it goes on. */
enum { MT_SIDE_HIGH_BYTES = 64 << 10, MT_SIDE_LOW_BYTES = 16 << 10 };

/* X(NAME, help): how a stream was ended by its far end, before its time */
#define MT_GONES(X)                                           \
    X(RESET, "the connection was reset")                      \
    X(ENDED, "the connection ended before the message did")   \
    X(PROTOCOL, "what came is not a message of the protocol") \
    X(NOT_PROCESSED, "the other end has not worked on it")

enum mt_gone {
#define X(name, help) MT_GONE_##name,
    MT_GONES(X)
#undef X
};

struct mt_side;
struct mt_stream;

/* What a stream tells. Heads may be changed; a request's lives as long as its
 * stream, a response's and trailers until the next event. */
struct mt_stream_events {
    void (*head)(void *arg, struct mt_head *head, bool end);
    void (*body)(void *arg, struct mt_span bytes);
    void (*end)(void *arg, struct mt_head *trailers);
    void (*gone)(void *arg, enum mt_gone why); /* and the stream with it */
    void (*room)(void *arg); /* what is to be sent fell below LOW */
};

/* What a stream does. */
struct mt_stream_ops {
    /* A response's (1xx too), or a request's. end: it has no body. */
    void (*head)(struct mt_stream *s, const struct mt_head *head, bool end);
    /* Borrowed until the side is flushed. */
    void (*body)(struct mt_stream *s, struct mt_span bytes);
    void (*end)(struct mt_stream *s, const struct mt_head *trailers);
    /* Nobody listens to it any more. What is whole is sent; else the other end
     * is told that it is not. */
    void (*leave)(struct mt_stream *s);
    void (*pause)(struct mt_stream *s, bool paused);
};

struct mt_stream {
    const struct mt_stream_ops *ops;
    const struct mt_stream_events *events; /* NULL: nobody listens */
    void *arg;
    struct mt_side *side;
    uint64_t number; /* on its connection, from 1 */
    /* Gone for PROTOCOL, within a request's body: what its client may still be
     * answered. NULL: nothing. */
    const struct mt_http1_refusal *refusal;
};

/* Who has the connections. */
struct mt_side_owner {
    /* Client's side: a request begins; s->events is NULL, to be set. */
    void (*request)(void *arg, struct mt_stream *s, struct mt_head *head,
                    bool end);
    /* Client's side: no request could be read; the stream takes the answer.
     * Status 0: there is nobody to be answered any more. */
    void (*refused)(void *arg, struct mt_stream *s,
                    const struct mt_http1_refusal *why);
    /* Service's side: it takes another request. */
    void (*free_again)(void *arg, struct mt_side *side);
    /* There is something to send, or to close. */
    void (*touched)(void *arg, struct mt_side *side);
};

struct mt_side_ops {
    void (*feed)(struct mt_side *side, struct mt_span bytes, int64_t now_ns);
    void (*eof)(struct mt_side *side);
    void (*broken)(struct mt_side *side); /* reset, or ended by us */
    void (*deinit)(struct mt_side *side);
};

struct mt_side {
    const struct mt_side_ops *ops;
    const struct mt_side_owner *owner;
    void *owner_arg; /* of one connection */
    struct mt_pool *pool;
    struct mt_outq out;
    struct mt_addr local, remote;
    int64_t now_ns;   /* of the last feed */
    bool paused;      /* nothing is to be read for now */
    bool closing;     /* to be closed when all is sent */
    bool shut;        /* nothing more will be sent: half-closed, when it is */
    bool abort;       /* closed by a reset: what was sent is not whole */
    bool idle;        /* between requests */
    bool over_high;   /* more waits to be sent than is good */
    uint8_t protocol; /* enum mt_protocol */
    uint64_t conn;    /* number of the connection, in rows */
};

/* After bytes of side->out were sent: may whose stream it is go on? */
void mt_side_sent(struct mt_side *side, struct mt_stream *s);

/* ---- HTTP/1 ---- */

struct mt_h1_side {
    struct mt_side side;
    struct mt_stream stream; /* of the request that runs */
    struct mt_http1_reader reader;
    enum mt_body body;   /* of what is being sent */
    struct mt_outq held; /* pipelined: to be read after this exchange */
    size_t held_read;    /* of it, already */
    bool server;         /* a client's side */
    bool feeding;        /* within feed() */
    bool open;           /* an exchange runs */
    bool read_any;       /* some of its incoming message came */
    bool read_end;       /* ... and all */
    bool sent_head;      /* its outgoing message, a final one: the head */
    bool sent_end;       /* ... and all */
    bool keep_alive;     /* both want to */
    bool to_1_0;         /* a client of HTTP/1.0 */
    bool connect;        /* the request is CONNECT */
    bool tunnel;         /* bytes, not HTTP */
};

/* A connection from a client. */
void mt_h1_server_init(struct mt_h1_side *s, struct mt_pool *pool,
                       const struct mt_side_owner *owner, void *owner_arg);

/* Is something held that can be read now? Then feed it no bytes. */
bool mt_h1_side_wants_feed(const struct mt_h1_side *s);

/* A connection to a service. */
void mt_h1_client_init(struct mt_h1_side *s, struct mt_pool *pool,
                       const struct mt_side_owner *owner, void *owner_arg);

/* The stream for the next request, side->idle being true. */
struct mt_stream *mt_h1_client_begin(struct mt_h1_side *s);

#endif
