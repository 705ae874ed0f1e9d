/* Trees out of edges: who is called by nobody begins, shared services are
 * opened once, cycles end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "tui/screen.h"

/* Edges as text, "ab bc": a calls b. The tree as text, a line a service. */
static const char *tree(const char *edges, bool failing_only)
{
    static char shown[4096];
    static char names[26][2];
    static struct mt_row rows[64];
    struct mt_snapshot a = {.rows = {.rows = rows}};
    struct mt_lines lines = {0};
    struct mt_buf b = mt_buf_of(shown, sizeof shown - 1);
    for (; edges[0] != '\0'; edges += edges[2] == ' ' ? 3 : 2) {
        int from = edges[0] - 'a', to = edges[1] - 'a';
        bool fails = to < 0; /* "aB": it fails */
        to = fails ? edges[1] - 'A' : to;
        names[from][0] = edges[0];
        names[to][0] = (char)('a' + to);
        rows[a.rows.count++] = (struct mt_row){.client = names[from],
                                               .server = names[to],
                                               .client_id = from,
                                               .server_id = to,
                                               .counts.failure = fails};
    }
    assert_true(mt_screen_class_topology.arrange(&a, failing_only, &lines));
    for (size_t i = 0; i < lines.count; i++) {
        mt_screen_class_topology.lead(&lines.list[i], &b);
        mt_put_char(&b, '\n');
    }
    shown[b.len] = '\0';
    free(lines.list);
    return shown;
}

static void begins_with_who_is_called_by_nobody(void **state)
{
    (void)state;
    assert_string_equal(tree("", false), "");
    assert_string_equal(tree("bc ab", false), "a\n└▶ b\n   └▶ c\n");
    assert_string_equal(tree("ab ac bd", false), "a\n├▶ b\n│  └▶ d\n└▶ c\n");
    assert_string_equal(tree("ab cd", false), "a\n└▶ b\nc\n└▶ d\n");
}

static void what_is_shared_is_opened_once(void **state)
{
    (void)state;
    assert_string_equal(tree("ab ac bd cd de", false),
                        "a\n├▶ b\n│  └▶ d\n│     └▶ e\n└▶ c\n   └▶ d ↑\n");
    /* who calls nobody has nothing to open */
    assert_string_equal(tree("ab ac bd cd", false),
                        "a\n├▶ b\n│  └▶ d\n└▶ c\n   └▶ d\n");
    /* the same two by another protocol */
    assert_string_equal(tree("ab ab bc", false), "a\n├▶ b\n│  └▶ c\n└▶ b ↑\n");
}

static void cycles_end(void **state)
{
    (void)state;
    assert_string_equal(tree("ab bc cb", false),
                        "a\n└▶ b\n   └▶ c\n      └▶ b ↻\n");
    assert_string_equal(tree("ab ba", false), "a\n└▶ b\n   └▶ a ↻\n");
    assert_string_equal(tree("aa", false), "a\n└▶ a ↻\n");
}

static void deep_ones_are_cut(void **state)
{
    char edges[3 * 26] = "";
    (void)state;
    for (int i = 0; i < 25; i++) {
        edges[3 * i] = (char)('a' + i);
        edges[3 * i + 1] = (char)('b' + i);
        edges[3 * i + 2] = i < 24 ? ' ' : '\0';
    }
    const char *shown = tree(edges, false);
    size_t lines = 0;
    for (; *shown != '\0'; shown++)
        lines += *shown == '\n';
    assert_int_equal(lines, 26);
}

static void failures_alone(void **state)
{
    (void)state;
    assert_string_equal(tree("aB ac dc", true), "a\n├▶ b\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_who_is_called_by_nobody),
        cmocka_unit_test(what_is_shared_is_opened_once),
        cmocka_unit_test(cycles_end),
        cmocka_unit_test(deep_ones_are_cut),
        cmocka_unit_test(failures_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
