#include "cli/proxy_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_addr.h"
#include "cli/say.h"

#define MS_NS INT64_C(1000000)

/* What was told last, and whether it was there this time. */
struct told_endpoint {
    struct mt_endpoint_state is;
    bool seen;
};

struct told_budget {
    struct mt_budget_state is;
    bool seen;
};

struct mt_proxy_state {
    struct told_endpoint endpoints[MT_PROXY_STATE_MAX];
    struct told_budget budgets[MT_PROXY_STATE_MAX];
    size_t endpoints_count, budgets_count;
    bool said_more, broken;
    struct mt_recorder *recorder;
};

struct mt_proxy_state *mt_proxy_state_new(void)
{
    return calloc(1, sizeof(struct mt_proxy_state));
}

void mt_proxy_state_free(struct mt_proxy_state *s)
{
    free(s);
}

/* ---- what is so now ---- */

static void copy_text(char *out, size_t size, struct mt_span text)
{
    struct mt_buf b = mt_buf_of(out, size - 1);
    if (text.len > size - 1)
        text.len = size - 1;
    while (text.len > 0 && text.len == size - 1 &&
           (text.ptr[text.len - 1] & 0xc0) == 0x80)
        text.len--;
    mt_put_span(&b, text);
    out[b.len] = '\0';
}

static void put_why(struct mt_buf *b, const struct mt_policy_breaker *p,
                    const struct mt_breaker_told *t)
{
    switch (t->why) {
    case MT_BREAKER_WHY_CONSECUTIVE:
        mt_put_count(b, t->state == MT_BREAKER_CLOSED ? t->consecutive
                                                      : p->consecutive);
        mt_put_str(b, " failures in a row");
        break;
    case MT_BREAKER_WHY_SUCCESS:
        mt_put_str(b, "success under ");
        mt_put_count(b, p->success_percent);
        mt_put_str(b, " % over 10 s");
        break;
    case MT_BREAKER_WHY_PROBE:
        mt_put_str(b, "its probe failed");
        break;
    default:
        break;
    }
}

static uint8_t state_of(const struct mt_breaker_told *t)
{
    if (t->state == MT_BREAKER_CLOSED)
        return t->why != MT_BREAKER_WHY_NONE ? MT_ENDPOINT_KEPT
                                             : MT_ENDPOINT_CLOSED;
    if (t->state == MT_BREAKER_DUE)
        return MT_ENDPOINT_DUE;
    return t->probing ? MT_ENDPOINT_PROBING : MT_ENDPOINT_OPEN;
}

static void fill_breaker(const struct mt_proxy_look *l, uint32_t service,
                         uint32_t endpoint, struct mt_endpoint_state *e)
{
    const struct mt_policy_breaker *p =
        &l->generation->policy->services[service]->breaker;
    struct mt_breaker_told t = mt_breaker_tell(
        &l->generation->state->services[service].breakers[endpoint], p,
        l->now_ns);
    struct mt_buf b = mt_buf_of(e->reason, sizeof e->reason - 1);
    e->state = state_of(&t);
    put_why(&b, p, &t);
    if (e->state == MT_ENDPOINT_KEPT) {
        mt_put_str(&b, "; at most ");
        mt_put_count(&b, p->max_out_percent);
        mt_put_str(&b, " % may be out");
    }
    e->reason[b.len] = '\0';
    /* to the second: the two clocks are not read at once */
    if (e->state == MT_ENDPOINT_OPEN)
        e->until_ns = t.until_ms * MS_NS + (l->wall_ns - l->now_ns);
    e->until_ns -= e->until_ns % (100 * MS_NS);
}

/* The latency is the mean of the threads that know it. */
static void fill_gauge(const struct mt_endpoint_gauge *g,
                       struct mt_endpoint_state *e)
{
    uint32_t n = atomic_load_explicit(&g->measured, memory_order_relaxed);
    int64_t sum = atomic_load_explicit(&g->latency_ns, memory_order_relaxed);
    e->running = atomic_load_explicit(&g->running, memory_order_relaxed);
    e->conns = atomic_load_explicit(&g->conns, memory_order_relaxed);
    e->latency_ns = n > 0 && sum > 0 ? sum / n : 0;
}

static void fill_endpoint(const struct mt_proxy_look *l, uint32_t service,
                          uint32_t endpoint, struct mt_endpoint_state *e)
{
    memset(e, 0, sizeof *e);
    const struct mt_addr *a = &l->generation->addresses.list[service][endpoint];
    struct mt_buf b = mt_buf_of(e->endpoint, sizeof e->endpoint - 1);
    copy_text(e->service, sizeof e->service,
              l->generation->policy->services[service]->name);
    mt_put_ip_port(&b, a->ip, a->port);
    e->endpoint[b.len] = '\0';
    fill_breaker(l, service, endpoint, e);
    fill_gauge(&l->generation->state->services[service].gauges[endpoint], e);
}

static void fill_budget(const struct mt_proxy_look *l, uint32_t service,
                        const struct mt_policy_route *route,
                        struct mt_budget_state *b)
{
    uint32_t n = route->retry != NULL ? route->retry->budget : 0;
    const struct mt_policy_budget *p = &l->generation->policy->budgets[n];
    const struct mt_budget *budget = &l->generation->state->budgets[n];
    struct mt_budget_told t = mt_budget_tell(budget, p, l->now_ns);
    memset(b, 0, sizeof *b);
    copy_text(b->service, sizeof b->service,
              l->generation->policy->services[service]->name);
    if (n != 0 && route->name.len > 0)
        copy_text(b->rule, sizeof b->rule, route->name);
    else if (n != 0)
        (void)snprintf(b->rule, sizeof b->rule, "line %u", route->line);
    b->percent = p->percent;
    b->min_per_s = p->min_per_second;
    b->spent = (uint32_t)t.spent;
    b->allowed = (uint32_t)t.allowed;
    b->denied = atomic_load_explicit(&budget->denied, memory_order_relaxed);
}

/* ---- what of it is news ---- */

static void say_more(struct mt_proxy_state *s)
{
    if (!s->said_more)
        mt_warn(NULL,
                "the state of more than %d endpoints or budgets is not "
                "recorded; they work all the same",
                MT_PROXY_STATE_MAX);
    s->said_more = true;
}

/* Where it is in the list, by its key; at the end: it is new. */
static size_t find_endpoint(const struct mt_proxy_state *s, size_t guess,
                            const struct mt_endpoint_state *e)
{
    for (size_t k = 0; k < s->endpoints_count; k++) {
        size_t i = (guess + k) % s->endpoints_count;
        if (strcmp(s->endpoints[i].is.endpoint, e->endpoint) == 0 &&
            strcmp(s->endpoints[i].is.service, e->service) == 0)
            return i;
    }
    return s->endpoints_count;
}

static size_t find_budget(const struct mt_proxy_state *s,
                          const struct mt_budget_state *b)
{
    size_t i = 0;
    while (i < s->budgets_count &&
           (strcmp(s->budgets[i].is.rule, b->rule) != 0 ||
            strcmp(s->budgets[i].is.service, b->service) != 0))
        i++;
    return i;
}

/* Of the same endpoint. */
static bool same_endpoint(const struct mt_endpoint_state *a,
                          const struct mt_endpoint_state *b)
{
    return a->state == b->state && a->until_ns == b->until_ns &&
           a->latency_ns == b->latency_ns && a->running == b->running &&
           a->conns == b->conns && strcmp(a->reason, b->reason) == 0;
}

static bool same_budget(const struct mt_budget_state *a,
                        const struct mt_budget_state *b)
{
    return a->percent == b->percent && a->min_per_s == b->min_per_s &&
           a->spent == b->spent && a->allowed == b->allowed &&
           a->denied == b->denied;
}

static void note_endpoint(struct mt_proxy_state *s, size_t guess,
                          const struct mt_endpoint_state *e)
{
    size_t i = find_endpoint(s, guess, e);
    if (i == MT_PROXY_STATE_MAX) {
        say_more(s);
        return;
    }
    struct told_endpoint *t = &s->endpoints[i];
    if (i < s->endpoints_count && same_endpoint(&t->is, e)) {
        t->seen = true;
        return;
    }
    if (!mt_recorder_endpoint(s->recorder, e, &s->broken)) {
        t->seen = true;
        return;
    }
    *t = (struct told_endpoint){.is = *e, .seen = true};
    s->endpoints_count += i == s->endpoints_count;
}

static void note_budget(struct mt_proxy_state *s,
                        const struct mt_budget_state *b)
{
    size_t i = find_budget(s, b);
    if (i == MT_PROXY_STATE_MAX) {
        say_more(s);
        return;
    }
    struct told_budget *t = &s->budgets[i];
    if (i < s->budgets_count && same_budget(&t->is, b)) {
        t->seen = true;
        return;
    }
    if (!mt_recorder_budget(s->recorder, b, &s->broken)) {
        t->seen = true;
        return;
    }
    *t = (struct told_budget){.is = *b, .seen = true};
    s->budgets_count += i == s->budgets_count;
}

/* What a policy before this one had. */
static void take_back(struct mt_proxy_state *s)
{
    for (size_t i = 0; i < s->endpoints_count;) {
        struct told_endpoint *t = &s->endpoints[i];
        t->is.gone = !t->seen;
        if (t->is.gone && mt_recorder_endpoint(s->recorder, &t->is, &s->broken))
            *t = s->endpoints[--s->endpoints_count];
        else
            t->is.gone = false, i++;
    }
    for (size_t i = 0; i < s->budgets_count;) {
        struct told_budget *t = &s->budgets[i];
        t->is.gone = !t->seen;
        if (t->is.gone && mt_recorder_budget(s->recorder, &t->is, &s->broken))
            *t = s->budgets[--s->budgets_count];
        else
            t->is.gone = false, i++;
    }
}

static void tell_services(struct mt_proxy_state *s,
                          const struct mt_proxy_look *l)
{
    size_t guess = 0;
    for (uint32_t i = 0; i < l->generation->policy->services_count; i++)
        for (uint32_t k = 0;
             k < l->generation->state->services[i].group.endpoints; k++) {
            struct mt_endpoint_state e;
            fill_endpoint(l, i, k, &e);
            note_endpoint(s, guess++, &e);
        }
}

static void tell_budgets(struct mt_proxy_state *s,
                         const struct mt_proxy_look *l)
{
    for (uint32_t i = 0; i < l->generation->policy->routes_count; i++) {
        const struct mt_policy_route *r = l->generation->policy->routes[i];
        for (uint32_t k = 0; r->retry != NULL && k < r->to.count; k++) {
            struct mt_budget_state b;
            fill_budget(l, r->to.list[k].service, r, &b);
            note_budget(s, &b);
        }
    }
}

bool mt_proxy_state_tell(struct mt_proxy_state *s,
                         const struct mt_proxy_look *look,
                         struct mt_recorder *recorder)
{
    s->recorder = recorder;
    for (size_t i = 0; i < s->endpoints_count; i++)
        s->endpoints[i].seen = false;
    for (size_t i = 0; i < s->budgets_count; i++)
        s->budgets[i].seen = false;
    tell_services(s, look);
    tell_budgets(s, look);
    take_back(s);
    return !s->broken;
}
