/**
 * http1_pair.h - which response answers which request on one connection.
 *
 * HTTP/1 has no message ids: responses come in the order of the requests, so
 * that is all there is to pair by. While every byte of both directions has
 * been seen, first in first out is exact, pipelined or not. What a capture
 * loses breaks the count, and then:
 *
 * 1. Requests queued before a loss in the client's direction keep their place:
 *    earlier requests are answered first. Behind them is a *hole*.
 * 2. A response that begins when the queue is empty, and a request sent when
 *    there is a hole, stay alone: half rows.
 * 3. A loss in the server's direction leaves as candidates the requests that
 *    were sent, by their packets' times, before the next response began. One
 *    candidate is certain. (A response never begins before its request, but
 *    for an early error that answers half a header.)
 * 4. A client that has never been seen to send a request before its last one
 *    was answered is taken to go on so (RFC 9112 section 9.3.2 makes
 *    pipelining rare, and no browser does it). Then a request that begins
 *    while nothing is being answered closes the hole; and of several
 *    candidates the last is the one, the others' answers being lost.
 * 5. When two requests were under way as a response began, the client does
 *    pipeline: rule 4 ends for this connection, and pairs that rest on it and
 *    are still open are taken apart.
 *
 *     mt_http1_pair_request(&p, r, ts);            // at the request line
 *     struct mt_draft *r = mt_http1_pair_response(&p, ts);   // status line
 *     mt_http1_pair_lost(&p, MT_SERVER);           // after a gap
 */
#ifndef MT_DECODE_HTTP1_PAIR_H
#define MT_DECODE_HTTP1_PAIR_H

#include "decode/draft.h"

enum { MT_HTTP1_PIPELINE_MAX = 128 };

/* Bits of mt_draft.decoder_word. */
enum {
    MT_HTTP1_W_HEADER = 1 << 0,   /* the request's header is known */
    MT_HTTP1_W_REQUEST = 1 << 1,  /* the request is whole */
    MT_HTTP1_W_RESPONSE = 1 << 2, /* the response is whole */
    MT_HTTP1_W_LOOSE = 1 << 3,    /* its response cannot be known */
    MT_HTTP1_W_QUEUED = 1 << 4,
    MT_HTTP1_W_ORPHAN = 1 << 5, /* a response whose request is not known */
    MT_HTTP1_W_HEAD = 1 << 6,
    MT_HTTP1_W_CONNECT = 1 << 7,
    MT_HTTP1_W_UPGRADE = 1 << 8, /* asks to leave HTTP/1 */
    MT_HTTP1_W_WEBSOCKET = 1 << 9,
    MT_HTTP1_W_H2C = 1 << 10,
    MT_HTTP1_W_CODED = 1 << 11, /* the response's content is compressed */
};

struct mt_http1_pair {
    struct mt_draft *first, *last; /* by draft.link; all before the hole */
    unsigned count;
    unsigned orphans; /* responses alone since a request was last seen */
    bool hole;        /* unknown requests follow those in the queue */
    bool server_lost; /* unknown responses were lost */
    bool pipelined;   /* seen to be so */
    bool assumed;     /* the order rests on rule 4 */
    bool overflow;    /* the hole is of our own making */
    bool client_seen;
    uint64_t requests;     /* begun so far */
    uint64_t lost_ordinal; /* how many when the server's bytes were lost */
    int64_t response_ns;   /* the last of the server's bytes that were parsed */
};

/**
 * A request begins at ts_ns; `answering` says that a response is under way.
 * Queues it, or marks it MT_HTTP1_W_LOOSE. NULL: it could not be kept.
 */
void mt_http1_pair_request(struct mt_http1_pair *p, struct mt_draft *r,
                           int64_t ts_ns, bool answering);

/* A final response begins: the request it answers, taken off the queue, or
 * NULL when that cannot be known. */
struct mt_draft *mt_http1_pair_response(struct mt_http1_pair *p, int64_t ts_ns);

/* Put a request back in front: what began was not its answer's end. */
void mt_http1_pair_again(struct mt_http1_pair *p, struct mt_draft *r);

/* An unknown number of messages of this role was lost. */
void mt_http1_pair_lost(struct mt_http1_pair *p, enum mt_role from);

/* Take r out of the queue, where it is. */
void mt_http1_pair_remove(struct mt_http1_pair *p, struct mt_draft *r);

/* Finish r if it is as whole as it will be. True: it is gone. */
bool mt_http1_pair_settle(struct mt_http1_pair *p, struct mt_draft *r);

/* Finish r, its kind told by what was counted. */
void mt_http1_finish(struct mt_draft *r, enum mt_error error, int64_t ts_ns);

/* Finish r as a request alone, for this reason. */
void mt_http1_finish_half(struct mt_draft *r, enum mt_error error,
                          int64_t ts_ns);

#endif
