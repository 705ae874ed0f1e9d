/* What a route changes, and the share of each service behind one route. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy-lite/policy/rewrite.h"
#include "proxy-lite/policy/split.h"

static const char *text_of(struct mt_buf *b)
{
    assert_false(b->full);
    mt_put_u8(b, 0);
    return (const char *)b->ptr;
}

/* The table of Gateway API's HTTPPathModifier, and the whole path. */
static void test_paths(void **state)
{
    (void)state;
    static const struct {
        int match_how, how;
        const char *prefix, *by, *path, *gives;
    } rows[] = {
        {MT_PATH_PREFIX, MT_PATH_REPLACE_PREFIX, "/foo", "/xyz", "/foo/bar",
         "/xyz/bar"},
        {MT_PATH_PREFIX, MT_PATH_REPLACE_PREFIX, "/foo", "/xyz/", "/foo/bar",
         "/xyz/bar"},
        {MT_PATH_PREFIX, MT_PATH_REPLACE_PREFIX, "/foo", "/xyz", "/foo",
         "/xyz"},
        {MT_PATH_PREFIX, MT_PATH_REPLACE_PREFIX, "/foo", "/xyz/", "/foo",
         "/xyz/"},
        {MT_PATH_PREFIX, MT_PATH_REPLACE_PREFIX, "/foo", "/xyz", "/foo/",
         "/xyz/"},
        {MT_PATH_PREFIX, MT_PATH_REPLACE_PREFIX, "/foo", "", "/foo/bar",
         "/bar"},
        {MT_PATH_PREFIX, MT_PATH_REPLACE_PREFIX, "/foo", "/", "/foo/bar",
         "/bar"},
        {MT_PATH_PREFIX, MT_PATH_REPLACE_PREFIX, "/foo", "/", "/foo", "/"},
        {MT_PATH_PREFIX, MT_PATH_REPLACE_PREFIX, "/foo", "", "/foo", "/"},
        {MT_PATH_PREFIX, MT_PATH_REPLACE_PREFIX, "", "/xyz", "/bar",
         "/xyz/bar"},
        {MT_PATH_EXACT, MT_PATH_REPLACE_PREFIX, "/foo", "/xyz", "/foo", "/foo"},
        {MT_PATH_PREFIX, MT_PATH_REPLACE_ALL, "/foo", "/one", "/foo/bar",
         "/one"},
        {MT_PATH_PREFIX, MT_PATH_KEEP, "/foo", "/one", "/foo/bar", "/foo/bar"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bytes[64];
        struct mt_buf out = mt_buf_of(bytes, sizeof bytes);
        struct mt_policy_match m = {.path_how = (uint8_t)rows[i].match_how,
                                    .path = mt_span_str(rows[i].prefix)};
        struct mt_policy_rewrite w = {.path_how = (uint8_t)rows[i].how,
                                      .path = mt_span_str(rows[i].by)};
        mt_rewrite_path(&w, &m, mt_span_str(rows[i].path), &out);
        assert_string_equal(text_of(&out), rows[i].gives);
    }
}

static void test_locations(void **state)
{
    (void)state;
    const struct mt_policy_match any = {.path_how = MT_PATH_ANY};
    static const struct {
        const char *scheme, *host;
        uint16_t port, listener_port;
        const char *query, *gives;
    } rows[] = {
        {"https", "", 0, 8080, "", "https://shop.example/a"},
        {"https", "", 8443, 8080, "", "https://shop.example:8443/a"},
        {"", "other.example", 0, 8080, "", "http://other.example:8080/a"},
        {"", "", 0, 80, "x=1&y", "http://shop.example/a?x=1&y"},
        {"http", "", 443, 80, "", "http://shop.example:443/a"},
        {"https", "", 443, 80, "", "https://shop.example/a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bytes[64];
        struct mt_buf out = mt_buf_of(bytes, sizeof bytes);
        struct mt_policy_redirect d = {
            .scheme = mt_span_str(rows[i].scheme),
            .to = {.host = mt_span_str(rows[i].host)},
            .port = rows[i].port};
        struct mt_policy_request r = {.scheme = MT_SPAN("http"),
                                      .host = MT_SPAN("shop.example"),
                                      .path = MT_SPAN("/a"),
                                      .query = mt_span_str(rows[i].query),
                                      .port = rows[i].listener_port};
        mt_redirect_location(&d, &any, &r, &out);
        assert_string_equal(text_of(&out), rows[i].gives);
    }
    char small[8];
    struct mt_buf out = mt_buf_of(small, sizeof small);
    mt_redirect_location(
        &(struct mt_policy_redirect){.port = 1}, &any,
        &(struct mt_policy_request){.path = MT_SPAN("/abcdefg")}, &out);
    assert_true(out.full);
}

static void test_edits(void **state)
{
    (void)state;
    const struct mt_span removed[] = {MT_SPAN("x-secret")};
    const struct mt_policy_field set[] = {{MT_SPAN("x-env"), MT_SPAN("prod")}};
    const struct mt_policy_field added[] = {{MT_SPAN("x-add"), MT_SPAN("1")}};
    struct mt_policy_edits e = {.remove = removed,
                                .remove_count = 1,
                                .set = set,
                                .set_count = 1,
                                .add = added,
                                .add_count = 1};
    assert_true(mt_edits_drop(&e, MT_SPAN("X-Secret")));
    assert_true(mt_edits_drop(&e, MT_SPAN("X-Env")));
    assert_false(mt_edits_drop(&e, MT_SPAN("x-add")));
    assert_false(mt_edits_drop(&e, MT_SPAN("x-secrets")));
}

/* ---- shares ---- */

enum { N = 100000 };

static const struct mt_policy_backend backends[] = {
    {7, 90}, {8, 9}, {9, 0}, {3, 1}};

static struct mt_policy_split split_of(int sticky)
{
    return (struct mt_policy_split){.list = backends,
                                    .count = 4,
                                    .total = 100,
                                    .sticky = (uint8_t)sticky,
                                    .sticky_name = MT_SPAN("canary")};
}

/* Within one in a hundred of all requests. */
static void check_shares(const uint32_t counts[10])
{
    for (size_t i = 0; i < 4; i++) {
        double share = counts[backends[i].service] * 100.0 / N;
        double off = share - backends[i].weight;
        if (off > 1 || off < -1 || (backends[i].weight == 0 && share > 0))
            fail_msg("service %u got %.2f %%", backends[i].service, share);
    }
}

static void test_weights(void **state)
{
    (void)state;
    struct mt_policy_split split = split_of(MT_STICKY_NONE);
    struct mt_random random = {1};
    uint32_t counts[10] = {0};
    for (int i = 0; i < N; i++) {
        struct mt_split_choice c = mt_split_choose(
            &split, &(struct mt_policy_request){.port = 0}, &random);
        assert_false(c.token_is_new);
        counts[c.service]++;
    }
    check_shares(counts);
    split.total = 0;
    assert_int_equal(
        mt_split_choose(&split, &(struct mt_policy_request){.port = 0}, &random)
            .service,
        MT_POLICY_NONE);
}

static uint32_t chosen(const struct mt_policy_split *split, const char *name,
                       struct mt_span value, struct mt_random *random)
{
    struct mt_policy_field f = {mt_span_str(name), value};
    struct mt_policy_request r = {.fields = &f, .fields_count = 1};
    struct mt_split_choice c = mt_split_choose(split, &r, random);
    assert_false(c.token_is_new);
    return c.service;
}

/* A new client gets a token; with it, it comes to the same service again. */
static void test_sticky_by_cookie(void **state)
{
    (void)state;
    struct mt_policy_split split = split_of(MT_STICKY_COOKIE);
    struct mt_random random = {2};
    uint32_t counts[10] = {0};
    for (int i = 0; i < N; i++) {
        struct mt_split_choice c = mt_split_choose(
            &split, &(struct mt_policy_request){.port = 0}, &random);
        assert_true(c.token_is_new);
        counts[c.service]++;
        if (i >= 1000)
            continue;
        char line[64] = "a=1; canary=";
        memcpy(line + 12, c.token, sizeof c.token);
        memcpy(line + 12 + sizeof c.token, "; b=2", 6);
        assert_int_equal(chosen(&split, "Cookie", mt_span_str(line), &random),
                         c.service);
    }
    check_shares(counts);
}

/* Other cookies, an empty one, or one whose name only begins so: as new. */
static void test_without_the_cookie(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "", "a=1; b=2", "canary", "canary=", "canary2=1", "a=canary=1", ";;=;"};
    struct mt_policy_split split = split_of(MT_STICKY_COOKIE);
    struct mt_random random = {5};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct mt_policy_field f = {MT_SPAN("cookie"), mt_span_str(lines[i])};
        struct mt_policy_request r = {.fields = &f, .fields_count = 1};
        if (!mt_split_choose(&split, &r, &random).token_is_new)
            fail_msg("%s", lines[i]);
    }
}

static void test_sticky_by_header(void **state)
{
    (void)state;
    struct mt_policy_split split = split_of(MT_STICKY_HEADER);
    struct mt_random random = {3};
    uint32_t counts[10] = {0};
    for (uint32_t i = 0; i < N; i++) {
        struct mt_span user = {(const uint8_t *)&i, sizeof i};
        uint32_t first = chosen(&split, "Canary", user, &random);
        assert_int_equal(chosen(&split, "canary", user, &random), first);
        counts[first]++;
    }
    check_shares(counts);
}

/* From 90/10 to 80/20: nobody leaves the growing service. */
static void test_new_weights_move_few(void **state)
{
    (void)state;
    static const struct mt_policy_backend before[] = {{0, 90}, {1, 10}},
                                          after[] = {{0, 80}, {1, 20}};
    struct mt_policy_split a = split_of(MT_STICKY_HEADER), b = a;
    struct mt_random random = {4};
    a.list = before;
    b.list = after;
    a.count = b.count = 2;
    unsigned moved = 0;
    for (uint32_t i = 0; i < N; i++) {
        struct mt_span user = {(const uint8_t *)&i, sizeof i};
        uint32_t was = chosen(&a, "canary", user, &random);
        uint32_t is = chosen(&b, "canary", user, &random);
        assert_true(was == is || was == 0);
        moved += was != is;
    }
    assert_in_range(moved, N / 100 * 9, N / 100 * 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_locations),
        cmocka_unit_test(test_edits),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_sticky_by_cookie),
        cmocka_unit_test(test_without_the_cookie),
        cmocka_unit_test(test_sticky_by_header),
        cmocka_unit_test(test_new_weights_move_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
