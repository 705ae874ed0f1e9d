/**
 * stream.h - exchanges to those who follow, as server-sent events.
 *
 * One thread looks for new rows, reads each once, and puts it into the backlog
 * of every stream whose filter it passes. A backlog is bounded: what does not
 * fit is counted and told in one `lost` event, and the stream goes on; a slow
 * client slows nobody. Who resumes gets what was written since, at the pace at
 * which it reads. Streams are added, read and removed by the thread that has
 * the connections; that one sleeps (a connection is suspended) while a backlog
 * is empty, and is woken.
 *
 *     st = mt_web_stream_add(s, &options, &why);     // NULL: a problem
 *     n = mt_web_stream_read(st, to, size);          // 0: it sleeps now
 *     mt_web_stream_remove(st);
 */
#ifndef MT_WEB_STREAM_H
#define MT_WEB_STREAM_H

#include "web/answer.h"

struct mt_web_streams;
struct mt_web_stream;

struct mt_web_stream_options {
    const struct mt_web_params *params; /* copied */
    struct mt_span last_event_id;       /* of the header; of length 0: none */
    void (*sleep)(void *arg);           /* called by read() */
    void (*wake)(void *arg);            /* called by the thread of streams */
    void *arg;
};

/* Opens the database. 0 or a code of mt_store_rc. */
int mt_web_streams_open(struct mt_web_streams **out,
                        const struct mt_web_site *site);

/* 0 or -errno. */
int mt_web_streams_start(struct mt_web_streams *s);

/* End all streams: they are woken, and what they read is the end. None is added
 * any more. Called before stop, once. */
void mt_web_streams_end(struct mt_web_streams *s);

/* When every stream was removed. NULL is fine. */
void mt_web_streams_stop(struct mt_web_streams *s);

struct mt_web_stream *mt_web_stream_add(struct mt_web_streams *s,
                                        const struct mt_web_stream_options *o,
                                        struct mt_web_problem *why);

/* Bytes for the client: how many, 0 where there are none now, -1 at the end. */
int mt_web_stream_read(struct mt_web_stream *st, char *to, size_t size);

void mt_web_stream_remove(struct mt_web_stream *st);

#endif
