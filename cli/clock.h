/* clock.h - the program's clocks and its source of randomness: nothing below
 * cli/ has one. */
#ifndef MT_CLI_CLOCK_H
#define MT_CLI_CLOCK_H

#include <stdint.h>
#include <sys/random.h>
#include <time.h>

static inline int64_t mt_clock_ns(clockid_t id)
{
    struct timespec now;
    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Unix time. */
static inline int64_t mt_wall_ns(void)
{
    return mt_clock_ns(CLOCK_REALTIME);
}

/* For durations: never steps. */
static inline int64_t mt_steady_ns(void)
{
    return mt_clock_ns(CLOCK_MONOTONIC);
}

/* Random; in the first moments after boot, a clock's reading instead. */
static inline uint64_t mt_random_u64(void)
{
    uint64_t n;
    if (getrandom(&n, sizeof n, GRND_NONBLOCK) != (ssize_t)sizeof n)
        n = (uint64_t)mt_wall_ns();
    return n;
}

#endif
