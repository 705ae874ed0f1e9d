/**
 * websocket.h - counts the messages of one direction of a WebSocket
 * (RFC 6455). Payload is passed over, never read, but for a close code.
 *
 *     struct mt_websocket w = {0};
 *     mt_websocket_feed(&w, span);       // cut anywhere
 *     use(w.messages, w.payload_bytes);
 *
 * Once a frame header is lost, or is none, frames cannot be found again: from
 * then on only bytes are counted.
 */
#ifndef MT_DECODE_WEBSOCKET_H
#define MT_DECODE_WEBSOCKET_H

#include "base/span.h"

/* All zero is the beginning of a stream. */
struct mt_websocket {
    uint64_t payload_bytes; /* of data frames; all bytes once lost */
    uint64_t left;          /* of the frame's payload */
    uint32_t messages;      /* ended so far; fragments are one */
    uint16_t close_code;    /* 0: none; valid once closed */
    bool closed;            /* a whole close frame was seen */
    bool lost;
    bool bad;        /* a frame that RFC 6455 forbids */
    bool in_message; /* between the fragments of one */
    bool in_frame;   /* private from here on */
    uint8_t have;    /* bytes in head */
    uint8_t head[14];
    uint8_t code[2];
    uint8_t code_have;
};

/* Takes all of the bytes. Allocates nothing. */
void mt_websocket_feed(struct mt_websocket *w, struct mt_span bytes);

/* n bytes are missing; UINT64_MAX: not known how many. */
void mt_websocket_gap(struct mt_websocket *w, uint64_t n);

/* In the middle of a frame or of a message. */
bool mt_websocket_open(const struct mt_websocket *w);

#endif
