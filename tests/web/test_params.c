/* Parameters out of queries: what is read, and what is told of what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "web/limits.h"
#include "web/params.h"

#define ALL ((UINT32_C(1) << MT_WEB_PARAM_COUNT) - 1)

/* The memory is of the exact size that is promised to be enough. */
struct parsed {
    struct mt_web_params p;
    struct mt_web_problem why;
    uint8_t *query, *memory;
    int rc;
};

static struct parsed parse(const char *query, uint32_t allowed)
{
    struct parsed r;
    size_t n = strlen(query);
    r.query = malloc(n + 1);
    r.memory = malloc(n + 1);
    assert_true(r.query != NULL && r.memory != NULL);
    memcpy(r.query, query, n);
    r.rc = mt_web_params_parse(&r.p, (struct mt_span){r.query, n}, allowed,
                               r.memory, &r.why);
    return r;
}

static void done(struct parsed *r)
{
    free(r->query);
    free(r->memory);
}

static bool is(struct mt_span s, const char *text)
{
    return mt_span_eq(s, mt_span_str(text));
}

static void test_values(void **state)
{
    (void)state;
    struct parsed r =
        parse("since=-5m&until=2026-11-22T12%3A04%3A31Z&window=1h30m&"
              "filter=path~%22%5E%2Fa%2Bb%22+and+status%3D5xx&limit=10000&"
              "sort=-latency_p99_ns&bucket=10s&entry=true&trend=false&"
              "by=endpoint&focus=c%C3%A4rt&depth=16&nodes=1&order=slowest&"
              "after=9223372036854775807&last_event_id=0-1",
              ALL);
    assert_int_equal(r.rc, 0);
    assert_int_equal(r.p.given, ALL);
    assert_true(is(r.p.since, "-5m"));
    assert_true(is(r.p.until, "2026-11-22T12:04:31Z"));
    assert_int_equal(r.p.window_ns, INT64_C(5400000000000));
    assert_true(is(r.p.filter, "path~\"^/a+b\" and status=5xx"));
    assert_int_equal(r.p.limit, 10000);
    assert_true(is(r.p.sort, "-latency_p99_ns"));
    assert_int_equal(r.p.bucket_ns, INT64_C(10000000000));
    assert_int_equal(r.p.entry, 1);
    assert_int_equal(r.p.trend, 0);
    assert_int_equal(r.p.by, MT_WEB_BY_ENDPOINT);
    assert_true(is(r.p.focus, "c\xc3\xa4rt"));
    assert_int_equal(r.p.depth, 16);
    assert_int_equal(r.p.nodes, 1);
    assert_int_equal(r.p.order, MT_WEB_SLOWEST);
    assert_int_equal(r.p.after, INT64_MAX);
    assert_true(is(r.p.last_event_id, "0-1"));
    done(&r);
}

static void test_nothing(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "&", "&&&"};
    for (size_t i = 0; i < 3; i++) {
        struct parsed r = parse(empty[i], ALL);
        assert_int_equal(r.rc, 0);
        assert_int_equal(r.p.given, 0);
        done(&r);
    }
}

/* What is wrong names its parameter, and a remedy. */
static void test_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *query, *parameter, *says;
    } rows[] = {
        {"limit=0", "limit", "a number from 1 to 10000"},
        {"limit=10001", "limit", "a number from 1 to 10000"},
        {"limit=", "limit", "''"},
        {"limit=18446744073709551616", "limit", "a number"},
        {"limit=-1", "limit", "'-1'"},
        {"depth=17", "depth", "from 1 to 16"},
        {"since=yesterday", "since", "2026-11-22T12:04:31Z"},
        {"until=", "until", "a moment"},
        {"window=5", "window", "a duration"},
        {"window=0", "window", "longer than nothing"},
        {"bucket=999ms", "bucket", "1s or more"},
        {"entry=yes", "entry", "true or false"},
        {"by=path", "by", "method, endpoint or none"},
        {"order=random", "order", "newest, oldest or slowest"},
        {"limit=1&limit=1", "limit", "twice"},
        {"filter=a&filter=b", "filter", "twice"},
        {"Limit=1", NULL, "'Limit' is not known"},
        {"=1", NULL, "'' is not known"},
        {"filter=%", NULL, "%25"},
        {"filter=%4", NULL, "%25"},
        {"filter=%zz", NULL, "%25"},
        {"filter=a%00b", NULL, "NUL"},
        {"%gg=1", NULL, "%25"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed r = parse(rows[i].query, ALL);
        if (r.rc != -1)
            fail_msg("%s is taken", rows[i].query);
        assert_int_equal(r.why.kind, MT_WEB_PARAMETER);
        if (rows[i].parameter != NULL)
            assert_string_equal(r.why.parameter, rows[i].parameter);
        else
            assert_null(r.why.parameter);
        if (strstr(r.why.detail, rows[i].says) == NULL)
            fail_msg("%s: %s", rows[i].query, r.why.detail);
        done(&r);
    }
}

static void test_not_allowed(void **state)
{
    (void)state;
    struct parsed r = parse("window=5m&sort=x", MT_WEB_WINDOW);
    assert_int_equal(r.rc, -1);
    assert_string_equal(
        r.why.detail,
        "'sort' is not known here; there are: since, until, window, filter");
    done(&r);
    r = parse("a=b", 0);
    assert_int_equal(r.rc, -1);
    assert_string_equal(r.why.detail, "'a' is not known here; there are: none");
    done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_not_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
