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
        l->side->local = mt_addr_of((const void *)&local);
    n = sizeof remote;
    if (getpeername(l->fd, (void *)&remote, &n) == 0)
        l->side->remote = mt_addr_of((const void *)&remote);
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

static void mark(struct mt_link *l)
{
    if (l->dirty || l->closed)
        return;
    l->dirty = true;
    l->next_dirty = l->thread->dirty;
    l->thread->dirty = l;
}

static struct mt_link **free_list(struct mt_mesh *mesh, struct mt_place at,
                                  bool h2)
{
    struct mt_pooled_mesh *p = (struct mt_pooled_mesh *)mesh;
    return &p->free[at.service][at.endpoint * 2 + h2];
}

static void leave_free(struct mt_link *l)
{
    if (!l->is_free)
        return;
    struct mt_link **first = free_list(l->mesh, l->place, l->h2);
    if (l->prev_free != NULL)
        l->prev_free->next_free = l->next_free;
    else
        *first = l->next_free;
    if (l->next_free != NULL)
        l->next_free->prev_free = l->prev_free;
    l->is_free = false;
    l->next_free = l->prev_free = NULL;
}

static void enter_free(struct mt_link *l)
{
    struct mt_link **first = free_list(l->mesh, l->place, l->h2);
    if (l->is_free || l->closed)
        return;
    l->is_free = true;
    l->next_free = *first;
    l->prev_free = NULL;
    if (*first != NULL)
        (*first)->prev_free = l;
    *first = l;
}

/* It is of an endpoint of the mesh. */
static void set_place(struct mt_link *l, struct mt_mesh *mesh,
                      struct mt_place at)
{
    l->mesh = mt_mesh_take(mesh);
    l->place = at;
    l->side->requests_max =
        mesh->policy->services[at.service]->requests_per_connection;
}

/* It may have been made under an older mesh. False: in that which is in force
 * now its endpoint is gone. */
static bool move(struct mt_link *l)
{
    struct mt_mesh *now = &l->thread->mesh->mesh, *before = l->mesh;
    struct mt_place to;
    bool was_free = l->is_free;
    if (before == now)
        return true;
    if (!mt_generation_find(now->generation, before->generation, l->place, &to))
        return false;
    leave_free(l);
    set_place(l, now, to);
    if (was_free)
        enter_free(l);
    mt_mesh_give(before);
    return true;
}

/* It takes another request, if there may be one to its endpoint. */
static void offer(struct mt_link *l)
{
    if (l->thread->draining || !move(l))
        l->side->ops->drain(l->side);
    else
        enter_free(l);
}

static void enter_waiting(struct mt_link *l, struct mt_call_wait *wait)
{
    wait->on = l;
    wait->prev = NULL;
    wait->next = l->waiting;
    if (l->waiting != NULL)
        l->waiting->prev = wait;
    l->waiting = wait;
    l->waiting_count++;
}

static void leave_waiting(struct mt_call_wait *wait)
{
    struct mt_link *l = wait->on;
    if (wait->prev != NULL)
        wait->prev->next = wait->next;
    else
        l->waiting = wait->next;
    if (wait->next != NULL)
        wait->next->prev = wait->prev;
    l->waiting_count--;
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
    leave_free(l);
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
    /* what is left to be sent has no call any more that would be too late */
    bool leaving = l->side->closing;
    /* pings and windows of nothing are no progress */
    bool stuck = l->side->unread > 0 && l->side->unread == l->unread;
    if (l->lingering || l->closed || (in_header && l->header_late_set) ||
        l->may_be_tcp ||
        (stuck && !in_header && mt_deadline_is_set(&l->deadline)))
        return;
    l->header_late_set = in_header;
    l->unread = l->side->unread;
    bool waits = l->side->idle || leaving || l->unread > 0;
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
    l->side->ops->eof(l->side);
}

/* Read until a short read: there is no more then. */
static void read_link(struct mt_link *l)
{
    struct mt_proxy_thread *w = l->thread;
    ssize_t n = sizeof w->buffer;
    while (n == (ssize_t)sizeof w->buffer && !l->closed && !l->side->paused &&
           !l->side->closing) {
        n = recv(l->fd, w->buffer, sizeof w->buffer, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n > 0)
            take_bytes(l, (struct mt_span){w->buffer, (size_t)n});
        else if (n == 0)
            take_eof(l);
        else
            l->side->ops->broken(l->side);
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
    struct mt_side *side = l->side;
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
    poll_for(l, UV_READABLE);
}

/* A connection to a service that nobody uses. */
static void set_service_deadline(struct mt_link *l)
{
    struct mt_proxy_thread *w = l->thread;
    if (l->side->idle == l->resting)
        return;
    l->resting = l->side->idle;
    if (l->resting)
        mt_deadline_set(&w->host.wheel, &l->deadline,
                        w->host.now_ns + INT64_C(1000000000) * IDLE_MAX_S);
    else
        mt_deadline_clear(&l->deadline);
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
    poll_for(l, (reads ? UV_READABLE : 0) |
                    (side->out.bytes > 0 ? UV_WRITABLE : 0));
    if (l->last)
        return;
    if (l->client)
        set_client_deadline(l);
    else
        set_service_deadline(l);
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

static void tell_connected(struct mt_link *l)
{
    struct mt_call_wait *wait;
    bool full;
    while ((wait = l->waiting) != NULL) {
        leave_waiting(wait);
        if (l->side->takes)
            mt_call_connected(wait->call, l->side);
        else if (!mt_link_connect(l->thread, wait, l->mesh, l->place, l->h2,
                                  &full))
            mt_call_not_connected(wait->call, false);
    }
}

static void finish_connect(struct mt_link *l)
{
    struct mt_call_wait *wait;
    int error = 0;
    socklen_t n = sizeof error;
    if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
        error = errno;
    l->connecting = false;
    leave_free(l);
    if (error != 0) {
        mt_link_close(l);
        while ((wait = l->waiting) != NULL) {
            leave_waiting(wait);
            mt_call_not_connected(wait->call, error == ETIMEDOUT);
        }
        return;
    }
    l->side->conn = ++l->thread->conns;
    note_addresses(l);
    tell_conn(l, false);
    l->thread->stats.connects++;
    poll_for(l, UV_READABLE);
    tell_connected(l);
    if (l->side->takes)
        offer(l); /* to other requests */
    mark(l);
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
    if (l->may_be_tcp) {
        mt_link_become_tcp(l);
        mark(l);
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
        offer(l);
}

static void on_touched(void *arg, struct mt_side *side)
{
    (void)arg;
    mark(link_of(side));
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
        mt_link_become_tcp(l), mark(l);
    else
        mt_deadline_set(&w->host.wheel, &l->deadline,
                        w->host.now_ns + p->detect_timeout_ns);
}

void mt_link_accepted(struct mt_listening *from, int fd)
{
    struct mt_proxy_thread *w = from->thread;
    struct mt_link *l = new_link(w, fd);
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
    l->side->conn = ++w->conns;
    note_addresses(l);
    tell_conn(l, false);
    w->clients++;
    w->stats.clients++;
    poll_for(l, UV_READABLE);
    listen_for_tcp(l);
    set_client_deadline(l);
}

/* To any endpoint of the service: another one has a better use for it. */
static bool close_a_free_one(struct mt_mesh *mesh, uint32_t service)
{
    struct mt_pooled_mesh *p = (struct mt_pooled_mesh *)mesh;
    uint32_t n = 2 * mesh->generation->addresses.counts[service];
    for (uint32_t i = 0; i < n; i++)
        for (struct mt_link *l = p->free[service][i]; l != NULL;
             l = l->next_free)
            if (!l->closed && !l->connecting && l->side->idle) {
                mt_link_close(l);
                return true;
            }
    return false;
}

static struct mt_link *new_connection(struct mt_proxy_thread *w,
                                      const struct mt_addr *addr)
{
    struct sockaddr_storage to;
    if (mt_ip_is_none(addr->ip))
        return NULL; /* its name has no address */
    socklen_t n = mt_sockaddr_of(addr, &to);
    int fd =
        socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct mt_link *l = NULL;
    if (fd >= 0 && (connect(fd, (void *)&to, n) == 0 || errno == EINPROGRESS))
        l = new_link(w, fd);
    if (l == NULL && fd >= 0)
        (void)close(fd);
    return l;
}

static bool init_service_side(struct mt_link *l, bool h2, bool tcp)
{
    struct mt_pool *pool = &l->thread->pool;
    if (tcp) {
        mt_tcp_client_init(&l->sides.tcp, pool, &mt_link_owner, l);
        l->side = &l->sides.tcp.side;
        mt_link_keep_alive(l);
        return true;
    }
    bool made = !h2 || mt_h2_client_init(&l->sides.h2, pool, &mt_link_owner, l);
    if (!h2 || !made)
        mt_h1_client_init(&l->sides.h1, pool, &mt_link_owner, l);
    l->side = h2 && made ? &l->sides.h2.side : &l->sides.h1.side;
    if (!made)
        mt_link_close(l);
    return made;
}

/* A call of an older mesh uses the connections of that which is in force.
 * False: there its endpoint is gone. */
static bool find_now(struct mt_proxy_thread *w, struct mt_mesh **mesh,
                     struct mt_place *to)
{
    struct mt_mesh *now = &w->mesh->mesh;
    bool found =
        *mesh == now ||
        mt_generation_find(now->generation, (*mesh)->generation, *to, to);
    if (found)
        *mesh = now;
    return found;
}

/* One that is being made, for several requests at once. */
static struct mt_link *being_made(struct mt_mesh *mesh, struct mt_place to)
{
    struct mt_link *l = *free_list(mesh, to, true);
    while (l != NULL &&
           (!l->connecting || l->waiting_count >= MT_H2_STREAMS_MAX))
        l = l->next_free;
    return l;
}

bool mt_link_connect(struct mt_proxy_thread *w, struct mt_call_wait *wait,
                     struct mt_mesh *mesh, struct mt_place to, bool h2,
                     bool *full)
{
    (void)find_now(w, &mesh, &to);
    struct mt_link *making = h2 ? being_made(mesh, to) : NULL;
    if (making != NULL) {
        enter_waiting(making, wait);
        return true;
    }
    const struct mt_policy_service *s = mesh->policy->services[to.service];
    struct mt_service_state *state = &mesh->state->services[to.service];
    *full = !mt_limit_take(state, MT_LIMIT_CONNECTIONS, &s->limits) &&
            !(close_a_free_one(mesh, to.service) &&
              mt_limit_take(state, MT_LIMIT_CONNECTIONS, &s->limits));
    if (*full)
        return false;
    struct mt_link *l =
        new_connection(w, &mesh->addresses[to.service][to.endpoint]);
    if (l == NULL || !init_service_side(l, h2, wait->tcp)) {
        mt_limit_give(state, MT_LIMIT_CONNECTIONS);
        return false;
    }
    l->counted = true;
    set_place(l, mesh, to);
    l->h2 = h2;
    l->connecting = true;
    enter_waiting(l, wait);
    if (h2)
        enter_free(l);
    poll_for(l, UV_WRITABLE);
    return true;
}

void mt_link_cancel(struct mt_call_wait *wait)
{
    struct mt_link *l = wait->on;
    leave_waiting(wait);
    if (l->waiting != NULL)
        return;
    l->connecting = false;
    mt_link_close(l);
}

struct mt_side *mt_link_take(struct mt_proxy_thread *w, struct mt_mesh *mesh,
                             struct mt_place to, bool h2)
{
    if (!find_now(w, &mesh, &to))
        return NULL;
    struct mt_link **first = free_list(mesh, to, h2);
    struct mt_link *l = *first;
    while (l != NULL && !l->connecting &&
           (l->closed || l->side->closing || !l->side->takes)) {
        leave_free(l);
        l = *first;
    }
    while (l != NULL && (l->connecting || !l->side->takes))
        l = l->next_free;
    return l != NULL ? l->side : NULL;
}

/* A client's that came with a request which was not read yet is not idle. */
/* Connections are counted for all threads together: one that rests here may be
 * what a request in another thread waits for. */
static bool is_missed(const struct mt_link *l)
{
    const struct mt_policy_limits *most =
        &l->mesh->policy->services[l->place.service]->limits;
    const struct mt_service_use *use =
        l->mesh->state->services[l->place.service].use;
    return atomic_load_explicit(&use->used[MT_LIMIT_PENDING],
                                memory_order_relaxed) > 0 &&
           atomic_load_explicit(&use->used[MT_LIMIT_CONNECTIONS],
                                memory_order_relaxed) >= most->connections;
}

void mt_links_give_way(struct mt_proxy_thread *w)
{
    for (struct mt_link *l = w->links; l != NULL; l = l->next)
        if (!l->client && !l->closed && !l->connecting && !l->lingering &&
            l->side->idle && is_missed(l))
            mt_link_close(l);
}

void mt_links_drain(struct mt_proxy_thread *w)
{
    for (struct mt_link *l = w->links; l != NULL; l = l->next) {
        if (l->closed || l->connecting || l->lingering ||
            (l->client ? l->from->open : !w->draining))
            continue;
        if (l->client && l->side->idle)
            read_link(l);
        if (!l->closed)
            l->side->ops->drain(l->side);
    }
}

/* One that is being made for calls of the mesh before stays with it; it is
 * looked at when it is there. */
static void move_list(struct mt_link *first)
{
    for (struct mt_link *l = first, *next; l != NULL; l = next) {
        next = l->next_free;
        if (l->closed || move(l) || l->connecting)
            continue;
        leave_free(l);
        l->side->ops->drain(l->side);
    }
}

void mt_links_move(struct mt_pooled_mesh *before)
{
    const struct mt_mesh *m = &before->mesh;
    for (uint32_t i = 0; i < m->policy->services_count; i++)
        for (uint32_t k = 0; k < 2 * m->balancers[i].count; k++)
            move_list(before->free[i][k]);
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
