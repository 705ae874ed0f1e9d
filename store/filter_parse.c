/* filter := or
 * or     := and { ("or" | "||") and }
 * and    := not { ["and" | "&&"] not }
 * not    := { "not" | "!" } primary
 * primary:= "(" or ")" | "last" DURATION | NAME op values
 *         | NAME ["not"] "in" "(" values ")" | WORD
 * values := VALUE { "," VALUE }
 * op     := "=" | "==" | "!=" | ">" | ">=" | "<" | "<=" | "~" | "!~"
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rc.h"
#include "base/text.h"
#include "base/text_escape.h"
#include "store/filter_parse.h"

enum { SHOWN_MAX = 40 };

/* ---- errors ---- */

int filter_shown(struct mt_span text)
{
    size_t n = text.len < SHOWN_MAX ? text.len : SHOWN_MAX;
    while (n > 0 && n < text.len && (text.ptr[n] & 0xc0) == 0x80)
        n--; /* not within a character */
    return (int)n;
}

static size_t characters(struct mt_span s)
{
    size_t n = 0;
    for (; s.len > 0; n++)
        (void)mt_utf8_take(&s);
    return n;
}

bool filter_fail(struct parser *p, size_t at, size_t end, const char *format,
                 ...)
{
    if (p->failed)
        return false;
    p->failed = true;
    struct mt_span before = {.ptr = p->text.ptr, .len = at};
    struct mt_span marked = {.ptr = p->text.ptr + at, .len = end - at};
    p->error->column = (at > 0 ? characters(before) : 0) + 1;
    p->error->length = end > at ? characters(marked) : 1;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(p->error->text, sizeof p->error->text, format, args);
    va_end(args);
    return false;
}

/* ---- words ---- */

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What ends a word that is not quoted. */
static bool ends_word(uint8_t c)
{
    return is_space(c) || c == '(' || c == ')' || c == ',' || c == '"' ||
           c == '\'';
}

static bool is_name(uint8_t c)
{
    uint8_t l = mt_ascii_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
}

/* The byte that is read next, 0 at the end; NUL is no part of a filter. */
static uint8_t peek(const struct parser *p)
{
    return p->at < p->text.len ? p->text.ptr[p->at] : 0;
}

static void skip_space(struct parser *p)
{
    while (p->at < p->text.len && is_space(peek(p)))
        p->at++;
}

static bool take(struct parser *p, const char *token)
{
    struct mt_span rest = {.ptr = p->text.ptr + p->at,
                           .len = p->text.len - p->at};
    if (!mt_span_starts(rest, mt_span_str(token)))
        return false;
    p->at += strlen(token);
    return true;
}

/* The bytes up to one that ends a word. */
static struct mt_span raw_word(const struct parser *p)
{
    size_t end = p->at;
    while (end < p->text.len && !ends_word(p->text.ptr[end]))
        end++;
    return (struct mt_span){.ptr = p->text.ptr + p->at, .len = end - p->at};
}

static bool is_keyword(const struct parser *p, const char *keyword)
{
    return mt_span_caseeq(raw_word(p), mt_span_str(keyword));
}

static bool take_keyword(struct parser *p, const char *keyword)
{
    if (!is_keyword(p, keyword))
        return false;
    p->at += strlen(keyword);
    return true;
}

/* Copy into the filter: the text that is compiled is only borrowed. A copy is
 * never longer than what it stands for, so there is room. */
static struct mt_span keep(struct parser *p, struct mt_span s)
{
    uint8_t *to = p->f->texts + p->f->texts_used;
    assert(s.len <= sizeof p->f->texts - p->f->texts_used);
    if (s.len > 0)
        memcpy(to, s.ptr, s.len);
    p->f->texts_used += s.len;
    return (struct mt_span){.ptr = to, .len = s.len};
}

/* In quotes a backslash takes the quote or itself; before all else it is what
 * it is, as regular expressions need it. */
static bool take_quoted(struct parser *p, struct word *w)
{
    uint8_t quote = peek(p);
    size_t from = p->f->texts_used;
    w->at = p->at++;
    w->quoted = true;
    while (p->at < p->text.len && peek(p) != quote) {
        uint8_t next = p->at + 1 < p->text.len ? p->text.ptr[p->at + 1] : 0;
        if (peek(p) == '\\' && (next == quote || next == '\\'))
            p->at++;
        p->f->texts[p->f->texts_used++] = p->text.ptr[p->at++];
    }
    if (p->at == p->text.len)
        return filter_fail(p, w->at, w->at + 1, "a quote is not closed");
    w->end = ++p->at;
    w->text = (struct mt_span){.ptr = p->f->texts + from,
                               .len = p->f->texts_used - from};
    return true;
}

/* A quoted or plain word; the caller has skipped the space before it. */
static bool take_word(struct parser *p, struct word *w)
{
    if (peek(p) == '"' || peek(p) == '\'')
        return take_quoted(p, w);
    *w = (struct word){.text = keep(p, raw_word(p)), .at = p->at};
    p->at += w->text.len;
    w->end = p->at;
    return w->text.len > 0;
}

/* ---- nodes ---- */

static uint16_t new_node(struct parser *p, enum node_kind kind)
{
    if (p->f->nodes_count == NODES_MAX) {
        (void)filter_fail(p, p->at, p->at, "too much in one filter");
        return NONE;
    }
    p->f->nodes[p->f->nodes_count] = (struct node){
        .kind = (uint8_t)kind, .first = NONE, .last = NONE, .next = NONE};
    return p->f->nodes_count++;
}

/* A child of the same kind gives its own children. */
static void append(struct mt_filter *f, uint16_t parent, uint16_t child)
{
    struct node *n = &f->nodes[parent];
    const struct node *c = &f->nodes[child];
    bool merge = c->kind == n->kind;
    uint16_t first = merge ? c->first : child;
    if (n->first == NONE)
        n->first = first;
    else
        f->nodes[n->last].next = first;
    n->last = merge ? c->last : child;
}

/* De Morgan, down to the terms. */
static void negate(struct mt_filter *f, uint16_t at)
{
    struct node *n = &f->nodes[at];
    if (n->kind == NODE_TERM) {
        f->terms[n->term].negated = !f->terms[n->term].negated;
        return;
    }
    n->kind = n->kind == NODE_AND ? NODE_OR : NODE_AND;
    for (uint16_t c = n->first; c != NONE; c = f->nodes[c].next)
        negate(f, c);
}

static uint16_t new_term(struct parser *p, struct term t)
{
    t.first = t.count > 0 ? (uint16_t)(p->f->values_count - t.count) : 0;
    uint16_t at = new_node(p, NODE_TERM);
    if (at == NONE)
        return NONE;
    /* each term has a value of its own, and those are bounded */
    assert(p->f->terms_count < MT_FILTER_TERMS_MAX);
    p->f->nodes[at].term = p->f->terms_count;
    p->f->terms[p->f->terms_count++] = t;
    return at;
}

/* ---- terms ---- */

static bool take_op(struct parser *p, enum filter_op *op)
{
    static const struct {
        const char *text;
        enum filter_op op;
    } ops[] = {
        {"!=", OP_NE}, {"!~", OP_NRE}, {">=", OP_GE}, {"<=", OP_LE},
        {"==", OP_EQ}, {"=~", OP_RE},  {"=", OP_EQ},  {">", OP_GT},
        {"<", OP_LT},  {"~", OP_RE},
    };
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (take(p, ops[i].text)) {
            *op = ops[i].op;
            return true;
        }
    return false;
}

/* A field as it was named: `src` and `dst` wait for their value. */
struct name {
    struct mt_span text;
    size_t at, end;
    int field;
    bool src, dst;
};

static bool resolve(struct parser *p, struct name *n)
{
    n->src = mt_span_caseeq(n->text, MT_SPAN("src"));
    n->dst = mt_span_caseeq(n->text, MT_SPAN("dst"));
    n->field = filter_field_find(n->text);
    if (n->src || n->dst || n->field >= 0)
        return true;
    const char *near = filter_field_near(n->text);
    return filter_fail(p, n->at, n->end,
                       near != NULL ? "no field '%.*s'; did you mean '%s'?"
                                    : "no field '%.*s'; meshtop explain "
                                      "filter lists them%s",
                       filter_shown(n->text), (const char *)n->text.ptr,
                       near != NULL ? near : "");
}

static bool take_value(struct parser *p, struct name *n, enum filter_op op)
{
    struct word w = {.quoted = false};
    skip_space(p);
    if (!take_word(p, &w))
        return filter_fail(p, p->at, p->at, "a value is missing here");
    if (n->src || n->dst) {
        unsigned field = filter_side_field(n->src, &w);
        if (n->field >= 0 && field != (unsigned)n->field)
            return filter_fail(p, w.at, w.end,
                               "a list has services or addresses, not both");
        n->field = (int)field;
    }
    return filter_value(p, (unsigned)n->field, op, &w);
}

/* `a, b, c`; spaces around the commas are fine. */
static uint16_t take_values(struct parser *p, struct name *n, enum filter_op op,
                            bool negated)
{
    uint16_t before = p->f->values_count;
    size_t after;
    do {
        if (!take_value(p, n, op))
            return NONE;
        after = p->at;
        skip_space(p);
    } while (take(p, ","));
    p->at = after;
    uint16_t count = (uint16_t)(p->f->values_count - before);
    if (count > 1 && op != OP_EQ && op != OP_NE) {
        (void)filter_fail(p, n->at, after, "a list goes with = or !=");
        return NONE;
    }
    return new_term(p, (struct term){.field = (uint8_t)n->field,
                                     .negated = negated,
                                     .count = count});
}

static uint16_t take_list(struct parser *p, struct name *n, bool negated)
{
    uint16_t term = take_values(p, n, OP_EQ, negated);
    skip_space(p);
    if (term != NONE && !take(p, ")")) {
        (void)filter_fail(p, p->at, p->at, "')' is missing here");
        return NONE;
    }
    return term;
}

/* `in (` or `not in (`, or nothing read. */
static bool take_in(struct parser *p, bool *negated)
{
    size_t before = p->at;
    *negated = take_keyword(p, "not");
    skip_space(p);
    if (take_keyword(p, "in")) {
        skip_space(p);
        if (take(p, "("))
            return true;
    }
    p->at = before;
    return false;
}

/* A comparison, if that is what comes: a name and an operator. */
static bool take_comparison(struct parser *p, uint16_t *term)
{
    size_t before = p->at, end = p->at;
    while (end < p->text.len && is_name(p->text.ptr[end]))
        end++;
    struct name n = {.text = {.ptr = p->text.ptr + before, .len = end - before},
                     .at = before,
                     .end = end};
    enum filter_op op;
    bool negated;
    if (n.text.len == 0)
        return false;
    p->at = end;
    skip_space(p);
    if (take_op(p, &op))
        *term = resolve(p, &n)
                    ? take_values(p, &n, op, op == OP_NE || op == OP_NRE)
                    : NONE;
    else if (take_in(p, &negated))
        *term = resolve(p, &n) ? take_list(p, &n, negated) : NONE;
    else
        p->at = before;
    return p->at != before;
}

/* `last 5m`; `last` alone is a word. */
static bool take_last(struct parser *p, uint16_t *term)
{
    size_t before = p->at;
    if (!take_keyword(p, "last"))
        return false;
    skip_space(p);
    struct mt_span raw = raw_word(p);
    if (raw.len == 0 || raw.ptr[0] < '0' || raw.ptr[0] > '9') {
        p->at = before;
        return false;
    }
    struct term t = {.field = MT_FILTER_END, .last = true, .count = 1};
    *term = NONE;
    if (mt_parse_duration(raw, &t.ago_ns) != 0)
        (void)filter_fail(p, p->at, p->at + raw.len,
                          "'%.*s' is not a duration; write last 5m",
                          filter_shown(raw), (const char *)raw.ptr);
    else if (p->f->values_count == MT_FILTER_TERMS_MAX)
        (void)filter_fail(p, before, p->at, "too much in one filter");
    else {
        p->f->from_now = true;
        p->f->values[p->f->values_count++] =
            (struct value){.test = TEST_RANGE,
                           .lo = p->ref.now_ns - t.ago_ns,
                           .hi = INT64_MAX};
        *term = new_term(p, t);
    }
    p->at += raw.len;
    return true;
}

static uint16_t take_bare(struct parser *p)
{
    struct word w = {.quoted = false};
    if (!take_word(p, &w)) {
        if (p->at == p->text.len)
            (void)filter_fail(p, p->at, p->at, "a condition is missing here");
        else
            (void)filter_fail(p, p->at, p->at + 1, "'%c' has no place here",
                              peek(p));
        return NONE;
    }
    if (w.text.len == 0) {
        (void)filter_fail(p, w.at, w.end, "an empty word finds everything");
        return NONE;
    }
    if (p->f->values_count == MT_FILTER_TERMS_MAX) {
        (void)filter_fail(p, w.at, w.end, "too much in one filter");
        return NONE;
    }
    p->f->values[p->f->values_count++] =
        (struct value){.test = TEST_SUBSTRING, .text = w.text};
    return new_term(p, (struct term){.anywhere = true, .count = 1});
}

/* ---- expressions ---- */

static uint16_t take_or(struct parser *p);

static uint16_t take_group(struct parser *p)
{
    size_t open = p->at - 1;
    uint16_t inside = NONE;
    if (++p->depth > MT_FILTER_DEPTH_MAX)
        (void)filter_fail(p, open, open + 1, "nested too deeply");
    else
        inside = take_or(p);
    p->depth--;
    if (inside == NONE)
        return NONE;
    skip_space(p);
    if (!take(p, ")")) {
        (void)filter_fail(p, open, open + 1, "this '(' is not closed");
        return NONE;
    }
    return inside;
}

static uint16_t take_primary(struct parser *p)
{
    uint16_t term = NONE;
    if (take(p, "("))
        return take_group(p);
    if (is_keyword(p, "and") || is_keyword(p, "or")) {
        (void)filter_fail(p, p->at, p->at + raw_word(p).len,
                          "a condition is missing here; quote the word to "
                          "search for it");
        return NONE;
    }
    if (take_comparison(p, &term) || take_last(p, &term))
        return term;
    return take_bare(p);
}

/* `!` before `=` or `~` is an operator without a field: an error below. */
static bool take_not(struct parser *p)
{
    if (take_keyword(p, "not"))
        return true;
    uint8_t next = p->at + 1 < p->text.len ? p->text.ptr[p->at + 1] : 0;
    return next != '=' && next != '~' && take(p, "!");
}

static uint16_t take_factor(struct parser *p)
{
    bool negated = false;
    for (skip_space(p); take_not(p); skip_space(p))
        negated = !negated;
    uint16_t inside = take_primary(p);
    if (inside != NONE && negated)
        negate(p->f, inside);
    return inside;
}

/* Does another factor follow, with or without "and"? */
static bool more_factors(struct parser *p)
{
    skip_space(p);
    if (p->at == p->text.len || peek(p) == ')' || is_keyword(p, "or"))
        return false;
    struct mt_span rest = {.ptr = p->text.ptr + p->at,
                           .len = p->text.len - p->at};
    if (mt_span_starts(rest, MT_SPAN("||")))
        return false;
    (void)(take_keyword(p, "and") || take(p, "&&"));
    return true;
}

static bool more_terms(struct parser *p)
{
    skip_space(p);
    return take_keyword(p, "or") || take(p, "||");
}

/* item { more item }: one node above two or more. */
static uint16_t take_chain(struct parser *p, enum node_kind kind,
                           uint16_t (*item)(struct parser *),
                           bool (*more)(struct parser *))
{
    uint16_t first = item(p), chain = NONE;
    while (first != NONE && more(p)) {
        uint16_t next = item(p);
        if (next != NONE && chain == NONE) {
            chain = new_node(p, kind);
            if (chain != NONE)
                append(p->f, chain, first);
        }
        if (next == NONE || chain == NONE)
            return NONE;
        append(p->f, chain, next);
    }
    return chain != NONE ? chain : first;
}

static uint16_t take_and(struct parser *p)
{
    return take_chain(p, NODE_AND, take_factor, more_factors);
}

static uint16_t take_or(struct parser *p)
{
    return take_chain(p, NODE_OR, take_and, more_terms);
}

/* Time terms at the top, or under the top's `and`, bound all that passes. */
static void mark_window(struct mt_filter *f, uint16_t at)
{
    struct node *n = &f->nodes[at];
    if (n->kind == NODE_AND) {
        for (uint16_t c = n->first; c != NONE; c = f->nodes[c].next)
            mark_window(f, c);
    } else if (n->kind == NODE_TERM) {
        struct term *t = &f->terms[n->term];
        t->window = t->field == MT_FILTER_END && !t->anywhere && !t->negated &&
                    t->count == 1;
    }
}

static bool parse(struct parser *p)
{
    if (p->text.len > MT_FILTER_TEXT_MAX)
        return filter_fail(p, MT_FILTER_TEXT_MAX, p->text.len,
                           "a filter has at most %d bytes",
                           (int)MT_FILTER_TEXT_MAX);
    size_t nul = mt_span_find(p->text, 0);
    if (nul < p->text.len)
        return filter_fail(p, nul, nul + 1, "a NUL byte has no place here");
    skip_space(p);
    if (p->at == p->text.len)
        return true;
    p->f->root = take_or(p);
    if (p->f->root == NONE)
        return false;
    skip_space(p);
    if (p->at < p->text.len)
        return filter_fail(p, p->at, p->at + 1,
                           "this '%c' has no '(' before it", peek(p));
    mark_window(p->f, p->f->root);
    return true;
}

int mt_filter_new(struct mt_filter **out, struct mt_span text,
                  const struct mt_time_ref *ref, struct mt_filter_error *error)
{
    struct parser p = {
        .f = calloc(1, sizeof *p.f), .text = text, .ref = *ref, .error = error};
    *out = NULL;
    if (p.f == NULL) {
        *error = (struct mt_filter_error){.column = 1, .length = 1};
        (void)snprintf(error->text, sizeof error->text, "not enough memory");
        return MT_ELIMIT;
    }
    p.f->root = NONE;
    if (parse(&p)) {
        *out = p.f;
        return 0;
    }
    assert(p.failed);
    mt_filter_free(p.f);
    return p.no_memory ? MT_ELIMIT : MT_EPROTO;
}
