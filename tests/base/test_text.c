#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/rc.h"
#include "base/text.h"
#include "base/text_addr.h"
#include "base/text_escape.h"
#include "base/text_time.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static char bytes[256];
static struct mt_buf b;

static void begin(void)
{
    memset(bytes, 0, sizeof bytes);
    b = mt_buf_of(bytes, sizeof bytes - 1);
}

/* An exact-size copy lets ASan see a read past the end. */
static struct mt_span copy_of(const char *text)
{
    size_t n = strlen(text);
    uint8_t *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    return (struct mt_span){.ptr = copy, .len = n};
}

static void drop(struct mt_span s)
{
    free((void *)(uintptr_t)s.ptr);
}

enum { BAD = MT_EPROTO, LIMIT = MT_ELIMIT };

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want; /* or a code */
    } rows[] = {
        {"0", 0},
        {"0s", 0},
        {"250ms", 250000000},
        {"1.5s", 1500000000},
        {"2h", 7200000000000},
        {"1h30m", 5400000000000},
        {"1m0.5s", 60500000000},
        {"3us", 3000},
        {"3\xc2\xb5s", 3000},
        {"3\xce\xbcs", 3000},
        {"0.1234567899s", 123456789},
        {"1.5w", 907200000000000},
        {"1ns", 1},
        {"292y", BAD},
        {"250", BAD},
        {"", BAD},
        {"ms", BAD},
        {"-5s", BAD},
        {"1.s", BAD},
        {".5s", BAD},
        {"1s ", BAD},
        {" 1s", BAD},
        {"1 s", BAD},
        {"30m1h", BAD},
        {"1s1s", BAD},
        {"1h30", BAD},
        {"106751d", INT64_C(106751) * 86400000000000},
        {"106752d", LIMIT},
        {"99999999999999999999s", LIMIT},
        {"30500w", LIMIT},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t ns = -77;
        struct mt_span s = copy_of(rows[i].text);
        int rc = mt_parse_duration(s, &ns);
        bool ok = rows[i].want >= 0 ? rc == 0 && ns == rows[i].want
                                    : rc == rows[i].want && ns == -77;
        if (!ok)
            fail_msg("\"%s\": %d, %lld", rows[i].text, rc, (long long)ns);
        drop(s);
    }
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want;
    } rows[] = {
        {"412", 412},          {"412B", 412},
        {"1.2 kB", 1200},      {"256MiB", 268435456},
        {"64K", 65536},        {"1.5GiB", 1610612736},
        {"0.5k", 512},         {"1TB", 1000000000000},
        {"0.0000000001TB", 0}, {"1.5", BAD},
        {"1.5B", BAD},         {"", BAD},
        {"kB", BAD},           {"1  kB", BAD},
        {"1 ", BAD},           {"1mb", BAD},
        {"-1", BAD},           {"99999999TiB", LIMIT},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t n = 0;
        struct mt_span s = copy_of(rows[i].text);
        int rc = mt_parse_bytes(s, &n);
        int64_t got = rc == 0 ? (int64_t)n : rc;
        if (got != rows[i].want)
            fail_msg("\"%s\": %lld", rows[i].text, (long long)got);
        drop(s);
    }
}

static void test_columns(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *latency, *age, *exact;
    } rows[] = {
        {0, "0ns", "0.0 s", "0ns"},
        {850, "850ns", "0.0 s", "850ns"},
        {1499, "1.5\xc2\xb5s", "0.0 s", "1.499us"},
        {80400, "80\xc2\xb5s", "0.0 s", "80.4us"},
        {400000, "0.4ms", "0.0 s", "400us"},
        {3120000, "3.1ms", "0.0 s", "3.12ms"},
        {9949999, "9.9ms", "0.0 s", "9949.999us"},
        {9950000, "10ms", "0.0 s", "9.95ms"},
        {22000000, "22ms", "0.0 s", "22ms"},
        {301000000, "301ms", "0.3 s", "301ms"},
        {999400000, "999ms", "1.0 s", "999.4ms"},
        {999500000, "1.0 s", "1.0 s", "999.5ms"},
        {1500000000, "1.5 s", "1.5 s", "1.5s"},
        {41000000000, "41 s", "41 s", "41s"},
        {119400000000, "119 s", "119 s", "119.4s"},
        {119500000000, "2.0 min", "2.0 min", "119.5s"},
        {5400000000000, "90 min", "90 min", "90m"},
        {7200000000000, "2.0 h", "2.0 h", "2h"},
        {172800000000000, "2.0 d", "2.0 d", "2d"},
        {1209600000000000, "14 d", "14 d", "2w"},
        {INT64_MAX, "106752 d", "106752 d", "9223372036854775.807us"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        begin();
        mt_put_latency(&b, rows[i].ns);
        assert_string_equal(bytes, rows[i].latency);
        begin();
        mt_put_age(&b, rows[i].ns);
        assert_string_equal(bytes, rows[i].age);
        begin();
        mt_put_duration(&b, rows[i].ns);
        assert_string_equal(bytes, rows[i].exact);
        int64_t back;
        assert_int_equal(mt_parse_duration(mt_buf_span(&b), &back), 0);
        assert_true(back == rows[i].ns);
    }
}

static void test_bytes_and_counts(void **state)
{
    (void)state;
    static const struct {
        uint64_t n;
        const char *size, *count;
    } rows[] = {
        {0, "0 B", "0"},
        {999, "999 B", "999"},
        {1000, "1.0 kB", "1 000"},
        {1234, "1.2 kB", "1 234"},
        {9950, "10 kB", "9 950"},
        {24731, "25 kB", "24 731"},
        {999499, "999 kB", "999 499"},
        {999500, "1.0 MB", "999 500"},
        {1000001, "1.0 MB", "1 000 001"},
        {UINT64_MAX, "18447 PB", "18 446 744 073 709 551 615"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        begin();
        mt_put_bytes(&b, rows[i].n);
        assert_string_equal(bytes, rows[i].size);
        begin();
        mt_put_count(&b, rows[i].n);
        assert_string_equal(bytes, rows[i].count);
    }
    begin();
    mt_put_signed(&b, INT64_MIN);
    assert_string_equal(bytes, "-9223372036854775808");
}

#define NOW INT64_C(1795349071500000000) /* 2026-11-22T12:04:31.5Z */

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t offset_s;
        const char *want; /* RFC 3339 in UTC; NULL: no time */
    } rows[] = {
        {"2026-11-22T12:04:31Z", 0, "2026-11-22T12:04:31.000Z"},
        {"2026-11-22t12:04:31.25z", 3600, "2026-11-22T12:04:31.250Z"},
        {"2026-11-22T12:04:31+01:00", 0, "2026-11-22T11:04:31.000Z"},
        {"2026-11-22T12:04:31-05:30", 0, "2026-11-22T17:34:31.000Z"},
        {"2026-11-22T12:04:31", 3600, "2026-11-22T11:04:31.000Z"},
        {"2026-11-22 12:04", 0, "2026-11-22T12:04:00.000Z"},
        {"2026-11-22", -3600, "2026-11-22T01:00:00.000Z"},
        {"2024-02-29", 0, "2024-02-29T00:00:00.000Z"},
        {"1969-12-31T23:59:59Z", 0, "1969-12-31T23:59:59.000Z"},
        {"2016-12-31T23:59:60Z", 0, "2017-01-01T00:00:00.000Z"},
        {"2100-02-28T00:00:00Z", 0, "2100-02-28T00:00:00.000Z"},
        {"12:04", 0, "2026-11-22T12:04:00.000Z"},
        {"12:04:31.5", 0, "2026-11-22T12:04:31.500Z"},
        {"12:05", 0, "2026-11-21T12:05:00.000Z"},
        {"13:04", 3600, "2026-11-22T12:04:00.000Z"},
        {"23:00", -50400, "2026-11-21T13:00:00.000Z"},
        {"-5m", 0, "2026-11-22T11:59:31.500Z"},
        {"5m ago", 0, "2026-11-22T11:59:31.500Z"},
        {"1h30m ago", 0, "2026-11-22T10:34:31.500Z"},
        {"now", 0, "2026-11-22T12:04:31.500Z"},
        {"1795349071", 0, "2026-11-22T12:04:31.000Z"},
        {"1795349071.25", 0, "2026-11-22T12:04:31.250Z"},
        {"1795349071250", 0, "2026-11-22T12:04:31.250Z"},
        {"1795349071250000", 0, "2026-11-22T12:04:31.250Z"},
        {"1795349071250000000", 0, "2026-11-22T12:04:31.250Z"},
        {"0", 0, "1970-01-01T00:00:00.000Z"},
        {"2025-02-29", 0, NULL},
        {"2100-02-29", 0, NULL},
        {"2026-13-01", 0, NULL},
        {"2026-00-01", 0, NULL},
        {"2026-11-31", 0, NULL},
        {"2026-11-22T24:00:00Z", 0, NULL},
        {"2026-11-22T12:04:31.Z", 0, NULL},
        {"2026-11-22T12:04:31ZZ", 0, NULL},
        {"2026-11-22T12", 0, NULL},
        {"2026-11-22T12:04+1:00", 0, NULL},
        {"2262-01-01", 0, NULL},
        {"9223372036854775807", 0, NULL},
        {"1677-01-01", 0, NULL},
        {"5m", 0, NULL},
        {"-5", 0, NULL},
        {" ago", 0, NULL},
        {"ago", 0, NULL},
        {"-3000w", 0, "1969-05-25T12:04:31.500Z"}, /* captures may be old */
        {"-20000w", 0, NULL},
        {"", 0, NULL},
        {"1795349071.", 0, NULL},
        {"99999999999999999999", 0, NULL},
        {"soon", 0, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mt_time_ref ref = {.now_ns = NOW, .offset_s = rows[i].offset_s};
        struct mt_span s = copy_of(rows[i].text);
        int64_t ns = 0;
        int rc = mt_parse_time(s, &ref, &ns);
        begin();
        mt_put_rfc3339(&b, ns, 0, 3);
        if ((rc == 0) != (rows[i].want != NULL) ||
            (rc == 0 && strcmp(bytes, rows[i].want) != 0))
            fail_msg("\"%s\": %d, %s", rows[i].text, rc, bytes);
        drop(s);
    }
}

static void test_time_output(void **state)
{
    (void)state;
    begin();
    mt_put_rfc3339(&b, NOW, 3600, 0);
    assert_string_equal(bytes, "2026-11-22T13:04:31+01:00");
    begin();
    mt_put_rfc3339(&b, NOW + 1, -19800, 9);
    assert_string_equal(bytes, "2026-11-22T06:34:31.500000001-05:30");
    begin();
    mt_put_clock(&b, NOW, 43200, 3);
    assert_string_equal(bytes, "00:04:31.500");
    begin();
    mt_put_rfc3339(&b, INT64_MAX, 7200, 0);
    mt_put_char(&b, ' ');
    mt_put_rfc3339(&b, INT64_MIN, -7200, 0);
    assert_false(b.full);
    /* a day of every month of 400 years, there and back */
    struct mt_time_ref ref = {.now_ns = NOW};
    for (int64_t day = -100000; day < 100000; day += 29) {
        int64_t ns = day * 86400 * 1000000000, back = 0;
        begin();
        mt_put_rfc3339(&b, ns, 0, 0);
        assert_int_equal(mt_parse_time(mt_buf_span(&b), &ref, &back), 0);
        assert_true(back == ns);
    }
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want; /* NULL: no address */
    } rows[] = {
        {"10.0.0.1", "10.0.0.1"},
        {"10.0.0.1:80", "10.0.0.1:80"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"[2001:db8::1]:8080", "[2001:db8::1]:8080"},
        {"[::1]", "::1"},
        {"::ffff:1.2.3.4", "1.2.3.4"},
        {"10.0.0.1:65536", NULL},
        {"10.0.0.1:", NULL},
        {"10.0.0", NULL},
        {"[10.0.0.1]:80", NULL},
        {"[::1", NULL},
        {"[::1]x", NULL},
        {"1::2::3", NULL},
        {"", NULL},
        {":80", NULL},
        {"fe80::1%eth0", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t ip[16];
        uint16_t port = 0;
        struct mt_span s = copy_of(rows[i].text);
        int rc = mt_parse_ip_port(s, ip, &port);
        begin();
        if (rc == 0)
            mt_put_ip_port(&b, ip, port);
        if ((rc == 0) != (rows[i].want != NULL) ||
            (rc == 0 && strcmp(bytes, rows[i].want) != 0))
            fail_msg("\"%s\": %d, %s", rows[i].text, rc, bytes);
        drop(s);
    }
}

static void test_networks(void **state)
{
    (void)state;
    static const struct {
        const char *cidr, *ip;
        bool in;
    } rows[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.1.2.3/8", "10.9.9.9", true},
        {"10.1.2.3", "10.1.2.3", true},
        {"10.1.2.3", "10.1.2.2", false},
        {"10.1.2.0/23", "10.1.3.255", true},
        {"10.1.2.0/23", "10.1.4.0", false},
        {"0.0.0.0/0", "1.2.3.4", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "1.2.3.4", true},
        {"fe80::/10", "febf::1", true},
        {"fe80::/10", "fec0::1", false},
        {"::1/128", "::1", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mt_cidr c;
        uint8_t ip[16], low[16], high[16];
        assert_int_equal(mt_parse_cidr(mt_span_str(rows[i].cidr), &c), 0);
        assert_int_equal(mt_parse_ip(mt_span_str(rows[i].ip), ip), 0);
        mt_cidr_range(&c, low, high);
        bool between = memcmp(ip, low, 16) >= 0 && memcmp(ip, high, 16) <= 0;
        if (mt_cidr_has(&c, ip) != rows[i].in || between != rows[i].in)
            fail_msg("%s in %s", rows[i].ip, rows[i].cidr);
    }
    struct mt_cidr c;
    assert_int_equal(mt_parse_cidr(MT_SPAN("10.0.0.0/33"), &c), MT_EPROTO);
    assert_int_equal(mt_parse_cidr(MT_SPAN("10.0.0.0/"), &c), MT_EPROTO);
    assert_int_equal(mt_parse_cidr(MT_SPAN("::/129"), &c), MT_EPROTO);
}

static void test_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t max;
        const char *want;
        size_t columns;
    } rows[] = {
        {"/cart/8812", 80, "/cart/8812", 10},
        {"", 80, "", 0},
        {"\x1b[2J\a", 80, "\\x1b[2J\\x07", 11},
        {"a\nb\r\tc\\", 80, "a\\nb\\r\\tc\\\\", 11},
        {"caf\xc3\xa9", 80, "caf\xc3\xa9", 4},
        {"\xff\xfe", 80, "\\xff\\xfe", 8},
        {"\xc0\xaf", 80, "\\xc0\\xaf", 8},           /* overlong */
        {"\xed\xa0\x80", 80, "\\xed\\xa0\\x80", 12}, /* surrogate */
        {"\xf4\x90\x80\x80", 80, "\\xf4\\x90\\x80\\x80", 16},
        {"ab\xe2\x82", 80, "ab\\xe2\\x82", 10}, /* cut */
        {"\xe2\x80\xae"
         "gpj",
         80, "\\u{202e}gpj", 11},                  /* bidi override */
        {"\xc2\x85", 80, "\\u{85}", 6},            /* C1 control */
        {"\xe2\x80\x8b", 80, "\\u{200b}", 8},      /* zero width */
        {"\xf3\xa0\x81\x81", 80, "\\u{e0041}", 9}, /* tag */
        {"\xe6\x97\xa5\xe6\x9c\xac", 80, "\xe6\x97\xa5\xe6\x9c\xac", 4},
        {"\xf0\x9f\x98\x80", 80, "\xf0\x9f\x98\x80", 2},
        {"e\xcc\x81", 80, "e\xcc\x81", 1},
        {"\xcc\x81", 80, "\\u{301}", 7},
        {"e\xcc\x81\xcc\x81\xcc\x81", 80, "e\xcc\x81\xcc\x81\\u{301}", 8},
        {"abcdef", 6, "abcdef", 6},
        {"abcdefg", 6, "abcde\xe2\x80\xa6", 6},
        {"abcd\x1b", 7, "abcd\xe2\x80\xa6", 5},
        {"\xe6\x97\xa5\xe6\x9c\xac", 3, "\xe6\x97\xa5\xe2\x80\xa6", 3},
        {"\xe6\x97\xa5\xe6\x9c\xac", 2, "\xe2\x80\xa6", 1},
        {"ab", 1, "\xe2\x80\xa6", 1},
        {"ab", 0, "", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mt_span s = copy_of(rows[i].text);
        begin();
        size_t columns = mt_put_escaped(&b, s, rows[i].max);
        if (strcmp(bytes, rows[i].want) != 0 || columns != rows[i].columns)
            fail_msg("row %zu: \"%s\", %zu", i, bytes, columns);
        drop(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_bytes_and_counts),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_time_output),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_escapes),
    };
    return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
