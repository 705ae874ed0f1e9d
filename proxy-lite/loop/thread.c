#include "proxy-lite/loop/service_link.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MEMORY_BYTES ((size_t)256 << 20)
#define DRAIN_NS INT64_C(30000000000)
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
    mt_call_tell_open(&w->host);
    mt_gauges_tell(w);
    mt_links_give_way(w);
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
    if (uv_is_closing((uv_handle_t *)&w->wake))
        return;
    stop_timer(w);
    uv_close((uv_handle_t *)&w->wake, NULL);
    uv_close((uv_handle_t *)&w->timer, NULL);
    uv_close((uv_handle_t *)&w->late, NULL);
    uv_close((uv_handle_t *)&w->turn, NULL);
}

static void drain_late(void *arg)
{
    mt_links_close_all(arg);
}

static void drain(struct mt_proxy_thread *w)
{
    w->draining = true;
    while (w->listening != NULL)
        mt_listening_close(w->listening);
    mt_links_drain(w);
    int64_t drain_ns = w->options.drain_ns > 0 ? w->options.drain_ns : DRAIN_NS;
    mt_deadline_set(&w->host.wheel, &w->drain, w->host.now_ns + drain_ns);
}

/* ---- time ---- */

static void nothing(uv_idle_t *late)
{
    (void)late;
}

/* Something may be too late, by what is not yet read: sockets are looked at
 * once more, without waiting, and then it is judged. */
static void on_timer(uv_timer_t *timer)
{
    struct mt_proxy_thread *w = timer->data;
    w->timer_at_ns = INT64_MAX;
    (void)uv_idle_start(&w->late, nothing);
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

/* After all that a turn of the loop has read: a thread that stood still for a
 * while finds nobody late whose bytes were there in time. */
static void judge(struct mt_proxy_thread *w)
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

static void on_turn(uv_check_t *turn)
{
    struct mt_proxy_thread *w = turn->data;
    if (uv_is_active((uv_handle_t *)&w->late) != 0) {
        (void)uv_idle_stop(&w->late);
        mt_proxy_thread_tick(w);
    }
    judge(w);
}

/* ---- the host of calls ---- */

static struct mt_side *take(void *arg, struct mt_mesh *mesh, struct mt_place to,
                            bool h2)
{
    struct mt_proxy_thread *w = arg;
    struct mt_side *side = mt_link_take(w, mesh, to, h2);
    w->stats.reused += side != NULL;
    return side;
}

static bool connect_to(void *arg, struct mt_call_wait *wait,
                       struct mt_mesh *mesh, struct mt_place to, bool h2,
                       bool *full)
{
    return mt_link_connect(arg, wait, mesh, to, h2, full);
}

static void cancel(void *arg, struct mt_call_wait *wait)
{
    (void)arg;
    mt_link_cancel(wait);
}

static void row(void *arg, const struct mt_exchange *x)
{
    struct mt_proxy_thread *w = arg;
    w->stats.requests += x->observer == MT_OBSERVER_PROXY_REQUEST;
    w->options.row(w->options.arg, x);
}

static void open_row(void *arg, const struct mt_exchange *x)
{
    struct mt_proxy_thread *w = arg;
    w->options.open(w->options.arg, x);
}

/* ---- life ---- */

static void on_wake(uv_async_t *async)
{
    struct mt_proxy_thread *w = async->data;
    int stops = atomic_load(&w->stops);
    mt_proxy_thread_tick(w);
    mt_proxy_thread_adopt_given(w);
    if (stops > 0 && !w->draining)
        drain(w);
    if (stops > 1)
        mt_links_close_all(w);
}

static bool open_loop(struct mt_proxy_thread *w)
{
    if (uv_loop_init(&w->loop) != 0)
        return false;
    w->loop_open = true;
    (void)uv_async_init(&w->loop, &w->wake, on_wake);
    (void)uv_timer_init(&w->loop, &w->timer);
    (void)uv_idle_init(&w->loop, &w->late);
    (void)uv_check_init(&w->loop, &w->turn);
    w->wake.data = w->timer.data = w->turn.data = w;
    (void)uv_check_start(&w->turn, on_turn);
    return true;
}

struct mt_proxy_thread *
mt_proxy_thread_new(const struct mt_proxy_thread_options *options,
                    struct mt_proxy_update *first)
{
    struct mt_proxy_thread *w = calloc(1, sizeof *w);
    if (w == NULL) {
        mt_proxy_update_drop(first);
        return NULL;
    }
    w->options = *options;
    w->conns = options->conns_from;
    w->timer_at_ns = INT64_MAX;
    w->drain = (struct mt_deadline){.met = drain_late, .arg = w};
    w->rested = (struct mt_deadline){.met = mt_listening_go_on, .arg = w};
    w->second = (struct mt_deadline){.met = on_second, .arg = w};
    mt_pool_init(&w->pool, options->memory_bytes > 0 ? options->memory_bytes
                                                     : MEMORY_BYTES);
    w->host = (struct mt_call_host){.arg = w,
                                    .number = options->number,
                                    .random = {options->seed},
                                    .pool = &w->pool,
                                    .take = take,
                                    .connect = connect_to,
                                    .cancel = cancel,
                                    .row = row,
                                    .open = open_row};
    mt_proxy_thread_tick(w);
    look_at_wall(w);
    mt_wheel_init(&w->host.wheel, w->host.now_ns);
    mt_deadline_set(&w->host.wheel, &w->second, w->host.now_ns + SECOND_NS);
    w->host.scratch = mt_regex_scratch_new();
    if (w->host.scratch == NULL || !open_loop(w)) {
        mt_proxy_update_drop(first);
        mt_proxy_thread_free(w);
        return NULL;
    }
    if (mt_proxy_thread_adopt(w, first))
        return w;
    mt_proxy_thread_free(w);
    return NULL;
}

void mt_proxy_thread_run(struct mt_proxy_thread *w)
{
    mt_proxy_thread_tick(w);
    judge(w);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
}

void mt_proxy_thread_stop(struct mt_proxy_thread *w)
{
    atomic_fetch_add(&w->stops, 1);
    (void)uv_async_send(&w->wake);
}

const struct mt_generation *
mt_proxy_thread_generation(const struct mt_proxy_thread *w)
{
    return w->mesh->mesh.generation;
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
        w->draining = true;
        mt_proxy_thread_adopt_given(w);
        while (w->listening != NULL)
            mt_listening_close(w->listening);
        mt_links_close_all(w);
        if (w->mesh != NULL)
            mt_mesh_give(&w->mesh->mesh);
        w->mesh = NULL;
        uv_walk(&w->loop, close_handle, NULL);
        (void)uv_run(&w->loop, UV_RUN_DEFAULT);
        (void)uv_loop_close(&w->loop);
    }
    mt_regex_scratch_free(w->host.scratch);
    mt_pool_deinit(&w->pool);
    free(w);
}
