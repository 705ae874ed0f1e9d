/* What proxies do, and what their breakers and budgets are at. */
#include "store/proxy_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "store/query_group.h"

#define FRESH_NS (5 * MT_SECOND_NS) /* as mt_query_now() */

enum { ROWS_MAX = 4096, WORDS_BYTES = 64 };

const char *mt_proxy_life_text(unsigned life)
{
    static const char *const texts[] = {
#define X(name, text, help) text,
        MT_PROXY_LIVES(X)
#undef X
    };
    return life < MT_PROXY_LIFE_COUNT ? texts[life] : "?";
}

void mt_proxies_free(struct mt_proxies *p)
{
    free(p->endpoints);
    free(p->budgets);
    *p = (struct mt_proxies){.endpoints = NULL};
}

/* --- reading --- */

/* The file may come from anybody: a text is cut, a number is in its bounds. */
static void read_text(sqlite3_stmt *st, int at, char *out, size_t size)
{
    struct mt_span s = mt_column_text(st, at);
    (void)snprintf(out, size, "%.*s", (int)(s.len < size ? s.len : size - 1),
                   s.len > 0 ? (const char *)s.ptr : "");
}

static uint32_t read_u32(sqlite3_stmt *st, int at)
{
    int64_t v = sqlite3_column_int64(st, at);
    return v < 0 ? 0 : v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

/* Columns 0 to 2: the writer, when it was last heard of, when it closed. */
static uint8_t read_life(sqlite3_stmt *st, int64_t wall_ns, int64_t *writer,
                         int64_t *heard_ns)
{
    *writer = sqlite3_column_int64(st, 0);
    *heard_ns = sqlite3_column_int64(st, 1);
    if (sqlite3_column_type(st, 2) != SQLITE_NULL)
        return MT_PROXY_ENDED;
    return mt_ns_sub(wall_ns, *heard_ns) <= FRESH_NS ? MT_PROXY_LIVE
                                                     : MT_PROXY_SILENT;
}

static void read_endpoint(sqlite3_stmt *st, int64_t wall_ns,
                          struct mt_endpoint_row *e)
{
    int64_t state = sqlite3_column_int64(st, 5);
    *e = (struct mt_endpoint_row){.now_ns = wall_ns};
    e->life = read_life(st, wall_ns, &e->writer, &e->heard_ns);
    read_text(st, 3, e->is.service, sizeof e->is.service);
    read_text(st, 4, e->is.endpoint, sizeof e->is.endpoint);
    e->is.state = state >= 0 && state < MT_ENDPOINT_STATE_COUNT
                      ? (uint8_t)state
                      : (uint8_t)MT_ENDPOINT_STATE_COUNT;
    e->is.until_ns = sqlite3_column_int64(st, 6);
    read_text(st, 7, e->is.reason, sizeof e->is.reason);
    e->is.running = read_u32(st, 8);
    e->is.conns = read_u32(st, 9);
    e->is.latency_ns = sqlite3_column_int64(st, 10);
}

static void read_budget(sqlite3_stmt *st, int64_t wall_ns,
                        struct mt_budget_row *b)
{
    int64_t denied = sqlite3_column_int64(st, 9);
    *b = (struct mt_budget_row){.now_ns = wall_ns};
    b->life = read_life(st, wall_ns, &b->writer, &b->heard_ns);
    read_text(st, 3, b->is.service, sizeof b->is.service);
    read_text(st, 4, b->is.rule, sizeof b->is.rule);
    b->is.percent = read_u32(st, 5);
    b->is.min_per_s = read_u32(st, 6);
    b->is.spent = read_u32(st, 7);
    b->is.allowed = read_u32(st, 8);
    b->is.denied = denied > 0 ? (uint64_t)denied : 0;
}

static int read_endpoints(struct mt_store *s, int64_t wall_ns,
                          struct mt_proxies *p)
{
    sqlite3_stmt *st = NULL;
    p->endpoints = calloc(ROWS_MAX, sizeof *p->endpoints);
    if (p->endpoints == NULL)
        return MT_STORE_ENOMEM;
    int step = SQLITE_DONE;
    int rc = mt_store_prepare(
        s->db, &st,
        "SELECT w.id,w.heartbeat_ns,w.closed_ns,p.service,p.endpoint,p.state,"
        "p.until_ns,p.reason,p.running,p.conns,p.latency_ns FROM "
        "proxy_endpoint p JOIN writer w ON w.id=p.writer "
        "ORDER BY p.service,p.endpoint,w.id");
    while (rc == 0 && (step = sqlite3_step(st)) == SQLITE_ROW) {
        p->more = p->endpoints_count == ROWS_MAX;
        if (p->more)
            break;
        read_endpoint(st, wall_ns, &p->endpoints[p->endpoints_count++]);
    }
    if (rc == 0)
        rc = mt_store_rc_of(s->db, step);
    (void)sqlite3_finalize(st);
    return rc;
}

static int read_budgets(struct mt_store *s, int64_t wall_ns,
                        struct mt_proxies *p)
{
    sqlite3_stmt *st = NULL;
    p->budgets = calloc(ROWS_MAX, sizeof *p->budgets);
    if (p->budgets == NULL)
        return MT_STORE_ENOMEM;
    int step = SQLITE_DONE;
    int rc = mt_store_prepare(
        s->db, &st,
        "SELECT w.id,w.heartbeat_ns,w.closed_ns,p.service,p.rule,p.percent,"
        "p.min_per_s,p.spent,p.allowed,p.denied FROM proxy_budget p "
        "JOIN writer w ON w.id=p.writer ORDER BY p.service,p.rule,w.id");
    while (rc == 0 && (step = sqlite3_step(st)) == SQLITE_ROW) {
        if (p->budgets_count == ROWS_MAX) {
            p->more = true;
            break;
        }
        read_budget(st, wall_ns, &p->budgets[p->budgets_count++]);
    }
    if (rc == 0)
        rc = mt_store_rc_of(s->db, step);
    (void)sqlite3_finalize(st);
    return rc;
}

int mt_query_proxies(struct mt_store *s, int64_t wall_ns,
                     struct mt_proxies *proxies)
{
    *proxies = (struct mt_proxies){.endpoints = NULL};
    mt_store_begin(s);
    int rc = read_endpoints(s, wall_ns, proxies);
    return rc == 0 ? read_budgets(s, wall_ns, proxies) : rc;
}

/* --- in words --- */

struct tally {
    size_t live, stale;
    size_t in_state[MT_ENDPOINT_STATE_COUNT];
    const struct mt_endpoint_row *newest; /* of the stale */
};

/* past: what is live now says nothing of the time that was asked about. */
static struct tally tally_of(const struct mt_proxies *p, const char *service,
                             bool past)
{
    struct tally t = {0};
    for (size_t i = 0; i < p->endpoints_count; i++) {
        const struct mt_endpoint_row *e = &p->endpoints[i];
        if (strcmp(e->is.service, service) != 0)
            continue;
        bool live = e->life == MT_PROXY_LIVE && !past;
        if (live && e->is.state < MT_ENDPOINT_STATE_COUNT) {
            t.live++;
            t.in_state[e->is.state]++;
        } else if (e->life != MT_PROXY_LIVE) {
            t.stale++;
            if (t.newest == NULL || e->heard_ns > t.newest->heard_ns)
                t.newest = e;
        }
    }
    return t;
}

/* The worst that is so: "1 of 3 open", "closed", "silent for 40s". */
static void put_breaker(struct mt_buf *b, const struct tally *t)
{
    static const uint8_t order[] = {MT_ENDPOINT_OPEN, MT_ENDPOINT_DUE,
                                    MT_ENDPOINT_PROBING, MT_ENDPOINT_KEPT};
    for (size_t i = 0; i < sizeof order && t->live > 0; i++)
        if (t->in_state[order[i]] > 0) {
            mt_put_count(b, t->in_state[order[i]]);
            mt_put_str(b, " of ");
            mt_put_count(b, t->live);
            mt_put_char(b, ' ');
            mt_put_str(b, mt_endpoint_state_text(order[i]));
            return;
        }
    if (t->live > 0) {
        mt_put_str(b, "closed");
    } else if (t->stale > 0) {
        mt_put_str(b, "proxy ");
        mt_put_str(b, mt_proxy_life_text(t->newest->life));
    }
}

/* The one that is nearest to its end: "12 of 20 left", "spent". */
static void put_budget(struct mt_buf *b, const struct mt_proxies *p,
                       const char *service)
{
    const struct mt_budget_state *least = NULL;
    uint32_t least_left = UINT32_MAX;
    for (size_t i = 0; i < p->budgets_count; i++) {
        const struct mt_budget_row *r = &p->budgets[i];
        if (r->life != MT_PROXY_LIVE || strcmp(r->is.service, service) != 0)
            continue;
        uint32_t left =
            r->is.allowed > r->is.spent ? r->is.allowed - r->is.spent : 0;
        if (least == NULL || left < least_left) {
            least = &r->is;
            least_left = left;
        }
    }
    if (least == NULL)
        return;
    if (least_left == 0) {
        mt_put_str(b, "spent");
        return;
    }
    mt_put_count(b, least_left);
    mt_put_str(b, " of ");
    mt_put_count(b, least->allowed);
    mt_put_str(b, " left");
}

static const char *keep(struct mt_question *q, struct mt_buf *b)
{
    mt_put_u8(b, 0);
    uint32_t n = mt_intern_add(&q->texts, mt_buf_span(b));
    return n != MT_INTERN_NONE ? (const char *)mt_intern_bytes(&q->texts, n).ptr
                               : NULL;
}

static int say_state(struct mt_question *q, const struct mt_proxies *p,
                     bool past, struct mt_row *row)
{
    char bytes[WORDS_BYTES];
    struct tally t = tally_of(p, row->server, past);
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    put_breaker(&b, &t);
    row->breaker = keep(q, &b);
    b = mt_buf_of(bytes, sizeof bytes);
    if (!past)
        put_budget(&b, p, row->server);
    row->budget = keep(q, &b);
    return row->breaker != NULL && row->budget != NULL ? 0 : MT_STORE_ENOMEM;
}

/* Rows of taps go: they enforce nothing. */
static void keep_proxied(struct mt_answer *a)
{
    size_t kept = 0;
    struct mt_row total = {.seconds = a->total.seconds};
    for (size_t i = 0; i < a->count; i++)
        if (a->rows[i].observer == MT_OBSERVER_PROXY_REQUEST) {
            total.counts.exchanges += a->rows[i].counts.exchanges;
            a->rows[kept++] = a->rows[i];
        }
    a->count = kept;
    a->total = total;
}

int mt_query_policy(struct mt_store *s, const struct mt_ask *ask,
                    int64_t wall_ns, struct mt_answer *a,
                    struct mt_proxies *proxies)
{
    struct mt_ask routes = *ask;
    routes.by_method = true;
    *proxies = (struct mt_proxies){.endpoints = NULL};
    int rc = mt_query_routes(s, &routes, a);
    if (rc == 0)
        rc = mt_query_proxies(s, wall_ns, proxies);
    if (rc == 0)
        keep_proxied(a);
    bool past = ask->to_ns < mt_ns_sub(wall_ns, FRESH_NS);
    for (size_t i = 0; rc == 0 && i < a->count; i++)
        rc = say_state(a->memory, proxies, past, &a->rows[i]);
    return rc;
}
