#include "cli/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/say.h"

static int ready_fd = -1; /* of the one behind: a byte when it is ready */

static ssize_t read_byte(int fd)
{
    char byte;
    ssize_t n;
    do
        n = read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    return n;
}

/* The one behind ended before it was ready. */
static int exit_code_of(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : MT_EXIT_ERROR;
}

static int wait_in_front(pid_t child, int fd)
{
    if (read_byte(fd) != 1)
        return exit_code_of(child);
    mt_say(NULL, "captures in the background, process %d; kill %d ends it well",
           (int)child, (int)child);
    return MT_EXIT_OK;
}

bool mt_detach(int *rc)
{
    int fds[2];
    pid_t child = -1;
    *rc = MT_EXIT_OK;
    if (pipe2(fds, O_CLOEXEC) == 0)
        child = fork();
    if (child < 0) {
        mt_say("--detach", "%s", strerror(errno));
        *rc = MT_EXIT_ERROR;
        return false;
    }
    if (child > 0) {
        (void)close(fds[1]);
        *rc = wait_in_front(child, fds[0]);
        return true;
    }
    (void)close(fds[0]);
    (void)setsid();
    ready_fd = fds[1];
    return false;
}

/* As the user, where he may: root follows no link that somebody has laid. */
static int open_log(const char *log, const struct mt_rights *rights)
{
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    bool lowered = rights != NULL && mt_rights_lower(rights);
    int fd = open(log, flags, 0640);
    int why = errno;
    mt_rights_raise(lowered);
    if (fd < 0 && lowered && (why == EACCES || why == EROFS)) {
        fd = open(log, flags | O_NOFOLLOW, 0640);
        why = errno;
        if (fd >= 0)
            (void)mt_privileges_give(log, &rights->plan);
    }
    errno = why;
    return fd;
}

bool mt_detach_ready(const char *log, const struct mt_rights *rights)
{
    if (ready_fd < 0)
        return true;
    int out = open_log(log, rights);
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (out < 0 || in < 0) {
        mt_say(log, "%s", strerror(errno));
        return false;
    }
    bool told = write(ready_fd, "", 1) == 1;
    (void)dup2(in, STDIN_FILENO);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(out, STDERR_FILENO);
    (void)close(in);
    (void)close(out);
    (void)close(ready_fd);
    ready_fd = -1;
    return told;
}
