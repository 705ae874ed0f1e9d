#include "proxy-lite/http/target.h"

#include "proxy-lite/policy/path.h"

static struct mt_span rest_of(struct mt_span s, size_t from)
{
    (void)mt_span_take(&s, from);
    return s;
}

static bool has(struct mt_span s, uint8_t c)
{
    return mt_span_find(s, c) < s.len;
}

static bool split_absolute(struct mt_span method, struct mt_span target,
                           struct mt_target *out)
{
    size_t colon = mt_span_find(target, ':');
    if (target.len < colon + 3 || memcmp(target.ptr + colon, "://", 3) != 0)
        return false;
    out->scheme = (struct mt_span){target.ptr, colon};
    struct mt_span rest = rest_of(target, colon + 3);
    size_t end = mt_span_find(rest, '/'), query = mt_span_find(rest, '?');
    out->authority = mt_span_take(&rest, query < end ? query : end);
    /* RFC 9112 section 3.2.4: the last proxy makes it "*" */
    bool options = mt_span_eq(method, MT_SPAN("OPTIONS"));
    out->path = rest.len > 0 ? rest : options ? MT_SPAN("*") : MT_SPAN("/");
    return mt_authority_ok(out->authority);
}

bool mt_target_split(struct mt_span method, struct mt_span target,
                     struct mt_target *out)
{
    *out = (struct mt_target){.path = {.ptr = NULL}};
    if (target.len == 0 || has(target, '#'))
        return false;
    if (mt_span_eq(method, MT_SPAN("CONNECT"))) {
        out->authority = target;
        uint16_t port;
        (void)mt_authority_host(target, &port);
        return mt_authority_ok(target) && port != 0;
    }
    if (target.ptr[0] == '/' || mt_span_eq(target, MT_SPAN("*"))) {
        out->path = target;
        return true;
    }
    return split_absolute(method, target, out);
}

/* RFC 3986: unreserved, sub-delims and '%' of a reg-name. */
static bool is_host_byte(uint8_t c)
{
    static const char others[] = "-._~%!$&'()*+,;=";
    uint8_t lower = mt_ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr(others, c) != NULL);
}

static bool is_ip_literal_byte(uint8_t c)
{
    return is_host_byte(c) || c == ':';
}

static bool host_ok(struct mt_span host)
{
    bool literal =
        host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (literal)
        host = (struct mt_span){host.ptr + 1, host.len - 2};
    for (size_t i = 0; i < host.len; i++)
        if (literal ? !is_ip_literal_byte(host.ptr[i])
                    : !is_host_byte(host.ptr[i]))
            return false;
    return host.len > 0;
}

/* Where the host ends: at the last colon, but not within brackets. */
static size_t host_end(struct mt_span authority)
{
    if (authority.len > 0 && authority.ptr[0] == '[') {
        size_t close = mt_span_find(authority, ']');
        return close < authority.len ? close + 1 : authority.len;
    }
    return mt_span_find(authority, ':');
}

/* ":8080"; the port may be empty (RFC 3986 section 3.2.3). */
static bool read_port(struct mt_span after, uint16_t *port)
{
    uint32_t n = 0;
    *port = 0;
    if (after.len == 0)
        return true;
    if (after.ptr[0] != ':' || after.len > 6)
        return false;
    for (size_t i = 1; i < after.len; i++) {
        if (after.ptr[i] < '0' || after.ptr[i] > '9')
            return false;
        n = n * 10 + (uint32_t)(after.ptr[i] - '0');
    }
    *port = (uint16_t)n;
    return n <= UINT16_MAX;
}

struct mt_span mt_authority_host(struct mt_span authority, uint16_t *port)
{
    size_t end = host_end(authority);
    if (!read_port(rest_of(authority, end), port))
        *port = 0;
    return (struct mt_span){authority.ptr, end};
}

bool mt_authority_ok(struct mt_span authority)
{
    uint16_t port;
    size_t end = host_end(authority);
    return host_ok((struct mt_span){authority.ptr, end}) &&
           read_port(rest_of(authority, end), &port);
}

/* ---- dot segments ---- */

enum mt_path_verdict mt_path_normal(struct mt_arena *arena, struct mt_span path,
                                    struct mt_span *out)
{
    *out = path;
    if (!mt_path_has_dots(path))
        return MT_PATH_AS_IS;
    uint8_t *bytes = mt_arena_alloc(arena, path.len);
    if (bytes == NULL || !mt_path_resolve(path, bytes, out))
        return MT_PATH_BAD;
    return MT_PATH_CHANGED;
}
