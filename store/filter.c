#include "store/filter.h"

#include <stdlib.h>

#include "store/filter_ast.h"

/* ---- texts ---- */

static uint8_t folded(uint8_t c, bool fold)
{
    return fold ? mt_ascii_lower(c) : c;
}

/* `*` is any run of bytes. Going back to the last star alone is enough. */
static bool glob(struct mt_span pattern, struct mt_span text, bool fold)
{
    size_t p = 0, t = 0, star = SIZE_MAX, resume = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.len &&
                   folded(pattern.ptr[p], fold) == folded(text.ptr[t], fold)) {
            p++, t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

static bool substring(struct mt_span word, struct mt_span text)
{
    for (size_t at = 0; at + word.len <= text.len; at++) {
        struct mt_span part = {.ptr = text.ptr + at, .len = word.len};
        if (mt_span_caseeq(part, word))
            return true;
    }
    return false;
}

static bool one_text(const struct value *v, struct mt_span text)
{
    switch (v->test) {
    case TEST_EXACT:
        return v->fold ? mt_span_caseeq(v->text, text)
                       : mt_span_eq(v->text, text);
    case TEST_GLOB:
        return glob(v->text, text, v->fold);
    case TEST_REGEX:
        return mt_regex_match(v->regex, text);
    case TEST_SUBSTRING:
        return substring(v->text, text);
    default:
        return false;
    }
}

/* What is before a last `:digits`, or all of it. */
static struct mt_span without_port(struct mt_span host)
{
    size_t n = host.len;
    while (n > 0 && host.ptr[n - 1] >= '0' && host.ptr[n - 1] <= '9')
        n--;
    if (n > 0 && n < host.len && host.ptr[n - 1] == ':')
        host.len = n - 1;
    return host;
}

bool filter_text_match(const struct value *v, struct mt_span text)
{
    if (text.len == 0) /* absent: equal to "" alone */
        return v->test == TEST_EXACT && v->text.len == 0;
    if (one_text(v, text))
        return true;
    if (!v->host)
        return false;
    struct mt_span name = without_port(text);
    return name.len > 0 && name.len < text.len && one_text(v, name);
}

/* ---- terms ---- */

static bool network_has(const struct value *v, const uint8_t *ip)
{
    bool v4 = v->network.bits >= 96 && mt_ip_is_v4(v->network.ip);
    return mt_ip_is_v4(ip) == v4 && mt_cidr_has(&v->network, ip);
}

static bool value_match(const struct value *v, const struct datum *d)
{
    switch (v->test) {
    case TEST_RANGE:
        return !d->absent && d->number >= v->lo && d->number <= v->hi;
    case TEST_BITS:
        return !d->absent && (d->number & v->lo) != 0;
    case TEST_NETWORK:
        return !d->absent && network_has(v, d->bytes);
    case TEST_BYTES:
        return !d->absent && memcmp(d->bytes, v->low, v->width) >= 0 &&
               memcmp(d->bytes, v->high, v->width) <= 0;
    default:
        return filter_text_match(v, d->text);
    }
}

static bool term_match(const struct mt_filter *f, const struct term *t,
                       const struct mt_exchange *x)
{
    const struct value *v = &f->values[t->first];
    if (t->anywhere)
        return (filter_text_match(v, x->authority) ||
                filter_text_match(v, x->path)) != t->negated;
    struct datum d = filter_fields[t->field].of(x);
    bool found = false;
    for (unsigned i = 0; i < t->count && !found; i++)
        found = value_match(&v[i], &d);
    return found != t->negated;
}

/* Depth is bounded by the parser. */
static bool node_match(const struct mt_filter *f, uint16_t at,
                       const struct mt_exchange *x)
{
    const struct node *n = &f->nodes[at];
    if (n->kind == NODE_TERM)
        return term_match(f, &f->terms[n->term], x);
    bool stop = n->kind == NODE_OR; /* the answer that settles it */
    for (uint16_t c = n->first; c != NONE; c = f->nodes[c].next)
        if (node_match(f, c, x) == stop)
            return stop;
    return !stop;
}

bool mt_filter_match(const struct mt_filter *f, const struct mt_exchange *x)
{
    return f->root == NONE || node_match(f, f->root, x);
}

/* ---- the whole ---- */

void mt_filter_free(struct mt_filter *f)
{
    if (f == NULL)
        return;
    for (unsigned i = 0; i < f->values_count; i++)
        mt_regex_free(f->values[i].regex);
    free(f);
}

uint64_t mt_filter_given_up(const struct mt_filter *f)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < f->values_count; i++)
        if (f->values[i].regex != NULL)
            sum += mt_regex_given_up(f->values[i].regex);
    return sum;
}

bool mt_filter_counts_from_now(const struct mt_filter *f)
{
    return f->from_now;
}

void mt_filter_set_now(struct mt_filter *f, int64_t now_ns)
{
    for (unsigned i = 0; i < f->terms_count; i++) {
        const struct term *t = &f->terms[i];
        if (t->last)
            f->values[t->first].lo = now_ns - t->ago_ns;
    }
}

uint64_t mt_filter_fields(const struct mt_filter *f)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < f->terms_count; i++) {
        const struct term *t = &f->terms[i];
        if (t->anywhere)
            bits |= MT_FILTER_BIT(HOST) | MT_FILTER_BIT(PATH);
        else if (!t->window)
            bits |= UINT64_C(1) << t->field;
    }
    return bits;
}

bool mt_filter_window(const struct mt_filter *f, int64_t *from_ns,
                      int64_t *to_ns)
{
    *from_ns = INT64_MIN;
    *to_ns = INT64_MAX;
    for (unsigned i = 0; i < f->terms_count; i++) {
        const struct value *v = &f->values[f->terms[i].first];
        if (!f->terms[i].window)
            continue;
        if (v->lo > *from_ns)
            *from_ns = v->lo;
        if (v->hi < *to_ns && v->hi < INT64_MAX)
            *to_ns = v->hi + 1;
    }
    return *from_ns > INT64_MIN || *to_ns < INT64_MAX;
}
