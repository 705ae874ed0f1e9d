#include "capture/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int give_held(int fd, const struct mt_privileges_plan *p)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return -errno;
    if (S_ISLNK(st.st_mode))
        return -ELOOP;
    if (st.st_uid == p->uid)
        return 0;
    bool is_file = S_ISREG(st.st_mode) && st.st_nlink == 1;
    if (st.st_uid != 0 || (!is_file && !S_ISDIR(st.st_mode)))
        return -EPERM;
    return fchownat(fd, "", p->uid, p->gid, AT_EMPTY_PATH) == 0 ? 0 : -errno;
}

/* O_PATH holds the file itself without opening it: closing any other kind of
 * descriptor would release the locks that SQLite has on the file (fcntl(2)),
 * and a FIFO would wait for its other end. */
int mt_privileges_give(const char *path, const struct mt_privileges_plan *p)
{
    if (geteuid() != 0)
        return 0;
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = give_held(fd, p);
    (void)close(fd);
    return rc;
}

int mt_privileges_give_database(const char *path,
                                const struct mt_privileges_plan *p)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    char name[4096];
    int rc = 0;
    if (p->become == MT_BECOME_NOBODY)
        return 0;
    for (size_t i = 0; rc == 0 && i < sizeof endings / sizeof endings[0]; i++) {
        int n = snprintf(name, sizeof name, "%s%s", path, endings[i]);
        if (n < 0 || (size_t)n >= sizeof name)
            return -ENAMETOOLONG;
        rc = mt_privileges_give(name, p);
        if (rc == -ENOENT)
            rc = 0;
    }
    return rc;
}
