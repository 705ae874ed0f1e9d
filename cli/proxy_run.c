#include "cli/proxy_run.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text_addr.h"
#include "cli/clock.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "cli/writing.h"
#include "proxy-lite/loop/sockaddr.h"
#include "proxy-lite/loop/thread.h"

enum {
    BACKLOG = 4096,
    LISTENERS_MAX = 64,
    PLACE_BYTES = 64,
    ADDRESSES_MAX = 64, /* of a name */
};

struct running {
    const struct mt_options *o;
    const struct mt_policy *policy;
    struct mt_policy_state *state;
    struct mt_addr **endpoints; /* [service][endpoint] */
    uint32_t *counts;           /* of endpoints, by service */
    struct mt_proxy_thread_listener listeners[LISTENERS_MAX];
    uint32_t listeners_count;
    struct mt_recorder *recorder; /* NULL: nothing is recorded */
    struct mt_proxy_thread *thread;
    bool deaf; /* the proxy's thread: the database cannot be written */
};

/* ---- addresses ---- */

static void put_place(char *place, const uint8_t ip[16], uint16_t port)
{
    struct mt_buf b = mt_buf_of(place, PLACE_BYTES - 1);
    mt_put_ip_port(&b, ip, port);
    place[b.len] = '\0';
}

/* A name's addresses: all of them for a service that wants every address, else
 * one, IPv4 first, as most services listen there. Returns how many. */
static uint32_t take_addresses(const struct addrinfo *found, bool every,
                               uint16_t port, struct mt_addr *out)
{
    uint32_t n = 0;
    for (int family = AF_INET; family != 0;
         family = family == AF_INET ? AF_INET6 : 0)
        for (const struct addrinfo *a = found; a != NULL; a = a->ai_next)
            if (a->ai_family == family && n < (every ? ADDRESSES_MAX : 1u)) {
                out[n] = mt_addr_of(a->ai_addr);
                out[n++].port = port;
            }
    return n;
}

/* Without an address there is an endpoint all the same: requests to it fail,
 * and say so. */
static uint32_t resolve(const struct mt_policy_endpoint *e, bool every,
                        struct mt_addr *out)
{
    char name[256];
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM};
    *out = (struct mt_addr){.port = e->port};
    memcpy(out->ip, e->ip, sizeof out->ip);
    if (!mt_ip_is_none(e->ip))
        return 1;
    struct mt_buf b = mt_buf_of(name, sizeof name - 1);
    mt_put_span(&b, e->host);
    name[b.len] = '\0';
    int rc = b.full ? EAI_NONAME : getaddrinfo(name, NULL, &hints, &found);
    if (rc != 0) {
        mt_warn(name,
                "%s; requests to it fail until the proxy is started again",
                gai_strerror(rc));
        return 1;
    }
    uint32_t n = take_addresses(found, every, e->port, out);
    freeaddrinfo(found);
    return n > 0 ? n : 1;
}

static bool resolve_service(struct running *r, uint32_t index)
{
    const struct mt_policy_service *s = r->policy->services[index];
    size_t room = s->every_address ? ADDRESSES_MAX : s->endpoints_count;
    struct mt_addr *addresses = calloc(room + 1, sizeof *addresses);
    r->endpoints[index] = addresses;
    if (addresses == NULL)
        return false;
    for (uint32_t n = 0; n < s->endpoints_count; n++)
        r->counts[index] += resolve(&s->endpoints[n], s->every_address,
                                    addresses + r->counts[index]);
    return true;
}

static bool resolve_all(struct running *r)
{
    uint32_t n = r->policy->services_count;
    r->endpoints = calloc(n + 1, sizeof *r->endpoints);
    r->counts = calloc(n + 1, sizeof *r->counts);
    bool ok = r->endpoints != NULL && r->counts != NULL;
    for (uint32_t i = 0; ok && i < n; i++)
        ok = resolve_service(r, i);
    if (ok)
        r->state = mt_policy_state_new(r->policy, r->counts);
    if (r->state == NULL)
        mt_say(NULL, "no memory for the mesh");
    return r->state != NULL;
}

/* What a mesh may ask for and this proxy does not do yet is refused. */
static bool is_able(const struct mt_policy *p, bool from_file)
{
    for (uint32_t i = 0; i < p->services_count; i++)
        if (p->services[i]->protocol == MT_POLICY_PROTOCOL_H2) {
            mt_say(NULL,
                   "service %.*s: protocol h2 does not work yet; leave "
                   "it out where the service speaks HTTP/1, too",
                   (int)p->services[i]->name.len, p->services[i]->name.ptr);
            return false;
        }
    for (uint32_t i = 0; from_file && i < p->listeners_count; i++)
        if (p->listeners[i]->tcp != MT_POLICY_NONE) {
            mt_say(NULL, "listener %.*s: tcp does not work yet; leave it out",
                   (int)p->listeners[i]->name.len, p->listeners[i]->name.ptr);
            return false;
        }
    return true;
}

/* ---- listeners ---- */

static int listen_on(const struct mt_policy_listener *l)
{
    char place[PLACE_BYTES];
    int on = 1, off = 0;
    struct mt_addr addr = {.port = l->port};
    struct sockaddr_storage to;
    memcpy(addr.ip, l->ip, sizeof addr.ip);
    socklen_t n = mt_sockaddr_of(&addr, &to);
    put_place(place, l->ip, l->port);
    int fd =
        socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (to.ss_family == AF_INET6)
            (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (fd >= 0 && bind(fd, (void *)&to, n) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    mt_say(place, "%s; %s", strerror(why),
           why == EADDRINUSE ? "another program listens there: `ss -ltnp` "
                               "names it"
           : why == EACCES   ? "ports below 1024 are root's, or "
                               "CAP_NET_BIND_SERVICE's"
                             : "choose an address of this machine");
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static bool open_listeners(struct running *r)
{
    const struct mt_policy *p = r->policy;
    if (p->listeners_count > LISTENERS_MAX) {
        mt_say(NULL, "at most %d listeners", LISTENERS_MAX);
        return false;
    }
    for (uint32_t i = 0; i < p->listeners_count; i++) {
        int fd = listen_on(p->listeners[i]);
        if (fd < 0)
            return false;
        r->listeners[r->listeners_count++] =
            (struct mt_proxy_thread_listener){.fd = fd, .index = i};
    }
    return true;
}

/* ---- what the thread tells ---- */

/* What cannot be recorded is no reason not to proxy. */
static bool records(struct running *r)
{
    return r->recorder != NULL && !r->deaf;
}

static void go_deaf(struct running *r)
{
    r->deaf = true;
    mt_warn(r->o->write, "nothing more is recorded; it goes on proxying");
}

static void on_row(void *arg, const struct mt_exchange *x)
{
    struct running *r = arg;
    if (records(r) && !mt_recorder_exchange(r->recorder, x))
        go_deaf(r);
}

static void on_conn(void *arg, const struct mt_proxy_thread_conn *c)
{
    struct running *r = arg;
    const struct mt_writer_conn conn = {.conn = c->conn,
                                        .client = c->client,
                                        .server = c->server,
                                        .ns = mt_wall_ns(),
                                        .ended = c->ended};
    if (records(r) && !mt_recorder_conn(r->recorder, &conn))
        go_deaf(r);
}

/* What the database was too late for is in it a second later. */
static void on_second(void *arg)
{
    struct running *r = arg;
    uint64_t totals[MT_LOSS_COUNT] = {0};
    if (!records(r))
        return;
    struct mt_recorder_drops drops = mt_recorder_drops(r->recorder);
    totals[MT_LOSS_RING] = drops.exchanges;
    totals[MT_LOSS_REPORT] = drops.reports;
    if (!mt_recorder_losses(r->recorder, totals, 0, mt_wall_ns()))
        go_deaf(r);
}

/* As many connections as this user may have. */
static void raise_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

/* ---- life ---- */

static int open_recorder(struct running *r)
{
    struct mt_writer_options w = mt_writing_options(r->o);
    if (r->o->write == NULL)
        return 0;
    w.kind = MT_WRITER_PROXY;
    int rc = mt_recorder_open(&r->recorder, r->o->write, &w);
    if (rc != 0)
        mt_say(r->o->write, "%s", mt_store_strerror(rc));
    return rc;
}

static bool open_thread(struct running *r)
{
    const struct mt_proxy_thread_options options = {
        .policy = r->policy,
        .state = r->state,
        .endpoints = (const struct mt_addr *const *)r->endpoints,
        .listeners = r->listeners,
        .listeners_count = r->listeners_count,
        .seed = mt_random_u64(),
        .row = on_row,
        .conn = on_conn,
        .second = on_second,
        .arg = r};
    r->thread = mt_proxy_thread_new(&options);
    if (r->thread == NULL)
        mt_say(NULL, "no memory for the proxy, or no descriptors: ulimit -n");
    return r->thread != NULL;
}

static void *work(void *arg)
{
    mt_proxy_thread_run(arg);
    return NULL;
}

static void say_listening(const struct running *r)
{
    for (uint32_t i = 0; i < r->policy->listeners_count; i++) {
        char place[PLACE_BYTES];
        put_place(place, r->policy->listeners[i]->ip,
                  r->policy->listeners[i]->port);
        mt_say(NULL, "proxying on %s", place);
    }
}

static int wait_for_the_end(struct running *r)
{
    pthread_t id;
    mt_signals_catch();
    if (pthread_create(&id, NULL, work, r->thread) != 0) {
        mt_say(NULL, "no thread for the proxy");
        return MT_EXIT_ERROR;
    }
    say_listening(r);
    struct pollfd signal = {.fd = mt_signals_descriptor(), .events = POLLIN};
    while (!mt_interrupted())
        (void)poll(&signal, 1, 500);
    mt_proxy_thread_stop(r->thread);
    (void)pthread_join(id, NULL);
    return MT_EXIT_OK;
}

static int close_all(struct running *r, int rc)
{
    struct mt_feed_result none = {0};
    struct mt_writer_stats written;
    if (r->thread != NULL) {
        struct mt_proxy_thread_stats s = mt_proxy_thread_stats(r->thread);
        mt_say(NULL, "%llu requests of %llu connections",
               (unsigned long long)s.requests, (unsigned long long)s.clients);
        if (s.refused > 0)
            mt_warn(NULL,
                    "%llu connections were refused: too many at once, or no "
                    "memory",
                    (unsigned long long)s.refused);
    }
    mt_proxy_thread_free(r->thread);
    if (r->recorder != NULL &&
        mt_writing_end(r->recorder, r->o->write, &none, &written) != 0)
        rc = MT_EXIT_ERROR;
    for (uint32_t i = 0; i < r->listeners_count; i++)
        (void)close(r->listeners[i].fd);
    mt_policy_state_free(r->state);
    for (uint32_t i = 0; r->endpoints != NULL && i < r->policy->services_count;
         i++)
        free(r->endpoints[i]);
    free(r->endpoints);
    free(r->counts);
    return rc;
}

int mt_proxy_run(const struct mt_options *o, const struct mt_policy *p)
{
    struct running r = {.o = o, .policy = p};
    int rc = MT_EXIT_ERROR;
    if (!is_able(p, o->config != NULL))
        return MT_EXIT_USAGE;
    raise_limit();
    if (resolve_all(&r) && open_listeners(&r) && open_recorder(&r) == 0 &&
        open_thread(&r))
        rc = wait_for_the_end(&r);
    return close_all(&r, rc);
}
