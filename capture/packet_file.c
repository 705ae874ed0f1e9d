#include "capture/packet_file.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/ring_name.h"

const char *mt_packet_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static enum mt_packet_file_rc look(const char *path,
                                   const struct mt_packet_file *f, bool inode)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return MT_PACKET_FILE_GONE;
    if (!S_ISREG(st.st_mode))
        return MT_PACKET_FILE_NO_FILE;
    bool other = f->size_bytes != 0 && (uint64_t)st.st_size != f->size_bytes;
    if (inode && f->inode != 0 && st.st_ino != f->inode)
        other = true;
    return other ? MT_PACKET_FILE_CHANGED : MT_PACKET_FILE_FOUND;
}

/* A ring that is here has files that are newer than this one. */
static bool is_outlived(const char *folder, const char *name)
{
    DIR *d = opendir(folder);
    const struct dirent *e;
    bool found = false;
    while (d != NULL && !found && (e = readdir(d)) != NULL)
        found = mt_ring_name_is(e->d_name) && strcmp(e->d_name, name) > 0;
    if (d != NULL)
        (void)closedir(d);
    return found;
}

/* The oldest go first: where there are none that are newer, all of them are
 * elsewhere. */
static bool was_rotated(const char *path, const char *name,
                        const char *const *folders, size_t count)
{
    char folder[MT_PACKET_PATH_BYTES];
    size_t n = (size_t)(name - path);
    if (!mt_ring_name_is(name))
        return false;
    (void)snprintf(folder, sizeof folder, "%.*s", (int)n, path);
    bool found = is_outlived(n > 0 ? folder : ".", name);
    for (size_t i = 0; i < count && !found; i++)
        found = is_outlived(folders[i], name);
    return found;
}

enum mt_packet_file_rc mt_packet_file_find(const struct mt_packet_file *f,
                                           const char *const *folders,
                                           size_t count,
                                           char path[MT_PACKET_PATH_BYTES])
{
    const char *name = mt_packet_file_name(f->path);
    if (strcmp(f->path, "-") == 0 || name[0] == '\0')
        return MT_PACKET_FILE_NO_FILE;
    int n = snprintf(path, MT_PACKET_PATH_BYTES, "%s", f->path);
    enum mt_packet_file_rc rc = MT_PACKET_FILE_GONE;
    if (n > 0 && n < MT_PACKET_PATH_BYTES)
        rc = look(path, f, true);
    for (size_t i = 0; i < count && rc != MT_PACKET_FILE_FOUND; i++) {
        n = snprintf(path, MT_PACKET_PATH_BYTES, "%s/%s", folders[i], name);
        if (n <= 0 || n >= MT_PACKET_PATH_BYTES)
            continue;
        enum mt_packet_file_rc there = look(path, f, false);
        if (there != MT_PACKET_FILE_GONE)
            rc = there;
    }
    if (rc != MT_PACKET_FILE_GONE)
        return rc;
    if (was_rotated(f->path, name, folders, count))
        return MT_PACKET_FILE_ROTATED;
    if (mt_ring_name_is(name))
        return rc;
    return f->inode != 0 ? rc : MT_PACKET_FILE_NO_FILE;
}
