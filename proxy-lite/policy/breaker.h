/**
 * breaker.h - an endpoint that fails is left alone for a while.
 *
 * Shared by all threads through relaxed atomics: each request only tells its
 * outcome, and the thread whose outcome is one too many puts the endpoint out.
 *
 *     closed --7 failures in a row, or under 80 % of 10 s (5 requests)--> out
 *     out ----its time is over, one thread claims the probe-----------> probing
 *     probing --the probe succeeds--> closed
 *             --it fails------------> out, twice as long (1 s ... 60 s)
 *             --it never ends-------> claimed anew after 30 s
 *
 * At most half of a service's endpoints are out (struct mt_breaker_group), so
 * that never all are: a service whose every endpoint fails goes on failing
 * rather than refusing. An endpoint that is put out within 10 s of its return
 * stays out longer than the last time.
 *
 * Linkerd's failure accrual (https://linkerd.io/2/reference/circuit-breaking/)
 * for counts and backoff, Envoy's outlier detection for success rate and
 * max_ejection_percent.
 */
#ifndef MT_PROXY_LITE_POLICY_BREAKER_H
#define MT_PROXY_LITE_POLICY_BREAKER_H

#include "proxy-lite/policy/model.h"
#include "proxy-lite/policy/random.h"
#include "proxy-lite/policy/recent.h"

enum { MT_BREAKER_SECONDS = 10, MT_BREAKER_PROBE_S = 30 };

enum mt_breaker_state {
    MT_BREAKER_CLOSED,
    MT_BREAKER_OUT,
    MT_BREAKER_DUE, /* out, but a probe may be claimed */
};

/* What became of a request. */
enum mt_breaker_outcome {
    MT_BREAKER_OK,
    MT_BREAKER_FAILED,
    MT_BREAKER_NOTHING, /* given up by its client: it says nothing */
};

/* Why an endpoint was put out. X(NAME, help) */
#define MT_BREAKER_WHYS(X)                          \
    X(NONE, "it was not")                           \
    X(CONSECUTIVE, "so many failures in a row")     \
    X(SUCCESS, "too few of its requests succeeded") \
    X(PROBE, "its probe failed")

enum mt_breaker_why {
#define X(name, help) MT_BREAKER_WHY_##name,
    MT_BREAKER_WHYS(X)
#undef X
};

/* Of one endpoint. Zero bytes are a closed one. */
struct mt_breaker {
    _Atomic uint64_t word; /* state, and until when in ms */
    _Atomic uint32_t consecutive;
    _Atomic uint32_t level;      /* how often it was put out, in a row */
    _Atomic uint32_t generation; /* how often it came back */
    _Atomic uint32_t why;        /* enum mt_breaker_why, while it is out */
    _Atomic int64_t back_ns;     /* when it came back; 0: never */
    struct mt_recent recent;     /* requests, failures */
};

/* Of one service: its endpoints that are out. */
struct mt_breaker_group {
    _Atomic uint32_t out;
    uint32_t endpoints;
};

#define MT_BREAKER_NO_PROBE UINT64_MAX

enum mt_breaker_state mt_breaker_look(const struct mt_breaker *b,
                                      int64_t now_ns);

/**
 * Become the one request that tries an endpoint that is due. Returns what
 * mt_breaker_record() gets with its outcome, or MT_BREAKER_NO_PROBE: another
 * was faster.
 */
uint64_t mt_breaker_claim(struct mt_breaker *b, int64_t now_ns);

/* What of one request: its outcome, and whether it was a probe. */
struct mt_breaker_report {
    uint64_t probe; /* of mt_breaker_claim(), else MT_BREAKER_NO_PROBE */
    uint8_t outcome;
    int64_t now_ns;
};

/* Returns whether the endpoint was put out by it. */
bool mt_breaker_record(struct mt_breaker *b, struct mt_breaker_group *g,
                       const struct mt_policy_breaker *policy,
                       const struct mt_breaker_report *report,
                       struct mt_random *random);

/**
 * After a reload: the breaker of an endpoint that stays knows what the one
 * before it knows, so that an endpoint that is out stays out (if the new
 * group has room for it). A probe that runs is the old policy's: the new one
 * may begin its own when that would be given up. Before the new policy's
 * first request; the old one may still be in use.
 */
void mt_breaker_inherit(struct mt_breaker *b, struct mt_breaker_group *g,
                        const struct mt_policy_breaker *policy,
                        const struct mt_breaker *from);

/* What there is to say of one, for people. */
struct mt_breaker_told {
    uint8_t state;        /* enum mt_breaker_state */
    bool probing;         /* OUT: a request tries it */
    uint8_t why;          /* of CLOSED: why it would be out if it might */
    uint32_t consecutive; /* failures, of CLOSED */
    uint64_t requests, failures; /* of the last 10 s */
    int64_t until_ms;            /* 0: closed */
};

struct mt_breaker_told mt_breaker_tell(const struct mt_breaker *b,
                                       const struct mt_policy_breaker *policy,
                                       int64_t now_ns);

/* When the endpoint may be probed, in ms of the same clock; 0: it is in. */
int64_t mt_breaker_until_ms(const struct mt_breaker *b);

#endif
