/**
 * codec.h - an exchange as bytes, and back.
 *
 * One form for the ring between threads and for the stream of
 * `record -w -`: portable, versioned, compact (a typical exchange takes 200
 * bytes), with every field of struct mt_exchange. Equal exchanges give equal
 * bytes.
 *
 *     void *p = mt_ring_reserve(ring, mt_exchange_encoded_max(x));
 *     mt_ring_commit(ring, mt_exchange_encode(x, p, room));
 *
 *     struct mt_codec_scratch scratch = {0};
 *     if (mt_exchange_decode(record, &x, &scratch) == 0)
 *         store(&x);             // borrows from record and scratch
 *     mt_codec_scratch_deinit(&scratch);
 *
 * The bytes: version, a bit for each number, text and list that is not its
 * default, then those in the order of the tables in codec.c: numbers as
 * varints (times as the distance to end_ns), texts with their length. Fields
 * that a later version puts behind them are skipped.
 */
#ifndef MT_DECODE_CODEC_H
#define MT_DECODE_CODEC_H

#include "decode/exchange.h"

enum { MT_CODEC_VERSION = 1 };

/* What a decoded exchange points to beside the encoded bytes. All zero at
 * first; grows to what the largest record needs and is used again. */
struct mt_codec_scratch {
    struct mt_tls tls;
    struct mt_field *fields;
    size_t fields_cap;
    uint64_t *packets;
    size_t packets_cap;
};

void mt_codec_scratch_deinit(struct mt_codec_scratch *s);

/* Bytes that the encoded exchange needs at most. */
size_t mt_exchange_encoded_max(const struct mt_exchange *x);

/* Returns the bytes used; 0, with nothing written, when cap is less than
 * mt_exchange_encoded_max(x). */
size_t mt_exchange_encode(const struct mt_exchange *x, uint8_t *buf,
                          size_t cap);

/**
 * Decode one whole record. *x borrows from the bytes and from the scratch,
 * until either changes.
 *
 * Returns 0; MT_EPROTO when the bytes are no exchange of this version (every
 * bound is checked, enums too); MT_ELIMIT when there is no memory. *x is
 * worthless then.
 */
int mt_exchange_decode(struct mt_span bytes, struct mt_exchange *x,
                       struct mt_codec_scratch *s);

#endif
