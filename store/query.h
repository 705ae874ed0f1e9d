/**
 * query.h - every question that a surface asks of a database.
 *
 * One function a question; no SQL leaves it. Terminal, page and commands all
 * ask here, so that a number shown twice is one number.
 *
 *     struct mt_ask ask = {.filter = filter};           // NULL: everything
 *     mt_query_window(s, &spec, &ask.from_ns, &ask.to_ns);
 *     struct mt_answer a;
 *     rc = mt_query_services(s, &ask, &a);
 *     for (size_t i = 0; i < a.count; i++)
 *         show(&a.rows[i]);
 *     mt_answer_free(&a);
 *
 * Answers come from the cells of rollups where the filter asks only for their
 * keys, else the rows are scanned, newest first, for as long as the handle's
 * read limit allows; coverage says which, and of what time. Services are
 * resolved through their aliases: renamed and merged ones count as one.
 */
#ifndef MT_STORE_QUERY_H
#define MT_STORE_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "decode/exchange.h"
#include "store/store.h"
#include "store/writer.h"

struct mt_filter;   /* filter.h */
struct mt_trace;    /* trace.h */
struct mt_attempts; /* attempts.h */
struct mt_proxies;  /* proxy_state.h */

enum { MT_BOUNDS_MAX = 16 };

/* [from, to) of the moments at which exchanges ended. */
struct mt_ask {
    int64_t from_ns;
    int64_t to_ns;
    const struct mt_filter *filter; /* NULL: all. Borrowed for the call */
    bool attempts;    /* also the rows that golden metrics leave out:
                         proxy_attempt, tap_shadow, and of a service that
                         others call its calls to itself */
    bool entry;       /* series: entry traffic alone */
    bool counts;      /* no latencies are wanted: the answer has none, and
                         takes a fraction of the time */
    bool exact;       /* rows are scanned though cells would do: the window
                         is the asked one to the nanosecond */
    bool by_method;   /* routes: one row a method too (else merged) */
    bool by_endpoint; /* routes: one row an endpoint too */
    const int64_t *bounds_ns; /* count the latencies at or below each of these.
                                 Borrowed for the call; NULL: none */
    size_t bounds_count;      /* at most MT_BOUNDS_MAX */
};

/* Its window is also that of the filter (NULL: none), which need not be
 * ask->filter; never empty. */
void mt_ask_narrow(struct mt_ask *ask, const struct mt_filter *filter);

/* What an answer stands on. */
struct mt_coverage {
    int64_t from_ns, to_ns; /* answered: later than asked if interrupted */
    bool rows;              /* rows were scanned; else cells */
    bool complete;          /* nothing of the asked time is missing */
    uint64_t scanned;       /* rows or cells read */
    uint32_t sample_one_of; /* at times only one of so many connections was
                               decoded; 0 or 1: all were */
};

/* --since, --until, --last; 0 or less: not given. */
struct mt_window_spec {
    int64_t since_ns, until_ns;
    int64_t last_ns;
    int64_t wall_ns; /* the surface's wall clock */
};

/**
 * The window that a spec means: all of the database where nothing is given.
 * "Now" is the wall clock while a writer's heartbeat is fresher than 5 s,
 * else the newest row's end. A moment that is given stays as it is; a stretch
 * before one does not begin before the first thing that the database knows.
 * A window is never empty: to > from.
 */
int mt_query_window(struct mt_store *s, const struct mt_window_spec *spec,
                    int64_t *from_ns, int64_t *to_ns);

/* Now, as above; *live tells whether a writer is at work. */
int mt_query_now(struct mt_store *s, int64_t wall_ns, int64_t *now_ns,
                 bool *live);

enum mt_quantile { MT_P50, MT_P90, MT_P95, MT_P99, MT_P999, MT_QUANTILES };

/* Counters of one group of exchanges. */
struct mt_counts {
    uint64_t exchanges;
    uint64_t ok, client_error, failure; /* the rest is unknown */
    uint64_t status[6]; /* by class: [0] none or odd, [1] 1xx ... */
    uint64_t timeouts;
    uint64_t resets; /* by either side */
    uint64_t no_response;
    uint64_t refused;          /* refused or unanswered connections, too */
    uint64_t retries;          /* attempts beyond the first */
    uint64_t gaps;             /* bytes of theirs are missing in the capture */
    uint64_t midstream;        /* their connection was joined late */
    uint64_t inferred;         /* ~: from the shape of ciphertext */
    uint64_t conns;            /* connections whose first exchange ended here */
    uint64_t bytes_in;         /* requests, headers and bodies */
    uint64_t bytes_out;        /* responses */
    uint64_t unfinished;       /* requests open when the capture ended */
    int64_t unfinished_max_ns; /* the oldest of those: its age then */
    int64_t last_ns;           /* newest end; INT64_MIN none */
    int64_t slowest_ns;        /* latency of slowest_id */
    uint64_t slowest_id;       /* exchange; 0 none */
    uint64_t failed_id;        /* the first failing exchange; 0 none */

    /* saturation: of edges' cells alone (mt_row.saturation). By role: sent by
     * the client, sent by the server */
    uint64_t unanswered;       /* of `refused`: nobody answered */
    uint64_t handshakes;       /* TCP handshakes seen whole */
    uint64_t handshake_sum_ns; /* SYN to the ACK of SYN-ACK */
    uint64_t handshake_max_ns;
    uint64_t retransmissions[2]; /* segments */
    uint64_t zero_windows[2];    /* segments that announced a full buffer */
    uint64_t conns_max; /* most connections open at once, of one edge */
    uint64_t open_max;  /* most requests open for more than 1 s, likewise */
};

/* One row of a table. Texts are "" where they say nothing. */
struct mt_row {
    struct mt_counts counts;
    double seconds; /* of the window: rates are per second of it */
    double rps;
    double success; /* 0..1; -1 none judged */
    double load;    /* rate x mean latency, as a share; -1 unknown */
    double in_per_s, out_per_s;        /* bytes */
    uint64_t latencies;                /* completed responses */
    int64_t mean_ns;                   /* -1 none */
    int64_t quantile_ns[MT_QUANTILES]; /* -1 none */
    int64_t max_ns;                    /* -1 none */
    uint64_t sum_ns;                   /* of the latencies */
    uint64_t below[MT_BOUNDS_MAX];     /* of mt_ask.bounds_ns, within 1 % */
    uint64_t open;     /* begun and not ended: live ones and unfinished */
    int64_t oldest_ns; /* age of the oldest open one; 0 none */

    /* the key, as far as the question has one */
    int64_t client_id, server_id; /* services, canonical; services: server */
    const char *client;           /* names */
    const char *server;
    uint8_t client_source, server_source; /* enum mt_name_source */
    uint8_t protocol;                     /* services: the busiest */
    uint8_t kind;
    uint8_t observer;
    const char *method;
    const char *route;
    const char *endpoint;
    uint16_t tls_version;      /* edges: of the newest connection; 0 plain */
    uint64_t calls_out;        /* services: exchanges it made as a client */
    bool saturation;           /* its counts are known: not so of routes, nor
                                  where rows were scanned */
    int64_t handshake_mean_ns; /* -1 none */

    /* of a proxy's route: every try of a request, not what its client got */
    uint64_t tries;
    double tries_per_s;
    double tries_success;         /* 0..1; -1 none judged */
    bool tries_inferred;          /* client errors were tried again */
    const char *budget, *breaker; /* mt_query_policy(): in words, or "" */
};

struct mt_answer {
    struct mt_row *rows;
    size_t count;
    struct mt_row total; /* of all rows */
    struct mt_coverage coverage;
    void *memory; /* private */
};

void mt_answer_free(struct mt_answer *a);

/* Entry traffic: requests whose client is no service that was seen serving.
 * One row, also in total. */
int mt_query_summary(struct mt_store *s, const struct mt_ask *ask,
                     struct mt_answer *a);

/* One row a service that served, trouble first: failing (success below 95 %),
 * stalled, then by load. */
int mt_query_services(struct mt_store *s, const struct mt_ask *ask,
                      struct mt_answer *a);

/* One row a client service, server service, protocol, kind and observer, by
 * rate. */
int mt_query_edges(struct mt_store *s, const struct mt_ask *ask,
                   struct mt_answer *a);

/* One row a server service and route (and what ask.by_... say), trouble first,
 * as services: none of them is stalled, for what is open has no route yet. */
int mt_query_routes(struct mt_store *s, const struct mt_ask *ask,
                    struct mt_answer *a);

/**
 * One row a server service, method and route of what proxies did, in the order
 * of routes: their
 * requests, their tries, and in words what the budget and the breakers of its
 * service are at now (of a window that ended before, nothing). *proxies are
 * those themselves; free both, also after a code.
 */
int mt_query_policy(struct mt_store *s, const struct mt_ask *ask,
                    int64_t wall_ns, struct mt_answer *a,
                    struct mt_proxies *proxies);

/* What the breakers and budgets of proxies are at, and whether that may be
 * believed at wall_ns. Free it, also after a code. */
int mt_query_proxies(struct mt_store *s, int64_t wall_ns,
                     struct mt_proxies *proxies);

/* One row a bucket of bucket_ns (at least 1 s; widened so that at most 4096
 * buckets are asked for), empty ones too; counts.last_ns is the bucket's
 * start. */
int mt_query_series(struct mt_store *s, const struct mt_ask *ask,
                    int64_t bucket_ns, struct mt_answer *a);

enum { MT_TRENDS_SPAN_S = 60 };

/* Requests of every service in the last minute, over time. */
struct mt_trends {
    int64_t from_ns, bucket_ns;
    size_t buckets;      /* each */
    size_t count;        /* services */
    int64_t *services;   /* ids, ascending */
    uint32_t *exchanges; /* count times buckets */
};

/* The minute before to_ns, in whole buckets: of 3 s, or of 10 s where the cells
 * of single seconds are gone. No filter: what services counts without one.
 * Free it also after a code. */
int mt_query_trends(struct mt_store *s, int64_t to_ns, struct mt_trends *t);
void mt_trends_free(struct mt_trends *t);

/* The buckets of one; NULL: it is not there. */
const uint32_t *mt_trends_of(const struct mt_trends *t, int64_t service);

/* --- rows --- */

enum mt_order { MT_NEWEST_FIRST, MT_OLDEST_FIRST };

struct mt_scan {
    struct mt_ask ask;
    enum mt_order order;
    uint64_t after_id; /* go on from this id, exclusive; 0: from the end */
    bool with_packets; /* fill mt_exchange.packets */
    bool all_time;     /* ask.from_ns and to_ns are not looked at */
    bool goes_on;      /* one question with the scan before: so is its time */
    /* only these; empty and 0: all. Borrowed as long as the scan */
    struct mt_span trace_id, request_id;
    uint64_t retry_of; /* of `writer` */
    int64_t writer;
};

struct mt_rows;

/* Begin to read rows. *out is freed with mt_rows_free(). */
int mt_query_exchanges(struct mt_store *s, const struct mt_scan *scan,
                       struct mt_rows **out);

/**
 * The next exchange, borrowed until the next call. Returns 1, 0 after the
 * last one, or a code of mt_store_rc (MT_STORE_EINTERRUPTED: go on with
 * another scan after the last id). Service names are those of today.
 */
int mt_rows_next(struct mt_rows *r, const struct mt_exchange **x);

struct mt_coverage mt_rows_coverage(const struct mt_rows *r);
void mt_rows_free(struct mt_rows *r);

/* One exchange: MT_STORE_ENOTFOUND if it is not there (any more). The rows
 * handle holds it: free it. */
int mt_query_exchange(struct mt_store *s, uint64_t id, struct mt_rows **out,
                      const struct mt_exchange **x);

/* The exchanges of the trace that x belongs to, as a tree around it: those of
 * its trace id, or where it has none of its request id. Of an exchange with
 * neither, none. Free it with mt_trace_free(), also after an error. */
int mt_query_trace(struct mt_store *s, const struct mt_exchange *x,
                   struct mt_trace *t);

/* The attempts of a request of a proxy, or of the request that x is an attempt
 * of: none where there was one alone. */
int mt_query_attempts(struct mt_store *s, const struct mt_exchange *x,
                      struct mt_attempts *a);

/* --- the rest --- */

/* A file or interface that packet references point into: bits 48 and up of a
 * reference read from the database are its id. */
struct mt_source_row {
    int64_t id;
    const char *path; /* borrowed until the callback returns */
    uint64_t size_bytes, inode, packets;
    int64_t first_ns, last_ns;
};

/* Calls back for each; stops where it returns non-zero, and returns that. */
int mt_query_sources(struct mt_store *s,
                     int (*each)(void *arg, const struct mt_source_row *row),
                     void *arg);

/* Sums of all writers, by enum mt_loss. */
int mt_query_losses(struct mt_store *s, uint64_t totals[MT_LOSS_COUNT]);

/* What was lost in one second or batch, of one kind. */
struct mt_lost {
    uint64_t id;        /* only grows */
    uint64_t before_id; /* its place: before this exchange */
    int64_t ns;         /* when it was known */
    uint64_t count;
    uint8_t loss; /* enum mt_loss */
};

struct mt_lost_scan {
    int64_t from_ns, to_ns; /* [from, to) */
    enum mt_order order;
    uint64_t after_id; /* go on from this mt_lost.id, exclusive; 0: the end */
};

/* The losses of a window in the order of their places, as far as they are
 * kept: as long as rows are, and the newest MT_LOST_MAX. Losses that version 2
 * of a database recorded have a total alone. Stops where `each` returns
 * non-zero, and returns that. */
int mt_query_lost(struct mt_store *s, const struct mt_lost_scan *scan,
                  int (*each)(void *arg, const struct mt_lost *lost),
                  void *arg);

/* "14 exchanges", "1.2 kB". */
void mt_put_lost(struct mt_buf *b, unsigned loss, uint64_t count);
/* "-- 14 exchanges lost here: ring full --", with a drawn rule unless ascii. */
void mt_put_lost_here(struct mt_buf *b, const struct mt_lost *lost, bool ascii);

/* At times only one of so many connections was decoded; 0 or 1: all were. */
int mt_query_sample(struct mt_store *s, uint32_t *one_of);

/* Borrowed until the callback returns. */
struct mt_open_row {
    uint64_t id; /* its exchange, of one that was open when its writer ended */
    const char *client, *server, *method, *authority, *path;
    uint64_t conn, stream; /* with the writer, which one it is */
    int64_t writer, edge;
    uint8_t protocol, kind, observer;
    uint16_t status; /* 0: no response has begun */
    int64_t start_ns, seen_ns;
    uint64_t request_bytes, response_bytes; /* so far */
};

/* As much of the exchange as is known before it ends, as if it ended then. Its
 * texts are the row's. */
struct mt_exchange mt_open_so_far(const struct mt_open_row *row,
                                  int64_t end_ns);

/**
 * The oldest `most` requests that are open: begun and not ended, as far as the
 * database knows, as rows count them (mt_row.open). What was open when its
 * writer ended stays so, at the age that it had (seen_ns - start_ns), where it
 * is one of the newest million exchanges. Stops where `each` returns non-zero,
 * and returns that.
 */
int mt_query_open(struct mt_store *s, uint64_t most,
                  int (*each)(void *arg, const struct mt_open_row *row),
                  void *arg);

/**
 * Of those that are no exchange yet, also connections and tunnels
 * (MT_KIND_L4): those that were open in the window of `ask` and pass its
 * filter, as far as it is known of them yet (routes and addresses are not).
 * NULL: all. Stops where `each` returns non-zero, and returns that.
 */
int mt_query_running(struct mt_store *s, const struct mt_ask *ask,
                     int (*each)(void *arg, const struct mt_open_row *row),
                     void *arg);

/* What the database holds. */
struct mt_store_info {
    uint64_t epoch;
    uint64_t rows; /* exchanges now in it */
    uint64_t cells;
    uint64_t newest_id;
    uint64_t services, routes; /* that it would list: who served, and routes
                                  with their method */
    uint64_t shapes;
    uint64_t file_bytes;
    int64_t first_ns, last_ns; /* of the captures, else of the rows */
    int64_t rows_from_ns;      /* rows are complete from here; 0 none */
};

int mt_query_info(struct mt_store *s, struct mt_store_info *info);

/* Which database it is, and which exchanges are in it now: cheap, for who
 * looks often. Both ids 0: none. */
struct mt_store_rows {
    uint64_t epoch, oldest_id, newest_id;
};

int mt_query_newest(struct mt_store *s, struct mt_store_rows *rows);

#endif
