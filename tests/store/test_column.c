/* What a cell of a table says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "store/column_json.h"

static const struct mt_column *column(const struct mt_screen *s,
                                      const char *key)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->columns[i].key, key) == 0)
            return &s->columns[i];
    fail_msg("no column %s", key);
    return NULL;
}

static const char *shown(const struct mt_screen *s, const char *key,
                         const void *row, bool ascii)
{
    static char cell[256], scratch_bytes[256];
    struct mt_buf b = mt_buf_of(cell, sizeof cell - 1);
    struct mt_buf scratch = mt_buf_of(scratch_bytes, sizeof scratch_bytes);
    const struct mt_column *c = column(s, key);
    if (c == NULL)
        return "no such column";
    struct mt_value v = c->get(row, &scratch);
    struct mt_value_style style = {.ascii = ascii};
    mt_value_put(&b, &v, &style);
    cell[b.len] = '\0';
    return cell;
}

static struct mt_row sample(void)
{
    return (struct mt_row){
        .server = "cart",
        .success = 0.97444,
        .rps = 388.2,
        .load = 0.2149,
        .quantile_ns = {3100000, 9000000, 18000000, 180000000, -1},
        .open = 4,
        .oldest_ns = 100000000,
        .counts = {.exchanges = 200,
                   .ok = 190,
                   .client_error = 4,
                   .failure = 6,
                   .retries = 3}};
}

static void test_a_row(void **state)
{
    (void)state;
    struct mt_row r = sample();
    const struct mt_screen *s = &mt_screen_services;
    assert_string_equal(shown(s, "service", &r, false), "cart");
    assert_string_equal(shown(s, "success_ratio", &r, false), "97.4");
    assert_string_equal(shown(s, "requests_per_s", &r, false), "388");
    assert_string_equal(shown(s, "latency_p50_ns", &r, false), "3.1ms");
    assert_string_equal(shown(s, "latency_p99_ns", &r, false), "180ms");
    assert_string_equal(shown(s, "latency_p999_ns", &r, false), "\xe2\x80\x93");
    assert_string_equal(shown(s, "client_error_ratio", &r, false), "2.0");
    assert_string_equal(shown(s, "open", &r, false), "4");
    assert_string_equal(shown(s, "load_ratio", &r, false), "21.5");
    assert_string_equal(shown(s, "timeout_ratio", &r, false), "\xc2\xb7");
    assert_string_equal(shown(s, "timeout_ratio", &r, true), "0");
    assert_string_equal(shown(s, "latency_p999_ns", &r, true), "-");
    assert_string_equal(shown(&mt_screen_edges, "retry_ratio", &r, false),
                        "1.5");
}

static int take_text(void *arg, struct mt_span bytes)
{
    memcpy(arg, bytes.ptr, bytes.len);
    return 0;
}

/* The page's tests have the same table: web/ui. */
static void test_percentages(void **state)
{
    (void)state;
    static const struct {
        double ratio;
        const char *shown, *json;
    } cases[] = {
        {0, "\xc2\xb7", "0"},
        {0.0000001, "0.0", "0.0000001"},
        {0.0004, "0.0", "0.0004"},
        {0.0005, "0.1", "0.0005"},
        {0.5, "50.0", "0.5"},
        {0.9375, "93.8", "0.9375"},
        {0.0625, "6.3", "0.0625"},
        {0.8075, "80.8", "0.8075"},
        {0.9994, "99.9", "0.9994"},
        {0.9995, "99.9", "0.9995"},
        {0.9996, "99.9", "0.9996"},
        {0.9999999, "99.9", "0.9999999"},
        {1, "100.0", "1"},
        {1.5, "150.0", "1.5"},
        {0.80749999, "80.8", "0.8075"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mt_row r = sample();
        char text[64] = "";
        r.load = r.success = cases[i].ratio;
        assert_string_equal(shown(&mt_screen_services, "load_ratio", &r, false),
                            cases[i].shown);
        assert_string_equal(
            shown(&mt_screen_services, "success_ratio", &r, false),
            cases[i].shown);
        const struct mt_value v = {
            .unit = MT_UNIT_RATIO, .known = true, .number = cases[i].ratio};
        struct mt_out out;
        mt_out_init(&out, (struct mt_sink){take_text, text});
        mt_figure_put(&out, &v);
        assert_int_equal(mt_out_flush(&out), 0);
        assert_string_equal(text, cases[i].json);
    }
}

static void test_unknown_is_not_zero(void **state)
{
    (void)state;
    struct mt_row r = sample();
    r.success = -1;
    r.counts = (struct mt_counts){.exchanges = 3, .inferred = 3};
    r.rps = 3.07;
    const struct mt_screen *s = &mt_screen_services;
    assert_string_equal(shown(s, "success_ratio", &r, false), "\xe2\x80\x93");
    assert_string_equal(shown(s, "client_error_ratio", &r, false),
                        "\xe2\x80\x93");
    assert_string_equal(shown(s, "requests_per_s", &r, false), "~3.07");
    assert_string_equal(shown(s, "latency_p95_ns", &r, false), "~18ms");
}

static void test_an_exchange(void **state)
{
    (void)state;
    struct mt_exchange x = {
        .protocol = MT_PROTOCOL_HTTP11,
        .method = MT_SPAN("GET"),
        .path = MT_SPAN("/a\x1b[2J"),
        .query = MT_SPAN("q=*"),
        .status = 503,
        .grpc_status = MT_GRPC_STATUS_NONE,
        .server = {.addr = {.ip = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 2},
                            .port = 80}},
        .error = MT_ERROR_CAPTURE_END};
    const struct mt_screen *s = &mt_screen_exchanges;
    assert_string_equal(shown(s, "path", &x, false), "/a\\x1b[2J?q=*");
    assert_string_equal(shown(s, "server", &x, false), "10.0.0.2:80");
    assert_string_equal(shown(s, "status", &x, false), "503");
    assert_string_equal(shown(s, "notes", &x, false),
                        "still open when the capture ended");

    x.protocol = MT_PROTOCOL_GRPC;
    x.grpc_status = 14;
    x.operation = MT_SPAN("payments.Payments/Charge");
    assert_string_equal(shown(s, "method", &x, false), "Charge");
    assert_string_equal(shown(s, "path", &x, false), "payments.Payments");
    assert_string_equal(shown(s, "status", &x, false), "UNAVAILABLE");
}

/* A number's key says its unit, so that a program need not guess. */
static void test_keys_have_their_units(void **state)
{
    (void)state;
    const struct mt_screen *screens[] = {&mt_screen_services, &mt_screen_edges,
                                         &mt_screen_routes, &mt_screen_series,
                                         &mt_screen_exchanges};
    for (size_t i = 0; i < sizeof screens / sizeof screens[0]; i++)
        for (size_t c = 0; c < screens[i]->count; c++) {
            const struct mt_column *col = &screens[i]->columns[c];
            const char *suffix = mt_unit_suffix((enum mt_unit)col->unit);
            size_t n = strlen(col->key), k = strlen(suffix);
            assert_true(n > k);
            if (strcmp(col->key + n - k, suffix) != 0)
                fail_msg("%s does not end in %s", col->key, suffix);
            for (size_t d = 0; d < c; d++)
                assert_string_not_equal(col->key, screens[i]->columns[d].key);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_row),
        cmocka_unit_test(test_percentages),
        cmocka_unit_test(test_unknown_is_not_zero),
        cmocka_unit_test(test_an_exchange),
        cmocka_unit_test(test_keys_have_their_units),
    };
    return cmocka_run_group_tests_name("store/column", tests, NULL, NULL);
}
