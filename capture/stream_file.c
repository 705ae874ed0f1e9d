#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/stream.h"

/* self holds the descriptor itself. */
static int fd_of(void *self)
{
    return (int)(intptr_t)self;
}

static ptrdiff_t read_fd(void *self, uint8_t *to, size_t n)
{
    ssize_t got = read(fd_of(self), to, n);
    return got >= 0 ? got : -errno;
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
    (void)close(fd_of(self));
}

int mt_input_open_file(struct mt_input *out, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return -errno;
    int rc = fstat(fd, &st) < 0 ? -errno : S_ISDIR(st.st_mode) ? -EISDIR : 0;
    if (rc < 0) {
        if (!is_stdin)
            (void)close(fd);
        return rc;
    }
    bool regular = S_ISREG(st.st_mode);
    *out = (struct mt_input){.self = (void *)(intptr_t)fd,
                             .read = read_fd,
                             .seek = regular ? seek_fd : NULL,
                             .bytes = regular ? bytes_of_fd : NULL,
                             .close = is_stdin ? NULL : close_fd};
    if (regular) /* advice: it may be ignored */
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return 0;
}
