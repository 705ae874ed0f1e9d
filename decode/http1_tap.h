/**
 * http1_tap.h - the state of the HTTP/1 decoder; private to its parts.
 *
 * http1_tap.c moves bytes: gates, holds, gaps and ends. http1_messages.c
 * makes exchanges of the parser's events, http1_ends.c ends those that were
 * cut short. http1_pair.c says which response
 * answers which request.
 *
 *     while ((rc = mt_http1_next(&h->parser[from], &in, &ev)) == MT_EVENT)
 *         mt_http1_on_event(h, from, &ev);
 */
#ifndef MT_DECODE_HTTP1_TAP_H
#define MT_DECODE_HTTP1_TAP_H

#include "decode/decoder.h"
#include "decode/grpc.h"
#include "decode/http1.h"
#include "decode/http1_pair.h"
#include "decode/sse.h"

struct mt_http1_backlog {
    struct mt_held *first, *last;
    size_t bytes;
};

struct mt_http1_tap {
    struct mt_layer *layer;
    struct mt_http1 parser[2]; /* by role */
    struct mt_http1_pair pair;
    struct mt_draft *request;  /* being received; NULL: none, or not kept */
    struct mt_draft *broken;   /* a request that broke the grammar, and may be
                                  answered; NULL: none */
    struct mt_draft *response; /* exchange whose response is being received */
    bool in_response;          /* also with a response that is not kept */
    bool tail_lost; /* the end of that response is lost: it is over when
                       another message shows it */
    bool interim;   /* that response is a 1xx so far */
    bool garbled;   /* what came last from the server is no HTTP */
    bool paused;    /* the client's bytes wait for the answer to an Upgrade
                       or a CONNECT */
    bool server_ended;
    bool forced;              /* the server's bytes have waited long enough */
    struct mt_chunk at[2];    /* by role: the chunk at hand */
    struct mt_chunk begin[2]; /* the one in which the message began */
    struct mt_http1_backlog backlog[2]; /* held by role */
    struct mt_sse sse;
    struct mt_grpc_count grpc[2]; /* gRPC-Web, by role */
    struct mt_span settings;      /* HTTP2-Settings, in its draft's arena */
    struct mt_switch_request sw;  /* to is set once HTTP/1 is over */
};

/* Of the message that begins in the chunk at hand; NULL: no memory. */
struct mt_draft *mt_http1_new_draft(struct mt_http1_tap *h, enum mt_role from);

/* What the parser of role `from` tells. */
void mt_http1_on_event(struct mt_http1_tap *h, enum mt_role from,
                       const struct mt_http1_event *ev);

/* Add to what is noted of r; NULL: only the counters. */
void mt_http1_note_anomalies(struct mt_http1_tap *h, struct mt_draft *r,
                             uint32_t anomalies);

/* The message at hand has been given up: it broke the grammar, or there was no
 * memory to read it. */
void mt_http1_on_error(struct mt_http1_tap *h, enum mt_role from, bool broken);

/* What the client began with was no request; the server answers in HTTP. */
void mt_http1_begin_broken(struct mt_http1_tap *h);

/* The broken request has no answer. */
void mt_http1_drop_broken(struct mt_http1_tap *h);

/* n bytes were lost, `body` of them in the content of the message at hand. */
void mt_http1_on_gap(struct mt_http1_tap *h, enum mt_role from, uint64_t n,
                     uint64_t body, enum mt_http1_gap verdict);

/* The response at hand is as whole as it will be. */
void mt_http1_end_response(struct mt_http1_tap *h, enum mt_error error,
                           int64_t ts_ns);

/* Finish all that is still open: no byte will come that changes it. */
void mt_http1_end_all(struct mt_http1_tap *h, enum mt_role from,
                      enum mt_end end, int64_t ts_ns);

#endif
