/* What servers say about when to come again. */
#include "base/rc.h"
#include "base/text.h"
#include "base/text_time.h"
#include "proxy-lite/policy/retry.h"

struct moment {
    uint64_t year, month, day, hour, minute, second;
};

/* ---- pieces of a date; each takes what it reads, or makes it bad ---- */

static uint64_t number(struct mt_cursor *c, size_t digits)
{
    uint64_t v = 0;
    if (mt_parse_u64(mt_get_span(c, digits), &v) != 0)
        c->bad = true;
    return v;
}

static void literal(struct mt_cursor *c, struct mt_span text)
{
    if (!mt_span_eq(mt_get_span(c, text.len), text))
        c->bad = true;
}

static uint64_t month(struct mt_cursor *c)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct mt_span word = mt_get_span(c, 3);
    for (unsigned i = 0; word.len == 3 && i < 12; i++)
        if (memcmp(word.ptr, names + (size_t)3 * i, 3) == 0)
            return i + 1;
    c->bad = true;
    return 0;
}

static void clock_time(struct mt_cursor *c, struct moment *m)
{
    m->hour = number(c, 2);
    literal(c, MT_SPAN(":"));
    m->minute = number(c, 2);
    literal(c, MT_SPAN(":"));
    m->second = number(c, 2);
}

/* ---- the three forms of RFC 9110 section 5.6.7 ---- */

/* Sun, 06 Nov 1994 08:49:37 GMT */
static void imf_fixdate(struct mt_cursor *c, struct moment *m)
{
    (void)mt_get_span(c, 3);
    literal(c, MT_SPAN(", "));
    m->day = number(c, 2);
    literal(c, MT_SPAN(" "));
    m->month = month(c);
    literal(c, MT_SPAN(" "));
    m->year = number(c, 4);
    literal(c, MT_SPAN(" "));
    clock_time(c, m);
    literal(c, MT_SPAN(" GMT"));
}

/* Sunday, 06-Nov-94 08:49:37 GMT: of which century, in_the_past() knows */
static void rfc850_date(struct mt_cursor *c, struct moment *m)
{
    (void)mt_get_span(c, mt_span_find(c->rest, ','));
    literal(c, MT_SPAN(", "));
    m->day = number(c, 2);
    literal(c, MT_SPAN("-"));
    m->month = month(c);
    literal(c, MT_SPAN("-"));
    m->year = 2000 + number(c, 2);
    literal(c, MT_SPAN(" "));
    clock_time(c, m);
    literal(c, MT_SPAN(" GMT"));
}

/* Sun Nov  6 08:49:37 1994 */
static void asctime_date(struct mt_cursor *c, struct moment *m)
{
    (void)mt_get_span(c, 4);
    m->month = month(c);
    literal(c, MT_SPAN(" "));
    if (c->rest.len > 0 && c->rest.ptr[0] == ' ')
        (void)mt_get_span(c, 1);
    m->day = number(c, c->rest.len > 1 && c->rest.ptr[1] == ' ' ? 1 : 2);
    literal(c, MT_SPAN(" "));
    clock_time(c, m);
    literal(c, MT_SPAN(" "));
    m->year = number(c, 4);
}

/* Through RFC 3339, whose parser knows calendars. */
static bool to_ns(const struct moment *m, int64_t *ns)
{
    static const struct mt_time_ref ref = {0};
    uint8_t bytes[32];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    const uint64_t fields[] = {m->month, m->day, m->hour, m->minute, m->second};
    mt_put_padded(&b, m->year, 4);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        mt_put_char(&b, "--T::"[i]);
        mt_put_padded(&b, fields[i], 2);
    }
    mt_put_char(&b, 'Z');
    return mt_parse_time(mt_buf_span(&b), &ref, ns) == 0;
}

/* What appears to be more than 50 years from now has been. */
static bool in_the_past(int64_t ns, int64_t wall_now_ns)
{
    const int64_t fifty_years = INT64_C(50) * 31556952 * 1000000000;
    return wall_now_ns < INT64_MAX - fifty_years &&
           ns > wall_now_ns + fifty_years;
}

static bool http_date(struct mt_span text, int64_t wall_now_ns, int64_t *ns)
{
    static void (*const forms[])(struct mt_cursor *, struct moment *) = {
        imf_fixdate, rfc850_date, asctime_date};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct mt_cursor c = mt_cursor_of(text);
        struct moment m = {0};
        forms[i](&c, &m);
        if (c.bad || c.rest.len > 0 || !to_ns(&m, ns))
            continue;
        if (forms[i] != rfc850_date || !in_the_past(*ns, wall_now_ns))
            return true;
        m.year -= 100;
        return to_ns(&m, ns);
    }
    return false;
}

int64_t mt_retry_after(struct mt_span value, int64_t wall_now_ns)
{
    uint64_t seconds;
    int64_t at_ns, wait_ns;
    int rc = mt_parse_u64(value, &seconds);
    if (rc == MT_ELIMIT || (rc == 0 && seconds > INT64_MAX / 1000000000))
        return INT64_MAX;
    if (rc == 0)
        return (int64_t)seconds * 1000000000;
    if (!http_date(value, wall_now_ns, &at_ns))
        return MT_RETRY_NO_HINT;
    if (__builtin_sub_overflow(at_ns, wall_now_ns, &wait_ns))
        return at_ns > 0 ? INT64_MAX : 0;
    return wait_ns > 0 ? wait_ns : 0;
}

int64_t mt_retry_pushback(struct mt_span value)
{
    uint64_t ms;
    if (mt_parse_u64(value, &ms) != 0 || ms > INT64_MAX / 1000000)
        return -1;
    return (int64_t)ms * 1000000;
}
