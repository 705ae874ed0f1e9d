#include "messages.h"

static void test_ids(void **state)
{
    (void)state;
    size_t last = 0;
    for (unsigned id = 0; id < MT_HEAD_ID_COUNT; id++) {
        struct mt_span name = mt_head_name((enum mt_head_id)id);
        assert_true(name.len >= last); /* the search relies on it */
        last = name.len;
        char upper[32];
        for (size_t i = 0; i <= name.len; i++)
            upper[i] = (char)(name.ptr[i] >= 'a' && name.ptr[i] <= 'z'
                                  ? name.ptr[i] & ~0x20
                                  : name.ptr[i]);
        assert_int_equal(mt_head_id(mt_span_str(upper)), id);
        upper[0] = '_';
        assert_int_equal(mt_head_id(mt_span_str(upper)), MT_HEAD_OTHER);
    }
    assert_int_equal(mt_head_id(MT_SPAN("")), MT_HEAD_OTHER);
    assert_int_equal(mt_head_id(MT_SPAN("x")), MT_HEAD_OTHER);
}

static void test_lists(void **state)
{
    (void)state;
    static const struct {
        const char *fields, *token;
        bool listed;
    } rows[] = {
        {"Connection: close", "close", true},
        {"Connection: Keep-Alive,  CLOSE", "close", true},
        {"connection: keep-alive\nConnection: x , close", "close", true},
        {"Connection: close2, xclose", "close", false},
        {"Connection: , ,", "close", false},
        {"Via: close", "close", false},
        {"Connection: close;q=1", "close", true},
    };
    struct mt_pool pool;
    mt_pool_init(&pool, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_head h;
        mt_head_init(&h, &pool, 4096);
        fields_of(&h, rows[i].fields);
        assert_int_equal(
            mt_head_lists(&h, MT_HEAD_CONNECTION, mt_span_str(rows[i].token)),
            rows[i].listed);
        mt_head_deinit(&h);
    }
    assert_int_equal(pool.used_bytes, 0);
    mt_pool_deinit(&pool);
}

static void test_bounds(void **state)
{
    (void)state;
    struct mt_pool pool;
    struct mt_head h;
    mt_pool_init(&pool, 1 << 20);
    mt_head_init(&h, &pool, 1 << 16);
    for (unsigned i = 0; i < MT_HEAD_FIELDS_MAX; i++)
        assert_true(mt_head_add(&h, MT_SPAN("a"), MT_SPAN("b")));
    assert_false(mt_head_add(&h, MT_SPAN("a"), MT_SPAN("b")));
    assert_int_equal(h.count, MT_HEAD_FIELDS_MAX);
    mt_head_reset(&h);
    assert_int_equal(h.count, 0);
    assert_int_equal(pool.used_bytes, 0);

    static const uint8_t large[1 << 16];
    assert_false(
        mt_head_add(&h, MT_SPAN("a"), (struct mt_span){large, sizeof large}));
    assert_int_equal(h.count, 0);
    mt_head_deinit(&h);
    mt_pool_deinit(&pool);
}

static bool drop_via(void *arg, const struct mt_head *h, uint32_t i)
{
    ++*(unsigned *)arg;
    return h->ids[i] == MT_HEAD_VIA;
}

static void test_filter(void **state)
{
    (void)state;
    struct mt_pool pool;
    struct mt_head h;
    unsigned asked = 0;
    mt_pool_init(&pool, 1 << 20);
    mt_head_init(&h, &pool, 1 << 16);
    fields_of(&h, "Via: 1\nA: 2\nVIA: 3\nTE: 4\nvia: 5");
    assert_true(mt_head_has(&h, MT_HEAD_VIA));
    mt_head_filter(&h, drop_via, &asked);
    assert_int_equal(asked, 5);
    assert_string_equal(text_of(&h), "A: 2\nTE: 4");
    assert_false(mt_head_has(&h, MT_HEAD_VIA));
    assert_int_equal(mt_head_value(&h, MT_HEAD_VIA).len, 0);
    assert_int_equal(mt_head_value(&h, MT_HEAD_TE).ptr[0], '4');
    mt_head_deinit(&h);
    mt_pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_filter),
    };
    return cmocka_run_group_tests_name("head", tests, NULL, NULL);
}
