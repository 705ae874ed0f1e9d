/* Which route takes a request: every part of a match, and the order of the
 * Gateway API among routes that all match. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/rc.h"
#include "build.h"
#include "proxy-lite/policy/random.h"
#include "proxy-lite/policy/shadow.h"

struct ask {
    const char *method, *host, *path, *query;
    struct mt_policy_field fields[LIST_MAX];
    bool grpc;
    uint32_t listener;
};

static struct mt_policy_request request_of(const struct ask *a)
{
    struct mt_policy_request r = {
        .method = mt_span_str(a->method != NULL ? a->method : "GET"),
        .scheme = MT_SPAN("http"),
        .host = mt_span_str(a->host),
        .path = mt_span_str(a->path != NULL ? a->path : "/"),
        .query = mt_span_str(a->query),
        .fields = a->fields,
        .listener = a->listener,
        .grpc = a->grpc};
    while (r.fields_count < LIST_MAX && a->fields[r.fields_count].name.len > 0)
        r.fields_count++;
    return r;
}

static const struct mt_policy_entry *matched(const struct mt_policy *p,
                                             const struct ask *a)
{
    struct mt_policy_request r = request_of(a);
    struct mt_regex_scratch *s = mt_regex_scratch_new();
    assert_non_null(s);
    const struct mt_policy_entry *e = mt_match(p, &r, s);
    assert_int_equal(mt_regex_scratch_given_up(s), 0);
    mt_regex_scratch_free(s);
    return e;
}

static bool takes(const struct want *w, const struct ask *a)
{
    struct mt_policy *p = mt_policy_new();
    assert_non_null(p);
    (void)add_route(p, w);
    assert_int_equal(mt_policy_seal(p), 0);
    bool yes = matched(p, a) != NULL;
    mt_policy_free(p);
    return yes;
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        int how;
        const char *pattern, *path;
        bool yes;
    } rows[] = {
        {MT_PATH_EXACT, "/cart", "/cart", true},
        {MT_PATH_EXACT, "/cart", "/cart/", false},
        {MT_PATH_EXACT, "/cart", "/Cart", false},
        {MT_PATH_PREFIX, "/cart", "/cart", true},
        {MT_PATH_PREFIX, "/cart", "/cart/", true},
        {MT_PATH_PREFIX, "/cart", "/cart/7", true},
        {MT_PATH_PREFIX, "/cart", "/cartel", false},
        {MT_PATH_PREFIX, "/cart", "/car", false},
        {MT_PATH_PREFIX, "", "/anything", true},
        {MT_PATH_PREFIX, "", "*", false}, /* OPTIONS * is below nothing */
        {MT_PATH_REGEX, "/u/\\d+", "/u/12", true},
        {MT_PATH_REGEX, "/u/\\d+", "/u/12/x", false},
        {MT_PATH_REGEX, "u", "/u", false},
        {MT_PATH_GRPC_METHOD, "Get", "/a.B/Get", true},
        {MT_PATH_GRPC_METHOD, "Get", "/a.B/GetAll", false},
        {MT_PATH_GRPC_METHOD, "Get", "/Get", false},
        {MT_PATH_GRPC_METHOD, "Get", "", false},
        {MT_PATH_GRPC_METHOD, "Get", "//Get", false},
        {MT_PATH_GRPC_METHOD, "Get", "/a/b/Get", false},
        {MT_PATH_ANY, "", "*", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct want w = {.how = rows[i].how, .path = rows[i].pattern};
        struct ask a = {.path = rows[i].path};
        if (takes(&w, &a) != rows[i].yes)
            fail_msg("%s %s over %s", mt_path_match_text((unsigned)rows[i].how),
                     rows[i].pattern, rows[i].path);
    }
}

static void test_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *wanted, *host;
        bool yes;
    } rows[] = {
        {"api.example", "api.example", true},
        {"api.example", "API.Example", true},
        {"api.example", "api.example.", true},
        {"api.example", "xapi.example", false},
        {"*.example", "api.example", true},
        {"*.example", "a.b.EXAMPLE", true},
        {"*.example", "example", false},
        {"*.example", ".example", false},
        {"*.example", "apiexample", false},
        {NULL, "", true},
        {"api.example", "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct want w = {.host = rows[i].wanted};
        struct ask a = {.host = rows[i].host};
        if (takes(&w, &a) != rows[i].yes)
            fail_msg("%s over %s", rows[i].wanted, rows[i].host);
    }
}

#define HEADER(n, v)           \
    {                          \
        MT_SPAN(n), MT_SPAN(v) \
    }

static void test_headers(void **state)
{
    (void)state;
    const struct {
        int how;
        const char *value;
        struct ask ask;
        bool yes;
    } rows[] = {
        {MT_COMPARE_EXACT, "1", {.fields = {HEADER("X-Canary", "1")}}, true},
        {MT_COMPARE_EXACT, "1", {.fields = {HEADER("x-canary", "12")}}, false},
        {MT_COMPARE_EXACT, "1", {.fields = {HEADER("x-canar", "1")}}, false},
        {MT_COMPARE_EXACT,
         "1",
         {.fields = {HEADER("x-canary", "0"), HEADER("x-canary", "1")}},
         true},
        {MT_COMPARE_PREFIX,
         "v1",
         {.fields = {HEADER("x-canary", "v12")}},
         true},
        {MT_COMPARE_PREFIX,
         "v1",
         {.fields = {HEADER("x-canary", "v2")}},
         false},
        {MT_COMPARE_REGEX,
         "v[0-9]",
         {.fields = {HEADER("x-canary", "v2")}},
         true},
        {MT_COMPARE_REGEX,
         "v[0-9]",
         {.fields = {HEADER("x-canary", "v22")}},
         false},
        {MT_COMPARE_PRESENT, "", {.fields = {HEADER("x-canary", "")}}, true},
        {MT_COMPARE_PRESENT, "", {.fields = {HEADER("x-other", "1")}}, false},
        {MT_COMPARE_ABSENT, "", {.fields = {HEADER("x-other", "1")}}, true},
        {MT_COMPARE_ABSENT, "", {.fields = {HEADER("x-canary", "")}}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct want w = {
            .headers = {field("x-canary", rows[i].how, rows[i].value)}};
        if (takes(&w, &rows[i].ask) != rows[i].yes)
            fail_msg("row %zu", i);
    }
}

static void test_query(void **state)
{
    (void)state;
    static const struct {
        int how;
        const char *value, *query;
        bool yes;
    } rows[] = {
        {MT_COMPARE_EXACT, "a b", "x=1&user=a+b", true},
        {MT_COMPARE_EXACT, "a b", "user=a%20b", true},
        {MT_COMPARE_EXACT, "a b", "us%65r=a%20b", true},
        {MT_COMPARE_EXACT, "a b", "user=ab", false},
        {MT_COMPARE_EXACT, "a=b", "user=a=b", true},
        {MT_COMPARE_EXACT, "%4", "user=%4", true}, /* no escape */
        {MT_COMPARE_EXACT, "", "user", true},
        {MT_COMPARE_EXACT, "2", "user=1&user=2", true},
        {MT_COMPARE_PREFIX, "ab", "user=abc", true},
        {MT_COMPARE_REGEX, "\\d+", "user=12", true},
        {MT_COMPARE_REGEX, "\\d+", "user=12a", false},
        {MT_COMPARE_PRESENT, "", "user=", true},
        {MT_COMPARE_PRESENT, "", "", false},
        {MT_COMPARE_PRESENT, "", "&&users=1", false},
        {MT_COMPARE_ABSENT, "", "a=1", true},
        {MT_COMPARE_ABSENT, "", "user", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct want w = {.query = {field("user", rows[i].how, rows[i].value)}};
        struct ask a = {.query = rows[i].query};
        if (takes(&w, &a) != rows[i].yes)
            fail_msg("row %zu: %s", i, rows[i].query);
    }
}

/* Its bound is exact, and what is longer is no match. */
static void test_a_long_query_value(void **state)
{
    (void)state;
    char query[2100] = "user=", wanted[2100] = "";
    memset(query + 5, 'a', 1024);
    memset(wanted, 'a', 1024);
    struct want w = {.query = {field("user", MT_COMPARE_EXACT, wanted)}};
    struct ask a = {.query = query};
    assert_true(takes(&w, &a));
    strcat(query, "a");
    strcat(wanted, "a");
    w.query[0] = field("user", MT_COMPARE_EXACT, wanted);
    assert_false(takes(&w, &a));
    w.query[0] = field("user", MT_COMPARE_PRESENT, "");
    assert_true(takes(&w, &a));
}

static void test_methods_grpc_and_listeners(void **state)
{
    (void)state;
    struct want methods = {.methods = {"GET", "HEAD"}};
    assert_true(takes(&methods, &(struct ask){.method = "HEAD"}));
    assert_false(takes(&methods, &(struct ask){.method = "POST"}));
    assert_false(takes(&methods, &(struct ask){.method = "get"}));
    struct want grpc = {.grpc = true};
    assert_true(takes(&grpc, &(struct ask){.grpc = true}));
    assert_false(takes(&grpc, &(struct ask){.grpc = false}));
    struct want listeners = {.listeners = 1u << 2};
    assert_true(takes(&listeners, &(struct ask){.listener = 2}));
    assert_false(takes(&listeners, &(struct ask){.listener = 1}));
    assert_false(takes(&listeners, &(struct ask){.listener = 64}));
}

/* Each route matches the request; written in the opposite order, the rows
 * show what stands before what. */
static void test_precedence(void **state)
{
    (void)state;
    const struct want ordered[] = {
        {.name = "host", .host = "api.example"},
        {.name = "long suffix",
         .host = "*.example",
         .how = MT_PATH_EXACT,
         .path = "/cart/7"},
        {.name = "exact", .how = MT_PATH_EXACT, .path = "/cart/7"},
        {.name = "regex", .how = MT_PATH_REGEX, .path = "/cart/.*"},
        {.name = "long prefix", .how = MT_PATH_PREFIX, .path = "/cart/7"},
        {.name = "prefix method",
         .how = MT_PATH_PREFIX,
         .path = "/cart",
         .methods = {"GET"}},
        {.name = "prefix headers",
         .how = MT_PATH_PREFIX,
         .path = "/cart",
         .headers = {field("a", MT_COMPARE_EXACT, "1"),
                     field("b", MT_COMPARE_EXACT, "1")}},
        {.name = "prefix header and query",
         .how = MT_PATH_PREFIX,
         .path = "/cart",
         .headers = {field("a", MT_COMPARE_EXACT, "1")},
         .query = {field("q", MT_COMPARE_EXACT, "1")}},
        {.name = "prefix header",
         .how = MT_PATH_PREFIX,
         .path = "/cart",
         .headers = {field("a", MT_COMPARE_EXACT, "1")}},
        {.name = "prefix query",
         .how = MT_PATH_PREFIX,
         .path = "/cart",
         .query = {field("q", MT_COMPARE_EXACT, "1")}},
        {.name = "prefix", .how = MT_PATH_PREFIX, .path = "/cart"},
        {.name = "root", .how = MT_PATH_PREFIX, .path = ""},
        {.name = "any, first in the file"},
        {.name = "any, second"},
    };
    enum { N = sizeof ordered / sizeof ordered[0] };
    struct ask a = {.host = "api.example",
                    .path = "/cart/7",
                    .query = "q=1",
                    .fields = {HEADER("a", "1"), HEADER("b", "1")}};
    for (size_t from = 0; from < N; from++) { /* without those before it */
        struct mt_policy *p = mt_policy_new();
        assert_non_null(p);
        for (size_t i = N - 2; i > from; i--)
            (void)add_route(p, &ordered[i - 1]);
        (void)add_route(p, &ordered[N - 2]);
        (void)add_route(p, &ordered[N - 1]);
        if (from == N - 1)
            p->routes[0]->listeners = 0;
        assert_int_equal(mt_policy_seal(p), 0);
        const struct mt_policy_entry *e = matched(p, &a);
        assert_non_null(e);
        if (!mt_span_eq(e->route->name, mt_span_str(ordered[from].name)))
            fail_msg("%s, not %.*s", ordered[from].name,
                     (int)e->route->name.len, (const char *)e->route->name.ptr);
        mt_policy_free(p);
    }
}

/* Why not, in words: the first part that fails. */
static void test_why_not(void **state)
{
    (void)state;
    const struct {
        struct want want;
        struct ask ask;
        const char *part, *words;
    } rows[] = {
        {{.host = "*.example"},
         {.host = "b"},
         "host",
         "\"b\" is not below \".example\""},
        {{.how = MT_PATH_PREFIX, .path = "/a"},
         {.path = "/ab"},
         "path",
         "\"/ab\" is not at or below \"/a\""},
        {{.methods = {"GET", "HEAD", "PUT"}},
         {.method = "POST"},
         "method",
         "POST is not GET, HEAD or PUT"},
        {{.headers = {{.name = MT_SPAN("a"), .how = MT_COMPARE_ABSENT}}},
         {.fields = {HEADER("a", "1")}},
         "header",
         "a is there"},
        {{.query = {{.name = MT_SPAN("q"), .value = MT_SPAN("1")}}},
         {.query = "q=2"},
         "query",
         "q is not \"1\""},
        {{.grpc = true},
         {.path = "/"},
         "grpc",
         "the content-type is not application/grpc"},
        {{.listeners = 2},
         {.path = "/"},
         "listener",
         "the route is for other listeners"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_policy *p = mt_policy_new();
        struct mt_regex_scratch *s = mt_regex_scratch_new();
        uint8_t bytes[256];
        struct mt_buf out = mt_buf_of(bytes, sizeof bytes);
        (void)add_route(p, &rows[i].want);
        assert_int_equal(mt_policy_seal(p), 0);
        struct mt_policy_request r = request_of(&rows[i].ask);
        const struct mt_match_part *part = mt_match_fails(p->entries, &r, s);
        assert_non_null(part);
        assert_string_equal(part->name, rows[i].part);
        part->why_not(p->entries, &r, s, &out);
        mt_put_u8(&out, 0);
        assert_string_equal((const char *)bytes, rows[i].words);
        mt_regex_scratch_free(s);
        mt_policy_free(p);
    }
}

/* ---- the index finds what going through all of them would ---- */

static struct mt_random seed = {42};

static const char *one_of(const char *const *list, uint32_t n)
{
    return list[mt_random_below(&seed, n)];
}

static const char *any_host(void)
{
    static const char *const hosts[] = {
        NULL,    "a.example", "b.example", "*.example", "*.b.example",
        "a.b.c", "*.c",       "*.b.c",     "aa.b.c",    "x"};
    return one_of(hosts, sizeof hosts / sizeof hosts[0]);
}

static void random_route(struct mt_policy *p)
{
    static const char *const paths[] = {"",    "/a",  "/a/b", "/a/b/c", "/b",
                                        "/ab", "/a/", "//",   "/a//b",  "/c"};
    struct want w = {.host = any_host(),
                     .how = (int)mt_random_below(&seed, MT_PATH_COUNT)};
    w.path = one_of(paths, sizeof paths / sizeof paths[0]);
    if (w.how == MT_PATH_REGEX)
        w.path = mt_random_below(&seed, 2) ? "/a.*" : "/[ab]";
    if (w.how == MT_PATH_GRPC_METHOD)
        w.path = "b";
    if (w.how == MT_PATH_ANY)
        w.path = NULL;
    if (mt_random_below(&seed, 3) == 0)
        w.methods[0] = "GET";
    if (mt_random_below(&seed, 3) == 0)
        w.headers[0] = field("x", MT_COMPARE_EXACT, "1");
    (void)add_route(p, &w);
}

static struct ask random_ask(void)
{
    static const char *const hosts[] = {
        "a.example", "A.EXAMPLE.", "b.example", "a.b.example", ".example",
        "example",   "a.b.c",      "aa.b.c",    "z.b.c",       "c",
        "",          "x",          "..c"};
    static const char *const paths[] = {"/",   "/a", "/a/", "/a/b", "/a/b/c/d",
                                        "/ab", "/b", "//",  "//x",  "/a//b",
                                        "/c",  "*",  "",    "/x/b"};
    struct ask a = {.host = one_of(hosts, sizeof hosts / sizeof hosts[0]),
                    .path = one_of(paths, sizeof paths / sizeof paths[0]),
                    .method = mt_random_below(&seed, 2) ? "GET" : "PUT"};
    if (mt_random_below(&seed, 2) == 0)
        a.fields[0] = (struct mt_policy_field)HEADER("x", "1");
    return a;
}

static void test_the_index_changes_nothing(void **state)
{
    (void)state;
    struct mt_regex_scratch *s = mt_regex_scratch_new();
    unsigned found = 0;
    for (int times = 0; times < 300; times++) {
        struct mt_policy *p = mt_policy_new();
        for (uint32_t n = mt_random_below(&seed, 60); n > 0; n--)
            random_route(p);
        assert_int_equal(mt_policy_seal(p), 0);
        for (int k = 0; k < 300; k++) {
            struct ask a = random_ask();
            struct mt_policy_request r = request_of(&a);
            const struct mt_policy_entry *e = NULL;
            for (uint32_t i = 0; i < p->entries_count && e == NULL; i++)
                if (mt_match_fails(&p->entries[i], &r, s) == NULL)
                    e = &p->entries[i];
            if (mt_match(p, &r, s) != e)
                fail_msg("%s %s", a.host, a.path);
            found += e != NULL;
            if (e != NULL)
                assert_null(mt_policy_shadowed(p, e->route));
        }
        mt_policy_free(p);
    }
    assert_in_range(found, 30000, 89000);
    mt_regex_scratch_free(s);
}

/* ---- threads share a policy, each with its scratch ---- */

static void *match_many(void *arg)
{
    static const struct ask asks[] = {
        {.path = "/u/7"}, {.path = "/u/x"}, {.path = "/v/1"}};
    const struct mt_policy *p = arg;
    struct mt_regex_scratch *s = mt_regex_scratch_new();
    uintptr_t right = s != NULL;
    for (int i = 0; i < 20000 && right; i++) {
        struct mt_policy_request r = request_of(&asks[i % 3]);
        const struct mt_policy_entry *e = mt_match(p, &r, s);
        right = i % 3 == 0   ? e != NULL && e->route->index == 0
                : i % 3 == 1 ? e != NULL && e->route->index == 1
                             : e == NULL;
    }
    mt_regex_scratch_free(s);
    return (void *)right;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[3];
    struct mt_policy *p = mt_policy_new();
    (void)add_route(p, &(struct want){.how = MT_PATH_REGEX, .path = "/u/\\d+"});
    (void)add_route(p, &(struct want){.how = MT_PATH_PREFIX, .path = "/u"});
    assert_int_equal(mt_policy_seal(p), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, match_many, p), 0);
    for (int i = 0; i < 3; i++) {
        void *right;
        assert_int_equal(pthread_join(threads[i], &right), 0);
        assert_non_null(right);
    }
    mt_policy_free(p);
}

/* A prefix as long as may be, and a path far longer, all of it slashes. */
static void test_long_paths(void **state)
{
    (void)state;
    static char prefix[MT_POLICY_PATH_MAX + 2], path[1 << 16];
    memset(prefix, '/', MT_POLICY_PATH_MAX);
    memset(path, '/', sizeof path - 1);
    struct want w = {.how = MT_PATH_PREFIX, .path = prefix};
    struct ask a = {.path = path};
    assert_true(takes(&w, &a));
    a.path = prefix + 1;
    assert_false(takes(&w, &a));
    struct mt_policy *p = mt_policy_new();
    prefix[MT_POLICY_PATH_MAX] = '/';
    (void)add_route(p, &w);
    assert_int_equal(mt_policy_seal(p), MT_ELIMIT);
    mt_policy_free(p);
}

static void test_bounds(void **state)
{
    (void)state;
    struct mt_policy *p = mt_policy_new();
    for (unsigned i = 0; i < MT_POLICY_ROUTES_MAX; i++)
        assert_non_null(mt_policy_add_route(p));
    assert_null(mt_policy_add_route(p));
    assert_int_equal(mt_policy_seal(p), 0);
    assert_int_equal(p->entries_count, MT_POLICY_ROUTES_MAX);
    static const struct mt_policy_host hosts[5];
    for (unsigned i = 0; i < MT_POLICY_ROUTES_MAX; i++) {
        p->routes[i]->hosts = hosts;
        p->routes[i]->hosts_count = 5;
    }
    assert_int_equal(mt_policy_seal(p), MT_ELIMIT);
    mt_policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_a_long_query_value),
        cmocka_unit_test(test_methods_grpc_and_listeners),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_why_not),
        cmocka_unit_test(test_the_index_changes_nothing),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_long_paths),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
