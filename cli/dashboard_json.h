/* dashboard_json.h - the answer of a screen as JSON, once: -j. */
#ifndef MT_CLI_DASHBOARD_JSON_H
#define MT_CLI_DASHBOARD_JSON_H

#include "tui/snapshot.h"

/* On standard output, under the names that stat, routes, edges, policy and
 * tail give with -o json; of what it leaves out it warns. 0 or an exit code. */
int mt_dashboard_print_json(const struct mt_snapshot *a);

#endif
