/* Which cells answer a window, and reading them. */
#include <stdio.h>

#include "store/query_impl.h"

struct levels {
    const struct mt_level_set *set;
    int count;                       /* levels that may be used */
    int64_t folded_s[MT_LEVELS_MAX]; /* complete before this second */
    int64_t kept_s[MT_LEVELS_MAX];   /* cells before it may be gone */
};

static int64_t floor_to(int64_t v, int64_t step)
{
    int64_t rest = v % step;
    return rest < 0 ? mt_ns_sub(v - rest, step) : v - rest;
}

static int64_t ceil_to(int64_t v, int64_t step)
{
    int64_t down = floor_to(v, step);
    return down == v ? v : mt_ns_add(down, step);
}

/* Seconds since 1970 of any ns are far from the ends of int64_t. */
static int64_t second_of(int64_t ns)
{
    return mt_cell_time(ns, 1);
}

static int read_levels(struct levels *l, sqlite3 *db, enum mt_keys keys)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < l->count; i++) {
        char sql[160];
        long long seconds = l->set->seconds[i];
        int64_t t;
        (void)snprintf(sql, sizeof sql,
                       "SELECT t FROM fold WHERE keys=%d AND level=%lld",
                       (int)keys, seconds);
        rc = mt_store_number(db, sql, INT64_MIN, &t);
        l->folded_s[i] = i == 0           ? INT64_MAX
                         : t == INT64_MIN ? INT64_MIN
                                          : mt_ns_mul(t, seconds);
        if (rc != 0)
            break;
        (void)snprintf(sql, sizeof sql,
                       "SELECT t FROM kept WHERE keys=%d AND level=%lld",
                       (int)keys, seconds);
        rc = mt_store_number(db, sql, INT64_MIN, &t);
        l->kept_s[i] = t == INT64_MIN ? t : mt_ns_mul(t, seconds);
    }
    return rc;
}

static void emit(struct mt_plan *p, int64_t level_s, int64_t from_s,
                 int64_t to_s)
{
    if (from_s < to_s && p->count < MT_PLAN_MAX)
        p->spans[p->count++] =
            (struct mt_span_of_cells){.level_s = level_s,
                                      .from_t = from_s / level_s,
                                      .to_t = to_s / level_s};
}

/* Level i where it fits and is folded, the finer ones on both sides of it. */
static void cover(struct mt_plan *p, const struct levels *l, int64_t from_s,
                  int64_t to_s)
{
    for (int i = l->count - 1; i >= 0; i--) {
        int64_t step = l->set->seconds[i];
        int64_t end = to_s < l->folded_s[i] ? to_s : l->folded_s[i];
        int64_t a = ceil_to(from_s, step), b = floor_to(end, step);
        if (a >= b)
            continue;
        /* what is left of a is for finer levels; so is what is right of b */
        struct levels finer = *l;
        finer.count = i;
        cover(p, &finer, from_s, a);
        emit(p, step, a, b);
        cover(p, &finer, b, to_s);
        return;
    }
}

/* Are cells of level i that a border at `at_s` needs gone? */
static bool is_gone(const struct levels *l, int i, int64_t at_s)
{
    return l->kept_s[i] > floor_to(at_s, l->set->seconds[i + 1]);
}

/* Fine cells of old times are gone: begin and end on borders of those that
 * are there. */
static void widen(const struct levels *l, int64_t *from_s, int64_t *to_s)
{
    *from_s = floor_to(*from_s, l->set->seconds[0]);
    *to_s = ceil_to(*to_s, l->set->seconds[0]);
    for (int i = 0; i + 1 < l->count; i++) {
        int64_t step = l->set->seconds[i + 1];
        if (*from_s % step != 0 && is_gone(l, i, *from_s))
            *from_s = floor_to(*from_s, step);
        if (*to_s % step != 0 && is_gone(l, i, *to_s))
            *to_s = ceil_to(*to_s, step);
    }
}

/* The cells' borders count only where something beyond the asked time could
 * have been counted. */
static void set_borders(struct mt_plan *p, const struct mt_ask *ask,
                        int64_t first_ns, int64_t last_ns)
{
    if (p->from_ns < ask->from_ns && first_ns >= ask->from_ns)
        p->from_ns = ask->from_ns;
    if (p->to_ns > ask->to_ns && last_ns < ask->to_ns)
        p->to_ns = ask->to_ns;
}

int mt_plan_make(struct mt_plan *p, sqlite3 *db, enum mt_keys keys,
                 const struct mt_ask *ask, int64_t max_level_s)
{
    *p = (struct mt_plan){.complete = true};
    struct levels l = {.set = &mt_levels[keys]};
    while (l.count < l.set->count && l.set->seconds[l.count] <= max_level_s)
        l.count++;
    if (l.count == 0)
        l.count = 1;
    int rc = read_levels(&l, db, keys);
    int64_t first_ns, last_ns;
    if (rc == 0)
        rc = mt_store_extent(db, &first_ns, &last_ns);
    if (rc != 0)
        return rc;
    int64_t from_s = second_of(ask->from_ns);
    int64_t to_s = second_of(mt_ns_sub(ask->to_ns, 1)) + 1;
    widen(&l, &from_s, &to_s);
    cover(p, &l, from_s, to_s);
    p->from_ns = mt_ns_mul(from_s, MT_SECOND_NS);
    p->to_ns = mt_ns_mul(to_s, MT_SECOND_NS);
    set_borders(p, ask, first_ns, last_ns);
    p->complete = from_s >= l.kept_s[l.count - 1];
    return 0;
}

/* --- reading --- */

static int run_span(const struct mt_span_of_cells *s, sqlite3_stmt *st,
                    enum mt_keys keys, mt_each_cell *each, void *arg,
                    uint64_t *scanned)
{
    struct mt_counts n = {.exchanges = 0};
    int step, rc = 0;
    (void)sqlite3_bind_int64(st, 1, s->level_s);
    (void)sqlite3_bind_int64(st, 2, s->from_t);
    (void)sqlite3_bind_int64(st, 3, s->to_t);
    while (rc == 0 && (step = sqlite3_step(st)) != SQLITE_DONE) {
        rc = mt_store_rc_of(sqlite3_db_handle(st), step);
        if (rc != 0)
            break;
        int64_t start_s = mt_ns_mul(sqlite3_column_int64(st, 0), s->level_s);
        int64_t start_ns = mt_ns_mul(start_s, MT_SECOND_NS);
        int hist = mt_counts_read(&n, st, keys, 2, start_ns);
        rc = each(arg, sqlite3_column_int64(st, 1), start_ns, &n,
                  mt_column_blob(st, hist));
        ++*scanned;
    }
    (void)sqlite3_reset(st);
    return rc;
}

int mt_plan_run(const struct mt_plan *p, sqlite3 *db, enum mt_keys keys,
                mt_each_cell *each, void *arg, uint64_t *scanned)
{
    char sql[1024];
    sqlite3_stmt *st = NULL;
    (void)snprintf(sql, sizeof sql,
                   "SELECT t,key," MT_CELL_SELECT
                   "%s FROM %s WHERE level=?1 AND t>=?2 AND t<?3",
                   mt_cell_more[keys], mt_levels[keys].table);
    int rc = mt_store_prepare(db, &st, sql);
    for (int i = 0; rc == 0 && i < p->count; i++)
        rc = run_span(&p->spans[i], st, keys, each, arg, scanned);
    (void)sqlite3_finalize(st);
    return rc;
}
