/* h2_impl.h - private to the HTTP/2 side: its streams. */
#ifndef MT_PROXY_LITE_CALL_H2_IMPL_H
#define MT_PROXY_LITE_CALL_H2_IMPL_H

#include <nghttp2/nghttp2.h>

#include "proxy-lite/call/h2_side.h"

struct mt_h2_side_stream {
    struct mt_stream stream;
    struct mt_h2_side_stream *next, *prev; /* of its side */
    struct mt_h2_side_stream *next_lent;
    struct mt_head head; /* that comes */
    struct mt_head trailers;
    struct mt_head out_trailers;
    struct mt_outq body; /* to be sent */
    size_t unconsumed;   /* received, while it is paused */
    size_t header_bytes; /* of names and values of the header that comes */
    int32_t id;          /* 0: not yet asked */
    bool paused;
    bool in_lent;      /* side->lent has it */
    bool told;         /* its request was, or its response's final head */
    bool too_large;    /* the header that comes */
    bool late;         /* ... takes too long */
    bool read_end;     /* all of the incoming message came */
    bool sent_head;    /* a final one */
    bool sent_end;     /* the queue holds all that will be sent */
    bool wrote_end;    /* ... and it is sent */
    bool has_trailers; /* to be sent after the body */
    bool closed;       /* nothing more comes of it, or goes */
    bool forgotten;    /* ... and HTTP/2 knows it no more: to be freed */
    bool room_due;
    bool reset_due; /* with this code, when what was said is on its way */
    uint32_t reset_code;
};

static inline struct mt_h2_side *mt_h2_self(struct mt_side *side)
{
    return (struct mt_h2_side *)side;
}

static inline struct mt_h2_side *mt_h2_of(struct mt_h2_side_stream *s)
{
    return mt_h2_self(s->stream.side);
}

/* ---- h2_side.c ---- */

/* Is it idle, does it take another request? */
void mt_h2_count(struct mt_h2_side *s);

/* ---- h2_memory.c ---- */

nghttp2_mem mt_h2_memory(struct mt_pool *pool);

/* ---- h2_events.c ---- */

/* Of every session. NULL: no memory. */
nghttp2_session_callbacks *mt_h2_callbacks_new(void);

/* Time goes on, and the allowance grows. */
void mt_h2_fill_up(struct mt_h2_side *s, int64_t now_ns);

/* Its request cannot be taken; status 0: the stream is reset. */
void mt_h2_refuse(struct mt_h2_side *s, struct mt_h2_side_stream *one,
                  uint16_t status, const char *why);

/* ---- h2_stream.c ---- */

/* NULL: no memory. */
struct mt_h2_side_stream *mt_h2_side_stream_new(struct mt_h2_side *side);
void mt_h2_side_stream_free(struct mt_h2_side_stream *s);

/* Nothing more will come of it; it is freed when nobody can look at it, nor
 * the session, which may hold a frame of it. */
void mt_h2_side_stream_gone(struct mt_h2_side_stream *s, enum mt_gone why);

/* Some of its queue goes out with this frame's header. 0, or NGHTTP2_ERR_*. */
int mt_h2_side_stream_write(struct mt_h2_side_stream *s,
                            const uint8_t *frame_header, size_t length);

/* ---- h2_head.c ---- */

/* A field of the header that comes. False: there is no room. */
bool mt_h2_head_field(struct mt_head *h, struct mt_span name,
                      struct mt_span value);

/* The header is whole. */
void mt_h2_head_end(struct mt_head *h);

/* A request's, held to what HTTP/1's are: its target is one that routes and
 * services read alike, its path without dot segments. NULL, or why not, in the
 * words of refusals. */
const char *mt_h2_head_check(struct mt_head *h);

enum { MT_H2_FIELDS_MAX = MT_HEAD_FIELDS_MAX + 8 };

/* The fields of a request or a response as nghttp2 takes them; fields:
 * MT_H2_FIELDS_MAX; digits: 4. Returns how many. */
size_t mt_h2_fields(const struct mt_head *h, nghttp2_nv *fields,
                    uint8_t *digits);

/* The same of trailers. */
size_t mt_h2_trailer_fields(const struct mt_head *h, nghttp2_nv *fields);

#endif
