/**
 * tcp_queue.h - the segments that one direction holds out of order.
 *
 * A list sorted by sequence number, without overlaps: bytes that came first
 * stay. Private to tcp.c.
 *
 *     struct mt_tcp_piece p = {.seq = ..., .bytes = ...};
 *     enum mt_tcp_overlap o = MT_TCP_FRESH;
 *     if (!mt_tcp_queue_insert(&side, pool, &p, &o))
 *         ...                        // no memory: p is what was not taken
 *     struct mt_tcp_node *n = mt_tcp_queue_pop(&side);
 *     mt_tcp_node_free(n, pool);
 */
#ifndef MT_CAPTURE_TCP_QUEUE_H
#define MT_CAPTURE_TCP_QUEUE_H

#include "capture/tcp.h"

/* A run of payload on its way. */
struct mt_tcp_piece {
    struct mt_span bytes; /* captured */
    uint32_t cut;         /* then so many that the snaplen cut off */
    uint32_t seq;
    uint32_t ack; /* of its packet, when has_ack */
    bool has_ack;
    int64_t ts_ns;
    uint64_t packet;
};

struct mt_tcp_node {
    struct mt_tcp_node *next;
    struct mt_tcp_piece piece; /* bytes points behind this struct */
    size_t size;               /* of the block */
};

/* What a piece turned out to be; the greatest wins. */
enum mt_tcp_overlap {
    MT_TCP_FRESH,
    MT_TCP_SAME,      /* some bytes were there already */
    MT_TCP_DIFFERENT, /* and differed */
};

static inline uint32_t mt_tcp_piece_len(const struct mt_tcp_piece *p)
{
    return (uint32_t)p->bytes.len + p->cut;
}

/* Take n bytes off the front: n <= mt_tcp_piece_len(p). */
void mt_tcp_piece_skip(struct mt_tcp_piece *p, uint32_t n);

/**
 * Copy into the list what of *p it does not have. Returns false when there is
 * no memory: *p then is the rest, and what precedes it was taken.
 */
bool mt_tcp_queue_insert(struct mt_tcp_side *s, struct mt_pool *pool,
                         struct mt_tcp_piece *p, enum mt_tcp_overlap *overlap);

/* Take the first one out. The list is not empty. */
struct mt_tcp_node *mt_tcp_queue_pop(struct mt_tcp_side *s);

void mt_tcp_node_free(struct mt_tcp_node *n, struct mt_pool *pool);

#endif
