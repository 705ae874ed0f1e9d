/**
 * sampler.h - how many connections to leave out to stay under a ceiling of
 * processor time.
 *
 *     struct mt_sampler s;
 *     mt_sampler_init(&s, 0.5);               // half of one core
 *     every second:
 *         if (mt_sampler_look(&s, cpu_ns, now_ns))
 *             mt_tap_sample(tap, s.one_of);   // 1 of so many is decoded
 *
 * Above the ceiling the share is cut at once, by halves, until it should be
 * kept; it is doubled again only when the double would have stayed well under
 * the ceiling for some looks. No clock: both times are given.
 */
#ifndef MT_CAPTURE_SAMPLER_H
#define MT_CAPTURE_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

enum { MT_SAMPLE_MAX = 1024 }; /* one_of is a power of two up to this */

struct mt_sampler {
    double ceiling;  /* of processor time per time; 0: none */
    uint32_t one_of; /* 1: all */
    unsigned calm;   /* looks in a row with room to spare */
    bool started;
    int64_t cpu_ns, now_ns; /* at the last look */
};

void mt_sampler_init(struct mt_sampler *s, double ceiling);

/* cpu_ns: processor time that capturing has taken so far. True: one_of has
 * changed. */
bool mt_sampler_look(struct mt_sampler *s, int64_t cpu_ns, int64_t now_ns);

#endif
