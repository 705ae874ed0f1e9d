#include "proxy-lite/http/forward.h"

#include "base/buf.h"

enum {
    OPTIONS_MAX = 16,
    ADDED_MAX_BYTES = 128, /* an address, and what is around it */
};

#define BIT(id) (1u << MT_HEAD_##id)

/* Of one hop by themselves, Connection naming them or not. Proxy-Authorization
 * passes: the proxy asks for none (RFC 9110 section 11.7.2). */
static const uint32_t hop = BIT(TE) | BIT(UPGRADE) | BIT(CONNECTION) |
                            BIT(KEEP_ALIVE) | BIT(PROXY_CONNECTION) |
                            BIT(HTTP2_SETTINGS) | BIT(TRANSFER_ENCODING);

static const uint32_t never_trailers =
    BIT(TE) | BIT(HOST) | BIT(COOKIE) | BIT(EXPECT) | BIT(TRAILER) |
    BIT(UPGRADE) | BIT(CONNECTION) | BIT(KEEP_ALIVE) | BIT(CONTENT_TYPE) |
    BIT(MAX_FORWARDS) | BIT(CONTENT_LENGTH) | BIT(HTTP2_SETTINGS) |
    BIT(PROXY_CONNECTION) | BIT(TRANSFER_ENCODING);

static const uint32_t forwarded_fields = BIT(FORWARDED) | BIT(X_FORWARDED_FOR) |
                                         BIT(X_FORWARDED_PROTO) |
                                         BIT(X_FORWARDED_HOST);

static bool put(struct mt_head *h, enum mt_head_id id, struct mt_span value)
{
    return mt_head_add_borrowed(h, mt_head_name(id), value);
}

/* ---- what goes ---- */

/* What a field Connection names is for this hop. Not so what servers decide
 * by: a client that names Authorization would have it vanish behind the proxy
 * that was to pass it on. */
static bool is_for_all(struct mt_span name, enum mt_head_id id)
{
    static const char *const kept[] = {"authorization", "cache-control",
                                       "origin",        "range",
                                       "content-type",  "content-encoding"};
    if (id != MT_HEAD_OTHER)
        return true; /* the hop's own are dropped anyway */
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (mt_span_caseeq(name, mt_span_str(kept[i])))
            return true;
    return false;
}

/* What Connection says, but for the usual. */
struct options {
    struct mt_span named[OPTIONS_MAX];
    unsigned count;
    bool too_many;
};

static void read_options(const struct mt_head *h, struct options *o)
{
    *o = (struct options){.count = 0};
    for (uint32_t i = 0; mt_head_has(h, MT_HEAD_CONNECTION) && i < h->count;
         i++) {
        struct mt_span list = h->fields[i].value, one;
        while (h->ids[i] == MT_HEAD_CONNECTION && mt_list_next(&list, &one)) {
            if (mt_span_caseeq(one, MT_SPAN("close")) ||
                is_for_all(one, mt_head_id(one)))
                continue;
            o->too_many = o->count == OPTIONS_MAX;
            if (o->too_many)
                return;
            o->named[o->count++] = one;
        }
    }
}

struct dropping {
    struct options options;
    uint32_t ids; /* bits */
};

static bool drops(void *arg, const struct mt_head *h, uint32_t i)
{
    const struct dropping *d = arg;
    if ((d->ids >> h->ids[i] & 1) != 0)
        return true;
    for (unsigned n = 0; h->ids[i] == MT_HEAD_OTHER && n < d->options.count;
         n++)
        if (mt_span_caseeq(h->fields[i].name, d->options.named[n]))
            return true;
    return false;
}

/* The protocols that the client would change to, and the server may: not h2c,
 * which is no concern of the server. Empty: none. */
static struct mt_span upgrade_of(const struct mt_head *h, uint8_t to)
{
    struct mt_span none = {.ptr = NULL};
    if (h->version != MT_HTTP_1_1 || to != MT_HTTP_1_1 ||
        !mt_head_lists(h, MT_HEAD_CONNECTION, MT_SPAN("upgrade")) ||
        mt_head_lists(h, MT_HEAD_UPGRADE, MT_SPAN("h2c")))
        return none;
    return mt_head_value(h, MT_HEAD_UPGRADE);
}

/* ---- what comes ---- */

static bool put_via(struct mt_head *h, const struct mt_forward *f)
{
    static const char *const via[] = {"1.0 meshtop", "1.1 meshtop",
                                      "2 meshtop"};
    return f->no_via || put(h, MT_HEAD_VIA, mt_span_str(via[h->version]));
}

/* Room for all values with this id as one list, and for what is added to it,
 * in the head's arena: as large a header as was taken passes. */
static struct mt_buf room_for(struct mt_head *h, enum mt_head_id id)
{
    size_t n = ADDED_MAX_BYTES;
    for (uint32_t i = 0; mt_head_has(h, id) && i < h->count; i++)
        if (h->ids[i] == id)
            n += h->fields[i].value.len + 2;
    uint8_t *bytes = mt_arena_alloc(&h->arena, n);
    return mt_buf_of(bytes, bytes != NULL ? n : 0);
}

/* They are not removed. */
static void put_joined(struct mt_buf *b, const struct mt_head *h,
                       enum mt_head_id id, const char *between)
{
    for (uint32_t i = 0; mt_head_has(h, id) && i < h->count; i++) {
        if (h->ids[i] != id)
            continue;
        mt_put_str(b, b->len > 0 ? between : "");
        mt_put_span(b, h->fields[i].value);
    }
}

static bool made_of(const struct mt_buf *b, struct mt_span *out)
{
    *out = mt_buf_span(b);
    return !b->full;
}

/* One list in one field: there are servers that look at the first line, and
 * believe it. */
static bool join_for(struct mt_head *h, const struct mt_forward *f,
                     struct mt_span *value)
{
    struct mt_buf b = room_for(h, MT_HEAD_X_FORWARDED_FOR);
    if (f->forwarded == MT_FORWARDED_APPEND)
        put_joined(&b, h, MT_HEAD_X_FORWARDED_FOR, ", ");
    mt_put_str(&b, b.len > 0 ? ", " : "");
    mt_put_span(&b, f->client);
    return made_of(&b, value);
}

/* RFC 7239: only where somebody before us speaks it. */
static bool join_forwarded(struct mt_head *h, const struct mt_forward *f,
                           struct mt_span *value)
{
    struct mt_buf b = room_for(h, MT_HEAD_FORWARDED);
    bool v6 = mt_span_find(f->client, ':') < f->client.len;
    put_joined(&b, h, MT_HEAD_FORWARDED, ", ");
    mt_put_str(&b, v6 ? ", for=\"[" : ", for=");
    mt_put_span(&b, f->client);
    mt_put_str(&b, v6 ? "]\"" : "");
    mt_put_str(&b, f->secure ? ";proto=https" : ";proto=http");
    return made_of(&b, value);
}

/* The fields that are to be added, made before the old ones go. */
struct forwarded {
    struct mt_span list;      /* X-Forwarded-For */
    struct mt_span forwarded; /* Forwarded, or empty */
    struct mt_span proto;     /* X-Forwarded-Proto, or empty: what came stays */
};

static bool make_forwarded(struct mt_head *h, const struct mt_forward *f,
                           struct forwarded *made, uint32_t *drop)
{
    bool append = f->forwarded == MT_FORWARDED_APPEND;
    *made = (struct forwarded){.list = {.ptr = NULL}};
    *drop = 0;
    if (f->forwarded == MT_FORWARDED_KEEP)
        return true;
    *drop = forwarded_fields;
    if (f->forwarded == MT_FORWARDED_REMOVE)
        return true;
    if (!append || !mt_head_has(h, MT_HEAD_X_FORWARDED_PROTO))
        made->proto = f->secure ? MT_SPAN("https") : MT_SPAN("http");
    if (append)
        *drop = BIT(FORWARDED) | BIT(X_FORWARDED_FOR);
    return join_for(h, f, &made->list) &&
           (!append || !mt_head_has(h, MT_HEAD_FORWARDED) ||
            join_forwarded(h, f, &made->forwarded));
}

static bool put_forwarded(struct mt_head *h, const struct forwarded *made)
{
    return (made->list.len == 0 ||
            put(h, MT_HEAD_X_FORWARDED_FOR, made->list)) &&
           (made->forwarded.len == 0 ||
            put(h, MT_HEAD_FORWARDED, made->forwarded)) &&
           (made->proto.len == 0 ||
            put(h, MT_HEAD_X_FORWARDED_PROTO, made->proto));
}

/* RFC 9113 section 8.2.3: HTTP/2 may cut a cookie into several fields. */
static bool join_cookies(struct mt_head *h, const struct mt_forward *f,
                         struct mt_span *value, uint32_t *drop)
{
    uint32_t cookies = 0;
    *value = (struct mt_span){.ptr = NULL};
    for (uint32_t i = 0; i < h->count; i++)
        cookies += h->ids[i] == MT_HEAD_COOKIE;
    if (f->to == MT_HTTP_2 || cookies < 2)
        return true;
    struct mt_buf b = room_for(h, MT_HEAD_COOKIE);
    put_joined(&b, h, MT_HEAD_COOKIE, "; ");
    *drop |= BIT(COOKIE);
    return made_of(&b, value);
}

/* ---- Max-Forwards ---- */

static bool read_number(struct mt_span s, uint32_t *n)
{
    *n = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9' || i > 8)
            return false;
        *n = *n * 10 + (uint32_t)(s.ptr[i] - '0');
    }
    return s.len > 0;
}

/* Of the two methods that have it; others pass it on as any field. */
static int count_down(struct mt_head *h)
{
    uint32_t left;
    uint8_t bytes[16];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    if (!mt_head_has(h, MT_HEAD_MAX_FORWARDS) ||
        (!mt_span_eq(h->method, MT_SPAN("TRACE")) &&
         !mt_span_eq(h->method, MT_SPAN("OPTIONS"))))
        return 0;
    if (!read_number(mt_head_value(h, MT_HEAD_MAX_FORWARDS), &left))
        return 400;
    if (left == 0)
        return MT_FORWARD_HERE;
    mt_put_decimal(&b, left - 1);
    for (uint32_t i = 0; i < h->count; i++)
        if (h->ids[i] == MT_HEAD_MAX_FORWARDS &&
            !mt_arena_copy(&h->arena, mt_buf_span(&b), &h->fields[i].value))
            return 431;
    return 0;
}

/* ---- all ---- */

int mt_forward_request(struct mt_head *h, const struct mt_forward *f)
{
    struct dropping d = {.ids = 0};
    struct forwarded made;
    struct mt_span cookie;
    int rc = count_down(h);
    if (rc != 0)
        return rc;
    read_options(h, &d.options);
    if (d.options.too_many)
        return 400;
    bool trailers = mt_head_lists(h, MT_HEAD_TE, MT_SPAN("trailers"));
    struct mt_span upgrade = upgrade_of(h, f->to);
    if (!make_forwarded(h, f, &made, &d.ids) ||
        !join_cookies(h, f, &cookie, &d.ids))
        return 431;
    d.ids |= hop | BIT(HOST);
    mt_head_filter(h, drops, &d);
    bool fits = (!trailers || put(h, MT_HEAD_TE, MT_SPAN("trailers"))) &&
                (upgrade.len == 0 || put(h, MT_HEAD_UPGRADE, upgrade)) &&
                (cookie.len == 0 || put(h, MT_HEAD_COOKIE, cookie)) &&
                put_forwarded(h, &made) && put_via(h, f);
    return fits ? 0 : 431;
}

/* Has it no length, whatever it says? Of 304, and of the answer to HEAD, it is
 * that of what would be there. */
static bool has_no_length(const struct mt_head *h, const struct mt_forward *f)
{
    return h->status < 200 || h->status == 204 ||
           (f->connect && h->status < 300);
}

int mt_forward_response(struct mt_head *h, const struct mt_forward *f)
{
    struct dropping d = {.ids = hop};
    if (has_no_length(h, f)) {
        d.ids |= BIT(CONTENT_LENGTH);
        h->length = MT_LENGTH_UNKNOWN;
    }
    read_options(h, &d.options);
    if (d.options.too_many)
        return 502;
    struct mt_span upgrade = {.ptr = NULL};
    if (h->status == 101 || h->status == 426) /* what it changed to, or asks */
        upgrade = mt_head_value(h, MT_HEAD_UPGRADE);
    mt_head_filter(h, drops, &d);
    bool fits = (upgrade.len == 0 || f->to == MT_HTTP_2 ||
                 put(h, MT_HEAD_UPGRADE, upgrade)) &&
                put_via(h, f);
    return fits ? 0 : 502;
}

void mt_forward_trailers(struct mt_head *h)
{
    struct dropping d = {.ids = never_trailers};
    mt_head_filter(h, drops, &d);
}
