#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tui/edit.h"

/* Type a script (key.h) into a text, and look at it with the cursor as |. */
static const char *typed(const char *text, const char *script)
{
    static struct mt_edit e;
    static char shown[MT_EDIT_BYTES + 2];
    struct mt_span keys = mt_span_str(script);
    mt_edit_set(&e, text);
    while (keys.len > 0)
        (void)mt_edit_key(&e, mt_key_take(&keys));
    assert_true(e.cursor <= e.len && e.len == strlen(e.text));
    memcpy(shown, e.text, e.cursor);
    shown[e.cursor] = '|';
    memcpy(shown + e.cursor + 1, e.text + e.cursor, e.len - e.cursor + 1);
    return shown;
}

static void edits_as_shells_do(void **state)
{
    (void)state;
    assert_string_equal(typed("", "svc=cart"), "svc=cart|");
    assert_string_equal(typed("svc=cart", "<Left><Left>X"), "svc=caX|rt");
    assert_string_equal(typed("abc", "<Home>x<End>y"), "xabcy|");
    assert_string_equal(typed("abc", "<Backspace><Backspace>"), "a|");
    assert_string_equal(typed("", "<Backspace><Del><Left><Right>"), "|");
    assert_string_equal(typed("abc", "<^A><Del>"), "|bc");
    assert_string_equal(typed("a bc  ", "<^W>"), "a |");
    assert_string_equal(typed("a bc", "<Left><^U>"), "|c");
    assert_string_equal(typed("a bc", "<Home><Right><^K>"), "a|");
    assert_string_equal(typed("ab", "<Left><Space>"), "a |b");
}

static void characters_stay_whole(void **state)
{
    (void)state;
    assert_string_equal(typed("é会", "<Backspace>"), "é|");
    assert_string_equal(typed("é会", "<Left><Left>x"), "x|é会");
    assert_string_equal(typed("", "会é"), "会é|");
}

static void what_is_no_text_is_not_taken_in(void **state)
{
    static struct mt_edit e;
    (void)state;
    mt_edit_set(&e, "");
    assert_false(mt_edit_key(&e, MT_KEY_F1));
    assert_false(mt_edit_key(&e, MT_KEY_ESC));
    assert_false(mt_edit_key(&e, 0x202e)); /* turns text around */
    assert_false(mt_edit_key(&e, 0xd800)); /* no character */
    assert_string_equal(e.text, "");
}

static void is_bounded(void **state)
{
    static struct mt_edit e;
    (void)state;
    mt_edit_set(&e, "");
    for (int i = 0; i < 2 * MT_EDIT_BYTES; i++)
        (void)mt_edit_key(&e, 'x');
    assert_int_equal(e.len, MT_EDIT_BYTES);
    assert_false(mt_edit_key(&e, 'x'));
}

static void keys_have_names(void **state)
{
    char buf[MT_KEY_TEXT_BYTES];
    struct mt_span script = MT_SPAN("<Enter>q<^F><F10><nothing>");
    (void)state;
    assert_int_equal(mt_key_take(&script), MT_KEY_ENTER);
    assert_int_equal(mt_key_take(&script), 'q');
    assert_int_equal(mt_key_take(&script), 6);
    assert_int_equal(mt_key_take(&script), MT_KEY_F10);
    assert_int_equal(mt_key_take(&script), '<');
    assert_string_equal(mt_key_text(MT_KEY_F1, buf), "F1");
    assert_string_equal(mt_key_text(6, buf), "^F");
    assert_string_equal(mt_key_text(0x4f1a, buf), "会");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_as_shells_do),
        cmocka_unit_test(characters_stay_whole),
        cmocka_unit_test(what_is_no_text_is_not_taken_in),
        cmocka_unit_test(is_bounded),
        cmocka_unit_test(keys_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
