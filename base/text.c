#include "base/text.h"

#include "base/rc.h"

struct unit {
    const char *name;
    uint64_t scale;
};

/* Largest first: the order in which parts may follow each other. */
static const struct unit durations[] = {
    {"w", UINT64_C(604800000000000)},
    {"d", UINT64_C(86400000000000)},
    {"h", UINT64_C(3600000000000)},
    {"m", UINT64_C(60000000000)},
    {"s", 1000000000},
    {"ms", 1000000},
    {"us", 1000},
    {"\xc2\xb5s", 1000}, /* micro sign */
    {"\xce\xbcs", 1000}, /* Greek mu */
    {"ns", 1},
};

static const struct unit sizes[] = {
    {"B", 1},
    {"kB", 1000},
    {"KB", 1000},
    {"MB", 1000000},
    {"GB", 1000000000},
    {"TB", 1000000000000},
    {"KiB", 1 << 10},
    {"MiB", 1 << 20},
    {"GiB", 1 << 30},
    {"TiB", UINT64_C(1) << 40},
    {"k", 1 << 10},
    {"K", 1 << 10},
    {"M", 1 << 20},
    {"G", 1 << 30},
    {"T", UINT64_C(1) << 40},
    {"", 1},
};

enum {
    DURATIONS = sizeof durations / sizeof durations[0],
    SIZES = sizeof sizes / sizeof sizes[0],
    FRACTION_DIGITS = 9, /* more change nothing that is kept */
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* A decimal number: its whole part, and its fraction in 1e-9. */
struct decimal {
    uint64_t whole;
    uint64_t billionths;
};

static int take_whole(struct mt_span *s, uint64_t *out)
{
    uint64_t v = 0;
    size_t digits = 0;
    while (s->len > 0 && is_digit(s->ptr[0])) {
        unsigned d = *mt_span_take(s, 1).ptr - (unsigned)'0';
        if (v > (UINT64_MAX - d) / 10)
            return MT_ELIMIT;
        v = v * 10 + d;
        digits++;
    }
    *out = v;
    return digits > 0 ? 0 : MT_EPROTO;
}

static int take_decimal(struct mt_span *s, struct decimal *out)
{
    int rc = take_whole(s, &out->whole);
    out->billionths = 0;
    if (rc != 0 || s->len == 0 || s->ptr[0] != '.')
        return rc;
    (void)mt_span_take(s, 1);
    uint64_t weight = 100000000;
    size_t digits = 0;
    while (s->len > 0 && is_digit(s->ptr[0])) {
        out->billionths += (*mt_span_take(s, 1).ptr - (unsigned)'0') * weight;
        weight /= 10;
        digits++;
    }
    return digits > 0 ? 0 : MT_EPROTO;
}

/* whole * scale + the fraction of it; scale may be above 1e9. */
static int scaled(struct decimal d, uint64_t scale, uint64_t *out)
{
    if (d.whole > UINT64_MAX / scale)
        return MT_ELIMIT;
    uint64_t high = scale / 1000000000 * d.billionths;
    uint64_t low = scale % 1000000000 * d.billionths / 1000000000;
    uint64_t v = d.whole * scale;
    if (high + low > UINT64_MAX - v)
        return MT_ELIMIT;
    *out = v + high + low;
    return 0;
}

static const struct unit *find_unit(const struct unit *units, size_t n,
                                    struct mt_span name)
{
    for (size_t i = 0; i < n; i++)
        if (mt_span_eq(mt_span_str(units[i].name), name))
            return &units[i];
    return NULL;
}

int mt_parse_u64(struct mt_span text, uint64_t *out)
{
    uint64_t v;
    int rc = take_whole(&text, &v);
    if (rc == 0 && text.len > 0)
        rc = MT_EPROTO;
    if (rc == 0)
        *out = v;
    return rc;
}

/* One `1.5h` off the front of *s. */
static int take_part(struct mt_span *s, const struct unit **unit,
                     uint64_t *value)
{
    struct decimal d;
    int rc = take_decimal(s, &d);
    if (rc != 0)
        return rc;
    size_t n = 0;
    while (n < s->len && !is_digit(s->ptr[n]))
        n++;
    *unit = find_unit(durations, DURATIONS, mt_span_take(s, n));
    return *unit == NULL ? MT_EPROTO : scaled(d, (*unit)->scale, value);
}

int mt_parse_duration(struct mt_span text, int64_t *ns)
{
    if (mt_span_eq(text, MT_SPAN("0"))) {
        *ns = 0;
        return 0;
    }
    const struct unit *last = NULL, *unit = NULL;
    uint64_t sum = 0;
    do {
        uint64_t value = 0;
        int rc = take_part(&text, &unit, &value);
        if (rc != 0)
            return rc;
        if (last != NULL && unit->scale >= last->scale)
            return MT_EPROTO;
        if (value > (uint64_t)INT64_MAX - sum)
            return MT_ELIMIT;
        sum += value;
        last = unit;
    } while (text.len > 0);
    *ns = (int64_t)sum;
    return 0;
}

int mt_parse_bytes(struct mt_span text, uint64_t *bytes)
{
    struct decimal d;
    int rc = take_decimal(&text, &d);
    if (rc != 0)
        return rc;
    if (text.len > 1 && text.ptr[0] == ' ')
        (void)mt_span_take(&text, 1);
    const struct unit *unit = find_unit(sizes, SIZES, text);
    /* half a byte is no size */
    if (unit == NULL || (unit->scale == 1 && d.billionths > 0))
        return MT_EPROTO;
    return scaled(d, unit->scale, bytes);
}

void mt_put_signed(struct mt_buf *b, int64_t v)
{
    if (v < 0)
        mt_put_char(b, '-');
    mt_put_decimal(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void mt_put_padded(struct mt_buf *b, uint64_t v, unsigned width)
{
    unsigned digits = 1;
    for (uint64_t rest = v; rest >= 10; rest /= 10)
        digits++;
    for (; digits < width; digits++)
        mt_put_char(b, '0');
    mt_put_decimal(b, v);
}

void mt_put_duration(struct mt_buf *b, int64_t ns)
{
    uint64_t v = ns > 0 ? (uint64_t)ns : 0;
    size_t i = DURATIONS - 1;
    /* the largest unit of which it is a whole number, or has three decimals */
    if (v > 0)
        for (i = 0; i < DURATIONS - 1; i++) {
            uint64_t scale = durations[i].scale;
            bool decimal = scale <= 1000000000 && scale >= 1000;
            if (v >= scale && v % (decimal ? scale / 1000 : scale) == 0)
                break;
        }
    uint64_t scale = durations[i].scale, part = v % scale;
    mt_put_decimal(b, v / scale);
    if (part > 0) {
        uint64_t thousandths = part / (scale / 1000);
        unsigned width = 3;
        for (; thousandths % 10 == 0; thousandths /= 10)
            width--;
        mt_put_char(b, '.');
        mt_put_padded(b, thousandths, width);
    }
    mt_put_str(b, durations[i].name);
}

/* v / scale, rounded half up: with one decimal below ten, else without. */
static void put_rounded(struct mt_buf *b, uint64_t v, uint64_t scale)
{
    uint64_t tenth = scale / 10 > 0 ? scale / 10 : 1;
    uint64_t tenths = v / tenth + (v % tenth >= tenth - tenth / 2);
    if (scale >= 10 && tenths < 100) {
        mt_put_decimal(b, tenths / 10);
        mt_put_char(b, '.');
        mt_put_decimal(b, tenths % 10);
    } else {
        mt_put_decimal(b, v / scale + (v % scale >= scale - scale / 2));
    }
}

struct step {
    uint64_t below; /* as long as the value is less than this */
    uint64_t scale;
    const char *unit;
};

/* Values are shown by the first step they are below; bounds are where the
 * rounded number would get a digit more than its column has. */
static void put_stepped(struct mt_buf *b, uint64_t v, const struct step *s)
{
    while (v >= s->below)
        s++;
    put_rounded(b, v, s->scale);
    mt_put_str(b, s->unit);
}

static const struct step latency_steps[] = {
    {1000, 1, "ns"},
    {10000, 1000, "\xc2\xb5s"},
    {100000, 1000, "\xc2\xb5s"},
    {999500000, 1000000, "ms"},
    {UINT64_C(119500000000), 1000000000, " s"},
    {UINT64_C(7170000000000), UINT64_C(60000000000), " min"},
    {UINT64_C(171000000000000), UINT64_C(3600000000000), " h"},
    {UINT64_MAX, UINT64_C(86400000000000), " d"},
};

enum { SECONDS_STEP = 4 };

void mt_put_latency(struct mt_buf *b, int64_t ns)
{
    put_stepped(b, ns > 0 ? (uint64_t)ns : 0, latency_steps);
}

void mt_put_age(struct mt_buf *b, int64_t ns)
{
    put_stepped(b, ns > 0 ? (uint64_t)ns : 0, latency_steps + SECONDS_STEP);
}

void mt_put_bytes(struct mt_buf *b, uint64_t n)
{
    static const struct step steps[] = {
        {1000, 1, " B"},
        {999500, 1000, " kB"},
        {999500000, 1000000, " MB"},
        {UINT64_C(999500000000), 1000000000, " GB"},
        {UINT64_C(999500000000000), UINT64_C(1000000000000), " TB"},
        {UINT64_MAX, UINT64_C(1000000000000000), " PB"},
    };
    put_stepped(b, n < UINT64_MAX ? n : n - 1, steps);
}

void mt_put_count(struct mt_buf *b, uint64_t n)
{
    uint64_t scale = 1;
    while (n / scale >= 1000)
        scale *= 1000;
    mt_put_decimal(b, n / scale);
    for (n %= scale; scale > 1; n %= scale) {
        scale /= 1000;
        mt_put_char(b, ' ');
        mt_put_padded(b, n / scale, 3);
    }
}
