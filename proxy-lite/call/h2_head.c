/* Headers between HTTP/2 and what the proxy holds. */
#include "proxy-lite/call/h2_impl.h"

#include "base/buf.h"
#include "proxy-lite/http/target.h"

/* ---- in ---- */

static bool copy(struct mt_head *h, struct mt_span from, struct mt_span *to)
{
    return mt_arena_copy(&h->arena, from, to);
}

/* nghttp2 has seen to it that a status is three digits. */
static uint16_t status_of(struct mt_span s)
{
    uint16_t n = 0;
    for (size_t i = 0; i < s.len && i < 3; i++)
        n = (uint16_t)(n * 10 + (s.ptr[i] - '0'));
    return n;
}

static bool pseudo(struct mt_head *h, struct mt_span name, struct mt_span value)
{
    if (mt_span_eq(name, MT_SPAN(":method")))
        return copy(h, value, &h->method);
    if (mt_span_eq(name, MT_SPAN(":path")))
        return copy(h, value, &h->path);
    if (mt_span_eq(name, MT_SPAN(":scheme")))
        return copy(h, value, &h->scheme);
    if (mt_span_eq(name, MT_SPAN(":authority")))
        return copy(h, value, &h->authority);
    if (mt_span_eq(name, MT_SPAN(":status")))
        h->status = status_of(value);
    return true;
}

bool mt_h2_head_field(struct mt_head *h, struct mt_span name,
                      struct mt_span value)
{
    if (name.len > 0 && name.ptr[0] == ':')
        return pseudo(h, name, value);
    return mt_head_add(h, name, value);
}

/* nghttp2 has seen to it that there is one, and that it is a number. */
static int64_t length_of(const struct mt_head *h)
{
    struct mt_span s = mt_head_value(h, MT_HEAD_CONTENT_LENGTH);
    int64_t n = 0;
    if (s.len == 0 || s.len > 18)
        return MT_LENGTH_UNKNOWN;
    for (size_t i = 0; i < s.len; i++)
        n = n * 10 + (s.ptr[i] - '0');
    return n;
}

void mt_h2_head_end(struct mt_head *h)
{
    h->version = MT_HTTP_2;
    h->length = length_of(h);
    if (h->authority.len == 0)
        h->authority = mt_head_value(h, MT_HEAD_HOST);
}

/* RFC 9113 section 8.3.1: a Host that names something else than :authority is
 * a malformed request; so are two. Host goes, :authority stays. */
static bool hosts_ok(const struct mt_head *h)
{
    for (uint32_t i = 0; mt_head_has(h, MT_HEAD_HOST) && i < h->count; i++)
        if (h->ids[i] == MT_HEAD_HOST &&
            !mt_span_caseeq(h->fields[i].value, h->authority))
            return false;
    return h->authority.len == 0 || mt_authority_ok(h->authority);
}

static bool path_ok(struct mt_head *h)
{
    struct mt_target t;
    bool asterisk = mt_span_eq(h->path, MT_SPAN("*"));
    if (asterisk && !mt_span_eq(h->method, MT_SPAN("OPTIONS")))
        return false;
    return mt_target_split(h->method, h->path, &t) && t.scheme.len == 0 &&
           mt_path_normal(&h->arena, t.path, &h->path) != MT_PATH_BAD;
}

const char *mt_h2_head_check(struct mt_head *h)
{
    struct mt_target t;
    if (!hosts_ok(h))
        return "bad_host";
    if (mt_span_eq(h->method, MT_SPAN("CONNECT")))
        return mt_target_split(h->method, h->authority, &t) ? NULL
                                                            : "bad_target";
    return path_ok(h) ? NULL : "bad_target";
}

/* ---- out ---- */

/* nghttp2 copies what it is given, and writes names in lower case. */
static nghttp2_nv field(struct mt_span name, struct mt_span value)
{
    union {
        const uint8_t *from;
        uint8_t *to;
    } n = {.from = name.ptr}, v = {.from = value.ptr};
    return (nghttp2_nv){.name = n.to,
                        .namelen = name.len,
                        .value = v.to,
                        .valuelen = value.len};
}

/* Credentials are better not in a table that others could guess at (RFC 7541
 * section 7.1.3). */
static bool is_secret(struct mt_span name)
{
    return mt_span_caseeq(name, MT_SPAN("authorization")) ||
           mt_span_caseeq(name, MT_SPAN("proxy-authorization"));
}

static size_t put_fields(const struct mt_head *h, nghttp2_nv *fields)
{
    size_t n = 0;
    for (uint32_t i = 0; i < h->count; i++) {
        if (h->ids[i] == MT_HEAD_HOST)
            continue; /* :authority says it */
        fields[n] = field(h->fields[i].name, h->fields[i].value);
        if (h->ids[i] == MT_HEAD_OTHER && is_secret(h->fields[i].name))
            fields[n].flags = NGHTTP2_NV_FLAG_NO_INDEX;
        n++;
    }
    return n;
}

static size_t put_request(const struct mt_head *h, nghttp2_nv *fields)
{
    size_t n = 0;
    bool connect = mt_span_eq(h->method, MT_SPAN("CONNECT"));
    fields[n++] = field(MT_SPAN(":method"), h->method);
    if (!connect) {
        fields[n++] = field(MT_SPAN(":scheme"),
                            h->scheme.len > 0 ? h->scheme : MT_SPAN("http"));
        fields[n++] =
            field(MT_SPAN(":path"), h->path.len > 0 ? h->path : MT_SPAN("/"));
    }
    if (h->authority.len > 0)
        fields[n++] = field(MT_SPAN(":authority"), h->authority);
    return n;
}

size_t mt_h2_fields(const struct mt_head *h, nghttp2_nv *fields,
                    uint8_t *digits)
{
    size_t n = 0;
    if (h->status == 0) {
        n = put_request(h, fields);
    } else {
        digits[0] = (uint8_t)('0' + h->status / 100 % 10);
        digits[1] = (uint8_t)('0' + h->status / 10 % 10);
        digits[2] = (uint8_t)('0' + h->status % 10);
        fields[n++] = field(MT_SPAN(":status"), (struct mt_span){digits, 3});
    }
    return n + put_fields(h, fields + n);
}

size_t mt_h2_trailer_fields(const struct mt_head *h, nghttp2_nv *fields)
{
    return put_fields(h, fields);
}
