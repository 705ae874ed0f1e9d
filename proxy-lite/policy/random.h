/**
 * random.h - randomness as an argument.
 *
 * A generator is one number that its thread owns; the same seed gives the
 * same numbers, so that every test repeats. Not for secrets.
 *
 *     struct mt_random r = {seed};
 *     uint32_t i = mt_random_below(&r, 6);       // 0 ... 5
 *
 * SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number
 * generators", OOPSLA 2014. Bounds without division: Lemire, "Fast random
 * integer generation in an interval", 2019 (without its rejection: a bias
 * below 2^-32 is none here).
 */
#ifndef MT_PROXY_LITE_POLICY_RANDOM_H
#define MT_PROXY_LITE_POLICY_RANDOM_H

#include <stdint.h>

struct mt_random {
    uint64_t state;
};

static inline uint64_t mt_random_next(struct mt_random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 ... n - 1; 0 where n is 0. */
static inline uint32_t mt_random_below(struct mt_random *r, uint32_t n)
{
    return (uint32_t)(((mt_random_next(r) >> 32) * n) >> 32);
}

/* 0 <= x < 1. */
static inline double mt_random_unit(struct mt_random *r)
{
    return (double)(mt_random_next(r) >> 11) * 0x1.0p-53;
}

#endif
