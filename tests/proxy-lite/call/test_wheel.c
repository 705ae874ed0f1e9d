#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy-lite/call/wheel.h"

#define MS INT64_C(1000000)

enum { MANY = 3000 };

/* Any deadlines, set, set anew and cleared: each is met once, not before its
 * time, and not more than a tick later than the clock was looked at. */
static void test_as_a_plain_list(void **state)
{
    (void)state;
    static struct mt_wheel w;
    static struct mt_deadline all[MANY];
    static int64_t due[MANY]; /* 0: not set */
    int64_t now = 12345 * MS;
    uint32_t seed = 5;
    unsigned met = 0;
    mt_wheel_init(&w, now);
    assert_true(mt_wheel_next_ns(&w) == INT64_MAX);
    for (unsigned step = 0; step < 200000; step++) {
        seed = seed * 1664525u + 1013904223u;
        unsigned i = (seed >> 8) % MANY;
        if ((seed & 7) < 5) {
            /* most are near, some rounds away, some past */
            int64_t in = (seed >> 16) % ((seed & 64) != 0 ? 20000 : 300);
            due[i] = now + in * MS / 3 - MS;
            all[i].arg = &due[i];
            mt_deadline_set(&w, &all[i], due[i]);
        } else if ((seed & 7) == 5) {
            mt_deadline_clear(&all[i]);
            due[i] = 0;
        } else {
            now += (seed >> 16) % ((seed & 8192) != 0 ? 900 : 9) * MS;
        }
        struct mt_deadline *d;
        while ((d = mt_wheel_due(&w, now)) != NULL) {
            int64_t *at = d->arg;
            assert_true(*at != 0 && *at <= now);
            assert_false(mt_deadline_is_set(d));
            *at = 0;
            met++;
        }
        int64_t next = mt_wheel_next_ns(&w);
        for (unsigned n = 0; step % 500 == 0 && n < MANY; n++) {
            assert_int_equal(mt_deadline_is_set(&all[n]), due[n] != 0);
            if (due[n] == 0)
                continue;
            assert_true(due[n] > now - MT_WHEEL_TICK_NS);
            int64_t from = due[n] > now ? due[n] : now; /* set too late */
            assert_true(next <= from + MT_WHEEL_TICK_NS);
        }
    }
    assert_true(met > 10000);
}

/* The loop sleeps until next_ns(): that always leads to the deadline. */
static void test_sleeping(void **state)
{
    (void)state;
    static struct mt_wheel w;
    static const int64_t waits[] = {
        0, 1, MS, 4 * MS, 5 * MS, 4095 * MS, 4096 * MS, 4097 * MS, 100000 * MS};
    int64_t now = 7;
    mt_wheel_init(&w, now);
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        struct mt_deadline d = {.arg = NULL};
        int64_t at = now + waits[i];
        mt_deadline_set(&w, &d, at);
        unsigned sleeps = 0;
        while (mt_wheel_due(&w, now) == NULL) {
            int64_t next = mt_wheel_next_ns(&w);
            assert_true(next != INT64_MAX && sleeps++ < 100);
            now = next > now ? next : now + 1;
        }
        assert_true(now >= at && now - at <= MT_WHEEL_TICK_NS);
        assert_true(sleeps <= 2 + (unsigned)(waits[i] / (4096 * MS)));
        assert_null(mt_wheel_due(&w, now));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_a_plain_list),
        cmocka_unit_test(test_sleeping),
    };
    return cmocka_run_group_tests_name("wheel", tests, NULL, NULL);
}
