/* record.h - where meshtop record writes to: a file of its own each. */
#ifndef MT_CLI_RECORD_H
#define MT_CLI_RECORD_H

#include "cli/feed.h"
#include "cli/serving.h"

/* For who looks on while a database is filled. */
struct mt_record_watch {
    void *context;
    void (*begun)(void *context); /* as of struct mt_feed_sink; NULL: none */
    /* A replay, else NULL: as there; and what is committed by now. */
    bool (*due)(void *context, int64_t ts_ns, int64_t *now_ns);
    void (*committed)(void *context, int64_t until_ns);
    bool timely; /* commit five times a second, whoever waits for packets */
    struct mt_serving *serving; /* listens; NULL: nothing is served */
};

/* Run the feed into the database, or the stream, that -w names. An exit code,
 * after having said what is wrong. watch may be NULL. */
int mt_record_into_database(struct mt_feed *f, const struct mt_options *o,
                            const struct mt_record_watch *watch,
                            struct mt_feed_result *result);
int mt_record_into_relay(struct mt_feed *f, const struct mt_options *o,
                         struct mt_feed_result *result);

#endif
