/**
 * writer_impl.h - private to store/writer*.c: what a writer holds.
 *
 * Between transactions all is in memory: rows with their texts, the tally of
 * cells, connections, open exchanges, losses. writer_flush.c writes it in one
 * transaction, in which the ids are given.
 */
#ifndef MT_STORE_WRITER_IMPL_H
#define MT_STORE_WRITER_IMPL_H

#include "base/ring.h"
#include "decode/codec.h"
#include "store/open.h"
#include "store/proxied.h"
#include "store/retention.h"
#include "store/rollup.h"
#include "store/shape.h"
#include "store/writer.h"

enum {
    MT_PENDING_BYTES = 8 << 20,   /* texts of one batch; flushed before */
    MT_PENDING_ROW_MAX = 1 << 20, /* texts of one exchange; clipped above */
    MT_CONN_SLOTS = 65536,        /* see mt_writer_conn_place() */
    MT_CONN_REFRESH_S = 60,       /* conn.last_ns is at most this old */
    MT_OPEN_SLOTS = 65536,
    MT_OPEN_MAX = MT_OPEN_SLOTS / 2,
    MT_HOLD_TICKS = 64,   /* commits that a tap waits for a proxy's word */
    MT_WRITER_SHIFT = 40, /* conn ids: (writer - 1) << 40 | number */
};

/* Bytes in mt_writer.bytes. */
struct mt_piece {
    uint32_t at, len;
};

/* One row of `exchange`, and what hangs on its id. */
struct mt_pending {
    int64_t end_ns;
    int64_t dur, ttfb, req;
    uint64_t conn, stream;
    uint64_t rq_hdr, rq_body, rp_hdr, rp_body;
    struct mt_piece path, ext, refs, trace;
    uint32_t shape;
    bool has_dur, has_ttfb, has_req, has_path;
};

struct mt_conn_row {
    struct mt_addr client, server;
    uint64_t conn;
    int64_t ns;
    int64_t hop_of;   /* id of the connection that this one is a copy of; 0 */
    int64_t ended_ns; /* 0 not known */
    int64_t handshake_ns;
    struct mt_piece sni, alpn;
    uint16_t tls_version, cipher_suite;
    uint8_t alert;
    bool resumed, has_tls;
};

struct mt_conn_slot {
    uint64_t conn;
    int64_t written_ns;
    int64_t hop_of; /* of the proxy's connection that it is a copy of; 0 */
    uint32_t edge;  /* of its newest exchange */
    bool used, has_tls;
    bool counted; /* in the edge's connections that last */
};

struct mt_open_op {
    uint64_t conn, stream;
    int64_t start_ns, seen_ns;
    uint64_t told[2]; /* bytes that cells have already, by role */
    struct mt_piece method, authority, path;
    uint32_t edge;
    uint16_t status;
    bool ended;
};

/* What a total grew by in one second. */
struct mt_loss_op {
    int64_t ns;
    uint64_t n;
    uint32_t row; /* of the batch, before which it happened */
    uint8_t loss;
};

enum { MT_LOSS_OPS_MAX = 256 };

struct mt_source_slot {
    char *path;
    struct mt_source_info info; /* its path is not set */
    bool known, dirty;
};

enum { MT_SOURCES_MAX = 65536 };

enum { MT_STATE_OPS_MAX = 256 };

/* States that changed and are not written yet. */
struct mt_state_ops {
    struct mt_endpoint_state endpoints[MT_STATE_OPS_MAX];
    struct mt_budget_state budgets[MT_STATE_OPS_MAX];
};

struct mt_writer {
    struct mt_writer_options options;
    struct mt_store store;
    struct mt_pool pool;
    struct mt_services *services;
    struct mt_shapes shapes;
    struct mt_tally tally;
    struct mt_rollup rollup;
    struct mt_retention retention;
    struct mt_routes *routes;
    int64_t id;  /* row of `writer` */
    int64_t seq; /* of its last batch */
    int rc;      /* sticky */

    struct mt_pending *rows;
    uint32_t rows_count, rows_max;
    uint8_t *bytes;
    uint32_t bytes_used;
    int64_t first_id, base_ns; /* of the batch being written */

    struct mt_conn_row *conns; /* new or refreshed */
    uint32_t conns_count, conns_max;
    struct mt_conn_slot *conn_slots;

    struct mt_open_op *opens;
    uint32_t opens_count, opens_max;
    struct mt_conn_stream {
        uint64_t conn, stream;
        uint64_t told[2]; /* bytes that cells have already, by role */
        uint32_t edge;
        bool used, waits;
    } * open_slots;
    uint32_t open_count;

    struct mt_proxied proxied;
    struct mt_ring *hold; /* what waits; NULL until something does */
    struct mt_codec_scratch hold_scratch;
    uint64_t ticks;                 /* commits so far, of which the newest */
    int64_t tick_ns[MT_HOLD_TICKS]; /* were then */
    bool gives_told; /* what proxies at work have told of, or would have */
    bool awaited;    /* a tap waits for this proxy's word */
    int64_t hop_of;  /* of the exchange at hand; 0 */

    struct mt_source_slot *sources;
    uint32_t sources_count;
    bool sources_dirty;
    uint64_t losses[MT_LOSS_COUNT], own_losses[MT_LOSS_COUNT]; /* of these */
    uint32_t losses_dirty;                                     /* bits */
    struct mt_loss_op loss_ops[MT_LOSS_OPS_MAX];
    uint32_t loss_ops_count;
    struct mt_state_ops *states; /* NULL until there are some */
    uint32_t endpoints_count, budgets_count;
    uint32_t sampled, sampled_written; /* one of so many connections */
    int64_t newest_ns;
    int64_t now_ns;

    sqlite3_stmt *begin, *commit, *next_id, *put_rows, *put_batch, *put_trace,
        *put_packets, *put_conn, *put_open, *drop_open, *put_source, *put_loss,
        *put_loss_time, *beat, *others;
    uint32_t *order; /* scratch: cells of the tally */
    struct mt_writer_stats stats;
};

/* writer_rows.c */
int mt_writer_register_rows(struct mt_writer *w);
int mt_writer_put_rows(struct mt_writer *w);
/* Fill the next row of the buffer; shape and room are there. */
void mt_writer_fill_row(struct mt_writer *w, const struct mt_exchange *x,
                        uint32_t shape);
/* Copy bytes into the batch; an empty piece when they are too many. */
struct mt_piece mt_writer_keep(struct mt_writer *w, struct mt_span bytes);
struct mt_span mt_writer_piece(const struct mt_writer *w,
                               struct mt_piece piece);

/* writer_conn.c */
int64_t mt_writer_conn_id(const struct mt_writer *w, uint64_t conn);
struct mt_conn_slot *mt_writer_conn_place(struct mt_writer *w, uint64_t conn);
int mt_writer_put_conns(struct mt_writer *w);
/* Note the connection; returns whether it is new. */
bool mt_writer_note_conn(struct mt_writer *w, const struct mt_exchange *x);

/* writer.c, writer_open.c, writer_sat.c: the public ones, without waiting */
int mt_writer_add_now(struct mt_writer *w, const struct mt_exchange *x);
int mt_writer_open_now(struct mt_writer *w, const struct mt_exchange *x,
                       int64_t now_ns);
int mt_writer_dropped_now(struct mt_writer *w, uint64_t conn, uint64_t stream);
int mt_writer_report_now(struct mt_writer *w,
                         const struct mt_conn_report *report);

/* writer_hold.c */

/* Learn which proxies write the same database, and what they have. */
int mt_writer_meet(struct mt_writer *w);
/* Put *shadow in the place of *x where a proxy counts it, and set w->hop_of. */
int mt_writer_observe(struct mt_writer *w, const struct mt_exchange **x,
                      struct mt_exchange *shadow);
/* All that was added had ended by now_ns: give what proxies have told of. */
int mt_writer_hold_tick(struct mt_writer *w, int64_t now_ns);
/* Nothing more is added: wait for the proxies, a second at most; give all. */
int mt_writer_hold_end(struct mt_writer *w, int64_t now_ns);

/* writer_sat.c */

/* Commit if the tally has no room for one more cell of an edge alone. */
int mt_writer_room(struct mt_writer *w);
/* The requests of an edge that are open for long became more or fewer. */
void mt_writer_note_open(struct mt_writer *w, uint32_t edge, int change,
                         int64_t ns);
/* NULL: none of the newest. */
struct mt_conn_slot *mt_writer_conn_slot(struct mt_writer *w, uint64_t conn);
/* The slot is given up, or its connection is over. */
void mt_writer_forget_conn(struct mt_writer *w, struct mt_conn_slot *slot);
/* The edge that a connection's reports count for. */
void mt_writer_set_edge(struct mt_writer *w, uint64_t conn, uint32_t edge);

/* Cells have so many bytes of what ends at ns on the edge: they count less. */
void mt_writer_untell(struct mt_writer *w, uint32_t edge, int64_t ns,
                      const uint64_t told[2]);

/* writer_open.c */

/* An open exchange is over. Sets told to the bytes that cells have of it. */
void mt_writer_end_open(struct mt_writer *w, uint64_t conn, uint64_t stream,
                        uint64_t told[2]);
int mt_writer_put_opens(struct mt_writer *w);
int mt_writer_put_sources(struct mt_writer *w);

/* writer_loss.c */

/* Lost by the writer itself, beside the totals of mt_writer_loss(). */
int mt_writer_lose(struct mt_writer *w, enum mt_loss loss, uint64_t n,
                   int64_t now_ns);
int mt_writer_put_losses(struct mt_writer *w);

/* writer_proxy.c */
int mt_writer_put_states(struct mt_writer *w);
int mt_writer_drop_states(struct mt_writer *w);

/* writer_bury.c */
int mt_writer_bury(struct mt_writer *w);

/* writer_flush.c */
int mt_writer_prepare(struct mt_writer *w);
void mt_writer_finalize(struct mt_writer *w);
int mt_writer_begin(struct mt_writer *w);
/* Commit, or roll back when rc is not 0. Returns the first error. */
int mt_writer_end(struct mt_writer *w, int rc);
int mt_writer_put_all(struct mt_writer *w);
void mt_writer_committed(struct mt_writer *w);
int mt_writer_flush(struct mt_writer *w, int64_t now_ns);
/* Sleeps, by the writer's option. */
void mt_writer_pause(const struct mt_writer *w, int64_t ns);
int mt_writer_fold(struct mt_writer *w, int64_t until_ns, int slices);
/* How folding or retention ended: 0 or a code. On a full disk they go on when
 * the next flush has found room. */
int mt_writer_tended(struct mt_writer *w, int rc);

#endif
