#include "cli/feed.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/link.h"
#include "capture/live.h"
#include "capture/merge.h"
#include "capture/names.h"
#include "capture/names_file.h"
#include "capture/names_hosts.h"
#include "capture/sampler.h"
#include "cli/clock.h"
#include "cli/naming.h"
#include "cli/packet_keeper.h"
#include "cli/progress.h"
#include "cli/relaying.h"
#include "cli/rights.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "cli/sources.h"
#include "cli/wait.h"
#include "store/route.h"

enum {
    LOOK_UP_EVERY = 4096, /* packets between looks at the clock */
    FOLLOW_POLL_MS = 50,
    LIVE_POLL_MS = 250, /* timers of connections go on so often */
    NAMES_BYTES = 64 << 20,
    DROPS_MAX = 256, /* interfaces that report drops */
};

#define SECOND_NS INT64_C(1000000000)
#define MS_NS INT64_C(1000000)
#define OPEN_AFTER_NS SECOND_NS
#define SETTLED_NS (MT_LIVE_BLOCK_MS * MS_NS) /* packets are not later */

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
    struct mt_packet_keeper *keeper; /* NULL: no packet ring */
    struct mt_relaying relaying;     /* the relayed streams among -r */
    struct drops drops[DROPS_MAX];
    size_t drops_count;
    bool live;
    struct mt_rights rights; /* live */
    struct mt_naming naming; /* live: processes and containers */
    struct mt_sampler sampler;
    bool ending;           /* sources were told to finish */
    int64_t settled_ns;    /* for mt_merge_next() */
    int64_t ends_ns;       /* steady clock: --for is over */
    int64_t second_ns;     /* steady clock: the sink is told of the next one */
    int64_t silent_ns;     /* steady clock at the last news, and */
    int64_t silent_at_ns;  /* the packets' clock then */
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

static bool drain_reports(struct mt_feed *f)
{
    const struct mt_conn_report *r;
    while ((r = mt_tap_next_report(f->tap)) != NULL)
        if (f->sink->report != NULL && !f->sink->report(f->sink->context, r))
            return false;
    return true;
}

/* A relay has names apart; rows have them as they come. */
static bool tell_name(struct mt_feed *f, const struct mt_relay_name *name)
{
    (void)mt_names_add(f->names, &name->addr, name->text,
                       (enum mt_name_source)name->source, name->ts_ns);
    return f->sink->name == NULL || f->sink->name(f->sink->context, name);
}

static void take_found(void *feed, const struct mt_naming_found *found)
{
    struct mt_feed *f = feed;
    const struct mt_relay_name name = {.addr = found->addr,
                                       .text = found->text,
                                       .source = (uint8_t)found->source,
                                       .ts_ns = mt_tap_now_ns(f->tap)};
    (void)tell_name(f, &name);
}

/* Everything that is finished goes to the sink. */
static bool drain(struct mt_feed *f)
{
    const struct mt_exchange *finished;
    while ((finished = mt_tap_next(f->tap)) != NULL) {
        if (mt_naming_waits(&f->naming))
            mt_naming_take(&f->naming, take_found, f);
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
    return drain_reports(f);
}

static uint64_t bytes_of(const struct mt_exchange *x)
{
    return x->req.header_bytes + x->req.body_bytes + x->resp.header_bytes +
           x->resp.body_bytes;
}

/* One that waits or runs: told when it is new, and when it went on. */
static bool report_one(struct mt_feed *f, struct mt_draft *r, int64_t now)
{
    struct mt_exchange x = mt_draft_so_far(r);
    mt_conn_report(r->conn, now);
    if (r->open_reported && r->open_bytes == bytes_of(&x))
        return true;
    r->open_reported = r->conn->known = true;
    r->open_bytes = bytes_of(&x);
    name(f, &x);
    return f->sink->open(f->sink->context, &x, now);
}

/* Once a second of the packets' clock: what has begun and not ended. */
static bool report_open(struct mt_feed *f)
{
    int64_t now = mt_tap_now_ns(f->tap);
    if (f->sink->open == NULL || now < f->open_due_ns)
        return true;
    f->open_due_ns = now + OPEN_AFTER_NS;
    for (struct mt_draft *r = mt_tap_open(f->tap, now, NULL); r != NULL;
         r = mt_tap_open(f->tap, now, r))
        if (!report_one(f, r, now))
            return false;
    return drain_reports(f);
}

/* ---- one item ---- */

static void note_packet(struct mt_feed *f, const struct mt_packet *p)
{
    struct mt_feed_result *r = f->result;
    struct mt_source_info *info = &r->sources[p->source].info;
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

static const char *last_path(const struct mt_feed *f)
{
    return mt_source_path(mt_merge_source(f->merge, mt_merge_last(f->merge)));
}

/* An interface tells its drops last, when it has vanished. */
static void say_lost(const struct mt_feed *f)
{
    const struct mt_source *s =
        mt_merge_source(f->merge, mt_merge_last(f->merge));
    if (f->live && mt_source_problem(s)[0] != '\0')
        mt_warn(NULL, "%s", mt_source_problem(s));
}

static void check_link(const struct mt_feed *f, const struct mt_item *item)
{
    uint16_t link = item->packet.link_type;
    if (mt_link_is_known(link))
        return;
    const char *name = mt_link_name(link);
    mt_warn(last_path(f),
            "link type %u%s%s is not decoded: its packets are passed over",
            link, name[0] != '\0' ? ", " : "", name);
}

/* Kept first, so that exchanges refer to what was kept. */
static void give_tap(struct mt_feed *f, struct mt_packet packet)
{
    mt_packet_keeper_packet(f->keeper, &packet);
    mt_tap_packet(f->tap, &packet);
}

static bool take_name(struct mt_feed *f, const struct mt_item *item)
{
    struct mt_relay_name name = {.addr = item->name_addr,
                                 .text = item->text,
                                 .source = MT_NAME_NRB,
                                 .ts_ns = mt_tap_now_ns(f->tap)};
    return tell_name(f, &name);
}

static bool take_item(struct mt_feed *f, const struct mt_item *item)
{
    switch (item->kind) {
    case MT_ITEM_PACKET:
        if (!mt_relaying_run(&f->relaying, item->packet.ts_ns))
            return false;
        note_packet(f, &item->packet);
        give_tap(f, item->packet);
        return drain(f) && report_open(f);
    case MT_ITEM_NAME:
        return take_name(f, item);
    case MT_ITEM_DROPS:
        note_drops(f, item);
        say_lost(f);
        return true;
    case MT_ITEM_INTERFACE:
        mt_packet_keeper_interface(f->keeper, item);
        check_link(f, item);
        return true;
    case MT_ITEM_COMMENT:
        if (f->live)
            mt_warn(last_path(f), "%.*s", (int)item->text.len,
                    (const char *)item->text.ptr);
        return true;
    default:
        return true;
    }
}

static void draw_progress(struct mt_feed *f, int64_t now_ns)
{
    if (!mt_progress_due(&f->progress, now_ns))
        return;
    struct mt_progress_now now = {.packets = f->result->packets,
                                  .exchanges = f->result->exchanges};
    mt_relayed_progress(f->relaying.streams, &now.total_bytes, &now.done_bytes);
    now.total_bytes += f->total_bytes;
    for (size_t i = 0; i < mt_merge_count(f->merge); i++)
        now.done_bytes +=
            mt_source_progress(mt_merge_source(f->merge, i)).done_bytes;
    mt_progress_draw(&f->progress, &now, now_ns);
}

/* ---- waiting ---- */

/* A followed file may be written by turns with others: it is waited for once,
 * then all that is there is taken. */
static void wait_for_files(struct mt_feed *f)
{
    bool waited = f->settled_ns == MT_MERGE_EXACT;
    f->settled_ns = waited ? MT_MERGE_NOW : MT_MERGE_EXACT;
    (void)mt_wait_for_sources(f->merge, FOLLOW_POLL_MS);
}

/* A packet waits for silent interfaces until it is settled, and no longer
 * where the wall clock was set back. */
static void wait_until_settled(struct mt_feed *f, int64_t ts_ns)
{
    int64_t left_ns = ts_ns + SETTLED_NS - mt_wall_ns();
    if (left_ns > SETTLED_NS)
        left_ns = SETTLED_NS;
    bool over = left_ns <= 0 ||
                mt_wait_for_sources(f->merge, (int)(left_ns / MS_NS) + 1);
    int64_t settled_ns = mt_wall_ns() - SETTLED_NS;
    f->settled_ns = over && settled_ns < ts_ns ? ts_ns : settled_ns;
}

/* The packets' clock goes on by as much as a clock that never steps. */
static bool wait_in_silence(struct mt_feed *f, bool news)
{
    (void)mt_wait_for_sources(f->merge, LIVE_POLL_MS);
    f->settled_ns = mt_wall_ns() - SETTLED_NS;
    int64_t now_ns = mt_steady_ns();
    if (news) {
        f->silent_ns = now_ns;
        f->silent_at_ns = mt_tap_now_ns(f->tap);
        return true;
    }
    mt_tap_advance(f->tap, f->silent_at_ns + (now_ns - f->silent_ns));
    return drain(f) && report_open(f);
}

/* The sink is told once that nothing more comes for now. */
static bool wait_for_more(struct mt_feed *f)
{
    int64_t waiting_ns = mt_merge_waiting_ns(f->merge);
    if (f->live && waiting_ns != INT64_MAX) {
        wait_until_settled(f, waiting_ns);
        return true;
    }
    bool news = f->result->packets != f->idle_packets;
    f->idle_packets = f->result->packets;
    if (news && f->sink->idle != NULL &&
        !f->sink->idle(f->sink->context, mt_tap_now_ns(f->tap)))
        return false;
    if (f->live)
        return wait_in_silence(f, news);
    wait_for_files(f);
    return true;
}

/* ---- the loop ---- */

static void take_stats(struct mt_feed *f)
{
    struct mt_feed_result *r = f->result;
    mt_tap_stats(f->tap, &r->tap);
    memcpy(r->layers, r->tap.layers->count, sizeof r->layers);
    r->tap.layers = NULL; /* they go with the tap */
}

/* Of what grows, what came until now is still read. The kernel hands over
 * its last block of packets once that is old. */
static void finish_sources(struct mt_feed *f)
{
    const struct timespec nap = {.tv_nsec = 2 * SETTLED_NS};
    int64_t now_ns = mt_wall_ns();
    if (f->live)
        (void)nanosleep(&nap, NULL);
    for (size_t i = 0; i < mt_merge_count(f->merge); i++)
        mt_source_finish(mt_merge_source(f->merge, i), now_ns);
    f->settled_ns = MT_MERGE_EXACT;
}

/* False: the sink has had enough. */
static bool take_turn(struct mt_feed *f, int rc, const struct mt_item *item)
{
    if (rc == MT_EVENT)
        return take_item(f, item);
    return rc != MT_MORE || f->ending || mt_interrupted() || wait_for_more(f);
}

/* Above --max-cpu only a sample of the connections is decoded. */
static void keep_ceiling(struct mt_feed *f, int64_t now_ns)
{
    if (!mt_sampler_look(&f->sampler, mt_clock_ns(CLOCK_THREAD_CPUTIME_ID),
                         now_ns))
        return;
    mt_tap_sample(f->tap, f->sampler.one_of);
    if (f->sampler.one_of > f->result->sample_one_of)
        f->result->sample_one_of = f->sampler.one_of;
}

/* Once a second. False: the sink has had enough. */
static bool tell_second(struct mt_feed *f, int64_t now_ns)
{
    if (now_ns < f->second_ns)
        return true;
    f->second_ns = now_ns + SECOND_NS;
    mt_naming_take(&f->naming, take_found, f);
    keep_ceiling(f, now_ns);
    take_stats(f);
    return drain(f) && (f->sink->second == NULL ||
                        f->sink->second(f->sink->context, f->result));
}

/* True: end now. What grows is read up to here before. */
static bool ends(struct mt_feed *f, int64_t now_ns)
{
    bool interrupted = mt_interrupted() && !f->result->interrupted;
    if (f->ending || (!interrupted && now_ns < f->ends_ns))
        return false;
    f->ending = true;
    f->result->interrupted = interrupted;
    if (!mt_options_endless(f->o))
        return true;
    finish_sources(f);
    return false;
}

/* False: no more is wanted, or the sink has had enough. */
static bool look_up(struct mt_feed *f)
{
    int64_t now_ns = mt_steady_ns();
    draw_progress(f, now_ns);
    if (f->live && !tell_second(f, now_ns)) {
        f->result->stopped = true;
        return false;
    }
    return !ends(f, now_ns);
}

/* While streams are read. */
static void look_up_relaying(void *feed)
{
    draw_progress(feed, mt_steady_ns());
}

static void run(struct mt_feed *f)
{
    struct mt_item item;
    unsigned until_look = LOOK_UP_EVERY;
    for (;;) {
        int rc = mt_merge_next(f->merge, f->settled_ns, &item);
        if (rc == MT_DONE) {
            f->result->all_gone = f->live && !f->ending;
            break;
        }
        if (!take_turn(f, rc, &item))
            return;
        if (--until_look > 0 && rc == MT_EVENT)
            continue;
        until_look = LOOK_UP_EVERY;
        if (!look_up(f)) {
            if (f->result->stopped)
                return;
            break;
        }
    }
    if (!mt_relaying_run(&f->relaying, INT64_MAX))
        return;
    mt_tap_end(f->tap);
    (void)drain(f);
}

/* ---- opening ---- */

static int no_memory(void)
{
    mt_say(NULL, "not enough memory");
    return MT_EXIT_ERROR;
}

/* So that a reference into it is not taken for one into another file. */
static uint64_t inode_of(const char *path)
{
    struct stat st;
    bool file = stat(path, &st) == 0 && S_ISREG(st.st_mode);
    return file ? (uint64_t)st.st_ino : 0;
}

/* A relayed stream, or a capture. */
static int open_file(struct mt_feed *f, const char *path)
{
    struct mt_peek peek;
    struct mt_source *source;
    size_t number = mt_merge_count(f->merge);
    /* what cannot be opened is said by whom it is a capture for */
    (void)mt_peek_open(&peek, path);
    if (mt_relay_detect(mt_peek_start(&peek)))
        return mt_relayed_add(f->relaying.streams, &peek, path);
    int rc = mt_sources_open_peeked(f->merge, f->o, &peek, path);
    if (rc != 0)
        return rc;
    source = mt_merge_source(f->merge, number);
    f->found[number].info.path = path;
    f->found[number].info.inode = inode_of(path);
    f->total_bytes += mt_source_progress(source).total_bytes;
    return 0;
}

static int open_sources(struct mt_feed *f)
{
    const struct mt_options *o = f->o;
    size_t n = mt_options_sources(o);
    f->merge = mt_merge_new();
    f->found = calloc(n, sizeof *f->found);
    f->relaying.streams = mt_relayed_new(o->follow);
    if (f->merge == NULL || f->found == NULL || f->relaying.streams == NULL)
        return no_memory();
    int rc = f->live ? mt_sources_open(f->merge, o) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (f->live)
            f->found[i].info.path = o->interfaces[i];
        else
            rc = open_file(f, o->read[i]);
    }
    return rc;
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
    if (f->names == NULL)
        return no_memory();
    if (f->live) /* of a capture it would be another machine's */
        (void)mt_names_hosts_load(f->names, "/etc/hosts", mt_wall_ns());
    return 0;
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
    struct mt_tap_config config = {
        .decode = {.keep_query = o->query,
                   .keep_headers = o->headers,
                   .keep_packets =
                       !o->no_packets && (!f->live || o->ring != NULL),
                   .reports = true},
        .limit_bytes = (size_t)o->memory_bytes};
    config.hash_seed = mt_random_u64();
    if (f->live) {
        config.seen = mt_naming_seen;
        config.seen_context = &f->naming;
    }
    f->tap = mt_tap_new(&config);
    return f->tap != NULL ? 0 : no_memory();
}

/* The ring's files are made by who a live tap becomes: a new folder is his,
 * one that was there stays whose it is. */
static int open_keeper(struct mt_feed *f)
{
    const char *folder = f->o->ring;
    if (f->live && folder != NULL && mkdir(folder, 0700) == 0)
        (void)mt_privileges_give(folder, &f->rights.plan);
    return mt_packet_keeper_open(&f->keeper, f->o);
}

static int open_all(struct mt_feed *f)
{
    const struct mt_options *o = f->o;
    int rc = open_sources(f);
    if (rc == 0)
        rc = open_names(f);
    if (rc == 0)
        rc = open_routes(f);
    f->relaying.names = f->names;
    if (rc == 0)
        mt_relaying_warn(&f->relaying, f->o);
    if (rc == 0)
        rc = open_tap(f);
    if (rc == 0 && f->live)
        rc = mt_rights_begin(&f->rights, o);
    mt_naming_init(&f->naming, f->rights.helper);
    return rc == 0 ? open_keeper(f) : rc;
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
    f->live = o->interfaces_count > 0;
    f->settled_ns = MT_MERGE_EXACT;
    f->relaying.filter = filter;
    f->relaying.exchanges = &f->exchanges;
    f->relaying.look_up = look_up_relaying;
    f->relaying.feed = f;
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

static void say_problems(const struct mt_feed_result *r)
{
    for (size_t i = 0; i < r->sources_count; i++)
        if (r->sources[i].problem[0] != '\0')
            mt_warn(NULL, "%s", r->sources[i].problem);
}

/* At once, so that what is committed before a crash can be traced back. */
static void name_sources(struct mt_feed *f)
{
    for (size_t i = 0; f->sink->source != NULL && i < f->result->sources_count;
         i++)
        (void)f->sink->source(f->sink->context, (uint32_t)i,
                              &f->result->sources[i].info);
}

/* Sources and database are open, no packet was read, no thread runs. */
static bool drop_rights(struct mt_feed *f)
{
    int folder = mt_packet_keeper_folder(f->keeper);
    return mt_rights_drop(&f->rights, f->o, folder) == 0;
}

const struct mt_rights *mt_feed_rights(const struct mt_feed *f)
{
    return f->live ? &f->rights : NULL;
}

void mt_feed_run(struct mt_feed *f, const struct mt_feed_sink *sink,
                 struct mt_feed_result *result)
{
    int64_t started_ns = mt_steady_ns();
    *result = (struct mt_feed_result){
        .sources = f->found, .sources_count = mt_merge_count(f->merge)};
    result->started_ns = mt_wall_ns();
    f->found = NULL;
    result->sample_one_of = 1;
    mt_sampler_init(&f->sampler, f->o->max_cpu);
    f->sink = sink;
    f->result = result;
    f->ends_ns = f->o->for_ns > 0 ? started_ns + f->o->for_ns : INT64_MAX;
    mt_relaying_begin(&f->relaying, sink, result, mt_feed_captures(f) > 0);
    mt_signals_catch();
    mt_progress_begin(&f->progress, sink->progress && !f->o->quiet && isatty(2),
                      started_ns);
    result->refused = f->live && !drop_rights(f);
    name_sources(f);
    mt_packet_keeper_tell(f->keeper, sink);
    if (!result->refused)
        run(f);
    mt_packet_keeper_close(f->keeper, result);
    f->keeper = NULL;
    mt_progress_end(&f->progress);
    take_stats(f);
    take_sources(f);
    mt_relaying_end(&f->relaying);
    result->ended_ns = mt_wall_ns();
    result->seconds = (double)(mt_steady_ns() - started_ns) / 1e9;
    if (!f->live)
        say_problems(result);
}

size_t mt_feed_captures(const struct mt_feed *f)
{
    return mt_merge_count(f->merge);
}

size_t mt_feed_hosts(const struct mt_feed *f)
{
    return mt_relayed_count(f->relaying.streams);
}

const struct mt_relayed_host *mt_feed_host(const struct mt_feed *f, size_t i)
{
    return mt_relayed_host(f->relaying.streams, i);
}

void mt_feed_free(struct mt_feed *f)
{
    if (f == NULL)
        return;
    mt_packet_keeper_close(f->keeper, NULL);
    mt_rights_end(&f->rights);
    mt_tap_free(f->tap);
    mt_merge_free(f->merge);
    mt_relayed_free(f->relaying.streams);
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
    for (int i = 0; i < MT_LOSS_COUNT; i++)
        totals[i] = r->relayed[i];
    totals[MT_LOSS_KERNEL] += r->kernel_drops;
    totals[MT_LOSS_INTERFACE] += r->interface_drops;
    totals[MT_LOSS_RING] += r->ring_drops;
    totals[MT_LOSS_PACKET_RING] += r->unkept_packets;
    totals[MT_LOSS_PARSER] += t->decode.drafts_refused +
                              t->decode.pipeline_overflow +
                              t->decode.stream_overflow;
    totals[MT_LOSS_EVICTED] += t->tap.evicted_unknown + t->tap.evicted_decoded;
    totals[MT_LOSS_GAP] += t->tcp.gap_bytes;
    totals[MT_LOSS_UNDECODED] += t->decode.undecoded_bytes;
    totals[MT_LOSS_PACKETS] +=
        r->layers[MT_LAYERS_MALFORMED] + r->layers[MT_LAYERS_CUT] +
        r->layers[MT_LAYERS_TOO_DEEP] + r->layers[MT_LAYERS_OTHER_LINK] +
        t->tap.flows_refused;
    totals[MT_LOSS_SAMPLED] += t->tap.sampled_packets;
}

int mt_feed_exit(const struct mt_options *o,
                 const struct mt_feed_result *result)
{
    if (result->refused)
        return MT_EXIT_ERROR;
    if (result->all_gone) {
        mt_say(NULL, "no interface is left to capture on");
        return MT_EXIT_ERROR;
    }
    return result->interrupted && !mt_options_endless(o) ? MT_EXIT_INTERRUPTED
                                                         : MT_EXIT_OK;
}

void mt_feed_result_deinit(struct mt_feed_result *result)
{
    free(result->sources);
    result->sources = NULL;
}
