/* Files of both formats through the whole reader: what a user is told, and
 * that neither cuts, dribbles nor compression change what is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>

#include "build.h"
#include "memory_input.h"

struct run {
    struct bytes log; /* a line an item */
    int rc;
    char problem[MT_PROBLEM_BYTES];
};

static void log_item(struct bytes *log, const struct mt_item *i)
{
    static const char *const kinds[] = {"packet", "name",    "secrets",
                                        "drops",  "comment", "interface"};
    char line[256];
    put_text(log, kinds[i->kind]);
    switch (i->kind) {
    case MT_ITEM_PACKET:
        (void)snprintf(line, sizeof line, " %" PRIu64 " %" PRId64 " %u/%u %u ",
                       i->packet.ref, i->packet.ts_ns, i->packet.interface_id,
                       i->packet.link_type, i->packet.wire_bytes);
        put_text(log, line);
        put(log, i->packet.bytes.ptr, i->packet.bytes.len);
        break;
    case MT_ITEM_DROPS:
        (void)snprintf(line, sizeof line, " %u %" PRIu64 " %" PRIu64,
                       i->packet.interface_id, i->kernel_drops,
                       i->interface_drops);
        put_text(log, line);
        break;
    case MT_ITEM_NAME:
        (void)snprintf(line, sizeof line, " %u.%u ", i->name_addr.ip[0],
                       i->name_addr.ip[15]);
        put_text(log, line);
        put(log, i->text.ptr, i->text.len);
        break;
    case MT_ITEM_INTERFACE:
        (void)snprintf(line, sizeof line, " %u/%u ", i->packet.interface_id,
                       i->packet.link_type);
        put_text(log, line);
        put(log, i->text.ptr, i->text.len);
        break;
    default:
        put_text(log, " ");
        put(log, i->text.ptr, i->text.len);
    }
    put_text(log, "\n");
}

/* Read all, `step` bytes a read. Followed: every read ends the file until the
 * next call. */
static struct run read_all(struct mt_span file, size_t step, bool follow)
{
    struct run r = {.rc = 0};
    struct memory_input m = {
        .bytes = file, .step = step, .visible = follow ? step : SIZE_MAX};
    struct mt_source *s;
    struct mt_source_options options = {.follow = follow, .buffer_bytes = 1};
    struct mt_problem why;
    struct mt_item item;
    r.rc = mt_source_open_input(&s, memory_input(&m), "t", &options, &why);
    if (r.rc < 0) {
        memcpy(r.problem, why.text, sizeof why.text);
        put8(&r.log, 0);
        return r;
    }
    for (;;) {
        r.rc = mt_source_next(s, &item);
        if (r.rc == MT_EVENT)
            log_item(&r.log, &item);
        else if (r.rc == MT_MORE && m.visible < file.len)
            m.visible += step;
        else if (r.rc == MT_MORE)
            mt_source_finish(s);
        else
            break;
    }
    (void)snprintf(r.problem, sizeof r.problem, "%s", mt_source_problem(s));
    assert_int_equal(mt_source_next(s, &item), r.rc); /* sticky */
    mt_source_free(s);
    put8(&r.log, 0);
    return r;
}

static void expect(struct mt_span file, const char *log, int rc,
                   const char *problem)
{
    const size_t steps[] = {SIZE_MAX, 1, 7};
    for (size_t i = 0; i < 6; i++) {
        bool follow = i >= 3;
        struct run r =
            read_all(file, follow ? steps[i - 3] / 2 + 1 : steps[i], follow);
        assert_string_equal((const char *)r.log.ptr, log);
        assert_string_equal(r.problem, problem);
        assert_int_equal(r.rc, rc);
        free(r.log.ptr);
    }
}

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

static void test_pcapng(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pcap),
        cmocka_unit_test(test_pcapng),
    };
    return cmocka_run_group_tests_name("capture/source", tests, NULL, NULL);
}
