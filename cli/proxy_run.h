/* proxy_run.h - `meshtop proxy` at work: listeners, threads, the database. */
#ifndef MT_CLI_PROXY_RUN_H
#define MT_CLI_PROXY_RUN_H

#include "cli/options.h"
#include "proxy-lite/policy/model.h"

/* Where a mesh came from. */
struct mt_proxy_source {
    const char *label;
    char *text; /* of a file; NULL: words */
    size_t length;
    int words; /* of the command line */
};

/* Told once all is open, and before the first request. */
struct mt_proxy_watch {
    void (*begun)(void *context);
    void *context;
};

/* Proxy until a signal; then finish what runs. Takes the policy. watch NULL:
 * nobody is told. Returns an exit code, having said what is wrong. */
int mt_proxy_run(const struct mt_options *o, struct mt_policy *p,
                 const struct mt_proxy_source *source,
                 const struct mt_proxy_watch *watch);

#endif
