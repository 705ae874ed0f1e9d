/**
 * timetable.h - what goes wrong in the demo, and when.
 *
 * One thing after the other, with calm between them, over and over: a cycle
 * takes MT_DEMO_CYCLE_NS, or as long as a shorter run, so that each thing
 * happens once in it. A function of the time since the beginning alone.
 *
 *     struct mt_demo_timetable t = mt_demo_timetable_of(run_ns);
 *     struct mt_demo_moment m = mt_demo_moment_at(&t, elapsed_ns);
 *     if (mt_demo_fault_at(&t, elapsed_ns, service, instance, &fault)) ...
 *     mt_demo_put_note(&b, &t, elapsed_ns, false);
 */
#ifndef MT_DEMO_TIMETABLE_H
#define MT_DEMO_TIMETABLE_H

#include "demo/shop.h"

#define MT_DEMO_CYCLE_NS INT64_C(75000000000)

enum mt_demo_fault_kind {
    MT_DEMO_SLOW, /* it answers later, by `late_ms` */
    MT_DEMO_FAIL, /* it answers `status`, to `percent` of the requests */
    MT_DEMO_KILL, /* it is gone: connections are refused */
};

struct mt_demo_fault {
    uint8_t kind; /* enum mt_demo_fault_kind */
    uint8_t service;
    uint8_t instance; /* MT_DEMO_ALL: all of them */
    uint8_t percent;
    uint16_t status;
    uint16_t late_ms;
};

enum { MT_DEMO_ALL = 255, MT_DEMO_EVENTS = 5 };

/* A thing that goes wrong. */
struct mt_demo_event {
    uint8_t from_s, to_s; /* of an unshortened cycle */
    struct mt_demo_fault fault;
    const char *what;   /* "catalog-2 answers 300 ms late" */
    const char *lesson; /* what the mesh makes of it, and where it is seen */
};

const struct mt_demo_event *mt_demo_event(unsigned i);

struct mt_demo_timetable {
    int64_t cycle_ns;
};

/* run_ns: how long all of it lasts; 0: until it is ended. */
struct mt_demo_timetable mt_demo_timetable_of(int64_t run_ns);

struct mt_demo_moment {
    const struct mt_demo_event *now;  /* NULL: all is well */
    const struct mt_demo_event *next; /* what comes then */
    unsigned next_index;
    int64_t left_ns;    /* until what is now ends, calm too */
    int64_t next_in_ns; /* until `next` begins */
};

struct mt_demo_moment mt_demo_moment_at(const struct mt_demo_timetable *t,
                                        int64_t elapsed_ns);

/* Does something go wrong with this instance at the moment? */
bool mt_demo_fault_at(const struct mt_demo_timetable *t, int64_t elapsed_ns,
                      unsigned service, unsigned instance,
                      struct mt_demo_fault *fault);

/* When the i-th event's first time begins and ends, since the beginning. */
int64_t mt_demo_begins_ns(const struct mt_demo_timetable *t, unsigned i);
int64_t mt_demo_ends_ns(const struct mt_demo_timetable *t, unsigned i);

/* "0:07 catalog-2 is 400 ms late: tries end at 150 ms and ...". brief: for
 * a narrow terminal. */
void mt_demo_put_note(struct mt_buf *b, const struct mt_demo_timetable *t,
                      int64_t elapsed_ns, bool brief);

/* "1:07" */
void mt_demo_put_clock(struct mt_buf *b, int64_t elapsed_ns);

#endif
