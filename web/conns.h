/**
 * conns.h - the connections of a server, by what they wait for: nobody holds
 * one without using it.
 *
 * libmicrohttpd closes a connection that is silent; a byte every two seconds
 * keeps it open. Here a connection that waits for a request (or for the rest of
 * its head) is shut after MT_WEB_HEAD_NS in all, one whose answer is not taken
 * after MT_WEB_SEND_NS, and above the limit the one that has waited longest.
 * Streams and running questions have bounds of their own. One thread.
 */
#ifndef MT_WEB_CONNS_H
#define MT_WEB_CONNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mt_web_conn_state {
    MT_CONN_IDLE,    /* a request is awaited, or being read */
    MT_CONN_SENDING, /* its answer is on its way */
    MT_CONN_BUSY,    /* a question runs, or it is a stream */
    MT_CONN_STATES,
};

struct mt_web_conn {
    struct mt_web_conn *next, *before;
    enum mt_web_conn_state state;
    int64_t since_ns;
    int fd;
    bool shut;
};

struct mt_web_conns {
    struct mt_web_conn lists[MT_CONN_STATES]; /* heads of rings, by age */
    size_t count, most;
    int64_t head_ns;
    uint64_t evicted;
};

void mt_web_conns_init(struct mt_web_conns *c, size_t most, int64_t head_ns);

/* A new connection, idle; it may be another that is shut for it. NULL without
 * memory. */
struct mt_web_conn *mt_web_conn_add(struct mt_web_conns *c, int fd,
                                    int64_t now_ns);

/* Before its descriptor is closed. */
void mt_web_conn_remove(struct mt_web_conns *c, struct mt_web_conn *conn);

void mt_web_conn_set(struct mt_web_conns *c, struct mt_web_conn *conn,
                     enum mt_web_conn_state state, int64_t now_ns);

/* Shut those whose time is up. */
void mt_web_conns_tick(struct mt_web_conns *c, int64_t now_ns);

#endif
