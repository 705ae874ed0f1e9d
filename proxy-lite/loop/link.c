#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text_addr.h"
#include "proxy-lite/loop/sockaddr.h"
#include "proxy-lite/loop/thread_impl.h"

enum { IOVECS = 32, IDLE_MAX_S = 90, LAST_READS = 4 };

static const struct mt_side_owner owner;

static struct mt_link *link_of(struct mt_side *side)
{
    return side->owner_arg;
}

/* ---- addresses ---- */

static void note_addresses(struct mt_link *l)
{
    struct sockaddr_storage local = {0}, remote = {0};
    socklen_t n = sizeof local;
    if (getsockname(l->fd, (void *)&local, &n) == 0)
        l->h1.side.local = mt_addr_of((const void *)&local);
    n = sizeof remote;
    if (getpeername(l->fd, (void *)&remote, &n) == 0)
        l->h1.side.remote = mt_addr_of((const void *)&remote);
}

/* ---- life ---- */

static void tell_conn(struct mt_link *l, bool ended)
{
    const struct mt_proxy_thread_options *o = &l->thread->options;
    const struct mt_side *side = &l->h1.side;
    const struct mt_proxy_thread_conn c = {
        .conn = side->conn,
        .client = l->client ? side->remote : side->local,
        .server = l->client ? side->local : side->remote,
        .ended = ended};
    if (l->told != ended) /* one that was never made has no end */
        return;
    l->told = !ended;
    o->conn(o->arg, &c);
}

static void mark(struct mt_link *l)
{
    if (l->dirty || l->closed)
        return;
    l->dirty = true;
    l->next_dirty = l->thread->dirty;
    l->thread->dirty = l;
}

static void leave_idle(struct mt_link *l)
{
    if (!l->is_idle)
        return;
    struct mt_link **first = &l->thread->idle[l->service][l->endpoint];
    if (l->prev_idle != NULL)
        l->prev_idle->next_idle = l->next_idle;
    else
        *first = l->next_idle;
    if (l->next_idle != NULL)
        l->next_idle->prev_idle = l->prev_idle;
    l->is_idle = false;
    l->next_idle = l->prev_idle = NULL;
}

static void closed(uv_handle_t *handle)
{
    struct mt_link *l = handle->data;
    struct mt_proxy_thread *w = l->thread;
    (void)close(l->fd); /* not before: the number could be another's by now */
    l->h1.side.ops->deinit(&l->h1.side);
    if (l->prev != NULL)
        l->prev->next = l->next;
    else
        w->links = l->next;
    if (l->next != NULL)
        l->next->prev = l->prev;
    mt_pool_free(&w->pool, l, sizeof *l);
}

static void close_link(struct mt_link *l)
{
    struct mt_proxy_thread *w = l->thread;
    if (l->closed)
        return;
    l->closed = true;
    tell_conn(l, true);
    leave_idle(l);
    mt_deadline_clear(&l->deadline);
    if (l->client)
        w->clients--;
    if (l->counted)
        mt_limit_give(&w->options.state->services[l->service],
                      MT_LIMIT_CONNECTIONS);
    if (l->h1.side.abort) {
        struct linger now = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    uv_close((uv_handle_t *)&l->poll, closed);
}

static void on_event(uv_poll_t *poll, int status, int events);

static void poll_for(struct mt_link *l, int mask)
{
    if (l->closed || mask == l->mask)
        return;
    l->mask = mask;
    if (mask == 0)
        (void)uv_poll_stop(&l->poll);
    else
        (void)uv_poll_start(&l->poll, mask, on_event);
}

static void deadline_met(void *arg);

static struct mt_link *new_link(struct mt_proxy_thread *w, int fd)
{
    int on = 1;
    struct mt_link *l = mt_pool_zalloc(&w->pool, sizeof *l);
    if (l == NULL)
        return NULL;
    if (uv_poll_init_socket(&w->loop, &l->poll, fd) != 0) {
        mt_pool_free(&w->pool, l, sizeof *l);
        return NULL;
    }
    l->poll.data = l;
    l->thread = w;
    l->fd = fd;
    l->deadline = (struct mt_deadline){.met = deadline_met, .arg = l};
    l->next = w->links;
    if (w->links != NULL)
        w->links->prev = l;
    w->links = l;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return l;
}

/* ---- reading ---- */

/* A client that is slow with a header, or has nothing to ask. */
static void set_client_deadline(struct mt_link *l)
{
    struct mt_proxy_thread *w = l->thread;
    const struct mt_policy_listener *p =
        w->options.policy->listeners[l->listener];
    bool in_header = l->h1.open && l->h1.stream.events == NULL &&
                     !l->h1.sent_head && !l->h1.tunnel;
    /* what is left to be sent has no call any more that would be too late */
    bool leaving = l->h1.stream.events == NULL && l->h1.side.closing;
    if (l->lingering || l->closed || (in_header && l->header_late_set))
        return;
    l->header_late_set = in_header;
    int64_t timeout = in_header                    ? p->header_timeout_ns
                      : l->h1.side.idle || leaving ? p->idle_timeout_ns
                                                   : 0;
    if (timeout > 0)
        mt_deadline_set(&w->host.wheel, &l->deadline, w->host.now_ns + timeout);
    else
        mt_deadline_clear(&l->deadline);
}

static void discard(struct mt_link *l)
{
    ssize_t n = recv(l->fd, l->thread->buffer, sizeof l->thread->buffer, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_link(l);
}

/* Read until a short read: there is no more then. */
static void read_link(struct mt_link *l)
{
    struct mt_proxy_thread *w = l->thread;
    struct mt_side *side = &l->h1.side;
    ssize_t n = sizeof w->buffer;
    while (n == (ssize_t)sizeof w->buffer && !l->closed && !side->paused &&
           !side->closing) {
        n = recv(l->fd, w->buffer, sizeof w->buffer, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n > 0)
            side->ops->feed(side, (struct mt_span){w->buffer, (size_t)n},
                            w->host.now_ns);
        else if (n == 0)
            side->ops->eof(side);
        else
            side->ops->broken(side);
        l->eof = n == 0;
        mark(l);
        mt_links_flush(w);
    }
}

/* It was reset, and not polled for any more. What came before that is still
 * there: it may be a whole answer. While that waits for a slow reader it is
 * polled for later, and ends up here again. */
static void read_broken(struct mt_link *l)
{
    struct mt_side *side = &l->h1.side;
    l->mask = 0;
    read_link(l);
    if (!l->closed && !side->closing && !side->paused)
        side->ops->broken(side);
    mark(l);
}

/* A service takes nothing more of the request, but may have answered before
 * that. What was lent to it is dropped first: the buffer is free. */
static void read_last(struct mt_link *l)
{
    struct mt_proxy_thread *w = l->thread;
    struct mt_side *side = &l->h1.side;
    ssize_t n = 1;
    mt_outq_deinit(&side->out);
    for (int i = 0; i < LAST_READS && n > 0 && !side->closing; i++) {
        n = recv(l->fd, w->buffer, sizeof w->buffer, 0);
        if (n > 0)
            side->ops->feed(side, (struct mt_span){w->buffer, (size_t)n},
                            w->host.now_ns);
        else if (n == 0)
            side->ops->eof(side);
        mt_links_flush(w);
    }
}

/* ---- writing ---- */

/* False: the connection is broken. */
static bool write_link(struct mt_link *l)
{
    struct mt_side *side = &l->h1.side;
    struct iovec iov[IOVECS];
    while (side->out.bytes > 0) {
        struct msghdr message = {
            .msg_iov = iov,
            .msg_iovlen = (size_t)mt_outq_peek(&side->out, iov, IOVECS)};
        ssize_t n = sendmsg(l->fd, &message, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        mt_outq_sent(&side->out, (size_t)n);
    }
    return true;
}

/* A reset would take the last answer from a client that still sends: it gets a
 * while to read it. */
static void linger(struct mt_link *l)
{
    struct mt_proxy_thread *w = l->thread;
    if (l->h1.side.abort || !l->client) {
        close_link(l);
        return;
    }
    (void)shutdown(l->fd, SHUT_WR);
    l->lingering = true;
    mt_deadline_set(&w->host.wheel, &l->deadline,
                    w->host.now_ns + MT_LINK_LINGER_NS);
    poll_for(l, UV_READABLE);
}

/* All is sent, or as much as the other end takes for now. */
static void after_sending(struct mt_link *l)
{
    struct mt_side *side = &l->h1.side;
    struct mt_proxy_thread *w = l->thread;
    if (side->out.bytes == 0 && side->shut && !l->shut) {
        l->shut = true;
        (void)shutdown(l->fd, SHUT_WR);
    }
    mt_side_sent(side, l->h1.open || l->h1.tunnel ? &l->h1.stream : NULL);
    if (mt_h1_side_wants_feed(&l->h1))
        side->ops->feed(side, (struct mt_span){.ptr = NULL}, w->host.now_ns);
    if (l->client && side->idle && w->draining && side->out.bytes == 0) {
        side->closing = true;
        mark(l);
    }
    bool reads = !side->paused && !side->closing && !l->eof;
    poll_for(l, (reads ? UV_READABLE : 0) |
                    (side->out.bytes > 0 ? UV_WRITABLE : 0));
    if (l->client)
        set_client_deadline(l);
}

static void flush(struct mt_link *l)
{
    struct mt_side *side = &l->h1.side;
    if (l->closed || l->connecting || l->lingering)
        return;
    bool sent = write_link(l);
    if (!sent && !l->client)
        read_last(l);
    if (!sent || !mt_outq_settle(&side->out)) {
        side->ops->broken(side);
        side->abort = true;
        close_link(l);
    } else if (side->closing && (side->out.bytes == 0 || side->abort)) {
        linger(l);
    } else {
        after_sending(l);
    }
}

void mt_links_flush(struct mt_proxy_thread *w)
{
    while (w->dirty != NULL) {
        struct mt_link *l = w->dirty;
        w->dirty = l->next_dirty;
        l->next_dirty = NULL;
        l->dirty = false;
        flush(l);
    }
}

/* ---- events ---- */

static void finish_connect(struct mt_link *l)
{
    struct mt_call *call = l->call;
    int error = 0;
    socklen_t n = sizeof error;
    if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
        error = errno;
    l->connecting = false;
    l->call = NULL;
    if (error != 0) {
        close_link(l);
        mt_call_not_connected(call, error == ETIMEDOUT);
        return;
    }
    note_addresses(l);
    tell_conn(l, false);
    l->thread->stats.connects++;
    poll_for(l, UV_READABLE);
    mt_call_connected(call, &l->h1.side);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct mt_link *l = poll->data;
    struct mt_proxy_thread *w = l->thread;
    mt_proxy_thread_tick(w);
    if (l->connecting) {
        finish_connect(l);
    } else if (l->lingering) {
        discard(l);
    } else if (status < 0) {
        read_broken(l);
    } else {
        if ((events & UV_WRITABLE) != 0)
            mark(l);
        if ((events & UV_READABLE) != 0)
            read_link(l);
    }
    mt_proxy_thread_settle(w);
}

static void deadline_met(void *arg)
{
    struct mt_link *l = arg;
    static const struct mt_http1_refusal late = {408, "header_timeout"};
    if (l->client && !l->lingering && l->header_late_set) {
        l->h1.read_end = true;
        mt_call_refused(&l->thread->host, &l->h1.stream, &late, l->listener);
        l->h1.side.closing = true;
        mark(l);
        return;
    }
    l->h1.side.abort = l->h1.side.out.bytes > 0; /* it is not whole */
    close_link(l);
}

/* ---- what sides and calls want ---- */

static void on_request(void *arg, struct mt_stream *s, struct mt_head *head,
                       bool end)
{
    struct mt_link *l = arg;
    mt_deadline_clear(&l->deadline);
    mt_call_request(&l->thread->host, s, head, end, l->listener);
}

static void on_refused(void *arg, struct mt_stream *s,
                       const struct mt_http1_refusal *why)
{
    struct mt_link *l = arg;
    mt_call_refused(&l->thread->host, s, why, l->listener);
}

static void on_free_again(void *arg, struct mt_side *side)
{
    struct mt_link *l = arg;
    struct mt_proxy_thread *w = l->thread;
    struct mt_link **first = &w->idle[l->service][l->endpoint];
    if (w->draining) {
        side->closing = true;
        mark(l);
        return;
    }
    l->is_idle = true;
    l->next_idle = *first;
    if (*first != NULL)
        (*first)->prev_idle = l;
    *first = l;
    mt_deadline_set(&w->host.wheel, &l->deadline,
                    w->host.now_ns + INT64_C(1000000000) * IDLE_MAX_S);
}

static void on_touched(void *arg, struct mt_side *side)
{
    (void)arg;
    mark(link_of(side));
}

static const struct mt_side_owner owner = {on_request, on_refused,
                                           on_free_again, on_touched};

void mt_link_accepted(struct mt_proxy_thread *w, int fd, uint32_t listener)
{
    struct mt_link *l = new_link(w, fd);
    if (l == NULL) {
        (void)close(fd);
        w->stats.refused++;
        return;
    }
    mt_h1_server_init(&l->h1, &w->pool, &owner, l);
    l->client = true;
    l->listener = listener;
    l->h1.side.conn = ++w->conns << 8 | w->options.number;
    note_addresses(l);
    tell_conn(l, false);
    w->clients++;
    w->stats.clients++;
    poll_for(l, UV_READABLE);
    set_client_deadline(l);
}

/* To any endpoint of the service: another one has a better use for it. */
static bool close_an_idle_one(struct mt_proxy_thread *w, uint32_t service)
{
    uint32_t n = w->options.state->services[service].group.endpoints;
    for (uint32_t i = 0; i < n; i++)
        if (w->idle[service][i] != NULL) {
            close_link(w->idle[service][i]);
            return true;
        }
    return false;
}

struct mt_link *mt_link_connect(struct mt_proxy_thread *w, struct mt_call *call,
                                uint32_t service, uint32_t endpoint, bool *full)
{
    struct sockaddr_storage to;
    const struct mt_addr *addr = &w->options.endpoints[service][endpoint];
    if (mt_ip_is_none(addr->ip))
        return NULL; /* its name has no address */
    socklen_t n = mt_sockaddr_of(addr, &to);
    struct mt_service_state *state = &w->options.state->services[service];
    const struct mt_policy_limits *limits =
        &w->options.policy->services[service]->limits;
    *full = !mt_limit_take(state, MT_LIMIT_CONNECTIONS, limits) &&
            !(close_an_idle_one(w, service) &&
              mt_limit_take(state, MT_LIMIT_CONNECTIONS, limits));
    if (*full)
        return NULL;
    int fd =
        socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct mt_link *l = NULL;
    if (fd >= 0 && (connect(fd, (void *)&to, n) == 0 || errno == EINPROGRESS))
        l = new_link(w, fd);
    if (l == NULL) {
        if (fd >= 0)
            (void)close(fd);
        mt_limit_give(state, MT_LIMIT_CONNECTIONS);
        return NULL;
    }
    mt_h1_client_init(&l->h1, &w->pool, &owner, l);
    l->counted = true;
    l->service = service;
    l->endpoint = endpoint;
    l->connecting = true;
    l->call = call;
    l->h1.side.conn = ++w->conns << 8 | w->options.number;
    poll_for(l, UV_WRITABLE);
    return l;
}

void mt_link_cancel(struct mt_link *l)
{
    l->call = NULL;
    l->connecting = false;
    close_link(l);
}

struct mt_link *mt_link_take_idle(struct mt_proxy_thread *w, uint32_t service,
                                  uint32_t endpoint)
{
    struct mt_link *l = w->idle[service][endpoint];
    while (l != NULL && (l->closed || l->h1.side.closing || !l->h1.side.idle)) {
        leave_idle(l);
        l = w->idle[service][endpoint];
    }
    if (l == NULL)
        return NULL;
    leave_idle(l);
    mt_deadline_clear(&l->deadline);
    return l;
}

void mt_links_close_idle(struct mt_proxy_thread *w)
{
    for (struct mt_link *l = w->links; l != NULL; l = l->next)
        if (!l->closed && !l->connecting && l->h1.side.idle) {
            l->h1.side.closing = true;
            mark(l);
        }
}

void mt_links_close_all(struct mt_proxy_thread *w)
{
    for (struct mt_link *l = w->links; l != NULL; l = l->next) {
        if (l->closed)
            continue;
        if (!l->connecting && !l->lingering)
            l->h1.side.ops->broken(&l->h1.side);
        l->h1.side.abort = true;
        close_link(l);
    }
}
