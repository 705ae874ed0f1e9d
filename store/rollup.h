/**
 * rollup.h - private to store/: counters of exchanges by time and key.
 *
 * A cell counts what ended in [t, t + 1) * level seconds under one key. Rows
 * are counted in memory as they are added (a tally: one cell a route and
 * second), and written with their rows: to the finest level of edges (1 s)
 * and routes (10 s). Coarser levels are folded out of finer ones in short
 * slices, up to a position (t, key) that is kept in the database; what
 * arrives behind it is added to the coarser levels at once. So a cell is
 * complete at every level at or behind the position, and nothing is ever
 * counted by scanning rows.
 */
#ifndef MT_STORE_ROLLUP_H
#define MT_STORE_ROLLUP_H

#include <sqlite3.h>

#include "base/hist.h"
#include "base/pool.h"
#include "store/query.h"

/* X(column, field of mt_counts): what merges by addition. */
#define MT_CELL_FIELDS(X)         \
    X(n, exchanges)               \
    X(ok, ok)                     \
    X(client_error, client_error) \
    X(failure, failure)           \
    X(s0xx, status[0])            \
    X(s1xx, status[1])            \
    X(s2xx, status[2])            \
    X(s3xx, status[3])            \
    X(s4xx, status[4])            \
    X(s5xx, status[5])            \
    X(timeouts, timeouts)         \
    X(resets, resets)             \
    X(no_response, no_response)   \
    X(refused, refused)           \
    X(retries, retries)           \
    X(gaps, gaps)                 \
    X(midstream, midstream)       \
    X(inferred, inferred)         \
    X(conns, conns)               \
    X(bytes_in, bytes_in)         \
    X(bytes_out, bytes_out)       \
    X(unfinished, unfinished)

/* What the cells of edges have beside: saturation. By addition, and by the
 * greater of two. */
#define MT_EDGE_SUMS(X)                                 \
    X(unanswered, unanswered)                           \
    X(handshakes, handshakes)                           \
    X(handshake_sum_ns, handshake_sum_ns)               \
    X(req_retransmissions, retransmissions[MT_CLIENT])  \
    X(resp_retransmissions, retransmissions[MT_SERVER]) \
    X(client_zero_windows, zero_windows[MT_CLIENT])     \
    X(server_zero_windows, zero_windows[MT_SERVER])

#define MT_EDGE_MAXIMA(X)                 \
    X(handshake_max_ns, handshake_max_ns) \
    X(conns_max, conns_max)               \
    X(open_max, open_max)

struct mt_cell {
    struct mt_counts counts;
    struct mt_hist hist; /* latencies of completed responses */
};

void mt_cell_init(struct mt_cell *c, struct mt_pool *pool);
void mt_cell_deinit(struct mt_cell *c);

/* Latency that counts: of a completed response; else -1. */
int64_t mt_cell_latency_ns(const struct mt_exchange *x);

/* Count x. new_conn: it is the first of its connection. Returns false when
 * its latency found no room in the histogram. */
bool mt_cell_add(struct mt_cell *c, const struct mt_exchange *x, bool new_conn);

/* Returns false when the histogram had no room. */
bool mt_cell_merge(struct mt_cell *c, const struct mt_cell *from);

/* The two key sets, and their levels in seconds, finest first. */
enum mt_keys { MT_KEYS_EDGE, MT_KEYS_ROUTE, MT_KEYS_COUNT };
enum { MT_LEVELS_MAX = 4 };

struct mt_level_set {
    const char *table;
    int count;
    int64_t seconds[MT_LEVELS_MAX];
};

extern const struct mt_level_set mt_levels[MT_KEYS_COUNT];

/* floor(ns / (level s)) */
int64_t mt_cell_time(int64_t ns, int64_t level_s);

/* The columns of a cell in statements: those that both key sets have, with
 * the histogram last, and what edges have behind it (mt_cell_more). */
#define MT_CELL_COLUMN_NAME(column, field) #column ","
#define MT_CELL_SELECT                  \
    MT_CELL_FIELDS(MT_CELL_COLUMN_NAME) \
    "unfinished_max_ns,last_delta_ns,slowest_ns,slowest_id,failed_id,hist"

extern const char *const mt_cell_more[MT_KEYS_COUNT];

/* Read the counts of these columns, which begin at column `at`; start_ns is
 * the cell's own time. Returns the column of the histogram. */
int mt_counts_read(struct mt_counts *n, sqlite3_stmt *st, enum mt_keys keys,
                   int at, int64_t start_ns);

/* The same with the histogram. Returns 0, or a code for one that is none. */
int mt_cell_read(struct mt_cell *c, sqlite3_stmt *st, enum mt_keys keys, int at,
                 int64_t start_ns);

/* Nothing was counted in it. */
bool mt_counts_are_empty(const struct mt_counts *n);

/* --- the tally of one transaction --- */

/* Instead of a route, an edge alone: its route cells do not count it. */
#define MT_TALLY_EDGE (UINT32_C(1) << 31)

struct mt_tally_cell {
    uint32_t route; /* local number, or that of an edge | MT_TALLY_EDGE */
    int64_t second;
    uint64_t slowest_row, failed_row; /* row number + 1; 0 none */
    struct mt_cell cell;
};

struct mt_tally {
    struct mt_pool *pool;
    struct mt_tally_cell *cells;
    uint32_t count, max;
    uint32_t *slots; /* number + 1 */
    uint32_t mask;
    uint64_t lost_latencies;
};

/* max cells. Returns false without memory. */
bool mt_tally_init(struct mt_tally *t, struct mt_pool *pool, uint32_t max);
void mt_tally_deinit(struct mt_tally *t);
void mt_tally_clear(struct mt_tally *t);

/* Count row number `row` of the batch. There must be room: count < max. */
void mt_tally_add(struct mt_tally *t, uint32_t route,
                  const struct mt_exchange *x, uint64_t row, bool new_conn);

/* The counts of an edge in the second of ts_ns. There must be room. */
struct mt_counts *mt_tally_edge(struct mt_tally *t, uint32_t edge,
                                int64_t ts_ns);

/* --- writing --- */

struct mt_rollup {
    sqlite3 *db;
    struct mt_pool *pool;
    sqlite3_stmt *get[MT_KEYS_COUNT], *put[MT_KEYS_COUNT];
    sqlite3_stmt *scan[MT_KEYS_COUNT];
    sqlite3_stmt *fold_get, *fold_put, *newest, *max_key;
    struct {
        int64_t t, key; /* cells before (t, key) are folded */
    } folded[MT_KEYS_COUNT][MT_LEVELS_MAX];
    uint8_t *blob; /* MT_HIST_BLOB_MAX */
    uint64_t lost_latencies;
};

int mt_rollup_init(struct mt_rollup *r, sqlite3 *db, struct mt_pool *pool);
void mt_rollup_deinit(struct mt_rollup *r);

/* At the start of a transaction: positions may have been moved by others. */
int mt_rollup_begin(struct mt_rollup *r);

/* Add `delta` to the cell of key and time (of the finest level), and to the
 * coarser ones already folded there. */
int mt_rollup_put(struct mt_rollup *r, enum mt_keys keys, int64_t t,
                  int64_t key, struct mt_cell *delta);

/**
 * Fold one slice, of at most a few hundred keys, of cells that ended before
 * `until_ns`. Inside a transaction. Returns 1 if there is more to do, 0 if
 * not, or a code.
 */
int mt_rollup_fold(struct mt_rollup *r, int64_t until_ns);

#endif
