/* Packets by their references: each once, in order, from wherever their files
 * are now; and what is not there any more is told, never guessed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#define ZLIB_CONST
#include <zlib.h>

#include "build.h"
#include "capture/packet_file.h"
#include "capture/packet_refs.h"
#include "capture/pcapng_write.h"
#include "capture/ring_name.h"
#include "ring_folder.h"

enum { FILE_ROOM = 1 << 16, LIMIT = 1 << 20 };

#define SOURCE(n) ((uint64_t)(n) << 48)

/* A capture of packets at these times; offsets[i] is where each is. */
static struct mt_span make_capture(uint8_t bytes[FILE_ROOM],
                                   const int64_t *times, size_t count,
                                   uint64_t *offsets)
{
    struct mt_buf b = mt_buf_of(bytes, FILE_ROOM);
    assert_true(mt_pcapng_put_section(&b, &(struct mt_pcapng_section){0}));
    assert_true(mt_pcapng_put_interface(
        &b, &(struct mt_pcapng_interface){.name = mt_span_str("eth7"),
                                          .link_type = 1}));
    for (size_t i = 0; i < count; i++) {
        struct mt_packet p = {.ts_ns = times[i],
                              .bytes = {(const uint8_t *)&times[i], 8},
                              .wire_bytes = 8};
        offsets[i] = b.len;
        assert_true(
            mt_pcapng_put_packet(&b, &(struct mt_pcapng_packet){.packet = &p}));
    }
    return mt_buf_span(&b);
}

static void write_gzip(const char *path, struct mt_span s)
{
    gzFile f = gzopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, s.ptr, (unsigned)s.len), s.len);
    assert_int_equal(gzclose(f), Z_OK);
}

static void add_file(struct mt_packet_refs *p, uint16_t source,
                     const char *path, int64_t first_ns, int64_t last_ns)
{
    struct mt_packet_file file = {
        .path = path, .first_ns = first_ns, .last_ns = last_ns};
    assert_int_equal(mt_packet_refs_file(p, source, path, &file), 0);
}

static void expect_times(struct mt_packet_refs *p, const char *want)
{
    char got[256] = "";
    struct mt_packet_found found;
    int rc;
    while ((rc = mt_packet_refs_next(p, &found)) == MT_EVENT) {
        size_t n = strlen(got);
        (void)snprintf(got + n, sizeof got - n, "%s%" PRId64 "/%u",
                       n > 0 ? " " : "", found.packet.ts_ns,
                       found.packet.source);
        assert_memory_equal(found.packet.bytes.ptr, &found.packet.ts_ns, 8);
        assert_int_equal(found.refs[0].ref, found.packet.ref);
    }
    assert_int_equal(rc, MT_DONE);
    assert_string_equal(got, want);
}

struct two_files {
    struct folder folder;
    char paths[2][PATH_ROOM];
    uint64_t offsets[2][4];
    struct mt_packet_refs *refs;
};

static const int64_t times[2][4] = {{100, 200, 300, 400}, {150, 200, 350, 360}};

/* Sources 1 and 5; the second is compressed. */
static void set_up(struct two_files *t, bool known_times)
{
    static uint8_t bytes[FILE_ROOM];
    make_folder(&t->folder);
    for (size_t i = 0; i < 2; i++) {
        struct mt_span s = make_capture(bytes, times[i], 4, t->offsets[i]);
        (void)snprintf(t->paths[i], PATH_ROOM, "%s/%zu.pcapng", t->folder.path,
                       i);
        if (i == 0)
            write_file(t->paths[i], s.ptr, s.len);
        else
            write_gzip(t->paths[i], s);
    }
    t->refs = mt_packet_refs_new(LIMIT);
    assert_non_null(t->refs);
    add_file(t->refs, 1, t->paths[0], known_times ? 100 : 0,
             known_times ? 400 : 0);
    add_file(t->refs, 5, t->paths[1], known_times ? 150 : 0,
             known_times ? 360 : 0);
}

static void tear_down(struct two_files *t)
{
    mt_packet_refs_free(t->refs);
    remove_folder(&t->folder);
}

static void ask(struct two_files *t, size_t file, size_t packet, uint64_t tag)
{
    uint64_t source = file == 0 ? SOURCE(1) : SOURCE(5);
    assert_int_equal(
        mt_packet_refs_add(t->refs, source | t->offsets[file][packet], tag), 0);
}

/* Asked for in any order and twice; at equal times the first source first. */
static void test_order(void **state)
{
    (void)state;
    for (int known = 0; known < 2; known++) {
        struct two_files t;
        set_up(&t, known != 0);
        ask(&t, 1, 3, 0);
        ask(&t, 0, 3, 0);
        ask(&t, 1, 1, 0);
        ask(&t, 0, 0, 0);
        ask(&t, 0, 1, 0);
        ask(&t, 0, 3, 0);
        ask(&t, 1, 0, 0);
        mt_packet_refs_sort(t.refs);
        expect_times(t.refs, "100/1 150/5 200/1 200/5 360/5 400/1");
        tear_down(&t);
    }
}

static void test_tags(void **state)
{
    (void)state;
    struct two_files t;
    struct mt_packet_found found;
    size_t count;
    set_up(&t, true);
    ask(&t, 0, 2, 9);
    ask(&t, 0, 2, 0);
    ask(&t, 0, 2, 4);
    mt_packet_refs_sort(t.refs);
    assert_int_equal(mt_packet_refs_next(t.refs, &found), MT_EVENT);
    assert_int_equal(found.refs_count, 3);
    assert_int_equal(found.refs[1].tag, 4);
    assert_int_equal(found.refs[2].tag, 9);
    assert_true(mt_span_eq(mt_packet_refs_interface(t.refs, 1, 0),
                           mt_span_str("eth7")));
    const struct mt_packet_ref *same =
        mt_packet_refs_find(t.refs, found.packet.ref, &count);
    assert_ptr_equal(same, found.refs);
    assert_int_equal(count, 3);
    assert_null(mt_packet_refs_find(t.refs, found.packet.ref + 1, &count));
    assert_int_equal(count, 0);
    tear_down(&t);
}

/* An offset where no packet begins, one beyond the end, and a packet whose
 * time its file cannot have: from there on the file is not believed. */
static void test_changed_file(void **state)
{
    (void)state;
    static const struct {
        int64_t last_ns;
        uint64_t shift; /* of the third packet's offset */
        const char *want, *why;
        uint64_t lost;
    } cases[] = {
        {400, 0, "100/1 200/1 200/5 300/1 400/1", "", 0},
        {400, 4, "100/1 200/1 200/5", "offset", 2},
        {400, 99999, "100/1 200/1 200/5 400/1", "no packet is there", 1},
        {250, 0, "100/1 200/1 200/5", "another packet is there", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct two_files t;
        const char *why;
        set_up(&t, true);
        add_file(t.refs, 1, t.paths[0], 100, cases[i].last_ns);
        t.offsets[0][2] += cases[i].shift;
        ask(&t, 1, 1, 0);
        for (size_t k = 0; k < 4; k++)
            ask(&t, 0, k, 0);
        mt_packet_refs_sort(t.refs);
        expect_times(t.refs, cases[i].want);
        assert_int_equal(mt_packet_refs_lost(t.refs, 1, &why), cases[i].lost);
        assert_non_null(strstr(why, cases[i].why));
        assert_int_equal(mt_packet_refs_lost(t.refs, 5, &why), 0);
        tear_down(&t);
    }
}

static void test_cut_and_gone_files(void **state)
{
    (void)state;
    struct two_files t;
    const char *why;
    set_up(&t, true);
    assert_int_equal(truncate(t.paths[0], (off_t)t.offsets[0][2] + 5), 0);
    assert_int_equal(unlink(t.paths[1]), 0);
    for (size_t i = 0; i < 4; i++) {
        ask(&t, 0, i, 0);
        ask(&t, 1, i, 0);
    }
    mt_packet_refs_sort(t.refs);
    expect_times(t.refs, "100/1 200/1");
    assert_int_equal(mt_packet_refs_lost(t.refs, 1, &why), 2);
    assert_non_null(strstr(why, "cut off here"));
    assert_int_equal(mt_packet_refs_lost(t.refs, 5, &why), 4);
    assert_non_null(strstr(why, "no such file"));
    tear_down(&t);
}

static void test_bounded(void **state)
{
    (void)state;
    struct mt_packet_refs *p = mt_packet_refs_new(5 * 16);
    assert_non_null(p);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(mt_packet_refs_add(p, i, 0), 0);
    assert_int_equal(mt_packet_refs_add(p, 5, 0), MT_ELIMIT);
    assert_false(mt_packet_refs_has(p, 1));
    mt_packet_refs_free(p);
}

/* Where a file is that was recorded as PATH, of so many bytes. */
static void test_find_file(void **state)
{
    (void)state;
    struct folder d, other;
    char found[MT_PACKET_PATH_BYTES], path[PATH_ROOM];
    struct stat st;
    make_folder(&d);
    make_folder(&other);
    const char *folders[] = {"/nonexistent", other.path};
    (void)snprintf(path, sizeof path, "%s", path_in(&d, "a.pcap"));
    struct mt_packet_file f = {.path = path, .size_bytes = 5, .inode = 1};
    assert_int_equal(mt_packet_file_find(&f, folders, 2, found),
                     MT_PACKET_FILE_GONE);
    write_file(path, "12345", 5);
    assert_int_equal(stat(path, &st), 0);
    f.inode = st.st_ino;
    assert_int_equal(mt_packet_file_find(&f, folders, 2, found),
                     MT_PACKET_FILE_FOUND);
    assert_string_equal(found, path);
    f.inode = st.st_ino + 1; /* written anew, as long as before */
    assert_int_equal(mt_packet_file_find(&f, folders, 2, found),
                     MT_PACKET_FILE_CHANGED);
    write_file(path_in(&other, "a.pcap"), "123456", 6);
    assert_int_equal(mt_packet_file_find(&f, folders, 2, found),
                     MT_PACKET_FILE_CHANGED);
    write_file(path_in(&other, "a.pcap"), "12345", 5);
    assert_int_equal(mt_packet_file_find(&f, folders, 2, found),
                     MT_PACKET_FILE_FOUND);
    assert_string_equal(found, path_in(&other, "a.pcap"));
    f.path = "-";
    assert_int_equal(mt_packet_file_find(&f, folders, 2, found),
                     MT_PACKET_FILE_NO_FILE);
    f.path = "/dev/null";
    assert_int_equal(mt_packet_file_find(&f, folders, 2, found),
                     MT_PACKET_FILE_NO_FILE);
    f.path = "eth0"; /* an interface: nothing to look for */
    f.inode = 0;
    assert_int_equal(mt_packet_file_find(&f, folders, 2, found),
                     MT_PACKET_FILE_NO_FILE);
    f.path = "/ring/meshtop-20260921T141320Z-00000042.pcapng";
    assert_int_equal(mt_packet_file_find(&f, folders, 2, found),
                     MT_PACKET_FILE_GONE); /* the whole ring was moved */
    write_file(path_in(&other, "meshtop-20260921T141320Z-00000041.pcapng"), "",
               0);
    assert_int_equal(mt_packet_file_find(&f, folders, 2, found),
                     MT_PACKET_FILE_GONE);
    write_file(path_in(&other, "meshtop-20260921T141320Z-00000043.pcapng"), "",
               0);
    assert_int_equal(mt_packet_file_find(&f, folders, 2, found),
                     MT_PACKET_FILE_ROTATED);
    remove_folder(&d);
    remove_folder(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_changed_file),
        cmocka_unit_test(test_cut_and_gone_files),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_find_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
