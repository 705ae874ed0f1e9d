/* thread_impl.h - private to loop/: a connection, and who has it. */
#ifndef MT_PROXY_LITE_LOOP_THREAD_IMPL_H
#define MT_PROXY_LITE_LOOP_THREAD_IMPL_H

#include <uv.h>

#include "proxy-lite/call/h1_side.h"
#include "proxy-lite/call/h2_side.h"
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
    struct mt_link *next_free, *prev_free;
    struct mt_side *side; /* one of `sides` */
    union {
        struct mt_h1_side h1;
        struct mt_h2_side h2;
    } sides;
    struct mt_call_wait *waiting; /* for the connection to be made */
    uint32_t waiting_count;
    struct mt_deadline deadline;
    uint32_t service, endpoint; /* of a service's */
    uint32_t listener;          /* of a client's */
    int fd;
    int mask;       /* what is polled for */
    uint8_t heard;  /* bytes that may be the beginning of a preface */
    bool undecided; /* HTTP/1 or 2: until its first bytes came */
    bool upgrading; /* its request asks to go on by HTTP/2 */
    bool client;
    bool h2;  /* of a service's */
    bool eof; /* the other end says no more */
    bool connecting, is_free, dirty, closed, lingering, shut, counted, told;
    bool resting; /* the deadline is that of a connection that nobody uses */
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
    /* [service][endpoint * 2 + h2] that take another request: newest first */
    struct mt_link ***free;
    struct mt_deadline drain, rested, second;
    uint64_t conns;
    uint32_t clients;
    _Atomic int stops;
    bool draining, loop_open;
    struct mt_proxy_thread_stats stats;
    uint8_t buffer[MT_LINK_READ_BYTES];
};

/* ---- link.c ---- */

extern const struct mt_side_owner mt_link_owner;

void mt_link_close(struct mt_link *l);

/* An accepted connection; takes fd. */
void mt_link_accepted(struct mt_proxy_thread *w, int fd, uint32_t listener);

/* A connection to be made, or one that is being made and takes another
 * request; false: it cannot even be tried. */
bool mt_link_connect(struct mt_proxy_thread *w, struct mt_call_wait *wait,
                     uint32_t service, uint32_t endpoint, bool h2);

/* Wait no more for the connection. */
void mt_link_cancel(struct mt_call_wait *wait);

/* One that takes another request; NULL: there is none. */
struct mt_side *mt_link_take(struct mt_proxy_thread *w, uint32_t service,
                             uint32_t endpoint, bool h2);

/* Send what is to be sent, close what is to be closed. */
void mt_links_flush(struct mt_proxy_thread *w);

/* Each ends when what runs on it is done. */
void mt_links_drain(struct mt_proxy_thread *w);

/* At once. */
void mt_links_close_all(struct mt_proxy_thread *w);

/* ---- protocol.c ---- */

/* HTTP/2 by prior knowledge, if these first bytes are its preface as far as
 * they go; else HTTP/1. True: more is needed to tell, or the link is closed. */
bool mt_link_decide(struct mt_link *l, struct mt_span bytes);

/* Its request is answered by HTTP/2, and so is all that follows. */
void mt_link_upgrade(struct mt_link *l);

/* ---- thread.c ---- */

/* The loop's time goes on; deadlines are met afterwards. */
void mt_proxy_thread_tick(struct mt_proxy_thread *w);

/* After each event of the loop. */
void mt_proxy_thread_settle(struct mt_proxy_thread *w);

#endif
