#include "store/route_shape.h"

#include "base/text_addr.h"

/* A word as long as this is no name that somebody chose for a route. */
enum { WORD_MAX = 64, HASH_MIN = 8, TOKEN_MIN = 16, ULID_LEN = 26 };

/* What bytes a word has. */
struct census {
    size_t len;
    size_t digits, lower, upper, hex_letters, marks, others;
    size_t changes; /* of class, but for a capital before a small letter */
};

enum class { DIGIT, LOWER, UPPER, MARK, OTHER };

static enum class class_of(uint8_t c) {
    if (c >= '0' && c <= '9') return DIGIT;
    if (c >= 'a' && c <= 'z') return LOWER;
    if (c >= 'A' && c <= 'Z') return UPPER;
    return c == '-' || c == '_' || c == '=' || c == '~' ? MARK : OTHER;
}

static struct census census_of(struct mt_span s)
{
    struct census n = {.len = s.len};
    enum class last = OTHER;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t folded = mt_ascii_lower(s.ptr[i]);
        enum class class = class_of(s.ptr[i]);
        n.digits += class == DIGIT;
        n.lower += class == LOWER;
        n.upper += class == UPPER;
        n.marks += class == MARK;
        n.others += class == OTHER;
        n.hex_letters += folded >= 'a' && folded <= 'f';
        n.changes +=
            i > 0 && class != last && !(last == UPPER && class == LOWER);
        last = class;
    }
    return n;
}

static bool all_digits(struct mt_span s, size_t from, size_t n)
{
    for (size_t i = from; i < from + n; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return true;
}

static unsigned two_digits(struct mt_span s, size_t at)
{
    return (unsigned)(s.ptr[at] - '0') * 10 + (unsigned)(s.ptr[at + 1] - '0');
}

static bool is_month_day(struct mt_span s, size_t month, size_t day)
{
    unsigned m = two_digits(s, month), d = two_digits(s, day);
    return m >= 1 && m <= 12 && d >= 1 && d <= 31;
}

static bool is_date(struct mt_span s)
{
    if (s.len == 8)
        return all_digits(s, 0, 8) &&
               (two_digits(s, 0) == 19 || two_digits(s, 0) == 20) &&
               is_month_day(s, 4, 6);
    if (s.len < 10 || !all_digits(s, 0, 4) || s.ptr[4] != '-' ||
        !all_digits(s, 5, 2) || s.ptr[7] != '-' || !all_digits(s, 8, 2))
        return false;
    return is_month_day(s, 5, 8) &&
           (s.len == 10 || (s.ptr[10] == 'T' && s.len <= 40));
}

static bool is_uuid(struct mt_span s)
{
    if (s.len != 36)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = mt_ascii_lower(s.ptr[i]);
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (dash ? c != '-' : !hex)
            return false;
    }
    return true;
}

static bool is_hash(const struct census *n)
{
    size_t letters = n->lower + n->upper;
    if (n->others > 0 || n->digits == 0 || letters == 0)
        return false;
    if (n->marks == 0 && n->hex_letters == letters && n->len >= HASH_MIN)
        return true;
    if (n->marks == 0 && n->len == ULID_LEN && n->digits > 2 &&
        (n->lower == 0 || n->upper == 0))
        return true;
    /* names change class at the start of a word, random text everywhere */
    return n->len >= TOKEN_MIN && n->digits >= 2 && n->changes * 3 >= n->len;
}

static bool is_email(struct mt_span s)
{
    size_t at = mt_span_find(s, '@');
    struct mt_span host = s;
    if (at == 0 || at == s.len)
        return false;
    (void)mt_span_take(&host, at + 1);
    size_t dot = mt_span_find(host, '.');
    return dot > 0 && dot + 1 < host.len && mt_span_find(host, '@') == host.len;
}

/* Numbers, and lists of them. `2.0` is somebody's version. */
static bool is_numbers(struct mt_span s, const struct census *n)
{
    if (n->digits == 0 || n->lower + n->upper > 0)
        return false;
    bool dot = false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if ((c < '0' || c > '9') && c != ',' && c != '.' && c != '-')
            return false;
        dot = dot || c == '.';
    }
    return !dot || s.len > 5;
}

static const char *shape_of(struct mt_span s)
{
    uint8_t ip[16];
    struct census n = census_of(s);
    if (n.len == 0 || (n.digits == 0 && n.len <= WORD_MAX && n.others == 0))
        return NULL; /* most words */
    if (is_date(s))
        return "{date}";
    if (is_uuid(s))
        return "{uuid}";
    if (n.digits > 0 && n.others > 0 && mt_parse_ip(s, ip) == 0)
        return "{ip}";
    if (is_numbers(s, &n))
        return "{id}";
    if (is_hash(&n))
        return "{hash}";
    if (is_email(s))
        return "{email}";
    if (n.len > WORD_MAX)
        return "{text}";
    return n.digits >= 4 && n.others == 0 ? "{id}" : NULL;
}

/* `.json` and its like: one to five letters and digits, a letter first. */
static size_t ending_of(struct mt_span s)
{
    for (size_t n = 1; n <= 6 && n < s.len; n++) {
        uint8_t c = s.ptr[s.len - n];
        if (c != '.')
            continue;
        enum class first = n > 1 ? class_of(s.ptr[s.len - n + 1]) : OTHER;
        return first == LOWER || first == UPPER ? n : 0;
    }
    return 0;
}

/* `main-3f9a8c1d`, `app.3f9a8c1d`: where the hash of a file's contents
 * begins, or s.len. */
static size_t fingerprint_of(struct mt_span s)
{
    for (size_t i = s.len; i > 1; i--) {
        uint8_t c = s.ptr[i - 1];
        if (c != '.' && c != '-' && c != '_')
            continue;
        struct mt_span tail = {.ptr = s.ptr + i, .len = s.len - i};
        struct census n = census_of(tail);
        return is_hash(&n) ? i : s.len;
    }
    return s.len;
}

bool mt_route_shape(struct mt_span segment, struct mt_buf *out)
{
    struct mt_span word = segment;
    word.len = mt_span_find(word, ';');
    size_t ending = ending_of(word);
    struct mt_span stem = {.ptr = word.ptr, .len = word.len - ending};
    struct mt_span tail = {.ptr = word.ptr + stem.len, .len = ending};
    if (word.len == 0)
        return false;
    /* already a template: it is its own */
    if (mt_span_find(word, '{') < word.len) {
        mt_put_span(out, word);
        return false;
    }

    size_t hash_at = ending > 0 ? fingerprint_of(stem) : stem.len;
    const char *shape = hash_at < stem.len ? "{hash}" : shape_of(stem);
    if (ending > 0 && shape == NULL) { /* user@example.com, 10.0.0.1 */
        shape = shape_of(word);
        tail.len = shape != NULL ? 0 : tail.len;
    }
    if (shape == NULL) {
        mt_put_span(out, word);
        return false;
    }
    if (hash_at < stem.len)
        mt_put_span(out, (struct mt_span){.ptr = stem.ptr, .len = hash_at});
    mt_put_str(out, shape);
    mt_put_span(out, tail);
    return true;
}
