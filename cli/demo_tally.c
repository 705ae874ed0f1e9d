#include "cli/demo_tally.h"

/* Of histograms: an answer's latency takes 8 bytes where no other is like it.
 */
#define POOL_BYTES ((size_t)16 << 20)

static void add(struct mt_demo_sum *sum, const struct mt_exchange *x)
{
    bool failed = x->outcome == MT_OUTCOME_FAILURE;
    int64_t latency = mt_exchange_latency_ns(x);
    sum->requests++;
    sum->failed += failed;
    sum->again += x->retry_of != 0;
    sum->saved += x->retry_of != 0 && !failed;
    sum->timeouts += mt_span_eq(x->error_message, MT_SPAN("timeout"));
    if (latency >= 0)
        (void)mt_hist_add(&sum->latency, latency);
}

static bool is_of(const struct mt_exchange *x, unsigned service)
{
    return mt_span_eq(x->server.service, mt_span_str(mt_demo_name(service)));
}

/* A request belongs to the fault in whose time it was asked. */
static void add_request(struct mt_demo_tally *t, const struct mt_demo_run *run,
                        const struct mt_exchange *x)
{
    struct mt_demo_timetable table = mt_demo_timetable_of(run->asked_ns);
    int64_t at = x->req.start_ns - run->begin_wall_ns;
    const struct mt_demo_event *now = mt_demo_moment_at(&table, at).now;
    add(&t->all, x);
    t->shoppers += mt_span_eq(x->client.service,
                              mt_span_str(mt_demo_name(MT_DEMO_SHOPPERS)));
    t->harmful += x->outcome == MT_OUTCOME_FAILURE &&
                  mt_span_eq(x->why_not_retried, MT_SPAN("not_idempotent"));
    for (unsigned i = 0; i < MT_DEMO_EVENTS; i++)
        if (is_of(x, mt_demo_event(i)->fault.service)) {
            if (now == mt_demo_event(i))
                add(&t->during[i], x);
            else if (now == NULL)
                add(&t->calm[i], x);
        }
}

static void add_row(struct mt_demo_tally *t, const struct mt_demo_run *run,
                    const struct mt_exchange *x)
{
    if (x->end_ns < run->begin_wall_ns)
        return; /* of an earlier run, in the same database */
    if (x->observer == MT_OBSERVER_PROXY_REQUEST) {
        add_request(t, run, x);
    } else if (x->observer == MT_OBSERVER_PROXY_ATTEMPT) {
        t->tries += x->attempt > 1;
    } else {
        t->tapped++;
        t->tapped_failed += x->outcome == MT_OUTCOME_FAILURE;
    }
}

static void init(struct mt_demo_tally *t)
{
    *t = (struct mt_demo_tally){.shoppers = 0};
    mt_pool_init(&t->pool, POOL_BYTES);
    mt_hist_init(&t->all.latency, &t->pool);
    for (unsigned i = 0; i < MT_DEMO_EVENTS; i++) {
        mt_hist_init(&t->during[i].latency, &t->pool);
        mt_hist_init(&t->calm[i].latency, &t->pool);
    }
}

int mt_demo_tally_rows(struct mt_demo_tally *t, struct mt_store *store,
                       const struct mt_demo_run *run)
{
    const struct mt_scan scan = {
        .ask = {.attempts = true}, .order = MT_OLDEST_FIRST, .all_time = true};
    struct mt_rows *rows = NULL;
    const struct mt_exchange *x;
    init(t);
    int rc = mt_query_exchanges(store, &scan, &rows);
    if (rc == 0)
        while ((rc = mt_rows_next(rows, &x)) == 1)
            add_row(t, run, x);
    mt_rows_free(rows);
    return rc;
}

void mt_demo_tally_deinit(struct mt_demo_tally *t)
{
    mt_hist_deinit(&t->all.latency);
    for (unsigned i = 0; i < MT_DEMO_EVENTS; i++) {
        mt_hist_deinit(&t->during[i].latency);
        mt_hist_deinit(&t->calm[i].latency);
    }
    mt_pool_deinit(&t->pool);
}
