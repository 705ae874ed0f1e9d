/* Bytes that wait: whole events in order, and a count of those that found no
 * room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "web/backlog.h"

enum { MOST = 4096 };

static bool add(struct mt_web_backlog *b, const char *event)
{
    return mt_web_backlog_add(b, mt_span_str(event));
}

/* All there is, in pieces of n. */
static void take_all(struct mt_web_backlog *b, size_t n, char *to)
{
    size_t got, at = 0;
    while ((got = mt_web_backlog_take(b, to + at, n)) > 0)
        at += got;
    to[at] = '\0';
}

static void test_order(void **state)
{
    (void)state;
    for (size_t n = 1; n < 8; n++) {
        struct mt_web_backlog b = {.max = MOST};
        char out[64], one;
        assert_true(add(&b, "first."));
        assert_int_equal(mt_web_backlog_take(&b, &one, 1), 1);
        assert_int_equal(one, 'f');
        assert_true(add(&b, "second."));
        take_all(&b, n, out);
        assert_string_equal(out, "irst.second.");
        assert_int_equal(mt_web_backlog_take(&b, out, 9), 0);
        mt_web_backlog_free(&b);
    }
}

static void test_lost(void **state)
{
    (void)state;
    struct mt_web_backlog b = {.max = MOST};
    char event[101], *out = malloc(2 * MOST);
    assert_non_null(out);
    memset(event, 'x', 100);
    event[100] = '\0';
    unsigned fit = 0;
    while (add(&b, event))
        fit++;
    assert_int_equal(fit, MOST / 100);
    for (unsigned i = 0; i < 6; i++)
        assert_false(add(&b, event));
    assert_int_equal(b.lost, 7);
    assert_true(b.len <= MOST);
    mt_web_backlog_tell(&b); /* no room yet */
    assert_int_equal(b.lost, 7);
    assert_int_equal(mt_web_backlog_take(&b, out, MOST / 2 + 100),
                     MOST / 2 + 100);
    assert_true(mt_web_backlog_has_room(&b));
    assert_true(add(&b, "after"));
    assert_int_equal(b.lost, 0);
    take_all(&b, 512, out);
    char *told = strstr(out, "event: lost\ndata: {\"where\":\"stream\","
                             "\"count\":7,");
    assert_non_null(told);
    assert_string_equal(out + strlen(out) - 7, "\n\nafter");
    for (char *x = out; x < told; x++)
        assert_int_equal(*x, 'x');
    free(out);
    mt_web_backlog_free(&b);
}

/* An event that could not be made is one that is lost. */
static void test_no_memory(void **state)
{
    (void)state;
    struct mt_web_backlog b = {.max = MOST};
    char out[512];
    assert_false(add(&b, ""));
    assert_int_equal(b.lost, 1);
    mt_web_backlog_tell(&b);
    assert_int_equal(b.lost, 0);
    take_all(&b, 100, out);
    assert_non_null(strstr(out, "\"count\":1,"));
    mt_web_backlog_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
