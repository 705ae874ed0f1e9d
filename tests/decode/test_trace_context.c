/* The ids of a trace, of what a request says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "decode/trace_context.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static void test_traceparents(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool right;
    } cases[] = {
        {"00-" TRACE "-" SPAN "-01", true},
        {"00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-00", true},
        {"cc-" TRACE "-" SPAN "-01", true},
        {"cc-" TRACE "-" SPAN "-01-more", true}, /* a version to come */
        {"00-" TRACE "-" SPAN "-01-more", false},
        {"cc-" TRACE "-" SPAN "-01more", false},
        {"ff-" TRACE "-" SPAN "-01", false},
        {"0x-" TRACE "-" SPAN "-01", false},
        {"00-00000000000000000000000000000000-" SPAN "-01", false},
        {"00-" TRACE "-0000000000000000-01", false},
        {"00-" TRACE "-b7ad6b716920333g-01", false},
        {"00-" TRACE "_" SPAN "-01", false},
        {"00-" TRACE "-" SPAN, false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t trace[16] = {1}, span[8] = {2};
        bool right = mt_traceparent(mt_span_str(cases[i].value), trace, span);
        assert_int_equal(right, cases[i].right);
        assert_int_equal(trace[0], right ? 0x0a : 1);
        assert_int_equal(span[7], right ? 0x31 : 0);
        assert_int_equal(trace[15], right ? 0x9c : 0);
    }
}

static void test_hex(void **state)
{
    (void)state;
    uint8_t bytes[2] = {0};
    assert_true(mt_hex_bytes(MT_SPAN("00fF"), bytes, 2));
    assert_int_equal(bytes[1], 0xff);
    assert_false(mt_hex_bytes(MT_SPAN("00f"), bytes, 2));
    assert_false(mt_hex_bytes(MT_SPAN("00fff"), bytes, 2));
    assert_false(mt_hex_bytes(MT_SPAN("0 ff"), bytes, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_traceparents),
        cmocka_unit_test(test_hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
