/* proxy_run.h - `meshtop proxy` at work: listeners, threads, the database. */
#ifndef MT_CLI_PROXY_RUN_H
#define MT_CLI_PROXY_RUN_H

#include "cli/options.h"
#include "decode/exchange.h"
#include "proxy-lite/policy/model.h"

/* Where a mesh came from. */
struct mt_proxy_source {
    const char *label;
    char *text; /* of a file; NULL: words */
    size_t length;
    int words; /* of the command line */
};

/* For who runs it as a part of something larger: it does not say where it
 * listens, nor what it did. */
struct mt_proxy_part {
    void (*ending)(
        void *context); /* it is to end, and does when this returns */
    /* In its threads: a row, before it is written. */
    void (*row)(void *context, struct mt_exchange *x);
};

/* Told once all is open, and before the first request. */
struct mt_proxy_watch {
    void (*begun)(void *context);
    void *context;
    const struct mt_proxy_part *part; /* NULL: it is no part */
};

/* Proxy until a signal; then finish what runs. Takes the policy. watch NULL:
 * nobody is told. Returns an exit code, having said what is wrong. */
int mt_proxy_run(const struct mt_options *o, struct mt_policy *p,
                 const struct mt_proxy_source *source,
                 const struct mt_proxy_watch *watch);

#endif
