/* Connections to services: made, shared by requests, kept for a while when
 * nobody uses them, given up for others, and moved to the mesh in force. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text_addr.h"
#include "proxy-lite/loop/service_link.h"
#include "proxy-lite/loop/sockaddr.h"

#define IDLE_MAX_NS INT64_C(90000000000)

/* ---- those that take another request ---- */

static struct mt_link **free_list(struct mt_mesh *mesh, struct mt_place at,
                                  bool h2)
{
    struct mt_pooled_mesh *p = (struct mt_pooled_mesh *)mesh;
    return &p->free[at.service][at.endpoint * 2 + h2];
}

void mt_service_link_leave(struct mt_link *l)
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

/* ---- whose they are ---- */

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
    mt_service_link_leave(l);
    set_place(l, now, to);
    if (was_free)
        enter_free(l);
    mt_mesh_give(before);
    return true;
}

/* It takes another request, if there may be one to its endpoint. */
void mt_service_link_offer(struct mt_link *l)
{
    if (l->thread->draining || !move(l))
        l->side->ops->drain(l->side);
    else
        enter_free(l);
}

/* ---- who waits for one that is being made ---- */

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

void mt_service_link_made(struct mt_link *l)
{
    struct mt_call_wait *wait;
    int error = 0;
    socklen_t n = sizeof error;
    if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
        error = errno;
    l->connecting = false;
    mt_service_link_leave(l);
    if (error != 0) {
        mt_link_close(l);
        while ((wait = l->waiting) != NULL) {
            leave_waiting(wait);
            mt_call_not_connected(wait->call, error == ETIMEDOUT);
        }
        return;
    }
    mt_link_begun(l, &l->to);
    l->thread->stats.connects++;
    mt_link_poll_for(l, UV_READABLE);
    tell_connected(l);
    if (l->side->takes)
        mt_service_link_offer(l); /* to other requests */
    mt_link_mark(l);
}

/* ---- making one ---- */

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
        l = mt_link_new(w, fd);
    if (l != NULL)
        l->to = *addr;
    else if (fd >= 0)
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
    mt_link_poll_for(l, UV_WRITABLE);
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

/* ---- using one, or none any more ---- */

struct mt_side *mt_link_take(struct mt_proxy_thread *w, struct mt_mesh *mesh,
                             struct mt_place to, bool h2)
{
    if (!find_now(w, &mesh, &to))
        return NULL;
    struct mt_link **first = free_list(mesh, to, h2);
    struct mt_link *l = *first;
    while (l != NULL && !l->connecting &&
           (l->closed || l->side->closing || !l->side->takes)) {
        mt_service_link_leave(l);
        l = *first;
    }
    while (l != NULL && (l->connecting || !l->side->takes))
        l = l->next_free;
    return l != NULL ? l->side : NULL;
}

/* A connection to a service that nobody uses. */
void mt_service_link_rest(struct mt_link *l)
{
    struct mt_proxy_thread *w = l->thread;
    if (l->side->idle == l->resting)
        return;
    l->resting = l->side->idle;
    if (l->resting)
        mt_deadline_set(&w->host.wheel, &l->deadline,
                        w->host.now_ns + IDLE_MAX_NS);
    else
        mt_deadline_clear(&l->deadline);
}

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

/* One that is being made for calls of the mesh before stays with it; it is
 * looked at when it is there. */
static void move_list(struct mt_link *first)
{
    for (struct mt_link *l = first, *next; l != NULL; l = next) {
        next = l->next_free;
        if (l->closed || move(l) || l->connecting)
            continue;
        mt_service_link_leave(l);
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
