/* The loop around a feed: progress, waiting, the clock, the end. */
#include "cli/feed.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/live.h"
#include "cli/clock.h"
#include "cli/feed_impl.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "cli/sources.h"
#include "cli/wait.h"

enum {
    NAP_MS = 10, /* of a replay: how exact its clock is */
    TELL_MS = 200,
    LOOK_UP_EVERY = 4096, /* packets between looks at the clock */
    FOLLOW_POLL_MS = 50,
    LIVE_POLL_MS = 250, /* timers of connections go on so often */
};

#define MS_NS INT64_C(1000000)
#define SETTLED_NS (MT_LIVE_BLOCK_MS * MS_NS) /* packets are not later */

/* ---- progress ---- */

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

/* Connections that begin here: who has opened them is asked at once. */
static void take_early(struct mt_feed *f)
{
    struct mt_addr local, remote;
    while (mt_early_next(&f->early, mt_steady_ns(), &local, &remote))
        mt_naming_early(&f->naming, &local, &remote, mt_wall_ns());
}

/* True: timeout_ms have passed without news. */
static bool wait_for_sources(struct mt_feed *f, int timeout_ms)
{
    bool over = mt_wait_for_sources(
        f->merge, mt_early_fd(&f->early, mt_steady_ns()), timeout_ms);
    take_early(f);
    return over;
}

/* A followed file may be written by turns with others: it is waited for once,
 * then all that is there is taken. */
static void wait_for_files(struct mt_feed *f)
{
    bool waited = f->settled_ns == MT_MERGE_EXACT;
    f->settled_ns = waited ? MT_MERGE_NOW : MT_MERGE_EXACT;
    (void)wait_for_sources(f, FOLLOW_POLL_MS);
}

/* A packet waits for silent interfaces until it is settled, and no longer
 * where the wall clock was set back. */
static void wait_until_settled(struct mt_feed *f, int64_t ts_ns)
{
    int64_t left_ns = ts_ns + SETTLED_NS - mt_wall_ns();
    if (left_ns > SETTLED_NS)
        left_ns = SETTLED_NS;
    bool over = left_ns <= 0 || wait_for_sources(f, (int)(left_ns / MS_NS) + 1);
    int64_t settled_ns = mt_wall_ns() - SETTLED_NS;
    f->settled_ns = over && settled_ns < ts_ns ? ts_ns : settled_ns;
}

/* The packets' clock goes on by as much as a clock that never steps. */
static bool wait_in_silence(struct mt_feed *f, bool news)
{
    (void)wait_for_sources(f, LIVE_POLL_MS);
    f->settled_ns = mt_wall_ns() - SETTLED_NS;
    int64_t now_ns = mt_steady_ns();
    if (news) {
        f->silent_ns = now_ns;
        f->silent_at_ns = mt_tap_now_ns(f->tap);
        return true;
    }
    mt_tap_advance(f->tap, f->silent_at_ns + (now_ns - f->silent_ns));
    return mt_feed_drain(f) && mt_feed_report_open(f);
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

/* At once, so that what is committed before a crash can be traced back; and
 * again as they grow, for who looks on. */
static void tell_sources(struct mt_feed *f)
{
    for (size_t i = 0; f->sink->source != NULL && i < f->result->sources_count;
         i++)
        (void)f->sink->source(f->sink->context, (uint32_t)i,
                              &f->result->sources[i].info);
}

/* ---- a replay ---- */

/* What is finished up to a moment is there for who asks. */
static bool tell_replayed(struct mt_feed *f, int64_t now_ns)
{
    int64_t steady_ns = mt_steady_ns();
    if (f->sink->idle == NULL || now_ns <= f->paced_now_ns ||
        steady_ns - f->paced_ns < TELL_MS * MS_NS)
        return true;
    f->paced_ns = steady_ns;
    f->paced_now_ns = now_ns;
    tell_sources(f);
    return mt_feed_drain(f) && f->sink->idle(f->sink->context, now_ns);
}

/* Until the packet's time has come. The tap's clock is still that of packets
 * alone, so that any speed gives the same exchanges. False: it was
 * interrupted, or the sink has had enough. */
static bool keep_pace(struct mt_feed *f, int64_t ts_ns)
{
    int64_t now_ns;
    if (!tell_replayed(f, ts_ns - 1))
        return false;
    while (!f->sink->due(f->sink->context, ts_ns, &now_ns)) {
        if (f->result->packets > 0 && !tell_replayed(f, now_ns))
            return false;
        if (mt_interrupted()) {
            f->result->interrupted = true;
            return false;
        }
        (void)mt_wait_for_sources(f->merge, -1, NAP_MS);
    }
    return true;
}

/* As mt_merge_next(); a replay's packets come in their time. */
static int next_in_time(struct mt_feed *f, struct mt_item *item)
{
    int rc = mt_merge_next(f->merge, f->settled_ns, item);
    bool paced =
        f->sink->due != NULL && rc == MT_EVENT && item->kind == MT_ITEM_PACKET;
    return paced && !keep_pace(f, item->packet.ts_ns) ? MT_DONE : rc;
}

/* ---- the loop ---- */

void mt_feed_take_stats(struct mt_feed *f)
{
    struct mt_feed_result *r = f->result;
    mt_tap_stats(f->tap, &r->tap);
    memcpy(r->layers, r->tap.layers->count, sizeof r->layers);
    r->tap.layers = NULL; /* they go with the tap */
    int64_t now_ns = mt_tap_now_ns(f->tap);
    if (now_ns > r->now_ns)
        r->now_ns = now_ns;
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
        return mt_feed_take_item(f, item);
    return rc != MT_MORE || f->ending || mt_interrupted() || wait_for_more(f);
}

/* Above --max-cpu only a sample of the connections is decoded: of those that
 * are not, nothing is written nor asked of the helper. */
static void keep_ceiling(struct mt_feed *f, int64_t now_ns)
{
    if (!mt_sampler_look(&f->sampler, mt_cpu_ns(&f->cpu), now_ns))
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
    take_early(f);
    mt_feed_take_names(f);
    mt_naming_again(&f->naming, mt_tap_now_ns(f->tap));
    keep_ceiling(f, now_ns);
    mt_feed_take_stats(f);
    tell_sources(f);
    return mt_feed_drain(f) && (f->sink->second == NULL ||
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
void mt_feed_look_up(void *feed)
{
    draw_progress(feed, mt_steady_ns());
}

static void run(struct mt_feed *f)
{
    struct mt_item item;
    unsigned until_look = LOOK_UP_EVERY;
    for (;;) {
        int rc = next_in_time(f, &item);
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
    mt_feed_wait_for_names(f);
    mt_tap_end(f->tap);
    (void)mt_feed_drain(f);
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

/* Sources and database are open, no packet was read, no thread runs. */
static bool drop_rights(struct mt_feed *f)
{
    int folder = mt_packet_keeper_folder(f->keeper);
    return mt_rights_drop(&f->rights, f->o, folder, f->sink->accept_fd) == 0;
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
    mt_cpu_init(&f->cpu,
                f->rights.helper != NULL ? mt_helper_pid(f->rights.helper) : 0);
    f->sink = sink;
    f->result = result;
    f->ends_ns = f->o->for_ns > 0 ? started_ns + f->o->for_ns : INT64_MAX;
    mt_relaying_begin(&f->relaying, sink, result, mt_feed_captures(f) > 0);
    mt_signals_catch();
    mt_progress_begin(&f->progress, sink->progress && !f->o->quiet && isatty(2),
                      started_ns);
    result->refused = f->live && !drop_rights(f);
    tell_sources(f);
    mt_packet_keeper_tell(f->keeper, sink);
    if (!result->refused) {
        if (sink->begun != NULL)
            sink->begun(sink->context);
        run(f);
    }
    mt_packet_keeper_close(f->keeper, result);
    f->keeper = NULL;
    mt_progress_end(&f->progress);
    mt_feed_take_stats(f);
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

void mt_feed_losses(const struct mt_feed_result *r,
                    uint64_t totals[MT_LOSS_COUNT])
{
    const struct mt_tap_stats *t = &r->tap;
    for (int i = 0; i < MT_LOSS_COUNT; i++)
        totals[i] = r->relayed[i];
    totals[MT_LOSS_KERNEL] += r->kernel_drops;
    totals[MT_LOSS_INTERFACE] += r->interface_drops;
    totals[MT_LOSS_RING] += r->ring_drops;
    totals[MT_LOSS_REPORT] += r->ring_reports + t->decode.reports_refused;
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
