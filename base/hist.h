/**
 * hist.h - a mergeable histogram of durations, 1 % exact.
 *
 * Log-linear: 64 buckets an octave over the whole of 0 ... INT64_MAX ns, so
 * that any two histograms merge by adding counts. Values below 128 ns have a
 * bucket of their own; a quantile above is at most 1/128 (0.79 %) off.
 * Count, minimum and maximum are exact, and so is the sum while it is below
 * 2^64 (it then stays there).
 *
 *     struct mt_hist h;
 *     mt_hist_init(&h, &pool);
 *     mt_hist_add(&h, latency_ns);
 *     int64_t p99 = mt_hist_quantile(&h, 0.99);
 *     mt_hist_deinit(&h);
 *
 * Sparse: up to MT_HIST_INLINE different buckets live in the struct itself,
 * more in one block of the pool that doubles as needed, 64 KiB at the most.
 * One thread, that of its pool.
 */
#ifndef MT_BASE_HIST_H
#define MT_BASE_HIST_H

#include "base/buf.h"
#include "base/pool.h"

enum {
    MT_HIST_INLINE = 6,
    MT_HIST_BUCKETS = 3712, /* 64 + 57 octaves of 64 */
    MT_HIST_BLOB_MAX = 48 + MT_HIST_BUCKETS * 10,
};

/* Values in all: bounded so that a count fits beside its bucket number. */
#define MT_HIST_COUNT_MAX ((UINT64_C(1) << 52) - 1)

struct mt_hist {
    uint64_t count;
    uint64_t sum_ns;
    int64_t min_ns; /* 0 while empty */
    int64_t max_ns;
    struct mt_pool *pool;
    uint64_t *table;   /* private: NULL while the inline slots are enough */
    uint16_t used;     /* private: different buckets */
    uint16_t capacity; /* private: slots of the table */
    uint64_t slots[MT_HIST_INLINE]; /* private: bucket << 52 | count */
};

/* Empty; takes no memory. The pool outlives it, or may be NULL: then there
 * is room for MT_HIST_INLINE buckets and no more. */
void mt_hist_init(struct mt_hist *h, struct mt_pool *pool);

/* Give the memory back; the histogram is empty and may be used again. */
void mt_hist_deinit(struct mt_hist *h);

/**
 * Add one value; a negative one counts as 0.
 *
 * Returns false, with nothing changed, when there is no memory for a new
 * bucket or the count is at its bound: the caller counts what it loses.
 */
bool mt_hist_add(struct mt_hist *h, int64_t ns);

/* Add all of `from`. Returns false, with nothing changed, as above. */
bool mt_hist_merge(struct mt_hist *h, const struct mt_hist *from);

/**
 * The value of rank ceil(q * count), at least 1, among the values in order
 * (nearest rank): the middle of its bucket, within [min, max]. The first
 * rank gives the minimum and the last the maximum, exactly. q outside of
 * [0, 1] counts as the nearer end. An empty histogram gives -1.
 */
int64_t mt_hist_quantile(const struct mt_hist *h, double q);

/* The same for n of them in one pass; q does not fall. */
void mt_hist_quantiles(const struct mt_hist *h, const double *q, size_t n,
                       int64_t *ns);

/* How many values are certainly at or below ns, by whole buckets. */
uint64_t mt_hist_count_below(const struct mt_hist *h, int64_t ns);

/**
 * As bytes, for a BLOB: none for an empty histogram, else at most
 * MT_HIST_BLOB_MAX. Equal histograms give equal bytes.
 *
 *     0x01 value                                         one value
 *     0x02 sum min max-min {bucket-delta count}...       more, as varints
 */
void mt_hist_encode(const struct mt_hist *h, struct mt_buf *out);

/**
 * Add what the bytes of mt_hist_encode() hold to h.
 *
 * Returns 0; MT_EPROTO, with nothing changed, when they are no histogram
 * (every bound is checked: the bytes may come from anybody); MT_ELIMIT, with
 * nothing changed, without memory or past the count's bound.
 */
int mt_hist_decode(struct mt_hist *h, struct mt_span blob);

/* The bucket of a value >= 0, and the least value of a bucket. */
unsigned mt_hist_bucket(int64_t ns);
int64_t mt_hist_bucket_floor(unsigned bucket);

#endif
