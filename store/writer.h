/**
 * writer.h - exchanges into the database.
 *
 * A writer interns what repeats, keeps a batch of rows in memory, counts them
 * into cells (rollup.h), and writes the batch in one short transaction: rows,
 * cells, names and losses become visible together or not at all. Killed at
 * any point, all earlier batches are readable.
 *
 *     struct mt_writer *w;
 *     rc = mt_writer_open(&w, "mesh.db", &options);   // or ":memory:"
 *     while ((x = next()) != NULL)
 *         rc = mt_writer_add(w, x);        // x is borrowed for the call
 *     rc = mt_writer_close(w, wall_ns);    // commits; frees w
 *
 * One thread, that of mt_writer_open(). Errors are codes of mt_store_rc and
 * sticky: after one, nothing more is stored, and close() only frees.
 */
#ifndef MT_STORE_WRITER_H
#define MT_STORE_WRITER_H

#include <stdbool.h>

#include "decode/exchange.h"
#include "decode/exchange_conn.h"
#include "store/proxy_state.h"
#include "store/route.h"
#include "store/store.h"

enum mt_writer_kind {
    MT_WRITER_OFFLINE, /* record -r: no retention, batches by row count */
    MT_WRITER_TAP,
    MT_WRITER_PROXY,
};

enum {
    MT_WRITER_BATCH_ROWS = 16384, /* default rows a batch */
    MT_WRITER_BATCH_MAX = 32768,
};

struct mt_writer_options {
    enum mt_writer_kind kind;
    bool no_rows;        /* cells only: stat, edges and routes of -r */
    bool no_running;     /* bytes count when their exchange ends: whether they
                            count at all is known only then (a filter) */
    bool no_packets;     /* drop packet references */
    uint32_t batch_rows; /* 0: MT_WRITER_BATCH_ROWS */
    uint64_t size_limit_bytes;      /* of the file; 0 none */
    int64_t rows_max_age_ns;        /* 0 none; see retention.h for the cells' */
    struct mt_route_options routes; /* borrowed as long as the writer */
    uint64_t epoch;      /* random: names this database if it is new */
    const char *host_id; /* names this machine; NULL "" */
    const char *boot_id;
    int64_t pid;
    int64_t now_ns;                       /* wall clock */
    void (*pause)(void *arg, int64_t ns); /* sleeps; NULL: the system's */
    void *pause_arg;
    /* The disk is full: true waits for room, and asks again five times a
     * second; false, or NULL, is MT_STORE_EFULL. */
    bool (*full)(void *arg);
    void *full_arg;
    mt_store_clock *clock; /* for the queries of mt_writer_store(); or NULL */
    void *clock_arg;
};

/* Losses, by where they happened: name, text, what is counted ("": bytes), why
 * in a few words ("": no moment of its own, a total alone), help. Stored
 * numbers: append only. */
#define MT_LOSSES(X)                                                   \
    X(KERNEL, "kernel", "packet", "kernel buffer full",                \
      "dropped by the kernel before the tap read them")                \
    X(INTERFACE, "interface", "packet", "interface or its driver",     \
      "dropped by the interface or its driver")                        \
    X(RING, "ring", "exchange", "ring full",                           \
      "exchanges dropped because the writer was behind")               \
    X(PARSER, "parser", "exchange", "no memory",                       \
      "exchanges refused for lack of memory")                          \
    X(EVICTED, "evicted", "flow", "memory ceiling",                    \
      "flows given up to keep the memory ceiling")                     \
    X(STORE, "store", "exchange", "not written",                       \
      "exchanges that could not be written")                           \
    X(GAP, "gap", "", "gaps in connections",                           \
      "bytes missing inside connections")                              \
    X(UNDECODED, "undecoded", "", "", "bytes that no decoder wanted")  \
    X(PACKETS, "packets", "packet", "damaged or cut",                  \
      "damaged or cut packets that were passed over")                  \
    X(LATENCY, "latency", "latency", "",                               \
      "latencies left out of a full histogram")                        \
    X(PACKET_RING, "packet_ring", "packet", "disk of the packet ring", \
      "packets that the packet ring's disk had no room for")           \
    X(SAMPLED, "sampled", "packet", "",                                \
      "packets of connections left out on purpose")                    \
    X(REPORT, "report", "report", "ring full or no memory",            \
      "what connections told beside their exchanges")                  \
    X(UNTOLD, "untold", "connection", "",                              \
      "connections told of too late: may be counted twice")

enum mt_loss {
#define X(name, text, unit, why, help) MT_LOSS_##name,
    MT_LOSSES(X)
#undef X
        MT_LOSS_COUNT
};

const char *mt_loss_text(unsigned loss);
const char *mt_loss_help(unsigned loss);
const char *mt_loss_unit(unsigned loss);
const char *mt_loss_why(unsigned loss);

/* A capture file or interface that packet references point into. */
struct mt_source_info {
    const char *path;    /* as given; "-" for stdin */
    uint64_t size_bytes; /* 0 not known */
    uint64_t inode;
    uint64_t packets;
    int64_t first_ns; /* times of its packets; 0 none */
    int64_t last_ns;
};

struct mt_writer;

/**
 * Open for writing, made if it is not there (":memory:" makes one that only
 * this writer sees). A database of an older version is migrated.
 */
int mt_writer_open(struct mt_writer **out, const char *path,
                   const struct mt_writer_options *options);

/**
 * One finished exchange. It is in the database after the next commit, which
 * happens by itself at options.batch_rows. While a proxy writes the same
 * database, what a tap adds waits until the proxy has told of all that ended by
 * then (docs/observers.md): see mt_writer_conn() and mt_writer_commit().
 */
int mt_writer_add(struct mt_writer *w, const struct mt_exchange *x);

/* An exchange that has been open for more than a second: call it again, at
 * most once a second, as it goes on. Its bytes so far count at now_ns, and its
 * mt_writer_add(), which ends it, adds the rest. */
int mt_writer_open_exchange(struct mt_writer *w, const struct mt_exchange *x,
                            int64_t now_ns);

/* A name, a host's, that was told of an address after its exchanges may have
 * been added (port 0: of the whole address): a service of a weaker name has it
 * with the next commit, and so all its rows. */
int mt_writer_name(struct mt_writer *w, const struct mt_addr *addr,
                   struct mt_span text, enum mt_name_source source,
                   int64_t now_ns);

/* An open exchange that will have no row. */
int mt_writer_open_dropped(struct mt_writer *w, uint64_t conn, uint64_t stream);

/* Threads of a proxy count their connections apart: the number of one of the
 * n-th thread is n << MT_WRITER_LANE_SHIFT | its count. */
enum { MT_WRITER_LANE_SHIFT = 34, MT_WRITER_LANES_MAX = 64 };

/* A connection of the writer's own program: a proxy's. */
struct mt_writer_conn {
    uint64_t conn; /* as mt_exchange.conn: of one thread the numbers only grow,
                      in the order in which they are told */
    struct mt_addr client, server;
    int64_t ns; /* wall clock */
    bool ended;
};

/**
 * A proxy accepted or made a connection, before its first exchange is added;
 * and again, with `ended`, when it is over. A tap that writes the same
 * database then knows its own copy of the exchanges for one (`tap_shadow`,
 * outside golden metrics): it waits for a commit whose time is after their end.
 */
int mt_writer_conn(struct mt_writer *w, const struct mt_writer_conn *c);

/* What one of the program's breakers or budgets is at, once it has changed.
 * Written with the next commit; in place of what was told of it before. */
int mt_writer_endpoint(struct mt_writer *w, const struct mt_endpoint_state *e);
int mt_writer_budget(struct mt_writer *w, const struct mt_budget_state *b);

/**
 * What a connection told beside its exchanges. It counts for the edge of the
 * connection's newest exchange (finished or open), and for none where the
 * writer was given no exchange of it: hand it over after them.
 */
int mt_writer_report(struct mt_writer *w, const struct mt_conn_report *report);

/**
 * The total so far of one kind of loss, as known at now_ns (the clock of the
 * exchanges; 0: that of the newest). What it grew by has its place after the
 * exchanges that were added until now. Written with the next commit.
 */
int mt_writer_loss(struct mt_writer *w, enum mt_loss loss, uint64_t total,
                   int64_t now_ns);

/* Only one of so many connections is decoded: answers say so. The largest one
 * stays. Written with the next commit. */
void mt_writer_sampled(struct mt_writer *w, uint32_t one_of);

/**
 * Source `number` (as in bits 48 and up of packet references) and what is
 * known of it by now; call again as it grows. Written with the next commit.
 */
int mt_writer_source(struct mt_writer *w, uint32_t number,
                     const struct mt_source_info *info);

/**
 * Write what is waiting, note the heartbeat, and, unless offline, take one
 * step of folding and of retention. Offline, leave the commits to
 * mt_writer_add(): equal input then gives equal tables.
 *
 * now_ns of a proxy: what it did before then was added, its connections above
 * all. Of a tap: what was added had ended by then.
 */
int mt_writer_commit(struct mt_writer *w, int64_t now_ns);

/* Commit soon, though there is no news: a tap's rows wait for what a proxy
 * tells, or a tap waits for what this proxy has to tell. */
bool mt_writer_hurries(const struct mt_writer *w);

/* Commit and fold every cell: what queries then read is least. Offline, when
 * all was added. */
int mt_writer_finish(struct mt_writer *w, int64_t now_ns);

/* Finish,  mark the writer closed, truncate the WAL, free. */
int mt_writer_close(struct mt_writer *w, int64_t now_ns);

/* Close without a commit, as a crash would. NULL is fine. */
void mt_writer_abort(struct mt_writer *w);

struct mt_writer_stats {
    uint64_t rows; /* committed */
    uint64_t commits;
    uint64_t busy_waits; /* times the write lock was held by another */
    uint64_t file_bytes; /* after the last commit */
    uint64_t shapes, services, routes; /* interned by this writer */
    uint64_t losses[MT_LOSS_COUNT];    /* in the writing itself */
};

struct mt_writer_stats mt_writer_stats(const struct mt_writer *w);

/* From now on it waits for nobody: a full disk is MT_STORE_EFULL. */
void mt_writer_wait_no_more(struct mt_writer *w);

/* Another live tap that writes the same database: what both see counts twice.
 */
struct mt_writer_other {
    int64_t pid;
    int64_t started_ns; /* wall clock */
    bool here;          /* the pid is one of this machine, as it runs now */
};

/* By heartbeats that are fresh at options.now_ns. Returns 1 and the oldest of
 * them, 0 where there is none, or a code. */
int mt_writer_other_tap(struct mt_writer *w, struct mt_writer_other *other);

/* The same database, for query.h: what was committed. Borrowed from w. */
struct mt_store *mt_writer_store(struct mt_writer *w);

/* SQLite's own words about the last error. Borrowed until the next call. */
const char *mt_writer_detail(const struct mt_writer *w);

#endif
