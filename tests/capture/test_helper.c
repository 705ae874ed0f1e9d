/* The helper names sockets that its parent may not look at, and does no more.
 */
#include "in_child.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "capture/helper.h"

enum { USER = 4242, GROUP = 4243 };

static const struct mt_privileges_plan to_user = {MT_BECOME_SUDO, USER, GROUP};

/* ---- one connection on loopback, both ends ours ---- */

struct connection {
    int listener, client;
    struct mt_owner_query query; /* of the client's end */
};

static struct mt_addr loopback(uint16_t port)
{
    return (struct mt_addr){
        .ip = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}, .port = port};
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    return ntohs(a.sin_port);
}

static struct connection connection_open(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct connection c = {
        .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        .client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(bind(c.listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(c.listener, 4), 0);
    uint16_t port = bound_port(c.listener);
    a.sin_port = htons(port);
    assert_int_equal(connect(c.client, (struct sockaddr *)&a, sizeof a), 0);
    c.query = (struct mt_owner_query){.local = loopback(bound_port(c.client)),
                                      .remote = loopback(port),
                                      .transport = IPPROTO_TCP};
    return c;
}

static void connection_close(const struct connection *c)
{
    (void)close(c->listener);
    (void)close(c->client);
}

/* ---- asking ---- */

static struct mt_helper *start(bool in_process,
                               const struct mt_privileges_plan *plan)
{
    struct mt_helper *h;
    struct mt_helper_config config = {.plan = *plan, .in_process = in_process};
    (void)fflush(NULL);
    assert_int_equal(mt_helper_start(&h, &config), 0);
    return h;
}

/* Wait for what comes next, as a tap's loop does. */
static int next(struct mt_helper *h, struct mt_helper_answer *a)
{
    int rc;
    while ((rc = mt_helper_next(h, a)) == MT_MORE) {
        struct pollfd p = {.fd = mt_helper_fd(h), .events = POLLIN};
        if (poll(&p, 1, 60000) <= 0)
            return MT_EPROTO;
    }
    return rc;
}

static struct mt_owner ask(struct mt_helper *h, const struct connection *c)
{
    struct mt_helper_question q = {.token = 77, .query = c->query};
    struct mt_helper_answer a;
    assert_true(mt_helper_ask(h, &q));
    assert_int_equal(next(h, &a), MT_EVENT);
    assert_int_equal(a.token, 77);
    assert_int_equal(mt_helper_next(h, &a), MT_MORE);
    return a.owner;
}

static void reap(pid_t pid)
{
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
}

static void end(struct mt_helper *h)
{
    pid_t pid = mt_helper_pid(h);
    mt_helper_free(h);
    reap(pid);
}

static struct mt_privileges_plan as_before(void)
{
    return (struct mt_privileges_plan){MT_BECOME_SAME, geteuid(), getegid()};
}

static void test_sockets_are_named(void **state)
{
    (void)state;
    need_sight_of_myself();
    struct mt_privileges_plan plan = as_before();
    for (int in_process = 0; in_process < 2; in_process++) {
        struct connection c = connection_open();
        struct mt_helper *h = start(in_process, &plan);
        assert_int_equal(mt_helper_pid(h) == 0, in_process);
        struct mt_owner o = ask(h, &c);
        assert_true(o.known);
        assert_int_equal(o.pid, getpid());
        assert_string_equal(o.process, "test_capture_he");
        end(h);
        connection_close(&c);
    }
}

/* The tap may no longer look; the helper still does. */
static void drop_and_ask(void *arg)
{
    const struct connection *c = arg;
    struct mt_helper_question q = {.token = 5, .query = c->query};
    struct mt_helper_answer a;
    struct mt_privileges_result result;
    char path[32];
    struct mt_helper *h;
    struct mt_helper_config config = {.plan = to_user};
    connection_close(c); /* its parent has it still, and alone */
    NEED(mt_helper_start(&h, &config) == 0);
    struct mt_syscalls calls = {.set = MT_SYSCALLS_TAP,
                                .open_read = true,
                                .send_fds = {mt_helper_fd(h), -1}};
    NEED(mt_privileges_drop(&to_user, &calls, &result) == 0);
    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)getppid());
    NEED(opendir(path) == NULL && errno == EACCES);
    NEED(mt_helper_ask(h, &q));
    NEED(next(h, &a) == MT_EVENT);
    NEED(a.token == 5 && a.owner.known);
    NEED(a.owner.pid == (uint32_t)getppid());
    mt_helper_free(h);
}

static void test_helper_sees_what_the_tap_may_not(void **state)
{
    (void)state;
    need_root();
    need_other_processes();
    struct connection c = connection_open();
    in_child(drop_and_ask, &c);
    connection_close(&c);
}

static void ask_as_user(void *arg)
{
    (void)arg;
    NEED(setgroups(0, NULL) == 0 && setgid(GROUP) == 0 && setuid(USER) == 0);
    /* what a user without rights runs, such as a debugger, may look at it */
    NEED(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
    struct connection c = connection_open();
    struct mt_privileges_plan plan = as_before();
    struct mt_helper *h = start(false, &plan);
    struct mt_owner o = ask(h, &c);
    NEED(o.known && o.pid == (uint32_t)getpid() && o.uid == USER);
    mt_helper_free(h);
}

static void test_user_without_rights_sees_his_own(void **state)
{
    (void)state;
    need_root();
    in_child(ask_as_user, NULL);
}

static void assert_status(pid_t pid, const char *line)
{
    char path[32], text[4096];
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t n = read(fd, text, sizeof text - 1);
    assert_true(n > 0);
    text[n] = '\0';
    (void)close(fd);
    if (strstr(text, line) == NULL)
        fail_msg("no \"%s\" in\n%s", line, text);
}

static void test_helper_keeps_two_rights(void **state)
{
    (void)state;
    need_root();
    need_other_processes();
    struct connection c = connection_open();
    const int high = 200;
    assert_int_equal(dup2(c.client, high), high);
    struct mt_helper *h = start(false, &to_user);
    struct mt_owner o = ask(h, &c); /* it is ready by then */
    assert_true(o.known);
    pid_t pid = mt_helper_pid(h);
    /* CAP_DAC_READ_SEARCH is 2, CAP_SYS_PTRACE is 19 */
    assert_status(pid, "CapPrm:\t0000000000080004\n");
    assert_status(pid, "CapEff:\t0000000000080004\n");
    assert_status(pid, "CapInh:\t0000000000000000\n");
    assert_status(pid, "CapBnd:\t0000000000000000\n");
    assert_status(pid, "CapAmb:\t0000000000000000\n");
    assert_status(pid, "Uid:\t4242\t4242\t4242\t4242\n");
    assert_status(pid, "Gid:\t4243\t4243\t4243\t4243\n");
    assert_status(pid, "NoNewPrivs:\t1\n");
    assert_status(pid, "Seccomp:\t2\n");
    /* devices and the database are not handed on to it */
    const int ours[] = {c.listener, c.client, high};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        char path[32], ends[2][64] = {"", ""};
        (void)snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, ours[i]);
        (void)!readlink(path, ends[0], sizeof ends[0] - 1);
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", ours[i]);
        assert_true(readlink(path, ends[1], sizeof ends[1] - 1) > 0);
        assert_string_not_equal(ends[0], ends[1]);
    }
    (void)close(high);
    end(h);
    connection_close(&c);
}

/* ---- what goes wrong ---- */

static void test_full_queue_refuses(void **state)
{
    (void)state;
    need_sight_of_myself();
    struct mt_privileges_plan plan = as_before();
    for (int in_process = 0; in_process < 2; in_process++) {
        struct connection c = connection_open();
        struct mt_helper *h = start(in_process, &plan);
        struct mt_helper_question q = {.query = c.query};
        struct mt_helper_answer a;
        if (!in_process) { /* it does not answer for now */
            assert_int_equal(kill(mt_helper_pid(h), SIGSTOP), 0);
            assert_int_equal(waitpid(mt_helper_pid(h), NULL, WUNTRACED),
                             mt_helper_pid(h));
        }
        for (q.token = 0; q.token < MT_HELPER_QUEUE; q.token++)
            assert_true(mt_helper_ask(h, &q));
        assert_false(mt_helper_ask(h, &q));
        if (!in_process)
            assert_int_equal(kill(mt_helper_pid(h), SIGCONT), 0);
        for (uint64_t i = 0; i < MT_HELPER_QUEUE; i++) {
            assert_int_equal(next(h, &a), MT_EVENT);
            assert_int_equal(a.token, i);
            assert_true(a.owner.known);
        }
        assert_true(mt_helper_ask(h, &q));
        end(h);
        connection_close(&c);
    }
}

static void test_killed_helper_is_told_once(void **state)
{
    (void)state;
    struct mt_privileges_plan plan = as_before();
    struct connection c = connection_open();
    struct mt_helper *h = start(false, &plan);
    struct mt_helper_question q = {.query = c.query};
    struct mt_helper_answer a;
    assert_int_equal(kill(mt_helper_pid(h), SIGKILL), 0);
    reap(mt_helper_pid(h));
    assert_false(mt_helper_ask(h, &q));
    assert_int_equal(next(h, &a), MT_DONE);
    assert_int_equal(mt_helper_fd(h), -1);
    assert_int_equal(mt_helper_next(h, &a), MT_DONE);
    assert_false(mt_helper_ask(h, &q));
    mt_helper_free(h);
    connection_close(&c);
}

static void test_malformed_questions_are_ignored(void **state)
{
    (void)state;
    need_sight_of_myself();
    struct mt_privileges_plan plan = as_before();
    struct connection c = connection_open();
    struct mt_helper *h = start(false, &plan);
    static const char bytes[2 * sizeof(struct mt_helper_question)];
    static const size_t sizes[] = {1, sizeof(struct mt_helper_question) - 1,
                                   sizeof(struct mt_helper_question) + 1,
                                   sizeof bytes};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        assert_int_equal(send(mt_helper_fd(h), bytes, sizes[i], 0), sizes[i]);
    struct mt_owner o = ask(h, &c);
    assert_true(o.known);
    /* of the right size, but about nothing */
    struct mt_helper_question q = {.token = 1};
    struct mt_helper_answer a;
    memset(&q.query, 0xff, sizeof q.query);
    assert_true(mt_helper_ask(h, &q));
    assert_int_equal(next(h, &a), MT_EVENT);
    assert_false(a.owner.known);
    end(h);
    connection_close(&c);
}

static void start_and_end(int out)
{
    child_begin();
    struct mt_helper *h;
    struct mt_helper_config config = {.plan = as_before()};
    NEED(mt_helper_start(&h, &config) == 0);
    pid_t pid = mt_helper_pid(h);
    NEED(write(out, &pid, sizeof pid) == (ssize_t)sizeof pid);
    _exit(0);
}

/* We become its parent when its own has ended, and see it end, too. */
static void test_helper_ends_with_its_parent(void **state)
{
    (void)state;
    int out[2];
    pid_t helper;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    assert_int_equal(pipe(out), 0);
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        start_and_end(out[1]);
    (void)close(out[1]);
    assert_int_equal(read(out[0], &helper, sizeof helper), sizeof helper);
    (void)close(out[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(waitpid(helper, NULL, 0), helper);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sockets_are_named),
        cmocka_unit_test(test_helper_sees_what_the_tap_may_not),
        cmocka_unit_test(test_user_without_rights_sees_his_own),
        cmocka_unit_test(test_helper_keeps_two_rights),
        cmocka_unit_test(test_full_queue_refuses),
        cmocka_unit_test(test_killed_helper_is_told_once),
        cmocka_unit_test(test_malformed_questions_are_ignored),
        cmocka_unit_test(test_helper_ends_with_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
