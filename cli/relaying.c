#include "cli/relaying.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "cli/say.h"
#include "cli/signals.h"

enum { CONN_BITS = 48, WAIT_MS = 250, LOOK_UP_EVERY = 1024 /* records */ };

#define CLOCKS_APART_NS INT64_C(1000000000)

void mt_relaying_warn(const struct mt_relaying *r, const struct mt_options *o)
{
    const struct {
        bool given;
        const char *name;
    } list[] = {{o->names != NULL, "--names"},
                {o->routes_count > 0, "--route"},
                {o->headers, "--headers"},
                {o->query, "--query"}};
    char given[64];
    struct mt_buf b = mt_buf_of(given, sizeof given);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        if (list[i].given) {
            mt_put_str(&b, b.len > 0 ? ", " : "");
            mt_put_str(&b, list[i].name);
        }
    if (b.len > 0 && mt_relayed_count(r->streams) > 0)
        mt_warn(NULL,
                "%.*s: no effect on exchanges of a stream; give it to the "
                "meshtop that writes it",
                (int)b.len, given);
}

void mt_relaying_begin(struct mt_relaying *r, const struct mt_feed_sink *sink,
                       struct mt_feed_result *result, bool captures)
{
    r->sink = sink;
    r->result = result;
    r->captures = captures;
    r->several = mt_relayed_count(r->streams) + captures > 1;
    r->patient = true;
    result->hosts_count = mt_relayed_count(r->streams);
}

/* ---- one record ---- */

/* Numbers of connections are each host's own: the second one's lie apart. */
static uint64_t told_apart(const struct mt_relaying *r, uint64_t conn)
{
    uint64_t host = mt_relayed_last(r->streams) + r->captures;
    if (host == 0)
        return conn;
    return (conn & ((UINT64_C(1) << CONN_BITS) - 1)) | host << CONN_BITS;
}

static void add_host_name(struct mt_relaying *r, struct mt_exchange *x)
{
    const struct mt_relayed_host *h =
        mt_relayed_host(r->streams, mt_relayed_last(r->streams));
    uint32_t n = x->attrs.count;
    if (!r->several || r->sink->from != NULL || n >= MT_RELAYING_ATTRS_MAX)
        return;
    if (n > 0)
        memcpy(r->attrs, x->attrs.list, n * sizeof r->attrs[0]);
    r->attrs[n] = (struct mt_field){MT_SPAN("host.name"), mt_span_str(h->name)};
    x->attrs = (struct mt_fields){r->attrs, n + 1};
}

static bool give(struct mt_relaying *r, const struct mt_relay_record *record)
{
    struct mt_exchange x = record->x;
    x.id = ++*r->exchanges;
    x.conn = told_apart(r, x.conn);
    add_host_name(r, &x);
    if (x.end_ns > r->now_ns)
        r->now_ns = x.end_ns;
    if (r->filter != NULL && !mt_filter_match(r->filter, &x))
        return true;
    r->result->exchanges++;
    r->result->stopped = !r->sink->exchange(r->sink->context, &x);
    return !r->result->stopped;
}

static bool give_open(const struct mt_relaying *r,
                      const struct mt_relay_record *record)
{
    struct mt_exchange x = record->x;
    x.conn = told_apart(r, x.conn);
    return r->sink->open == NULL ||
           r->sink->open(r->sink->context, &x, record->now_ns);
}

static bool give_report(const struct mt_relaying *r,
                        const struct mt_relay_record *record)
{
    struct mt_conn_report report = record->report;
    report.conn = told_apart(r, report.conn);
    return r->sink->report == NULL ||
           r->sink->report(r->sink->context, &report);
}

/* Names are of use to captures that are read beside the stream, and to who
 * reads what is written from it. */
static bool give_name(struct mt_relaying *r, const struct mt_relay_name *name)
{
    (void)mt_names_add(r->names, &name->addr, name->text,
                       (enum mt_name_source)name->source, name->ts_ns);
    return r->sink->name == NULL || r->sink->name(r->sink->context, name);
}

static void add_losses(struct mt_feed_result *result, struct mt_relayed_host *h)
{
    for (int i = 0; i < MT_LOSS_COUNT; i++)
        if (h->losses[i] > h->told[i]) {
            result->relayed[i] += h->losses[i] - h->told[i];
            h->told[i] = h->losses[i];
        }
    if (h->sample_one_of > result->sample_one_of)
        result->sample_one_of = h->sample_one_of;
}

/* At a mark: what the stream has told before it. */
static bool give_losses(struct mt_relaying *r)
{
    struct mt_relayed_host *h =
        mt_relayed_host(r->streams, mt_relayed_last(r->streams));
    struct mt_feed_result *result = r->result;
    if (!h->losses_news)
        return true;
    h->losses_news = false;
    add_losses(result, h);
    if (r->now_ns > result->now_ns)
        result->now_ns = r->now_ns;
    if (r->sink->second == NULL)
        return true;
    struct mt_feed_result part = {.sample_one_of = h->sample_one_of,
                                  .now_ns = r->now_ns};
    memcpy(part.relayed, h->told, sizeof part.relayed);
    result->stopped = !r->sink->second(r->sink->context,
                                       r->sink->from != NULL ? &part : result);
    return !result->stopped;
}

static bool take(struct mt_relaying *r, const struct mt_relay_record *record)
{
    if (r->sink->from != NULL)
        r->sink->from(r->sink->context, mt_relayed_last(r->streams) + 1);
    switch (record->kind) {
    case MT_RELAY_EXCHANGE:
        return give(r, record);
    case MT_RELAY_OPEN:
        return give_open(r, record);
    case MT_RELAY_REPORT:
        return give_report(r, record);
    case MT_RELAY_NAME:
        return give_name(r, &record->name);
    case MT_RELAY_MARK:
        if (record->now_ns > r->now_ns)
            r->now_ns = record->now_ns;
        return give_losses(r);
    default:
        return true; /* the stream has noted it */
    }
}

/* ---- all ---- */

/* The sink is told once that nothing more comes for now. */
static bool wait_for_more(struct mt_relaying *r)
{
    if (r->news && r->sink->idle != NULL &&
        !r->sink->idle(r->sink->context, r->now_ns))
        return false;
    r->news = false;
    mt_relayed_wait(r->streams, WAIT_MS);
    mt_relayed_warn_silent(r->streams);
    return true;
}

/* Between records, or after having waited for one. */
static bool ends(struct mt_relaying *r, bool waited, bool all)
{
    if (waited || ++r->records % LOOK_UP_EVERY == 0)
        r->look_up(r->feed);
    if (!mt_interrupted())
        return false;
    r->result->interrupted |= all;
    return true;
}

bool mt_relaying_run(struct mt_relaying *r, int64_t until_ns)
{
    const struct mt_relay_record *record;
    bool all = until_ns == INT64_MAX;
    if (mt_relayed_count(r->streams) == 0)
        return true;
    for (int rc = MT_EVENT; !ends(r, rc == MT_MORE, all);) {
        rc = mt_relayed_next(r->streams, until_ns, r->patient, &record);
        if (rc == MT_DONE)
            break;
        /* one wait for the stream whose turn it may be, then all is taken
         * that is there */
        if (rc == MT_MORE)
            r->patient = !r->patient;
        r->news |= rc == MT_EVENT;
        if (rc == MT_MORE ? !wait_for_more(r) : !take(r, record))
            return false;
    }
    if (r->sink->from != NULL)
        r->sink->from(r->sink->context, 0);
    return true;
}

static void add_source(struct mt_feed_result *result,
                       const struct mt_relayed_source *from)
{
    struct mt_feed_source *to = &result->sources[result->sources_count++];
    const struct mt_source_info *info = &from->info;
    *to = (struct mt_feed_source){.info = *info};
    (void)snprintf(to->path, sizeof to->path, "%s", from->path);
    to->info.path = to->path;
    result->packets += info->packets;
    if (info->first_ns != 0 &&
        (result->first_ns == 0 || info->first_ns < result->first_ns))
        result->first_ns = info->first_ns;
    if (info->last_ns > result->last_ns)
        result->last_ns = info->last_ns;
}

/* The sources do not move any more: their paths are in them. */
static void add_sources(struct mt_relaying *r)
{
    struct mt_feed_result *result = r->result;
    size_t count = result->sources_count;
    for (size_t i = 0; i < mt_relayed_count(r->streams); i++)
        count += mt_relayed_host(r->streams, i)->sources_count;
    struct mt_feed_source *grown =
        realloc(result->sources, (count + 1) * sizeof *grown);
    if (grown == NULL)
        return;
    result->sources = grown;
    for (size_t i = 0; i < mt_relayed_count(r->streams); i++) {
        const struct mt_relayed_host *h = mt_relayed_host(r->streams, i);
        for (size_t k = 0; k < h->sources_count; k++)
            add_source(result, &h->sources[k]);
    }
}

static void say_clock(const struct mt_relayed_host *h)
{
    char text[64];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    int64_t ahead_ns;
    if (!mt_relayed_ahead(h, &ahead_ns) ||
        (ahead_ns < CLOCKS_APART_NS && ahead_ns > -CLOCKS_APART_NS))
        return;
    mt_put_age(&b, ahead_ns > 0 ? ahead_ns : -ahead_ns);
    mt_warn(h->path,
            "the clock of %s is %.*s %s this one's; its times are "
            "shown as they came",
            h->name, (int)b.len, text, ahead_ns > 0 ? "ahead of" : "behind");
}

static void end_host(struct mt_feed_result *result, struct mt_relayed_host *h)
{
    h->losses[MT_LOSS_PARSER] += h->read.refused;
    add_losses(result, h);
    result->bytes += h->read.bytes;
    if (h->problem[0] != '\0')
        mt_warn(NULL, "%s", h->problem);
    if (h->read.refused > 0)
        mt_warn(h->path,
                "%llu exchanges are of a newer meshtop and were "
                "passed over",
                (unsigned long long)h->read.refused);
    say_clock(h);
}

void mt_relaying_end(struct mt_relaying *r)
{
    add_sources(r);
    for (size_t i = 0; i < mt_relayed_count(r->streams); i++)
        end_host(r->result, mt_relayed_host(r->streams, i));
}
