#include "cli/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static atomic_int came; /* the handler may run on any thread */
static int wake = -1;
static int followed = -1;

static void on_signal(int number)
{
    const uint64_t one = 1;
    came = 1;
    if (write(wake, &one, sizeof one) < 0)
        came = 1; /* who naps wakes a little later */
    (void)signal(number, SIG_DFL);
}

static int hangups = -1;

/* The terminal's end comes more than once: from the kernel and from the shell.
 */
static void on_terminal_gone(int number)
{
    const uint64_t one = 1;
    int why = errno;
    (void)number;
    came = 1;
    if (write(wake, &one, sizeof one) < 0)
        came = 1;
    errno = why;
}

/* Not where it is ignored (nohup), or means something else. */
static void catch_hangup(void)
{
    struct sigaction before;
    struct sigaction action = {.sa_handler = on_terminal_gone,
                               .sa_flags = SA_RESTART};
    (void)sigemptyset(&action.sa_mask);
    if (hangups < 0 && sigaction(SIGHUP, NULL, &before) == 0 &&
        before.sa_handler != SIG_IGN)
        (void)sigaction(SIGHUP, &action, NULL);
}

void mt_signals_catch(void)
{
    if (wake < 0)
        wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    /* writes go on, or half a line would be lost; naps and poll() end */
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    catch_hangup();
}

static void on_hangup(int number)
{
    const uint64_t one = 1;
    int why = errno;
    (void)number;
    if (write(hangups, &one, sizeof one) < 0)
        errno = why; /* full of them: it is readable */
    errno = why;
}

int mt_signals_hangups(void)
{
    if (hangups < 0)
        hangups = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct sigaction action = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};
    (void)sigemptyset(&action.sa_mask);
    if (hangups >= 0)
        (void)sigaction(SIGHUP, &action, NULL);
    return hangups;
}

int mt_signals_descriptor(void)
{
    return wake;
}

void mt_signals_follow(int fd)
{
    followed = fd;
}

int mt_signals_followed(void)
{
    return followed;
}

bool mt_interrupted(void)
{
    struct pollfd end = {.fd = followed, .events = POLLIN};
    if (came == 0 && followed >= 0 && poll(&end, 1, 0) > 0)
        came = 1;
    return came != 0;
}
