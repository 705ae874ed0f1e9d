/* What a process gives up it gives up for good: such tests run in a child,
 * which says on standard error what it found wrong. */
#ifndef MT_TESTS_CAPTURE_IN_CHILD_H
#define MT_TESTS_CAPTURE_IN_CHILD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: assert. Calls only write(2) and _exit(2). */
#define NEED(condition)                                                       \
    do {                                                                      \
        if (!(condition)) {                                                   \
            char line[256];                                                   \
            int length =                                                      \
                snprintf(line, sizeof line, "%s:%d: not so: %s (errno %d)\n", \
                         __FILE__, __LINE__, #condition, errno);              \
            (void)!write(2, line, (size_t)length);                            \
            _exit(1);                                                         \
        }                                                                     \
    } while (0)

/* cmocka's handlers would go on with the parent's tests. */
static inline void child_begin(void)
{
    static const int signals[] = {SIGABRT, SIGBUS,  SIGFPE,
                                  SIGILL,  SIGSEGV, SIGSYS};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        (void)signal(signals[i], SIG_DFL);
    (void)alarm(120); /* rather than for ever */
}

/* The wait status of a child that runs run(arg). */
static inline int child_status(void (*run)(void *), void *arg)
{
    int status = 0;
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        child_begin();
        run(arg);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static inline void in_child(void (*run)(void *), void *arg)
{
    int status = child_status(run, arg);
    if (WIFSIGNALED(status))
        fail_msg("the child was ended by signal %d", WTERMSIG(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* The effective capabilities of this process, as CAP_* bits. */
static inline uint64_t rights(void)
{
    unsigned long long set = 0;
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "CapEff:", 7) == 0)
            set = strtoull(line + 7, NULL, 16);
    (void)fclose(f);
    return set;
}

static inline void need_rights(uint64_t wanted, const char *names)
{
    if ((rights() & wanted) == wanted)
        return;
    (void)printf("skipped: this takes %s; run it as root\n", names);
    skip();
}

#define RIGHT(name) (UINT64_C(1) << CAP_##name)

/* What there is to give up: also containers have these, mostly. */
static inline void need_root(void)
{
    need_rights(RIGHT(SETUID) | RIGHT(SETGID) | RIGHT(SETPCAP) | RIGHT(CHOWN) |
                    RIGHT(NET_RAW),
                "CAP_SETUID, SETGID, SETPCAP, CHOWN and NET_RAW");
}

static inline void need_namespaces(void)
{
    need_rights(RIGHT(SYS_ADMIN) | RIGHT(NET_ADMIN),
                "CAP_SYS_ADMIN and NET_ADMIN");
}

static inline void need_other_processes(void)
{
    need_rights(RIGHT(SYS_PTRACE) | RIGHT(DAC_READ_SEARCH),
                "CAP_SYS_PTRACE and DAC_READ_SEARCH");
}

/* The kernel shows a process to those with all of its rights at least. */
static inline void need_sight_of_myself(void)
{
    if (rights() != 0)
        need_other_processes();
}

/* ThreadSanitizer's own thread was started before any of ours. */
static inline void need_one_thread(void)
{
#ifdef __SANITIZE_THREAD__
    (void)printf("skipped: ThreadSanitizer's thread keeps capabilities\n");
    skip();
#endif
}

#endif
