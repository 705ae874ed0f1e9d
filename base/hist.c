#include "base/hist.h"

#include <assert.h>

#include "base/rc.h"

/* A slot is bucket << 52 | count; a count of 0 is a free slot. The table is
 * open addressing, its capacity a power of two, three quarters full at most. */
#define COUNT_BITS 52
#define COUNT_MASK MT_HIST_COUNT_MAX

enum {
    SUB_BITS = 6, /* 64 buckets an octave */
    SUB = 1 << SUB_BITS,
    TABLE_FIRST = 16,
    LINE = 8, /* slots of a cache line */
    WORDS = MT_HIST_BUCKETS / 64,
    FORM_ONE = 1,
    FORM_MANY = 2,
};

static_assert(MT_HIST_BUCKETS % 64 == 0, "one bit a bucket in whole words");
static_assert(MT_HIST_BUCKETS <= 1 << (64 - COUNT_BITS), "bucket in a slot");

/* Index of the highest bit of v > 0. */
static unsigned log2_floor(uint64_t v)
{
    return 63u - (unsigned)__builtin_clzll(v);
}

unsigned mt_hist_bucket(int64_t ns)
{
    uint64_t v = ns > 0 ? (uint64_t)ns : 0;
    if (v < SUB)
        return (unsigned)v;
    unsigned shift = log2_floor(v) - SUB_BITS;
    return (shift + 1) * SUB + (unsigned)(v >> shift) - SUB;
}

int64_t mt_hist_bucket_floor(unsigned bucket)
{
    if (bucket < SUB)
        return bucket;
    unsigned shift = bucket / SUB - 1;
    return (int64_t)((uint64_t)(bucket % SUB + SUB) << shift);
}

static int64_t bucket_middle(unsigned bucket)
{
    unsigned shift = bucket < SUB ? 0 : bucket / SUB - 1;
    return mt_hist_bucket_floor(bucket) + (((int64_t)1 << shift) - 1) / 2;
}

void mt_hist_init(struct mt_hist *h, struct mt_pool *pool)
{
    *h = (struct mt_hist){.pool = pool};
}

static size_t table_bytes(const struct mt_hist *h)
{
    return h->capacity * sizeof h->table[0];
}

void mt_hist_deinit(struct mt_hist *h)
{
    if (h->table != NULL)
        mt_pool_free(h->pool, h->table, table_bytes(h));
    mt_hist_init(h, h->pool);
}

static unsigned slot_bucket(uint64_t slot)
{
    return (unsigned)(slot >> COUNT_BITS);
}

/* Where a bucket's search begins: neighbours share a cache line, since
 * latencies lie close together, and the lines are scattered. */
static unsigned slot_first(unsigned bucket, unsigned capacity)
{
    return (bucket / LINE * 40503u * LINE + bucket % LINE) & (capacity - 1);
}

/* The bucket's slot, or the free one where it belongs. */
static uint64_t *table_find(uint64_t *table, unsigned capacity, unsigned bucket)
{
    unsigned at = slot_first(bucket, capacity);
    while (table[at] != 0 && slot_bucket(table[at]) != bucket)
        at = (at + 1) & (capacity - 1);
    return &table[at];
}

/* The slot of a bucket, or NULL: not there, and no free slot to offer. */
static uint64_t *inline_find(uint64_t *slots, unsigned bucket)
{
    for (unsigned i = 0; i < MT_HIST_INLINE; i++)
        if (slots[i] == 0 || slot_bucket(slots[i]) == bucket)
            return &slots[i];
    return NULL;
}

static bool grow(struct mt_hist *h, unsigned capacity)
{
    if (h->pool == NULL)
        return false;
    uint64_t *table = mt_pool_zalloc(h->pool, capacity * sizeof table[0]);
    if (table == NULL)
        return false;

    const uint64_t *old = h->table != NULL ? h->table : h->slots;
    unsigned n = h->table != NULL ? h->capacity : MT_HIST_INLINE;
    for (unsigned i = 0; i < n; i++)
        if (old[i] != 0)
            *table_find(table, capacity, slot_bucket(old[i])) = old[i];
    if (h->table != NULL)
        mt_pool_free(h->pool, h->table, table_bytes(h));
    h->table = table;
    h->capacity = (uint16_t)capacity;
    return true;
}

/* Room for n more buckets, so that nothing after it can fail. */
static bool ensure(struct mt_hist *h, unsigned n)
{
    unsigned want = h->used + n;
    if (want > MT_HIST_BUCKETS)
        want = MT_HIST_BUCKETS;
    if (h->table == NULL && want <= MT_HIST_INLINE)
        return true;
    unsigned capacity = h->table != NULL ? h->capacity : TABLE_FIRST;
    while (want > capacity / 4 * 3)
        capacity *= 2;
    return capacity == h->capacity || grow(h, capacity);
}

static uint64_t *slot_of(struct mt_hist *h, unsigned bucket)
{
    return h->table != NULL ? table_find(h->table, h->capacity, bucket)
                            : inline_find(h->slots, bucket);
}

/* Callers have made room for the bucket. */
static void put(struct mt_hist *h, unsigned bucket, uint64_t count)
{
    uint64_t *slot = slot_of(h, bucket);
    assert(slot != NULL);
    if (*slot == 0) {
        *slot = (uint64_t)bucket << COUNT_BITS;
        h->used++;
    }
    *slot += count; /* h->count bounds it: never into the bucket's bits */
}

static void note(struct mt_hist *h, uint64_t count, uint64_t sum_ns,
                 int64_t min_ns, int64_t max_ns)
{
    if (h->count == 0 || min_ns < h->min_ns)
        h->min_ns = min_ns;
    if (max_ns > h->max_ns)
        h->max_ns = max_ns;
    h->count += count;
    h->sum_ns =
        sum_ns > UINT64_MAX - h->sum_ns ? UINT64_MAX : h->sum_ns + sum_ns;
}

bool mt_hist_add(struct mt_hist *h, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    if (h->count >= MT_HIST_COUNT_MAX)
        return false;
    unsigned bucket = mt_hist_bucket(ns);
    uint64_t *slot = slot_of(h, bucket);
    if (slot != NULL && *slot != 0) {
        (*slot)++;
    } else {
        if (!ensure(h, 1))
            return false;
        put(h, bucket, 1);
    }
    note(h, 1, (uint64_t)ns, ns, ns);
    return true;
}

static unsigned slot_count(const struct mt_hist *h)
{
    return h->table != NULL ? h->capacity : MT_HIST_INLINE;
}

static const uint64_t *slots_of(const struct mt_hist *h)
{
    return h->table != NULL ? h->table : h->slots;
}

bool mt_hist_merge(struct mt_hist *h, const struct mt_hist *from)
{
    if (from->count == 0)
        return true;
    if (from->count > MT_HIST_COUNT_MAX - h->count || !ensure(h, from->used))
        return false;
    const uint64_t *slots = slots_of(from);
    for (unsigned i = 0, n = slot_count(from); i < n; i++)
        if (slots[i] != 0)
            put(h, slot_bucket(slots[i]), slots[i] & COUNT_MASK);
    note(h, from->count, from->sum_ns, from->min_ns, from->max_ns);
    return true;
}

/* The buckets in order, without sorting: a bit for each one in use. */
struct walk {
    const struct mt_hist *h;
    uint64_t bits[WORDS];
    unsigned word;
};

static void walk_init(struct walk *w, const struct mt_hist *h)
{
    *w = (struct walk){.h = h};
    const uint64_t *slots = slots_of(h);
    for (unsigned i = 0, n = slot_count(h); i < n; i++)
        if (slots[i] != 0) {
            unsigned bucket = slot_bucket(slots[i]);
            w->bits[bucket / 64] |= UINT64_C(1) << bucket % 64;
        }
}

static uint64_t count_of(const struct mt_hist *h, unsigned bucket)
{
    const uint64_t *slots = slots_of(h);
    unsigned n = slot_count(h);
    unsigned at = h->table != NULL ? slot_first(bucket, n) : 0;
    while (slot_bucket(slots[at]) != bucket || slots[at] == 0)
        at = at + 1 < n ? at + 1 : 0;
    return slots[at] & COUNT_MASK;
}

/* False after the last one. */
static bool walk_next(struct walk *w, unsigned *bucket, uint64_t *count)
{
    while (w->word < WORDS && w->bits[w->word] == 0)
        w->word++;
    if (w->word == WORDS)
        return false;
    uint64_t lowest = w->bits[w->word] & (~w->bits[w->word] + 1);
    w->bits[w->word] ^= lowest;
    *bucket = w->word * 64 + log2_floor(lowest);
    *count = count_of(w->h, *bucket);
    return true;
}

static uint64_t rank_of(double q, uint64_t count)
{
    if (!(q > 0)) /* also not a number */
        return 1;
    if (q >= 1)
        return count;
    /* a rank that is whole but for the rounding of q must not move up:
     * 0.07 * 100 is 7.000000000000001 */
    double exact = q * (double)count;
    uint64_t whole = (uint64_t)exact;
    uint64_t rank = exact - (double)whole > 1e-12 * exact ? whole + 1 : whole;
    return rank < 1 ? 1 : rank < count ? rank : count;
}

static int64_t within(const struct mt_hist *h, int64_t value)
{
    if (value < h->min_ns)
        return h->min_ns;
    return value > h->max_ns ? h->max_ns : value;
}

void mt_hist_quantiles(const struct mt_hist *h, const double *q, size_t n,
                       int64_t *ns)
{
    struct walk w = {.word = WORDS};
    uint64_t seen = 0, count;
    unsigned bucket = 0;
    if (h->count > 2)
        walk_init(&w, h);
    for (size_t i = 0; i < n; i++) {
        uint64_t rank = h->count > 0 ? rank_of(q[i], h->count) : 0;
        while (seen < rank && walk_next(&w, &bucket, &count))
            seen += count;
        if (rank == 0)
            ns[i] = -1;
        else if (rank == 1)
            ns[i] = h->min_ns;
        else if (rank == h->count)
            ns[i] = h->max_ns;
        else
            ns[i] = within(h, bucket_middle(bucket));
    }
}

int64_t mt_hist_quantile(const struct mt_hist *h, double q)
{
    int64_t ns;
    mt_hist_quantiles(h, &q, 1, &ns);
    return ns;
}

uint64_t mt_hist_count_below(const struct mt_hist *h, int64_t ns)
{
    if (ns < 0)
        return 0;
    if (ns >= h->max_ns)
        return h->count;
    /* the bucket of ns itself counts only when ns is its last value */
    unsigned end = mt_hist_bucket(ns);
    if (mt_hist_bucket(ns + 1) != end)
        end++;
    const uint64_t *slots = slots_of(h);
    uint64_t below = 0;
    for (unsigned i = 0, n = slot_count(h); i < n; i++)
        if (slots[i] != 0 && slot_bucket(slots[i]) < end)
            below += slots[i] & COUNT_MASK;
    return below;
}

void mt_hist_encode(const struct mt_hist *h, struct mt_buf *out)
{
    if (h->count == 0)
        return;
    if (h->count == 1) {
        mt_put_u8(out, FORM_ONE);
        mt_put_varint(out, (uint64_t)h->min_ns);
        return;
    }
    mt_put_u8(out, FORM_MANY);
    mt_put_varint(out, h->sum_ns);
    mt_put_varint(out, (uint64_t)h->min_ns);
    mt_put_varint(out, (uint64_t)(h->max_ns - h->min_ns));
    struct walk w;
    unsigned bucket, last = 0;
    uint64_t count;
    walk_init(&w, h);
    while (walk_next(&w, &bucket, &count)) {
        mt_put_varint(out, bucket - last);
        mt_put_varint(out, count);
        last = bucket;
    }
}

/* All is read and checked before the histogram changes. */
struct blob {
    uint64_t sum_ns;
    int64_t min_ns, max_ns;
    uint64_t count;
    unsigned used;
    uint64_t slots[MT_HIST_BUCKETS]; /* bucket << 52 | count */
};

static bool read_buckets(struct mt_cursor *c, struct blob *b)
{
    uint64_t bucket = 0, total = 0;
    unsigned used = 0;
    while (c->rest.len > 0) {
        uint64_t delta = mt_get_varint(c), count = mt_get_varint(c);
        bucket += delta;
        if (c->bad || delta >= MT_HIST_BUCKETS || bucket >= MT_HIST_BUCKETS ||
            (delta == 0 && used > 0) || count == 0 ||
            count > MT_HIST_COUNT_MAX - total)
            return false;
        total += count;
        b->slots[used++] = bucket << COUNT_BITS | count;
    }
    b->count = total;
    b->used = used;
    return total > 1 && slot_bucket(b->slots[0]) == mt_hist_bucket(b->min_ns) &&
           bucket == mt_hist_bucket(b->max_ns);
}

static bool read_many(struct mt_cursor c, struct blob *b)
{
    b->sum_ns = mt_get_varint(&c);
    uint64_t min = mt_get_varint(&c), range = mt_get_varint(&c);
    if (c.bad || min > INT64_MAX || range > INT64_MAX - min)
        return false;
    b->min_ns = (int64_t)min;
    b->max_ns = (int64_t)(min + range);
    return b->sum_ns >= (uint64_t)b->max_ns && read_buckets(&c, b);
}

static int decode_one(struct mt_hist *h, struct mt_cursor c)
{
    uint64_t value = mt_get_varint(&c);
    if (c.bad || c.rest.len > 0 || value > INT64_MAX)
        return MT_EPROTO;
    return mt_hist_add(h, (int64_t)value) ? 0 : MT_ELIMIT;
}

int mt_hist_decode(struct mt_hist *h, struct mt_span blob)
{
    if (blob.len == 0)
        return 0;
    struct mt_cursor c = mt_cursor_of(blob);
    uint8_t form = mt_get_u8(&c);
    if (form == FORM_ONE)
        return decode_one(h, c);

    struct blob b;
    if (form != FORM_MANY || !read_many(c, &b))
        return MT_EPROTO;
    if (b.count > MT_HIST_COUNT_MAX - h->count || !ensure(h, b.used))
        return MT_ELIMIT;
    for (unsigned i = 0; i < b.used; i++)
        put(h, slot_bucket(b.slots[i]), b.slots[i] & COUNT_MASK);
    note(h, b.count, b.sum_ns, b.min_ns, b.max_ns);
    return 0;
}
