/* Timers of the demo, against a list that is looked through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "demo/heap.h"
#include "proxy-lite/policy/random.h"

enum { TIMERS = 200 };

static struct mt_demo_timer timers[TIMERS];

/* The earliest moment of those that are set. */
static int64_t earliest(void)
{
    int64_t least = INT64_MAX;
    for (int i = 0; i < TIMERS; i++)
        if (timers[i].place != 0 && timers[i].at_ns < least)
            least = timers[i].at_ns;
    return least;
}

static void test_in_order_whatever_is_done(void **state)
{
    (void)state;
    struct mt_demo_heap h = {.list = NULL};
    struct mt_random random = {3};
    int64_t now = 0;
    for (int step = 0; step < 50000; step++) {
        struct mt_demo_timer *t = &timers[mt_random_below(&random, TIMERS)];
        uint32_t what = mt_random_below(&random, 10);
        if (what < 6) {
            int64_t at = now + mt_random_below(&random, 1000);
            assert_true(mt_demo_timer_set(&h, t, at));
        } else if (what < 8) {
            mt_demo_timer_clear(&h, t);
            assert_int_equal(t->place, 0);
        } else {
            now += mt_random_below(&random, 100);
            int64_t least = earliest();
            struct mt_demo_timer *due = mt_demo_heap_due(&h, now);
            if (least > now) {
                assert_null(due);
            } else {
                assert_non_null(due);
                assert_int_equal(due->at_ns, least);
                assert_int_equal(due->place, 0);
            }
        }
        assert_int_equal(mt_demo_heap_next_ns(&h), earliest());
    }
    mt_demo_heap_deinit(&h);
}

static void test_none(void **state)
{
    (void)state;
    struct mt_demo_heap h = {.list = NULL};
    assert_null(mt_demo_heap_due(&h, INT64_MAX));
    assert_int_equal(mt_demo_heap_next_ns(&h), INT64_MAX);
    mt_demo_heap_deinit(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order_whatever_is_done),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
