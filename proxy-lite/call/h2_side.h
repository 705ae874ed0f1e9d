/**
 * h2_side.h - HTTP/2 on a connection (RFC 9113), in cleartext by prior
 * knowledge, as server and as client: up to MT_H2_STREAMS_MAX requests at once.
 *
 * What a stream may send is bounded by its window (64 KiB) and by that of the
 * connection (1 MiB); they open again as the bytes are passed on, so that a
 * slow reader slows its writer and nothing else.
 *
 * What a client does without asking for anything (resets, pings, settings,
 * priorities, empty frames) has an allowance, which requests that are answered
 * and time fill up again. Beyond it the connection ends with
 * ENHANCE_YOUR_CALM (RFC 9113 section 10.5).
 */
#ifndef MT_PROXY_LITE_CALL_H2_SIDE_H
#define MT_PROXY_LITE_CALL_H2_SIDE_H

#include "proxy-lite/call/side.h"

enum {
    MT_H2_STREAMS_MAX = 100,
    MT_H2_PREFACE_BYTES = 24,
    MT_H2_ALLOWANCE_MAX = 400,
    MT_H2_ALLOWANCE_PER_S = 100,
};

/* What a client with prior knowledge says first (RFC 9113 section 3.4). */
#define MT_H2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

struct nghttp2_session;
struct mt_h2_side_stream;

struct mt_h2_side {
    struct mt_side side;
    struct nghttp2_session *session;
    struct mt_h2_side_stream *streams; /* all */
    struct mt_h2_side_stream *lent;    /* that have borrowed bytes */
    uint32_t count;                    /* of streams */
    int64_t now_ns, filled_up_ns;      /* of the allowance */
    int32_t allowance;
    int32_t goaway_id; /* the last stream that may have been worked on */
    bool server;       /* a client's side */
    bool acquainted;   /* the other end's SETTINGS came */
    bool upgraded;     /* stream 1 is a request that came by HTTP/1 */
    bool going;        /* GOAWAY came: no further request */
    bool room_due;     /* a stream's queue fell below LOW */
    bool reset_due;    /* there are streams to be reset */
    bool dead_due;     /* there are streams to be freed */
    bool flooded;      /* its allowance was used up */
};

/* A connection from a client, before its preface. False: no memory. */
bool mt_h2_server_init(struct mt_h2_side *s, struct mt_pool *pool,
                       const struct mt_side_owner *owner, void *owner_arg);

/**
 * The same for one that came by HTTP/1 and asked to change (RFC 7540 section
 * 3.2): its request, with no body, is stream 1; settings: the value of its
 * HTTP2-Settings. False: no memory, or settings are no settings.
 */
bool mt_h2_server_upgrade(struct mt_h2_side *s, struct mt_span settings,
                          const struct mt_head *request);

/* A connection to a service. False: no memory. */
bool mt_h2_client_init(struct mt_h2_side *s, struct mt_pool *pool,
                       const struct mt_side_owner *owner, void *owner_arg);

#endif
