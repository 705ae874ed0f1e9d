/* The text of a ladder: any steps at any width. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/text_escape.h"
#include "decode/ladder.h"

#define MS INT64_C(1000000)

static const char *line_of(const struct mt_ladder *l, size_t line,
                           const struct mt_exchange *x, size_t columns)
{
    static char text[4096];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    mt_ladder_put_line(&b, l, x, line, columns);
    assert_false(b.full);
    text[b.len] = '\0';
    return text;
}

static void each_kind_of_packet_has_its_line(void **state)
{
    static const struct {
        struct mt_ladder_step step;
        const char *want;
        bool trouble;
    } cases[] = {
        {{.tcp = true, .flags = MT_LADDER_SYN},
         "    0ns           →         SYN",
         false},
        {{.tcp = true, .flags = MT_LADDER_SYN | MT_LADDER_ACK, .from = 1},
         "  1.0ms   +1.0ms  ←         SYN ACK",
         false},
        {{.tcp = true,
          .flags = MT_LADDER_PSH | MT_LADDER_ACK,
          .payload_bytes = 276,
          .marks = MT_LADDER_REQUEST},
         "  2.0ms   +1.0ms  →  276 B  PSH      POST /cart\\x1b[2J",
         false},
        {{.tcp = true, .flags = MT_LADDER_ACK, .from = 1},
         "  3.0ms   +1.0ms  ←         ACK",
         false},
        {{.tcp = true,
          .flags = MT_LADDER_ACK,
          .payload_bytes = 1400,
          .marks = MT_LADDER_AGAIN},
         "  4.0ms   +1.0ms  → 1.4 kB           sent again",
         true},
        {{.tcp = true,
          .flags = MT_LADDER_ACK,
          .payload_bytes = 9,
          .from = 1,
          .marks = MT_LADDER_RESPONSE | MT_LADDER_GAP,
          .gap_bytes = 2800},
         "  5.0ms   +1.0ms  ←    9 B           503, 2.8 kB missing before it",
         true},
        {{.tcp = true, .flags = MT_LADDER_RST | MT_LADDER_ACK, .from = 1},
         "  6.0ms   +1.0ms  ←         RST",
         true},
        {{.payload_bytes = 53, .marks = MT_LADDER_OTHER},
         "  7.0ms   +1.0ms  →   53 B  UDP      not of this exchange",
         false},
    };
    static const struct mt_exchange x = {
        .status = 503,
        .method = {(const uint8_t *)"POST", 4},
        .path = {(const uint8_t *)"/cart\x1b[2J", 9}};
    struct mt_ladder l = {.count = 0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mt_ladder_step step = cases[i].step;
        step.ts_ns = 1 + (int64_t)i * MS;
        mt_ladder_add(&l, step);
        assert_string_equal(line_of(&l, i, &x, 100), cases[i].want);
        assert_int_equal(mt_ladder_is_trouble(&l, i), cases[i].trouble);
    }
}

static void any_steps_fit(void **state)
{
    static const struct mt_exchange x = {
        .method = {(const uint8_t *)"\xff\xfe", 2},
        .path = {(const uint8_t *)"\xe4\xbc\x9a\xe8\xad\xb0", 6}};
    uint32_t seed = 7;
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct mt_ladder l = {.count = 0};
        for (int i = 0; i < round; i++) {
            seed = seed * 1664525u + 1013904223u;
            mt_ladder_add(&l, (struct mt_ladder_step){
                                  .ts_ns = (int64_t)seed << (seed % 32),
                                  .payload_bytes = seed,
                                  .gap_bytes = seed >> 3,
                                  .marks = (uint16_t)(seed >> 16),
                                  .from = seed & 1,
                                  .flags = (uint8_t)(seed >> 8),
                                  .tcp = (seed >> 5 & 1) != 0});
        }
        for (size_t i = 0; i < mt_ladder_lines(&l); i++) {
            size_t room = 34 + (size_t)round % 80, columns = 0;
            struct mt_span rest = mt_span_str(line_of(&l, i, &x, room));
            while (rest.len > 0) {
                int w = mt_char_columns(mt_utf8_take(&rest));
                assert_true(w >= 0);
                columns += (size_t)w;
            }
            if (columns > room)
                fail_msg("%zu columns of %zu: %s", columns, room,
                         line_of(&l, i, &x, room));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_packet_has_its_line),
        cmocka_unit_test(any_steps_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
