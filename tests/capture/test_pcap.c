/* The classic format: what is read of it, and what a hostile file gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "read_log.h"

static const struct {
    const char *name;
    uint32_t magic;
    bool big;
    const char *times[2];
} pcaps[] = {
    {"us", 0xa1b2c3d4, false, {"1000002000", "1999999000"}},
    {"us big", 0xa1b2c3d4, true, {"1000002000", "1999999000"}},
    {"ns", 0xa1b23c4d, false, {"1000000002", "1000999999"}},
    {"ns big", 0xa1b23c4d, true, {"1000000002", "1000999999"}},
};

static void test_pcap(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pcaps / sizeof pcaps[0]; i++) {
        struct bytes f = {.big = pcaps[i].big};
        char log[256];
        /* FCS length and reserved bits above the link type */
        put_pcap_header(&f, pcaps[i].magic, 65535, 0x54000001);
        put_pcap_packet(&f, 1, 2, "abc", 100);
        put_pcap_packet(&f, 1, 999999, "", 0);
        (void)snprintf(log, sizeof log,
                       "interface 0/1 \npacket 24 %s 0/1 100 abc\n"
                       "packet 43 %s 0/1 0 \n",
                       pcaps[i].times[0], pcaps[i].times[1]);
        expect(span_of(&f), log, MT_DONE, "");
        free(f.ptr);
    }
}

/* Records with four more fields, as some old kernels' tcpdump wrote. */
static void test_modified(void **state)
{
    (void)state;
    struct bytes f = {.big = false};
    put_pcap_header(&f, 0xa1b2cd34, 65535, 1);
    put32(&f, 7);
    put32(&f, 5);
    put32(&f, 2);
    put32(&f, 9);
    put64(&f, 0x1111111122222222);
    put_text(&f, "ab");
    expect(span_of(&f), "interface 0/1 \npacket 24 7000005000 0/1 9 ab\n",
           MT_DONE, "");
    free(f.ptr);
}

/* Before version 2.3 the two lengths stood the other way round. */
static void test_old_version(void **state)
{
    (void)state;
    struct bytes f = {.big = true};
    put_pcap_header(&f, 0xa1b2c3d4, 68, 1);
    f.ptr[7] = 2;
    put32(&f, 7);
    put32(&f, 5);
    put32(&f, 9);
    put32(&f, 2);
    put_text(&f, "ab");
    expect(span_of(&f), "interface 0/1 \npacket 24 7000005000 0/1 9 ab\n",
           MT_DONE, "");
    f.ptr[7] = 5;
    expect(span_of(&f), "", MT_ELIMIT,
           "t: offset 0: pcap version 2.5 is not known; convert it with "
           "editcap");
    free(f.ptr);
}

static void test_hostile_length(void **state)
{
    (void)state;
    const uint32_t lengths[] = {262145, 16u << 20, 0x7fffffff, 0xffffffff};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct bytes f = {.big = false};
        char why[200];
        put_pcap_header(&f, 0xa1b2c3d4, 0, 1);
        put_pcap_packet(&f, 1, 2, "abc", 100);
        put_pcap_packet(&f, 1, 2, "abc", 100);
        set32(&f, 24 + 19 + 8, lengths[i]);
        (void)snprintf(why, sizeof why,
                       "t: offset 43: a packet of %u bytes is not possible "
                       "here (at most 262144): the file is damaged from here "
                       "on",
                       lengths[i]);
        expect(span_of(&f),
               "interface 0/1 \npacket 24 1000002000 0/1 100 abc\n", MT_EPROTO,
               why);
        free(f.ptr);
    }
}

/* A packet longer than the buffer, between others. */
static void test_long_packet(void **state)
{
    (void)state;
    struct bytes f = {.big = false}, log = {.big = false};
    char *data = calloc(1, 300001);
    assert_non_null(data);
    memset(data, 'x', 300000);
    put_pcap_header(&f, 0xa1b2c3d4, 1u << 20, 1);
    put_pcap_packet(&f, 0, 0, "a", 1);
    put_pcap_packet(&f, 0, 0, data, 300000);
    put_pcap_packet(&f, 0, 0, "b", 1);
    put_text(&log, "interface 0/1 \npacket 24 0 0/1 1 a\n"
                   "packet 41 0 0/1 300000 ");
    put_text(&log, data);
    put_text(&log, "\npacket 300057 0 0/1 1 b\n");
    put8(&log, 0);
    const size_t steps[] = {SIZE_MAX, 4096, 100000};
    for (size_t i = 0; i < 3; i++) {
        struct run r = read_all(span_of(&f), steps[i], false);
        assert_int_equal(r.rc, MT_DONE);
        assert_int_equal(r.log.len, log.len);
        assert_memory_equal(r.log.ptr, log.ptr, log.len);
        free(r.log.ptr);
    }
    free(data);
    free(f.ptr);
    free(log.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pcap),
        cmocka_unit_test(test_modified),
        cmocka_unit_test(test_old_version),
        cmocka_unit_test(test_hostile_length),
        cmocka_unit_test(test_long_packet),
    };
    return cmocka_run_group_tests_name("capture/pcap", tests, NULL, NULL);
}
