/* What was added comes back whole, whatever happens to the writer. */
#include "store_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { ROWS = 3000, BATCH = 128 };

/* --- whole --- */

static void same_text(const char *what, struct mt_span got, struct mt_span want)
{
    if (!mt_span_eq(got, want))
        fail_msg("%s: got \"%.*s\", want \"%.*s\"", what, (int)got.len,
                 (const char *)got.ptr, (int)want.len, (const char *)want.ptr);
}

static void same_message(const struct mt_message *got,
                         const struct mt_message *want)
{
    assert_int_equal(got->start_ns, want->start_ns);
    assert_int_equal(got->end_ns, want->end_ns);
    assert_int_equal(got->header_bytes, want->header_bytes);
    assert_int_equal(got->body_bytes, want->body_bytes);
    assert_int_equal(got->gap_bytes, want->gap_bytes);
    assert_int_equal(got->messages, want->messages);
    assert_int_equal(got->retransmissions, want->retransmissions);
    same_text("content type", got->content_type, want->content_type);
}

static void same_fields(struct mt_fields got, struct mt_fields want)
{
    assert_int_equal(got.count, want.count);
    for (uint32_t i = 0; i < want.count; i++) {
        same_text("field name", got.list[i].name, want.list[i].name);
        same_text("field value", got.list[i].value, want.list[i].value);
    }
}

static void same_tls(const struct mt_tls *got, const struct mt_tls *want)
{
    assert_int_equal(got != NULL, want != NULL);
    if (want == NULL)
        return;
    assert_int_equal(got->version, want->version);
    assert_int_equal(got->cipher_suite, want->cipher_suite);
    assert_int_equal(got->alert, want->alert);
    assert_int_equal(got->handshake_ns, want->handshake_ns);
    same_text("sni", got->sni, want->sni);
    same_text("alpn", got->alpn, want->alpn);
}

static void same_numbers(const struct mt_exchange *got,
                         const struct mt_exchange *want)
{
    assert_int_equal(got->end_ns, want->end_ns);
    assert_memory_equal(&got->client.addr, &want->client.addr,
                        sizeof got->client.addr);
    assert_memory_equal(&got->server.addr, &want->server.addr,
                        sizeof got->server.addr);
    assert_int_equal(got->conn, want->conn);
    assert_int_equal(got->stream, want->stream);
    assert_memory_equal(&got->protocol, &want->protocol,
                        offsetof(struct mt_exchange, status) -
                            offsetof(struct mt_exchange, protocol));
    assert_int_equal(got->status, want->status);
    assert_int_equal(got->grpc_status, want->grpc_status);
    assert_int_equal(got->anomalies, want->anomalies);
    assert_int_equal(got->dup_packets, want->dup_packets);
    assert_int_equal(got->grpc_timeout_ns, want->grpc_timeout_ns);
    assert_memory_equal(got->trace_id, want->trace_id, 16);
    assert_memory_equal(got->span_id, want->span_id, 8);
    assert_memory_equal(got->parent_id, want->parent_id, 8);
}

static void same_exchange(const struct mt_exchange *got,
                          const struct mt_exchange *want)
{
    same_numbers(got, want);
    same_message(&got->req, &want->req);
    same_message(&got->resp, &want->resp);
    same_text("method", got->method, want->method);
    same_text("authority", got->authority, want->authority);
    same_text("path", got->path, want->path);
    same_text("query", got->query, want->query);
    same_text("request id", got->request_id, want->request_id);
    same_text("error", got->error_message, want->error_message);
    same_fields(got->req_fields, want->req_fields);
    same_fields(got->resp_fields, want->resp_fields);
    same_fields(got->attrs, want->attrs);
    same_tls(got->tls, want->tls);
    assert_int_equal(got->packets_count, want->packets_count);
    for (uint32_t i = 0; i < want->packets_count; i++) /* ids are from 1 */
        assert_int_equal(got->packets[i],
                         want->packets[i] + (UINT64_C(1) << 48));
}

static void add_sources(struct mt_writer *w)
{
    struct mt_source_info info = {.path = "a.pcap", .size_bytes = 100};
    assert_int_equal(mt_writer_source(w, 0, &info), 0);
    info.path = "b.pcap";
    assert_int_equal(mt_writer_source(w, 1, &info), 0);
}

static void write_rows(const char *db, uint32_t seed, int rows, uint32_t batch)
{
    struct maker m = {.seed = seed};
    struct mt_writer *w = writer_open(
        db, (struct mt_writer_options){.batch_rows = batch, .epoch = seed});
    add_sources(w);
    for (int i = 0; i < rows; i++)
        writer_add(w, make(&m, T0 + i * 3 * MS + (int64_t)roll(&m, 9000000)));
    writer_close(w);
}

static void test_every_field_comes_back(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    write_rows(d.db, 7, ROWS, BATCH);

    struct mt_store *s = store_open(d.db);
    const struct mt_scan scan = {
        .order = MT_OLDEST_FIRST, .with_packets = true, .all_time = true};
    struct mt_rows *rows;
    const struct mt_exchange *x;
    assert_int_equal(mt_query_exchanges(s, &scan, &rows), 0);
    struct maker m = {.seed = 7};
    for (int i = 0; i < ROWS; i++) {
        const struct mt_exchange *want =
            make(&m, T0 + i * 3 * MS + (int64_t)roll(&m, 9000000));
        assert_int_equal(mt_rows_next(rows, &x), 1);
        assert_int_equal(x->id, i + 1);
        same_exchange(x, want);
    }
    assert_int_equal(mt_rows_next(rows, &x), 0);
    assert_true(mt_rows_coverage(rows).complete);
    mt_rows_free(rows);
    mt_store_free(s);
    dir_remove(&d);
}

/* People with the sqlite3 shell read the same in the view. */
static void test_the_view_reads_in_plain_sqlite(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    struct mt_exchange x = simple(T0);
    x.query = MT_SPAN("a=1");
    x.request_id = MT_SPAN("r-\"1\"");
    x.authority = MT_SPAN("cart.example:8080");
    x.trace_id[0] = 0xab;
    writer_add(w, &x);
    writer_close(w);
    assert_string_equal(
        ask_text(d.db, "SELECT protocol||' '||method||' '||path||' '||query||"
                       "' '||route||' '||status||' '||outcome FROM exchanges"),
        "http/1.1 GET /cart a=1 /cart 200 ok");
    assert_string_equal(
        ask_text(d.db, "SELECT client_ip||' '||server_ip||' '||server_port||' "
                       "'||client_service||' '||server_service FROM exchanges"),
        "10.0.0.9 10.0.0.1 8080 10.0.0.9 cart.example:8080");
    assert_int_equal(ask_number(d.db, "SELECT end_ns FROM exchanges"), T0);
    assert_int_equal(ask_number(d.db, "SELECT latency_ns FROM exchanges"),
                     5 * MS);
    assert_int_equal(ask_number(d.db, "SELECT req_start_ns FROM exchanges"),
                     T0 - 5 * MS);
    assert_string_equal(ask_text(d.db, "SELECT request_id FROM exchanges"),
                        "r-\"1\"");
    assert_string_equal(
        ask_text(d.db, "SELECT substr(hex(trace_id),1,4) FROM exchanges"),
        "AB00");
    assert_string_equal(ask_text(d.db, "SELECT grpc_status FROM exchanges"),
                        "(null)");
    dir_remove(&d);
}

/* --- interrupted --- */

static int run_child(void (*body)(const char *db), const char *db)
{
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        body(db);
        _exit(99); /* the body should have ended it */
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void die_in_the_middle(const char *db)
{
    struct maker m = {.seed = 3};
    struct mt_writer_options o = {.batch_rows = BATCH};
    struct mt_writer *w;
    if (mt_writer_open(&w, db, &o) != 0)
        _exit(1);
    for (int i = 0; i < 5 * BATCH + 77; i++)
        if (mt_writer_add(w, make(&m, T0 + i * MS)) != 0)
            _exit(2);
    (void)kill(getpid(), SIGKILL);
}

static void cells_equal_rows(const char *db)
{
    long long rows = ask_number(
        db, "SELECT count(*) FROM exchange JOIN shape s ON s.id=shape");
    assert_int_equal(
        ask_number(db, "SELECT sum(n) FROM edge_cell WHERE level=1"), rows);
    assert_int_equal(
        ask_number(db, "SELECT sum(n) FROM route_cell WHERE level=10"), rows);
    assert_int_equal(ask_number(db, "SELECT sum(n) FROM batch"), rows);
}

static void test_killed_between_commits(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    int status = run_child(die_in_the_middle, d.db);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    struct mt_store *s = store_open(d.db);
    struct mt_store_info info;
    assert_int_equal(mt_query_info(s, &info), 0);
    assert_int_equal(info.rows, 5 * BATCH);
    mt_store_free(s);
    cells_equal_rows(d.db);
    /* and it goes on where it stopped */
    write_rows(d.db, 4, 10, BATCH);
    assert_int_equal(ask_number(d.db, "SELECT max(id) FROM exchange"),
                     5 * BATCH + 10);
    assert_string_equal(ask_text(d.db, "PRAGMA integrity_check"), "ok");
    dir_remove(&d);
}

/* --- several writers --- */

static void write_half(const char *db)
{
    struct maker m = {.seed = (uint32_t)getpid()};
    struct mt_writer_options o = {.batch_rows = 64, .epoch = 1};
    struct mt_writer *w;
    int rc;
    if (mt_writer_open(&w, db, &o) != 0)
        _exit(1);
    for (int i = 0; i < ROWS; i++)
        if ((rc = mt_writer_add(w, make(&m, T0 + i * 20 * MS))) != 0)
            _exit(10 - rc);
    _exit(mt_writer_close(w, T0) == 0 ? 0 : 3);
}

static void test_two_writers_at_once(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    pid_t pids[3];
    (void)fflush(NULL);
    for (int i = 0; i < 3; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0)
            write_half(d.db);
    }
    for (int i = 0; i < 3; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM exchange"),
                     3 * ROWS);
    assert_int_equal(ask_number(d.db, "SELECT max(id) FROM exchange"),
                     3 * ROWS);
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM writer"), 3);
    cells_equal_rows(d.db);
    for (int level = 10; level <= 3600; level *= level == 60 ? 60 : 6) {
        char sql[80];
        (void)snprintf(sql, sizeof sql,
                       "SELECT sum(n) FROM edge_cell WHERE level=%d", level);
        assert_int_equal(ask_number(d.db, sql), 3 * ROWS);
    }
    assert_int_equal(
        ask_number(d.db, "SELECT count(*)-count(DISTINCT key) FROM service"),
        0);
    dir_remove(&d);
}

/* --- a full disk --- */

static void fill_the_disk(const char *db)
{
    struct maker m = {.seed = 5};
    struct mt_writer_options o = {.batch_rows = 256};
    struct mt_writer *w;
    (void)signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {512 << 10, 512 << 10};
    if (mt_writer_open(&w, db, &o) != 0 || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(1);
    int rc = 0;
    for (int i = 0; rc == 0 && i < 100000; i++)
        rc = mt_writer_add(w, make(&m, T0 + i * MS));
    if (mt_writer_add(w, make(&m, T0)) != rc) /* sticky */
        _exit(2);
    int closed = mt_writer_close(w, T0);
    if (rc != MT_STORE_EFULL || closed != rc)
        (void)fprintf(stderr, "%d %d %s\n", rc, closed, "");
    _exit(rc == MT_STORE_EFULL && closed == rc ? 0 : 3);
}

static void test_full_disk_keeps_what_was_committed(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    int status = run_child(fill_the_disk, d.db);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_string_equal(ask_text(d.db, "PRAGMA integrity_check"), "ok");
    assert_true(ask_number(d.db, "SELECT count(*) FROM exchange") >= 256);
    cells_equal_rows(d.db);
    dir_remove(&d);
}

/* Asked again and again: there is room the fourth time, or nobody waits. */
struct full_disk {
    int asked, room_at;
};

static bool ask_again(void *arg)
{
    struct full_disk *f = arg;
    const struct rlimit room = {RLIM_INFINITY, RLIM_INFINITY};
    if (++f->asked < f->room_at)
        return true;
    return f->room_at > 0 && setrlimit(RLIMIT_FSIZE, &room) == 0;
}

static void no_pause(void *arg, int64_t ns)
{
    (void)arg;
    (void)ns;
}

static void wait_for_room(const char *db)
{
    struct maker m = {.seed = 5};
    struct full_disk f = {.room_at = 4};
    struct mt_writer_options o = {.kind = MT_WRITER_TAP,
                                  .batch_rows = 256,
                                  .now_ns = T0,
                                  .pause = no_pause,
                                  .full = ask_again,
                                  .full_arg = &f};
    struct mt_writer *w;
    (void)signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {512 << 10, RLIM_INFINITY};
    if (mt_writer_open(&w, db, &o) != 0 || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(1);
    int rc = 0;
    for (int i = 0; rc == 0 && i < ROWS; i++)
        rc = mt_writer_add(w, make(&m, T0 + i * MS));
    if (rc != 0 || f.asked != 4 || mt_writer_commit(w, T0 + S) != 0)
        _exit(2);
    /* full again: nobody waits at the end */
    f = (struct full_disk){.room_at = -1};
    const struct rlimit tight = {64 << 10, RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &tight) != 0)
        _exit(3);
    (void)mt_writer_add(w, make(&m, T0));
    if (mt_writer_commit(w, T0 + 2 * S) != MT_STORE_EFULL || f.asked != 1)
        _exit(4);
    bool told = strstr(mt_writer_detail(w), "full") != NULL ||
                strstr(mt_writer_detail(w), "disk") != NULL;
    mt_writer_abort(w);
    _exit(told ? 0 : 5);
}

static void test_full_disk_is_waited_for(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    int status = run_child(wait_for_room, d.db);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_string_equal(ask_text(d.db, "PRAGMA integrity_check"), "ok");
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM exchange"), ROWS);
    cells_equal_rows(d.db);
    dir_remove(&d);
}

/* --- equal input, equal tables --- */

static char *dump(const char *db, const char *sql)
{
    size_t size = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);
    sqlite3 *h;
    sqlite3_stmt *st;
    assert_non_null(out);
    assert_int_equal(sqlite3_open_v2(db, &h, SQLITE_OPEN_READONLY, NULL), 0);
    if (sqlite3_prepare_v2(h, sql, -1, &st, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(h));
    while (sqlite3_step(st) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(st); i++) {
            const uint8_t *bytes = sqlite3_column_blob(st, i);
            for (int j = 0; j < sqlite3_column_bytes(st, i); j++)
                (void)fprintf(out, "%02x", bytes[j]);
            (void)fputc('|', out);
        }
        (void)fputc('\n', out);
    }
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
    assert_int_equal(sqlite3_close(h), SQLITE_OK);
    (void)fclose(out);
    return text;
}

static void test_equal_input_gives_equal_tables(void **state)
{
    (void)state;
    static const char *const tables[] = {
        "exchange",  "shape",      "conn",         "trace",         "packets",
        "source",    "service",    "service_name", "edge",          "route",
        "edge_cell", "route_cell", "fold",         "open_exchange", "loss"};
    struct dir a, b;
    dir_make(&a);
    dir_make(&b);
    write_rows(a.db, 11, ROWS, BATCH);
    write_rows(b.db, 11, ROWS, BATCH);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        char sql[80];
        (void)snprintf(sql, sizeof sql, "SELECT * FROM %s", tables[i]);
        char *left = dump(a.db, sql), *right = dump(b.db, sql);
        if (strcmp(left, right) != 0)
            fail_msg("table %s differs", tables[i]);
        free(left);
        free(right);
    }
    dir_remove(&a);
    dir_remove(&b);
}

/* --- open exchanges, losses --- */

static int count_open(void *arg, const struct mt_open_row *row)
{
    int *n = arg;
    (*n)++;
    assert_string_equal(row->method, "GET");
    assert_string_equal(row->path, "/cart");
    return 0;
}

static void test_open_row_ends_with_its_exchange(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w =
        writer_open(d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP});
    for (uint64_t i = 1; i <= 300; i++) {
        struct mt_exchange x = simple(0);
        x.conn = i % 7;
        x.stream = i;
        x.req.start_ns = T0 + (int64_t)i;
        x.resp = (struct mt_message){.start_ns = 0};
        assert_int_equal(mt_writer_open_exchange(w, &x, T0 + 2 * S), 0);
    }
    assert_int_equal(mt_writer_commit(w, T0 + 2 * S), 0);
    int n = 0;
    assert_int_equal(mt_query_running(mt_writer_store(w), NULL, count_open, &n),
                     0);
    assert_int_equal(n, 300);
    for (uint64_t i = 1; i <= 300; i++) {
        struct mt_exchange x = simple(T0 + 3 * S);
        x.conn = i % 7;
        x.stream = i;
        if (i % 3 == 0)
            assert_int_equal(mt_writer_open_dropped(w, x.conn, x.stream), 0);
        else
            writer_add(w, &x);
    }
    n = 0;
    assert_int_equal(mt_writer_commit(w, T0 + 3 * S), 0);
    assert_int_equal(mt_query_running(mt_writer_store(w), NULL, count_open, &n),
                     0);
    assert_int_equal(n, 0);
    writer_close(w);
    dir_remove(&d);
}

static void test_a_dead_writers_open_rows_are_abandoned(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    const struct mt_writer_options tap = {.kind = MT_WRITER_TAP, .now_ns = T0};
    struct mt_writer *w = writer_open(d.db, tap);
    for (uint64_t i = 1; i <= 3; i++) {
        struct mt_exchange x = simple(0);
        x.stream = i;
        x.authority = MT_SPAN("hung");
        x.status = 0;
        x.req.start_ns = T0;
        x.resp = (struct mt_message){.start_ns = 0};
        assert_int_equal(mt_writer_open_exchange(w, &x, T0 + 2 * S), 0);
    }
    assert_int_equal(mt_writer_commit(w, T0 + 2 * S), 0);
    mt_writer_abort(w);

    struct mt_writer_options later = tap; /* it may still be alive */
    later.now_ns = T0 + 20 * S;
    writer_close(writer_open(d.db, later));
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM open_exchange"), 3);
    later.now_ns = T0 + 60 * S;
    writer_close(writer_open(d.db, later));
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM open_exchange"), 0);
    assert_string_equal(
        ask_text(d.db, "SELECT count(*)||' '||error_type||' '||outcome||' '||"
                       "server_service||' '||path FROM exchanges"),
        "3 abandoned unknown hung /cart");
    cells_equal_rows(d.db);
    writer_close(writer_open(d.db, later)); /* once is enough */
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM exchange"), 3);
    dir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field_comes_back),
        cmocka_unit_test(test_the_view_reads_in_plain_sqlite),
        cmocka_unit_test(test_killed_between_commits),
        cmocka_unit_test(test_two_writers_at_once),
        cmocka_unit_test(test_full_disk_keeps_what_was_committed),
        cmocka_unit_test(test_full_disk_is_waited_for),
        cmocka_unit_test(test_equal_input_gives_equal_tables),
        cmocka_unit_test(test_open_row_ends_with_its_exchange),
        cmocka_unit_test(test_a_dead_writers_open_rows_are_abandoned),
    };
    return cmocka_run_group_tests_name("store/writer", tests, NULL, NULL);
}
