/**
 * path.h - the path of a request as routes compare it: its dot segments
 * resolved (RFC 3986 section 5.2.4), those written as %2e too. A query stays
 * as it is.
 *
 *     uint8_t bytes[4096];
 *     struct mt_span normal = path;
 *     if (mt_path_has_dots(path) && !mt_path_resolve(path, bytes, &normal))
 *         it leads above the root
 *
 * Pure.
 */
#ifndef MT_PROXY_LITE_POLICY_PATH_H
#define MT_PROXY_LITE_POLICY_PATH_H

#include "base/span.h"

/* False too of what does not begin with '/'. */
bool mt_path_has_dots(struct mt_span path);

/* Of one that has them; bytes: path.len of them, *out borrows them. False: it
 * leads above the root. */
bool mt_path_resolve(struct mt_span path, uint8_t *bytes, struct mt_span *out);

#endif
