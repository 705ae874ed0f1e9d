/* One transaction: rows, cells, names, losses; all of it or nothing. */
#include <stdlib.h>
#include <time.h>

#include "store/writer_impl.h"

enum {
    LOCK_PAUSE_NS = 1000000,   /* while another writer has the lock */
    LOCK_TRIES_MAX = 30000,    /* half a minute */
    POLITE_PAUSE_NS = 3000000, /* a bulk writer beside live ones */
    FULL_PAUSE_NS = 200000000, /* until a full disk is asked again */
};

void mt_writer_pause(const struct mt_writer *w, int64_t ns)
{
    if (w->options.pause != NULL) {
        w->options.pause(w->options.pause_arg, ns);
        return;
    }
    struct timespec t = {.tv_nsec = (long)ns};
    (void)nanosleep(&t, NULL);
}

/* SQLite's own handler sleeps longer and longer, so that live writers starve
 * beside a bulk one. */
static int on_busy(void *arg, int tries)
{
    struct mt_writer *w = arg;
    if (tries >= LOCK_TRIES_MAX)
        return 0;
    w->stats.busy_waits++;
    mt_writer_pause(w, LOCK_PAUSE_NS);
    return 1;
}

int mt_writer_prepare(struct mt_writer *w)
{
    sqlite3 *db = w->store.db;
    const struct {
        sqlite3_stmt **st;
        const char *sql;
    } list[] = {
        {&w->begin, "BEGIN IMMEDIATE"},
        {&w->commit, "COMMIT"},
        {&w->next_id, "SELECT first+n FROM batch ORDER BY first DESC LIMIT 1"},
        {&w->put_rows, "INSERT INTO exchange SELECT * FROM mt_pending"},
        {&w->put_batch, "INSERT INTO batch VALUES(?,?,?,?,?,?,?)"},
        {&w->put_trace, "INSERT INTO trace VALUES(?,?,?,?)"},
        {&w->put_packets, "INSERT INTO packets VALUES(?,?)"},
        {&w->put_conn,
         "INSERT INTO conn VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
         "ON CONFLICT(id) DO UPDATE SET "
         "last_ns=max(last_ns,excluded.last_ns),"
         "tls_version=ifnull(excluded.tls_version,tls_version),"
         "cipher_suite=ifnull(excluded.cipher_suite,cipher_suite),"
         "alert=ifnull(excluded.alert,alert),"
         "resumed=ifnull(excluded.resumed,resumed),"
         "handshake_ns=ifnull(excluded.handshake_ns,handshake_ns),"
         "sni=ifnull(excluded.sni,sni),alpn=ifnull(excluded.alpn,alpn),"
         "hop_of=ifnull(excluded.hop_of,hop_of),"
         "ended_ns=ifnull(excluded.ended_ns,ended_ns)"},
        {&w->put_open, "INSERT OR REPLACE INTO open_exchange "
                       "VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"},
        {&w->drop_open, "DELETE FROM open_exchange WHERE writer=? AND conn=? "
                        "AND stream=?"},
        {&w->put_source,
         "INSERT INTO source(writer,number,path,size_bytes,inode,packets,"
         "first_ns,last_ns) VALUES(?,?,?,?,?,?,?,?) "
         "ON CONFLICT(writer,number) DO UPDATE SET path=excluded.path,"
         "size_bytes=excluded.size_bytes,inode=excluded.inode,"
         "packets=excluded.packets,first_ns=excluded.first_ns,"
         "last_ns=excluded.last_ns"},
        {&w->put_loss, "INSERT OR REPLACE INTO loss VALUES(?,?,?)"},
        {&w->put_loss_time, "INSERT INTO loss_time(writer,kind,ns,n,before) "
                            "VALUES(?,?,?,?,?)"},
        {&w->beat, "UPDATE writer SET heartbeat_ns=?2 WHERE id=?1"},
        {&w->others, "SELECT 1 FROM writer WHERE id<>?1 AND closed_ns IS NULL "
                     "AND heartbeat_ns>?2 AND kind IN (?3,?4) LIMIT 1"},
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof list / sizeof list[0]; i++)
        rc = mt_store_prepare(db, list[i].st, list[i].sql);
    (void)sqlite3_busy_handler(db, on_busy, w);
    return rc;
}

void mt_writer_finalize(struct mt_writer *w)
{
    sqlite3_stmt *const list[] = {w->begin,         w->commit,     w->next_id,
                                  w->put_rows,      w->put_batch,  w->put_trace,
                                  w->put_packets,   w->put_conn,   w->put_open,
                                  w->drop_open,     w->put_source, w->put_loss,
                                  w->put_loss_time, w->beat,       w->others};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        (void)sqlite3_finalize(list[i]);
}

int mt_writer_begin(struct mt_writer *w)
{
    return mt_store_run(w->begin);
}

int mt_writer_end(struct mt_writer *w, int rc)
{
    if (rc == 0)
        rc = mt_store_run(w->commit);
    /* where SQLite has done so, its words would be of this */
    if (rc != 0 && sqlite3_get_autocommit(w->store.db) == 0)
        (void)sqlite3_exec(w->store.db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

static int read_next_id(struct mt_writer *w)
{
    int step = sqlite3_step(w->next_id);
    w->first_id = step == SQLITE_ROW ? sqlite3_column_int64(w->next_id, 0) : 1;
    (void)sqlite3_reset(w->next_id);
    if (w->first_id < 1)
        return MT_STORE_ECORRUPT;
    return mt_store_rc_of(w->store.db, step);
}

/* The middle of the batch's times: distances from it stay short. */
static int put_batch(struct mt_writer *w)
{
    int64_t min = INT64_MAX, max = INT64_MIN;
    for (uint32_t i = 0; i < w->rows_count; i++) {
        int64_t end = w->rows[i].end_ns;
        min = end < min ? end : min;
        max = end > max ? end : max;
    }
    w->base_ns = min / 2 + max / 2;
    const int64_t values[7] = {w->first_id, w->rows_count, w->id, w->seq + 1,
                               w->base_ns,  min,           max};
    for (int i = 0; i < 7; i++)
        (void)sqlite3_bind_int64(w->put_batch, i + 1, values[i]);
    return mt_store_run(w->put_batch);
}

/* --- cells --- */

struct place {
    int64_t t, key;
    uint32_t cell;
};

static int by_place(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (a->t != b->t)
        return a->t < b->t ? -1 : 1;
    return (a->cell > b->cell) - (a->cell < b->cell);
}

static int64_t key_of(const struct mt_writer *w, enum mt_keys keys,
                      uint32_t route)
{
    const struct mt_shapes *s = &w->shapes;
    if ((route & MT_TALLY_EDGE) != 0)
        return s->edge[route & ~MT_TALLY_EDGE].id;
    return keys == MT_KEYS_EDGE ? s->edge[s->route[route].edge].id
                                : s->route[route].id;
}

static struct place place_of(const struct mt_writer *w, enum mt_keys keys,
                             uint32_t cell)
{
    const struct mt_tally_cell *c = &w->tally.cells[cell];
    int64_t level = mt_levels[keys].seconds[0];
    int64_t t = c->second / level;
    return (struct place){.t = c->second % level < 0 ? t - 1 : t,
                          .key = key_of(w, keys, c->route),
                          .cell = cell};
}

/* Tally cells of one place are one cell of the database. */
static int put_places(struct mt_writer *w, enum mt_keys keys,
                      const struct place *places, uint32_t n)
{
    struct mt_cell sum;
    if (n == 1)
        return mt_rollup_put(&w->rollup, keys, places->t, places->key,
                             &w->tally.cells[places->cell].cell);
    mt_cell_init(&sum, &w->pool);
    for (uint32_t i = 0; i < n; i++) {
        const struct mt_cell *c = &w->tally.cells[places[i].cell].cell;
        if (!mt_cell_merge(&sum, c))
            w->rollup.lost_latencies += c->hist.count;
    }
    int rc = mt_rollup_put(&w->rollup, keys, places->t, places->key, &sum);
    mt_cell_deinit(&sum);
    return rc;
}

static int put_keys(struct mt_writer *w, enum mt_keys keys,
                    struct place *places)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->tally.count; i++)
        if (keys == MT_KEYS_EDGE ||
            (w->tally.cells[i].route & MT_TALLY_EDGE) == 0)
            places[n++] = place_of(w, keys, i);
    qsort(places, n, sizeof *places, by_place);
    int rc = 0;
    for (uint32_t i = 0, end; rc == 0 && i < n; i = end) {
        end = i + 1;
        while (end < n && places[end].key == places[i].key &&
               places[end].t == places[i].t)
            end++;
        rc = put_places(w, keys, &places[i], end - i);
    }
    return rc;
}

/* Rows have their ids now: name the examples by them. */
static void name_examples(struct mt_writer *w)
{
    uint64_t base = w->options.no_rows ? 0 : (uint64_t)w->first_id - 1;
    for (uint32_t i = 0; i < w->tally.count; i++) {
        struct mt_tally_cell *c = &w->tally.cells[i];
        struct mt_counts *n = &c->cell.counts;
        n->slowest_id = c->slowest_row != 0 ? base + c->slowest_row : 0;
        n->failed_id = c->failed_row != 0 ? base + c->failed_row : 0;
    }
}

static int put_cells(struct mt_writer *w)
{
    if (w->tally.count == 0)
        return 0;
    name_examples(w);
    int rc = mt_rollup_begin(&w->rollup);
    struct place *places = calloc(w->tally.count, sizeof *places);
    if (places == NULL)
        return MT_STORE_ENOMEM;
    for (int k = 0; rc == 0 && k < MT_KEYS_COUNT; k++)
        rc = put_keys(w, (enum mt_keys)k, places);
    free(places);
    return rc;
}

/* --- the transaction --- */

int mt_writer_put_all(struct mt_writer *w)
{
    bool rows = w->rows_count > 0 && !w->options.no_rows;
    int rc = read_next_id(w);
    if (rc == 0)
        rc = mt_services_sync(w->services, w->store.db);
    if (rc == 0)
        rc = mt_shapes_sync(&w->shapes);
    if (rc == 0)
        rc = mt_writer_put_conns(w);
    if (rc == 0 && rows)
        rc = put_batch(w);
    if (rc == 0 && rows)
        rc = mt_writer_put_rows(w);
    if (rc == 0)
        rc = put_cells(w);
    if (rc == 0)
        rc = mt_writer_put_opens(w);
    if (rc == 0)
        rc = mt_writer_put_sources(w);
    if (rc == 0)
        rc = mt_writer_put_losses(w);
    if (rc == 0)
        rc = mt_writer_put_states(w);
    if (rc == 0) {
        (void)sqlite3_bind_int64(w->beat, 1, w->id);
        (void)sqlite3_bind_int64(w->beat, 2, w->now_ns);
        rc = mt_store_run(w->beat);
    }
    return rc;
}

void mt_writer_committed(struct mt_writer *w)
{
    bool rows = w->rows_count > 0 && !w->options.no_rows;
    mt_services_committed(w->services);
    mt_shapes_committed(&w->shapes);
    w->stats.rows += w->rows_count;
    w->stats.commits++;
    w->seq += rows;
    w->rows_count = 0;
    w->bytes_used = 0;
    w->conns_count = 0;
    w->opens_count = 0;
    w->losses_dirty = 0;
    w->loss_ops_count = 0;
    w->endpoints_count = w->budgets_count = 0;
    w->sampled_written = w->sampled;
    (void)mt_writer_lose(w, MT_LOSS_LATENCY,
                         w->tally.lost_latencies + w->rollup.lost_latencies,
                         w->now_ns); /* a total alone: it cannot fail */
    w->tally.lost_latencies = w->rollup.lost_latencies = 0;
    mt_tally_clear(&w->tally);
    for (uint32_t i = 0; w->sources_dirty && i < w->sources_count; i++)
        w->sources[i].dirty = false;
    w->sources_dirty = false;
}

/* Are live writers of these kinds beside this one? */
static bool has_company(struct mt_writer *w, enum mt_writer_kind a,
                        enum mt_writer_kind b)
{
    (void)sqlite3_bind_int64(w->others, 1, w->id);
    (void)sqlite3_bind_int(w->others, 3, (int)a);
    (void)sqlite3_bind_int(w->others, 4, (int)b);
    (void)sqlite3_bind_int64(w->others, 2,
                             mt_ns_sub(w->now_ns, INT64_C(10000000000)));
    bool found = sqlite3_step(w->others) == SQLITE_ROW;
    (void)sqlite3_reset(w->others);
    return found;
}

/* All of it, or nothing: then it can be put again. */
static int put_whole(struct mt_writer *w)
{
    uint64_t lost = w->rollup.lost_latencies;
    int rc = mt_writer_begin(w);
    if (rc == 0)
        rc = mt_writer_end(w, mt_writer_put_all(w));
    if (rc != 0)
        w->rollup.lost_latencies = lost;
    return rc;
}

static bool waits_for_room(struct mt_writer *w)
{
    if (w->options.full == NULL || !w->options.full(w->options.full_arg))
        return false;
    mt_writer_pause(w, FULL_PAUSE_NS);
    return true;
}

int mt_writer_flush(struct mt_writer *w, int64_t now_ns)
{
    if (w->rc != 0)
        return w->rc;
    if (now_ns > w->now_ns)
        w->now_ns = now_ns;
    int rc = put_whole(w);
    while (rc == MT_STORE_EFULL && waits_for_room(w))
        rc = put_whole(w);
    if (rc != 0)
        return w->rc = rc;
    mt_writer_committed(w);
    if (w->options.kind == MT_WRITER_OFFLINE &&
        has_company(w, MT_WRITER_TAP, MT_WRITER_PROXY))
        mt_writer_pause(w, POLITE_PAUSE_NS);
    if (w->options.kind == MT_WRITER_PROXY)
        w->awaited = has_company(w, MT_WRITER_TAP, MT_WRITER_TAP);
    return mt_writer_meet(w);
}

int mt_writer_tended(struct mt_writer *w, int rc)
{
    bool waits = rc == MT_STORE_EFULL && w->options.full != NULL;
    return rc < 0 && !waits ? w->rc = rc : 0;
}

int mt_writer_fold(struct mt_writer *w, int64_t until_ns, int slices)
{
    int rc = 1;
    for (int i = 0; rc == 1 && (slices == 0 || i < slices); i++) {
        rc = mt_writer_begin(w);
        if (rc != 0)
            break;
        rc = mt_rollup_begin(&w->rollup);
        if (rc == 0)
            rc = mt_rollup_fold(&w->rollup, until_ns);
        int end = mt_writer_end(w, rc < 0 ? rc : 0);
        rc = end != 0 ? end : rc;
    }
    return mt_writer_tended(w, rc);
}
