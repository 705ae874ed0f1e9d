/**
 * h1_side.h - HTTP/1 on a connection (RFC 9112), as server and as client: one
 * request after the other.
 *
 * What a client asks before it has its answer (pipelining) is held, up to
 * 256 KiB, and it is not read from meanwhile.
 */
#ifndef MT_PROXY_LITE_CALL_H1_SIDE_H
#define MT_PROXY_LITE_CALL_H1_SIDE_H

#include "proxy-lite/call/side.h"
#include "proxy-lite/http/http1_write.h"

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
    bool empty;          /* its response has no content */
    bool tunnel;         /* bytes, not HTTP */
};

/* A connection from a client. */
void mt_h1_server_init(struct mt_h1_side *s, struct mt_pool *pool,
                       const struct mt_side_owner *owner, void *owner_arg);

/* A connection to a service. */
void mt_h1_client_init(struct mt_h1_side *s, struct mt_pool *pool,
                       const struct mt_side_owner *owner, void *owner_arg);

#endif
