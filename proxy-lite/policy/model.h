/**
 * model.h - a mesh's policy as it was configured: listeners, services, routes.
 *
 * Built once, sealed, and never written to afterwards: any number of threads
 * read it. What changes as requests flow is elsewhere: state.h is shared by
 * the threads, balance.h is one thread's own. Every text and table lives as
 * long as the policy.
 *
 *     struct mt_policy *p = mt_policy_new();
 *     struct mt_policy_service *s = mt_policy_add_service(p);
 *     ... fill it; mt_policy_alloc() and mt_policy_copy() give memory
 *     int rc = mt_policy_seal(p);      // its rules in their order
 *     mt_policy_free(p);
 *
 * Words and precedence are those of the Kubernetes Gateway API
 * (https://gateway-api.sigs.k8s.io/reference/spec/, HTTPRoute and GRPCRoute);
 * defaults are MESH.md's, at each field. Times are nanoseconds; 0 is "none".
 */
#ifndef MT_PROXY_LITE_POLICY_MODEL_H
#define MT_PROXY_LITE_POLICY_MODEL_H

#include "base/regex.h"
#include "base/span.h"

enum {
    MT_POLICY_LISTENERS_MAX = 64, /* a route holds them as bits */
    MT_POLICY_SERVICES_MAX = 1024,
    MT_POLICY_ENDPOINTS_MAX = 256, /* of one service */
    MT_POLICY_ROUTES_MAX = 4096,
    MT_POLICY_ENTRIES_MAX = 16384, /* routes times hosts times matches */
    MT_POLICY_SPLIT_MAX = 64,      /* services that share a route */
    MT_POLICY_WEIGHT_MAX = 1000000,
    MT_POLICY_BUDGETS_MAX = 256,
    MT_POLICY_PATH_MAX = 1024, /* bytes of a path that is matched */
    MT_POLICY_REGEXES_MAX = 1024,
};

#define MT_POLICY_MS(n) ((int64_t)(n)*1000000)
#define MT_POLICY_S(n) ((int64_t)(n)*1000000000)

/* ---- listeners ---- */

struct mt_policy_listener {
    struct mt_span name;
    struct mt_span host; /* an IP address without brackets */
    uint8_t ip[16];      /* as mt_parse_ip() gives it */
    uint16_t port;
    uint32_t tcp;                /* service of what is not HTTP, or NONE */
    int64_t tcp_idle_timeout_ns; /* 1 h without a byte of it */
    int64_t header_timeout_ns;   /* 10 s for a request's header */
    int64_t idle_timeout_ns;     /* 60 s between requests */
    int64_t detect_timeout_ns;   /* 200 ms until a silent client is not HTTP; 0:
                                    it is not looked at, all is for `tcp` */
    uint32_t line;               /* where it was configured; 0: nowhere */
};

#define MT_POLICY_NONE UINT32_MAX /* no service, no budget */

/* ---- services ---- */

/* X(NAME, word, help) */
#define MT_POLICY_PROTOCOLS(X)                       \
    X(AUTO, "auto", "HTTP/1.1, and HTTP/2 for gRPC") \
    X(HTTP1, "http1", "HTTP/1.1")                    \
    X(H2, "h2", "HTTP/2 with prior knowledge (RFC 9113 section 3.3)")

enum mt_policy_protocol {
#define X(name, word, help) MT_POLICY_PROTOCOL_##name,
    MT_POLICY_PROTOCOLS(X)
#undef X
        MT_POLICY_PROTOCOL_COUNT
};

struct mt_policy_endpoint {
    struct mt_span host; /* a name, or an IP address without brackets */
    uint8_t ip[16];      /* all zero: a name, to be resolved */
    uint16_t port;
};

/* Outlier ejection; breaker.h says how. */
struct mt_policy_breaker {
    uint32_t consecutive;     /* failures in a row; 7. 0: do not count */
    uint32_t success_percent; /* of 10 s, at least; 80. 0: do not judge */
    uint32_t min_requests;    /* of 10 s, before they are judged; 5 */
    uint32_t max_out_percent; /* of the service's endpoints; 50 */
    int64_t out_min_ns;       /* 1 s, doubled each time ... */
    int64_t out_max_ns;       /* ... up to 60 s */
};

struct mt_policy_limits {
    uint32_t connections; /* 1024 each */
    uint32_t pending;
    uint32_t requests;
};

struct mt_policy_service {
    struct mt_span name;
    const struct mt_policy_endpoint *endpoints;
    uint32_t endpoints_count;
    bool every_address; /* dns: one name, each of its addresses an endpoint */
    uint8_t protocol;   /* enum mt_policy_protocol */
    uint8_t balance;    /* enum mt_balance of balance.h */
    struct mt_policy_breaker breaker;
    struct mt_policy_limits limits;
    int64_t connect_timeout_ns;       /* 1 s */
    uint32_t requests_per_connection; /* 0: as many as come */
    uint32_t index;                   /* in the policy */
    uint32_t line;
};

/* ---- what a route matches ---- */

/* How a field is compared. X(NAME, function, word, holds, fails, help): the
 * function is fields.c's; "x-canary = 1" and "x-canary is not 1" say how. */
#define MT_COMPARISONS(X)                                            \
    X(EXACT, exact, "exact", " = ", " is not ", "This value alone.") \
    X(PREFIX, prefix, "prefix", " begins ", " does not begin with ", \
      "The value begins so.")                                        \
    X(REGEX, regex, "regex", " like ", " does not match ",           \
      "PCRE2, over the whole value.")                                \
    X(PRESENT, present, "present", " is there", " is not there",     \
      "It is there, whatever its value.")                            \
    X(ABSENT, absent, "absent", " is absent", " is there", "It is not there.")

enum mt_comparison {
#define X(name, function, word, holds, fails, help) MT_COMPARE_##name,
    MT_COMPARISONS(X)
#undef X
        MT_COMPARE_COUNT
};

/* Does it compare with a value, or only look whether the field is there? */
static inline bool mt_comparison_has_value(unsigned how)
{
    return how != MT_COMPARE_PRESENT && how != MT_COMPARE_ABSENT;
}

/* A header field or a query parameter. */
struct mt_policy_field_match {
    struct mt_span name;  /* a header's in lower case */
    struct mt_span value; /* the pattern too, to be shown */
    const struct mt_regex *regex;
    uint8_t how; /* enum mt_comparison */
};

/* Highest precedence first. X(NAME, function, word, shown, fails, help): the
 * function is match.c's; "path like /a.*", and "/b does not match /a.*", say
 * how. A regular expression stands before prefixes: else a route for
 * everything would hide it. */
#define MT_PATH_MATCHES(X)                                           \
    X(EXACT, exact, "exact", "path ", "is not", "this path alone")   \
    X(REGEX, regex, "regex", "path like ", "does not match",         \
      "PCRE2, over the whole path")                                  \
    X(PREFIX, prefix, "prefix", "path ", "is not at or below",       \
      "this path, and what is below it: /a has /a/b, not /ab")       \
    X(GRPC_METHOD, grpc_method, "method", "gRPC method ",            \
      "is not of the gRPC method", "/SERVICE/METHOD of any service") \
    X(ANY, any, "any", "", "is not", "every path")

enum mt_path_match {
#define X(name, function, word, shown, fails, help) MT_PATH_##name,
    MT_PATH_MATCHES(X)
#undef X
        MT_PATH_COUNT
};

/* Everything given must hold; of methods one. */
struct mt_policy_match {
    uint8_t path_how;    /* enum mt_path_match */
    bool grpc;           /* application/grpc alone */
    struct mt_span path; /* a prefix without '/' at its end; root: empty */
    const struct mt_regex *path_regex;
    const struct mt_span *methods;
    const struct mt_policy_field_match *headers;
    const struct mt_policy_field_match *query;
    uint32_t methods_count, headers_count, query_count;
};

/* In lower case; a suffix begins with its dot: `*.example` is ".example". */
struct mt_policy_host {
    struct mt_span text; /* empty: any host */
    bool suffix;         /* one label or more before it */
};

/* ---- what a route does ---- */

struct mt_policy_backend {
    uint32_t service; /* index */
    uint32_t weight;
};

enum mt_sticky { MT_STICKY_NONE, MT_STICKY_COOKIE, MT_STICKY_HEADER };

/* Services that share a route; split.h chooses. */
struct mt_policy_split {
    const struct mt_policy_backend *list;
    uint32_t count;
    uint32_t total; /* of the weights */
    uint8_t sticky; /* enum mt_sticky */
    struct mt_span sticky_name;
};

/* How a path is replaced: the whole, or the prefix that matched. */
enum mt_path_rewrite {
    MT_PATH_KEEP,
    MT_PATH_REPLACE_ALL,
    MT_PATH_REPLACE_PREFIX,
};

struct mt_policy_rewrite {
    struct mt_span host; /* empty: kept */
    struct mt_span path;
    uint8_t path_how; /* enum mt_path_rewrite */
};

struct mt_policy_redirect {
    struct mt_span scheme; /* empty: as asked */
    struct mt_policy_rewrite to;
    uint16_t port;   /* 0: as RFC and Gateway API say, rewrite.h */
    uint16_t status; /* 301, 302 (default), 303, 307, 308 */
};

struct mt_policy_respond {
    uint16_t status;
    struct mt_span content_type;
    struct mt_span body;
};

/* Has a final response of this status no content, whatever its fields say (RFC
 * 9112 section 6.3)? Of 204 there is no length either (RFC 9110 section 8.6).
 */
static inline bool mt_status_is_empty(unsigned status)
{
    return status == 204 || status == 304;
}

struct mt_policy_field {
    struct mt_span name; /* lower case */
    struct mt_span value;
};

/* Applied in this order: remove, set (instead of what is there), add. */
struct mt_policy_edits {
    const struct mt_policy_field *set, *add;
    const struct mt_span *remove;
    uint32_t set_count, add_count, remove_count;
};

enum mt_action { MT_ACTION_TO, MT_ACTION_REDIRECT, MT_ACTION_RESPOND };

/* ---- retries ---- */

struct mt_policy_budget {
    uint32_t percent;        /* of the requests of 10 s; 20 */
    uint32_t min_per_second; /* and so many more; 10 */
};

enum { MT_RETRY_STATUS_WORDS = 10 }; /* 640 statuses */

/* retry.h says how it is used. */
struct mt_policy_retry {
    uint64_t statuses[MT_RETRY_STATUS_WORDS]; /* a bit each */
    uint32_t on;                              /* bits of enum mt_retry_on */
    uint32_t grpc_codes;                      /* bits of gRPC statuses 1..16 */
    uint32_t attempts;                        /* after the first try; 1 */
    int64_t backoff_min_ns;                   /* 25 ms */
    int64_t backoff_max_ns;                   /* 250 ms */
    const struct mt_span *methods; /* none given: the idempotent ones */
    uint32_t methods_count;
    uint32_t budget; /* index; 0 is the process's */
};

/* ---- routes ---- */

struct mt_policy_route {
    struct mt_span name;                   /* empty: none was given */
    uint64_t listeners;                    /* bits; all by default */
    const struct mt_policy_host *hosts;    /* of none: any */
    const struct mt_policy_match *matches; /* of none: everything */
    uint32_t hosts_count, matches_count;
    uint8_t action; /* enum mt_action */
    struct mt_policy_split to;
    struct mt_policy_rewrite rewrite;
    struct mt_policy_redirect redirect;
    struct mt_policy_respond respond;
    struct mt_policy_edits request_headers, response_headers;
    int64_t timeout_ns;                  /* 15 s, up to the response's header */
    int64_t per_try_timeout_ns;          /* none */
    int64_t stream_idle_timeout_ns;      /* 5 min */
    const struct mt_policy_retry *retry; /* NULL: none */
    uint32_t index;                      /* order in the file */
    uint32_t line;
};

/* One way to a route; sorted, the first that matches is taken. */
struct mt_policy_entry {
    const struct mt_policy_route *route;
    const struct mt_policy_match *match;
    const struct mt_policy_host *host;
    struct mt_span rule; /* "canary (line 9): host api.example, path /cart":
                            for rows; at most MT_POLICY_RULE_MAX bytes */
};

enum { MT_POLICY_RULE_MAX = 200 };

struct mt_policy_index; /* index.h */

struct mt_policy {
    struct mt_policy_listener **listeners;
    struct mt_policy_service **services;
    struct mt_policy_route **routes;
    struct mt_policy_budget *budgets; /* [0]: the whole process */
    struct mt_policy_entry *entries;  /* after mt_policy_seal() */
    const struct mt_policy_index *index;
    int64_t resolve_ns; /* how often names are resolved again; 30 s */
    uint32_t listeners_count, services_count, routes_count, budgets_count,
        entries_count, regexes_count;
};

/* An empty policy; NULL: no memory. */
struct mt_policy *mt_policy_new(void);

/* NULL is fine. */
void mt_policy_free(struct mt_policy *p);

/* One more, with its defaults; NULL: no memory, or the maximum is reached. */
struct mt_policy_listener *mt_policy_add_listener(struct mt_policy *p);
struct mt_policy_service *mt_policy_add_service(struct mt_policy *p);
struct mt_policy_route *mt_policy_add_route(struct mt_policy *p);

/* The index of a new budget, or MT_POLICY_NONE. */
uint32_t mt_policy_add_budget(struct mt_policy *p,
                              const struct mt_policy_budget *budget);

/* Memory that lives as long as the policy, cleared; NULL: none. */
void *mt_policy_alloc(struct mt_policy *p, size_t count, size_t size);

/* A text that does. False: no memory. */
bool mt_policy_copy(struct mt_policy *p, struct mt_span text,
                    struct mt_span *out);

/* Compile a pattern that must be the whole text. Returns as mt_regex_new();
 * MT_ELIMIT also above MT_POLICY_REGEXES_MAX. */
int mt_policy_regex(struct mt_policy *p, struct mt_span pattern,
                    const struct mt_regex **out, struct mt_regex_error *error);

/* The defaults of a `retry:` without conditions. */
void mt_policy_retry_defaults(struct mt_policy_retry *r);

/**
 * Make the entries: every route by every host and match of it, in order.
 * Returns 0 or MT_ELIMIT (more than MT_POLICY_ENTRIES_MAX, a path longer than
 * MT_POLICY_PATH_MAX, or no memory).
 */
int mt_policy_seal(struct mt_policy *p);

/* By name; NULL: there is none. */
const struct mt_policy_service *
mt_policy_find_service(const struct mt_policy *p, struct mt_span name);

#endif
