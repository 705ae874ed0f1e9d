/* The order in which routes are asked. Gateway API, HTTPRouteRule.matches and
 * HTTPRouteSpec.hostnames: the most specific host, exact path, longest prefix,
 * method, most headers, most query parameters, then the order in the file. */
#include <stdlib.h>

#include "base/rc.h"
#include "proxy-lite/policy/explain.h"
#include "proxy-lite/policy/index.h"

static const struct mt_policy_host any_host;
static const struct mt_policy_match any_match = {.path_how = MT_PATH_ANY};

/* Each gives a rank; the higher is asked first. */
static uint64_t by_exact_host(const struct mt_policy_entry *e)
{
    return !e->host->suffix && e->host->text.len > 0 ? 1 : 0;
}

static uint64_t by_host_length(const struct mt_policy_entry *e)
{
    return e->host->text.len;
}

static uint64_t by_path_kind(const struct mt_policy_entry *e)
{
    return (uint64_t)MT_PATH_COUNT - e->match->path_how;
}

static uint64_t by_path_length(const struct mt_policy_entry *e)
{
    return e->match->path.len;
}

static uint64_t by_method(const struct mt_policy_entry *e)
{
    return e->match->methods_count > 0 ? 1 : 0;
}

static uint64_t by_headers(const struct mt_policy_entry *e)
{
    return e->match->headers_count + (e->match->grpc ? 1u : 0u);
}

static uint64_t by_query(const struct mt_policy_entry *e)
{
    return e->match->query_count;
}

static uint64_t (*const ranks[])(const struct mt_policy_entry *) = {
    by_exact_host, by_host_length, by_path_kind, by_path_length,
    by_method,     by_headers,     by_query,
};

static int by_text(struct mt_span a, struct mt_span b)
{
    return a.len == 0 ? 0 : memcmp(a.ptr, b.ptr, a.len); /* equally long */
}

/* Of different hosts, exact paths or prefixes that are equally long none or
 * one matches: what is the same stands together, for the index. */
static int same_together(const struct mt_policy_entry *a,
                         const struct mt_policy_entry *b, size_t rank)
{
    if (ranks[rank] == by_host_length)
        return by_text(a->host->text, b->host->text);
    if (ranks[rank] == by_path_length && a->match->path_how != MT_PATH_REGEX &&
        a->match->path_how != MT_PATH_GRPC_METHOD)
        return by_text(a->match->path, b->match->path);
    return 0;
}

static int in_order(const void *left, const void *right)
{
    const struct mt_policy_entry *a = left, *b = right;
    for (size_t i = 0; i < sizeof ranks / sizeof ranks[0]; i++) {
        uint64_t x = ranks[i](a), y = ranks[i](b);
        if (x != y)
            return x > y ? -1 : 1;
        int order = same_together(a, b, i);
        if (order != 0)
            return order;
    }
    if (a->route != b->route)
        return a->route->index < b->route->index ? -1 : 1;
    if (a->match != b->match)
        return a->match < b->match ? -1 : 1;
    return (a->host > b->host) - (a->host < b->host);
}

/* None given is one that takes everything. */
static uint32_t at_least_one(uint32_t n)
{
    return n > 0 ? n : 1;
}

static void expand(struct mt_policy *p, const struct mt_policy_route *r)
{
    for (uint32_t h = 0; h < at_least_one(r->hosts_count); h++)
        for (uint32_t m = 0; m < at_least_one(r->matches_count); m++)
            p->entries[p->entries_count++] = (struct mt_policy_entry){
                .route = r,
                .host = r->hosts_count > 0 ? &r->hosts[h] : &any_host,
                .match = r->matches_count > 0 ? &r->matches[m] : &any_match};
}

static bool paths_fit(const struct mt_policy_route *r)
{
    bool fit = true;
    for (uint32_t i = 0; i < r->matches_count; i++)
        fit &= r->matches[i].path.len <= MT_POLICY_PATH_MAX;
    return fit;
}

int mt_policy_seal(struct mt_policy *p)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < p->routes_count; i++) {
        n += (uint64_t)at_least_one(p->routes[i]->hosts_count) *
             at_least_one(p->routes[i]->matches_count);
        if (n > MT_POLICY_ENTRIES_MAX || !paths_fit(p->routes[i]))
            return MT_ELIMIT;
    }
    p->entries = mt_policy_alloc(p, n, sizeof *p->entries);
    if (p->entries == NULL)
        return MT_ELIMIT;
    p->entries_count = 0;
    for (uint32_t i = 0; i < p->routes_count; i++)
        expand(p, p->routes[i]);
    qsort(p->entries, p->entries_count, sizeof *p->entries, in_order);
    p->index = mt_index_new(p);
    return p->index != NULL && mt_policy_name_entries(p) ? 0 : MT_ELIMIT;
}
