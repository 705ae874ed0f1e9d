/* A figure as JSON and CSV have it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "store/column_json.h"

struct text {
    char bytes[64];
    size_t len;
};

static int keep(void *arg, struct mt_span bytes)
{
    struct text *t = arg;
    assert_true(t->len + bytes.len < sizeof t->bytes);
    memcpy(t->bytes + t->len, bytes.ptr, bytes.len);
    t->len += bytes.len;
    return 0;
}

/* Zero is 0, and nothing else is. */
static void test_small_figures_keep_their_digits(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } rows[] = {{0, "0"},
                {5.92, "5.92"},
                {1234567.5, "1234567.5"},
                {0.9999996, "0.9999996"},
                {0.999999, "0.999999"},
                {2.9999999, "3"},
                {0.0123456789, "0.012346"},
                {0.000123456, "0.000123"},
                {0.0000123456, "0.0000123"},
                {2.18e-7, "0.000000218"},
                {9.999e-8, "0.0000001"},
                {-1, "null"},
                {INFINITY, "null"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct mt_value v = {
            .unit = MT_UNIT_RATE, .known = true, .number = rows[i].number};
        struct text t = {.len = 0};
        struct mt_out out;
        mt_out_init(&out, (struct mt_sink){keep, &t});
        mt_figure_put(&out, &v);
        assert_int_equal(mt_out_flush(&out), 0);
        t.bytes[t.len] = '\0';
        assert_string_equal(t.bytes, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_figures_keep_their_digits),
    };
    return cmocka_run_group_tests_name("store/column_json", tests, NULL, NULL);
}
