#include "store/query.h"

#include <stdlib.h>
#include <string.h>

#include "store/query_group.h"

enum { BUCKETS_MAX = 4096 };

#define HEALTHY 0.995
#define STALLED_NS MT_SECOND_NS

/* --- keys --- */

/* Edges show it; for its service it does not count a second time. */
static bool is_inner(const struct mt_question *q, const struct mt_edge_info *e)
{
    return e->inner && !q->ask.attempts;
}

static bool key_of_service(struct mt_question *q, const struct mt_edge_info *e,
                           const struct mt_route_info *r, int64_t start_ns,
                           struct mt_group_key *key)
{
    (void)r, (void)start_ns;
    key->client = UINT32_MAX;
    key->server = e->server;
    key->l4 = e->kind == MT_KIND_L4;
    return !is_inner(q, e);
}

static bool key_of_edge(struct mt_question *q, const struct mt_edge_info *e,
                        const struct mt_route_info *r, int64_t start_ns,
                        struct mt_group_key *key)
{
    (void)q, (void)r, (void)start_ns;
    key->client = e->client;
    key->server = e->server;
    key->protocol = e->protocol;
    key->kind = e->kind;
    key->observer = e->observer;
    return true;
}

/* The number of a text, with the NUL behind it. */
static uint32_t text_number(struct mt_question *q, struct mt_span text)
{
    struct mt_span whole = {.ptr = text.ptr, .len = text.len + 1};
    uint32_t n = mt_intern_add(&q->texts, whole);
    if (n == MT_INTERN_NONE)
        q->full = MT_STORE_ENOMEM;
    return n;
}

static bool key_of_route(struct mt_question *q, const struct mt_edge_info *e,
                         const struct mt_route_info *r, int64_t start_ns,
                         struct mt_group_key *key)
{
    (void)start_ns;
    if (r == NULL || e->kind == MT_KIND_L4 || is_inner(q, e))
        return false;
    key->client = UINT32_MAX;
    key->server = e->server;
    key->template = text_number(q, r->template);
    key->method = q->ask.by_method ? text_number(q, r->method) : UINT32_MAX;
    key->endpoint =
        q->ask.by_endpoint ? text_number(q, r->endpoint) : UINT32_MAX;
    return true;
}

static bool is_entry(const struct mt_question *q, const struct mt_edge_info *e)
{
    return !q->directory.services[e->client].serves;
}

static bool key_of_entry(struct mt_question *q, const struct mt_edge_info *e,
                         const struct mt_route_info *r, int64_t start_ns,
                         struct mt_group_key *key)
{
    (void)r, (void)start_ns;
    key->client = key->server = UINT32_MAX;
    key->l4 = e->kind == MT_KIND_L4;
    return is_entry(q, e);
}

static int64_t bucket_of(const struct mt_question *q, int64_t ns)
{
    int64_t b = ns / q->bucket_ns;
    return ns % q->bucket_ns < 0 ? b - 1 : b;
}

static bool key_of_bucket(struct mt_question *q, const struct mt_edge_info *e,
                          const struct mt_route_info *r, int64_t start_ns,
                          struct mt_group_key *key)
{
    (void)r;
    key->client = key->server = UINT32_MAX;
    key->bucket = bucket_of(q, start_ns);
    return e->kind != MT_KIND_L4 && !is_inner(q, e) &&
           (!q->ask.entry || is_entry(q, e));
}

/* --- after the sums --- */

/**
 * Connections that no decoder recognised count beside the requests of a
 * service only where they failed: a refused connection is a failed request.
 */
static void join_l4(struct mt_group *g, struct mt_group *l4)
{
    struct mt_counts *n = &g->cell.counts, *c = &l4->cell.counts;
    n->exchanges += c->failure;
    n->failure += c->failure;
    n->status[0] += c->failure;
    n->refused += c->refused;
    n->resets += c->resets;
    n->timeouts += c->timeouts;
    n->no_response += c->no_response;
    n->conns += c->conns;
    n->bytes_in += c->bytes_in;
    n->bytes_out += c->bytes_out;
    if (n->failed_id == 0)
        n->failed_id = c->failed_id;
    g->open += l4->open;
    l4->dropped = true;
}

static void join_all_l4(struct mt_question *q)
{
    size_t count = mt_question_count(q);
    for (size_t i = 0; i < count; i++) {
        if (!q->groups[i].key.l4)
            continue;
        struct mt_group_key key = q->groups[i].key;
        key.l4 = 0;
        struct mt_span bytes = {.ptr = (const uint8_t *)&key,
                                .len = sizeof key};
        uint32_t at = mt_intern_find(&q->numbers, bytes);
        if (at != MT_INTERN_NONE)
            join_l4(&q->groups[at], &q->groups[i]);
    }
}

static int total_of(struct mt_question *q, struct mt_answer *a)
{
    struct mt_group sum = {.key = {.client = UINT32_MAX,
                                   .server = UINT32_MAX,
                                   .method = UINT32_MAX,
                                   .template = UINT32_MAX,
                                   .endpoint = UINT32_MAX}};
    int rc = 0;
    mt_cell_init(&sum.cell, &q->pool);
    for (size_t i = 0; i < mt_question_count(q); i++) {
        const struct mt_group *g = &q->groups[i];
        if (g->dropped)
            continue;
        if (!mt_cell_merge(&sum.cell, &g->cell))
            rc = MT_STORE_ENOMEM;
        sum.open += g->open;
        if (g->oldest_start_ns != 0 &&
            (sum.oldest_start_ns == 0 ||
             g->oldest_start_ns < sum.oldest_start_ns))
            sum.oldest_start_ns = g->oldest_start_ns;
    }
    int64_t bucket_ns = q->bucket_ns;
    q->bucket_ns = 0; /* the total is of the window */
    mt_question_fill(q, &sum, &a->total);
    q->bucket_ns = bucket_ns;
    mt_cell_deinit(&sum.cell);
    return rc;
}

static int give_rows(struct mt_question *q, struct mt_answer *a)
{
    size_t count = mt_question_count(q);
    a->rows = calloc(count > 0 ? count : 1, sizeof *a->rows);
    if (a->rows == NULL)
        return MT_STORE_ENOMEM;
    for (size_t i = 0; i < count; i++)
        if (!q->groups[i].dropped)
            mt_question_fill(q, &q->groups[i], &a->rows[a->count++]);
    a->coverage = q->coverage;
    return total_of(q, a);
}

void mt_answer_free(struct mt_answer *a)
{
    free(a->rows);
    if (a->memory != NULL)
        mt_question_free(a->memory);
    *a = (struct mt_answer){.rows = NULL};
}

/* --- orders --- */

static int by_number(double a, double b) /* greater first */
{
    return (a < b) - (a > b);
}

static int by_text(const struct mt_row *a, const struct mt_row *b)
{
    int order = strcmp(a->server, b->server);
    if (order == 0)
        order = strcmp(a->route, b->route);
    if (order == 0)
        order = strcmp(a->method, b->method);
    if (order == 0)
        order = strcmp(a->endpoint, b->endpoint);
    if (order == 0)
        order = strcmp(a->client, b->client);
    if (order == 0)
        order = (int)a->protocol - (int)b->protocol;
    if (order == 0)
        order = (int)a->kind - (int)b->kind;
    return order != 0 ? order : (int)a->observer - (int)b->observer;
}

static int trouble(const struct mt_row *r)
{
    if (r->success >= 0 && r->success < HEALTHY)
        return 0;
    return r->oldest_ns >= STALLED_NS ? 1 : 2;
}

static int by_trouble(const void *pa, const void *pb)
{
    const struct mt_row *a = pa, *b = pb;
    int order = trouble(a) - trouble(b);
    if (order == 0 && trouble(a) == 0)
        order = by_number(b->success, a->success);
    if (order == 0)
        order = by_number(a->load, b->load);
    if (order == 0)
        order = by_number(a->rps, b->rps);
    return order != 0 ? order : by_text(a, b);
}

static int by_rate(const void *pa, const void *pb)
{
    const struct mt_row *a = pa, *b = pb;
    int order = by_number(a->rps, b->rps);
    return order != 0 ? order : by_text(a, b);
}

/* --- questions --- */

static struct mt_question *begin(struct mt_answer *a, mt_key_of *key_of)
{
    *a = (struct mt_answer){.rows = NULL};
    struct mt_question *q = calloc(1, sizeof *q);
    if (q != NULL)
        q->key_of = key_of;
    a->memory = q;
    return q;
}

/* Whatever happened, an answer that failed holds nothing. */
static int end(struct mt_answer *a, int rc)
{
    if (rc != 0)
        mt_answer_free(a);
    return rc;
}

int mt_query_edges(struct mt_store *s, const struct mt_ask *ask,
                   struct mt_answer *a)
{
    struct mt_question *q = begin(a, key_of_edge);
    int rc = q != NULL ? mt_question_run(q, s, ask) : MT_STORE_ENOMEM;
    if (rc == 0)
        rc = mt_question_add_open(q);
    if (rc == 0)
        rc = give_rows(q, a);
    if (rc == 0)
        qsort(a->rows, a->count, sizeof *a->rows, by_rate);
    return end(a, rc);
}

/* Exchanges that each service made as a client. */
static int count_calls(struct mt_store *s, const struct mt_ask *ask,
                       struct mt_answer *services)
{
    struct mt_answer edges;
    int rc = mt_query_edges(s, ask, &edges);
    for (size_t i = 0; rc == 0 && i < edges.count; i++)
        for (size_t j = 0; j < services->count; j++)
            if (services->rows[j].server_id == edges.rows[i].client_id)
                services->rows[j].calls_out += edges.rows[i].counts.exchanges;
    if (rc == 0)
        mt_answer_free(&edges);
    return rc;
}

int mt_query_services(struct mt_store *s, const struct mt_ask *ask,
                      struct mt_answer *a)
{
    struct mt_question *q = begin(a, key_of_service);
    int rc = q != NULL ? mt_question_run(q, s, ask) : MT_STORE_ENOMEM;
    if (rc == 0)
        rc = mt_question_add_open(q);
    if (rc == 0) {
        join_all_l4(q);
        rc = give_rows(q, a);
    }
    if (rc == 0 && !a->coverage.rows)
        rc = count_calls(s, ask, a);
    if (rc == 0)
        qsort(a->rows, a->count, sizeof *a->rows, by_trouble);
    return end(a, rc);
}

int mt_query_routes(struct mt_store *s, const struct mt_ask *ask,
                    struct mt_answer *a)
{
    struct mt_question *q = begin(a, key_of_route);
    int rc = MT_STORE_ENOMEM;
    if (q != NULL) {
        q->keys = MT_KEYS_ROUTE;
        rc = mt_question_run(q, s, ask);
    }
    if (rc == 0)
        rc = give_rows(q, a);
    if (rc == 0)
        qsort(a->rows, a->count, sizeof *a->rows, by_trouble);
    return end(a, rc);
}

int mt_query_summary(struct mt_store *s, const struct mt_ask *ask,
                     struct mt_answer *a)
{
    struct mt_question *q = begin(a, key_of_entry);
    int rc = q != NULL ? mt_question_run(q, s, ask) : MT_STORE_ENOMEM;
    if (rc == 0)
        rc = mt_question_add_open(q);
    if (rc == 0) {
        join_all_l4(q);
        rc = give_rows(q, a);
    }
    if (rc == 0) { /* one row, also where nothing was seen */
        a->rows[0] = a->total;
        a->count = 1;
    }
    return end(a, rc);
}

/* The coarsest cells that buckets can be made of. */
static int64_t level_of(int64_t bucket_ns)
{
    static const int64_t levels[] = {3600, 60, 10};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (bucket_ns % (levels[i] * MT_SECOND_NS) == 0)
            return levels[i];
    return 1;
}

static int give_buckets(struct mt_question *q, struct mt_answer *a)
{
    int64_t first = bucket_of(q, q->ask.from_ns);
    int64_t last = bucket_of(q, q->ask.to_ns - 1);
    size_t count = (size_t)(last - first + 1);
    a->rows = calloc(count, sizeof *a->rows);
    if (a->rows == NULL)
        return MT_STORE_ENOMEM;
    a->count = count;
    for (size_t i = 0; i < count; i++) {
        struct mt_group_key key = {.bucket = first + (int64_t)i,
                                   .client = UINT32_MAX,
                                   .server = UINT32_MAX};
        struct mt_group *g = mt_question_group(q, &key);
        if (g == NULL)
            return MT_STORE_ENOMEM;
        mt_question_fill(q, g, &a->rows[i]);
        a->rows[i].counts.last_ns = mt_ns_mul(key.bucket, q->bucket_ns);
    }
    a->coverage = q->coverage;
    return total_of(q, a);
}

int mt_query_series(struct mt_store *s, const struct mt_ask *ask,
                    int64_t bucket_ns, struct mt_answer *a)
{
    struct mt_question *q = begin(a, key_of_bucket);
    if (q == NULL)
        return MT_STORE_ENOMEM;
    int64_t whole = bucket_ns / MT_SECOND_NS * MT_SECOND_NS;
    q->bucket_ns = whole > 0 ? whole : MT_SECOND_NS;
    int64_t span = mt_ns_sub(ask->to_ns, ask->from_ns);
    while (span / q->bucket_ns >= BUCKETS_MAX - 1)
        q->bucket_ns *= 2;
    q->max_level_s = level_of(q->bucket_ns);
    int rc = mt_question_run(q, s, ask);
    if (rc == 0)
        rc = give_buckets(q, a);
    return end(a, rc);
}
