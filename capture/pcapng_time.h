/**
 * pcapng_time.h - timestamps of pcapng: units of 10^-n or 2^-n seconds after
 * an offset; private to pcapng.c.
 */
#ifndef MT_CAPTURE_PCAPNG_TIME_H
#define MT_CAPTURE_PCAPNG_TIME_H

#include <stdint.h>

struct mt_pcapng_clock {
    uint64_t per_second; /* units; 0: more than 64 bits can count */
    uint64_t direct_max; /* up to this, units * direct is the answer */
    uint32_t direct;     /* ns a unit; 0: never */
    uint8_t resolution;  /* if_tsresol: bit 7 set for 2^-n */
    int64_t offset_s;
};

void mt_pcapng_clock_init(struct mt_pcapng_clock *c, uint8_t resolution,
                          int64_t offset_s);

/* Unix nanoseconds; beyond the years 1677 to 2262 the nearest there is. */
int64_t mt_pcapng_clock_ns(const struct mt_pcapng_clock *c, uint64_t units);

#endif
