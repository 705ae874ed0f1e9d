/**
 * demo.h - the demo's shop at work: all its services and shoppers in one
 * thread, on loopback.
 *
 *     struct mt_demo *d = mt_demo_new(&options);     // services listen
 *     ... a proxy for mt_demo_ports(d) ...
 *     mt_demo_run(d);             // its thread
 *     mt_demo_begin(d, now_ns);   // any thread: shoppers come
 *     mt_demo_end(d);             // any thread: no more of them; run returns
 *                                 // when what they asked is answered
 *     mt_demo_free(d);
 *
 * Services call each other through the proxy alone. An instance that the
 * timetable kills has its sockets closed, and connections to it are refused,
 * until it listens again.
 */
#ifndef MT_DEMO_DEMO_H
#define MT_DEMO_DEMO_H

#include "demo/mesh_text.h"
#include "demo/timetable.h"

struct mt_demo;

struct mt_demo_options {
    uint64_t seed;
    double per_second;                       /* shoppers' requests */
    int64_t run_ns;                          /* see mt_demo_timetable_of() */
    bool any_ports;                          /* none of the documented ones */
    void (*tick)(void *arg, int64_t now_ns); /* some 20 times a second */
    void *arg;
};

/* NULL: it cannot listen, or no memory (errno). */
struct mt_demo *mt_demo_new(const struct mt_demo_options *options);
void mt_demo_free(struct mt_demo *d); /* NULL is fine */

/* Where everything is. Ports of the proxy are those to be used: they were free
 * a moment ago. */
const struct mt_demo_ports *mt_demo_ports(const struct mt_demo *d);

/* Returns after mt_demo_end(), or false: it cannot wait for anything (errno).
 */
bool mt_demo_run(struct mt_demo *d);

/* The timetable and the shoppers begin: at_ns of the monotonic clock. */
void mt_demo_begin(struct mt_demo *d, int64_t at_ns);
void mt_demo_end(struct mt_demo *d);

/* Whose connection it is that comes from this port to one of the proxy's two:
 * a name of shop.h; NULL: nobody's of the demo. Any thread. */
const char *mt_demo_caller(const struct mt_demo *d, uint16_t from, uint16_t to);

/* Of shoppers' requests: asked = well + wrong + failed + unanswered. */
struct mt_demo_stats {
    uint64_t asked;      /* sent */
    uint64_t well;       /* 2xx */
    uint64_t wrong;      /* 4xx */
    uint64_t failed;     /* 5xx */
    uint64_t unanswered; /* the connection broke */
    uint64_t skipped;    /* not sent: too many were open, or no memory */
    uint64_t served;     /* requests that services answered */
    uint64_t partial;    /* ... without something that they asked for */
    uint64_t killed;     /* instances */
    uint64_t not_back;   /* tries of one to listen again that failed */
};

/* After the run. */
struct mt_demo_stats mt_demo_stats(const struct mt_demo *d);

#endif
