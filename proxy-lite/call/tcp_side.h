/**
 * tcp_side.h - bytes on a connection, whatever they mean: one stream, which
 * has no head, and ends when both directions have. Each direction ends by
 * itself (a half-closed connection).
 *
 * Left before that, it is closed by a reset: what was sent is not whole.
 */
#ifndef MT_PROXY_LITE_CALL_TCP_SIDE_H
#define MT_PROXY_LITE_CALL_TCP_SIDE_H

#include "proxy-lite/call/side.h"

struct mt_tcp_side {
    struct mt_side side;
    struct mt_stream stream;
    bool read_end;       /* the other end sends no more */
    bool sent_end;       /* nor do we */
    struct mt_head none; /* the head of what has none */
};

/* A connection from a client; its stream is &s->stream. */
void mt_tcp_server_init(struct mt_tcp_side *s, struct mt_pool *pool,
                        const struct mt_side_owner *owner, void *owner_arg);

/* A connection to a service. */
void mt_tcp_client_init(struct mt_tcp_side *s, struct mt_pool *pool,
                        const struct mt_side_owner *owner, void *owner_arg);

#endif
