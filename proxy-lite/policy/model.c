#include "proxy-lite/policy/model.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/rc.h"

enum { POLICY_BYTES = 64 << 20, FIRST_CAPACITY = 8 };

struct regex_link {
    struct regex_link *next;
    struct mt_regex *regex;
};

/* What the public part does not show. */
struct owned {
    struct mt_policy policy; /* first: one is the other */
    struct mt_pool pool;
    struct mt_arena arena;
    struct regex_link *regexes;
};

static struct owned *owned(struct mt_policy *p)
{
    return (struct owned *)(void *)p;
}

struct mt_policy *mt_policy_new(void)
{
    static const struct mt_policy_budget process = {.percent = 20,
                                                    .min_per_second = 10};
    struct owned *o = calloc(1, sizeof *o);
    if (o == NULL)
        return NULL;
    mt_pool_init(&o->pool, POLICY_BYTES);
    mt_arena_init(&o->arena, &o->pool, POLICY_BYTES);
    if (mt_policy_add_budget(&o->policy, &process) != 0) {
        mt_policy_free(&o->policy);
        return NULL;
    }
    o->policy.resolve_ns = MT_POLICY_S(30);
    return &o->policy;
}

void mt_policy_free(struct mt_policy *p)
{
    if (p == NULL)
        return;
    struct owned *o = owned(p);
    for (struct regex_link *l = o->regexes; l != NULL; l = l->next)
        mt_regex_free(l->regex);
    mt_arena_deinit(&o->arena);
    mt_pool_deinit(&o->pool);
    free(o);
}

void *mt_policy_alloc(struct mt_policy *p, size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n) || n > POLICY_BYTES)
        return NULL;
    void *memory = mt_arena_alloc(&owned(p)->arena, n > 0 ? n : 1);
    if (memory != NULL)
        memset(memory, 0, n);
    return memory;
}

bool mt_policy_copy(struct mt_policy *p, struct mt_span text,
                    struct mt_span *out)
{
    return mt_arena_copy(&owned(p)->arena, text, out);
}

int mt_policy_regex(struct mt_policy *p, struct mt_span pattern,
                    const struct mt_regex **out, struct mt_regex_error *error)
{
    struct regex_link *l = NULL;
    *error = (struct mt_regex_error){0};
    if (p->regexes_count < MT_POLICY_REGEXES_MAX)
        l = mt_policy_alloc(p, 1, sizeof *l);
    if (l == NULL)
        return MT_ELIMIT;
    int rc = mt_regex_new(&l->regex, pattern, MT_REGEX_WHOLE, error);
    if (rc != 0)
        return rc;
    l->next = owned(p)->regexes;
    owned(p)->regexes = l;
    p->regexes_count++;
    *out = l->regex;
    return 0;
}

/* A table of n elements has room for one more; it doubles when n is a power of
 * two. What it leaves behind in the arena is less than what it has. */
static void *room(struct mt_policy *p, void *table, uint32_t n, size_t size)
{
    if (n != 0 && (n < FIRST_CAPACITY || (n & (n - 1)) != 0))
        return table;
    uint32_t capacity = n == 0 ? FIRST_CAPACITY : n * 2;
    void *larger = mt_policy_alloc(p, capacity, size);
    if (larger != NULL && n > 0)
        memcpy(larger, table, n * size);
    return larger;
}

static void *add(struct mt_policy *p, void ***list, uint32_t *count,
                 uint32_t max, size_t size)
{
    if (*count == max)
        return NULL;
    void **larger = room(p, *list, *count, sizeof **list);
    void *one = mt_policy_alloc(p, 1, size);
    if (larger == NULL || one == NULL)
        return NULL;
    *list = larger;
    (*list)[(*count)++] = one;
    return one;
}

struct mt_policy_listener *mt_policy_add_listener(struct mt_policy *p)
{
    void **list = (void **)(void *)p->listeners;
    struct mt_policy_listener *l =
        add(p, &list, &p->listeners_count, MT_POLICY_LISTENERS_MAX, sizeof *l);
    if (l == NULL)
        return NULL;
    p->listeners = (struct mt_policy_listener **)(void *)list;
    l->tcp = MT_POLICY_NONE;
    l->tcp_idle_timeout_ns = MT_POLICY_S(3600);
    l->header_timeout_ns = MT_POLICY_S(10);
    l->idle_timeout_ns = MT_POLICY_S(60);
    l->detect_timeout_ns = MT_POLICY_MS(200);
    return l;
}

struct mt_policy_service *mt_policy_add_service(struct mt_policy *p)
{
    void **list = (void **)(void *)p->services;
    struct mt_policy_service *s =
        add(p, &list, &p->services_count, MT_POLICY_SERVICES_MAX, sizeof *s);
    if (s == NULL)
        return NULL;
    p->services = (struct mt_policy_service **)(void *)list;
    s->index = p->services_count - 1;
    s->breaker = (struct mt_policy_breaker){.consecutive = 7,
                                            .success_percent = 80,
                                            .min_requests = 5,
                                            .max_out_percent = 50,
                                            .out_min_ns = MT_POLICY_S(1),
                                            .out_max_ns = MT_POLICY_S(60)};
    s->limits = (struct mt_policy_limits){1024, 1024, 1024};
    s->connect_timeout_ns = MT_POLICY_S(1);
    return s;
}

struct mt_policy_route *mt_policy_add_route(struct mt_policy *p)
{
    void **list = (void **)(void *)p->routes;
    struct mt_policy_route *r =
        add(p, &list, &p->routes_count, MT_POLICY_ROUTES_MAX, sizeof *r);
    if (r == NULL)
        return NULL;
    p->routes = (struct mt_policy_route **)(void *)list;
    r->index = p->routes_count - 1;
    r->listeners = UINT64_MAX;
    r->timeout_ns = MT_POLICY_S(15);
    r->stream_idle_timeout_ns = MT_POLICY_S(300);
    return r;
}

uint32_t mt_policy_add_budget(struct mt_policy *p,
                              const struct mt_policy_budget *budget)
{
    if (p->budgets_count == MT_POLICY_BUDGETS_MAX)
        return MT_POLICY_NONE;
    struct mt_policy_budget *larger =
        room(p, p->budgets, p->budgets_count, sizeof *larger);
    if (larger == NULL)
        return MT_POLICY_NONE;
    p->budgets = larger;
    p->budgets[p->budgets_count] = *budget;
    return p->budgets_count++;
}

void mt_policy_retry_defaults(struct mt_policy_retry *r)
{
    *r = (struct mt_policy_retry){.attempts = 1,
                                  .backoff_min_ns = MT_POLICY_MS(25),
                                  .backoff_max_ns = MT_POLICY_MS(250)};
}

const struct mt_policy_service *
mt_policy_find_service(const struct mt_policy *p, struct mt_span name)
{
    for (uint32_t i = 0; i < p->services_count; i++)
        if (mt_span_eq(p->services[i]->name, name))
            return p->services[i];
    return NULL;
}
