/* A folder of its own for a test, and what is in it. Needs cmocka.h. */
#ifndef MT_TESTS_CAPTURE_RING_FOLDER_H
#define MT_TESTS_CAPTURE_RING_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/packet.h"

enum { NAMES_MAX = 64, PATH_ROOM = 512 };

struct folder {
    char path[64];
    char names[NAMES_MAX][256]; /* sorted; by look() */
    size_t count;
    uint64_t bytes; /* of all */
};

static inline void make_folder(struct folder *d)
{
    *d = (struct folder){.count = 0};
    (void)snprintf(d->path, sizeof d->path, "/tmp/meshtop-test-XXXXXX");
    assert_non_null(mkdtemp(d->path));
}

static inline const char *path_in(const struct folder *d, const char *name)
{
    static char path[PATH_ROOM];
    (void)snprintf(path, sizeof path, "%s/%s", d->path, name);
    return path;
}

static inline int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static inline void look(struct folder *d)
{
    DIR *dir = opendir(d->path);
    struct dirent *e;
    d->count = 0;
    d->bytes = 0;
    assert_non_null(dir);
    while ((e = readdir(dir)) != NULL) {
        struct stat st;
        if (e->d_name[0] == '.')
            continue;
        if (stat(path_in(d, e->d_name), &st) == 0)
            d->bytes += (uint64_t)st.st_size;
        assert_true(d->count < NAMES_MAX);
        (void)snprintf(d->names[d->count++], sizeof d->names[0], "%s",
                       e->d_name);
    }
    (void)closedir(dir);
    qsort(d->names, d->count, sizeof d->names[0], by_text);
}

static inline void remove_folder(struct folder *d)
{
    look(d);
    for (size_t i = 0; i < d->count; i++)
        (void)unlink(path_in(d, d->names[i]));
    assert_int_equal(rmdir(d->path), 0);
}

static inline void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* Opened, to its first byte. */
static inline struct mt_source *open_source(const char *path)
{
    struct mt_source *s;
    struct mt_problem why = {0};
    struct mt_source_options options = {.buffer_bytes = 4096};
    int rc = mt_source_open_file(&s, path, &options, &why);
    assert_string_equal(why.text, "");
    assert_int_equal(rc, 0);
    return s;
}

#endif
