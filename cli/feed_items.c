/* One item of a source: through the tap, named, to the sink. */
#include <poll.h>
#include <string.h>

#include "capture/link.h"
#include "cli/clock.h"
#include "cli/feed_impl.h"
#include "cli/say.h"

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

enum { NAMES_WAIT_MS = 200 };

/* A relay has names apart. Rows have what is known when they end; a database is
 * told of what came later. */
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
    if (found->listens)
        mt_tap_listens(f->tap, &found->addr);
    if (found->text.len > 0)
        (void)tell_name(f, &name);
}

void mt_feed_take_names(struct mt_feed *f)
{
    mt_naming_take(&f->naming, take_found, f);
}

/* Nothing more comes, so that a moment is not missed. */
void mt_feed_wait_for_names(struct mt_feed *f)
{
    int64_t until_ns = mt_steady_ns() + NAMES_WAIT_MS * INT64_C(1000000);
    while (mt_naming_waits(&f->naming)) {
        struct pollfd answer = {.fd = mt_helper_fd(f->naming.helper),
                                .events = POLLIN};
        int64_t left_ns = until_ns - mt_steady_ns();
        if (left_ns <= 0 || poll(&answer, 1, (int)(left_ns / 1000000) + 1) < 0)
            return;
        mt_feed_take_names(f);
    }
}

/* Everything that is finished goes to the sink. */
bool mt_feed_drain(struct mt_feed *f)
{
    const struct mt_exchange *finished;
    while ((finished = mt_tap_next(f->tap)) != NULL) {
        if (mt_naming_waits(&f->naming))
            mt_feed_take_names(f);
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
    if (f->filter != NULL && !mt_filter_match(f->filter, &x))
        return true;
    return f->sink->open(f->sink->context, &x, now);
}

/* Once a second of the packets' clock: what has begun and not ended. */
bool mt_feed_report_open(struct mt_feed *f)
{
    int64_t now = mt_tap_now_ns(f->tap);
    if (f->sink->open == NULL || now < f->open_due_ns)
        return true;
    f->open_due_ns = now + SECOND_NS;
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
    if (d == f->drops + MT_FEED_DROPS_MAX)
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

/* Of captures: losses have a place among their exchanges. */
static bool tell_losses(struct mt_feed *f, int64_t now_ns)
{
    uint64_t totals[MT_LOSS_COUNT];
    if (f->live || f->sink->second == NULL ||
        (uint64_t)now_ns - (uint64_t)f->told_ns < (uint64_t)SECOND_NS)
        return true;
    f->told_ns = now_ns;
    mt_feed_take_stats(f);
    mt_feed_losses(f->result, totals);
    if (memcmp(totals, f->told, sizeof totals) == 0)
        return true;
    memcpy(f->told, totals, sizeof totals);
    f->result->stopped = !f->sink->second(f->sink->context, f->result);
    return !f->result->stopped;
}

bool mt_feed_take_item(struct mt_feed *f, const struct mt_item *item)
{
    switch (item->kind) {
    case MT_ITEM_PACKET:
        if (!mt_relaying_run(&f->relaying, item->packet.ts_ns))
            return false;
        note_packet(f, &item->packet);
        if (!tell_losses(f, item->packet.ts_ns))
            return false;
        give_tap(f, item->packet);
        return mt_feed_drain(f) && mt_feed_report_open(f);
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
