#include "cli/feed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/link.h"
#include "capture/merge.h"
#include "capture/names.h"
#include "capture/names_file.h"
#include "cli/clock.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "store/route.h"

enum {
    LOOK_UP_EVERY = 4096, /* packets between looks at the clock */
    FOLLOW_POLL_NS = 50000000,
    NAMES_BYTES = 64 << 20,
    DROPS_MAX = 256, /* interfaces that report drops */
};

#define OPEN_AFTER_NS INT64_C(1000000000)

/* What one interface of one source has reported so far. */
struct drops {
    size_t source;
    uint32_t interface_id;
    uint64_t kernel, interface;
};

struct mt_feed {
    const struct mt_options *o;
    const struct mt_filter *filter;
    const struct mt_feed_sink *sink;
    struct mt_feed_result *result;
    struct mt_feed_source *found; /* the result's, from its run on */
    struct mt_merge *merge;       /* owns the sources, in the order of -r */
    struct mt_pool pool;          /* of names and routes */
    struct mt_names_file *names_file;
    struct mt_names *names;
    struct mt_routes *routes;
    struct mt_span *patterns;
    struct mt_tap *tap;
    struct drops drops[DROPS_MAX];
    size_t drops_count;
    uint64_t idle_packets; /* as many when the sink was last told */
    uint64_t exchanges;    /* finished ones: the id of the last */
    int64_t open_due_ns;   /* packets' clock: look at open requests again */
    struct mt_progress progress;
    uint64_t total_bytes;
};

/* ---- one exchange ---- */

static uint64_t number_of(const struct mt_party *p)
{
    struct mt_span s = p->service;
    if (s.len == 0)
        s = (struct mt_span){p->addr.ip, sizeof p->addr.ip};
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ s.ptr[i]) * UINT64_C(1099511628211);
    return p->service.len > 0 ? h : h ^ p->addr.port;
}

static bool has_routes(const struct mt_exchange *x)
{
    return x->kind != MT_KIND_L4 && x->kind != MT_KIND_TURN && x->path.len > 0;
}

static void name(struct mt_feed *f, struct mt_exchange *x)
{
    mt_names_apply(f->names, x);
    if (has_routes(x) && x->route.len == 0)
        x->route = mt_routes_of(f->routes, number_of(&x->server), x->path);
}

/* Everything that is finished goes to the sink. */
static bool drain(struct mt_feed *f)
{
    const struct mt_exchange *finished;
    while ((finished = mt_tap_next(f->tap)) != NULL) {
        struct mt_exchange x = *finished;
        x.id = ++f->exchanges;
        name(f, &x);
        if (f->filter != NULL && !mt_filter_match(f->filter, &x))
            continue;
        f->result->exchanges++;
        if (!f->sink->exchange(f->sink->context, &x)) {
            f->result->stopped = true;
            return false;
        }
    }
    return true;
}

/* Once a second of the packets' clock: requests that wait for an answer. */
static bool report_open(struct mt_feed *f)
{
    int64_t now = mt_tap_now_ns(f->tap);
    if (f->sink->open == NULL || now < f->open_due_ns)
        return true;
    f->open_due_ns = now + OPEN_AFTER_NS;
    for (struct mt_draft *r = mt_tap_open(f->tap, now, NULL); r != NULL;
         r = mt_tap_open(f->tap, now, r)) {
        if (r->open_reported)
            continue;
        r->open_reported = true;
        struct mt_exchange x = mt_draft_so_far(r);
        name(f, &x);
        if (!f->sink->open(f->sink->context, &x, now))
            return false;
    }
    return true;
}

/* ---- one item ---- */

static void note_packet(struct mt_feed *f, const struct mt_packet *p)
{
    struct mt_feed_result *r = f->result;
    struct mt_source_info *info = &r->sources[p->ref >> 48].info;
    r->packets++;
    info->packets++;
    if (info->first_ns == 0 || p->ts_ns < info->first_ns)
        info->first_ns = p->ts_ns;
    if (p->ts_ns > info->last_ns)
        info->last_ns = p->ts_ns;
}

/* Each report tells the drops so far on one interface: only what is new since
 * its last report is added. */
static void note_drops(struct mt_feed *f, const struct mt_item *item)
{
    size_t source = mt_merge_last(f->merge);
    uint32_t interface_id = item->packet.interface_id;
    struct drops *d = f->drops;
    while (d < f->drops + f->drops_count &&
           (d->source != source || d->interface_id != interface_id))
        d++;
    if (d == f->drops + DROPS_MAX)
        return;
    if (d == f->drops + f->drops_count) {
        *d = (struct drops){.source = source, .interface_id = interface_id};
        f->drops_count++;
    }
    if (item->kernel_drops > d->kernel) {
        f->result->kernel_drops += item->kernel_drops - d->kernel;
        d->kernel = item->kernel_drops;
    }
    if (item->interface_drops > d->interface) {
        f->result->interface_drops += item->interface_drops - d->interface;
        d->interface = item->interface_drops;
    }
}

static void check_link(const struct mt_feed *f, const struct mt_item *item)
{
    uint16_t link = item->packet.link_type;
    if (mt_link_is_known(link))
        return;
    const char *name = mt_link_name(link);
    mt_warn(f->o->read[mt_merge_last(f->merge)],
            "link type %u%s%s is not decoded: its packets are passed over",
            link, name[0] != '\0' ? ", " : "", name);
}

static bool take_item(struct mt_feed *f, const struct mt_item *item)
{
    switch (item->kind) {
    case MT_ITEM_PACKET:
        note_packet(f, &item->packet);
        mt_tap_packet(f->tap, &item->packet);
        return drain(f) && report_open(f);
    case MT_ITEM_NAME:
        (void)mt_names_add(f->names, &item->name_addr, item->text, MT_NAME_NRB,
                           mt_tap_now_ns(f->tap));
        return true;
    case MT_ITEM_DROPS:
        note_drops(f, item);
        return true;
    case MT_ITEM_INTERFACE:
        check_link(f, item);
        return true;
    default:
        return true;
    }
}

static void draw_progress(struct mt_feed *f)
{
    int64_t now_ns = mt_steady_ns();
    if (!mt_progress_due(&f->progress, now_ns))
        return;
    struct mt_progress_now now = {.total_bytes = f->total_bytes,
                                  .packets = f->result->packets,
                                  .exchanges = f->result->exchanges};
    for (size_t i = 0; i < mt_merge_count(f->merge); i++)
        now.done_bytes +=
            mt_source_progress(mt_merge_source(f->merge, i)).done_bytes;
    mt_progress_draw(&f->progress, &now, now_ns);
}

/* The sink is told once that nothing more comes for now. */
static bool wait_for_more(struct mt_feed *f)
{
    bool news = f->result->packets != f->idle_packets;
    f->idle_packets = f->result->packets;
    if (news && f->sink->idle != NULL &&
        !f->sink->idle(f->sink->context, mt_tap_now_ns(f->tap)))
        return false;
    struct timespec nap = {.tv_nsec = FOLLOW_POLL_NS};
    (void)nanosleep(&nap, NULL);
    return true;
}

static void finish_sources(struct mt_feed *f)
{
    for (size_t i = 0; i < mt_merge_count(f->merge); i++)
        mt_source_finish(mt_merge_source(f->merge, i));
}

/* False: the sink has had enough. */
static bool take_turn(struct mt_feed *f, int rc, const struct mt_item *item)
{
    if (rc == MT_EVENT)
        return take_item(f, item);
    return rc != MT_MORE || mt_interrupted() || wait_for_more(f);
}

/* True: end now. Of a growing file, what is written already is still read. */
static bool ends_interrupted(struct mt_feed *f)
{
    if (!mt_interrupted() || f->result->interrupted)
        return false;
    f->result->interrupted = true;
    if (f->o->follow)
        finish_sources(f);
    return !f->o->follow;
}

static void run(struct mt_feed *f)
{
    struct mt_item item;
    unsigned until_look = LOOK_UP_EVERY;
    bool patient = true; /* for the file whose turn it may be, one nap long */
    for (;;) {
        int rc = mt_merge_next(f->merge, patient, &item);
        patient = rc != MT_MORE || !patient;
        if (rc == MT_DONE)
            break;
        if (!take_turn(f, rc, &item))
            return;
        if (--until_look > 0 && rc == MT_EVENT)
            continue;
        until_look = LOOK_UP_EVERY;
        draw_progress(f);
        if (ends_interrupted(f))
            break;
    }
    mt_tap_end(f->tap);
    (void)drain(f);
}

/* ---- opening ---- */

static int no_memory(void)
{
    mt_say(NULL, "not enough memory");
    return MT_EXIT_ERROR;
}

static int open_sources(struct mt_feed *f)
{
    const struct mt_options *o = f->o;
    f->merge = mt_merge_new();
    f->found = calloc(o->read_count, sizeof *f->found);
    if (f->merge == NULL || f->found == NULL)
        return no_memory();
    for (size_t i = 0; i < o->read_count; i++) {
        struct mt_problem why;
        struct mt_source *source;
        struct mt_source_options options = {.follow = o->follow,
                                            .number = (uint16_t)i,
                                            .buffer_bytes =
                                                o->read_count > 16 ? 65536 : 0};
        if (mt_source_open_file(&source, o->read[i], &options, &why) != 0) {
            mt_say(NULL, "%s", why.text);
            return MT_EXIT_ERROR;
        }
        f->found[i].info.path = o->read[i];
        f->total_bytes += mt_source_progress(source).total_bytes;
        if (mt_merge_add(f->merge, source) != 0)
            return no_memory();
    }
    return 0;
}

static int open_names(struct mt_feed *f)
{
    char why[MT_NAMES_WHY_BYTES];
    if (f->o->names != NULL &&
        mt_names_file_load(&f->names_file, f->o->names, &f->pool, why) != 0) {
        mt_say(NULL, "%s", why);
        return MT_EXIT_ERROR;
    }
    f->names = mt_names_new(
        &(struct mt_names_config){.pool = &f->pool, .file = f->names_file});
    return f->names != NULL ? 0 : no_memory();
}

static int open_routes(struct mt_feed *f)
{
    size_t n = f->o->routes_count;
    f->patterns = calloc(n > 0 ? n : 1, sizeof *f->patterns);
    if (f->patterns == NULL)
        return no_memory();
    for (size_t i = 0; i < n; i++)
        f->patterns[i] = mt_span_str(f->o->routes[i]);
    f->routes =
        mt_routes_new(&(struct mt_route_options){.patterns = f->patterns,
                                                 .patterns_count = n},
                      &f->pool);
    return f->routes != NULL ? 0 : no_memory();
}

static int open_tap(struct mt_feed *f)
{
    const struct mt_options *o = f->o;
    struct mt_tap_config config = {.decode = {.keep_query = o->query,
                                              .keep_headers = o->headers,
                                              .keep_packets = !o->no_packets},
                                   .limit_bytes = (size_t)o->memory_bytes};
    config.hash_seed = mt_random_u64();
    f->tap = mt_tap_new(&config);
    return f->tap != NULL ? 0 : no_memory();
}

static int open_all(struct mt_feed *f)
{
    int rc = open_sources(f);
    if (rc == 0)
        rc = open_names(f);
    if (rc == 0)
        rc = open_routes(f);
    return rc == 0 ? open_tap(f) : rc;
}

int mt_feed_open(struct mt_feed **out, const struct mt_options *o,
                 const struct mt_filter *filter)
{
    *out = NULL;
    struct mt_feed *f = calloc(1, sizeof *f);
    if (f == NULL)
        return no_memory();
    f->o = o;
    f->filter = filter;
    mt_pool_init(&f->pool, NAMES_BYTES);
    int rc = open_all(f);
    if (rc != 0)
        mt_feed_free(f);
    else
        *out = f;
    return rc;
}

/* ---- ending ---- */

static void take_sources(struct mt_feed *f)
{
    struct mt_feed_result *r = f->result;
    for (size_t i = 0; i < r->sources_count; i++) {
        struct mt_feed_source *s = &r->sources[i];
        const struct mt_source *source = mt_merge_source(f->merge, i);
        struct mt_source_progress p = mt_source_progress(source);
        s->info.size_bytes = p.total_bytes;
        r->bytes += p.done_bytes;
        if (s->info.first_ns != 0 &&
            (r->first_ns == 0 || s->info.first_ns < r->first_ns))
            r->first_ns = s->info.first_ns;
        if (s->info.last_ns > r->last_ns)
            r->last_ns = s->info.last_ns;
        (void)snprintf(s->problem, sizeof s->problem, "%s",
                       mt_source_problem(source));
    }
}

static void take_stats(struct mt_feed *f)
{
    struct mt_feed_result *r = f->result;
    mt_tap_stats(f->tap, &r->tap);
    memcpy(r->layers, r->tap.layers->count, sizeof r->layers);
    r->tap.layers = NULL; /* they go with the tap */
}

static void say_problems(const struct mt_feed_result *r)
{
    for (size_t i = 0; i < r->sources_count; i++)
        if (r->sources[i].problem[0] != '\0')
            mt_warn(NULL, "%s", r->sources[i].problem);
}

void mt_feed_run(struct mt_feed *f, const struct mt_feed_sink *sink,
                 struct mt_feed_result *result)
{
    int64_t started_ns = mt_steady_ns();
    *result = (struct mt_feed_result){.sources = f->found,
                                      .sources_count = f->o->read_count};
    f->found = NULL;
    f->sink = sink;
    f->result = result;
    mt_signals_catch();
    mt_progress_begin(&f->progress, sink->progress && !f->o->quiet && isatty(2),
                      started_ns);
    run(f);
    mt_progress_end(&f->progress);
    take_stats(f);
    take_sources(f);
    result->seconds = (double)(mt_steady_ns() - started_ns) / 1e9;
    say_problems(result);
}

void mt_feed_free(struct mt_feed *f)
{
    if (f == NULL)
        return;
    mt_tap_free(f->tap);
    mt_merge_free(f->merge);
    mt_names_free(f->names);
    mt_names_file_free(f->names_file);
    mt_routes_free(f->routes);
    mt_pool_deinit(&f->pool);
    free(f->patterns);
    free(f->found);
    free(f);
}

void mt_feed_losses(const struct mt_feed_result *r,
                    uint64_t totals[MT_LOSS_COUNT])
{
    const struct mt_tap_stats *t = &r->tap;
    memset(totals, 0, MT_LOSS_COUNT * sizeof totals[0]);
    totals[MT_LOSS_KERNEL] = r->kernel_drops;
    totals[MT_LOSS_INTERFACE] = r->interface_drops;
    totals[MT_LOSS_PARSER] = t->decode.drafts_refused +
                             t->decode.pipeline_overflow +
                             t->decode.stream_overflow;
    totals[MT_LOSS_EVICTED] = t->tap.evicted_unknown + t->tap.evicted_decoded;
    totals[MT_LOSS_GAP] = t->tcp.gap_bytes;
    totals[MT_LOSS_UNDECODED] = t->decode.undecoded_bytes;
    totals[MT_LOSS_PACKETS] =
        r->layers[MT_LAYERS_MALFORMED] + r->layers[MT_LAYERS_CUT] +
        r->layers[MT_LAYERS_TOO_DEEP] + r->layers[MT_LAYERS_OTHER_LINK] +
        t->tap.flows_refused;
}

void mt_feed_result_deinit(struct mt_feed_result *result)
{
    free(result->sources);
    result->sources = NULL;
}
