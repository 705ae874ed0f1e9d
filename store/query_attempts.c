/* The rows of one proxied request: equal numbers of one writer, near in time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/attempts.h"
#include "store/query_impl.h"

/* A try that was given up may end after its request, and the request of a try
 * ends after it: neither lasts longer than this beyond the other. */
#define BEYOND_NS (600 * MT_SECOND_NS)

static int find_writer(struct mt_store *s, uint64_t id, int64_t *writer)
{
    sqlite3_stmt *st = NULL;
    int rc = mt_store_prepare(s->db, &st,
                              "SELECT writer FROM batch WHERE first<=? "
                              "ORDER BY first DESC LIMIT 1");
    if (rc != 0)
        return rc;
    (void)sqlite3_bind_int64(st, 1, (int64_t)id);
    int step = sqlite3_step(st);
    *writer = step == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    (void)sqlite3_finalize(st);
    return mt_store_rc_of(s->db, step);
}

static void add(struct mt_attempts *a, const struct mt_exchange *x,
                uint64_t here)
{
    int64_t start = x->req.start_ns != 0 ? x->req.start_ns : x->end_ns;
    if (x->observer != MT_OBSERVER_PROXY_ATTEMPT) {
        a->request = x->id;
        a->request_ns = start;
        return;
    }
    a->seen++;
    if (a->count == MT_ATTEMPTS_MAX)
        return;
    struct mt_attempt *t = &a->list[a->count++];
    *t = (struct mt_attempt){.id = x->id,
                             .attempt = x->attempt,
                             .start_ns = start,
                             .lasted_ns = mt_elapsed_ns(start, x->end_ns),
                             .connect_ns = x->connect_ns,
                             .outcome = x->outcome,
                             .error = x->error,
                             .status = x->status,
                             .grpc_status = x->grpc_status,
                             .responded = x->resp.start_ns != 0,
                             .here = x->id == here};
    (void)snprintf(t->endpoint, sizeof t->endpoint, "%.*s",
                   x->endpoint.len < sizeof t->endpoint
                       ? (int)x->endpoint.len
                       : (int)sizeof t->endpoint - 1,
                   (const char *)x->endpoint.ptr);
}

static int by_attempt(const void *left, const void *right)
{
    const struct mt_attempt *a = left, *b = right;
    if (a->attempt != b->attempt)
        return a->attempt < b->attempt ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static int read_rows(struct mt_store *s, const struct mt_scan *scan,
                     struct mt_attempts *a, uint64_t here)
{
    struct mt_rows *rows;
    const struct mt_exchange *x;
    int rc = mt_query_exchanges(s, scan, &rows);
    if (rc == 0) {
        while ((rc = mt_rows_next(rows, &x)) == 1)
            add(a, x, here);
        mt_rows_free(rows);
    }
    a->complete = rc == 0;
    return rc == MT_STORE_EINTERRUPTED ? 0 : rc;
}

int mt_query_attempts(struct mt_store *s, const struct mt_exchange *x,
                      struct mt_attempts *a)
{
    int64_t start = x->req.start_ns != 0 ? x->req.start_ns : x->end_ns;
    struct mt_scan scan = {.order = MT_OLDEST_FIRST, .retry_of = x->retry_of};
    *a = (struct mt_attempts){.complete = true};
    if (x->retry_of == 0 || (x->observer != MT_OBSERVER_PROXY_REQUEST &&
                             x->observer != MT_OBSERVER_PROXY_ATTEMPT))
        return 0;
    scan.ask.from_ns = mt_ns_sub(start, BEYOND_NS);
    scan.ask.to_ns = mt_ns_add(x->end_ns, BEYOND_NS);
    int rc = find_writer(s, x->id, &scan.writer);
    if (rc == 0)
        rc = read_rows(s, &scan, a, x->id);
    if (a->count > 0)
        qsort(a->list, a->count, sizeof a->list[0], by_attempt);
    if (a->request_ns == 0 && a->count > 0)
        a->request_ns = a->list[0].start_ns;
    return rc;
}
