/* The clock of a replay, by a steady clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/pace.h"

#define S INT64_C(1000000000)
#define T0 (INT64_C(1795000000) * S)

static void told(struct mt_pace *p, int64_t fed_ns, bool through, int64_t now)
{
    mt_pace_told(p, &(struct mt_pace_read){true, T0, fed_ns, through}, now);
}

static void it_begins_with_the_first_packet(void **state)
{
    struct mt_pace p;
    (void)state;
    mt_pace_init(&p, 1);
    mt_pace_told(&p, &(struct mt_pace_read){0}, 5 * S);
    assert_int_equal(mt_pace_wanted_ns(&p, 9 * S), 0);
    assert_int_equal(mt_pace_now_ns(&p, 9 * S), 0);
    assert_false(mt_pace_is_over(&p, 9 * S));
    told(&p, 0, false, 10 * S);
    assert_int_equal(mt_pace_wanted_ns(&p, 10 * S), T0);
    assert_int_equal(mt_pace_wanted_ns(&p, 13 * S), T0 + 3 * S);
}

static void it_may_begin_with_the_epoch(void **state)
{
    struct mt_pace p;
    (void)state;
    mt_pace_init(&p, 1);
    mt_pace_told(&p, &(struct mt_pace_read){true, 0, 9 * S, true}, 5 * S);
    assert_int_equal(mt_pace_wanted_ns(&p, 7 * S), 2 * S);
    assert_int_equal(mt_pace_now_ns(&p, 7 * S), 2 * S);
    assert_true(mt_pace_is_over(&p, 14 * S));
}

static void now_is_never_later_than_what_was_read(void **state)
{
    struct mt_pace p;
    (void)state;
    mt_pace_init(&p, 10);
    told(&p, T0, false, 0);
    assert_int_equal(mt_pace_wanted_ns(&p, 2 * S), T0 + 20 * S);
    assert_int_equal(mt_pace_now_ns(&p, 2 * S), T0);
    assert_true(mt_pace_is_behind(&p, 2 * S));
    assert_false(mt_pace_is_behind(&p, S)); /* as usual */
    told(&p, T0 + 20 * S, false, 2 * S);
    assert_int_equal(mt_pace_now_ns(&p, 2 * S), T0 + 20 * S);
    assert_false(mt_pace_is_behind(&p, 2 * S));
}

static void pause_holds_it(void **state)
{
    struct mt_pace p;
    (void)state;
    mt_pace_init(&p, 2);
    told(&p, T0 + 100 * S, false, 0);
    mt_pace_pause(&p, true, 3 * S);
    assert_int_equal(mt_pace_now_ns(&p, 90 * S), T0 + 6 * S);
    assert_int_equal(mt_pace_wanted_ns(&p, 90 * S), T0 + 6 * S);
    mt_pace_pause(&p, false, 90 * S);
    assert_int_equal(mt_pace_now_ns(&p, 91 * S), T0 + 8 * S);
}

static void seeks_go_back_to_what_is_there_and_forth_to_be_read(void **state)
{
    struct mt_pace p;
    (void)state;
    mt_pace_init(&p, 1);
    told(&p, T0 + 50 * S, false, 0);
    mt_pace_seek(&p, T0 + 20 * S, 50 * S);
    assert_int_equal(mt_pace_now_ns(&p, 51 * S), T0 + 21 * S);
    mt_pace_seek(&p, T0 - 99 * S, 51 * S);
    assert_int_equal(mt_pace_now_ns(&p, 51 * S), T0);
    mt_pace_seek(&p, T0 + 500 * S, 51 * S);
    assert_int_equal(mt_pace_wanted_ns(&p, 51 * S), T0 + 500 * S);
    assert_int_equal(mt_pace_now_ns(&p, 51 * S), T0 + 50 * S);
    told(&p, T0 + 300 * S, true, 52 * S); /* it ends before */
    assert_int_equal(mt_pace_now_ns(&p, 52 * S), T0 + 300 * S);
    assert_true(mt_pace_is_over(&p, 52 * S));
    mt_pace_seek(&p, T0 + 900 * S, 53 * S);
    assert_int_equal(mt_pace_now_ns(&p, 60 * S), T0 + 300 * S);
    mt_pace_seek(&p, T0 + 290 * S, 60 * S);
    assert_false(mt_pace_is_over(&p, 61 * S));
    assert_int_equal(mt_pace_now_ns(&p, 61 * S), T0 + 291 * S);
}

static void max_is_as_fast_as_it_is_read(void **state)
{
    struct mt_pace p;
    (void)state;
    mt_pace_init(&p, 0);
    told(&p, T0 + 7 * S, false, 0);
    assert_int_equal(mt_pace_wanted_ns(&p, 1), INT64_MAX);
    assert_int_equal(mt_pace_now_ns(&p, 1), T0 + 7 * S);
    assert_false(mt_pace_is_behind(&p, 1));
    mt_pace_speed(&p, 1, S);
    assert_int_equal(mt_pace_wanted_ns(&p, 2 * S), T0 + 8 * S);
    mt_pace_speed(&p, 0, 2 * S);
    told(&p, T0 + 9 * S, true, 3 * S);
    assert_true(mt_pace_is_over(&p, 3 * S));
}

static void times_of_a_capture_may_be_anything(void **state)
{
    struct mt_pace p;
    (void)state;
    mt_pace_init(&p, MT_PACE_SPEED_MAX);
    mt_pace_told(
        &p, &(struct mt_pace_read){true, INT64_MAX - 5, INT64_MAX, false}, 0);
    assert_int_equal(mt_pace_now_ns(&p, INT64_MAX), INT64_MAX);
    mt_pace_init(&p, 1);
    mt_pace_told(&p, &(struct mt_pace_read){true, INT64_MIN, INT64_MIN, false},
                 0);
    assert_int_equal(mt_pace_now_ns(&p, S), INT64_MIN);
    mt_pace_seek(&p, INT64_MIN, S);
    assert_false(mt_pace_is_behind(&p, 3 * S));
    mt_pace_seek(&p, INT64_MAX - 1, S);
    assert_true(mt_pace_is_behind(&p, S));
}

static void speeds_are_read(void **state)
{
    static const struct {
        const char *text;
        double speed; /* < 0: none */
    } rows[] = {{"1x", 1},    {"10x", 10}, {"0.5x", 0.5}, {"3", 3},
                {"max", 0},   {"", -1},    {"x", -1},     {"0x", -1},
                {"-1x", -1},  {"1xx", -1}, {"nan", -1},   {"inf", -1},
                {"1e9x", -1}, {"10 x", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double speed = -1;
        assert_int_equal(mt_pace_parse(rows[i].text, &speed),
                         rows[i].speed >= 0);
        assert_true(speed == rows[i].speed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_with_the_first_packet),
        cmocka_unit_test(it_may_begin_with_the_epoch),
        cmocka_unit_test(now_is_never_later_than_what_was_read),
        cmocka_unit_test(pause_holds_it),
        cmocka_unit_test(seeks_go_back_to_what_is_there_and_forth_to_be_read),
        cmocka_unit_test(max_is_as_fast_as_it_is_read),
        cmocka_unit_test(times_of_a_capture_may_be_anything),
        cmocka_unit_test(speeds_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
