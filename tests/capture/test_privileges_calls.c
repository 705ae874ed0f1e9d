/* What is refused to a process after it dropped its privileges, and what it may
 * still ask of the system. */
#include "drop.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum { NO_LANDLOCK = 77 };

#define REFUSED(call) NEED((call) < 0 && errno == EPERM)

static void refused_calls(void *arg)
{
    (void)arg;
    int pair[2];
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(9)};
    NEED(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    struct iovec part = {.iov_base = &a, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    drop(&(struct mt_syscalls){.set = MT_SYSCALLS_TAP,
                               .send_fds = {pair[0], -1}});
    REFUSED(open("/tmp/meshtop-must-not-be", O_WRONLY | O_CREAT, 0600));
    REFUSED(open("/dev/null", O_RDWR));
    REFUSED(unlink("/tmp/meshtop-must-not-be"));
    REFUSED(rename("/tmp/meshtop-a", "/tmp/meshtop-b"));
    REFUSED(mkdir("/tmp/meshtop-must-not-be", 0700));
    REFUSED(chmod("/tmp", 0777));
    REFUSED(socket(AF_INET, SOCK_STREAM, 0));
    REFUSED(connect(udp, (const struct sockaddr *)&a, sizeof a));
    REFUSED(bind(udp, (const struct sockaddr *)&a, sizeof a));
    REFUSED(fork());
    REFUSED(kill(getppid(), 0));
    REFUSED(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
    REFUSED(setresuid(0, 0, 0));
    NEED(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
              -1, 0) == MAP_FAILED);
    /* to the one socket, but nowhere else */
    NEED(send(pair[0], "x", 1, 0) == 1);
    REFUSED(sendto(pair[0], "x", 1, 0, (const struct sockaddr *)&a, sizeof a));
    REFUSED(sendto(udp, "x", 1, 0, (const struct sockaddr *)&a, sizeof a));
    REFUSED(sendmsg(pair[0], &message, 0));
}

static void test_calls_are_refused(void **state)
{
    (void)state;
    need_root();
    in_child(refused_calls, NULL);
    assert_int_not_equal(access("/tmp/meshtop-must-not-be", F_OK), 0);
}

static int listen_on(struct sockaddr_in *a)
{
    socklen_t size = sizeof *a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    *a = (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    NEED(bind(fd, (const struct sockaddr *)a, sizeof *a) == 0);
    NEED(listen(fd, 2) == 0);
    NEED(getsockname(fd, (struct sockaddr *)a, &size) == 0);
    return fd;
}

/* The page beside a tap: connections of one socket are answered, nothing is
 * begun, and no socket is changed but in how it sends. */
static void answers_connections(void *arg)
{
    const int *asked = arg;
    struct sockaddr_in a, b;
    int on = 1, page = listen_on(&a), other = listen_on(&b);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    struct iovec part = {.iov_base = &a, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    NEED(connect(client, (const struct sockaddr *)&a, sizeof a) == 0);
    drop(&(struct mt_syscalls){.set = MT_SYSCALLS_TAP,
                               .accept_fd = *asked ? page : 0,
                               .send_fds = {-1, -1}});
    int fd = accept4(page, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (!*asked) {
        NEED(fd < 0 && errno == EPERM);
        REFUSED(send(client, "x", 1, 0));
        REFUSED(sendmsg(client, &message, 0));
        REFUSED(shutdown(client, SHUT_WR));
        return;
    }
    NEED(fd >= 0);
    NEED(send(fd, "x", 1, MSG_NOSIGNAL) == 1);
    NEED(sendmsg(fd, &message, MSG_NOSIGNAL) == 1);
    NEED(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    NEED(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &on, sizeof on) == 0);
    NEED(shutdown(fd, SHUT_RDWR) == 0);
    REFUSED(accept4(other, NULL, NULL, 0));
    REFUSED(sendto(udp, "x", 1, 0, (const struct sockaddr *)&a, sizeof a));
    REFUSED(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &on, sizeof on));
    REFUSED(connect(udp, (const struct sockaddr *)&a, sizeof a));
    REFUSED(listen(other, 1));
    REFUSED(socket(AF_INET, SOCK_STREAM, 0));
}

static void test_connections_are_answered_where_asked(void **state)
{
    int asked = 1, not_asked = 0;
    (void)state;
    need_root();
    in_child(answers_connections, &asked);
    in_child(answers_connections, &not_asked);
}

static void run_a_program(void *arg)
{
    (void)arg;
    char name[] = "true", *const words[] = {name, NULL};
    drop(&strict);
    (void)execve("/bin/true", words, words + 1);
}

static void trace_parent(void *arg)
{
    (void)arg;
    drop(&strict);
    (void)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static void read_parent(void *arg)
{
    (void)arg;
    char byte;
    struct iovec here = {&byte, 1}, there = {&byte, 1};
    drop(&strict);
    (void)process_vm_readv(getppid(), &here, 1, &there, 1, 0);
}

static void test_takeover_ends_the_process(void **state)
{
    (void)state;
    need_root();
    void (*const all[])(void *) = {run_a_program, trace_parent, read_parent};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        int status = child_status(all[i], NULL);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSYS);
    }
}

static void reads_only(void *arg)
{
    (void)arg;
    drop(&(struct mt_syscalls){
        .set = MT_SYSCALLS_TAP, .open_read = true, .send_fds = {-1, -1}});
    NEED(open("/etc/hostname", O_RDONLY) >= 0);
    REFUSED(open("/dev/null", O_WRONLY));
    REFUSED(open("/dev/null", O_RDONLY | O_TRUNC));
    REFUSED(open("/tmp/meshtop-must-not-be", O_RDONLY | O_CREAT, 0600));
    REFUSED(open("/tmp", O_RDWR | O_TMPFILE, 0600));
}

static void test_open_for_reading_alone(void **state)
{
    (void)state;
    need_root();
    in_child(reads_only, NULL);
}

/* The packet ring: files come and go in its folder, and nowhere else. */
static void one_folder(void *path)
{
    struct mt_privileges_result result;
    struct mt_syscalls calls = {
        .set = MT_SYSCALLS_TAP, .open_read = true, .send_fds = {-1, -1}};
    char other[64];
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    (void)snprintf(other, sizeof other, "%s/../meshtop-must-not-be",
                   (const char *)path);
    NEED(mt_privileges_give(path, &to_user) == 0);
    calls.files_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    NEED(calls.files_fd > 0);
    NEED(mt_privileges_drop(&to_user, &calls, &result) == 0);
    if (!result.confined) {
        NEED(strstr(result.words, "no Landlock here") != NULL);
        _exit(NO_LANDLOCK);
    }
    NEED(strstr(result.words, "; files are made in one folder") != NULL);
    int fd = openat(calls.files_fd, "packets", flags, 0600);
    NEED(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0);
    NEED(open("/etc/hostname", O_RDONLY) >= 0);
    NEED(openat(calls.files_fd, "/tmp/meshtop-must-not-be", flags, 0600) < 0);
    NEED(errno == EACCES);
    NEED(openat(calls.files_fd, "../meshtop-must-not-be", flags, 0600) < 0);
    NEED(openat(calls.files_fd, other, flags, 0600) < 0);
    REFUSED(openat(AT_FDCWD, other, flags, 0600));
    REFUSED(mkdirat(calls.files_fd, "more", 0700));
    REFUSED(symlinkat("/etc", calls.files_fd, "link"));
    NEED(unlinkat(calls.files_fd, "packets", 0) == 0);
}

static void test_files_in_one_folder(void **state)
{
    (void)state;
    need_root();
    char dir[] = "/tmp/meshtop-ring-XXXXXX";
    assert_non_null(mkdtemp(dir));
    int status = child_status(one_folder, dir);
    assert_int_equal(rmdir(dir), 0);
    assert_int_not_equal(access("/tmp/meshtop-must-not-be", F_OK), 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_LANDLOCK) {
        (void)printf("skipped: this kernel has no Landlock\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_are_refused),
        cmocka_unit_test(test_connections_are_answered_where_asked),
        cmocka_unit_test(test_takeover_ends_the_process),
        cmocka_unit_test(test_open_for_reading_alone),
        cmocka_unit_test(test_files_in_one_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
