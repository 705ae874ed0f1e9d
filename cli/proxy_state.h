/**
 * proxy_state.h - what a proxy's breakers and budgets are at, into its
 * database: once a second, and only what has changed.
 *
 *     struct mt_proxy_state *s = mt_proxy_state_new();
 *     once a second, in the thread whose recorder it is:
 *         mt_proxy_state_tell(s, &look, recorder);
 *     mt_proxy_state_free(s);
 *
 * The policy in force may be another one each time: what the last one had and
 * this one has not is taken back. Bounded: MT_PROXY_STATE_MAX endpoints and as
 * many budgets are told; that there are more is said once.
 */
#ifndef MT_CLI_PROXY_STATE_H
#define MT_CLI_PROXY_STATE_H

#include "cli/recorder.h"
#include "proxy-lite/call/generation.h"

struct mt_proxy_state;

/* What is looked at; borrowed for the call. */
struct mt_proxy_look {
    const struct mt_generation *generation;
    int64_t now_ns, wall_ns; /* monotonic, as breakers count; Unix time */
};

/* NULL: no memory. */
struct mt_proxy_state *mt_proxy_state_new(void);
void mt_proxy_state_free(struct mt_proxy_state *s); /* NULL is fine */

/* False: the recorder has failed. What finds its ring full is told a second
 * later. */
bool mt_proxy_state_tell(struct mt_proxy_state *s,
                         const struct mt_proxy_look *look,
                         struct mt_recorder *recorder);

#endif
