/* proxy_run.h - `meshtop proxy` at work: listeners, a worker, the database. */
#ifndef MT_CLI_PROXY_RUN_H
#define MT_CLI_PROXY_RUN_H

#include "cli/options.h"
#include "proxy-lite/policy/model.h"

/* Proxy until a signal; then finish what runs. Returns an exit code, having
 * said what is wrong. */
int mt_proxy_run(const struct mt_options *o, const struct mt_policy *p);

#endif
