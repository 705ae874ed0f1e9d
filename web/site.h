/* site.h - what a server is told by the surface that starts it. */
#ifndef MT_WEB_SITE_H
#define MT_WEB_SITE_H

#include "decode/ladder.h"
#include "store/query.h"

/* The packets of one exchange, read again from where they are; any thread. */
typedef void mt_web_ladder(const void *arg, struct mt_store *s,
                           const struct mt_exchange *x, struct mt_ladder *l);

/* Borrowed as long as the server. */
struct mt_web_site {
    const char *db;       /* path */
    const char *db_named; /* as a command line names it; NULL: the default */
    bool fixed; /* the file stays the one that was opened first: it is not
                   looked for again, and may have no name any more */
    const char *const *read; /* captures in place of a database: as command */
    size_t read_count;       /* lines name them */
    bool settled; /* what is not of the rows is left out: the same rows, the
                     same answers */
    const char *version;
    const char *token;             /* NULL: none is needed */
    const char *const *host_names; /* beside localhost and addresses */
    size_t host_names_count;
    mt_store_clock *steady; /* nanoseconds; any thread */
    int64_t (*wall_ns)(void);
    int32_t (*offset_s)(int64_t ns); /* local time - UTC; any thread */
    mt_web_ladder *ladder;           /* NULL: packets are not read */
    const void *ladder_arg;
    unsigned conns_max, streams_max; /* 0: limits.h */
    int64_t head_ns;                 /* 0: MT_WEB_HEAD_NS */
};

#endif
