#include "capture/names_rules.h"

#include <stdlib.h>

enum { FIRST_RULES = 16 };

bool mt_names_rules_add(struct mt_names_rules *r, struct mt_pool *pool,
                        const struct mt_names_rule *rule)
{
    if (r->count == r->capacity) {
        uint32_t grown = r->capacity > 0 ? r->capacity * 2 : FIRST_RULES;
        struct mt_names_rule *list = mt_pool_alloc(pool, grown * sizeof *list);
        if (list == NULL)
            return false;
        if (r->count > 0)
            memcpy(list, r->list, r->count * sizeof *list);
        mt_pool_free(pool, r->list, r->capacity * sizeof *list);
        r->list = list;
        r->capacity = grown;
    }
    r->list[r->count++] = *rule;
    return true;
}

void mt_names_rules_deinit(struct mt_names_rules *r, struct mt_pool *pool)
{
    mt_pool_free(pool, r->list, r->capacity * sizeof *r->list);
    *r = (struct mt_names_rules){.list = NULL};
}

/* Longest networks first; in one network any port (0) comes first. */
static int compare_keys(const struct mt_names_rule *a,
                        const struct mt_names_rule *b)
{
    if (a->net.bits != b->net.bits)
        return a->net.bits > b->net.bits ? -1 : 1;
    int ip = memcmp(a->net.ip, b->net.ip, sizeof a->net.ip);
    if (ip != 0)
        return ip;
    return (a->port > b->port) - (a->port < b->port);
}

static int compare(const void *left, const void *right)
{
    const struct mt_names_rule *a = left, *b = right;
    int key = compare_keys(a, b);
    if (key != 0)
        return key;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->column > b->column) - (a->column < b->column);
}

const struct mt_names_rule *
mt_names_rules_sort(struct mt_names_rules *r,
                    const struct mt_names_rule **other)
{
    if (r->count > 1)
        qsort(r->list, r->count, sizeof *r->list, compare);
    for (uint32_t i = 1; i < r->count; i++) {
        const struct mt_names_rule *a = &r->list[i - 1], *b = &r->list[i];
        if (compare_keys(a, b) == 0 && !mt_span_eq(a->name, b->name)) {
            *other = a;
            return b;
        }
    }
    return NULL;
}

/* The first rule that does not sort before key. */
static uint32_t lower_bound(const struct mt_names_rules *r,
                            const struct mt_names_rule *key)
{
    uint32_t low = 0, high = r->count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (compare_keys(&r->list[mid], key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct mt_names_rule key_of(const uint8_t ip[16], uint8_t bits,
                                   uint16_t port)
{
    struct mt_names_rule key = {.net = {.bits = bits}, .port = port};
    for (unsigned i = 0; i < 16 && i * 8u < bits; i++) {
        unsigned left = bits - i * 8u;
        unsigned mask = left >= 8 ? 0xffu : (0xff00u >> left) & 0xffu;
        key.net.ip[i] = (uint8_t)(ip[i] & mask);
    }
    return key;
}

static const struct mt_names_rule *exact(const struct mt_names_rules *r,
                                         const struct mt_names_rule *key)
{
    uint32_t at = lower_bound(r, key);
    return at < r->count && compare_keys(&r->list[at], key) == 0 ? &r->list[at]
                                                                 : NULL;
}

/* Network lengths are taken from the list itself: from `at`, the first rule
 * whose network is shorter. */
static uint32_t next_length(const struct mt_names_rules *r, uint32_t at)
{
    static const uint8_t highest[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                        0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                        0xff, 0xff, 0xff, 0xff};
    struct mt_names_rule last = key_of(highest, 128, UINT16_MAX);
    last.net.bits = r->list[at].net.bits;
    uint32_t end = lower_bound(r, &last);
    while (end < r->count && r->list[end].net.bits == last.net.bits)
        end++;
    return end;
}

const struct mt_names_rule *mt_names_rules_find(const struct mt_names_rules *r,
                                                const uint8_t ip[16],
                                                uint16_t port)
{
    for (uint32_t at = 0; at < r->count; at = next_length(r, at)) {
        struct mt_names_rule key = key_of(ip, r->list[at].net.bits, port);
        const struct mt_names_rule *found = exact(r, &key);
        key.port = 0;
        if (found == NULL)
            found = exact(r, &key);
        if (found != NULL)
            return found;
    }
    return NULL;
}

struct mt_span mt_names_rules_common(const struct mt_names_rules *r,
                                     const uint8_t ip[16])
{
    struct mt_span name = {.ptr = NULL, .len = 0};
    for (uint32_t at = 0; at < r->count; at = next_length(r, at)) {
        if (r->list[at].net.bits == 0)
            break; /* a port alone says nothing of an address */
        struct mt_names_rule key = key_of(ip, r->list[at].net.bits, 0);
        uint32_t first = lower_bound(r, &key), i = first;
        for (; i < r->count && r->list[i].net.bits == key.net.bits &&
               memcmp(r->list[i].net.ip, key.net.ip, 16) == 0;
             i++)
            if (!mt_span_eq(r->list[i].name, r->list[first].name))
                return name;
        if (i > first)
            return r->list[first].name;
    }
    return name;
}
