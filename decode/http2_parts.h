/**
 * http2_parts.h - what the files of the HTTP/2 decoder share: http2.c (bytes
 * to frames, detection), http2_streams.c (which exchange a frame belongs to,
 * and how it ends), http2_fields.c (header blocks).
 */
#ifndef MT_DECODE_HTTP2_PARTS_H
#define MT_DECODE_HTTP2_PARTS_H

#include "decode/conn.h"
#include "decode/h2_frame.h"
#include "decode/h2_search.h"
#include "decode/h2_streams.h"
#include "decode/hpack.h"

/* What one role sends. */
struct mt_http2_side {
    struct mt_h2_frames frames;
    struct mt_h2_search search;
    struct mt_hpack hpack;
    uint64_t resets_counted; /* of hpack, in the statistics */
    uint32_t highest;        /* stream that this role opened */
    uint32_t losses;         /* of frames, on streams that nobody knows */
    uint32_t refuses_above;  /* GOAWAY's last stream; UINT32_MAX: none */
    bool started;            /* its first bytes were looked at */
    bool late;               /* joined after its first byte */
    bool lossy;              /* late, or bytes were lost, or garbled: */
    bool garbled;            /* they were all seen, and are no frames */
    bool searching;          /* for the next frame */
    uint8_t preface_left;    /* bytes of the client's preface to come */
    int64_t open_ts_ns;      /* of the frame or block that is open */
    uint64_t open_packet;
};

enum { MT_HTTP2_STATUS_LINE = 12 /* "HTTP/1.1 400" */ };

struct mt_http2 {
    struct mt_layer *layer;
    struct mt_conn *conn;
    struct mt_http2_side side[2]; /* by role */
    struct mt_h2_streams streams;
    int64_t swept_ns; /* streams that a loss may have left open */
    /* A server without HTTP/2 answers the preface by HTTP/1: what it began
     * with, as far as that looks so. */
    uint8_t status_line[MT_HTTP2_STATUS_LINE];
    uint8_t status_line_len;
    bool answered; /* it is whole, or there is none */
};

/* It is whole: nothing on this connection will be answered. */
static inline bool mt_http2_is_refused(const struct mt_http2 *h)
{
    return h->status_line_len == MT_HTTP2_STATUS_LINE;
}

/* One event, with the packet that completed it and the one that began it. */
struct mt_http2_frame {
    const struct mt_h2_event *ev;
    const struct mt_chunk *chunk;
    struct mt_chunk first; /* no bytes */
    enum mt_role from;
};

/* --- http2_streams.c --- */

/* The stream of a frame, made if it can be a new one. NULL: none is counted
 * for it. has_head: the frame has a header block. */
struct mt_h2_stream *mt_http2_stream_of(struct mt_http2 *h,
                                        const struct mt_http2_frame *frame,
                                        uint32_t id, bool has_head);

/* Note the frame on the stream, as part of the message of role `of`. */
void mt_http2_touch(struct mt_h2_stream *s, enum mt_role of,
                    const struct mt_http2_frame *frame);

void mt_http2_on_data(struct mt_http2 *h, const struct mt_http2_frame *frame);
void mt_http2_on_reset(struct mt_http2 *h, const struct mt_http2_frame *frame);
void mt_http2_on_goaway(struct mt_http2 *h, const struct mt_http2_frame *frame);

/* The side `from` of the stream ended. May finish the stream: *s is gone. */
void mt_http2_end_side(struct mt_http2 *h, struct mt_h2_stream *s,
                       enum mt_role from, int64_t ts_ns);

/* Finish one stream. */
void mt_http2_finish(struct mt_http2 *h, struct mt_h2_stream *s,
                     enum mt_error error, int64_t ts_ns);

/* Streams that a loss may have left open end after a long silence. */
void mt_http2_sweep(struct mt_http2 *h, int64_t now_ns);

/* The direction or the connection ended. */
void mt_http2_end_all(struct mt_http2 *h, enum mt_role from, enum mt_end end,
                      int64_t ts_ns);

/* The exchange that an Upgrade handed over is stream 1. */
bool mt_http2_adopt(struct mt_http2 *h, struct mt_draft *r);

/* --- http2_count.c: messages in the content --- */

/* Choose what counts, once a head is known. */
void mt_http2_count_start(struct mt_http2 *h, struct mt_h2_stream *s);
void mt_http2_count(struct mt_h2_stream *s, enum mt_role from,
                    struct mt_span bytes, uint32_t lost_bytes);
void mt_http2_count_free(struct mt_http2 *h, struct mt_h2_stream *s);

/* --- http2_fields.c --- */

/* HEADERS or PUSH_PROMISE. */
void mt_http2_on_block(struct mt_http2 *h, const struct mt_http2_frame *frame);

#endif
