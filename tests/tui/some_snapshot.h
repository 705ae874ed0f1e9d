/* Answers out of a stream of numbers, for tests that press any key: every
 * field may be anything, names are hostile. */
#ifndef MT_TESTS_TUI_SOME_SNAPSHOT_H
#define MT_TESTS_TUI_SOME_SNAPSHOT_H

#include <stdio.h>
#include <stdlib.h>

#include "tui/dashboard.h"

struct dice {
    const uint8_t *bytes; /* NULL: from the seed alone */
    size_t left;
    uint32_t seed;
};

static inline uint32_t roll(struct dice *d, uint32_t below)
{
    if (d->left > 0) {
        d->left--;
        d->seed = d->seed * 31 + *d->bytes++;
    } else {
        d->seed = d->seed * 1664525u + 1013904223u;
    }
    return (uint32_t)((uint64_t)(d->seed * 2654435761u) * below >> 32);
}

static inline const char *some_name(struct dice *d)
{
    static const char *const names[] = {
        "",
        "cart",
        "frontend",
        "payments",
        "10.0.0.1:8080",
        "a \"quoted\" \\ name",
        "\033[31mred\033[0m",
        "\xff\xfe",
        "\xe4\xbc\x9a\xe8\xad\xb0\xe5\xae\xa4",
        "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81x",
        "\xe2\x80\xae-evil",
        "line\nfeed",
        "x or y || z (",
        "a-very-long-name-that-goes-on-and-on-and-on-and-on-and-on-and-on-end"};
    return names[roll(d, sizeof names / sizeof names[0])];
}

static inline int64_t some_ns(struct dice *d)
{
    switch (roll(d, 5)) {
    case 0:
        return -1;
    case 1:
        return 0;
    case 2:
        return (int64_t)((uint64_t)roll(d, UINT32_MAX) << 31);
    default:
        return (int64_t)roll(d, 2000000000);
    }
}

static inline struct mt_row some_row(struct dice *d)
{
    struct mt_row r = {.server = some_name(d),
                       .client = some_name(d),
                       .method = some_name(d),
                       .route = some_name(d),
                       .endpoint = "",
                       .success = -1,
                       .load = -1};
    r.client_id = roll(d, 12);
    r.server_id = roll(d, 12);
    r.protocol = (uint8_t)roll(d, MT_PROTOCOL_COUNT);
    r.counts.exchanges = roll(d, 1000);
    r.counts.failure = roll(d, 3);
    r.counts.inferred = roll(d, 2) * r.counts.exchanges;
    r.rps = roll(d, 100000) / 7.0;
    if (roll(d, 3))
        r.success = roll(d, 1001) / 1000.0;
    for (int i = 0; i < MT_QUANTILES; i++)
        r.quantile_ns[i] = some_ns(d);
    r.mean_ns = r.max_ns = -1;
    r.open = roll(d, 3);
    r.oldest_ns = some_ns(d);
    return r;
}

static inline void some_rows(struct dice *d, struct mt_answer *a)
{
    size_t count = roll(d, 60);
    a->rows = calloc(count + 1, sizeof *a->rows);
    if (a->rows == NULL)
        return;
    for (a->count = 0; a->count < count; a->count++)
        a->rows[a->count] = some_row(d);
    a->total = some_row(d);
}

/* Endpoints of services, some of which rows are of; states of any kind. */
static inline void some_endpoints(struct dice *d, struct mt_snapshot *a)
{
    size_t count = roll(d, 30);
    a->proxies.endpoints = calloc(count + 1, sizeof *a->proxies.endpoints);
    for (size_t i = 0; a->proxies.endpoints != NULL && i < count; i++) {
        struct mt_endpoint_row *e = &a->proxies.endpoints[i];
        (void)snprintf(
            e->is.service, sizeof e->is.service, "%s",
            a->rows.count > 0 && roll(d, 2)
                ? a->rows.rows[roll(d, (uint32_t)a->rows.count)].server
                : some_name(d));
        (void)snprintf(e->is.endpoint, sizeof e->is.endpoint, "%s",
                       some_name(d));
        (void)snprintf(e->is.reason, sizeof e->is.reason, "%s", some_name(d));
        e->is.state = (uint8_t)roll(d, 256);
        e->is.until_ns = some_ns(d);
        e->is.latency_ns = some_ns(d);
        e->is.running = roll(d, 1000);
        e->now_ns = some_ns(d);
        e->heard_ns = some_ns(d);
        e->life = (uint8_t)roll(d, MT_PROXY_LIFE_COUNT + 1);
        a->proxies.endpoints_count++;
    }
}

static inline void some_exchanges(struct dice *d, struct mt_snapshot *a,
                                  size_t most)
{
    size_t count = roll(d, (uint32_t)most + 1);
    a->exchanges = calloc(count + 1, sizeof *a->exchanges);
    for (size_t i = 0; a->exchanges != NULL && i < count; i++) {
        struct mt_exchange *x = &a->exchanges[i].x;
        x->id = most > 1 ? 1 + roll(d, 1000) : a->request.id;
        x->end_ns = some_ns(d);
        x->req.start_ns = some_ns(d);
        x->req.end_ns = some_ns(d);
        x->resp.start_ns = some_ns(d);
        x->resp.end_ns = some_ns(d);
        x->outcome = (uint8_t)roll(d, MT_OUTCOME_COUNT);
        x->error = (uint8_t)roll(d, MT_ERROR_COUNT);
        x->protocol = (uint8_t)roll(d, MT_PROTOCOL_COUNT);
        x->status = (uint16_t)roll(d, 700);
        x->grpc_status = MT_GRPC_STATUS_NONE;
        x->method = mt_span_str(some_name(d));
        x->authority = mt_span_str(some_name(d));
        x->path = mt_span_str(some_name(d));
        x->client.service = mt_span_str(some_name(d));
        a->exchanges_count++;
    }
}

static inline void some_lost(struct dice *d, struct mt_snapshot *a)
{
    for (size_t n = roll(d, 2) * roll(d, 8); a->lost_count < n; a->lost_count++)
        a->lost[a->lost_count] =
            (struct mt_lost){.id = 1 + roll(d, 50),
                             .before_id = 1 + roll(d, 1000),
                             .count = roll(d, 100000),
                             .loss = (uint8_t)roll(d, MT_LOSS_COUNT)};
}

/* Ids and times of any kind; the first is the one asked about. */
static inline void some_trace(struct dice *d, struct mt_trace *t, uint64_t id)
{
    size_t count = roll(d, 70);
    *t = (struct mt_trace){.key = (uint8_t)roll(d, 3), .complete = roll(d, 2)};
    t->spans = calloc(count + 1, sizeof *t->spans);
    for (size_t i = 0; t->spans != NULL && i < count; i++) {
        struct mt_exchange x = {.id = i == 0 ? id : 1 + roll(d, 1000)};
        x.end_ns = some_ns(d);
        x.req.start_ns = some_ns(d);
        x.span_id[0] = (uint8_t)roll(d, 9);
        x.parent_id[0] = (uint8_t)roll(d, 9);
        x.server.service = mt_span_str(some_name(d));
        x.client.service = mt_span_str(some_name(d));
        x.path = mt_span_str(some_name(d));
        x.outcome = (uint8_t)roll(d, MT_OUTCOME_COUNT);
        x.error = (uint8_t)roll(d, MT_ERROR_COUNT);
        x.grpc_status = (int16_t)roll(d, 20);
        mt_trace_span_of(&t->spans[t->count++], &x);
    }
    t->seen = t->count + roll(d, 3);
    (void)mt_trace_arrange(t, id);
}

static inline struct mt_ladder *some_ladder(struct dice *d)
{
    struct mt_ladder *l = calloc(1, sizeof *l);
    for (size_t n = roll(d, 100); l != NULL && n > 0; n--)
        mt_ladder_add(
            l, (struct mt_ladder_step){.ts_ns = some_ns(d),
                                       .payload_bytes = roll(d, UINT32_MAX),
                                       .gap_bytes = roll(d, UINT32_MAX),
                                       .marks = (uint16_t)roll(d, UINT16_MAX),
                                       .from = (uint8_t)roll(d, 2),
                                       .flags = (uint8_t)roll(d, 256),
                                       .tcp = roll(d, 2) != 0});
    if (l != NULL)
        (void)snprintf(l->why, sizeof l->why, "%s", some_name(d));
    return l;
}

static inline void some_trends(struct dice *d, struct mt_trends *t)
{
    enum { SERVICES = 12, BUCKETS = 20 };
    t->services = calloc(SERVICES, sizeof *t->services);
    t->exchanges = calloc((size_t)SERVICES * BUCKETS, sizeof *t->exchanges);
    if (t->services == NULL || t->exchanges == NULL)
        return;
    t->count = SERVICES - roll(d, 4);
    t->buckets = BUCKETS;
    t->bucket_ns = 3000000000;
    for (size_t i = 0; i < t->count; i++)
        t->services[i] = (int64_t)i;
    for (size_t i = 0; i < t->count * BUCKETS; i += 1 + roll(d, 9))
        t->exchanges[i] = roll(d, UINT32_MAX);
}

/* An answer to a request, as the worker might give it. NULL: no memory. */
static inline struct mt_snapshot *some_snapshot(struct dice *d,
                                                const struct mt_request *r)
{
    struct mt_snapshot *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->request = *r;
    a->complete = roll(d, 4) != 0;
    a->live = roll(d, 2);
    a->rc = roll(d, 12) == 0 ? MT_STORE_EBUSY : 0;
    a->now_ns = INT64_C(1795000000000000000);
    a->to_ns = r->end_ns != 0 ? r->end_ns : a->now_ns;
    a->from_ns = a->to_ns - some_ns(d);
    a->entry = some_row(d);
    a->info.rows = roll(d, 3);
    a->info.first_ns = a->now_ns - 1000000000;
    a->unfiltered = roll(d, 3);
    a->losses[roll(d, MT_LOSS_COUNT)] = roll(d, 1000);
    some_rows(d, &a->series);
    if (r->topic == MT_TOPIC_SERVICES && roll(d, 2))
        some_trends(d, &a->trends);
    if (r->topic <= MT_TOPIC_POLICY)
        some_rows(d, &a->rows);
    if (r->topic == MT_TOPIC_POLICY)
        some_endpoints(d, a);
    else if (r->topic > MT_TOPIC_POLICY && r->topic <= MT_TOPIC_SLOWEST)
        some_exchanges(d, a, 80);
    else if (r->topic == MT_TOPIC_EXCHANGE) {
        some_exchanges(d, a, 1);
        some_trace(d, &a->trace, r->id);
        a->ladder = some_ladder(d);
    }
    if (r->topic == MT_TOPIC_NEWEST)
        some_lost(d, a);
    return a;
}

/* Keys that mean something, and others. */
static inline int32_t some_key(struct dice *d)
{
    static const char usual[] =
        "123456fF!+/nNeI<>wWpxczmM:0?hjklgG[]{}.tTX svc=cart\"or(at";
    switch (roll(d, 4)) {
    case 0:
        return MT_KEY_FIRST_NAMED +
               (int32_t)roll(d, MT_KEY_END_OF_NAMED - MT_KEY_FIRST_NAMED);
    case 1:
        return (int32_t[]){MT_KEY_ENTER, MT_KEY_ESC, MT_KEY_BACKSPACE,
                           MT_KEY_TAB}[roll(d, 4)];
    case 2:
        return (int32_t)roll(d, 32) == 0 ? (int32_t)roll(d, 0x10ffff)
                                         : usual[roll(d, sizeof usual - 1)];
    default:
        return usual[roll(d, sizeof usual - 1)];
    }
}

/* What people type after a colon, and what they mistype. */
static inline const char *some_command(struct dice *d)
{
    static const char *const commands[] = {"tail",
                                           "services x",
                                           "sort p99",
                                           "sort",
                                           "sort \xff",
                                           "window 5m",
                                           "window all",
                                           "window -1",
                                           "at 12:04",
                                           "at 2026-11-18",
                                           "at nonsense",
                                           "now",
                                           "speed 10x",
                                           "speed max",
                                           "speed nan",
                                           "filter svc=a",
                                           "filter (",
                                           "filter",
                                           "marked",
                                           "export x.csv",
                                           "export",
                                           "help",
                                           "quit",
                                           "t",
                                           "capture",
                                           "filter status=5xx or lat>1ms",
                                           ""};
    return commands[roll(d, sizeof commands / sizeof commands[0])];
}

/* Is everything that a canvas shows safe and in its place? */
static inline bool canvas_is_sound(const struct mt_canvas *c)
{
    for (size_t i = 0; i < c->columns * c->rows; i++) {
        const struct mt_cell *cell = &c->cells[i];
        struct mt_span rest = {cell->text, cell->len};
        bool last = (i + 1) % c->columns == 0;
        if (cell->len > MT_CELL_BYTES || cell->role >= MT_ROLE_COUNT ||
            (cell->wide && (last || c->cells[i + 1].len != 0)))
            return false;
        if (cell->len > 0 && (cell->text[0] < ' ' || cell->text[0] == 127))
            return false;
        (void)rest;
    }
    return true;
}

#endif
