/**
 * fields.h - private to policy/: header fields, cookies and query parameters
 * of a request, and how a text is compared.
 */
#ifndef MT_PROXY_LITE_POLICY_FIELDS_H
#define MT_PROXY_LITE_POLICY_FIELDS_H

#include "proxy-lite/policy/match.h"

/**
 * Does the field hold for the request? A header that comes several times: one
 * of its lines is enough (a list in one line is one text).
 */
bool mt_field_holds(const struct mt_policy_field_match *m,
                    const struct mt_policy_request *r,
                    struct mt_regex_scratch *s);

/**
 * The same for a query parameter. Names and values are compared decoded, '+'
 * being a space (the URL standard's application/x-www-form-urlencoded); a
 * longer value than MT_QUERY_VALUE_MAX matches nothing but `present`.
 */
bool mt_query_holds(const struct mt_policy_field_match *m,
                    const struct mt_policy_request *r,
                    struct mt_regex_scratch *s);

enum { MT_QUERY_VALUE_MAX = 1024 };

/* The first field of that name; false: none. `lower` is in lower case. */
bool mt_field_find(const struct mt_policy_request *r, struct mt_span lower,
                   struct mt_span *value);

/* RFC 6265 section 4.2: the first cookie of that name. */
bool mt_cookie_find(const struct mt_policy_request *r, struct mt_span name,
                    struct mt_span *value);

#endif
