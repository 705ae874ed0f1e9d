/* meshtop record -w DB: exchanges to the threads that own the database. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/clock.h"
#include "cli/detach.h"
#include "cli/record.h"
#include "cli/recorder.h"
#include "cli/relayed.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "cli/summary.h"
#include "cli/writing.h"

enum { PATH_BYTES = 4096 };

/* A recorder each for the captures and every relayed host: rows of several
 * hosts in one database are told apart by their writers. */
struct recording {
    struct mt_recorder *list[1 + MT_RELAYED_STREAMS_MAX]; /* NULL: not used */
    size_t count, now;
    const struct mt_record_watch *watch; /* NULL: nobody looks on */
    int unserved;                        /* exit code of the page's start */
};

static bool give(void *context, const struct mt_exchange *x)
{
    const struct recording *r = context;
    return mt_recorder_exchange(r->list[r->now], x);
}

static bool give_report(void *context, const struct mt_conn_report *report)
{
    const struct recording *r = context;
    return mt_recorder_report(r->list[r->now], report);
}

static bool give_open(void *context, const struct mt_exchange *x,
                      int64_t now_ns)
{
    const struct recording *r = context;
    return mt_recorder_open_exchange(r->list[r->now], x, now_ns);
}

static bool give_name(void *context, const struct mt_relay_name *name)
{
    const struct recording *r = context;
    return mt_recorder_name(r->list[r->now], name);
}

static bool commit(void *context, int64_t now_ns)
{
    const struct recording *r = context;
    bool ok = true;
    for (size_t i = 0; i < r->count; i++)
        ok &= r->list[i] == NULL || mt_recorder_commit(r->list[i], now_ns);
    return ok;
}

/* What cannot be served is recorded nevertheless. */
static void tell_begun(void *context)
{
    struct recording *r = context;
    if (r->watch->serving != NULL)
        r->unserved = mt_serving_start(r->watch->serving);
    if (r->watch->begun != NULL)
        r->watch->begun(r->watch->context);
}

static bool is_due(void *context, int64_t ts_ns, int64_t *now_ns)
{
    const struct recording *r = context;
    r->watch->committed(r->watch->context,
                        mt_recorder_committed_ns(r->list[0]));
    return r->watch->due(r->watch->context, ts_ns, now_ns);
}

static bool give_losses(void *context, const struct mt_feed_result *so_far)
{
    const struct recording *r = context;
    return mt_writing_losses(r->list[r->now], so_far);
}

static bool give_source(void *context, uint32_t number,
                        const struct mt_source_info *info)
{
    const struct recording *r = context;
    return mt_recorder_source(r->list[0], number, info);
}

static void turn_to(void *context, size_t host)
{
    ((struct recording *)context)->now = host;
}

/* The database belongs to who called sudo: it is made by that user, where he
 * may, so that he can write it again. */
static int open_recorder(struct mt_recorder **r, const struct mt_rights *rights,
                         const struct mt_options *o,
                         const struct mt_writer_options *options)
{
    bool lowered = rights != NULL && mt_rights_lower(rights);
    int rc = mt_recorder_open(r, o->write, options);
    mt_rights_raise(lowered);
    if (lowered && (rc == MT_STORE_EACCESS || rc == MT_STORE_EREADONLY)) {
        rc = mt_recorder_open(r, o->write, options);
        if (rc == 0)
            (void)mt_privileges_give_database(o->write, &rights->plan);
    }
    return rc;
}

/* Two processes do not see that their packets are the same. One that was killed
 * has a fresh heartbeat for a while. */
static void warn_of_other_tap(struct mt_recorder *r, const char *db)
{
    struct mt_writer_other other;
    char text[64];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    if (mt_recorder_other_tap(r, &other) != 1 ||
        (other.here && kill((pid_t)other.pid, 0) != 0 && errno == ESRCH))
        return;
    mt_put_age(&b, mt_wall_ns() - other.started_ns);
    mt_warn(db,
            "another tap, process %lld, has been writing it for %.*s: what "
            "both see counts twice; use one tap with several -i, or a database "
            "each",
            (long long)other.pid, (int)b.len, text);
}

static int open_recorders(struct recording *r, struct mt_feed *f,
                          const struct mt_options *o)
{
    r->count = 1 + mt_feed_hosts(f);
    for (size_t i = mt_feed_captures(f) > 0 ? 0 : 1; i < r->count; i++) {
        struct mt_writer_options options = mt_writing_options(o);
        if (i > 0) {
            options.host_id = mt_feed_host(f, i - 1)->id;
            options.boot_id = mt_feed_host(f, i - 1)->boot;
        }
        int rc = open_recorder(&r->list[i], mt_feed_rights(f), o, &options);
        if (rc != 0) {
            mt_writing_not_opened(o->write, rc);
            return MT_EXIT_ERROR;
        }
        if (mt_feed_rights(f) != NULL)
            warn_of_other_tap(r->list[i], o->write);
        if (r->watch != NULL && r->watch->timely)
            mt_recorder_timely(r->list[i]);
    }
    return 0;
}

/* Who gives up rights opens no packets of exchanges any more, and may not be
 * let to where the database is. */
static int open_page(const struct recording *r, const struct mt_feed *f,
                     const struct mt_options *o)
{
    bool live = mt_feed_rights(f) != NULL;
    const struct mt_serving_of what = {
        .db = o->write, .named = o->write, .fixed = live, .no_packets = live};
    if (r->watch == NULL || r->watch->serving == NULL)
        return 0;
    return mt_serving_open(r->watch->serving, &what);
}

/* What one host alone lost, and its sources among those of all. */
static struct mt_feed_result part_of(const struct mt_feed_result *result,
                                     struct mt_feed *f, size_t host,
                                     size_t *sources)
{
    struct mt_feed_result part = *result;
    memset(part.relayed, 0, sizeof part.relayed);
    part.sources_count = mt_feed_captures(f);
    if (host > 0) {
        const struct mt_relayed_host *h = mt_feed_host(f, host - 1);
        part = (struct mt_feed_result){.sources = result->sources + *sources,
                                       .sources_count = h->sources_count,
                                       .sample_one_of = h->sample_one_of,
                                       .now_ns = result->now_ns};
        memcpy(part.relayed, h->losses, sizeof part.relayed);
    }
    if (part.sources_count > result->sources_count - *sources)
        part.sources_count = 0; /* there was no memory to list them */
    *sources += part.sources_count;
    return part;
}

static int end_recorders(struct recording *r, struct mt_feed *f,
                         const struct mt_options *o,
                         struct mt_feed_result *result,
                         struct mt_writer_stats *written)
{
    size_t sources = 0;
    int rc = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct mt_feed_result part = part_of(result, f, i, &sources);
        int ended = r->list[i] != NULL
                        ? mt_writing_end(r->list[i], o->write, &part, written)
                        : 0;
        result->ring_drops += part.ring_drops;
        result->ring_reports += part.ring_reports;
        rc = rc == 0 ? ended : rc;
    }
    return rc;
}

static void abort_recorders(struct recording *r)
{
    for (size_t i = 0; i < r->count; i++) {
        int rc;
        const char *detail;
        if (r->list[i] != NULL)
            mt_writer_abort(mt_recorder_finish(r->list[i], &rc, &detail));
    }
}

/* Everything is open: with --detach the one in front may go. */
static bool begin_behind(const struct mt_feed *f, const struct mt_options *o)
{
    char log[PATH_BYTES];
    if (snprintf(log, sizeof log, "%s.log", o->write) >= (int)sizeof log)
        return !o->detach;
    mt_signals_catch();
    return mt_detach_ready(log, mt_feed_rights(f));
}

int mt_record_into_database(struct mt_feed *f, const struct mt_options *o,
                            const struct mt_record_watch *watch,
                            struct mt_feed_result *result)
{
    struct recording r = {.watch = watch};
    int rc = open_recorders(&r, f, o);
    if (rc == 0)
        rc = open_page(&r, f, o);
    if (rc != 0) {
        abort_recorders(&r);
        return rc;
    }
    bool paced = watch != NULL && watch->due != NULL;
    bool grows = o->follow || paced || mt_feed_hosts(f) > 0;
    struct mt_feed_sink sink = {.context = &r,
                                .exchange = give,
                                .open = give_open,
                                .report = give_report,
                                .source = give_source,
                                .name = give_name,
                                .idle = grows ? commit : NULL,
                                .second = give_losses,
                                .from = turn_to,
                                .begun = watch != NULL ? tell_begun : NULL,
                                .due = paced ? is_due : NULL,
                                .progress = true};
    struct mt_writer_stats written;
    if (watch != NULL && watch->serving != NULL)
        sink.accept_fd = mt_serving_fd(watch->serving);
    bool begun = begin_behind(f, o);
    if (begun)
        mt_feed_run(f, &sink, result);
    rc = end_recorders(&r, f, o, result, &written);
    if (rc == 0 && begun && !o->quiet)
        mt_summary(stderr, o, result, &written);
    if (rc == 0)
        rc = r.unserved;
    return begun ? rc : MT_EXIT_ERROR;
}
