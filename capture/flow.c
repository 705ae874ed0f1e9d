#include "capture/flow.h"

#include <assert.h>
#include <errno.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/prefetch.h"

enum {
    TOUCH_NS = 1000000000, /* a list is in order to within this */
    PAGE_BYTES = MT_FLOW_PAGE_BUCKETS * sizeof(struct mt_flow *),
};

static_assert(sizeof(struct mt_flow_key) == 48, "no padding in the key");
static_assert(sizeof(struct mt_flow) <= 128, "two cache lines a flow");

/* ---- buckets ---- */

/* Buckets below the split point have been divided in two already. */
static uint32_t bucket_index(const struct mt_flow_table *t, uint32_t hash)
{
    uint32_t at = hash & (t->mask * 2 + 1);
    return at < t->buckets ? at : hash & t->mask;
}

static struct mt_flow **bucket(const struct mt_flow_table *t, uint32_t at)
{
    return &t->pages[at / MT_FLOW_PAGE_BUCKETS][at % MT_FLOW_PAGE_BUCKETS];
}

/* Divide one bucket. Without memory for a page chains only get longer. */
static void grow(struct mt_flow_table *t)
{
    uint32_t page = t->buckets / MT_FLOW_PAGE_BUCKETS;
    if (page == MT_FLOW_PAGES_MAX)
        return;
    if (t->pages[page] == NULL) {
        t->pages[page] = mt_pool_zalloc(t->pool, PAGE_BYTES);
        if (t->pages[page] == NULL)
            return;
    }
    struct mt_flow **from = bucket(t, t->buckets & t->mask);
    struct mt_flow **to = bucket(t, t->buckets);
    t->buckets++;
    while (*from != NULL) {
        struct mt_flow *f = *from;
        if (bucket_index(t, f->hash) != t->buckets - 1) {
            from = &f->chain;
            continue;
        }
        *from = f->chain;
        f->chain = *to;
        *to = f;
    }
    if (t->buckets == t->mask * 2 + 2)
        t->mask = t->mask * 2 + 1;
}

int mt_flow_table_init(struct mt_flow_table *t, struct mt_pool *pool,
                       uint64_t seed)
{
    *t = (struct mt_flow_table){.pool = pool, .seed = seed};
    t->pages[0] = mt_pool_zalloc(pool, PAGE_BYTES);
    if (t->pages[0] == NULL)
        return -ENOMEM;
    t->buckets = MT_FLOW_PAGE_BUCKETS;
    t->mask = MT_FLOW_PAGE_BUCKETS - 1;
    return 0;
}

void mt_flow_table_deinit(struct mt_flow_table *t)
{
    assert(t->count == 0);
    for (unsigned i = 0; i < MT_FLOW_PAGES_MAX; i++)
        mt_pool_free(t->pool, t->pages[i], PAGE_BYTES);
}

/* ---- keys ---- */

/* Any order will do, as long as it is always the same. */
static bool is_reversed(const struct mt_segment *s)
{
    uint64_t a[2], b[2];
    memcpy(a, s->src.ip, sizeof a);
    memcpy(b, s->dst.ip, sizeof b);
    if (a[1] != b[1])
        return a[1] > b[1];
    if (a[0] != b[0])
        return a[0] > b[0];
    return s->src.port > s->dst.port;
}

/* The network is no part of it: mt_flow_alike() walks one bucket. */
static uint32_t hash_of(uint64_t tuple_hash)
{
    return (uint32_t)(tuple_hash ^ (tuple_hash >> 32));
}

struct mt_flow_id mt_flow_id_of(const struct mt_flow_table *t,
                                const struct mt_segment *s)
{
    struct mt_flow_id id = {.reversed = is_reversed(s)};
    const struct mt_addr *a = id.reversed ? &s->dst : &s->src;
    const struct mt_addr *b = id.reversed ? &s->src : &s->dst;
    memcpy(id.key.ip[0], a->ip, sizeof a->ip);
    memcpy(id.key.ip[1], b->ip, sizeof b->ip);
    id.key.port[0] = a->port;
    id.key.port[1] = b->port;
    id.key.transport = s->transport;
    id.key.network = s->network;
    id.tuple_hash = XXH3_64bits_withSeed(
        id.key.ip, sizeof id.key - offsetof(struct mt_flow_key, ip), t->seed);
    id.hash = hash_of(id.tuple_hash);
    return id;
}

struct mt_flow_id mt_flow_id_in(const struct mt_flow_id *id, uint64_t network)
{
    struct mt_flow_id other = *id;
    other.key.network = network;
    return other;
}

struct mt_addr mt_flow_addr(const struct mt_flow *f, int side)
{
    int end = side ^ ((f->flags & MT_FLOW_SIDE0_IS_END1) != 0);
    struct mt_addr a = {.port = f->key.port[end]};
    memcpy(a.ip, f->key.ip[end], sizeof a.ip);
    return a;
}

/* ---- the table ---- */

static bool is_flow(const struct mt_flow *f, const struct mt_flow_id *id)
{
    return f->hash == id->hash && memcmp(&f->key, &id->key, sizeof f->key) == 0;
}

void mt_flow_prefetch(const struct mt_flow_table *t,
                      const struct mt_flow_id *id)
{
    mt_prefetch(bucket(t, bucket_index(t, id->hash)));
}

struct mt_flow *mt_flow_find(struct mt_flow_table *t,
                             const struct mt_flow_id *id)
{
    if (t->last != NULL && is_flow(t->last, id))
        return t->last;
    struct mt_flow *f = *bucket(t, bucket_index(t, id->hash));
    while (f != NULL && !is_flow(f, id))
        f = f->chain;
    if (f != NULL)
        t->last = f;
    return f;
}

static bool is_alike(const struct mt_flow *f, const struct mt_flow_id *id)
{
    const size_t at = offsetof(struct mt_flow_key, ip);
    return f->hash == id->hash && f->key.network != id->key.network &&
           memcmp((const char *)&f->key + at, (const char *)&id->key + at,
                  sizeof f->key - at) == 0;
}

struct mt_flow *mt_flow_alike(const struct mt_flow_table *t,
                              const struct mt_flow_id *id,
                              const struct mt_flow *after)
{
    struct mt_flow *f =
        after != NULL ? after->chain : *bucket(t, bucket_index(t, id->hash));
    while (f != NULL && !is_alike(f, id))
        f = f->chain;
    return f;
}

static void list_append(struct mt_flow_list *l, struct mt_flow *f)
{
    f->newer = NULL;
    f->older = l->newest;
    if (l->newest != NULL)
        l->newest->newer = f;
    else
        l->oldest = f;
    l->newest = f;
    l->count++;
}

static void list_take(struct mt_flow_list *l, struct mt_flow *f)
{
    if (f->older != NULL)
        f->older->newer = f->newer;
    else
        l->oldest = f->newer;
    if (f->newer != NULL)
        f->newer->older = f->older;
    else
        l->newest = f->older;
    l->count--;
}

struct mt_flow *mt_flow_add(struct mt_flow_table *t,
                            const struct mt_flow_id *id, int64_t now_ns)
{
    struct mt_flow *f = mt_pool_zalloc(t->pool, sizeof *f);
    if (f == NULL)
        return NULL;
    if (t->count >= t->buckets)
        grow(t);
    f->key = id->key;
    f->hash = id->hash;
    f->flags = id->reversed ? MT_FLOW_SIDE0_IS_END1 : 0;
    f->list = MT_FLOW_HALF_OPEN;
    f->last_ns = now_ns;
    f->serial = ++t->serial;
    struct mt_flow **head = bucket(t, bucket_index(t, id->hash));
    f->chain = *head;
    *head = f;
    list_append(&t->list[f->list], f);
    t->last = f;
    t->count++;
    if (t->count > t->peak)
        t->peak = t->count;
    return f;
}

void mt_flow_remove(struct mt_flow_table *t, struct mt_flow *f)
{
    assert(f->tcp == NULL && t->count > 0);
    struct mt_flow **at = bucket(t, bucket_index(t, f->hash));
    while (*at != f)
        at = &(*at)->chain;
    *at = f->chain;
    if (!t->unlisted)
        list_take(&t->list[f->list], f);
    if (t->last == f)
        t->last = NULL;
    t->count--;
    mt_pool_free(t->pool, f, sizeof *f);
}

void mt_flow_touch(struct mt_flow_table *t, struct mt_flow *f, int64_t now_ns)
{
    if (now_ns - f->last_ns >= TOUCH_NS)
        mt_flow_move(t, f, (enum mt_flow_list_id)f->list, now_ns);
}

void mt_flow_move(struct mt_flow_table *t, struct mt_flow *f,
                  enum mt_flow_list_id to, int64_t now_ns)
{
    if (!t->unlisted)
        list_take(&t->list[f->list], f);
    f->list = (uint8_t)to;
    f->last_ns = now_ns;
    if (!t->unlisted)
        list_append(&t->list[to], f);
}

void mt_flow_refresh(struct mt_flow_table *t, int64_t since_ns, int64_t now_ns)
{
    for (unsigned l = 0; l < MT_FLOW_LISTS_COUNT; l++)
        for (struct mt_flow *f = t->list[l].newest;
             f != NULL && f->last_ns >= since_ns; f = f->older)
            f->last_ns = now_ns;
}

/* ---- all of them ---- */

static struct mt_flow *merge(struct mt_flow *a, struct mt_flow *b)
{
    struct mt_flow *first = NULL, **end = &first;
    while (a != NULL && b != NULL) {
        struct mt_flow **least = a->serial < b->serial ? &a : &b;
        *end = *least;
        end = &(*least)->newer;
        *least = (*least)->newer;
    }
    *end = a != NULL ? a : b;
    return first;
}

/* Bottom-up merge sort: run[i] is empty or has 2^i flows. */
struct mt_flow *mt_flow_all(struct mt_flow_table *t)
{
    struct mt_flow *run[48] = {NULL}, *all = NULL;
    enum { RUNS = sizeof run / sizeof run[0] };
    for (unsigned l = 0; l < MT_FLOW_LISTS_COUNT; l++) {
        struct mt_flow *next;
        for (struct mt_flow *f = t->list[l].oldest; f != NULL; f = next) {
            next = f->newer;
            f->newer = NULL;
            unsigned i = 0;
            while (i < RUNS - 1 && run[i] != NULL) {
                f = merge(run[i], f);
                run[i++] = NULL;
            }
            run[i] = merge(run[i], f);
        }
        t->list[l] = (struct mt_flow_list){.count = 0};
    }
    t->unlisted = true;
    for (unsigned i = 0; i < RUNS; i++)
        all = merge(run[i], all);
    return all;
}
