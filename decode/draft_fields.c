/* What an exchange takes from targets and header fields: one place for every
 * HTTP version. Redaction happens here, before anything is kept. */
#include "decode/draft.h"
#include "decode/trace_context.h"

#include "decode/conn.h"

static const struct mt_span redacted = {
    .ptr = (const uint8_t *)"\xe2\x80\xb9redacted\xe2\x80\xba", .len = 14};

/* ---- targets ---- */

/* "key=value" pairs become "key=*"; a pair without "=" may itself be a
 * secret, so it becomes "*". */
static struct mt_span redact_query(struct mt_draft *r, struct mt_span query)
{
    struct mt_span none = {.ptr = NULL, .len = 0};
    size_t pairs = 1;
    for (size_t i = 0; i < query.len; i++)
        pairs += query.ptr[i] == '&';
    uint8_t *out =
        query.len > 0 ? mt_arena_alloc(&r->text, query.len + pairs) : NULL;
    if (out == NULL)
        return none;

    size_t n = 0;
    while (query.len > 0) {
        struct mt_span pair = mt_span_take(&query, mt_span_find(query, '&'));
        size_t key = mt_span_find(pair, '=');
        if (key < pair.len) {
            memcpy(out + n, pair.ptr, key + 1);
            n += key + 1;
        }
        if (pair.len > 0)
            out[n++] = '*';
        if (query.len > 0) {
            (void)mt_span_take(&query, 1);
            out[n++] = '&';
        }
    }
    return (struct mt_span){.ptr = out, .len = n};
}

static void set_query(struct mt_draft *r, struct mt_span query)
{
    size_t max = r->conn->decode->config.text_max_bytes;
    if (query.len > max) {
        query.len = max;
        r->x.quality |= MT_QUALITY_CLIPPED;
    }
    if (r->conn->decode->config.keep_query)
        mt_draft_text(r, &r->x.query, query);
    else
        r->x.query = redact_query(r, query);
}

void mt_draft_authority(struct mt_draft *r, struct mt_span authority)
{
    for (size_t i = authority.len; i-- > 0;)
        if (authority.ptr[i] == '@') {
            (void)mt_span_take(&authority, i + 1);
            break;
        }
    mt_draft_text(r, &r->x.authority, authority);
}

static void set_origin_form(struct mt_draft *r, struct mt_span target)
{
    target.len = mt_span_find(target, '#'); /* never sent; some do */
    struct mt_span path = mt_span_take(&target, mt_span_find(target, '?'));
    mt_draft_text(r, &r->x.path, path);
    if (target.len > 1) {
        (void)mt_span_take(&target, 1);
        set_query(r, target);
    }
}

/* The length of "scheme" in "scheme://...", or 0. */
static size_t scheme_length(struct mt_span target)
{
    size_t colon = mt_span_find(target, ':');
    if (colon == 0 || colon + 2 >= target.len || colon > 32 ||
        target.ptr[colon + 1] != '/' || target.ptr[colon + 2] != '/')
        return 0;
    for (size_t i = 0; i < colon; i++) {
        uint8_t c = mt_ascii_lower(target.ptr[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
              c == '-' || c == '.'))
            return 0;
    }
    return colon;
}

static void set_absolute_form(struct mt_draft *r, struct mt_span target,
                              size_t scheme)
{
    mt_draft_text(r, &r->x.scheme, mt_span_take(&target, scheme));
    (void)mt_span_take(&target, 3);
    size_t end = 0;
    while (end < target.len && target.ptr[end] != '/' &&
           target.ptr[end] != '?' && target.ptr[end] != '#')
        end++;
    mt_draft_authority(r, mt_span_take(&target, end));
    if (target.len == 0 || target.ptr[0] != '/')
        mt_draft_text(r, &r->x.path, MT_SPAN("/"));
    if (target.len > 0)
        set_origin_form(r, target);
    if (r->x.path.len == 0)
        mt_draft_text(r, &r->x.path, MT_SPAN("/"));
}

bool mt_draft_target(struct mt_draft *r, struct mt_span target)
{
    if (mt_span_eq(r->x.method, MT_SPAN("CONNECT"))) {
        mt_draft_authority(r, target);
        return target.len > 0 && mt_span_find(target, ':') < target.len;
    }
    if (target.len > 0 && target.ptr[0] == '/') {
        set_origin_form(r, target);
        return true;
    }
    size_t scheme = scheme_length(target);
    if (scheme > 0) {
        r->x.quality |= MT_QUALITY_FORWARD;
        set_absolute_form(r, target, scheme);
        return true;
    }
    set_origin_form(r, target);
    return mt_span_eq(target, MT_SPAN("*"));
}

/* ---- fields ---- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = mt_ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool all_zero(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* The parent of the callee's span is the span that the caller names. */
static void on_traceparent(struct mt_draft *r, enum mt_role from,
                           struct mt_span v)
{
    if (from == MT_CLIENT && mt_traceparent(v, r->x.trace_id, r->x.span_id))
        memset(r->x.parent_id, 0, 8);
}

/* B3: 64-bit trace ids are left-padded. traceparent, being the standard, wins:
 * B3 fills only what is still empty. */
static void set_b3_trace(struct mt_draft *r, struct mt_span v)
{
    uint8_t trace[16] = {0};
    if (!all_zero(r->x.trace_id, 16))
        return;
    if (mt_hex_bytes(v, trace, 16) || mt_hex_bytes(v, trace + 8, 8))
        memcpy(r->x.trace_id, trace, 16);
}

static void set_b3_id(uint8_t *slot, struct mt_span v)
{
    uint8_t id[8];
    if (all_zero(slot, 8) && mt_hex_bytes(v, id, 8))
        memcpy(slot, id, 8);
}

static void on_b3(struct mt_draft *r, enum mt_role from, struct mt_span v)
{
    if (from != MT_CLIENT)
        return;
    struct mt_span part[4] = {{0}};
    for (int i = 0; i < 4; i++) {
        part[i] = mt_span_take(&v, mt_span_find(v, '-'));
        if (v.len > 0)
            (void)mt_span_take(&v, 1);
    }
    if (part[1].len == 0)
        return; /* "0": only a sampling decision */
    set_b3_trace(r, part[0]);
    set_b3_id(r->x.span_id, part[1]);
    set_b3_id(r->x.parent_id, part[3]);
}

static void on_b3_trace(struct mt_draft *r, enum mt_role from, struct mt_span v)
{
    if (from == MT_CLIENT)
        set_b3_trace(r, v);
}

static void on_b3_span(struct mt_draft *r, enum mt_role from, struct mt_span v)
{
    if (from == MT_CLIENT)
        set_b3_id(r->x.span_id, v);
}

static void on_b3_parent(struct mt_draft *r, enum mt_role from,
                         struct mt_span v)
{
    if (from == MT_CLIENT)
        set_b3_id(r->x.parent_id, v);
}

static bool media_type_is(struct mt_span value, struct mt_span type)
{
    return value.len >= type.len &&
           mt_span_caseeq((struct mt_span){value.ptr, type.len}, type);
}

static void on_content_type(struct mt_draft *r, enum mt_role from,
                            struct mt_span v)
{
    struct mt_exchange *x = &r->x;
    mt_draft_text(
        r, from == MT_CLIENT ? &x->req.content_type : &x->resp.content_type, v);
    if (media_type_is(v, MT_SPAN("application/grpc-web"))) {
        x->protocol = MT_PROTOCOL_GRPC_WEB;
    } else if (media_type_is(v, MT_SPAN("application/grpc")) &&
               x->protocol == MT_PROTOCOL_H2) {
        x->protocol = MT_PROTOCOL_GRPC;
    } else if (from == MT_SERVER &&
               media_type_is(v, MT_SPAN("text/event-stream"))) {
        x->protocol = MT_PROTOCOL_SSE;
        x->kind = MT_KIND_STREAM;
    }
}

/* Decimal digits only; -1 when there is none, or too many to be real. */
static int64_t decimal(struct mt_span v)
{
    int64_t n = 0;
    if (v.len == 0 || v.len > 18)
        return -1;
    for (size_t i = 0; i < v.len; i++) {
        if (v.ptr[i] < '0' || v.ptr[i] > '9')
            return -1;
        n = n * 10 + (v.ptr[i] - '0');
    }
    return n;
}

static void on_content_length(struct mt_draft *r, enum mt_role from,
                              struct mt_span v)
{
    r->content_length[from] = decimal(v);
}

/* gRPC over HTTP/2: "Status" is decimal; it comes in trailers, or in the
 * headers of a trailers-only response. */
static void on_grpc_status(struct mt_draft *r, enum mt_role from,
                           struct mt_span v)
{
    int64_t code = decimal(v);
    if (from != MT_SERVER || code < 0 || code > INT16_MAX)
        return;
    r->x.grpc_status = (int16_t)code;
    r->grpc_status_seen = true;
}

/* gRPC percent-encodes what is not printable ASCII. */
static void on_grpc_message(struct mt_draft *r, enum mt_role from,
                            struct mt_span v)
{
    if (from != MT_SERVER || v.len == 0)
        return;
    mt_draft_text(r, &r->x.error_message, v);
    struct mt_span kept = r->x.error_message;
    uint8_t *out = kept.len > 0 ? mt_arena_alloc(&r->text, kept.len) : NULL;
    if (out == NULL)
        return;
    size_t n = 0;
    for (size_t i = 0; i < kept.len; i++) {
        int high = -1, low = -1;
        if (kept.ptr[i] == '%' && kept.len - i > 2) {
            high = hex_digit(kept.ptr[i + 1]);
            low = hex_digit(kept.ptr[i + 2]);
        }
        bool encoded = high >= 0 && low >= 0;
        out[n++] = (uint8_t)(encoded ? high << 4 | low : kept.ptr[i]);
        i += encoded ? 2 : 0;
    }
    r->x.error_message = (struct mt_span){.ptr = out, .len = n};
}

/* gRPC: at most 8 digits and a unit of H M S m u n. */
static void on_grpc_timeout(struct mt_draft *r, enum mt_role from,
                            struct mt_span v)
{
    static const struct {
        uint8_t unit;
        int64_t ns;
    } units[] = {{'H', 3600000000000}, {'M', 60000000000}, {'S', 1000000000},
                 {'m', 1000000},       {'u', 1000},        {'n', 1}};
    if (from != MT_CLIENT || v.len < 2 || v.len > 9)
        return;
    int64_t n = decimal((struct mt_span){v.ptr, v.len - 1});
    for (size_t i = 0; n >= 0 && i < sizeof units / sizeof units[0]; i++)
        if (units[i].unit == v.ptr[v.len - 1])
            r->x.grpc_timeout_ns =
                n > INT64_MAX / units[i].ns ? INT64_MAX : n * units[i].ns;
}

static void on_host(struct mt_draft *r, enum mt_role from, struct mt_span v)
{
    if (from == MT_CLIENT && r->x.authority.len == 0)
        mt_draft_authority(r, v);
}

static void on_user_agent(struct mt_draft *r, enum mt_role from,
                          struct mt_span v)
{
    if (from == MT_CLIENT)
        mt_draft_text(r, &r->x.user_agent, v);
}

static void on_request_id(struct mt_draft *r, enum mt_role from,
                          struct mt_span v)
{
    (void)from; /* a server may be the one that gives it */
    if (r->x.request_id.len == 0)
        mt_draft_text(r, &r->x.request_id, v);
}

struct known_field {
    struct mt_span name; /* lower case */
    void (*take)(struct mt_draft *, enum mt_role, struct mt_span value);
};

#define NAME(literal)                                   \
    {                                                   \
        (const uint8_t *)(literal), sizeof(literal) - 1 \
    }

/* Rows of one length, which almost alone tells them apart; none: an empty
 * name ends them. */
enum { KNOWN_MAX_BYTES = 17, KNOWN_PER_LENGTH = 5 };

static const struct known_field
    known_fields[KNOWN_MAX_BYTES + 1][KNOWN_PER_LENGTH] = {
        [2] = {{NAME("b3"), on_b3}},
        [4] = {{NAME("host"), on_host}},
        [10] = {{NAME("user-agent"), on_user_agent}},
        [11] = {{NAME("traceparent"), on_traceparent},
                {NAME("grpc-status"), on_grpc_status},
                {NAME("x-b3-spanid"), on_b3_span}},
        [12] = {{NAME("content-type"), on_content_type},
                {NAME("x-request-id"), on_request_id},
                {NAME("grpc-message"), on_grpc_message},
                {NAME("grpc-timeout"), on_grpc_timeout},
                {NAME("x-b3-traceid"), on_b3_trace}},
        [14] = {{NAME("content-length"), on_content_length}},
        [17] = {{NAME("x-b3-parentspanid"), on_b3_parent}},
};

static const struct known_field *known_field(struct mt_span name)
{
    if (name.len > KNOWN_MAX_BYTES)
        return NULL;
    const struct known_field *rows = known_fields[name.len];
    for (int i = 0; i < KNOWN_PER_LENGTH && rows[i].name.len > 0; i++)
        if (mt_token_is(name, rows[i].name))
            return &rows[i];
    return NULL;
}

/* Names whose values are secrets by nature. */
static const struct mt_span secret_fields[] = {
    NAME("authorization"),
    NAME("proxy-authorization"),
    NAME("cookie"),
    NAME("set-cookie"),
    NAME("x-api-key"),
    NAME("api-key"),
    NAME("x-auth-token"),
    NAME("x-csrf-token"),
    NAME("x-xsrf-token"),
    NAME("x-amz-security-token"),
    NAME("x-goog-iam-authorization-token"),
    NAME("www-authenticate"),
    NAME("proxy-authenticate"),
    NAME("authentication-info"),
    NAME("x-forwarded-client-cert"),
    NAME("x-vault-token"),
    NAME("x-gitlab-token"),
    NAME("sec-websocket-key"),
};

/* Fields that hold a URL: its query is redacted as the target's is. */
static const struct mt_span url_fields[] = {
    NAME("referer"), NAME("location"),       NAME("content-location"),
    NAME(":path"),   NAME("x-original-url"), NAME("x-envoy-original-path"),
};

static bool is_one_of(struct mt_span name, const struct mt_span *list,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (mt_span_caseeq(name, list[i]))
            return true;
    return false;
}
#define IS_ONE_OF(name, list) \
    is_one_of(name, list, sizeof(list) / sizeof((list)[0]))

static struct mt_span kept_url(struct mt_draft *r, struct mt_span url)
{
    size_t path = mt_span_find(url, '?');
    if (path == url.len || r->conn->decode->config.keep_query)
        return url;
    struct mt_span query = {url.ptr + path + 1, url.len - path - 1};
    query = redact_query(r, query);
    uint8_t *out = mt_arena_alloc(&r->text, path + 1 + query.len);
    if (out == NULL)
        return (struct mt_span){url.ptr, path};
    memcpy(out, url.ptr, path + 1);
    if (query.len > 0)
        memcpy(out + path + 1, query.ptr, query.len);
    return (struct mt_span){out, path + 1 + query.len};
}

static struct mt_span kept_value(struct mt_draft *r, struct mt_span name,
                                 struct mt_span value)
{
    if (IS_ONE_OF(name, secret_fields))
        return redacted;
    return IS_ONE_OF(name, url_fields) ? kept_url(r, value) : value;
}

/* A list that grows leaves its old copy behind in the arena. */
static struct mt_field *push_field(struct mt_draft *r,
                                   struct mt_kept_fields *kept)
{
    if (kept->count == kept->capacity) {
        uint32_t grown = kept->capacity == 0 ? 8 : kept->capacity * 2;
        struct mt_field *list = mt_arena_alloc(&r->text, grown * sizeof *list);
        if (list == NULL) {
            r->x.quality |= MT_QUALITY_CLIPPED;
            return NULL;
        }
        if (kept->count > 0)
            memcpy(list, kept->list, kept->count * sizeof *list);
        kept->list = list;
        kept->capacity = grown;
    }
    return &kept->list[kept->count++];
}

static void keep_field(struct mt_draft *r, enum mt_role from,
                       struct mt_span name, struct mt_span value)
{
    struct mt_field *field = push_field(r, &r->fields[from]);
    if (field == NULL)
        return;
    mt_draft_text(r, &field->name, name);
    mt_draft_text(r, &field->value, kept_value(r, name, value));
}

void mt_draft_field(struct mt_draft *r, enum mt_role from, struct mt_span name,
                    struct mt_span value)
{
    const struct known_field *known = known_field(name);
    if (known != NULL)
        known->take(r, from, value);
    if (r->conn->decode->config.keep_headers)
        keep_field(r, from, name, value);
}

void mt_draft_attr(struct mt_draft *r, const char *name, struct mt_span value)
{
    struct mt_field *field = push_field(r, &r->attrs);
    if (field == NULL)
        return;
    field->name = mt_span_str(name);
    mt_draft_text(r, &field->value, value);
}
