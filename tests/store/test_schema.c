/* Files that are no database of ours, or not of today: one clear error each,
 * and nothing in them is changed. */
#include "store/proxy_state.h"
#include "store_fixture.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int try_read(const char *path)
{
    struct mt_store *s;
    const struct mt_store_options o = {.clock = NULL};
    int rc = mt_store_open(&s, path, &o);
    assert_true(rc == 0 || s == NULL);
    mt_store_free(s);
    return rc;
}

static int try_write(const char *path)
{
    struct mt_writer *w;
    const struct mt_writer_options o = {.epoch = 1};
    int rc = mt_writer_open(&w, path, &o);
    if (rc == 0)
        assert_int_equal(mt_writer_close(w, T0), 0);
    return rc;
}

static void make_one(const char *path)
{
    struct mt_writer *w =
        writer_open(path, (struct mt_writer_options){.epoch = 1});
    struct mt_exchange x = simple(T0);
    writer_add(w, &x);
    writer_close(w);
}

static void put_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static char *read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *n = (size_t)ftell(f);
    rewind(f);
    char *bytes = malloc(*n + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *n, f), *n);
    (void)fclose(f);
    return bytes;
}

static void test_missing_and_odd_files(void **state)
{
    (void)state;
    struct dir d;
    char path[128];
    dir_make(&d);
    assert_int_equal(try_read(d.db), MT_STORE_ENOENT);
    assert_int_equal(try_read(d.path), MT_STORE_EFOLDER);
    assert_int_equal(try_write(d.path), MT_STORE_EFOLDER);
    (void)snprintf(path, sizeof path, "%s/no/such/dir.db", d.path);
    assert_int_equal(try_write(path), MT_STORE_ENOENT);
    put_file(d.db, "", 0);
    assert_int_equal(try_read(d.db), MT_STORE_EFOREIGN);
    assert_int_equal(try_write(d.db), 0); /* an empty file is made one */
    assert_int_equal(try_read(d.db), 0);
    dir_remove(&d);
}

/* Who gives a capture is told what to do with it; nothing happens to it. */
static void test_captures_are_known_as_such(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t count;
        int rc;
    } cases[] = {
        {"\xd4\xc3\xb2\xa1\2\0\4\0", 8, MT_STORE_ECAPTURE},
        {"\xa1\xb2\x3c\x4d\0\2\0\4", 8, MT_STORE_ECAPTURE},
        {"\n\r\r\n", 4, MT_STORE_ECAPTURE},
        {"\x1f\x8b\x08", 3, MT_STORE_ECAPTURE},
        {"\x28\xb5\x2f\xfd\x24", 5, MT_STORE_ECAPTURE},
        {"\x89MTR\r\n\x1a\n\1", 9, MT_STORE_ECAPTURE},
        {"\x89MTR\r\n\x1a", 7, MT_STORE_EFOREIGN},
        {"\x1f\x8c", 2, MT_STORE_EFOREIGN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dir d;
        size_t n;
        dir_make(&d);
        put_file(d.db, cases[i].bytes, cases[i].count);
        assert_int_equal(try_read(d.db), cases[i].rc);
        assert_int_equal(try_write(d.db), cases[i].rc);
        char *after = read_file(d.db, &n);
        assert_int_equal(n, cases[i].count);
        assert_memory_equal(after, cases[i].bytes, n);
        free(after);
        dir_remove(&d);
    }
}

static void test_foreign_files_stay_as_they_are(void **state)
{
    (void)state;
    struct dir d;
    size_t n, m;
    dir_make(&d);
    static const char text[] = "GET / HTTP/1.1\r\nthis is no database at all,"
                               " only some text that goes on and on.";
    put_file(d.db, text, sizeof text);
    assert_int_equal(try_read(d.db), MT_STORE_EFOREIGN);
    assert_int_equal(try_write(d.db), MT_STORE_EFOREIGN);
    char *after = read_file(d.db, &n);
    assert_int_equal(n, sizeof text);
    assert_memory_equal(after, text, n);
    free(after);

    assert_int_equal(unlink(d.db), 0);
    change(d.db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
    char *before = read_file(d.db, &n);
    assert_int_equal(try_read(d.db), MT_STORE_EFOREIGN);
    assert_int_equal(try_write(d.db), MT_STORE_EFOREIGN);
    after = read_file(d.db, &m);
    assert_int_equal(n, m);
    assert_memory_equal(after, before, n);
    free(before);
    free(after);
    dir_remove(&d);
}

static void test_other_versions(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    make_one(d.db);
    change(d.db, "PRAGMA user_version=99");
    assert_int_equal(try_read(d.db), MT_STORE_ENEWER);
    assert_int_equal(try_write(d.db), MT_STORE_ENEWER);
    change(d.db, "PRAGMA user_version=4");
    assert_int_equal(try_read(d.db), 0);
    change(d.db, "DROP TABLE conn");
    assert_int_equal(try_read(d.db), MT_STORE_ECORRUPT);
    assert_int_equal(try_write(d.db), MT_STORE_ECORRUPT);
    dir_remove(&d);
}

static void copy_file(const char *from, const char *to)
{
    size_t n;
    char *bytes = read_file(from, &n);
    put_file(to, bytes, n);
    free(bytes);
}

/* A database of version 1: readers say what to do; the first writer brings it
 * to today's version, and all that was in it is still there. */
static void test_version_1(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    copy_file(MT_TEST_DATA "/version-1.db", d.db);
    assert_int_equal(try_read(d.db), MT_STORE_EOLDER);
    assert_string_equal(ask_text(d.db, "PRAGMA user_version"), "1");

    assert_int_equal(try_write(d.db), 0);
    assert_string_equal(ask_text(d.db, "PRAGMA user_version"), "4");
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM exchanges"), 16);
    assert_int_equal(ask_number(d.db, "SELECT count(hop_of) FROM exchanges"),
                     0);
    struct mt_store *s = store_open(d.db);
    struct mt_ask ask = {.from_ns = 0, .to_ns = INT64_MAX};
    struct mt_answer a;
    assert_int_equal(mt_query_edges(s, &ask, &a), 0);
    assert_int_equal(a.total.counts.exchanges, 16);
    assert_int_equal(a.total.counts.refused, 1);
    assert_int_equal(a.total.counts.handshakes, 0); /* not counted then */
    mt_answer_free(&a);
    mt_store_free(s);
    dir_remove(&d);
}

static int count_lost(void *arg, const struct mt_lost *lost)
{
    assert_int_equal(lost->loss, MT_LOSS_GAP);
    *(uint64_t *)arg += lost->count;
    return 0;
}

/* Of version 2 losses have a total and no time; new ones have both. */
static void test_version_2(void **state)
{
    (void)state;
    struct dir d;
    uint64_t totals[MT_LOSS_COUNT], timed = 0;
    const struct mt_lost_scan scan = {.to_ns = INT64_MAX,
                                      .order = MT_OLDEST_FIRST};
    dir_make(&d);
    copy_file(MT_TEST_DATA "/version-2.db", d.db);
    assert_int_equal(try_read(d.db), MT_STORE_EOLDER);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    assert_string_equal(ask_text(d.db, "PRAGMA user_version"), "4");
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM exchanges"), 16);
    struct mt_store *s = mt_writer_store(w);
    assert_int_equal(mt_query_losses(s, totals), 0);
    assert_int_equal(totals[MT_LOSS_GAP], 41);
    assert_int_equal(mt_query_lost(s, &scan, count_lost, &timed), 0);
    assert_int_equal(timed, 0);

    assert_int_equal(mt_writer_loss(w, MT_LOSS_GAP, 3, T0), 0);
    assert_int_equal(mt_writer_commit(w, T0), 0);
    assert_int_equal(mt_query_losses(s, totals), 0);
    assert_int_equal(totals[MT_LOSS_GAP], 44);
    assert_int_equal(mt_query_lost(s, &scan, count_lost, &timed), 0);
    assert_int_equal(timed, 3);
    writer_close(w);
    dir_remove(&d);
}

/* Of version 3 rows know nothing of a proxy's part; new ones do. */
static void test_version_3(void **state)
{
    (void)state;
    struct dir d;
    struct mt_proxies p;
    dir_make(&d);
    copy_file(MT_TEST_DATA "/version-3.db", d.db);
    assert_int_equal(try_read(d.db), MT_STORE_EOLDER);
    assert_string_equal(ask_text(d.db, "PRAGMA user_version"), "3");
    int64_t shapes = ask_number(d.db, "SELECT count(*) FROM shape");
    assert_true(shapes > 4);

    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    assert_string_equal(ask_text(d.db, "PRAGMA user_version"), "4");
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM exchanges"), 16);
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM shape"), shapes);
    assert_int_equal(ask_number(d.db, "SELECT count(rule) FROM exchanges"), 0);
    assert_int_equal(
        ask_number(d.db, "SELECT count(*) FROM exchanges WHERE ended_by=''"),
        16);
    assert_int_equal(mt_query_proxies(mt_writer_store(w), T0, &p), 0);
    assert_int_equal(p.endpoints_count + p.budgets_count, 0);
    mt_proxies_free(&p);

    struct mt_exchange x = simple(T0);
    x.rule = MT_SPAN("canary (line 9): path /cart");
    x.ended_by = MT_ENDED_SERVICE;
    x.ended_in = MT_PHASE_WAITING;
    writer_add(w, &x);
    writer_close(w);
    assert_int_equal(
        ask_number(d.db, "SELECT count(*) FROM exchanges WHERE rule='canary "
                         "(line 9): path /cart' AND ended_by='service' AND "
                         "ended_in='waiting'"),
        1);
    dir_remove(&d);
}

static int sum_lost(void *arg, const struct mt_lost *lost)
{
    *(uint64_t *)arg += lost->count;
    return 0;
}

/* Bytes changed all over the file: an error or an answer, never a crash. */
static void ask_everything(const char *path)
{
    struct mt_store *s;
    const struct mt_store_options o = {.clock = NULL};
    if (mt_store_open(&s, path, &o) != 0)
        return;
    struct mt_ask ask = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
    struct mt_answer a;
    const struct mt_scan scan = {.with_packets = true, .all_time = true};
    struct mt_rows *rows;
    const struct mt_exchange *x;
    struct mt_store_info info;
    if (mt_query_services(s, &ask, &a) == 0)
        mt_answer_free(&a);
    if (mt_query_routes(s, &ask, &a) == 0)
        mt_answer_free(&a);
    if (mt_query_exchanges(s, &scan, &rows) == 0) {
        while (mt_rows_next(rows, &x) == 1)
            ;
        mt_rows_free(rows);
    }
    uint64_t timed = 0;
    const struct mt_lost_scan lost = {.to_ns = INT64_MAX};
    (void)mt_query_lost(s, &lost, sum_lost, &timed);
    struct mt_proxies proxies;
    (void)mt_query_policy(s, &ask, T0, &a, &proxies);
    mt_answer_free(&a);
    mt_proxies_free(&proxies);
    (void)mt_query_info(s, &info);
    mt_store_free(s);
}

static void test_damaged_files(void **state)
{
    (void)state;
    struct dir d;
    size_t n;
    dir_make(&d);
    struct maker m = {.seed = 2};
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    for (int i = 0; i < 800; i++)
        writer_add(w, make(&m, T0 + i * MS));
    writer_close(w);
    char *good = read_file(d.db, &n);
    char *bad = malloc(n);
    assert_non_null(bad);
    for (unsigned i = 0; i < 300; i++) {
        memcpy(bad, good, n);
        for (unsigned j = 0; j < 1 + i % 20; j++)
            bad[roll(&m, (uint32_t)n)] = (char)roll(&m, 256);
        put_file(d.db, bad, i % 5 == 4 ? roll(&m, (uint32_t)n) : n);
        ask_everything(d.db);
    }
    memcpy(bad, good, n);
    memset(bad + 8192, 0xff, n - 8192);
    put_file(d.db, bad, n);
    assert_int_equal(try_read(d.db), MT_STORE_ECORRUPT);
    put_file(d.db, bad, 4096); /* half a page is left */
    assert_int_equal(try_read(d.db), MT_STORE_ECORRUPT);
    assert_int_equal(try_write(d.db), MT_STORE_ECORRUPT);
    free(good);
    free(bad);
    dir_remove(&d);
}

/* As somebody who may not write there: root may everywhere. */
static int as_nobody(int (*body)(const char *), const char *path)
{
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 ||
                               setuid(65534) != 0))
            _exit(77);
        _exit(-body(path));
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return -WEXITSTATUS(status);
}

static void test_read_only_directory(void **state)
{
    (void)state;
    struct dir d;
    char name[128];
    dir_make(&d);
    make_one(d.db);
    assert_int_equal(chmod(d.db, 0444), 0);
    (void)snprintf(name, sizeof name, "%s-wal", d.db);
    (void)unlink(name);
    (void)snprintf(name, sizeof name, "%s-shm", d.db);
    (void)unlink(name);
    assert_int_equal(chmod(d.path, 0555), 0);
    int rc = as_nobody(try_read, d.db);
    if (rc == -77) {
        assert_int_equal(chmod(d.path, 0755), 0);
        dir_remove(&d);
        print_message("skipped: cannot become somebody else\n");
        skip();
    }
    assert_int_equal(rc, 0);
    assert_int_equal(as_nobody(try_write, d.db), MT_STORE_EREADONLY);
    (void)snprintf(name, sizeof name, "%s/new.db", d.path);
    assert_int_equal(as_nobody(try_write, name), MT_STORE_EACCESS);
    assert_int_equal(chmod(d.path, 0755), 0);
    assert_int_equal(chmod(d.db, 0000), 0);
    assert_int_equal(as_nobody(try_read, d.db), MT_STORE_EACCESS);
    dir_remove(&d);
}

static void test_every_error_has_its_words(void **state)
{
    (void)state;
    for (int rc = MT_STORE_EINTERNAL; rc < 0; rc++)
        for (int other = rc + 1; other <= 0; other++)
            assert_string_not_equal(mt_store_strerror(rc),
                                    mt_store_strerror(other));
    assert_string_equal(mt_store_strerror(-1000), "unknown error");
    assert_string_equal(mt_store_strerror(5), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing_and_odd_files),
        cmocka_unit_test(test_captures_are_known_as_such),
        cmocka_unit_test(test_foreign_files_stay_as_they_are),
        cmocka_unit_test(test_other_versions),
        cmocka_unit_test(test_version_1),
        cmocka_unit_test(test_version_2),
        cmocka_unit_test(test_version_3),
        cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_read_only_directory),
        cmocka_unit_test(test_every_error_has_its_words),
    };
    return cmocka_run_group_tests_name("store/schema", tests, NULL, NULL);
}
