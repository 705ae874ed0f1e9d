/**
 * index.h - private to policy/: entries by host and path, so that a thousand
 * routes cost no more than a few.
 *
 * Sorted entries with one host and one path stand together, as a run. A
 * request looks up its host, the suffixes of its host, its path and the
 * prefixes of its path, each by hash, in the order of precedence; only
 * patterns, and what differs in method, header or query, are gone through.
 */
#ifndef MT_PROXY_LITE_POLICY_INDEX_H
#define MT_PROXY_LITE_POLICY_INDEX_H

#include "proxy-lite/policy/match.h"

/* A host that routes name, or any host (empty). */
struct mt_index_host {
    const struct mt_policy_host *host;
    bool has_prefixes;
};

/* Entries that differ neither in host nor in path. Patterns, gRPC methods and
 * "any path" are one run a host each. */
struct mt_index_run {
    uint32_t host; /* number in hosts */
    uint32_t first, count;
};

struct mt_policy_index {
    struct mt_index_host *hosts;
    struct mt_index_run *runs;
    uint32_t *host_slots, *run_slots; /* number + 1; 0 free */
    uint32_t mask;                    /* of both */
    uint32_t hosts_count, runs_count;
    uint32_t any_host; /* its number, or MT_POLICY_NONE */
    size_t longest_prefix;
    bool has_suffixes;
};

/* Of sorted entries. NULL: no memory. */
const struct mt_policy_index *mt_index_new(struct mt_policy *p);

#endif
