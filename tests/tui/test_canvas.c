#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/canvas.h"

static char printed[4096];
static size_t printed_len;

static int collect(void *arg, struct mt_span bytes)
{
    (void)arg;
    assert_true(printed_len + bytes.len < sizeof printed);
    memcpy(printed + printed_len, bytes.ptr, bytes.len);
    printed_len += bytes.len;
    printed[printed_len] = '\0';
    return 0;
}

static const char *text(const struct mt_canvas *c, bool roles)
{
    struct mt_out out;
    printed_len = 0;
    mt_out_init(&out, (struct mt_sink){collect, NULL});
    mt_canvas_text(c, c->rows, roles, &out);
    assert_int_equal(mt_out_flush(&out), 0);
    return printed;
}

static void puts_at(struct mt_canvas *c, size_t column, size_t width,
                    const char *s)
{
    (void)mt_canvas_put(c, 0, column, width, mt_span_str(s), MT_ROLE_PLAIN);
}

static void clips_to_the_width_and_says_so(void **state)
{
    struct mt_canvas c;
    (void)state;
    assert_int_equal(mt_canvas_init(&c, 8, 1), 0);
    puts_at(&c, 0, 5, "payments");
    assert_string_equal(text(&c, false), "paym…\n");
    mt_canvas_clear(&c);
    puts_at(&c, 4, 100, "payments"); /* the grid's edge */
    assert_string_equal(text(&c, false), "    pay…\n");
    puts_at(&c, 8, 5, "x");
    assert_int_equal(mt_canvas_put(&c, 9, 0, 5, MT_SPAN("x"), 0), 0);
    assert_int_equal(mt_canvas_put(&c, 0, 0, 0, MT_SPAN("x"), 0), 0);
    mt_canvas_deinit(&c);
}

static void a_wide_character_is_never_halved(void **state)
{
    struct mt_canvas c;
    (void)state;
    assert_int_equal(mt_canvas_init(&c, 8, 1), 0);
    puts_at(&c, 0, 8, "会議x");
    assert_string_equal(text(&c, false), "会議x\n");
    puts_at(&c, 1, 1, "-"); /* over its second half */
    assert_string_equal(text(&c, false), " -議x\n");
    puts_at(&c, 2, 1, "-"); /* over its first */
    assert_string_equal(text(&c, false), " -- x\n");
    mt_canvas_clear(&c);
    puts_at(&c, 0, 4, "会議室"); /* two fit, but for the mark */
    assert_string_equal(text(&c, false), "会…\n");
    mt_canvas_clear(&c);
    puts_at(&c, 7, 1, "会");
    assert_string_equal(text(&c, false), "       …\n");
    mt_canvas_deinit(&c);
}

static void marks_stay_with_their_letter(void **state)
{
    struct mt_canvas c;
    (void)state;
    assert_int_equal(mt_canvas_init(&c, 8, 1), 0);
    puts_at(&c, 0, 8, "e\xcc\x81x");
    assert_int_equal(c.cells[0].len, 3);
    assert_string_equal(text(&c, false), "e\xcc\x81x\n");
    mt_canvas_clear(&c);
    /* more than a cell holds, and one without a letter: left out */
    puts_at(&c, 0, 8,
            "\xcc\x81"
            "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81x");
    assert_true(c.cells[0].len <= MT_CELL_BYTES);
    assert_int_equal(c.cells[1].text[0], 'x');
    mt_canvas_deinit(&c);
}

static void what_was_not_escaped_is_shown_as_a_question(void **state)
{
    struct mt_canvas c;
    (void)state;
    assert_int_equal(mt_canvas_init(&c, 8, 1), 0);
    puts_at(&c, 0, 8, "\033[m\xff\xe2\x80\xae");
    assert_string_equal(text(&c, false), "?[m??\n");
    mt_canvas_deinit(&c);
}

static void plain_terminals_get_stand_ins(void **state)
{
    struct mt_canvas c;
    (void)state;
    assert_int_equal(mt_canvas_init(&c, 12, 1), 0);
    c.ascii = true;
    puts_at(&c, 0, 12, "├▶ a→b │█é会");
    assert_string_equal(text(&c, false), "|> a>b |#??\n");
    mt_canvas_clear(&c);
    puts_at(&c, 0, 4, "payments");
    assert_string_equal(text(&c, false), "pay.\n");
    mt_canvas_deinit(&c);
}

static void numbers_end_where_they_are_told(void **state)
{
    struct mt_canvas c;
    (void)state;
    assert_int_equal(mt_canvas_init(&c, 8, 2), 0);
    mt_canvas_put_right(&c, 0, 1, 5, MT_SPAN("22ms"), MT_ROLE_BAD);
    mt_canvas_select(&c, 1);
    assert_string_equal(text(&c, false), "  22ms\n\n");
    assert_string_equal(text(&c, true), "  BBBB\n========\n");
    assert_int_equal(mt_canvas_used(&c), 1);
    mt_canvas_deinit(&c);
}

static void sizes_are_bounded(void **state)
{
    struct mt_canvas c;
    (void)state;
    assert_int_equal(mt_canvas_init(&c, 0, 0), 0);
    assert_int_equal(c.columns * c.rows, 1);
    mt_canvas_deinit(&c);
    assert_int_equal(mt_canvas_init(&c, SIZE_MAX, SIZE_MAX), 0);
    assert_int_equal(c.columns, MT_CANVAS_COLUMNS_MAX);
    mt_canvas_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clips_to_the_width_and_says_so),
        cmocka_unit_test(a_wide_character_is_never_halved),
        cmocka_unit_test(marks_stay_with_their_letter),
        cmocka_unit_test(what_was_not_escaped_is_shown_as_a_question),
        cmocka_unit_test(plain_terminals_get_stand_ins),
        cmocka_unit_test(numbers_end_where_they_are_told),
        cmocka_unit_test(sizes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
