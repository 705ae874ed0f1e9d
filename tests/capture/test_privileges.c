/* Who a process becomes that drops its privileges, and what is left of it. */
#include "drop.h"

#include <grp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cap-ng.h>

#include "capture/privileges_threads.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
