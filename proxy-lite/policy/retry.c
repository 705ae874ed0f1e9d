#include "proxy-lite/policy/retry.h"

static const struct mt_span idempotent[] = {
    {(const uint8_t *)"GET", 3},     {(const uint8_t *)"HEAD", 4},
    {(const uint8_t *)"OPTIONS", 7}, {(const uint8_t *)"TRACE", 5},
    {(const uint8_t *)"PUT", 3},     {(const uint8_t *)"DELETE", 6},
};

static bool is_one_of(struct mt_span word, const struct mt_span *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (mt_span_eq(word, list[i]))
            return true;
    return false;
}

bool mt_method_idempotent(struct mt_span method)
{
    return is_one_of(method, idempotent,
                     sizeof idempotent / sizeof idempotent[0]);
}

const char *mt_retry_why_text(unsigned why)
{
    static const char *const texts[] = {
#define X(name, word, help) word,
        MT_RETRY_WHYS(X)
#undef X
    };
    return why < MT_RETRY_WHY_COUNT ? texts[why] : "?";
}

int64_t mt_retry_backoff(const struct mt_policy_retry *p, uint32_t n,
                         struct mt_random *random)
{
    int64_t most = p->backoff_min_ns;
    for (uint32_t i = 0; i < n && most < p->backoff_max_ns; i++)
        most = most <= p->backoff_max_ns / 2 ? most * 2 : p->backoff_max_ns;
    if (most > p->backoff_max_ns)
        most = p->backoff_max_ns;
    return (int64_t)((double)most * mt_random_unit(random));
}

/* No server worked on it: another try is none of the route's affair. */
static bool is_free(const struct mt_retry_ask *a)
{
    if (a->free_retries >= MT_RETRY_FREE_MAX)
        return false;
    return a->last->end == MT_TRY_NOT_PROCESSED ||
           (a->last->end == MT_TRY_REFUSED_STREAM && a->refused == 0);
}

/* Who names gRPC statuses names calls that may be made twice: all of them are
 * POST. */
static bool may_be_done_twice(const struct mt_retry_ask *a)
{
    const struct mt_policy_retry *p = a->policy;
    int code = a->last->grpc_status;
    bool never_done = a->last->end == MT_TRY_CONNECT_FAILURE ||
                      a->last->end == MT_TRY_REFUSED_STREAM ||
                      a->last->end == MT_TRY_NOT_PROCESSED;
    if (never_done)
        return true;
    if (p->methods_count > 0)
        return is_one_of(a->method, p->methods, p->methods_count);
    if (a->grpc && a->last->end == MT_TRY_RESPONSE && code > 0 && code < 32 &&
        (p->grpc_codes >> code & 1) != 0)
        return true;
    return mt_method_idempotent(a->method);
}

/* The server's wish, or ours; never sooner than it wished. */
static int64_t wait_of(const struct mt_retry_ask *a, bool free,
                       struct mt_random *random)
{
    int64_t hint = a->last->hint_ns;
    int64_t wait = free ? 0 : mt_retry_backoff(a->policy, a->retries, random);
    return hint != MT_RETRY_NO_HINT && hint > wait ? hint : wait;
}

static bool too_late(const struct mt_retry_ask *a, int64_t wait_ns)
{
    return a->deadline_ns != 0 && wait_ns >= a->deadline_ns - a->now_ns;
}

static bool pushed_back(const struct mt_retry_ask *a)
{
    int64_t hint = a->last->hint_ns;
    return hint != MT_RETRY_NO_HINT &&
           (hint < 0 || hint > MT_POLICY_S(MT_RETRY_AFTER_MAX_S));
}

struct mt_retry_answer mt_retry_decide(const struct mt_retry_ask *a,
                                       struct mt_random *random)
{
    bool free = is_free(a);
    struct mt_retry_answer no = {.why = MT_RETRY_WHY_NONE};
    if (!free && (a->policy == NULL || !mt_retry_wanted(a->policy, a->last)))
        return no;
    int64_t wait_ns = wait_of(a, free, random);

    if (a->last->response_started)
        no.why = MT_RETRY_WHY_RESPONSE_STARTED;
    else if (!free && !may_be_done_twice(a))
        no.why = MT_RETRY_WHY_NOT_IDEMPOTENT;
    else if (!a->body_kept)
        no.why = MT_RETRY_WHY_BODY_TOO_LARGE;
    else if (pushed_back(a))
        no.why = MT_RETRY_WHY_PUSHBACK;
    else if (!free && a->retries >= a->policy->attempts)
        no.why = MT_RETRY_WHY_LIMIT;
    else if (too_late(a, wait_ns))
        no.why = MT_RETRY_WHY_DEADLINE;
    else if (!a->endpoint_there)
        no.why = MT_RETRY_WHY_BREAKER_OPEN;
    else if (!free && !mt_budget_take(a->budget, a->budget_policy, a->now_ns))
        no.why = MT_RETRY_WHY_BUDGET;
    else
        return (struct mt_retry_answer){
            .again = true, .counted = !free, .wait_ns = wait_ns};
    return no;
}
