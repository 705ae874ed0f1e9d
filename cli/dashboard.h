/* dashboard.h - the dashboard over what another command does meanwhile. */
#ifndef MT_CLI_DASHBOARD_H
#define MT_CLI_DASHBOARD_H

#include "cli/dashboard_source.h"
#include "cli/feeder.h"

/**
 * The dashboard on the terminal, while a process of its own works: into -w, or
 * into a database that is gone afterwards. q ends both; what the work says
 * meanwhile stands in the line of messages, and what it says at its end is said
 * when the screen is given back. o has no operands. Returns an exit code.
 */
int mt_dashboard_over(const struct mt_options *o,
                      const struct mt_feeder_work *work, const char *name);

struct mt_dashboard_made {
    struct mt_dashboard_maker maker;
    /* Now and then: what is to be said of it (mt_dashboard_note()). Returns
     * bits of enum mt_do. */
    unsigned (*note)(void *arg, struct mt_dashboard *core);
};

/* The same, of what is begun in more steps than one, and has something to say
 * all the time. */
int mt_dashboard_on(const struct mt_options *o,
                    const struct mt_dashboard_made *made);

#endif
