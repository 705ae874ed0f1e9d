#include "proxy-lite/loop/thread_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ACCEPTS = 16, CLIENTS_MAX = 8192 };

#define MEMORY_BYTES ((size_t)256 << 20)
#define DRAIN_NS INT64_C(30000000000)
#define REST_NS INT64_C(100000000)

#define SECOND_NS INT64_C(1000000000)

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t);
    return t.tv_sec * SECOND_NS + t.tv_nsec;
}

void mt_proxy_thread_tick(struct mt_proxy_thread *w)
{
    w->host.now_ns = clock_ns(CLOCK_MONOTONIC);
}

/* The wall clock may be set while it runs: rows follow it. */
static void look_at_wall(struct mt_proxy_thread *w)
{
    w->host.wall_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
}

static void on_second(void *arg)
{
    struct mt_proxy_thread *w = arg;
    look_at_wall(w);
    w->options.second(w->options.arg);
    mt_deadline_set(&w->host.wheel, &w->second, w->host.now_ns + SECOND_NS);
}

/* ---- the end ---- */

static void stop_timer(struct mt_proxy_thread *w)
{
    (void)uv_timer_stop(&w->timer);
    w->timer_at_ns = INT64_MAX;
}

static void close_own(struct mt_proxy_thread *w)
{
    if (uv_is_closing((uv_handle_t *)&w->stop))
        return;
    stop_timer(w);
    uv_close((uv_handle_t *)&w->stop, NULL);
    uv_close((uv_handle_t *)&w->timer, NULL);
}

static void stop_listening(struct mt_proxy_thread *w)
{
    for (uint32_t i = 0; i < w->options.listeners_count; i++) {
        struct mt_listening *l = &w->listening[i];
        if (l->open && !uv_is_closing((uv_handle_t *)&l->poll))
            uv_close((uv_handle_t *)&l->poll, NULL);
        l->open = false;
    }
}

static void drain_late(void *arg)
{
    mt_links_close_all(arg);
}

static void drain(struct mt_proxy_thread *w)
{
    w->draining = true;
    stop_listening(w);
    mt_links_close_idle(w);
    int64_t drain_ns = w->options.drain_ns > 0 ? w->options.drain_ns : DRAIN_NS;
    mt_deadline_set(&w->host.wheel, &w->drain, w->host.now_ns + drain_ns);
}

/* ---- time ---- */

static void on_timer(uv_timer_t *timer)
{
    struct mt_proxy_thread *w = timer->data;
    w->timer_at_ns = INT64_MAX;
    mt_proxy_thread_tick(w);
    mt_proxy_thread_settle(w);
}

/* The timer is set only where the next deadline is nearer than it. */
static void set_timer(struct mt_proxy_thread *w)
{
    int64_t next = mt_wheel_next_ns(&w->host.wheel);
    if (next == INT64_MAX || next >= w->timer_at_ns ||
        uv_is_closing((uv_handle_t *)&w->timer))
        return;
    int64_t wait_ms = (next - w->host.now_ns) / 1000000 + 1;
    w->timer_at_ns = next;
    uv_update_time(&w->loop);
    (void)uv_timer_start(&w->timer, on_timer,
                         wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
}

void mt_proxy_thread_settle(struct mt_proxy_thread *w)
{
    struct mt_deadline *d;
    mt_links_flush(w);
    while ((d = mt_wheel_due(&w->host.wheel, w->host.now_ns)) != NULL) {
        d->met(d->arg);
        mt_links_flush(w);
    }
    if (w->draining && w->links == NULL) {
        mt_deadline_clear(&w->drain);
        mt_deadline_clear(&w->rested);
        mt_deadline_clear(&w->second);
        close_own(w);
    }
    set_timer(w);
}

/* ---- the host of calls ---- */

static struct mt_side *take_idle(void *arg, uint32_t service, uint32_t endpoint)
{
    struct mt_proxy_thread *w = arg;
    struct mt_link *l = mt_link_take_idle(w, service, endpoint);
    w->stats.reused += l != NULL;
    return l != NULL ? &l->h1.side : NULL;
}

static void *connect_to(void *arg, struct mt_call *c, uint32_t service,
                        uint32_t endpoint, bool *full)
{
    return mt_link_connect(arg, c, service, endpoint, full);
}

static void cancel(void *arg, void *connecting)
{
    (void)arg;
    mt_link_cancel(connecting);
}

static struct mt_stream *begin(void *arg, struct mt_side *side)
{
    (void)arg;
    return mt_h1_client_begin((struct mt_h1_side *)side);
}

static void row(void *arg, const struct mt_exchange *x)
{
    struct mt_proxy_thread *w = arg;
    w->stats.requests += x->observer == MT_OBSERVER_PROXY_REQUEST;
    w->options.row(w->options.arg, x);
}

/* ---- life ---- */

static void on_accept(uv_poll_t *poll, int status, int events);

/* Without descriptors a listener stays readable: it is looked at again later,
 * instead of at once for ever. */
static void rest(struct mt_proxy_thread *w)
{
    for (uint32_t i = 0; i < w->options.listeners_count; i++)
        if (w->listening[i].open)
            (void)uv_poll_stop(&w->listening[i].poll);
    mt_deadline_set(&w->host.wheel, &w->rested, w->host.now_ns + REST_NS);
}

static void go_on(void *arg)
{
    struct mt_proxy_thread *w = arg;
    for (uint32_t i = 0; i < w->options.listeners_count; i++)
        if (w->listening[i].open)
            (void)uv_poll_start(&w->listening[i].poll, UV_READABLE, on_accept);
}

static void on_accept(uv_poll_t *poll, int status, int events)
{
    struct mt_listening *l = poll->data;
    struct mt_proxy_thread *w = l->thread;
    uint32_t most =
        w->options.clients_max > 0 ? w->options.clients_max : CLIENTS_MAX;
    (void)status, (void)events;
    mt_proxy_thread_tick(w);
    for (int i = 0; i < ACCEPTS; i++) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
                rest(w);
            break;
        }
        if (w->clients < most) {
            mt_link_accepted(w, fd, l->index);
        } else {
            (void)close(fd);
            w->stats.refused++;
        }
    }
    mt_proxy_thread_settle(w);
}

static void on_stop(uv_async_t *async)
{
    struct mt_proxy_thread *w = async->data;
    mt_proxy_thread_tick(w);
    if (!w->draining)
        drain(w);
    if (atomic_load(&w->stops) > 1)
        mt_links_close_all(w);
    mt_proxy_thread_settle(w);
}

static bool alloc_tables(struct mt_proxy_thread *w)
{
    const struct mt_policy *p = w->options.policy;
    w->listening = calloc(w->options.listeners_count + 1, sizeof *w->listening);
    w->idle = calloc(p->services_count + 1, sizeof *w->idle);
    w->host.balancers =
        calloc(p->services_count + 1, sizeof *w->host.balancers);
    w->host.scratch = mt_regex_scratch_new();
    if (w->listening == NULL || w->idle == NULL || w->host.balancers == NULL ||
        w->host.scratch == NULL)
        return false;
    for (uint32_t i = 0; i < p->services_count; i++) {
        uint32_t n = w->options.state->services[i].group.endpoints;
        struct mt_endpoint_load *loads = calloc(n + 1, sizeof *loads);
        w->idle[i] = calloc(n + 1, sizeof *w->idle[i]);
        if (loads == NULL || w->idle[i] == NULL) {
            free(loads);
            return false;
        }
        mt_balancer_init(&w->host.balancers[i], p->services[i],
                         &w->options.state->services[i], loads, w->host.now_ns,
                         &w->host.random);
    }
    return true;
}

static bool open_loop(struct mt_proxy_thread *w)
{
    if (uv_loop_init(&w->loop) != 0)
        return false;
    w->loop_open = true;
    (void)uv_async_init(&w->loop, &w->stop, on_stop);
    (void)uv_timer_init(&w->loop, &w->timer);
    w->stop.data = w->timer.data = w;
    for (uint32_t i = 0; i < w->options.listeners_count; i++) {
        struct mt_listening *l = &w->listening[i];
        *l = (struct mt_listening){.thread = w,
                                   .fd = w->options.listeners[i].fd,
                                   .index = w->options.listeners[i].index};
        if (uv_poll_init_socket(&w->loop, &l->poll, l->fd) != 0)
            return false;
        l->poll.data = l;
        l->open = true;
        (void)uv_poll_start(&l->poll, UV_READABLE, on_accept);
    }
    return true;
}

struct mt_proxy_thread *
mt_proxy_thread_new(const struct mt_proxy_thread_options *options)
{
    struct mt_proxy_thread *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->options = *options;
    w->timer_at_ns = INT64_MAX;
    w->drain = (struct mt_deadline){.met = drain_late, .arg = w};
    w->rested = (struct mt_deadline){.met = go_on, .arg = w};
    w->second = (struct mt_deadline){.met = on_second, .arg = w};
    mt_pool_init(&w->pool, options->memory_bytes > 0 ? options->memory_bytes
                                                     : MEMORY_BYTES);
    w->host = (struct mt_call_host){.arg = w,
                                    .policy = options->policy,
                                    .state = options->state,
                                    .endpoints = options->endpoints,
                                    .random = {options->seed},
                                    .pool = &w->pool,
                                    .take_idle = take_idle,
                                    .connect = connect_to,
                                    .cancel = cancel,
                                    .begin = begin,
                                    .row = row};
    mt_proxy_thread_tick(w);
    look_at_wall(w);
    mt_wheel_init(&w->host.wheel, w->host.now_ns);
    mt_deadline_set(&w->host.wheel, &w->second, w->host.now_ns + SECOND_NS);
    if (!alloc_tables(w) || !open_loop(w)) {
        mt_proxy_thread_free(w);
        return NULL;
    }
    return w;
}

void mt_proxy_thread_run(struct mt_proxy_thread *w)
{
    mt_proxy_thread_tick(w);
    mt_proxy_thread_settle(w);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
}

void mt_proxy_thread_stop(struct mt_proxy_thread *w)
{
    atomic_fetch_add(&w->stops, 1);
    (void)uv_async_send(&w->stop);
}

struct mt_proxy_thread_stats
mt_proxy_thread_stats(const struct mt_proxy_thread *w)
{
    return w->stats;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void mt_proxy_thread_free(struct mt_proxy_thread *w)
{
    if (w == NULL)
        return;
    if (w->loop_open) {
        mt_links_close_all(w);
        uv_walk(&w->loop, close_handle, NULL);
        (void)uv_run(&w->loop, UV_RUN_DEFAULT);
        (void)uv_loop_close(&w->loop);
    }
    for (uint32_t i = 0; i < w->options.policy->services_count; i++) {
        if (w->idle != NULL)
            free(w->idle[i]);
        if (w->host.balancers != NULL)
            free(w->host.balancers[i].loads);
    }
    free(w->idle);
    free(w->host.balancers);
    mt_regex_scratch_free(w->host.scratch);
    mt_pool_deinit(&w->pool);
    free(w->listening);
    free(w);
}
