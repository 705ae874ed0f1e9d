/* Rows back into exchanges. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/ext.h"
#include "store/filter.h"
#include "store/query_impl.h"
#include "store/service.h"

enum {
    SHAPES_MAX = 1 << 18,
    CONN_SLOTS = 1024,
    REFS_MAX = 65536,
    SQL_MAX = MT_FILTER_SQL_MAX + 1024,
    ROW_TEXT_MAX = 1 << 20,
    READER_BYTES = 256 << 20,
    COL_TRACE = 14,
    COL_REFS = 17,
};

struct shape_row {
    int64_t edge, route;
    int64_t client, server;
    struct mt_exchange x; /* its texts live in mt_rows.shape_text */
};

struct conn_row {
    int64_t id; /* 0: free */
    struct mt_addr client, server;
    struct mt_tls tls;
    bool has_tls;
    char sni[256], alpn[64];
};

struct mt_rows {
    struct mt_store *s;
    struct mt_scan scan;
    struct mt_directory directory;
    struct mt_pool pool;
    struct mt_arena shape_text, row_text;
    struct shape_row **shapes; /* by id */
    struct conn_row *conns;
    sqlite3_stmt *rows, *shape, *conn, *batch, *source;
    struct {
        int64_t first, n, base_ns, writer;
    } in; /* the batch of the current row */
    struct {
        int64_t writer, number, id;
    } from; /* the source found last */
    uint64_t refs[REFS_MAX];
    struct mt_exchange x;
    const struct shape_row *shape_row;
    struct mt_coverage coverage;
    int64_t reached_ns;
    bool partial; /* rows of the asked time are gone */
};

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
        "endpoint,why_not_retried FROM shape WHERE id=?");
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

static void put_select(struct mt_buf *b, const struct mt_scan *scan)
{
    mt_put_str(b, "SELECT e.id,e.end_delta,e.shape,e.conn,e.stream,e.dur,"
                  "e.ttfb,e.req,e.rq_hdr,e.rq_body,e.rp_hdr,e.rp_body,e.path,"
                  "e.ext,t.trace_id,t.span_id,t.parent_id");
    mt_put_str(b, scan->with_packets ? ",p.refs FROM " : " FROM ");
    if (scan->ask.filter != NULL) {
        mt_put_str(b, "(SELECT id AS xid FROM exchanges WHERE id>=:low AND "
                      "id<=:high AND ");
        mt_filter_sql(scan->ask.filter, 0, b);
        mt_put_str(b, ") v CROSS JOIN exchange e ON e.id=v.xid ");
    } else {
        mt_put_str(b, "exchange e ");
    }
    mt_put_str(b, "LEFT JOIN trace t ON t.id=e.id ");
    if (scan->with_packets)
        mt_put_str(b, "LEFT JOIN packets p ON p.id=e.id ");
    if (scan->ask.filter == NULL)
        mt_put_str(b, "WHERE e.id>=:low AND e.id<=:high ");
    mt_put_str(b,
               scan->ask.filter != NULL ? "ORDER BY v.xid" : "ORDER BY e.id");
    mt_put_str(b, scan->order == MT_NEWEST_FIRST ? " DESC" : " ASC");
    mt_put_u8(b, 0);
}

static int prepare_rows(struct mt_rows *r)
{
    uint8_t *sql = malloc(SQL_MAX);
    if (sql == NULL)
        return MT_STORE_ENOMEM;
    struct mt_buf b = mt_buf_of(sql, SQL_MAX);
    put_select(&b, &r->scan);
    int rc = b.full ? MT_STORE_EFILTER
                    : mt_store_prepare(r->s->db, &r->rows, (char *)sql);
    if (rc == 0 && r->scan.ask.filter != NULL &&
        mt_filter_bind(r->scan.ask.filter, r->rows) != SQLITE_OK)
        rc = MT_STORE_EFILTER;
    free(sql);
    return rc;
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

int mt_query_exchanges(struct mt_store *s, const struct mt_scan *scan,
                       struct mt_rows **out)
{
    *out = NULL;
    struct mt_rows *r = calloc(1, sizeof *r);
    if (r == NULL)
        return MT_STORE_ENOMEM;
    r->s = s;
    r->scan = *scan;
    r->reached_ns = scan->order == MT_NEWEST_FIRST ? INT64_MAX : INT64_MIN;
    mt_pool_init(&r->pool, READER_BYTES);
    mt_arena_init(&r->shape_text, &r->pool, READER_BYTES);
    mt_arena_init(&r->row_text, &r->pool, ROW_TEXT_MAX);
    r->shapes = calloc(SHAPES_MAX, sizeof(struct shape_row *));
    r->conns = calloc(CONN_SLOTS, sizeof *r->conns);
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

/* --- shapes --- */

static uint8_t enum_of(sqlite3_stmt *st, int at, int count)
{
    int v = sqlite3_column_int(st, at);
    return v >= 0 && v < count ? (uint8_t)v : 0;
}

static void read_enums(struct mt_exchange *x, sqlite3_stmt *st)
{
    x->protocol = enum_of(st, 4, MT_PROTOCOL_COUNT);
    x->kind = enum_of(st, 5, MT_KIND_COUNT);
    x->observer = enum_of(st, 6, MT_OBSERVER_COUNT);
    x->outcome = enum_of(st, 7, MT_OUTCOME_COUNT);
    x->error = enum_of(st, 8, MT_ERROR_COUNT);
    x->half = enum_of(st, 9, MT_HALF_COUNT);
    x->hpack = enum_of(st, 10, MT_HPACK_COUNT);
    x->role_evidence = enum_of(st, 11, MT_ROLE_BY_COUNT);
    x->detection = enum_of(st, 12, MT_DETECTED_COUNT);
    x->quality = (uint8_t)sqlite3_column_int(st, 13);
    x->status = (uint16_t)sqlite3_column_int(st, 14);
    x->grpc_status = (int16_t)sqlite3_column_int(st, 15);
    x->anomalies = (uint32_t)sqlite3_column_int64(st, 16);
    x->attempt = (uint32_t)sqlite3_column_int64(st, 17);
    x->req.messages = (uint32_t)sqlite3_column_int64(st, 18);
    x->resp.messages = (uint32_t)sqlite3_column_int64(st, 19);
}

static bool read_texts(struct mt_rows *r, struct mt_exchange *x)
{
    struct mt_span *const slots[] = {
        &x->method,           &x->scheme,
        &x->authority,        &x->route,
        &x->operation,        &x->user_agent,
        &x->req.content_type, &x->resp.content_type,
        &x->endpoint,         &x->why_not_retried};
    for (int i = 0; i < 10; i++)
        if (!mt_arena_copy(&r->shape_text, mt_column_text(r->shape, 20 + i),
                           slots[i]))
            return false;
    return true;
}

static void set_party(const struct mt_rows *r, struct mt_party *p, int64_t id)
{
    const struct mt_service_info *s = mt_directory_service(&r->directory, id);
    const struct mt_service_info *c =
        s != NULL ? mt_directory_service(&r->directory, s->canonical) : NULL;
    c = c != NULL ? c : s;
    if (c == NULL)
        return;
    p->service = c->name;
    p->name_source = c->source < MT_NAME_COUNT ? c->source : 0;
}

static int fill_shape(struct mt_rows *r, struct shape_row *row)
{
    sqlite3_stmt *st = r->shape;
    row->client = sqlite3_column_int64(st, 0);
    row->server = sqlite3_column_int64(st, 1);
    row->edge = sqlite3_column_int64(st, 2);
    row->route = sqlite3_column_int64(st, 3);
    read_enums(&row->x, st);
    set_party(r, &row->x.client, row->client);
    set_party(r, &row->x.server, row->server);
    return read_texts(r, &row->x) ? 0 : MT_STORE_ENOMEM;
}

static int find_shape(struct mt_rows *r, int64_t id,
                      const struct shape_row **out)
{
    if (id < 0 || id >= SHAPES_MAX)
        return MT_STORE_ECORRUPT;
    *out = r->shapes[id];
    if (*out != NULL)
        return 0;
    struct shape_row *row = mt_pool_zalloc(&r->pool, sizeof *row);
    if (row == NULL)
        return MT_STORE_ENOMEM;
    (void)sqlite3_bind_int64(r->shape, 1, id);
    int step = sqlite3_step(r->shape);
    int rc = step == SQLITE_ROW    ? fill_shape(r, row)
             : step == SQLITE_DONE ? MT_STORE_ECORRUPT
                                   : mt_store_rc_of(r->s->db, step);
    (void)sqlite3_reset(r->shape);
    if (rc != 0) {
        mt_pool_free(&r->pool, row, sizeof *row);
        return rc;
    }
    *out = r->shapes[id] = row;
    return 0;
}

/* --- connections --- */

static struct mt_span keep_short(char *slot, size_t size, struct mt_span text)
{
    size_t n = text.len < size ? text.len : size;
    if (n > 0)
        memcpy(slot, text.ptr, n);
    return (struct mt_span){.ptr = (uint8_t *)slot, .len = n};
}

static void fill_conn(struct conn_row *c, sqlite3_stmt *st)
{
    c->client = mt_column_addr(st, 0, 1);
    c->server = mt_column_addr(st, 2, 3);
    c->has_tls = sqlite3_column_type(st, 4) != SQLITE_NULL;
    if (!c->has_tls)
        return;
    c->tls = (struct mt_tls){
        .version = (uint16_t)sqlite3_column_int(st, 4),
        .cipher_suite = (uint16_t)sqlite3_column_int(st, 5),
        .alert = (uint8_t)sqlite3_column_int(st, 6),
        .resumed = sqlite3_column_int(st, 7) != 0,
        .handshake_ns = sqlite3_column_int64(st, 8),
        .sni = keep_short(c->sni, sizeof c->sni, mt_column_text(st, 9)),
        .alpn = keep_short(c->alpn, sizeof c->alpn, mt_column_text(st, 10))};
}

/* A connection whose row is gone has no addresses. */
static int find_conn(struct mt_rows *r, int64_t id, const struct conn_row **out)
{
    struct conn_row *c = &r->conns[(uint64_t)id % CONN_SLOTS];
    *out = c;
    if (c->id == id && id != 0)
        return 0;
    *c = (struct conn_row){.id = id};
    (void)sqlite3_bind_int64(r->conn, 1, id);
    int step = sqlite3_step(r->conn);
    if (step == SQLITE_ROW)
        fill_conn(c, r->conn);
    int rc = mt_store_rc_of(r->s->db, step);
    (void)sqlite3_reset(r->conn);
    return rc;
}

/* --- one row --- */

static int find_batch(struct mt_rows *r, int64_t id)
{
    if (id >= r->in.first && id - r->in.first < r->in.n)
        return 0;
    (void)sqlite3_bind_int64(r->batch, 1, id);
    int step = sqlite3_step(r->batch);
    int rc = step == SQLITE_DONE ? MT_STORE_ECORRUPT
                                 : mt_store_rc_of(r->s->db, step);
    if (step == SQLITE_ROW) {
        r->in.first = sqlite3_column_int64(r->batch, 0);
        r->in.n = sqlite3_column_int64(r->batch, 1);
        r->in.base_ns = sqlite3_column_int64(r->batch, 2);
        r->in.writer = sqlite3_column_int64(r->batch, 3);
    }
    (void)sqlite3_reset(r->batch);
    return rc;
}

static bool has(sqlite3_stmt *st, int at)
{
    return sqlite3_column_type(st, at) != SQLITE_NULL;
}

static void fill_times(struct mt_exchange *x, sqlite3_stmt *st)
{
    if (has(st, 5))
        x->req.start_ns = mt_ns_sub(x->end_ns, sqlite3_column_int64(st, 5));
    if (has(st, 6)) {
        x->resp.start_ns =
            mt_ns_add(x->req.start_ns, sqlite3_column_int64(st, 6));
        x->resp.end_ns = x->end_ns;
    }
    if (has(st, 7))
        x->req.end_ns = mt_ns_add(x->req.start_ns, sqlite3_column_int64(st, 7));
}

static void fill_path(struct mt_exchange *x, sqlite3_stmt *st)
{
    if (!has(st, 12)) {
        x->path = x->route;
        return;
    }
    struct mt_span target = mt_column_text(st, 12);
    size_t mark = mt_span_find(target, '?');
    x->path = (struct mt_span){.ptr = target.ptr, .len = mark};
    if (mark < target.len) {
        (void)mt_span_take(&target, mark + 1);
        x->query = target;
    }
}

static void fill_id(uint8_t *out, size_t size, sqlite3_stmt *st, int at)
{
    struct mt_span id = mt_column_blob(st, at);
    if (id.len == size)
        memcpy(out, id.ptr, size);
}

/* The id, in the database, of a source that a writer numbered. */
static int find_source(struct mt_rows *r, int64_t number, int64_t *id)
{
    if (r->from.writer != r->in.writer || r->from.number != number ||
        r->from.id == 0) {
        (void)sqlite3_bind_int64(r->source, 1, r->in.writer);
        (void)sqlite3_bind_int64(r->source, 2, number);
        int step = sqlite3_step(r->source);
        r->from.writer = r->in.writer;
        r->from.number = number;
        r->from.id =
            step == SQLITE_ROW ? sqlite3_column_int64(r->source, 0) : 0;
        int rc = mt_store_rc_of(r->s->db, step);
        (void)sqlite3_reset(r->source);
        if (rc != 0)
            return rc;
    }
    *id = r->from.id;
    return 0;
}

static int fill_refs(struct mt_rows *r, struct mt_span blob)
{
    struct mt_cursor c = mt_cursor_of(blob);
    uint32_t count = 0;
    while (c.rest.len > 0 && !c.bad) {
        uint64_t number = mt_get_varint(&c), n = mt_get_varint(&c);
        int64_t id, at = 0;
        if (number > UINT16_MAX)
            return MT_STORE_ECORRUPT;
        int rc = find_source(r, (int64_t)number, &id);
        if (rc != 0)
            return rc;
        for (; n > 0 && !c.bad && count < REFS_MAX; n--) {
            at = mt_ns_add(at, mt_unzigzag(mt_get_varint(&c)));
            if (!c.bad && id > 0 && id <= UINT16_MAX)
                r->refs[count++] = (uint64_t)id << 48 |
                                   ((uint64_t)at & UINT64_C(0xffffffffffff));
        }
        if (count == REFS_MAX)
            break;
    }
    r->x.packets = r->refs;
    r->x.packets_count = count;
    return c.bad ? MT_STORE_ECORRUPT : 0;
}

static int fill_parties(struct mt_rows *r)
{
    const struct conn_row *c;
    int rc = find_conn(r, (int64_t)r->x.conn, &c);
    if (rc != 0)
        return rc;
    r->x.client.addr = c->client;
    r->x.server.addr = c->server;
    r->x.tls = c->has_tls ? &c->tls : NULL;
    return 0;
}

static uint64_t bytes_at(sqlite3_stmt *st, int at)
{
    int64_t v = sqlite3_column_int64(st, at);
    return v > 0 ? (uint64_t)v : 0;
}

static int fill_row(struct mt_rows *r)
{
    sqlite3_stmt *st = r->rows;
    int64_t id = sqlite3_column_int64(st, 0);
    int rc = find_shape(r, sqlite3_column_int64(st, 2), &r->shape_row);
    if (rc != 0)
        return rc;
    struct mt_exchange *x = &r->x;
    *x = r->shape_row->x;
    x->id = (uint64_t)id;
    x->end_ns = mt_ns_add(r->in.base_ns, sqlite3_column_int64(st, 1));
    x->conn = (uint64_t)sqlite3_column_int64(st, 3);
    x->stream = (uint64_t)sqlite3_column_int64(st, 4);
    fill_times(x, st);
    x->req.header_bytes = bytes_at(st, 8);
    x->req.body_bytes = bytes_at(st, 9);
    x->resp.header_bytes = bytes_at(st, 10);
    x->resp.body_bytes = bytes_at(st, 11);
    fill_path(x, st);
    mt_arena_deinit(&r->row_text);
    if (has(st, 13) && !mt_ext_decode(x, mt_column_text(st, 13), &r->row_text))
        return MT_STORE_ECORRUPT;
    fill_id(x->trace_id, sizeof x->trace_id, st, COL_TRACE);
    fill_id(x->span_id, sizeof x->span_id, st, COL_TRACE + 1);
    fill_id(x->parent_id, sizeof x->parent_id, st, COL_TRACE + 2);
    rc = fill_parties(r);
    if (rc == 0 && r->scan.with_packets && has(st, COL_REFS))
        rc = fill_refs(r, mt_column_blob(st, COL_REFS));
    return rc;
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
            rc = find_batch(r, sqlite3_column_int64(r->rows, 0));
        if (rc != 0)
            return rc;
        r->coverage.scanned++;
        int64_t end =
            mt_ns_add(r->in.base_ns, sqlite3_column_int64(r->rows, 1));
        r->reached_ns = end;
        if (!is_wanted(r, end))
            continue;
        rc = fill_row(r);
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
