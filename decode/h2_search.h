/**
 * h2_search.h - where the next HTTP/2 frame begins, when that is not known:
 * after a gap, or when a connection was joined late.
 *
 * A frame header is nine bytes that say where the next one stands. A place is
 * believed when a chain of three legal headers starts there (two where a
 * segment starts), or a chain that ends where a segment ends. The chain may
 * span segments.
 *
 *     struct mt_h2_search s;
 *     mt_h2_search_init(&s, MT_H2_STREAM_MAX);
 *     while (!mt_h2_search_feed(&s, &in, &head))
 *         in = next segment;
 *     // feed `head` (bytes of the segment before), then `in`, to h2_frame.h
 */
#ifndef MT_DECODE_H2_SEARCH_H
#define MT_DECODE_H2_SEARCH_H

#include "decode/h2_frame.h"

enum {
    MT_H2_CHAIN_MIN = 3,
    MT_H2_CANDIDATES = 4,
    MT_H2_STREAM_MAX = 0x7fffffff,
};

struct mt_h2_candidate {
    uint64_t next;   /* offset of the header that must be legal */
    uint32_t frames; /* legal headers so far; 0: free */
};

struct mt_h2_search {
    uint64_t at; /* offset of the next byte that is fed */
    struct mt_h2_candidate candidates[MT_H2_CANDIDATES];
    uint8_t carry[MT_H2_HEADER_BYTES - 1]; /* last bytes before it */
    uint8_t carry_len;
    uint32_t stream_max;
};

/* stream_max: the highest stream id that is plausible. */
void mt_h2_search_init(struct mt_h2_search *s, uint32_t stream_max);

/**
 * Look in one segment. Returns true when found: *head is what of the first
 * frame's header came before (borrowed from *s), *in what follows it. Else
 * *in is used up.
 */
bool mt_h2_search_feed(struct mt_h2_search *s, struct mt_span *in,
                       struct mt_span *head);

/* n bytes are lost. */
void mt_h2_search_gap(struct mt_h2_search *s, uint64_t n);

/* A chain in some bytes, for detection. */
struct mt_h2_chain {
    size_t at;       /* its first byte */
    unsigned frames; /* legal headers; 0: there is none */
    bool to_end;     /* its last frame ends where the bytes do */
    int8_t sender;   /* by what its header blocks say: enum mt_role, or -1 */
};

/* The first place in `bytes` that can be believed; if there is none, what
 * begins at the first byte. */
struct mt_h2_chain mt_h2_find_chain(struct mt_span bytes);

#endif
