/* The newest packets are on disk, under the limit at every moment, and each
 * reference that was given leads to its packet or to a file that is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "capture/packet_ring.h"
#include "capture/ring_files.h"
#include "capture/ring_name.h"
#include "capture/ring_plan.h"
#include "ring_folder.h"

enum { KIB = 1024, FILE_BYTES = 64 * KIB, PACKETS = 2000, SEEN_MAX = 64 };

#define STARTED_NS INT64_C(1790000000123456789)

/* What the ring told of its files. */
struct seen {
    struct mt_packet_ring_file files[SEEN_MAX];
    char paths[SEEN_MAX][PATH_ROOM];
    size_t count;
};

static void see(void *arg, const struct mt_packet_ring_file *f)
{
    struct seen *s = arg;
    size_t i = 0;
    while (i < s->count && s->files[i].source != f->source)
        i++;
    assert_true(i < SEEN_MAX);
    s->count = i == s->count ? i + 1 : s->count;
    s->files[i] = *f;
    (void)snprintf(s->paths[i], sizeof s->paths[i], "%s", f->path);
}

static struct mt_packet_ring_options options_of(const struct folder *d,
                                                struct seen *seen)
{
    return (struct mt_packet_ring_options){.folder = d->path,
                                           .size_bytes = 4 * FILE_BYTES,
                                           .file_bytes = FILE_BYTES,
                                           .patient = true,
                                           .started_ns = STARTED_NS,
                                           .first_source = 3,
                                           .application = "test",
                                           .file = seen != NULL ? see : NULL,
                                           .file_arg = seen};
}

static struct mt_packet_ring *
open_ring(const struct mt_packet_ring_options *options)
{
    struct mt_packet_ring *r;
    struct mt_problem why;
    assert_int_equal(mt_packet_ring_open(&r, options, &why), 0);
    assert_string_equal(why.text, "");
    return r;
}

/* Packet i of a run: its bytes tell its number; two interfaces. */
static struct mt_packet packet_of(uint32_t i, uint8_t bytes[1000])
{
    size_t n = 200 + i % 700;
    memset(bytes, (int)(i & 0xff), n);
    memcpy(bytes, &i, sizeof i);
    return (struct mt_packet){.ts_ns = 1000 + i,
                              .bytes = {bytes, n},
                              .wire_bytes = (uint32_t)n + i % 3,
                              .interface_id = i % 2,
                              .link_type = i % 2 == 0 ? 1 : 101,
                              .source = 1,
                              .ref = UINT64_C(1) << 48 | (24 + i)};
}

static void expect_packet(const struct mt_packet *got, uint32_t i)
{
    uint8_t bytes[1000];
    struct mt_packet want = packet_of(i, bytes);
    assert_int_equal(got->ts_ns, want.ts_ns);
    assert_int_equal(got->wire_bytes, want.wire_bytes);
    assert_int_equal(got->link_type, want.link_type);
    assert_int_equal(got->bytes.len, want.bytes.len);
    assert_memory_equal(got->bytes.ptr, want.bytes.ptr, want.bytes.len);
}

static void test_rotates(void **state)
{
    (void)state;
    static uint64_t refs[PACKETS];
    static struct seen seen;
    struct folder d;
    uint8_t bytes[1000];
    struct mt_packet_ring_stats stats;
    seen.count = 0;
    make_folder(&d);
    struct mt_packet_ring_options options = options_of(&d, &seen);
    struct mt_packet_ring *r = open_ring(&options);
    for (uint32_t i = 0; i < PACKETS; i++) {
        struct mt_packet p = packet_of(i, bytes);
        assert_true(mt_packet_ring_packet(r, &p));
        refs[i] = p.ref;
        assert_true(p.ref >> 48 >= 3);
        if (i % 50 == 0) {
            look(&d);
            assert_true(d.bytes <= options.size_bytes);
        }
    }
    mt_packet_ring_close(r, &stats);
    assert_int_equal(stats.kept, PACKETS);
    assert_int_equal(stats.dropped, 0);
    assert_int_equal(stats.files, seen.count);
    look(&d);
    assert_true(d.bytes <= options.size_bytes);
    assert_true(d.bytes > options.size_bytes / 2);

    size_t found = 0, gone = 0, told = 0;
    for (uint32_t i = 0; i < PACKETS; i++) {
        size_t at = (size_t)(refs[i] >> 48) - 3;
        struct stat st;
        struct mt_item item;
        if (stat(seen.paths[at], &st) != 0) {
            gone++;
            continue;
        }
        assert_int_equal(st.st_size, seen.files[at].size_bytes);
        assert_true(seen.files[at].first_ns <= 1000 + i);
        assert_true(seen.files[at].last_ns >= 1000 + i);
        struct mt_source *s = open_source(seen.paths[at]);
        assert_int_equal(
            mt_source_read_at(s, refs[i] & UINT64_C(0xffffffffffff), &item),
            MT_EVENT);
        expect_packet(&item.packet, i);
        mt_source_free(s);
        found++;
    }
    for (size_t i = 0; i < seen.count; i++)
        told += seen.files[i].packets;
    assert_int_equal(told, PACKETS);
    assert_true(found > 0 && gone > 0);
    /* only the oldest are gone */
    assert_int_not_equal(access(seen.paths[seen.count - 1], F_OK), -1);
    assert_int_equal(access(seen.paths[0], F_OK), -1);
    remove_folder(&d);
}

/* Every file begins with all interfaces known by then, whichever of them its
 * first packets are of; names come from their declaration. */
static void test_files_stand_alone(void **state)
{
    (void)state;
    struct folder d;
    uint8_t bytes[1000];
    make_folder(&d);
    struct mt_packet_ring_options options = options_of(&d, NULL);
    struct mt_packet_ring *r = open_ring(&options);
    for (uint32_t i = 0; i < 2; i++) {
        struct mt_packet p = packet_of(i, bytes);
        mt_packet_ring_interface(r, &p, mt_span_str(i == 0 ? "eth0" : "tun0"));
    }
    for (uint32_t i = 0; i < 400; i++) {
        struct mt_packet p = packet_of(2 * i + 1, bytes); /* tun0 only */
        assert_true(mt_packet_ring_packet(r, &p));
    }
    mt_packet_ring_close(r, NULL);
    look(&d);
    assert_true(d.count > 1);
    for (size_t i = 0; i < d.count; i++) {
        struct mt_source *s = open_source(path_in(&d, d.names[i]));
        struct mt_item item;
        int rc;
        size_t packets = 0;
        while ((rc = mt_source_next(s, &item)) == MT_EVENT) {
            if (item.kind == MT_ITEM_INTERFACE)
                assert_true(mt_span_eq(
                    item.text,
                    mt_span_str(item.packet.link_type == 1 ? "eth0" : "tun0")));
            if (item.kind == MT_ITEM_PACKET) {
                assert_int_equal(item.packet.link_type, 101);
                packets++;
            }
        }
        assert_int_equal(rc, MT_DONE);
        assert_true(packets > 0);
        mt_source_free(s);
    }
    remove_folder(&d);
}

/* Files of earlier runs count and go first; a file that is not the ring's is
 * never touched; names go on rising when the clock was set back. */
static void test_earlier_runs(void **state)
{
    (void)state;
    struct folder d;
    uint8_t bytes[1000], old[FILE_BYTES] = {0};
    char name[MT_RING_NAME_BYTES];
    make_folder(&d);
    for (uint32_t i = 0; i < 3; i++) {
        mt_ring_name(name, STARTED_NS + INT64_C(60000000000), i);
        write_file(path_in(&d, name), old, sizeof old);
    }
    write_file(path_in(&d, "meshtop-mine.pcapng"), old, sizeof old);
    struct mt_packet_ring_options options = options_of(&d, NULL);
    struct mt_packet_ring *r = open_ring(&options);
    for (uint32_t i = 0; i < 300; i++) {
        struct mt_packet p = packet_of(i, bytes);
        assert_true(mt_packet_ring_packet(r, &p));
    }
    mt_packet_ring_close(r, NULL);
    look(&d);
    assert_true(d.bytes - sizeof old <= options.size_bytes);
    assert_int_equal(access(path_in(&d, "meshtop-mine.pcapng"), F_OK), 0);
    mt_ring_name(name, STARTED_NS + INT64_C(60000000000), 0);
    assert_int_equal(access(path_in(&d, name), F_OK), -1);
    mt_ring_name(name, STARTED_NS + INT64_C(61000000000), 0);
    assert_int_equal(access(path_in(&d, name), F_OK), 0);
    remove_folder(&d);
}

static void test_one_owner(void **state)
{
    (void)state;
    struct folder d;
    struct mt_problem why;
    make_folder(&d);
    struct mt_packet_ring_options options = options_of(&d, NULL);
    struct mt_packet_ring *r = open_ring(&options), *second;
    assert_true(mt_packet_ring_open(&second, &options, &why) < 0);
    assert_null(second);
    assert_non_null(
        strstr(why.text, "another meshtop keeps its packets there"));
    mt_packet_ring_close(r, NULL);
    r = open_ring(&options); /* the lock goes with its owner */
    mt_packet_ring_close(r, NULL);
    options.folder = "/dev/null";
    assert_int_equal(mt_packet_ring_open(&r, &options, &why), -ENOTDIR);
    assert_string_equal(why.text, "/dev/null: Not a directory");
    remove_folder(&d);
}

/* A disk that takes nothing for now: what finds no room is dropped at once,
 * counted, keeps its reference, and what was kept stays consistent. */
static void test_slow_disk(void **state)
{
    (void)state;
    uint8_t bytes[1000];
    struct mt_ring *memory = mt_ring_new(16 * KIB);
    struct mt_ring_plan plan;
    struct mt_ring_at at;
    struct mt_span record;
    uint64_t kept = 0, records = 0;
    struct mt_ring_plan_options options = {.file_bytes = FILE_BYTES,
                                           .application = "test"};
    assert_non_null(memory);
    assert_int_equal(mt_ring_plan_init(&plan, &options, memory), 0);
    for (uint32_t i = 0; i < 1000; i++) {
        struct mt_packet p = packet_of(i, bytes);
        kept += mt_ring_plan_packet(&plan, &p, &at);
        if (i % 100 == 0) /* the disk takes some */
            for (int n = 0; n < 5 && mt_ring_peek(memory, &record) == MT_EVENT;
                 n++, records++)
                mt_ring_release(memory);
    }
    assert_true(kept > 10 && kept < 200);
    assert_int_equal(plan.kept, kept);
    assert_int_equal(plan.dropped, 1000 - kept);
    while (mt_ring_peek(memory, &record) == MT_EVENT) {
        records++;
        mt_ring_release(memory);
    }
    assert_int_equal(records, kept + plan.file + 1);
    mt_ring_plan_deinit(&plan);
    mt_ring_free(memory);
}

/* A packet that no file could hold is dropped; the next one is kept. */
static void test_long_packet(void **state)
{
    (void)state;
    static uint8_t bytes[FILE_BYTES];
    struct folder d;
    struct mt_packet_ring_stats stats;
    make_folder(&d);
    struct mt_packet_ring_options options = options_of(&d, NULL);
    struct mt_packet_ring *r = open_ring(&options);
    struct mt_packet p = {
        .bytes = {bytes, sizeof bytes}, .wire_bytes = sizeof bytes, .ref = 7};
    assert_false(mt_packet_ring_packet(r, &p));
    assert_int_equal(p.ref, 7);
    p.bytes.len = sizeof bytes / 2;
    assert_true(mt_packet_ring_packet(r, &p));
    mt_packet_ring_close(r, &stats);
    assert_int_equal(stats.kept, 1);
    assert_int_equal(stats.dropped, 1);
    remove_folder(&d);
}

/* In a child: no file may get longer than a limit of the system's. */
static int fill_small_disk(const struct folder *d)
{
    const struct rlimit limit = {20 * KIB, 20 * KIB};
    uint8_t bytes[1000];
    struct mt_packet_ring_stats stats;
    struct mt_packet_ring *r;
    struct mt_problem why;
    struct mt_packet_ring_options options = options_of(d, NULL);
    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        mt_packet_ring_open(&r, &options, &why) != 0)
        return 2;
    for (uint32_t i = 0; i < 300; i++) {
        struct mt_packet p = packet_of(i, bytes);
        (void)mt_packet_ring_packet(r, &p);
    }
    mt_packet_ring_close(r, &stats);
    return stats.problem.text[0] != '\0' && stats.dropped > 0 &&
                   stats.kept + stats.dropped == 300
               ? 0
               : 3;
}

static void test_full_disk(void **state)
{
    (void)state;
    struct folder d;
    int status;
    make_folder(&d);
    pid_t child = fork();
    if (child == 0)
        _exit(fill_small_disk(&d));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    look(&d);
    for (size_t i = 0; i < d.count; i++) {
        /* whole blocks alone, or nothing at all */
        struct stat st;
        assert_int_equal(stat(path_in(&d, d.names[i]), &st), 0);
        if (st.st_size == 0)
            continue;
        struct mt_source *s = open_source(path_in(&d, d.names[i]));
        struct mt_item item;
        int rc;
        while ((rc = mt_source_next(s, &item)) == MT_EVENT)
            ;
        assert_int_equal(rc, MT_DONE);
        mt_source_free(s);
    }
    remove_folder(&d);
}

static void test_names(void **state)
{
    (void)state;
    char name[MT_RING_NAME_BYTES];
    mt_ring_name(name, STARTED_NS, 42);
    assert_string_equal(name, "meshtop-20260921T141320Z-00000042.pcapng");
    assert_true(mt_ring_name_is(name));
    assert_int_equal(mt_ring_name_started_ns(name),
                     STARTED_NS / 1000000000 * 1000000000);
    const char *const others[] = {"", "meshtop-",
                                  "meshtop-20260921T141320Z-00000042.pcapng.gz",
                                  "meshtop-20260921T141320Z-0000004x.pcapng",
                                  "Meshtop-20260921T141320Z-00000042.pcapng"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(mt_ring_name_is(others[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rotates),
        cmocka_unit_test(test_files_stand_alone),
        cmocka_unit_test(test_earlier_runs),
        cmocka_unit_test(test_one_owner),
        cmocka_unit_test(test_slow_disk),
        cmocka_unit_test(test_long_packet),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
