#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/stream.h"

static int fd_of(void *self)
{
    return *(const int *)self;
}

static ptrdiff_t read_fd(void *self, uint8_t *to, size_t n)
{
    ssize_t got = read(fd_of(self), to, n);
    return got >= 0 ? got : -errno;
}

/* A pipe that nobody writes to is waited for by poll(): a signal ends that
 * wait even where its handler has read() and write() go on. */
static ptrdiff_t read_pipe(void *self, uint8_t *to, size_t n)
{
    struct pollfd wait = {.fd = fd_of(self), .events = POLLIN};
    int flags = fcntl(wait.fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) == 0 && poll(&wait, 1, -1) < 0)
        return -errno;
    return read_fd(self, to, n);
}

static int seek_fd(void *self, uint64_t offset)
{
    if (offset > INT64_MAX)
        return -EINVAL;
    return lseek(fd_of(self), (off_t)offset, SEEK_SET) >= 0 ? 0 : -errno;
}

static uint64_t bytes_of_fd(void *self)
{
    struct stat st;
    bool has_size = fstat(fd_of(self), &st) == 0 && st.st_size > 0;
    return has_size ? (uint64_t)st.st_size : 0;
}

static void close_fd(void *self)
{
    if (fd_of(self) != STDIN_FILENO)
        (void)close(fd_of(self));
    free(self);
}

/* 0 or -errno. */
static int open_fd(const char *path, int *fd, bool *regular)
{
    struct stat st;
    bool is_stdin = strcmp(path, "-") == 0;
    *fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return -errno;
    int rc = fstat(*fd, &st) < 0 ? -errno : S_ISDIR(st.st_mode) ? -EISDIR : 0;
    *regular = rc == 0 && S_ISREG(st.st_mode);
    if (rc < 0 && !is_stdin)
        (void)close(*fd);
    return rc;
}

int mt_input_open_file(struct mt_input *out, const char *path)
{
    bool regular = false;
    int *fd = malloc(sizeof *fd);
    if (fd == NULL)
        return -ENOMEM;
    int rc = open_fd(path, fd, &regular);
    if (rc < 0) {
        free(fd);
        return rc;
    }
    *out = (struct mt_input){.self = fd,
                             .read = regular ? read_fd : read_pipe,
                             .seek = regular ? seek_fd : NULL,
                             .bytes = regular ? bytes_of_fd : NULL,
                             .close = close_fd};
    if (regular) /* advice: it may be ignored */
        (void)posix_fadvise(*fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return 0;
}
