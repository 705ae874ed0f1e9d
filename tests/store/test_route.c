#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/route.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void test_looks(void **state)
{
    (void)state;
    static const struct {
        const char *path, *want;
    } rows[] = {
        {"/", "/"},
        {"", ""},
        {"*", "*"},
        {"/users", "/users"},
        {"/users/", "/users/"},
        {"//users", "//users"},
        {"/users/42", "/users/{id}"},
        {"/users/42/", "/users/{id}/"},
        {"/users/42/orders/7", "/users/{id}/orders/{id}"},
        {"/sum/1,2,3", "/sum/{id}"},
        {"/at/-12.3456,45.01", "/at/{id}"},
        {"/api/v1/users", "/api/v1/users"},
        {"/2.0/users", "/2.0/users"},
        {"/oauth2/token", "/oauth2/token"},
        {"/sha256", "/sha256"},
        {"/order-8812", "/{id}"},
        {"/u/550e8400-e29b-41d4-a716-446655440000", "/u/{uuid}"},
        {"/u/550E8400-E29B-41D4-A716-446655440000", "/u/{uuid}"},
        {"/u/550e8400-e29b-41d4-a716-44665544000", "/u/{hash}"},
        {"/c/3f9a8c1d", "/c/{hash}"},
        {"/c/deadbeef", "/c/deadbeef"},
        {"/c/d41d8cd98f00b204e9800998ecf8427e", "/c/{hash}"},
        {"/t/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/t/{hash}"},
        {"/t/dGhpcyBpcyBhIHRlc3Q5OQ", "/t/{hash}"},
        {"/pkg.v1.Users/GetUserByIdV2Internal",
         "/pkg.v1.Users/GetUserByIdV2Internal"},
        {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Check"},
        {"/d/2026-11-22", "/d/{date}"},
        {"/d/20261122", "/d/{date}"},
        {"/d/20261322", "/d/{id}"},
        {"/d/2026-11-22T12:04:31Z", "/d/{date}"},
        {"/m/a.b@example.com", "/m/{email}"},
        {"/m/@me", "/m/@me"},
        {"/h/10.0.0.1", "/h/{ip}"},
        {"/h/2001:db8::1", "/h/{ip}"},
        {"/f/8812.json", "/f/{id}.json"},
        {"/f/report.json", "/f/report.json"},
        {"/static/main-3f9a8c1d.js", "/static/main-{hash}.js"},
        {"/static/app.3f9a8c1d.css", "/static/app.{hash}.css"},
        {"/static/jquery.min.js", "/static/jquery.min.js"},
        {"/a;jsessionid=1234ABCD/b", "/a/b"},
        {"/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r",
         "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/*"},
        {"/x/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaa",
         "/x/{text}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t out[MT_ROUTE_LEN_MAX], again[MT_ROUTE_LEN_MAX];
        size_t n = mt_route_template(mt_span_str(rows[i].path), out);
        struct mt_span got = {.ptr = out, .len = n};
        if (!mt_span_eq(got, mt_span_str(rows[i].want)))
            fail_msg("%s: got %.*s, want %s", rows[i].path, (int)n,
                     (const char *)out, rows[i].want);
        struct mt_span same = {.ptr = again,
                               .len = mt_route_template(got, again)};
        assert_true(mt_span_eq(got, same)); /* a template is its own */
    }
}

static void test_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *path;
        bool want;
    } rows[] = {
        {"/cart/*", "/cart/8", true},
        {"/cart/*", "/cart/8/items", true},
        {"/cart/*", "/cart/", false},
        {"/cart/*", "/cart", false},
        {"/users/{id}/orders", "/users/ann/orders", true},
        {"/users/{id}/orders", "/users/ann/orders/1", false},
        {"/users/{id}/orders", "/users//orders", false},
        {"/*/orders", "/ann/orders", true},
        {"/users", "/users", true},
        {"/users", "/users/", false},
        {"/", "/", true},
        {"/", "/x", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (mt_route_matches(mt_span_str(rows[i].pattern),
                             mt_span_str(rows[i].path)) != rows[i].want)
            fail_msg("%s on %s", rows[i].pattern, rows[i].path);
}

static struct mt_pool pool;
static struct mt_routes *routes;

static void begin(const struct mt_route_options *options)
{
    mt_pool_init(&pool, 64 << 20);
    routes = mt_routes_new(options, &pool);
    assert_non_null(routes);
}

static void end(void)
{
    mt_routes_free(routes);
    assert_int_equal(pool.used_bytes, 0);
    mt_pool_deinit(&pool);
}

static void expect(uint64_t service, const char *path, const char *want)
{
    struct mt_span got = mt_routes_of(routes, service, mt_span_str(path));
    if (!mt_span_eq(got, mt_span_str(want)))
        fail_msg("%s: got %.*s, want %s", path, (int)got.len,
                 (const char *)got.ptr, want);
}

static void test_learns_what_varies(void **state)
{
    (void)state;
    begin(&(struct mt_route_options){.branch_max = 10});
    char path[64];
    for (unsigned i = 0; i < 10; i++) {
        (void)snprintf(path, sizeof path, "/by-name/%c%c/profile", 'a' + i,
                       'b' + i);
        expect(1, path, path);
    }
    expect(1, "/by-name/zoe/profile", "/by-name/{id}/profile");
    expect(1, "/by-name/yan/orders", "/by-name/{id}/orders");
    expect(1, "/by-name/77/orders", "/by-name/{id}/orders");
    /* those that had a route of their own keep it, here and everywhere */
    expect(1, "/by-name/ab/profile", "/by-name/ab/profile");
    expect(1, "/by-name/ab/orders", "/by-name/ab/orders");
    expect(1, "/elsewhere/zoe", "/elsewhere/zoe");
    expect(2, "/by-name/zoe/profile", "/by-name/zoe/profile");
    end();
}

static void test_cap_a_service(void **state)
{
    (void)state;
    begin(&(struct mt_route_options){.routes_max = 3, .services_max = 2});
    expect(1, "/a", "/a");
    expect(1, "/b/c", "/b/c");
    expect(1, "/d", "/d");
    expect(1, "/e", "{other}");
    expect(1, "/b", "{other}"); /* a node, but no route */
    expect(1, "/b/c", "/b/c");
    expect(1, "/e", "{other}");
    expect(2, "/e", "/e");
    expect(3, "/a", "{other}");
    end();
}

static void test_user_patterns_win(void **state)
{
    (void)state;
    const struct mt_span patterns[] = {
        MT_SPAN("/users/me"), MT_SPAN("/users/{name}"), MT_SPAN("/static/*")};
    begin(&(struct mt_route_options){
        .patterns = patterns, .patterns_count = 3, .routes_max = 1});
    expect(1, "/users/me", "/users/me");
    expect(1, "/users/ann", "/users/{name}");
    expect(1, "/static/js/app.js", "/static/*");
    expect(1, "/a", "/a");
    expect(1, "/b", "{other}");
    expect(1, "/users/bob", "/users/{name}"); /* beyond the cap */
    end();
}

static void test_equal_routes_have_equal_pointers(void **state)
{
    (void)state;
    begin(&(struct mt_route_options){.routes_max = 0});
    struct mt_span a = mt_routes_of(routes, 1, MT_SPAN("/users/1"));
    struct mt_span b = mt_routes_of(routes, 1, MT_SPAN("/users/2"));
    assert_ptr_equal(a.ptr, b.ptr);
    expect(1, "", "");
    expect(1, "a", "a");
    expect(1, "/a", "/a");
    expect(1, "*", "*");
    end();
}

/* Random paths of few words: the same twice, with and without the cache in
 * between, and never more routes than the cap. */
static void some_path(uint64_t *seed, char *path, size_t size)
{
    static const char *const words[] = {"a",        "b", "users", "42",
                                        "3f9a8c1d", "",  "x.js",  "deep"};
    size_t n = 0;
    path[0] = 0;
    do {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t v = *seed >> 33;
        n += (size_t)snprintf(path + n, size - n, "/%s", words[v % 8]);
        if (v % 5 == 0)
            n += (size_t)snprintf(path + n, size - n, "%c%c",
                                  'a' + (int)(v / 64 % 26),
                                  'a' + (int)(v / 4096 % 26));
    } while (n + 24 < size && (*seed >> 40) % 4 != 0);
}

static uint64_t run(uint64_t *distinct)
{
    enum { CAP = 60 };
    const uint8_t *seen[4 * CAP];
    size_t seen_count = 0;
    uint64_t seed = 5, sum = 0;
    begin(&(struct mt_route_options){.routes_max = CAP, .branch_max = 8});
    for (unsigned i = 0; i < 50000; i++) {
        char path[200];
        some_path(&seed, path, sizeof path);
        struct mt_span r = mt_routes_of(routes, i % 3, mt_span_str(path));
        for (size_t k = 0; k < r.len; k++)
            sum = sum * 31 + r.ptr[k];
        size_t k = 0;
        while (k < seen_count && seen[k] != r.ptr)
            k++;
        if (k == seen_count) {
            assert_true(seen_count < COUNT(seen));
            seen[seen_count++] = r.ptr;
        }
    }
    *distinct = seen_count;
    end();
    return sum;
}

static void test_deterministic(void **state)
{
    (void)state;
    uint64_t first, second;
    assert_true(run(&first) == run(&second));
    assert_true(first == second && first > 100 && first <= 3 * 60 + 1);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct mt_pool small;
    char path[32];
    struct mt_span got = {.ptr = NULL, .len = 0};
    mt_pool_init(&small, 80 << 10);
    routes = mt_routes_new(
        &(struct mt_route_options){.routes_max = 100000, .branch_max = 100000},
        &small);
    assert_non_null(routes);
    for (unsigned i = 0; i < 5000; i++) {
        (void)snprintf(path, sizeof path, "/%c%c%c/w", 'a' + i % 26,
                       'a' + i / 26 % 26, 'a' + i / 676);
        got = mt_routes_of(routes, 1, mt_span_str(path));
        assert_true(got.len > 0);
    }
    assert_true(mt_span_eq(got, MT_SPAN("{other}")));
    expect(1, "/aaa/w", "/aaa/w");
    mt_routes_free(routes);
    assert_int_equal(small.used_bytes, 0);
    mt_pool_deinit(&small);
    mt_pool_init(&small, 64);
    assert_null(
        mt_routes_new(&(struct mt_route_options){.routes_max = 0}, &small));
    mt_pool_deinit(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looks),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_learns_what_varies),
        cmocka_unit_test(test_cap_a_service),
        cmocka_unit_test(test_user_patterns_win),
        cmocka_unit_test(test_equal_routes_have_equal_pointers),
        cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests_name("store/route", tests, NULL, NULL);
}
