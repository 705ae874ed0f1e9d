/* Regular expressions: what they find, what they refuse, and that none takes
 * for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rc.h"
#include "base/regex.h"

static struct mt_regex *compiled(const char *pattern)
{
    struct mt_regex *r;
    struct mt_regex_error error;
    if (mt_regex_new(&r, mt_span_str(pattern), MT_REGEX_ANYWHERE, &error) != 0)
        fail_msg("%s: %s", pattern, error.text);
    return r;
}

static void test_finds_anywhere(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool found;
    } rows[] = {
        {"b", "abc", true},
        {"^b", "abc", false},
        {"", "", true},
        {"^$", "", true},
        {"[[:digit:]]{2,3}$", "/x/123", true},
        {"^/cart/\\d+/items$", "/cart/8812/items", true},
        {"(a|b)\\1", "xaax", true},
        {"(a|b)\\1", "xabx", false},
        {"(?i)HOST", "my.host", true},
        {".", "\xff", true}, /* bytes, not characters */
        {"\\w", "\xe9", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_regex *r = compiled(rows[i].pattern);
        if (mt_regex_match(r, mt_span_str(rows[i].text)) != rows[i].found)
            fail_msg("%s over %s", rows[i].pattern, rows[i].text);
        assert_int_equal(mt_regex_given_up(r), 0);
        mt_regex_free(r);
    }
}

static void test_a_nul_is_a_byte(void **state)
{
    (void)state;
    struct mt_regex *r = compiled("^a.c$");
    assert_true(
        mt_regex_match(r, (struct mt_span){(const uint8_t *)"a\0c", 3}));
    mt_regex_free(r);
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        size_t at;
    } rows[] = {
        {"(a", 2},       {"a)", 1},
        {"[z-a]", 3},    {"*", 0},
        {"a{70000}", 7}, {"(*UTF)a", 0},
        {"\\C", 2},      {"((a{99}){99}){99}", 17}, /* 970 299 states */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_regex *r;
        struct mt_regex_error error;
        int rc = mt_regex_new(&r, mt_span_str(rows[i].pattern),
                              MT_REGEX_ANYWHERE, &error);
        assert_null(r);
        if (rc != MT_EPROTO || error.text[0] == 0)
            fail_msg("%s: %d %s", rows[i].pattern, rc, error.text);
    }
}

static void test_pattern_is_bounded(void **state)
{
    (void)state;
    char pattern[MT_REGEX_PATTERN_MAX + 1];
    struct mt_regex *r;
    struct mt_regex_error error;
    memset(pattern, 'a', sizeof pattern);
    struct mt_span s = {(const uint8_t *)pattern, sizeof pattern};
    assert_int_equal(mt_regex_new(&r, s, MT_REGEX_ANYWHERE, &error), MT_EPROTO);
    s.len--;
    assert_int_equal(mt_regex_new(&r, s, MT_REGEX_ANYWHERE, &error), 0);
    mt_regex_free(r);
}

/* glibc's regcomp() needs 2^n memory for n of these pluses. */
static void test_nested_repeats_stay_small(void **state)
{
    (void)state;
    char pattern[128] = "";
    for (int i = 0; i < 30; i++)
        strcat(pattern, "(");
    strcat(pattern, "a+");
    for (int i = 0; i < 30; i++)
        strcat(pattern, ")+");
    struct mt_regex *r = compiled(pattern);
    assert_true(mt_regex_match(r, MT_SPAN("aaa")));
    mt_regex_free(r);
}

/* 2^36 ways to fail: given up, and counted. */
static void test_a_match_is_bounded(void **state)
{
    (void)state;
    struct mt_regex *r = compiled("^(a|a)*[bc]$");
    assert_false(
        mt_regex_match(r, MT_SPAN("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaad")));
    assert_int_equal(mt_regex_given_up(r), 1);
    assert_true(mt_regex_match(r, MT_SPAN("aab")));
    assert_int_equal(mt_regex_given_up(r), 1);
    mt_regex_free(r);
}

static void test_text_is_bounded(void **state)
{
    (void)state;
    static uint8_t text[MT_REGEX_TEXT_MAX + 1];
    memset(text, 'a', sizeof text);
    text[MT_REGEX_TEXT_MAX] = 'b';
    struct mt_regex *r = compiled("b");
    assert_false(mt_regex_match(r, (struct mt_span){text, sizeof text}));
    text[MT_REGEX_TEXT_MAX - 1] = 'b';
    assert_true(mt_regex_match(r, (struct mt_span){text, sizeof text}));
    mt_regex_free(r);
}

/* A route's pattern says what a whole path is: more than it does not match. */
static void test_whole_texts(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool found;
    } rows[] = {
        {"b", "abc", false},
        {"a|ab", "ab", true},
        {"/u/\\d+", "/u/12", true},
        {"/u/\\d+", "/u/12/x", false},
        {"", "", true},
        {"", "a", false},
        {"/x", "/x\n", false},
    };
    struct mt_regex_scratch *scratch = mt_regex_scratch_new();
    assert_non_null(scratch);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_regex *r;
        struct mt_regex_error error;
        assert_int_equal(mt_regex_new(&r, mt_span_str(rows[i].pattern),
                                      MT_REGEX_WHOLE, &error),
                         0);
        if (mt_regex_search(r, scratch, mt_span_str(rows[i].text)) !=
            rows[i].found)
            fail_msg("%s over %s", rows[i].pattern, rows[i].text);
        mt_regex_free(r);
    }
    assert_int_equal(mt_regex_scratch_given_up(scratch), 0);
    mt_regex_scratch_free(scratch);
}

/* Not judged by its first bytes alone. */
static void test_whole_text_too_long_is_given_up(void **state)
{
    (void)state;
    static uint8_t text[MT_REGEX_TEXT_MAX + 1];
    struct mt_regex *r;
    struct mt_regex_error error;
    memset(text, 'a', sizeof text);
    assert_int_equal(mt_regex_new(&r, MT_SPAN("a*"), MT_REGEX_WHOLE, &error),
                     0);
    assert_false(mt_regex_match(r, (struct mt_span){text, sizeof text}));
    assert_int_equal(mt_regex_given_up(r), 1);
    assert_true(mt_regex_match(r, (struct mt_span){text, sizeof text - 1}));
    mt_regex_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_anywhere),
        cmocka_unit_test(test_a_nul_is_a_byte),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_pattern_is_bounded),
        cmocka_unit_test(test_nested_repeats_stay_small),
        cmocka_unit_test(test_a_match_is_bounded),
        cmocka_unit_test(test_text_is_bounded),
        cmocka_unit_test(test_whole_texts),
        cmocka_unit_test(test_whole_text_too_long_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
