/**
 * shadow.h - routes that no request reaches.
 *
 *     const struct mt_policy_route *other = mt_policy_shadowed(p, route);
 *     if (other != NULL)
 *         "it is never reached: line %u takes the same", other->line
 *
 * A mistake of copied routes. Only what is certain: another route with the
 * same host and path, asked before, that wants nothing which this one does
 * not want, too. Patterns are compared as texts.
 */
#ifndef MT_PROXY_LITE_POLICY_SHADOW_H
#define MT_PROXY_LITE_POLICY_SHADOW_H

#include "proxy-lite/policy/model.h"

/* The route before it that takes all of what it would, by its first way; NULL:
 * none, or none of the 256 entries that stand before it. The policy is
 * sealed. */
const struct mt_policy_route *
mt_policy_shadowed(const struct mt_policy *p,
                   const struct mt_policy_route *route);

#endif
