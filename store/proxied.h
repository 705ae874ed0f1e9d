/**
 * proxied.h - private to store/: which connections a proxy has, too.
 *
 * A proxy that writes the same database notes each connection when it is
 * accepted or made. A tap asks here, before the first exchange of a
 * connection is counted, whether a proxy counts it already: the same two
 * endpoints, and lives that overlap (give or take MT_PROXIED_SLACK_NS, as two
 * clocks may disagree).
 *
 * What is known of the proxies' newest connections is kept in memory, and
 * refreshed by their numbers, which only grow in each thread of a proxy.
 * Bounded: of 65 536 the oldest
 * go first, and a tap's copy of those is counted twice.
 */
#ifndef MT_STORE_PROXIED_H
#define MT_STORE_PROXIED_H

#include <sqlite3.h>
#include <stdbool.h>

#include "decode/exchange.h"

enum {
    MT_PROXIED_SETS = 16384,
    MT_PROXIED_WAYS = 4,
    MT_PROXIED_RANGES_MAX = 512, /* threads of proxies */
    MT_PROXIED_FRESH_S = 10,     /* a heartbeat older than that is none */
};

#define MT_PROXIED_SLACK_NS INT64_C(2000000000)

/* The smaller endpoint first: who asks may have the roles the other way. */
struct mt_proxied_conn {
    int64_t id; /* of `conn`; 0 none */
    int64_t first_ns;
    struct mt_addr end[2];
};

struct mt_proxied {
    sqlite3 *db;
    int64_t own; /* the writer that asks */
    sqlite3_stmt *version_of, *proxies, *next, *newer, *life;
    struct {
        int64_t range; /* of ids: one thread's */
        int64_t last;  /* newest connection taken */
    } ranges[MT_PROXIED_RANGES_MAX];
    uint32_t ranges_count;
    /* What ended until then the proxies at work have told of, all of them;
     * INT64_MAX: there is none. */
    int64_t told_ns;
    int64_t version; /* of the database, when it was looked at; 0 never */
    uint64_t count;
    struct mt_proxied_conn *sets; /* NULL until there is a proxy */
};

/* Returns 0 or a code, as do all below. */
int mt_proxied_init(struct mt_proxied *p, sqlite3 *db, int64_t own);
void mt_proxied_deinit(struct mt_proxied *p);

/* Take what the proxies have committed since. Cheap where nobody but the own
 * handle has committed anything. now_ns: the wall clock, against heartbeats.
 * Not while another statement of the handle is at work on the same tables. */
int mt_proxied_refresh(struct mt_proxied *p, int64_t now_ns);

/* The id of a proxy's connection between the endpoints of x that lived while
 * x did; *id is 0 where there is none. */
int mt_proxied_find(struct mt_proxied *p, const struct mt_exchange *x,
                    int64_t *id);

#endif
