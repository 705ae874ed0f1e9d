/**
 * h2_streams.h - the streams of one HTTP/2 connection that are open.
 *
 *     struct mt_h2_streams t;
 *     mt_h2_streams_init(&t, pool);
 *     struct mt_h2_stream *s = mt_h2_streams_add(&t, 5);   // NULL: no room
 *     s = mt_h2_streams_find(&t, 5);
 *     mt_h2_streams_remove(&t, s);
 *
 * A stream is valid until the next add or remove.
 */
#ifndef MT_DECODE_H2_STREAMS_H
#define MT_DECODE_H2_STREAMS_H

#include "decode/draft.h"

enum {
    MT_H2_STREAMS_MAX = 4096,
    MT_H2_CLOSED_KEPT = 64, /* ids that frames may still come for */
};

/* What counts messages in the content. */
enum mt_h2_counting {
    MT_H2_COUNT_NONE,
    MT_H2_COUNT_GRPC,
    MT_H2_COUNT_SSE,
    MT_H2_COUNT_WEBSOCKET,
};

struct mt_h2_stream {
    struct mt_draft *draft;
    void *counter;      /* by `counting`, from the pool */
    int64_t last_ns;    /* the last frame */
    uint32_t id;        /* 0: a free slot */
    uint8_t counting;   /* enum mt_h2_counting */
    bool head[2];       /* by role: the (final) header block was seen */
    bool ended[2];      /* END_STREAM */
    bool lost[2];       /* some of its frames may be missing */
    uint32_t losses[2]; /* of the connection, that it has heard of */
    bool begun_late[2]; /* content came before we knew what it is */
};

struct mt_h2_streams {
    struct mt_pool *pool;
    struct mt_h2_stream *slots; /* open addressing */
    uint32_t capacity;          /* a power of two, or 0 */
    uint32_t count;
    uint32_t closed[MT_H2_CLOSED_KEPT];
    uint32_t closed_at;
    uint32_t highest_closed;
};

void mt_h2_streams_init(struct mt_h2_streams *t, struct mt_pool *pool);

/* Streams are forgotten: their drafts and counters are the caller's. */
void mt_h2_streams_deinit(struct mt_h2_streams *t);

struct mt_h2_stream *mt_h2_streams_find(const struct mt_h2_streams *t,
                                        uint32_t id);

/* id is not in the table, and not 0. NULL: MT_H2_STREAMS_MAX, or no memory. */
struct mt_h2_stream *mt_h2_streams_add(struct mt_h2_streams *t, uint32_t id);

/* Its id is remembered as closed for a while. */
void mt_h2_streams_remove(struct mt_h2_streams *t, struct mt_h2_stream *s);

void mt_h2_streams_note_closed(struct mt_h2_streams *t, uint32_t id);
bool mt_h2_streams_was_closed(const struct mt_h2_streams *t, uint32_t id);

/* Fills ids (room for MT_H2_STREAMS_MAX) in rising order; returns how many. */
uint32_t mt_h2_streams_ids(const struct mt_h2_streams *t, uint32_t *ids);

#endif
