/* Sockets of the demo, and what HTTP makes of their bytes. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "demo/impl.h"

enum { BACKLOG = 256, IOVECS = 16 };

void mt_demo_link_touched(struct mt_demo_link *l)
{
    if (l->dirty || l->closed)
        return;
    l->dirty = true;
    l->next_dirty = l->demo->dirty;
    l->demo->dirty = l;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

bool mt_demo_poll(struct mt_demo *d, struct mt_demo_source *s, int fd,
                  uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = s};
    return epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &e) == 0;
}

static void poll_for(struct mt_demo_link *l, uint32_t mask)
{
    struct epoll_event e = {.events = mask, .data.ptr = &l->source};
    if (l->closed || mask == l->mask)
        return;
    l->mask = mask;
    (void)epoll_ctl(l->demo->epoll_fd, EPOLL_CTL_MOD, l->fd, &e);
}

/* ---- life ---- */

static void leave_idle(struct mt_demo_link *l)
{
    struct mt_demo_link **at = &l->instance->idle[l->h2];
    if (!l->is_idle)
        return;
    while (*at != l)
        at = &(*at)->next_idle;
    *at = l->next_idle;
    l->is_idle = false;
}

/* Closed now, freed at the end of the turn: epoll may have more to say of it.
 */
static void close_link(struct mt_demo_link *l)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    if (l->closed)
        return;
    l->closed = true;
    leave_idle(l);
    if (l->side->abort)
        (void)setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    (void)close(l->fd);
    l->next_dead = l->demo->dead;
    l->demo->dead = l;
}

static void bury(struct mt_demo_link *l)
{
    struct mt_demo *d = l->demo;
    l->side->ops->deinit(l->side);
    if (l->prev != NULL)
        l->prev->next = l->next;
    else
        d->links = l->next;
    if (l->next != NULL)
        l->next->prev = l->prev;
    mt_pool_free(&d->pool, l, sizeof *l);
}

void mt_demo_links_bury(struct mt_demo *d)
{
    while (d->dead != NULL) {
        struct mt_demo_link *l = d->dead;
        d->dead = l->next_dead;
        bury(l);
    }
}

static void break_link(struct mt_demo_link *l)
{
    struct mt_demo_asked *waiting = l->waiting;
    l->waiting = NULL;
    l->side->abort = true;
    if (waiting != NULL)
        mt_demo_asked_failed(waiting);
    else
        l->side->ops->broken(l->side);
    close_link(l);
}

void mt_demo_links_close(struct mt_demo *d)
{
    for (struct mt_demo_link *l = d->links; l != NULL; l = l->next) {
        if (!l->closed && !l->connecting && l->side->idle)
            close_link(l);
        if (!l->closed)
            break_link(l);
    }
    d->dirty = NULL;
}

static void on_ready(struct mt_demo_source *s, uint32_t events);

static bool init_side(struct mt_demo_link *l)
{
    struct mt_pool *pool = &l->demo->pool;
    bool made = true;
    if (l->h2)
        made = l->client
                   ? mt_h2_client_init(&l->as.h2, pool, &mt_demo_owner, l)
                   : mt_h2_server_init(&l->as.h2, pool, &mt_demo_owner, l);
    else if (l->client)
        mt_h1_client_init(&l->as.h1, pool, &mt_demo_owner, l);
    else
        mt_h1_server_init(&l->as.h1, pool, &mt_demo_owner, l);
    l->side = &l->as.side;
    return made;
}

/* Takes fd; NULL: it is closed. */
static struct mt_demo_link *new_link(struct mt_demo_instance *i, int fd,
                                     bool client, bool h2)
{
    struct mt_demo *d = i->demo;
    int on = 1;
    struct mt_demo_link *l = mt_pool_zalloc(&d->pool, sizeof *l);
    uint32_t mask = client ? EPOLLOUT : EPOLLIN;
    if (l == NULL) {
        (void)close(fd);
        return NULL;
    }
    *l = (struct mt_demo_link){.source = {on_ready},
                               .demo = d,
                               .instance = i,
                               .fd = fd,
                               .mask = mask,
                               .client = client,
                               .connecting = client,
                               .h2 = h2};
    if (!init_side(l) || !mt_demo_poll(d, &l->source, fd, mask)) {
        l->side->ops->deinit(l->side);
        mt_pool_free(&d->pool, l, sizeof *l);
        (void)close(fd);
        return NULL;
    }
    l->next = d->links;
    if (d->links != NULL)
        d->links->prev = l;
    d->links = l;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return l;
}

/* ---- bytes ---- */

static void read_link(struct mt_demo_link *l)
{
    struct mt_demo *d = l->demo;
    struct mt_side *side = l->side;
    ssize_t n = sizeof d->buffer;
    while (n == (ssize_t)sizeof d->buffer && !l->closed && !side->paused &&
           !side->closing) {
        n = recv(l->fd, d->buffer, sizeof d->buffer, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n > 0)
            side->ops->feed(side, (struct mt_span){d->buffer, (size_t)n},
                            d->now_ns);
        else if (n == 0)
            side->ops->eof(side);
        else
            side->ops->broken(side);
        l->eof = n == 0;
        mt_demo_link_touched(l);
        mt_demo_links_flush(d);
    }
}

/* False: the connection is broken. */
static bool write_link(struct mt_demo_link *l)
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
        ssize_t n = sendmsg(l->fd, &message, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        mt_outq_sent(&side->out, (size_t)n);
    }
}

static void settle(struct mt_demo_link *l)
{
    struct mt_side *side = l->side;
    side->ops->sent(side, l->demo->now_ns);
    bool reads = !side->paused && !side->closing && !l->eof;
    poll_for(l, (reads ? EPOLLIN : 0) | (side->out.bytes > 0 ? EPOLLOUT : 0));
    if (l->client && side->takes && !side->closing && !l->is_idle) {
        l->is_idle = true;
        l->next_idle = l->instance->idle[l->h2];
        l->instance->idle[l->h2] = l;
    }
}

static void flush(struct mt_demo_link *l)
{
    struct mt_side *side = l->side;
    if (l->closed || l->connecting)
        return;
    if (!write_link(l) || !side->ops->settle(side))
        break_link(l);
    else if (side->out.bytes == 0 && side->closing)
        close_link(l);
    else
        settle(l);
}

void mt_demo_links_flush(struct mt_demo *d)
{
    while (d->dirty != NULL) {
        struct mt_demo_link *l = d->dirty;
        d->dirty = l->next_dirty;
        l->dirty = false;
        flush(l);
    }
}

/* ---- connections to the proxy ---- */

void mt_demo_note_caller(struct mt_demo *d, unsigned service, uint16_t from,
                         uint16_t to)
{
    atomic_store(&d->callers[to == d->ports.inside][from],
                 (uint8_t)(service + 1));
}

/* Who is to be known from its port before its first byte is sent. */
static void note_caller(struct mt_demo_link *l, uint16_t to)
{
    struct sockaddr_in own = {0};
    socklen_t n = sizeof own;
    if (getsockname(l->fd, (void *)&own, &n) == 0)
        mt_demo_note_caller(l->demo, l->instance->service, ntohs(own.sin_port),
                            to);
}

static struct mt_demo_link *connect_link(struct mt_demo_instance *i, bool h2)
{
    const struct mt_demo_ports *p = &i->demo->ports;
    bool shoppers = i->service == MT_DEMO_SHOPPERS;
    struct sockaddr_in to = loopback(shoppers ? p->edge : p->inside);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    if (connect(fd, (void *)&to, sizeof to) != 0 && errno != EINPROGRESS) {
        (void)close(fd);
        return NULL;
    }
    struct mt_demo_link *l = new_link(i, fd, true, h2);
    if (l != NULL)
        note_caller(l, ntohs(to.sin_port));
    return l;
}

struct mt_demo_link *mt_demo_link_for(struct mt_demo_instance *i,
                                      struct mt_demo_asked *asked, bool h2)
{
    struct mt_demo_link *l = i->idle[h2];
    while (l != NULL && (l->side->closing || !l->side->takes)) {
        leave_idle(l);
        l = i->idle[h2];
    }
    if (l != NULL)
        return l;
    l = connect_link(i, h2);
    if (l != NULL)
        l->waiting = asked;
    return l;
}

static void finish_connect(struct mt_demo_link *l)
{
    struct mt_demo_asked *asked = l->waiting;
    int error = 0;
    socklen_t n = sizeof error;
    if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0 || error != 0)
        break_link(l);
    if (l->closed)
        return;
    l->connecting = false;
    l->waiting = NULL;
    mt_demo_asked_on(asked, l);
    mt_demo_link_touched(l);
}

static void on_ready(struct mt_demo_source *s, uint32_t events)
{
    struct mt_demo_link *l = (struct mt_demo_link *)s;
    if (l->closed)
        return;
    if (l->connecting) {
        finish_connect(l);
    } else {
        if ((events & EPOLLOUT) != 0)
            mt_demo_link_touched(l);
        if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
            read_link(l);
        if ((events & (EPOLLHUP | EPOLLERR)) != 0 && !l->closed &&
            (l->side->paused || l->side->closing || l->eof))
            break_link(l); /* nothing is read, so that nobody would see it */
    }
    mt_demo_links_flush(l->demo);
}

/* ---- connections from the proxy ---- */

static void look_at(struct mt_demo_instance *i, bool looks)
{
    struct epoll_event e = {.events = looks ? EPOLLIN : 0,
                            .data.ptr = &i->source};
    i->resting = !looks;
    (void)epoll_ctl(i->demo->epoll_fd, EPOLL_CTL_MOD, i->fd, &e);
}

void mt_demo_rested(struct mt_demo_instance *i)
{
    if (i->resting && i->fd >= 0)
        look_at(i, true);
}

/* Without descriptors a listener stays readable: it is looked at again with
 * the next tick, instead of at once for ever. */
static void on_accept(struct mt_demo_source *s, uint32_t events)
{
    struct mt_demo_instance *i = (struct mt_demo_instance *)s;
    (void)events;
    for (int fd = 0; fd >= 0 && i->fd >= 0;) {
        fd = accept4(i->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            (void)new_link(i, fd, false,
                           mt_demo_speech(i->service) != MT_DEMO_HTTP1);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
            look_at(i, false);
    }
}

int mt_demo_listen(struct mt_demo_instance *i)
{
    int on = 1;
    struct sockaddr_in at = loopback(i->port);
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    i->source.ready = on_accept;
    if (bind(fd, (void *)&at, n) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (void *)&at, &n) != 0 ||
        !mt_demo_poll(i->demo, &i->source, fd, EPOLLIN)) {
        int rc = -errno;
        (void)close(fd);
        return rc;
    }
    i->port = ntohs(at.sin_port);
    i->fd = fd;
    i->resting = false;
    return 0;
}

void mt_demo_kill(struct mt_demo_instance *i)
{
    if (i->fd >= 0)
        (void)close(i->fd);
    i->fd = -1;
    for (struct mt_demo_link *l = i->demo->links; l != NULL; l = l->next)
        if (l->instance == i && !l->closed)
            break_link(l);
}
