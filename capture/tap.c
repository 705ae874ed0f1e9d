#include "capture/tap.h"

#include <stdlib.h>

#include "capture/tap_flow.h"

enum { DEFAULT_LIMIT_BYTES = 256 << 20, DEFAULT_REFUSED_PER_S = 200 };

#define SECOND_NS 1000000000
#define BACK_NS SECOND_NS
#define AHEAD_NS (60 * (int64_t)SECOND_NS)
#define TS_MAX_NS (INT64_MAX / 4) /* differences of two times never wrap */

static void take_config(struct mt_tap *tap, const struct mt_tap_config *config)
{
    tap->config = *config;
    if (tap->config.refused_per_s == 0)
        tap->config.refused_per_s = DEFAULT_REFUSED_PER_S;
    size_t limit = config->limit_bytes;
    mt_pool_init(&tap->pool, limit != 0 ? limit : DEFAULT_LIMIT_BYTES);
    tap->shed_bytes = tap->pool.limit_bytes - tap->pool.limit_bytes / 16;
    mt_decode_init(&tap->decode, &config->decode, &tap->pool);
    mt_layers_init(&tap->layers, &tap->pool);
    bool own = config->sink != NULL;
    tap->sink = own ? config->sink : &mt_tap_decode_sink;
    tap->sink_context = own ? config->sink_context : &tap->decode;
    tap->row_tokens = tap->config.refused_per_s;
    tap->one_of = 1;
}

struct mt_tap *mt_tap_new(const struct mt_tap_config *config)
{
    struct mt_tap *tap = calloc(1, sizeof *tap);
    if (tap == NULL)
        return NULL;
    take_config(tap, config);
    if (!config->keep_duplicates)
        tap->dedup = mt_dedup_new(config->hash_seed);
    tap->hops = mt_hops_new();
    if ((tap->dedup == NULL && !config->keep_duplicates) || tap->hops == NULL ||
        mt_flow_table_init(&tap->flows, &tap->pool, config->hash_seed) < 0) {
        mt_dedup_free(tap->dedup);
        mt_hops_free(tap->hops);
        mt_decode_deinit(&tap->decode);
        mt_pool_deinit(&tap->pool);
        free(tap);
        return NULL;
    }
    return tap;
}

void mt_tap_free(struct mt_tap *tap)
{
    if (tap == NULL)
        return;
    mt_tap_end(tap);
    mt_dedup_free(tap->dedup);
    mt_hops_free(tap->hops);
    mt_decode_deinit(&tap->decode);
    mt_layers_deinit(&tap->layers);
    mt_flow_table_deinit(&tap->flows);
    mt_pool_deinit(&tap->pool);
    free(tap);
}

void mt_tap_end(struct mt_tap *tap)
{
    if (tap->ended)
        return;
    tap->ended = true;
    struct mt_flow *next;
    for (struct mt_flow *f = mt_flow_all(&tap->flows); f != NULL; f = next) {
        next = f->newer;
        mt_tap_end_flow(tap, f, MT_END_CAPTURE, tap->clock_ns);
    }
}

/* ---- the clock ---- */

static uint64_t distance(int64_t a, int64_t b)
{
    return a > b ? (uint64_t)(a - b) : (uint64_t)(b - a);
}

/* One packet with a broken time must not end every flow, nor stop the timers
 * for ever: a step counts once the next packet is nearer to it. */
static bool is_step(const struct mt_tap *tap, int64_t ts_ns)
{
    int64_t step_ns = ts_ns - tap->clock_ns;
    return step_ns < -BACK_NS || step_ns > AHEAD_NS;
}

static bool is_confirmed(const struct mt_tap *tap, int64_t ts_ns)
{
    return tap->doubts &&
           distance(ts_ns, tap->doubt_ns) < distance(ts_ns, tap->clock_ns);
}

/* What was active since the doubt was so after the step. */
static void take_step(struct mt_tap *tap, int64_t ts_ns)
{
    if (ts_ns > tap->clock_ns) {
        tap->now_ns += ts_ns - tap->clock_ns;
        mt_flow_refresh(&tap->flows, tap->doubted_at_ns, tap->now_ns);
    }
    tap->clock_ns = ts_ns;
    tap->doubts = false;
    tap->counters.clock_steps++;
}

static void set_clock(struct mt_tap *tap, int64_t ts_ns)
{
    if (!tap->started) {
        tap->started = true;
        tap->clock_ns = ts_ns;
    } else if (!is_step(tap, ts_ns)) {
        tap->doubts = false;
        if (ts_ns > tap->clock_ns) {
            tap->now_ns += ts_ns - tap->clock_ns;
            tap->clock_ns = ts_ns;
        }
    } else if (is_confirmed(tap, ts_ns)) {
        take_step(tap, ts_ns);
    } else {
        tap->doubts = true;
        tap->doubt_ns = ts_ns;
        tap->doubted_at_ns = ++tap->now_ns;
    }
}

static int64_t sane(int64_t ts_ns)
{
    return ts_ns < 0 ? 0 : ts_ns > TS_MAX_NS ? TS_MAX_NS : ts_ns;
}

void mt_tap_advance(struct mt_tap *tap, int64_t now_ns)
{
    now_ns = sane(now_ns);
    if (!tap->started || tap->ended || now_ns <= tap->clock_ns)
        return;
    tap->now_ns += now_ns - tap->clock_ns;
    tap->clock_ns = now_ns;
    mt_tap_run_timers(tap);
}

int64_t mt_tap_now_ns(const struct mt_tap *tap)
{
    return tap->clock_ns;
}

/* ---- segments ---- */

static void count_duplicate(struct mt_tap *tap, const struct mt_flow_id *id,
                            uint64_t network)
{
    struct mt_flow_id real = mt_flow_id_in(id, network);
    tap->counters.dup_packets++;
    if (network != id->key.network)
        mt_tap_add_alias(tap, id, network);
    struct mt_flow *f = mt_flow_find(&tap->flows, &real);
    struct mt_conn_stats *stats = f != NULL ? mt_tap_stats_of(f) : NULL;
    if (stats != NULL)
        stats->dup_packets++;
}

void mt_tap_clock(struct mt_tap *tap, int64_t ts_ns)
{
    set_clock(tap, sane(ts_ns));
    if (tap->now_ns - tap->timers_ns >= MT_TAP_TIMERS_NS)
        mt_tap_run_timers(tap);
}

bool mt_tap_take(struct mt_tap *tap, const struct mt_segment *s)
{
    bool tcp = s->transport == MT_TRANSPORT_TCP;
    tap->counters.segments += tcp;
    tap->counters.datagrams += !tcp;
    if (!tcp && !mt_tap_wants_datagram(tap, s))
        return false;
    struct mt_flow_id id = mt_flow_id_of(&tap->flows, s);
    if (mt_tap_leaves_out(tap, &id)) {
        tap->counters.sampled_packets++;
        return false;
    }
    mt_flow_prefetch(&tap->flows, &id);
    if (tap->dedup != NULL) {
        uint64_t network;
        uint64_t print = mt_dedup_print(tap->dedup, s, id.tuple_hash);
        if (mt_dedup_seen(tap->dedup, s, print, &network)) {
            count_duplicate(tap, &id, network);
            tap->counters.dup_datagrams += !tcp;
            return true;
        }
    }
    if (tcp)
        mt_tap_tcp(tap, s, &id);
    else
        mt_tap_udp(tap, s, &id);
    if (tap->pool.used_bytes > tap->shed_bytes)
        mt_tap_shed(tap);
    return false;
}

void mt_tap_segment(struct mt_tap *tap, const struct mt_segment *segment)
{
    if (tap->ended)
        return;
    struct mt_segment s = *segment;
    s.ts_ns = sane(s.ts_ns);
    mt_tap_clock(tap, s.ts_ns);
    (void)mt_tap_take(tap, &s);
}

/* ---- packets ---- */

static struct mt_tap_interface *interface_of(struct mt_tap *tap,
                                             const struct mt_packet *p)
{
    uint16_t source = p->source;
    unsigned n = tap->interfaces_count, at = tap->interface;
    struct mt_tap_interface *list = tap->interfaces;
    if (at < n && list[at].source == source && list[at].id == p->interface_id)
        return &list[at];
    for (at = 0; at < n; at++)
        if (list[at].source == source && list[at].id == p->interface_id)
            break;
    if (at == MT_TAP_INTERFACES_MAX)
        at--;
    if (at == n) {
        list[at] =
            (struct mt_tap_interface){.source = source, .id = p->interface_id};
        tap->interfaces_count++;
    }
    tap->interface = at;
    return &list[at];
}

void mt_tap_packet(struct mt_tap *tap, const struct mt_packet *packet)
{
    if (tap->ended)
        return;
    struct mt_packet p = *packet;
    p.ts_ns = sane(p.ts_ns);
    struct mt_tap_interface *from = interface_of(tap, &p);
    tap->counters.packets++;
    tap->counters.wire_bytes += p.wire_bytes;
    from->packets++;
    from->wire_bytes += p.wire_bytes;
    mt_tap_clock(tap, p.ts_ns);
    struct mt_segment s;
    if (mt_layers_next(&tap->layers, &p, &s) == MT_EVENT)
        from->dup_packets += mt_tap_take(tap, &s);
}

/* ---- what comes out ---- */

const struct mt_exchange *mt_tap_next(struct mt_tap *tap)
{
    return mt_decode_next(&tap->decode);
}

const struct mt_conn_report *mt_tap_next_report(struct mt_tap *tap)
{
    return mt_decode_next_report(&tap->decode);
}

/* A turn that was answered waits for nothing but the next request. */
static bool is_answered_turn(const struct mt_draft *r)
{
    return r->x.kind == MT_KIND_TURN && r->x.resp.start_ns != 0;
}

struct mt_draft *mt_tap_open(struct mt_tap *tap, int64_t now_ns,
                             struct mt_draft *at)
{
    struct mt_draft *r = at == NULL ? tap->decode.open.first : at->next;
    while (r != NULL) {
        int64_t start_ns =
            r->x.req.start_ns != 0 ? r->x.req.start_ns : r->x.resp.start_ns;
        if (now_ns - start_ns > SECOND_NS && !is_answered_turn(r))
            return r;
        r = r->next;
    }
    return NULL;
}

void mt_tap_stats(const struct mt_tap *tap, struct mt_tap_stats *out)
{
    *out = (struct mt_tap_stats){
        .tap = tap->counters,
        .tcp = tap->tcp,
        .decode = tap->decode.stats,
        .layers = &tap->layers,
        .interfaces = tap->interfaces,
        .interfaces_count = tap->interfaces_count,
        .flows_now = tap->flows.count,
        .flows_peak = tap->flows.peak,
        .memory_now_bytes = tap->pool.used_bytes,
        .memory_peak_bytes = tap->pool.peak_bytes,
    };
}
