#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "web/limits.h"
#include "web/server_impl.h"

enum { TICK_MS = 250, END_MS = 500 };

static int64_t now_of(const struct mt_web *w)
{
    return w->site.steady(NULL);
}

/* ---- connections ---- */

static void notify(void *arg, struct MHD_Connection *connection,
                   void **socket_context,
                   enum MHD_ConnectionNotificationCode code)
{
    struct mt_web *w = arg;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(
            connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *socket_context =
            mt_web_conn_add(&w->conns, info->connect_fd, now_of(w));
    } else if (*socket_context != NULL) {
        mt_web_conn_remove(&w->conns, *socket_context);
        *socket_context = NULL;
    }
}

/* ---- the loop ---- */

static int patience_ms(struct mt_web *w)
{
    MHD_UNSIGNED_LONG_LONG ms;
    if (MHD_get_timeout(w->daemon, &ms) != MHD_YES || ms > TICK_MS)
        return TICK_MS;
    return (int)ms;
}

/* The daemon's own wake-up is not among the descriptors that it gives us. */
void mt_web_resume(struct mt_web *w, struct MHD_Connection *connection)
{
    uint64_t one = 1;
    MHD_resume_connection(connection);
    (void)!write(w->wake_fd, &one, sizeof one); /* fails only when it is full */
}

static void turn(struct mt_web *w)
{
    uint64_t count;
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd p[] = {{.fd = info->epoll_fd, .events = POLLIN},
                         {.fd = w->wake_fd, .events = POLLIN}};
    (void)poll(p, 2, patience_ms(w));
    if ((p[1].revents & POLLIN) != 0)
        (void)!read(w->wake_fd, &count, sizeof count);
    (void)MHD_run(w->daemon);
    mt_web_conns_tick(&w->conns, now_of(w));
}

static void *run(void *arg)
{
    struct mt_web *w = arg;
    (void)pthread_setname_np(pthread_self(), "web");
    while (!atomic_load(&w->stopping))
        turn(w);
    return NULL;
}

/* ---- its life ---- */

static struct MHD_Daemon *start_daemon(struct mt_web *w)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, mt_web_request_handle, w,
        MHD_OPTION_LISTEN_SOCKET, w->listen_fd, MHD_OPTION_URI_LOG_CALLBACK,
        mt_web_request_begin, w, MHD_OPTION_NOTIFY_COMPLETED,
        mt_web_request_end, w, MHD_OPTION_NOTIFY_CONNECTION, notify, w,
        MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)w->conns.most + MT_WEB_CONNS_SLACK,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)MT_WEB_IDLE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MT_WEB_CONN_BYTES,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

/* It answers nobody before it is run. */
static int open_daemon(struct mt_web *w)
{
    w->daemon = start_daemon(w);
    if (w->daemon == NULL)
        return MT_STORE_ENOMEM;
    w->listen_fd = -1;
    return 0;
}

int mt_web_open(struct mt_web **out, const struct mt_web_site *site, int fd)
{
    struct mt_web *w = calloc(1, sizeof *w);
    *out = w;
    if (w == NULL) {
        (void)close(fd);
        return MT_STORE_ENOMEM;
    }
    w->site = *site;
    w->listen_fd = fd;
    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    mt_web_conns_init(&w->conns,
                      site->conns_max > 0 ? site->conns_max : MT_WEB_CONNS_MAX,
                      site->head_ns > 0 ? site->head_ns : MT_WEB_HEAD_NS);
    int rc = mt_web_pool_open(&w->pool, &w->site);
    if (rc == 0)
        rc = mt_web_streams_open(&w->streams, &w->site);
    return rc == 0 ? open_daemon(w) : rc;
}

static int start_loop(struct mt_web *w)
{
    sigset_t all, before;
    (void)sigfillset(&all); /* signals are the surface's */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&w->thread, NULL, run, w);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    w->running = rc == 0;
    return -rc;
}

int mt_web_start(struct mt_web *w)
{
    int rc = mt_web_pool_start(w->pool);
    if (rc == 0)
        rc = mt_web_streams_start(w->streams);
    return rc == 0 ? start_loop(w) : rc;
}

static bool is_quiet(const struct mt_web *w)
{
    const struct mt_web_conn *busy = &w->conns.lists[MT_CONN_BUSY];
    const struct mt_web_conn *sending = &w->conns.lists[MT_CONN_SENDING];
    return busy->next == busy && sending->next == sending;
}

/* Answers that were made go out; who does not take them has END_MS. */
static void drain(struct mt_web *w)
{
    int64_t end = now_of(w) + END_MS * INT64_C(1000000);
    int fd = MHD_quiesce_daemon(w->daemon);
    if (fd >= 0)
        (void)close(fd);
    while (!is_quiet(w) && now_of(w) < end)
        turn(w);
}

void mt_web_stop(struct mt_web *w)
{
    uint64_t one = 1;
    if (w == NULL)
        return;
    atomic_store(&w->stopping, true);
    (void)!write(w->wake_fd, &one, sizeof one);
    if (w->running)
        (void)pthread_join(w->thread, NULL);
    if (w->streams != NULL)
        mt_web_streams_end(w->streams);
    mt_web_pool_stop(w->pool); /* nothing is asked any more: stopping */
    if (w->daemon != NULL) {
        drain(w);
        MHD_stop_daemon(w->daemon);
    }
    mt_web_streams_stop(w->streams);
    if (w->listen_fd >= 0)
        (void)close(w->listen_fd);
    if (w->wake_fd >= 0)
        (void)close(w->wake_fd);
    free(w);
}
