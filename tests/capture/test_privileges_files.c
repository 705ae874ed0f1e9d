/* A process that dropped its privileges still writes its database, and whose
 * the files are. */
#include "drop.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "store/writer.h"

/* ---- the database ---- */

static struct mt_exchange exchange_at(uint64_t n)
{
    int64_t at = INT64_C(1795349071000000000) + (int64_t)n * 1000000;
    return (struct mt_exchange){
        .id = n,
        .conn = n / 3,
        .stream = n,
        .req = {.start_ns = at, .end_ns = at + 1000, .header_bytes = 100},
        .resp = {.start_ns = at + 5000, .end_ns = at + 9000},
        .end_ns = at + 9000,
        .protocol = MT_PROTOCOL_HTTP11,
        .status = 200,
        .grpc_status = MT_GRPC_STATUS_NONE,
        .client.addr = {.ip = {[10] = 255, [11] = 255, 10, 0, 0, 1},
                        .port = 4000},
        .server.addr = {.ip = {[10] = 255, [11] = 255, 10, 0, 0, 2},
                        .port = 80},
        .method = MT_SPAN("GET"),
        .path = MT_SPAN("/users/7")};
}

enum { COMMITS = 150, ROWS_EACH = 40 }; /* two looks at the WAL's size */

static struct mt_writer *writer_with(const char *path, uint64_t limit_bytes)
{
    struct mt_writer *w;
    NEED(mt_writer_open(&w, path,
                        &(struct mt_writer_options){
                            .kind = MT_WRITER_TAP,
                            .size_limit_bytes = limit_bytes,
                            .now_ns = exchange_at(0).end_ns}) == 0);
    return w;
}

static struct mt_writer *writer_open(const char *path)
{
    return writer_with(path, 0);
}

static void *write_batches(void *arg)
{
    struct mt_writer *w = arg;
    uint64_t n = 0;
    for (int i = 0; i < COMMITS; i++) {
        for (int k = 0; k < ROWS_EACH; k++) {
            struct mt_exchange x = exchange_at(++n);
            NEED(mt_writer_add(w, &x) == 0);
        }
        NEED(mt_writer_commit(w, exchange_at(n).end_ns) == 0);
    }
    NEED(mt_writer_stats(w).rows == COMMITS * ROWS_EACH);
    NEED(mt_writer_close(w, exchange_at(n).end_ns) == 0);
    return NULL;
}

static void write_dropped(void *path)
{
    struct mt_writer *w = writer_open(path);
    NEED(mt_privileges_give_database(path, &to_user) == 0);
    drop(&strict);
    (void)write_batches(w);
}

/* The writer as it is used: its thread starts after the drop. */
static void write_in_thread(void *path)
{
    pthread_t thread;
    struct mt_writer *w = writer_open(path);
    drop(&strict);
    NEED(pthread_create(&thread, NULL, write_batches, w) == 0);
    NEED(pthread_join(thread, NULL) == 0);
}

/* Old rows go, and their pages. */
static void write_and_retain(void *path)
{
    struct mt_writer *w = writer_with(path, 256 << 10);
    drop(&strict);
    (void)write_batches(w);
}

static int rows_in(const char *path)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT sum(n) FROM batch", -1, &st, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int n = sqlite3_column_int(st, 0);
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(db);
    return n;
}

/* A directory that only root can write to, nor any other user enter. */
struct folder {
    char dir[32], db[48], wal[64], shm[64];
};

static void folder_open(struct folder *f)
{
    (void)snprintf(f->dir, sizeof f->dir, "/tmp/meshtop-drop-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->db, sizeof f->db, "%s/a.db", f->dir);
    (void)snprintf(f->wal, sizeof f->wal, "%s-wal", f->db);
    (void)snprintf(f->shm, sizeof f->shm, "%s-shm", f->db);
}

static void folder_close(const struct folder *f)
{
    (void)unlink(f->db);
    (void)unlink(f->wal);
    (void)unlink(f->shm);
    assert_int_equal(rmdir(f->dir), 0);
}

static uid_t owner_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_uid;
}

static void test_database_is_written_without_opening_files(void **state)
{
    (void)state;
    need_root();
    void (*const all[])(void *) = {write_dropped, write_in_thread};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct folder f;
        folder_open(&f);
        in_child(all[i], f.db);
        assert_int_equal(rows_in(f.db), COMMITS * ROWS_EACH);
        assert_int_equal(owner_of(f.db), i == 0 ? USER : 0);
        folder_close(&f);
    }
}

static void test_retention_works_without_opening_files(void **state)
{
    (void)state;
    need_root();
    struct folder f;
    folder_open(&f);
    in_child(write_and_retain, f.db);
    assert_true(rows_in(f.db) < COMMITS * ROWS_EACH);
    folder_close(&f);
}

/* ---- whose files ---- */

static void test_database_is_given_with_its_files(void **state)
{
    (void)state;
    need_root();
    struct folder f;
    folder_open(&f);
    struct mt_writer *w = writer_open(f.db);
    assert_int_equal(mt_privileges_give(f.dir, &to_user), 0);
    assert_int_equal(mt_privileges_give_database(f.db, &to_user), 0);
    assert_int_equal(mt_privileges_give_database(f.db, &to_user), 0);
    assert_int_equal(owner_of(f.dir), USER);
    assert_int_equal(owner_of(f.db), USER);
    assert_int_equal(owner_of(f.wal), USER);
    assert_int_equal(owner_of(f.shm), USER);
    mt_writer_abort(w);
    folder_close(&f);
}

static int lock_of_another(const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(fcntl(fd, F_GETLK, &lock) == 0 ? lock.l_type : 99);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)close(fd); /* drops the locks: once the question was asked */
    return WEXITSTATUS(status);
}

/* Closing a descriptor of a file ends all locks that a process has on it. */
static void test_giving_keeps_the_locks_of_sqlite(void **state)
{
    (void)state;
    need_root();
    struct folder f;
    folder_open(&f);
    struct mt_writer *w = writer_open(f.db);
    assert_int_equal(mt_privileges_give_database(f.db, &to_user), 0);
    assert_int_equal(lock_of_another(f.db), F_RDLCK);
    mt_writer_abort(w);
    folder_close(&f);
}

static void test_what_is_not_given_away(void **state)
{
    (void)state;
    need_root();
    struct folder f;
    folder_open(&f);
    int fd = open(f.db, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
    /* a link to it, and a second name of it */
    assert_int_equal(symlink(f.db, f.wal), 0);
    assert_int_equal(mt_privileges_give(f.wal, &to_user), -ELOOP);
    assert_int_equal(link(f.db, f.shm), 0);
    assert_int_equal(mt_privileges_give(f.db, &to_user), -EPERM);
    assert_int_equal(unlink(f.shm), 0);
    assert_int_equal(owner_of(f.db), 0);
    /* another user's, and nobody's */
    assert_int_equal(chown(f.db, 7, 7), 0);
    assert_int_equal(mt_privileges_give(f.db, &to_user), -EPERM);
    assert_int_equal(chown(f.db, 0, 0), 0);
    const struct mt_privileges_plan nobody = {MT_BECOME_NOBODY, MT_NOBODY,
                                              MT_NOBODY};
    assert_int_equal(mt_privileges_give_database(f.db, &nobody), 0);
    assert_int_equal(owner_of(f.db), 0);
    /* no file at all, and none that one could wait for */
    assert_int_equal(mt_privileges_give(f.shm, &to_user), -ENOENT);
    assert_int_equal(mkfifo(f.shm, 0600), 0);
    assert_int_equal(mt_privileges_give(f.shm, &to_user), -EPERM);
    folder_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_database_is_written_without_opening_files),
        cmocka_unit_test(test_retention_works_without_opening_files),
        cmocka_unit_test(test_database_is_given_with_its_files),
        cmocka_unit_test(test_giving_keeps_the_locks_of_sqlite),
        cmocka_unit_test(test_what_is_not_given_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
