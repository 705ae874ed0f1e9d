#include "base/text_time.h"

#include "base/rc.h"
#include "base/text.h"

#define SECOND INT64_C(1000000000)
#define DAY (86400 * SECOND)

/* A year beyond these does not fit 64 bits of nanoseconds. */
enum { YEAR_MIN = 1678, YEAR_MAX = 2261 };

/* Days since 1970-01-01 of a date, and back: the year begins in March, so
 * that the leap day is its last (H. Hinnant, chrono-compatible algorithms). */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = y / 400, of_era = y % 400; /* years here are positive */
    int64_t of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
           719468;
}

struct date {
    uint64_t year, month, day;
};

static struct date date_of(int64_t days)
{
    uint64_t z = (uint64_t)(days + 719468);
    uint64_t era = z / 146097, doe = z % 146097;
    uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint64_t mp = (5 * doy + 2) / 153;
    uint64_t month = mp < 10 ? mp + 3 : mp - 9;
    return (struct date){.year = yoe + era * 400 + (month <= 2),
                         .month = month,
                         .day = doy - (153 * mp + 2) / 5 + 1};
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool take_char(struct mt_span *s, char c)
{
    if (s->len == 0 || s->ptr[0] != (uint8_t)c)
        return false;
    (void)mt_span_take(s, 1);
    return true;
}

/* Exactly n digits, at most `most`. */
static bool take_digits(struct mt_span *s, size_t n, int64_t most, int64_t *out)
{
    if (s->len < n)
        return false;
    int64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(s->ptr[i]))
            return false;
        v = v * 10 + (s->ptr[i] - '0');
    }
    (void)mt_span_take(s, n);
    *out = v;
    return v <= most;
}

static bool take_date(struct mt_span *s, int64_t *ns)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30,
                                      31, 31, 30, 31, 30, 31};
    int64_t y, m, d;
    if (!take_digits(s, 4, YEAR_MAX, &y) || !take_char(s, '-') ||
        !take_digits(s, 2, 12, &m) || !take_char(s, '-') ||
        !take_digits(s, 2, 31, &d) || y < YEAR_MIN || m < 1 || d < 1)
        return false;
    bool leap = m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    if (d > lengths[m - 1] + leap)
        return false;
    *ns = days_of(y, m, d) * DAY;
    return true;
}

/* A second of 60 is a leap second: the first moment after it. */
static bool take_clock(struct mt_span *s, int64_t *ns)
{
    int64_t h, m, sec = 0, fraction = 0;
    if (!take_digits(s, 2, 23, &h) || !take_char(s, ':') ||
        !take_digits(s, 2, 59, &m))
        return false;
    if (take_char(s, ':')) {
        if (!take_digits(s, 2, 60, &sec))
            return false;
        if (take_char(s, '.')) {
            if (s->len == 0 || !is_digit(s->ptr[0]))
                return false;
            for (int64_t w = SECOND / 10; s->len > 0 && is_digit(s->ptr[0]);
                 w /= 10)
                fraction += (*mt_span_take(s, 1).ptr - '0') * w;
        }
    }
    *ns = ((h * 60 + m) * 60 + sec) * SECOND + fraction;
    return true;
}

/* `Z` or `+01:00`; nothing is local time. */
static bool take_offset(struct mt_span *s, int32_t local_s, int64_t *offset_s)
{
    int64_t h, m;
    *offset_s = local_s;
    if (s->len == 0)
        return true;
    bool west = s->ptr[0] == '-';
    if (take_char(s, 'Z') || take_char(s, 'z')) {
        *offset_s = 0;
        return s->len == 0;
    }
    if ((!take_char(s, '+') && !take_char(s, '-')) ||
        !take_digits(s, 2, 23, &h) || !take_char(s, ':') ||
        !take_digits(s, 2, 59, &m))
        return false;
    *offset_s = (west ? -1 : 1) * (h * 3600 + m * 60);
    return s->len == 0;
}

static bool parse_date_time(struct mt_span s, const struct mt_time_ref *ref,
                            int64_t *ns)
{
    int64_t day, time = 0, offset_s = ref->offset_s;
    if (!take_date(&s, &day))
        return false;
    if (s.len > 0) {
        if (!take_char(&s, 'T') && !take_char(&s, 't') && !take_char(&s, ' '))
            return false;
        if (!take_clock(&s, &time) ||
            !take_offset(&s, ref->offset_s, &offset_s))
            return false;
    }
    *ns = day + time - offset_s * SECOND;
    return true;
}

static int64_t floor_day(int64_t ns)
{
    int64_t into = ns % DAY;
    return ns - (into < 0 ? into + DAY : into);
}

static bool parse_clock(struct mt_span s, const struct mt_time_ref *ref,
                        int64_t *ns)
{
    int64_t time, offset = ref->offset_s * SECOND;
    if (!take_clock(&s, &time) || s.len > 0)
        return false;
    int64_t at = floor_day(ref->now_ns + offset) + time - offset;
    *ns = at > ref->now_ns ? at - DAY : at;
    return true;
}

static bool parse_ago(struct mt_span s, const struct mt_time_ref *ref,
                      int64_t *ns)
{
    int64_t ago;
    struct mt_span suffix = MT_SPAN(" ago");
    if (mt_span_eq(s, MT_SPAN("now"))) {
        *ns = ref->now_ns;
        return true;
    }
    if (!take_char(&s, '-')) {
        if (s.len < suffix.len)
            return false;
        struct mt_span head = mt_span_take(&s, s.len - suffix.len);
        if (!mt_span_eq(s, suffix))
            return false;
        s = head;
    }
    return mt_parse_duration(s, &ago) == 0 &&
           !__builtin_sub_overflow(ref->now_ns, ago, ns);
}

static bool parse_epoch(struct mt_span s, int64_t *ns)
{
    uint64_t whole;
    size_t n = mt_span_find(s, '.');
    struct mt_span digits = mt_span_take(&s, n);
    if (mt_parse_u64(digits, &whole) != 0)
        return false;
    uint64_t scale = n < 12 ? 1000000000 : n < 15 ? 1000000 : n < 18 ? 1000 : 1;
    if (whole > (uint64_t)INT64_MAX / scale)
        return false;
    uint64_t fraction = 0, weight = scale / 10;
    if (s.len > 0) {
        (void)mt_span_take(&s, 1);
        if (s.len == 0)
            return false;
    }
    for (; s.len > 0; weight /= 10) {
        uint8_t c = *mt_span_take(&s, 1).ptr;
        if (!is_digit(c))
            return false;
        fraction += (uint64_t)(c - '0') * weight;
    }
    if (fraction > (uint64_t)INT64_MAX - whole * scale)
        return false;
    *ns = (int64_t)(whole * scale + fraction);
    return true;
}

int mt_parse_time(struct mt_span text, const struct mt_time_ref *ref,
                  int64_t *ns)
{
    int64_t v = 0;
    bool read = parse_date_time(text, ref, &v) || parse_clock(text, ref, &v) ||
                parse_ago(text, ref, &v) || parse_epoch(text, &v);
    /* with any offset it has a year that can be read again */
    if (!read || v < (days_of(YEAR_MIN, 1, 1) + 1) * DAY ||
        v >= days_of(YEAR_MAX, 12, 31) * DAY)
        return MT_EPROTO;
    *ns = v;
    return 0;
}

bool mt_time_counts_from_now(struct mt_span text)
{
    const struct mt_time_ref ref = {.now_ns = 0};
    int64_t ns;
    return !parse_date_time(text, &ref, &ns) && !parse_epoch(text, &ns);
}

/* Local nanoseconds, kept within what has a year of four digits. */
static int64_t local_of(int64_t ns, int32_t offset_s)
{
    int64_t offset = offset_s * SECOND;
    if (offset > 0 && ns > INT64_MAX - offset)
        return INT64_MAX;
    if (offset < 0 && ns < INT64_MIN - offset)
        return INT64_MIN;
    return ns + offset;
}

static void put_clock(struct mt_buf *b, int64_t into, unsigned digits)
{
    uint64_t s = (uint64_t)(into / SECOND), part = (uint64_t)(into % SECOND);
    mt_put_padded(b, s / 3600, 2);
    mt_put_char(b, ':');
    mt_put_padded(b, s / 60 % 60, 2);
    mt_put_char(b, ':');
    mt_put_padded(b, s % 60, 2);
    if (digits == 0)
        return;
    for (unsigned i = digits; i < 9; i++)
        part /= 10;
    mt_put_char(b, '.');
    mt_put_padded(b, part, digits);
}

/* Whole days since 1970, and what is left, never negative. */
static int64_t split_day(int64_t local, int64_t *into)
{
    *into = local % DAY;
    if (*into < 0)
        *into += DAY;
    return local / DAY - (local % DAY < 0);
}

void mt_put_clock(struct mt_buf *b, int64_t ns, int32_t offset_s,
                  unsigned digits)
{
    int64_t into;
    (void)split_day(local_of(ns, offset_s), &into);
    put_clock(b, into, digits);
}

void mt_put_rfc3339(struct mt_buf *b, int64_t ns, int32_t offset_s,
                    unsigned digits)
{
    int64_t into;
    struct date d = date_of(split_day(local_of(ns, offset_s), &into));
    mt_put_padded(b, d.year, 4);
    mt_put_char(b, '-');
    mt_put_padded(b, d.month, 2);
    mt_put_char(b, '-');
    mt_put_padded(b, d.day, 2);
    mt_put_char(b, 'T');
    put_clock(b, into, digits);
    if (offset_s == 0) {
        mt_put_char(b, 'Z');
        return;
    }
    uint64_t minutes =
        (uint64_t)(offset_s < 0 ? -(int64_t)offset_s : offset_s) / 60;
    mt_put_char(b, offset_s < 0 ? '-' : '+');
    mt_put_padded(b, minutes / 60, 2);
    mt_put_char(b, ':');
    mt_put_padded(b, minutes % 60, 2);
}
