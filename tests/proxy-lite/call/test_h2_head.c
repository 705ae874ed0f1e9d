#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proxy-lite/call/h2_impl.h"

/* What HTTP/1 refuses, and what routes compare, is the same by HTTP/2. */
static void targets_are_those_of_http1(void **state)
{
    static const struct {
        const char *method, *authority, *host, *path;
        const char *why; /* NULL: it is taken */
        const char *as;  /* its path then */
    } rows[] = {
        {"GET", "h", NULL, "/a?b=/../c", NULL, "/a?b=/../c"},
        {"GET", "h:80", "h:80", "/a/../b", NULL, "/b"},
        {"GET", "h", "H", "/a/%2E%2e/b", NULL, "/b"},
        {"GET", NULL, "h", "/", NULL, "/"},
        {"OPTIONS", "h", NULL, "*", NULL, "*"},
        {"CONNECT", "h:443", NULL, "", NULL, ""},
        {"GET", "h", NULL, "/../a", "bad_target", NULL},
        {"GET", "h", NULL, "/a/%2e%2e/..", "bad_target", NULL},
        {"GET", "h", NULL, "/a#b", "bad_target", NULL},
        {"GET", "h", NULL, "a", "bad_target", NULL},
        {"GET", "h", NULL, "", "bad_target", NULL},
        {"GET", "h", NULL, "http://g/a", "bad_target", NULL},
        {"GET", "h", NULL, "*", "bad_target", NULL},
        {"CONNECT", "h", NULL, "", "bad_target", NULL},
        {"GET", "h", "g", "/", "bad_host", NULL},
        {"GET", "u@h", NULL, "/", "bad_host", NULL},
        {"GET", "h/a", NULL, "/", "bad_host", NULL},
        {"GET", NULL, "h g", "/", "bad_host", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_pool pool;
        struct mt_head h;
        mt_pool_init(&pool, 1 << 20);
        mt_head_init(&h, &pool, 1 << 16);
        h.method = mt_span_str(rows[i].method);
        h.path = mt_span_str(rows[i].path);
        if (rows[i].authority != NULL)
            h.authority = mt_span_str(rows[i].authority);
        if (rows[i].host != NULL)
            assert_true(
                mt_head_add(&h, MT_SPAN("host"), mt_span_str(rows[i].host)));
        mt_h2_head_end(&h);
        const char *why = mt_h2_head_check(&h);
        if ((why == NULL) != (rows[i].why == NULL) ||
            (why != NULL && strcmp(why, rows[i].why) != 0))
            fail_msg("%s %s: %s", rows[i].method, rows[i].path,
                     why != NULL ? why : "taken");
        if (why == NULL)
            assert_true(mt_span_eq(h.path, mt_span_str(rows[i].as)));
        mt_head_deinit(&h);
        mt_pool_deinit(&pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_those_of_http1)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
