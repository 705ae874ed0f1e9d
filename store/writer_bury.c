/* What a dead writer left open becomes rows: nobody else will end them. */
#include <string.h>

#include "decode/outcome.h"
#include "store/writer_impl.h"

enum {
    DEAD_AFTER_S = 30, /* without a heartbeat */
    BURY_MAX = 4096,   /* rows at once; the next writer takes the rest */
};

/* Numbers that no connection of this writer's own has. */
#define GRAVE (UINT64_C(1) << (MT_WRITER_SHIFT - 1))

static struct mt_exchange exchange_of(sqlite3_stmt *st, uint64_t number)
{
    struct mt_exchange x = {
        .end_ns = sqlite3_column_int64(st, 1),
        .conn = GRAVE + number,
        .stream = (uint64_t)sqlite3_column_int64(st, 2),
        .status = (uint16_t)sqlite3_column_int(st, 3),
        .grpc_status = MT_GRPC_STATUS_NONE,
        .half = MT_HALF_REQUEST,
        .error = MT_ERROR_ABANDONED,
        .method = mt_column_text(st, 4),
        .authority = mt_column_text(st, 5),
        .path = mt_column_text(st, 6),
        .protocol = (uint8_t)sqlite3_column_int(st, 7),
        .kind = (uint8_t)sqlite3_column_int(st, 8),
        .observer = (uint8_t)sqlite3_column_int(st, 9),
    };
    x.req.start_ns = sqlite3_column_int64(st, 0);
    x.req.body_bytes = (uint64_t)sqlite3_column_int64(st, 14);
    x.resp.body_bytes = (uint64_t)sqlite3_column_int64(st, 15);
    x.client.addr = mt_column_addr(st, 10, 11);
    x.server.addr = mt_column_addr(st, 12, 13);
    const struct mt_outcome_rule *rule = mt_outcome_of(&x);
    x.outcome = rule->outcome;
    return x;
}

/* The open rows of the dead, in their own order. */
#define OF_THE_DEAD                                                       \
    "FROM open_exchange WHERE writer IN (SELECT id FROM writer WHERE "    \
    "closed_ns IS NULL AND heartbeat_ns<?1) ORDER BY writer,conn,stream " \
    "LIMIT ?2"

/* Its bytes were counted as they came. */
static void untell(struct mt_writer *w, const struct mt_exchange *x)
{
    const struct mt_conn_slot *slot = mt_writer_conn_slot(w, x->conn);
    const uint64_t told[2] = {x->req.body_bytes, x->resp.body_bytes};
    if (w->rc == 0 && slot != NULL)
        mt_writer_untell(w, slot->edge, x->end_ns, told);
}

static int take_open(struct mt_writer *w, int64_t before_ns, int64_t rows)
{
    sqlite3_stmt *st = NULL;
    int rc = mt_store_prepare(
        w->store.db, &st,
        "SELECT o.start_ns,o.seen_ns,o.stream,o.status,o.method,o.authority,"
        "o.path,g.protocol,g.kind,g.observer,n.client_addr,n.client_port,"
        "n.server_addr,n.server_port,o.req_bytes,o.resp_bytes FROM (SELECT "
        "* " OF_THE_DEAD
        ") o JOIN edge g ON g.id=o.edge JOIN conn n ON n.id=o.conn");
    int step = SQLITE_DONE;
    if (rc == 0) {
        (void)sqlite3_bind_int64(st, 1, before_ns);
        (void)sqlite3_bind_int64(st, 2, rows);
    }
    uint64_t number = 0;
    while (rc == 0 && (step = sqlite3_step(st)) == SQLITE_ROW) {
        struct mt_exchange x = exchange_of(st, number++);
        rc = mt_writer_add_now(w, &x);
        untell(w, &x);
    }
    if (rc == 0)
        rc = mt_store_rc_of(w->store.db, step);
    (void)sqlite3_finalize(st);
    return rc;
}

static int forget(struct mt_writer *w, int64_t before_ns, int64_t rows)
{
    static const char *const sql[] = {
        "DELETE FROM open_exchange WHERE (writer,conn,stream) IN (SELECT "
        "writer,conn,stream " OF_THE_DEAD ")",
        "UPDATE writer SET closed_ns=heartbeat_ns WHERE closed_ns IS NULL AND "
        "heartbeat_ns<?1 AND id NOT IN (SELECT writer FROM open_exchange) "
        "AND ?2>0"};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof sql / sizeof sql[0]; i++) {
        sqlite3_stmt *st = NULL;
        rc = mt_store_prepare(w->store.db, &st, sql[i]);
        if (rc == 0) {
            (void)sqlite3_bind_int64(st, 1, before_ns);
            (void)sqlite3_bind_int64(st, 2, rows);
            rc = mt_store_run(st);
        }
        (void)sqlite3_finalize(st);
    }
    return rc;
}

int mt_writer_bury(struct mt_writer *w)
{
    if (w->options.now_ns <= 0)
        return 0;
    int64_t before =
        mt_ns_sub(w->options.now_ns, DEAD_AFTER_S * INT64_C(1000000000));
    int64_t rows = w->rows_max - 1 < BURY_MAX ? w->rows_max - 1 : BURY_MAX;
    int rc = mt_writer_begin(w);
    if (rc != 0)
        return rc;
    /* no flush can come between: the batch has room for all of them */
    rc = take_open(w, before, rows);
    if (rc == 0)
        rc = forget(w, before, rows);
    if (rc == 0)
        rc = mt_writer_put_all(w);
    rc = mt_writer_end(w, rc);
    if (rc == 0)
        mt_writer_committed(w);
    return rc;
}
