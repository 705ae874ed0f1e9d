#include "capture/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/helper_serve.h"

struct mt_helper {
    int fd;           /* socket to the helper, or an eventfd; -1: ended */
    pid_t pid;        /* 0: in this process */
    unsigned waiting; /* questions without their answer */
    /* in this process */
    struct mt_owners *owners;
    unsigned first;
    struct mt_helper_question questions[MT_HELPER_QUEUE];
};

static int start_here(struct mt_helper *h, const struct mt_owners_config *c)
{
    h->owners = mt_owners_new(c);
    if (h->owners == NULL)
        return -ENOMEM;
    h->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    return h->fd >= 0 ? 0 : -errno;
}

static int start_process(struct mt_helper *h,
                         const struct mt_helper_config *config)
{
    int pair[2];
    pid_t parent = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return -errno;
    h->pid = fork();
    if (h->pid == 0)
        mt_helper_serve(pair[1], parent, config);
    int rc = h->pid < 0 ? -errno : 0;
    (void)close(pair[1]);
    h->fd = pair[0];
    return rc;
}

int mt_helper_start(struct mt_helper **out,
                    const struct mt_helper_config *config)
{
    *out = NULL;
    struct mt_helper *h = calloc(1, sizeof *h);
    if (h == NULL)
        return -ENOMEM;
    h->fd = -1;
    int rc = config->in_process ? start_here(h, &config->owners)
                                : start_process(h, config);
    if (rc == 0)
        *out = h;
    else
        mt_helper_free(h);
    return rc;
}

/* Its end is the end of what it reads. */
static void hang_up(struct mt_helper *h)
{
    if (h->fd >= 0)
        (void)close(h->fd);
    h->fd = -1;
    h->waiting = 0;
}

void mt_helper_free(struct mt_helper *h)
{
    if (h == NULL)
        return;
    hang_up(h);
    if (h->pid > 0)
        (void)waitpid(h->pid, NULL, WNOHANG);
    mt_owners_free(h->owners);
    free(h);
}

int mt_helper_fd(const struct mt_helper *h)
{
    return h->fd;
}

pid_t mt_helper_pid(const struct mt_helper *h)
{
    return h->pid;
}

bool mt_helper_ask(struct mt_helper *h, const struct mt_helper_question *q)
{
    if (h->fd < 0 || h->waiting == MT_HELPER_QUEUE)
        return false;
    if (h->pid == 0) {
        const uint64_t one = 1;
        h->questions[(h->first + h->waiting) % MT_HELPER_QUEUE] = *q;
        if (write(h->fd, &one, sizeof one) != (ssize_t)sizeof one)
            return false;
    } else if (send(h->fd, q, sizeof *q, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        return false; /* its end is told by mt_helper_next() */
    }
    h->waiting++;
    return true;
}

static int next_here(struct mt_helper *h, struct mt_helper_answer *answer)
{
    uint64_t one;
    if (h->waiting == 0 || read(h->fd, &one, sizeof one) < 0)
        return MT_MORE;
    const struct mt_helper_question *q = &h->questions[h->first];
    answer->token = q->token;
    mt_owners_find(h->owners, &q->query, &answer->owner);
    h->first = (h->first + 1) % MT_HELPER_QUEUE;
    h->waiting--;
    return MT_EVENT;
}

/* The helper is ours, but what it reads is not: its texts end where they may.
 */
static bool is_good(const struct mt_helper_answer *a, ssize_t n)
{
    const struct mt_owner *o = &a->owner;
    return n == (ssize_t)sizeof *a &&
           memchr(o->process, 0, sizeof o->process) != NULL &&
           memchr(o->container, 0, sizeof o->container) != NULL;
}

int mt_helper_next(struct mt_helper *h, struct mt_helper_answer *answer)
{
    if (h->fd < 0)
        return MT_DONE;
    if (h->pid == 0)
        return next_here(h, answer);
    for (;;) {
        ssize_t n =
            recv(h->fd, answer, sizeof *answer, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return MT_MORE;
        if (n <= 0) {
            hang_up(h);
            return MT_DONE;
        }
        if (h->waiting > 0)
            h->waiting--;
        if (is_good(answer, n))
            return MT_EVENT;
    }
}
