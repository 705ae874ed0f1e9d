/* impl.h - private to demo/: instances, their connections and requests. */
#ifndef MT_DEMO_IMPL_H
#define MT_DEMO_IMPL_H

#include <stdatomic.h>

#include "demo/demo.h"
#include "demo/heap.h"
#include "demo/job.h"
#include "proxy-lite/call/h1_side.h"
#include "proxy-lite/call/h2_side.h"

enum {
    MT_DEMO_PORTS = 65536,
    MT_DEMO_READ_BYTES = 64 << 10,
    MT_DEMO_ASKED_MAX = 512, /* shoppers that wait at once */
};

/* What epoll wakes. */
struct mt_demo_source {
    void (*ready)(struct mt_demo_source *s, uint32_t events);
};

/* One process of a service, as it were; shoppers are one, too, which nobody
 * calls. */
struct mt_demo_instance {
    struct mt_demo_source source;
    struct mt_demo *demo;
    uint8_t service, number;
    uint16_t port;
    int fd; /* listening; -1: it does not */
    bool resting;
    /* its connections that take a request: of HTTP/1, of HTTP/2 */
    struct mt_demo_link *idle[2];
};

struct mt_demo_link {
    struct mt_demo_source source;
    struct mt_demo *demo;
    struct mt_demo_instance *instance; /* who accepted it, or made it */
    struct mt_demo_link *next, *prev;  /* of all */
    struct mt_demo_link *next_dirty, *next_idle, *next_dead;
    union {
        struct mt_side side;
        struct mt_h1_side h1;
        struct mt_h2_side h2;
    } as;
    struct mt_side *side;
    struct mt_demo_asked *waiting; /* for it to be connected */
    int fd;
    uint32_t mask; /* what is polled for */
    bool client;   /* it was made, to ask */
    bool h2;
    bool connecting, dirty, closed, is_idle, eof;
};

/* A request that an instance serves. */
struct mt_demo_work {
    struct mt_demo_instance *instance;
    struct mt_demo_work *next, *prev;
    struct mt_stream *stream; /* NULL: nobody waits for the answer any more */
    struct mt_demo_job job;
    uint64_t trace[2];
    struct mt_demo_timer timer; /* it has thought; its calls are answered */
    unsigned calls;             /* under way */
    bool begun, grpc;
};

/* A request that an instance, or a shopper, asks. */
struct mt_demo_asked {
    struct mt_demo_instance *by;
    struct mt_demo_asked *next, *prev;
    struct mt_demo_work *work; /* for which; NULL: of a shopper */
    struct mt_demo_call call;
    struct mt_stream *stream; /* NULL: not yet */
    uint64_t trace[2], span;
    uint32_t number;
    uint16_t status; /* of what was answered so far */
    bool grpc;
};

struct mt_demo {
    struct mt_demo_options options;
    struct mt_demo_timetable timetable;
    struct mt_demo_ports ports;
    struct mt_demo_instance instances[MT_DEMO_INSTANCES];
    struct mt_demo_instance shoppers;
    struct mt_demo_source wake_source, clock_source;
    int epoll_fd, wake_fd, clock_fd;
    int name_fd; /* of who has the documented ports */
    struct mt_pool pool;
    struct mt_demo_heap heap;
    struct mt_demo_timer arrival, tick, late;
    struct mt_random chance, shopping;
    struct mt_demo_link *links, *dirty, *dead;
    struct mt_demo_work *works;
    struct mt_demo_asked *asked;
    uint32_t shopping_now; /* requests of shoppers that wait */
    int64_t now_ns, begun_ns, armed_ns;
    bool hurried, done;
    _Atomic int64_t begin_ns; /* 0: not yet */
    _Atomic bool ending;
    /* 1 + who made the connection from a port, to the edge and to the inside:
     * the system gives one port to a connection to each */
    _Atomic uint8_t callers[2][MT_DEMO_PORTS];
    struct mt_demo_stats stats;
    uint8_t buffer[MT_DEMO_READ_BYTES];
};

/* ---- ports.c ---- */

/* All instances listen; 0, or -errno. */
int mt_demo_find_ports(struct mt_demo *d);

/* ---- link.c ---- */

/* 0, or -errno. */
int mt_demo_listen(struct mt_demo_instance *i);

/* It may accept again, if it rested for lack of descriptors. */
void mt_demo_rested(struct mt_demo_instance *i);

/* A connection of the instance that takes a request, or one that is made for
 * `asked` now. NULL: it cannot be made. */
struct mt_demo_link *mt_demo_link_for(struct mt_demo_instance *i,
                                      struct mt_demo_asked *asked, bool h2);

/* A service's connection from a port to one of the proxy's two. */
void mt_demo_note_caller(struct mt_demo *d, unsigned service, uint16_t from,
                         uint16_t to);

/* As a process that is killed: nothing of it is left. */
void mt_demo_kill(struct mt_demo_instance *i);

void mt_demo_links_flush(struct mt_demo *d);
void mt_demo_links_bury(struct mt_demo *d);

/* All of them: what rests ends well, what runs is reset. */
void mt_demo_links_close(struct mt_demo *d);

/* It has something to send, or to close. */
void mt_demo_link_touched(struct mt_demo_link *l);

/* A descriptor that is looked at. */
bool mt_demo_poll(struct mt_demo *d, struct mt_demo_source *s, int fd,
                  uint32_t events);

/* ---- serve.c ---- */

extern const struct mt_side_owner mt_demo_owner;

/* It is to end: nobody goes on thinking for long. */
void mt_demo_works_hurry(struct mt_demo *d);
void mt_demo_works_free(struct mt_demo *d);

/* ---- ask.c ---- */

/* Ask, for a shopper (work NULL) or for a request that is served. The answer
 * comes later: false: there is no memory. */
bool mt_demo_ask(struct mt_demo_instance *by, struct mt_demo_work *work,
                 const struct mt_demo_call *call, uint32_t number);

/* The connection that it waited for is there, or is not. */
void mt_demo_asked_on(struct mt_demo_asked *a, struct mt_demo_link *l);
void mt_demo_asked_failed(struct mt_demo_asked *a);

/* serve.c: a call of a request that is served is over. */
void mt_demo_work_called(struct mt_demo_work *w,
                         const struct mt_demo_call *call, unsigned status);

/* loop.c: the shoppers' next request. */
void mt_demo_shopped(struct mt_demo *d, unsigned status);

/* Bytes to fill bodies with. */
struct mt_span mt_demo_filler(size_t bytes);

#endif
