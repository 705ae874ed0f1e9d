#include "messages.h"

static void test_copies_and_loans_keep_their_order(void **state)
{
    (void)state;
    struct mt_pool pool;
    struct mt_outq q;
    char body[] = "body";
    mt_pool_init(&pool, 1 << 20);
    mt_outq_init(&q, &pool);
    assert_true(mt_outq_put(&q, MT_SPAN("head ")));
    assert_true(mt_outq_lend(&q, mt_span_str(body)));
    assert_true(mt_outq_put(&q, MT_SPAN(" tail")));
    assert_int_equal(q.bytes, 14);
    mt_outq_sent(&q, 7); /* "head bo" */
    assert_true(mt_outq_settle(&q));
    memset(body, 'x', 4); /* it is not looked at any more */
    assert_int_equal(q.bytes, 7);
    assert_string_equal(sent_by(&q), "dy tail");
    assert_int_equal(pool.used_bytes, 0); /* idle: holds nothing */
    mt_outq_deinit(&q);
    mt_pool_deinit(&pool);
}

/* Any mixture of calls sends what a plain buffer would. */
static void test_as_a_plain_buffer(void **state)
{
    (void)state;
    enum { STEPS = 20000, LONGEST = 40000 };
    static uint8_t source[LONGEST], model[LONGEST * 64];
    struct mt_pool pool;
    struct mt_outq q;
    uint32_t seed = 7;
    size_t from = 0, to = 0;
    for (size_t i = 0; i < sizeof source; i++)
        source[i] = (uint8_t)(i * 7 + i / 251);
    mt_pool_init(&pool, 64 << 20);
    mt_outq_init(&q, &pool);
    for (unsigned step = 0; step < STEPS; step++) {
        seed = seed * 1664525u + 1013904223u;
        size_t n = (seed >> 8) % (seed >> 30 == 0 ? LONGEST : 100);
        struct mt_span bytes = {source + (seed & 15), n < 16 ? n : n - 16};
        if (q.bytes + LONGEST > sizeof model / 2) {
            bytes.len = 0;
            n = q.bytes;
        }
        switch (seed >> 27 & 3) {
        case 0:
            assert_true(mt_outq_put(&q, bytes));
            break;
        case 1:
            assert_true(mt_outq_lend(&q, bytes));
            break;
        case 2:
            bytes.len = bytes.len % MT_OUTQ_ROOM_MAX;
            uint8_t *room = mt_outq_room(&q, MT_OUTQ_ROOM_MAX);
            assert_non_null(room);
            memcpy(room, bytes.ptr, bytes.len);
            mt_outq_used(&q, bytes.len);
            break;
        default:
            bytes.len = 0;
            if ((seed & 1) != 0)
                assert_true(mt_outq_settle(&q));
        }
        if (to + bytes.len > sizeof model) {
            memmove(model, model + from, to - from);
            to -= from;
            from = 0;
        }
        memcpy(model + to, bytes.ptr, bytes.len);
        to += bytes.len;
        assert_int_equal(q.bytes, to - from);
        struct iovec iov[4];
        int count = mt_outq_peek(&q, iov, 4);
        size_t offered = 0;
        for (int i = 0; i < count; i++) {
            assert_memory_equal(iov[i].iov_base, model + from + offered,
                                iov[i].iov_len);
            offered += iov[i].iov_len;
        }
        assert_true(count > 0 || q.bytes == 0);
        n = n < offered ? n : offered;
        mt_outq_sent(&q, n);
        from += n;
    }
    mt_outq_deinit(&q);
    assert_int_equal(pool.used_bytes, 0);
    mt_pool_deinit(&pool);
}

/* Whatever is moved, and how: all of it, once, in order. */
static void test_moves(void **state)
{
    (void)state;
    static uint8_t bytes[100000];
    struct mt_pool pool;
    struct mt_outq from, to;
    uint32_t seed = 3;
    size_t put = 0, moved = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    mt_pool_init(&pool, 8 << 20);
    mt_outq_init(&from, &pool);
    mt_outq_init(&to, &pool);
    while (moved < sizeof bytes) {
        seed = seed * 1664525u + 1013904223u;
        size_t n = (seed >> 8) % 5000;
        n = n < sizeof bytes - put ? n : sizeof bytes - put;
        const struct mt_span piece = {bytes + put, n};
        assert_true((seed & 64) != 0 ? mt_outq_put(&from, piece)
                                     : mt_outq_lend(&from, piece));
        put += n;
        if ((seed & 128) != 0)
            assert_true(mt_outq_settle(&from));
        n = (seed >> 16) % 7000;
        n = n < from.bytes ? n : from.bytes;
        assert_true(mt_outq_move(&from, &to, n));
        moved += n;
        assert_int_equal(from.bytes, put - moved);
        assert_int_equal(to.bytes, moved);
    }
    struct iovec iov[200];
    int pieces = mt_outq_peek(&to, iov, 200);
    size_t at = 0;
    for (int i = 0; i < pieces; at += iov[i++].iov_len)
        assert_memory_equal(iov[i].iov_base, bytes + at, iov[i].iov_len);
    assert_int_equal(at, sizeof bytes);
    assert_true(mt_outq_settle(&to));
    mt_outq_deinit(&to);
    mt_outq_deinit(&from);
    assert_int_equal(pool.used_bytes, 0);
    mt_pool_deinit(&pool);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct mt_pool pool;
    struct mt_outq q;
    static const uint8_t bytes[MT_OUTQ_BLOCK_BYTES * 3];
    mt_pool_init(&pool, MT_OUTQ_BLOCK_BYTES * 2);
    mt_outq_init(&q, &pool);
    assert_true(mt_outq_put(&q, MT_SPAN("a")));
    assert_false(mt_outq_put(&q, (struct mt_span){bytes, sizeof bytes}));
    assert_true(q.failed);
    assert_null(mt_outq_room(&q, MT_OUTQ_ROOM_MAX));
    assert_false(mt_outq_settle(&q));
    mt_outq_deinit(&q);
    assert_true(mt_outq_lend(&q, MT_SPAN("abc")));
    assert_int_equal(pool.used_bytes, 64);
    mt_outq_deinit(&q);
    assert_int_equal(pool.used_bytes, 0);
    mt_pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies_and_loans_keep_their_order),
        cmocka_unit_test(test_as_a_plain_buffer),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests_name("outq", tests, NULL, NULL);
}
