/**
 * proxy_names.h - the addresses of a mesh's endpoints, by their names.
 *
 *     struct mt_proxy_names n = {0};
 *     mt_proxy_names_resolve(&n, policy, MT_NAMES_NEW, &addresses);
 *     ...                         // and again, now and then:
 *     mt_proxy_names_resolve(&n, policy, MT_NAMES_ALL, &addresses);
 *     mt_proxy_names_deinit(&n);
 *
 * The system's resolver is asked, which may take many seconds: one thread, and
 * none that proxies. A name that is not found keeps the addresses it had; that
 * and its return is said once each. A service that is one name keeps the
 * address it uses as long as the name has it.
 */
#ifndef MT_CLI_PROXY_NAMES_H
#define MT_CLI_PROXY_NAMES_H

#include "proxy-lite/call/generation.h"

struct mt_proxy_name;

struct mt_proxy_names {
    struct mt_proxy_name *first;
    uint64_t round;
    bool (*stopped)(void *arg); /* asked between two names; may be NULL */
    void *arg;
};

enum mt_names_wanted {
    MT_NAMES_NEW, /* ask for names that were never found */
    MT_NAMES_ALL,
};

/* False: no memory, or stopped. */
bool mt_proxy_names_resolve(struct mt_proxy_names *n, const struct mt_policy *p,
                            enum mt_names_wanted wanted,
                            struct mt_addresses *out);

/* Forget those that the last resolve did not want. */
void mt_proxy_names_sweep(struct mt_proxy_names *n);

void mt_proxy_names_deinit(struct mt_proxy_names *n);

#endif
