#include "proxy-lite/policy/match.h"

#include "proxy-lite/policy/fields.h"

#define ARGS                                                            \
    const struct mt_policy_entry *e, const struct mt_policy_request *r, \
        struct mt_regex_scratch *s
#define WORDS_ARGS ARGS, struct mt_buf *out

/* ---- listener ---- */

static bool listener_holds(ARGS)
{
    (void)s;
    return r->listener < MT_POLICY_LISTENERS_MAX &&
           (e->route->listeners >> r->listener & 1) != 0;
}

static void listener_not(WORDS_ARGS)
{
    (void)e;
    (void)r;
    (void)s;
    mt_put_str(out, "the route is for other listeners");
}

/* ---- host ---- */

struct mt_span mt_request_host(const struct mt_policy_request *r)
{
    struct mt_span h = r->host;
    if (h.len > 1 && h.ptr[h.len - 1] == '.')
        h.len--;
    return h;
}

static bool host_holds(ARGS)
{
    (void)s;
    struct mt_span asked = mt_request_host(r), wanted = e->host->text;
    if (wanted.len == 0)
        return true;
    if (!e->host->suffix)
        return mt_span_caseeq(asked, wanted);
    if (asked.len <= wanted.len)
        return false;
    (void)mt_span_take(&asked, asked.len - wanted.len);
    return mt_span_caseeq(asked, wanted);
}

static void quoted(struct mt_buf *out, struct mt_span s)
{
    mt_put_char(out, '"');
    mt_put_span(out, s);
    mt_put_char(out, '"');
}

static void host_not(WORDS_ARGS)
{
    (void)s;
    if (r->host.len > 0)
        quoted(out, r->host);
    else
        mt_put_str(out, "none");
    mt_put_str(out, e->host->suffix ? " is not below " : " is not ");
    quoted(out, e->host->text);
}

/* ---- path: a row each ---- */

static bool path_exact(ARGS)
{
    (void)s;
    return mt_span_eq(r->path, e->match->path);
}

static bool path_regex(ARGS)
{
    return mt_regex_search(e->match->path_regex, s, r->path);
}

static bool path_prefix(ARGS)
{
    (void)s;
    size_t n = e->match->path.len;
    return mt_span_starts(r->path, e->match->path) &&
           (r->path.len == n || r->path.ptr[n] == '/');
}

/* "/package.Service/Method" has one more slash alone. */
static bool path_grpc_method(ARGS)
{
    (void)s;
    struct mt_span rest = r->path;
    if (rest.len == 0 || rest.ptr[0] != '/')
        return false;
    (void)mt_span_take(&rest, 1);
    size_t service = mt_span_find(rest, '/');
    if (service == 0 || service == rest.len)
        return false;
    (void)mt_span_take(&rest, service + 1);
    return mt_span_eq(rest, e->match->path);
}

static bool path_any(ARGS)
{
    (void)e;
    (void)r;
    (void)s;
    return true;
}

static const struct path_row {
    const char *word;
    bool (*holds)(ARGS);
    const char *why_not; /* "PATH ... this" */
} path_rows[] = {
#define X(name, function, word, shown, fails, help) \
    {word, path_##function, fails},
    MT_PATH_MATCHES(X)
#undef X
};

const char *mt_path_match_text(unsigned how)
{
    return how < MT_PATH_COUNT ? path_rows[how].word : "?";
}

static bool path_holds(ARGS)
{
    return path_rows[e->match->path_how].holds(e, r, s);
}

static void path_not(WORDS_ARGS)
{
    (void)s;
    quoted(out, r->path);
    mt_put_char(out, ' ');
    mt_put_str(out, path_rows[e->match->path_how].why_not);
    mt_put_char(out, ' ');
    quoted(out, e->match->path);
}

/* ---- gRPC, method ---- */

static bool grpc_holds(ARGS)
{
    (void)s;
    return !e->match->grpc || r->grpc;
}

static void grpc_not(WORDS_ARGS)
{
    (void)e;
    (void)r;
    (void)s;
    mt_put_str(out, "the content-type is not application/grpc");
}

static bool method_holds(ARGS)
{
    (void)s;
    bool found = e->match->methods_count == 0;
    for (uint32_t i = 0; i < e->match->methods_count && !found; i++)
        found = mt_span_eq(r->method, e->match->methods[i]);
    return found;
}

static void method_not(WORDS_ARGS)
{
    (void)s;
    mt_put_span(out, r->method);
    mt_put_str(out, " is not");
    for (uint32_t i = 0; i < e->match->methods_count; i++) {
        mt_put_str(out, i == 0                             ? " "
                        : i + 1 == e->match->methods_count ? " or "
                                                           : ", ");
        mt_put_span(out, e->match->methods[i]);
    }
}

bool mt_policy_is_grpc(struct mt_span type)
{
    struct mt_span grpc = MT_SPAN("application/grpc");
    return mt_span_starts(type, grpc) &&
           (type.len == grpc.len || type.ptr[grpc.len] == '+' ||
            type.ptr[grpc.len] == ';');
}

/* ---- headers and query: all of them ---- */

typedef bool holds_fn(const struct mt_policy_field_match *,
                      const struct mt_policy_request *,
                      struct mt_regex_scratch *);

static const struct mt_policy_field_match *
first_not(const struct mt_policy_field_match *list, uint32_t n, holds_fn *holds,
          const struct mt_policy_request *r, struct mt_regex_scratch *s)
{
    for (uint32_t i = 0; i < n; i++)
        if (!holds(&list[i], r, s))
            return &list[i];
    return NULL;
}

static void field_not(struct mt_buf *out, const struct mt_policy_field_match *m)
{
    static const char *const words[] = {
#define X(name, function, word, holds, fails, help) fails,
        MT_COMPARISONS(X)
#undef X
    };
    if (m == NULL)
        return; /* all of them hold */
    mt_put_span(out, m->name);
    mt_put_str(out, words[m->how]);
    if (mt_comparison_has_value(m->how))
        quoted(out, m->value);
}

static bool headers_hold(ARGS)
{
    return first_not(e->match->headers, e->match->headers_count, mt_field_holds,
                     r, s) == NULL;
}

static void headers_not(WORDS_ARGS)
{
    field_not(out, first_not(e->match->headers, e->match->headers_count,
                             mt_field_holds, r, s));
}

static bool query_holds(ARGS)
{
    return first_not(e->match->query, e->match->query_count, mt_query_holds, r,
                     s) == NULL;
}

static void query_not(WORDS_ARGS)
{
    field_not(out, first_not(e->match->query, e->match->query_count,
                             mt_query_holds, r, s));
}

/* ---- all of it; what is cheap and decides most stands first ---- */

const struct mt_match_part mt_match_parts[] = {
    {"listener", listener_holds, listener_not},
    {"host", host_holds, host_not},
    {"path", path_holds, path_not},
    {"grpc", grpc_holds, grpc_not},
    {"method", method_holds, method_not},
    {"header", headers_hold, headers_not},
    {"query", query_holds, query_not},
};

const unsigned mt_match_parts_count =
    sizeof mt_match_parts / sizeof mt_match_parts[0];

const struct mt_match_part *mt_match_fails(ARGS)
{
    for (unsigned i = 0; i < mt_match_parts_count; i++)
        if (!mt_match_parts[i].holds(e, r, s))
            return &mt_match_parts[i];
    return NULL;
}
