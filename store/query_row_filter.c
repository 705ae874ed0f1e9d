/* The filter of a scan: asked in C, where SQL would have to join. */
#include <string.h>

#include "base/buf.h"
#include "store/ext.h"
#include "store/query_rows.h"

#define POINTER_TYPE "mt_rows"

#define BIT(name) MT_FILTER_BIT(name)
/* What a shape alone decides. */
#define SHAPE_FIELDS                                                         \
    (BIT(STATUS) | BIT(METHOD) | BIT(HOST) | BIT(SCHEME) | BIT(ROUTE) |      \
     BIT(OPERATION) | BIT(GRPC) | BIT(OUTCOME) | BIT(ERROR) |                \
     BIT(SERVER_SERVICE) | BIT(CLIENT_SERVICE) | BIT(PROTOCOL) | BIT(KIND) | \
     BIT(OBSERVER) | BIT(HALF) | BIT(USER_AGENT) | BIT(REQ_TYPE) |           \
     BIT(RESP_TYPE) | BIT(ATTEMPT) | BIT(ENDPOINT) | BIT(QUALITY) |          \
     BIT(ANOMALY))
/* What columns of `exchange` decide with no join: SQL is fastest. */
#define PLAIN_FIELDS \
    (BIT(SIZE) | BIT(REQ_SIZE) | BIT(ID) | BIT(CONN) | BIT(STREAM))
#define PATH_FIELDS (BIT(PATH) | BIT(QUERY))
#define TIME_FIELDS (BIT(LATENCY) | BIT(DURATION) | BIT(TTFB))
#define EXT_FIELDS                                                             \
    (BIT(MESSAGE) | BIT(REQUEST_ID) | BIT(REQ_MESSAGES) | BIT(RESP_MESSAGES) | \
     BIT(GAP) | BIT(DUPLICATES))
#define CONN_FIELDS                                                          \
    (BIT(CLIENT_IP) | BIT(SERVER_IP) | BIT(CLIENT_PORT) | BIT(SERVER_PORT) | \
     BIT(TLS_VERSION) | BIT(SNI) | BIT(ALPN))

enum arg {
    ARG_ROWS,
    ARG_ID,
    ARG_SHAPE,
    ARG_CONN,
    ARG_STREAM,
    ARG_END,
    ARG_DUR,
    ARG_TTFB,
    ARG_RQ_BODY,
    ARG_RP_BODY,
    ARG_PATH,
    ARG_EXT,
    ARG_TRACE,
    ARG_SPAN,
    ARGS,
};

/* A column is handed over only where the filter looks at what it holds. */
static const struct {
    const char *column;
    uint64_t fields;
} args[ARGS] = {
    [ARG_ROWS] = {":scan", ~UINT64_C(0)},
    [ARG_ID] = {"e.id", BIT(ID) | BIT(END)},
    [ARG_SHAPE] = {"e.shape", ~UINT64_C(0)},
    [ARG_CONN] = {"e.conn", BIT(CONN) | CONN_FIELDS},
    [ARG_STREAM] = {"e.stream", BIT(STREAM)},
    [ARG_END] = {"e.end_delta", BIT(END)},
    [ARG_DUR] = {"e.dur", TIME_FIELDS},
    [ARG_TTFB] = {"e.ttfb", TIME_FIELDS},
    [ARG_RQ_BODY] = {"e.rq_body", BIT(REQ_SIZE)},
    [ARG_RP_BODY] = {"e.rp_body", BIT(SIZE)},
    [ARG_PATH] = {"e.path", BIT(PATH) | BIT(QUERY)},
    [ARG_EXT] = {"e.ext", TIME_FIELDS | EXT_FIELDS},
    [ARG_TRACE] = {"t.trace_id", BIT(TRACE)},
    [ARG_SPAN] = {"t.span_id", BIT(SPAN)},
};

/* --- the condition --- */

static bool is_plain(const struct mt_filter *f)
{
    return mt_filter_uses_only(f, PLAIN_FIELDS) &&
           !mt_filter_uses_only(f, SHAPE_FIELDS);
}

void mt_rows_put_from(struct mt_rows *r, struct mt_buf *sql)
{
    const struct mt_filter *f = r->scan.ask.filter;
    if (f == NULL || !is_plain(f)) {
        mt_put_str(sql, "exchange e ");
        return;
    }
    /* SQLite lets a WHERE name what its SELECT names */
    mt_put_str(sql, "(SELECT *,rq_body AS req_body_bytes,"
                    "rp_body AS resp_body_bytes FROM exchange WHERE ");
    mt_filter_sql(f, MT_FILTER_SQL_WINDOWLESS, sql);
    mt_put_str(sql, ") e ");
}

void mt_rows_put_filter(struct mt_rows *r, struct mt_buf *sql)
{
    const struct mt_filter *f = r->scan.ask.filter;
    if (f == NULL || is_plain(f))
        return;
    mt_put_str(sql, " AND ");
    if (mt_filter_uses_only(f, SHAPE_FIELDS)) {
        mt_put_str(sql, "mt_shape_passes(:scan,e.shape) ");
        return;
    }
    uint64_t fields = mt_filter_fields(f);
    mt_put_str(sql, "mt_passes(");
    for (int i = 0; i < ARGS; i++) {
        mt_put_str(sql, i > 0 ? "," : "");
        mt_put_str(sql,
                   (args[i].fields & fields) != 0 ? args[i].column : "NULL");
    }
    mt_put_str(sql, ") ");
}

int mt_rows_bind_filter(struct mt_rows *r)
{
    const struct mt_filter *f = r->scan.ask.filter;
    if (f == NULL)
        return 0;
    if (mt_filter_bind(f, r->rows) != SQLITE_OK)
        return MT_STORE_EFILTER;
    int at = sqlite3_bind_parameter_index(r->rows, ":scan");
    int rc = at > 0 ? sqlite3_bind_pointer(r->rows, at, r, POINTER_TYPE, NULL)
                    : SQLITE_OK;
    return mt_store_rc_of(r->s->db, rc);
}

/* --- asking it --- */

/* The terms of its window hold for every row of the scan: it was narrowed to
 * them. Here they only need a time that passes. */
static int64_t time_inside(const struct mt_filter *f)
{
    int64_t from, to;
    if (!mt_filter_window(f, &from, &to))
        return 0;
    return from > INT64_MIN ? from : to - 1;
}

static struct mt_rows *rows_of(sqlite3_context *out, sqlite3_value **argv)
{
    struct mt_rows *r = sqlite3_value_pointer(argv[0], POINTER_TYPE);
    if (r == NULL)
        sqlite3_result_error_code(out, SQLITE_MISUSE);
    return r;
}

static struct mt_shape_row *shape_of(sqlite3_context *out, struct mt_rows *r,
                                     sqlite3_value *id)
{
    struct mt_shape_row *row;
    int rc = mt_rows_shape(r, sqlite3_value_int64(id), &row);
    if (rc == 0)
        return row;
    sqlite3_result_error_code(out, rc == MT_STORE_ENOMEM ? SQLITE_NOMEM
                                                         : SQLITE_CORRUPT);
    return NULL;
}

/* Once a shape: the answer is kept, in a byte of its own, so that the scan of
 * millions stays in the cache. */
static void give_verdict(sqlite3_context *out, struct mt_rows *r,
                         sqlite3_value *shape)
{
    int64_t id = sqlite3_value_int64(shape);
    if (id < 0 || id >= SHAPES_MAX) {
        sqlite3_result_error_code(out, SQLITE_CORRUPT);
        return;
    }
    if (r->verdicts[id] == MT_VERDICT_NONE) {
        const struct mt_shape_row *row = shape_of(out, r, shape);
        if (row == NULL)
            return;
        struct mt_exchange x = row->x;
        x.end_ns = time_inside(r->scan.ask.filter);
        x.path = x.route; /* of a row that has no path of its own */
        r->verdicts[id] = mt_filter_match(r->scan.ask.filter, &x)
                              ? MT_VERDICT_PASSES
                              : MT_VERDICT_FAILS;
    }
    sqlite3_result_int(out, r->verdicts[id] == MT_VERDICT_PASSES);
}

static void shape_passes(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct mt_rows *r = rows_of(out, argv);
    if (r != NULL)
        give_verdict(out, r, argv[1]);
}

static bool has(sqlite3_value *v)
{
    return sqlite3_value_type(v) != SQLITE_NULL;
}

static struct mt_span text_of(sqlite3_value *v)
{
    const uint8_t *text = sqlite3_value_text(v);
    int n = sqlite3_value_bytes(v);
    return (struct mt_span){.ptr = text,
                            .len = text != NULL && n > 0 ? (size_t)n : 0};
}

static void set_id(uint8_t *id, size_t size, sqlite3_value *v)
{
    const void *bytes = sqlite3_value_blob(v);
    if (bytes != NULL && sqlite3_value_bytes(v) == (int)size)
        memcpy(id, bytes, size);
}

static int set_times(struct mt_rows *r, struct mt_exchange *x,
                     sqlite3_value **argv)
{
    x->end_ns = time_inside(r->scan.ask.filter);
    if (has(argv[ARG_END])) {
        int rc = mt_rows_batch(r, sqlite3_value_int64(argv[ARG_ID]));
        if (rc != 0)
            return rc;
        x->end_ns =
            mt_ns_add(r->in.base_ns, sqlite3_value_int64(argv[ARG_END]));
    }
    /* 0 is "not reached": any other end does as well */
    if (x->end_ns == 0)
        x->end_ns = INT64_C(1) << 60;
    mt_rows_set_times(x, has(argv[ARG_DUR]), sqlite3_value_int64(argv[ARG_DUR]),
                      has(argv[ARG_TTFB]), sqlite3_value_int64(argv[ARG_TTFB]));
    return 0;
}

static int set_conn(struct mt_rows *r, struct mt_exchange *x, sqlite3_value *v)
{
    const struct mt_conn_info *c;
    x->conn = (uint64_t)sqlite3_value_int64(v);
    int rc = mt_rows_conn(r, (int64_t)x->conn, &c);
    if (rc != 0)
        return rc;
    x->client.addr = c->client;
    x->server.addr = c->server;
    x->tls = c->has_tls ? &c->tls : NULL;
    return 0;
}

/* Only what the filter looks at is touched: a shape is many cache lines, and
 * the next row has another one. */
static int set_row(struct mt_rows *r, struct mt_exchange *x,
                   sqlite3_value **argv)
{
    uint64_t fields = mt_filter_fields(r->scan.ask.filter);
    if ((fields & (BIT(ID) | BIT(STREAM) | BIT(SIZE) | BIT(REQ_SIZE))) != 0) {
        x->id = (uint64_t)sqlite3_value_int64(argv[ARG_ID]);
        x->stream = (uint64_t)sqlite3_value_int64(argv[ARG_STREAM]);
        x->req.body_bytes = (uint64_t)sqlite3_value_int64(argv[ARG_RQ_BODY]);
        x->resp.body_bytes = (uint64_t)sqlite3_value_int64(argv[ARG_RP_BODY]);
    }
    if ((fields & PATH_FIELDS) != 0)
        mt_rows_set_path(x, has(argv[ARG_PATH]), text_of(argv[ARG_PATH]));
    if ((fields & (BIT(TRACE) | BIT(SPAN))) != 0) {
        set_id(x->trace_id, sizeof x->trace_id, argv[ARG_TRACE]);
        set_id(x->span_id, sizeof x->span_id, argv[ARG_SPAN]);
    }
    int rc = set_times(r, x, argv);
    if (rc == 0 && has(argv[ARG_CONN]))
        rc = set_conn(r, x, argv[ARG_CONN]);
    return rc;
}

/* The shape is as it was: the next row of it begins anew. */
static void unset_row(const struct mt_rows *r, struct mt_exchange *x)
{
    uint64_t fields = mt_filter_fields(r->scan.ask.filter);
    const struct mt_span none = {.ptr = NULL, .len = 0};
    if ((fields & PATH_FIELDS) != 0)
        x->path = x->query = none;
    if ((fields & (BIT(TRACE) | BIT(SPAN))) != 0) {
        memset(x->trace_id, 0, sizeof x->trace_id);
        memset(x->span_id, 0, sizeof x->span_id);
    }
    x->end_ns = 0;
    if ((fields & TIME_FIELDS) != 0)
        x->req.start_ns = x->resp.start_ns = x->resp.end_ns = 0;
    /* what every row sets is not looked at before */
}

/* The same with rare fields, in a copy: they may be any. */
static int match_ext(struct mt_rows *r, const struct mt_shape_row *row,
                     sqlite3_value **argv, bool *passes)
{
    struct mt_exchange x = row->x;
    int rc = set_row(r, &x, argv);
    mt_arena_deinit(&r->row_text);
    if (rc == 0)
        rc = mt_ext_decode(&x, text_of(argv[ARG_EXT]), &r->row_text);
    *passes = rc == 0 && mt_filter_match(r->scan.ask.filter, &x);
    return rc;
}

/**
 * What the columns of the row are matched in: the shape itself, or, where the
 * filter looks at nothing that shapes hold but the kind (it decides what
 * latency is), one exchange for all. The shapes of millions of rows then stay
 * out of the cache.
 */
static struct mt_exchange *place_of(sqlite3_context *out, struct mt_rows *r,
                                    sqlite3_value **argv,
                                    struct mt_shape_row **row)
{
    int64_t id = sqlite3_value_int64(argv[ARG_SHAPE]);
    uint64_t fields = mt_filter_fields(r->scan.ask.filter);
    bool apart = (fields & SHAPE_FIELDS) == 0 && !has(argv[ARG_EXT]);
    *row = NULL;
    if (apart && (fields & ~PATH_FIELDS) == 0)
        return &r->probe;
    apart &= has(argv[ARG_PATH]) || (fields & PATH_FIELDS) == 0;
    if (apart && id >= 0 && id < SHAPES_MAX && r->verdicts[id] != 0) {
        r->probe.kind = (uint8_t)(r->verdicts[id] - 1);
        return &r->probe;
    }
    *row = shape_of(out, r, argv[ARG_SHAPE]);
    if (*row == NULL)
        return NULL;
    if (apart) /* in a scan whose verdicts are kinds */
        r->verdicts[id] = (uint8_t)((*row)->x.kind + 1);
    return &(*row)->x;
}

static void row_passes(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct mt_rows *r = rows_of(out, argv);
    struct mt_shape_row *row = NULL;
    if (r != NULL && !has(argv[ARG_PATH]) &&
        mt_filter_uses_only(r->scan.ask.filter, SHAPE_FIELDS | PATH_FIELDS)) {
        give_verdict(out, r, argv[ARG_SHAPE]);
        return;
    }
    struct mt_exchange *x = r != NULL ? place_of(out, r, argv, &row) : NULL;
    if (x == NULL)
        return;
    bool passes = false;
    int rc;
    if (row != NULL && has(argv[ARG_EXT])) {
        rc = match_ext(r, row, argv, &passes);
    } else {
        rc = set_row(r, x, argv);
        passes = rc == 0 && mt_filter_match(r->scan.ask.filter, x);
        unset_row(r, x);
    }
    if (rc != 0)
        sqlite3_result_error_code(out, rc == MT_STORE_EINTERRUPTED
                                           ? SQLITE_INTERRUPT
                                           : SQLITE_CORRUPT);
    else
        sqlite3_result_int(out, passes);
}

int mt_rows_register(sqlite3 *db)
{
    int rc = sqlite3_create_function_v2(db, "mt_shape_passes", 2,
                                        SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL,
                                        shape_passes, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(db, "mt_passes", ARGS,
                                        SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL,
                                        row_passes, NULL, NULL, NULL);
    return rc;
}
