#include "store/rollup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/open.h"

#define SECOND_NS INT64_C(1000000000)

const struct mt_level_set mt_levels[MT_KEYS_COUNT] = {
    [MT_KEYS_EDGE] = {"edge_cell", 4, {1, 10, 60, 3600}},
    [MT_KEYS_ROUTE] = {"route_cell", 3, {10, 60, 3600}},
};

int64_t mt_cell_time(int64_t ns, int64_t level_s)
{
    int64_t level_ns = level_s * SECOND_NS;
    int64_t t = ns / level_ns;
    return ns % level_ns < 0 ? t - 1 : t;
}

void mt_cell_init(struct mt_cell *c, struct mt_pool *pool)
{
    memset(&c->counts, 0, sizeof c->counts);
    c->counts.last_ns = INT64_MIN;
    mt_hist_init(&c->hist, pool);
}

void mt_cell_deinit(struct mt_cell *c)
{
    mt_hist_deinit(&c->hist);
}

/* A response that never came whole says nothing about how long one takes. */
int64_t mt_cell_latency_ns(const struct mt_exchange *x)
{
    switch (x->error) {
    case MT_ERROR_NONE:
    case MT_ERROR_TIMEOUT:
    case MT_ERROR_PROTOCOL:
        return mt_exchange_latency_ns(x);
    default:
        return -1;
    }
}

static void count_outcome(struct mt_counts *n, const struct mt_exchange *x)
{
    n->ok += x->outcome == MT_OUTCOME_OK;
    n->client_error += x->outcome == MT_OUTCOME_CLIENT_ERROR;
    n->failure += x->outcome == MT_OUTCOME_FAILURE;
    unsigned status_class = x->status / 100;
    n->status[status_class <= 5 ? status_class : 0]++;
    n->retries += x->attempt > 1;
}

static void count_error(struct mt_counts *n, const struct mt_exchange *x)
{
    switch (x->error) {
    case MT_ERROR_TIMEOUT:
        n->timeouts++;
        break;
    case MT_ERROR_RESET_BY_CLIENT:
    case MT_ERROR_RESET_BY_SERVER:
        n->resets++;
        break;
    case MT_ERROR_NO_RESPONSE:
        n->no_response++;
        break;
    case MT_ERROR_REFUSED:
    case MT_ERROR_UNANSWERED:
        n->refused++;
        n->unanswered += x->error == MT_ERROR_UNANSWERED;
        break;
    case MT_ERROR_CAPTURE_END:
        if (x->kind == MT_KIND_L4)
            break; /* a connection that runs is no request that waits */
        n->unfinished++;
        int64_t begun =
            x->req.start_ns != 0 ? x->req.start_ns : x->resp.start_ns;
        int64_t age = begun != 0 ? mt_ns_sub(x->end_ns, begun) : 0;
        if (age > n->unfinished_max_ns)
            n->unfinished_max_ns = age;
        break;
    default:
        break;
    }
}

static void count_quality(struct mt_counts *n, const struct mt_exchange *x)
{
    n->gaps += (x->req.gap_bytes | x->resp.gap_bytes) != 0 ||
               x->error == MT_ERROR_CAPTURE_GAP;
    n->midstream += (x->quality & MT_QUALITY_MIDSTREAM) != 0;
    n->inferred += (x->quality & MT_QUALITY_INFERRED) != 0;
}

bool mt_cell_add(struct mt_cell *c, const struct mt_exchange *x, bool new_conn)
{
    struct mt_counts *n = &c->counts;
    n->exchanges++;
    count_outcome(n, x);
    if (x->error != MT_ERROR_NONE)
        count_error(n, x);
    count_quality(n, x);
    n->conns += new_conn;
    n->bytes_in += x->req.header_bytes + x->req.body_bytes;
    n->bytes_out += x->resp.header_bytes + x->resp.body_bytes;
    if (x->end_ns > n->last_ns)
        n->last_ns = x->end_ns;
    int64_t latency = mt_cell_latency_ns(x);
    return latency < 0 || mt_hist_add(&c->hist, latency);
}

#define ADD_FIELD(column, field) into->field += from->field;
#define MAX_FIELD(column, field)   \
    if (from->field > into->field) \
        into->field = from->field;

static void merge_counts(struct mt_counts *into, const struct mt_counts *from)
{
    MT_CELL_FIELDS(ADD_FIELD)
    MT_EDGE_SUMS(ADD_FIELD)
    MT_EDGE_MAXIMA(MAX_FIELD)
    if (from->unfinished_max_ns > into->unfinished_max_ns)
        into->unfinished_max_ns = from->unfinished_max_ns;
    if (from->last_ns > into->last_ns)
        into->last_ns = from->last_ns;
    bool slower = from->slowest_ns > into->slowest_ns ||
                  (from->slowest_ns == into->slowest_ns &&
                   from->slowest_id < into->slowest_id);
    if (from->slowest_id != 0 && (into->slowest_id == 0 || slower)) {
        into->slowest_id = from->slowest_id;
        into->slowest_ns = from->slowest_ns;
    }
    if (from->failed_id != 0 &&
        (into->failed_id == 0 || from->failed_id < into->failed_id))
        into->failed_id = from->failed_id;
}

#define OR_FIELD(column, field) | n->field

bool mt_counts_are_empty(const struct mt_counts *n)
{
    return (0 MT_CELL_FIELDS(OR_FIELD) MT_EDGE_SUMS(OR_FIELD)
                MT_EDGE_MAXIMA(OR_FIELD)) == 0;
}

bool mt_cell_merge(struct mt_cell *c, const struct mt_cell *from)
{
    merge_counts(&c->counts, &from->counts);
    return mt_hist_merge(&c->hist, &from->hist);
}

/* --- the tally --- */

bool mt_tally_init(struct mt_tally *t, struct mt_pool *pool, uint32_t max)
{
    *t = (struct mt_tally){.pool = pool, .max = max, .mask = 1};
    while (t->mask < max * 2)
        t->mask *= 2;
    t->mask--;
    /* beyond what the pool hands out in one piece: these two live as long as
     * the writer */
    t->cells = calloc(max, sizeof *t->cells);
    t->slots = calloc((size_t)t->mask + 1, sizeof *t->slots);
    return t->cells != NULL && t->slots != NULL;
}

void mt_tally_clear(struct mt_tally *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        mt_cell_deinit(&t->cells[i].cell);
    if (t->count > 0)
        memset(t->slots, 0, ((size_t)t->mask + 1) * sizeof *t->slots);
    t->count = 0;
}

void mt_tally_deinit(struct mt_tally *t)
{
    if (t->cells != NULL)
        mt_tally_clear(t);
    free(t->cells);
    free(t->slots);
    *t = (struct mt_tally){.count = 0};
}

static struct mt_tally_cell *find_cell(struct mt_tally *t, uint32_t route,
                                       int64_t second)
{
    uint64_t mixed =
        ((uint64_t)second << 20 ^ route) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t at = (uint32_t)(mixed >> 32) & t->mask;
    for (; t->slots[at] != 0; at = (at + 1) & t->mask) {
        struct mt_tally_cell *c = &t->cells[t->slots[at] - 1];
        if (c->route == route && c->second == second)
            return c;
    }
    assert(t->count < t->max);
    struct mt_tally_cell *c = &t->cells[t->count++];
    *c = (struct mt_tally_cell){.route = route, .second = second};
    mt_cell_init(&c->cell, t->pool);
    t->slots[at] = t->count;
    return c;
}

void mt_tally_add(struct mt_tally *t, uint32_t route,
                  const struct mt_exchange *x, uint64_t row, bool new_conn)
{
    struct mt_tally_cell *c = find_cell(t, route, mt_cell_time(x->end_ns, 1));
    if (!mt_cell_add(&c->cell, x, new_conn))
        t->lost_latencies++;
    int64_t latency = mt_cell_latency_ns(x);
    if (latency >= 0 &&
        (c->slowest_row == 0 || latency > c->cell.counts.slowest_ns)) {
        c->slowest_row = row + 1;
        c->cell.counts.slowest_ns = latency;
    }
    if (x->outcome == MT_OUTCOME_FAILURE && c->failed_row == 0)
        c->failed_row = row + 1;
}

struct mt_counts *mt_tally_edge(struct mt_tally *t, uint32_t edge,
                                int64_t ts_ns)
{
    return &find_cell(t, edge | MT_TALLY_EDGE, mt_cell_time(ts_ns, 1))
                ->cell.counts;
}
