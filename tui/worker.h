/**
 * worker.h - the thread that asks the database, so that keys never wait.
 *
 *     rc = mt_worker_start(&w, "mesh.db", clock);
 *     mt_worker_ask(w, &request);        // takes the place of one that waits
 *     poll(mt_worker_fd(w));             // readable: something is answered
 *     struct mt_snapshot *a = mt_worker_take(w);
 *     mt_worker_stop(w);
 *
 * It has a handle of the database of its own. A question that is running when
 * another one comes is cut short. Called by one thread.
 */
#ifndef MT_TUI_WORKER_H
#define MT_TUI_WORKER_H

#include "tui/snapshot.h"

struct mt_worker;

enum { MT_WORKER_SAID_BYTES = 512 };

/* clock: steady nanoseconds. 0, or a code of mt_store_rc. */
int mt_worker_start(struct mt_worker **out, const char *path,
                    mt_store_clock *clock);

/* The same in two steps, for who gives up rights in between: the database is
 * open, and no thread runs yet. After a code of begin, stop it. */
int mt_worker_open(struct mt_worker **out, const char *path,
                   mt_store_clock *clock);
int mt_worker_begin(struct mt_worker *w);

/* Who reads packets again: before the first question. */
void mt_worker_reads(struct mt_worker *w, const struct mt_reader *reader);

void mt_worker_stop(struct mt_worker *w); /* NULL is fine */

void mt_worker_ask(struct mt_worker *w, const struct mt_request *request);

/* Write the exchanges of a request into a file that is not there yet. */
void mt_worker_export(struct mt_worker *w, const struct mt_request *request,
                      const char *path);

/* Readable when there is something to take. */
int mt_worker_fd(const struct mt_worker *w);

/* The newest answer, the caller's from then on. False: none came. *out NULL:
 * there was no memory for it. */
bool mt_worker_take(struct mt_worker *w, struct mt_snapshot **out);

/* How an export ended, in words. False: none ended. */
bool mt_worker_said(struct mt_worker *w, char text[MT_WORKER_SAID_BYTES],
                    bool *trouble);

#endif
