#include "capture/helper_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Keys at the terminal are for the parent: the helper ends with it. */
static void leave_signals(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        (void)signal(ignored[i], SIG_IGN);
}

/* Devices and the database are none of its business, nor are the terminal, or
 * the pipes of who waits for the tap to go into the background. */
static void close_others(int fd)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int std = STDIN_FILENO; std <= STDERR_FILENO; std++)
        if (null < 0 || dup2(null, std) < 0)
            (void)close(std);
    if (fd > STDERR_FILENO + 1)
        (void)close_range(STDERR_FILENO + 1, (unsigned)fd - 1, 0);
    (void)close_range((unsigned)fd + 1, ~0u, 0);
}

/* False: it has more rights than it should, or no parent, and must not go
 * on. */
static bool give_up(int fd, pid_t parent, const struct mt_owners *o,
                    const struct mt_privileges_plan *plan)
{
    static const unsigned kept[] = {CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH};
    struct mt_privileges_result result;
    const struct mt_syscalls calls = {.set = MT_SYSCALLS_NAMES,
                                      .send_fds = {fd, mt_owners_fd(o)}};
    if (mt_privileges_reduce(plan, kept, 2, &result) != 0)
        return false;
    /* a change of the user clears it; the parent may have ended before */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return false;
    /* without filters in the kernel it goes on, as the tap does */
    (void)mt_syscalls_filter(&calls);
    return true;
}

/* A message of any other size is no question. */
static void answer_all(int fd, struct mt_owners *o)
{
    for (;;) {
        struct mt_helper_question q;
        struct mt_helper_answer a;
        ssize_t n = recv(fd, &q, sizeof q, MSG_TRUNC);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        if (n != (ssize_t)sizeof q)
            continue;
        memset(&a, 0, sizeof a);
        a.token = q.token;
        mt_owners_find(o, &q.query, &a.owner);
        if (send(fd, &a, sizeof a, MSG_NOSIGNAL) < 0 && errno != EINTR)
            return;
    }
}

_Noreturn void mt_helper_serve(int fd, pid_t parent,
                               const struct mt_helper_config *config)
{
    leave_signals();
    close_others(fd);
    struct mt_owners *o = mt_owners_new(&config->owners);
    if (o != NULL && give_up(fd, parent, o, &config->plan))
        answer_all(fd, o);
    _exit(0);
}
