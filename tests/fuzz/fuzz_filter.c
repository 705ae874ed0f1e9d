/* Properties: any text is a filter or an error with a place inside of it; a
 * filter's SQL fits its bound, prepares, and agrees with the predicate about
 * an empty exchange. */
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char nothing[] =
    "WITH exchanges(id, end_ns, latency_ns, duration_ns, ttfb_ns, protocol, "
    "kind, observer, outcome, error_type, half, quality, anomalies, status, "
    "method, scheme, authority, path, query, route, operation, grpc_status, "
    "client_service, server_service, client_addr, client_port, server_addr, "
    "server_port, req_body_bytes, resp_body_bytes, req_messages, "
    "resp_messages, user_agent, req_content_type, resp_content_type, "
    "error_message, request_id, trace_id, span_id, conn, stream, attempt, "
    "endpoint, tls_version, sni, alpn, req_gap_bytes, resp_gap_bytes, "
    "dup_packets) AS (VALUES(0, 0, NULL, NULL, NULL, 'unknown', 'unary', "
    "'tap', 'unknown', '', '', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, "
    "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, NULL, "
    "NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, 0, "
    "0, 0)) SELECT 1 FROM exchanges WHERE ";

static void check(bool ok)
{
    if (!ok)
        abort();
}

static bool ask_sql(sqlite3 *db, const struct mt_filter *f)
{
    static char sql[sizeof nothing + MT_FILTER_SQL_MAX + 1];
    struct mt_buf b = mt_buf_of(sql, sizeof sql - 1);
    sqlite3_stmt *s;
    mt_put_str(&b, nothing);
    mt_filter_sql(f, 0, &b);
    check(!b.full);
    sql[b.len] = 0;
    check(sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK);
    check(mt_filter_bind(f, s) == SQLITE_OK);
    int rc = sqlite3_step(s);
    check(rc == SQLITE_ROW || rc == SQLITE_DONE);
    sqlite3_finalize(s);
    return rc == SQLITE_ROW;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static sqlite3 *db;
    static const struct mt_exchange x = {.grpc_status = MT_GRPC_STATUS_NONE};
    struct mt_time_ref ref = {.now_ns = INT64_C(1795349071500000000)};
    struct mt_span in = {.ptr = data, .len = size};
    struct mt_filter *f;
    struct mt_filter_error e;
    if (db == NULL)
        check(sqlite3_open(":memory:", &db) == SQLITE_OK &&
              mt_filter_sql_register(db) == SQLITE_OK);
    if (mt_filter_new(&f, in, &ref, &e) != 0) {
        check(e.column >= 1 && e.column <= size + 1 && e.length >= 1);
        check(e.text[0] != 0 && strlen(e.text) < sizeof e.text);
        return 0;
    }
    check(mt_filter_match(f, &x) == ask_sql(db, f));
    mt_filter_free(f);
    return 0;
}
