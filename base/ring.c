#include "base/ring.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/rc.h"

/* Positions only grow; the place is position modulo capacity. A record is a
 * word with its length, then its bytes, padded to a word. One that would pass
 * the end starts at the beginning again, after a SKIP word.
 *
 * Sleeping: a side raises its `waits` flag, then looks at the other's position
 * once more; the other moves its position, then looks at the flag. Both are
 * sequentially consistent, so one of the two sees the other (Dekker). */

enum { LINE = 64, WORD = 8, CAPACITY_MIN = 4096 };

#define SKIP UINT64_MAX

struct mt_ring {
    uint8_t *bytes;
    size_t capacity;

    /* the writer's line */
    _Alignas(LINE) _Atomic uint64_t tail;
    uint64_t next; /* tail, behind a skipped end */
    uint64_t head_seen;
    size_t reserved;
    _Atomic uint64_t refused;

    /* the reader's line */
    _Alignas(LINE) _Atomic uint64_t head;
    uint64_t tail_seen;

    /* rarely written */
    _Alignas(LINE) atomic_bool reader_waits;
    atomic_bool writer_waits;
    atomic_bool hurried; /* what is pending is not waited longer for */
    atomic_bool writer_closed;
    atomic_bool reader_closed;
    _Atomic uint64_t writer_wants; /* free bytes */
    struct mt_ring *bell; /* whose reader_waits, lock and readable it uses */
    pthread_mutex_t lock;
    pthread_cond_t readable, writable;
};

static size_t padded(size_t n)
{
    return (n + WORD - 1) & ~(size_t)(WORD - 1);
}

struct mt_ring *mt_ring_new(size_t capacity_bytes)
{
    assert(capacity_bytes >= CAPACITY_MIN);
    assert((capacity_bytes & (capacity_bytes - 1)) == 0);
    struct mt_ring *r = aligned_alloc(LINE, sizeof *r);
    uint8_t *bytes = aligned_alloc(LINE, capacity_bytes);
    if (r == NULL || bytes == NULL) {
        free(r);
        free(bytes);
        return NULL;
    }
    memset(r, 0, sizeof *r);
    r->bytes = bytes;
    r->capacity = capacity_bytes;
    r->bell = r;

    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&r->lock, NULL);
    (void)pthread_cond_init(&r->readable, &monotonic);
    (void)pthread_cond_init(&r->writable, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    return r;
}

void mt_ring_free(struct mt_ring *r)
{
    if (r == NULL)
        return;
    (void)pthread_cond_destroy(&r->readable);
    (void)pthread_cond_destroy(&r->writable);
    (void)pthread_mutex_destroy(&r->lock);
    free(r->bytes);
    free(r);
}

size_t mt_ring_record_max(const struct mt_ring *r)
{
    /* a record may have to skip less than its own length first */
    return r->capacity / 2 - WORD;
}

void mt_ring_wake_with(struct mt_ring *r, struct mt_ring *other)
{
    r->bell = other->bell;
}

static void wake_writer(struct mt_ring *r)
{
    (void)pthread_mutex_lock(&r->lock);
    (void)pthread_cond_signal(&r->writable);
    (void)pthread_mutex_unlock(&r->lock);
}

static void wake_reader(struct mt_ring *r)
{
    (void)pthread_mutex_lock(&r->bell->lock);
    (void)pthread_cond_signal(&r->bell->readable);
    (void)pthread_mutex_unlock(&r->bell->lock);
}

static uint8_t *place(struct mt_ring *r, uint64_t position)
{
    return r->bytes + (position & (r->capacity - 1));
}

/* Places are word aligned, but the bytes are not words to the language. */
static void store_word(uint8_t *at, uint64_t v)
{
    memcpy(at, &v, sizeof v);
}

static uint64_t load_word(const uint8_t *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

/* Bytes that a record at tail takes, with what it skips. */
static size_t room_for(const struct mt_ring *r, uint64_t tail, size_t n)
{
    size_t need = WORD + padded(n);
    size_t to_end = r->capacity - (size_t)(tail & (r->capacity - 1));
    return need <= to_end ? need : to_end + need;
}

static bool fits(struct mt_ring *r, uint64_t tail, size_t room)
{
    if (r->capacity - (tail - r->head_seen) >= room)
        return true;
    r->head_seen = atomic_load(&r->head);
    return r->capacity - (tail - r->head_seen) >= room;
}

static void *reserve(struct mt_ring *r, uint64_t tail, size_t n)
{
    size_t room = room_for(r, tail, n);
    if (!fits(r, tail, room))
        return NULL;
    size_t skipped = room - (WORD + padded(n));
    if (skipped > 0)
        store_word(place(r, tail), SKIP);
    r->next = tail + skipped;
    r->reserved = n;
    return place(r, r->next) + WORD;
}

void *mt_ring_reserve(struct mt_ring *r, size_t n)
{
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    void *p = NULL;
    if (n <= mt_ring_record_max(r) &&
        !atomic_load_explicit(&r->reader_closed, memory_order_relaxed))
        p = reserve(r, tail, n);
    if (p == NULL)
        (void)atomic_fetch_add_explicit(&r->refused, 1, memory_order_relaxed);
    return p;
}

static void sleep_writer(struct mt_ring *r, uint64_t tail, uint64_t want)
{
    atomic_store(&r->writer_wants, want);
    atomic_store(&r->writer_waits, true);
    wake_reader(r); /* it may sleep for more than there will be */
    (void)pthread_mutex_lock(&r->lock);
    while (r->capacity - (tail - atomic_load(&r->head)) < want &&
           !atomic_load(&r->reader_closed))
        (void)pthread_cond_wait(&r->writable, &r->lock);
    atomic_store(&r->writer_waits, false);
    (void)pthread_mutex_unlock(&r->lock);
}

void *mt_ring_reserve_wait(struct mt_ring *r, size_t n)
{
    if (n > mt_ring_record_max(r))
        return NULL;
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    uint64_t want = room_for(r, tail, n);
    if (want < r->capacity / 4)
        want = r->capacity / 4;
    while (!atomic_load_explicit(&r->reader_closed, memory_order_relaxed)) {
        void *p = reserve(r, tail, n);
        if (p != NULL)
            return p;
        sleep_writer(r, tail, want);
    }
    return NULL;
}

void mt_ring_commit(struct mt_ring *r, size_t n)
{
    assert(n <= r->reserved);
    store_word(place(r, r->next), n);
    uint64_t tail = r->next + WORD + padded(n);
    r->reserved = 0;
    atomic_store(&r->tail, tail);
    if (atomic_load(&r->bell->reader_waits) &&
        tail - atomic_load(&r->head) >= r->capacity / 8)
        wake_reader(r);
}

void mt_ring_close_writer(struct mt_ring *r)
{
    atomic_store(&r->writer_closed, true);
    wake_reader(r);
}

int mt_ring_peek(struct mt_ring *r, struct mt_span *record)
{
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    if (head == r->tail_seen) {
        /* closed first, then the tail: what came before the close is seen */
        bool closed = atomic_load(&r->writer_closed);
        r->tail_seen = atomic_load(&r->tail);
        if (head == r->tail_seen)
            return closed ? MT_DONE : MT_MORE;
    }
    uint64_t n = load_word(place(r, head));
    if (n == SKIP) {
        /* the skipped end goes back together with the record behind it */
        n = load_word(r->bytes);
        *record = (struct mt_span){.ptr = r->bytes + WORD, .len = (size_t)n};
        return MT_EVENT;
    }
    *record = (struct mt_span){.ptr = place(r, head) + WORD, .len = (size_t)n};
    return MT_EVENT;
}

void mt_ring_release(struct mt_ring *r)
{
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    assert(head != r->tail_seen);
    uint64_t n = load_word(place(r, head));
    if (n == SKIP) {
        head += r->capacity - (head & (r->capacity - 1));
        n = load_word(r->bytes);
    }
    head += WORD + padded((size_t)n);
    atomic_store(&r->head, head);
    if (atomic_load(&r->writer_waits) &&
        r->capacity - (atomic_load(&r->tail) - head) >=
            atomic_load(&r->writer_wants))
        wake_writer(r);
}

static struct timespec deadline(int timeout_ms)
{
    struct timespec t = {.tv_sec = 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += timeout_ms / 1000;
    t.tv_nsec += timeout_ms % 1000 * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

/* What is left to read is more than a sip, or waiting longer brings nothing. */
static bool worth_waking(struct mt_ring *r)
{
    uint64_t pending = atomic_load(&r->tail) -
                       atomic_load_explicit(&r->head, memory_order_relaxed);
    return pending >= r->capacity / 8 ||
           (pending > 0 &&
            (atomic_load(&r->writer_waits) || atomic_load(&r->hurried)));
}

/* One is worth it, or no more comes to any. */
static bool any_worth_waking(struct mt_ring *const *rings, size_t count)
{
    size_t closed = 0;
    for (size_t i = 0; i < count; i++) {
        if (worth_waking(rings[i]))
            return true;
        closed += atomic_load(&rings[i]->writer_closed);
    }
    return closed == count;
}

static int peek_any(struct mt_ring *const *rings, size_t count)
{
    struct mt_span record;
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        atomic_store(&rings[i]->hurried, false); /* before it is looked for */
        int rc = mt_ring_peek(rings[i], &record);
        if (rc == MT_EVENT)
            return rc;
        done += rc == MT_DONE;
    }
    return done == count ? MT_DONE : MT_MORE;
}

int mt_rings_wait(struct mt_ring *const *rings, size_t count, int timeout_ms)
{
    struct mt_ring *bell = rings[0]->bell;
    if (!any_worth_waking(rings, count)) {
        struct timespec until = deadline(timeout_ms > 0 ? timeout_ms : 0);
        int rc = 0;
        (void)pthread_mutex_lock(&bell->lock);
        atomic_store(&bell->reader_waits, true);
        while (rc != ETIMEDOUT && !any_worth_waking(rings, count))
            rc = timeout_ms < 0
                     ? pthread_cond_wait(&bell->readable, &bell->lock)
                     : pthread_cond_timedwait(&bell->readable, &bell->lock,
                                              &until);
        atomic_store(&bell->reader_waits, false);
        (void)pthread_mutex_unlock(&bell->lock);
    }
    return peek_any(rings, count);
}

int mt_ring_wait(struct mt_ring *r, int timeout_ms)
{
    return mt_rings_wait(&r, 1, timeout_ms);
}

void mt_ring_hurry(struct mt_ring *r)
{
    atomic_store(&r->hurried, true);
    if (atomic_load(&r->bell->reader_waits))
        wake_reader(r);
}

void mt_ring_close_reader(struct mt_ring *r)
{
    atomic_store(&r->reader_closed, true);
    wake_writer(r);
}

size_t mt_ring_used_bytes(const struct mt_ring *r)
{
    /* head first: the tail is then never behind it */
    uint64_t head = atomic_load(&r->head);
    uint64_t used = atomic_load(&r->tail) - head;
    return used < r->capacity ? (size_t)used : r->capacity;
}

uint64_t mt_ring_end(const struct mt_ring *r)
{
    return atomic_load(&r->tail);
}

uint64_t mt_ring_read_until(const struct mt_ring *r)
{
    return atomic_load_explicit(&r->head, memory_order_relaxed);
}

uint64_t mt_ring_refused(const struct mt_ring *r)
{
    return atomic_load_explicit(&r->refused, memory_order_relaxed);
}
