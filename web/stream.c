#include "web/stream.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/text.h"
#include "store/column_json.h"
#include "store/filter.h"
#include "web/backlog.h"
#include "web/limits.h"
#include "web/pool.h"
#include "web/stream_events.h"

enum {
    LOOK_MS = 10,    /* between looks for new rows */
    LOOK_ROWS = 512, /* that one look reads */
    LOSS_EVERY = 50, /* looks: losses are looked for */
    FILTER_BYTES = MT_FILTER_TEXT_MAX,
};

struct mt_web_stream {
    struct mt_web_streams *all;
    struct mt_web_stream *next;
    struct mt_filter *filter; /* of the thread of streams, as all up to lock */
    struct mt_web_params params;
    uint8_t filter_text[FILTER_BYTES];
    bool resumes; /* it says from where: */
    uint64_t epoch, after_id;
    bool begun;
    uint64_t cursor; /* the newest row that was looked at */
    uint64_t goal;   /* up to here no row is left out: it resumes */
    bool waits;      /* for room, in this look */

    struct mt_web_backlog backlog; /* under all->lock, as what follows */
    bool sleeps, gone;
    void (*sleep)(void *arg);
    void (*wake)(void *arg);
    void *arg;
};

struct mt_web_streams {
    const struct mt_web_site *site;
    struct mt_web_handle handle;
    struct mt_web_stream *list; /* of the thread */
    struct mt_store_rows rows;  /* of the last look */
    uint64_t lost_id;           /* the newest loss that was told */
    bool lost_known;
    unsigned looks;
    int64_t beat_ns;
    pthread_t thread;
    bool running;
    int fd;

    pthread_mutex_t lock; /* of what follows, and of the backlogs */
    struct mt_web_stream *added;
    unsigned count;
    bool end, stop;
};

/* ---- what a client is given ---- */

/* Under the lock. */
static void rouse(struct mt_web_stream *st)
{
    if (!st->sleeps)
        return;
    st->sleeps = false;
    st->wake(st->arg);
}

static void give(struct mt_web_stream *st, struct mt_span event)
{
    (void)pthread_mutex_lock(&st->all->lock);
    if (!st->gone) {
        (void)mt_web_backlog_add(&st->backlog, event);
        rouse(st);
    }
    (void)pthread_mutex_unlock(&st->all->lock);
}

static bool has_room(struct mt_web_stream *st)
{
    (void)pthread_mutex_lock(&st->all->lock);
    bool room = mt_web_backlog_has_room(&st->backlog);
    (void)pthread_mutex_unlock(&st->all->lock);
    return room;
}

int mt_web_stream_read(struct mt_web_stream *st, char *to, size_t size)
{
    struct mt_web_streams *s = st->all;
    (void)pthread_mutex_lock(&s->lock);
    int n = (int)mt_web_backlog_take(&st->backlog, to, size);
    if (n == 0 && s->end) {
        n = -1;
    } else if (n == 0) {
        st->sleeps = true;
        st->sleep(st->arg);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return n;
}

/* ---- beginning ---- */

/* Those of another database, or of rows that are gone, or far back. */
static void begin(struct mt_web_streams *s, struct mt_web_stream *st)
{
    const struct mt_store_rows *r = &s->rows;
    bool resumed =
        st->resumes && st->epoch == r->epoch && st->after_id <= r->newest_id;
    uint64_t missed = 0;
    st->begun = true;
    st->goal = r->newest_id;
    st->cursor = resumed ? st->after_id : r->newest_id;
    uint64_t least = r->oldest_id > 0 ? r->oldest_id - 1 : 0;
    if (r->newest_id > MT_WEB_RESUME_ROWS &&
        least < r->newest_id - MT_WEB_RESUME_ROWS)
        least = r->newest_id - MT_WEB_RESUME_ROWS;
    if (st->cursor < least) {
        missed = least - st->cursor;
        st->cursor = least;
    }
    struct mt_web_event e;
    mt_web_event_hello(&e,
                       &(struct mt_web_hello){s->site, &st->params, st->filter,
                                              r->epoch, st->cursor, resumed});
    give(st, mt_web_event_bytes(&e));
    mt_web_event_free(&e);
    if (missed == 0)
        return;
    mt_web_event_missed(&e, missed);
    give(st, mt_web_event_bytes(&e));
    mt_web_event_free(&e);
}

static void begin_new(struct mt_web_streams *s)
{
    for (struct mt_web_stream *st = s->list; st != NULL; st = st->next)
        if (!st->begun)
            begin(s, st);
}

/* Another file is there now: what was said of the old one is over. */
static void begin_anew(struct mt_web_streams *s)
{
    for (struct mt_web_stream *st = s->list; st != NULL; st = st->next) {
        st->resumes &= !st->begun;
        st->begun = false;
    }
    s->lost_known = false;
}

/* ---- rows ---- */

static bool is_wanted(struct mt_web_stream *st, const struct mt_exchange *x)
{
    if (st->waits || st->cursor >= x->id)
        return false;
    if (x->id <= st->goal && !has_room(st)) {
        st->waits = true; /* nothing is left out of what it resumes */
        return false;
    }
    st->cursor = x->id;
    return st->filter == NULL || mt_filter_match(st->filter, x);
}

static void give_row(struct mt_web_streams *s, const struct mt_exchange *x)
{
    struct mt_web_event e = {.made = false};
    for (struct mt_web_stream *st = s->list; st != NULL; st = st->next) {
        if (!is_wanted(st, x))
            continue;
        if (!e.made)
            mt_web_event_exchange(&e, s->rows.epoch, x);
        give(st, mt_web_event_bytes(&e));
    }
    mt_web_event_free(&e);
}

/* From where the one that is furthest behind goes on. */
static bool find_begin(struct mt_web_streams *s, uint64_t *after)
{
    bool any = false;
    for (struct mt_web_stream *st = s->list; st != NULL; st = st->next) {
        st->waits = st->cursor < st->goal && !has_room(st);
        if (st->waits || st->cursor >= s->rows.newest_id)
            continue;
        if (!any || st->cursor < *after)
            *after = st->cursor;
        any = true;
    }
    return any;
}

/* 1: there is more. */
static int read_rows(struct mt_web_streams *s)
{
    struct mt_scan scan = {.order = MT_OLDEST_FIRST, .all_time = true};
    struct mt_rows *rows;
    const struct mt_exchange *x;
    if (!find_begin(s, &scan.after_id))
        return 0;
    int rc = mt_query_exchanges(s->handle.store, &scan, &rows);
    if (rc != 0)
        return rc;
    unsigned n = 0;
    while (n < LOOK_ROWS && (rc = mt_rows_next(rows, &x)) == 1) {
        give_row(s, x);
        n++;
    }
    mt_rows_free(rows);
    return rc;
}

/* ---- losses of captures ---- */

static int each_lost(void *arg, const struct mt_lost *lost)
{
    struct mt_web_streams *s = arg;
    struct mt_web_event e;
    bool told = s->lost_known;
    s->lost_id = lost->id;
    s->lost_known = true;
    if (!told)
        return 1; /* the newest of what was before */
    mt_web_event_lost(&e, lost);
    for (struct mt_web_stream *st = s->list; st != NULL; st = st->next)
        give(st, mt_web_event_bytes(&e));
    mt_web_event_free(&e);
    return 0;
}

static int read_losses(struct mt_web_streams *s)
{
    const struct mt_lost_scan scan = {
        .from_ns = INT64_MIN,
        .to_ns = INT64_MAX,
        .order = s->lost_known ? MT_OLDEST_FIRST : MT_NEWEST_FIRST,
        .after_id = s->lost_known ? s->lost_id : 0};
    if (s->looks++ % LOSS_EVERY != 0)
        return 0;
    int rc = mt_query_lost(s->handle.store, &scan, each_lost, s);
    s->lost_known = true;
    return rc < 0 ? rc : 0;
}

/* ---- looking ---- */

static void set_now(struct mt_web_streams *s)
{
    int64_t now = s->site->wall_ns();
    for (struct mt_web_stream *st = s->list; st != NULL; st = st->next)
        if (st->filter != NULL)
            mt_filter_set_now(st->filter, now);
}

/* What was lost is told as soon as there is room; who is silent for long, and
 * gone without a word, is found by writing to it. */
static void keep_up(struct mt_web_streams *s)
{
    static const char beat[] = ": \n\n";
    int64_t now = s->site->steady(NULL);
    bool due = now - s->beat_ns > MT_WEB_HEARTBEAT_NS;
    if (due)
        s->beat_ns = now;
    (void)pthread_mutex_lock(&s->lock);
    for (struct mt_web_stream *st = s->list; st != NULL; st = st->next) {
        uint64_t lost = st->backlog.lost;
        mt_web_backlog_tell(&st->backlog);
        if (due && st->backlog.len == 0)
            (void)mt_web_backlog_add(&st->backlog, mt_span_str(beat));
        if (lost != st->backlog.lost || (due && st->backlog.len > 0))
            rouse(st);
    }
    (void)pthread_mutex_unlock(&s->lock);
}

/* 1: there is more to do at once. A database that cannot be read now is looked
 * at again; clients see the heartbeat go on. */
static int look(struct mt_web_streams *s)
{
    struct mt_store_rows rows;
    int rc = mt_web_handle_begin(&s->handle);
    if (rc == 0)
        rc = mt_query_newest(s->handle.store, &rows);
    if (rc != 0)
        return rc;
    if (rows.epoch != s->rows.epoch)
        begin_anew(s);
    s->rows = rows;
    begin_new(s);
    set_now(s);
    rc = read_losses(s);
    return rc == 0 ? read_rows(s) : rc;
}

static void free_stream(struct mt_web_stream *st)
{
    mt_filter_free(st->filter);
    mt_web_backlog_free(&st->backlog);
    free(st);
}

/* Take over who came, and let go who left. */
static bool settle(struct mt_web_streams *s)
{
    (void)pthread_mutex_lock(&s->lock);
    while (s->added != NULL) {
        struct mt_web_stream *st = s->added;
        s->added = st->next;
        st->next = s->list;
        s->list = st;
    }
    for (struct mt_web_stream **at = &s->list; *at != NULL;) {
        struct mt_web_stream *st = *at;
        if (!st->gone) {
            at = &st->next;
            continue;
        }
        *at = st->next;
        s->count--;
        free_stream(st);
    }
    bool stop = s->stop;
    (void)pthread_mutex_unlock(&s->lock);
    return !stop;
}

static void rest(struct mt_web_streams *s, bool more)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    uint64_t n;
    if (poll(&p, 1, more ? 0 : s->list != NULL ? LOOK_MS : -1) > 0)
        (void)!read(s->fd, &n, sizeof n);
}

static void *run(void *arg)
{
    struct mt_web_streams *s = arg;
    (void)pthread_setname_np(pthread_self(), "web streams");
    while (settle(s)) {
        int more = s->list != NULL ? look(s) : 0;
        keep_up(s);
        rest(s, more == 1);
    }
    return NULL;
}

static void poke(const struct mt_web_streams *s)
{
    uint64_t one = 1;
    (void)!write(s->fd, &one, sizeof one); /* fails only when it is full */
}

/* ---- its life ---- */

int mt_web_streams_open(struct mt_web_streams **out,
                        const struct mt_web_site *site)
{
    struct mt_web_streams *s = calloc(1, sizeof *s);
    *out = s;
    if (s == NULL)
        return MT_STORE_ENOMEM;
    s->site = s->handle.site = site;
    (void)pthread_mutex_init(&s->lock, NULL);
    s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return s->fd >= 0 ? mt_web_handle_begin(&s->handle) : MT_STORE_EIO;
}

int mt_web_streams_start(struct mt_web_streams *s)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&s->thread, NULL, run, s);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    s->running = rc == 0;
    return -rc;
}

void mt_web_streams_end(struct mt_web_streams *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->end = s->stop = true;
    (void)pthread_mutex_unlock(&s->lock);
    poke(s);
    if (s->running)
        (void)pthread_join(s->thread, NULL);
    s->running = false;
    (void)pthread_mutex_lock(&s->lock); /* the list is ours now */
    for (struct mt_web_stream *st = s->list; st != NULL; st = st->next)
        if (!st->gone)
            rouse(st);
    for (struct mt_web_stream *st = s->added; st != NULL; st = st->next)
        if (!st->gone)
            rouse(st);
    (void)pthread_mutex_unlock(&s->lock);
}

void mt_web_streams_stop(struct mt_web_streams *s)
{
    if (s == NULL)
        return;
    (void)settle(s); /* all are gone by now */
    mt_web_handle_close(&s->handle);
    if (s->fd >= 0)
        (void)close(s->fd);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- streams ---- */

/* "8a51f03c9be21d77-48211" */
static int parse_event_id(struct mt_span text, uint64_t *epoch, uint64_t *id)
{
    *epoch = 0;
    struct mt_span hex = mt_span_take(&text, mt_span_find(text, '-'));
    for (size_t i = 0; i < hex.len; i++) {
        uint8_t c = mt_ascii_lower(hex.ptr[i]);
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                                                : 16;
        if (digit > 15 || hex.len != 16)
            return -1;
        *epoch = *epoch << 4 | digit;
    }
    (void)mt_span_take(&text, text.len > 0);
    return hex.len == 16 && mt_parse_u64(text, id) == 0 ? 0 : -1;
}

static int set_resume(struct mt_web_stream *st, struct mt_span header,
                      struct mt_web_problem *why)
{
    struct mt_span text = header.len > 0 ? header : st->params.last_event_id;
    if (text.len == 0)
        return 0;
    st->resumes = true;
    if (parse_event_id(text, &st->epoch, &st->after_id) == 0)
        return 0;
    return mt_web_problem(why, MT_WEB_PARAMETER, "last_event_id",
                          "last_event_id: '%.*s' is no id of an event of ours",
                          (int)(text.len < 64 ? text.len : 64),
                          (const char *)text.ptr);
}

static int set_filter(struct mt_web_stream *st, const struct mt_web_site *site,
                      struct mt_web_problem *why)
{
    struct mt_span text = st->params.filter;
    int rc =
        mt_web_filter(site, &st->params, site->wall_ns(), &st->filter, why);
    if (rc != 0 || text.len == 0)
        return rc;
    memcpy(st->filter_text, text.ptr, text.len); /* a filter is no longer */
    st->params.filter.ptr = st->filter_text;
    return 0;
}

static bool enlist(struct mt_web_streams *s, struct mt_web_stream *st)
{
    unsigned most =
        s->site->streams_max > 0 ? s->site->streams_max : MT_WEB_STREAMS_MAX;
    (void)pthread_mutex_lock(&s->lock);
    bool room = s->count < most && !s->end;
    if (room) {
        st->next = s->added;
        s->added = st;
        s->count++;
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (room)
        poke(s);
    return room;
}

struct mt_web_stream *mt_web_stream_add(struct mt_web_streams *s,
                                        const struct mt_web_stream_options *o,
                                        struct mt_web_problem *why)
{
    struct mt_web_stream *st = calloc(1, sizeof *st);
    if (st == NULL) {
        (void)mt_web_problem(why, MT_WEB_BUSY, NULL, "not enough memory");
        return NULL;
    }
    st->all = s;
    st->params = *o->params;
    st->backlog.max = MT_WEB_BACKLOG_BYTES;
    st->sleep = o->sleep;
    st->wake = o->wake;
    st->arg = o->arg;
    int rc = set_resume(st, o->last_event_id, why);
    if (rc == 0)
        rc = set_filter(st, s->site, why);
    if (rc == 0 && !enlist(s, st))
        rc = mt_web_problem(why, MT_WEB_BUSY, NULL,
                            "as many streams are open as there may be; close "
                            "one");
    if (rc == 0)
        return st;
    free_stream(st);
    return NULL;
}

void mt_web_stream_remove(struct mt_web_stream *st)
{
    struct mt_web_streams *s = st->all;
    (void)pthread_mutex_lock(&s->lock);
    st->gone = true;
    st->sleeps = false;
    (void)pthread_mutex_unlock(&s->lock);
    poke(s);
}
