/**
 * side.h - one connection of the proxy, and the requests on it.
 *
 * Both sides are alike: a side turns bytes into heads, bodies and ends of
 * streams, and those into bytes; one protocol and role is one set of these
 * functions. A stream is one request and its response on one side. Who passes
 * it on joins a stream of a client's side with one of a service's.
 *
 *     bytes in:   ops->feed(side, bytes, now_ns), eof, broken
 *     bytes out:  ops->fill(side), then side->out, then ops->settle(side) and
 *                 ops->sent(side, now_ns): when side->touched() was called, and
 *                 when the other end takes more
 *     streams:    s->ops->head(s, head, end) ...; s->events->head(s->arg, ...)
 *
 * Sans-IO, one thread. Nothing is called back from within an `ops` call of a
 * stream but touched(), so that a stream is not gone behind its caller's back.
 */
#ifndef MT_PROXY_LITE_CALL_SIDE_H
#define MT_PROXY_LITE_CALL_SIDE_H

#include "decode/exchange.h"
#include "proxy-lite/http/http1_read.h"
#include "proxy-lite/http/outq.h"

/* Above HIGH bytes of a stream that wait to be sent the one they come from is
 * paused, below LOW it goes on. */
enum { MT_SIDE_HIGH_BYTES = 64 << 10, MT_SIDE_LOW_BYTES = 16 << 10 };

/* X(NAME, help): how a stream was ended by its far end, before its time */
#define MT_GONES(X)                                                \
    X(RESET, "the connection or the stream was reset")             \
    X(ENDED, "the connection ended before the message did")        \
    X(PROTOCOL, "what came is not a message of the protocol")      \
    X(STALE, "the other end has hardly worked on it")              \
    X(REFUSED, "the other end says that it has not worked on it")  \
    X(NOT_PROCESSED, "it was not sent, or is above GOAWAY's last") \
    X(UNSPOKEN, "the other end does not speak the protocol")

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
    /* Borrowed until the side is settled. */
    void (*body)(struct mt_stream *s, struct mt_span bytes);
    void (*end)(struct mt_stream *s, const struct mt_head *trailers);
    /* Nobody listens to it any more. What is whole is sent; else the other end
     * is told that it is not. It is there until control is back with who feeds
     * the side. */
    void (*leave)(struct mt_stream *s);
    void (*pause)(struct mt_stream *s, bool paused);
};

struct mt_stream {
    const struct mt_stream_ops *ops;
    const struct mt_stream_events *events; /* NULL: nobody listens */
    void *arg;
    struct mt_side *side;
    uint64_t number; /* on its connection: from 1, or HTTP/2's identifier */
    bool over_high;  /* more of it waits to be sent than is good */
    /* Gone for PROTOCOL, within a request's body: what its client may still be
     * answered. NULL: nothing. */
    const struct mt_http1_refusal *refusal;
};

/* Who has the connections. */
struct mt_side_owner {
    /* Client's side: a request begins; s->events is NULL, to be set. */
    void (*request)(void *arg, struct mt_stream *s, struct mt_head *head,
                    bool end);
    /* Client's side: no request could be read; head is what was. The stream
     * takes the answer, as far as the protocol has one; status 0: there is
     * nobody to be answered. */
    void (*refused)(void *arg, struct mt_stream *s, struct mt_head *head,
                    const struct mt_http1_refusal *why);
    /* Service's side: side->takes has become true. */
    void (*free_again)(void *arg, struct mt_side *side);
    /* There is something to send, or to close. */
    void (*touched)(void *arg, struct mt_side *side);
};

struct mt_side_ops {
    void (*feed)(struct mt_side *side, struct mt_span bytes, int64_t now_ns);
    void (*eof)(struct mt_side *side);
    void (*broken)(struct mt_side *side); /* reset, or ended by us */

    /* Put what streams have to say into side->out, as much as is good. */
    void (*fill)(struct mt_side *side);
    /* What was lent and is not sent is copied; false: there is no memory. */
    bool (*settle)(struct mt_side *side);
    /* As much was sent as the other end takes for now. */
    void (*sent)(struct mt_side *side, int64_t now_ns);

    /* Service's side, with side->takes: the stream of another request. NULL:
     * no memory. */
    struct mt_stream *(*begin)(struct mt_side *side);
    /* Client's side, with side->in_header: it takes too long. */
    void (*late)(struct mt_side *side);
    /* It ends when what runs is done, and the other end is told so. */
    void (*drain)(struct mt_side *side);
    void (*deinit)(struct mt_side *side);
};

struct mt_side {
    const struct mt_side_ops *ops;
    const struct mt_side_owner *owner;
    void *owner_arg; /* of one connection */
    struct mt_pool *pool;
    struct mt_outq out;
    struct mt_addr local, remote;
    bool paused;      /* nothing is to be read for now */
    bool closing;     /* to be closed when all is sent */
    bool shut;        /* nothing more will be sent: half-closed, when it is */
    bool abort;       /* closed by a reset: what was sent is not whole */
    bool idle;        /* no request runs */
    bool takes;       /* service's side: another request */
    bool in_header;   /* client's side: a header has begun and is not whole */
    size_t unread;    /* client's side: no request runs, but so much of answers
                         waits for it to read them */
    bool draining;    /* it was told to */
    uint8_t protocol; /* enum mt_protocol */
    uint64_t conn;    /* number of the connection, in rows */
    /* service's side: begun, and after how many it drains; 0: as many as come
     */
    uint32_t requests, requests_max;
};

/* What is the same of every protocol. server: a client's side. */
static inline void mt_side_init(struct mt_side *side, bool server,
                                const struct mt_side_ops *ops,
                                struct mt_pool *pool,
                                const struct mt_side_owner *owner,
                                void *owner_arg)
{
    *side = (struct mt_side){.ops = ops,
                             .owner = owner,
                             .owner_arg = owner_arg,
                             .pool = pool,
                             .idle = true,
                             .takes = !server};
    mt_outq_init(&side->out, pool);
}

/* Service's side: a request has begun. If it is the last one the side drains.
 */
static inline void mt_side_count_request(struct mt_side *side)
{
    if (side->requests_max > 0 && ++side->requests >= side->requests_max) {
        side->draining = true;
        side->takes = false;
    }
}

#endif
