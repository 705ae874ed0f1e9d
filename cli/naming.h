/**
 * naming.h - which process or container is at either end of a new flow.
 *
 * The helper is asked when a flow's first packet is seen, and where a
 * connection begins on this machine at once, so that processes that live
 * shortly are caught; its answers become names when they come. An
 * end that serves is asked for once in a while, one that calls for each flow.
 * Who serves lives on: where he was not found he is asked for again soon, then
 * less and less often.
 *
 *     mt_naming_init(&n, helper);
 *     config.seen = mt_naming_seen, config.seen_context = &n;
 *     mt_naming_take(&n, tell, context);    // before exchanges are named
 *     mt_naming_again(&n, now_ns);          // once a second
 */
#ifndef MT_CLI_NAMING_H
#define MT_CLI_NAMING_H

#include "capture/helper.h"
#include "decode/conn.h"

enum {
    MT_NAMING_PLACES = 1024,
    MT_NAMING_PENDING = 2 * MT_HELPER_QUEUE,
    MT_NAMING_EARLY = 256
};

struct mt_naming {
    struct mt_helper *helper; /* NULL: none, or it has ended */
    uint64_t asked, answered;
    struct {
        struct mt_addr local, remote;
        int64_t asked_ns;     /* 0: free */
    } early[MT_NAMING_EARLY]; /* asked at their SYN, by a hash */
    struct {
        struct mt_addr addr;
        bool serves;
    } pending[MT_NAMING_PENDING]; /* by token */
    struct mt_naming_place {
        struct mt_addr addr;
        int64_t asked_ns;       /* 0: free */
        uint8_t misses;         /* since he was found */
    } served[MT_NAMING_PLACES]; /* ends that serve, by a hash */
};

/* A name of a socket's end, from the process that has it. */
struct mt_naming_found {
    struct mt_addr addr;
    struct mt_span text; /* empty: not known */
    enum mt_name_source source;
    bool listens; /* a socket listens there */
};

void mt_naming_init(struct mt_naming *n, struct mt_helper *helper);

/* A connection begins here: ask who opens it, now (early.h). Its flow, which is
 * seen later, asks no second time. */
void mt_naming_early(struct mt_naming *n, const struct mt_addr *local,
                     const struct mt_addr *remote, int64_t ts_ns);

/* As mt_tap_config.seen, with the naming as its context. */
void mt_naming_seen(void *naming, const struct mt_conn_start *start);

/* Ask again for those who serve and were not found, a few at once, and each a
 * few times only where no flow comes any more. */
void mt_naming_again(struct mt_naming *n, int64_t now_ns);

/* Something was asked and not answered. */
static inline bool mt_naming_waits(const struct mt_naming *n)
{
    return n->helper != NULL && n->asked != n->answered;
}

/* Hand over the answers that are there, without waiting. */
void mt_naming_take(struct mt_naming *n,
                    void (*found)(void *context,
                                  const struct mt_naming_found *f),
                    void *context);

#endif
