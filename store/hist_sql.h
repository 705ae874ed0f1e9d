/**
 * hist_sql.h - histograms (base/hist.h) inside SQL.
 *
 *     hist_merge(blob)        aggregate: one blob of all; NULL of none
 *     hist_quantile(blob, q)  nanoseconds; NULL of an empty one
 *     hist_count(blob)        how many values
 *     hist_sum(blob)          their sum in nanoseconds, at most 2^63 - 1
 *
 * NULL and the empty blob are empty histograms. A blob that is none is an
 * SQL error. Quantiles are mt_hist_quantile's.
 */
#ifndef MT_STORE_HIST_SQL_H
#define MT_STORE_HIST_SQL_H

struct sqlite3;

/* Returns SQLITE_OK or SQLite's error. */
int mt_hist_sql_register(struct sqlite3 *db);

#endif
