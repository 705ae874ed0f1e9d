/* proxy_impl.h - private to cli/proxy_*: what a running proxy is made of. */
#ifndef MT_CLI_PROXY_IMPL_H
#define MT_CLI_PROXY_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "cli/access_log.h"
#include "cli/proxy_names.h"
#include "cli/proxy_run.h"
#include "cli/proxy_sockets.h"
#include "cli/proxy_state.h"
#include "cli/recorder.h"

struct mt_proxy;

struct mt_proxy_worker {
    struct mt_proxy *proxy;
    struct mt_proxy_thread *thread;
    struct mt_recorder *lane; /* NULL: nothing is recorded */
    pthread_t id;
    bool started;
};

struct mt_proxy {
    const struct mt_options *o;
    const struct mt_proxy_source *source;
    struct mt_proxy_names names;
    struct mt_proxy_sockets sockets;
    struct mt_generation *now; /* held */
    struct mt_proxy_worker workers[MT_PROXY_THREADS_MAX];
    unsigned threads;
    atomic_bool deaf;                 /* the database cannot be written */
    struct mt_proxy_state *told;      /* the first worker's; NULL: nothing is
                                         recorded */
    struct mt_access_log *log;        /* NULL: none is written */
    const struct mt_proxy_part *part; /* NULL: it is no part of anything */
    void *context;                    /* its */
};

/* ---- proxy_run.c ---- */

/* A generation comes into force, with its sockets (proxy->sockets from then
 * on). False: no memory, and nothing has changed. */
bool mt_proxy_apply(struct mt_proxy *x, struct mt_generation *next,
                    struct mt_proxy_sockets *sockets);

/* ---- proxy_reload.c ---- */

/**
 * The thread that reads the file again, on SIGHUP and when it changes, and
 * resolves names again. NULL: said.
 */
struct mt_proxy_reload;
struct mt_proxy_reload *mt_proxy_reload_start(struct mt_proxy *x);

/* Begin nothing more. */
void mt_proxy_reload_stop(struct mt_proxy_reload *r);

/* After the stop. False: the resolver keeps it, and it still has the proxy, but
 * for its threads. */
bool mt_proxy_reload_join(struct mt_proxy_reload *r);

#endif
