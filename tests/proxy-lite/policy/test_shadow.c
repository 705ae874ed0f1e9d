/* Which routes no request reaches; and that of those none ever is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "build.h"
#include "proxy-lite/policy/shadow.h"

static void test_pairs(void **state)
{
    (void)state;
    const struct mt_policy_field_match x1 = field("x", MT_COMPARE_EXACT, "1");
    const struct mt_policy_field_match x2 = field("x", MT_COMPARE_EXACT, "2");
    const struct {
        struct want first, second;
        bool shadowed;
    } rows[] = {
        {{.name = "a"}, {.name = "b"}, true},
        {{.how = MT_PATH_PREFIX, .path = "/a"},
         {.how = MT_PATH_PREFIX, .path = "/a"},
         true},
        {{.how = MT_PATH_PREFIX, .path = "/a"},
         {.how = MT_PATH_EXACT, .path = "/a"},
         false},
        {{.host = "*.x"}, {.host = "*.x"}, true},
        {{.host = "*.x"}, {.host = "*.y"}, false},
        {{.methods = {"GET", "PUT"}}, {.methods = {"PUT"}}, true},
        {{.methods = {"PUT"}}, {.methods = {"GET", "PUT"}}, false},
        {{.headers = {x1}}, {.headers = {x1}}, true},
        {{.headers = {x1}}, {.headers = {x2}}, false},
        {{.headers = {x1}}, {.query = {x1}}, false},
        {{.query = {x1}}, {.query = {x1}}, true},
        {{.grpc = true}, {.grpc = true}, true},
        {{.listeners = 3}, {.listeners = 1}, true},
        {{.listeners = 1}, {.listeners = 3}, false},
        {{.how = MT_PATH_REGEX, .path = "/a"},
         {.how = MT_PATH_REGEX, .path = "/a"},
         true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_policy *p = mt_policy_new();
        struct mt_policy_route *a = add_route(p, &rows[i].first);
        struct mt_policy_route *b = add_route(p, &rows[i].second);
        assert_int_equal(mt_policy_seal(p), 0);
        assert_null(mt_policy_shadowed(p, a));
        if (mt_policy_shadowed(p, b) != (rows[i].shadowed ? a : NULL))
            fail_msg("row %zu", i);
        mt_policy_free(p);
    }
}

/* One way that is open is enough. */
static void test_all_ways(void **state)
{
    (void)state;
    struct mt_policy *p = mt_policy_new();
    struct mt_policy_route *a =
        add_route(p, &(struct want){.how = MT_PATH_EXACT, .path = "/a"});
    struct mt_policy_route *b =
        add_route(p, &(struct want){.how = MT_PATH_EXACT, .path = "/a"});
    static const struct mt_policy_match both[] = {
        {.path_how = MT_PATH_EXACT, .path = {(const uint8_t *)"/a", 2}},
        {.path_how = MT_PATH_EXACT, .path = {(const uint8_t *)"/b", 2}}};
    b->matches = both;
    b->matches_count = 2;
    assert_int_equal(mt_policy_seal(p), 0);
    assert_null(mt_policy_shadowed(p, b));
    b->matches_count = 1;
    assert_int_equal(mt_policy_seal(p), 0);
    assert_ptr_equal(mt_policy_shadowed(p, b), a);
    mt_policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_all_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
