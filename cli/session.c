#include "cli/session.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/span.h"
#include "base/text.h"

enum {
    ANCESTORS_MAX = 16,
    ENVIRON_BYTES = 128 << 10,
    STATUS_BYTES = 4096,
    SESSION_BYTES = 256,
};

static struct mt_span read_of(pid_t pid, const char *file, uint8_t *to,
                              size_t size)
{
    char path[64];
    size_t n = 0;
    ssize_t got;
    (void)snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && n < size && (got = read(fd, to + n, size - n)) > 0)
        n += (size_t)got;
    if (fd >= 0)
        (void)close(fd);
    return (struct mt_span){to, n};
}

/* The value behind a name in a text of entries that `end` ends. */
static bool value_of(struct mt_span text, struct mt_span name, uint8_t end,
                     struct mt_span *value)
{
    while (text.len > 0) {
        struct mt_span entry = mt_span_take(&text, mt_span_find(text, end));
        if (text.len > 0)
            (void)mt_span_take(&text, 1);
        if (!mt_span_starts(entry, name))
            continue;
        (void)mt_span_take(&entry, name.len);
        *value = entry;
        return true;
    }
    return false;
}

static pid_t parent_of(pid_t pid)
{
    uint8_t text[STATUS_BYTES];
    struct mt_span value;
    uint64_t parent;
    if (!value_of(read_of(pid, "status", text, sizeof text), MT_SPAN("PPid:\t"),
                  '\n', &value) ||
        mt_parse_u64(value, &parent) != 0 || parent > INT32_MAX)
        return 0;
    return (pid_t)parent;
}

static void look_above(char session[SESSION_BYTES])
{
    uint8_t *text = malloc(ENVIRON_BYTES);
    pid_t pid = getppid();
    for (int i = 0; text != NULL && i < ANCESTORS_MAX && pid > 1; i++) {
        struct mt_span value;
        if (value_of(read_of(pid, "environ", text, ENVIRON_BYTES),
                     MT_SPAN("SSH_CONNECTION="), 0, &value)) {
            (void)snprintf(session, SESSION_BYTES, "%.*s", (int)value.len,
                           (const char *)value.ptr);
            break;
        }
        pid = parent_of(pid);
    }
    free(text);
}

const char *mt_ssh_session(void)
{
    static char session[SESSION_BYTES];
    static bool looked;
    const char *ours = getenv("SSH_CONNECTION");
    if (ours != NULL)
        return ours;
    if (!looked)
        look_above(session);
    looked = true;
    return session[0] != '\0' ? session : NULL;
}
