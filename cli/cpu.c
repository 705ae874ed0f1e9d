#include "cli/cpu.h"

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
