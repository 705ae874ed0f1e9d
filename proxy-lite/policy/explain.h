/**
 * explain.h - which route takes a request and why, in words.
 *
 *     struct mt_policy_explain_request q;
 *     if (!mt_policy_explain_parse(policy, MT_SPAN("GET
 * http://api.example/cart/7"), &q)) ... (void)mt_policy_explain_header(&q,
 * MT_SPAN("x-canary: 1")); const struct mt_policy_entry *e =
 *         mt_policy_explain(policy, &q.request, scratch, out);
 *
 * Every way to a route in the order of precedence: why not, for each that does
 * not match; then what the one that does will do. Pure: nothing is sent, and
 * no state is looked at. It asks mt_match_parts, as mt_match() does.
 */
#ifndef MT_PROXY_LITE_POLICY_EXPLAIN_H
#define MT_PROXY_LITE_POLICY_EXPLAIN_H

#include "base/out.h"
#include "proxy-lite/policy/match.h"

enum { MT_POLICY_EXPLAIN_FIELDS_MAX = 32, MT_POLICY_EXPLAIN_PATH_MAX = 4096 };

/* A request that is written down. Borrows the texts; its path, where that has
 * dot segments, is its own, so that it is not copied. */
struct mt_policy_explain_request {
    struct mt_policy_request request;
    struct mt_policy_field fields[MT_POLICY_EXPLAIN_FIELDS_MAX];
    uint8_t path[MT_POLICY_EXPLAIN_PATH_MAX]; /* without dot segments */
};

/**
 * `GET http://host:8080/path?query`; without a method it is GET, without
 * scheme and host a path alone. A port chooses the listener that has it, else
 * it is the first. Dot segments of the path are resolved, as the proxy does.
 * False: it is none of these, or leads above the root.
 */
bool mt_policy_explain_parse(const struct mt_policy *p, struct mt_span text,
                             struct mt_policy_explain_request *out);

/* `name: value`. False: it is not, or there are too many. */
bool mt_policy_explain_header(struct mt_policy_explain_request *q,
                              struct mt_span line);

/* Give each entry its rule. False: no memory. */
bool mt_policy_name_entries(struct mt_policy *p);

/* Returns the entry that takes it; NULL: none, which is a 404. */
const struct mt_policy_entry *
mt_policy_explain(const struct mt_policy *p, const struct mt_policy_request *r,
                  struct mt_regex_scratch *scratch, struct mt_out *out);

#endif
