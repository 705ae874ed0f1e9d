/* demo_report.h - what a run of the demo came to, on standard output. */
#ifndef MT_CLI_DEMO_REPORT_H
#define MT_CLI_DEMO_REPORT_H

#include "cli/demo_tally.h"

/* An exit code: MT_EXIT_ERROR, having said why, where the numbers do not add
 * up. */
int mt_demo_report(const struct mt_options *o, struct mt_store *store,
                   const struct mt_demo_run *run);

#endif
