/* The table of flows: found from both directions, kept apart by network, in
 * the order of activity, through every size. */
#include "segments.h"

#include "capture/flow.h"

struct run {
    struct mt_pool pool;
    struct mt_flow_table t;
};

static void start(struct run *r)
{
    mt_pool_init(&r->pool, 64 << 20);
    assert_int_equal(mt_flow_table_init(&r->t, &r->pool, 7), 0);
}

static void stop(struct run *r)
{
    struct mt_flow *next;
    for (struct mt_flow *f = mt_flow_all(&r->t); f != NULL; f = next) {
        next = f->newer;
        mt_flow_remove(&r->t, f);
    }
    mt_flow_table_deinit(&r->t);
    assert_int_equal(r->pool.used_bytes, 0);
    mt_pool_deinit(&r->pool);
}

static struct mt_flow_id id_of(struct run *r, int side, uint32_t n,
                               uint64_t network)
{
    struct mt_segment s = segment(0, 0, 0, A, "");
    s.src.port = (uint16_t)n;
    s.src.ip[13] = (uint8_t)(n >> 16);
    s.network = network;
    if (side == 1) {
        struct mt_addr a = s.src;
        s.src = s.dst;
        s.dst = a;
    }
    return mt_flow_id_of(&r->t, &s);
}

static void test_both_directions_are_one_flow(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    for (int first = 0; first < 2; first++) {
        uint32_t n = 40000u + (uint32_t)first;
        struct mt_flow_id one = id_of(&r, first, n, 0);
        struct mt_flow_id other = id_of(&r, 1 - first, n, 0);
        struct mt_flow *f = mt_flow_add(&r.t, &one, 0);
        assert_non_null(f);
        assert_ptr_equal(mt_flow_find(&r.t, &other), f);
        assert_int_equal(mt_flow_side(f, &one), 0);
        assert_int_equal(mt_flow_side(f, &other), 1);
        assert_int_equal(mt_flow_addr(f, first).port, n);
        assert_int_equal(mt_flow_addr(f, 1 - first).port, 80);
    }
    stop(&r);
}

static void test_networks_are_apart(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    struct mt_flow_id untagged = id_of(&r, 0, 1, 0);
    struct mt_flow_id tagged = id_of(&r, 0, 1, 42);
    struct mt_flow *f = mt_flow_add(&r.t, &untagged, 0);
    assert_null(mt_flow_find(&r.t, &tagged));
    struct mt_flow_id back = mt_flow_id_in(&tagged, 0);
    assert_ptr_equal(mt_flow_find(&r.t, &back), f);
    stop(&r);
}

/* Through many divisions of buckets, with removals between. */
static void test_growth_loses_nothing(void **state)
{
    (void)state;
    enum { FLOWS = 50000 };
    struct run r;
    start(&r);
    for (uint32_t n = 0; n < FLOWS; n++) {
        struct mt_flow_id id = id_of(&r, 0, n, 0);
        assert_non_null(mt_flow_add(&r.t, &id, n));
        if (n % 3 == 2) {
            struct mt_flow_id old = id_of(&r, 1, n - 1, 0);
            mt_flow_remove(&r.t, mt_flow_find(&r.t, &old));
        }
    }
    assert_true(r.t.buckets >= FLOWS / 2);
    for (uint32_t n = 0; n < FLOWS; n++) {
        struct mt_flow_id id = id_of(&r, 1, n, 0);
        const struct mt_flow *f = mt_flow_find(&r.t, &id);
        assert_int_equal(f != NULL, n % 3 != 1 || n == FLOWS - 1);
    }
    stop(&r);
}

static void test_oldest_first(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    struct mt_flow *f[3];
    for (uint32_t n = 0; n < 3; n++) {
        struct mt_flow_id id = id_of(&r, 0, n, 0);
        f[n] = mt_flow_add(&r.t, &id, n * S_NS);
    }
    const struct mt_flow_list *l = &r.t.list[MT_FLOW_HALF_OPEN];
    assert_ptr_equal(l->oldest, f[0]);
    mt_flow_touch(&r.t, f[0], 4 * S_NS);
    assert_ptr_equal(l->oldest, f[1]);
    mt_flow_move(&r.t, f[1], MT_FLOW_DECODED, 5 * S_NS);
    assert_ptr_equal(l->oldest, f[2]);
    assert_ptr_equal(l->newest, f[0]);
    assert_int_equal(l->count, 2);
    stop(&r);
}

static void test_all_by_creation(void **state)
{
    (void)state;
    struct run r;
    start(&r);
    for (uint32_t n = 0; n < 1000; n++) {
        struct mt_flow_id id = id_of(&r, 0, n, 0);
        struct mt_flow *f = mt_flow_add(&r.t, &id, 0);
        mt_flow_move(&r.t, f, (enum mt_flow_list_id)(n * 7 % 5), 0);
    }
    uint64_t serial = 0;
    struct mt_flow *next;
    for (struct mt_flow *f = mt_flow_all(&r.t); f != NULL; f = next) {
        next = f->newer;
        assert_int_equal(f->serial, ++serial);
        mt_flow_remove(&r.t, f);
    }
    assert_int_equal(serial, 1000);
    stop(&r);
}

static void test_ceiling(void **state)
{
    (void)state;
    struct mt_pool pool;
    struct mt_flow_table t;
    mt_pool_init(&pool, 100);
    assert_true(mt_flow_table_init(&t, &pool, 0) < 0);
    assert_int_equal(pool.used_bytes, 0);
    mt_pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_directions_are_one_flow),
        cmocka_unit_test(test_networks_are_apart),
        cmocka_unit_test(test_growth_loses_nothing),
        cmocka_unit_test(test_oldest_first),
        cmocka_unit_test(test_all_by_creation),
        cmocka_unit_test(test_ceiling),
    };
    return cmocka_run_group_tests_name("capture/flow", tests, NULL, NULL);
}
