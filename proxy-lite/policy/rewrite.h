/**
 * rewrite.h - what a route changes: path, host, header fields, Location.
 *
 * Writers append to a buffer; buf->full tells that it did not fit.
 *
 *     struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
 *     mt_rewrite_path(&route->rewrite, entry->match, request.path, &b);
 *
 * Gateway API, HTTPURLRewriteFilter and HTTPRequestRedirectFilter.
 */
#ifndef MT_PROXY_LITE_POLICY_REWRITE_H
#define MT_PROXY_LITE_POLICY_REWRITE_H

#include "proxy-lite/policy/match.h"

/**
 * The path that goes on, without its query. The prefix that matched is
 * replaced on segment borders: /foo/bar by /foo and /xyz is /xyz/bar; by /foo
 * and / it is /bar. Where no prefix matched, it is as asked.
 */
void mt_rewrite_path(const struct mt_policy_rewrite *w,
                     const struct mt_policy_match *match, struct mt_span path,
                     struct mt_buf *out);

/**
 * The Location of a redirect. Without a scheme or host in the route those of
 * the request stay; the port is the route's, else the well-known one where the
 * route has a scheme, else the listener's; 80 and 443 are left out where their
 * scheme says so. The query stays.
 */
void mt_redirect_location(const struct mt_policy_redirect *d,
                          const struct mt_policy_match *match,
                          const struct mt_policy_request *r,
                          struct mt_buf *out);

/* Is a field of this name (any case) to be left out, being removed or set
 * anew? Then append all of edits->set and edits->add. */
bool mt_edits_drop(const struct mt_policy_edits *edits, struct mt_span name);

#endif
