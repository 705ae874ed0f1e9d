/**
 * retention.h - private to store/: what is old or too much goes, rows first.
 *
 * One step is one short transaction: a batch of rows with what hangs on
 * them, or a slice of one level's cells. Ages count from the newest row, not
 * from a clock, so that an old capture is not thrown away at once.
 */
#ifndef MT_STORE_RETENTION_H
#define MT_STORE_RETENTION_H

#include <sqlite3.h>
#include <stdint.h>

#include "store/rollup.h"

enum { MT_LOST_MAX = 100000 }; /* losses whose time is kept */

struct mt_retention {
    int64_t rows_age_ns;               /* 0: for ever */
    uint64_t size_bytes;               /* of the file; 0: no limit */
    int64_t cell_age_s[MT_LEVELS_MAX]; /* by level: 1, 10, 60, 3600 s */
};

/* Rows 24 h or 512 MiB, 1 s cells 1 h, 10 s cells 6 h, 60 s cells 7 d. */
struct mt_retention mt_retention_default(void);

/* Bytes of the file that are in use. */
int mt_retention_used(sqlite3 *db, uint64_t *used_bytes, uint64_t *file_bytes);

/**
 * One step. Inside a transaction. Returns 1 if there is more to do at once,
 * 0 if not, or a code.
 */
int mt_retention_step(const struct mt_retention *r, sqlite3 *db,
                      const struct mt_rollup *rollup, int64_t newest_ns);

#endif
