/* One thread first: order, wrap, bounds. Then two, in every combination of
 * slow and fast sides (made slow by work, not by sleeping). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "base/rc.h"
#include "base/ring.h"

enum { CAPACITY = 4096 };

static bool put(struct mt_ring *r, uint64_t serial, size_t n)
{
    uint8_t *p = mt_ring_reserve(r, n);
    if (p == NULL)
        return false;
    assert_int_equal((uintptr_t)p % 8, 0);
    memset(p, (int)(serial & 0xff), n);
    mt_ring_commit(r, n);
    return true;
}

static void get(struct mt_ring *r, uint64_t serial, size_t n)
{
    struct mt_span s;
    assert_int_equal(mt_ring_peek(r, &s), MT_EVENT);
    assert_int_equal(s.len, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(s.ptr[i], serial & 0xff);
    mt_ring_release(r);
}

static void test_every_size_wraps(void **state)
{
    (void)state;
    struct mt_ring *r = mt_ring_new(CAPACITY);
    assert_non_null(r);
    size_t max = mt_ring_record_max(r);
    /* one and two records in flight, at every place of the ring */
    for (size_t n = 0; n <= max; n += n < 80 ? 1 : 61) {
        assert_true(put(r, n, n));
        if (n < max / 2) {
            assert_true(put(r, n + 1, n / 2));
            get(r, n, n);
            get(r, n + 1, n / 2);
        } else {
            get(r, n, n);
        }
    }
    for (unsigned i = 0; i < 50; i++) { /* the longest, from any place */
        assert_true(put(r, i, i));
        get(r, i, i);
        assert_true(put(r, i, max));
        get(r, i, max);
    }
    struct mt_span s;
    assert_int_equal(mt_ring_peek(r, &s), MT_MORE);
    assert_int_equal(mt_ring_used_bytes(r), 0);
    assert_int_equal(mt_ring_refused(r), 0);
    mt_ring_free(r);
}

/* At every place of the ring, over its skipped ends. */
static void test_positions(void **state)
{
    (void)state;
    struct mt_ring *r = mt_ring_new(CAPACITY);
    assert_non_null(r);
    assert_int_equal(mt_ring_end(r), 0);
    for (unsigned i = 0; i < 500; i++) {
        assert_true(put(r, i, 100));
        uint64_t end = mt_ring_end(r);
        assert_true(put(r, i + 1, 180)); /* it is never empty meanwhile */
        assert_true(mt_ring_read_until(r) < end);
        get(r, i, 100);
        assert_int_equal(mt_ring_read_until(r), end);
        get(r, i + 1, 180);
        assert_int_equal(mt_ring_read_until(r), mt_ring_end(r));
    }
    mt_ring_free(r);
}

static void test_full_refuses_and_counts(void **state)
{
    (void)state;
    struct mt_ring *r = mt_ring_new(CAPACITY);
    assert_non_null(r);
    assert_null(mt_ring_reserve(r, mt_ring_record_max(r) + 1));
    assert_null(mt_ring_reserve_wait(r, mt_ring_record_max(r) + 1));
    uint64_t n = 0;
    while (put(r, n, 100))
        n++;
    assert_int_equal(n, CAPACITY / 112);
    assert_int_equal(mt_ring_refused(r), 2);
    get(r, 0, 100);
    assert_true(put(r, n, 56)); /* the end that 112 did not fit */
    for (uint64_t i = 1; i < n; i++)
        get(r, i, 100);
    get(r, n, 56);
    mt_ring_free(r);
}

static void test_reserving_again_forgets(void **state)
{
    (void)state;
    struct mt_ring *r = mt_ring_new(CAPACITY);
    assert_non_null(r);
    assert_non_null(mt_ring_reserve(r, 500));
    assert_true(put(r, 7, 20));
    uint8_t *p = mt_ring_reserve(r, 1000); /* a bound; less is used */
    memset(p, 8, 3);
    mt_ring_commit(r, 3);
    get(r, 7, 20);
    get(r, 8, 3);
    mt_ring_free(r);
}

static void test_close(void **state)
{
    (void)state;
    struct mt_ring *r = mt_ring_new(CAPACITY);
    struct mt_span s;
    assert_non_null(r);
    assert_int_equal(mt_ring_wait(r, 0), MT_MORE);
    assert_int_equal(mt_ring_wait(r, 1), MT_MORE);
    assert_true(put(r, 1, 1));
    assert_int_equal(mt_ring_wait(r, 0), MT_EVENT); /* little, but in time */
    mt_ring_close_writer(r);
    assert_int_equal(mt_ring_wait(r, -1), MT_EVENT);
    get(r, 1, 1);
    assert_int_equal(mt_ring_wait(r, -1), MT_DONE);
    assert_int_equal(mt_ring_peek(r, &s), MT_DONE);
    mt_ring_close_reader(r);
    assert_null(mt_ring_reserve_wait(r, 1));
    assert_null(mt_ring_reserve(r, 1));
    mt_ring_free(r);
}

struct job {
    struct mt_ring *r;
    uint64_t count;
    unsigned writer_work, reader_work;
    int timeout_ms;
    bool huge;           /* some records are the longest there are */
    uint64_t stop_after; /* reader closes; 0 never */
    uint64_t written;
};

static size_t size_of(const struct job *j, uint64_t serial)
{
    if (j->huge && serial % 32 == 31)
        return mt_ring_record_max(j->r);
    uint64_t h = serial * UINT64_C(0x9e3779b97f4a7c15);
    return 8 + (size_t)(h >> 57) + ((h & 63) == 0 ? 1500 : 0);
}

static void work(unsigned n)
{
    for (volatile unsigned i = 0; i < n; i++)
        ;
}

static void *write_all(void *arg)
{
    struct job *j = arg;
    for (uint64_t i = 0; i < j->count; i++) {
        size_t n = size_of(j, i);
        uint8_t *p = mt_ring_reserve_wait(j->r, n);
        if (p == NULL)
            break;
        memcpy(p, &i, sizeof i);
        memset(p + 8, (int)(i & 0xff), n - 8);
        mt_ring_commit(j->r, n);
        j->written++;
        work(j->writer_work);
    }
    mt_ring_close_writer(j->r);
    return NULL;
}

static uint64_t read_all(struct job *j)
{
    uint64_t n = 0, serial;
    struct mt_span s;
    while (mt_ring_wait(j->r, j->timeout_ms) != MT_DONE)
        while (mt_ring_peek(j->r, &s) == MT_EVENT) {
            memcpy(&serial, s.ptr, sizeof serial);
            if (serial != n || s.len != size_of(j, n) ||
                (s.len > 8 && s.ptr[s.len - 1] != (n & 0xff)))
                return UINT64_MAX;
            mt_ring_release(j->r);
            work(j->reader_work);
            if (++n == j->stop_after) {
                mt_ring_close_reader(j->r);
                return n;
            }
        }
    return n;
}

static void run(struct job j)
{
    pthread_t writer;
    j.r = mt_ring_new(CAPACITY);
    assert_non_null(j.r);
    assert_int_equal(pthread_create(&writer, NULL, write_all, &j), 0);
    uint64_t n = read_all(&j);
    assert_int_equal(pthread_join(writer, NULL), 0);
    if (j.stop_after == 0) {
        assert_int_equal(n, j.count);
        assert_int_equal(j.written, j.count);
    } else {
        assert_int_equal(n, j.stop_after);
        assert_true(j.written >= n && j.written < j.count);
    }
    mt_ring_free(j.r);
}

static void test_two_threads(void **state)
{
    (void)state;
    run((struct job){.count = 200000, .timeout_ms = -1});
    run((struct job){.count = 20000, .timeout_ms = -1, .writer_work = 2000});
    run((struct job){.count = 20000, .timeout_ms = -1, .reader_work = 2000});
    run((struct job){.count = 20000, .timeout_ms = -1, .huge = true});
    run((struct job){.count = 20000, .timeout_ms = 0, .writer_work = 500});
    run((struct job){.count = 20000, .timeout_ms = 1, .writer_work = 500});
}

static void *drain(void *arg)
{
    struct job j = {.r = arg};
    struct mt_span s;
    while (mt_ring_wait(j.r, -1) != MT_DONE)
        while (mt_ring_peek(j.r, &s) == MT_EVENT)
            mt_ring_release(j.r);
    return NULL;
}

/* The reader sleeps until an eighth is filled; the writer, with less than
 * that in the ring, needs more than the rest: it must wake the reader. */
static void test_writer_wakes_reader_for_little(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        pthread_t reader;
        struct mt_ring *r = mt_ring_new(CAPACITY);
        assert_non_null(r);
        assert_true(put(r, 1, CAPACITY / 2 - 64));
        get(r, 1, CAPACITY / 2 - 64);
        assert_true(put(r, 2, 100)); /* across the middle */
        assert_null(mt_ring_reserve(r, mt_ring_record_max(r)));
        assert_int_equal(pthread_create(&reader, NULL, drain, r), 0);
        work(i % 3 * 100000); /* time to fall asleep; right without, too */
        assert_non_null(mt_ring_reserve_wait(r, mt_ring_record_max(r)));
        mt_ring_commit(r, 1);
        mt_ring_close_writer(r);
        assert_int_equal(pthread_join(reader, NULL), 0);
        mt_ring_free(r);
    }
}

static void *take_one(void *arg)
{
    struct mt_ring *r = arg;
    return mt_ring_wait(r, -1) == MT_EVENT ? arg : NULL;
}

/* A reader without a limit sleeps on for little, but not when it is hurried. */
static void test_hurry_wakes_reader_for_little(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        pthread_t reader;
        void *had;
        struct mt_ring *r = mt_ring_new(CAPACITY);
        assert_non_null(r);
        assert_int_equal(pthread_create(&reader, NULL, take_one, r), 0);
        assert_true(put(r, 1, 8));
        mt_ring_hurry(r);
        assert_int_equal(pthread_join(reader, &had), 0);
        assert_ptr_equal(had, r);
        mt_ring_close_writer(r);
        mt_ring_free(r);
    }
}

static void test_reader_leaves(void **state)
{
    (void)state;
    run((struct job){.count = 200000, .timeout_ms = -1, .stop_after = 1000});
    run((struct job){.count = 200000, .timeout_ms = -1, .stop_after = 1});
}

/* ---- several rings ---- */

enum { RINGS = 3, RECORDS = 20000 };

/* Sixteen bytes each, so that they mean something only in their order. */
static void *write_some(void *arg)
{
    struct mt_ring *r = arg;
    for (uint64_t n = 1; n <= RECORDS; n++) {
        uint64_t *p = mt_ring_reserve_wait(r, 2 * sizeof *p);
        if (p == NULL)
            return r;
        p[0] = n;
        p[1] = ~n;
        mt_ring_commit(r, 2 * sizeof *p);
    }
    mt_ring_close_writer(r);
    return NULL;
}

/* One reader of several writers: woken by each of them, it gets everything of
 * each in order, and knows when all have ended. */
static void test_several_rings(void **state)
{
    (void)state;
    struct mt_ring *rings[RINGS];
    pthread_t writers[RINGS];
    uint64_t seen[RINGS] = {0};
    for (int i = 0; i < RINGS; i++) {
        rings[i] = mt_ring_new(CAPACITY);
        assert_non_null(rings[i]);
        if (i > 0)
            mt_ring_wake_with(rings[i], rings[0]);
    }
    assert_int_equal(mt_rings_wait(rings, RINGS, 0), MT_MORE);
    for (int i = 0; i < RINGS; i++)
        assert_int_equal(
            pthread_create(&writers[i], NULL, write_some, rings[i]), 0);
    while (mt_rings_wait(rings, RINGS, -1) != MT_DONE)
        for (int i = 0; i < RINGS; i++) {
            struct mt_span record;
            uint64_t word[2];
            while (mt_ring_peek(rings[i], &record) == MT_EVENT) {
                assert_int_equal(record.len, sizeof word);
                memcpy(word, record.ptr, sizeof word);
                assert_int_equal(word[0], ++seen[i]);
                assert_int_equal(word[1], ~word[0]);
                mt_ring_release(rings[i]);
            }
        }
    for (int i = 0; i < RINGS; i++) {
        void *wrong;
        assert_int_equal(pthread_join(writers[i], &wrong), 0);
        assert_null(wrong);
        assert_int_equal(seen[i], RECORDS);
    }
    for (int i = RINGS - 1; i >= 0; i--)
        mt_ring_free(rings[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size_wraps),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_full_refuses_and_counts),
        cmocka_unit_test(test_reserving_again_forgets),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_two_threads),
        cmocka_unit_test(test_writer_wakes_reader_for_little),
        cmocka_unit_test(test_hurry_wakes_reader_for_little),
        cmocka_unit_test(test_reader_leaves),
        cmocka_unit_test(test_several_rings),
    };
    return cmocka_run_group_tests_name("base/ring", tests, NULL, NULL);
}
