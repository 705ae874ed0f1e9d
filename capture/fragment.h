/**
 * fragment.h - IP fragments put together again (RFC 791, RFC 8200 §4.5).
 *
 * Bounded: 64 KiB a datagram, 4 MiB and 256 datagrams in all, 30 s on the
 * packets' clock. Where fragments overlap, the bytes that came first stay.
 *
 *     struct mt_fragments f;
 *     mt_fragments_init(&f, &pool);
 *     if (mt_fragments_add(&f, &piece, ts_ns, &whole) == MT_EVENT)
 *         use(whole.bytes);       // until mt_fragments_release(&f)
 *     mt_fragments_deinit(&f);
 */
#ifndef MT_CAPTURE_FRAGMENT_H
#define MT_CAPTURE_FRAGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"
#include "base/span.h"

enum {
    MT_FRAGMENTS_MAX_BYTES = 4 << 20,
    MT_FRAGMENTS_MAX_DATAGRAMS = 256,
    MT_FRAGMENTS_MAX_S = 30,
    MT_FRAGMENTS_BUCKETS = 64,
    MT_FRAGMENTS_READY = 4, /* datagrams inside datagrams */
};

/* Fragments of one datagram have equal keys. No padding: compared as bytes. */
struct mt_fragment_key {
    uint8_t src[16], dst[16];
    uint64_t network;
    uint64_t where; /* source and interface: copies do not mix */
    uint32_t id;
    uint32_t protocol; /* IPv4; 0 for IPv6, where the first fragment tells */
};

struct mt_fragment {
    struct mt_fragment_key key;
    uint32_t offset;  /* bytes */
    bool more;        /* another one follows */
    uint8_t protocol; /* of what is inside, as this fragment tells it */
    struct mt_span bytes;
    uint32_t true_bytes; /* > bytes.len where the snaplen cut it */
};

struct mt_datagram_whole {
    struct mt_span bytes;
    uint32_t true_bytes;
    uint8_t protocol;
};

struct mt_datagram;

struct mt_fragments {
    struct mt_pool *pool;
    struct mt_datagram *buckets[MT_FRAGMENTS_BUCKETS];
    struct mt_datagram *oldest, *newest;
    struct mt_datagram *ready[MT_FRAGMENTS_READY];
    uint32_t ready_count;
    uint32_t datagrams; /* unfinished now */
    size_t bytes;       /* taken from the pool now */
    /* so far: */
    uint64_t fragments, finished, expired, evicted, overlaps, refused;
};

void mt_fragments_init(struct mt_fragments *f, struct mt_pool *pool);
void mt_fragments_deinit(struct mt_fragments *f);

/**
 * Keep a copy of one fragment.
 *
 * Returns MT_EVENT (that was the last one missing: *out, until
 * mt_fragments_release()), MT_MORE, MT_EPROTO (its bounds are impossible),
 * or MT_ELIMIT (no memory, or nested too deep).
 */
int mt_fragments_add(struct mt_fragments *f, const struct mt_fragment *piece,
                     int64_t ts_ns, struct mt_datagram_whole *out);

/* Free the finished datagrams. */
static inline void mt_fragments_release(struct mt_fragments *f);

/* private */
void mt_fragments_free_ready(struct mt_fragments *f);

static inline void mt_fragments_release(struct mt_fragments *f)
{
    if (f->ready_count > 0)
        mt_fragments_free_ready(f);
}

#endif
