/**
 * view.h - what a viewing command answers from: a database, or captures read
 * into one in memory.
 *
 *     struct mt_view v;
 *     rc = mt_view_open(&v, o, MT_VIEW_CELLS);    // says what is wrong
 *     rc = mt_query_services(v.store, &v.ask, &answer);
 *     mt_view_close(&v);
 */
#ifndef MT_CLI_VIEW_H
#define MT_CLI_VIEW_H

#include "cli/feed.h"
#include "store/query.h"

enum mt_view_need {
    MT_VIEW_CELLS, /* golden metrics */
    MT_VIEW_ROWS,  /* single exchanges, too */
};

struct mt_view {
    struct mt_store *store;
    struct mt_ask ask; /* window and filter */
    struct mt_filter *filter;
    struct mt_writer *memory; /* owns store when captures were read */
    struct mt_feed_result feed;
    bool from_capture;
    bool filtered;    /* captures were, as they were read */
    const char *name; /* of the database, for messages */
};

int mt_view_open(struct mt_view *v, const struct mt_options *o,
                 enum mt_view_need need);
void mt_view_close(struct mt_view *v);

/* Say what a question's error means. Returns the exit code. */
int mt_view_failed(const struct mt_view *v, int rc);

/* The filter of a command line, for what begins now: 0 and NULL where there is
 * none. */
int mt_view_filter(const struct mt_options *o, struct mt_filter **filter);

/* Says where regular expressions were given up. NULL is fine. */
void mt_view_filter_free(struct mt_filter *filter);

/* The database that -d means, or the default one. */
const char *mt_view_path(const struct mt_options *o);

#endif
