#include "capture/privileges_threads.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static bool all_zero(struct mt_span digits)
{
    for (size_t i = 0; i < digits.len; i++)
        if (digits.ptr[i] != '0')
            return false;
    return digits.len > 0;
}

bool mt_privileges_none(struct mt_span status)
{
    static const char *const sets[] = {"CapInh:\t", "CapPrm:\t", "CapEff:\t",
                                       "CapAmb:\t"};
    unsigned found = 0;
    while (status.len > 0) {
        struct mt_span line = mt_span_take(&status, mt_span_find(status, '\n'));
        if (status.len > 0)
            (void)mt_span_take(&status, 1);
        for (unsigned i = 0; i < sizeof sets / sizeof sets[0]; i++) {
            struct mt_span name = mt_span_str(sets[i]);
            if (!mt_span_starts(line, name))
                continue;
            (void)mt_span_take(&line, name.len);
            if (!all_zero(line))
                return false;
            found |= 1u << i;
        }
    }
    return (found & 7) == 7; /* an old kernel has no ambient set */
}

/* A thread that has ended in the meantime has none. */
static int check_thread(int task, const char *tid)
{
    char path[32];
    uint8_t text[4096];
    (void)snprintf(path, sizeof path, "%.16s/status", tid);
    int fd = openat(task, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    ssize_t n = read(fd, text, sizeof text);
    int rc = n < 0 ? errno == ESRCH ? 0 : -errno : -EBUSY;
    if (n >= 0 && mt_privileges_none((struct mt_span){text, (size_t)n}))
        rc = 0;
    (void)close(fd);
    return rc;
}

int mt_privileges_threads(void)
{
    DIR *task = opendir("/proc/self/task");
    if (task == NULL)
        return -errno;
    int rc = 0;
    const struct dirent *e;
    while (rc == 0 && (e = readdir(task)) != NULL)
        if (e->d_name[0] != '.')
            rc = check_thread(dirfd(task), e->d_name);
    (void)closedir(task);
    return rc;
}
