/* Bytes that nobody decodes are counted, each once. */
#include "conn_fixture.h"

static void test_bytes_are_counted(void **state)
{
    (void)state;
    struct fixture f;
    static uint8_t bytes[16384];
    memset(bytes, 1, sizeof bytes);
    fixture_open(&f);
    for (int i = 0; i < 8; i++)
        fixture_feed(&f, i & 1, (struct mt_span){bytes, sizeof bytes},
                     2000000000);
    assert_ptr_equal(f.conn->top->decoder, &mt_opaque_decoder);
    assert_int_equal(f.decode.stats.undecoded_bytes, 8 * sizeof bytes);
    mt_conn_gap(f.conn, 0, 100, 2000000000);
    mt_conn_end(f.conn, 0, MT_END_RST, 2000000000);
    const struct mt_exchange *x;
    mt_conn_free(f.conn, MT_END_RST, 2000000000);
    f.conn = NULL;
    x = mt_decode_next(&f.decode);
    assert_non_null(x);
    assert_int_equal(x->kind, MT_KIND_L4); /* the connection's, none else */
    assert_null(mt_decode_next(&f.decode));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
