/* The demo's thread: its clock, its timetable, its shoppers. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "demo/impl.h"

#define SECOND INT64_C(1000000000)
#define TICK_NS (SECOND / 20)
#define LATE_NS (2 * SECOND) /* what shoppers asked is answered until then */
#define MEMORY_BYTES ((size_t)64 << 20)

enum { EVENTS = 64 };

static void look_at_clock(struct mt_demo *d)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    d->now_ns = t.tv_sec * SECOND + t.tv_nsec;
}

/* ---- shoppers ---- */

static void wait_for_next(struct mt_demo *d, int64_t from_ns)
{
    int64_t pause = mt_demo_pause_ns(&d->shopping, d->options.per_second);
    (void)mt_demo_timer_set(&d->heap, &d->arrival, from_ns + pause);
}

static bool is_idle(const struct mt_demo *d)
{
    return d->asked == NULL && d->works == NULL;
}

/* One comes, whether or not those before are done: a slow shop does not get
 * less to do. */
static void arrive(void *arg)
{
    struct mt_demo *d = arg;
    uint32_t number;
    const struct mt_demo_operation *o = mt_demo_wish(&d->shopping, &number);
    const struct mt_demo_call call = {.operation =
                                          (uint8_t)(o - mt_demo_operation(0))};
    if (d->shopping_now < MT_DEMO_ASKED_MAX) {
        d->shopping_now++;
        d->stats.asked++;
        if (!mt_demo_ask(&d->shoppers, NULL, &call, number)) {
            d->shopping_now--;
            d->stats.asked--;
            d->stats.skipped++;
        }
    } else {
        d->stats.skipped++;
    }
    wait_for_next(d, d->arrival.at_ns);
}

void mt_demo_shopped(struct mt_demo *d, unsigned status)
{
    d->shopping_now--;
    if (status == 0)
        d->stats.unanswered++;
    else if (status >= 500)
        d->stats.failed++;
    else if (status >= 400)
        d->stats.wrong++;
    else
        d->stats.well++;
}

/* ---- the timetable ---- */

static bool is_killed(const struct mt_demo *d, const struct mt_demo_instance *i)
{
    struct mt_demo_fault fault;
    return d->begun_ns != 0 && !atomic_load(&d->ending) &&
           mt_demo_fault_at(&d->timetable, d->now_ns - d->begun_ns, i->service,
                            i->number, &fault) &&
           fault.kind == MT_DEMO_KILL;
}

static void keep_timetable(struct mt_demo *d)
{
    for (unsigned n = 0; n < MT_DEMO_INSTANCES; n++) {
        struct mt_demo_instance *i = &d->instances[n];
        bool killed = is_killed(d, i);
        if (killed && i->fd >= 0) {
            mt_demo_kill(i);
            d->stats.killed++;
        } else if (!killed && i->fd < 0 && mt_demo_listen(i) != 0) {
            d->stats.not_back++; /* another has its port: with the next tick */
        }
        mt_demo_rested(i);
    }
}

static void begin(struct mt_demo *d)
{
    int64_t at = atomic_load(&d->begin_ns);
    if (at == 0 || d->begun_ns != 0)
        return;
    d->begun_ns = at;
    wait_for_next(d, d->now_ns);
}

static void stop_when_idle(struct mt_demo *d)
{
    if (!atomic_load(&d->ending))
        return;
    mt_demo_timer_clear(&d->heap, &d->arrival);
    if (!d->hurried) {
        d->hurried = true;
        mt_demo_works_hurry(d);
        (void)mt_demo_timer_set(&d->heap, &d->late, d->now_ns + LATE_NS);
    }
    d->done = d->done || is_idle(d);
}

static void is_late(void *arg)
{
    struct mt_demo *d = arg;
    d->done = true;
}

static void tick(void *arg)
{
    struct mt_demo *d = arg;
    keep_timetable(d);
    if (d->options.tick != NULL)
        d->options.tick(d->options.arg, d->now_ns);
    (void)mt_demo_timer_set(&d->heap, &d->tick, d->now_ns + TICK_NS);
}

/* ---- the loop ---- */

static void drain(int fd)
{
    uint64_t n;
    ssize_t got = read(fd, &n, sizeof n);
    (void)got; /* that it woke us is all */
}

static void on_wake(struct mt_demo_source *s, uint32_t events)
{
    struct mt_demo *d =
        (struct mt_demo *)((char *)s - offsetof(struct mt_demo, wake_source));
    (void)events;
    drain(d->wake_fd);
    begin(d);
}

static void on_clock(struct mt_demo_source *s, uint32_t events)
{
    struct mt_demo *d =
        (struct mt_demo *)((char *)s - offsetof(struct mt_demo, clock_source));
    (void)events;
    drain(d->clock_fd);
    d->armed_ns = INT64_MAX;
}

/* The clock rings at the next timer; a ring that is too early does no harm. */
static void arm(struct mt_demo *d)
{
    int64_t next = mt_demo_heap_next_ns(&d->heap);
    struct itimerspec at = {
        .it_value = {.tv_sec = next / SECOND, .tv_nsec = next % SECOND}};
    if (next >= d->armed_ns)
        return;
    d->armed_ns = next;
    (void)timerfd_settime(d->clock_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void settle(struct mt_demo *d)
{
    struct mt_demo_timer *t;
    mt_demo_links_flush(d);
    while ((t = mt_demo_heap_due(&d->heap, d->now_ns)) != NULL) {
        t->met(t->arg);
        mt_demo_links_flush(d);
    }
    mt_demo_links_bury(d);
    stop_when_idle(d);
    arm(d);
}

bool mt_demo_run(struct mt_demo *d)
{
    struct epoll_event events[EVENTS];
    look_at_clock(d);
    (void)mt_demo_timer_set(&d->heap, &d->tick, d->now_ns);
    settle(d);
    while (!d->done) {
        int n = epoll_wait(d->epoll_fd, events, EVENTS, -1);
        if (n < 0 && errno != EINTR)
            return false;
        look_at_clock(d);
        for (int i = 0; i < n; i++) {
            struct mt_demo_source *s = events[i].data.ptr;
            s->ready(s, events[i].events);
        }
        settle(d);
    }
    mt_demo_links_close(d);
    mt_demo_works_free(d);
    mt_demo_links_bury(d);
    return true;
}

/* ---- other threads ---- */

static void wake(struct mt_demo *d)
{
    const uint64_t one = 1;
    ssize_t n = write(d->wake_fd, &one, sizeof one);
    (void)n; /* full: it is awake */
}

void mt_demo_begin(struct mt_demo *d, int64_t at_ns)
{
    atomic_store(&d->begin_ns, at_ns);
    wake(d);
}

void mt_demo_end(struct mt_demo *d)
{
    atomic_store(&d->ending, true);
    wake(d);
}

const char *mt_demo_caller(const struct mt_demo *d, uint16_t from, uint16_t to)
{
    unsigned caller = atomic_load(&d->callers[to == d->ports.inside][from]);
    return caller > 0 ? mt_demo_name(caller - 1) : NULL;
}

/* ---- life ---- */

struct mt_demo_stats mt_demo_stats(const struct mt_demo *d)
{
    return d->stats;
}

const struct mt_demo_ports *mt_demo_ports(const struct mt_demo *d)
{
    return &d->ports;
}

static bool open_loop(struct mt_demo *d)
{
    d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    d->clock_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    d->wake_source.ready = on_wake;
    d->clock_source.ready = on_clock;
    return d->epoll_fd >= 0 && d->wake_fd >= 0 && d->clock_fd >= 0 &&
           mt_demo_poll(d, &d->wake_source, d->wake_fd, EPOLLIN) &&
           mt_demo_poll(d, &d->clock_source, d->clock_fd, EPOLLIN);
}

static void init(struct mt_demo *d, const struct mt_demo_options *options)
{
    d->options = *options;
    d->timetable = mt_demo_timetable_of(options->run_ns);
    d->chance.state = options->seed ^ UINT64_C(0x9e3779b97f4a7c15);
    d->shopping.state = options->seed;
    d->armed_ns = INT64_MAX;
    d->epoll_fd = d->wake_fd = d->clock_fd = d->name_fd = -1;
    d->arrival = (struct mt_demo_timer){.met = arrive, .arg = d};
    d->tick = (struct mt_demo_timer){.met = tick, .arg = d};
    d->late = (struct mt_demo_timer){.met = is_late, .arg = d};
    mt_pool_init(&d->pool, MEMORY_BYTES);
    d->shoppers = (struct mt_demo_instance){
        .demo = d, .service = MT_DEMO_SHOPPERS, .fd = -1};
    for (unsigned s = 0; s < MT_DEMO_SERVICE_COUNT; s++)
        for (unsigned n = 0; n < mt_demo_instances(s); n++)
            d->instances[mt_demo_instance_index(s, n)] =
                (struct mt_demo_instance){.demo = d,
                                          .service = (uint8_t)s,
                                          .number = (uint8_t)n,
                                          .fd = -1};
}

struct mt_demo *mt_demo_new(const struct mt_demo_options *options)
{
    struct mt_demo *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    init(d, options);
    int rc = open_loop(d) ? mt_demo_find_ports(d) : -errno;
    if (rc == 0)
        return d;
    mt_demo_free(d);
    errno = -rc;
    return NULL;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

void mt_demo_free(struct mt_demo *d)
{
    if (d == NULL)
        return;
    mt_demo_links_close(d);
    mt_demo_works_free(d);
    mt_demo_links_bury(d);
    for (unsigned i = 0; i < MT_DEMO_INSTANCES; i++)
        close_fd(d->instances[i].fd);
    close_fd(d->name_fd);
    close_fd(d->clock_fd);
    close_fd(d->wake_fd);
    close_fd(d->epoll_fd);
    mt_demo_heap_deinit(&d->heap);
    mt_pool_deinit(&d->pool);
    free(d);
}
