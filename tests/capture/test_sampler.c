/* The share of connections that keeps the processor under a ceiling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/sampler.h"

/* One look a second; used: percent of that second. */
struct run {
    struct mt_sampler s;
    int64_t cpu_ns, now_ns;
};

static void begin(struct run *r, double ceiling)
{
    *r = (struct run){.cpu_ns = 123, .now_ns = 456};
    mt_sampler_init(&r->s, ceiling);
    assert_false(mt_sampler_look(&r->s, r->cpu_ns, r->now_ns));
}

static uint32_t look(struct run *r, int percent)
{
    uint32_t before = r->s.one_of;
    r->cpu_ns += percent * INT64_C(10000000);
    r->now_ns += INT64_C(1000000000);
    bool changed = mt_sampler_look(&r->s, r->cpu_ns, r->now_ns);
    assert_int_equal(changed, before != r->s.one_of);
    return r->s.one_of;
}

static void test_under_the_ceiling_all_are_taken(void **state)
{
    (void)state;
    struct run r;
    begin(&r, 0.5);
    for (int i = 0; i < 20; i++)
        assert_int_equal(look(&r, 50), 1);
}

static void test_above_it_the_share_is_cut_at_once(void **state)
{
    (void)state;
    static const struct {
        int percent;
        uint32_t one_of;
    } vectors[] = {{51, 2}, {100, 2}, {101, 4}, {300, 8}, {100000, 1024}};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct run r;
        begin(&r, 0.5);
        assert_int_equal(look(&r, vectors[i].percent), vectors[i].one_of);
    }
}

/* More is taken only where it would have fitted for a while, and a load that
 * swings does not make the share swing. */
static void test_it_comes_back_slowly(void **state)
{
    (void)state;
    struct run r;
    begin(&r, 0.5);
    assert_int_equal(look(&r, 90), 2);
    for (int i = 0; i < 20; i++)
        assert_int_equal(look(&r, 21), 2); /* twice that is too near */
    for (int i = 0; i < 4; i++)
        assert_int_equal(look(&r, 19), 2);
    assert_int_equal(look(&r, 30), 2); /* begins anew */
    for (int i = 0; i < 4; i++)
        assert_int_equal(look(&r, 19), 2);
    assert_int_equal(look(&r, 19), 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(look(&r, 1), 1);
}

static void test_no_ceiling(void **state)
{
    (void)state;
    struct run r;
    begin(&r, 0);
    assert_int_equal(look(&r, 100), 1);
}

/* Two looks at one moment, or a clock that ran back, tell nothing. */
static void test_no_time_between(void **state)
{
    (void)state;
    struct run r;
    begin(&r, 0.5);
    r.now_ns -= INT64_C(1000000000);
    assert_int_equal(look(&r, 100), 1);
    r.now_ns -= INT64_C(2000000000);
    assert_int_equal(look(&r, 100), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_under_the_ceiling_all_are_taken),
        cmocka_unit_test(test_above_it_the_share_is_cut_at_once),
        cmocka_unit_test(test_it_comes_back_slowly),
        cmocka_unit_test(test_no_ceiling),
        cmocka_unit_test(test_no_time_between),
    };
    return cmocka_run_group_tests_name("capture/sampler", tests, NULL, NULL);
}
