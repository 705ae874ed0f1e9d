/* Any keys, clicks, answers and sizes, 100 000 of them: the canvas stays
 * sound. The seeds that once found something are kept below. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/tui/some_snapshot.h"

enum { KEYS = 100000 };

static const uint32_t seeds[] = {1, 2, 3, 4, 20261122};

static void resize(struct mt_canvas *c, struct dice *dice)
{
    static const uint8_t sizes[][2] = {{80, 24},  {120, 40}, {40, 12},
                                       {200, 60}, {39, 9},   {1, 1},
                                       {40, 10},  {255, 11}};
    uint32_t i = roll(dice, 8);
    mt_canvas_deinit(c);
    assert_int_equal(mt_canvas_init(c, sizes[i][0], sizes[i][1]), 0);
}

static unsigned type(struct mt_dashboard *d, const char *command)
{
    struct mt_span rest = mt_span_str(command);
    (void)mt_dashboard_key(d, ':');
    while (rest.len > 0)
        (void)mt_dashboard_key(d, mt_key_take(&rest));
    return mt_dashboard_key(d, MT_KEY_ENTER);
}

/* A capture that is read further and further. */
static void replay(struct mt_dashboard *d, struct dice *dice, int64_t now)
{
    const struct mt_pace_read read = {.begun = true,
                                      .first_ns = INT64_C(1794999000000000000),
                                      .fed_ns = INT64_C(1794999000000000000) +
                                                now / 2,
                                      .through = roll(dice, 100) == 0};
    (void)mt_dashboard_replayed(d, &read, now);
}

static void walk(uint32_t seed, int keys)
{
    struct dice dice = {.seed = seed};
    const struct mt_dashboard_config config = {.source = "\033[2Jx",
                                               .ascii = seed & 1,
                                               .replay = seed & 2,
                                               .speed = 10};
    struct mt_dashboard *d;
    struct mt_request request;
    struct mt_canvas c;
    int64_t now = 0;
    assert_int_equal(mt_dashboard_new(&d, &config), 0);
    assert_int_equal(mt_canvas_init(&c, 80, 24), 0);
    for (int i = 0; i < keys; i++, now += 100000000) {
        unsigned what = mt_dashboard_key(d, some_key(&dice));
        if (roll(&dice, 20) == 0)
            what = mt_dashboard_click(d, roll(&dice, 90), roll(&dice, 30));
        if (roll(&dice, 50) == 0)
            what |= type(d, some_command(&dice));
        if (config.replay)
            replay(d, &dice, now);
        if (roll(&dice, 200) == 0)
            resize(&c, &dice);
        if (roll(&dice, 6) == 0 && mt_dashboard_request(d, now, now, &request))
            (void)mt_dashboard_answer(d, some_snapshot(&dice, &request), now);
        if ((what & MT_DO_DRAW) == 0 || roll(&dice, 10) != 0)
            continue;
        mt_dashboard_draw(d, &c, now);
        if (!canvas_is_sound(&c))
            fail_msg("seed %u, key %d", (unsigned)seed, i);
    }
    mt_canvas_deinit(&c);
    mt_dashboard_free(d);
}

static void any_keys_leave_a_sound_screen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++)
        walk(seeds[i], KEYS / (int)(sizeof seeds / sizeof seeds[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_keys_leave_a_sound_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
