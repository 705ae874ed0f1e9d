/* What the tests of store/ share: a directory of their own, exchanges with
 * every kind of field, and numbers straight out of SQLite. */
#ifndef MT_TESTS_STORE_FIXTURE_H
#define MT_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/query.h"
#include "store/writer.h"

#define T0 INT64_C(1795000000000000000)
#define MS INT64_C(1000000)
#define S INT64_C(1000000000)

struct dir {
    char path[64], db[80];
};

static inline void dir_make(struct dir *d)
{
    (void)snprintf(d->path, sizeof d->path, "/tmp/meshtop-test-XXXXXX");
    assert_non_null(mkdtemp(d->path));
    (void)snprintf(d->db, sizeof d->db, "%s/mesh.db", d->path);
}

static inline void dir_remove(struct dir *d)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", d->path);
    assert_int_equal(system(command), 0);
}

static inline struct mt_addr v4(unsigned a, unsigned b, unsigned c, unsigned d,
                                unsigned port)
{
    struct mt_addr addr = {.port = (uint16_t)port};
    addr.ip[10] = addr.ip[11] = 0xff;
    addr.ip[12] = (uint8_t)a;
    addr.ip[13] = (uint8_t)b;
    addr.ip[14] = (uint8_t)c;
    addr.ip[15] = (uint8_t)d;
    return addr;
}

/* GET /cart of a client to a server, answered after 5 ms. */
static inline struct mt_exchange simple(int64_t end_ns)
{
    struct mt_exchange x = {.end_ns = end_ns,
                            .protocol = MT_PROTOCOL_HTTP11,
                            .outcome = MT_OUTCOME_OK,
                            .status = 200,
                            .grpc_status = MT_GRPC_STATUS_NONE,
                            .conn = 1,
                            .stream = 1,
                            .method = MT_SPAN("GET"),
                            .path = MT_SPAN("/cart"),
                            .route = MT_SPAN("/cart")};
    x.req.start_ns = x.req.end_ns = end_ns - 5 * MS;
    x.resp.start_ns = end_ns - 1 * MS;
    x.resp.end_ns = end_ns;
    x.req.header_bytes = 80;
    x.resp.header_bytes = 120;
    x.resp.body_bytes = 1000;
    x.client.addr = v4(10, 0, 0, 9, 41000);
    x.server.addr = v4(10, 0, 0, 1, 8080);
    return x;
}

static inline struct mt_writer *writer_open(const char *db,
                                            struct mt_writer_options o)
{
    struct mt_writer *w;
    int rc = mt_writer_open(&w, db, &o);
    if (rc != 0)
        fail_msg("open %s: %s", db, mt_store_strerror(rc));
    return w;
}

static inline void writer_add(struct mt_writer *w, const struct mt_exchange *x)
{
    int rc = mt_writer_add(w, x);
    if (rc != 0)
        fail_msg("add: %s (%s)", mt_store_strerror(rc), mt_writer_detail(w));
}

static inline void writer_close(struct mt_writer *w)
{
    int rc = mt_writer_close(w, T0);
    if (rc != 0)
        fail_msg("close: %s", mt_store_strerror(rc));
}

static inline struct mt_store *store_open(const char *db)
{
    struct mt_store *s;
    const struct mt_store_options o = {.clock = NULL};
    int rc = mt_store_open(&s, db, &o);
    if (rc != 0)
        fail_msg("open %s: %s", db, mt_store_strerror(rc));
    return s;
}

/* The first column of the first row, as text into one of a few buffers. */
static inline const char *ask_text(const char *db, const char *sql)
{
    static char results[8][4096];
    static unsigned next;
    char *result = results[next++ % 8];
    sqlite3 *h;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open_v2(db, &h, SQLITE_OPEN_READWRITE, NULL), 0);
    if (sqlite3_prepare_v2(h, sql, -1, &st, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(h));
    int step = sqlite3_step(st);
    const char *text = step == SQLITE_ROW
                           ? (const char *)sqlite3_column_text(st, 0)
                           : "(no row)";
    (void)snprintf(result, 4096, "%s", text != NULL ? text : "(null)");
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
    assert_int_equal(sqlite3_close(h), SQLITE_OK);
    return result;
}

static inline long long ask_number(const char *db, const char *sql)
{
    return strtoll(ask_text(db, sql), NULL, 10);
}

static inline void change(const char *db, const char *sql)
{
    sqlite3 *h;
    assert_int_equal(sqlite3_open(db, &h), SQLITE_OK);
    if (sqlite3_exec(h, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(h));
    assert_int_equal(sqlite3_close(h), SQLITE_OK);
}

/* --- random exchanges --- */

struct maker {
    uint32_t seed;
    struct mt_exchange x;
    struct mt_tls tls;
    struct mt_field fields[3];
    uint64_t packets[8];
    char path[64], host[32], id[32];
};

static inline uint32_t roll(struct maker *m, uint32_t below)
{
    m->seed = m->seed * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)m->seed * below >> 32);
}

static inline struct mt_span text_of(char *buf, size_t size, const char *head,
                                     unsigned n)
{
    (void)snprintf(buf, size, "%s%u", head, n);
    return mt_span_str(buf);
}

static inline void make_times(struct maker *m, int64_t end_ns)
{
    struct mt_exchange *x = &m->x;
    x->end_ns = end_ns;
    switch (roll(m, 8)) {
    case 0: /* never answered */
        x->error = MT_ERROR_NO_RESPONSE;
        x->half = MT_HALF_REQUEST;
        x->outcome = MT_OUTCOME_FAILURE;
        x->req.start_ns = end_ns - (int64_t)roll(m, 3000000) - 1;
        x->req.end_ns = x->req.start_ns + (int64_t)roll(m, 1000);
        break;
    case 1: /* the response alone */
        x->half = MT_HALF_RESPONSE;
        x->outcome = MT_OUTCOME_UNKNOWN;
        x->error = MT_ERROR_ONE_SIDED;
        x->resp.start_ns = end_ns - (int64_t)roll(m, 3000000);
        x->resp.end_ns = end_ns - (int64_t)roll(m, 2);
        break;
    case 2: /* cut off while it was answered */
        x->req.start_ns = x->req.end_ns = end_ns - 9000000;
        x->resp.start_ns = end_ns - 4000000;
        x->error = roll(m, 2) ? MT_ERROR_CAPTURE_END : MT_ERROR_RESET_BY_SERVER;
        x->outcome = MT_OUTCOME_UNKNOWN;
        break;
    case 3: /* the clock went back */
        x->req.start_ns = x->req.end_ns = end_ns + 5000;
        x->resp.start_ns = end_ns - 10;
        x->resp.end_ns = end_ns - 5;
        x->quality = MT_QUALITY_CLOCK_STEP;
        x->outcome = MT_OUTCOME_OK;
        break;
    default:
        x->resp.end_ns = end_ns;
        x->resp.start_ns = end_ns - (int64_t)roll(m, 100000) - 1;
        x->req.end_ns = x->resp.start_ns - (int64_t)roll(m, 50000000);
        x->req.start_ns = x->req.end_ns - (int64_t)roll(m, 1000) - 1;
        x->outcome = roll(m, 5) ? MT_OUTCOME_OK : MT_OUTCOME_FAILURE;
    }
}

static inline void make_rare(struct maker *m)
{
    struct mt_exchange *x = &m->x;
    x->request_id = text_of(m->id, sizeof m->id, "req-", roll(m, 1u << 30));
    x->error_message = MT_SPAN("quote \" slash \\ tab \t nul \0 end \xff.");
    x->dup_packets = roll(m, 3);
    x->req.retransmissions = roll(m, 3);
    x->resp.gap_bytes = roll(m, 2) * 1460;
    x->req.messages = roll(m, 6);
    x->resp.messages = roll(m, 6);
    x->grpc_timeout_ns = roll(m, 2) * S;
    m->fields[0] = (struct mt_field){MT_SPAN("accept"), MT_SPAN("*/*")};
    m->fields[1] = (struct mt_field){MT_SPAN("x"), MT_SPAN("a]b,{\"c\":1}")};
    m->fields[2] = (struct mt_field){MT_SPAN("empty"), MT_SPAN("")};
    x->req_fields = (struct mt_fields){m->fields, roll(m, 4)};
    x->attrs = (struct mt_fields){m->fields + 1, roll(m, 2)};
    for (unsigned i = 0; i < 16; i++)
        x->trace_id[i] = (uint8_t)roll(m, 256);
    x->span_id[7] = 1;
}

/* The i-th of a stream of exchanges; borrowed until the next. */
static inline const struct mt_exchange *make(struct maker *m, int64_t end_ns)
{
    struct mt_exchange *x = &m->x;
    *x = (struct mt_exchange){.grpc_status = MT_GRPC_STATUS_NONE};
    uint32_t conn = roll(m, 40), service = conn % 5;
    x->conn = conn + 1;
    x->stream = roll(m, 1000);
    x->client.addr = v4(10, 0, 1, conn % 7, 40000 + conn);
    x->server.addr = v4(10, 0, 2, service, 8080);
    x->protocol = service == 3 ? MT_PROTOCOL_GRPC : MT_PROTOCOL_HTTP11;
    x->kind = service == 3 && roll(m, 2) ? MT_KIND_STREAM : MT_KIND_UNARY;
    if (service == 4)
        x->observer = (uint8_t)roll(m, MT_OBSERVER_COUNT);
    static const uint16_t statuses[] = {200, 204, 301, 404, 500, 503, 0};
    x->status = statuses[roll(m, 7)];
    x->method = roll(m, 3) ? MT_SPAN("GET") : MT_SPAN("POST");
    x->authority = text_of(m->host, sizeof m->host, "shop-", service);
    x->path = roll(m, 3)
                  ? MT_SPAN("/cart")
                  : text_of(m->path, sizeof m->path, "/item/", roll(m, 100000));
    if (roll(m, 4) == 0)
        x->query = MT_SPAN("q=\xe2\x80\xb9redacted\xe2\x80\xba");
    x->req.header_bytes = roll(m, 500);
    x->resp.body_bytes = roll(m, 100000);
    make_times(m, end_ns);
    if (roll(m, 4) == 0)
        make_rare(m);
    if (roll(m, 3) == 0)
        x->anomalies = MT_ANOMALY_BARE_LF;
    for (unsigned i = 0; i < 8; i++)
        m->packets[i] = (uint64_t)(i / 4) << 48 | (1000 + roll(m, 100000));
    x->packets = m->packets;
    x->packets_count = roll(m, 9);
    if (conn % 3 == 0) {
        m->tls = (struct mt_tls){.version = 0x0304,
                                 .cipher_suite = 0x1301,
                                 .alert = 255,
                                 .handshake_ns = 12345,
                                 .sni = MT_SPAN("shop.example"),
                                 .alpn = MT_SPAN("h2")};
        x->tls = &m->tls;
    }
    return x;
}

#endif
