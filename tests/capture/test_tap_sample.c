/* A sample of connections: whole ones, the same by both directions. */
#include "tap_run.h"

enum { FLOWS = 400, FIRST_PORT = 20000 };

static void start_seeded(struct run *r)
{
    start_with(r, &(struct mt_tap_config){.hash_seed = 7});
}

static void exchange_all(struct run *r)
{
    for (int i = 0; i < FLOWS; i++) {
        r->port = (uint16_t)(FIRST_PORT + i);
        handshake(r);
        put(r, 0, 1000, 5000, A, "GET");
        put(r, 1, 5000, 1003, A, "200");
    }
}

static void test_share(void **state)
{
    (void)state;
    for (uint32_t one_of = 1; one_of <= 16; one_of *= 4) {
        struct run r;
        start_seeded(&r);
        mt_tap_sample(r.tap, one_of);
        exchange_all(&r);
        struct mt_tap_stats s = stats_of(&r);
        assert_in_range(r.log.opened * one_of, FLOWS / 2, FLOWS * 2);
        assert_int_equal(s.tap.sampled_packets, (FLOWS - r.log.opened) * 5);
        assert_int_equal(s.tap.flows, r.log.opened);
        assert_int_equal(s.tap.midstream, 0);
        stop(&r);
    }
}

/* Who is out ends at once and stays out; who is in goes on undisturbed. */
static void test_cut_and_back(void **state)
{
    (void)state;
    struct run r;
    start_seeded(&r);
    exchange_all(&r);
    assert_int_equal(r.log.open, FLOWS);
    mt_tap_sample(r.tap, 4);
    unsigned in = r.log.open;
    assert_in_range(in, FLOWS / 8, FLOWS / 2);
    for (int i = 0; i < FLOWS; i++) {
        r.port = (uint16_t)(FIRST_PORT + i);
        put(&r, 0, 1003, 5003, A, "GET");
    }
    assert_int_equal(r.log.opened, FLOWS);
    assert_int_equal(stats_of(&r).tap.sampled_packets, FLOWS - in);
    assert_int_equal(stats_of(&r).tap.midstream, 0);
    mt_tap_sample(r.tap, 1); /* the others are joined late */
    for (int i = 0; i < FLOWS; i++) {
        r.port = (uint16_t)(FIRST_PORT + i);
        put(&r, 0, 1006, 5003, A, "GET");
    }
    mt_tap_advance(r.tap, r.ts_ns + 3 * S_NS); /* nothing earlier comes */
    assert_int_equal(r.log.open, FLOWS);
    assert_int_equal(stats_of(&r).tap.midstream, FLOWS - in);
    stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_cut_and_back),
    };
    return cmocka_run_group_tests_name("capture/tap_sample", tests, NULL, NULL);
}
