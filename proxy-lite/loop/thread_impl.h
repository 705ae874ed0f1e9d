/* thread_impl.h - private to loop/: a connection, and who has it. */
#ifndef MT_PROXY_LITE_LOOP_THREAD_IMPL_H
#define MT_PROXY_LITE_LOOP_THREAD_IMPL_H

#include <uv.h>

#include "proxy-lite/loop/thread.h"

enum {
    MT_LINK_READ_BYTES = 64 << 10,
    MT_LINK_LINGER_NS = 1000000000, /* for a client to read its last answer */
};

/* One socket. */
struct mt_link {
    uv_poll_t poll;
    struct mt_proxy_thread *thread;
    struct mt_link *next, *prev; /* all links of the worker */
    struct mt_link *next_dirty;  /* to be flushed */
    struct mt_link *next_idle, *prev_idle;
    struct mt_h1_side h1;
    struct mt_call *call; /* that waits for the connection */
    struct mt_deadline deadline;
    uint32_t service, endpoint; /* of a service's */
    uint32_t listener;          /* of a client's */
    int fd;
    int mask; /* what is polled for */
    bool client;
    bool eof; /* the other end says no more */
    bool connecting, is_idle, dirty, closed, lingering, shut, counted, told;
    bool header_late_set; /* the deadline is that of a header */
};

struct mt_listening {
    uv_poll_t poll;
    struct mt_proxy_thread *thread;
    int fd;
    uint32_t index;
    bool open;
};

struct mt_proxy_thread {
    struct mt_proxy_thread_options options;
    struct mt_call_host host;
    struct mt_pool pool;
    uv_loop_t loop;
    uv_async_t stop;
    uv_timer_t timer;
    int64_t timer_at_ns;
    struct mt_listening *listening;
    struct mt_link *links, *dirty;
    struct mt_link ***idle; /* [service][endpoint]: newest first */
    struct mt_deadline drain, rested, second;
    uint64_t conns;
    uint32_t clients;
    _Atomic int stops;
    bool draining, loop_open;
    struct mt_proxy_thread_stats stats;
    uint8_t buffer[MT_LINK_READ_BYTES];
};

/* ---- link.c ---- */

/* An accepted connection; takes fd. */
void mt_link_accepted(struct mt_proxy_thread *w, int fd, uint32_t listener);

/* A connection to be made; NULL: it cannot even be tried. *full: the service
 * has as many as it may, and none of this thread's is idle. */
struct mt_link *mt_link_connect(struct mt_proxy_thread *w, struct mt_call *call,
                                uint32_t service, uint32_t endpoint,
                                bool *full);

/* Give up a connection that is being made. */
void mt_link_cancel(struct mt_link *l);

/* Take an idle one; NULL: there is none. */
struct mt_link *mt_link_take_idle(struct mt_proxy_thread *w, uint32_t service,
                                  uint32_t endpoint);

/* Send what is to be sent, close what is to be closed. */
void mt_links_flush(struct mt_proxy_thread *w);

/* Clients between requests; services' connections that nobody uses. */
void mt_links_close_idle(struct mt_proxy_thread *w);

/* At once. */
void mt_links_close_all(struct mt_proxy_thread *w);

/* ---- thread.c ---- */

/* The loop's time goes on; deadlines are met afterwards. */
void mt_proxy_thread_tick(struct mt_proxy_thread *w);

/* After each event of the loop. */
void mt_proxy_thread_settle(struct mt_proxy_thread *w);

#endif
