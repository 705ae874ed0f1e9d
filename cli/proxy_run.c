#include "cli/proxy_run.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/clock.h"
#include "cli/cpu.h"
#include "cli/proxy_impl.h"
#include "cli/say.h"
#include "cli/serving.h"
#include "cli/signals.h"
#include "cli/writing.h"

enum { THREADS_DEFAULT_MAX = 8 };

#define MEMORY_BYTES ((size_t)256 << 20) /* of all threads */
#define MEMORY_BYTES_MIN ((size_t)32 << 20)

/* ---- what the threads tell ---- */

/* What cannot be recorded is no reason not to proxy. */
static bool records(const struct mt_proxy_worker *w)
{
    return w->lane != NULL && !atomic_load(&w->proxy->deaf);
}

static void go_deaf(struct mt_proxy *x)
{
    if (!atomic_exchange(&x->deaf, true))
        mt_warn(x->o->write, "nothing more is recorded; it goes on proxying");
}

/* As its part knows it. */
static struct mt_exchange row_of(const struct mt_proxy *proxy,
                                 const struct mt_exchange *x)
{
    struct mt_exchange row = *x;
    if (proxy->part != NULL)
        proxy->part->row(proxy->context, &row);
    return row;
}

static void on_row(void *arg, const struct mt_exchange *x)
{
    struct mt_proxy_worker *w = arg;
    const struct mt_exchange row = row_of(w->proxy, x);
    mt_access_log_row(w->proxy->log, (unsigned)(w - w->proxy->workers), &row);
    if (records(w) && !mt_recorder_exchange(w->lane, &row))
        go_deaf(w->proxy);
}

/* One that finds the ring full is told again a second later. */
static void on_open(void *arg, const struct mt_exchange *x)
{
    struct mt_proxy_worker *w = arg;
    const struct mt_exchange row = row_of(w->proxy, x);
    if (records(w) && !mt_recorder_open_exchange(w->lane, &row, mt_wall_ns()))
        go_deaf(w->proxy);
}

static void on_conn(void *arg, const struct mt_proxy_thread_conn *c)
{
    struct mt_proxy_worker *w = arg;
    const struct mt_writer_conn conn = {.conn = c->conn,
                                        .client = c->client,
                                        .server = c->server,
                                        .ns = mt_wall_ns(),
                                        .ended = c->ended};
    if (records(w) && !mt_recorder_conn(w->lane, &conn))
        go_deaf(w->proxy);
}

/* What breakers and budgets are at. */
static bool tell_state(struct mt_proxy_worker *w)
{
    const struct mt_proxy_look look = {
        .generation = mt_proxy_thread_generation(w->thread),
        .now_ns = mt_steady_ns(),
        .wall_ns = mt_wall_ns()};
    return mt_proxy_state_tell(w->proxy->told, &look, w->lane);
}

/* What the database was too late for is in it a second later: the first thread
 * tells it for all. */
static void on_second(void *arg)
{
    struct mt_proxy_worker *w = arg;
    uint64_t totals[MT_LOSS_COUNT] = {0};
    if (!records(w) || w != &w->proxy->workers[0])
        return;
    struct mt_recorder_drops drops = mt_recorder_drops(w->lane);
    totals[MT_LOSS_RING] = drops.exchanges;
    totals[MT_LOSS_REPORT] = drops.reports;
    if (!mt_recorder_losses(w->lane, totals, 0, mt_wall_ns()) || !tell_state(w))
        go_deaf(w->proxy);
}

/* ---- the beginning ---- */

/* As many connections as this user may have. */
static void raise_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

/* One a core that the process may use. */
static unsigned threads_of(const struct mt_options *o)
{
    if (o->threads > 0)
        return (unsigned)o->threads;
    unsigned n = mt_cpu_count();
    return n < THREADS_DEFAULT_MAX ? n : THREADS_DEFAULT_MAX;
}

/* Takes the policy. */
static bool open_mesh(struct mt_proxy *x, struct mt_policy *p)
{
    struct mt_addresses addresses;
    if (mt_proxy_names_resolve(&x->names, p, MT_NAMES_ALL, &addresses)) {
        x->now = mt_generation_new(p, &addresses, NULL);
        if (x->now == NULL)
            mt_addresses_deinit(&addresses);
    }
    if (x->now != NULL)
        return true;
    mt_policy_free(p);
    mt_say(NULL, "no memory for the mesh");
    return false;
}

static int open_recorder(struct mt_proxy *x)
{
    struct mt_writer_options w = mt_writing_options(x->o);
    struct mt_recorder *lanes[MT_RECORDER_LANES_MAX] = {NULL};
    _Static_assert(MT_PROXY_THREADS_MAX <= (int)MT_RECORDER_LANES_MAX &&
                       MT_PROXY_THREADS_MAX <= (int)MT_WRITER_LANES_MAX,
                   "a lane each");
    if (x->o->write == NULL)
        return 0;
    w.kind = MT_WRITER_PROXY;
    w.size_limit_bytes = x->o->max_size_bytes;
    int rc = mt_recorder_open_lanes(lanes, x->threads, x->o->write, &w);
    if (rc == 0 && (x->told = mt_proxy_state_new()) == NULL)
        rc = MT_STORE_ENOMEM;
    if (rc != 0)
        mt_writing_not_opened(x->o->write, rc);
    for (unsigned i = 0; lanes[0] != NULL && i < x->threads; i++)
        x->workers[i].lane = lanes[i];
    return rc;
}

/* What one thread is told. */
static struct mt_proxy_update *update_of(struct mt_generation *g,
                                         const struct mt_proxy_sockets *s,
                                         unsigned thread)
{
    struct mt_proxy_thread_listener listeners[MT_POLICY_LISTENERS_MAX];
    mt_proxy_sockets_of(s, thread, listeners);
    return mt_proxy_update_new(g, listeners, s->count);
}

static void forget_fds(struct mt_proxy_sockets *s, unsigned thread)
{
    for (uint32_t i = 0; i < s->count; i++)
        s->list[i].fds[thread] = -1;
}

static bool open_thread(struct mt_proxy *x, unsigned i)
{
    struct mt_proxy_worker *w = &x->workers[i];
    size_t memory = MEMORY_BYTES / x->threads;
    const struct mt_proxy_thread_options options = {
        .seed = mt_random_u64(),
        .number = i,
        .conns_from = (uint64_t)i << MT_WRITER_LANE_SHIFT,
        .memory_bytes = memory > MEMORY_BYTES_MIN ? memory : MEMORY_BYTES_MIN,
        .row = on_row,
        .open = on_open,
        .conn = on_conn,
        .second = on_second,
        .arg = w};
    struct mt_proxy_update *u = update_of(x->now, &x->sockets, i);
    w->proxy = x;
    if (u != NULL) {
        w->thread = mt_proxy_thread_new(&options, u);
        forget_fds(&x->sockets, i);
    }
    return w->thread != NULL;
}

static bool open_threads(struct mt_proxy *x)
{
    for (unsigned i = 0; i < x->threads; i++)
        if (!open_thread(x, i)) {
            mt_say(NULL,
                   "no memory for the proxy, or no descriptors: ulimit -n");
            return false;
        }
    return true;
}

bool mt_proxy_apply(struct mt_proxy *x, struct mt_generation *next,
                    struct mt_proxy_sockets *sockets)
{
    struct mt_proxy_update *updates[MT_PROXY_THREADS_MAX];
    for (unsigned i = 0; i < x->threads; i++) {
        updates[i] = update_of(next, sockets, i);
        if (updates[i] != NULL)
            continue;
        while (i > 0)
            mt_proxy_update_free(updates[--i]);
        return false;
    }
    for (unsigned i = 0; i < x->threads; i++) {
        mt_proxy_thread_give(x->workers[i].thread, updates[i]);
        forget_fds(sockets, i);
    }
    x->sockets = *sockets;
    mt_generation_give(x->now);
    x->now = next;
    return true;
}

/* ---- life ---- */

static void *work(void *arg)
{
    (void)pthread_setname_np(pthread_self(), "proxy");
    mt_proxy_thread_run(arg);
    return NULL;
}

static bool start_threads(struct mt_proxy *x)
{
    for (unsigned i = 0; i < x->threads; i++) {
        struct mt_proxy_worker *w = &x->workers[i];
        w->started = pthread_create(&w->id, NULL, work, w->thread) == 0;
        if (!w->started) {
            mt_say(NULL, "no thread for the proxy; try --threads 1");
            return false;
        }
    }
    return true;
}

static void stop_threads(struct mt_proxy *x)
{
    for (unsigned i = 0; i < x->threads; i++)
        if (x->workers[i].started)
            mt_proxy_thread_stop(x->workers[i].thread);
    for (unsigned i = 0; i < x->threads; i++)
        if (x->workers[i].started)
            (void)pthread_join(x->workers[i].id, NULL);
}

static void say_listening(const struct mt_proxy *x)
{
    for (uint32_t i = 0; i < x->sockets.count; i++) {
        char place[MT_PROXY_PLACE_BYTES];
        mt_say(NULL, "proxying on %s",
               mt_proxy_place(place, x->sockets.list[i].ip,
                              x->sockets.list[i].port));
    }
}

static bool open_serving(const struct mt_proxy *x, struct mt_serving *s)
{
    return x->o->web == NULL ||
           mt_serving_begin(s, x->o, x->o->web, x->o->write) == 0;
}

/* The threads are started last: what clients could take, descriptors above
 * all, is not missing for the rest then. */
static bool start(struct mt_proxy *x, struct mt_serving *serving,
                  struct mt_proxy_reload **reload)
{
    if (!open_serving(x, serving))
        return false;
    if (x->part == NULL)
        say_listening(x);
    *reload = mt_proxy_reload_start(x);
    return *reload != NULL && start_threads(x);
}

/* *kept: the reloading thread could not be stopped. */
static int run_until_signal(struct mt_proxy *x, bool *kept)
{
    int rc = MT_EXIT_ERROR;
    struct mt_proxy_reload *reload = NULL;
    struct mt_serving serving = {.web = NULL};
    mt_signals_catch();
    if (start(x, &serving, &reload)) {
        struct pollfd signal = {.fd = mt_signals_descriptor(),
                                .events = POLLIN};
        while (!mt_interrupted())
            (void)poll(&signal, 1, 500);
        rc = MT_EXIT_OK;
    }
    if (reload != NULL)
        mt_proxy_reload_stop(reload);
    if (x->part != NULL)
        x->part->ending(x->context);
    stop_threads(x);
    mt_serving_end(&serving);
    *kept = reload != NULL && !mt_proxy_reload_join(reload);
    return rc;
}

static struct mt_proxy_thread_stats sum_of(const struct mt_proxy *x)
{
    struct mt_proxy_thread_stats sum = {0};
    for (unsigned i = 0; i < x->threads; i++) {
        struct mt_proxy_thread_stats s =
            mt_proxy_thread_stats(x->workers[i].thread);
        sum.requests += s.requests;
        sum.clients += s.clients;
        sum.refused += s.refused;
    }
    return sum;
}

static void say_the_end(const struct mt_proxy *x)
{
    struct mt_proxy_thread_stats s = sum_of(x);
    mt_say(NULL, "%llu requests of %llu connections",
           (unsigned long long)s.requests, (unsigned long long)s.clients);
    if (s.refused > 0)
        mt_warn(NULL,
                "%llu connections were refused: too many at once, or no "
                "memory",
                (unsigned long long)s.refused);
}

static int close_recorder(struct mt_proxy *x)
{
    struct mt_feed_result none = {0};
    struct mt_writer_stats written;
    struct mt_recorder *r = x->workers[0].lane;
    return r != NULL ? mt_writing_end(r, x->o->write, &none, &written) : 0;
}

static int close_all(struct mt_proxy *x, int rc, bool kept)
{
    if (x->workers[0].started && x->part == NULL)
        say_the_end(x);
    for (unsigned i = 0; i < x->threads; i++)
        mt_proxy_thread_free(x->workers[i].thread);
    mt_access_log_close(x->log);
    mt_proxy_state_free(x->told);
    if (close_recorder(x) != 0)
        rc = MT_EXIT_ERROR;
    mt_proxy_sockets_close(&x->sockets, x->threads);
    if (kept)
        return rc; /* its end is the process's */
    mt_generation_give(x->now);
    mt_proxy_names_deinit(&x->names);
    free(x);
    return rc;
}

static bool open_log(struct mt_proxy *x)
{
    _Static_assert(MT_PROXY_THREADS_MAX <= (int)MT_ACCESS_LOG_LANES_MAX,
                   "a lane each");
    return x->o->access_log == NULL ||
           mt_access_log_open(&x->log, x->o->access_log, x->threads) == 0;
}

int mt_proxy_run(const struct mt_options *o, struct mt_policy *p,
                 const struct mt_proxy_source *source,
                 const struct mt_proxy_watch *watch)
{
    struct mt_proxy *x = NULL;
    int rc = MT_EXIT_ERROR;
    bool kept = false;
    x = calloc(1, sizeof *x);
    if (x == NULL) {
        mt_policy_free(p);
        mt_say(NULL, "no memory");
        return rc;
    }
    x->o = o;
    x->source = source;
    x->threads = threads_of(o);
    if (watch != NULL) {
        x->part = watch->part;
        x->context = watch->context;
    }
    raise_limit();
    (void)mt_signals_hangups(); /* from now on it does not end by one */
    if (open_mesh(x, p) &&
        mt_proxy_sockets_open(&x->sockets, x->now->policy, x->threads, NULL) &&
        open_recorder(x) == 0 && open_log(x) && open_threads(x)) {
        if (watch != NULL)
            watch->begun(watch->context);
        rc = run_until_signal(x, &kept);
    }
    return close_all(x, rc, kept);
}
