/**
 * tcp_order.h - when held bytes may be handed on, and when a hole is a gap.
 *
 * Private to tcp*.c. Rules: tcp.h.
 */
#ifndef MT_CAPTURE_TCP_ORDER_H
#define MT_CAPTURE_TCP_ORDER_H

#include "capture/tcp_queue.h"

static inline bool mt_tcp_has(const struct mt_tcp_side *s, unsigned flag)
{
    return (s->flags & flag) != 0;
}

/* Bytes of the other side that this acknowledgement covers are still to come.
 */
bool mt_tcp_overtakes(const struct mt_tcp_side *other, uint32_t ack);

/* Hand on a piece that starts at s->next. */
void mt_tcp_deliver(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                    const struct mt_tcp_piece *p);

/* What a segment looked like, for the comparison with a repetition. */
uint32_t mt_tcp_print(struct mt_span bytes);

/* The bytes of a side before `to` are lost. */
void mt_tcp_skip_to(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                    uint32_t to);

/* Start a side anew at seq: an unknown number of bytes is lost. */
void mt_tcp_resync(struct mt_tcp *t, const struct mt_tcp_env *env, int side,
                   uint32_t seq);

/* Hand on what is in order by now, then give up what is overdue. */
void mt_tcp_settle(struct mt_tcp *t, const struct mt_tcp_env *env);

#endif
