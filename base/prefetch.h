/**
 * prefetch.h - ask for a cache line that will be needed soon.
 *
 *     mt_prefetch(bucket);
 *     ...                       // a hundred instructions of other work
 *     use(*bucket);
 *
 * Only a hint: any address will do, and no compiler needs to know it.
 */
#ifndef MT_BASE_PREFETCH_H
#define MT_BASE_PREFETCH_H

static inline void mt_prefetch(const void *p)
{
#if defined(__GNUC__)
    __builtin_prefetch(p);
#else
    (void)p;
#endif
}

#endif
