/**
 * query_rows.h - private to store/query_row*.c: a scan of rows.
 *
 * Rows are put together from `exchange` and what repeats, which is read once:
 * shapes by id, the newest connections, the batch that a row is in. A filter
 * is asked before a row is put together: once a shape where it looks at
 * nothing else, else on the few columns that it names.
 */
#ifndef MT_STORE_QUERY_ROWS_H
#define MT_STORE_QUERY_ROWS_H

#include "store/filter.h"
#include "store/query_impl.h"

enum {
    SHAPES_MAX = 1 << 18,
    CONN_SLOTS = 1024,
    REFS_MAX = 65536,
    SQL_MAX = MT_FILTER_SQL_MAX + 1024,
    ROW_TEXT_MAX = 1 << 20,
    READER_BYTES = 256 << 20,
    COL_TRACE = 14,
    COL_REFS = 17,
};

enum mt_verdict_of_shape {
    MT_VERDICT_NONE, /* not asked yet */
    MT_VERDICT_PASSES,
    MT_VERDICT_FAILS,
};

struct mt_shape_row {
    int64_t edge, route;
    int64_t client, server;
    struct mt_exchange x; /* its texts live in mt_rows.shape_text */
};

struct mt_conn_info {
    int64_t id; /* 0: free */
    struct mt_addr client, server;
    struct mt_tls tls;
    bool has_tls;
    char sni[256], alpn[64];
};

struct mt_rows {
    struct mt_store *s;
    struct mt_scan scan;
    struct mt_directory directory;
    struct mt_pool pool;
    struct mt_arena shape_text, row_text;
    struct mt_shape_row **shapes; /* by id */
    uint8_t verdicts[SHAPES_MAX]; /* of the filter, by shape; or its kind */
    struct mt_exchange probe;     /* what the filter is asked about */
    struct mt_conn_info *conns;
    sqlite3_stmt *rows, *shape, *conn, *batch, *source;
    struct {
        int64_t first, n, base_ns, writer;
    } in; /* the batch of the current row */
    struct {
        int64_t writer, number, id;
    } from; /* the source found last */
    uint64_t refs[REFS_MAX];
    struct mt_exchange x;
    const struct mt_shape_row *shape_row;
    struct mt_coverage coverage;
    int64_t reached_ns;
    bool partial; /* rows of the asked time are gone */
};

/* The shape of an id, read on first use. */
int mt_rows_shape(struct mt_rows *r, int64_t id, struct mt_shape_row **out);

/* The connection of an id; one whose row is gone has no addresses. */
int mt_rows_conn(struct mt_rows *r, int64_t id,
                 const struct mt_conn_info **out);

/* Make r->in the batch of an id. */
int mt_rows_batch(struct mt_rows *r, int64_t id);

/* Put r->x together from the current row of r->rows. */
int mt_rows_fill(struct mt_rows *r);

/* The times, path and query of a row out of its columns; x->end_ns and
 * x->route are there. */
void mt_rows_set_times(struct mt_exchange *x, bool has_dur, int64_t dur,
                       bool has_ttfb, int64_t ttfb);
void mt_rows_set_path(struct mt_exchange *x, bool has_path,
                      struct mt_span target);

/* Write where rows come from, and the condition that the filter is, or
 * nothing. */
void mt_rows_put_from(struct mt_rows *r, struct mt_buf *sql);
void mt_rows_put_filter(struct mt_rows *r, struct mt_buf *sql);

/* Give the condition its values. Returns 0 or a code. */
int mt_rows_bind_filter(struct mt_rows *r);

/* The function that conditions call; once a database handle. */
int mt_rows_register(sqlite3 *db);

#endif
