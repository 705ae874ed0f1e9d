/* Who may ask: Host headers and tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text_addr.h"
#include "web/guard.h"
#include "web/listen.h"

static const char token[] = "0123456789abcdef0123456789abcdef";
static const char *const names[] = {"mesh.example"};
static const struct mt_web_site site = {
    .token = token, .host_names = names, .host_names_count = 1};

static void test_host(void **state)
{
    (void)state;
    static const char *const ours[] = {
        "localhost",      "localhost:7070", "LocalHost:1", "127.0.0.1",
        "127.0.0.1:7070", "10.0.0.5:80",    "[::1]:7070",  "[2001:db8::1]",
        "mesh.example",   "MESH.example:80"};
    static const char *const foreign[] = {
        "",
        ":7070",
        "evil.example",
        "localhost.evil.example",
        "evil.example:7070",
        "127.0.0.1.evil.example",
        "mesh.example.evil.example",
        "xmesh.example",
        "[::1].evil.example.nosuch",
        "1",
        "::1",
        "[127.0.0.1]",
        "[evil.example]",
        "[localhost]",
        "localhost:evil.example",
        "0123456789012345678901234567890123456789012345678901234567890.1"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (!mt_web_host_is_ours(&site, mt_span_str(ours[i])))
            fail_msg("%s is refused", ours[i]);
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        if (mt_web_host_is_ours(&site, mt_span_str(foreign[i])))
            fail_msg("%s is taken", foreign[i]);
}

static bool fits(const char *authorization, const char *cookie)
{
    return mt_web_token_fits(&site, mt_span_str(authorization),
                             mt_span_str(cookie));
}

static void test_token(void **state)
{
    (void)state;
    assert_true(fits("Bearer 0123456789abcdef0123456789abcdef", ""));
    assert_true(fits("bearer 0123456789abcdef0123456789abcdef", ""));
    assert_true(fits("", "meshtop_token=0123456789abcdef0123456789abcdef"));
    assert_true(fits("", "a=b; meshtop_token=0123456789abcdef0123456789abcdef; "
                         "c=d"));
    assert_false(fits("", ""));
    assert_false(fits("Bearer ", ""));
    assert_false(fits("Bearer 0123456789abcdef0123456789abcde", ""));
    assert_false(fits("Bearer 0123456789abcdef0123456789abcdef0", ""));
    assert_false(fits("Bearer 0123456789abcdef0123456789abcdeF", ""));
    assert_false(fits("Basic 0123456789abcdef0123456789abcdef", ""));
    assert_false(fits("0123456789abcdef0123456789abcdef", ""));
    assert_false(fits("", "meshtop_token="));
    assert_false(fits("", "xmeshtop_token=0123456789abcdef0123456789abcdef"));
    assert_false(fits("", "meshtop_token"));
    /* the header is what counts where both are there */
    assert_false(
        fits("Bearer x", "meshtop_token=0123456789abcdef0123456789abcdef"));
    const struct mt_web_site open = {.token = NULL};
    assert_true(mt_web_token_fits(&open, MT_SPAN(""), MT_SPAN("")));
}

static void test_token_of_query(void **state)
{
    (void)state;
    uint8_t memory[64];
    struct mt_span t =
        mt_web_query_token(MT_SPAN("a=b&token=x%2Dy&token=z"), memory);
    assert_true(mt_span_eq(t, MT_SPAN("x-y")));
    assert_int_equal(mt_web_query_token(MT_SPAN("tokens=1"), memory).len, 0);
    assert_int_equal(mt_web_query_token(MT_SPAN("%&token=1"), memory).len, 0);
}

static void test_fit_for_a_header(void **state)
{
    (void)state;
    assert_true(mt_web_token_is_fit(MT_SPAN("abcDEF-_.0123456")));
    assert_false(mt_web_token_is_fit(MT_SPAN("short")));
    assert_false(mt_web_token_is_fit(MT_SPAN("0123456789abcde;")));
    assert_false(mt_web_token_is_fit(MT_SPAN("0123456789abcde\r\n")));
    assert_false(mt_web_token_is_fit(MT_SPAN("0123456789abcde f")));
}

static void test_host_name(void **state)
{
    (void)state;
    uint8_t longest[254];
    memset(longest, 'a', sizeof longest);
    assert_true(mt_web_host_name_is_fit(MT_SPAN("vm.example")));
    assert_true(mt_web_host_name_is_fit(MT_SPAN("my_vm-1")));
    assert_true(mt_web_host_name_is_fit((struct mt_span){longest, 253}));
    assert_false(mt_web_host_name_is_fit((struct mt_span){longest, 254}));
    static const char *const none[] = {"",        "bad host", "vm.example:80",
                                       "http://", "vm/",      "[::1]",
                                       "vm\n",    "m\xc3\xbc"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        if (mt_web_host_name_is_fit(mt_span_str(none[i])))
            fail_msg("'%s' is taken", none[i]);
}

/* Of all addresses one is shown that can be opened. */
static void test_address_shown(void **state)
{
    (void)state;
    static const uint8_t zeroes[16];
    static const struct {
        const char *text;
        bool all;
    } rows[] = {{"0.0.0.0:7070", true},
                {"[::]:7070", true},
                {"10.0.0.5:7070", false},
                {"[::1]:7070", false},
                {"127.0.0.1:7070", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_web_address a, shown;
        assert_int_equal(mt_web_address_parse(mt_span_str(rows[i].text), &a),
                         0);
        assert_int_equal(mt_web_address_shown(&a, &shown), rows[i].all);
        assert_int_equal(shown.port, 7070);
        assert_int_equal(mt_ip_is_v4(shown.ip), mt_ip_is_v4(a.ip));
        assert_true(memcmp(shown.ip + 12, zeroes, 4) != 0 ||
                    memcmp(shown.ip, zeroes, 12) != 0);
        if (mt_ip_is_v4(a.ip))
            assert_true(memcmp(shown.ip + 12, zeroes, 4) != 0);
        if (!rows[i].all)
            assert_memory_equal(shown.ip, a.ip, sizeof a.ip);
    }
}

static void test_address(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int port; /* -1: it is none */
        bool loopback;
    } rows[] = {{"7070", 7070, true},        {"0", 0, true},
                {"127.0.0.1:80", 80, true},  {"127.9.9.9:80", 80, true},
                {"0.0.0.0:80", 80, false},   {"10.0.0.5:0", 0, false},
                {"[::1]:7070", 7070, true},  {"[::]:7070", 7070, false},
                {"[::2]:7070", 7070, false}, {"65536", -1, false},
                {"127.0.0.1", -1, false},    {"127.0.0.1:", -1, false},
                {"localhost:80", -1, false}, {"", -1, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_web_address a;
        int rc = mt_web_address_parse(mt_span_str(rows[i].text), &a);
        if ((rc == 0) != (rows[i].port >= 0))
            fail_msg("'%s' gives %d", rows[i].text, rc);
        if (rc != 0)
            continue;
        assert_int_equal(a.port, rows[i].port);
        assert_int_equal(mt_web_address_is_loopback(&a), rows[i].loopback);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_token_of_query),
        cmocka_unit_test(test_fit_for_a_header),
        cmocka_unit_test(test_host_name),
        cmocka_unit_test(test_address_shown),
        cmocka_unit_test(test_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
