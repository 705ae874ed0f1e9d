/**
 * hpack_huffman.h - the Huffman code of HPACK strings (RFC 7541 section 5.2).
 *
 *     uint8_t out[MT_HUFFMAN_ROOM(in.len)];
 *     size_t n;
 *     if (!mt_huffman_decode(in, out, &n))
 *         return MT_EPROTO;
 */
#ifndef MT_DECODE_HPACK_HUFFMAN_H
#define MT_DECODE_HPACK_HUFFMAN_H

#include "base/span.h"

/* Bytes to keep free for `len` coded bytes: codes have 5 bits or more, and
 * the decoder writes two symbols at once. */
#define MT_HUFFMAN_ROOM(len) ((len) / 5 * 8 + 10)

/**
 * Decode the whole of `in` to out, which has MT_HUFFMAN_ROOM(in.len) bytes.
 * Returns false if it holds EOS, or ends in a padding that is longer than 7
 * bits or not the start of EOS.
 */
bool mt_huffman_decode(struct mt_span in, uint8_t *out, size_t *len);

#endif
