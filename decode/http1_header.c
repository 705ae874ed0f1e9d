#include "decode/http1_parts.h"
#include "decode/http1_scan.h"

/* Which transfer codings were named. */
enum {
    TE_ANY = 1,
    TE_CHUNKED = 2, /* chunked, and nothing after it */
    TE_BAD = 4,     /* unknown, or something after chunked */
};

static struct mt_span sub(struct mt_span s, size_t from, size_t to)
{
    return (struct mt_span){.ptr = s.ptr + from, .len = to - from};
}

static bool is_space(uint8_t c)
{
    return (mt_http1_class[c] & MT_HTTP1_SPACE) != 0;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static struct mt_span trim(struct mt_span s)
{
    size_t from = 0;
    while (from < s.len && is_space(s.ptr[from]))
        from++;
    while (s.len > from && is_space(s.ptr[s.len - 1]))
        s.len--;
    return sub(s, from, s.len);
}

/* "HTTP/", digits, a dot and digits, but not one of each. */
static bool is_odd_version(struct mt_span v)
{
    unsigned dots = 0;
    if (v.len < 8 || v.len > 16 || memcmp(v.ptr, "HTTP/", 5) != 0)
        return false;
    for (size_t i = 5; i < v.len; i++) {
        if (!is_digit(v.ptr[i]) && v.ptr[i] != '.')
            return false;
        dots += v.ptr[i] == '.';
    }
    return dots == 1 && v.ptr[5] != '.' && v.ptr[v.len - 1] != '.';
}

/* "HTTP/1.1": false where it is no HTTP version at all. */
static bool read_version(struct mt_http1 *p, struct mt_span v)
{
    if (v.len == 8 && memcmp(v.ptr, "HTTP/1.", 7) == 0 && is_digit(v.ptr[7])) {
        p->minor = (uint8_t)(v.ptr[7] - '0');
        return true;
    }
    p->minor = 1;
    p->anomalies |= MT_ANOMALY_BAD_VERSION;
    return is_odd_version(v);
}

/* The four forms of a target, RFC 9112 section 3.2, told by their start. */
static bool target_form_ok(struct mt_span method, struct mt_span target)
{
    if (mt_span_eq(method, MT_SPAN("CONNECT")))
        return mt_span_find(target, '/') == target.len &&
               mt_span_find(target, ':') < target.len;
    if (target.ptr[0] == '/')
        return true;
    if (mt_span_eq(target, MT_SPAN("*")))
        return mt_span_eq(method, MT_SPAN("OPTIONS"));
    size_t colon = mt_span_find(target, ':');
    return colon > 0 && target.len - colon > 3 &&
           memcmp(target.ptr + colon, "://", 3) == 0 &&
           mt_http1_token(target) >= colon;
}

/* Cut "HTTP/1.1" and the blank before it off the end of a request line. With
 * nothing before them the target is missing: *rest is empty then. */
static bool take_version(struct mt_http1 *p, struct mt_span *rest)
{
    size_t at = rest->len >= 8 ? rest->len - 8 : 0;
    if (at > 0 && !is_space(rest->ptr[at - 1])) /* an odd one is longer */
        for (at = rest->len; at > 0 && !is_space(rest->ptr[at - 1]);)
            at--;
    if (!read_version(p, sub(*rest, at, rest->len)))
        return false;
    if (at > 0 && rest->ptr[at - 1] == '\t')
        p->anomalies |= MT_ANOMALY_SPACES;
    rest->len = at > 0 ? at - 1 : 0;
    return true;
}

static bool read_request(struct mt_http1 *p, struct mt_span line,
                         struct mt_http1_event *ev)
{
    size_t m = mt_http1_token(line);
    if (m == 0 || m == line.len || !is_space(line.ptr[m]))
        return false;
    if (is_space(line.ptr[line.len - 1])) {
        p->anomalies |= MT_ANOMALY_SPACES;
        line = trim(line);
    }
    if (line.len <= m + 1)
        return false;
    struct mt_span target = sub(line, m + 1, line.len);
    if (p->clipped)
        p->minor = 1; /* the version is what was clipped */
    else if (!take_version(p, &target))
        return false;
    if (line.ptr[m] == '\t' ||
        (target.len > 0 &&
         (is_space(target.ptr[0]) || is_space(target.ptr[target.len - 1])))) {
        p->anomalies |= MT_ANOMALY_SPACES;
        target = trim(target);
    }
    ev->kind = MT_HTTP1_REQUEST;
    ev->request.method = sub(line, 0, m);
    ev->request.target = target;
    p->connect = mt_span_eq(ev->request.method, MT_SPAN("CONNECT"));
    if (target.len == 0 || mt_http1_scan_untarget(target) < target.len ||
        !target_form_ok(ev->request.method, target))
        p->anomalies |= MT_ANOMALY_BAD_TARGET;
    return true;
}

static bool read_status(struct mt_http1 *p, struct mt_span line,
                        struct mt_http1_event *ev)
{
    size_t end = mt_http1_scan_class(line, 0, MT_HTTP1_SPACE);
    if (end == line.len || !read_version(p, sub(line, 0, end)))
        return false;
    size_t at = end + 1;
    while (at < line.len && is_space(line.ptr[at]))
        at++;
    if (at != end + 1 || line.ptr[end] == '\t')
        p->anomalies |= MT_ANOMALY_SPACES;
    if (line.len - at < 3 || line.ptr[at] < '1' || !is_digit(line.ptr[at]) ||
        !is_digit(line.ptr[at + 1]) || !is_digit(line.ptr[at + 2]))
        return false;
    ev->status.code =
        (uint16_t)((line.ptr[at] - '0') * 100 + (line.ptr[at + 1] - '0') * 10 +
                   (line.ptr[at + 2] - '0'));
    at += 3;
    if (at == line.len)
        p->anomalies |= MT_ANOMALY_SPACES; /* the SP is not optional */
    else if (!is_space(line.ptr[at]))
        return false;
    else if (line.ptr[at++] == '\t')
        p->anomalies |= MT_ANOMALY_SPACES;
    ev->kind = MT_HTTP1_STATUS;
    ev->status.reason = sub(line, at, line.len);
    p->status = ev->status.code;
    return true;
}

bool mt_http1_read_start(struct mt_http1 *p, struct mt_span line,
                         struct mt_http1_event *ev)
{
    return p->side == MT_HTTP1_REQUESTS ? read_request(p, line, ev)
                                        : read_status(p, line, ev);
}

/* The way for lines whose name is not a token right before a colon. */
static bool read_odd_field(struct mt_http1 *p, struct mt_span line,
                           struct mt_http1_event *ev)
{
    if (is_space(line.ptr[0])) { /* RFC 9112 section 2.2: pass over it */
        p->anomalies |= MT_ANOMALY_OBS_FOLD;
        return false;
    }
    size_t colon = mt_span_find(line, ':');
    struct mt_span name = trim(sub(line, 0, colon));
    if (name.len != colon)
        p->anomalies |= MT_ANOMALY_SPACES;
    if (colon == line.len || name.len == 0 || mt_http1_token(name) < name.len)
        p->anomalies |= MT_ANOMALY_BAD_NAME;
    if (colon == line.len || name.len == 0)
        return false;
    ev->field.name = name;
    ev->field.value = trim(sub(line, colon + 1, line.len));
    return true;
}

bool mt_http1_read_field(struct mt_http1 *p, struct mt_span line,
                         struct mt_http1_event *ev)
{
    size_t n = mt_http1_token(line);
    ev->field.id = MT_HTTP1_OTHER;
    if (n == 0 || n == line.len || line.ptr[n] != ':')
        return read_odd_field(p, line, ev);
    ev->field.name = sub(line, 0, n);
    ev->field.value = trim(sub(line, n + 1, line.len));
    return true;
}

/* One number of Content-Length: digits only, below 2^63. */
static bool read_length(struct mt_span text, uint64_t *length)
{
    uint64_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i]) || n > (UINT64_MAX >> 1) / 10 - 1)
            return false;
        n = n * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    *length = n;
    return text.len > 0;
}

/* The next member of a comma-separated list, trimmed. */
static bool next_member(struct mt_span *list, struct mt_span *member)
{
    if (list->ptr == NULL)
        return false;
    size_t comma = mt_span_find(*list, ',');
    *member = trim(sub(*list, 0, comma));
    *list = comma < list->len ? sub(*list, comma + 1, list->len)
                              : (struct mt_span){.ptr = NULL, .len = 0};
    return true;
}

/* Several equal lengths are one (RFC 9110 section 8.6); the first wins. */
static void note_length(struct mt_http1 *p, struct mt_span value)
{
    struct mt_span one;
    while (next_member(&value, &one)) {
        uint64_t n;
        if (!read_length(one, &n)) {
            p->anomalies |= MT_ANOMALY_BAD_CL;
            return;
        }
        if (p->has_length)
            p->anomalies |= MT_ANOMALY_MANY_CL;
        else
            p->length = n;
        p->has_length = true;
    }
}

static bool known_coding(struct mt_span c)
{
    return mt_span_caseeq(c, MT_SPAN("gzip")) ||
           mt_span_caseeq(c, MT_SPAN("deflate")) ||
           mt_span_caseeq(c, MT_SPAN("compress")) ||
           mt_span_caseeq(c, MT_SPAN("x-gzip")) ||
           mt_span_caseeq(c, MT_SPAN("x-compress"));
}

/* RFC 9112 section 6.1: chunked once, and last. */
static void note_codings(struct mt_http1 *p, struct mt_span value)
{
    struct mt_span one;
    while (next_member(&value, &one)) {
        if ((p->transfer_codings & TE_CHUNKED) != 0)
            p->transfer_codings = TE_ANY | TE_BAD;
        if (mt_span_caseeq(one, MT_SPAN("chunked")))
            p->transfer_codings |= TE_ANY | TE_CHUNKED;
        else if (known_coding(one))
            p->transfer_codings |= TE_ANY;
        else
            p->transfer_codings |= TE_ANY | TE_BAD;
    }
}

static void note_connection(struct mt_http1 *p, struct mt_span value)
{
    struct mt_span one;
    while (next_member(&value, &one)) {
        if (mt_span_caseeq(one, MT_SPAN("close")))
            p->close = true;
        else if (mt_span_caseeq(one, MT_SPAN("keep-alive")))
            p->keep = true;
        else if (mt_span_caseeq(one, MT_SPAN("upgrade")))
            p->connection_upgrade = true;
    }
}

static void note_host(struct mt_http1 *p, struct mt_span value)
{
    if (p->hosts < 2)
        p->hosts++;
    if (mt_http1_scan_class(value, 0, MT_HTTP1_UNHOST) < value.len)
        p->hosts = 2; /* as bad as two (RFC 9112 section 3.2) */
}

/* The name is a token. */
static enum mt_http1_field_id id_of(struct mt_span name)
{
    switch (name.len) {
    case 4:
        return mt_token_is(name, MT_SPAN("host")) ? MT_HTTP1_HOST
                                                  : MT_HTTP1_OTHER;
    case 7:
        return mt_token_is(name, MT_SPAN("upgrade")) ? MT_HTTP1_UPGRADE
                                                     : MT_HTTP1_OTHER;
    case 10:
        return mt_token_is(name, MT_SPAN("connection")) ? MT_HTTP1_CONNECTION
                                                        : MT_HTTP1_OTHER;
    case 14:
        if (mt_token_is(name, MT_SPAN("content-length")))
            return MT_HTTP1_CONTENT_LENGTH;
        return mt_token_is(name, MT_SPAN("http2-settings"))
                   ? MT_HTTP1_HTTP2_SETTINGS
                   : MT_HTTP1_OTHER;
    case 17:
        return mt_token_is(name, MT_SPAN("transfer-encoding"))
                   ? MT_HTTP1_TRANSFER_ENCODING
                   : MT_HTTP1_OTHER;
    default:
        return MT_HTTP1_OTHER;
    }
}

void mt_http1_note_field(struct mt_http1 *p, struct mt_http1_event *ev)
{
    if ((p->anomalies & MT_ANOMALY_BAD_NAME) != 0 &&
        mt_http1_token(ev->field.name) < ev->field.name.len)
        return;
    ev->field.id = id_of(ev->field.name);
    switch (ev->field.id) {
    case MT_HTTP1_CONTENT_LENGTH:
        note_length(p, ev->field.value);
        break;
    case MT_HTTP1_TRANSFER_ENCODING:
        note_codings(p, ev->field.value);
        break;
    case MT_HTTP1_HOST:
        note_host(p, ev->field.value);
        break;
    case MT_HTTP1_CONNECTION:
        note_connection(p, ev->field.value);
        break;
    case MT_HTTP1_UPGRADE:
        p->upgrade = true;
        break;
    case MT_HTTP1_HTTP2_SETTINGS:
    case MT_HTTP1_OTHER:
        break;
    }
}

/* Nothing says where the message ends: a request's is lost, a response ends
 * with the connection. */
static enum mt_http1_framing unframed(struct mt_http1 *p)
{
    if (p->side == MT_HTTP1_RESPONSES)
        return MT_HTTP1_UNTIL_CLOSE;
    p->lost_after = true;
    return MT_HTTP1_NO_BODY;
}

static enum mt_http1_framing framing_by_codings(struct mt_http1 *p)
{
    bool chunked = (p->transfer_codings & TE_CHUNKED) != 0;
    if (p->has_length)
        p->anomalies |= MT_ANOMALY_TE_AND_CL;
    if ((p->transfer_codings & TE_BAD) != 0 || p->minor == 0 ||
        (p->side == MT_HTTP1_REQUESTS && !chunked))
        p->anomalies |= MT_ANOMALY_BAD_TE;
    return chunked ? MT_HTTP1_CHUNKED : unframed(p);
}

static enum mt_http1_framing framing_by_fields(struct mt_http1 *p)
{
    if ((p->transfer_codings & TE_ANY) != 0)
        return framing_by_codings(p);
    if (p->has_length)
        return p->length > 0 ? MT_HTTP1_LENGTH : MT_HTTP1_NO_BODY;
    if ((p->anomalies & MT_ANOMALY_BAD_CL) != 0)
        return unframed(p);
    return p->side == MT_HTTP1_REQUESTS ? MT_HTTP1_NO_BODY
                                        : MT_HTTP1_UNTIL_CLOSE;
}

enum mt_http1_framing mt_http1_framing_of(struct mt_http1 *p)
{
    enum mt_http1_framing by_fields = framing_by_fields(p);
    if (p->side == MT_HTTP1_REQUESTS) {
        if (p->hosts > 1 || (p->minor > 0 && p->hosts == 0))
            p->anomalies |= MT_ANOMALY_NO_HOST;
        return by_fields;
    }
    if (p->status == 101 || (p->answers == MT_HTTP1_TO_CONNECT &&
                             p->status >= 200 && p->status < 300))
        return MT_HTTP1_TUNNEL;
    if (p->status < 200 || p->status == 204 || p->status == 304 ||
        p->answers == MT_HTTP1_TO_HEAD)
        return MT_HTTP1_NO_BODY;
    return by_fields;
}
