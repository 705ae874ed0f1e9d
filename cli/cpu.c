#include "cli/cpu.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>

#include "base/cpu_quota.h"

enum { QUOTA_BYTES = 64 };

void mt_cpu_init(struct mt_cpu *c, pid_t helper)
{
    *c = (struct mt_cpu){.helper_ns = 0};
    c->has_helper = helper > 0 && clock_getcpuclockid(helper, &c->helper) == 0;
}

static int64_t ns_of(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t mt_cpu_ns(struct mt_cpu *c)
{
    struct timespec own = {0}, helper;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    if (c->has_helper && clock_gettime(c->helper, &helper) == 0)
        c->helper_ns = ns_of(helper);
    return ns_of(own) + c->helper_ns;
}

/* ---- how many there are ---- */

static struct mt_span read_text(const char *path, char *text, size_t size)
{
    size_t n = 0;
    FILE *f = fopen(path, "re");
    if (f != NULL) {
        n = fread(text, 1, size, f);
        (void)fclose(f);
    }
    return (struct mt_span){(const uint8_t *)text, n};
}

static struct mt_span read_quota(void *arg, struct mt_span group)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "/sys/fs/cgroup%.*s/cpu.max",
                     (int)group.len, (const char *)group.ptr);
    if (n < 0 || (size_t)n >= sizeof path)
        return (struct mt_span){.ptr = NULL, .len = 0};
    return read_text(path, arg, QUOTA_BYTES);
}

unsigned mt_cpu_count(void)
{
    cpu_set_t set;
    char own[PATH_MAX], quota[QUOTA_BYTES];
    unsigned n = sched_getaffinity(0, sizeof set, &set) == 0
                     ? (unsigned)CPU_COUNT(&set)
                     : 1;
    unsigned most = mt_cpu_quota(
        read_text("/proc/self/cgroup", own, sizeof own), read_quota, quota);
    return most > 0 && most < n ? most : n;
}
