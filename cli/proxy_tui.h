/* proxy_tui.h - `meshtop proxy --tui`: the dashboard on it, in one terminal. */
#ifndef MT_CLI_PROXY_TUI_H
#define MT_CLI_PROXY_TUI_H

#include "cli/options.h"
#include "cli/proxy_run.h"

/* Takes the policy. Returns an exit code, having said what is wrong. */
int mt_proxy_tui(const struct mt_options *o, struct mt_policy *p,
                 const struct mt_proxy_source *source);

#endif
