#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy-lite/loop/service_link.h"
#include "proxy-lite/loop/sockaddr.h"

enum {
    IOVECS = 32,
    READS = 4, /* in one turn, so that nobody who is fast starves the rest */
    LAST_READS = 4,
};

static struct mt_link *link_of(struct mt_side *side)
{
    return side->owner_arg;
}

/* ---- life ---- */

static void tell_conn(struct mt_link *l, bool ended)
{
    const struct mt_proxy_thread_options *o = &l->thread->options;
    const struct mt_side *side = l->side;
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

void mt_link_begun(struct mt_link *l, const struct mt_addr *remote)
{
    struct sockaddr_storage local = {0};
    socklen_t n = sizeof local;
    l->side->conn = ++l->thread->conns;
    l->side->remote = *remote;
    if (getsockname(l->fd, (void *)&local, &n) == 0)
        l->side->local = mt_addr_of((const void *)&local);
    tell_conn(l, false);
}

void mt_link_mark(struct mt_link *l)
{
    if (l->dirty || l->closed)
        return;
    l->dirty = true;
    l->next_dirty = l->thread->dirty;
    l->thread->dirty = l;
}

static void closed(uv_handle_t *handle)
{
    struct mt_link *l = handle->data;
    struct mt_proxy_thread *w = l->thread;
    (void)close(l->fd); /* not before: the number could be another's by now */
    l->side->ops->deinit(l->side);
    if (l->prev != NULL)
        l->prev->next = l->next;
    else
        w->links = l->next;
    if (l->next != NULL)
        l->next->prev = l->prev;
    if (l->mesh != NULL)
        mt_mesh_give(l->mesh);
    if (l->from != NULL)
        mt_listening_give(l->from);
    mt_pool_free(&w->pool, l, sizeof *l);
}

void mt_link_close(struct mt_link *l)
{
    struct mt_proxy_thread *w = l->thread;
    if (l->closed)
        return;
    l->closed = true;
    tell_conn(l, true);
    mt_service_link_leave(l);
    mt_deadline_clear(&l->deadline);
    if (l->client)
        w->clients--;
    if (l->counted)
        mt_limit_give(&l->mesh->state->services[l->place.service],
                      MT_LIMIT_CONNECTIONS);
    if (l->side->abort) {
        struct linger now = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    uv_close((uv_handle_t *)&l->poll, closed);
}

static void on_event(uv_poll_t *poll, int status, int events);

void mt_link_poll_for(struct mt_link *l, int mask)
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

struct mt_link *mt_link_new(struct mt_proxy_thread *w, int fd)
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

void mt_link_keep_alive(struct mt_link *l)
{
    int on = 1;
    (void)setsockopt(l->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/* ---- reading ---- */

/* A client that is slow with a header, or has nothing to ask. */
static void set_client_deadline(struct mt_link *l)
{
    struct mt_proxy_thread *w = l->thread;
    const struct mt_call_listener *at = &l->from->at;
    const struct mt_policy_listener *p = at->mesh->policy->listeners[at->index];
    bool in_header = l->side->in_header;
    /* pings and windows of nothing are no progress */
    bool stuck = l->side->unread > 0 && l->side->unread == l->unread;
    if (l->lingering || l->closed || (in_header && l->header_late_set) ||
        l->may_be_tcp ||
        (stuck && !in_header && mt_deadline_is_set(&l->deadline)))
        return;
    l->header_late_set = in_header;
    l->unread = l->side->unread;
    bool waits = l->side->idle || l->unread > 0;
    int64_t timeout = in_header ? p->header_timeout_ns
                      : waits   ? p->idle_timeout_ns
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
        mt_link_close(l);
}

static void take_bytes(struct mt_link *l, struct mt_span bytes)
{
    if (l->may_be_tcp && mt_link_decide_tcp(l, &bytes))
        return;
    if (bytes.len == 0 || (l->undecided && mt_link_decide(l, bytes)))
        return;
    l->side->ops->feed(l->side, bytes, l->thread->host.now_ns);
    if (l->upgrading)
        mt_link_upgrade(l);
}

static void take_eof(struct mt_link *l)
{
    if (l->may_be_tcp && l->heard > 0) /* no HTTP any more */
        mt_link_become_tcp(l);
    mt_link_decide_at_end(l);
    l->side->ops->eof(l->side);
}

static void take_reset(struct mt_link *l)
{
    if (!l->may_be_tcp)
        mt_link_decide_at_end(l);
    l->side->ops->broken(l->side);
}

static bool takes_more(const struct mt_link *l)
{
    return !l->closed && !l->side->paused && !l->side->closing;
}

/* Read until a short read: there is no more then. */
static void read_link(struct mt_link *l, int reads)
{
    struct mt_proxy_thread *w = l->thread;
    ssize_t n = sizeof w->buffer;
    for (; n == (ssize_t)sizeof w->buffer && reads > 0 && takes_more(l);
         reads--) {
        n = recv(l->fd, w->buffer, sizeof w->buffer, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n > 0)
            take_bytes(l, (struct mt_span){w->buffer, (size_t)n});
        else if (n == 0)
            take_eof(l);
        else
            take_reset(l);
        l->eof = n == 0;
        mt_link_mark(l);
        mt_links_flush(w);
    }
}

/* It was reset, and not polled for any more. What came before that is still
 * there: it may be a whole answer. While that waits for a slow reader it is
 * polled for later, and ends up here again. */
static void read_broken(struct mt_link *l)
{
    l->mask = 0;
    read_link(l, INT_MAX);
    if (takes_more(l))
        take_reset(l);
    mt_link_mark(l);
}

/* A service takes nothing more of the request, but may have answered before
 * that. What was lent to it is dropped first: the buffer is free. */
static void read_last(struct mt_link *l)
{
    struct mt_proxy_thread *w = l->thread;
    struct mt_side *side = l->side;
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
    struct mt_side *side = l->side;
    struct iovec iov[IOVECS];
    for (;;) {
        side->ops->fill(side);
        if (side->out.bytes == 0)
            return true;
        struct msghdr message = {
            .msg_iov = iov,
            .msg_iovlen = (size_t)mt_outq_peek(&side->out, iov, IOVECS)};
        /* one piece is sent more cheaply */
        ssize_t n = message.msg_iovlen == 1
                        ? send(l->fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL)
                        : sendmsg(l->fd, &message, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        mt_outq_sent(&side->out, (size_t)n);
    }
}

/* A reset would take the last answer from a client that still sends: it gets a
 * while to read it. */
static void linger(struct mt_link *l)
{
    struct mt_proxy_thread *w = l->thread;
    if (l->side->abort || !l->client) {
        mt_link_close(l);
        return;
    }
    (void)shutdown(l->fd, SHUT_WR);
    l->lingering = true;
    mt_deadline_set(&w->host.wheel, &l->deadline,
                    w->host.now_ns + MT_LINK_LINGER_NS);
    mt_link_poll_for(l, UV_READABLE);
}

/* All is sent, or as much as the other end takes for now. */
static void after_sending(struct mt_link *l)
{
    struct mt_side *side = l->side;
    if (side->out.bytes == 0 && side->shut && !l->shut) {
        l->shut = true;
        (void)shutdown(l->fd, SHUT_WR);
    }
    side->ops->sent(side, l->thread->host.now_ns);
    if (side->closing && !l->last) { /* who does not read is not waited for */
        l->last = true;
        l->header_late_set = false;
        mt_deadline_set(&l->thread->host.wheel, &l->deadline,
                        l->thread->host.now_ns + MT_LINK_LAST_NS);
    }
    bool reads = !side->paused && !side->closing && !l->eof;
    mt_link_poll_for(l, (reads ? UV_READABLE : 0) |
                            (side->out.bytes > 0 ? UV_WRITABLE : 0));
    if (l->last)
        return;
    if (l->client)
        set_client_deadline(l);
    else
        mt_service_link_rest(l);
}

static void flush(struct mt_link *l)
{
    struct mt_side *side = l->side;
    if (l->closed || l->connecting || l->lingering)
        return;
    bool sent = write_link(l);
    if (!sent && !l->client)
        read_last(l);
    if (!sent || !side->ops->settle(side)) {
        side->ops->broken(side);
        side->abort = true;
        mt_link_close(l);
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

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct mt_link *l = poll->data;
    struct mt_proxy_thread *w = l->thread;
    mt_proxy_thread_tick(w);
    if (l->connecting) {
        mt_service_link_made(l);
    } else if (l->lingering) {
        discard(l);
    } else if (status < 0) {
        read_broken(l);
    } else {
        if ((events & UV_WRITABLE) != 0)
            mt_link_mark(l);
        if ((events & UV_READABLE) != 0)
            read_link(l, READS);
    }
    mt_links_flush(w);
}

static void deadline_met(void *arg)
{
    struct mt_link *l = arg;
    if (l->may_be_tcp) {
        mt_link_become_tcp(l);
        mt_link_mark(l);
    } else if (l->client && !l->lingering && l->header_late_set) {
        l->side->ops->late(l->side);
    } else {
        l->side->abort = l->side->out.bytes > 0; /* it is not whole */
        mt_link_close(l);
    }
}

/* ---- what sides and calls want ---- */

static void on_request(void *arg, struct mt_stream *s, struct mt_head *head,
                       bool end)
{
    struct mt_link *l = arg;
    mt_deadline_clear(&l->deadline);
    l->upgrading =
        s->side == &l->sides.h1.side && end && mt_head_asks_h2c(head);
    if (l->upgrading)
        return; /* when what came with it is read */
    mt_call_request(&l->thread->host, s, head, end, &l->from->at);
}

static void on_refused(void *arg, struct mt_stream *s, struct mt_head *head,
                       const struct mt_http1_refusal *why)
{
    struct mt_link *l = arg;
    mt_call_refused(&l->thread->host, s, head, why, &l->from->at);
}

static void on_free_again(void *arg, struct mt_side *side)
{
    struct mt_link *l = arg;
    (void)side;
    if (l->thread->draining || !l->connecting)
        mt_service_link_offer(l);
}

static void on_touched(void *arg, struct mt_side *side)
{
    (void)arg;
    mt_link_mark(link_of(side));
}

const struct mt_side_owner mt_link_owner = {on_request, on_refused,
                                            on_free_again, on_touched};

/* Where its listener passes on what is not HTTP: a client that waits for the
 * service to speak first says nothing for a while. */
static void listen_for_tcp(struct mt_link *l)
{
    struct mt_proxy_thread *w = l->thread;
    const struct mt_call_listener *at = &l->from->at;
    const struct mt_policy_listener *p = at->mesh->policy->listeners[at->index];
    if (p->tcp == MT_POLICY_NONE)
        return;
    l->may_be_tcp = true;
    if (p->detect_timeout_ns == 0)
        mt_link_become_tcp(l), mt_link_mark(l);
    else
        mt_deadline_set(&w->host.wheel, &l->deadline,
                        w->host.now_ns + p->detect_timeout_ns);
}

void mt_link_accepted(struct mt_listening *from, int fd,
                      const struct mt_addr *client)
{
    struct mt_proxy_thread *w = from->thread;
    struct mt_link *l = mt_link_new(w, fd);
    if (l == NULL) {
        (void)close(fd);
        w->stats.refused++;
        return;
    }
    mt_h1_server_init(&l->sides.h1, &w->pool, &mt_link_owner, l);
    l->side = &l->sides.h1.side;
    l->undecided = true;
    l->client = true;
    l->from = from;
    from->holders++;
    mt_link_begun(l, client);
    w->clients++;
    w->stats.clients++;
    mt_link_poll_for(l, UV_READABLE);
    listen_for_tcp(l);
    set_client_deadline(l);
}

/* A client's that came with a request which was not read yet is not idle. */
void mt_links_drain(struct mt_proxy_thread *w)
{
    for (struct mt_link *l = w->links; l != NULL; l = l->next) {
        if (l->closed || l->connecting || l->lingering ||
            (l->client ? l->from->open : !w->draining))
            continue;
        if (l->client && l->side->idle)
            read_link(l, READS);
        if (!l->closed)
            l->side->ops->drain(l->side);
    }
}

void mt_links_close_all(struct mt_proxy_thread *w)
{
    for (struct mt_link *l = w->links; l != NULL; l = l->next) {
        if (l->closed)
            continue;
        if (!l->connecting && !l->lingering)
            l->side->ops->broken(l->side);
        l->side->abort = true;
        mt_link_close(l);
    }
}
