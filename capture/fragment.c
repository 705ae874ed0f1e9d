#include "capture/fragment.h"

#include <xxhash.h>

#include "base/rc.h"

enum { RANGES_MAX = 32, SMALLEST_BUFFER = 2048, DATAGRAM_MAX = 65535 };

static const uint32_t UNKNOWN = UINT32_MAX;

/* Bytes [begin, end) of the datagram were in some fragment. */
struct range {
    uint32_t begin, end;
};

struct mt_datagram {
    struct mt_fragment_key key;
    struct mt_datagram *chain;         /* of its bucket */
    struct mt_datagram *older, *newer; /* by first fragment */
    int64_t first_ns;
    uint32_t total;   /* bytes, by the last fragment, or UNKNOWN */
    uint32_t cut_at;  /* first byte that a snaplen kept from us, or UNKNOWN */
    uint8_t protocol; /* by the first fragment */
    uint32_t cap;
    uint8_t *buf;
    unsigned count;
    struct range ranges[RANGES_MAX]; /* sorted, apart from each other */
};

void mt_fragments_init(struct mt_fragments *f, struct mt_pool *pool)
{
    *f = (struct mt_fragments){.pool = pool};
}

static struct mt_datagram **bucket_of(struct mt_fragments *f,
                                      const struct mt_fragment_key *key)
{
    return &f->buckets[XXH3_64bits(key, sizeof *key) % MT_FRAGMENTS_BUCKETS];
}

static void free_datagram(struct mt_fragments *f, struct mt_datagram *d)
{
    f->bytes -= sizeof *d + d->cap;
    mt_pool_free(f->pool, d->buf, d->cap);
    mt_pool_free(f->pool, d, sizeof *d);
}

static void unlink_datagram(struct mt_fragments *f, struct mt_datagram *d)
{
    struct mt_datagram **at = bucket_of(f, &d->key);
    while (*at != d)
        at = &(*at)->chain;
    *at = d->chain;
    *(d->older != NULL ? &d->older->newer : &f->oldest) = d->newer;
    *(d->newer != NULL ? &d->newer->older : &f->newest) = d->older;
    f->datagrams--;
}

static void drop(struct mt_fragments *f, struct mt_datagram *d)
{
    unlink_datagram(f, d);
    free_datagram(f, d);
}

void mt_fragments_free_ready(struct mt_fragments *f)
{
    while (f->ready_count > 0)
        free_datagram(f, f->ready[--f->ready_count]);
}

void mt_fragments_deinit(struct mt_fragments *f)
{
    mt_fragments_release(f);
    while (f->oldest != NULL)
        drop(f, f->oldest);
}

static void expire(struct mt_fragments *f, int64_t now_ns)
{
    const uint64_t limit_ns = MT_FRAGMENTS_MAX_S * (uint64_t)1000000000;
    while (f->oldest != NULL) {
        int64_t then_ns = f->oldest->first_ns; /* a clock may step back */
        uint64_t age_ns = now_ns > then_ns
                              ? (uint64_t)now_ns - (uint64_t)then_ns
                              : (uint64_t)then_ns - (uint64_t)now_ns;
        if (age_ns <= limit_ns)
            return;
        drop(f, f->oldest);
        f->expired++;
    }
}

/* Memory within our own bound and the pool's, at the cost of the oldest
 * datagrams but never of `keep`. */
static void *take_memory(struct mt_fragments *f, size_t n,
                         const struct mt_datagram *keep)
{
    for (;;) {
        void *p = f->bytes + n <= MT_FRAGMENTS_MAX_BYTES
                      ? mt_pool_alloc(f->pool, n)
                      : NULL;
        if (p != NULL) {
            f->bytes += n;
            return p;
        }
        struct mt_datagram *victim = f->oldest;
        if (victim == keep && victim != NULL)
            victim = victim->newer;
        if (victim == NULL)
            return NULL;
        drop(f, victim);
        f->evicted++;
    }
}

static struct mt_datagram *find(struct mt_fragments *f,
                                const struct mt_fragment_key *key)
{
    struct mt_datagram *d = *bucket_of(f, key);
    while (d != NULL && memcmp(&d->key, key, sizeof *key) != 0)
        d = d->chain;
    return d;
}

static struct mt_datagram *find_or_add(struct mt_fragments *f,
                                       const struct mt_fragment *piece,
                                       int64_t ts_ns)
{
    struct mt_datagram *d = find(f, &piece->key);
    if (d != NULL)
        return d;
    if (f->datagrams == MT_FRAGMENTS_MAX_DATAGRAMS) {
        drop(f, f->oldest);
        f->evicted++;
    }
    d = take_memory(f, sizeof *d, NULL);
    if (d == NULL)
        return NULL;
    struct mt_datagram **bucket = bucket_of(f, &piece->key);
    *d = (struct mt_datagram){.key = piece->key,
                              .chain = *bucket,
                              .older = f->newest,
                              .first_ns = ts_ns,
                              .total = UNKNOWN,
                              .cut_at = UNKNOWN};
    *bucket = d;
    *(f->newest != NULL ? &f->newest->newer : &f->oldest) = d;
    f->newest = d;
    f->datagrams++;
    return d;
}

static bool grow(struct mt_fragments *f, struct mt_datagram *d, uint32_t need)
{
    uint32_t cap = d->cap > 0 ? d->cap : SMALLEST_BUFFER;
    while (cap < need)
        cap *= 2;
    if (cap == d->cap)
        return true;
    uint8_t *buf = take_memory(f, cap, d);
    if (buf == NULL)
        return false;
    if (d->cap > 0)
        memcpy(buf, d->buf, d->cap);
    mt_pool_free(f->pool, d->buf, d->cap);
    f->bytes -= d->cap;
    d->buf = buf;
    d->cap = cap;
    return true;
}

/* Bytes [begin, end) are new: keep what of them was captured. */
static void copy(struct mt_datagram *d, const struct mt_fragment *piece,
                 struct range new)
{
    uint32_t known_end = piece->offset + (uint32_t)piece->bytes.len;
    uint32_t end = new.end < known_end ? new.end : known_end;
    if (end > new.begin)
        memcpy(d->buf + new.begin,
               piece->bytes.ptr + (new.begin - piece->offset), end - new.begin);
    if (end < new.end) {
        uint32_t cut_at = end > new.begin ? end : new.begin;
        d->cut_at = cut_at < d->cut_at ? cut_at : d->cut_at;
    }
}

static bool touches(struct range a, struct range b)
{
    return a.begin <= b.end && b.begin <= a.end;
}

static struct range join(struct range a, struct range b)
{
    return (struct range){a.begin < b.begin ? a.begin : b.begin,
                          a.end > b.end ? a.end : b.end};
}

/* Copy what of a piece is in none of the ranges [first, last). */
static void copy_new(struct mt_fragments *f, struct mt_datagram *d,
                     const struct mt_fragment *piece, unsigned first,
                     unsigned last)
{
    uint32_t at = piece->offset, end = at + piece->true_bytes, old = 0;
    for (unsigned i = first; i < last; i++) {
        struct range r = d->ranges[i];
        if (r.begin > at)
            copy(d, piece, (struct range){at, r.begin});
        old += r.begin < end && r.end > piece->offset;
        at = r.end > at ? r.end : at;
    }
    if (at < end)
        copy(d, piece, (struct range){at, end});
    f->overlaps += old > 0;
}

/* Cover what a piece covers: all ranges that it touches become one. Returns
 * false when there are too many. */
static bool cover(struct mt_fragments *f, struct mt_datagram *d,
                  const struct mt_fragment *piece)
{
    struct range one = {piece->offset, piece->offset + piece->true_bytes};
    unsigned first = 0;
    while (first < d->count && d->ranges[first].end < one.begin)
        first++;
    unsigned last = first;
    while (last < d->count && touches(d->ranges[last], one))
        last++;
    copy_new(f, d, piece, first, last);
    if (first == last && d->count == RANGES_MAX)
        return false;
    for (unsigned i = first; i < last; i++)
        one = join(one, d->ranges[i]);
    memmove(&d->ranges[first + 1], &d->ranges[last],
            (d->count - last) * sizeof d->ranges[0]);
    d->ranges[first] = one;
    d->count = d->count - (last - first) + 1;
    return true;
}

/* Does it fit what is known of the datagram's end? */
static bool fits(struct mt_datagram *d, const struct mt_fragment *piece,
                 uint32_t end)
{
    if (piece->more)
        return d->total == UNKNOWN || end <= d->total;
    bool beyond = d->count > 0 && d->ranges[d->count - 1].end > end;
    if (beyond || (d->total != UNKNOWN && d->total != end))
        return false;
    d->total = end;
    return true;
}

static int refuse(struct mt_fragments *f, int rc)
{
    f->refused++;
    return rc;
}

static int finish(struct mt_fragments *f, struct mt_datagram *d,
                  struct mt_datagram_whole *out)
{
    if (f->ready_count == MT_FRAGMENTS_READY) {
        drop(f, d);
        return refuse(f, MT_ELIMIT);
    }
    unlink_datagram(f, d);
    f->ready[f->ready_count++] = d;
    f->finished++;
    uint32_t known = d->cut_at < d->total ? d->cut_at : d->total;
    *out = (struct mt_datagram_whole){.bytes = {.ptr = d->buf, .len = known},
                                      .true_bytes = d->total,
                                      .protocol = d->protocol};
    return MT_EVENT;
}

int mt_fragments_add(struct mt_fragments *f, const struct mt_fragment *piece,
                     int64_t ts_ns, struct mt_datagram_whole *out)
{
    f->fragments++;
    expire(f, ts_ns);
    /* RFC 791: all but the last are in units of 8 bytes */
    if (piece->offset > DATAGRAM_MAX ||
        piece->true_bytes > DATAGRAM_MAX - piece->offset ||
        piece->true_bytes == 0 || (piece->more && piece->true_bytes % 8 != 0))
        return refuse(f, MT_EPROTO);

    uint32_t end = piece->offset + piece->true_bytes;
    struct mt_datagram *d = find_or_add(f, piece, ts_ns);
    if (d == NULL)
        return refuse(f, MT_ELIMIT);
    if (!fits(d, piece, end))
        return refuse(f, MT_EPROTO);
    if (!grow(f, d, end) || !cover(f, d, piece)) {
        drop(f, d);
        return refuse(f, MT_ELIMIT);
    }
    if (piece->offset == 0)
        d->protocol = piece->protocol;
    struct range r = d->ranges[0];
    bool whole = d->count == 1 && r.begin == 0 && r.end == d->total;
    return whole ? finish(f, d, out) : MT_MORE;
}
