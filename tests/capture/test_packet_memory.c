/* The system has no memory at the i-th call: each part that reads or writes
 * packets again says so, leaks nothing, and what it wrote is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "capture/packet_conns.h"
#include "capture/packet_ladder.h"
#include "capture/packet_refs.h"
#include "capture/packet_ring.h"
#include "capture/pcapng_out.h"
#include "ring_folder.h"
#include "tests/refuse_memory.h"

/* A part, which had all that it asked for or not. */
static bool (*part)(void);

static void part_once(void)
{
    assert_true(part() || memory_was_refused());
}

static void refuse_each_of(bool (*run)(void), enum refuse which)
{
    part = run;
    (void)refuse_each(part_once, which, 0, 1);
}

#define MESH MT_TEST_DATA "/mesh.pcapng"

/* Where packets of mesh.pcapng are. */
static uint64_t offsets[100];

static void find_packets(void)
{
    struct mt_source *s = open_source(MESH);
    struct mt_item item;
    for (size_t i = 0; i < 100;)
        if (mt_source_next(s, &item) == MT_EVENT && item.kind == MT_ITEM_PACKET)
            offsets[i++] = item.packet.ref;
    mt_source_free(s);
}

static bool read_refs(void)
{
    struct mt_packet_refs *p = mt_packet_refs_new(1 << 20);
    struct mt_packet_file file = {.path = MESH};
    struct mt_packet_found found;
    const char *why;
    if (p == NULL)
        return false;
    bool ok = mt_packet_refs_file(p, 2, MESH, &file) == 0;
    for (uint64_t i = 0; ok && i < 2000; i++)
        ok =
            mt_packet_refs_add(p, UINT64_C(2) << 48 | offsets[i % 100], 0) == 0;
    if (ok)
        mt_packet_refs_sort(p);
    size_t n = 0;
    while (ok && mt_packet_refs_next(p, &found) == MT_EVENT)
        n++;
    uint64_t lost = ok ? mt_packet_refs_lost(p, 2, &why) : 0;
    if (ok)
        assert_int_equal(n + lost, 100);
    mt_packet_refs_free(p);
    return ok && n == 100;
}

/* Without memory it says so, and has no packets. */
static bool read_ladder(void)
{
    static struct mt_ladder l;
    const struct mt_ladder_file file = {.path = MESH};
    const struct mt_exchange x = {
        .packets = offsets, .packets_count = 100, .end_ns = INT64_MAX};
    mt_packet_ladder_read(&l, &x, &file, 1, &(struct mt_ladder_options){0});
    assert_int_equal(l.complete, l.why[0] == '\0');
    return l.complete;
}

static bool read_conns(void)
{
    struct mt_packet_conns *c = mt_packet_conns_new(1 << 20);
    struct mt_addr a = {.port = 1}, b = {.port = 2};
    struct mt_problem why;
    struct mt_item item;
    if (c == NULL)
        return false;
    bool ok = mt_packet_conns_add(c, &a, &b) == 0;
    mt_packet_conns_sort(c);
    ok = ok && mt_packet_conns_open(c, 0, MESH, &why) == 0;
    size_t items = 0;
    while (ok && mt_packet_conns_next(c, &item) == MT_EVENT)
        items++;
    mt_packet_conns_free(c);
    return ok && items > 0;
}

static int take_bytes(void *arg, struct mt_span bytes)
{
    (void)arg, (void)bytes;
    return 0;
}

static bool write_packets(void)
{
    static uint8_t bytes[600 << 10];
    struct mt_pcapng_out *o =
        mt_pcapng_out_new((struct mt_sink){take_bytes, NULL}, "test", "");
    if (o == NULL)
        return false;
    for (uint32_t i = 0; i < 20; i++) {
        struct mt_packet p = {.interface_id = i,
                              .bytes = {bytes, i == 12 ? sizeof bytes : 60}};
        mt_pcapng_out_interface(o, &p, mt_span_str("eth"));
        mt_pcapng_out_packet(o, &p, NULL, 0);
    }
    uint64_t packets = mt_pcapng_out_packets(o);
    int rc = mt_pcapng_out_end(o);
    assert_true(rc == -ENOMEM || (rc == 0 && packets == 20));
    return rc == 0;
}

static struct folder folder;

static bool open_ring(void)
{
    struct mt_packet_ring *r;
    struct mt_problem why = {0};
    struct mt_packet_ring_options options = {.folder = folder.path,
                                             .size_bytes = 1 << 20,
                                             .file_bytes = 1 << 16,
                                             .patient = true,
                                             .application = "test"};
    int rc = mt_packet_ring_open(&r, &options, &why);
    assert_true(rc == 0 ? r != NULL : r == NULL && why.text[0] != '\0');
    mt_packet_ring_close(r, NULL);
    return rc == 0;
}

static void test_refs(void **state)
{
    (void)state;
    find_packets();
    refuse_each_of(read_refs, REFUSE_ONE);
}

static void test_ladder(void **state)
{
    (void)state;
    find_packets();
    refuse_each_of(read_ladder, REFUSE_ONE);
}

static void test_conns(void **state)
{
    (void)state;
    refuse_each_of(read_conns, REFUSE_ONE);
}

static void test_out(void **state)
{
    (void)state;
    refuse_each_of(write_packets, REFUSE_ONE);
}

static void test_ring(void **state)
{
    (void)state;
    make_folder(&folder);
    /* the disk thread has its memory */
    refuse_each_of(open_ring, REFUSE_ONE_HERE);
    remove_folder(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refs),  cmocka_unit_test(test_ladder),
        cmocka_unit_test(test_conns), cmocka_unit_test(test_out),
        cmocka_unit_test(test_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
