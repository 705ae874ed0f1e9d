/**
 * pool.h - the threads that ask the database, so that a slow question stops
 * none but itself.
 *
 * One thread (server.c) has all connections and never waits: a question is put
 * into a bounded queue, its connection sleeps, and the first of a few threads
 * that is free answers it with a read-only handle of its own. All questions of
 * one answer together take at most MT_WEB_QUERY_NS, then SQLite is interrupted.
 * A database that was replaced by another file is opened anew.
 *
 *     rc = mt_web_pool_open(&p, &site);              // opens the database
 *     rc = mt_web_pool_start(p);
 *     if (!mt_web_pool_add(p, &job)) ...             // full: 503
 *     mt_web_pool_stop(p);                           // answers what waits
 */
#ifndef MT_WEB_POOL_H
#define MT_WEB_POOL_H

#include "web/answer.h"

struct mt_web_pool;

/* Lives until done() was called, which a thread of the pool does: then the
 * reply is the job's owner's. */
struct mt_web_job {
    struct mt_web_asked asked;
    struct mt_web_reply reply;
    void (*done)(struct mt_web_job *job);
    struct mt_web_job *next; /* private */
};

/* 0, or a code of mt_store_rc. */
int mt_web_pool_open(struct mt_web_pool **out, const struct mt_web_site *site);

/* 0 or -errno. */
int mt_web_pool_start(struct mt_web_pool *p);

/* False: too many wait. Any thread. */
bool mt_web_pool_add(struct mt_web_pool *p, struct mt_web_job *job);

/* NULL is fine. */
void mt_web_pool_stop(struct mt_web_pool *p);

/* ---- a handle that follows its file ---- */

struct mt_web_handle {
    const struct mt_web_site *site;
    struct mt_store *store;
    uint64_t device, inode; /* of the file that is open */
    int64_t until_ns;       /* of the steady clock: then it is interrupted */
    int64_t leap_ns;
};

/* Opens it where it is not, or another file has taken its place; a question
 * may take MT_WEB_QUERY_NS from now on. 0 or a code. */
int mt_web_handle_begin(struct mt_web_handle *h);
void mt_web_handle_close(struct mt_web_handle *h);

#endif
