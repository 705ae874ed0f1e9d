/* The mesh of a running proxy, made anew: on SIGHUP, when its file changes, and
 * when a name gets other addresses. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/clock.h"
#include "cli/file_watch.h"
#include "cli/proxy_impl.h"
#include "cli/proxy_mesh.h"
#include "cli/say.h"
#include "cli/signals.h"

enum { JOIN_S = 2, CHANGES_BYTES = 1024 };

enum made { MADE, NOTHING, NO_MEMORY };

#define QUIET_NS INT64_C(100000000) /* an editor has done with it */
#define QUIET_MAX_NS INT64_C(1000000000)

struct mt_proxy_reload {
    struct mt_proxy *proxy;
    pthread_t id;
    int stop, hangups;
    struct mt_file_watch watch;
    struct stat file; /* as it was then */
    char *text;       /* read last, right or wrong; NULL: there is no file */
    size_t length;
    int64_t resolve_ns; /* when names are resolved again, steady clock */
    int64_t changed_ns; /* 0: the file has not changed; else since when */
    int64_t quiet_ns;   /* then it is read */
    atomic_bool stopped;
};

static bool is_stopped(void *arg)
{
    struct mt_proxy_reload *r = arg;
    return atomic_load(&r->stopped);
}

static void plan_resolve(struct mt_proxy_reload *r)
{
    r->resolve_ns = mt_steady_ns() + r->proxy->now->policy->resolve_ns;
}

/* ---- what has changed, in one line ---- */

struct line {
    struct mt_buf buf;
    bool begun; /* a list that is being written */
};

static void put_one(struct line *l, const char *before, struct mt_span name)
{
    enum { KEEP = 48 }; /* room for the end of the line */
    if (l->buf.len + name.len + KEEP > l->buf.cap) {
        if (!l->buf.full && l->begun)
            mt_put_str(&l->buf, " ...");
        l->buf.full = true;
        return;
    }
    mt_put_str(&l->buf, l->begun ? ", " : before);
    mt_put_span(&l->buf, name);
    l->begun = true;
}

/* Services of `now` that `then` has not. */
static void put_services(struct line *l, const char *before,
                         const struct mt_policy *now,
                         const struct mt_policy *then)
{
    l->begun = false;
    for (uint32_t i = 0; i < now->services_count; i++)
        if (mt_policy_find_service(then, now->services[i]->name) == NULL)
            put_one(l, before, now->services[i]->name);
}

static void put_listeners(struct line *l, const char *before,
                          const struct mt_proxy_sockets *now,
                          const struct mt_proxy_sockets *then)
{
    l->begun = false;
    for (uint32_t i = 0; i < now->count; i++) {
        const struct mt_proxy_socket *s = &now->list[i];
        char place[MT_PROXY_PLACE_BYTES];
        if (mt_proxy_sockets_find(then, s->ip, s->port) == NULL)
            put_one(l, before,
                    mt_span_str(mt_proxy_place(place, s->ip, s->port)));
    }
}

/* "3 services, 5 routes; closed 127.0.0.1:8081" */
static void describe(const struct mt_proxy *x, const struct mt_policy *next,
                     const struct mt_proxy_sockets *sockets,
                     char text[CHANGES_BYTES])
{
    const struct mt_policy *now = x->now->policy;
    struct line l = {.buf = mt_buf_of(text, CHANGES_BYTES - 1)};
    mt_put_decimal(&l.buf, next->services_count);
    mt_put_str(&l.buf,
               next->services_count == 1 ? " service, " : " services, ");
    mt_put_decimal(&l.buf, next->routes_count);
    mt_put_str(&l.buf, next->routes_count == 1 ? " route" : " routes");
    put_services(&l, "; new: ", next, now);
    put_services(&l, "; gone: ", now, next);
    put_listeners(&l, "; listener opened: ", sockets, &x->sockets);
    put_listeners(&l, "; listener closed: ", &x->sockets, sockets);
    text[l.buf.len] = '\0';
}

/* ---- another mesh ---- */

static void say_kept(const struct mt_proxy *x, const char *why)
{
    mt_say(x->source->label, "%sthe running mesh is kept", why);
}

/* Takes the generation. changes: what to say of it, or NULL. */
static bool change_to(struct mt_proxy *x, struct mt_generation *next,
                      char *changes)
{
    struct mt_proxy_sockets sockets;
    if (!mt_proxy_sockets_open(&sockets, next->policy, x->threads,
                               &x->sockets)) {
        mt_generation_give(next);
        say_kept(x, "");
        return false;
    }
    if (changes != NULL)
        describe(x, next->policy, &sockets, changes);
    if (mt_proxy_apply(x, next, &sockets))
        return true;
    mt_proxy_sockets_close(&sockets, x->threads);
    mt_generation_give(next);
    say_kept(x, "no memory for it; ");
    return false;
}

/* A generation of this policy, which is taken, or NULL: of the one that runs,
 * where its addresses are others now. NULL: *made says why. */
static struct mt_generation *make(struct mt_proxy_reload *r,
                                  struct mt_policy *p, enum made *made)
{
    struct mt_proxy *x = r->proxy;
    struct mt_addresses addresses;
    struct mt_generation *next = NULL;
    *made = NOTHING;
    if (!mt_proxy_names_resolve(&x->names, p != NULL ? p : x->now->policy,
                                p != NULL ? MT_NAMES_NEW : MT_NAMES_ALL,
                                &addresses)) {
        mt_policy_free(p);
        *made = is_stopped(r) ? NOTHING : NO_MEMORY;
        return NULL;
    }
    if (is_stopped(r) ||
        (p == NULL && mt_addresses_equal(&addresses, &x->now->addresses))) {
        mt_addresses_deinit(&addresses);
        mt_policy_free(p);
        return NULL;
    }
    next = p != NULL ? mt_generation_new(p, &addresses, x->now)
                     : mt_generation_readdressed(x->now, &addresses);
    if (next == NULL) {
        mt_addresses_deinit(&addresses);
        mt_policy_free(p);
    }
    *made = next != NULL ? MADE : NO_MEMORY;
    return next;
}

/* Takes the policy. */
static void take_policy(struct mt_proxy_reload *r, struct mt_policy *p)
{
    struct mt_proxy *x = r->proxy;
    char changes[CHANGES_BYTES];
    enum made made;
    struct mt_generation *next = make(r, p, &made);
    if (made == NO_MEMORY)
        say_kept(x, "no memory for it; ");
    if (made != MADE || !change_to(x, next, changes))
        return;
    mt_say(x->source->label, "reloaded: %s", changes);
    mt_proxy_names_sweep(&x->names);
    plan_resolve(r);
}

static void resolve_again(struct mt_proxy_reload *r)
{
    enum made made;
    struct mt_generation *next = make(r, NULL, &made);
    if (made == NO_MEMORY)
        say_kept(r->proxy, "no memory for other addresses; ");
    if (made == MADE)
        (void)change_to(r->proxy, next, NULL);
    plan_resolve(r);
}

/* ---- the file ---- */

/* Takes the text. False: it is what was read last. */
static bool is_new(struct mt_proxy_reload *r, char *text, size_t length)
{
    if (length == r->length && memcmp(text, r->text, length) == 0) {
        free(text);
        return false;
    }
    free(r->text);
    r->text = text;
    r->length = length;
    return true;
}

/* As far as the file system tells. */
static bool is_touched(struct mt_proxy_reload *r)
{
    struct stat now = {.st_size = -1};
    (void)stat(r->proxy->o->config, &now);
    bool same = now.st_size == r->file.st_size &&
                now.st_dev == r->file.st_dev && now.st_ino == r->file.st_ino &&
                now.st_mtim.tv_sec == r->file.st_mtim.tv_sec &&
                now.st_mtim.tv_nsec == r->file.st_mtim.tv_nsec;
    r->file = now;
    return !same;
}

/* asked: by a signal, so that there is an answer. */
static void read_again(struct mt_proxy_reload *r, bool asked)
{
    struct mt_proxy *x = r->proxy;
    size_t length;
    r->changed_ns = 0;
    if (!is_touched(r) && !asked)
        return;
    char *text = mt_proxy_mesh_text(x->o->config, &length);
    if (text == NULL) {
        say_kept(x, "");
        return;
    }
    if (!is_new(r, text, length) && !asked)
        return;
    struct mt_policy *p = mt_proxy_mesh_read(
        x->o->config, (struct mt_span){(const uint8_t *)r->text, r->length});
    if (p == NULL) {
        say_kept(x, "");
        return;
    }
    mt_proxy_mesh_warn(x->source->label, p);
    take_policy(r, p);
}

static void on_hangup(struct mt_proxy_reload *r)
{
    uint64_t times;
    if (read(r->hangups, &times, sizeof times) < 0)
        return;
    mt_access_log_reopen(r->proxy->log);
    if (r->text != NULL)
        read_again(r, true);
    else
        mt_say("SIGHUP",
               "the mesh is no file that could be read again; its names are "
               "resolved anew, and for another mesh it is started again");
    r->resolve_ns = mt_steady_ns();
}

/* ---- the thread ---- */

static void note_change(struct mt_proxy_reload *r)
{
    if (!mt_file_watch_read(&r->watch))
        return;
    int64_t now = mt_steady_ns();
    if (r->changed_ns == 0)
        r->changed_ns = now;
    r->quiet_ns = now + QUIET_NS;
    if (r->quiet_ns > r->changed_ns + QUIET_MAX_NS)
        r->quiet_ns = r->changed_ns + QUIET_MAX_NS;
}

static int wait_ms(const struct mt_proxy_reload *r)
{
    int64_t next = r->resolve_ns, now = mt_steady_ns();
    if (r->changed_ns != 0 && r->quiet_ns < next)
        next = r->quiet_ns;
    int64_t ms = (next - now) / 1000000 + 1;
    return ms < 0 ? 0 : ms > 60000 ? 60000 : (int)ms;
}

static void *watch(void *arg)
{
    struct mt_proxy_reload *r = arg;
    struct pollfd fds[] = {{.fd = r->stop, .events = POLLIN},
                           {.fd = r->hangups, .events = POLLIN},
                           {.fd = r->watch.fd, .events = POLLIN}};
    (void)pthread_setname_np(pthread_self(), "mesh");
    while (!is_stopped(r)) {
        if (poll(fds, sizeof fds / sizeof fds[0], wait_ms(r)) < 0)
            continue;
        note_change(r);
        if ((fds[1].revents & POLLIN) != 0)
            on_hangup(r);
        int64_t now = mt_steady_ns();
        if (r->changed_ns != 0 && now >= r->quiet_ns)
            read_again(r, false);
        if (now >= r->resolve_ns)
            resolve_again(r);
    }
    return NULL;
}

static void free_reload(struct mt_proxy_reload *r)
{
    if (r->stop >= 0)
        (void)close(r->stop);
    mt_file_watch_close(&r->watch);
    free(r->text);
    free(r);
}

/* False: no memory. */
static bool watch_file(struct mt_proxy_reload *r)
{
    const struct mt_proxy_source *source = r->proxy->source;
    const char *path = r->proxy->o->config;
    struct stat file;
    if (source->text == NULL || strcmp(path, "-") == 0 ||
        stat(path, &file) != 0 || !S_ISREG(file.st_mode))
        return true;
    r->text = malloc(source->length + 1);
    if (r->text == NULL)
        return false;
    memcpy(r->text, source->text, source->length);
    r->length = source->length;
    int rc = mt_file_watch_open(&r->watch, path);
    if (rc != 0)
        mt_warn(source->label,
                "%s: changes of it are not seen; send SIGHUP after one",
                strerror(-rc));
    /* it may have changed since it was read */
    r->changed_ns = mt_steady_ns();
    r->quiet_ns = r->changed_ns + QUIET_NS;
    return true;
}

struct mt_proxy_reload *mt_proxy_reload_start(struct mt_proxy *x)
{
    struct mt_proxy_reload *r = calloc(1, sizeof *r);
    if (r == NULL) {
        mt_say(NULL, "no memory");
        return NULL;
    }
    r->proxy = x;
    r->watch.fd = -1;
    r->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r->hangups = mt_signals_hangups();
    x->names.stopped = is_stopped;
    x->names.arg = r;
    plan_resolve(r);
    if (r->stop >= 0 && r->hangups >= 0 && watch_file(r) &&
        pthread_create(&r->id, NULL, watch, r) == 0)
        return r;
    mt_say(NULL, "no thread or descriptor to look after the mesh");
    free_reload(r);
    return NULL;
}

void mt_proxy_reload_stop(struct mt_proxy_reload *r)
{
    const uint64_t one = 1;
    atomic_store(&r->stopped, true);
    if (write(r->stop, &one, sizeof one) < 0)
        return; /* it is readable */
}

bool mt_proxy_reload_join(struct mt_proxy_reload *r)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += JOIN_S;
    if (pthread_timedjoin_np(r->id, NULL, &until) != 0)
        return false;
    r->proxy->names.stopped = NULL;
    free_reload(r);
    return true;
}
