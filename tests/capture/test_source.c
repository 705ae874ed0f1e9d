/* The whole reader: what a user is told of files that are no captures, cut
 * ones, growing ones, and how a packet is found again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>
#include <zstd.h>

#include "read_log.h"

static const struct {
    const char *bytes;
    size_t len;
    const char *problem;
} foreign[] = {
    {"", 0, "t: the file is empty; give a pcap or pcapng file"},
    {"GET / HTTP/1.1\r\n", 16,
     "t: not a capture (looks like text); give a pcap or pcapng file"},
    {"\177ELF\2\1", 6, "t: this is a program; give a pcap or pcapng file"},
    {"\0\0\0\0\0\0", 6,
     "t: not a capture (it begins with zeros); give a pcap or pcapng file"},
    {"\1\2\3\4\5", 5,
     "t: not a capture (unknown binary format); give a pcap or pcapng file"},
    {"snoop\0\0\0\0\0\0\2", 12,
     "t: this is a Solaris snoop capture; convert it: editcap -F pcapng FILE "
     "NEW"},
    {"GMBU\0\2", 6,
     "t: this is a Microsoft Network Monitor 2 capture; convert it: editcap "
     "-F pcapng FILE NEW"},
    {"\xfd"
     "7zXZ\0",
     6, "t: this is compressed by xz; decompress it first (xz -d)"},
    {"\xd4\xc3", 2,
     "t: not a capture (unknown binary format); give a pcap or pcapng file"},
};

static void test_foreign(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        struct mt_span s = {(const uint8_t *)foreign[i].bytes, foreign[i].len};
        struct run r = read_all(s, SIZE_MAX, false);
        assert_string_equal(r.problem, foreign[i].problem);
        assert_int_equal(r.rc, MT_EPROTO);
        free(r.log.ptr);
        r = read_all(s, MT_FOREIGN_LOOK_BYTES, true);
        assert_string_equal(r.problem, foreign[i].problem);
        assert_int_equal(r.rc, MT_EPROTO);
        free(r.log.ptr);
    }
}

static void test_no_file(void **state)
{
    (void)state;
    const struct mt_source_options options = {.follow = false};
    struct mt_problem why;
    struct mt_source *s;
    assert_true(mt_source_open_file(&s, "/none/such", &options, &why) < 0);
    assert_string_equal(why.text, "/none/such: no such file");
    assert_null(s);
    assert_true(mt_source_open_file(&s, "/tmp", &options, &why) < 0);
    assert_string_equal(why.text, "/tmp: a folder, not a capture; name a file");
}

/* Three sections, several packets, names and a comment. */
static struct bytes sample(bool pcapng)
{
    struct bytes f = {.big = false};
    if (!pcapng) {
        put_pcap_header(&f, 0xa1b2c3d4, 65535, 1);
        for (unsigned i = 0; i < 4; i++)
            put_pcap_packet(&f, i, 7, &"packet of pcap"[i], 60);
        return f;
    }
    for (unsigned i = 0; i < 3; i++) {
        put_shb(&f, "a section");
        put_idb(&f, 1, 0, "eth0", 9);
        put_epb(&f, 0, 5 + i, "packet", 6);
        put_idb(&f, 113, 0, "any", 0);
        put_epb(&f, 1, 6 + i, "other", 60);
        put_epb(&f, 0, 7 + i, "third one", 60);
        f.big = !f.big;
    }
    return f;
}

/* Any cut gives all that is whole before it, and says that it is cut unless
 * it is between two records. */
static void check_cut(struct mt_span file, const struct run *all, size_t cut)
{
    uint8_t *copy = malloc(cut > 0 ? cut : 1);
    assert_non_null(copy);
    memcpy(copy, file.ptr, cut);
    struct run r = read_all((struct mt_span){copy, cut}, SIZE_MAX, false);
    assert_true(r.log.len <= all->log.len);
    assert_memory_equal(r.log.ptr, all->log.ptr, r.log.len - 1);
    assert_true(r.rc == MT_DONE || r.rc == MT_EPROTO);
    assert_int_equal(r.rc == MT_DONE, r.problem[0] == '\0');
    struct run dribbled = read_all((struct mt_span){copy, cut}, 3, true);
    assert_string_equal((char *)r.log.ptr, (char *)dribbled.log.ptr);
    assert_string_equal(r.problem, dribbled.problem);
    free(r.log.ptr);
    free(dribbled.log.ptr);
    free(copy);
}

static void test_every_cut(void **state)
{
    (void)state;
    for (int pcapng = 0; pcapng < 2; pcapng++) {
        struct bytes f = sample(pcapng != 0);
        struct run all = read_all(span_of(&f), SIZE_MAX, false);
        assert_int_equal(all.rc, MT_DONE);
        for (size_t cut = 0; cut < f.len; cut++)
            check_cut(span_of(&f), &all, cut);
        free(all.log.ptr);
        free(f.ptr);
    }
}

/* All packets of a file, kept: what a ref must give again. */
struct kept {
    struct mt_packet list[16];
    size_t count;
};

static struct mt_source *open_memory(struct memory_input *m)
{
    struct mt_source_options options = {.number = 513};
    struct mt_problem why;
    struct mt_source *s;
    m->at = 0;
    assert_int_equal(
        mt_source_open_input(&s, memory_input(m), "t", &options, &why), 0);
    return s;
}

static struct kept keep_all(struct mt_source *s)
{
    struct kept k = {.count = 0};
    struct mt_item item;
    while (mt_source_next(s, &item) == MT_EVENT) {
        if (item.kind != MT_ITEM_PACKET)
            continue;
        struct mt_packet p = item.packet;
        assert_int_equal(p.ref >> 48, 513);
        p.bytes.ptr = memcpy(malloc(p.bytes.len), p.bytes.ptr, p.bytes.len);
        k.list[k.count++] = p;
    }
    return k;
}

static void check_ref(struct mt_source *s, const struct mt_packet *want)
{
    struct mt_item item;
    assert_int_equal(mt_source_read_at(s, want->ref & 0xffffffffffff, &item),
                     MT_EVENT);
    assert_true(item.packet.ref == want->ref);
    assert_true(item.packet.ts_ns == want->ts_ns);
    assert_int_equal(item.packet.interface_id, want->interface_id);
    assert_int_equal(item.packet.link_type, want->link_type);
    assert_true(mt_span_eq(item.packet.bytes, want->bytes));
}

/* Forwards, backwards, and each twice. */
static void check_refs(struct mt_source *s, const struct kept *k)
{
    size_t n = k->count;
    for (size_t i = 0; i < n; i++)
        check_ref(s, &k->list[i]);
    for (size_t i = n; i-- > 0;)
        check_ref(s, &k->list[i]);
    for (size_t i = 0; i < 2 * n; i++)
        check_ref(s, &k->list[i / 2]);
}

static void check_read_at(struct memory_input *m)
{
    struct mt_source *s = open_memory(m);
    struct kept k = keep_all(s);
    struct mt_item item;
    assert_true(k.count >= 4);
    check_refs(s, &k);
    struct mt_source_progress p = mt_source_progress(s);
    assert_int_equal(p.packets, k.count);
    assert_true(p.done_bytes <= m->bytes.len);
    assert_int_equal(mt_source_read_at(s, 1000000, &item), MT_DONE);
    check_refs(s, &k);
    /* after the last one comes the end again */
    check_ref(s, &k.list[k.count - 1]);
    assert_int_equal(mt_source_next(s, &item), MT_DONE);
    mt_source_free(s);

    /* fresh sources that go back before they know all, and on from there */
    for (size_t first = 0; first < k.count; first++) {
        s = open_memory(m);
        check_ref(s, &k.list[first]);
        check_ref(s, &k.list[first > 1 ? first - 2 : 0]);
        for (size_t i = first; i < k.count; i++)
            check_ref(s, &k.list[i]);
        mt_source_free(s);
    }
    for (size_t i = 0; i < k.count; i++)
        free_span(k.list[i].bytes);
}

static void test_read_at(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct bytes f = sample(kind > 0);
        if (kind == 2) { /* the same compressed */
            struct bytes z = {.cap = 4096, .ptr = malloc(4096)};
            z.len = ZSTD_compress(z.ptr, z.cap, f.ptr, f.len, 1);
            free(f.ptr);
            f = z;
        }
        struct memory_input m = {span_of(&f), 0, 50, SIZE_MAX};
        check_read_at(&m);
        free(f.ptr);
    }
}

static void test_shrunk(void **state)
{
    (void)state;
    struct bytes f = sample(false);
    struct memory_input m = {span_of(&f), 0, SIZE_MAX, SIZE_MAX};
    struct mt_source_options options = {.follow = true};
    struct mt_problem why;
    struct mt_source *s;
    struct mt_item item;
    assert_int_equal(
        mt_source_open_input(&s, memory_input(&m), "t", &options, &why), 0);
    while (mt_source_next(s, &item) == MT_EVENT)
        ;
    m.visible = 30;
    assert_int_equal(mt_source_next(s, &item), MT_EPROTO);
    assert_non_null(strstr(mt_source_problem(s), "was made shorter"));
    mt_source_free(s);
    free(f.ptr);
}

/* A real file, written bit by bit while it is followed. */
static void test_follow_file(void **state)
{
    (void)state;
    char path[] = "/tmp/meshtop-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    struct bytes f = sample(true);
    struct mt_source_options options = {.follow = true};
    struct mt_problem why;
    struct mt_source *s;
    struct mt_item item;
    unsigned packets = 0;
    int rc = MT_MORE;
    assert_int_equal(mt_source_open_file(&s, path, &options, &why), 0);
    for (size_t i = 0; i < f.len; i++) {
        while ((rc = mt_source_next(s, &item)) == MT_EVENT)
            packets += item.kind == MT_ITEM_PACKET;
        assert_int_equal(rc, MT_MORE);
        assert_int_equal(write(fd, f.ptr + i, 1), 1);
    }
    mt_source_finish(s, 0);
    while ((rc = mt_source_next(s, &item)) == MT_EVENT)
        packets += item.kind == MT_ITEM_PACKET;
    assert_int_equal(rc, MT_DONE);
    assert_int_equal(packets, 9);
    struct mt_source_progress p = mt_source_progress(s);
    assert_int_equal(p.done_bytes, f.len);
    assert_int_equal(p.total_bytes, f.len);
    mt_source_free(s);
    (void)close(fd);
    (void)unlink(path);
    free(f.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foreign),   cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_every_cut), cmocka_unit_test(test_read_at),
        cmocka_unit_test(test_shrunk),    cmocka_unit_test(test_follow_file),
    };
    return cmocka_run_group_tests_name("capture/source", tests, NULL, NULL);
}
