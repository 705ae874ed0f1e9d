/* The block format: every block that is read, and what hostile ones get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "read_log.h"

static void test_sections(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        struct bytes f = {.big = big != 0};
        put_shb(&f, "hello");
        put_idb(&f, 1, 0, "eth0", 0);
        put_epb(&f, 0, 1000002, "abcde", 50);
        f.big = !f.big; /* a second section, the other way round */
        put_shb(&f, NULL);
        put_idb(&f, 113, 0, NULL, 9);
        put_epb(&f, 0, 5000000007, "xyz", 3);
        expect(span_of(&f),
               "comment hello\ninterface 0/1 eth0\n"
               "packet 76 1000002000 0/1 50 abcde\n"
               "interface 1/113 \n"
               "packet 176 5000000007 1/113 3 xyz\n",
               MT_DONE, "");
        free(f.ptr);
    }
}

static const struct {
    uint8_t resolution;
    uint64_t units;
    const char *ns;
} resolutions[] = {
    {0, 1234567, "1234567000"},
    {3, 1234567, "1234567000000"},
    {9, 1234567, "1234567"},
    {12, 1234567, "1234"},
    {1, 15, "1500000000"},
    {0x80 | 1, 3, "1500000000"},
    {0x80 | 10, 1536, "1500000000"},
    {0x80 | 32, 0x180000000, "1500000000"},
    {0x80 | 40, 0x18000000000, "1500000000"},
    {0x80 | 63, 0xc000000000000000, "1500000000"},
    {0x80 | 64, 0x8000000000000000, "500000000"},
    {0x80 | 127, UINT64_MAX, "0"},
    {19, 15000000000000000000u, "1500000000"},
    {20, 15000000000000000000u, "150000000"},
    {127, UINT64_MAX, "0"},
    {9, UINT64_MAX, "9223372035709551615"}, /* the nearest there is */
    {0, UINT64_MAX, "9223372035551615000"},
};

static void test_resolutions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof resolutions / sizeof resolutions[0]; i++) {
        struct bytes f = {.big = i % 2 == 0};
        char log[200];
        put_shb(&f, NULL);
        put_idb(&f, 1, 0, NULL, resolutions[i].resolution);
        size_t at = f.len;
        put_epb(&f, 0, resolutions[i].units, "p", 1);
        (void)snprintf(log, sizeof log,
                       "interface 0/1 \npacket %zu %s 0/1 1 p\n", at,
                       resolutions[i].ns);
        expect(span_of(&f), log, MT_DONE, "");
        free(f.ptr);
    }
}

static void test_time_offset(void **state)
{
    (void)state;
    const struct {
        int64_t s;
        const char *ns;
    } offsets[] = {{1000, "1001500000000"},
                   {-2, "-500000000"},
                   {INT64_MAX, "9223372035500000000"},
                   {INT64_MIN, "-9223372034500000000"}};
    for (size_t i = 0; i < 4; i++) {
        struct bytes f = {.big = i % 2 == 0}, value = {.big = f.big};
        char log[200];
        put64(&value, (uint64_t)offsets[i].s);
        put_shb(&f, NULL);
        size_t at = block_begin(&f, 1);
        put32(&f, f.big ? 1u << 16 : 1);
        put32(&f, 0);
        put_option(&f, 14, value.ptr, 8);
        block_end(&f, at);
        at = f.len;
        put_epb(&f, 0, 1500000, "p", 1);
        (void)snprintf(log, sizeof log,
                       "interface 0/1 \npacket %zu %s 0/1 1 p\n", at,
                       offsets[i].ns);
        expect(span_of(&f), log, MT_DONE, "");
        free(f.ptr);
        free(value.ptr);
    }
}

static void put_names(struct bytes *f)
{
    size_t at = block_begin(f, 4);
    put16(f, 1); /* IPv4, two names */
    put16(f, 4 + 4 + 5);
    put(f,
        "\x0a\0\0\x07"
        "web\0www2\0",
        13);
    put_pad(f, 4);
    put16(f, 3); /* an Ethernet address: skipped */
    put16(f, 8);
    put(f, "\0\0\0\0\0\0x\0", 8);
    put16(f, 2); /* IPv6, a name that does not end */
    put16(f, 18);
    put(f,
        "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09"
        "db",
        18);
    put_pad(f, 4);
    put32(f, 0);
    put_option_text(f, 1, "not a name");
    block_end(f, at);
}

static void put_drops(struct bytes *f)
{
    struct bytes value = {.big = f->big};
    size_t at = block_begin(f, 5);
    put32(f, 0);
    put64(f, 0);
    put64(&value, 12);
    put_option(f, 7, value.ptr, 8);
    value.len = 0;
    put64(&value, 0x100000003);
    put_option(f, 5, value.ptr, 8);
    block_end(f, at);
    free(value.ptr);
}

static void put_secrets(struct bytes *f, uint32_t type, const char *text)
{
    size_t at = block_begin(f, 10);
    put32(f, type);
    put32(f, (uint32_t)strlen(text));
    put_text(f, text);
    block_end(f, at);
}

static void test_other_blocks(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        struct bytes f = {.big = big != 0};
        put_shb(&f, NULL);
        size_t at = block_begin(&f, 1);
        put16(&f, 1);
        put16(&f, 0);
        put32(&f, 4);
        put_option_text(&f, 1, "front");
        put_option_text(&f, 2, "eth1");
        put_option_text(&f, 1, "door");
        block_end(&f, at);
        put_names(&f);
        put_secrets(&f, 0x544c534b, "CLIENT_RANDOM 1 2\n");
        put_secrets(&f, 0x57474b4c, "a WireGuard key");
        put_drops(&f);
        at = block_begin(&f, 0xbad); /* custom, to be skipped */
        put_text(&f, "whatever");
        block_end(&f, at);
        at = block_begin(&f, 3); /* simple, cut by the interface's snaplen */
        put32(&f, 9);
        put_text(&f, "abcd");
        block_end(&f, at);
        size_t obsolete = block_begin(&f, 2);
        put16(&f, 0);
        put16(&f, 3);
        put32(&f, 0);
        put32(&f, 8);
        put32(&f, 2);
        put32(&f, 2);
        put_text(&f, "zz");
        block_end(&f, obsolete);
        char log[512];
        (void)snprintf(log, sizeof log,
                       "interface 0/1 eth1\ncomment front\ncomment door\n"
                       "name 0.7 web\nname 0.7 www2\nname 253.9 db\n"
                       "secrets CLIENT_RANDOM 1 2\n\ndrops 0 12 4294967299\n"
                       "packet %zu 0 0/1 9 abcd\npacket %zu 8000 0/1 2 zz\n",
                       at, obsolete);
        expect(span_of(&f), log, MT_DONE, "");
        free(f.ptr);
    }
}

/* One damaged byte or length each: whole before it, and a word after it. */
static void expect_damage(size_t at, uint32_t value, int rc, const char *why)
{
    struct bytes f = {.big = true};
    put_shb(&f, NULL);            /* 0 */
    put_idb(&f, 1, 0, NULL, 9);   /* 28 */
    put_epb(&f, 0, 5, "abcd", 4); /* 60 */
    put_epb(&f, 0, 6, "efgh", 4); /* 96 */
    set32(&f, at, value);
    expect(span_of(&f), "interface 0/1 \npacket 60 5 0/1 4 abcd\n", rc, why);
    free(f.ptr);
}

static void test_damage(void **state)
{
    (void)state;
    expect_damage(96 + 4, 8, MT_EPROTO,
                  "t: offset 96: a block of 8 bytes is not possible: the file "
                  "is damaged from here on");
    expect_damage(96 + 4, 0xfffffff0, MT_EPROTO,
                  "t: offset 96: a block of 4294967280 bytes is not possible: "
                  "the file is damaged from here on");
    expect_damage(96 + 32, 40, MT_EPROTO,
                  "t: offset 96: a block's two lengths differ (36 and 40): the "
                  "file is damaged here");
    expect_damage(96 + 8, 1, MT_EPROTO,
                  "t: offset 96: packet of interface 1, but 1 are declared");
    expect_damage(96 + 20, 5, MT_EPROTO,
                  "t: offset 96: packet of 5 bytes in a block of 24");
    expect_damage(96 + 4, 40, MT_EPROTO,
                  "t: offset 96: cut off here: the last record has 36 of at "
                  "least 40 bytes; all before it was read");
    expect_damage(96, 0x0a0d0d0a, MT_EPROTO,
                  "t: offset 96: section header without a byte order");
}

/* Blocks that are not needed to read on may be malformed. */
static void test_malformed_but_not_needed(void **state)
{
    (void)state;
    struct bytes f = {.big = false};
    put_shb(&f, NULL);
    put_idb(&f, 1, 0, NULL, 9);
    for (uint32_t type = 4; type <= 10; type++) {
        if (type == 6)
            continue;
        size_t at = block_begin(&f, type);
        put32(&f, 0xffff0001);
        block_end(&f, at);
    }
    size_t at = f.len;
    put_epb(&f, 0, 5, "abcd", 4);
    char log[100];
    (void)snprintf(log, sizeof log, "interface 0/1 \npacket %zu 5 0/1 4 abcd\n",
                   at);
    expect(span_of(&f), log, MT_DONE, "");
    free(f.ptr);
}

static void test_interface_options_out_of_bounds(void **state)
{
    (void)state;
    struct bytes f = {.big = false};
    put_shb(&f, NULL);
    size_t at = block_begin(&f, 1);
    put64(&f, 1);
    put32(&f, 0x00ff0009);
    block_end(&f, at);
    expect(span_of(&f), "", MT_EPROTO,
           "t: offset 28: interface options out of bounds");
    free(f.ptr);
}

static void test_too_many_interfaces(void **state)
{
    (void)state;
    struct bytes f = {.big = false};
    put_shb(&f, NULL);
    for (int i = 0; i <= 65536; i++)
        put_idb(&f, 1, 0, NULL, 0);
    struct run r = read_all(span_of(&f), SIZE_MAX, false);
    assert_int_equal(r.rc, MT_ELIMIT);
    assert_non_null(strstr(r.problem, "more than 65536 interfaces"));
    free(r.log.ptr);
    free(f.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_resolutions),
        cmocka_unit_test(test_time_offset),
        cmocka_unit_test(test_other_blocks),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_malformed_but_not_needed),
        cmocka_unit_test(test_interface_options_out_of_bounds),
        cmocka_unit_test(test_too_many_interfaces),
    };
    return cmocka_run_group_tests_name("capture/pcapng", tests, NULL, NULL);
}
