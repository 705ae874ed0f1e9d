#include "base/text_escape.h"

struct range {
    int32_t first, last;
};

/* Escaped: they have no look of their own, or change that of others. */
static const struct range hidden[] = {
    {0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},
    {0x34f, 0x34f},     {0x61c, 0x61c},     {0x115f, 0x1160},
    {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},
    {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
    {0xd800, 0xf8ff},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
    {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0xfffe, 0xffff},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff},
};

/* Combining marks: Unicode's Mn and Me, by block. */
static const struct range marks[] = {
    {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x5bf, 0x5c7},
    {0x610, 0x61a},   {0x64b, 0x65f},   {0x670, 0x670},   {0x6d6, 0x6dc},
    {0x6df, 0x6e4},   {0x6e7, 0x6e8},   {0x6ea, 0x6ed},   {0x711, 0x711},
    {0x730, 0x74a},   {0x7a6, 0x7b0},   {0x7eb, 0x7f3},   {0x816, 0x82d},
    {0x859, 0x85b},   {0x898, 0x89f},   {0x8ca, 0x902},   {0x93a, 0x93a},
    {0x93c, 0x93c},   {0x941, 0x948},   {0x94d, 0x94d},   {0x951, 0x957},
    {0xe31, 0xe31},   {0xe34, 0xe3a},   {0xe47, 0xe4e},   {0x1ab0, 0x1ace},
    {0x1dc0, 0x1dff}, {0x20d0, 0x20f0}, {0x302a, 0x302d}, {0x3099, 0x309a},
    {0xa66f, 0xa672}, {0xa674, 0xa67d}, {0xfe20, 0xfe2f}, {0x1e8d0, 0x1e8d6},
};

/* Two columns: East Asian Wide and Fullwidth, and emoji. */
static const struct range wide[] = {
    {0x1100, 0x115e},   {0x231a, 0x231b},   {0x2329, 0x232a},
    {0x23e9, 0x23ec},   {0x23f0, 0x23f0},   {0x23f3, 0x23f3},
    {0x25fd, 0x25fe},   {0x2614, 0x2615},   {0x2648, 0x2653},
    {0x267f, 0x267f},   {0x2693, 0x2693},   {0x26a1, 0x26a1},
    {0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},
    {0x26ce, 0x26ce},   {0x26d4, 0x26d4},   {0x26ea, 0x26ea},
    {0x26f2, 0x26f3},   {0x26f5, 0x26f5},   {0x26fa, 0x26fa},
    {0x26fd, 0x26fd},   {0x2705, 0x2705},   {0x270a, 0x270b},
    {0x2728, 0x2728},   {0x274c, 0x274c},   {0x274e, 0x274e},
    {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},
    {0x27b0, 0x27b0},   {0x27bf, 0x27bf},   {0x2b1b, 0x2b1c},
    {0x2b50, 0x2b50},   {0x2b55, 0x2b55},   {0x2e80, 0x303e},
    {0x3041, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
    {0xffe0, 0xffe6},   {0x16fe0, 0x18aff}, {0x1b000, 0x1b2ff},
    {0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e},
    {0x1f191, 0x1f19a}, {0x1f200, 0x1f320}, {0x1f32d, 0x1f335},
    {0x1f337, 0x1f37c}, {0x1f37e, 0x1f393}, {0x1f3a0, 0x1f3ca},
    {0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0}, {0x1f3f4, 0x1f3f4},
    {0x1f3f8, 0x1f43e}, {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc},
    {0x1f4ff, 0x1f53d}, {0x1f54b, 0x1f567}, {0x1f57a, 0x1f57a},
    {0x1f595, 0x1f596}, {0x1f5a4, 0x1f5a4}, {0x1f5fb, 0x1f64f},
    {0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6cc}, {0x1f6d0, 0x1f6d2},
    {0x1f6d5, 0x1f6df}, {0x1f6eb, 0x1f6ec}, {0x1f6f4, 0x1f6fc},
    {0x1f7e0, 0x1f7f0}, {0x1f90c, 0x1f9ff}, {0x1fa70, 0x1faff},
    {0x20000, 0x3fffd},
};

enum {
    MARKS_IN_A_ROW = 2,
    ESCAPE_MAX = 12, /* \u{10ffff} */
};

#define IN(table, c) in((table), sizeof(table) / sizeof((table)[0]), (c))

static bool in(const struct range *r, size_t n, int32_t c)
{
    while (n > 0) {
        size_t half = n / 2;
        if (c > r[half].last) {
            r += half + 1;
            n -= half + 1;
        } else if (c < r[half].first) {
            n = half;
        } else {
            return true;
        }
    }
    return false;
}

int32_t mt_utf8_take(struct mt_span *s)
{
    static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint8_t lead = *mt_span_take(s, 1).ptr;
    if (lead < 0x80)
        return lead;
    size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || s->len < more)
        return -1;
    int32_t c = lead & (0x3f >> more);
    for (size_t i = 0; i < more; i++) {
        if ((s->ptr[i] & 0xc0) != 0x80)
            return -1;
        c = c << 6 | (s->ptr[i] & 0x3f);
    }
    if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return -1;
    (void)mt_span_take(s, more);
    return c;
}

int mt_char_columns(int32_t c)
{
    if (c >= 0x20 && c < 0x7f)
        return 1;
    if (c < 0 || IN(hidden, c))
        return -1;
    if (IN(marks, c))
        return 0;
    return IN(wide, c) ? 2 : 1;
}

/* The letter after the backslash, or 0. */
static char short_escape(int32_t c)
{
    switch (c) {
    case '\\':
        return '\\';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static void put_code_point(struct mt_buf *b, int32_t c)
{
    static const char hex[] = "0123456789abcdef";
    unsigned shift = 20, v = (unsigned)c;
    while (shift > 0 && v >> shift == 0)
        shift -= 4;
    mt_put_str(b, "u{");
    for (; shift > 0; shift -= 4)
        mt_put_char(b, hex[v >> shift & 15]);
    mt_put_char(b, hex[v & 15]);
    mt_put_char(b, '}');
}

static void put_escape(struct mt_buf *b, struct mt_span bytes, int32_t c)
{
    char letter = short_escape(c);
    mt_put_char(b, '\\');
    if (letter != 0) {
        mt_put_char(b, letter);
    } else if (c < 0x80) { /* also -1: one byte */
        mt_put_char(b, 'x');
        mt_put_hex(b, bytes.ptr, 1);
    } else {
        put_code_point(b, c);
    }
}

/* The next character as it is shown: its bytes in `shown`, its columns. */
static size_t next_shown(struct mt_span *text, unsigned *zero_width,
                         struct mt_buf *shown)
{
    struct mt_span from = *text;
    int32_t c = mt_utf8_take(text);
    struct mt_span bytes = {.ptr = from.ptr, .len = from.len - text->len};
    int columns = c == '\\' ? -1 : mt_char_columns(c);
    if (columns == 0 && ++*zero_width > MARKS_IN_A_ROW)
        columns = -1;
    if (columns != 0)
        *zero_width = 0;
    if (columns >= 0) {
        mt_put_span(shown, bytes);
        return (size_t)columns;
    }
    put_escape(shown, bytes, c);
    return shown->len;
}

size_t mt_put_escaped(struct mt_buf *b, struct mt_span text, size_t max_columns)
{
    size_t used = 0;
    size_t cut_len = b->len, cut_used = 0; /* where "…" would still fit */
    unsigned zero_width = MARKS_IN_A_ROW;  /* a mark needs something below it */
    while (text.len > 0) {
        uint8_t bytes[ESCAPE_MAX];
        struct mt_buf shown = mt_buf_of(bytes, sizeof bytes);
        size_t columns = next_shown(&text, &zero_width, &shown);
        if (columns > max_columns - used) {
            if (max_columns == 0)
                return 0;
            b->len = cut_len;
            mt_put_str(b, "\xe2\x80\xa6");
            return cut_used + 1;
        }
        mt_put_span(b, mt_buf_span(&shown));
        used += columns;
        if (used < max_columns) {
            cut_len = b->len;
            cut_used = used;
        }
    }
    return used;
}
