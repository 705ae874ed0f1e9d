/* What is right of an operator, by the field's type. */
#include <stdlib.h>

#include "base/rc.h"
#include "base/text.h"
#include "decode/outcome.h"
#include "store/filter_parse.h"

static bool value_fail(struct parser *p, const struct word *w, const char *what,
                       const char *write)
{
    return filter_fail(p, w->at, w->end, "'%.*s' is not %s; write %s",
                       filter_shown(w->text), (const char *)w->text.ptr, what,
                       write);
}

static struct value *new_value(struct parser *p, const struct word *w)
{
    if (p->f->values_count == MT_FILTER_TERMS_MAX) {
        (void)filter_fail(p, w->at, w->end,
                          "more than %d values; use fewer, or ranges",
                          (int)MT_FILTER_TERMS_MAX);
        return NULL;
    }
    return &p->f->values[p->f->values_count++];
}

/* ---- numbers ---- */

typedef bool parse_number(const struct parser *p, struct mt_span s, int64_t *lo,
                          int64_t *hi);

static bool one(int64_t v, int64_t *lo, int64_t *hi)
{
    *lo = *hi = v;
    return true;
}

static bool parse_plain(const struct parser *p, struct mt_span s, int64_t *lo,
                        int64_t *hi)
{
    (void)p;
    uint64_t v;
    return mt_parse_u64(s, &v) == 0 && v <= INT64_MAX &&
           one((int64_t)v, lo, hi);
}

static bool parse_status(const struct parser *p, struct mt_span s, int64_t *lo,
                         int64_t *hi)
{
    if (s.len == 3 && s.ptr[0] >= '1' && s.ptr[0] <= '9' &&
        mt_ascii_lower(s.ptr[1]) == 'x' && mt_ascii_lower(s.ptr[2]) == 'x') {
        *lo = (int64_t)100 * (s.ptr[0] - '0');
        *hi = *lo + 99;
        return true;
    }
    return s.len == 3 && parse_plain(p, s, lo, hi) && *lo >= 100;
}

static bool parse_grpc(const struct parser *p, struct mt_span s, int64_t *lo,
                       int64_t *hi)
{
    for (int code = 0; code <= 16; code++)
        if (mt_span_caseeq(mt_span_str(mt_grpc_status_text(code)), s))
            return one(code, lo, hi);
    return parse_plain(p, s, lo, hi) && *lo <= INT16_MAX;
}

static bool parse_span_of_time(const struct parser *p, struct mt_span s,
                               int64_t *lo, int64_t *hi)
{
    (void)p;
    int64_t ns;
    return mt_parse_duration(s, &ns) == 0 && one(ns, lo, hi);
}

static bool parse_size(const struct parser *p, struct mt_span s, int64_t *lo,
                       int64_t *hi)
{
    (void)p;
    uint64_t v;
    return mt_parse_bytes(s, &v) == 0 && v <= INT64_MAX &&
           one((int64_t)v, lo, hi);
}

static bool parse_moment(const struct parser *p, struct mt_span s, int64_t *lo,
                         int64_t *hi)
{
    int64_t ns;
    if (mt_parse_time(s, &p->ref, &ns) != 0)
        return false;
    p->f->from_now |= mt_time_counts_from_now(s);
    return one(ns, lo, hi);
}

static bool parse_tls(const struct parser *p, struct mt_span s, int64_t *lo,
                      int64_t *hi)
{
    (void)p;
    return s.len == 3 && s.ptr[0] == '1' && s.ptr[1] == '.' &&
           s.ptr[2] >= '0' && s.ptr[2] <= '3' &&
           one(0x0301 + s.ptr[2] - '0', lo, hi);
}

static const struct number_type {
    parse_number *parse;
    const char *what, *write;
} number_types[] = {
    [TYPE_NUMBER] = {parse_plain, "a number", "digits, such as 42"},
    [TYPE_STATUS] = {parse_status, "a status", "500, 5xx or 500..599"},
    [TYPE_GRPC] = {parse_grpc, "a gRPC status", "UNAVAILABLE or 14"},
    [TYPE_DURATION] = {parse_span_of_time, "a duration",
                       "a number with its unit: 250ms, 1.5s"},
    [TYPE_SIZE] = {parse_size, "a size", "4096, 1.5kB or 64KiB"},
    [TYPE_TIME] = {parse_moment, "a time",
                   "12:04, -5m, 2026-11-22 or 2026-11-22T12:04:31Z"},
    [TYPE_TLS] = {parse_tls, "a TLS version", "1.2 or 1.3"},
};

/* `a..b`: where the dots are, or the length. */
static size_t find_dots(struct mt_span s)
{
    for (size_t i = 0; i + 1 < s.len; i++)
        if (s.ptr[i] == '.' && s.ptr[i + 1] == '.')
            return i;
    return s.len;
}

/* lo..hi of all numbers that compare so with [lo, hi]. */
static void apply(enum filter_op op, struct value *v)
{
    int64_t lo = v->lo, hi = v->hi;
    switch (op) {
    case OP_GT:
        v->lo = hi < INT64_MAX ? hi + 1 : INT64_MAX;
        v->hi = hi < INT64_MAX ? INT64_MAX : INT64_MIN;
        break;
    case OP_GE:
        v->hi = INT64_MAX;
        break;
    case OP_LT:
        v->lo = lo > INT64_MIN ? INT64_MIN : INT64_MAX;
        v->hi = lo > INT64_MIN ? lo - 1 : INT64_MIN;
        break;
    case OP_LE:
        v->lo = INT64_MIN;
        break;
    default:
        break;
    }
}

static bool number_value(struct parser *p, enum filter_type type,
                         enum filter_op op, const struct word *w)
{
    const struct number_type *n = &number_types[type];
    struct value *v = new_value(p, w);
    int64_t ignored;
    if (v == NULL)
        return false;
    v->test = TEST_RANGE;
    if (mt_span_eq(w->text, MT_SPAN("*"))) { /* whatever it is, if there */
        v->lo = INT64_MIN;
        v->hi = INT64_MAX;
        return op == OP_EQ || op == OP_NE ||
               filter_fail(p, w->at, w->end, "* goes with = or !=");
    }
    struct mt_span high = w->text;
    struct mt_span low = mt_span_take(&high, find_dots(w->text));
    bool range = high.len > 0;
    if (range)
        (void)mt_span_take(&high, 2);
    bool ok = n->parse(p, low, &v->lo, range ? &ignored : &v->hi) &&
              (!range || n->parse(p, high, &ignored, &v->hi));
    if (!ok)
        return value_fail(p, w, n->what, n->write);
    if (range && op != OP_EQ && op != OP_NE)
        return filter_fail(p, w->at, w->end, "a range goes with = or !=");
    if (v->lo > v->hi)
        return filter_fail(p, w->at, w->end, "the range ends before it begins");
    apply(op, v);
    return true;
}

/* ---- texts ---- */

static bool regex_value(struct parser *p, struct value *v, const struct word *w)
{
    struct mt_regex_error error;
    int rc = mt_regex_new(&v->regex, w->text, MT_REGEX_ANYWHERE, &error);
    if (rc == 0) {
        v->test = TEST_REGEX;
        return true;
    }
    p->no_memory = rc == MT_ELIMIT;
    return filter_fail(p, w->at, w->end, "'%.*s' is no regular expression: %s",
                       filter_shown(w->text), (const char *)w->text.ptr,
                       error.text);
}

static bool text_value(struct parser *p, enum filter_type type,
                       enum filter_op op, const struct word *w)
{
    struct value *v = new_value(p, w);
    if (v == NULL)
        return false;
    v->host = type == TYPE_HOST;
    v->fold = type == TYPE_HOST || type == TYPE_FOLD;
    v->text = w->text;
    if (op == OP_RE || op == OP_NRE)
        return regex_value(p, v, w);
    bool star = mt_span_find(w->text, '*') < w->text.len;
    v->test = star ? TEST_GLOB : TEST_EXACT;
    return true;
}

/* The words of a vocabulary, for an error. */
static void list_words(const struct vocabulary *voc, char *out, size_t size)
{
    struct mt_buf b = mt_buf_of(out, size - 1);
    for (unsigned i = 0; i < voc->count; i++) {
        struct mt_span word = mt_span_str(voc->text(i));
        if (word.len == 0)
            continue;
        if (b.len + word.len + 6 > b.cap) {
            mt_put_str(&b, ", ...");
            break;
        }
        mt_put_str(&b, b.len > 0 ? ", " : "");
        mt_put_span(&b, word);
    }
    out[b.len] = 0;
}

static unsigned word_find(const struct vocabulary *voc, struct mt_span word)
{
    unsigned i = 0;
    while (i < voc->count && !mt_span_caseeq(mt_span_str(voc->text(i)), word))
        i++;
    return i;
}

/* Words are checked, so that a misspelt one is no empty answer. */
static bool enum_value(struct parser *p, enum filter_type type,
                       enum filter_op op, const struct word *w)
{
    const struct vocabulary *voc = filter_vocabulary(type);
    bool pattern =
        op == OP_RE || op == OP_NRE || mt_span_find(w->text, '*') < w->text.len;
    if (pattern)
        return text_value(p, type, op, w);
    unsigned i = word_find(voc, w->text);
    if (i == voc->count && w->text.len > 0) {
        char words[160];
        list_words(voc, words, sizeof words);
        return value_fail(p, w, voc->what, words);
    }
    if (!text_value(p, type, op, w))
        return false;
    if (w->text.len > 0) /* in its own spelling */
        p->f->values[p->f->values_count - 1].text = mt_span_str(voc->text(i));
    return true;
}

static bool bits_value(struct parser *p, enum filter_type type,
                       const struct word *w)
{
    const struct vocabulary *voc = filter_vocabulary(type);
    unsigned i = word_find(voc, w->text);
    if (i == voc->count) {
        char words[160];
        list_words(voc, words, sizeof words);
        return value_fail(p, w, voc->what, words);
    }
    struct value *v = new_value(p, w);
    if (v == NULL)
        return false;
    v->test = TEST_BITS;
    v->lo = (int64_t)1 << i;
    return true;
}

/* ---- addresses and ids ---- */

static bool network_value(struct parser *p, const struct word *w)
{
    struct value *v = new_value(p, w);
    if (v == NULL)
        return false;
    v->test = TEST_NETWORK;
    if (mt_parse_cidr(w->text, &v->network) != 0)
        return value_fail(p, w, "an address",
                          "10.0.0.1, 10.0.0.0/8 or 2001:db8::/32");
    return true;
}

static int hex_digit(uint8_t c)
{
    c = mt_ascii_lower(c);
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The first digits of an id are all the ids that begin so. */
static bool hex_value(struct parser *p, size_t width, const struct word *w)
{
    struct value *v = new_value(p, w);
    if (v == NULL)
        return false;
    v->test = TEST_BYTES;
    v->width = width;
    memset(v->high, 0xff, sizeof v->high);
    if (mt_span_eq(w->text, MT_SPAN("*")))
        return true;
    bool ok = w->text.len > 0 && w->text.len <= 2 * width;
    for (size_t i = 0; i < w->text.len && ok; i++) {
        int d = hex_digit(w->text.ptr[i]);
        unsigned shift = i % 2 == 0 ? 4 : 0;
        ok = d >= 0;
        if (ok) {
            v->low[i / 2] |= (uint8_t)((unsigned)d << shift);
            v->high[i / 2] &= (uint8_t) ~(0xfu << shift);
            v->high[i / 2] |= (uint8_t)((unsigned)d << shift);
        }
    }
    return ok || value_fail(p, w, "an id",
                            width == 16 ? "up to 32 hexadecimal digits"
                                        : "up to 16 hexadecimal digits");
}

unsigned filter_side_field(bool source, const struct word *w)
{
    struct mt_cidr c;
    bool ip = !w->quoted && mt_parse_cidr(w->text, &c) == 0;
    if (source)
        return ip ? MT_FILTER_CLIENT_IP : MT_FILTER_CLIENT_SERVICE;
    return ip ? MT_FILTER_SERVER_IP : MT_FILTER_SERVER_SERVICE;
}

/* ---- which operators go with what ---- */

static bool op_fits(struct parser *p, enum filter_type type, enum filter_op op,
                    const struct word *w)
{
    bool number = type <= TYPE_TLS;
    bool text = type >= TYPE_TEXT && type <= TYPE_HALF;
    if (op == OP_EQ || op == OP_NE)
        return true;
    if (op == OP_RE || op == OP_NRE)
        return text ||
               filter_fail(p, w->at, w->end, "~ is for texts; use = here");
    return number || filter_fail(p, w->at, w->end,
                                 "< and > are for numbers and times; use = "
                                 "or ~ here");
}

bool filter_value(struct parser *p, unsigned field, enum filter_op op,
                  const struct word *w)
{
    enum filter_type type = filter_fields[field].type;
    if (!op_fits(p, type, op, w))
        return false;
    switch (type) {
    case TYPE_TEXT:
    case TYPE_FOLD:
    case TYPE_HOST:
        return text_value(p, type, op, w);
    case TYPE_PROTOCOL:
    case TYPE_KIND:
    case TYPE_OUTCOME:
    case TYPE_ERROR:
    case TYPE_OBSERVER:
    case TYPE_HALF:
        return enum_value(p, type, op, w);
    case TYPE_IP:
        return network_value(p, w);
    case TYPE_HEX16:
        return hex_value(p, 16, w);
    case TYPE_HEX8:
        return hex_value(p, 8, w);
    case TYPE_QUALITY:
    case TYPE_ANOMALY:
        return bits_value(p, type, w);
    default:
        return number_value(p, type, op, w);
    }
}
