/**
 * thread.h - one thread of the proxy: its loop, listeners and connections.
 *
 *     u = mt_proxy_update_new(generation, listeners, count);
 *     struct mt_proxy_thread *w = mt_proxy_thread_new(&options, u);
 *     mt_proxy_thread_run(w);        // the thread; until it was stopped
 *     mt_proxy_thread_free(w);
 *
 * mt_proxy_thread_stop() and mt_proxy_thread_give() may be called from any
 * thread, stop from a signal handler, too. Everything else belongs to the
 * thread that runs it.
 */
#ifndef MT_PROXY_LITE_LOOP_THREAD_H
#define MT_PROXY_LITE_LOOP_THREAD_H

#include "proxy-lite/call/call.h"

struct mt_proxy_thread;

/* ---- what is in force ---- */

struct mt_proxy_thread_listener {
    uint64_t number; /* unique in the proxy's run: known by it later */
    uint32_t index;  /* in the policy */
    int fd;          /* listening, non-blocking; -1: the thread has it */
};

struct mt_proxy_update;

/**
 * A generation, and all listeners that a thread has under it: those that it
 * has and that are not among them take no more connections, and end when the
 * last of theirs does. All memory is taken here. NULL: there is none.
 */
struct mt_proxy_update *
mt_proxy_update_new(struct mt_generation *g,
                    const struct mt_proxy_thread_listener *listeners,
                    uint32_t count);

/* One that was not given; descriptors stay open. NULL is fine. */
void mt_proxy_update_free(struct mt_proxy_update *u);

/* ---- connections ---- */

/* A connection was accepted, or made; and again when it is over. */
struct mt_proxy_thread_conn {
    uint64_t conn; /* numbers only grow, in the order of these calls */
    struct mt_addr client, server;
    bool ended;
};

/* ---- the thread ---- */

struct mt_proxy_thread_options {
    size_t memory_bytes;  /* of all its connections; 0: 256 MiB */
    uint32_t clients_max; /* connections of clients; 0: 32768 */
    int64_t drain_ns;     /* after a stop, at the most; 0: 30 s */
    uint64_t seed;        /* of its randomness */
    uint32_t number;      /* of the thread, below 256 */
    uint64_t conns_from;  /* numbers of its connections come after it */
    void (*row)(void *arg, const struct mt_exchange *x);
    /* One that goes on, at most once a second: mt_call_tell_open(). */
    void (*open)(void *arg, const struct mt_exchange *x);
    void (*conn)(void *arg, const struct mt_proxy_thread_conn *c);
    void (*second)(void *arg); /* once a second */
    void *arg;                 /* of all four */
};

struct mt_proxy_thread_stats {
    uint64_t clients;  /* accepted */
    uint64_t refused;  /* not accepted: too many */
    uint64_t requests; /* rows written, but for tries */
    uint64_t connects; /* made to services */
    uint64_t reused;   /* requests on a connection that was there */
};

/* Takes the update and its descriptors, in any case. NULL: no memory, or no
 * loop (errno). */
struct mt_proxy_thread *
mt_proxy_thread_new(const struct mt_proxy_thread_options *options,
                    struct mt_proxy_update *first);

/* From its next turn on this is in force; takes it and its descriptors. */
void mt_proxy_thread_give(struct mt_proxy_thread *w, struct mt_proxy_update *u);

/* Returns when it was stopped and all is done, or given up. */
void mt_proxy_thread_run(struct mt_proxy_thread *w);

/* Take no new connections, finish what runs, end. A second call ends at once.
 */
void mt_proxy_thread_stop(struct mt_proxy_thread *w);

/* What is in force, from the thread itself (`second`): borrowed for the call.
 */
const struct mt_generation *
mt_proxy_thread_generation(const struct mt_proxy_thread *w);

/* After the run. */
struct mt_proxy_thread_stats
mt_proxy_thread_stats(const struct mt_proxy_thread *w);

void mt_proxy_thread_free(struct mt_proxy_thread *w);

#endif
