#include "store/writer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/writer_impl.h"

enum {
    POOL_BYTES = 256 << 20,
    OPENS_ROOM = 4096, /* opens that may wait beside the rows' ends */
    EDGES_ROOM = 4096, /* cells of edges alone beside those of rows */
    FOLD_SLICES = 2,   /* a commit of a live writer */
    RETAIN_STEPS = 4,
    HOUR_S = 3600,
};

#define FOLD_SLACK_NS                                      \
    INT64_C(2000000000) /* rows come a little out of order \
                         */
#define WAL_CHECK_COMMITS 64

/* --- opening --- */

static int number(struct mt_writer *w, const char *sql, int64_t *value)
{
    sqlite3_stmt *st = NULL;
    int rc = mt_store_prepare(w->store.db, &st, sql);
    if (rc == 0) {
        int step = sqlite3_step(st);
        *value = step == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
        rc = mt_store_rc_of(w->store.db, step);
    }
    (void)sqlite3_finalize(st);
    return rc;
}

static int add_epoch(struct mt_writer *w)
{
    sqlite3_stmt *st = NULL;
    int rc = mt_store_prepare(w->store.db, &st,
                              "INSERT OR IGNORE INTO meta VALUES('epoch',?)");
    if (rc == 0) {
        (void)sqlite3_bind_int64(st, 1, (int64_t)w->options.epoch);
        rc = mt_store_run(st);
    }
    (void)sqlite3_finalize(st);
    return rc;
}

static int add_writer(struct mt_writer *w)
{
    sqlite3_stmt *st = NULL;
    int rc = mt_store_prepare(
        w->store.db, &st,
        "INSERT INTO writer(host_id,boot_id,pid,kind,started_ns,heartbeat_ns) "
        "VALUES(?,?,?,?,?5,?5)");
    if (rc == 0) {
        const struct mt_writer_options *o = &w->options;
        (void)mt_bind_span(st, 1, mt_span_str(o->host_id), false);
        (void)mt_bind_span(st, 2, mt_span_str(o->boot_id), false);
        (void)sqlite3_bind_int64(st, 3, o->pid);
        (void)sqlite3_bind_int(st, 4, (int)o->kind);
        (void)sqlite3_bind_int64(st, 5, o->now_ns);
        rc = mt_store_run(st);
        w->id = sqlite3_last_insert_rowid(w->store.db);
    }
    (void)sqlite3_finalize(st);
    return rc;
}

static int sign_in(struct mt_writer *w)
{
    int rc = mt_writer_begin(w);
    if (rc != 0)
        return rc;
    rc = add_epoch(w);
    if (rc == 0)
        rc = add_writer(w);
    if (rc == 0)
        rc = number(w, "SELECT max(end_max) FROM batch", &w->newest_ns);
    return mt_writer_end(w, rc);
}

static void settle_options(struct mt_writer *w)
{
    struct mt_writer_options *o = &w->options;
    if (o->batch_rows == 0)
        o->batch_rows = MT_WRITER_BATCH_ROWS;
    if (o->batch_rows > MT_WRITER_BATCH_MAX)
        o->batch_rows = MT_WRITER_BATCH_MAX;
    w->retention = mt_retention_default();
    w->retention.rows_age_ns = o->rows_max_age_ns;
    w->retention.size_bytes = o->size_limit_bytes;
}

/* Every buffer with its maximum: adding rows then takes no memory. The system
 * gives the pages as they are first used. */
static int take_buffers(struct mt_writer *w)
{
    uint32_t n = w->options.batch_rows;
    w->rows_max = n;
    w->conns_max = n + OPENS_ROOM;
    w->opens_max = n + OPENS_ROOM;
    w->rows = calloc(n, sizeof *w->rows);
    w->bytes = malloc(MT_PENDING_BYTES);
    w->conns = calloc(w->conns_max, sizeof *w->conns);
    w->conn_slots = calloc(MT_CONN_SLOTS, sizeof *w->conn_slots);
    w->opens = calloc(w->opens_max, sizeof *w->opens);
    w->open_slots = calloc(MT_OPEN_SLOTS, sizeof *w->open_slots);
    w->services = malloc(sizeof *w->services);
    if (w->rows == NULL || w->bytes == NULL || w->conns == NULL ||
        w->conn_slots == NULL || w->opens == NULL || w->open_slots == NULL ||
        w->services == NULL ||
        !mt_tally_init(&w->tally, &w->pool, n + EDGES_ROOM))
        return MT_STORE_ENOMEM;
    memset(w->services, 0, sizeof *w->services);
    return 0;
}

/* Among the other writers of this database. */
static int join_in(struct mt_writer *w, sqlite3 *db)
{
    w->routes = mt_routes_new(&w->options.routes, &w->pool);
    int rc = w->routes != NULL ? sign_in(w) : MT_STORE_ENOMEM;
    if (rc == 0)
        rc = mt_writer_bury(w);
    if (rc == 0)
        rc = mt_writer_drop_states(w);
    if (rc == 0)
        rc = mt_proxied_init(&w->proxied, db, w->id);
    return rc == 0 ? mt_writer_meet(w) : rc;
}

static int set_up(struct mt_writer *w, const char *path)
{
    sqlite3 *db = NULL;
    int rc = mt_store_open_write(&db, path);
    if (rc != 0)
        return rc;
    const struct mt_store_options read = {.clock = w->options.clock,
                                          .clock_arg = w->options.clock_arg};
    rc = mt_store_wrap(&w->store, db, &read);
    mt_pool_init(&w->pool, POOL_BYTES);
    if (rc == 0)
        rc = take_buffers(w);
    if (rc == 0)
        rc = mt_writer_register_rows(w);
    if (rc == 0)
        rc = mt_writer_prepare(w);
    if (rc == 0)
        rc = mt_services_init(w->services, &w->pool, db);
    if (rc == 0)
        rc = mt_shapes_init(&w->shapes, w->services, &w->pool, db);
    if (rc == 0)
        rc = mt_rollup_init(&w->rollup, db, &w->pool);
    return rc == 0 ? join_in(w, db) : rc;
}

static void tear_down(struct mt_writer *w)
{
    mt_writer_finalize(w);
    mt_proxied_deinit(&w->proxied);
    mt_ring_free(w->hold);
    mt_codec_scratch_deinit(&w->hold_scratch);
    mt_tally_deinit(&w->tally);
    if (w->rollup.db != NULL)
        mt_rollup_deinit(&w->rollup);
    mt_shapes_deinit(&w->shapes);
    if (w->services != NULL && w->services->keys.pool != NULL)
        mt_services_deinit(w->services);
    if (w->routes != NULL)
        mt_routes_free(w->routes);
    (void)sqlite3_close_v2(w->store.db);
    mt_pool_deinit(&w->pool);
    for (uint32_t i = 0; i < w->sources_count; i++)
        free(w->sources[i].path);
    free(w->sources);
    free(w->states);
    free(w->services);
    free(w->open_slots);
    free(w->opens);
    free(w->conn_slots);
    free(w->conns);
    free(w->bytes);
    free(w->rows);
    free(w);
}

int mt_writer_open(struct mt_writer **out, const char *path,
                   const struct mt_writer_options *options)
{
    *out = NULL;
    struct mt_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return MT_STORE_ENOMEM;
    w->options = *options;
    w->options.host_id = options->host_id != NULL ? options->host_id : "";
    w->options.boot_id = options->boot_id != NULL ? options->boot_id : "";
    w->now_ns = options->now_ns;
    settle_options(w);
    int rc = set_up(w, path);
    if (rc != 0) {
        tear_down(w);
        return rc;
    }
    *out = w;
    return 0;
}

/* --- adding --- */

static bool is_full(const struct mt_writer *w)
{
    return w->rows_count == w->rows_max || w->tally.count + 1 >= w->tally.max ||
           w->conns_count + 1 >= w->conns_max ||
           w->opens_count + 1 >= w->opens_max ||
           w->bytes_used > MT_PENDING_BYTES - MT_PENDING_ROW_MAX;
}

static struct mt_span template_of(struct mt_writer *w,
                                  const struct mt_exchange *x, uint32_t server)
{
    if (x->route.len > 0)
        return x->route;
    return mt_routes_of(w->routes, server, x->path);
}

/* A try of a request that was open has its row beside it, and before it. */
static void end_open(struct mt_writer *w, const struct mt_exchange *x,
                     uint32_t route)
{
    uint64_t told[2];
    if (x->observer == MT_OBSERVER_PROXY_ATTEMPT)
        return;
    mt_writer_end_open(w, x->conn, x->stream, told);
    mt_writer_untell(w, w->shapes.route[route].edge, x->end_ns, told);
}

int mt_writer_add_now(struct mt_writer *w, const struct mt_exchange *x)
{
    if (w->rc != 0)
        return w->rc;
    struct mt_exchange shadow;
    int rc = is_full(w) ? mt_writer_flush(w, w->now_ns) : 0;
    if (rc == 0)
        rc = mt_writer_observe(w, &x, &shadow);
    if (rc != 0)
        return rc;
    /* the server first: a client that also serves is somebody */
    uint32_t server = mt_services_server(w->services, x);
    const uint32_t parties[2] = {
        [MT_CLIENT] = mt_services_client(w->services, x), [MT_SERVER] = server};
    uint32_t shape =
        mt_shapes_of(&w->shapes, x, parties, template_of(w, x, server));
    if (shape == MT_INTERN_NONE) {
        return mt_writer_lose(w, MT_LOSS_STORE, 1, x->end_ns);
    }
    uint32_t route = w->shapes.shape[shape].route;
    bool new_conn = mt_writer_note_conn(w, x);
    mt_writer_set_edge(w, x->conn, w->shapes.route[route].edge);
    /* without rows an example is known by the id that it came with */
    uint64_t row = w->options.no_rows ? x->id - 1 : w->rows_count;
    mt_tally_add(&w->tally, route, x, row, new_conn);
    end_open(w, x, route);
    if (!w->options.no_rows)
        mt_writer_fill_row(w, x, shape);
    w->rows_count++;
    if (x->end_ns > w->newest_ns)
        w->newest_ns = x->end_ns;
    return 0;
}

/* --- committing --- */

/* Above its bound the WAL is copied back and cut, if no reader holds it. */
static void check_wal(struct mt_writer *w)
{
    int pages = 0;
    if (w->stats.commits % WAL_CHECK_COMMITS != 0)
        return;
    (void)sqlite3_wal_checkpoint_v2(w->store.db, NULL,
                                    SQLITE_CHECKPOINT_PASSIVE, &pages, NULL);
    if (pages > MT_WAL_MAX_BYTES / MT_PAGE_BYTES)
        (void)sqlite3_wal_checkpoint_v2(w->store.db, NULL,
                                        SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

/* One row from the far future must not make all others old. */
static int64_t age_base(const struct mt_writer *w)
{
    int64_t latest = mt_ns_add(w->now_ns, HOUR_S * INT64_C(1000000000));
    return w->newest_ns < latest ? w->newest_ns : latest;
}

static int retain_once(struct mt_writer *w)
{
    int rc = mt_writer_begin(w);
    if (rc != 0)
        return rc;
    rc = mt_rollup_begin(&w->rollup);
    if (rc == 0)
        rc = mt_retention_step(&w->retention, w->store.db, &w->rollup,
                               age_base(w));
    int end = mt_writer_end(w, rc < 0 ? rc : 0);
    return end != 0 ? end : rc;
}

/* More than one batch goes for each that comes, so that it catches up. */
static int retain(struct mt_writer *w)
{
    int rc = 1;
    for (int i = 0; rc == 1 && i < RETAIN_STEPS; i++)
        rc = retain_once(w);
    return mt_writer_tended(w, rc);
}

int mt_writer_commit(struct mt_writer *w, int64_t now_ns)
{
    int rc = mt_writer_hold_tick(w, now_ns);
    if (rc == 0)
        rc = mt_writer_flush(w, now_ns);
    if (rc != 0 || w->options.kind == MT_WRITER_OFFLINE)
        return rc;
    rc = mt_writer_fold(w, mt_ns_sub(w->newest_ns, FOLD_SLACK_NS), FOLD_SLICES);
    if (rc == 0)
        rc = retain(w);
    check_wal(w);
    return rc;
}

/* The whole of the hour that the newest row is in. */
static int64_t fold_end(const struct mt_writer *w)
{
    int64_t hour = mt_cell_time(w->newest_ns, HOUR_S) + 1;
    return mt_ns_mul(hour, HOUR_S * INT64_C(1000000000));
}

static int sign_out(struct mt_writer *w, int64_t now_ns)
{
    sqlite3_stmt *st = NULL;
    int rc = mt_store_prepare(w->store.db, &st,
                              "UPDATE writer SET closed_ns=?2,heartbeat_ns=?2 "
                              "WHERE id=?1");
    if (rc == 0) {
        (void)sqlite3_bind_int64(st, 1, w->id);
        (void)sqlite3_bind_int64(st, 2, now_ns);
        rc = mt_store_run(st);
    }
    (void)sqlite3_finalize(st);
    return rc;
}

int mt_writer_finish(struct mt_writer *w, int64_t now_ns)
{
    int rc = mt_writer_hold_end(w, now_ns);
    if (rc == 0)
        rc = mt_writer_flush(w, now_ns);
    if (rc == 0)
        rc = mt_writer_fold(w, fold_end(w), 0);
    if (rc == 0)
        rc = sign_out(w, now_ns);
    return rc;
}

int mt_writer_close(struct mt_writer *w, int64_t now_ns)
{
    int rc = mt_writer_finish(w, now_ns);
    if (rc == 0)
        (void)sqlite3_wal_checkpoint_v2(w->store.db, NULL,
                                        SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    tear_down(w);
    return rc;
}

void mt_writer_abort(struct mt_writer *w)
{
    if (w != NULL)
        tear_down(w);
}

void mt_writer_wait_no_more(struct mt_writer *w)
{
    w->options.full = NULL;
}

/* --- asking --- */

struct mt_writer_stats mt_writer_stats(const struct mt_writer *w)
{
    struct mt_writer_stats s = w->stats;
    s.shapes = w->shapes.shapes.count;
    s.routes = w->shapes.routes.count;
    s.services = w->services->keys.count;
    memcpy(s.losses, w->own_losses, sizeof s.losses);
    uint64_t used;
    (void)mt_retention_used(w->store.db, &used, &s.file_bytes);
    return s;
}

int mt_writer_other_tap(struct mt_writer *w, struct mt_writer_other *other)
{
    const struct mt_writer_options *o = &w->options;
    sqlite3_stmt *st = NULL;
    int step = SQLITE_DONE;
    int rc = mt_store_prepare(
        w->store.db, &st,
        "SELECT pid,started_ns,ifnull(host_id,'')=?3 AND ifnull(boot_id,'')=?4 "
        "FROM writer WHERE id<>?1 AND closed_ns IS NULL AND heartbeat_ns>?2 "
        "AND kind=?5 ORDER BY id LIMIT 1");
    if (rc == 0) {
        (void)sqlite3_bind_int64(st, 1, w->id);
        (void)sqlite3_bind_int64(
            st, 2,
            mt_ns_sub(o->now_ns, MT_PROXIED_FRESH_S * INT64_C(1000000000)));
        (void)mt_bind_span(st, 3, mt_span_str(o->host_id), false);
        (void)mt_bind_span(st, 4, mt_span_str(o->boot_id), false);
        (void)sqlite3_bind_int(st, 5, MT_WRITER_TAP);
        step = sqlite3_step(st);
    }
    if (step == SQLITE_ROW)
        *other =
            (struct mt_writer_other){.pid = sqlite3_column_int64(st, 0),
                                     .started_ns = sqlite3_column_int64(st, 1),
                                     .here = sqlite3_column_int(st, 2) != 0};
    if (rc == 0)
        rc = mt_store_rc_of(w->store.db, step);
    (void)sqlite3_finalize(st);
    return rc != 0 ? rc : step == SQLITE_ROW;
}

struct mt_store *mt_writer_store(struct mt_writer *w)
{
    return &w->store;
}

const char *mt_writer_detail(const struct mt_writer *w)
{
    return sqlite3_errmsg(w->store.db);
}
