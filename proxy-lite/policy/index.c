#include "proxy-lite/policy/index.h"

enum { HOST_SUFFIXES_MAX = 128, PREFIXES_MAX = MT_POLICY_PATH_MAX + 1 };

/* ---- hashes: FNV-1a, a byte at a time, to stop at every border ---- */

#define HASH_START 2166136261u

static uint32_t add_byte(uint32_t h, uint8_t c)
{
    return (h ^ c) * 16777619u;
}

static uint32_t path_hash(struct mt_span s)
{
    uint32_t h = HASH_START;
    for (size_t i = 0; i < s.len; i++)
        h = add_byte(h, s.ptr[i]);
    return h;
}

/* From the end, so that every suffix of a host has been hashed by the way. */
static uint32_t host_hash(struct mt_span s)
{
    uint32_t h = HASH_START;
    for (size_t i = s.len; i > 0; i--)
        h = add_byte(h, mt_ascii_lower(s.ptr[i - 1]));
    return h;
}

static uint32_t run_hash(uint32_t path, uint32_t host, unsigned how)
{
    uint32_t h = path ^ (host * 8 + how + 1) * 0x9e3779b1u;
    return (h ^ h >> 15) * 0x85ebca6bu;
}

/* What a run is looked up by: patterns are looked at one by one. */
static struct mt_span key_path(const struct mt_policy_match *m)
{
    bool text = m->path_how == MT_PATH_EXACT || m->path_how == MT_PATH_PREFIX;
    return text ? m->path : (struct mt_span){.ptr = NULL, .len = 0};
}

/* ---- looking up ---- */

static uint32_t find_host(const struct mt_policy_index *x, struct mt_span text,
                          uint32_t hash, bool suffix)
{
    uint32_t at = hash & x->mask;
    for (; x->host_slots[at] != 0; at = (at + 1) & x->mask) {
        const struct mt_policy_host *h = x->hosts[x->host_slots[at] - 1].host;
        if (h->suffix == suffix && mt_span_caseeq(h->text, text))
            return x->host_slots[at] - 1;
    }
    return MT_POLICY_NONE;
}

/* The slot of a run, or the free one where it would be. */
static uint32_t run_slot(const struct mt_policy *p,
                         const struct mt_policy_index *x, uint32_t host,
                         unsigned how, struct mt_span path, uint32_t hash)
{
    uint32_t at = run_hash(hash, host, how) & x->mask;
    for (; x->run_slots[at] != 0; at = (at + 1) & x->mask) {
        const struct mt_index_run *run = &x->runs[x->run_slots[at] - 1];
        const struct mt_policy_match *m = p->entries[run->first].match;
        if (run->host == host && m->path_how == how &&
            mt_span_eq(key_path(m), path))
            break;
    }
    return at;
}

/* ---- making ---- */

static bool same_host(const struct mt_policy_entry *a,
                      const struct mt_policy_entry *b)
{
    return a->host->suffix == b->host->suffix &&
           mt_span_eq(a->host->text, b->host->text);
}

static bool same_run(const struct mt_policy_entry *a,
                     const struct mt_policy_entry *b)
{
    return same_host(a, b) && a->match->path_how == b->match->path_how &&
           mt_span_eq(key_path(a->match), key_path(b->match));
}

static uint32_t add_host(struct mt_policy_index *x,
                         const struct mt_policy_host *host)
{
    uint32_t number = x->hosts_count++;
    uint32_t at = host_hash(host->text) & x->mask;
    x->hosts[number].host = host;
    x->has_suffixes |= host->suffix;
    if (host->text.len == 0)
        x->any_host = number;
    while (x->host_slots[at] != 0)
        at = (at + 1) & x->mask;
    x->host_slots[at] = number + 1;
    return number;
}

static void add_run(const struct mt_policy *p, struct mt_policy_index *x,
                    uint32_t first)
{
    const struct mt_policy_match *m = p->entries[first].match;
    struct mt_index_run *run = &x->runs[x->runs_count++];
    *run = (struct mt_index_run){.host = x->hosts_count - 1, .first = first};
    struct mt_span path = key_path(m);
    uint32_t at = run_slot(p, x, run->host, m->path_how, path, path_hash(path));
    x->run_slots[at] = x->runs_count;
    if (m->path_how != MT_PATH_PREFIX)
        return;
    x->hosts[run->host].has_prefixes = true;
    if (path.len > x->longest_prefix)
        x->longest_prefix = path.len;
}

static void fill(const struct mt_policy *p, struct mt_policy_index *x)
{
    for (uint32_t i = 0; i < p->entries_count; i++) {
        const struct mt_policy_entry *e = &p->entries[i];
        if (i == 0 || !same_host(e - 1, e))
            (void)add_host(x, e->host);
        if (i == 0 || !same_run(e - 1, e))
            add_run(p, x, i);
        x->runs[x->runs_count - 1].count++;
    }
}

const struct mt_policy_index *mt_index_new(struct mt_policy *p)
{
    struct mt_policy_index *x = mt_policy_alloc(p, 1, sizeof *x);
    uint32_t slots = 4;
    while (slots < p->entries_count * 2)
        slots *= 2;
    if (x == NULL)
        return NULL;
    x->mask = slots - 1;
    x->any_host = MT_POLICY_NONE;
    x->hosts = mt_policy_alloc(p, p->entries_count, sizeof *x->hosts);
    x->runs = mt_policy_alloc(p, p->entries_count, sizeof *x->runs);
    x->host_slots = mt_policy_alloc(p, slots, sizeof *x->host_slots);
    x->run_slots = mt_policy_alloc(p, slots, sizeof *x->run_slots);
    if (x->hosts == NULL || x->runs == NULL || x->host_slots == NULL ||
        x->run_slots == NULL)
        return NULL;
    fill(p, x);
    return x;
}

/* ---- matching ---- */

/* Where the path of a request may end for a prefix, with its hash there. */
struct border {
    uint32_t len, hash;
};

struct walk {
    const struct mt_policy *p;
    const struct mt_policy_request *r;
    struct mt_regex_scratch *scratch;
    uint32_t path_hash;
    uint32_t borders_count;
    bool borders_made;
    struct border borders[PREFIXES_MAX]; /* made when they are needed */
};

static const struct mt_policy_entry *in_run(struct walk *w, uint32_t host,
                                            unsigned how, struct mt_span path,
                                            uint32_t hash)
{
    const struct mt_policy_index *x = w->p->index;
    uint32_t slot = x->run_slots[run_slot(w->p, x, host, how, path, hash)];
    if (slot == 0)
        return NULL;
    const struct mt_index_run *run = &x->runs[slot - 1];
    for (uint32_t i = run->first; i < run->first + run->count; i++)
        if (mt_match_fails(&w->p->entries[i], w->r, w->scratch) == NULL)
            return &w->p->entries[i];
    return NULL;
}

static void make_borders(struct walk *w)
{
    struct mt_span path = w->r->path;
    size_t most = w->p->index->longest_prefix;
    uint32_t h = HASH_START;
    w->borders_made = true;
    for (size_t i = 0; i <= most && i <= path.len; i++) {
        if (i == path.len || path.ptr[i] == '/')
            w->borders[w->borders_count++] =
                (struct border){.len = (uint32_t)i, .hash = h};
        if (i < path.len)
            h = add_byte(h, path.ptr[i]);
    }
}

static const struct mt_policy_entry *in_prefixes(struct walk *w, uint32_t host)
{
    const struct mt_policy_entry *e = NULL;
    if (!w->p->index->hosts[host].has_prefixes)
        return NULL;
    if (!w->borders_made)
        make_borders(w);
    for (uint32_t i = w->borders_count; i > 0 && e == NULL; i--) {
        const struct border *b = &w->borders[i - 1];
        struct mt_span prefix = {w->r->path.ptr, b->len};
        e = in_run(w, host, MT_PATH_PREFIX, prefix, b->hash);
    }
    return e;
}

/* In the order of precedence, which enum mt_path_match has. */
static const struct mt_policy_entry *in_host(struct walk *w, uint32_t host)
{
    const struct mt_span none = {.ptr = NULL, .len = 0};
    const struct mt_policy_entry *e = NULL;
    for (unsigned how = 0; how < MT_PATH_COUNT && e == NULL; how++) {
        if (how == MT_PATH_EXACT)
            e = in_run(w, host, how, w->r->path, w->path_hash);
        else if (how == MT_PATH_PREFIX)
            e = in_prefixes(w, host);
        else
            e = in_run(w, host, how, none, HASH_START);
    }
    return e;
}

/* Numbers of the hosts that the request's host is or is below, the shortest
 * suffix first; returns how many. */
static uint32_t hosts_of(const struct mt_policy_index *x, struct mt_span host,
                         uint32_t found[HOST_SUFFIXES_MAX + 1])
{
    uint32_t n = 0, h = HASH_START;
    for (size_t i = host.len; i > 0; i--) {
        uint8_t c = host.ptr[i - 1];
        h = add_byte(h, mt_ascii_lower(c));
        if (c != '.' || i == 1 || !x->has_suffixes)
            continue;
        struct mt_span suffix = {host.ptr + i - 1, host.len - i + 1};
        uint32_t number = find_host(x, suffix, h, true);
        if (number != MT_POLICY_NONE && n < HOST_SUFFIXES_MAX)
            found[n++] = number;
    }
    if (host.len > 0) {
        uint32_t number = find_host(x, host, h, false);
        if (number != MT_POLICY_NONE)
            found[n++] = number;
    }
    return n;
}

const struct mt_policy_entry *mt_match(const struct mt_policy *p,
                                       const struct mt_policy_request *r,
                                       struct mt_regex_scratch *s)
{
    struct walk w;
    uint32_t found[HOST_SUFFIXES_MAX + 1];
    const struct mt_policy_entry *e = NULL;
    w.p = p; /* the borders stay as they are: 8 KiB */
    w.r = r;
    w.scratch = s;
    w.path_hash = path_hash(r->path);
    w.borders_count = 0;
    w.borders_made = false;
    uint32_t n = hosts_of(p->index, mt_request_host(r), found);
    for (; n > 0 && e == NULL; n--)
        e = in_host(&w, found[n - 1]);
    if (e == NULL && p->index->any_host != MT_POLICY_NONE)
        e = in_host(&w, p->index->any_host);
    return e;
}
