/**
 * split.h - one of the services that share a route, by weight.
 *
 *     struct mt_split_choice c = mt_split_choose(&route->to, &request, &rnd);
 *     ... policy->services[c.service]; if (c.token_is_new) set the cookie
 *
 * Sticky: the value of a cookie or a header decides, by its hash, so that every
 * thread, process and restart decides alike, and a changed weight moves as few
 * clients as it can. A client without the cookie gets a token, to be set as the
 * cookie's value with its response; without the header it is by chance.
 */
#ifndef MT_PROXY_LITE_POLICY_SPLIT_H
#define MT_PROXY_LITE_POLICY_SPLIT_H

#include "proxy-lite/policy/match.h"
#include "proxy-lite/policy/random.h"

enum { MT_SPLIT_TOKEN_BYTES = 16 };

struct mt_split_choice {
    uint32_t service; /* index, or MT_POLICY_NONE: every weight is 0 */
    bool token_is_new;
    uint8_t token[MT_SPLIT_TOKEN_BYTES]; /* hexadecimal digits */
};

struct mt_split_choice mt_split_choose(const struct mt_policy_split *split,
                                       const struct mt_policy_request *r,
                                       struct mt_random *random);

#endif
