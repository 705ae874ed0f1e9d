#include "cli/file_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
    EVENTS =
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_MOVED_FROM
};

static int watch_folder(const struct mt_file_watch *w, const char *file)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(file, '/');
    size_t n = slash != NULL ? (size_t)(slash - file) : 0;
    if (n >= sizeof folder)
        return -ENAMETOOLONG;
    memcpy(folder, file, n);
    folder[n] = '\0';
    if (n == 0)
        memcpy(folder, slash != NULL ? "/" : ".", 2);
    return inotify_add_watch(w->fd, folder, EVENTS) >= 0 ? 0 : -errno;
}

/* The folders of the path, and of where its links lead. */
static int watch(const struct mt_file_watch *w)
{
    char real[PATH_MAX];
    int rc = watch_folder(w, w->path);
    if (rc == 0 && realpath(w->path, real) != NULL)
        rc = watch_folder(w, real);
    return rc;
}

int mt_file_watch_open(struct mt_file_watch *w, const char *path)
{
    w->path = path;
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    int rc = w->fd >= 0 ? watch(w) : -errno;
    if (rc != 0)
        mt_file_watch_close(w);
    return rc;
}

bool mt_file_watch_read(struct mt_file_watch *w)
{
    _Alignas(struct inotify_event) char events[4096];
    bool any = false;
    while (w->fd >= 0 && read(w->fd, events, sizeof events) > 0)
        any = true;
    if (any)
        (void)watch(w); /* a link may lead elsewhere now */
    return any;
}

void mt_file_watch_close(struct mt_file_watch *w)
{
    if (w->fd >= 0)
        (void)close(w->fd);
    w->fd = -1;
}
