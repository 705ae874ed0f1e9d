#include "cli/peek.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/source.h"

void mt_peek_close(struct mt_peek *p)
{
    if (p->fd > STDIN_FILENO)
        (void)close(p->fd);
    p->fd = -1;
}

/* 0 or -errno. */
static int take_start(struct mt_peek *p)
{
    while (p->len < sizeof p->bytes) {
        ssize_t n = read(p->fd, p->bytes + p->len, sizeof p->bytes - p->len);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            return -errno;
        p->len += n > 0 ? (size_t)n : 0;
    }
    if (p->regular && lseek(p->fd, -(off_t)p->len, SEEK_CUR) < 0)
        return -errno;
    return 0;
}

int mt_peek_open(struct mt_peek *p, const char *path)
{
    struct stat st;
    *p = (struct mt_peek){.fd = STDIN_FILENO};
    if (strcmp(path, "-") != 0)
        p->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (p->fd < 0)
        return -errno;
    int rc = fstat(p->fd, &st) == 0 ? 0 : -errno;
    p->regular = rc == 0 && S_ISREG(st.st_mode);
    if (rc == 0)
        rc = take_start(p);
    if (rc != 0)
        mt_peek_close(p);
    return rc;
}

struct mt_span mt_peek_start(const struct mt_peek *p)
{
    return (struct mt_span){p->bytes, p->len};
}

/* ---- a pipe whose first bytes were taken, as an input ---- */

struct replay {
    struct mt_peek peek;
    size_t given;
};

static ptrdiff_t read_replay(void *self, uint8_t *to, size_t n)
{
    struct replay *r = self;
    struct pollfd wait = {.fd = r->peek.fd, .events = POLLIN};
    size_t left = r->peek.len - r->given;
    if (left > 0) {
        n = n < left ? n : left;
        memcpy(to, r->peek.bytes + r->given, n);
        r->given += n;
        return (ptrdiff_t)n;
    }
    int flags = fcntl(wait.fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) == 0 && poll(&wait, 1, -1) < 0)
        return -errno; /* a signal ends the wait: see read_pipe() */
    ssize_t got = read(wait.fd, to, n);
    return got >= 0 ? got : -errno;
}

static void close_replay(void *self)
{
    struct replay *r = self;
    mt_peek_close(&r->peek);
    free(r);
}

int mt_peek_source(struct mt_peek *p, struct mt_source **out, const char *path,
                   const struct mt_source_options *options,
                   struct mt_problem *why)
{
    if (p->regular || p->fd < 0) {
        mt_peek_close(p);
        return mt_source_open_file(out, path, options, why);
    }
    struct replay *r = malloc(sizeof *r);
    *out = NULL;
    if (r == NULL) {
        mt_peek_close(p);
        (void)snprintf(why->text, sizeof why->text, "not enough memory");
        return -ENOMEM;
    }
    *r = (struct replay){.peek = *p};
    p->fd = -1;
    struct mt_input input = {
        .self = r, .read = read_replay, .close = close_replay};
    struct mt_source_options with = *options;
    with.follow = false; /* a pipe has one end */
    return mt_source_open_input(
        out, input, strcmp(path, "-") == 0 ? "stdin" : path, &with, why);
}
