#include "cli/each.h"

#include <string.h>

#include "cli/clock.h"
#include "cli/each_lost.h"
#include "cli/each_open.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "cli/view.h"

enum { FOLLOW_POLL_NS = 250000000 };

static bool give(struct mt_each *each, const struct mt_exchange *x)
{
    each->given++;
    return each->exchange(each->context, x);
}

static void say_sample(struct mt_each *each, uint32_t one_of)
{
    if (one_of <= 1 || one_of <= each->sample_one_of)
        return;
    each->sample_one_of = one_of;
    mt_warn(NULL, "a sample: at times only 1 of %u connections was decoded",
            (unsigned)one_of);
    if (each->sampled != NULL)
        each->sampled(each->context, one_of);
}

/* ---- captures, streaming ---- */

struct stream {
    struct mt_each *each;
    struct mt_each_open open;
};

static bool stream_exchange(void *context, const struct mt_exchange *x)
{
    const struct stream *s = context;
    return give(s->each, x);
}

static bool stream_open(void *context, const struct mt_exchange *x,
                        int64_t now_ns)
{
    struct stream *s = context;
    mt_each_open_tell(&s->open, s->each, x, now_ns);
    return true;
}

static bool stream_idle(void *context, int64_t now_ns)
{
    const struct stream *s = context;
    struct mt_each *each = s->each;
    (void)now_ns;
    if (each->idle != NULL)
        each->idle(each->context);
    return true;
}

static bool stream_second(void *context, const struct mt_feed_result *so_far)
{
    const struct stream *s = context;
    mt_each_lost_totals(s->each, so_far);
    say_sample(s->each, so_far->sample_one_of);
    return true;
}

static int name_captures(struct mt_each *each)
{
    const struct mt_options *o = each->options;
    int rc = 0;
    for (size_t i = 0; each->source != NULL && rc == 0 && i < o->read_count;
         i++)
        rc = each->source(
            each->context,
            &(struct mt_source_row){.id = (int64_t)i, .path = o->read[i]});
    return rc != 0 ? MT_EXIT_ERROR : 0;
}

static int stream_captures(struct mt_each *each)
{
    static struct stream s;
    const struct mt_options *o = each->options;
    struct mt_feed_sink sink = {.context = &s,
                                .exchange = stream_exchange,
                                .idle = stream_idle,
                                .second = stream_second};
    struct mt_feed *f = NULL;
    struct mt_filter *filter;
    struct mt_feed_result result = {0};
    s = (struct stream){.each = each};
    if (each->open != NULL && o->interfaces_count > 0)
        sink.open = stream_open;
    int rc = mt_view_filter(o, &filter);
    if (rc == 0)
        rc = name_captures(each);
    if (rc == 0)
        rc = mt_feed_open(&f, o, filter);
    if (rc == 0) {
        mt_feed_run(f, &sink, &result);
        (void)stream_second(&s, &result);
        rc = mt_feed_exit(o, &result);
    }
    mt_feed_free(f);
    mt_feed_result_deinit(&result);
    mt_view_filter_free(filter);
    return rc;
}

/* ---- databases ---- */

/* Read one scan to its end. *last is the id of the last one given. */
static int read_scan(const struct mt_view *v, struct mt_each *each,
                     const struct mt_scan *scan, uint64_t *last,
                     struct mt_each_lost *lost)
{
    struct mt_rows *rows;
    const struct mt_exchange *x;
    /* before the rows: of each loss, the rows before it are there then */
    int rc = mt_each_lost_look(lost, v->store);
    if (rc == 0)
        rc = mt_query_exchanges(v->store, scan, &rows);
    if (rc != 0)
        return rc;
    while ((rc = mt_rows_next(rows, &x)) == 1) {
        *last = x->id;
        rc = mt_each_lost_give(lost, v->store, each, x->id);
        if (rc != 0 || !give(each, x) || mt_interrupted())
            break;
    }
    mt_rows_free(rows);
    return rc;
}

/* A scan that was stopped for its length goes on where it was. */
static int read_all(const struct mt_view *v, struct mt_each *each,
                    struct mt_scan *scan, struct mt_each_lost *lost)
{
    uint32_t one_of;
    int rc = mt_query_sample(v->store, &one_of);
    if (rc != 0)
        return rc;
    say_sample(each, one_of);
    do {
        uint64_t last = scan->after_id;
        rc = read_scan(v, each, scan, &last, lost);
        if (rc == MT_STORE_EINTERRUPTED && last == scan->after_id)
            return rc; /* not one row in all its time */
        scan->after_id = last;
    } while (rc == MT_STORE_EINTERRUPTED && !mt_interrupted());
    if (rc == 0)
        rc = mt_each_lost_give(lost, v->store, each, UINT64_MAX);
    return rc < 0 ? rc : 0;
}

/* The id before the n newest that match: where they begin. */
static int find_newest(const struct mt_view *v, const struct mt_each *each,
                       uint64_t *after)
{
    struct mt_scan scan = {.ask = v->ask, .order = MT_NEWEST_FIRST};
    struct mt_rows *rows;
    const struct mt_exchange *x;
    int rc = mt_query_exchanges(v->store, &scan, &rows);
    if (rc != 0)
        return rc;
    uint64_t n = 0;
    for (; n < each->newest && (rc = mt_rows_next(rows, &x)) == 1; n++)
        *after = x->id - 1;
    if (n < each->newest && rc == 0)
        *after = 0; /* all */
    mt_rows_free(rows);
    return rc < 0 && rc != MT_STORE_EINTERRUPTED ? rc : 0;
}

static int follow(const struct mt_view *v, struct mt_each *each,
                  struct mt_scan *scan, struct mt_each_lost *lost,
                  struct mt_each_open *open)
{
    int rc = 0;
    scan->all_time = true;
    lost->scan.to_ns = INT64_MAX;
    while (rc == 0 && !mt_interrupted()) {
        struct timespec nap = {.tv_nsec = FOLLOW_POLL_NS};
        if (each->idle != NULL)
            each->idle(each->context);
        (void)nanosleep(&nap, NULL);
        rc = read_all(v, each, scan, lost);
        if (rc == 0)
            rc = mt_each_open_look(open, each, v, mt_wall_ns());
    }
    return rc;
}

static int read_view(const struct mt_view *v, struct mt_each *each)
{
    static struct mt_each_open open;
    struct mt_scan scan = {.ask = v->ask,
                           .order = MT_OLDEST_FIRST,
                           .with_packets = each->with_packets};
    struct mt_each_lost lost = {.scan = {.from_ns = v->ask.from_ns,
                                         .to_ns = v->ask.to_ns,
                                         .order = MT_OLDEST_FIRST}};
    int rc = each->source != NULL
                 ? mt_query_sources(v->store, each->source, each->context)
                 : 0;
    if (rc == 0 && each->newest > 0)
        rc = find_newest(v, each, &scan.after_id);
    lost.after_exchange = scan.after_id;
    if (rc == 0)
        rc = read_all(v, each, &scan, &lost);
    open = (struct mt_each_open){.count = 0};
    if (rc == 0 && !v->from_capture && each->options->until == NULL)
        rc = mt_each_open_look(&open, each, v, mt_wall_ns());
    if (rc == 0 && each->options->follow && !v->from_capture)
        rc = follow(v, each, &scan, &lost, &open);
    return rc == 0 ? MT_EXIT_OK : mt_view_failed(v, rc);
}

static int read_store(struct mt_each *each)
{
    struct mt_view v;
    int rc = mt_view_open(&v, each->options, MT_VIEW_ROWS);
    mt_signals_catch();
    if (rc == 0)
        rc = read_view(&v, each);
    if (rc == 0)
        rc = mt_feed_exit(each->options, &v.feed);
    mt_view_close(&v);
    return rc;
}

/* Is where a capture ends to be known before its first exchange is given? An
 * interface's now is the clock's. */
static int needs_end(const struct mt_each *each, bool *needs)
{
    const struct mt_options *o = each->options;
    struct mt_filter *filter;
    int rc = mt_view_filter(o, &filter);
    *needs = each->newest > 0 || o->last_ns > 0 || o->since != NULL ||
             o->until != NULL ||
             (filter != NULL && o->interfaces_count == 0 &&
              mt_filter_counts_from_now(filter));
    mt_filter_free(filter);
    return rc;
}

static int give_all(struct mt_each *each)
{
    const struct mt_options *o = each->options;
    bool end_first;
    int rc = needs_end(each, &end_first);
    if (rc != 0)
        return rc;
    if (mt_options_sources(o) > 0 && !end_first)
        return stream_captures(each);
    if (o->read_count > 0 && o->follow) {
        mt_say(NULL, "--follow excludes --since, --until, --last, -n and a "
                     "filter that counts from now: the end of a growing "
                     "capture is not known");
        return MT_EXIT_USAGE;
    }
    return read_store(each);
}

int mt_each_exchange(struct mt_each *each)
{
    int rc = give_all(each);
    if (each->lost == NULL)
        mt_each_lost_say(each);
    return rc;
}
