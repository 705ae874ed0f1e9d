#include "store/schema.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "decode/exchange.h"
#include "store/open.h"
#include "store/rollup.h"
#include "store/store.h"

enum { VIEW_BYTES_MAX = 32768 };

/* The sums of a cell are X-rows of rollup.h: one list gives the struct's
 * fields, these columns and the statements. */
#define CELL_COLUMN(name, field) #name " INTEGER NOT NULL, "
/* clang-format off */
#define CELL_TABLE(name)                                                 \
    "CREATE TABLE " name "("                                             \
    "level INTEGER NOT NULL, t INTEGER NOT NULL, key INTEGER NOT NULL, " \
    MT_CELL_FIELDS(CELL_COLUMN)                                          \
    "unfinished_max_ns INTEGER NOT NULL, "                               \
    "last_delta_ns INTEGER NOT NULL, slowest_ns INTEGER NOT NULL, "      \
    "slowest_id INTEGER NOT NULL, failed_id INTEGER NOT NULL, "          \
    "hist BLOB, PRIMARY KEY(level, t, key)) WITHOUT ROWID;"
/* clang-format on */

/* Texts are NOT NULL and '' where there is none: UNIQUE takes two NULLs for
 * different. The unique index leaves out what `route` implies. */
static const char rows_1[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE writer(id INTEGER PRIMARY KEY, host_id TEXT, boot_id TEXT,"
    " pid INTEGER, kind INTEGER, started_ns INTEGER, heartbeat_ns INTEGER,"
    " closed_ns INTEGER);"
    "CREATE TABLE batch(first INTEGER PRIMARY KEY, n INTEGER NOT NULL,"
    " writer INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " base_ns INTEGER NOT NULL, end_min INTEGER NOT NULL,"
    " end_max INTEGER NOT NULL);"
    "CREATE TABLE exchange(id INTEGER PRIMARY KEY, end_delta INTEGER,"
    " shape INTEGER, conn INTEGER, stream INTEGER, dur INTEGER,"
    " ttfb INTEGER, req INTEGER, rq_hdr INTEGER, rq_body INTEGER,"
    " rp_hdr INTEGER, rp_body INTEGER, path TEXT, ext TEXT);"
    "CREATE TABLE shape(id INTEGER PRIMARY KEY, client INTEGER NOT NULL,"
    " server INTEGER NOT NULL, edge INTEGER NOT NULL, route INTEGER NOT NULL,"
    " protocol INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " observer INTEGER NOT NULL, outcome INTEGER NOT NULL,"
    " error INTEGER NOT NULL, half INTEGER NOT NULL, hpack INTEGER NOT NULL,"
    " role_evidence INTEGER NOT NULL, detection INTEGER NOT NULL,"
    " quality INTEGER NOT NULL, status INTEGER NOT NULL,"
    " grpc_status INTEGER NOT NULL, anomalies INTEGER NOT NULL,"
    " attempt INTEGER NOT NULL, req_messages INTEGER NOT NULL,"
    " resp_messages INTEGER NOT NULL, method TEXT NOT NULL,"
    " scheme TEXT NOT NULL, authority TEXT NOT NULL, template TEXT NOT NULL,"
    " operation TEXT NOT NULL, user_agent TEXT NOT NULL,"
    " req_content_type TEXT NOT NULL, resp_content_type TEXT NOT NULL,"
    " endpoint TEXT NOT NULL, why_not_retried TEXT NOT NULL,"
    " UNIQUE(route, outcome, error, half, hpack, role_evidence, detection,"
    " quality, status, grpc_status, anomalies, attempt, req_messages,"
    " resp_messages, scheme, authority, operation, user_agent,"
    " req_content_type, resp_content_type, why_not_retried));"
    "CREATE TABLE conn(id INTEGER PRIMARY KEY, client_addr, client_port"
    " INTEGER, server_addr, server_port INTEGER, first_ns INTEGER, last_ns"
    " INTEGER, tls_version INTEGER, cipher_suite INTEGER, alert INTEGER,"
    " resumed INTEGER, handshake_ns INTEGER, sni TEXT, alpn TEXT);"
    "CREATE TABLE trace(id INTEGER PRIMARY KEY, trace_id BLOB, span_id BLOB,"
    " parent_id BLOB);"
    "CREATE TABLE packets(id INTEGER PRIMARY KEY, refs BLOB NOT NULL);"
    "CREATE TABLE source(id INTEGER PRIMARY KEY, writer INTEGER NOT NULL,"
    " number INTEGER NOT NULL, path TEXT, size_bytes INTEGER, inode INTEGER,"
    " packets INTEGER, first_ns INTEGER, last_ns INTEGER,"
    " UNIQUE(writer, number));";
static const char names_1[] =
    "CREATE TABLE service(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,"
    " kind INTEGER NOT NULL, addr, port INTEGER NOT NULL, name TEXT NOT NULL,"
    " name_source INTEGER NOT NULL, alias_id INTEGER);"
    "CREATE TABLE service_name(service INTEGER NOT NULL, from_ns INTEGER NOT"
    " NULL, name TEXT NOT NULL, name_source INTEGER NOT NULL,"
    " PRIMARY KEY(service, from_ns, name)) WITHOUT ROWID;"
    "CREATE TABLE edge(id INTEGER PRIMARY KEY, client INTEGER NOT NULL,"
    " server INTEGER NOT NULL, protocol INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, observer INTEGER NOT NULL,"
    " tls_version INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE(client, server, protocol, kind, observer));"
    "CREATE TABLE route(id INTEGER PRIMARY KEY, edge INTEGER NOT NULL,"
    " method TEXT NOT NULL, template TEXT NOT NULL, endpoint TEXT NOT NULL,"
    " UNIQUE(edge, method, template, endpoint));";
/* clang-format off */
static const char cells_1[] =
    CELL_TABLE("edge_cell")
    CELL_TABLE("route_cell")
    "CREATE TABLE fold(keys INTEGER NOT NULL, level INTEGER NOT NULL,"
    " t INTEGER NOT NULL, key INTEGER NOT NULL,"
    " PRIMARY KEY(keys, level)) WITHOUT ROWID;"
    "CREATE TABLE kept(keys INTEGER NOT NULL, level INTEGER NOT NULL,"
    " t INTEGER NOT NULL, PRIMARY KEY(keys, level)) WITHOUT ROWID;"
    "CREATE TABLE open_exchange(writer INTEGER NOT NULL,"
    " conn INTEGER NOT NULL, stream INTEGER NOT NULL,"
    " edge INTEGER NOT NULL, start_ns INTEGER, seen_ns INTEGER,"
    " status INTEGER, method TEXT, authority TEXT, path TEXT,"
    " PRIMARY KEY(writer, conn, stream)) WITHOUT ROWID;"
    "CREATE TABLE loss(writer INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " total INTEGER NOT NULL, PRIMARY KEY(writer, kind)) WITHOUT ROWID;";
/* clang-format on */

/* Version 2: saturation, bytes of what still runs, connections that are a copy
 * of another's. */
#define ADD_TO_EDGE(name, field) \
    "ALTER TABLE edge_cell ADD COLUMN " #name " INTEGER NOT NULL DEFAULT 0;"
static const char saturation_2[] =
    MT_EDGE_SUMS(ADD_TO_EDGE) MT_EDGE_MAXIMA(ADD_TO_EDGE);
static const char running_2[] =
    "ALTER TABLE open_exchange ADD COLUMN req_bytes INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE open_exchange ADD COLUMN resp_bytes INTEGER NOT NULL "
    "DEFAULT 0;"
    "ALTER TABLE conn ADD COLUMN hop_of INTEGER;"
    "ALTER TABLE conn ADD COLUMN ended_ns INTEGER;";

/* Version 3: losses have a time and a place: before the exchange `before`.
 * Rows are in the order of both, per database. */
static const char losses_3[] =
    "CREATE TABLE loss_time(id INTEGER PRIMARY KEY, writer INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, ns INTEGER NOT NULL, n INTEGER NOT NULL,"
    " before INTEGER NOT NULL);";

/* Version 4: what a proxy knows of its requests, and what its breakers and
 * budgets are at. A tuple of `shape` is unique with its new members. */
#define SHAPE_3                                                              \
    "id,client,server,edge,route,protocol,kind,observer,outcome,error,half," \
    "hpack,role_evidence,detection,quality,status,grpc_status,anomalies,"    \
    "attempt,req_messages,resp_messages,method,scheme,authority,template,"   \
    "operation,user_agent,req_content_type,resp_content_type,endpoint,"      \
    "why_not_retried"
static const char shape_4[] =
    "DROP VIEW IF EXISTS exchanges;"
    "CREATE TABLE shape_4(id INTEGER PRIMARY KEY, client INTEGER NOT NULL,"
    " server INTEGER NOT NULL, edge INTEGER NOT NULL, route INTEGER NOT NULL,"
    " protocol INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " observer INTEGER NOT NULL, outcome INTEGER NOT NULL,"
    " error INTEGER NOT NULL, half INTEGER NOT NULL, hpack INTEGER NOT NULL,"
    " role_evidence INTEGER NOT NULL, detection INTEGER NOT NULL,"
    " quality INTEGER NOT NULL, status INTEGER NOT NULL,"
    " grpc_status INTEGER NOT NULL, anomalies INTEGER NOT NULL,"
    " attempt INTEGER NOT NULL, req_messages INTEGER NOT NULL,"
    " resp_messages INTEGER NOT NULL, method TEXT NOT NULL,"
    " scheme TEXT NOT NULL, authority TEXT NOT NULL, template TEXT NOT NULL,"
    " operation TEXT NOT NULL, user_agent TEXT NOT NULL,"
    " req_content_type TEXT NOT NULL, resp_content_type TEXT NOT NULL,"
    " endpoint TEXT NOT NULL, why_not_retried TEXT NOT NULL,"
    " rule TEXT NOT NULL DEFAULT '', ended_by INTEGER NOT NULL DEFAULT 0,"
    " ended_in INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE(route, outcome, error, half, hpack, role_evidence, detection,"
    " quality, status, grpc_status, anomalies, attempt, req_messages,"
    " resp_messages, scheme, authority, operation, user_agent,"
    " req_content_type, resp_content_type, why_not_retried, rule, ended_by,"
    " ended_in));"
    "INSERT INTO shape_4(" SHAPE_3 ") SELECT " SHAPE_3 " FROM shape;"
    "DROP TABLE shape;"
    "ALTER TABLE shape_4 RENAME TO shape;";
static const char proxies_4[] =
    "CREATE TABLE proxy_endpoint(writer INTEGER NOT NULL,"
    " service TEXT NOT NULL, endpoint TEXT NOT NULL, state INTEGER NOT NULL,"
    " until_ns INTEGER NOT NULL, reason TEXT NOT NULL,"
    " running INTEGER NOT NULL, conns INTEGER NOT NULL,"
    " latency_ns INTEGER NOT NULL,"
    " PRIMARY KEY(writer, service, endpoint)) WITHOUT ROWID;"
    "CREATE TABLE proxy_budget(writer INTEGER NOT NULL,"
    " service TEXT NOT NULL, rule TEXT NOT NULL, percent INTEGER NOT NULL,"
    " min_per_s INTEGER NOT NULL, spent INTEGER NOT NULL,"
    " allowed INTEGER NOT NULL, denied INTEGER NOT NULL,"
    " PRIMARY KEY(writer, service, rule)) WITHOUT ROWID;";

/* migrations[v] brings a database of version v to v + 1; NULL ends. */
static const char *const *const migrations[MT_SCHEMA_VERSION] = {
    (const char *const[]){rows_1, names_1, cells_1, NULL},
    (const char *const[]){saturation_2, running_2, NULL},
    (const char *const[]){losses_3, NULL},
    (const char *const[]){shape_4, proxies_4, NULL},
};

/* --- the view --- */

static void put_case(struct mt_buf *b, const char *column,
                     const char *(*text)(unsigned), unsigned count)
{
    char number[32];
    mt_put_str(b, "CASE ");
    mt_put_str(b, column);
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(number, sizeof number, " WHEN %u THEN '", i);
        mt_put_str(b, number);
        mt_put_str(b, text(i));
        mt_put_str(b, "'");
    }
    mt_put_str(b, " ELSE '?' END");
}

/* IPv4 is an integer, IPv6 a blob: readable in SQL alone. */
#define IP_TEXT(a)                                                          \
    "CASE typeof(" a ") WHEN 'integer' THEN (" a ">>24)||'.'||((" a         \
    ">>16)&255)||'.'||((" a ">>8)&255)||'.'||(" a "&255) WHEN 'blob' THEN " \
    "lower(substr(hex(" a "),1,4)||':'||substr(hex(" a "),5,4)||':'||"      \
    "substr(hex(" a "),9,4)||':'||substr(hex(" a "),13,4)||':'||"           \
    "substr(hex(" a "),17,4)||':'||substr(hex(" a "),21,4)||':'||"          \
    "substr(hex(" a "),25,4)||':'||substr(hex(" a "),29,4)) END"
#define BASE                                              \
    "(SELECT b.base_ns FROM batch b WHERE b.first<=e.id " \
    "ORDER BY b.first DESC LIMIT 1)"
#define EXT(name) "json_extract(e.ext,'$." name "')"
/* clang-format off */
#define DURATION                                      \
    "CASE WHEN e.ttfb IS NULL THEN NULL "             \
    "WHEN e.ext IS NULL THEN max(e.dur,0) "           \
    "WHEN " EXT("resp_open") " IS NOT NULL THEN NULL " \
    "ELSE max(e.dur-ifnull(" EXT("resp_end_lag_ns") ",0),0) END"
/* Path and query share one column; a path has no '?'. */
#define PATH                                               \
    "CASE WHEN e.path IS NULL THEN nullif(s.template,'') " \
    "WHEN instr(e.path,'?')=0 THEN nullif(e.path,'') "     \
    "ELSE nullif(substr(e.path,1,instr(e.path,'?')-1),'') END"
#define QUERY                             \
    "CASE WHEN instr(e.path,'?')>0 THEN " \
    "nullif(substr(e.path,instr(e.path,'?')+1),'') END"
/* clang-format on */

/* A column of the view: its name and what it is, in SQL; for an enumeration
 * the column of its number and the texts. */
struct view_column {
    const char *name, *sql;
    const char *(*text)(unsigned);
    unsigned count;
};

static const struct view_column view_columns[] = {
    {"id", "e.id", NULL, 0},
    {"end_ns", BASE "+e.end_delta", NULL, 0},
    {"req_start_ns", BASE "+e.end_delta-e.dur", NULL, 0},
    {"duration_ns", DURATION, NULL, 0},
    {"ttfb_ns", "max(e.ttfb,0)", NULL, 0},
    {"latency_ns",
     "CASE WHEN s.kind IN (1,4) THEN max(e.ttfb,0) ELSE " DURATION " END", NULL,
     0},
    {"protocol", "s.protocol", mt_protocol_text, MT_PROTOCOL_COUNT},
    {"kind", "s.kind", mt_kind_text, MT_KIND_COUNT},
    {"observer", "s.observer", mt_observer_text, MT_OBSERVER_COUNT},
    {"outcome", "s.outcome", mt_outcome_text, MT_OUTCOME_COUNT},
    {"error_type", "s.error", mt_error_text, MT_ERROR_COUNT},
    {"half", "s.half", mt_half_text, MT_HALF_COUNT},
    {"hpack", "s.hpack", mt_hpack_text, MT_HPACK_COUNT},
    {"role_evidence", "s.role_evidence", mt_role_evidence_text,
     MT_ROLE_BY_COUNT},
    {"detection", "s.detection", mt_detection_text, MT_DETECTED_COUNT},
    {"quality", "s.quality", NULL, 0},
    {"anomalies", "s.anomalies", NULL, 0},
    {"method", "nullif(s.method,'')", NULL, 0},
    {"scheme", "nullif(s.scheme,'')", NULL, 0},
    {"authority", "nullif(s.authority,'')", NULL, 0},
    {"path", PATH, NULL, 0},
    {"query", QUERY, NULL, 0},
    {"route", "nullif(s.template,'')", NULL, 0},
    {"operation", "nullif(s.operation,'')", NULL, 0},
    {"status", "nullif(s.status,0)", NULL, 0},
    {"grpc_status", "nullif(s.grpc_status,-1)", NULL, 0},
    {"client_service", "c.name", NULL, 0},
    {"server_service", "v.name", NULL, 0},
    {"client_service_id", "ifnull(cs.alias_id,s.client)", NULL, 0},
    {"server_service_id", "ifnull(vs.alias_id,s.server)", NULL, 0},
    {"client_ip", IP_TEXT("n.client_addr"), NULL, 0},
    {"client_addr", "n.client_addr", NULL, 0},
    {"client_port", "n.client_port", NULL, 0},
    {"server_ip", IP_TEXT("n.server_addr"), NULL, 0},
    {"server_addr", "n.server_addr", NULL, 0},
    {"server_port", "n.server_port", NULL, 0},
    {"req_header_bytes", "e.rq_hdr", NULL, 0},
    {"req_body_bytes", "e.rq_body", NULL, 0},
    {"resp_header_bytes", "e.rp_hdr", NULL, 0},
    {"resp_body_bytes", "e.rp_body", NULL, 0},
    {"req_messages", "ifnull(" EXT("req_messages") ",s.req_messages)", NULL, 0},
    {"resp_messages", "ifnull(" EXT("resp_messages") ",s.resp_messages)", NULL,
     0},
    {"user_agent", "nullif(s.user_agent,'')", NULL, 0},
    {"request_id", EXT("request_id"), NULL, 0},
    {"trace_id", "t.trace_id", NULL, 0},
    {"span_id", "t.span_id", NULL, 0},
    {"parent_id", "t.parent_id", NULL, 0},
    {"conn", "e.conn", NULL, 0},
    {"stream", "e.stream", NULL, 0},
    {"req_gap_bytes", "ifnull(" EXT("req_gap_bytes") ",0)", NULL, 0},
    {"resp_gap_bytes", "ifnull(" EXT("resp_gap_bytes") ",0)", NULL, 0},
    {"dup_packets", "ifnull(" EXT("dup_packets") ",0)", NULL, 0},
    {"req_retransmissions", "ifnull(" EXT("req_retransmissions") ",0)", NULL,
     0},
    {"resp_retransmissions", "ifnull(" EXT("resp_retransmissions") ",0)", NULL,
     0},
    {"error_message", EXT("error_message"), NULL, 0},
    {"req_content_type", "nullif(s.req_content_type,'')", NULL, 0},
    {"resp_content_type", "nullif(s.resp_content_type,'')", NULL, 0},
    {"attempt", "s.attempt", NULL, 0},
    {"retry_of", EXT("retry_of"), NULL, 0},
    {"endpoint", "nullif(s.endpoint,'')", NULL, 0},
    {"why_not_retried", "nullif(s.why_not_retried,'')", NULL, 0},
    {"rule", "nullif(s.rule,'')", NULL, 0},
    {"ended_by", "s.ended_by", mt_ended_by_text, MT_ENDED_COUNT},
    {"ended_in", "s.ended_in", mt_phase_text, MT_PHASE_COUNT},
    {"connect_ns", EXT("connect_ns"), NULL, 0},
    {"endpoints", EXT("endpoints"), NULL, 0},
    {"endpoints_out", EXT("endpoints_out"), NULL, 0},
    {"budget_used", EXT("budget_used"), NULL, 0},
    {"budget_allowed", EXT("budget_allowed"), NULL, 0},
    {"grpc_timeout_ns", EXT("grpc_timeout_ns"), NULL, 0},
    {"tls_version", "nullif(n.tls_version,0)", NULL, 0},
    {"sni", "nullif(n.sni,'')", NULL, 0},
    {"alpn", "nullif(n.alpn,'')", NULL, 0},
    {"hop_of", "n.hop_of", NULL, 0},
};

static const char view_from[] =
    " FROM exchange e LEFT JOIN shape s ON s.id=e.shape "
    "LEFT JOIN conn n ON n.id=e.conn LEFT JOIN trace t ON t.id=e.id "
    "LEFT JOIN service cs ON cs.id=s.client "
    "LEFT JOIN service c ON c.id=ifnull(cs.alias_id,cs.id) "
    "LEFT JOIN service vs ON vs.id=s.server "
    "LEFT JOIN service v ON v.id=ifnull(vs.alias_id,vs.id);";

static void put_view(struct mt_buf *b)
{
    mt_put_str(b, "CREATE VIEW exchanges AS SELECT ");
    for (size_t i = 0; i < sizeof view_columns / sizeof view_columns[0]; i++) {
        const struct view_column *c = &view_columns[i];
        mt_put_str(b, i > 0 ? ", " : "");
        if (c->text != NULL)
            put_case(b, c->sql, c->text, c->count);
        else
            mt_put_str(b, c->sql);
        mt_put_str(b, " AS ");
        mt_put_str(b, c->name);
    }
    mt_put_str(b, view_from);
    mt_put_u8(b, 0);
}

/* --- versions --- */

static int read_int(sqlite3 *db, const char *sql, int64_t *value)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        *value = sqlite3_column_int64(st, 0);
        rc = SQLITE_OK;
    }
    (void)sqlite3_finalize(st);
    return rc == SQLITE_OK ? 0 : mt_store_rc_of(db, rc);
}

int mt_schema_check(sqlite3 *db)
{
    int64_t application = 0, version = 0, objects = 0;
    int rc = read_int(db, "PRAGMA application_id", &application);
    if (rc == 0)
        rc = read_int(db, "PRAGMA user_version", &version);
    if (rc == 0)
        rc = read_int(db, "SELECT count(*) FROM sqlite_schema", &objects);
    if (rc != 0)
        return rc;
    if (application == 0 && version == 0 && objects == 0)
        return 0;
    if (application != MT_SCHEMA_APPLICATION_ID || version < 1)
        return MT_STORE_EFOREIGN;
    return version > MT_SCHEMA_VERSION ? MT_STORE_ENEWER : (int)version;
}

static int run(sqlite3 *db, const char *sql)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : mt_store_rc_of(db, rc);
}

static int make_view(sqlite3 *db)
{
    char *sql = malloc(VIEW_BYTES_MAX);
    if (sql == NULL)
        return MT_STORE_ENOMEM;
    struct mt_buf b = mt_buf_of(sql, VIEW_BYTES_MAX);
    put_view(&b);
    int rc =
        b.full ? MT_STORE_EINTERNAL : run(db, "DROP VIEW IF EXISTS exchanges");
    if (rc == 0)
        rc = run(db, sql);
    free(sql);
    return rc;
}

static int migrate(sqlite3 *db)
{
    /* another process may have done it while we waited for the lock */
    int version = mt_schema_check(db);
    if (version < 0 || version == MT_SCHEMA_VERSION)
        return version < 0 ? version : 0;
    int rc = 0;
    for (int v = version; rc == 0 && v < MT_SCHEMA_VERSION; v++)
        for (const char *const *sql = migrations[v]; rc == 0 && *sql; sql++)
            rc = run(db, *sql);
    if (rc == 0)
        rc = make_view(db);
    char stamp[80];
    (void)snprintf(stamp, sizeof stamp,
                   "PRAGMA application_id=%d;PRAGMA user_version=%d",
                   (int)MT_SCHEMA_APPLICATION_ID, (int)MT_SCHEMA_VERSION);
    return rc == 0 ? run(db, stamp) : rc;
}

int mt_schema_apply(sqlite3 *db)
{
    int rc = run(db, "BEGIN IMMEDIATE");
    if (rc != 0)
        return rc;
    rc = migrate(db);
    if (rc == 0)
        rc = run(db, "COMMIT");
    if (rc != 0)
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}
