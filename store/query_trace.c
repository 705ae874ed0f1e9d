/* The exchanges of one trace. Ids have no index (an index costs seven times
 * the time of every insert): the time around the exchange is searched first,
 * then everything, for as long as one question may take. */
#include <stdlib.h>
#include <string.h>

#include "store/query_impl.h"
#include "store/trace.h"

#define AROUND_NS (60 * MT_SECOND_NS)

struct reading {
    struct mt_store *s;
    struct mt_trace *t;
    uint64_t here;
    size_t room;
};

static bool grow(struct reading *r)
{
    size_t room = r->room > 0 ? r->room * 2 : 64;
    void *spans = realloc(r->t->spans, room * sizeof *r->t->spans);
    if (spans == NULL)
        return false;
    r->t->spans = spans;
    r->room = room;
    return true;
}

static int add(struct reading *r, const struct mt_exchange *x)
{
    struct mt_trace *t = r->t;
    t->seen++;
    if (t->count == MT_TRACE_READ_MAX)
        return 0;
    if (t->count == r->room && !grow(r))
        return MT_STORE_ENOMEM;
    mt_trace_span_of(&t->spans[t->count++], x);
    return 0;
}

/* The one asked about is there already. */
static int add_other(struct reading *r, const struct mt_exchange *x)
{
    if (x->id == r->here)
        return 0;
    if (x->observer != MT_OBSERVER_TAP_SHADOW)
        return add(r, x);
    r->t->copies++;
    return 0;
}

static bool is_within(const struct mt_exchange *x, const int64_t window[2])
{
    return x->end_ns >= window[0] && x->end_ns < window[1];
}

/* `but`: what ended in that time was read before; NULL: nothing was. */
static int read_scan(struct reading *r, struct mt_scan *scan,
                     const int64_t *but)
{
    struct mt_rows *rows;
    const struct mt_exchange *x;
    int rc = mt_query_exchanges(r->s, scan, &rows);
    if (rc != 0)
        return rc;
    while ((rc = mt_rows_next(rows, &x)) == 1)
        if ((but == NULL || !is_within(x, but)) && (rc = add_other(r, x)) != 0)
            break;
    mt_rows_free(rows);
    return rc;
}

static int read_all(struct reading *r, struct mt_scan *scan)
{
    const int64_t around[2] = {scan->ask.from_ns, scan->ask.to_ns};
    int rc = read_scan(r, scan, NULL);
    if (rc == 0) {
        r->t->searched_ns[0] = around[0];
        r->t->searched_ns[1] = around[1];
        scan->goes_on = true;
        scan->all_time = true;
        rc = read_scan(r, scan, around);
    }
    r->t->complete = rc == 0;
    return rc == MT_STORE_EINTERRUPTED ? 0 : rc;
}

static enum mt_trace_key key_of(const struct mt_exchange *x)
{
    static const uint8_t none[16];
    if (memcmp(x->trace_id, none, sizeof none) != 0)
        return MT_TRACE_ID;
    return x->request_id.len > 0 ? MT_TRACE_REQUEST_ID : MT_TRACE_NO_KEY;
}

int mt_query_trace(struct mt_store *s, const struct mt_exchange *x,
                   struct mt_trace *t)
{
    struct reading r = {.s = s, .t = t, .here = x->id};
    struct mt_scan scan = {.order = MT_NEWEST_FIRST};
    int64_t start = x->req.start_ns != 0 ? x->req.start_ns : x->end_ns;
    *t = (struct mt_trace){.key = (uint8_t)key_of(x), .complete = true};
    if (t->key == MT_TRACE_NO_KEY)
        return 0;
    start = start < x->end_ns ? start : x->end_ns;
    scan.ask.from_ns = mt_ns_sub(start, AROUND_NS);
    scan.ask.to_ns = mt_ns_add(x->end_ns, AROUND_NS);
    if (t->key == MT_TRACE_ID)
        scan.trace_id = (struct mt_span){x->trace_id, sizeof x->trace_id};
    else
        scan.request_id = x->request_id;
    int rc = add(&r, x);
    if (rc == 0)
        rc = read_all(&r, &scan);
    if (rc == 0 && mt_trace_arrange(t, x->id) != 0)
        rc = MT_STORE_ENOMEM;
    if (rc != 0)
        mt_trace_free(t);
    return rc;
}
