/**
 * dashboard_source.h - what a dashboard looks at: a database, captures that
 * are read into one first, or one that a feeder fills meanwhile.
 *
 *     struct mt_dashboard_source s;
 *     rc = mt_dashboard_source_open(&s, o, once);   // says what is wrong
 *     ask(s.worker);
 *     mt_dashboard_source_close(&s);
 *
 * A database that is made for the dashboard alone has no name once it is open:
 * nothing is left behind, whatever comes.
 */
#ifndef MT_CLI_DASHBOARD_SOURCE_H
#define MT_CLI_DASHBOARD_SOURCE_H

#include "cli/feeder.h"
#include "cli/rights.h"
#include "cli/serving.h"
#include "tui/dashboard.h"
#include "tui/worker.h"

struct mt_dashboard_source {
    const struct mt_options *options;
    struct mt_options tapping; /* those, of a tap that was not asked for */
    struct mt_options beside;  /* those, of what has the page beside it */
    struct mt_serving serving; /* all zeroes: the page is not served here */
    struct mt_worker *worker;
    struct mt_feeder *feeder; /* NULL: nobody fills it for us */
    struct mt_rights rights;  /* of a live tap */
    bool working;             /* the feeder is no capture */
    bool replay;              /* on the capture's clock */
    bool live;                /* to be shown as it was in the last minute */
    int64_t now_ns;           /* when it was opened: of its rows */
    int64_t ran_ns; /* a tap that has ended: whole seconds that it ran */
    struct mt_pace_read read; /* of a database that is replayed */
    char directory[64];       /* of a database of our own; "" none */
    char path[4096];          /* of the database */
    char name[256];           /* for the header */
};

/* once: nobody looks on; what is read is read to its end. 0, or an exit code
 * after it was said why. Close it in every case. */
int mt_dashboard_source_open(struct mt_dashboard_source *s,
                             const struct mt_options *o, bool once);
/* The same, of a proxy or its like that fills -w, or a database of its own:
 * name is for the header. */
int mt_dashboard_source_work(struct mt_dashboard_source *s,
                             const struct mt_options *o,
                             const struct mt_feeder_work *work,
                             const char *name);

/* Who makes something to look at in more steps than one, such as the demo. */
struct mt_dashboard_maker {
    const char *name; /* for the header */
    /* Has s->path filled: s->feeder is who does it. 0, or an exit code after
     * it was said why. */
    int (*start)(void *arg, struct mt_dashboard_source *s);
    void *arg;
};

/* The same, of what a maker fills. Root is given up, for who called sudo.
 * store: to ask by oneself instead of by a worker, to be freed; else NULL. */
int mt_dashboard_source_make(struct mt_dashboard_source *s,
                             const struct mt_options *o,
                             const struct mt_dashboard_maker *maker,
                             struct mt_store **store);

/* The exit code of who filled it, 0 of none. */
int mt_dashboard_source_close(struct mt_dashboard_source *s);

/* How far a replay was read. */
struct mt_pace_read
mt_dashboard_source_read(const struct mt_dashboard_source *s);

#endif
