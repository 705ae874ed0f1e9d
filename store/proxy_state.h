/**
 * proxy_state.h - what the breakers and budgets of proxies are at.
 *
 * A proxy tells its writer, once a second, what has changed; the database has
 * the newest state alone, of each writer, and queries (query.h) say whether
 * that writer is still at work: what a dead one said is never shown as live.
 *
 *     mt_writer_endpoint(w, &(struct mt_endpoint_state){...});
 *     mt_writer_budget(w, &(struct mt_budget_state){...});
 *     ...
 *     struct mt_proxies p;
 *     rc = mt_query_proxies(store, wall_ns, &p);
 *     mt_proxies_free(&p);
 *
 * Plain values with their texts in them, NUL behind each; what is longer is
 * cut. Bounded: MT_PROXY_STATE_MAX rows of each kind and writer.
 */
#ifndef MT_STORE_PROXY_STATE_H
#define MT_STORE_PROXY_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MT_PROXY_STATE_MAX = 1024,
    MT_STATE_NAME_BYTES = 256,
    MT_STATE_PLACE_BYTES = 64,
    MT_STATE_REASON_BYTES = 128,
};

/* Stored numbers: append only. X(NAME, "text", help) */
#define MT_ENDPOINT_STATES(X)                                        \
    X(CLOSED, "closed", "it takes requests")                         \
    X(OPEN, "open", "it is left alone until its time is over")       \
    X(DUE, "due", "its time is over: the next request is its probe") \
    X(PROBING, "probing", "one request tries whether it is back")    \
    X(KEPT, "kept in", "it fails, but no more endpoints may be out")

enum mt_endpoint_state_kind {
#define X(name, text, help) MT_ENDPOINT_##name,
    MT_ENDPOINT_STATES(X)
#undef X
        MT_ENDPOINT_STATE_COUNT
};

const char *mt_endpoint_state_text(unsigned state); /* "?" above the last */

/* X(NAME, "text", help): whether a state may be believed. */
#define MT_PROXY_LIVES(X)                                  \
    X(LIVE, "live", "its proxy is at work")                \
    X(SILENT, "silent", "nothing was heard of it for 5 s") \
    X(ENDED, "ended", "its proxy has ended")

enum mt_proxy_life {
#define X(name, text, help) MT_PROXY_##name,
    MT_PROXY_LIVES(X)
#undef X
        MT_PROXY_LIFE_COUNT
};

const char *mt_proxy_life_text(unsigned life);

struct mt_endpoint_state {
    char service[MT_STATE_NAME_BYTES];
    char endpoint[MT_STATE_PLACE_BYTES]; /* "10.0.0.5:8080" */
    char reason[MT_STATE_REASON_BYTES];  /* why, in words; "" where closed */
    int64_t until_ns;                    /* OPEN, PROBING: Unix time; 0 none */
    int64_t latency_ns;                  /* as its balancer estimates it */
    uint32_t running;                    /* tries now */
    uint32_t conns;                      /* connections to it now */
    uint8_t state;                       /* enum mt_endpoint_state_kind */
    bool gone;                           /* told to a writer: it is no more */
};

/* The share of retries that routes to a service have. */
struct mt_budget_state {
    char service[MT_STATE_NAME_BYTES];
    char rule[MT_STATE_NAME_BYTES]; /* its route; "": the whole process's */
    uint32_t percent, min_per_s;
    uint32_t spent, allowed; /* retries of the last seconds, and at most */
    uint64_t denied;         /* retries that were not, for it; so far */
    bool gone;
};

/* One of an answer. */
struct mt_endpoint_row {
    struct mt_endpoint_state is;
    int64_t writer;
    int64_t now_ns;   /* of the question */
    int64_t heard_ns; /* when its writer was last heard of */
    uint8_t life;     /* enum mt_proxy_life */
};

struct mt_budget_row {
    struct mt_budget_state is;
    int64_t writer;
    int64_t now_ns, heard_ns;
    uint8_t life;
};

/* All that is known; by service, then name, then writer. */
struct mt_proxies {
    struct mt_endpoint_row *endpoints;
    struct mt_budget_row *budgets;
    size_t endpoints_count, budgets_count;
    bool more; /* beyond what is read at once */
};

void mt_proxies_free(struct mt_proxies *p);

#endif
