/**
 * retry.h - whether a request is tried again, when, and if not, why not.
 *
 *     struct mt_retry_answer a = mt_retry_decide(&ask, &rnd);
 *     if (a.again)
 *         wait a.wait_ns, then pick another endpoint than before
 *     else
 *         pass the last answer on; mt_retry_why_text(a.why) into its row
 *
 * Safe by default: only what the route asks for, idempotent methods (RFC 9110
 * section 9.2.2), nothing of a response forwarded yet, the request still at
 * hand, within the attempts, the deadline and the budget.
 *
 * A request that no server worked on is tried again without counting and
 * without being asked for: after GOAWAY when its stream is above the last one
 * (RFC 9113 section 8.7), and once after REFUSED_STREAM (gRFC A6, transparent
 * retries). A server that refuses everything is thus asked twice at most.
 *
 * To add a condition: a row here, and its function in retry_on.c.
 */
#ifndef MT_PROXY_LITE_POLICY_RETRY_H
#define MT_PROXY_LITE_POLICY_RETRY_H

#include "proxy-lite/policy/budget.h"
#include "proxy-lite/policy/random.h"

/* Conditions of `retry: {on: [...]}`, beside statuses. X(NAME, function, word,
 * help): the function is retry_on.c's. */
#define MT_RETRY_ON(X)                                        \
    X(RESET, reset, "reset",                                  \
      "the connection or stream was reset before an answer")  \
    X(CONNECT_FAILURE, connect_failure, "connect-failure",    \
      "no connection could be made")                          \
    X(REFUSED_STREAM, refused_stream, "refused-stream",       \
      "the server refused the stream before it worked on it") \
    X(TIMEOUT, timeout, "timeout", "no answer within the time-out of one try")

enum mt_retry_on {
#define X(name, function, word, help) MT_RETRY_ON_##name,
    MT_RETRY_ON(X)
#undef X
        MT_RETRY_ON_COUNT
};

/* Names for several statuses. X(word, first, last, no_answer, help); no_answer:
 * what has none counts too, for the proxy answers 502, 503 or 504 then (as
 * Envoy's conditions of these names). */
#define MT_RETRY_STATUS_CLASSES(X)                                           \
    X("gateway-error", 502, 504, true, "status 502, 503, 504, or no answer") \
    X("4xx", 400, 499, false, "any status from 400 to 499")                  \
    X("5xx", 500, 599, true, "any status from 500 to 599, or no answer")

/* gRPC statuses that may be retried. X(word, code, help) */
#define MT_RETRY_GRPC_CODES(X)                                   \
    X("cancelled", 1, "gRPC status CANCELLED")                   \
    X("deadline-exceeded", 4, "gRPC status DEADLINE_EXCEEDED")   \
    X("resource-exhausted", 8, "gRPC status RESOURCE_EXHAUSTED") \
    X("internal", 13, "gRPC status INTERNAL")                    \
    X("unavailable", 14, "gRPC status UNAVAILABLE")

/* X(NAME, word, help): why a request was not tried again; MESH.md's words. */
#define MT_RETRY_WHYS(X)                                                   \
    X(NONE, "", "nothing asked for it")                                    \
    X(LIMIT, "limit", "its attempts are used up")                          \
    X(BUDGET, "budget", "retries are over their share of the requests")    \
    X(BODY_TOO_LARGE, "body_too_large", "its body was not kept")           \
    X(NOT_IDEMPOTENT, "not_idempotent", "doing it twice may do harm")      \
    X(RESPONSE_STARTED, "response_started", "the client has a part of it") \
    X(BREAKER_OPEN, "breaker_open", "no endpoint would take it")           \
    X(DEADLINE, "deadline", "its time would be over")                      \
    X(PUSHBACK, "pushback", "the server asked not to")

enum mt_retry_why {
#define X(name, word, help) MT_RETRY_WHY_##name,
    MT_RETRY_WHYS(X)
#undef X
        MT_RETRY_WHY_COUNT
};

/* How one try ended. */
enum mt_try_end {
    MT_TRY_RESPONSE,        /* with a status (and a gRPC status) */
    MT_TRY_RESET,           /* reset or closed before its end */
    MT_TRY_CONNECT_FAILURE, /* refused, unreachable, or the connect time-out */
    MT_TRY_REFUSED_STREAM,  /* RST_STREAM with REFUSED_STREAM */
    MT_TRY_NOT_PROCESSED,   /* above GOAWAY's last stream, or never sent */
    MT_TRY_TIMEOUT,         /* the time-out of one try */
    MT_TRY_END_COUNT
};

enum {
    MT_RETRY_BODY_MAX = 64 << 10, /* bytes kept for another try */
    MT_RETRY_FREE_MAX = 3,        /* tries that are not counted */
    MT_RETRY_AFTER_MAX_S = 300,   /* a longer Retry-After is no retry */
};

#define MT_RETRY_NO_HINT INT64_MIN /* no Retry-After, no pushback */

struct mt_try {
    uint8_t end;           /* enum mt_try_end */
    uint16_t status;       /* HTTP; 0: none */
    int16_t grpc_status;   /* -1: none */
    int64_t hint_ns;       /* mt_retry_after(), mt_retry_pushback() or NO_HINT;
                              negative: do not */
    bool response_started; /* something of it went to the client */
};

struct mt_retry_ask {
    const struct mt_policy_retry *policy; /* of the route; NULL: none */
    const struct mt_policy_budget *budget_policy;
    struct mt_budget *budget; /* policy->budget's, shared */
    const struct mt_try *last;
    struct mt_span method;
    bool grpc;
    bool body_kept;        /* the whole request can be sent again */
    bool endpoint_there;   /* one would take it: breakers, limits */
    uint32_t retries;      /* counted ones so far */
    uint32_t free_retries; /* others so far */
    uint32_t refused;      /* of them after REFUSED_STREAM */
    int64_t now_ns;
    int64_t deadline_ns; /* of the whole request; 0: none */
};

struct mt_retry_answer {
    bool again;
    bool counted;    /* into ask.retries next time; else free_retries */
    uint8_t why;     /* enum mt_retry_why, when not again */
    int64_t wait_ns; /* before it, when again */
};

/* The budget is asked last, and pays when the answer is to try again. */
struct mt_retry_answer mt_retry_decide(const struct mt_retry_ask *ask,
                                       struct mt_random *random);

/**
 * Before retry n (from 0): anything up to min * 2^n, at most max ("full
 * jitter", Brooker, "Exponential backoff and jitter", 2015).
 */
int64_t mt_retry_backoff(const struct mt_policy_retry *policy, uint32_t n,
                         struct mt_random *random);

/* Does the end of a try meet a condition of the policy? */
bool mt_retry_wanted(const struct mt_policy_retry *policy,
                     const struct mt_try *last);

/* RFC 9110 section 9.2.2. */
bool mt_method_idempotent(struct mt_span method);

/* ---- conditions ---- */

static inline void mt_retry_add_status(struct mt_policy_retry *p, unsigned s)
{
    if (s < MT_RETRY_STATUS_WORDS * 64)
        p->statuses[s / 64] |= (uint64_t)1 << (s % 64);
}

/**
 * Add a condition by its word: `503`, `5xx`, `gateway-error`, `reset`,
 * `unavailable` ... False: there is none of that name.
 */
bool mt_retry_add(struct mt_policy_retry *p, struct mt_span word);

/* All words that mt_retry_add() knows beside statuses; NULL at the end. */
extern const char *const mt_retry_words[];

const char *mt_retry_why_text(unsigned why);

/* ---- what servers say ---- */

/**
 * Retry-After (RFC 9110 section 10.2.3): seconds, or an HTTP date in any of
 * its three forms, counted from wall_now_ns; a past date is 0. NO_HINT: it is
 * neither.
 */
int64_t mt_retry_after(struct mt_span value, int64_t wall_now_ns);

/* grpc-retry-pushback-ms (gRFC A6): what is no number, or negative, says not
 * to retry. */
int64_t mt_retry_pushback(struct mt_span value);

#endif
