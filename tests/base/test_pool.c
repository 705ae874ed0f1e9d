#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/pool.h"

enum { LARGEST = 2 << 20 };

/* A block holds what was asked for, and little more. */
static void test_classes(void **state)
{
    (void)state;
    struct mt_pool p;
    mt_pool_init(&p, SIZE_MAX);
    for (size_t size = 1; size <= LARGEST; size += 1 + size / 97) {
        void *block = mt_pool_alloc(&p, size);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
        assert_true(p.used_bytes >= size);
        if (size > 64)
            assert_true(p.used_bytes - size < p.used_bytes / 5);
        memset(block, 1, size);
        mt_pool_free(&p, block, size);
        assert_int_equal(p.used_bytes, 0);
    }
    mt_pool_deinit(&p);
}

static void test_edges(void **state)
{
    (void)state;
    static const struct {
        size_t size, want_bytes; /* 0: too much */
    } rows[] = {
        {0, 64},
        {1, 64},
        {64, 64},
        {65, 80},
        {80, 80},
        {81, 96},
        {97, 112},
        {113, 128},
        {128, 128},
        {129, 160},
        {1024, 1024},
        {1025, 1280},
        {1080, 1280},
        {1793, 2048},
        {LARGEST - 1, LARGEST},
        {LARGEST, LARGEST},
        {LARGEST + 1, 0},
        {SIZE_MAX, 0},
    };
    struct mt_pool p;
    mt_pool_init(&p, SIZE_MAX);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *block = mt_pool_alloc(&p, rows[i].size);
        assert_int_equal(block != NULL, rows[i].want_bytes > 0);
        assert_int_equal(p.used_bytes, rows[i].want_bytes);
        mt_pool_free(&p, block, rows[i].size);
    }
    mt_pool_deinit(&p);
}

/* What lies on the lists gives way to what is asked for. */
static void test_ceiling(void **state)
{
    (void)state;
    enum { LIMIT = 64 << 10, SIZE = 1000, SIZE_OF_CLASS = 1024 };
    void *blocks[LIMIT / SIZE_OF_CLASS];
    struct mt_pool p;
    mt_pool_init(&p, LIMIT);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < LIMIT / SIZE_OF_CLASS; i++)
            assert_non_null(blocks[i] = mt_pool_alloc(&p, SIZE));
        assert_null(mt_pool_alloc(&p, 1));
        assert_int_equal(p.used_bytes, LIMIT);
        for (size_t i = 0; i < LIMIT / SIZE_OF_CLASS; i++)
            mt_pool_free(&p, blocks[i], SIZE);
        void *large = mt_pool_alloc(&p, LIMIT / 2 + 1);
        assert_non_null(large);
        assert_true(p.used_bytes + p.cached_bytes <= LIMIT);
        mt_pool_free(&p, large, LIMIT / 2 + 1);
    }
    assert_int_equal(p.peak_bytes, LIMIT);
    mt_pool_deinit(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
