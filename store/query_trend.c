/* How each service's rate went in the last minute: one pass over its finest
 * cells, for all services at once. */
#include <stdlib.h>

#include "store/query_impl.h"

enum { SPAN_S = MT_TRENDS_SPAN_S, FINE_S = 3, COARSE_S = 10 };

struct trend_pass {
    const struct mt_directory *directory;
    struct mt_trends *t;
};

/* As where services are asked for. */
static bool counts(const struct mt_edge_info *e)
{
    return e != NULL && !e->inner && e->kind != MT_KIND_L4 &&
           (e->observer == MT_OBSERVER_TAP ||
            e->observer == MT_OBSERVER_PROXY_REQUEST);
}

static int add_cell(void *arg, int64_t key, int64_t start_ns,
                    const struct mt_counts *n, struct mt_span hist)
{
    const struct trend_pass *p = arg;
    struct mt_trends *t = p->t;
    const struct mt_edge_info *e = mt_directory_edge(p->directory, key);
    int64_t at = mt_ns_sub(start_ns, t->from_ns);
    (void)hist;
    if (!counts(e) || at < 0 || at / t->bucket_ns >= (int64_t)t->buckets)
        return 0;
    uint32_t *bucket =
        &t->exchanges[e->server * t->buckets + (size_t)(at / t->bucket_ns)];
    *bucket = n->exchanges < UINT32_MAX - *bucket
                  ? *bucket + (uint32_t)n->exchanges
                  : UINT32_MAX;
    return 0;
}

static bool make_room(struct mt_trends *t, const struct mt_directory *d)
{
    enum { MOST = SPAN_S / FINE_S };
    t->count = d->services_count;
    t->services = calloc(t->count + 1, sizeof *t->services);
    t->exchanges = calloc((t->count + 1) * MOST, sizeof *t->exchanges);
    if (t->services == NULL || t->exchanges == NULL)
        return false;
    for (size_t i = 0; i < t->count; i++)
        t->services[i] = d->services[i].id;
    return true;
}

/* The minute of whole buckets that the end is in the last of. */
static void set_buckets(struct mt_trends *t, int64_t to_ns, int64_t bucket_s)
{
    int64_t bucket_ns = bucket_s * MT_SECOND_NS;
    int64_t last = mt_cell_time(mt_ns_sub(to_ns, 1), bucket_s);
    t->bucket_ns = bucket_ns;
    t->buckets = (size_t)(SPAN_S / bucket_s);
    t->from_ns = mt_ns_mul(last - (int64_t)t->buckets + 1, bucket_ns);
}

/* Cells of a second where they are still there, else of ten. */
static int make_plan(struct mt_plan *plan, sqlite3 *db, struct mt_trends *t,
                     int64_t to_ns)
{
    struct mt_ask ask = {.to_ns = to_ns};
    set_buckets(t, to_ns, FINE_S);
    ask.from_ns = t->from_ns;
    int rc = mt_plan_make(plan, db, MT_KEYS_EDGE, &ask, 1);
    if (rc != 0 || plan->complete)
        return rc;
    set_buckets(t, to_ns, COARSE_S);
    ask.from_ns = t->from_ns;
    return mt_plan_make(plan, db, MT_KEYS_EDGE, &ask, COARSE_S);
}

int mt_query_trends(struct mt_store *s, int64_t to_ns, struct mt_trends *t)
{
    struct mt_directory d = {0};
    struct mt_plan plan;
    uint64_t scanned = 0;
    *t = (struct mt_trends){0};
    mt_store_begin(s);
    int rc = mt_directory_init(&d, s->db, false);
    if (rc == 0 && !make_room(t, &d))
        rc = MT_STORE_ENOMEM;
    if (rc == 0)
        rc = make_plan(&plan, s->db, t, to_ns);
    if (rc == 0)
        rc = mt_plan_run(&plan, s->db, MT_KEYS_EDGE, add_cell,
                         &(struct trend_pass){.directory = &d, .t = t},
                         &scanned);
    mt_directory_deinit(&d);
    if (rc != 0)
        mt_trends_free(t);
    return rc;
}

void mt_trends_free(struct mt_trends *t)
{
    free(t->services);
    free(t->exchanges);
    *t = (struct mt_trends){0};
}

const uint32_t *mt_trends_of(const struct mt_trends *t, int64_t service)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->services[middle] == service)
            return &t->exchanges[middle * t->buckets];
        if (t->services[middle] < service)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
