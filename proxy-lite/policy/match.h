/**
 * match.h - which route takes a request.
 *
 *     const struct mt_policy_entry *e = mt_match(policy, &request, scratch);
 *     if (e == NULL)
 *         404, or UNIMPLEMENTED for gRPC
 *
 * Nothing is allocated. The policy is shared; the scratch is the thread's own,
 * and counts the patterns that were given up (they do not match).
 *
 * The path is compared as it is: the caller forwards what was compared, or
 * makes `.`, `..` and `//` away with first, so that no route is walked around.
 * To add a part of a match: its function and its row in match.c.
 */
#ifndef MT_PROXY_LITE_POLICY_MATCH_H
#define MT_PROXY_LITE_POLICY_MATCH_H

#include "base/buf.h"
#include "proxy-lite/policy/model.h"

/* What is known of a request when its header has come. Borrowed. */
struct mt_policy_request {
    struct mt_span method;
    struct mt_span scheme; /* "http", "https" */
    struct mt_span host;   /* Host or :authority without the port */
    struct mt_span path;   /* without the query */
    struct mt_span query;  /* without '?' */
    const struct mt_policy_field *fields; /* names in any case */
    uint32_t fields_count;
    uint32_t listener; /* index */
    uint16_t port;     /* of the listener */
    bool grpc;         /* content-type is application/grpc */
};

/* Is this content-type gRPC's: application/grpc, alone or with a '+' or ';'
 * after it (not gRPC-Web's)? */
bool mt_policy_is_grpc(struct mt_span content_type);

/* One part of a match: its name, whether it holds, and in words why not. */
struct mt_match_part {
    const char *name;
    bool (*holds)(const struct mt_policy_entry *e,
                  const struct mt_policy_request *r,
                  struct mt_regex_scratch *s);
    void (*why_not)(const struct mt_policy_entry *e,
                    const struct mt_policy_request *r,
                    struct mt_regex_scratch *s, struct mt_buf *out);
};

extern const struct mt_match_part mt_match_parts[];
extern const unsigned mt_match_parts_count;

/* The first part that does not hold; NULL: the entry matches. */
const struct mt_match_part *mt_match_fails(const struct mt_policy_entry *e,
                                           const struct mt_policy_request *r,
                                           struct mt_regex_scratch *s);

/* The request's host; of an absolute name without the last dot (RFC 3986
 * section 3.2.2). */
struct mt_span mt_request_host(const struct mt_policy_request *r);

/* The first entry that matches, as if all were gone through in their order;
 * NULL: none. The policy is sealed. */
const struct mt_policy_entry *mt_match(const struct mt_policy *p,
                                       const struct mt_policy_request *r,
                                       struct mt_regex_scratch *s);

/* "exact", "prefix" ... */
const char *mt_comparison_text(unsigned how);
const char *mt_path_match_text(unsigned how);

#endif
