/* cpu.h - the processor time of the whole program: all threads, and the
 * helper process. */
#ifndef MT_CLI_CPU_H
#define MT_CLI_CPU_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct mt_cpu {
    clockid_t helper;
    bool has_helper;
    int64_t helper_ns; /* at the last look: it may have ended since */
};

/* helper: its process, a child; 0: none. */
void mt_cpu_init(struct mt_cpu *c, pid_t helper);

/* So far. */
int64_t mt_cpu_ns(struct mt_cpu *c);

/* How many CPUs this process may use at once: by its affinity, and by the
 * quotas of its control groups, rounded up. At least 1. */
unsigned mt_cpu_count(void);

#endif
