#include "proxy-lite/policy/fields.h"

/* ---- comparisons: a row each ---- */

static bool compare_exact(const struct mt_policy_field_match *m,
                          struct mt_span text, struct mt_regex_scratch *s)
{
    (void)s;
    return mt_span_eq(text, m->value);
}

static bool compare_prefix(const struct mt_policy_field_match *m,
                           struct mt_span text, struct mt_regex_scratch *s)
{
    (void)s;
    return mt_span_starts(text, m->value);
}

static bool compare_regex(const struct mt_policy_field_match *m,
                          struct mt_span text, struct mt_regex_scratch *s)
{
    return mt_regex_search(m->regex, s, text);
}

static bool compare_present(const struct mt_policy_field_match *m,
                            struct mt_span text, struct mt_regex_scratch *s)
{
    (void)m;
    (void)text;
    (void)s;
    return true;
}

/* Is the field there? mt_field_holds() turns the answer round. */
static bool compare_absent(const struct mt_policy_field_match *m,
                           struct mt_span text, struct mt_regex_scratch *s)
{
    return compare_present(m, text, s);
}

static bool (*const compare[])(const struct mt_policy_field_match *,
                               struct mt_span, struct mt_regex_scratch *) = {
#define X(name, function, word, holds, fails, help) compare_##function,
    MT_COMPARISONS(X)
#undef X
};

const char *mt_comparison_text(unsigned how)
{
    static const char *const texts[] = {
#define X(name, function, word, holds, fails, help) word,
        MT_COMPARISONS(X)
#undef X
    };
    return how < MT_COMPARE_COUNT ? texts[how] : "?";
}

/* ---- header fields ---- */

bool mt_field_find(const struct mt_policy_request *r, struct mt_span lower,
                   struct mt_span *value)
{
    for (uint32_t i = 0; i < r->fields_count; i++)
        if (mt_span_caseeq(r->fields[i].name, lower)) {
            *value = r->fields[i].value;
            return true;
        }
    return false;
}

bool mt_field_holds(const struct mt_policy_field_match *m,
                    const struct mt_policy_request *r,
                    struct mt_regex_scratch *s)
{
    bool found = false;
    for (uint32_t i = 0; i < r->fields_count && !found; i++)
        found = mt_span_caseeq(r->fields[i].name, m->name) &&
                compare[m->how](m, r->fields[i].value, s);
    return found == (m->how != MT_COMPARE_ABSENT);
}

/* ---- cookies ---- */

static struct mt_span without_spaces(struct mt_span s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        (void)mt_span_take(&s, 1);
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* Take what stands before the first `end`, and `end` itself. */
static struct mt_span take_until(struct mt_span *rest, uint8_t end)
{
    struct mt_span head = mt_span_take(rest, mt_span_find(*rest, end));
    if (rest->len > 0)
        (void)mt_span_take(rest, 1);
    return head;
}

static bool cookie_in(struct mt_span line, struct mt_span name,
                      struct mt_span *value)
{
    while (line.len > 0) {
        struct mt_span pair = take_until(&line, ';');
        if (mt_span_find(pair, '=') == pair.len)
            continue;
        struct mt_span key = take_until(&pair, '=');
        if (mt_span_eq(without_spaces(key), name)) {
            *value = without_spaces(pair);
            return true;
        }
    }
    return false;
}

/* HTTP/2 may send a line for each (RFC 9113 section 8.2.3). */
bool mt_cookie_find(const struct mt_policy_request *r, struct mt_span name,
                    struct mt_span *value)
{
    for (uint32_t i = 0; i < r->fields_count; i++)
        if (mt_span_caseeq(r->fields[i].name, MT_SPAN("cookie")) &&
            cookie_in(r->fields[i].value, name, value))
            return true;
    return false;
}

/* ---- query parameters ---- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = mt_ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A '%' that begins no escape is itself. False: it does not fit. */
static bool decode(struct mt_span s, struct mt_buf *out)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%' && s.len - i > 2) {
            int high = hex_digit(s.ptr[i + 1]), low = hex_digit(s.ptr[i + 2]);
            if (high >= 0 && low >= 0) {
                c = (uint8_t)(high << 4 | low);
                i += 2;
            }
        }
        mt_put_u8(out, c);
    }
    return !out->full;
}

static bool parameter_holds(const struct mt_policy_field_match *m,
                            struct mt_span pair, struct mt_regex_scratch *s)
{
    uint8_t bytes[MT_QUERY_VALUE_MAX];
    struct mt_buf name = mt_buf_of(bytes, sizeof bytes);
    if (!decode(take_until(&pair, '='), &name) ||
        !mt_span_eq(mt_buf_span(&name), m->name))
        return false;
    if (!mt_comparison_has_value(m->how))
        return true;
    struct mt_buf value = mt_buf_of(bytes, sizeof bytes);
    return decode(pair, &value) && compare[m->how](m, mt_buf_span(&value), s);
}

bool mt_query_holds(const struct mt_policy_field_match *m,
                    const struct mt_policy_request *r,
                    struct mt_regex_scratch *s)
{
    bool found = false;
    struct mt_span rest = r->query;
    while (rest.len > 0 && !found) {
        struct mt_span pair = take_until(&rest, '&');
        found = pair.len > 0 && parameter_holds(m, pair, s);
    }
    return found == (m->how != MT_COMPARE_ABSENT);
}
