/**
 * open.h - private to store/: the SQLite handle behind mt_store and
 * mt_writer, its settings and its errors.
 */
#ifndef MT_STORE_OPEN_H
#define MT_STORE_OPEN_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/span.h"
#include "store/store.h"

enum {
    MT_PAGE_BYTES = 8192,
    MT_WAL_MAX_BYTES = 64 << 20, /* truncated when it is reset above this */
};

struct mt_store {
    sqlite3 *db;
    struct mt_store_options options;
    int64_t deadline_ns; /* of the question being answered; 0 none */
};

/* Times come from files that anybody may have made: these stay at the end of
 * the range instead of wrapping. */
static inline int64_t mt_ns_sub(int64_t a, int64_t b)
{
    int64_t d;
    return !__builtin_sub_overflow(a, b, &d) ? d
           : a < 0                           ? INT64_MIN
                                             : INT64_MAX;
}

static inline int64_t mt_ns_add(int64_t a, int64_t b)
{
    int64_t sum;
    return !__builtin_add_overflow(a, b, &sum) ? sum
           : a < 0                             ? INT64_MIN
                                               : INT64_MAX;
}

static inline int64_t mt_ns_mul(int64_t a, int64_t b)
{
    int64_t product;
    if (!__builtin_mul_overflow(a, b, &product))
        return product;
    return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
}

/* What an SQLite result means to us; 0 for SQLITE_OK, ROW and DONE. */
int mt_store_rc_of(sqlite3 *db, int sqlite_rc);

/* Take over db, settled for reading. */
int mt_store_wrap(struct mt_store *s, sqlite3 *db,
                  const struct mt_store_options *options);

/* Of a file that is no database: which of MT_STORE_EFOREIGN, EFOLDER and
 * ECAPTURE it is. */
int mt_store_foreign(const char *path);

/* Open, or make, a database for writing: checked, WAL, migrated. */
int mt_store_open_write(sqlite3 **out, const char *path);

/* Start the time that one question may take. */
void mt_store_begin(struct mt_store *s);

int mt_store_exec(sqlite3 *db, const char *sql);

/* A statement kept for the life of its handle. Returns 0 or a code. */
int mt_store_prepare(sqlite3 *db, sqlite3_stmt **st, const char *sql);

/* Run a statement that gives no rows, and reset it. */
int mt_store_run(sqlite3_stmt *st);

/* Bind a span as text; NULL when it is empty and null_if_empty. Borrowed
 * until the statement is reset. */
int mt_bind_span(sqlite3_stmt *st, int at, struct mt_span text,
                 bool null_if_empty);

struct mt_span mt_column_text(sqlite3_stmt *st, int at);
struct mt_span mt_column_blob(sqlite3_stmt *st, int at);

#endif
