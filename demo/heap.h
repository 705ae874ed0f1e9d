/**
 * heap.h - what is to be done at which moment, to the nanosecond.
 *
 *     mt_demo_timer_set(&heap, &t, at_ns);     // false: no memory
 *     while ((t = mt_demo_heap_due(&heap, now_ns)) != NULL)
 *         t->met(t->arg);
 *     wait until mt_demo_heap_next_ns(&heap)
 *
 * The proxy's wheel (proxy-lite/call/wheel.h) is for deadlines, which may be
 * met 4 ms late; latencies of a millisecond may not. A binary heap; a timer is
 * its owner's and outlives its being set. One thread.
 */
#ifndef MT_DEMO_HEAP_H
#define MT_DEMO_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero bytes are one that is not set; `met` and `arg` are its owner's. */
struct mt_demo_timer {
    int64_t at_ns;
    size_t place; /* in the heap, from 1; 0: not set */
    void (*met)(void *arg);
    void *arg;
};

struct mt_demo_heap {
    struct mt_demo_timer **list;
    size_t count, room;
};

void mt_demo_heap_deinit(struct mt_demo_heap *h);

/* Set, or set anew. */
bool mt_demo_timer_set(struct mt_demo_heap *h, struct mt_demo_timer *t,
                       int64_t at_ns);
void mt_demo_timer_clear(struct mt_demo_heap *h, struct mt_demo_timer *t);

/* One that is due, cleared; NULL: none is. */
struct mt_demo_timer *mt_demo_heap_due(struct mt_demo_heap *h, int64_t now_ns);

/* INT64_MAX: none is set. */
int64_t mt_demo_heap_next_ns(const struct mt_demo_heap *h);

#endif
