/**
 * h2_frame.h - HTTP/2 framing of one direction (RFC 9113 sections 4 and 6).
 *
 * Incremental: where the input is cut changes nothing but how DATA content is
 * cut into runs. Content is never held nor copied. A header block is given out
 * where it lies if it is whole in the input, else from a bounded buffer.
 *
 *     struct mt_h2_frames f;
 *     struct mt_h2_event ev;
 *     mt_h2_frames_init(&f, pool);
 *     while ((rc = mt_h2_next(&f, &in, &ev)) == MT_EVENT)
 *         on_event(&ev);              // borrowed until the next call
 *     // MT_MORE: *in is used up. MT_EPROTO: what follows is no frame; look
 *     // for the next one (h2_search.h) and call mt_h2_frames_restart()
 *
 * Unknown types, PING, WINDOW_UPDATE and PRIORITY are passed over.
 */
#ifndef MT_DECODE_H2_FRAME_H
#define MT_DECODE_H2_FRAME_H

#include "base/pool.h"
#include "base/rc.h"
#include "base/span.h"

enum mt_h2_type {
    MT_H2_DATA = 0,
    MT_H2_HEADERS = 1,
    MT_H2_PRIORITY = 2,
    MT_H2_RST_STREAM = 3,
    MT_H2_SETTINGS = 4,
    MT_H2_PUSH_PROMISE = 5,
    MT_H2_PING = 6,
    MT_H2_GOAWAY = 7,
    MT_H2_WINDOW_UPDATE = 8,
    MT_H2_CONTINUATION = 9,
};

enum mt_h2_flag {
    MT_H2_END_STREAM = 0x01,
    MT_H2_ACK = 0x01,
    MT_H2_END_HEADERS = 0x04,
    MT_H2_PADDED = 0x08,
    MT_H2_WITH_PRIORITY = 0x20,
};

enum mt_h2_setting {
    MT_H2_HEADER_TABLE_SIZE = 1,
    MT_H2_ENABLE_PUSH = 2,
    MT_H2_MAX_FRAME_SIZE = 5,
};

enum {
    MT_H2_HEADER_BYTES = 9,
    MT_H2_BLOCK_MAX = 131072, /* of a gathered header block */
    MT_H2_FRAME_MAX_DEFAULT = 16384,
    MT_H2_FRAME_MAX = 16777215,
};

struct mt_h2_header {
    uint32_t length;
    uint32_t stream;
    uint8_t type;
    uint8_t flags;
};

/* `type` says which members count. */
struct mt_h2_event {
    enum mt_h2_type type; /* DATA, HEADERS, PUSH_PROMISE, RST_STREAM, GOAWAY,
                             SETTINGS (one parameter, or an ACK) */
    uint32_t stream;
    bool end_stream;      /* DATA, HEADERS: the sender's side ends with it */
    bool block_lost;      /* HEADERS, PUSH_PROMISE: the block is not given */
    bool too_long;        /* ... because it is above MT_H2_BLOCK_MAX */
    bool ack;             /* SETTINGS */
    uint32_t promised;    /* PUSH_PROMISE: stream */
    uint32_t code;        /* RST_STREAM, GOAWAY */
    uint32_t last_stream; /* GOAWAY */
    uint16_t setting;     /* SETTINGS: which, and to what */
    uint32_t value;
    uint32_t wire_bytes; /* of a block: all its frames, headers included */
    uint32_t
        lost_bytes; /* that the capture lost: of DATA's content, of a block */
    struct mt_span bytes; /* DATA: content; HEADERS, PUSH_PROMISE: block */
};

/* Members are private to h2_frame.c but for those marked. */
struct mt_h2_frames {
    struct mt_pool *pool;
    uint8_t *block; /* what is gathered of a header block */
    size_t block_capacity, block_len;
    struct mt_h2_header head;       /* readable: of the frame that is open */
    struct mt_h2_header block_head; /* that began the open block; type 0 none */
    uint32_t block_wire_bytes, block_lost_bytes;
    uint32_t promised;
    uint32_t left;    /* payload of the open frame, padding apart */
    uint32_t padding; /* at its end */
    uint32_t frame_max;
    uint8_t small[16]; /* a header, or a short payload, as it comes */
    uint8_t small_len;
    uint32_t starts;      /* readable: frames and blocks begun so far */
    uint32_t event_start; /* readable: number of the one the event is of */
    uint8_t state;
    bool block_dropped; /* too long, no memory, or partly lost */
    bool block_too_long;
    bool block_given; /* from the buffer: freed at the next call */
};

void mt_h2_frames_init(struct mt_h2_frames *f, struct mt_pool *pool);
void mt_h2_frames_deinit(struct mt_h2_frames *f);

/* Longest frame that the receiver takes (SETTINGS_MAX_FRAME_SIZE); a longer
 * one is MT_EPROTO. */
void mt_h2_frames_limit(struct mt_h2_frames *f, uint32_t frame_max);

/**
 * The next event, taking what was used off the front of *in. Returns MT_EVENT,
 * MT_MORE (*in is empty) or MT_EPROTO: *in is behind a header that is none.
 */
int mt_h2_next(struct mt_h2_frames *f, struct mt_span *in,
               struct mt_h2_event *ev);

/**
 * n bytes are lost. Returns true if they lie in the frame that is open, so
 * that framing goes on; false if where the next frame begins is not known.
 * Either way *has_event tells whether *ev was set: content lost, a block lost,
 * and the end of the stream, which the frame's header had told.
 */
bool mt_h2_gap(struct mt_h2_frames *f, uint64_t n, struct mt_h2_event *ev,
               bool *has_event);

/* Begin at a frame's header again; an open block is forgotten. */
void mt_h2_frames_restart(struct mt_h2_frames *f);

/* True between two frames. */
bool mt_h2_between_frames(const struct mt_h2_frames *f);

/* Reads nine bytes. */
struct mt_h2_header mt_h2_header_of(const uint8_t *bytes);

/* Lengths, streams and flags that RFC 9113 section 6 rules out; unknown types
 * and flags are let pass. */
bool mt_h2_header_is_legal(const struct mt_h2_header *h, uint32_t frame_max);

#endif
