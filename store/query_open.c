/* What has begun and not ended. */
#include "store/filter.h"
#include "store/query_impl.h"

static struct mt_span text_at(sqlite3_stmt *st, int at)
{
    const char *text = (const char *)sqlite3_column_text(st, at);
    return mt_span_str(text != NULL ? text : "");
}

static uint64_t number_at(sqlite3_stmt *st, int at)
{
    int64_t v = sqlite3_column_int64(st, at);
    return v > 0 ? (uint64_t)v : 0;
}

static struct mt_open_row row_of(sqlite3_stmt *st)
{
    return (struct mt_open_row){
        .client = (const char *)text_at(st, 0).ptr,
        .server = (const char *)text_at(st, 1).ptr,
        .method = (const char *)text_at(st, 2).ptr,
        .authority = (const char *)text_at(st, 3).ptr,
        .path = (const char *)text_at(st, 4).ptr,
        .conn = (uint64_t)sqlite3_column_int64(st, 5),
        .stream = (uint64_t)sqlite3_column_int64(st, 6),
        .protocol = (uint8_t)sqlite3_column_int(st, 7),
        .kind = (uint8_t)sqlite3_column_int(st, 8),
        .status = (uint16_t)sqlite3_column_int(st, 9),
        .start_ns = sqlite3_column_int64(st, 10),
        .seen_ns = sqlite3_column_int64(st, 11),
        .observer = (uint8_t)sqlite3_column_int(st, 12),
        .request_bytes = number_at(st, 13),
        .response_bytes = number_at(st, 14),
        .edge = sqlite3_column_int64(st, 15),
        .writer = sqlite3_column_int64(st, 16),
        .id = number_at(st, 17),
    };
}

struct mt_exchange mt_open_so_far(const struct mt_open_row *row, int64_t end_ns)
{
    struct mt_exchange x = {.end_ns = end_ns,
                            .req = {.start_ns = row->start_ns},
                            .conn = row->conn,
                            .stream = row->stream,
                            .protocol = row->protocol,
                            .kind = row->kind,
                            .observer = row->observer,
                            .outcome = MT_OUTCOME_UNKNOWN,
                            .status = row->status,
                            .grpc_status = MT_GRPC_STATUS_NONE,
                            .half = MT_HALF_REQUEST,
                            .method = mt_span_str(row->method),
                            .authority = mt_span_str(row->authority),
                            .path = mt_span_str(row->path)};
    x.client.service = mt_span_str(row->client);
    x.server.service = mt_span_str(row->server);
    return x;
}

/* It is in every window that it was open in: for the terms of the filter's own
 * it ends where the window does, or now. */
static bool passes(const struct mt_ask *ask, const struct mt_open_row *row)
{
    if (ask == NULL)
        return true;
    if (row->start_ns >= ask->to_ns || row->seen_ns < ask->from_ns ||
        (!ask->attempts && !mt_is_golden(row->observer)))
        return false;
    int64_t from, to;
    if (ask->filter == NULL)
        return true;
    (void)mt_filter_window(ask->filter, &from, &to);
    if (row->start_ns >= to || row->seen_ns < from)
        return false;
    const struct mt_exchange x =
        mt_open_so_far(row, row->seen_ns < to ? row->seen_ns : to - 1);
    return mt_filter_match(ask->filter, &x);
}

/* Columns of row_of(). */
#define OF_EDGE                                              \
    "LEFT JOIN service cs ON cs.id=g.client "                \
    "LEFT JOIN service c ON c.id=ifnull(cs.alias_id,cs.id) " \
    "LEFT JOIN service vs ON vs.id=g.server "                \
    "LEFT JOIN service v ON v.id=ifnull(vs.alias_id,vs.id) "
#define RUNNING                                                            \
    "SELECT c.name,v.name,o.method,o.authority,o.path,o.conn,o.stream,"    \
    "g.protocol,g.kind,o.status,o.start_ns AS start,o.seen_ns,g.observer," \
    "o.req_bytes,o.resp_bytes,o.edge,o.writer,0 FROM open_exchange o "     \
    "LEFT JOIN edge g ON g.id=o.edge " OF_EDGE

/* Exchanges lead, as there is no index on their shapes: none is read where no
 * shape is such a one, and of many the newest million. */
#define UNFINISHED                                                         \
    "SELECT c.name,v.name,s.method,s.authority,CASE WHEN e.path IS NULL "  \
    "THEN s.template WHEN instr(e.path,'?')=0 THEN e.path "                \
    "ELSE substr(e.path,1,instr(e.path,'?')-1) END,"                       \
    "e.conn,e.stream,g.protocol,g.kind,s.status,b.base_ns+e.end_delta-"    \
    "ifnull(e.dur,0),b.base_ns+e.end_delta,g.observer,e.rq_hdr+e.rq_body," \
    "e.rp_hdr+e.rp_body,s.edge,b.writer,e.id FROM exchange e "             \
    "CROSS JOIN shape s ON s.id=e.shape CROSS JOIN batch b ON b.first="    \
    "(SELECT max(first) FROM batch WHERE first<=e.id) "                    \
    "CROSS JOIN edge g ON g.id=s.edge " OF_EDGE                            \
    "WHERE e.id>(SELECT CASE count(*) WHEN 0 THEN ?6 ELSE (SELECT "        \
    "max(first+n)-1000001 FROM batch) END "                                \
    "FROM shape WHERE error=?1) "                                          \
    "AND e.shape IN (SELECT id FROM shape WHERE error=?1)"

static int read_rows(struct mt_store *s, sqlite3_stmt *st,
                     const struct mt_ask *ask,
                     int (*each)(void *arg, const struct mt_open_row *row),
                     void *arg)
{
    int step, rc = 0;
    while (rc == 0 && (step = sqlite3_step(st)) != SQLITE_DONE) {
        rc = mt_store_rc_of(s->db, step);
        if (rc != 0)
            break;
        const struct mt_open_row row = row_of(st);
        if (passes(ask, &row))
            rc = each(arg, &row);
    }
    (void)sqlite3_finalize(st);
    return rc;
}

int mt_query_running(struct mt_store *s, const struct mt_ask *ask,
                     int (*each)(void *arg, const struct mt_open_row *row),
                     void *arg)
{
    sqlite3_stmt *st = NULL;
    mt_store_begin(s);
    int rc = mt_store_prepare(
        s->db, &st, RUNNING "ORDER BY o.start_ns,o.writer,o.conn,o.stream");
    return rc == 0 ? read_rows(s, st, ask, each, arg) : rc;
}

int mt_query_open(struct mt_store *s, uint64_t most,
                  int (*each)(void *arg, const struct mt_open_row *row),
                  void *arg)
{
    sqlite3_stmt *st = NULL;
    mt_store_begin(s);
    int rc = mt_store_prepare(s->db, &st,
                              "SELECT * FROM (" RUNNING "UNION ALL " UNFINISHED
                              ") WHERE kind<>?2 AND observer IN (?3,?4) "
                              "ORDER BY start,writer,conn,stream LIMIT ?5");
    if (rc != 0)
        return rc;
    (void)sqlite3_bind_int(st, 1, MT_ERROR_CAPTURE_END);
    (void)sqlite3_bind_int(st, 2, MT_KIND_L4);
    (void)sqlite3_bind_int(st, 3, MT_OBSERVER_TAP);
    (void)sqlite3_bind_int(st, 4, MT_OBSERVER_PROXY_REQUEST);
    (void)sqlite3_bind_int64(st, 5, most < INT64_MAX ? (int64_t)most : -1);
    (void)sqlite3_bind_int64(st, 6, INT64_MAX);
    return read_rows(s, st, NULL, each, arg);
}
