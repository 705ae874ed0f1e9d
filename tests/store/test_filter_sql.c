/* Property: predicate and SQL give the same answer, for random filters over
 * random exchanges, in a table with the view's columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "some_filter.h"
#include "store/filter.h"

enum { ROWS = 400, FILTERS = 3000 };

static sqlite3 *db;
static const struct mt_time_ref ref = {.now_ns = SOME_NOW};

/* ---- a table like the view ---- */

static sqlite3_stmt *insert;
static int column;

static void add_int(bool present, int64_t v)
{
    column++;
    if (present)
        assert_int_equal(sqlite3_bind_int64(insert, column, v), SQLITE_OK);
}

static void add_text(struct mt_span s)
{
    column++;
    if (s.len > 0)
        assert_int_equal(sqlite3_bind_text(insert, column, (const char *)s.ptr,
                                           (int)s.len, SQLITE_TRANSIENT),
                         SQLITE_OK);
}

static void add_enum(const char *text)
{
    assert_int_equal(
        sqlite3_bind_text(insert, ++column, text, -1, SQLITE_TRANSIENT),
        SQLITE_OK);
}

static void add_bytes(const uint8_t *bytes, int n)
{
    static const uint8_t none[16] = {0};
    column++;
    if (memcmp(bytes, none, (size_t)n) != 0)
        assert_int_equal(
            sqlite3_bind_blob(insert, column, bytes, n, SQLITE_TRANSIENT),
            SQLITE_OK);
}

static void add_addr(const uint8_t *ip)
{
    if (mt_ip_is_v4(ip))
        add_int(true, mt_be32(ip + 12));
    else
        add_bytes(ip, 16);
}

static const char columns[] =
    "id, end_ns, latency_ns, duration_ns, ttfb_ns, protocol, kind, observer, "
    "outcome, error_type, half, quality, anomalies, method, scheme, "
    "authority, path, query, route, operation, status, grpc_status, "
    "client_service, server_service, client_addr, client_port, server_addr, "
    "server_port, req_body_bytes, resp_body_bytes, req_messages, "
    "resp_messages, user_agent, req_content_type, resp_content_type, "
    "error_message, request_id, trace_id, span_id, conn, stream, attempt, "
    "endpoint, tls_version, sni, alpn, req_gap_bytes, resp_gap_bytes, "
    "dup_packets";
enum { COLUMNS = 49 };

static void add_numbers(const struct mt_exchange *x)
{
    int64_t lat = mt_exchange_latency_ns(x), dur = mt_exchange_duration_ns(x);
    int64_t ttfb = mt_exchange_ttfb_ns(x);
    add_int(true, (int64_t)x->id);
    add_int(true, x->end_ns);
    add_int(lat >= 0, lat);
    add_int(dur >= 0, dur);
    add_int(ttfb >= 0, ttfb);
    add_enum(mt_protocol_text(x->protocol));
    add_enum(mt_kind_text(x->kind));
    add_enum(mt_observer_text(x->observer));
    add_enum(mt_outcome_text(x->outcome));
    add_enum(mt_error_text(x->error));
    add_enum(mt_half_text(x->half));
    add_int(true, x->quality);
    add_int(true, x->anomalies);
}

static void add_request(const struct mt_exchange *x)
{
    add_text(x->method);
    add_text(x->scheme);
    add_text(x->authority);
    add_text(x->path);
    add_text(x->query);
    add_text(x->route);
    add_text(x->operation);
    add_int(x->status != 0, x->status);
    add_int(x->grpc_status != MT_GRPC_STATUS_NONE, x->grpc_status);
    add_text(x->client.service);
    add_text(x->server.service);
    add_addr(x->client.addr.ip);
    add_int(x->client.addr.port != 0, x->client.addr.port);
    add_addr(x->server.addr.ip);
    add_int(x->server.addr.port != 0, x->server.addr.port);
}

static void add_rest(const struct mt_exchange *x)
{
    struct mt_span none = {.ptr = NULL, .len = 0};
    add_int(true, (int64_t)x->req.body_bytes);
    add_int(true, (int64_t)x->resp.body_bytes);
    add_int(true, x->req.messages);
    add_int(true, x->resp.messages);
    add_text(x->user_agent);
    add_text(x->req.content_type);
    add_text(x->resp.content_type);
    add_text(x->error_message);
    add_text(x->request_id);
    add_bytes(x->trace_id, 16);
    add_bytes(x->span_id, 8);
    add_int(true, (int64_t)x->conn);
    add_int(true, (int64_t)x->stream);
    add_int(true, x->attempt);
    add_text(x->endpoint);
    add_int(x->tls != NULL && x->tls->version != 0,
            x->tls != NULL ? x->tls->version : 0);
    add_text(x->tls != NULL ? x->tls->sni : none);
    add_text(x->tls != NULL ? x->tls->alpn : none);
    add_int(true, (int64_t)x->req.gap_bytes);
    add_int(true, (int64_t)x->resp.gap_bytes);
    add_int(true, x->dup_packets);
}

static int setup(void **state)
{
    (void)state;
    char sql[2048], marks[2 * COLUMNS + 1] = "?";
    for (unsigned i = 1; i < COLUMNS; i++)
        strcat(marks, ",?");
    if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
        mt_filter_sql_register(db) != SQLITE_OK)
        return -1;
    (void)snprintf(sql, sizeof sql, "CREATE TABLE exchanges(%s)", columns);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return -1;
    (void)snprintf(sql, sizeof sql, "INSERT INTO exchanges VALUES(%s)", marks);
    if (sqlite3_prepare_v2(db, sql, -1, &insert, NULL) != SQLITE_OK)
        return -1;
    for (uint64_t id = 1; id <= ROWS; id++) {
        struct mt_exchange x;
        struct mt_tls tls;
        some_exchange(id, &x, &tls);
        column = 0;
        sqlite3_clear_bindings(insert);
        add_numbers(&x);
        add_request(&x);
        add_rest(&x);
        if (column != COLUMNS || sqlite3_step(insert) != SQLITE_DONE)
            return -1;
        sqlite3_reset(insert);
    }
    return sqlite3_finalize(insert);
}

static int teardown(void **state)
{
    (void)state;
    return sqlite3_close(db);
}

/* Bit i: row i + 1 passes, as SQL has it. */
static void ask_sql(const struct mt_filter *f, unsigned flags, bool *pass)
{
    static char sql[MT_FILTER_SQL_MAX];
    struct mt_buf b = mt_buf_of(sql, sizeof sql - 1);
    sqlite3_stmt *s;
    mt_put_str(
        &b,
        "SELECT id FROM (SELECT * FROM exchanges WHERE (id>0 AND (id>0 AND ");
    mt_filter_sql(f, flags, &b);
    mt_put_str(&b, ")))");
    assert_false(b.full);
    sql[b.len] = 0;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sqlite3_errmsg(db), sql);
    assert_int_equal(mt_filter_bind(f, s), SQLITE_OK);
    memset(pass, 0, ROWS * sizeof *pass);
    while (sqlite3_step(s) == SQLITE_ROW)
        pass[sqlite3_column_int64(s, 0) - 1] = true;
    assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
}

static unsigned agree(const char *text)
{
    struct mt_filter *f;
    struct mt_filter_error e;
    bool pass[ROWS], windowless[ROWS];
    int64_t from, to;
    unsigned passed = 0;
    if (mt_filter_new(&f, mt_span_str(text), &ref, &e) != 0)
        fail_msg("%s: column %zu: %s", text, e.column, e.text);
    (void)mt_filter_window(f, &from, &to);
    ask_sql(f, 0, pass);
    ask_sql(f, MT_FILTER_SQL_WINDOWLESS, windowless);
    for (uint64_t id = 1; id <= ROWS; id++) {
        struct mt_exchange x;
        struct mt_tls tls;
        some_exchange(id, &x, &tls);
        bool want = mt_filter_match(f, &x);
        bool inside = x.end_ns >= from && x.end_ns < to;
        if (want != pass[id - 1] || want != (windowless[id - 1] && inside))
            fail_msg("%s: row %u: predicate %d, SQL %d, windowless %d", text,
                     (unsigned)id, want, pass[id - 1], windowless[id - 1]);
        passed += want;
    }
    mt_filter_free(f);
    return passed;
}

/* Each atom alone, and that the exchanges make it bite both ways. */
static void test_each_atom(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof some_atoms / sizeof some_atoms[0]; i++) {
        unsigned n = agree(some_atoms[i]);
        bool never = strcmp(some_atoms[i], "path~\"\\xff\"") == 0;
        if (!never && (n == 0 || n == ROWS))
            fail_msg("%s: %u of %d pass", some_atoms[i], n, ROWS);
    }
}

static void test_random_filters(void **state)
{
    (void)state;
    uint64_t seed = 2026;
    for (unsigned i = 0; i < FILTERS; i++) {
        char text[4096];
        struct mt_buf b = mt_buf_of(text, sizeof text - 1);
        some_filter(&seed, 0, &b);
        text[b.len] = 0;
        (void)agree(text);
    }
}

/* SQLite has a bound on the depth of expressions: no filter may reach it. */
static void test_largest_filters(void **state)
{
    (void)state;
    static char text[MT_FILTER_TEXT_MAX + 1];
    text[0] = 0;
    for (unsigned i = 0; i < 256; i++)
        strcat(text, i % 2 ? " or conn=1" : " not id=9");
    (void)agree(text);
    (void)strcpy(text, "conn=1");
    for (unsigned i = 1; i < 256; i++)
        strcat(text, ",2");
    (void)agree(text);
    static const char *const opens[] = {"not(cart or conn!=1 ", "(",
                                        "(status=* or attempt=1 and "};
    static const char *const closes[] = {")", " or cart) and conn>1", ")"};
    for (unsigned k = 0; k < 3; k++) {
        text[0] = 0;
        for (unsigned i = 0; i < MT_FILTER_DEPTH_MAX; i++)
            strcat(text, opens[k]);
        strcat(text, "attempt=1");
        for (unsigned i = 0; i < MT_FILTER_DEPTH_MAX; i++)
            strcat(text, closes[k]);
        (void)agree(text);
    }
}

/* Both sides of every level equally deep. */
static void bushy(struct mt_buf *b, unsigned depth)
{
    if (depth == 0) {
        mt_put_str(b, "conn=1");
        return;
    }
    mt_put_str(b, "(");
    bushy(b, depth - 1);
    mt_put_str(b, depth % 2 ? " or " : " ");
    bushy(b, depth - 1);
    mt_put_str(b, ")");
}

static void test_bushy_filters(void **state)
{
    (void)state;
    static char text[MT_FILTER_TEXT_MAX + 1];
    for (unsigned depth = 1; depth <= 8; depth++) {
        struct mt_buf b = mt_buf_of(text, sizeof text - 1);
        bushy(&b, depth);
        text[b.len] = 0;
        if (!b.full)
            (void)agree(text);
    }
}

static void test_function_is_for_filters(void **state)
{
    (void)state;
    sqlite3_stmt *s;
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT mt_filter_text(5, 'a')", -1, &s, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ERROR);
    sqlite3_finalize(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_atom),
        cmocka_unit_test(test_random_filters),
        cmocka_unit_test(test_largest_filters),
        cmocka_unit_test(test_bushy_filters),
        cmocka_unit_test(test_function_is_for_filters),
    };
    return cmocka_run_group_tests_name("store/filter_sql", tests, setup,
                                       teardown);
}
