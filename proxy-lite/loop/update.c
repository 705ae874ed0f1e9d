/* What comes into force while a thread runs: meshes and listeners. */
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy-lite/loop/service_link.h"

/* ---- a mesh with its connections ---- */

static void free_mesh(struct mt_mesh *m)
{
    struct mt_pooled_mesh *p = (struct mt_pooled_mesh *)m;
    for (uint32_t i = 0; p->free != NULL && i < m->policy->services_count; i++)
        free(p->free[i]);
    free(p->free);
    mt_mesh_deinit(m);
    free(p);
}

struct mt_pooled_mesh *mt_pooled_mesh_new(struct mt_generation *g)
{
    struct mt_pooled_mesh *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    bool ok = mt_mesh_init(&p->mesh, g, free_mesh);
    p->free = calloc(g->policy->services_count + 1u, sizeof *p->free);
    for (uint32_t i = 0; ok && p->free != NULL && i < g->policy->services_count;
         i++) {
        p->free[i] =
            calloc(2 * g->addresses.counts[i] + 1u, sizeof *p->free[i]);
        ok = p->free[i] != NULL;
    }
    if (ok && p->free != NULL)
        return p;
    free_mesh(&p->mesh);
    return NULL;
}

/* ---- updates ---- */

struct mt_proxy_update *
mt_proxy_update_new(struct mt_generation *g,
                    const struct mt_proxy_thread_listener *listeners,
                    uint32_t count)
{
    struct mt_proxy_update *u =
        calloc(1, sizeof *u + count * sizeof u->listeners[0]);
    if (u == NULL)
        return NULL;
    u->mesh = mt_pooled_mesh_new(g);
    u->count = count;
    bool ok = u->mesh != NULL;
    for (uint32_t i = 0; i < count; i++) {
        u->listeners[i].is = listeners[i];
        if (!ok || listeners[i].fd < 0)
            continue;
        u->listeners[i].new = calloc(1, sizeof *u->listeners[i].new);
        ok = u->listeners[i].new != NULL;
    }
    if (ok)
        return u;
    mt_proxy_update_free(u);
    return NULL;
}

void mt_proxy_update_free(struct mt_proxy_update *u)
{
    if (u == NULL)
        return;
    for (uint32_t i = 0; i < u->count; i++)
        free(u->listeners[i].new);
    if (u->mesh != NULL)
        free_mesh(&u->mesh->mesh);
    free(u);
}

static struct mt_listening *find(struct mt_proxy_thread *w, uint64_t number)
{
    struct mt_listening *l = w->listening;
    while (l != NULL && l->number != number)
        l = l->next;
    return l;
}

static bool has(const struct mt_proxy_update *u, uint64_t number)
{
    for (uint32_t i = 0; i < u->count; i++)
        if (u->listeners[i].is.number == number)
            return true;
    return false;
}

static void close_others(struct mt_proxy_thread *w,
                         const struct mt_proxy_update *u)
{
    struct mt_listening *next;
    for (struct mt_listening *l = w->listening; l != NULL; l = next) {
        next = l->next;
        if (!has(u, l->number))
            mt_listening_close(l);
    }
}

static bool open_new(struct mt_proxy_thread *w, struct mt_proxy_update *u)
{
    bool ok = true;
    for (uint32_t i = 0; i < u->count; i++) {
        struct mt_listening *l = u->listeners[i].new;
        if (l == NULL)
            continue;
        u->listeners[i].new = NULL;
        l->fd = u->listeners[i].is.fd;
        l->number = u->listeners[i].is.number;
        if (!mt_listening_open(l, w)) {
            ok = false;
            (void)close(l->fd);
            free(l);
        }
    }
    return ok;
}

bool mt_proxy_thread_adopt(struct mt_proxy_thread *w, struct mt_proxy_update *u)
{
    struct mt_pooled_mesh *before = w->mesh;
    struct mt_mesh *mesh = mt_mesh_take(&u->mesh->mesh);
    w->mesh = u->mesh;
    u->mesh = NULL;
    mt_mesh_begin(mesh, before != NULL ? &before->mesh : NULL, w->host.now_ns,
                  &w->host.random);
    close_others(w, u);
    bool ok = open_new(w, u);
    for (uint32_t i = 0; i < u->count; i++) {
        struct mt_listening *l = find(w, u->listeners[i].is.number);
        if (l != NULL)
            mt_listening_set(l, mesh, u->listeners[i].is.index);
    }
    if (before != NULL) {
        mt_links_move(before);
        mt_links_drain(w);
        mt_mesh_give(&before->mesh);
    }
    mt_proxy_update_free(u);
    return ok;
}

void mt_proxy_update_drop(struct mt_proxy_update *u)
{
    for (uint32_t i = 0; i < u->count; i++)
        if (u->listeners[i].new != NULL)
            (void)close(u->listeners[i].is.fd);
    mt_proxy_update_free(u);
}

void mt_proxy_thread_give(struct mt_proxy_thread *w, struct mt_proxy_update *u)
{
    u->next = atomic_load(&w->updates);
    while (!atomic_compare_exchange_weak(&w->updates, &u->next, u))
        ;
    (void)uv_async_send(&w->wake);
}

void mt_proxy_thread_adopt_given(struct mt_proxy_thread *w)
{
    struct mt_proxy_update *newest = atomic_exchange(&w->updates, NULL);
    struct mt_proxy_update *u = NULL, *next;
    for (; newest != NULL; newest = next) { /* the oldest first */
        next = newest->next;
        newest->next = u;
        u = newest;
    }
    for (; u != NULL; u = next) {
        next = u->next;
        if (w->draining)
            mt_proxy_update_drop(u);
        else
            (void)mt_proxy_thread_adopt(w, u);
    }
}
