/**
 * cpu_quota.h - how many CPUs a process may use at once by the quotas of its
 * control groups (cgroup v2, cpu.max).
 *
 *     unsigned n = mt_cpu_quota(text_of_proc_self_cgroup, read, arg);
 *     if (n > 0 && n < cores)
 *         cores = n;
 *
 * Without IO: the caller reads the files. Kernel documentation:
 * admin-guide/cgroup-v2, "CPU Interface Files".
 */
#ifndef MT_BASE_CPU_QUOTA_H
#define MT_BASE_CPU_QUOTA_H

#include "base/span.h"

/* The text of the cpu.max of a group: "" is the root of what is mounted, else
 * "/a/b". Lives until the next call; empty: there is none. */
typedef struct mt_span mt_cpu_quota_read(void *arg, struct mt_span group);

/**
 * The smallest quota of the group that /proc/self/cgroup (own) names and of
 * all that it is in, in whole CPUs, rounded up: at least 1. 0: there is none,
 * or no group of v2.
 */
unsigned mt_cpu_quota(struct mt_span own, mt_cpu_quota_read *read, void *arg);

#endif
