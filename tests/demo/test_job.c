/* What the demo's services do with a request, and what shoppers want. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "demo/job.h"

static struct mt_demo_job begin(unsigned service, const char *method,
                                const char *path, uint64_t span,
                                const struct mt_demo_fault *fault)
{
    static struct mt_random chance = {7};
    struct mt_demo_job job;
    const struct mt_demo_ask ask = {.service = service,
                                    .method = mt_span_str(method),
                                    .path = mt_span_str(path),
                                    .span = span,
                                    .fault = fault};
    mt_demo_job_begin(&job, &ask, &chance);
    return job;
}

static void test_every_call_has_who_answers_it(void **state)
{
    (void)state;
    unsigned share = 0;
    for (unsigned i = 0; i < MT_DEMO_OPERATION_COUNT; i++) {
        const struct mt_demo_operation *o = mt_demo_operation(i);
        uint8_t path[MT_DEMO_PATH_BYTES];
        struct mt_buf b = mt_buf_of(path, sizeof path);
        uint32_t number;
        mt_demo_put_path(&b, o, 999999999);
        assert_false(b.full);
        assert_ptr_equal(mt_demo_operation_of(o->service,
                                              mt_span_str(o->method),
                                              mt_buf_span(&b), &number),
                         o);
        assert_int_equal(number,
                         strstr(o->path, "{id}") != NULL ? 999999999 : 0);
        assert_true(o->share == 0 || o->service == MT_DEMO_WEB);
        share += o->share;
        for (unsigned c = 0; c < MT_DEMO_CALLS_MAX; c++)
            if (o->calls[c].stage > 0)
                assert_int_not_equal(
                    mt_demo_operation(o->calls[c].operation)->service,
                    o->service);
    }
    assert_int_equal(share, 100);
}

static void test_paths(void **state)
{
    (void)state;
    static const char *const strange[] = {"",
                                          "/product/",
                                          "/product/x",
                                          "/product/12x",
                                          "/product/1234567890",
                                          "/product/12/",
                                          "/cart/7/item",
                                          "/favicon.ico"};
    uint32_t number;
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++)
        assert_null(mt_demo_operation_of(MT_DEMO_WEB, MT_SPAN("GET"),
                                         mt_span_str(strange[i]), &number));
    assert_non_null(mt_demo_operation_of(
        MT_DEMO_WEB, MT_SPAN("GET"), MT_SPAN("/product/12?utm=x"), &number));
    assert_int_equal(number, 12);
    assert_null(mt_demo_operation_of(MT_DEMO_WEB, MT_SPAN("POST"),
                                     MT_SPAN("/product/12"), &number));
    assert_int_equal(begin(MT_DEMO_WEB, "GET", "/nothing", 1, NULL).status,
                     404);
}

/* The stages of an order: cart and shipping at once, then stock, then money. */
static void test_stages(void **state)
{
    (void)state;
    struct mt_demo_call calls[MT_DEMO_CALLS_MAX];
    struct mt_demo_job job =
        begin(MT_DEMO_CHECKOUT, "POST", "/orders", 5, NULL);
    assert_int_equal(mt_demo_job_next(&job, calls), 2);
    assert_int_equal(calls[0].operation, MT_DEMO_OP_CART_OF);
    assert_int_equal(calls[1].operation, MT_DEMO_OP_QUOTE);
    mt_demo_job_called(&job, &calls[0], 200);
    mt_demo_job_called(&job, &calls[1], 504); /* optional */
    assert_int_equal(job.status, 200);
    assert_false(job.whole);
    assert_int_equal(mt_demo_job_next(&job, calls), 1);
    assert_int_equal(calls[0].operation, MT_DEMO_OP_RESERVE);
    mt_demo_job_called(&job, &calls[0], 201);
    assert_int_equal(mt_demo_job_next(&job, calls), 1);
    assert_int_equal(calls[0].operation, MT_DEMO_OP_CHARGE);
    mt_demo_job_called(&job, &calls[0], 200);
    assert_int_equal(mt_demo_job_next(&job, calls), 0);
    assert_int_equal(job.status, 200);
}

/* What fails ends it: nothing is charged for what could not be reserved. */
static void test_a_failure_ends_it(void **state)
{
    (void)state;
    struct mt_demo_call calls[MT_DEMO_CALLS_MAX];
    static const struct {
        unsigned called, becomes;
    } cases[] = {{503, 502}, {0, 502}, {404, 404}, {409, 502}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mt_demo_job job =
            begin(MT_DEMO_CHECKOUT, "POST", "/orders", 5, NULL);
        assert_int_equal(mt_demo_job_next(&job, calls), 2);
        mt_demo_job_called(&job, &calls[0], cases[i].called);
        mt_demo_job_called(&job, &calls[1], 200);
        assert_int_equal(mt_demo_job_next(&job, calls), 0);
        assert_int_equal(job.status, cases[i].becomes);
    }
}

static void test_faults(void **state)
{
    (void)state;
    static const struct mt_demo_fault fail = {
        .kind = MT_DEMO_FAIL, .percent = 50, .status = 503};
    static const struct mt_demo_fault slow = {.kind = MT_DEMO_SLOW,
                                              .late_ms = 400};
    struct mt_demo_call calls[MT_DEMO_CALLS_MAX];
    unsigned hit = 0;
    for (unsigned i = 0; i < 1000; i++) {
        struct mt_demo_job job =
            begin(MT_DEMO_INVENTORY, "POST", "/reservations", 9, &fail);
        hit += job.status == 503;
        if (job.status == 503)
            assert_int_equal(mt_demo_job_next(&job, calls), 0);
    }
    assert_in_range(hit, 400, 600);
    struct mt_demo_job well =
        begin(MT_DEMO_CATALOG, "GET", "/products", 3, NULL);
    struct mt_demo_job late =
        begin(MT_DEMO_CATALOG, "GET", "/products", 3, &slow);
    assert_int_equal(late.think_ns - well.think_ns, 400000000);
}

/* The same shopper finds the same again. */
static void test_a_span_decides(void **state)
{
    (void)state;
    unsigned missing = 0;
    for (uint64_t span = 1; span <= 2000; span++) {
        struct mt_demo_job a =
            begin(MT_DEMO_CATALOG, "GET", "/products/7", span, NULL);
        struct mt_demo_job b =
            begin(MT_DEMO_CATALOG, "GET", "/products/7", span, NULL);
        assert_int_equal(a.think_ns, b.think_ns);
        assert_int_equal(a.status, b.status);
        assert_int_equal(mt_demo_span(&a.random), mt_demo_span(&b.random));
        missing += a.status == 404;
    }
    assert_in_range(missing, 30, 90); /* 3 % */
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void test_latencies(void **state)
{
    (void)state;
    enum { N = 20001 };
    static int64_t all[N];
    struct mt_random random = {42};
    for (int i = 0; i < N; i++) {
        all[i] = mt_demo_latency_ns(&random, 1000);
        assert_true(all[i] > 0 && all[i] <= 20 * INT64_C(1000000));
    }
    qsort(all, N, sizeof all[0], by_value);
    assert_in_range(all[N / 2], 970000, 1030000);
    assert_in_range(all[N * 95 / 100], 1950000, 2250000); /* e^(1.645 sigma) */
}

static void test_shoppers(void **state)
{
    (void)state;
    enum { N = 20000 };
    struct mt_random random = {1}, again = {1};
    unsigned wishes[MT_DEMO_OPERATION_COUNT] = {0};
    int64_t sum = 0;
    for (int i = 0; i < N; i++) {
        uint32_t number, same;
        int64_t pause = mt_demo_pause_ns(&random, 50);
        const struct mt_demo_operation *o = mt_demo_wish(&random, &number);
        assert_true(pause >= 0);
        sum += pause;
        assert_int_equal(o->service, MT_DEMO_WEB);
        wishes[o - mt_demo_operation(0)]++;
        assert_int_equal(mt_demo_pause_ns(&again, 50), pause);
        assert_ptr_equal(mt_demo_wish(&again, &same), o);
        assert_int_equal(same, number);
    }
    assert_in_range(sum / N, 19500000, 20500000); /* 20 ms */
    for (unsigned i = 0; i < MT_DEMO_OPERATION_COUNT; i++) {
        unsigned share = mt_demo_operation(i)->share;
        assert_in_range(wishes[i] + N / 100, share * N / 100,
                        (share + 2) * N / 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_call_has_who_answers_it),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_a_failure_ends_it),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_a_span_decides),
        cmocka_unit_test(test_latencies),
        cmocka_unit_test(test_shoppers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
