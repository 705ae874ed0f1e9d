#include "web/params.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "web/limits.h"

enum kind { TEXT, TIME, DURATION, NUMBER, FLAG, BY, ORDER };

struct row {
    const char *name;
    enum kind kind;
    size_t offset;
    int64_t least, most;
};

static const struct row rows[MT_WEB_PARAM_COUNT] = {
#define X(name, text, kind, member, least, most) \
    {text, kind, offsetof(struct mt_web_params, member), least, most},
    MT_WEB_PARAMS(X)
#undef X
};

const char *mt_web_param_name(unsigned param)
{
    return rows[param].name;
}

/* ---- decoding ---- */

static int digit(uint8_t c)
{
    c = mt_ascii_lower(c);
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

static int one_byte(struct mt_span *in)
{
    uint8_t c = mt_span_take(in, 1).ptr[0];
    if (c == '+')
        return ' ';
    if (c != '%')
        return c;
    if (in->len < 2)
        return -1;
    struct mt_span hex = mt_span_take(in, 2);
    int high = digit(hex.ptr[0]), low = digit(hex.ptr[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static int decode(struct mt_span in, uint8_t **memory, struct mt_span *out)
{
    uint8_t *begin = *memory;
    while (in.len > 0) {
        int c = one_byte(&in);
        if (c <= 0)
            return -1;
        *(*memory)++ = (uint8_t)c;
    }
    *out = (struct mt_span){begin, (size_t)(*memory - begin)};
    return 0;
}

int mt_web_query_next(struct mt_span *query, uint8_t **memory,
                      struct mt_span *name, struct mt_span *value)
{
    while (query->len > 0) {
        struct mt_span pair = mt_span_take(query, mt_span_find(*query, '&'));
        (void)mt_span_take(query, query->len > 0);
        if (pair.len == 0)
            continue;
        struct mt_span key = mt_span_take(&pair, mt_span_find(pair, '='));
        (void)mt_span_take(&pair, pair.len > 0);
        if (decode(key, memory, name) != 0 || decode(pair, memory, value) != 0)
            return -1;
        return 1;
    }
    return 0;
}

/* ---- values ---- */

/* Words of a parameter that takes few, by their number. */
static int choose(struct mt_span value, const char *const *words, size_t count,
                  uint64_t *out)
{
    for (size_t i = 0; i < count; i++) {
        if (mt_span_eq(value, mt_span_str(words[i]))) {
            *out = i;
            return 0;
        }
    }
    return -1;
}

static const char *const flags[] = {"false", "true"};
static const char *const bys[] = {"method", "endpoint", "none"};
static const char *const orders[] = {"newest", "oldest", "slowest"};

static int wrong(const struct row *r, struct mt_span value,
                 struct mt_web_problem *why, const char *hint)
{
    return mt_web_problem(
        why, MT_WEB_PARAMETER, r->name, "%s: '%.*s' is not %s", r->name,
        (int)(value.len < 80 ? value.len : 80), (const char *)value.ptr, hint);
}

static int read_number(const struct row *r, struct mt_span value, uint64_t *out,
                       struct mt_web_problem *why)
{
    char hint[80];
    struct mt_buf b = mt_buf_of(hint, sizeof hint - 1);
    if (mt_parse_u64(value, out) == 0 && *out >= (uint64_t)r->least &&
        *out <= (uint64_t)r->most)
        return 0;
    mt_put_str(&b, "a number from ");
    mt_put_signed(&b, r->least);
    mt_put_str(&b, " to ");
    mt_put_signed(&b, r->most);
    hint[b.len] = '\0';
    return wrong(r, value, why, hint);
}

static int read_duration(const struct row *r, struct mt_span value,
                         uint64_t *out, struct mt_web_problem *why)
{
    int64_t ns;
    if (mt_parse_duration(value, &ns) != 0)
        return wrong(r, value, why, "a duration; write 90s, 5m or 1h");
    if (ns < r->least)
        return wrong(r, value, why,
                     r->least > 1 ? "1s or more" : "longer than nothing");
    *out = (uint64_t)ns;
    return 0;
}

static int read_time(const struct row *r, struct mt_span value,
                     struct mt_web_problem *why)
{
    static const struct mt_time_ref any = {.now_ns = INT64_C(1) << 60};
    int64_t ns;
    if (mt_parse_time(value, &any, &ns) == 0)
        return 0;
    return wrong(r, value, why,
                 "a moment; write 2026-11-22T12:04:31Z, -5m or Unix seconds");
}

static int read_word(const struct row *r, struct mt_span value, uint64_t *out,
                     struct mt_web_problem *why)
{
    switch (r->kind) {
    case BY:
        return choose(value, bys, 3, out) == 0
                   ? 0
                   : wrong(r, value, why, "method, endpoint or none");
    case ORDER:
        return choose(value, orders, 3, out) == 0
                   ? 0
                   : wrong(r, value, why, "newest, oldest or slowest");
    default:
        return choose(value, flags, 2, out) == 0
                   ? 0
                   : wrong(r, value, why, "true or false");
    }
}

static int read_value(struct mt_web_params *p, const struct row *r,
                      struct mt_span value, struct mt_web_problem *why)
{
    uint8_t *member = (uint8_t *)p + r->offset;
    uint64_t number = 0;
    int rc = 0;
    switch (r->kind) {
    case TIME:
        rc = read_time(r, value, why);
        memcpy(member, &value, sizeof value);
        return rc;
    case TEXT:
        memcpy(member, &value, sizeof value);
        return 0;
    case DURATION:
        rc = read_duration(r, value, &number, why);
        break;
    case NUMBER:
        rc = read_number(r, value, &number, why);
        break;
    default:
        rc = read_word(r, value, &number, why);
    }
    memcpy(member, &number, sizeof number);
    return rc;
}

/* ---- the query ---- */

static int find(struct mt_span name, uint32_t allowed)
{
    for (int i = 0; i < MT_WEB_PARAM_COUNT; i++)
        if ((allowed & UINT32_C(1) << i) != 0 &&
            mt_span_eq(name, mt_span_str(rows[i].name)))
            return i;
    return -1;
}

static int unknown(struct mt_span name, uint32_t allowed,
                   struct mt_web_problem *why)
{
    char known[256];
    struct mt_buf b = mt_buf_of(known, sizeof known - 1);
    for (int i = 0; i < MT_WEB_PARAM_COUNT; i++) {
        if ((allowed & UINT32_C(1) << i) == 0)
            continue;
        mt_put_str(&b, b.len > 0 ? ", " : "");
        mt_put_str(&b, rows[i].name);
    }
    known[b.len] = '\0';
    return mt_web_problem(why, MT_WEB_PARAMETER, NULL,
                          "'%.*s' is not known here; there are: %s",
                          (int)(name.len < 80 ? name.len : 80),
                          (const char *)name.ptr, b.len > 0 ? known : "none");
}

int mt_web_params_parse(struct mt_web_params *p, struct mt_span query,
                        uint32_t allowed, uint8_t *memory,
                        struct mt_web_problem *why)
{
    struct mt_span name, value;
    int more;
    *p = (struct mt_web_params){.given = 0};
    while ((more = mt_web_query_next(&query, &memory, &name, &value)) == 1) {
        int at = find(name, allowed);
        if (at < 0)
            return unknown(name, allowed, why);
        if ((p->given & UINT32_C(1) << at) != 0)
            return mt_web_problem(why, MT_WEB_PARAMETER, rows[at].name,
                                  "%s is given twice", rows[at].name);
        p->given |= UINT32_C(1) << at;
        if (read_value(p, &rows[at], value, why) != 0)
            return -1;
    }
    if (more < 0)
        return mt_web_problem(why, MT_WEB_PARAMETER, NULL,
                              "the query holds a %% without two hexadecimal "
                              "digits, or a NUL; write %%25 for %%");
    return 0;
}
