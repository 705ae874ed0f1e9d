/* Counters over seconds, and the budget on them: exact bounds, and with
 * several threads at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "proxy-lite/policy/budget.h"

static const struct mt_policy_budget usual = {.percent = 20,
                                              .min_per_second = 10};

static int64_t at(double s)
{
    return (int64_t)(s * 1e9);
}

static void test_recent_forgets(void **state)
{
    (void)state;
    struct mt_recent t = {0};
    assert_int_equal(mt_recent_sum(&t, 0, 10).a, 0);
    for (unsigned s = 0; s < 40; s++) {
        assert_true(mt_recent_add(&t, at(s), s, 1));
        unsigned first = s < 9 ? 0 : s - 9;
        uint64_t sum = 0;
        for (unsigned k = first; k <= s; k++)
            sum += k;
        assert_int_equal(mt_recent_sum(&t, at(s + 0.9), 10).a, sum);
        assert_int_equal(mt_recent_sum(&t, at(s + 0.9), 10).b, s - first + 1);
        assert_int_equal(mt_recent_sum(&t, at(s), 1).a, s);
    }
    assert_int_equal(mt_recent_sum(&t, at(48), 10).b, 1);
    assert_int_equal(mt_recent_sum(&t, at(49), 10).b, 0);
    assert_int_equal(mt_recent_sum(&t, at(400), 10).b, 0);
    mt_recent_reset(&t);
    assert_int_equal(mt_recent_sum(&t, at(39), 10).b, 0);
}

static void test_recent_is_bounded(void **state)
{
    (void)state;
    struct mt_recent t = {0};
    assert_true(mt_recent_add(&t, at(5), MT_RECENT_MAX, MT_RECENT_MAX));
    assert_false(mt_recent_add(&t, at(5), 1, 0));
    assert_false(mt_recent_add(&t, at(5), 0, 1));
    assert_int_equal(mt_recent_sum(&t, at(5), 1).a, MT_RECENT_MAX);
    assert_int_equal(mt_recent_sum(&t, at(5), 1).b, MT_RECENT_MAX);
    assert_true(mt_recent_add(&t, at(21), 1, 2)); /* the same slot, later */
    assert_int_equal(mt_recent_sum(&t, at(21), 1).a, 1);
    assert_false(mt_recent_add(&t, at(5), 1, 1)); /* too late */
    assert_int_equal(mt_recent_sum(&t, at(21), 1).b, 2);
    mt_recent_take_back(&t, at(5), 0, 1);
    assert_int_equal(mt_recent_sum(&t, at(21), 1).b, 2);
    mt_recent_take_back(&t, at(21), 0, 1);
    assert_int_equal(mt_recent_sum(&t, at(21), 1).b, 1);
}

static unsigned taken(struct mt_budget *b, int64_t now_ns, unsigned wanted)
{
    unsigned n = 0;
    for (unsigned i = 0; i < wanted; i++)
        n += mt_budget_take(b, &usual, now_ns);
    return n;
}

static void test_share_and_minimum(void **state)
{
    (void)state;
    struct mt_budget b = {0};
    assert_int_equal(mt_budget_left(&b, &usual, at(50)), 100);
    assert_int_equal(taken(&b, at(50), 500), 100);
    assert_int_equal(b.denied, 400);
    for (unsigned i = 0; i < 1000; i++)
        mt_budget_request(&b, at(50));
    assert_int_equal(mt_budget_left(&b, &usual, at(50)), 200);
    assert_int_equal(taken(&b, at(50), 500), 200);
    assert_int_equal(taken(&b, at(59.9), 500), 0);
    assert_int_equal(taken(&b, at(60.9), 500), 0); /* still within 10 s */
    assert_int_equal(taken(&b, at(61), 500), 100); /* no requests since */
    static const struct mt_policy_budget none = {.percent = 0,
                                                 .min_per_second = 0};
    struct mt_budget fresh = {0};
    assert_false(mt_budget_take(&fresh, &none, at(1)));
}

static void test_inherits(void **state)
{
    (void)state;
    struct mt_budget old = {0}, new = {0};
    assert_int_equal(taken(&old, at(50), 70), 70);
    mt_budget_inherit(&new, &old);
    assert_int_equal(taken(&new, at(51), 70), 30);
}

/* Any ten seconds: no more than a fifth of their requests, and 100. */
static void test_no_ten_seconds_are_over(void **state)
{
    (void)state;
    enum { MS = 60000 };
    static uint8_t granted[MS];
    struct mt_budget b = {0};
    for (unsigned ms = 0; ms < MS; ms++) {
        mt_budget_request(&b, at(ms / 1e3));
        granted[ms] = mt_budget_take(&b, &usual, at(ms / 1e3));
    }
    unsigned sum = 0, most = 0;
    for (unsigned ms = 0; ms < MS; ms++) {
        sum += granted[ms];
        sum -= ms >= 10000 ? granted[ms - 10000] : 0;
        most = sum > most ? sum : most;
    }
    assert_in_range(most, 2000, 2100); /* of 10 000, a fifth and 100 */
}

enum { THREADS = 4, EACH = 50000 };

struct worker {
    struct mt_budget *budget;
    unsigned granted;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    for (unsigned i = 0; i < EACH; i++) {
        int64_t now = at(100 + i * 5.0 / EACH);
        mt_budget_request(w->budget, now);
        w->granted += mt_budget_take(w->budget, &usual, now);
    }
    return NULL;
}

/* All threads together, never over; and not far under. */
static void test_threads(void **state)
{
    (void)state;
    struct mt_budget b = {0};
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    unsigned granted = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.budget = &b};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]),
                         0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        granted += workers[i].granted;
    }
    struct mt_recent_sum s = mt_recent_sum(&b.recent, at(104.9), 10);
    assert_int_equal(s.a, THREADS * EACH);
    assert_int_equal(s.b, granted);
    assert_in_range(granted, THREADS * EACH / 5 * 9 / 10,
                    THREADS * EACH / 5 + 100);
    assert_int_equal(b.denied, THREADS * EACH - granted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recent_forgets),
        cmocka_unit_test(test_recent_is_bounded),
        cmocka_unit_test(test_share_and_minimum),
        cmocka_unit_test(test_inherits),
        cmocka_unit_test(test_no_ten_seconds_are_over),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
