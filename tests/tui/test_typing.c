/* What helps typing: completion, history; and marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tui/complete.h"
#include "tui/history.h"
#include "tui/marks.h"

/* ---- completion ---- */

static void words_are_completed_as_far_as_they_agree(void **state)
{
    static const struct {
        const char *typed, *becomes, *others;
    } rows[] = {
        {"se", "services ", ""},
        {"SE", "services ", ""},
        {"s", "s", "services  sort"},
        {"t", "t", "tail  topology"},
        {"wi", "window", "window  windows"},
        {"x", "x", ""},
        {"", "", "services  sort  tail  topology  window  windows"},
    };
    struct mt_words words = {.count = 0};
    (void)state;
    mt_words_add(&words, "services");
    mt_words_add(&words, "sort");
    mt_words_add(&words, "sort"); /* once */
    mt_words_add(&words, "tail");
    mt_words_add(&words, "topology");
    mt_words_add(&words, "window");
    mt_words_add(&words, "windows");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char others[256];
        struct mt_edit e = {.len = 0};
        struct mt_buf b = mt_buf_of(others, sizeof others - 1);
        mt_edit_set(&e, rows[i].typed);
        mt_complete(&e, 0, &words, " ", &b);
        others[b.len] = '\0';
        assert_string_equal(e.text, rows[i].becomes);
        assert_int_equal(e.cursor, strlen(e.text));
        assert_string_equal(others, rows[i].others);
    }
}

static void know(struct mt_known *k, unsigned field, const char *name)
{
    mt_known_add(k, field, mt_span_str(name));
}

static void filters_are_completed_from_what_is_known(void **state)
{
    static struct mt_known k;
    static const struct {
        const char *typed, *becomes;
        size_t back; /* the cursor stands so far before the end */
    } rows[] = {
        {"outc", "outcome=", 0},
        {"outcome=fa", "outcome=failure ", 0},
        {"svc=ca", "svc=ca", 0}, /* cart, catalogue */
        {"svc=cat", "svc=catalogue ", 0},
        {"svc!=cat", "svc!=catalogue ", 0},
        {"(svc=cat", "(svc=catalogue ", 0},
        {"status=500 and svc=cat", "status=500 and svc=catalogue ", 0},
        {"svc=cat and status=500", "svc=catalogue  and status=500", 15},
        {"svc=a", "svc=\"a b\\\"c\" ", 0},
        {"svc=\"a", "svc=\"a b\\\"c\" ", 0},
        {"method=G", "method=GET ", 0},
        {"proto=web", "proto=websocket ", 0},
        {"route=/x", "route=\"/x/{id}\" ", 0},
        {"nosuch=c", "nosuch=c", 0},
        {"svc=caf", "svc=\"caf\xc3\xa9\" ", 0},
        {"svc=cart,cat", "svc=cart,catalogue ", 0},
        {"svc=\"a, b\",cat", "svc=\"a, b\",catalogue ", 0},
        {"svc = cart, cat", "svc = cart, catalogue ", 0},
        {"svc in (cart, cat", "svc in (cart, catalogue", 0},
        {"svc not in (cat", "svc not in (catalogue", 0},
        {"svc in (cart) metho", "svc in (cart) method=", 0},
        {"not svc=cat", "not svc=catalogue ", 0},
        {"!svc=cat", "!svc=catalogue ", 0},
        {"svc=cart or svc=cat", "svc=cart or svc=catalogue ", 0},
        {"service.name=cat", "service.name=catalogue ", 0},
        {"dst=cat", "dst=catalogue ", 0},
        {"src=sh", "src=shoppers ", 0},
        {"client_service=sh", "client_service=shoppers ", 0},
        {"sr", "src=", 0},
        {"status>=5x", "status>=5xx ", 0},
        {"status=40", "status=404 ", 0},
        {"grpc=UNAV", "grpc=UNAVAILABLE ", 0},
        {"kind=str", "kind=stream ", 0},
        {"observer=proxy_a", "observer=proxy_attempt ", 0},
        {"host=sh", "host=\"shop.example:8080\" ", 0},
        {"error=time", "error=timeout ", 0},
    };
    (void)state;
    memset(&k, 0, sizeof k);
    know(&k, MT_FILTER_SERVER_SERVICE, "cart");
    know(&k, MT_FILTER_SERVER_SERVICE, "catalogue");
    know(&k, MT_FILTER_SERVER_SERVICE, "a b\"c");
    know(&k, MT_FILTER_SERVER_SERVICE, "caf\xc3\xa9");
    know(&k, MT_FILTER_METHOD, "GET");
    know(&k, MT_FILTER_CLIENT_SERVICE, "shoppers");
    know(&k, MT_FILTER_STATUS, "404");
    know(&k, MT_FILTER_HOST, "shop.example:8080");
    know(&k, MT_FILTER_ROUTE, "/x/{id}");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[64]; /* less than all of them */
        struct mt_edit e = {.len = 0};
        struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
        mt_edit_set(&e, rows[i].typed);
        e.cursor -= rows[i].back;
        mt_complete_filter(&e, 0, &k, &b);
        assert_string_equal(e.text, rows[i].becomes);
    }
}

static void a_full_line_is_not_completed(void **state)
{
    static struct mt_known k;
    struct mt_edit e = {.len = 0};
    uint8_t bytes[64];
    char text[MT_EDIT_BYTES + 1];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    (void)state;
    memset(text, 'x', MT_EDIT_BYTES);
    text[MT_EDIT_BYTES] = '\0';
    memcpy(text + MT_EDIT_BYTES - 6, " outco", 6);
    mt_edit_set(&e, text);
    mt_complete_filter(&e, 0, &k, &b);
    assert_string_equal(e.text, text);
}

/* ---- history ---- */

static void lines_come_back(void **state)
{
    static struct mt_history h;
    struct mt_edit e = {.len = 0};
    (void)state;
    memset(&h, 0, sizeof h);
    mt_edit_set(&e, "unfinished");
    mt_history_step(&h, -1, &e); /* nothing there */
    assert_string_equal(e.text, "unfinished");
    mt_history_add(&h, "one");
    mt_history_add(&h, "two");
    mt_history_add(&h, "two"); /* once */
    mt_history_add(&h, "");
    mt_history_step(&h, -1, &e);
    assert_string_equal(e.text, "two");
    mt_history_step(&h, -1, &e);
    mt_history_step(&h, -1, &e);
    assert_string_equal(e.text, "one");
    mt_history_step(&h, 1, &e);
    mt_history_step(&h, 1, &e);
    assert_string_equal(e.text, "unfinished");
    mt_history_step(&h, 1, &e);
    assert_string_equal(e.text, "unfinished");
}

static void old_lines_make_room(void **state)
{
    static struct mt_history h;
    static char line[MT_HISTORY_BYTES + 1];
    struct mt_edit e = {.len = 0};
    (void)state;
    memset(&h, 0, sizeof h);
    mt_edit_set(&e, "");
    for (int i = 0; i < 2 * MT_HISTORY_LINES; i++) {
        (void)snprintf(line, sizeof line, "line %d", i);
        mt_history_add(&h, line);
    }
    memset(line, 'x', MT_HISTORY_BYTES);
    mt_history_add(&h, line); /* too long */
    assert_int_equal(h.count, MT_HISTORY_LINES);
    mt_history_step(&h, -1, &e);
    assert_string_equal(e.text, "line 63");
    for (int i = 0; i < 2 * MT_HISTORY_LINES; i++)
        mt_history_step(&h, -1, &e);
    assert_string_equal(e.text, "line 32");
}

/* ---- marks ---- */

static const char *filter_of(const struct mt_marks *m, uint8_t screen)
{
    static char text[8192];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    mt_marks_filter(m, screen, &b);
    assert_false(b.full);
    text[b.len] = '\0';
    return text;
}

static void marks_are_a_filter(void **state)
{
    static struct mt_marks m;
    (void)state;
    m.count = 0;
    assert_string_equal(filter_of(&m, 0), "");
    assert_int_equal(mt_marks_toggle(&m, 0, 7, MT_SPAN("svc=cart")), 1);
    assert_int_equal(mt_marks_toggle(&m, 0, 8, MT_SPAN("svc=\"a b\"")), 1);
    assert_int_equal(mt_marks_toggle(&m, 1, 7, MT_SPAN("svc=x\nmethod=GET")),
                     1);
    assert_string_equal(filter_of(&m, 0), "svc in (cart, \"a b\")");
    assert_string_equal(filter_of(&m, 1), "(svc=x method=GET)");
    assert_int_equal(mt_marks_toggle(&m, 1, 9, MT_SPAN("svc=y\nmethod=PUT")),
                     1);
    assert_string_equal(filter_of(&m, 1),
                        "(svc=x method=GET) or (svc=y method=PUT)");
    assert_int_equal(mt_marks_toggle(&m, 0, 7, MT_SPAN("svc=cart")), 0);
    assert_false(mt_marks_has(&m, 0, 7));
    assert_true(mt_marks_has(&m, 1, 7));
    assert_int_equal(mt_marks_count(&m, 1), 2);
    assert_string_equal(filter_of(&m, 0), "svc in (\"a b\")");
}

static void marks_are_bounded(void **state)
{
    static struct mt_marks m;
    char longest[MT_MARK_BYTES + 1];
    (void)state;
    m.count = 0;
    memset(longest, 'x', sizeof longest);
    struct mt_span terms = {(const uint8_t *)longest, MT_MARK_BYTES};
    assert_int_equal(mt_marks_toggle(&m, 0, 1, terms), -ENOSPC);
    assert_int_equal(mt_marks_toggle(&m, 0, 1, MT_SPAN("")), -ENOSPC);
    for (uint64_t i = 0; i < MT_MARKS_MAX; i++)
        assert_int_equal(mt_marks_toggle(&m, 0, i, MT_SPAN("id=1")), 1);
    assert_int_equal(mt_marks_toggle(&m, 0, 999, MT_SPAN("id=1")), -ENOSPC);
    assert_int_equal(mt_marks_toggle(&m, 0, 5, MT_SPAN("id=1")), 0);
    assert_int_equal(mt_marks_toggle(&m, 0, 999, MT_SPAN("id=1")), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_completed_as_far_as_they_agree),
        cmocka_unit_test(filters_are_completed_from_what_is_known),
        cmocka_unit_test(a_full_line_is_not_completed),
        cmocka_unit_test(lines_come_back),
        cmocka_unit_test(old_lines_make_room),
        cmocka_unit_test(marks_are_a_filter),
        cmocka_unit_test(marks_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
