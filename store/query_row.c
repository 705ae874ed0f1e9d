/* One row back into an exchange. */
#include <string.h>

#include "base/buf.h"
#include "store/ext.h"
#include "store/query_rows.h"
#include "store/service.h"

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
    x->ended_by = enum_of(st, 31, MT_ENDED_COUNT);
    x->ended_in = enum_of(st, 32, MT_PHASE_COUNT);
}

static bool read_texts(struct mt_rows *r, struct mt_exchange *x)
{
    struct mt_span *const slots[] = {&x->method,
                                     &x->scheme,
                                     &x->authority,
                                     &x->route,
                                     &x->operation,
                                     &x->user_agent,
                                     &x->req.content_type,
                                     &x->resp.content_type,
                                     &x->endpoint,
                                     &x->why_not_retried,
                                     &x->rule};
    for (int i = 0; i < 11; i++)
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

static int fill_shape(struct mt_rows *r, struct mt_shape_row *row)
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

int mt_rows_shape(struct mt_rows *r, int64_t id, struct mt_shape_row **out)
{
    if (id < 0 || id >= SHAPES_MAX)
        return MT_STORE_ECORRUPT;
    *out = r->shapes[id];
    if (*out != NULL)
        return 0;
    struct mt_shape_row *row = mt_pool_zalloc(&r->pool, sizeof *row);
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

static void fill_conn(struct mt_conn_info *c, sqlite3_stmt *st)
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
int mt_rows_conn(struct mt_rows *r, int64_t id, const struct mt_conn_info **out)
{
    struct mt_conn_info *c = &r->conns[(uint64_t)id % CONN_SLOTS];
    *out = c;
    if (c->id == id && id != 0)
        return 0;
    *c = (struct mt_conn_info){.id = id};
    (void)sqlite3_bind_int64(r->conn, 1, id);
    int step = sqlite3_step(r->conn);
    if (step == SQLITE_ROW)
        fill_conn(c, r->conn);
    int rc = mt_store_rc_of(r->s->db, step);
    (void)sqlite3_reset(r->conn);
    return rc;
}

/* --- one row --- */

int mt_rows_batch(struct mt_rows *r, int64_t id)
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

void mt_rows_set_times(struct mt_exchange *x, bool has_dur, int64_t dur,
                       bool has_ttfb, int64_t ttfb)
{
    if (has_dur)
        x->req.start_ns = mt_ns_sub(x->end_ns, dur);
    if (has_ttfb) {
        x->resp.start_ns = mt_ns_add(x->req.start_ns, ttfb);
        x->resp.end_ns = x->end_ns;
    }
}

static void fill_times(struct mt_exchange *x, sqlite3_stmt *st)
{
    mt_rows_set_times(x, has(st, 5), sqlite3_column_int64(st, 5), has(st, 6),
                      sqlite3_column_int64(st, 6));
    if (has(st, 7))
        x->req.end_ns = mt_ns_add(x->req.start_ns, sqlite3_column_int64(st, 7));
}

void mt_rows_set_path(struct mt_exchange *x, bool has_path,
                      struct mt_span target)
{
    if (!has_path) {
        x->path = x->route;
        return;
    }
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

/* One group: n offsets in the source of an id, which may not be known. */
static uint32_t read_offsets(struct mt_rows *r, struct mt_cursor *c,
                             int64_t source, uint64_t n, uint32_t count)
{
    int64_t at = 0;
    for (; n > 0 && !c->bad && count < REFS_MAX; n--) {
        at = mt_ns_add(at, mt_unzigzag(mt_get_varint(c)));
        if (!c->bad && source > 0 && source <= UINT16_MAX)
            r->refs[count++] = (uint64_t)source << 48 |
                               ((uint64_t)at & UINT64_C(0xffffffffffff));
    }
    return count;
}

static int fill_refs(struct mt_rows *r, struct mt_span blob)
{
    struct mt_cursor c = mt_cursor_of(blob);
    uint32_t count = 0;
    while (c.rest.len > 0 && !c.bad && count < REFS_MAX) {
        uint64_t number = mt_get_varint(&c), n = mt_get_varint(&c);
        int64_t source;
        if (number > UINT16_MAX)
            return MT_STORE_ECORRUPT;
        int rc = find_source(r, (int64_t)number, &source);
        if (rc != 0)
            return rc;
        count = read_offsets(r, &c, source, n, count);
    }
    r->x.packets = r->refs;
    r->x.packets_count = count;
    return c.bad ? MT_STORE_ECORRUPT : 0;
}

static int fill_parties(struct mt_rows *r)
{
    const struct mt_conn_info *c;
    int rc = mt_rows_conn(r, (int64_t)r->x.conn, &c);
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

int mt_rows_fill(struct mt_rows *r)
{
    sqlite3_stmt *st = r->rows;
    int64_t id = sqlite3_column_int64(st, 0);
    struct mt_shape_row *row;
    int rc = mt_rows_shape(r, sqlite3_column_int64(st, 2), &row);
    if (rc != 0)
        return rc;
    r->shape_row = row;
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
    mt_rows_set_path(x, has(st, 12), mt_column_text(st, 12));
    mt_arena_deinit(&r->row_text);
    if (has(st, 13))
        rc = mt_ext_decode(x, mt_column_text(st, 13), &r->row_text);
    if (rc != 0)
        return rc;
    fill_id(x->trace_id, sizeof x->trace_id, st, COL_TRACE);
    fill_id(x->span_id, sizeof x->span_id, st, COL_TRACE + 1);
    fill_id(x->parent_id, sizeof x->parent_id, st, COL_TRACE + 2);
    rc = fill_parties(r);
    if (rc == 0 && r->scan.with_packets && has(st, COL_REFS))
        rc = fill_refs(r, mt_column_blob(st, COL_REFS));
    return rc;
}
