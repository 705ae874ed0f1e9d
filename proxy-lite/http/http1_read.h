/**
 * http1_read.h - messages of HTTP/1 as they come in, in neutral form.
 *
 *     struct mt_http1_reader r;
 *     struct mt_http1_part part;
 *     mt_http1_reader_init(&r, MT_HTTP1_REQUESTS, &pool);
 *     while ((rc = mt_http1_read(&r, &in, &part)) == MT_EVENT)
 *         switch (part.kind) {
 *         case MT_PART_HEAD: use(&r.head); break;   // whole, checked
 *         case MT_PART_BODY: use(part.body); break; // until the next call
 *         case MT_PART_END: use(r.trailers);        // both until the next call
 *         }
 *     if (rc < 0)
 *         answer r.refusal.status, and close
 *     mt_http1_reader_deinit(&r);
 *
 * The parser is decode/http1.h's under its strict policy: what could be read
 * in two ways is refused. Here a head is put together: the authority from the
 * target or Host (which is no field of the head any more), the path as routes
 * compare it. An idle reader holds no memory. One direction of one connection;
 * one thread.
 */
#ifndef MT_PROXY_LITE_HTTP_HTTP1_READ_H
#define MT_PROXY_LITE_HTTP_HTTP1_READ_H

#include "decode/http1.h"
#include "proxy-lite/http/head.h"

enum mt_part_kind { MT_PART_HEAD, MT_PART_BODY, MT_PART_END };

struct mt_http1_part {
    enum mt_part_kind kind;
    struct mt_span body;
    bool no_body;    /* HEAD: its END comes at once */
    bool keep_alive; /* HEAD: the connection may serve another message */
    bool tunnel;     /* END: HTTP/1 ends here; what follows is bytes */
};

/* Why a message cannot be taken. */
struct mt_http1_refusal {
    uint16_t status; /* for a client: 400, 414, 431, 501, 505; 0: the protocol
                        has no answer to it */
    const char *why; /* "bad_chunk" ...: words of MT_ANOMALIES, or our own;
                        static */
    bool left;       /* its client went away within it */
    bool late;       /* its client is too slow with it */
};

/* Of one header as it comes; and of what becomes of it: texts, tables, and
 * what is added. */
enum { MT_HEAD_MAX_BYTES = 96 << 10, MT_HEAD_ROOM_BYTES = 128 << 10 };

struct mt_http1_reader {
    struct mt_http1 parser;
    struct mt_head head;
    struct mt_head *trailers; /* NULL: none came, as to most messages */
    struct mt_http1_refusal refusal;
    bool clear;    /* the message was told: forget it with the next call */
    int8_t failed; /* sticky error code, 0 while healthy */
};

void mt_http1_reader_init(struct mt_http1_reader *r, enum mt_http1_side side,
                          struct mt_pool *pool);
void mt_http1_reader_deinit(struct mt_http1_reader *r);

/* A message that was told is not wanted any more: give its memory back, now
 * and not with the next call. */
void mt_http1_reader_forget(struct mt_http1_reader *r);

/* Responses: the method of the request that the next final one answers. */
void mt_http1_reader_answers(struct mt_http1_reader *r, struct mt_span method);

/**
 * Take bytes off the front of *in, up to the next part.
 *
 * Returns MT_EVENT, MT_MORE (*in is empty), MT_DONE (a tunnel: *in holds what
 * is not HTTP), or MT_EPROTO or MT_ELIMIT, sticky, with r->refusal set.
 */
int mt_http1_read(struct mt_http1_reader *r, struct mt_span *in,
                  struct mt_http1_part *part);

/**
 * The connection ended. Returns MT_EVENT (END of a body that ends so), MT_DONE
 * (between messages), or MT_EPROTO: a message was cut short.
 */
int mt_http1_read_eof(struct mt_http1_reader *r, struct mt_http1_part *part);

#endif
