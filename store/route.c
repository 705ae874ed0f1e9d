#include "store/route.h"

#include <xxhash.h>

#include "base/arena.h"
#include "store/route_shape.h"

/* One trie for all services, as a hash table from (parent, segment) to node.
 * A root stands for a service. Nodes and texts stay until the end, so a path
 * that was given a route once walks the same nodes ever after: the cache of
 * recent paths changes no answer. */

enum {
    SERVICES_MAX = 1000,
    TABLE_FIRST = 256,
    TABLE_MAX = 1 << 18, /* the pool's largest block */
    CACHE = 256,
    CACHED_LEN = 64,
    TEXT_BYTES_MAX = 32 << 20,
};

struct node {
    uint64_t hash;
    const struct node *parent; /* NULL: a service */
    struct mt_span segment;
    struct mt_span route; /* of the path that ends here; empty: none does */
    uint32_t words;       /* children that are no placeholder */
    uint32_t routes;      /* of a service */
};

struct cached {
    uint64_t service;
    struct mt_span route; /* empty: free */
    uint8_t len;
    uint8_t path[CACHED_LEN];
};

struct mt_routes {
    struct mt_route_options options;
    struct mt_pool *pool;
    struct mt_arena text;
    struct node **table;
    size_t capacity, used;
    uint32_t services;
    struct cached cache[CACHE];
};

static const struct mt_span other = {.ptr = (const uint8_t *)"{other}",
                                     .len = 7};
static const struct mt_span wild = {.ptr = (const uint8_t *)"{id}", .len = 4};

struct mt_routes *mt_routes_new(const struct mt_route_options *options,
                                struct mt_pool *pool)
{
    struct mt_routes *r = mt_pool_zalloc(pool, sizeof *r);
    if (r == NULL)
        return NULL;
    r->options = *options;
    if (r->options.services_max == 0)
        r->options.services_max = SERVICES_MAX;
    if (r->options.routes_max == 0)
        r->options.routes_max = MT_ROUTES_MAX;
    if (r->options.branch_max == 0)
        r->options.branch_max = MT_ROUTE_BRANCH_MAX;
    r->pool = pool;
    mt_arena_init(&r->text, pool, TEXT_BYTES_MAX);
    return r;
}

void mt_routes_free(struct mt_routes *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->capacity; i++)
        mt_pool_free(r->pool, r->table[i], sizeof *r->table[i]);
    mt_pool_free(r->pool, r->table, r->capacity * sizeof r->table[0]);
    mt_arena_deinit(&r->text);
    mt_pool_free(r->pool, r, sizeof *r);
}

/* ---- templates ---- */

/* The next segment off *path: what is before the next slash. */
static bool next_segment(struct mt_span *path, struct mt_span *segment)
{
    if (path->len == 0)
        return false;
    if (path->ptr[0] == '/')
        (void)mt_span_take(path, 1);
    *segment = mt_span_take(path, mt_span_find(*path, '/'));
    return true;
}

struct segments {
    struct mt_span list[MT_ROUTE_SEGMENTS_MAX + 1];
    bool placeholder[MT_ROUTE_SEGMENTS_MAX + 1];
    size_t count;
    bool slash; /* the path begins with one */
    uint8_t bytes[MT_ROUTE_LEN_MAX];
};

/* The rest of a path that is too deep or too long is one star. */
static void add_star(struct segments *s)
{
    s->list[s->count] = MT_SPAN("*");
    s->placeholder[s->count++] = true;
}

static void shape(struct segments *s, struct mt_span path)
{
    /* the slashes, and the star, must fit too */
    struct mt_buf b =
        mt_buf_of(s->bytes, sizeof s->bytes - MT_ROUTE_SEGMENTS_MAX - 2);
    struct mt_span segment;
    s->count = 0;
    s->slash = path.len > 0 && path.ptr[0] == '/';
    while (next_segment(&path, &segment)) {
        size_t from = b.len;
        bool placeholder = mt_route_shape(segment, &b);
        if (b.full || s->count == MT_ROUTE_SEGMENTS_MAX) {
            add_star(s);
            return;
        }
        s->placeholder[s->count] = placeholder;
        s->list[s->count++] =
            (struct mt_span){.ptr = s->bytes + from, .len = b.len - from};
    }
}

static void put_segment(struct mt_buf *out, struct mt_span segment, bool slash)
{
    if (slash)
        mt_put_char(out, '/');
    mt_put_span(out, segment);
}

size_t mt_route_template(struct mt_span path, uint8_t *out)
{
    struct segments s;
    struct mt_buf b = mt_buf_of(out, MT_ROUTE_LEN_MAX);
    shape(&s, path);
    for (size_t i = 0; i < s.count; i++)
        put_segment(&b, s.list[i], i > 0 || s.slash);
    return b.len;
}

static bool is_wild(struct mt_span segment)
{
    return mt_span_eq(segment, MT_SPAN("*")) ||
           (segment.len > 2 && segment.ptr[0] == '{' &&
            segment.ptr[segment.len - 1] == '}');
}

bool mt_route_matches(struct mt_span pattern, struct mt_span path)
{
    struct mt_span want, have;
    while (next_segment(&pattern, &want)) {
        if (!next_segment(&path, &have))
            return false;
        if (pattern.len == 0 && mt_span_eq(want, MT_SPAN("*")))
            return have.len > 0 || path.len > 0;
        if (is_wild(want) ? have.len == 0 : !mt_span_eq(want, have))
            return false;
    }
    return path.len == 0;
}

/* ---- the trie ---- */

static uint64_t hash_of(const struct node *parent, struct mt_span segment)
{
    return XXH3_64bits_withSeed(segment.ptr, segment.len,
                                parent != NULL ? parent->hash : 0);
}

/* Where the node is, or would be. The table is never full. */
static struct node **place(struct node **table, size_t capacity, uint64_t hash,
                           const struct node *parent, struct mt_span segment)
{
    size_t at = (size_t)hash & (capacity - 1);
    while (table[at] != NULL &&
           !(table[at]->hash == hash && table[at]->parent == parent &&
             mt_span_eq(table[at]->segment, segment)))
        at = (at + 1) & (capacity - 1);
    return &table[at];
}

static struct node *find(const struct mt_routes *r, const struct node *parent,
                         struct mt_span segment)
{
    if (r->capacity == 0)
        return NULL;
    return *place(r->table, r->capacity, hash_of(parent, segment), parent,
                  segment);
}

static bool grow(struct mt_routes *r)
{
    size_t capacity = r->capacity > 0 ? r->capacity * 2 : TABLE_FIRST;
    if (capacity > TABLE_MAX)
        return false;
    struct node **table = mt_pool_zalloc(r->pool, capacity * sizeof table[0]);
    if (table == NULL)
        return false;
    for (size_t i = 0; i < r->capacity; i++) {
        struct node *n = r->table[i];
        if (n != NULL)
            *place(table, capacity, n->hash, n->parent, n->segment) = n;
    }
    mt_pool_free(r->pool, r->table, r->capacity * sizeof table[0]);
    r->table = table;
    r->capacity = capacity;
    return true;
}

static struct node *add(struct mt_routes *r, const struct node *parent,
                        struct mt_span segment)
{
    if (r->used >= r->capacity / 4 * 3 && !grow(r))
        return NULL;
    struct node *n = mt_pool_zalloc(r->pool, sizeof *n);
    if (n == NULL || !mt_arena_copy(&r->text, segment, &n->segment)) {
        mt_pool_free(r->pool, n, sizeof *n);
        return NULL;
    }
    n->parent = parent;
    n->hash = hash_of(parent, segment);
    *place(r->table, r->capacity, n->hash, parent, n->segment) = n;
    r->used++;
    return n;
}

static struct node *service_node(struct mt_routes *r, uint64_t service)
{
    struct mt_span key = {.ptr = (const uint8_t *)&service,
                          .len = sizeof service};
    struct node *n = find(r, NULL, key);
    if (n != NULL || r->services >= r->options.services_max)
        return n;
    n = add(r, NULL, key);
    if (n != NULL)
        r->services++;
    return n;
}

/* The child for a segment; a new one only while the service may have more
 * routes. A place with too many words has one child for all later words. */
static struct node *step(struct mt_routes *r, struct node *at,
                         struct segments *s, size_t i, bool may_add)
{
    struct node *child = find(r, at, s->list[i]);
    if (child != NULL)
        return child;
    if (!s->placeholder[i] && at->words >= r->options.branch_max) {
        s->list[i] = wild;
        s->placeholder[i] = true;
        child = find(r, at, wild);
    }
    if (child != NULL || !may_add)
        return child;
    child = add(r, at, s->list[i]);
    if (child != NULL && !s->placeholder[i])
        at->words++;
    return child;
}

static bool name_route(struct mt_routes *r, struct node *n,
                       const struct segments *s)
{
    uint8_t bytes[MT_ROUTE_LEN_MAX + MT_ROUTE_SEGMENTS_MAX * 8];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    for (size_t i = 0; i < s->count; i++)
        put_segment(&b, s->list[i], i > 0 || s->slash);
    return !b.full && b.len > 0 &&
           mt_arena_copy(&r->text, mt_buf_span(&b), &n->route);
}

static struct mt_span learn(struct mt_routes *r, uint64_t service,
                            struct mt_span path)
{
    struct segments s;
    struct node *root = service_node(r, service), *n = root;
    shape(&s, path);
    if (root == NULL)
        return other;
    bool may_add = root->routes < r->options.routes_max;
    /* "a" and "/a" are different paths */
    if (!s.slash) {
        n = find(r, root, MT_SPAN("/"));
        if (n == NULL && may_add)
            n = add(r, root, MT_SPAN("/"));
    }
    for (size_t i = 0; i < s.count && n != NULL; i++)
        n = step(r, n, &s, i, may_add);
    if (n == NULL)
        return other;
    if (n->route.len == 0) {
        if (!may_add || !name_route(r, n, &s))
            return other;
        root->routes++;
    }
    return n->route;
}

static struct mt_span route_of(struct mt_routes *r, uint64_t service,
                               struct mt_span path)
{
    for (size_t i = 0; i < r->options.patterns_count; i++)
        if (mt_route_matches(r->options.patterns[i], path))
            return r->options.patterns[i];
    return learn(r, service, path);
}

struct mt_span mt_routes_of(struct mt_routes *r, uint64_t service,
                            struct mt_span path)
{
    if (path.len == 0 || path.len > CACHED_LEN)
        return path.len == 0 ? path : route_of(r, service, path);
    uint64_t hash = XXH3_64bits_withSeed(path.ptr, path.len, service);
    struct cached *c = &r->cache[hash % CACHE];
    if (c->route.len > 0 && c->service == service && c->len == path.len &&
        memcmp(c->path, path.ptr, path.len) == 0)
        return c->route;
    c->route = route_of(r, service, path);
    c->service = service;
    c->len = (uint8_t)path.len;
    memcpy(c->path, path.ptr, path.len);
    return c->route;
}
