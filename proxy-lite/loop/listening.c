/* Sockets that connections come in on. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy-lite/loop/sockaddr.h"
#include "proxy-lite/loop/thread_impl.h"

enum {
    ACCEPTS = 16,        /* in one turn */
    ACCEPTS_LAST = 4096, /* before it is closed */
    CLIENTS_MAX = 32768,
};

#define REST_NS INT64_C(100000000)

static void on_readable(uv_poll_t *poll, int status, int events);

/* See mt_listening_go_on(). */
static void rest(struct mt_proxy_thread *w)
{
    for (struct mt_listening *l = w->listening; l != NULL; l = l->next)
        (void)uv_poll_stop(&l->poll);
    mt_deadline_set(&w->host.wheel, &w->rested, w->host.now_ns + REST_NS);
}

void mt_listening_go_on(void *thread)
{
    struct mt_proxy_thread *w = thread;
    for (struct mt_listening *l = w->listening; l != NULL; l = l->next)
        (void)uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

/* False: no more waits, or there is no room for it. */
static bool accept_one(struct mt_listening *l)
{
    struct mt_proxy_thread *w = l->thread;
    uint32_t most =
        w->options.clients_max > 0 ? w->options.clients_max : CLIENTS_MAX;
    struct sockaddr_storage client = {0};
    socklen_t n = sizeof client;
    int fd = accept4(l->fd, (void *)&client, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
            rest(w);
        return errno == ECONNABORTED || errno == EINTR;
    }
    if (w->clients < most) {
        const struct mt_addr from = mt_addr_of((const void *)&client);
        mt_link_accepted(l, fd, &from);
    } else {
        (void)close(fd);
        w->stats.refused++;
    }
    return true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct mt_listening *l = poll->data;
    struct mt_proxy_thread *w = l->thread;
    (void)status, (void)events;
    mt_proxy_thread_tick(w);
    for (int i = 0; i < ACCEPTS && accept_one(l); i++)
        ;
}

bool mt_listening_open(struct mt_listening *l, struct mt_proxy_thread *w)
{
    if (uv_poll_init_socket(&w->loop, &l->poll, l->fd) != 0)
        return false;
    l->thread = w;
    l->poll.data = l;
    l->open = true;
    l->holders = 1;
    l->next = w->listening;
    w->listening = l;
    (void)uv_poll_start(&l->poll, UV_READABLE, on_readable);
    return true;
}

static void closed(uv_handle_t *handle)
{
    struct mt_listening *l = handle->data;
    (void)close(l->fd);
    mt_listening_give(l);
}

/* Closing it resets who waits: they are taken first. */
void mt_listening_close(struct mt_listening *l)
{
    struct mt_listening **at = &l->thread->listening;
    for (int i = 0; i < ACCEPTS_LAST && accept_one(l); i++)
        ;
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    l->open = false;
    uv_close((uv_handle_t *)&l->poll, closed);
}

void mt_listening_set(struct mt_listening *l, struct mt_mesh *mesh,
                      uint32_t index)
{
    struct mt_mesh *before = l->at.mesh;
    l->at = (struct mt_call_listener){mt_mesh_take(mesh), index};
    if (before != NULL)
        mt_mesh_give(before);
}

void mt_listening_give(struct mt_listening *l)
{
    if (--l->holders > 0)
        return;
    mt_mesh_give(l->at.mesh);
    free(l);
}
