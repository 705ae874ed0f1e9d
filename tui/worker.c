#include "tui/worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tui/export_file.h"

#define LEAP_NS (INT64_C(1) << 50)
#define PATIENCE_NS INT64_C(1000000000)

struct mt_worker {
    struct mt_store *store;
    mt_store_clock *clock;
    struct mt_reader reader;
    uint64_t known_id;   /* the exchange of the question before; 0: none */
    int64_t patience_ns; /* of the clock, until when packets are read */
    int64_t leap_ns;     /* of the clock, once a question is to be cut short */
    atomic_bool cut;
    int fd;
    pthread_t thread;
    bool runs; /* it does */

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t asked;
    bool exporting; /* that is never cut short by a question */
    bool end, has_request, has_export, has_answer, has_said, said_trouble;
    struct mt_request request, export_request;
    char path[1024];
    struct mt_snapshot *answer;
    char said[MT_WORKER_SAID_BYTES];
};

/* The store looks at its clock to bound a question: one that is to be cut
 * short sees the time leap at each look. */
static int64_t store_clock(void *arg)
{
    struct mt_worker *w = arg;
    if (!atomic_load_explicit(&w->cut, memory_order_relaxed))
        return w->clock(NULL);
    if (w->leap_ns < INT64_MAX / 4)
        w->leap_ns += LEAP_NS;
    return w->leap_ns;
}

static void wake(const struct mt_worker *w)
{
    uint64_t one = 1;
    ssize_t n = write(w->fd, &one, sizeof one); /* fails only when it is full */
    (void)n;
}

static void post(struct mt_worker *w, struct mt_snapshot *a)
{
    (void)pthread_mutex_lock(&w->lock);
    mt_snapshot_free(w->answer); /* nobody took it */
    w->answer = a;
    w->has_answer = true;
    (void)pthread_mutex_unlock(&w->lock);
    wake(w);
}

static bool enough(void *arg)
{
    struct mt_worker *w = arg;
    return atomic_load_explicit(&w->cut, memory_order_relaxed) ||
           w->clock(NULL) > w->patience_ns;
}

static void answer_whole(struct mt_worker *w, const struct mt_request *request)
{
    int64_t begun = w->clock(NULL);
    struct mt_snapshot *a = mt_snapshot_make(w->store, request);
    w->patience_ns = w->clock(NULL) + PATIENCE_NS;
    if (a != NULL && !request->brief)
        mt_snapshot_read(a, w->store, &w->reader,
                         &(struct mt_patience){enough, w});
    if (a != NULL)
        a->took_ns = w->clock(NULL) - begun;
    post(w, a);
}

/* Of an exchange that was not shown before there is a brief answer first. */
static void answer(struct mt_worker *w, struct mt_request *request)
{
    bool one = request->topic == MT_TOPIC_EXCHANGE;
    if (one && request->id != w->known_id) {
        request->brief = true;
        answer_whole(w, request);
        request->brief = false;
    }
    w->known_id = one ? request->id : 0;
    answer_whole(w, request);
}

/* Nothing but the end cuts an export short. */
static bool ends(void *arg)
{
    const struct mt_worker *w = arg;
    return atomic_load_explicit(&w->cut, memory_order_relaxed);
}

static void export_rows(struct mt_worker *w, const struct mt_request *request,
                        const char *path)
{
    char said[MT_WORKER_SAID_BYTES];
    const struct mt_export_to to = {.store = w->store,
                                    .request = request,
                                    .reader = &w->reader,
                                    .patience = {ends, w}};
    bool trouble = mt_export_file(&to, path, said, sizeof said);
    (void)pthread_mutex_lock(&w->lock);
    memcpy(w->said, said, sizeof said);
    w->said_trouble = trouble;
    w->has_said = true;
    (void)pthread_mutex_unlock(&w->lock);
    wake(w);
}

static void *run(void *arg)
{
    struct mt_worker *w = arg;
    static _Thread_local struct mt_request request;
    char path[sizeof w->path];
    (void)pthread_setname_np(pthread_self(), "questions");
    (void)pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->end && !w->has_request && !w->has_export)
            (void)pthread_cond_wait(&w->asked, &w->lock);
        if (w->end)
            break;
        bool exports = !w->has_request;
        request = exports ? w->export_request : w->request;
        memcpy(path, w->path, sizeof path);
        *(exports ? &w->has_export : &w->has_request) = false;
        w->exporting = exports;
        atomic_store(&w->cut, false);
        w->leap_ns = w->clock(NULL);
        (void)pthread_mutex_unlock(&w->lock);
        if (exports)
            export_rows(w, &request, path);
        else
            answer(w, &request);
        (void)pthread_mutex_lock(&w->lock);
    }
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
}

int mt_worker_begin(struct mt_worker *w)
{
    w->runs = pthread_create(&w->thread, NULL, run, w) == 0;
    return w->runs ? 0 : MT_STORE_ENOMEM;
}

int mt_worker_open(struct mt_worker **out, const char *path,
                   mt_store_clock *clock)
{
    struct mt_worker *w = calloc(1, sizeof *w);
    *out = NULL;
    if (w == NULL)
        return MT_STORE_ENOMEM;
    w->clock = clock;
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->asked, NULL);
    w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = w->fd < 0 ? MT_STORE_ENOMEM : 0;
    if (rc == 0)
        rc = mt_store_open(
            &w->store, path,
            &(struct mt_store_options){.clock = store_clock, .clock_arg = w});
    if (rc == 0)
        *out = w;
    else
        mt_worker_stop(w);
    return rc;
}

int mt_worker_start(struct mt_worker **out, const char *path,
                    mt_store_clock *clock)
{
    int rc = mt_worker_open(out, path, clock);
    if (rc == 0)
        rc = mt_worker_begin(*out);
    if (rc != 0) {
        mt_worker_stop(*out);
        *out = NULL;
    }
    return rc;
}

void mt_worker_stop(struct mt_worker *w)
{
    if (w == NULL)
        return;
    (void)pthread_mutex_lock(&w->lock);
    w->end = true;
    atomic_store(&w->cut, true);
    (void)pthread_cond_signal(&w->asked);
    (void)pthread_mutex_unlock(&w->lock);
    if (w->runs)
        (void)pthread_join(w->thread, NULL);
    (void)pthread_cond_destroy(&w->asked);
    (void)pthread_mutex_destroy(&w->lock);
    mt_snapshot_free(w->answer);
    mt_store_free(w->store);
    if (w->fd >= 0)
        (void)close(w->fd);
    free(w);
}

void mt_worker_reads(struct mt_worker *w, const struct mt_reader *reader)
{
    w->reader = *reader;
}

void mt_worker_ask(struct mt_worker *w, const struct mt_request *request)
{
    (void)pthread_mutex_lock(&w->lock);
    w->request = *request;
    w->has_request = true;
    if (!w->exporting)
        atomic_store(&w->cut, true);
    (void)pthread_cond_signal(&w->asked);
    (void)pthread_mutex_unlock(&w->lock);
}

void mt_worker_export(struct mt_worker *w, const struct mt_request *request,
                      const char *path)
{
    (void)pthread_mutex_lock(&w->lock);
    w->export_request = *request;
    (void)snprintf(w->path, sizeof w->path, "%s", path);
    w->has_export = true;
    (void)pthread_cond_signal(&w->asked);
    (void)pthread_mutex_unlock(&w->lock);
}

int mt_worker_fd(const struct mt_worker *w)
{
    return w->fd;
}

bool mt_worker_take(struct mt_worker *w, struct mt_snapshot **out)
{
    uint64_t count;
    ssize_t n = read(w->fd, &count, sizeof count); /* nothing: fine */
    (void)n;
    (void)pthread_mutex_lock(&w->lock);
    bool came = w->has_answer;
    *out = w->answer;
    w->answer = NULL;
    w->has_answer = false;
    (void)pthread_mutex_unlock(&w->lock);
    return came;
}

bool mt_worker_said(struct mt_worker *w, char text[MT_WORKER_SAID_BYTES],
                    bool *trouble)
{
    (void)pthread_mutex_lock(&w->lock);
    bool came = w->has_said;
    memcpy(text, w->said, sizeof w->said);
    *trouble = w->said_trouble;
    w->has_said = false;
    (void)pthread_mutex_unlock(&w->lock);
    return came;
}
