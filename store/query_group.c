#include "store/query_group.h"

#include <stdlib.h>
#include <string.h>

#include "base/rc.h"
#include "store/filter.h"

enum { QUESTION_BYTES = 512 << 20 };

static_assert(sizeof(struct mt_group_key) == 32, "no padding");

/* --- groups --- */

size_t mt_question_count(const struct mt_question *q)
{
    return q->numbers.count;
}

/* Before a group has its number: every number has a group. */
static bool has_room(struct mt_question *q)
{
    if (q->numbers.count < q->room)
        return true;
    size_t room = q->room > 0 ? q->room * 2 : 64;
    struct mt_group *bigger = realloc(q->groups, room * sizeof *bigger);
    if (bigger == NULL)
        return false;
    q->groups = bigger;
    q->room = room;
    return true;
}

struct mt_group *mt_question_group(struct mt_question *q,
                                   const struct mt_group_key *key)
{
    struct mt_span bytes = {.ptr = (const uint8_t *)key, .len = sizeof *key};
    uint32_t before = q->numbers.count;
    if (!has_room(q))
        return NULL;
    uint32_t n = mt_intern_add(&q->numbers, bytes);
    if (n == MT_INTERN_NONE)
        return NULL;
    struct mt_group *g = &q->groups[n];
    if (n < before)
        return g;
    *g = (struct mt_group){.key = *key, .kind_ns = INT64_MIN};
    mt_cell_init(&g->cell, &q->pool);
    return g;
}

static struct mt_group *find_group(struct mt_question *q,
                                   const struct mt_edge_info *e,
                                   const struct mt_route_info *r,
                                   int64_t start_ns)
{
    struct mt_group_key key = {.bucket = 0};
    if (!q->key_of(q, e, r, start_ns, &key) || q->full != 0)
        return NULL;
    struct mt_group *g = mt_question_group(q, &key);
    if (g == NULL)
        q->full = MT_STORE_ENOMEM;
    return g;
}

/* What the newest exchange was is what the row is shown as. */
static void note_edge(struct mt_group *g, const struct mt_edge_info *e,
                      uint64_t exchanges, int64_t last_ns)
{
    if (e->protocol < MT_PROTOCOL_COUNT)
        g->by_protocol[e->protocol] += exchanges;
    if (last_ns < g->kind_ns)
        return;
    g->kind_ns = last_ns;
    g->protocol = e->protocol;
    g->kind = e->kind;
    g->observer = e->observer;
    g->tls_version = e->tls_version;
}

/* --- from cells --- */

static bool is_golden(const struct mt_question *q, const struct mt_edge_info *e)
{
    return q->ask.attempts || mt_is_golden(e->observer);
}

static uint64_t judged_of(const struct mt_counts *n)
{
    return n->ok + n->client_error + n->failure;
}

/* Of a proxy's route: which of these had no try at all, and, of attempts, what
 * was no failure. */
static void note_tries(struct mt_group *g, uint8_t observer,
                       const struct mt_route_info *r, const struct mt_counts *n)
{
    if (observer == MT_OBSERVER_PROXY_ATTEMPT)
        g->tried_client_errors += n->client_error;
    if (observer != MT_OBSERVER_PROXY_REQUEST || r == NULL ||
        r->endpoint.len > 0)
        return;
    g->untried.exchanges += n->exchanges;
    g->untried.judged += judged_of(n);
    g->untried.good += n->ok + n->client_error;
}

/* Of attempts nothing counts but that there was another try of the request:
 * it is added to where the request counts. */
static const struct mt_edge_info *count_tries(const struct mt_question *q,
                                              const struct mt_edge_info *e,
                                              struct mt_edge_info *request,
                                              struct mt_counts *n)
{
    if (q->ask.attempts || e->observer != MT_OBSERVER_PROXY_ATTEMPT ||
        n->retries + n->client_error == 0)
        return NULL;
    *n = (struct mt_counts){.retries = n->retries, .last_ns = INT64_MIN};
    *request = *e;
    request->observer = MT_OBSERVER_PROXY_REQUEST;
    return request;
}

/* A filter over keys alone says the same of every exchange of a cell. */
static bool passes(const struct mt_question *q, const struct mt_edge_info *e,
                   const struct mt_route_info *r)
{
    if (q->ask.filter == NULL)
        return true;
    const struct mt_service_info *services = q->directory.services;
    struct mt_exchange x = {.end_ns = q->ask.to_ns - 1,
                            .protocol = e->protocol,
                            .kind = e->kind,
                            .observer = e->observer,
                            .grpc_status = MT_GRPC_STATUS_NONE};
    x.client.service = services[e->client].name;
    x.server.service = services[e->server].name;
    if (r != NULL) {
        x.method = r->method;
        x.route = r->template;
        x.endpoint = r->endpoint;
    }
    return mt_filter_match(q->ask.filter, &x);
}

static const struct mt_edge_info *edge_of(const struct mt_question *q,
                                          int64_t key,
                                          const struct mt_route_info **r)
{
    *r = NULL;
    if (q->keys == MT_KEYS_EDGE)
        return mt_directory_edge(&q->directory, key);
    *r = mt_directory_route(&q->directory, key);
    return *r != NULL ? &q->directory.edges[(*r)->edge] : NULL;
}

static int each_cell(void *arg, int64_t key, int64_t start_ns,
                     const struct mt_counts *counts, struct mt_span hist)
{
    struct mt_question *q = arg;
    const struct mt_route_info *r;
    struct mt_cell one = {.counts = *counts};
    struct mt_edge_info request;
    const struct mt_edge_info *e = edge_of(q, key, &r);
    uint8_t seen = e != NULL ? e->observer : MT_OBSERVER_TAP;
    if (e != NULL && !is_golden(q, e)) {
        e = count_tries(q, e, &request, &one.counts);
        hist.len = 0;
    }
    if (e == NULL || !passes(q, e, r))
        return 0;
    if (q->ask.counts)
        hist.len = 0;
    if (e->kind == MT_KIND_L4) /* older versions counted connections, too */
        one.counts.unfinished = 0;
    if (one.counts.unfinished == 0)
        one.counts.unfinished_max_ns = 0;
    struct mt_group *g = find_group(q, e, r, start_ns);
    if (g == NULL)
        return q->full;
    note_tries(g, seen, r, counts);
    mt_hist_init(&one.hist, NULL);
    (void)mt_cell_merge(&g->cell, &one);
    note_edge(g, e, one.counts.exchanges, one.counts.last_ns);
    switch (mt_hist_decode(&g->cell.hist, hist)) {
    case 0:
        return 0;
    case MT_EPROTO:
        return MT_STORE_ECORRUPT;
    default:
        return MT_STORE_ENOMEM;
    }
}

static int run_cells(struct mt_question *q)
{
    struct mt_plan p;
    int rc = mt_plan_make(&p, q->s->db, q->keys, &q->ask, q->max_level_s);
    if (rc != 0)
        return rc;
    q->coverage = (struct mt_coverage){
        .from_ns = p.from_ns, .to_ns = p.to_ns, .complete = p.complete};
    return mt_plan_run(&p, q->s->db, q->keys, each_cell, q,
                       &q->coverage.scanned);
}

/* --- from rows --- */

static void name_example(struct mt_counts *n, const struct mt_exchange *x)
{
    int64_t latency = mt_cell_latency_ns(x);
    if (latency >= 0 && (n->slowest_id == 0 || latency > n->slowest_ns)) {
        n->slowest_id = x->id;
        n->slowest_ns = latency;
    }
    if (x->outcome == MT_OUTCOME_FAILURE &&
        (n->failed_id == 0 || x->id < n->failed_id))
        n->failed_id = x->id;
}

static int add_golden(struct mt_question *q, struct mt_group *g,
                      const struct mt_edge_info *e, const struct mt_exchange *x)
{
    struct mt_span conn = {.ptr = (const uint8_t *)&x->conn,
                           .len = sizeof x->conn};
    uint32_t before = q->conns.count;
    bool new_conn = mt_intern_add(&q->conns, conn) == before;
    if (!mt_cell_add(&g->cell, x, new_conn))
        return MT_STORE_ENOMEM;
    name_example(&g->cell.counts, x);
    note_edge(g, e, 1, x->end_ns);
    return 0;
}

static int add_row(struct mt_question *q, const struct mt_rows *rows,
                   const struct mt_exchange *x)
{
    int64_t edge, route;
    mt_rows_keys(rows, &edge, &route);
    const struct mt_edge_info *e = mt_directory_edge(&q->directory, edge);
    const struct mt_route_info *r =
        q->keys == MT_KEYS_ROUTE ? mt_directory_route(&q->directory, route)
                                 : NULL;
    if (e == NULL || (q->keys == MT_KEYS_ROUTE && r == NULL))
        return 0;
    bool golden = is_golden(q, e);
    struct mt_edge_info request;
    struct mt_counts tries = {.exchanges = 1,
                              .ok = x->outcome == MT_OUTCOME_OK,
                              .client_error =
                                  x->outcome == MT_OUTCOME_CLIENT_ERROR,
                              .failure = x->outcome == MT_OUTCOME_FAILURE,
                              .retries = x->attempt > 1};
    const struct mt_counts one = tries;
    uint8_t seen = e->observer;
    if (!golden)
        e = count_tries(q, e, &request, &tries);
    struct mt_group *g = e != NULL ? find_group(q, e, r, x->end_ns) : NULL;
    if (g == NULL)
        return q->full;
    note_tries(g, seen, r, &one);
    if (golden)
        return add_golden(q, g, e, x);
    g->cell.counts.retries += tries.retries;
    return 0;
}

/* Stopped by the time limit, the newest part is the answer, and says so. */
static int run_rows(struct mt_question *q)
{
    struct mt_scan scan = {.ask = q->ask, .order = MT_NEWEST_FIRST};
    struct mt_rows *rows;
    const struct mt_exchange *x;
    int rc = mt_query_exchanges(q->s, &scan, &rows);
    if (rc != 0)
        return rc;
    while ((rc = mt_rows_next(rows, &x)) == 1) {
        rc = add_row(q, rows, x);
        if (rc != 0)
            break;
    }
    q->coverage = mt_rows_coverage(rows);
    mt_rows_free(rows);
    bool part = rc == MT_STORE_EINTERRUPTED && q->coverage.scanned > 0;
    return part ? 0 : rc;
}

/* --- both --- */

void mt_ask_narrow(struct mt_ask *ask, const struct mt_filter *filter)
{
    int64_t from, to;
    if (filter == NULL || !mt_filter_window(filter, &from, &to))
        return;
    if (from > ask->from_ns)
        ask->from_ns = from;
    if (to < ask->to_ns)
        ask->to_ns = to;
    if (ask->to_ns <= ask->from_ns)
        ask->to_ns = mt_ns_add(ask->from_ns, 1);
}

int mt_question_run(struct mt_question *q, struct mt_store *s,
                    const struct mt_ask *ask)
{
    q->s = s;
    q->ask = *ask;
    mt_pool_init(&q->pool, QUESTION_BYTES);
    mt_intern_init(&q->numbers, &q->pool, MT_INTERN_MAX);
    mt_intern_init(&q->texts, &q->pool, MT_INTERN_MAX);
    mt_intern_init(&q->conns, &q->pool, MT_INTERN_MAX);
    if (q->max_level_s == 0)
        q->max_level_s = INT64_MAX;
    mt_ask_narrow(&q->ask, q->ask.filter);
    mt_store_begin(s);
    bool by_route =
        ask->exact || (ask->filter != NULL &&
                       !mt_filter_uses_only(ask->filter, MT_FILTER_EDGE_KEYS));
    if (by_route)
        q->keys = MT_KEYS_ROUTE;
    int rc = mt_directory_init(&q->directory, s->db, q->keys == MT_KEYS_ROUTE);
    if (rc != 0)
        return rc;
    bool cells =
        !ask->exact && (ask->filter == NULL ||
                        mt_filter_uses_only(ask->filter, MT_FILTER_ROUTE_KEYS));
    rc = cells ? run_cells(q) : run_rows(q);
    return rc == 0 ? mt_query_sample(s, &q->coverage.sample_one_of) : rc;
}

void mt_question_free(struct mt_question *q)
{
    for (size_t i = 0; i < mt_question_count(q); i++)
        mt_cell_deinit(&q->groups[i].cell);
    mt_intern_deinit(&q->numbers);
    mt_intern_deinit(&q->texts);
    mt_intern_deinit(&q->conns);
    mt_directory_deinit(&q->directory);
    mt_pool_deinit(&q->pool);
    free(q->groups);
    free(q);
}

/* --- open --- */

static int count_open(void *arg, const struct mt_open_row *row)
{
    struct mt_question *q = arg;
    const struct mt_edge_info *e = mt_directory_edge(&q->directory, row->edge);
    if (e == NULL || e->kind == MT_KIND_L4)
        return 0; /* a connection that runs is no request that waits */
    struct mt_group *g = find_group(q, e, NULL, row->start_ns);
    if (g == NULL)
        return q->full;
    g->open++;
    note_edge(g, e, 0, row->start_ns);
    if (g->oldest_start_ns == 0 || row->start_ns < g->oldest_start_ns)
        g->oldest_start_ns = row->start_ns;
    return 0;
}

int mt_question_add_open(struct mt_question *q)
{
    return mt_query_running(q->s, &q->ask, count_open, q);
}

/* --- rows of the answer --- */

static const char *text_of(const struct mt_question *q, uint32_t number)
{
    if (number >= q->texts.count)
        return "";
    return (const char *)mt_intern_bytes(&q->texts, number).ptr;
}

static void fill_key(const struct mt_question *q, const struct mt_group *g,
                     struct mt_row *row)
{
    const struct mt_directory *d = &q->directory;
    row->client = row->server = "";
    if (g->key.client < d->services_count) {
        const struct mt_service_info *s = &d->services[g->key.client];
        row->client_id = s->id;
        row->client = (const char *)s->name.ptr;
        row->client_source = s->source;
    }
    if (g->key.server < d->services_count) {
        const struct mt_service_info *s = &d->services[g->key.server];
        row->server_id = s->id;
        row->server = (const char *)s->name.ptr;
        row->server_source = s->source;
    }
    row->method = text_of(q, g->key.method);
    row->route = text_of(q, g->key.template);
    row->endpoint = text_of(q, g->key.endpoint);
    row->tls_version = g->tls_version;
    row->kind = g->kind;
    row->observer = g->observer;
    for (unsigned i = 0; i < MT_PROTOCOL_COUNT; i++)
        if (g->by_protocol[i] > g->by_protocol[row->protocol])
            row->protocol = (uint8_t)i;
    if (g->by_protocol[row->protocol] == 0) /* all of it is open */
        row->protocol = g->protocol;
}

static void fill_latency(const struct mt_question *q, const struct mt_hist *h,
                         struct mt_row *row)
{
    static const double ranks[MT_QUANTILES] = {0.5, 0.9, 0.95, 0.99, 0.999};
    mt_hist_quantiles(h, ranks, MT_QUANTILES, row->quantile_ns);
    row->latencies = h->count;
    row->sum_ns = h->sum_ns;
    for (size_t i = 0; i < q->ask.bounds_count && i < MT_BOUNDS_MAX; i++)
        row->below[i] = mt_hist_count_below(h, q->ask.bounds_ns[i]);
    row->max_ns = h->count > 0 ? h->max_ns : -1;
    row->mean_ns = -1;
    row->load = -1;
    if (h->count > 0) {
        row->mean_ns = (int64_t)((double)h->sum_ns / (double)h->count);
        row->load = (double)h->sum_ns / 1e9 / row->seconds;
    }
}

/* A request that was tried once has one row, and no more is counted of it: its
 * tries are the requests and those beyond the first. What they became follows,
 * but where a client's error was tried again, of which cells do not know. */
static void fill_tries(const struct mt_group *g, uint64_t judged,
                       struct mt_row *row)
{
    const struct mt_counts *n = &g->cell.counts;
    row->tries_success = -1;
    row->budget = row->breaker = "";
    if (g->observer != MT_OBSERVER_PROXY_REQUEST)
        return;
    uint64_t again = g->tried_client_errors < n->retries
                         ? g->tried_client_errors
                         : n->retries;
    uint64_t good = n->ok + n->client_error - g->untried.good + again;
    uint64_t of = judged - g->untried.judged + n->retries;
    row->tries = n->exchanges - g->untried.exchanges + n->retries;
    row->tries_per_s = (double)row->tries / row->seconds;
    row->tries_inferred = again > 0;
    if (of > 0)
        row->tries_success = good < of ? (double)good / (double)of : 1;
}

void mt_question_fill(const struct mt_question *q, const struct mt_group *g,
                      struct mt_row *row)
{
    const struct mt_counts *n = &g->cell.counts;
    int64_t span = mt_ns_sub(q->coverage.to_ns, q->coverage.from_ns);
    if (q->bucket_ns > 0)
        span = q->bucket_ns;
    *row = (struct mt_row){.counts = *n,
                           .seconds = span > 0 ? (double)span / 1e9 : 1e-9};
    uint64_t judged = judged_of(n);
    row->success =
        judged > 0 ? (double)(n->ok + n->client_error) / (double)judged : -1;
    fill_tries(g, judged, row);
    row->rps = (double)n->exchanges / row->seconds;
    row->in_per_s = (double)n->bytes_in / row->seconds;
    row->out_per_s = (double)n->bytes_out / row->seconds;
    static const struct mt_hist none;
    fill_latency(q, q->ask.counts ? &none : &g->cell.hist, row);
    row->saturation = q->keys == MT_KEYS_EDGE && !q->coverage.rows;
    row->handshake_mean_ns =
        n->handshakes > 0 ? (int64_t)(n->handshake_sum_ns / n->handshakes) : -1;
    row->open = g->open + n->unfinished;
    row->oldest_ns = n->unfinished_max_ns;
    int64_t age = g->oldest_start_ns != 0
                      ? mt_ns_sub(q->ask.to_ns, g->oldest_start_ns)
                      : 0;
    if (age > row->oldest_ns)
        row->oldest_ns = age;
    fill_key(q, g, row);
}
