/* The rare fields of a row are one text: one that is damaged is told apart from
 * one for which there is no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "store/ext.h"
#include "store/store.h"

static size_t encode(char text[1024])
{
    const struct mt_field attrs[] = {{MT_SPAN("a"), MT_SPAN("\"1\"")},
                                     {MT_SPAN("empty"), MT_SPAN("")}};
    const struct mt_exchange x = {
        .request_id = MT_SPAN("r\\7"), .dup_packets = 3, .attrs = {attrs, 2}};
    struct mt_buf b = mt_buf_of(text, 1024);
    mt_ext_encode(&x, &b);
    assert_false(b.full);
    return b.len;
}

static struct mt_span piece(const char *text, size_t n)
{
    return (struct mt_span){(const uint8_t *)text, n};
}

static void test_back_and_forth(void **state)
{
    (void)state;
    char text[1024];
    size_t n = encode(text);
    struct mt_pool pool;
    struct mt_arena arena;
    struct mt_exchange x = {.status = 200};
    mt_pool_init(&pool, 1 << 20);
    mt_arena_init(&arena, &pool, 1 << 20);
    assert_int_equal(mt_ext_decode(&x, piece(text, n), &arena), 0);
    assert_true(mt_span_eq(x.request_id, MT_SPAN("r\\7")));
    assert_int_equal(x.dup_packets, 3);
    assert_int_equal(x.attrs.count, 2);
    assert_true(mt_span_eq(x.attrs.list[0].value, MT_SPAN("\"1\"")));
    assert_int_equal(x.attrs.list[1].value.len, 0);
    for (size_t cut = 0; cut < n; cut++)
        assert_int_equal(mt_ext_decode(&x, piece(text, cut), &arena),
                         MT_STORE_ECORRUPT);
    mt_arena_deinit(&arena);
    mt_pool_deinit(&pool);
}

static void test_no_memory(void **state)
{
    (void)state;
    char text[1024];
    size_t n = encode(text);
    struct mt_pool pool;
    struct mt_arena arena;
    struct mt_exchange x = {.status = 200};
    mt_pool_init(&pool, 0);
    mt_arena_init(&arena, &pool, 1 << 20);
    assert_int_equal(mt_ext_decode(&x, piece(text, n), &arena),
                     MT_STORE_ENOMEM);
    mt_arena_deinit(&arena);
    mt_pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_back_and_forth),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
