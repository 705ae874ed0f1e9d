/* Scans: which rows, in which order, how far. */
#include "store/query_rows.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"

/* --- statements --- */

static int prepare_parts(struct mt_rows *r)
{
    sqlite3 *db = r->s->db;
    int rc = mt_store_prepare(
        db, &r->shape,
        "SELECT client,server,edge,route,protocol,kind,observer,outcome,error,"
        "half,hpack,role_evidence,detection,quality,status,grpc_status,"
        "anomalies,attempt,req_messages,resp_messages,method,scheme,authority,"
        "template,operation,user_agent,req_content_type,resp_content_type,"
        "endpoint,why_not_retried,rule,ended_by,ended_in FROM shape WHERE "
        "id=?");
    if (rc == 0)
        rc = mt_store_prepare(
            db, &r->conn,
            "SELECT client_addr,client_port,server_addr,server_port,"
            "tls_version,cipher_suite,alert,resumed,handshake_ns,sni,alpn "
            "FROM conn WHERE id=?");
    if (rc == 0)
        rc = mt_store_prepare(db, &r->batch,
                              "SELECT first,n,base_ns,writer FROM batch "
                              "WHERE first<=? ORDER BY first DESC LIMIT 1");
    if (rc == 0)
        rc = mt_store_prepare(db, &r->source,
                              "SELECT id FROM source WHERE writer=? AND "
                              "number=?");
    return rc;
}

static void put_select(struct mt_rows *r, struct mt_buf *b)
{
    const struct mt_scan *scan = &r->scan;
    mt_put_str(b, "SELECT e.id,e.end_delta,e.shape,e.conn,e.stream,e.dur,"
                  "e.ttfb,e.req,e.rq_hdr,e.rq_body,e.rp_hdr,e.rp_body,e.path,"
                  "e.ext,t.trace_id,t.span_id,t.parent_id");
    mt_put_str(b, scan->with_packets ? ",p.refs" : "");
    mt_put_str(b, " FROM ");
    bool traced = scan->trace_id.len > 0; /* then that table leads */
    mt_put_str(b, traced ? "trace t CROSS JOIN " : "");
    mt_rows_put_from(r, b);
    mt_put_str(b, traced ? "ON e.id=t.id " : "LEFT JOIN trace t ON t.id=e.id ");
    if (scan->with_packets)
        mt_put_str(b, "LEFT JOIN packets p ON p.id=e.id ");
    mt_put_str(b, "WHERE e.id>=:low AND e.id<=:high");
    mt_rows_put_filter(r, b);
    if (traced)
        mt_put_str(b, " AND t.id>=:low AND t.id<=:high AND t.trace_id=:trace");
    if (scan->request_id.len > 0)
        mt_put_str(b, " AND json_extract(e.ext,'$.request_id')=:request_id");
    if (scan->retry_of != 0) /* the cheap one of the two first */
        mt_put_str(b, " AND json_extract(e.ext,'$.retry_of')=:retry_of AND "
                      "(SELECT b.writer FROM batch b WHERE b.first<=e.id "
                      "ORDER BY b.first DESC LIMIT 1)=:writer");
    mt_put_str(b, traced ? " ORDER BY t.id" : " ORDER BY e.id");
    mt_put_str(b, scan->order == MT_NEWEST_FIRST ? " DESC" : " ASC");
    mt_put_u8(b, 0);
}

static int bind_ids(struct mt_rows *r)
{
    const struct mt_scan *scan = &r->scan;
    int rc = 0, at = sqlite3_bind_parameter_index(r->rows, ":trace");
    if (at > 0)
        rc = sqlite3_bind_blob(r->rows, at, scan->trace_id.ptr,
                               (int)scan->trace_id.len, SQLITE_STATIC);
    at = sqlite3_bind_parameter_index(r->rows, ":request_id");
    if (rc == 0 && at > 0)
        rc = mt_bind_span(r->rows, at, scan->request_id, false);
    at = sqlite3_bind_parameter_index(r->rows, ":retry_of");
    if (rc == 0 && at > 0)
        rc = sqlite3_bind_int64(r->rows, at, (int64_t)scan->retry_of);
    at = sqlite3_bind_parameter_index(r->rows, ":writer");
    if (rc == 0 && at > 0)
        rc = sqlite3_bind_int64(r->rows, at, scan->writer);
    return mt_store_rc_of(r->s->db, rc);
}

static int prepare_rows(struct mt_rows *r)
{
    uint8_t *sql = malloc(SQL_MAX);
    if (sql == NULL)
        return MT_STORE_ENOMEM;
    struct mt_buf b = mt_buf_of(sql, SQL_MAX);
    put_select(r, &b);
    int rc = b.full ? MT_STORE_EFILTER
                    : mt_store_prepare(r->s->db, &r->rows, (char *)sql);
    free(sql);
    if (rc == 0)
        rc = bind_ids(r);
    return rc == 0 ? mt_rows_bind_filter(r) : rc;
}

static void bind_named(sqlite3_stmt *st, const char *name, int64_t v)
{
    int at = sqlite3_bind_parameter_index(st, name);
    assert(at > 0);
    (void)sqlite3_bind_int64(st, at, v);
}

/* The ids of the batches that touch the asked time. */
static int find_ids(struct mt_rows *r, int64_t *low, int64_t *high)
{
    sqlite3_stmt *st = NULL;
    const struct mt_ask *ask = &r->scan.ask;
    int rc = mt_store_prepare(
        r->s->db, &st,
        "SELECT min(first),max(first+n-1),(SELECT min(first) FROM batch),"
        "(SELECT min(end_min) FROM batch) FROM batch "
        "WHERE ?3 OR (end_max>=?1 AND end_min<?2)");
    *low = 1;
    *high = 0;
    if (rc == 0) {
        (void)sqlite3_bind_int64(st, 1, ask->from_ns);
        (void)sqlite3_bind_int64(st, 2, ask->to_ns);
        (void)sqlite3_bind_int(st, 3, r->scan.all_time);
        int step = sqlite3_step(st);
        rc = mt_store_rc_of(r->s->db, step);
        if (step == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL) {
            *low = sqlite3_column_int64(st, 0);
            *high = sqlite3_column_int64(st, 1);
            r->partial = sqlite3_column_int64(st, 2) > 1 &&
                         sqlite3_column_int64(st, 3) > ask->from_ns;
        }
    }
    (void)sqlite3_finalize(st);
    return rc;
}

static int begin_rows(struct mt_rows *r)
{
    int64_t low, high;
    int rc = find_ids(r, &low, &high);
    if (rc != 0)
        return rc;
    int64_t after =
        r->scan.after_id <= INT64_MAX ? (int64_t)r->scan.after_id : INT64_MAX;
    if (after > 0 && r->scan.order == MT_NEWEST_FIRST && after <= high)
        high = after - 1;
    if (after > 0 && r->scan.order == MT_OLDEST_FIRST && after >= low)
        low = after < INT64_MAX ? after + 1 : after;
    bind_named(r->rows, ":low", low);
    bind_named(r->rows, ":high", high);
    return 0;
}

/* The window of the filter is one of the scan. */
static void narrow(struct mt_scan *scan)
{
    int64_t from, to;
    if (scan->ask.filter == NULL ||
        !mt_filter_window(scan->ask.filter, &from, &to))
        return;
    if (scan->all_time || from > scan->ask.from_ns)
        scan->ask.from_ns = from;
    if (scan->all_time || to < scan->ask.to_ns)
        scan->ask.to_ns = to;
    scan->all_time = false;
}

int mt_query_exchanges(struct mt_store *s, const struct mt_scan *scan,
                       struct mt_rows **out)
{
    *out = NULL;
    struct mt_rows *r = calloc(1, sizeof *r);
    if (r == NULL)
        return MT_STORE_ENOMEM;
    r->s = s;
    r->scan = *scan;
    narrow(&r->scan);
    r->reached_ns = scan->order == MT_NEWEST_FIRST ? INT64_MAX : INT64_MIN;
    mt_pool_init(&r->pool, READER_BYTES);
    mt_arena_init(&r->shape_text, &r->pool, READER_BYTES);
    mt_arena_init(&r->row_text, &r->pool, ROW_TEXT_MAX);
    r->shapes = calloc(SHAPES_MAX, sizeof(struct mt_shape_row *));
    r->conns = calloc(CONN_SLOTS, sizeof *r->conns);
    if (!scan->goes_on)
        mt_store_begin(s);
    int rc = r->shapes == NULL || r->conns == NULL ? MT_STORE_ENOMEM : 0;
    if (rc == 0)
        rc = mt_directory_init(&r->directory, s->db, false);
    if (rc == 0)
        rc = prepare_parts(r);
    if (rc == 0)
        rc = prepare_rows(r);
    if (rc == 0)
        rc = begin_rows(r);
    if (rc != 0) {
        mt_rows_free(r);
        return rc;
    }
    *out = r;
    return 0;
}

void mt_rows_free(struct mt_rows *r)
{
    if (r == NULL)
        return;
    (void)sqlite3_finalize(r->rows);
    (void)sqlite3_finalize(r->shape);
    (void)sqlite3_finalize(r->conn);
    (void)sqlite3_finalize(r->batch);
    (void)sqlite3_finalize(r->source);
    for (size_t i = 0; r->shapes != NULL && i < SHAPES_MAX; i++)
        mt_pool_free(&r->pool, r->shapes[i], sizeof *r->shapes[i]);
    mt_arena_deinit(&r->shape_text);
    mt_arena_deinit(&r->row_text);
    mt_directory_deinit(&r->directory);
    mt_pool_deinit(&r->pool);
    free(r->shapes);
    free(r->conns);
    free(r);
}

static bool is_wanted(const struct mt_rows *r, int64_t end_ns)
{
    const struct mt_ask *ask = &r->scan.ask;
    return r->scan.all_time || (end_ns >= ask->from_ns && end_ns < ask->to_ns);
}

int mt_rows_next(struct mt_rows *r, const struct mt_exchange **x)
{
    for (;;) {
        int step = sqlite3_step(r->rows);
        if (step == SQLITE_DONE) {
            r->coverage.complete = !r->partial;
            return 0;
        }
        int rc = mt_store_rc_of(r->s->db, step);
        if (rc == 0)
            rc = mt_rows_batch(r, sqlite3_column_int64(r->rows, 0));
        if (rc != 0)
            return rc;
        r->coverage.scanned++;
        int64_t end =
            mt_ns_add(r->in.base_ns, sqlite3_column_int64(r->rows, 1));
        r->reached_ns = end;
        if (!is_wanted(r, end))
            continue;
        rc = mt_rows_fill(r);
        if (rc != 0)
            return rc;
        *x = &r->x;
        return 1;
    }
}

void mt_rows_keys(const struct mt_rows *r, int64_t *edge, int64_t *route)
{
    *edge = r->shape_row->edge;
    *route = r->shape_row->route;
}

struct mt_coverage mt_rows_coverage(const struct mt_rows *r)
{
    struct mt_coverage c = r->coverage;
    c.rows = true;
    c.from_ns = r->scan.ask.from_ns;
    c.to_ns = r->scan.ask.to_ns;
    if (c.complete)
        return c;
    if (r->scan.order == MT_NEWEST_FIRST && r->reached_ns > c.from_ns)
        c.from_ns = r->reached_ns;
    if (r->scan.order == MT_OLDEST_FIRST && r->reached_ns < c.to_ns)
        c.to_ns = r->reached_ns;
    return c;
}

int mt_query_exchange(struct mt_store *s, uint64_t id, struct mt_rows **out,
                      const struct mt_exchange **x)
{
    struct mt_scan scan = {.order = MT_OLDEST_FIRST,
                           .after_id = id > 0 ? id - 1 : 0,
                           .with_packets = true,
                           .all_time = true};
    int rc = mt_query_exchanges(s, &scan, out);
    if (rc != 0)
        return rc;
    rc = mt_rows_next(*out, x);
    if (rc == 1 && (*x)->id == id && id > 0)
        return 0;
    mt_rows_free(*out);
    *out = NULL;
    return rc < 0 ? rc : MT_STORE_ENOTFOUND;
}
