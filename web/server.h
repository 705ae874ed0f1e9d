/**
 * server.h - the page and its API over HTTP, from one database.
 *
 * Threads: one has all connections (libmicrohttpd, polled by us), reads heads,
 * answers files at once, and never waits; a few ask the database (pool.h); one
 * follows new rows for all streams (stream.h). A connection whose question
 * runs, or whose stream has nothing to say, is suspended: it costs no thread.
 *
 *     int fd = mt_web_listen(&address);
 *     rc = mt_web_open(&w, &site, fd);        // takes fd, opens the database
 *     if (rc == 0)
 *         rc = mt_web_start(w);               // its threads
 *     ... until it is enough ...
 *     mt_web_stop(w);
 *
 * Once it is open nothing more is: who gives up rights does so in between, and
 * needs no call afterwards that opens anything but connections that come.
 *
 * Bounds: limits.h. Who may ask: guard.h. What is asked: docs/api.md.
 */
#ifndef MT_WEB_SERVER_H
#define MT_WEB_SERVER_H

#include "web/site.h"

struct mt_web;

/* site is copied; what it points to is borrowed until mt_web_stop(). 0 or a
 * code of mt_store_rc: *out then is to be stopped all the same. fd is taken in
 * every case. */
int mt_web_open(struct mt_web **out, const struct mt_web_site *site, int fd);

/* 0 or -errno. */
int mt_web_start(struct mt_web *w);

/* What runs is answered, streams are ended. NULL is fine. */
void mt_web_stop(struct mt_web *w);

#endif
