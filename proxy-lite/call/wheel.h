/**
 * wheel.h - deadlines: many are set, few are met.
 *
 *     struct mt_wheel w;
 *     mt_wheel_init(&w, now_ns);
 *     mt_deadline_set(&w, &request->deadline, now_ns + timeout_ns);
 *     mt_deadline_clear(&request->deadline);
 *     while ((d = mt_wheel_due(&w, now_ns)) != NULL)
 *         d->met(d->arg);
 *     wait until mt_wheel_next_ns(&w), or for IO
 *
 * A hashed wheel (Varghese, Lauck, "Hashed and hierarchical timing wheels",
 * 1987, scheme 6): setting and clearing are a few stores. A deadline is met up
 * to MT_WHEEL_TICK_NS late, never early. No memory, no clock; one thread.
 */
#ifndef MT_PROXY_LITE_CALL_WHEEL_H
#define MT_PROXY_LITE_CALL_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MT_WHEEL_TICK_NS INT64_C(4000000)

enum { MT_WHEEL_SLOTS = 1024 };

/* Zero bytes are one that is not set; `met` and `arg` are its owner's. */
struct mt_deadline {
    struct mt_deadline *next, *prev; /* prev: NULL where it is not set */
    int64_t at_ns;
    void (*met)(void *arg); /* it is not set any more */
    void *arg;
};

struct mt_wheel {
    struct mt_deadline slots[MT_WHEEL_SLOTS]; /* heads of rings */
    uint64_t occupied[MT_WHEEL_SLOTS / 64];   /* may be set for an empty one */
    int64_t tick;                             /* all before it are met */
};

void mt_wheel_init(struct mt_wheel *w, int64_t now_ns);

/* Set, or set anew. */
void mt_deadline_set(struct mt_wheel *w, struct mt_deadline *d, int64_t at_ns);

void mt_deadline_clear(struct mt_deadline *d);

static inline bool mt_deadline_is_set(const struct mt_deadline *d)
{
    return d->prev != NULL;
}

/* One that has been met, cleared; NULL: no more at now_ns. */
struct mt_deadline *mt_wheel_due(struct mt_wheel *w, int64_t now_ns);

/* When to look again: the next deadline, or the end of the wheel's round;
 * INT64_MAX: none is set. */
int64_t mt_wheel_next_ns(struct mt_wheel *w);

#endif
