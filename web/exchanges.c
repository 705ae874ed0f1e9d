/* Single exchanges of a window: newest, oldest or slowest first. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "store/column_json.h"
#include "web/limits.h"
#include "web/table.h"

enum { LIMIT_DEFAULT = 100 };

/* A row, as it will be written. */
struct kept {
    int64_t latency_ns;
    uint64_t id;
    uint8_t *json;
    size_t len;
};

struct listing {
    struct mt_web_question *q;
    struct kept *rows; /* of `slowest` a heap, the fastest at its root */
    uint64_t count, limit;
    bool slowest;
    bool more; /* there are, behind the limit */
};

static void free_listing(struct listing *l)
{
    for (uint64_t i = 0; l->rows != NULL && i < l->count; i++)
        free(l->rows[i].json);
    free(l->rows);
}

/* ---- rows ---- */

static int keep(struct kept *k, const struct mt_exchange *x)
{
    struct mt_out out;
    struct mt_web_body body = {.max = MT_WEB_ANSWER_BYTES};
    mt_out_init(&out, mt_web_body_sink(&body));
    mt_row_json(&out, &mt_screen_exchanges, x);
    *k = (struct kept){.latency_ns = mt_exchange_latency_ns(x), .id = x->id};
    int rc = mt_out_flush(&out);
    k->json = body.ptr;
    k->len = body.len;
    if (rc != 0)
        free(body.ptr);
    return rc == 0 ? 0 : MT_STORE_ENOMEM;
}

/* Slower, and of equals the older one. */
static bool before(const struct kept *a, const struct kept *b)
{
    if (a->latency_ns != b->latency_ns)
        return a->latency_ns > b->latency_ns;
    return a->id < b->id;
}

static void swap(struct kept *a, struct kept *b)
{
    struct kept t = *a;
    *a = *b;
    *b = t;
}

static void sift_up(struct kept *heap, uint64_t at)
{
    for (; at > 0 && before(&heap[(at - 1) / 2], &heap[at]); at = (at - 1) / 2)
        swap(&heap[(at - 1) / 2], &heap[at]);
}

static void sift_down(struct kept *heap, uint64_t count)
{
    uint64_t at = 0;
    for (;;) {
        uint64_t last = at, left = 2 * at + 1;
        for (uint64_t c = left; c < left + 2 && c < count; c++)
            if (before(&heap[last], &heap[c]))
                last = c;
        if (last == at)
            return;
        swap(&heap[at], &heap[last]);
        at = last;
    }
}

static int add_slowest(struct listing *l, const struct mt_exchange *x)
{
    const struct kept this = {.latency_ns = mt_exchange_latency_ns(x),
                              .id = x->id};
    if (this.latency_ns < 0)
        return 0; /* it has no response */
    if (l->count == l->limit) {
        l->more = true;
        if (!before(&this, &l->rows[0]))
            return 0;
        free(l->rows[0].json);
        swap(&l->rows[0], &l->rows[--l->count]);
        sift_down(l->rows, l->count);
    }
    int rc = keep(&l->rows[l->count], x);
    if (rc == 0)
        sift_up(l->rows, l->count++);
    return rc;
}

/* 1: no more is wanted. */
static int add(struct listing *l, const struct mt_exchange *x)
{
    if (l->slowest)
        return add_slowest(l, x);
    if (l->count == l->limit) {
        l->more = true;
        return 1;
    }
    int rc = keep(&l->rows[l->count], x);
    l->count += rc == 0;
    return rc;
}

static int slowest_first(const void *a, const void *b)
{
    return before(a, b) ? -1 : 1;
}

static int read_rows(struct listing *l, struct mt_coverage *coverage)
{
    const struct mt_web_params *p = l->q->params;
    const struct mt_scan scan = {
        .ask = l->q->ask,
        .order = p->order == MT_WEB_OLDEST ? MT_OLDEST_FIRST : MT_NEWEST_FIRST,
        .after_id = p->after};
    struct mt_rows *rows;
    const struct mt_exchange *x;
    int rc = mt_query_exchanges(l->q->store, &scan, &rows);
    if (rc != 0)
        return rc;
    int added = 0;
    while (added == 0 && (rc = mt_rows_next(rows, &x)) == 1)
        added = add(l, x);
    *coverage = mt_rows_coverage(rows);
    mt_rows_free(rows);
    if (added < 0)
        return added;
    if (added == 1) /* as far as it goes, nothing is missing */
        coverage->complete = true;
    if (rc == MT_STORE_EINTERRUPTED && l->count > 0)
        l->more = true;
    else if (rc < 0)
        return rc;
    if (l->slowest)
        qsort(l->rows, l->count, sizeof *l->rows, slowest_first);
    return mt_query_sample(l->q->store, &coverage->sample_one_of);
}

/* ---- the answer ---- */

static void put_bound(struct mt_buf *b, const char *op, uint64_t id)
{
    if (id == 0)
        return;
    mt_put_str(b, b->len > 0 ? " and id" : "id");
    mt_put_str(b, op);
    mt_put_decimal(b, id);
}

/* Of a command's rows -n leaves the newest; for the slowest there is none. */
static void put_command(const struct listing *l,
                        char command[MT_WEB_COMMAND_BYTES])
{
    const struct mt_web_params *p = l->q->params;
    char text[80];
    struct mt_buf terms = mt_buf_of(text, sizeof text - 1);
    bool newest = p->order == MT_WEB_NEWEST;
    command[0] = '\0';
    if (l->slowest)
        return;
    put_bound(&terms, newest ? "<" : ">", p->after);
    if (!newest && l->more && l->count > 0)
        put_bound(&terms, "<=", l->rows[l->count - 1].id);
    text[terms.len] = '\0';
    mt_web_command_put(
        l->q,
        &(struct mt_web_command){.verb = "tail",
                                 .limit = newest ? l->limit : 0,
                                 .and_also = terms.len > 0 ? text : NULL},
        command);
}

static int put_lost(const struct listing *l)
{
    struct mt_web_question *q = l->q;
    uint64_t least =
        l->more && l->count > 0 && !l->slowest ? l->rows[l->count - 1].id : 0;
    const struct mt_lost_scan scan = {.from_ns = q->ask.from_ns,
                                      .to_ns = q->ask.to_ns,
                                      .order = MT_NEWEST_FIRST};
    if (l->slowest || q->params->order == MT_WEB_OLDEST)
        least = 0;
    return mt_web_put_lost(q, &scan, least);
}

/* False: there is no room for it. */
static bool note_id(struct mt_web_ids *ids, uint64_t id)
{
    size_t at = ids->count;
    while (at > 0 && ids->list[at - 1] > id)
        at--;
    if (at > 0 && ids->list[at - 1] == id)
        return true;
    if (ids->count == ids->max)
        return false;
    memmove(ids->list + at + 1, ids->list + at,
            (ids->count - at) * sizeof *ids->list);
    ids->list[at] = id;
    ids->count++;
    return true;
}

static int put_listing(struct listing *l, const struct mt_coverage *coverage)
{
    struct mt_web_question *q = l->q;
    char command[MT_WEB_COMMAND_BYTES];
    put_command(l, command);
    mt_web_begin(q, command, coverage);
    if (l->more && l->count > 0 && !l->slowest)
        mt_web_count(q->out, ",next", l->rows[l->count - 1].id);
    else
        mt_web_null(q->out, ",next");
    mt_out_str(q->out, ",\"exchanges\":[");
    const char *before = "\n";
    for (uint64_t i = 0; i < l->count; i++) {
        if (q->ids != NULL && !note_id(q->ids, l->rows[i].id))
            continue;
        mt_out_str(q->out, before);
        mt_out_span(q->out, (struct mt_span){l->rows[i].json, l->rows[i].len});
        before = ",\n";
    }
    mt_out_char(q->out, ']');
    int rc = put_lost(l);
    mt_out_str(q->out, "}\n");
    return rc;
}

int mt_web_exchanges(struct mt_web_question *q)
{
    struct mt_coverage coverage;
    struct listing l = {.q = q,
                        .limit = mt_web_limit(q, LIMIT_DEFAULT),
                        .slowest = q->params->order == MT_WEB_SLOWEST};
    if (l.limit > MT_WEB_EXCHANGES_MAX)
        return mt_web_problem(&q->problem, MT_WEB_PARAMETER, "limit",
                              "limit: of exchanges at most %d; go on with "
                              "after",
                              MT_WEB_EXCHANGES_MAX);
    if (l.slowest && q->params->after > 0)
        return mt_web_problem(&q->problem, MT_WEB_PARAMETER, "after",
                              "after: the slowest are looked for in the whole "
                              "window; narrow it with since and until");
    l.rows = calloc(l.limit, sizeof *l.rows);
    int rc = l.rows != NULL ? read_rows(&l, &coverage) : MT_STORE_ENOMEM;
    if (rc == 0)
        rc = put_listing(&l, &coverage);
    free_listing(&l);
    return rc;
}
