/* Quantiles against the sorted values themselves, for many shapes of data;
 * merging and storing must change nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/hist.h"
#include "base/rc.h"

enum { N = 20000 };

static uint64_t seed = 88172645463325252u;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static int64_t shape_uniform(unsigned i)
{
    (void)i;
    return (int64_t)(rnd() % 1000000000);
}

static int64_t shape_log(unsigned i)
{
    (void)i;
    return (int64_t)(rnd() >> (1 + rnd() % 62));
}

static int64_t shape_two_humps(unsigned i)
{
    return i % 10 == 0 ? 300000000 + (int64_t)(rnd() % 50000000)
                       : 2000000 + (int64_t)(rnd() % 900000);
}

static int64_t shape_constant(unsigned i)
{
    (void)i;
    return 123456789;
}

static int64_t shape_small(unsigned i)
{
    (void)i;
    return (int64_t)(rnd() % 128);
}

static int64_t (*const shapes[])(unsigned) = {
    shape_uniform, shape_log, shape_two_humps, shape_constant, shape_small};

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void check_quantiles(const struct mt_hist *h, const int64_t *sorted,
                            size_t n)
{
    double q[1001];
    int64_t all[1001]; /* those of one pass */
    for (unsigned permille = 0; permille <= 1000; permille++)
        q[permille] = permille / 1000.0;
    mt_hist_quantiles(h, q, 1001, all);
    for (unsigned permille = 0; permille <= 1000; permille++) {
        size_t rank = (n * permille + 999) / 1000;
        int64_t want = sorted[rank > 0 ? rank - 1 : 0];
        int64_t got = mt_hist_quantile(h, q[permille]);
        assert_int_equal(got, all[permille]);
        int64_t off = got > want ? got - want : want - got;
        if (want < 128 ? off != 0 : off > want / 128)
            fail_msg("n %zu, q %u: got %lld, want %lld", n, permille,
                     (long long)got, (long long)want);
    }
}

static void same_bytes(const struct mt_hist *a, const struct mt_hist *b)
{
    static uint8_t x[MT_HIST_BLOB_MAX], y[MT_HIST_BLOB_MAX];
    struct mt_buf bx = mt_buf_of(x, sizeof x), by = mt_buf_of(y, sizeof y);
    mt_hist_encode(a, &bx);
    mt_hist_encode(b, &by);
    assert_false(bx.full || by.full);
    assert_int_equal(bx.len, by.len);
    assert_memory_equal(x, y, bx.len);
}

static void run_shape(int64_t (*shape)(unsigned), size_t n)
{
    struct mt_pool pool;
    struct mt_hist whole, parts[3];
    int64_t *values = malloc(n * sizeof *values);
    assert_non_null(values);
    mt_pool_init(&pool, 1 << 20);
    mt_hist_init(&whole, &pool);
    for (unsigned i = 0; i < 3; i++)
        mt_hist_init(&parts[i], &pool);

    uint64_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        values[i] = shape(i);
        if (shape == shape_log)
            values[i] >>= 8; /* keep the sum below 2^64 */
        sum += (uint64_t)values[i];
        assert_true(mt_hist_add(&whole, values[i]));
        assert_true(mt_hist_add(&parts[rnd() % 3], values[i]));
    }
    qsort(values, n, sizeof *values, by_value);
    assert_int_equal(whole.count, n);
    assert_true(whole.sum_ns == sum);
    assert_int_equal(whole.min_ns, values[0]);
    assert_int_equal(whole.max_ns, values[n - 1]);
    check_quantiles(&whole, values, n);

    assert_true(mt_hist_merge(&parts[0], &parts[1]));
    assert_true(mt_hist_merge(&parts[0], &parts[2]));
    same_bytes(&whole, &parts[0]);

    for (unsigned i = 0; i < 3; i++)
        mt_hist_deinit(&parts[i]);
    mt_hist_deinit(&whole);
    assert_int_equal(pool.used_bytes, 0);
    mt_pool_deinit(&pool);
    free(values);
}

static void test_quantiles(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 7, 100, N};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            run_shape(shapes[s], sizes[i]);
}

static void test_buckets_are_narrow_and_touch(void **state)
{
    (void)state;
    for (unsigned b = 0; b < MT_HIST_BUCKETS; b++) {
        int64_t floor = mt_hist_bucket_floor(b);
        assert_int_equal(mt_hist_bucket(floor), b);
        if (b > 0)
            assert_int_equal(mt_hist_bucket(floor - 1), b - 1);
        if (b > 0 && b + 1 < MT_HIST_BUCKETS)
            assert_true(mt_hist_bucket_floor(b + 1) - floor <= 1 + floor / 64);
    }
    assert_int_equal(mt_hist_bucket(INT64_MAX), MT_HIST_BUCKETS - 1);
    assert_int_equal(mt_hist_bucket(-5), 0);
}

static void test_rank_of_rounded_q(void **state)
{
    (void)state;
    struct mt_pool pool;
    struct mt_hist h;
    mt_pool_init(&pool, 1 << 20);
    mt_hist_init(&h, &pool);
    for (int64_t i = 1; i <= 100; i++)
        assert_true(mt_hist_add(&h, i));
    assert_int_equal(mt_hist_quantile(&h, 0.07), 7);
    assert_int_equal(mt_hist_quantile(&h, 0.29), 29);
    assert_int_equal(mt_hist_quantile(&h, 0.5), 50);
    assert_int_equal(mt_hist_quantile(&h, 0.501), 51);
    assert_int_equal(mt_hist_quantile(&h, -1), 1);
    assert_int_equal(mt_hist_quantile(&h, 2), 100);
    assert_int_equal(mt_hist_count_below(&h, 50), 50);
    assert_int_equal(mt_hist_count_below(&h, 0), 0);
    assert_int_equal(mt_hist_count_below(&h, -1), 0);
    assert_int_equal(mt_hist_count_below(&h, 100), 100);
    mt_hist_deinit(&h);
    assert_int_equal(mt_hist_quantile(&h, 0.5), -1);
    mt_pool_deinit(&pool);
}

static void test_no_memory_changes_nothing(void **state)
{
    (void)state;
    struct mt_hist h, other;
    mt_hist_init(&h, NULL);
    mt_hist_init(&other, NULL);
    for (int64_t i = 0; i < MT_HIST_INLINE; i++) {
        assert_true(mt_hist_add(&h, i * 1000));
        assert_true(mt_hist_add(&other, i * 1000 + 500));
    }
    struct mt_hist before = h;
    assert_false(mt_hist_add(&h, 77777));
    assert_false(mt_hist_merge(&h, &other));
    assert_memory_equal(&h, &before, sizeof h);
    assert_true(mt_hist_add(&h, 3000)); /* a bucket it has */
    assert_int_equal(h.count, MT_HIST_INLINE + 1);
}

static int decode_hex(struct mt_hist *h, const char *hex)
{
    size_t n = strlen(hex) / 2;
    uint8_t *bytes = malloc(n > 0 ? n : 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    int rc = mt_hist_decode(h, (struct mt_span){.ptr = bytes, .len = n});
    free(bytes);
    return rc;
}

static void test_hostile_blobs(void **state)
{
    (void)state;
    static const struct {
        const char *why, *hex;
        int rc;
    } rows[] = {
        {"nothing is empty", "", 0},
        {"one value", "0105", 0},
        {"two values", "020c050205010201", 0},
        {"unknown form", "00", MT_EPROTO},
        {"unknown form 3", "0305", MT_EPROTO},
        {"no value", "01", MT_EPROTO},
        {"bytes after the value", "010500", MT_EPROTO},
        {"value above int64", "01ffffffffffffffffff01", MT_EPROTO},
        {"varint longer than needed", "018500", MT_EPROTO},
        {"varint without end", "0180808080808080808080808080", MT_EPROTO},
        {"cut in a pair", "020c0502050102", MT_EPROTO},
        {"no buckets", "020c0502", MT_EPROTO},
        {"one value in the form for many", "020505000501", MT_EPROTO},
        {"count 0", "020c050205000201", MT_EPROTO},
        {"count 0 before others", "020c050205000202", MT_EPROTO},
        {"same bucket twice", "020a050005010001", MT_EPROTO},
        {"min not in the first bucket", "020c040305010201", MT_EPROTO},
        {"max not in the last bucket", "020c050305010201", MT_EPROTO},
        {"sum below max", "0206050205010201", MT_EPROTO},
        {"min + range above int64",
         "02ffffffffffffffffff01ffffffffffffffff7f0105010201", MT_EPROTO},
        {"count above its bound", "020c050205ffffffffffffff7f0201", MT_EPROTO},
        {"bucket out of range", "020c050205010280808080808080800101",
         MT_EPROTO},
    };
    struct mt_pool pool;
    struct mt_hist h;
    mt_pool_init(&pool, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mt_hist_init(&h, &pool);
        assert_true(mt_hist_add(&h, 1));
        int rc = decode_hex(&h, rows[i].hex);
        if (rc != rows[i].rc || (rc != 0 && h.count != 1))
            fail_msg("%s: got %d, count %d", rows[i].why, rc, (int)h.count);
        mt_hist_deinit(&h);
    }
    mt_pool_deinit(&pool);
}

static void test_every_cut_of_a_blob(void **state)
{
    (void)state;
    struct mt_pool pool;
    struct mt_hist h, back;
    uint8_t bytes[1024];
    mt_pool_init(&pool, 1 << 20);
    mt_hist_init(&h, &pool);
    mt_hist_init(&back, &pool);
    for (unsigned i = 0; i < 60; i++)
        assert_true(mt_hist_add(&h, shape_two_humps(i)));
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_hist_encode(&h, &b);
    assert_false(b.full);
    for (size_t cut = 1; cut < b.len; cut++) {
        uint8_t *copy = malloc(cut);
        assert_non_null(copy);
        memcpy(copy, bytes, cut);
        struct mt_span s = {.ptr = copy, .len = cut};
        assert_int_equal(mt_hist_decode(&back, s), MT_EPROTO);
        free(copy);
    }
    assert_int_equal(back.count, 0);
    assert_int_equal(mt_hist_decode(&back, mt_buf_span(&b)), 0);
    same_bytes(&h, &back);
    mt_hist_deinit(&h);
    mt_hist_deinit(&back);
    mt_pool_deinit(&pool);
}

static void test_sum_saturates(void **state)
{
    (void)state;
    struct mt_hist h;
    uint8_t bytes[64];
    mt_hist_init(&h, NULL);
    for (unsigned i = 0; i < 3; i++)
        assert_true(mt_hist_add(&h, INT64_MAX));
    assert_true(h.sum_ns == UINT64_MAX);
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_hist_encode(&h, &b);
    assert_int_equal(mt_hist_decode(&h, mt_buf_span(&b)), 0);
    assert_int_equal(h.count, 6);
    assert_true(h.sum_ns == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_buckets_are_narrow_and_touch),
        cmocka_unit_test(test_rank_of_rounded_q),
        cmocka_unit_test(test_no_memory_changes_nothing),
        cmocka_unit_test(test_hostile_blobs),
        cmocka_unit_test(test_every_cut_of_a_blob),
        cmocka_unit_test(test_sum_saturates),
    };
    return cmocka_run_group_tests_name("base/hist", tests, NULL, NULL);
}
