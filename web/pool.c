#include "web/pool.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "web/limits.h"

#define LEAP_NS (INT64_C(1) << 50)
#define HEAVY_NS INT64_C(50000000)

struct worker {
    struct mt_web_pool *pool;
    struct mt_web_handle handle;
    pthread_t thread;
};

struct mt_web_pool {
    const struct mt_web_site *site;
    struct worker workers[MT_WEB_THREADS];
    unsigned running;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t added;
    struct mt_web_job *first, **last;
    unsigned waiting;
    bool end;
};

/* ---- handles ---- */

/* The store looks at its clock to bound a question: once the time for the whole
 * answer is up, it sees the time leap at each look. */
static int64_t bounded_clock(void *arg)
{
    struct mt_web_handle *h = arg;
    int64_t now = h->site->steady(NULL);
    if (now <= h->until_ns)
        return now;
    if (h->leap_ns < INT64_MAX / 4)
        h->leap_ns += LEAP_NS;
    return h->leap_ns;
}

int mt_web_handle_begin(struct mt_web_handle *h)
{
    struct stat st;
    h->until_ns = h->site->steady(NULL) + MT_WEB_QUERY_NS;
    h->leap_ns = 0;
    if (h->store != NULL && h->site->fixed)
        return 0;
    bool there = stat(h->site->db, &st) == 0;
    bool same = there && (uint64_t)st.st_dev == h->device &&
                (uint64_t)st.st_ino == h->inode;
    if (h->store != NULL && same)
        return 0;
    mt_web_handle_close(h);
    int rc = mt_store_open(
        &h->store, h->site->db,
        &(struct mt_store_options){.clock = bounded_clock,
                                   .clock_arg = h,
                                   .cache_kib = MT_WEB_CACHE_KIB});
    if (rc == 0 && there) {
        h->device = (uint64_t)st.st_dev;
        h->inode = (uint64_t)st.st_ino;
    }
    return rc;
}

void mt_web_handle_close(struct mt_web_handle *h)
{
    mt_store_free(h->store);
    h->store = NULL;
}

/* ---- the queue ---- */

bool mt_web_pool_add(struct mt_web_pool *p, struct mt_web_job *job)
{
    (void)pthread_mutex_lock(&p->lock);
    bool room = p->waiting < MT_WEB_QUERIES_MAX && !p->end;
    if (room) {
        job->next = NULL;
        *p->last = job;
        p->last = &job->next;
        p->waiting++;
        (void)pthread_cond_signal(&p->added);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return room;
}

/* NULL: the end. What waits then is answered first. */
static struct mt_web_job *take(struct mt_web_pool *p)
{
    (void)pthread_mutex_lock(&p->lock);
    while (p->first == NULL && !p->end)
        (void)pthread_cond_wait(&p->added, &p->lock);
    struct mt_web_job *job = p->first;
    if (job != NULL) {
        p->first = job->next;
        p->waiting--;
        if (p->first == NULL)
            p->last = &p->first;
    }
    (void)pthread_mutex_unlock(&p->lock);
    return job;
}

/* What took long took much memory: it goes back to the system, not into the
 * holes of this thread's heap. */
static void settle(const struct worker *w, int64_t begun_ns)
{
    if (w->pool->site->steady(NULL) - begun_ns > HEAVY_NS)
        (void)malloc_trim(0);
}

static void answer(struct worker *w, struct mt_web_job *job)
{
    int64_t begun_ns = w->pool->site->steady(NULL);
    int rc = mt_web_handle_begin(&w->handle);
    if (rc == 0) {
        mt_web_answer(w->pool->site, w->handle.store, &job->asked, &job->reply,
                      NULL);
    } else {
        struct mt_web_problem problem;
        mt_web_problem_of_store(&problem, rc);
        mt_web_reply_problem(&job->reply, &problem);
    }
    job->done(job);
    settle(w, begun_ns);
}

static void *run(void *arg)
{
    struct worker *w = arg;
    struct mt_web_job *job;
    (void)pthread_setname_np(pthread_self(), "web answers");
    while ((job = take(w->pool)) != NULL)
        answer(w, job);
    return NULL;
}

/* ---- its life ---- */

int mt_web_pool_open(struct mt_web_pool **out, const struct mt_web_site *site)
{
    struct mt_web_pool *p = calloc(1, sizeof *p);
    int rc = 0;
    *out = p;
    if (p == NULL)
        return MT_STORE_ENOMEM;
    p->site = site;
    p->last = &p->first;
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->added, NULL);
    for (unsigned i = 0; i < MT_WEB_THREADS; i++) {
        p->workers[i].pool = p;
        p->workers[i].handle.site = site;
    }
    for (unsigned i = 0; rc == 0 && i < MT_WEB_THREADS; i++)
        rc = mt_web_handle_begin(&p->workers[i].handle);
    return rc;
}

int mt_web_pool_start(struct mt_web_pool *p)
{
    sigset_t all, before;
    int rc = 0;
    (void)sigfillset(&all); /* signals are the surface's */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; rc == 0 && i < MT_WEB_THREADS; i++) {
        rc = pthread_create(&p->workers[i].thread, NULL, run, &p->workers[i]);
        p->running += rc == 0;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -rc;
}

void mt_web_pool_stop(struct mt_web_pool *p)
{
    if (p == NULL)
        return;
    (void)pthread_mutex_lock(&p->lock);
    p->end = true;
    (void)pthread_cond_broadcast(&p->added);
    (void)pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->running; i++)
        (void)pthread_join(p->workers[i].thread, NULL);
    for (unsigned i = 0; i < MT_WEB_THREADS; i++)
        mt_web_handle_close(&p->workers[i].handle);
    (void)pthread_cond_destroy(&p->added);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}
