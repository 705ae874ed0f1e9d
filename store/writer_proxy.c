/* What the program's own breakers and budgets are at: newest state alone. */
#include <stdlib.h>

#include "store/writer_impl.h"

const char *mt_endpoint_state_text(unsigned state)
{
    static const char *const texts[] = {
#define X(name, text, help) text,
        MT_ENDPOINT_STATES(X)
#undef X
    };
    return state < MT_ENDPOINT_STATE_COUNT ? texts[state] : "?";
}

/* --- from the program --- */

/* Room for one more of either kind. */
static int make_room(struct mt_writer *w)
{
    if (w->rc != 0)
        return w->rc;
    if (w->states == NULL)
        w->states = malloc(sizeof *w->states);
    if (w->states == NULL)
        return w->rc = MT_STORE_ENOMEM;
    if (w->endpoints_count < MT_STATE_OPS_MAX &&
        w->budgets_count < MT_STATE_OPS_MAX)
        return 0;
    return mt_writer_flush(w, w->now_ns);
}

int mt_writer_endpoint(struct mt_writer *w, const struct mt_endpoint_state *e)
{
    int rc = make_room(w);
    if (rc == 0)
        w->states->endpoints[w->endpoints_count++] = *e;
    return rc;
}

int mt_writer_budget(struct mt_writer *w, const struct mt_budget_state *b)
{
    int rc = make_room(w);
    if (rc == 0)
        w->states->budgets[w->budgets_count++] = *b;
    return rc;
}

/* --- into the database --- */

static void bind_name(sqlite3_stmt *st, int at, const char *name)
{
    (void)mt_bind_span(st, at, mt_span_str(name), false);
}

static void bind_values(sqlite3_stmt *st, int at, const int64_t *values,
                        int count)
{
    for (int i = 0; i < count; i++)
        (void)sqlite3_bind_int64(st, at + i, values[i]);
}

static int put_endpoint(sqlite3_stmt *put, sqlite3_stmt *drop, int64_t writer,
                        const struct mt_endpoint_state *e)
{
    sqlite3_stmt *st = e->gone ? drop : put;
    (void)sqlite3_bind_int64(st, 1, writer);
    bind_name(st, 2, e->service);
    bind_name(st, 3, e->endpoint);
    if (!e->gone) {
        const int64_t values[] = {e->state, e->until_ns, e->running, e->conns,
                                  e->latency_ns};
        bind_values(st, 4, values, 5);
        bind_name(st, 9, e->reason);
    }
    return mt_store_run(st);
}

static int put_budget(sqlite3_stmt *put, sqlite3_stmt *drop, int64_t writer,
                      const struct mt_budget_state *b)
{
    sqlite3_stmt *st = b->gone ? drop : put;
    (void)sqlite3_bind_int64(st, 1, writer);
    bind_name(st, 2, b->service);
    bind_name(st, 3, b->rule);
    if (!b->gone) {
        const int64_t values[] = {b->percent, b->min_per_s, b->spent,
                                  b->allowed, (int64_t)(b->denied & INT64_MAX)};
        bind_values(st, 4, values, 5);
    }
    return mt_store_run(st);
}

enum { PUT_ENDPOINT, DROP_ENDPOINT, PUT_BUDGET, DROP_BUDGET, STATEMENTS };

static const char *const statements[STATEMENTS] = {
    "INSERT OR REPLACE INTO proxy_endpoint(writer,service,endpoint,state,"
    "until_ns,running,conns,latency_ns,reason) VALUES(?,?,?,?,?,?,?,?,?)",
    "DELETE FROM proxy_endpoint WHERE writer=? AND service=? AND endpoint=?",
    "INSERT OR REPLACE INTO proxy_budget(writer,service,rule,percent,"
    "min_per_s,spent,allowed,denied) VALUES(?,?,?,?,?,?,?,?)",
    "DELETE FROM proxy_budget WHERE writer=? AND service=? AND rule=?"};

int mt_writer_put_states(struct mt_writer *w)
{
    sqlite3_stmt *st[STATEMENTS] = {NULL};
    int rc = 0;
    if (w->endpoints_count + w->budgets_count == 0)
        return 0;
    for (int i = 0; rc == 0 && i < STATEMENTS; i++)
        rc = mt_store_prepare(w->store.db, &st[i], statements[i]);
    for (uint32_t i = 0; rc == 0 && i < w->endpoints_count; i++)
        rc = put_endpoint(st[PUT_ENDPOINT], st[DROP_ENDPOINT], w->id,
                          &w->states->endpoints[i]);
    for (uint32_t i = 0; rc == 0 && i < w->budgets_count; i++)
        rc = put_budget(st[PUT_BUDGET], st[DROP_BUDGET], w->id,
                        &w->states->budgets[i]);
    for (int i = 0; i < STATEMENTS; i++)
        (void)sqlite3_finalize(st[i]);
    return rc;
}

/* A proxy that begins takes the place of those that are over. */
int mt_writer_drop_states(struct mt_writer *w)
{
    if (w->options.kind != MT_WRITER_PROXY)
        return 0;
    int rc = mt_writer_begin(w);
    if (rc != 0)
        return rc;
    rc = mt_store_exec(
        w->store.db,
        "DELETE FROM proxy_endpoint WHERE writer NOT IN (SELECT id FROM "
        "writer WHERE closed_ns IS NULL);"
        "DELETE FROM proxy_budget WHERE writer NOT IN (SELECT id FROM "
        "writer WHERE closed_ns IS NULL);");
    return mt_writer_end(w, rc);
}
