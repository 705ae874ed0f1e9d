#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proxy-lite/http/grpc_timeout.h"

static void reads_units(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        {"250m", 250000000},
        {"1S", 1000000000},
        {"2M", INT64_C(120000000000)},
        {"1H", INT64_C(3600000000000)},
        {"7u", 7000},
        {"9n", 9},
        {"0S", 0},
        {"99999999n", 99999999},
        {"99999999H", INT64_C(3650) * 24 * 3600 * 1000000000},
        {"100000000n", MT_GRPC_TIMEOUT_NONE},
        {"S", MT_GRPC_TIMEOUT_NONE},
        {"", MT_GRPC_TIMEOUT_NONE},
        {"5", MT_GRPC_TIMEOUT_NONE},
        {"5s", MT_GRPC_TIMEOUT_NONE},
        {"-5S", MT_GRPC_TIMEOUT_NONE},
        {"5 S", MT_GRPC_TIMEOUT_NONE},
        {"1.5S", MT_GRPC_TIMEOUT_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(mt_grpc_timeout(mt_span_str(rows[i].text)),
                         rows[i].ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_units)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
