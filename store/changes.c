/* What differs between two windows, and whether that can be told from chance.
 */
#include "store/changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/text_escape.h"
#include "store/query_impl.h"

/* Above so many standard deviations it is no chance, though some hundred
 * comparisons are made at once. */
#define DEVIATIONS 4.0
#define SUCCESS_LEAST 0.005 /* half a point */
#define RATIO_LEAST 1.5     /* of latencies and rates, either way */
#define LATENCY_LEAST_NS 1e6

#define CELL_NS (10 * MT_SECOND_NS)  /* the finest of routes */
#define EXACT_NS (30 * MT_SECOND_NS) /* less is read from rows */

enum { JUDGED_LEAST = 20, LATENCIES_LEAST = 60, REQUESTS_LEAST = 20 };

const char *mt_change_key(unsigned kind)
{
    static const char *const keys[] = {
#define X(name, key, text) key,
        MT_CHANGES(X)
#undef X
    };
    return kind < MT_CHANGE_COUNT ? keys[kind] : "?";
}

/* ---- one row ---- */

static double size_of(double x)
{
    return x < 0 ? -x : x;
}

static bool is_no_chance(double difference, double variance)
{
    return difference * difference > DEVIATIONS * DEVIATIONS * variance;
}

static double judged_of(const struct mt_row *r)
{
    return (double)(r->counts.ok + r->counts.client_error + r->counts.failure);
}

/* Two shares of so many, and the share that both have together: the usual
 * test of their difference. */
static bool success_differs(const struct mt_row *was, const struct mt_row *is)
{
    double n = judged_of(was), m = judged_of(is);
    if (n < JUDGED_LEAST || m < JUDGED_LEAST)
        return false;
    double both = (was->success * n + is->success * m) / (n + m);
    double variance = both * (1 - both) * (1 / n + 1 / m);
    double difference = size_of(is->success - was->success);
    return difference >= SUCCESS_LEAST && is_no_chance(difference, variance);
}

static bool ratio_differs(double a, double b)
{
    return a > b * RATIO_LEAST || b > a * RATIO_LEAST;
}

static bool latency_differs(const struct mt_row *was, const struct mt_row *is)
{
    double a = (double)was->quantile_ns[MT_P95];
    double b = (double)is->quantile_ns[MT_P95];
    return was->latencies >= LATENCIES_LEAST &&
           is->latencies >= LATENCIES_LEAST &&
           size_of(a - b) >= LATENCY_LEAST_NS && ratio_differs(a, b);
}

/* Two counts of independent events, each over its time. NULL: none. */
static bool rate_differs(const struct mt_row *was, const struct mt_row *is,
                         const double seconds[2])
{
    double n = was != NULL ? (double)was->counts.exchanges : 0;
    double m = is != NULL ? (double)is->counts.exchanges : 0;
    double a = n / seconds[0], b = m / seconds[1];
    double variance = n / seconds[0] / seconds[0] + m / seconds[1] / seconds[1];
    return (n >= REQUESTS_LEAST || m >= REQUESTS_LEAST) &&
           ratio_differs(a, b) && is_no_chance(a - b, variance);
}

/* ---- all rows ---- */

static void add(struct mt_changes *c, struct mt_change change)
{
    if (c->count < MT_CHANGES_MAX)
        c->list[c->count++] = change;
    else
        c->more++;
}

static void compare_rows(struct mt_changes *c, const struct mt_row *was,
                         const struct mt_row *is, const double seconds[2],
                         bool route)
{
    struct mt_change one = {.route = route, .was = was, .is = is};
    if (was != NULL && is != NULL && success_differs(was, is)) {
        one.kind = MT_CHANGE_SUCCESS;
        one.worse = is->success < was->success;
        one.weight = size_of(is->success - was->success) * is->rps;
        add(c, one);
    }
    if (was != NULL && is != NULL && latency_differs(was, is)) {
        double more =
            (double)(is->quantile_ns[MT_P95] - was->quantile_ns[MT_P95]);
        one.kind = MT_CHANGE_LATENCY;
        one.worse = more > 0;
        one.weight = size_of(more) / 1e9 * is->rps;
        add(c, one);
    }
    if (rate_differs(was, is, seconds)) {
        double before = was != NULL ? was->rps : 0;
        double now = is != NULL ? is->rps : 0;
        one.kind = MT_CHANGE_RATE;
        one.worse = now < before;
        one.weight = size_of(now - before);
        add(c, one);
    }
}

static int by_key(const void *pa, const void *pb)
{
    const struct mt_row *a = *(const struct mt_row *const *)pa;
    const struct mt_row *b = *(const struct mt_row *const *)pb;
    if (a->server_id != b->server_id)
        return a->server_id < b->server_id ? -1 : 1;
    int order = strcmp(a->method, b->method);
    return order != 0 ? order : strcmp(a->route, b->route);
}

/* Its rows in the order of their keys; NULL without memory. */
static const struct mt_row **sorted(const struct mt_answer *a)
{
    const struct mt_row **list =
        calloc(a->count + 1, sizeof(const struct mt_row *));
    for (size_t i = 0; list != NULL && i < a->count; i++)
        list[i] = &a->rows[i];
    if (list != NULL)
        qsort(list, a->count, sizeof(const struct mt_row *), by_key);
    return list;
}

int mt_changes_compare(struct mt_changes *c, const struct mt_answer *was,
                       const struct mt_answer *is, bool routes)
{
    const struct mt_row **before = sorted(was), **now = sorted(is);
    const double seconds[2] = {was->total.seconds, is->total.seconds};
    size_t i = 0, j = 0;
    bool run = before != NULL && now != NULL;
    while (run && (i < was->count || j < is->count)) {
        int order = i == was->count  ? 1
                    : j == is->count ? -1
                                     : by_key(&before[i], &now[j]);
        compare_rows(c, order <= 0 ? before[i] : NULL,
                     order >= 0 ? now[j] : NULL, seconds, routes);
        i += order <= 0;
        j += order >= 0;
    }
    free(before);
    free(now);
    return run ? 0 : MT_STORE_ENOMEM;
}

/* ---- their order ---- */

static const struct mt_row *row_of(const struct mt_change *c)
{
    return c->is != NULL ? c->is : c->was;
}

/* A route says where: its service need not say it again. */
static bool is_told(const struct mt_changes *c, const struct mt_change *service)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct mt_change *r = &c->list[i];
        if (r->route && r->kind == service->kind &&
            r->worse == service->worse &&
            row_of(r)->server_id == row_of(service)->server_id)
            return true;
    }
    return false;
}

static int by_weight(const void *pa, const void *pb)
{
    const struct mt_change *a = pa, *b = pb;
    bool bad[2] = {a->worse && a->kind != MT_CHANGE_RATE,
                   b->worse && b->kind != MT_CHANGE_RATE};
    if (bad[0] != bad[1])
        return bad[0] ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    const struct mt_row *rows[2] = {row_of(a), row_of(b)};
    return by_key(&rows[0], &rows[1]);
}

void mt_changes_order(struct mt_changes *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i++)
        if (c->list[i].route || !is_told(c, &c->list[i])) {
            /* what is asked of stays where it is: it moves up alone */
            struct mt_change one = c->list[i];
            c->list[i] = c->list[kept];
            c->list[kept++] = one;
        }
    c->count = kept;
    qsort(c->list, c->count, sizeof c->list[0], by_weight);
}

/* ---- the question ---- */

/* Down to a border of the finest cells that routes have. */
static int64_t border(int64_t ns)
{
    return ns - ns % CELL_NS;
}

/* Windows that meet may have no cell in common: short ones are read from rows,
 * for others the border between them moves to one of cells. */
static void part(struct mt_ask *was, struct mt_ask *is, int64_t first_ns)
{
    int64_t begin = is->from_ns > first_ns ? is->from_ns : first_ns;
    if (begin >= is->to_ns) /* before all there is */
        begin = is->from_ns;
    int64_t span = mt_ns_sub(is->to_ns, begin);
    bool halves = begin == first_ns; /* nothing lies before */
    int64_t each = halves ? span / 2 : span;
    int64_t at = halves ? mt_ns_add(begin, each) : begin;
    was->exact = is->exact = each < EXACT_NS;
    if (!is->exact)
        at = border(at);
    was->from_ns = halves ? first_ns : mt_ns_sub(at, span);
    if (was->from_ns < first_ns)
        was->from_ns = first_ns;
    if (was->from_ns >= at) /* not a nanosecond of it */
        was->from_ns = at - 1;
    was->to_ns = is->from_ns = at;
}

static int windows(struct mt_store *s, const struct mt_ask *ask,
                   struct mt_ask *was, struct mt_ask *is)
{
    int64_t first, last;
    *was = *is = *ask;
    mt_store_begin(s);
    int rc = mt_store_extent(s->db, &first, &last);
    if (rc == 0)
        part(was, is, first);
    return rc;
}

int mt_query_changes(struct mt_store *s, const struct mt_ask *ask,
                     struct mt_changes *c)
{
    struct mt_ask asks[2];
    *c = (struct mt_changes){.count = 0};
    int rc = windows(s, ask, &asks[0], &asks[1]);
    for (int i = 0; rc == 0 && i < 2; i++) {
        asks[i].by_method = true;
        rc = mt_query_services(s, &asks[i], &c->services[i]);
        if (rc == 0)
            rc = mt_query_routes(s, &asks[i], &c->routes[i]);
    }
    if (rc == 0)
        rc = mt_changes_compare(c, &c->routes[0], &c->routes[1], true);
    if (rc == 0)
        rc = mt_changes_compare(c, &c->services[0], &c->services[1], false);
    if (rc != 0)
        return rc;
    c->was = c->services[0].coverage;
    c->is = c->services[1].coverage;
    mt_changes_order(c);
    return 0;
}

void mt_changes_free(struct mt_changes *c)
{
    for (int i = 0; i < 2; i++) {
        mt_answer_free(&c->services[i]);
        mt_answer_free(&c->routes[i]);
    }
    c->count = 0;
}

/* ---- in words ---- */

static void put_value(struct mt_buf *b, const struct mt_change *c,
                      const struct mt_row *row,
                      const struct mt_value_style *style)
{
    char bytes[64];
    struct mt_buf scratch = mt_buf_of(bytes, sizeof bytes);
    const struct mt_screen *s = &mt_screen_summary;
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->columns[i].key, mt_change_key(c->kind)) != 0)
            continue;
        struct mt_value v = s->columns[i].get(row, &scratch);
        if (v.known && v.whole == 0 && v.number == 0)
            mt_put_char(b, '0'); /* among words a dot would say nothing */
        else
            mt_value_put(b, &v, style);
        if (c->kind == MT_CHANGE_SUCCESS)
            mt_put_str(b, " %");
    }
}

static void put_subject(struct mt_buf *b, const struct mt_change *c)
{
    const struct mt_row *r = row_of(c);
    (void)mt_put_escaped(b, mt_span_str(r->server), SIZE_MAX);
    if (!c->route)
        return;
    mt_put_char(b, ' ');
    (void)mt_put_escaped(b, mt_span_str(r->method), SIZE_MAX);
    mt_put_char(b, ' ');
    (void)mt_put_escaped(b, mt_span_str(r->route), SIZE_MAX);
}

void mt_put_change(struct mt_buf *b, const struct mt_change *c,
                   const struct mt_value_style *style)
{
    static const char *const words[] = {
#define X(name, key, text) text,
        MT_CHANGES(X)
#undef X
    };
    put_subject(b, c);
    if (c->was == NULL) {
        mt_put_str(b, ": new, ");
        put_value(b, c, c->is, style);
        mt_put_str(b, " requests per second");
        return;
    }
    if (c->is == NULL) {
        mt_put_str(b, ": no request any more, ");
        put_value(b, c, c->was, style);
        mt_put_str(b, " per second before");
        return;
    }
    mt_put_str(b, ": ");
    mt_put_str(b, words[c->kind]);
    mt_put_char(b, ' ');
    put_value(b, c, c->was, style);
    mt_put_str(b, style->ascii ? " -> " : " \xe2\x86\x92 ");
    put_value(b, c, c->is, style);
}
