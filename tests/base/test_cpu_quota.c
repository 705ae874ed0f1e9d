#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/cpu_quota.h"

enum { GROUPS = 3 };

struct file {
    const char *group, *text;
};

struct row {
    const char *own;
    struct file files[GROUPS];
    unsigned want;
};

/* Each text whole, in a copy of its own size. */
static struct mt_span copy_of(const char *text)
{
    struct mt_span s = mt_span_str(text);
    uint8_t *copy = malloc(s.len > 0 ? s.len : 1);
    assert_non_null(copy);
    memcpy(copy, text, s.len);
    return (struct mt_span){copy, s.len};
}

static void drop(struct mt_span s)
{
    free((void *)(uintptr_t)s.ptr);
}

struct reading {
    const struct row *row;
    struct mt_span last;
};

static struct mt_span read_file(void *arg, struct mt_span group)
{
    struct reading *r = arg;
    drop(r->last);
    r->last = (struct mt_span){NULL, 0};
    for (size_t i = 0; i < GROUPS && r->row->files[i].group != NULL; i++)
        if (mt_span_eq(group, mt_span_str(r->row->files[i].group)))
            r->last = copy_of(r->row->files[i].text);
    return r->last;
}

static const struct row rows[] = {
    {"0::/\n", {{"", "150000 100000\n"}}, 2},
    {"0::/\n", {{"", "100000 100000\n"}}, 1},
    {"0::/\n", {{"", "5000 100000\n"}}, 1},
    {"0::/\n", {{"", "200001 100000"}}, 3},
    {"0::/\n", {{"", "max 100000\n"}}, 0},
    {"0::/\n", {{NULL, NULL}}, 0},
    /* of all that it is in the least */
    {"0::/a/b\n",
     {{"/a/b", "max 100000\n"}, {"/a", "250000 100000\n"}, {"", "max 1\n"}},
     3},
    {"0::/a/b", {{"/a/b", "400000 100000\n"}, {"", "90000 50000\n"}}, 2},
    {"0::/a/b\n", {{"/a/b", "100000 100000\n"}, {"/a", "800000 100000\n"}}, 1},
    /* beside groups of v1 */
    {"4:memory:/x\n1:cpu:/y\n0::/a\n", {{"/a", "300000 100000\n"}}, 3},
    {"1:cpu:/y\n", {{"", "300000 100000\n"}, {"/y", "1 1\n"}}, 0},
    /* what is above the namespace's root is not seen */
    {"0::/../b\n", {{"", "200000 100000\n"}, {"/../b", "1 1\n"}}, 2},
    /* what no kernel writes */
    {"", {{"", "200000 100000\n"}}, 0},
    {"0::\n", {{"", "200000 100000\n"}}, 0},
    {"0::/\n", {{"", "200000\n"}}, 0},
    {"0::/\n", {{"", "200000 0\n"}}, 0},
    {"0::/\n", {{"", "0 100000\n"}}, 0},
    {"0::/\n", {{"", "-1 100000\n"}}, 0},
    {"0::/\n", {{"", "99999999999999999999 1\n"}}, 0},
    {"0::/\n", {{"", "18446744073709551615 1\n"}}, UINT32_MAX},
};

static void test_quotas(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reading r = {.row = &rows[i]};
        struct mt_span own = copy_of(rows[i].own);
        unsigned n = mt_cpu_quota(own, read_file, &r);
        if (n != rows[i].want)
            print_error("row %zu, of %s", i, rows[i].own);
        assert_int_equal(n, rows[i].want);
        drop(r.last);
        drop(own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_quotas)};
    return cmocka_run_group_tests_name("cpu_quota", tests, NULL, NULL);
}
