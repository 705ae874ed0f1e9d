#include "cli/demo_mesh.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "cli/proxy_run.h"
#include "cli/say.h"
#include "proxy-lite/config/config.h"

/* Of all services, their connections and the proxy's: some 150 are used. */
enum { FILES_LEAST = 512 };

/* Of a demo that is left on for days. */
#define SIZE_LIMIT_BYTES (UINT64_C(64) << 20)

struct running {
    const struct mt_demo_mesh *mesh;
    struct mt_demo *demo;
    pthread_t thread;
    bool started;      /* the thread is */
    _Atomic bool died; /* it could go no further */
    void (*begun)(void *context);
    void *context;
};

struct mt_demo_shared *mt_demo_shared_new(void)
{
    struct mt_demo_shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return s != MAP_FAILED ? s : NULL;
}

void mt_demo_shared_free(struct mt_demo_shared *s)
{
    if (s != NULL)
        (void)munmap(s, sizeof *s);
}

/* ---- the demo's thread ---- */

static void tick(void *arg, int64_t now_ns)
{
    struct running *r = arg;
    int64_t begin_ns = atomic_load(&r->mesh->shared->begin_ns);
    (void)now_ns;
    if (begin_ns != 0)
        mt_demo_begin(r->demo, begin_ns);
}

static void *run_demo(void *arg)
{
    struct running *r = arg;
    (void)pthread_setname_np(pthread_self(), "demo");
    if (!mt_demo_run(r->demo))
        atomic_store(&r->died, true);
    return NULL;
}

/* ---- the proxy's part ---- */

static void begun(void *context)
{
    struct running *r = context;
    r->begun(r->context);
}

/* No more shoppers; what they asked for is answered before the proxy goes. */
static void ending(void *context)
{
    struct running *r = context;
    if (!r->started)
        return;
    mt_demo_end(r->demo);
    (void)pthread_join(r->thread, NULL);
    r->started = false;
    if (atomic_load(&r->died))
        mt_say(NULL, "the demo's services broke off");
    r->mesh->shared->stats = mt_demo_stats(r->demo);
}

/* Everybody calls from 127.0.0.1: the ports tell who. */
static void row(void *context, struct mt_exchange *x)
{
    const struct running *r = context;
    const char *caller =
        mt_demo_caller(r->demo, x->client.addr.port, x->server.addr.port);
    if (caller == NULL)
        return;
    x->client.service = mt_span_str(caller);
    x->client.name_source = MT_NAME_PROCESS;
}

/* ---- the whole ---- */

static bool has_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return true;
    if (files.rlim_max < FILES_LEAST) {
        mt_say(NULL,
               "the demo needs %d open files, and may have %llu: raise it with "
               "`ulimit -Hn %d`, as root or in a new session",
               FILES_LEAST, (unsigned long long)files.rlim_max, FILES_LEAST);
        return false;
    }
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    return true;
}

static struct mt_policy *read_mesh(const struct mt_demo_ports *ports)
{
    uint8_t text[MT_DEMO_MESH_BYTES];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    struct mt_config_problems problems;
    mt_demo_put_mesh(&b, ports);
    struct mt_policy *p = mt_config_read(mt_buf_span(&b), &problems);
    if (p == NULL)
        mt_say("the demo's mesh", "line %u: %s", problems.list[0].line,
               problems.list[0].text);
    return p;
}

static struct mt_demo *make_demo(struct running *r)
{
    const struct mt_demo_options options = {.seed = r->mesh->seed,
                                            .per_second = r->mesh->per_second,
                                            .run_ns = r->mesh->run_ns,
                                            .tick = tick,
                                            .arg = r};
    struct mt_demo *d = has_files() ? mt_demo_new(&options) : NULL;
    if (d == NULL && errno != 0)
        mt_say("127.0.0.1", "no ports to listen on: %s", strerror(errno));
    return d;
}

/* Takes the policy. */
static int run(struct running *r, const struct mt_options *o,
               struct mt_policy *p)
{
    static const struct mt_proxy_source source = {.label = "the demo's mesh"};
    static const struct mt_proxy_part part = {.ending = ending, .row = row};
    const struct mt_proxy_watch watch = {
        .begun = begun, .context = r, .part = &part};
    r->started = pthread_create(&r->thread, NULL, run_demo, r) == 0;
    if (!r->started) {
        mt_say(NULL, "no thread for the demo's services");
        mt_policy_free(p);
        return MT_EXIT_ERROR;
    }
    int rc = mt_proxy_run(o, p, &source, &watch);
    ending(r); /* where it could not even begin */
    return atomic_load(&r->died) ? MT_EXIT_ERROR : rc;
}

int mt_demo_mesh_work(void *arg, const struct mt_options *o,
                      void (*begin)(void *context), void *context)
{
    const struct mt_demo_mesh *m = arg;
    struct running r = {.mesh = m, .begun = begin, .context = context};
    struct mt_options bounded = *o;
    struct mt_policy *p = NULL;
    int rc = MT_EXIT_ERROR;
    bounded.max_size_bytes = SIZE_LIMIT_BYTES;
    bounded.threads = 1;
    errno = 0;
    if (mt_rights_look_on(m->rights) == 0)
        r.demo = make_demo(&r);
    if (r.demo != NULL)
        p = read_mesh(mt_demo_ports(r.demo));
    if (p != NULL) {
        m->shared->ports = *mt_demo_ports(r.demo);
        rc = run(&r, &bounded, p);
    }
    mt_demo_free(r.demo);
    return rc;
}
