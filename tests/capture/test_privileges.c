/* What is left of a process after it dropped its privileges, and what still
 * works: the database above all. */
#include "in_child.h"

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cap-ng.h>

#include "capture/privileges.h"
#include "capture/privileges_threads.h"
#include "store/writer.h"

enum { USER = 4242, GROUP = 4243, NO_LANDLOCK = 77 };

static const struct mt_privileges_plan to_user = {MT_BECOME_SUDO, USER, GROUP};
static const struct mt_syscalls strict = {.set = MT_SYSCALLS_TAP,
                                          .send_fds = {-1, -1}};

/* ---- who to become ---- */

struct decision {
    struct mt_privileges_facts facts;
    struct mt_privileges_plan want;
};

#define ROOT .may_set_ids = true
#define NOBODY                                 \
    {                                          \
        MT_BECOME_NOBODY, MT_NOBODY, MT_NOBODY \
    }

static const struct decision decisions[] = {
    /* root who called sudo, and root who did not */
    {{ROOT, .sudo_uid = "1000", .sudo_gid = "100"},
     {MT_BECOME_SUDO, 1000, 100}},
    {{ROOT}, NOBODY},
    {{ROOT, .sudo_uid = "0", .sudo_gid = "0"}, NOBODY},
    /* half an answer, or none, is no reason to stay root */
    {{ROOT, .sudo_uid = "1000"}, NOBODY},
    {{ROOT, .sudo_uid = "1000", .sudo_gid = "x"}, NOBODY},
    {{ROOT, .sudo_uid = "-1", .sudo_gid = "100"}, NOBODY},
    {{ROOT, .sudo_uid = "4294967295", .sudo_gid = "100"}, NOBODY},
    {{ROOT, .sudo_uid = "4294968296", .sudo_gid = "100"}, NOBODY},
    {{ROOT, .sudo_uid = " 1000", .sudo_gid = "100"}, NOBODY},
    {{ROOT, .sudo_uid = "", .sudo_gid = ""}, NOBODY},
    /* asked for: before sudo's, and even root */
    {{ROOT, .sudo_uid = "1000", .sudo_gid = "100", .asked = true,
      .asked_uid = 107, .asked_gid = 112},
     {MT_BECOME_ASKED, 107, 112}},
    {{ROOT, .asked = true}, {MT_BECOME_ASKED, 0, 0}},
    /* setcap cap_net_raw+ep: SUDO_UID is then anybody's word */
    {{.uid = 1000,
      .euid = 1000,
      .gid = 100,
      .egid = 100,
      .sudo_uid = "7",
      .sudo_gid = "7"},
     {MT_BECOME_SAME, 1000, 100}},
    {{.uid = 1000,
      .euid = 1000,
      .gid = 100,
      .egid = 100,
      .asked = true,
      .asked_uid = 107,
      .asked_gid = 112},
     {MT_BECOME_UNABLE, 1000, 100}},
    /* set-uid root */
    {{ROOT, .uid = 1000, .gid = 100, .sudo_uid = "7", .sudo_gid = "7"},
     {MT_BECOME_REAL, 1000, 100}},
    /* a container that has no CAP_SETUID */
    {{.sudo_uid = "1000", .sudo_gid = "100"}, {MT_BECOME_UNABLE, 0, 0}},
    {{.uid = 0}, {MT_BECOME_UNABLE, 0, 0}},
};

static void test_who_to_become(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof decisions / sizeof decisions[0]; i++) {
        const struct decision *d = &decisions[i];
        struct mt_privileges_plan p = mt_privileges_decide(&d->facts);
        if (p.become != d->want.become || p.uid != d->want.uid ||
            p.gid != d->want.gid)
            fail_msg("row %zu: became %u:%u (%d), want %u:%u (%d)", i, p.uid,
                     p.gid, (int)p.become, d->want.uid, d->want.gid,
                     (int)d->want.become);
    }
}

static void test_asked_by_name(void **state)
{
    (void)state;
    struct mt_privileges_facts f = {.asked = false};
    assert_int_equal(mt_privileges_ask(&f, "root"), 0);
    assert_true(f.asked && f.asked_uid == 0 && f.asked_gid == 0);
    assert_int_equal(mt_privileges_ask(&f, "4242"), 0);
    assert_true(f.asked && f.asked_uid == 4242 && f.asked_gid == 4242);
    f.asked = false;
    assert_int_equal(mt_privileges_ask(&f, "no such user"), -ENOENT);
    assert_false(f.asked);
}

static void test_status_without_capabilities(void **state)
{
    (void)state;
#define SETS(inh, prm, eff, amb)                                          \
    MT_SPAN("Name:\tx\nCapInh:\t" inh "\nCapPrm:\t" prm "\nCapEff:\t" eff \
            "\nCapBnd:\t00000000000000ff\nCapAmb:\t" amb "\nEnd:\n")
    assert_true(mt_privileges_none(SETS("00", "00", "00", "00")));
    assert_false(mt_privileges_none(SETS("01", "00", "00", "00")));
    assert_false(mt_privileges_none(SETS("00", "20", "00", "00")));
    assert_false(mt_privileges_none(SETS("00", "00", "f0", "00")));
    assert_false(mt_privileges_none(SETS("00", "00", "00", "01")));
    assert_false(mt_privileges_none(SETS("00", "00", "", "00")));
    assert_false(mt_privileges_none(MT_SPAN("")));
    assert_false(mt_privileges_none(MT_SPAN("CapInh:\t0\nCapPrm:\t0\nCap")));
    assert_true(
        mt_privileges_none(MT_SPAN("CapInh:\t0\nCapPrm:\t0\nCapEff:\t0")));
}

/* ---- what is left ---- */

/* A line of /proc/PID/status, without its name and white space before it. */
static const char *status_of(pid_t pid, const char *name)
{
    static char line[4096];
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = strlen(name);
    const char *found = NULL;
    while (found == NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, name, n) == 0 && line[n] == ':')
            found = line + n + 1 + strspn(line + n + 1, "\t ");
    (void)fclose(f);
    assert_non_null(found);
    line[strcspn(line, "\n")] = '\0';
    return found;
}

/* A child that drops as it is told, sends its result, and waits to be let go;
 * its parent looks at it meanwhile. */
struct dropped {
    pid_t pid;
    int go;
    int rc;
    struct mt_privileges_result result;
};

static void drop_child(int out, int go, void (*before)(void))
{
    struct mt_privileges_facts facts;
    struct dropped d = {.pid = getpid()};
    char byte;
    child_begin();
    if (before != NULL)
        before();
    mt_privileges_look(&facts);
    facts.sudo_uid = "4242";
    facts.sudo_gid = "4243";
    struct mt_privileges_plan plan = mt_privileges_decide(&facts);
    d.rc = mt_privileges_drop(&plan, &strict, &d.result);
    NEED(write(out, &d, sizeof d) == (ssize_t)sizeof d);
    NEED(read(go, &byte, 1) == 0);
    _exit(0);
}

static struct dropped dropped_start(void (*before)(void))
{
    struct dropped d;
    int result[2], go[2];
    assert_int_equal(pipe(result), 0);
    assert_int_equal(pipe(go), 0);
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(go[1]);
        drop_child(result[1], go[0], before);
    }
    (void)close(result[1]);
    (void)close(go[0]);
    assert_int_equal(read(result[0], &d, sizeof d), sizeof d);
    (void)close(result[0]);
    d.pid = pid;
    d.go = go[1];
    return d;
}

static void dropped_end(struct dropped *d)
{
    int status;
    (void)close(d->go);
    assert_int_equal(waitpid(d->pid, &status, 0), d->pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static const char nothing[] = "0000000000000000";

static void assert_no_capability(const struct dropped *d)
{
    assert_int_equal(d->rc, 0);
    assert_string_equal(status_of(d->pid, "CapInh"), nothing);
    assert_string_equal(status_of(d->pid, "CapPrm"), nothing);
    assert_string_equal(status_of(d->pid, "CapEff"), nothing);
    assert_string_equal(status_of(d->pid, "CapAmb"), nothing);
    assert_string_equal(status_of(d->pid, "NoNewPrivs"), "1");
    assert_string_equal(status_of(d->pid, "Seccomp"), "2");
    assert_true(d->result.filtered);
}

static void in_groups(void)
{
    const gid_t groups[] = {4, 27};
    NEED(setgroups(2, groups) == 0);
}

static void test_root_becomes_who_called_sudo(void **state)
{
    (void)state;
    need_root();
    struct dropped d = dropped_start(in_groups);
    assert_no_capability(&d);
    assert_string_equal(status_of(d.pid, "CapBnd"), nothing);
    assert_string_equal(status_of(d.pid, "Uid"), "4242\t4242\t4242\t4242");
    assert_string_equal(status_of(d.pid, "Gid"), "4243\t4243\t4243\t4243");
    assert_string_equal(status_of(d.pid, "Groups"), "");
    assert_string_equal(d.result.words,
                        "runs as uid 4242, gid 4243 (the user who called "
                        "sudo), without capabilities; system calls are "
                        "filtered");
    assert_true(d.result.bounding);
    dropped_end(&d);
}

static void hold(int uid, const unsigned *capabilities, unsigned count)
{
    NEED(setgroups(0, NULL) == 0);
    NEED(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
    NEED(setresgid((gid_t)uid, (gid_t)uid, (gid_t)uid) == 0);
    NEED(setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) == 0);
    capng_clear(CAPNG_SELECT_CAPS);
    for (unsigned i = 0; i < count; i++)
        (void)capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
                           capabilities[i]);
    NEED(capng_apply(CAPNG_SELECT_CAPS) == 0);
}

/* As after setcap cap_net_raw+ep. */
static void only_net_raw(void)
{
    hold(1234, (const unsigned[]){CAP_NET_RAW}, 1);
    NEED(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
}

/* Of a process that may be dumped or traced: its user; else root. */
static uid_t owner_of_process(pid_t pid)
{
    struct stat st;
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    assert_int_equal(stat(path, &st), 0);
    return st.st_uid;
}

static void test_setcap_keeps_its_user(void **state)
{
    (void)state;
    need_root();
    need_one_thread();
    struct dropped d = dropped_start(only_net_raw);
    assert_no_capability(&d);
    assert_string_equal(status_of(d.pid, "Uid"), "1234\t1234\t1234\t1234");
    assert_int_equal(owner_of_process(d.pid), 0);
    assert_false(d.result.bounding);
    assert_non_null(strstr(d.result.words,
                           "uid 1234, gid 1234 (the user who started it), "
                           "without capabilities"));
    dropped_end(&d);
}

/* As in a container that has a few capabilities. */
static void root_without_setuid(void)
{
    hold(0, (const unsigned[]){CAP_NET_RAW, CAP_SETPCAP, CAP_CHOWN}, 3);
}

static void test_container_without_setuid_says_so(void **state)
{
    (void)state;
    need_root();
    need_one_thread();
    struct dropped d = dropped_start(root_without_setuid);
    assert_no_capability(&d);
    assert_string_equal(status_of(d.pid, "CapBnd"), nothing);
    assert_string_equal(status_of(d.pid, "Uid"), "0\t0\t0\t0");
    assert_non_null(strstr(d.result.words,
                           "uid 0, gid 0 (as before: CAP_SETUID and "
                           "CAP_SETGID are missing), without capabilities"));
    dropped_end(&d);
}

static void *refused_afterwards(void *fd)
{
    char byte;
    NEED(read(*(int *)fd, &byte, 1) == 0);
    NEED(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
    return NULL;
}

/* A thread that was started too early has capabilities of its own. */
static void early_thread(void *arg)
{
    (void)arg;
    pthread_t thread;
    int end[2];
    struct mt_privileges_facts facts;
    struct mt_privileges_result result;
    NEED(pipe(end) == 0);
    root_without_setuid();
    NEED(pthread_create(&thread, NULL, refused_afterwards, &end[0]) == 0);
    mt_privileges_look(&facts);
    struct mt_privileges_plan plan = mt_privileges_decide(&facts);
    NEED(mt_privileges_drop(&plan, &strict, &result) == -EBUSY);
    NEED(strstr(result.words, "thread") != NULL);
}

static void test_early_thread_is_refused(void **state)
{
    (void)state;
    need_root();
    in_child(early_thread, NULL);
}

/* Where the uid changes, it changes for every thread. */
static void early_thread_of_root(void *arg)
{
    (void)arg;
    pthread_t thread;
    int end[2];
    struct mt_privileges_result result;
    NEED(pipe(end) == 0);
    NEED(pthread_create(&thread, NULL, refused_afterwards, &end[0]) == 0);
    NEED(mt_privileges_drop(&to_user, &strict, &result) == 0);
    (void)close(end[1]);
    NEED(pthread_join(thread, NULL) == 0);
}

static void test_early_thread_changes_too(void **state)
{
    (void)state;
    need_root();
    in_child(early_thread_of_root, NULL);
}

/* ---- what is refused ---- */

static void drop(const struct mt_syscalls *syscalls)
{
    struct mt_privileges_result result;
    NEED(mt_privileges_drop(&to_user, syscalls, &result) == 0);
    NEED(result.filtered);
}

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
        cmocka_unit_test(test_who_to_become),
        cmocka_unit_test(test_asked_by_name),
        cmocka_unit_test(test_status_without_capabilities),
        cmocka_unit_test(test_root_becomes_who_called_sudo),
        cmocka_unit_test(test_setcap_keeps_its_user),
        cmocka_unit_test(test_container_without_setuid_says_so),
        cmocka_unit_test(test_early_thread_is_refused),
        cmocka_unit_test(test_early_thread_changes_too),
        cmocka_unit_test(test_calls_are_refused),
        cmocka_unit_test(test_connections_are_answered_where_asked),
        cmocka_unit_test(test_takeover_ends_the_process),
        cmocka_unit_test(test_open_for_reading_alone),
        cmocka_unit_test(test_files_in_one_folder),
        cmocka_unit_test(test_database_is_written_without_opening_files),
        cmocka_unit_test(test_retention_works_without_opening_files),
        cmocka_unit_test(test_database_is_given_with_its_files),
        cmocka_unit_test(test_giving_keeps_the_locks_of_sqlite),
        cmocka_unit_test(test_what_is_not_given_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
