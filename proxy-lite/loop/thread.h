/**
 * thread.h - one thread of the proxy: its loop, listeners and connections.
 *
 *     struct mt_proxy_thread *w = mt_proxy_thread_new(&options);
 *     mt_proxy_thread_run(w);        // the thread; until it was stopped
 *     mt_proxy_thread_free(w);
 *
 * mt_proxy_thread_stop() may be called from any thread and from a signal
 * handler. Everything else belongs to the thread that runs it.
 */
#ifndef MT_PROXY_LITE_LOOP_THREAD_H
#define MT_PROXY_LITE_LOOP_THREAD_H

#include "proxy-lite/call/call.h"
#include "proxy-lite/policy/state.h"

struct mt_proxy_thread;

struct mt_proxy_thread_listener {
    int fd;         /* listening, non-blocking; the caller's */
    uint32_t index; /* in the policy */
};

/* A connection was accepted, or made; and again when it is over. */
struct mt_proxy_thread_conn {
    uint64_t conn; /* numbers only grow */
    struct mt_addr client, server;
    bool ended;
};

struct mt_proxy_thread_options {
    const struct mt_policy *policy;
    struct mt_policy_state *state;
    const struct mt_addr *const *endpoints; /* [service][endpoint] */
    const struct mt_proxy_thread_listener *listeners;
    uint32_t listeners_count;
    size_t memory_bytes;  /* of all its connections; 0: 256 MiB */
    uint32_t clients_max; /* connections of clients; 0: 32768 */
    int64_t drain_ns;     /* after a stop, at the most; 0: 30 s */
    uint64_t seed;        /* of its randomness */
    uint32_t number;      /* of the worker, in connection numbers */
    void (*row)(void *arg, const struct mt_exchange *x);
    void (*conn)(void *arg, const struct mt_proxy_thread_conn *c);
    void (*second)(void *arg); /* once a second */
    void *arg;                 /* of all three */
};

struct mt_proxy_thread_stats {
    uint64_t clients;  /* accepted */
    uint64_t refused;  /* not accepted: too many */
    uint64_t requests; /* rows written, but for tries */
    uint64_t connects; /* made to services */
    uint64_t reused;   /* requests on a connection that was there */
};

/* NULL: no memory, or no loop (errno). */
struct mt_proxy_thread *
mt_proxy_thread_new(const struct mt_proxy_thread_options *options);

/* Returns when it was stopped and all is done, or given up. */
void mt_proxy_thread_run(struct mt_proxy_thread *w);

/* Take no new connections, finish what runs, end. A second call ends at once.
 */
void mt_proxy_thread_stop(struct mt_proxy_thread *w);

/* After the run. */
struct mt_proxy_thread_stats
mt_proxy_thread_stats(const struct mt_proxy_thread *w);

void mt_proxy_thread_free(struct mt_proxy_thread *w);

#endif
