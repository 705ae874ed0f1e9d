/* thread_impl.h - private to loop/: a connection, and who has it. */
#ifndef MT_PROXY_LITE_LOOP_THREAD_IMPL_H
#define MT_PROXY_LITE_LOOP_THREAD_IMPL_H

#include <uv.h>

#include "proxy-lite/call/h1_side.h"
#include "proxy-lite/call/h2_side.h"
#include "proxy-lite/call/tcp_side.h"
#include "proxy-lite/loop/thread.h"

enum {
    MT_LINK_READ_BYTES = 64 << 10,
    MT_LINK_LINGER_NS = 1000000000, /* for a client to read its last answer */
    MT_LINK_FIRST_BYTES = 32,       /* tell HTTP from what it is not */
};

struct mt_link;

/* A mesh with the thread's connections. */
struct mt_pooled_mesh {
    struct mt_mesh mesh; /* first: it is cast */
    /* [service][endpoint * 2 + h2] that take another request: newest first */
    struct mt_link ***free;
};

/* A socket that connections come in on. Held by the thread while it is open,
 * and by each of its connections. */
struct mt_listening {
    uv_poll_t poll;
    struct mt_proxy_thread *thread;
    struct mt_listening *next;  /* of the thread, while it is open */
    struct mt_call_listener at; /* its mesh is held; the last that had it */
    uint64_t number;
    uint32_t holders;
    int fd;
    bool open; /* it takes connections */
};

#define MT_LINK_LAST_NS INT64_C(60000000000)

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
        struct mt_tcp_side tcp;
    } sides;
    struct mt_call_wait *waiting; /* for the connection to be made */
    uint32_t waiting_count;
    struct mt_deadline deadline;
    struct mt_mesh *mesh;      /* of a service's; held */
    struct mt_place place;     /* in it */
    struct mt_addr to;         /* of a service's: its other end */
    struct mt_listening *from; /* of a client's; held */
    int fd;
    int mask;        /* what is polled for */
    uint8_t heard;   /* bytes that may be the beginning of a preface */
    bool undecided;  /* HTTP/1 or 2: until its first bytes came */
    bool may_be_tcp; /* or neither of them: `first` has its `heard` bytes */
    uint8_t first[MT_LINK_FIRST_BYTES];
    bool upgrading; /* its request asks to go on by HTTP/2 */
    bool client;
    bool h2;  /* of a service's */
    bool eof; /* the other end says no more */
    bool connecting, is_free, dirty, closed, lingering, shut, counted, told;
    bool resting;  /* the deadline is that of a connection that nobody uses */
    bool last;     /* it is closed when all is sent: the deadline is for that */
    size_t unread; /* side->unread when the deadline was set */
    bool header_late_set; /* the deadline is that of a header */
};

struct mt_proxy_update {
    struct mt_proxy_update *next;
    struct mt_pooled_mesh *mesh;
    uint32_t count;
    struct {
        struct mt_proxy_thread_listener is;
        struct mt_listening *new; /* NULL: the thread has it */
    } listeners[];
};

struct mt_proxy_thread {
    struct mt_proxy_thread_options options;
    struct mt_call_host host;
    struct mt_pool pool;
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t timer;
    int64_t timer_at_ns;
    uv_idle_t late;                 /* while it is judged what is too late */
    uv_check_t turn;                /* the end of each turn of the loop */
    struct mt_pooled_mesh *mesh;    /* in force; held */
    struct mt_listening *listening; /* open */
    struct mt_link *links, *dirty;
    struct mt_deadline drain, rested, second;
    uint64_t conns;
    uint32_t clients;
    _Atomic int stops;
    _Atomic(struct mt_proxy_update *) updates; /* given; newest first */
    bool draining, loop_open;
    struct mt_proxy_thread_stats stats;
    uint8_t buffer[MT_LINK_READ_BYTES];
};

/* ---- link.c ---- */

extern const struct mt_side_owner mt_link_owner;

void mt_link_close(struct mt_link *l);

/* A socket, with nothing of a side yet; the fd is the caller's until then.
 * NULL: no memory, or it cannot be polled. */
struct mt_link *mt_link_new(struct mt_proxy_thread *w, int fd);

/* There is a connection: it has its number, its addresses, and is told. Who is
 * at the other end cannot be asked later: it may have reset it. */
void mt_link_begun(struct mt_link *l, const struct mt_addr *remote);

/* It is to be flushed. */
void mt_link_mark(struct mt_link *l);

void mt_link_poll_for(struct mt_link *l, int mask);

/* It may be silent for long: the system looks whether the other end is there.
 */
void mt_link_keep_alive(struct mt_link *l);

/* An accepted connection; takes fd. */
void mt_link_accepted(struct mt_listening *from, int fd,
                      const struct mt_addr *client);

/* Send what is to be sent, close what is to be closed. */
void mt_links_flush(struct mt_proxy_thread *w);

/* Each ends when what runs on it is done: those of clients whose listener is
 * closed, and those to services where the thread ends. */
void mt_links_drain(struct mt_proxy_thread *w);

/* At once. */
void mt_links_close_all(struct mt_proxy_thread *w);

/* ---- protocol.c ---- */

/* HTTP/2 by prior knowledge, if these first bytes are its preface as far as
 * they go; else HTTP/1. True: more is needed to tell, or the link is closed. */
bool mt_link_decide(struct mt_link *l, struct mt_span bytes);

/* No more comes: what may be the beginning of a preface is one of HTTP/1. */
void mt_link_decide_at_end(struct mt_link *l);

/* Where the client may speak something else: as mt_link_decide(), for it or
 * for the rest of *bytes. */
bool mt_link_decide_tcp(struct mt_link *l, struct mt_span *bytes);

/* It is not HTTP: passed on as it is. */
void mt_link_become_tcp(struct mt_link *l);

/* Its request is answered by HTTP/2, and so is all that follows; or as any
 * other, where it cannot be. */
void mt_link_upgrade(struct mt_link *l);

/* ---- listening.c ---- */

/* Begin to take connections. False: the loop cannot. */
bool mt_listening_open(struct mt_listening *l, struct mt_proxy_thread *w);

/* Take what waits, then no more. */
void mt_listening_close(struct mt_listening *l);

/* It decides by another mesh from now on. */
void mt_listening_set(struct mt_listening *l, struct mt_mesh *mesh,
                      uint32_t index);

void mt_listening_give(struct mt_listening *l);

/* Without descriptors a listener stays readable: the thread looks at them again
 * later, instead of at once for ever. */
void mt_listening_go_on(void *thread);

/* ---- gauge.c ---- */

/* What the thread has at the endpoints of the mesh in force: once a second. */
void mt_gauges_tell(struct mt_proxy_thread *w);

/* ---- update.c ---- */

struct mt_pooled_mesh *mt_pooled_mesh_new(struct mt_generation *g);

/* What was given comes into force. False: a listener could not be opened. */
bool mt_proxy_thread_adopt(struct mt_proxy_thread *w,
                           struct mt_proxy_update *u);

/* It does not come into force: its descriptors are closed. */
void mt_proxy_update_drop(struct mt_proxy_update *u);

/* All that was given since. */
void mt_proxy_thread_adopt_given(struct mt_proxy_thread *w);

/* ---- thread.c ---- */

/* The loop's time goes on; deadlines are met at the end of its turn. */
void mt_proxy_thread_tick(struct mt_proxy_thread *w);

#endif
