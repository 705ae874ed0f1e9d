/**
 * grpc.h - gRPC messages in the content of one direction: each has five bytes
 * before it, a flag and its length ("gRPC over HTTP2", Length-Prefixed-Message;
 * gRPC-Web ends with a frame that holds the trailers as text, and all of it may
 * be in base64, "application/grpc-web-text").
 *
 *     struct mt_grpc_count c = {0};
 *     mt_grpc_feed(&c, draft, MT_SERVER, span);    // cut anywhere
 *     mt_grpc_gap(&c, n);
 *
 * Counts go into the draft's message; a message counts when its last byte was
 * seen or is known to be lost. Payload is never held. A gap that hides where
 * the next message begins ends the counting: see `lost`.
 */
#ifndef MT_DECODE_GRPC_H
#define MT_DECODE_GRPC_H

#include "base/base64.h"
#include "decode/draft.h"

enum {
    MT_GRPC_PREFIX_BYTES = 5,
    MT_GRPC_WEB_TRAILERS_MAX = 4096,
};

/* All zero is the beginning of a stream. */
struct mt_grpc_count {
    uint8_t *trailers;   /* gRPC-Web: gathered in the draft's arena */
    uint32_t left;       /* of the message that is open */
    uint32_t compressed; /* messages with that flag */
    uint32_t trailers_len;
    struct mt_base64 text; /* of the text form */
    uint8_t prefix[MT_GRPC_PREFIX_BYTES];
    uint8_t have; /* of the prefix */
    bool open;    /* past its prefix */
    bool lost;    /* where messages begin is not known any more */
};

/* Takes all of the bytes. Fields of gRPC-Web trailers go to the draft. */
void mt_grpc_feed(struct mt_grpc_count *c, struct mt_draft *r,
                  enum mt_role from, struct mt_span bytes);

/* n bytes are missing; UINT64_MAX: not known how many. */
void mt_grpc_gap(struct mt_grpc_count *c, struct mt_draft *r, enum mt_role from,
                 uint64_t n);

/* Set protocol and kind by what was seen: called before the draft is
 * finished. Unary: one message at most each way. */
void mt_grpc_classify(struct mt_draft *r);

#endif
