/**
 * target.h - where a request goes: the forms of its target (RFC 9112 section
 * 3.2), its authority, and the path as it is compared and sent on.
 */
#ifndef MT_PROXY_LITE_HTTP_TARGET_H
#define MT_PROXY_LITE_HTTP_TARGET_H

#include "base/arena.h"

struct mt_target {
    struct mt_span scheme;    /* of the absolute form; else empty */
    struct mt_span authority; /* of the absolute and authority forms */
    struct mt_span path;      /* with query; "*"; empty for CONNECT; "?x" of
                                 http://h?x, where it is "/?x" */
};

/* False: it has none of the forms, a fragment, or user information. */
bool mt_target_split(struct mt_span method, struct mt_span target,
                     struct mt_target *out);

/**
 * Is it host[:port] with the bytes that RFC 3986 section 3.2 allows, without
 * user information? An empty one is not.
 */
bool mt_authority_ok(struct mt_span authority);

/* The host of an authority, and its port (0: none). An IPv6 address keeps its
 * brackets. */
struct mt_span mt_authority_host(struct mt_span authority, uint16_t *port);

enum mt_path_verdict { MT_PATH_AS_IS, MT_PATH_CHANGED, MT_PATH_BAD };

/**
 * Remove the dot segments of a path (RFC 3986 section 5.2.4), those written as
 * %2e too, so that what a route compares is what a server sees. The query
 * stays as it is.
 *
 * *out is the path, or a copy in the arena. MT_PATH_BAD: it leads above the
 * root, or there is no memory.
 */
enum mt_path_verdict mt_path_normal(struct mt_arena *arena, struct mt_span path,
                                    struct mt_span *out);

#endif
