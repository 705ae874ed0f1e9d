/**
 * outq.h - bytes on their way out of one connection.
 *
 *     struct mt_outq q;
 *     mt_outq_init(&q, &pool);
 *     mt_outq_put(&q, header);              // copied
 *     mt_outq_lend(&q, body);               // borrowed until settled
 *     n = writev(fd, iov, mt_outq_peek(&q, iov, 16));
 *     mt_outq_sent(&q, n);
 *     mt_outq_settle(&q);                   // what is left of it is copied
 *     mt_outq_deinit(&q);
 *
 * A body that goes out in the same turn as it came in is thus never copied.
 * The queue itself has no bound: who fills it looks at its bytes and stops.
 * Blocks come from a pool, which has one. One thread.
 */
#ifndef MT_PROXY_LITE_HTTP_OUTQ_H
#define MT_PROXY_LITE_HTTP_OUTQ_H

#include <sys/uio.h>

#include "base/pool.h"
#include "base/span.h"

struct mt_outq_piece;

struct mt_outq {
    struct mt_pool *pool;
    struct mt_outq_piece *first, *last;
    size_t bytes; /* to be sent */
    bool lent;    /* some of it is borrowed */
    bool failed;  /* there was no memory: bytes are missing, so the
                     connection must not be used any more */
};

/* The pool outlives the queue; nothing is taken from it yet. */
void mt_outq_init(struct mt_outq *q, struct mt_pool *pool);

/* Forget everything in it. */
void mt_outq_deinit(struct mt_outq *q);

/* Copy the bytes. False, and q->failed, without memory. */
bool mt_outq_put(struct mt_outq *q, struct mt_span bytes);

/* Room for n bytes in one piece, n <= MT_OUTQ_ROOM_MAX, to be written to and
 * then put by mt_outq_used(). NULL, and q->failed, without memory. */
uint8_t *mt_outq_room(struct mt_outq *q, size_t n);
void mt_outq_used(struct mt_outq *q, size_t n);

/* Queue the bytes without a copy. They live until mt_outq_settle(). */
bool mt_outq_lend(struct mt_outq *q, struct mt_span bytes);

/* Copy what is borrowed and not yet sent. False, and q->failed, without
 * memory. */
bool mt_outq_settle(struct mt_outq *q);

/* Move the first n <= from->bytes bytes to the end of another queue of the same
 * pool, mostly without a copy. False, and to->failed, without memory: then
 * some of them are lost. */
bool mt_outq_move(struct mt_outq *from, struct mt_outq *to, size_t n);

/* The next bytes to be sent; returns how many of the max iovecs are set. */
int mt_outq_peek(const struct mt_outq *q, struct iovec *iov, int max);

/* n <= q->bytes of them are sent. */
void mt_outq_sent(struct mt_outq *q, size_t n);

enum { MT_OUTQ_BLOCK_BYTES = 16 << 10, MT_OUTQ_ROOM_MAX = 8 << 10 };

#endif
