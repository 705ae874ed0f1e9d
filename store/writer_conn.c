/* Connections: rows of `conn`, written when they are new or went on. */
#include <assert.h>

#include "store/writer_impl.h"

int64_t mt_writer_conn_id(const struct mt_writer *w, uint64_t conn)
{
    uint64_t number = conn & ((UINT64_C(1) << MT_WRITER_SHIFT) - 1);
    return (int64_t)((uint64_t)(w->id - 1) << MT_WRITER_SHIFT | number);
}

/* The first connections of all lanes have places of their own. */
struct mt_conn_slot *mt_writer_conn_place(struct mt_writer *w, uint64_t conn)
{
    uint64_t lane = conn >> MT_WRITER_LANE_SHIFT;
    return &w->conn_slots[(conn +
                           lane * (MT_CONN_SLOTS / MT_WRITER_LANES_MAX)) %
                          MT_CONN_SLOTS];
}

static void keep_conn(struct mt_writer *w, const struct mt_exchange *x)
{
    assert(w->conns_count < w->conns_max);
    struct mt_conn_row *c = &w->conns[w->conns_count++];
    *c = (struct mt_conn_row){.client = x->client.addr,
                              .server = x->server.addr,
                              .conn = x->conn,
                              .ns = x->end_ns,
                              .hop_of = w->hop_of,
                              .has_tls = x->tls != NULL};
    if (x->tls == NULL)
        return;
    c->handshake_ns = x->tls->handshake_ns;
    c->tls_version = x->tls->version;
    c->cipher_suite = x->tls->cipher_suite;
    c->alert = x->tls->alert;
    c->resumed = x->tls->resumed;
    c->sni = mt_writer_keep(w, x->tls->sni);
    c->alpn = mt_writer_keep(w, x->tls->alpn);
}

bool mt_writer_note_conn(struct mt_writer *w, const struct mt_exchange *x)
{
    /* numbers are given in order, so the newest 65 536 never collide */
    struct mt_conn_slot *slot = mt_writer_conn_place(w, x->conn);
    bool fresh = !slot->used || slot->conn != x->conn;
    int64_t stale = slot->written_ns + MT_CONN_REFRESH_S * INT64_C(1000000000);
    if (!fresh && x->end_ns < stale && slot->has_tls == (x->tls != NULL))
        return false;
    if (fresh) {
        mt_writer_forget_conn(w, slot);
        *slot = (struct mt_conn_slot){
            .conn = x->conn, .hop_of = w->hop_of, .used = true};
    }
    slot->written_ns = x->end_ns < INT64_MAX / 2 ? x->end_ns : INT64_MAX / 2;
    slot->has_tls = x->tls != NULL;
    if (!w->options.no_rows)
        keep_conn(w, x);
    return fresh;
}

static void bind_tls(sqlite3_stmt *st, const struct mt_writer *w,
                     const struct mt_conn_row *c)
{
    if (!c->has_tls) {
        for (int i = 8; i <= 14; i++)
            (void)sqlite3_bind_null(st, i);
        return;
    }
    (void)sqlite3_bind_int(st, 8, c->tls_version);
    (void)sqlite3_bind_int(st, 9, c->cipher_suite);
    (void)sqlite3_bind_int(st, 10, c->alert);
    (void)sqlite3_bind_int(st, 11, c->resumed);
    (void)sqlite3_bind_int64(st, 12, c->handshake_ns);
    (void)mt_bind_span(st, 13, mt_writer_piece(w, c->sni), false);
    (void)mt_bind_span(st, 14, mt_writer_piece(w, c->alpn), false);
}

static void bind_number(sqlite3_stmt *st, int at, int64_t n)
{
    if (n != 0)
        (void)sqlite3_bind_int64(st, at, n);
    else
        (void)sqlite3_bind_null(st, at);
}

int mt_writer_put_conns(struct mt_writer *w)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < w->conns_count; i++) {
        const struct mt_conn_row *c = &w->conns[i];
        sqlite3_stmt *st = w->put_conn;
        (void)sqlite3_bind_int64(st, 1, mt_writer_conn_id(w, c->conn));
        (void)mt_bind_addr(st, 2, &c->client);
        (void)sqlite3_bind_int(st, 3, c->client.port);
        (void)mt_bind_addr(st, 4, &c->server);
        (void)sqlite3_bind_int(st, 5, c->server.port);
        (void)sqlite3_bind_int64(st, 6, c->ns);
        (void)sqlite3_bind_int64(st, 7, c->ns);
        bind_tls(st, w, c);
        bind_number(st, 15, c->hop_of);
        bind_number(st, 16, c->ended_ns);
        rc = mt_store_run(st);
    }
    return rc;
}

/* --- of the program itself --- */

int mt_writer_conn(struct mt_writer *w, const struct mt_writer_conn *c)
{
    if (w->rc != 0)
        return w->rc;
    if (w->conns_count + 1 >= w->conns_max) {
        int rc = mt_writer_flush(w, w->now_ns);
        if (rc != 0)
            return rc;
    }
    w->conns[w->conns_count++] =
        (struct mt_conn_row){.client = c->client,
                             .server = c->server,
                             .conn = c->conn,
                             .ns = c->ns,
                             .ended_ns = c->ended ? c->ns : 0};
    return 0;
}
