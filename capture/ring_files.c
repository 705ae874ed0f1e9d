#include "capture/ring_files.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/ring_name.h"

enum { BUFFER_BYTES = 256 << 10 };

struct one {
    char name[MT_RING_NAME_BYTES];
    uint64_t bytes;
};

struct mt_ring_files {
    char *folder; /* absolute */
    int folder_fd;
    uint64_t size_limit, file_limit;
    int64_t started_ns;
    struct one *files; /* oldest first; the last may be open */
    size_t count, cap;
    uint64_t total_bytes;
    int fd;           /* of the open file; -1 none */
    uint64_t on_disk; /* bytes of the open file that are written */
    size_t waiting;   /* in buffer */
    uint8_t *buffer;
    int rc;
    struct mt_problem why;
};

static int fail(struct mt_ring_files *r, int rc, const char *name)
{
    r->rc = rc;
    (void)snprintf(r->why.text, sizeof r->why.text, "%.300s%s%s: %s", r->folder,
                   name[0] != '\0' ? "/" : "", name, strerror(-rc));
    return rc;
}

const char *mt_ring_files_why(const struct mt_ring_files *r)
{
    return r->why.text;
}

/* ---- what is in the folder ---- */

static int add(struct mt_ring_files *r, const char *name, uint64_t bytes)
{
    if (r->count == r->cap) {
        size_t cap = r->cap > 0 ? r->cap * 2 : 32;
        struct one *files = realloc(r->files, cap * sizeof *files);
        if (files == NULL)
            return -ENOMEM;
        r->files = files;
        r->cap = cap;
    }
    struct one *f = &r->files[r->count++];
    size_t n = strlen(name); /* the names of ring_name.h fit */
    assert(n < sizeof f->name);
    memcpy(f->name, name, n + 1);
    f->bytes = bytes;
    r->total_bytes += bytes;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct one *)a)->name, ((const struct one *)b)->name);
}

static int scan(struct mt_ring_files *r)
{
    DIR *d = opendir(r->folder);
    struct dirent *e;
    int rc = d == NULL ? -errno : 0;
    while (rc == 0 && (e = readdir(d)) != NULL) {
        struct stat st;
        if (mt_ring_name_is(e->d_name) &&
            fstatat(r->folder_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode))
            rc = add(r, e->d_name, (uint64_t)st.st_size);
    }
    if (d != NULL)
        (void)closedir(d);
    if (r->count > 0)
        qsort(r->files, r->count, sizeof *r->files, by_name);
    return rc;
}

/* Names go on rising, also when the clock was set back. */
static void start_after_newest(struct mt_ring_files *r)
{
    if (r->count == 0)
        return;
    int64_t newest = mt_ring_name_started_ns(r->files[r->count - 1].name);
    if (r->started_ns < newest + 1000000000)
        r->started_ns = newest + 1000000000;
}

static int drop_oldest(struct mt_ring_files *r)
{
    if (unlinkat(r->folder_fd, r->files[0].name, 0) != 0 && errno != ENOENT)
        return fail(r, -errno, r->files[0].name);
    r->total_bytes -= r->files[0].bytes;
    r->count--;
    memmove(r->files, r->files + 1, r->count * sizeof *r->files);
    return 0;
}

/* ---- opening ---- */

static int open_folder(struct mt_ring_files *r, const char *folder)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return -errno;
    r->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->folder_fd < 0)
        return -errno;
    if (flock(r->folder_fd, LOCK_EX | LOCK_NB) != 0)
        return -errno;
    char *absolute = realpath(folder, NULL);
    if (absolute == NULL)
        return -errno;
    free(r->folder);
    r->folder = absolute;
    return scan(r);
}

int mt_ring_files_open(struct mt_ring_files **out,
                       const struct mt_ring_files_options *options,
                       struct mt_problem *why)
{
    struct mt_ring_files *r = calloc(1, sizeof *r);
    *out = NULL;
    if (r != NULL) {
        *r = (struct mt_ring_files){.size_limit = options->size_bytes,
                                    .file_limit = options->file_bytes,
                                    .started_ns = options->started_ns,
                                    .folder = strdup(options->folder),
                                    .folder_fd = -1,
                                    .fd = -1};
        r->buffer = malloc(BUFFER_BYTES);
    }
    int rc = r == NULL || r->folder == NULL || r->buffer == NULL ? -ENOMEM : 0;
    if (rc == 0)
        rc = open_folder(r, options->folder);
    if (rc == 0) {
        start_after_newest(r);
        *out = r;
        return 0;
    }
    (void)snprintf(why->text, sizeof why->text, "%.300s: %s", options->folder,
                   rc == -EWOULDBLOCK ? "another meshtop keeps its packets "
                                        "there; name another folder"
                                      : strerror(-rc));
    mt_ring_files_close(r);
    return rc;
}

/* ---- writing ---- */

static int write_bytes(struct mt_ring_files *r, const uint8_t *bytes, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t some = write(r->fd, bytes + done, n - done);
        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0) {
            int rc =
                fail(r, some < 0 ? -errno : -EIO, r->files[r->count - 1].name);
            /* a block that is written in part is none */
            (void)!ftruncate(r->fd, (off_t)r->on_disk);
            return rc;
        }
        done += (size_t)some;
    }
    r->on_disk += n;
    return 0;
}

int mt_ring_files_flush(struct mt_ring_files *r)
{
    if (r->rc != 0 || r->waiting == 0)
        return r->rc;
    size_t n = r->waiting;
    r->waiting = 0;
    return write_bytes(r, r->buffer, n);
}

int mt_ring_files_write(struct mt_ring_files *r, struct mt_span blocks)
{
    if (r->rc == 0 && blocks.len > BUFFER_BYTES - r->waiting)
        (void)mt_ring_files_flush(r);
    if (r->rc != 0)
        return r->rc;
    if (blocks.len > BUFFER_BYTES)
        return write_bytes(r, blocks.ptr, blocks.len);
    if (blocks.len > 0)
        memcpy(r->buffer + r->waiting, blocks.ptr, blocks.len);
    r->waiting += blocks.len;
    return 0;
}

static void end_file(struct mt_ring_files *r)
{
    if (r->fd < 0)
        return;
    (void)mt_ring_files_flush(r);
    (void)close(r->fd);
    r->fd = -1;
    r->files[r->count - 1].bytes = r->on_disk;
    r->total_bytes += r->on_disk;
}

int mt_ring_files_begin(struct mt_ring_files *r, uint32_t number)
{
    char name[MT_RING_NAME_BYTES];
    end_file(r);
    while (r->rc == 0 && r->count > 0 &&
           r->total_bytes + r->file_limit > r->size_limit)
        (void)drop_oldest(r);
    if (r->rc != 0)
        return r->rc;
    mt_ring_name(name, r->started_ns, number);
    if (add(r, name, 0) != 0)
        return fail(r, -ENOMEM, "");
    r->fd = openat(r->folder_fd, name,
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    r->on_disk = 0;
    return r->fd >= 0 ? 0 : fail(r, -errno, name);
}

int mt_ring_files_folder(const struct mt_ring_files *r)
{
    return r->folder_fd;
}

bool mt_ring_files_path(const struct mt_ring_files *r, uint32_t number,
                        char *path, size_t size)
{
    char name[MT_RING_NAME_BYTES];
    mt_ring_name(name, r->started_ns, number);
    int n = snprintf(path, size, "%s/%s", r->folder, name);
    return n > 0 && (size_t)n < size;
}

void mt_ring_files_close(struct mt_ring_files *r)
{
    if (r == NULL)
        return;
    end_file(r);
    if (r->folder_fd >= 0)
        (void)close(r->folder_fd);
    free(r->files);
    free(r->buffer);
    free(r->folder);
    free(r);
}
