#include "messages.h"

#include "proxy-lite/http/target.h"

static bool is(struct mt_span s, const char *text)
{
    return mt_span_eq(s, mt_span_str(text));
}

static void test_forms(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target, *scheme, *authority, *path;
    } rows[] = {
        {"GET", "/", "", "", "/"},
        {"GET", "/a?b=c", "", "", "/a?b=c"},
        {"GET", "http://h/a?b", "http", "h", "/a?b"},
        {"GET", "http://h?a=/", "http", "h", "?a=/"},
        {"OPTIONS", "http://h?a", "http", "h", "?a"},
        {"GET", "http://h:80", "http", "h:80", "/"},
        {"OPTIONS", "*", "", "", "*"},
        {"OPTIONS", "http://h:1", "http", "h:1", "*"},
        {"OPTIONS", "http://h:1/", "http", "h:1", "/"},
        {"CONNECT", "h:443", "", "h:443", ""},
        {"CONNECT", "[::1]:443", "", "[::1]:443", ""},
        /* refused: scheme NULL */
        {"GET", "", NULL, NULL, NULL},
        {"GET", "a", NULL, NULL, NULL},
        {"GET", "/a#b", NULL, NULL, NULL},
        {"GET", "http:/h/", NULL, NULL, NULL},
        {"GET", "http://u@h/", NULL, NULL, NULL},
        {"GET", "http:///a", NULL, NULL, NULL},
        {"GET", "http://h:99999/", NULL, NULL, NULL},
        {"CONNECT", "h", NULL, NULL, NULL},
        {"CONNECT", "h:", NULL, NULL, NULL},
        {"CONNECT", "/a", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_target t;
        bool ok = mt_target_split(mt_span_str(rows[i].method),
                                  mt_span_str(rows[i].target), &t);
        if (ok != (rows[i].scheme != NULL))
            fail_msg("%s: %d", rows[i].target, ok);
        if (ok &&
            (!is(t.scheme, rows[i].scheme) ||
             !is(t.authority, rows[i].authority) || !is(t.path, rows[i].path)))
            fail_msg("%s is taken apart wrongly", rows[i].target);
    }
}

static void test_authorities(void **state)
{
    (void)state;
    static const struct {
        const char *authority, *host;
        unsigned port;
        bool ok;
    } rows[] = {
        {"h", "h", 0, true},
        {"h:8080", "h", 8080, true},
        {"h:", "h", 0, true},
        {"10.0.0.1:1", "10.0.0.1", 1, true},
        {"[::1]", "[::1]", 0, true},
        {"[::1]:65535", "[::1]", 65535, true},
        {"a_b.example:1", "a_b.example", 1, true},
        {"", "", 0, false},
        {":80", "", 80, false},
        {"h:65536", "h", 0, false},
        {"h:8o", "h", 0, false},
        {"h:1:2", "h", 0, false},
        {"u@h", "u@h", 0, false},
        {"h/x", "h/x", 0, false},
        {"a b", "a b", 0, false},
        {"[::1", "[::1", 0, false},
        {"[::1]x", "[::1]", 0, false},
        {"[]", "[]", 0, false},
        {"h\x80", "h\x80", 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint16_t port;
        struct mt_span a = mt_span_str(rows[i].authority);
        struct mt_span host = mt_authority_host(a, &port);
        if (mt_authority_ok(a) != rows[i].ok || !is(host, rows[i].host) ||
            port != rows[i].port)
            fail_msg("%s: %d %u", rows[i].authority, mt_authority_ok(a), port);
    }
}

static void test_dot_segments(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out; /* NULL: bad */
    } rows[] = {
        {"/", "/"},
        {"/a/b", "/a/b"},
        {"/a//b", "/a//b"},
        {"/a/./b", "/a/b"},
        {"/a/../b", "/b"},
        {"/a/b/..", "/a/"},
        {"/a/.", "/a/"},
        {"/.", "/"},
        {"/a/..", "/"},
        {"/a/%2e%2E/b", "/b"},
        {"/a/.%2e/b?x=/../y", "/b?x=/../y"},
        {"/a/.../b", "/a/.../b"},
        {"/a/..b/.c", "/a/..b/.c"},
        {"/a/%2eb", "/a/%2eb"},
        {"/a?/../b", "/a?/../b"},
        {"/a//../b", "/a/b"},
        {"/..", NULL},
        {"/a/../../b", NULL},
        {"/%2e%2e/b", NULL},
        {"*", "*"},
        {"", ""},
    };
    struct mt_pool pool;
    mt_pool_init(&pool, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_arena a;
        struct mt_span out;
        mt_arena_init(&a, &pool, 4096);
        enum mt_path_verdict v =
            mt_path_normal(&a, mt_span_str(rows[i].in), &out);
        enum mt_path_verdict want = rows[i].out == NULL ? MT_PATH_BAD
                                    : strcmp(rows[i].in, rows[i].out) == 0
                                        ? MT_PATH_AS_IS
                                        : MT_PATH_CHANGED;
        if (v != want || (v != MT_PATH_BAD && !is(out, rows[i].out)))
            fail_msg("%s: %d %.*s", rows[i].in, (int)v, (int)out.len, out.ptr);
        mt_arena_deinit(&a);
    }
    mt_pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_authorities),
        cmocka_unit_test(test_dot_segments),
    };
    return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
