/* Saturation: what connections report reaches the cells of their edge, once,
 * whatever is committed between. */
#include "store_fixture.h"

static void report(struct mt_writer *w, struct mt_conn_report r)
{
    assert_int_equal(mt_writer_report(w, &r), 0);
}

static struct mt_answer edges_of(struct mt_store *s)
{
    struct mt_ask ask = {.from_ns = 0, .to_ns = INT64_MAX};
    struct mt_answer a;
    assert_int_equal(mt_query_edges(s, &ask, &a), 0);
    return a;
}

/* A connection of a service and an exchange on it. */
static struct mt_exchange on(uint64_t conn, unsigned server, int64_t end_ns)
{
    struct mt_exchange x = simple(end_ns);
    x.conn = conn;
    x.client.addr.port = (uint16_t)(40000 + conn);
    x.server.addr = v4(10, 0, 0, server, 8080);
    return x;
}

static void test_sums(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w =
        writer_open(d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP});
    uint64_t want_rtx = 0, want_full = 0;
    for (uint64_t conn = 1; conn <= 300; conn++) {
        int64_t end = T0 + (int64_t)conn * 700 * MS;
        struct mt_exchange x = on(conn, 1, end);
        writer_add(w, &x);
        for (unsigned i = 0; i < 4; i++) {
            uint32_t rtx = (uint32_t)(conn * 7 + i) % 5;
            want_rtx += rtx;
            want_full += i;
            report(w,
                   (struct mt_conn_report){.conn = conn,
                                           .ts_ns = end + i * S,
                                           .opened = i == 0,
                                           .closed = i == 3,
                                           .handshake_ns = i == 0 ? 2 * MS : 0,
                                           .retransmissions = {rtx, 1},
                                           .zero_windows = {0, i}});
        }
        if (conn % 9 == 0)
            assert_int_equal(mt_writer_commit(w, end), 0);
    }
    writer_close(w);
    struct mt_store *s = store_open(d.db);
    struct mt_answer a = edges_of(s);
    const struct mt_counts *n = &a.rows[0].counts;
    assert_int_equal(a.count, 1);
    assert_true(a.rows[0].saturation);
    assert_int_equal(n->exchanges, 300);
    assert_int_equal(n->handshakes, 300);
    assert_int_equal(a.rows[0].handshake_mean_ns, 2 * MS);
    assert_int_equal(n->handshake_max_ns, 2 * MS);
    assert_int_equal(n->retransmissions[MT_CLIENT], want_rtx);
    assert_int_equal(n->retransmissions[MT_SERVER], 1200);
    assert_int_equal(n->zero_windows[MT_CLIENT], 0);
    assert_int_equal(n->zero_windows[MT_SERVER], want_full);
    mt_answer_free(&a);
    mt_store_free(s);
    for (int level = 1; level <= 3600; level *= level == 10   ? 6
                                                : level == 60 ? 60
                                                              : 10) {
        char sql[160];
        (void)snprintf(sql, sizeof sql,
                       "SELECT sum(req_retransmissions) FROM edge_cell WHERE "
                       "level=%d",
                       level);
        assert_int_equal(ask_number(d.db, sql), want_rtx);
    }
    dir_remove(&d);
}

/* Connections that are older than a second, at once, of one edge. */
static void test_most_connections(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    for (uint64_t conn = 1; conn <= 5; conn++) {
        struct mt_exchange x = on(conn, conn == 5 ? 2 : 1, T0);
        writer_add(w, &x);
        report(w, (struct mt_conn_report){
                      .conn = conn, .ts_ns = T0 + S, .opened = true});
    }
    report(w, (struct mt_conn_report){
                  .conn = 1, .ts_ns = T0 + 2 * S, .closed = true});
    struct mt_exchange brief = on(6, 1, T0);
    writer_add(w, &brief);
    report(w, (struct mt_conn_report){
                  .conn = 6, .ts_ns = T0 + S, .opened = true, .closed = true});
    report(w, (struct mt_conn_report){.conn = 2, .ts_ns = T0 + 5 * S});
    writer_close(w);
    assert_string_equal(
        ask_text(d.db,
                 "SELECT group_concat(n) FROM (SELECT conns_max AS n FROM "
                 "edge_cell WHERE level=1 AND conns_max>0 AND key=1 "
                 "ORDER BY t)"),
        "4,4,3");
    assert_int_equal(ask_number(d.db, "SELECT max(conns_max) FROM edge_cell "
                                      "WHERE level=3600 AND key=1"),
                     4);
    dir_remove(&d);
}

/* The same of requests that are open for more than a second. */
static void test_most_open(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    for (uint64_t conn = 1; conn <= 3; conn++) {
        struct mt_exchange x = on(conn, 1, T0);
        for (int again = 0; again < 2; again++)
            assert_int_equal(
                mt_writer_open_exchange(w, &x, T0 + 2 * S + again * S), 0);
    }
    struct mt_exchange x = on(2, 1, T0 + 4 * S);
    writer_add(w, &x);
    x = on(9, 1, T0);
    assert_int_equal(mt_writer_open_exchange(w, &x, T0 + 5 * S), 0);
    writer_close(w);
    struct mt_store *s = store_open(d.db);
    struct mt_answer a = edges_of(s);
    assert_int_equal(a.rows[0].counts.open_max, 3);
    assert_int_equal(a.rows[0].open, 3);
    mt_answer_free(&a);
    mt_store_free(s);
    dir_remove(&d);
}

/* A connection that the filter, or a bound, kept from the writer. */
static void test_unknown_connection(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    struct mt_exchange x = on(1, 1, T0);
    writer_add(w, &x);
    report(w, (struct mt_conn_report){
                  .conn = 2, .ts_ns = T0, .retransmissions = {7, 7}});
    report(w, (struct mt_conn_report){
                  .conn = 65537, .ts_ns = T0, .retransmissions = {7, 7}});
    writer_close(w);
    assert_int_equal(ask_number(d.db, "SELECT sum(req_retransmissions) FROM "
                                      "edge_cell"),
                     0);
    dir_remove(&d);
}

/* More edges than a batch has rows: the tally is emptied in time. */
static void test_many_cells(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w =
        writer_open(d.db, (struct mt_writer_options){.batch_rows = 16});
    struct mt_exchange x = on(1, 1, T0);
    writer_add(w, &x);
    for (int i = 0; i < 20000; i++)
        report(w, (struct mt_conn_report){.conn = 1,
                                          .ts_ns = T0 + i * S,
                                          .retransmissions = {1, 0}});
    writer_close(w);
    assert_int_equal(ask_number(d.db, "SELECT sum(req_retransmissions) FROM "
                                      "edge_cell WHERE level=1"),
                     20000);
    dir_remove(&d);
}

/* --- what still runs --- */

static long long bytes_in_cells(const struct dir *d, const char *table,
                                int level)
{
    char sql[160];
    (void)snprintf(sql, sizeof sql,
                   "SELECT sum(bytes_in)*1000000+sum(bytes_out) FROM %s WHERE "
                   "level=%d",
                   table, level);
    return ask_number(d->db, sql);
}

static long long bytes_in_rows(const struct dir *d)
{
    return ask_number(d->db,
                      "SELECT sum(req_header_bytes+req_body_bytes)*1000000+"
                      "sum(resp_header_bytes+resp_body_bytes) FROM exchanges");
}

/* A stream that is told of each second counts as it runs; its row adds the
 * rest, however the batches are cut, and also where it became a stream late
 * and where the row tells of less. */
static void test_running_stream(void **state)
{
    (void)state;
    for (int every = 1; every <= 7; every += 2) {
        struct dir d;
        dir_make(&d);
        struct mt_writer *w = writer_open(
            d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP});
        struct mt_exchange x = on(1, 1, T0);
        for (unsigned i = 1; i <= 20; i++) {
            x.resp.body_bytes = i * 100;
            x.kind = i > 3 ? MT_KIND_STREAM : MT_KIND_UNARY;
            assert_int_equal(mt_writer_open_exchange(w, &x, T0 + i * S), 0);
            if (i % (unsigned)every == 0)
                assert_int_equal(mt_writer_commit(w, T0 + i * S), 0);
            if (i == 14 && every == 7) /* 14 s so far: 80 + 120 + 1400 */
                assert_int_equal(bytes_in_cells(&d, "edge_cell", 1),
                                 80 * 1000000 + 1520);
        }
        x.resp.body_bytes = 2345;
        x.end_ns = T0 + 20500 * MS;
        writer_add(w, &x);
        struct mt_exchange other = on(2, 1, T0 + 20 * S);
        writer_add(w, &other);
        writer_close(w);
        static const int levels[] = {1, 10, 60, 3600};
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(bytes_in_cells(&d, "edge_cell", levels[i]),
                             bytes_in_rows(&d));
        assert_int_equal(bytes_in_cells(&d, "route_cell", 10),
                         bytes_in_rows(&d));
        assert_int_equal(ask_number(d.db, "SELECT sum(bytes_out) FROM "
                                          "edge_cell WHERE level=1 AND "
                                          "t=1795000010"),
                         100);
        assert_int_equal(ask_number(d.db, "SELECT min(bytes_out) FROM "
                                          "edge_cell"),
                         100);
        dir_remove(&d);
    }
}

/* Rows of a proxied request's tries come beside its own, and end nothing. */
static void test_running_with_tries(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w =
        writer_open(d.db, (struct mt_writer_options){.kind = MT_WRITER_PROXY});
    struct mt_exchange x = on(1, 1, T0), try = on(1, 1, T0 + 2 * S);
    x.observer = MT_OBSERVER_PROXY_REQUEST;
    try.observer = MT_OBSERVER_PROXY_ATTEMPT;
    try.attempt = 1;
    assert_int_equal(mt_writer_open_exchange(w, &x, T0 + 2 * S), 0);
    writer_add(w, &try);
    assert_int_equal(mt_writer_commit(w, T0 + 2 * S), 0);
    struct mt_store *s = store_open(d.db);
    struct mt_answer a = edges_of(s);
    assert_int_equal(a.total.open, 1);
    mt_answer_free(&a);
    mt_store_free(s);
    x.end_ns = T0 + 3 * S;
    writer_add(w, &x);
    writer_close(w);
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM open_exchange"), 0);
    assert_int_equal(bytes_in_cells(&d, "edge_cell", 1), bytes_in_rows(&d));
    assert_int_equal(
        ask_number(d.db, "SELECT min(bytes_out)>=0 FROM edge_cell"), 1);
    dir_remove(&d);
}

/* A connection that nobody decodes runs; it is no request that waits. */
static void test_running_connection(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w =
        writer_open(d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP});
    struct mt_exchange x = on(1, 1, T0);
    x.kind = MT_KIND_L4;
    x.protocol = MT_PROTOCOL_TCP;
    assert_int_equal(mt_writer_open_exchange(w, &x, T0 + 9 * S), 0);
    assert_int_equal(mt_writer_commit(w, T0 + 9 * S), 0);
    struct mt_store *s = store_open(d.db);
    struct mt_answer a = edges_of(s);
    assert_int_equal(a.total.counts.bytes_out, 1120);
    assert_int_equal(a.total.open, 0);
    assert_int_equal(a.total.counts.open_max, 0);
    mt_answer_free(&a);
    mt_store_free(s);
    writer_add(w, &x);
    writer_close(w);
    assert_int_equal(bytes_in_cells(&d, "edge_cell", 1), bytes_in_rows(&d));
    dir_remove(&d);
}

/* What a dead writer had counted becomes a row of as much, not more. */
static void test_running_when_its_writer_died(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(
        d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP, .now_ns = T0});
    struct mt_exchange x = on(1, 1, T0);
    for (unsigned i = 1; i <= 3; i++) {
        x.resp.body_bytes = i * 100;
        assert_int_equal(mt_writer_open_exchange(w, &x, T0 + i * S), 0);
        assert_int_equal(mt_writer_commit(w, T0 + i * S), 0);
    }
    mt_writer_abort(w);
    w = writer_open(d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP,
                                                     .now_ns = T0 + 60 * S});
    writer_close(w);
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM exchanges WHERE "
                                      "error_type='abandoned'"),
                     1);
    assert_int_equal(bytes_in_cells(&d, "edge_cell", 1), 80 * 1000000 + 420);
    assert_int_equal(bytes_in_cells(&d, "edge_cell", 1), bytes_in_rows(&d));
    dir_remove(&d);
}

/* Whether a filter takes it is known at its end. */
static void test_running_and_a_filter(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w =
        writer_open(d.db, (struct mt_writer_options){.no_running = true});
    struct mt_exchange x = on(1, 1, T0);
    assert_int_equal(mt_writer_open_exchange(w, &x, T0 + S), 0);
    assert_int_equal(mt_writer_commit(w, T0), 0);
    assert_int_equal(bytes_in_cells(&d, "edge_cell", 1), 0);
    x.end_ns = T0 + 2 * S;
    writer_add(w, &x);
    writer_close(w);
    assert_int_equal(bytes_in_cells(&d, "edge_cell", 1), bytes_in_rows(&d));
    dir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_most_connections),
        cmocka_unit_test(test_most_open),
        cmocka_unit_test(test_unknown_connection),
        cmocka_unit_test(test_many_cells),
        cmocka_unit_test(test_running_stream),
        cmocka_unit_test(test_running_with_tries),
        cmocka_unit_test(test_running_connection),
        cmocka_unit_test(test_running_when_its_writer_died),
        cmocka_unit_test(test_running_and_a_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
