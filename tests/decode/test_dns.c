/* What is read from one DNS message, and what a hostile one can do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns_build.h"

#define IP(a, b, c, d) \
    ((struct mt_span){(const uint8_t[4]){(a), (b), (c), (d)}, 4})

/* In memory of its exact size, so that a sanitizer sees every step beyond. */
static bool parse(struct mt_span bytes, struct mt_dns_message *m)
{
    uint8_t *copy = malloc(bytes.len > 0 ? bytes.len : 1);
    assert_non_null(copy);
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    bool ok = mt_dns_parse((struct mt_span){copy, bytes.len}, m);
    free(copy);
    return ok;
}

static void assert_name(const struct mt_dns_message *m, const char *want)
{
    char text[MT_DNS_NAME_TEXT_MAX + 1];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    mt_dns_put_name(&b, &m->question.name);
    assert_false(b.full);
    text[b.len] = '\0';
    assert_string_equal(text, want);
}

static void test_query(void **state)
{
    (void)state;
    struct dns d;
    struct mt_dns_message m;
    query(&d, 0x1234, "WWW.Example.com", TYPE_AAAA);
    assert_true(parse(span_of(&d), &m));
    assert_true(m.whole);
    assert_false(m.response);
    assert_int_equal(m.id, 0x1234);
    assert_int_equal(m.question.type, TYPE_AAAA);
    assert_name(&m, "www.example.com");
}

static void test_names_are_escaped(void **state)
{
    (void)state;
    struct dns d;
    struct mt_dns_message m;
    start_message(&d, 1, 0, 1);
    mt_put_span(&d.b, MT_SPAN("\x08"
                              "a.b\\ \0\xff~"
                              "\x01"
                              "C"
                              "\0"));
    put16(&d, 1);
    put16(&d, 1);
    assert_true(parse(span_of(&d), &m));
    assert_name(&m, "a\\.b\\\\\\032\\000\\255~.c");

    query(&d, 1, "", 2);
    assert_true(parse(span_of(&d), &m));
    assert_name(&m, ".");
}

static void test_longest_name_has_room(void **state)
{
    (void)state;
    struct dns d;
    struct mt_dns_message m;
    for (int len = 60; len <= 62; len++) { /* of the last label: 62 is 256 */
        start_message(&d, 1, 0, 1);
        for (int label = 0; label < 4; label++) {
            int n = label < 3 ? 63 : len;
            mt_put_u8(&d.b, (uint8_t)n);
            for (int i = 0; i < n; i++)
                mt_put_u8(&d.b, 0xff);
        }
        mt_put_u8(&d.b, 0);
        put16(&d, 1);
        put16(&d, 1);
        assert_int_equal(parse(span_of(&d), &m), len <= 61);
        if (len > 61)
            continue;
        uint8_t text[MT_DNS_NAME_TEXT_MAX];
        struct mt_buf b = mt_buf_of(text, sizeof text);
        mt_dns_put_name(&b, &m.question.name);
        assert_false(b.full);
    }
}

/* The client's addresses: of the name that it asked for, through CNAMEs; not
 * what else somebody put into the answer. */
static void test_answers_of_a_chain(void **state)
{
    (void)state;
    struct dns d;
    struct mt_dns_message m;
    response(&d, 7, 0, "shop.example", TYPE_A);
    put_answer_at(&d, QUESTION_AT, TYPE_TXT, MT_SPAN("\1x"));
    put_cname(&d, "SHOP.example", "a.cdn.example");
    put_answer(&d, "evil.example", TYPE_A, IP(6, 6, 6, 6));
    put_cname(&d, "a.cdn.example", "b.cdn.example");
    put_answer(&d, "b.cdn.example", TYPE_A, IP(192, 0, 2, 1));
    put_answer(&d, "shop.example", TYPE_A, IP(6, 6, 6, 6));
    put_answer(&d, "b.cdn.example", TYPE_A, MT_SPAN("\1\2\3"));
    put_answer(&d, "b.cdn.example", TYPE_AAAA,
               MT_SPAN("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"));
    assert_true(parse(span_of(&d), &m));
    assert_true(m.whole);
    assert_int_equal(m.addresses_count, 2);
    assert_memory_equal(m.addresses[0],
                        "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", 16);
    assert_memory_equal(m.addresses[1], "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1",
                        16);
}

static void test_addresses_are_bounded(void **state)
{
    (void)state;
    struct dns d;
    struct mt_dns_message m;
    response(&d, 7, 0, "many.example", TYPE_A);
    for (int i = 0; i < 100; i++)
        put_answer_at(&d, QUESTION_AT, TYPE_A, IP(10, 0, 0, 1));
    assert_true(parse(span_of(&d), &m));
    assert_true(m.whole);
    assert_int_equal(m.addresses_count, MT_DNS_ADDRESSES_MAX);
}

/* RFC 6891: BADVERS is 16, of which the header has the lower four bits. */
static void test_edns_extends_the_code(void **state)
{
    (void)state;
    struct dns d;
    struct mt_dns_message m;
    response(&d, 7, 0, "example", TYPE_A);
    count_record(&d, 3);
    mt_put_span(&d.b, MT_SPAN("\0"
                              "\0\x29"
                              "\x04\xd0"
                              "\1\0\0\0"
                              "\0\0"));
    assert_true(parse(span_of(&d), &m));
    assert_int_equal(m.rcode, 16);
}

/* Cut anywhere it is not whole; without its whole question it is nothing. */
static void test_cut_at_every_offset(void **state)
{
    (void)state;
    struct dns d;
    struct mt_dns_message m;
    response(&d, 7, 0, "shop.example", TYPE_A);
    size_t question_end = d.b.len;
    put_cname(&d, "shop.example", "b.example");
    put_answer(&d, "b.example", TYPE_A, IP(192, 0, 2, 1));
    for (size_t n = 0; n < d.b.len; n++) {
        bool ok = parse((struct mt_span){d.bytes, n}, &m);
        assert_int_equal(ok, n >= question_end);
        assert_false(ok && m.whole);
    }
    mt_put_u8(&d.b, 0); /* one byte too many */
    assert_true(parse(span_of(&d), &m));
    assert_false(m.whole);
}

/* Each is the name of a question, at offset 12. */
static const struct {
    const char *what;
    struct mt_span name;
} bad_names[] = {
#define BAD(what, bytes)                                \
    {                                                   \
        what,                                           \
        {                                               \
            (const uint8_t *)(bytes), sizeof(bytes) - 1 \
        }                                               \
    }
    BAD("points to itself", "\xc0\x0c"),
    BAD("points to its own label", "\1a\xc0\x0c"),
    BAD("points forward", "\xc0\x10\0\0\1a\0"),
    BAD("points into the header", "\xc0\x00"),
    BAD("points beyond the end", "\xff\xff"),
    BAD("label type 01", "\x40"
                         "a\0"),
    BAD("label type 10", "\x81"
                         "a\0"),
    BAD("label beyond the end", "\x3f"
                                "abc"),
};

static void test_hostile_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
        struct dns d;
        struct mt_dns_message m;
        start_message(&d, 1, 0, 1);
        mt_put_span(&d.b, bad_names[i].name);
        put16(&d, 1);
        put16(&d, 1);
        if (parse(span_of(&d), &m))
            fail_msg("a name that %s was read", bad_names[i].what);
    }
}

/* Pointers that lead to pointers, as many as a message has room for: each name
 * gives up after 127, so that a message costs no more than its size in names.
 * Two owners that point to each other are no loop, either. */
static void test_pointers_to_pointers(void **state)
{
    (void)state;
    for (unsigned n = 126; n <= 128; n++) {
        struct dns d;
        struct mt_dns_message m;
        response(&d, 7, 0, "a", TYPE_A);
        struct dns chain;
        chain.b = mt_buf_of(chain.bytes, sizeof chain.bytes);
        unsigned at = (unsigned)d.b.len + 2 + 10; /* of the data */
        put16(&chain, 0xc000u | QUESTION_AT);
        for (unsigned i = 1; i < n; i++)
            put16(&chain, 0xc000u | (at + 2 * (i - 1)));
        put_answer_at(&d, QUESTION_AT, TYPE_TXT, mt_buf_span(&chain.b));
        put_answer_at(&d, at + 2 * (n - 1), TYPE_A, IP(1, 2, 3, 4));
        assert_true(parse(span_of(&d), &m));
        assert_int_equal(m.whole, n + 1 <= 127);
        assert_int_equal(m.addresses_count, n + 1 <= 127);
    }
}

static const struct {
    const char *what;
    struct mt_span header;
    bool want;
} headers[] = {
#define ROW(what, bytes, want)                                    \
    {                                                             \
        what, {(const uint8_t *)(bytes), sizeof(bytes) - 1}, want \
    }
    ROW("a query", "\1\2\1\0\0\1\0\0\0\0\0\1", true),
    ROW("a response", "\1\2\x81\x80\0\1\0\2\0\0\0\1", true),
    ROW("an error without its question", "\1\2\x81\x82\0\0\0\0\0\0\0\0", true),
    ROW("NOTIFY", "\1\2\x24\0\0\1\0\1\0\0\0\0", true),
    ROW("UPDATE", "\1\2\x28\0\0\1\0\1\0\1\0\0", true),
    ROW("no header", "\1\2\1\0\0\1\0\0\0\0\0", false),
    ROW("the reserved bit", "\1\2\1\x40\0\1\0\0\0\0\0\0", false),
    ROW("an opcode of old", "\1\2\x10\0\0\1\0\0\0\0\0\0", false),
    ROW("two questions", "\1\2\1\0\0\2\0\0\0\0\0\0", false),
    ROW("a query without one", "\1\2\1\0\0\0\0\0\0\0\0\0", false),
    ROW("a query with answers", "\1\2\1\0\0\1\0\1\0\0\0\0", false),
    ROW("a query with an error", "\1\2\1\2\0\1\0\0\0\0\0\0", false),
    ROW("more records than bytes", "\1\2\x81\x80\0\1\0\x30\0\0\0\0", false),
    ROW("mDNS, answer", "\0\0\x84\0\0\0\0\1\0\0\0\0", true),
    ROW("HTTP", "GET / HTTP/1.1\r\n", false),
    ROW("QUIC", "\xc3\0\0\0\1\x08\x12\x34\x56\x78\x9a\xbc", false),
    ROW("RTP", "\x80\x60\1\2\3\4\5\6\7\x08\x09\x10", false),
    ROW("NTP", "\x23\0\6\xec\0\0\0\0\0\0\0\0", false),
    ROW("WireGuard", "\4\0\0\0\1\2\3\4\5\6\7\x08", false),
};

static void test_what_may_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (mt_dns_may_be(headers[i].header, 500) != headers[i].want)
            fail_msg("%s", headers[i].what);
}

static void test_words(void **state)
{
    (void)state;
    char text[64];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    mt_dns_put_type(&b, 65);
    mt_put_char(&b, ' ');
    mt_dns_put_type(&b, 65280);
    mt_put_char(&b, ' ');
    mt_dns_put_rcode(&b, 3);
    mt_put_char(&b, ' ');
    mt_dns_put_rcode(&b, 4095);
    mt_put_char(&b, ' ');
    mt_dns_put_class(&b, 3);
    mt_put_u8(&b, 0);
    assert_string_equal(text, "HTTPS TYPE65280 NXDOMAIN RCODE4095 CH");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_names_are_escaped),
        cmocka_unit_test(test_longest_name_has_room),
        cmocka_unit_test(test_answers_of_a_chain),
        cmocka_unit_test(test_addresses_are_bounded),
        cmocka_unit_test(test_edns_extends_the_code),
        cmocka_unit_test(test_cut_at_every_offset),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_pointers_to_pointers),
        cmocka_unit_test(test_what_may_be),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
