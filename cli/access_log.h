/**
 * access_log.h - a line of JSON for each finished request of a proxy.
 *
 *     struct mt_access_log *l;
 *     rc = mt_access_log_open(&l, "access.jsonl", threads);  // or "-"; says
 * why mt_access_log_row(l, thread, x);       // that thread's lane; never waits
 *     mt_access_log_reopen(l);               // on SIGHUP: any thread
 *     mt_access_log_close(l);                // says how many are missing
 *
 * The lines are those of `meshtop export --jsonl` (docs/export.md), of requests
 * alone: tries are in the database. A thread of its own writes them, whole
 * lines at a time. What it is too late for, a full disk and a reader that went
 * away are said once, and counted; proxying goes on. A file that was renamed or
 * removed is made anew within a second, without a signal too.
 */
#ifndef MT_CLI_ACCESS_LOG_H
#define MT_CLI_ACCESS_LOG_H

#include "decode/exchange.h"

enum { MT_ACCESS_LOG_LANES_MAX = 64 };

struct mt_access_log;

/* 0, or an exit code after it was said why. */
int mt_access_log_open(struct mt_access_log **out, const char *path,
                       unsigned lanes);

/* NULL is fine: there is no log. Of one lane by one thread. */
void mt_access_log_row(struct mt_access_log *l, unsigned lane,
                       const struct mt_exchange *x);

/* Soon the file of that name is written: another one, where it was renamed.
 * NULL is fine. */
void mt_access_log_reopen(struct mt_access_log *l);

/* After the last row: what is waiting is written (2 s at most, where a reader
 * does not read). NULL is fine. */
void mt_access_log_close(struct mt_access_log *l);

#endif
