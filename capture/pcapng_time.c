#include "capture/pcapng_time.h"

#include <stdbool.h>

enum { NS_DIGITS = 9, U64_DIGITS = 19 };

static const int64_t NS_PER_S = 1000000000;
static const int64_t S_MAX = INT64_MAX / 1000000000 - 1;

static uint64_t power10(unsigned n)
{
    uint64_t v = 1;
    while (n-- > 0)
        v *= 10;
    return v;
}

void mt_pcapng_clock_init(struct mt_pcapng_clock *c, uint8_t resolution,
                          int64_t offset_s)
{
    unsigned n = resolution & 0x7f;
    bool binary = (resolution & 0x80) != 0;
    *c = (struct mt_pcapng_clock){.resolution = resolution,
                                  .offset_s = offset_s};
    if (binary)
        c->per_second = n < 64 ? (uint64_t)1 << n : 0;
    else
        c->per_second = n <= U64_DIGITS ? power10(n) : 0;
    if (!binary && n <= NS_DIGITS && offset_s == 0) {
        c->direct = (uint32_t)power10(NS_DIGITS - n);
        c->direct_max = (uint64_t)INT64_MAX / c->direct;
    }
}

/* Nanoseconds in a part of a second. */
static int64_t part_ns(const struct mt_pcapng_clock *c, uint64_t part)
{
    unsigned n = c->resolution & 0x7f;
    if ((c->resolution & 0x80) != 0) {
        /* 2^-32 s is below a nanosecond: more bits only overflow */
        unsigned drop = n > 32 ? n - 32 : 0;
        part = drop < 64 ? part >> drop : 0;
        return (int64_t)((part * (uint64_t)NS_PER_S) >> (n - drop));
    }
    if (n <= NS_DIGITS)
        return (int64_t)(part * power10(NS_DIGITS - n));
    return n - NS_DIGITS <= U64_DIGITS
               ? (int64_t)(part / power10(n - NS_DIGITS))
               : 0;
}

int64_t mt_pcapng_clock_ns(const struct mt_pcapng_clock *c, uint64_t units)
{
    if (c->direct != 0 && units <= c->direct_max)
        return (int64_t)units * c->direct;
    uint64_t whole = c->per_second > 0 ? units / c->per_second : 0;
    uint64_t part = c->per_second > 0 ? units % c->per_second : units;
    int64_t s = whole < (uint64_t)S_MAX ? (int64_t)whole : S_MAX;
    if (c->offset_s > S_MAX - s)
        s = S_MAX;
    else
        s = c->offset_s < -S_MAX - s ? -S_MAX : s + c->offset_s;
    return s * NS_PER_S + part_ns(c, part);
}
