#include "capture/owners_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"

enum {
    PATH_BYTES = 64,
    LINK_BYTES = 64,
    STATUS_BYTES = 256, /* its first lines */
    NEWEST = 16,        /* processes and threads that have just begun */
};

int mt_scan_init(struct mt_scan *s, const char *proc)
{
    memset(s, 0, sizeof *s);
    s->steps = MT_OWNERS_STEPS_PER_S;
    s->refilled_ns = INT64_MIN;
    s->proc = open(proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return s->proc >= 0 ? 0 : -errno;
}

void mt_scan_deinit(struct mt_scan *s)
{
    if (s->proc >= 0)
        (void)close(s->proc);
}

void mt_scan_refill(struct mt_scan *s, int64_t now_ns)
{
    const int64_t second = 1000000000,
                  ns_a_step = second / MT_OWNERS_STEPS_PER_S;
    s->broke = false;
    int64_t passed;
    if (s->refilled_ns == INT64_MIN || now_ns < s->refilled_ns ||
        __builtin_sub_overflow(now_ns, s->refilled_ns, &passed)) {
        s->refilled_ns = now_ns;
        return;
    }
    if (passed > second)
        passed = second;
    uint32_t more = (uint32_t)(passed / ns_a_step);
    if (more == 0)
        return;
    s->refilled_ns = now_ns;
    s->steps = more < MT_OWNERS_STEPS_PER_S - s->steps
                   ? s->steps + more
                   : (uint32_t)MT_OWNERS_STEPS_PER_S;
}

bool mt_scan_pay(struct mt_scan *s, uint32_t steps)
{
    if (steps > s->steps) {
        s->broke = true;
        return false;
    }
    s->steps -= steps;
    return true;
}

DIR *mt_scan_open(int at, const char *path)
{
    int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (d == NULL && fd >= 0)
        (void)close(fd);
    return d;
}

struct mt_span mt_scan_link(int at, const char *path, char *bytes, size_t n)
{
    ssize_t got = readlinkat(at, path, bytes, n);
    return (struct mt_span){.ptr = (const uint8_t *)bytes,
                            .len = got > 0 ? (size_t)got : 0};
}

struct mt_span mt_scan_read(const struct mt_scan *s, uint32_t pid,
                            const char *name, void *bytes, size_t n)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%u/%s", pid, name);
    int fd = openat(s->proc, path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, bytes, n) : -1;
    if (fd >= 0)
        (void)close(fd);
    return (struct mt_span){.ptr = bytes, .len = got > 0 ? (size_t)got : 0};
}

static bool number(const char *name, uint32_t *out)
{
    uint64_t n;
    if (mt_parse_u64(mt_span_str(name), &n) != 0 || n > INT32_MAX)
        return false;
    *out = (uint32_t)n;
    return true;
}

void mt_scan_list(struct mt_scan *s)
{
    s->pids_count = 0;
    DIR *d = mt_scan_open(s->proc, ".");
    if (d == NULL)
        return;
    const struct dirent *e;
    while (s->pids_count < MT_SCAN_PIDS_MAX && (e = readdir(d)) != NULL) {
        uint32_t pid;
        if (!number(e->d_name, &pid) || pid == 0)
            continue;
        if (!mt_scan_pay(s, 1))
            break;
        s->pids[s->pids_count++] = pid;
    }
    (void)closedir(d);
}

/* ---- who has it open ---- */

static struct mt_scan_held *held_slot(struct mt_scan *s, uint64_t inode)
{
    return &s->held[inode % MT_SCAN_HELD];
}

/* Numbers of sockets and processes come again: only what is still so. */
static uint32_t remembered(struct mt_scan *s, uint64_t inode)
{
    const struct mt_scan_held *h = held_slot(s, inode);
    char path[PATH_BYTES], link[LINK_BYTES];
    if (inode == 0 || h->inode != inode)
        return 0;
    (void)snprintf(path, sizeof path, "%u/fd/%u", h->pid, h->fd);
    return mt_socket_inode(mt_scan_link(s->proc, path, link, sizeof link)) ==
                   inode
               ? h->pid
               : 0;
}

static void make_hot(struct mt_scan *s, uint32_t pid)
{
    unsigned at = 0;
    while (at < MT_SCAN_HOT - 1 && s->hot[at] != pid)
        at++;
    memmove(s->hot + 1, s->hot, at * sizeof s->hot[0]);
    s->hot[0] = pid;
}

/* Which of two it has, the first before the second; 0 none. */
static uint64_t look_into(struct mt_scan *s, uint32_t pid,
                          const uint64_t inodes[2])
{
    char path[PATH_BYTES], link[LINK_BYTES];
    uint64_t found = 0;
    (void)snprintf(path, sizeof path, "%u/fd", pid);
    DIR *d = mt_scan_open(s->proc, path);
    if (d == NULL)
        return 0;
    const struct dirent *e;
    while ((found == 0 || found != inodes[0]) && (e = readdir(d)) != NULL) {
        uint32_t fd;
        if (!number(e->d_name, &fd))
            continue;
        if (!mt_scan_pay(s, 1))
            break;
        uint64_t inode = mt_socket_inode(
            mt_scan_link(dirfd(d), e->d_name, link, sizeof link));
        if (inode == 0 || (inode != inodes[0] && inode != inodes[1]))
            continue;
        found = inode;
        *held_slot(s, inode) = (struct mt_scan_held){inode, pid, fd};
    }
    (void)closedir(d);
    return found;
}

/* The process of a thread; 0: it has ended. */
static uint32_t process_of(const struct mt_scan *s, uint32_t thread)
{
    char text[STATUS_BYTES];
    struct mt_span rest = mt_scan_read(s, thread, "status", text, sizeof text);
    while (rest.len > 0) {
        struct mt_span line = mt_span_take(&rest, mt_span_find(rest, '\n'));
        (void)mt_span_take(&rest, rest.len > 0);
        uint64_t pid;
        if (!mt_span_starts(line, MT_SPAN("Tgid:\t")))
            continue;
        (void)mt_span_take(&line, sizeof "Tgid:\t" - 1);
        return mt_parse_u64(line, &pid) == 0 ? (uint32_t)pid : 0;
    }
    return 0;
}

/* The number that was given last, to a process or a thread: the last word of
 * loadavg. 0: not told. */
static uint32_t newest_pid(const struct mt_scan *s)
{
    char text[STATUS_BYTES];
    uint32_t pid;
    int fd = openat(s->proc, "loadavg", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
    char *last = strrchr(text, ' ');
    text[strcspn(text, "\n")] = '\0';
    return last != NULL && number(last + 1, &pid) ? pid : 0;
}

/* Who has just begun is looked for without a list of all. */
static uint32_t look_at_newest(struct mt_scan *s, const uint64_t inodes[2])
{
    uint32_t newest = mt_scan_pay(s, 1) ? newest_pid(s) : 0;
    for (uint32_t i = 0; i < NEWEST && i < newest && mt_scan_pay(s, 1); i++) {
        uint64_t found = look_into(s, newest - i, inodes);
        if (found != 0)
            return held_slot(s, found)->pid = process_of(s, newest - i);
    }
    return 0;
}

/* Newest processes first: those are the short-lived ones. */
static uint32_t look_everywhere(struct mt_scan *s, const uint64_t inodes[2])
{
    uint32_t second = 0;
    mt_scan_list(s);
    for (uint32_t i = s->pids_count; i > 0 && mt_scan_pay(s, 1); i--) {
        uint64_t found = look_into(s, s->pids[i - 1], inodes);
        if (found != 0 && (found == inodes[0] || inodes[0] == 0))
            return s->pids[i - 1];
        if (found != 0 && second == 0)
            second = s->pids[i - 1];
    }
    return second;
}

static uint32_t look_in_hot(struct mt_scan *s, const uint64_t inodes[2])
{
    for (unsigned i = 0; i < MT_SCAN_HOT && s->hot[i] != 0; i++)
        if (mt_scan_pay(s, 1) && look_into(s, s->hot[i], inodes) != 0)
            return s->hot[i];
    return 0;
}

/* A listener stays where it is, while each of its connections is new: it is
 * asked first, and the walk that a new socket takes is seldom needed. */
uint32_t mt_scan_holder(struct mt_scan *s, const uint64_t inodes[2])
{
    if (inodes[0] == 0 && inodes[1] == 0)
        return 0;
    uint32_t pid = remembered(s, inodes[0]);
    if (pid == 0)
        pid = remembered(s, inodes[1]);
    if (pid == 0)
        pid = look_in_hot(s, inodes);
    if (pid == 0)
        pid = look_everywhere(s, inodes);
    if (pid != 0)
        make_hot(s, pid);
    return pid;
}

uint32_t mt_scan_newest(struct mt_scan *s, uint64_t inode)
{
    const uint64_t inodes[2] = {inode, 0};
    uint32_t pid = look_at_newest(s, inodes);
    if (pid == 0)
        pid = look_in_hot(s, inodes);
    if (pid != 0)
        make_hot(s, pid);
    return pid;
}
