#include "store/proxied.h"

#include <stdlib.h>
#include <string.h>

#include "store/open.h"
#include "store/service.h"
#include "store/writer_impl.h"

#define SECOND_NS INT64_C(1000000000)
#define RANGE (INT64_C(1) << MT_WRITER_LANE_SHIFT) /* ids of one thread */

int mt_proxied_init(struct mt_proxied *p, sqlite3 *db, int64_t own)
{
    *p = (struct mt_proxied){.db = db, .own = own, .told_ns = INT64_MAX};
    const struct {
        sqlite3_stmt **st;
        const char *sql;
    } list[] = {
        {&p->version_of, "PRAGMA data_version"},
        {&p->proxies, "SELECT id,closed_ns IS NULL AND heartbeat_ns>?3,"
                      "heartbeat_ns FROM writer WHERE kind=?1 AND id<>?2 "
                      "ORDER BY id DESC"},
        {&p->next, "SELECT min(id) FROM conn WHERE id>=?1 AND id<?2"},
        {&p->newer, "SELECT id,first_ns,client_addr,client_port,server_addr,"
                    "server_port FROM (SELECT * FROM conn WHERE id>?1 AND "
                    "id<?2 ORDER BY id DESC LIMIT ?3) ORDER BY id"},
        {&p->life, "SELECT c.ended_ns,w.closed_ns FROM conn c JOIN writer w "
                   "ON w.id=?2 WHERE c.id=?1"},
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof list / sizeof list[0]; i++)
        rc = mt_store_prepare(db, list[i].st, list[i].sql);
    return rc;
}

void mt_proxied_deinit(struct mt_proxied *p)
{
    (void)sqlite3_finalize(p->version_of);
    (void)sqlite3_finalize(p->proxies);
    (void)sqlite3_finalize(p->next);
    (void)sqlite3_finalize(p->newer);
    (void)sqlite3_finalize(p->life);
    free(p->sets);
    *p = (struct mt_proxied){.db = NULL};
}

/* --- the table --- */

static int by_address(const struct mt_addr *a, const struct mt_addr *b)
{
    int order = memcmp(a->ip, b->ip, sizeof a->ip);
    return order != 0 ? order : (int)a->port - (int)b->port;
}

static void set_ends(struct mt_proxied_conn *c, const struct mt_addr *a,
                     const struct mt_addr *b)
{
    bool swap = by_address(a, b) > 0;
    c->end[0] = swap ? *b : *a;
    c->end[1] = swap ? *a : *b;
}

static bool same_ends(const struct mt_proxied_conn *a,
                      const struct mt_proxied_conn *b)
{
    return by_address(&a->end[0], &b->end[0]) == 0 &&
           by_address(&a->end[1], &b->end[1]) == 0;
}

static struct mt_proxied_conn *set_of(const struct mt_proxied *p,
                                      const struct mt_proxied_conn *c)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (int e = 0; e < 2; e++) {
        for (size_t i = 0; i < sizeof c->end[e].ip; i++)
            h = (h ^ c->end[e].ip[i]) * UINT64_C(1099511628211);
        h = (h ^ c->end[e].port) * UINT64_C(1099511628211);
    }
    return &p->sets[((h >> 32) ^ h) % MT_PROXIED_SETS * MT_PROXIED_WAYS];
}

/* In the place of the one that began first. */
static void put(struct mt_proxied *p, const struct mt_proxied_conn *c)
{
    struct mt_proxied_conn *set = set_of(p, c), *at = set;
    for (int i = 1; i < MT_PROXIED_WAYS && at->id != 0; i++)
        if (set[i].id == 0 || set[i].first_ns < at->first_ns)
            at = &set[i];
    *at = *c;
    p->count++;
}

/* --- refreshing --- */

static int64_t first_conn_of(int64_t writer)
{
    return (int64_t)((uint64_t)(writer - 1) << MT_WRITER_SHIFT);
}

/* Of one thread, which has the ids from `from` on. */
static int take_range(struct mt_proxied *p, int64_t from, int64_t *last)
{
    int step;
    (void)sqlite3_bind_int64(p->newer, 1, *last);
    (void)sqlite3_bind_int64(p->newer, 2, from + RANGE);
    (void)sqlite3_bind_int(p->newer, 3, MT_PROXIED_SETS * MT_PROXIED_WAYS);
    while ((step = sqlite3_step(p->newer)) == SQLITE_ROW) {
        struct mt_addr client = mt_column_addr(p->newer, 2, 3);
        struct mt_addr server = mt_column_addr(p->newer, 4, 5);
        struct mt_proxied_conn c = {.id = sqlite3_column_int64(p->newer, 0),
                                    .first_ns =
                                        sqlite3_column_int64(p->newer, 1)};
        set_ends(&c, &client, &server);
        put(p, &c);
        *last = c.id;
    }
    (void)sqlite3_reset(p->newer);
    return mt_store_rc_of(p->db, step);
}

/* Where the reading of a thread's connections goes on; NULL: too many. */
static int64_t *position_of(struct mt_proxied *p, int64_t range)
{
    uint32_t i = 0;
    while (i < p->ranges_count && p->ranges[i].range != range)
        i++;
    if (i == MT_PROXIED_RANGES_MAX)
        return NULL;
    if (i == p->ranges_count) {
        p->ranges[i].range = range;
        p->ranges[i].last = range - 1;
        p->ranges_count++;
    }
    return &p->ranges[i].last;
}

/* The first id of a range in which there is a connection, from `from` on; 0:
 * there is none before `end`. */
static int next_range(struct mt_proxied *p, int64_t from, int64_t end,
                      int64_t *range)
{
    (void)sqlite3_bind_int64(p->next, 1, from);
    (void)sqlite3_bind_int64(p->next, 2, end);
    int step = sqlite3_step(p->next);
    *range = 0;
    bool found =
        step == SQLITE_ROW && sqlite3_column_type(p->next, 0) != SQLITE_NULL;
    if (found)
        *range = sqlite3_column_int64(p->next, 0) / RANGE * RANGE;
    (void)sqlite3_reset(p->next);
    return step == SQLITE_ROW ? (found ? 1 : 0) : mt_store_rc_of(p->db, step);
}

static int take_conns(struct mt_proxied *p, int64_t writer)
{
    int64_t from = first_conn_of(writer), end = first_conn_of(writer + 1);
    int64_t range;
    int rc;
    while ((rc = next_range(p, from, end, &range)) == 1) {
        int64_t *last = position_of(p, range);
        rc = last != NULL ? take_range(p, range, last) : 0;
        if (rc != 0)
            return rc;
        from = range + RANGE;
    }
    return rc;
}

static bool make_room(struct mt_proxied *p)
{
    if (p->sets == NULL)
        p->sets =
            calloc((size_t)MT_PROXIED_SETS * MT_PROXIED_WAYS, sizeof *p->sets);
    return p->sets != NULL;
}

/* Its conns, and its word: both are of one state of the database. */
static int take_proxy(struct mt_proxied *p)
{
    bool at_work = sqlite3_column_int(p->proxies, 1) != 0;
    int64_t told_ns = sqlite3_column_int64(p->proxies, 2);
    if (at_work && told_ns < p->told_ns)
        p->told_ns = told_ns;
    return make_room(p) ? take_conns(p, sqlite3_column_int64(p->proxies, 0))
                        : MT_STORE_ENOMEM;
}

static int take_all(struct mt_proxied *p, int64_t now_ns)
{
    int step, rc = 0;
    p->told_ns = INT64_MAX;
    (void)sqlite3_bind_int(p->proxies, 1, MT_WRITER_PROXY);
    (void)sqlite3_bind_int64(p->proxies, 2, p->own);
    (void)sqlite3_bind_int64(p->proxies, 3,
                             mt_ns_sub(now_ns, MT_PROXIED_FRESH_S * SECOND_NS));
    while (rc == 0 && (step = sqlite3_step(p->proxies)) != SQLITE_DONE) {
        rc = mt_store_rc_of(p->db, step);
        if (rc == 0)
            rc = take_proxy(p);
    }
    (void)sqlite3_reset(p->proxies);
    return rc;
}

int mt_proxied_refresh(struct mt_proxied *p, int64_t now_ns)
{
    int step = sqlite3_step(p->version_of);
    int64_t version =
        step == SQLITE_ROW ? sqlite3_column_int64(p->version_of, 0) : 0;
    (void)sqlite3_reset(p->version_of);
    int rc = mt_store_rc_of(p->db, step);
    bool same = version == p->version && version != 0;
    /* nobody waits for one, or it may be gone without a word */
    if (rc != 0 || (same && p->told_ns == INT64_MAX))
        return rc;
    p->version = version;
    return take_all(p, now_ns);
}

/* --- asking --- */

/* A connection is over when its proxy says so, or is itself gone. */
static int is_over(struct mt_proxied *p, int64_t id, int64_t at_ns, bool *over)
{
    (void)sqlite3_bind_int64(p->life, 1, id);
    (void)sqlite3_bind_int64(p->life, 2, (id >> MT_WRITER_SHIFT) + 1);
    int step = sqlite3_step(p->life);
    *over = step != SQLITE_ROW;
    for (int i = 0; i < 2 && step == SQLITE_ROW; i++)
        if (sqlite3_column_type(p->life, i) != SQLITE_NULL &&
            mt_ns_add(sqlite3_column_int64(p->life, i), MT_PROXIED_SLACK_NS) <
                at_ns)
            *over = true;
    (void)sqlite3_reset(p->life);
    return mt_store_rc_of(p->db, step);
}

/* The first moment that is known of x. */
static int64_t start_of(const struct mt_exchange *x)
{
    if (x->req.start_ns != 0)
        return x->req.start_ns;
    return x->resp.start_ns != 0 ? x->resp.start_ns : x->end_ns;
}

int mt_proxied_find(struct mt_proxied *p, const struct mt_exchange *x,
                    int64_t *id)
{
    struct mt_proxied_conn want = {.id = 0}, *best = NULL;
    *id = 0;
    if (p->count == 0)
        return 0;
    set_ends(&want, &x->client.addr, &x->server.addr);
    struct mt_proxied_conn *set = set_of(p, &want);
    for (int i = 0; i < MT_PROXIED_WAYS; i++)
        if (set[i].id != 0 && same_ends(&set[i], &want) &&
            mt_ns_sub(set[i].first_ns, MT_PROXIED_SLACK_NS) <= x->end_ns &&
            (best == NULL || set[i].first_ns > best->first_ns))
            best = &set[i];
    if (best == NULL)
        return 0;
    bool over;
    int rc = is_over(p, best->id, start_of(x), &over);
    *id = over ? 0 : best->id;
    return rc;
}
