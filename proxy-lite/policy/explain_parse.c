/* A request as people write it down. */
#include "base/rc.h"
#include "base/text.h"
#include "proxy-lite/policy/explain.h"
#include "proxy-lite/policy/path.h"

static struct mt_span take_until(struct mt_span *rest, uint8_t end)
{
    return mt_span_take(rest, mt_span_find(*rest, end));
}

static struct mt_span trimmed(struct mt_span s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        (void)mt_span_take(&s, 1);
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* The port behind the host's last colon, outside of brackets. */
static bool take_port(struct mt_span *host, uint16_t *port)
{
    size_t n = host->len;
    uint64_t v;
    while (n > 0 && host->ptr[n - 1] != ':' && host->ptr[n - 1] != ']')
        n--;
    if (n == 0 || host->ptr[n - 1] == ']')
        return true;
    struct mt_span digits = {host->ptr + n, host->len - n};
    if (mt_parse_u64(digits, &v) != 0 || v == 0 || v > UINT16_MAX)
        return false;
    host->len = n - 1;
    *port = (uint16_t)v;
    return true;
}

static void choose_listener(const struct mt_policy *p,
                            struct mt_policy_request *r)
{
    for (uint32_t i = 0; i < p->listeners_count; i++)
        if (p->listeners[i]->port == r->port) {
            r->listener = i;
            return;
        }
    if (r->port == 0 && p->listeners_count > 0)
        r->port = p->listeners[0]->port;
}

static bool parse_target(struct mt_span s, struct mt_policy_request *r)
{
    static const struct mt_span schemes[] = {{(const uint8_t *)"http://", 7},
                                             {(const uint8_t *)"https://", 8}};
    r->scheme = MT_SPAN("http");
    for (size_t i = 0; i < 2; i++) {
        if (!mt_span_starts(s, schemes[i]))
            continue;
        r->scheme = mt_span_take(&s, schemes[i].len);
        r->scheme.len -= 3;
        size_t path = 0; /* a query may follow the host at once */
        while (path < s.len && s.ptr[path] != '/' && s.ptr[path] != '?')
            path++;
        r->host = mt_span_take(&s, path);
        if (!take_port(&r->host, &r->port) || r->host.len == 0)
            return false;
        break;
    }
    if (r->host.len == 0 && s.len == 0)
        return false;
    r->path = take_until(&s, '?');
    if (r->path.len == 0)
        r->path = MT_SPAN("/");
    if (s.len > 0)
        (void)mt_span_take(&s, 1);
    r->query = take_until(&s, '#');
    return r->path.ptr[0] == '/' || mt_span_eq(r->path, MT_SPAN("*"));
}

/* A route compares what is sent on. */
static bool resolve(struct mt_policy_explain_request *q)
{
    struct mt_span *path = &q->request.path;
    return !mt_path_has_dots(*path) || (path->len <= sizeof q->path &&
                                        mt_path_resolve(*path, q->path, path));
}

bool mt_policy_explain_parse(const struct mt_policy *p, struct mt_span text,
                             struct mt_policy_explain_request *out)
{
    struct mt_policy_request *r = &out->request;
    *out = (struct mt_policy_explain_request){
        .request = {.method = MT_SPAN("GET")}};
    r->fields = out->fields;
    text = trimmed(text);
    struct mt_span first = take_until(&text, ' ');
    struct mt_span target = trimmed(text);
    if (target.len == 0)
        target = first;
    else
        r->method = first;
    if (!parse_target(target, r) || !resolve(out) ||
        mt_span_find(target, ' ') < target.len)
        return false;
    choose_listener(p, r);
    return true;
}

bool mt_policy_explain_header(struct mt_policy_explain_request *q,
                              struct mt_span line)
{
    struct mt_span name = take_until(&line, ':');
    if (line.len == 0 || trimmed(name).len == 0 ||
        q->request.fields_count == MT_POLICY_EXPLAIN_FIELDS_MAX)
        return false;
    (void)mt_span_take(&line, 1);
    struct mt_policy_field f = {trimmed(name), trimmed(line)};
    if (mt_span_caseeq(f.name, MT_SPAN("content-type")) &&
        mt_policy_is_grpc(f.value))
        q->request.grpc = true;
    q->fields[q->request.fields_count++] = f;
    return true;
}
