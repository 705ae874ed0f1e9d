#include "capture/names_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/names_yaml.h"

struct mt_names_file {
    struct mt_pool *pool;
    struct mt_names_tables tables;
};

int mt_names_file_read(struct mt_names_file **out, struct mt_span yaml,
                       const char *label, struct mt_pool *pool,
                       char why[MT_NAMES_WHY_BYTES])
{
    *out = NULL;
    if (yaml.len > MT_NAMES_FILE_MAX_BYTES) {
        (void)snprintf(why, MT_NAMES_WHY_BYTES,
                       "%s: larger than 1 MiB; use networks such as "
                       "10.1.0.0/16",
                       label);
        return -EINVAL;
    }
    struct mt_names_file *f = mt_pool_zalloc(pool, sizeof *f);
    if (f == NULL) {
        (void)snprintf(why, MT_NAMES_WHY_BYTES,
                       "%s: no memory; raise the memory ceiling", label);
        return -ENOMEM;
    }
    f->pool = pool;
    mt_arena_init(&f->tables.text, pool, MT_NAMES_FILE_MAX_BYTES);
    int rc = mt_names_yaml_read(&f->tables, yaml, label, pool, why);
    if (rc != 0)
        mt_names_file_free(f);
    else
        *out = f;
    return rc;
}

/* Returns the number of bytes read, at most max, or -errno. */
static ssize_t read_all(int fd, uint8_t *bytes, size_t max)
{
    size_t n = 0;
    while (n < max) {
        ssize_t got = read(fd, bytes + n, max - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

static int cannot_read(const char *path, int error, char *why)
{
    (void)snprintf(why, MT_NAMES_WHY_BYTES,
                   "%s: cannot be read: %s; give --names a readable file", path,
                   strerror(error));
    return -error;
}

int mt_names_file_load(struct mt_names_file **out, const char *path,
                       struct mt_pool *pool, char why[MT_NAMES_WHY_BYTES])
{
    enum { ROOM = MT_NAMES_FILE_MAX_BYTES + 1 }; /* one more: too large */
    *out = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cannot_read(path, errno, why);
    uint8_t *bytes = mt_pool_alloc(pool, ROOM);
    ssize_t n = bytes != NULL ? read_all(fd, bytes, ROOM) : -ENOMEM;
    (void)close(fd);
    int rc = n < 0 ? cannot_read(path, (int)-n, why)
                   : mt_names_file_read(out, (struct mt_span){bytes, (size_t)n},
                                        path, pool, why);
    mt_pool_free(pool, bytes, ROOM);
    return rc;
}

void mt_names_file_free(struct mt_names_file *f)
{
    if (f == NULL)
        return;
    struct mt_pool *pool = f->pool;
    for (int t = 0; t < MT_NAMES_TABLES; t++)
        mt_names_rules_deinit(&f->tables.rules[t], pool);
    mt_arena_deinit(&f->tables.text);
    mt_pool_free(pool, f, sizeof *f);
}

struct mt_span mt_names_file_service(const struct mt_names_file *f,
                                     const struct mt_addr *addr)
{
    const struct mt_names_rule *rule = mt_names_rules_find(
        &f->tables.rules[MT_NAMES_SERVICES], addr->ip, addr->port);
    return rule != NULL ? rule->name : (struct mt_span){.ptr = NULL, .len = 0};
}

struct mt_span mt_names_file_client(const struct mt_names_file *f,
                                    const struct mt_addr *addr)
{
    const struct mt_names_rule *rule =
        mt_names_rules_find(&f->tables.rules[MT_NAMES_CLIENTS], addr->ip, 0);
    return rule != NULL ? rule->name
                        : mt_names_rules_common(
                              &f->tables.rules[MT_NAMES_SERVICES], addr->ip);
}
