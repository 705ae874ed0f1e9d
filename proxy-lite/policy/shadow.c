#include "proxy-lite/policy/shadow.h"

enum { LOOK_BACK = 256 };

static bool has_method(const struct mt_policy_match *m, struct mt_span method)
{
    for (uint32_t i = 0; i < m->methods_count; i++)
        if (mt_span_eq(m->methods[i], method))
            return true;
    return false;
}

/* Every method that b takes, a takes. */
static bool methods_cover(const struct mt_policy_match *a,
                          const struct mt_policy_match *b)
{
    bool cover = a->methods_count == 0 || b->methods_count > 0;
    for (uint32_t i = 0; cover && a->methods_count > 0 && i < b->methods_count;
         i++)
        cover = has_method(a, b->methods[i]);
    return cover;
}

static bool wants(const struct mt_policy_field_match *list, uint32_t n,
                  const struct mt_policy_field_match *m)
{
    for (uint32_t i = 0; i < n; i++)
        if (list[i].how == m->how && mt_span_eq(list[i].name, m->name) &&
            mt_span_eq(list[i].value, m->value))
            return true;
    return false;
}

/* Everything that a wants, b wants, too. */
static bool fields_cover(const struct mt_policy_field_match *a,
                         uint32_t a_count,
                         const struct mt_policy_field_match *b,
                         uint32_t b_count)
{
    bool cover = a_count <= b_count;
    for (uint32_t i = 0; cover && i < a_count; i++)
        cover = wants(b, b_count, &a[i]);
    return cover;
}

static bool same_place(const struct mt_policy_entry *a,
                       const struct mt_policy_entry *b)
{
    return a->host->suffix == b->host->suffix &&
           mt_span_eq(a->host->text, b->host->text) &&
           a->match->path_how == b->match->path_how &&
           mt_span_eq(a->match->path, b->match->path);
}

/* a is asked before b: does nothing come to b? */
static bool covers(const struct mt_policy_entry *a,
                   const struct mt_policy_entry *b)
{
    const struct mt_policy_match *x = a->match, *y = b->match;
    return a->route != b->route && same_place(a, b) &&
           (b->route->listeners & ~a->route->listeners) == 0 &&
           (!x->grpc || y->grpc) && methods_cover(x, y) &&
           fields_cover(x->headers, x->headers_count, y->headers,
                        y->headers_count) &&
           fields_cover(x->query, x->query_count, y->query, y->query_count);
}

static const struct mt_policy_route *covered(const struct mt_policy *p,
                                             uint32_t entry)
{
    const struct mt_policy_entry *e = &p->entries[entry];
    for (uint32_t k = 1; k <= entry && k <= LOOK_BACK; k++)
        if (covers(e - k, e))
            return (e - k)->route;
    return NULL;
}

const struct mt_policy_route *
mt_policy_shadowed(const struct mt_policy *p,
                   const struct mt_policy_route *route)
{
    const struct mt_policy_route *first = NULL;
    for (uint32_t i = 0; i < p->entries_count; i++) {
        if (p->entries[i].route != route)
            continue;
        const struct mt_policy_route *by = covered(p, i);
        if (by == NULL)
            return NULL; /* this way is open */
        if (first == NULL)
            first = by;
    }
    return first;
}
