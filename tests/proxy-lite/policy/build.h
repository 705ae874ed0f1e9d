/* Policies and requests made by hand, for the tests of policy/. */
#ifndef MT_TESTS_PROXY_LITE_POLICY_BUILD_H
#define MT_TESTS_PROXY_LITE_POLICY_BUILD_H

#include "proxy-lite/policy/match.h"

enum { LIST_MAX = 4 };

/* A route of one match; what is empty matches everything. */
struct want {
    const char *name, *host; /* "*.x" is a suffix */
    int how;                 /* of the path */
    const char *path;
    const char *methods[LIST_MAX];
    struct mt_policy_field_match headers[LIST_MAX], query[LIST_MAX];
    bool grpc;
    uint64_t listeners; /* 0: all */
};

static inline uint32_t length_of(const struct mt_policy_field_match *list)
{
    uint32_t n = 0;
    while (n < LIST_MAX && list[n].name.len > 0)
        n++;
    return n;
}

static inline void compile_fields(struct mt_policy *p,
                                  struct mt_policy_field_match *list,
                                  uint32_t n)
{
    struct mt_regex_error error;
    for (uint32_t i = 0; i < n; i++)
        if (list[i].how == MT_COMPARE_REGEX)
            assert_int_equal(
                mt_policy_regex(p, list[i].value, &list[i].regex, &error), 0);
}

static inline void *copy_of(struct mt_policy *p, const void *from, size_t n)
{
    void *to = mt_policy_alloc(p, 1, n);
    assert_non_null(to);
    if (n > 0)
        memcpy(to, from, n);
    return to;
}

static inline struct mt_policy_route *add_route(struct mt_policy *p,
                                                const struct want *w)
{
    struct mt_policy_route *r = mt_policy_add_route(p);
    struct mt_policy_match m = {.grpc = w->grpc};
    struct mt_regex_error error;
    assert_non_null(r);
    r->name = mt_span_str(w->name);
    if (w->listeners != 0)
        r->listeners = w->listeners;
    if (w->host != NULL) {
        struct mt_policy_host h = {.suffix = w->host[0] == '*'};
        h.text = mt_span_str(w->host + (h.suffix ? 1 : 0));
        r->hosts = copy_of(p, &h, sizeof h);
        r->hosts_count = 1;
    }
    m.path_how = (uint8_t)(w->path == NULL ? MT_PATH_ANY : w->how);
    m.path = mt_span_str(w->path);
    if (m.path_how == MT_PATH_REGEX)
        assert_int_equal(mt_policy_regex(p, m.path, &m.path_regex, &error), 0);
    struct mt_span methods[LIST_MAX];
    for (; m.methods_count < LIST_MAX && w->methods[m.methods_count] != NULL;
         m.methods_count++)
        methods[m.methods_count] = mt_span_str(w->methods[m.methods_count]);
    m.methods = copy_of(p, methods, m.methods_count * sizeof *methods);
    m.headers_count = length_of(w->headers);
    m.query_count = length_of(w->query);
    struct mt_policy_field_match *headers =
        copy_of(p, w->headers, sizeof w->headers);
    struct mt_policy_field_match *query = copy_of(p, w->query, sizeof w->query);
    compile_fields(p, headers, m.headers_count);
    compile_fields(p, query, m.query_count);
    m.headers = headers;
    m.query = query;
    r->matches = copy_of(p, &m, sizeof m);
    r->matches_count = 1;
    return r;
}

static inline struct mt_policy_field_match field(const char *name, int how,
                                                 const char *value)
{
    return (struct mt_policy_field_match){.name = mt_span_str(name),
                                          .how = (uint8_t)how,
                                          .value = mt_span_str(value)};
}

#endif
