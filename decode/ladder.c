#include "decode/ladder.h"

#include "base/text.h"
#include "base/text_escape.h"
#include "decode/outcome.h"

enum {
    STEPS = MT_LADDER_HEAD + MT_LADDER_TAIL,
    TIME_COLUMNS = 7,
    BYTES_COLUMNS = 7,
    FLAGS_COLUMNS = 7,
    NARROW = 55, /* then without the time since the packet before */
};

static const struct {
    const char *key, *words;
} marks[] = {
#define X(name, key, words) {key, words},
    MT_LADDER_MARKS(X)
#undef X
};

const char *mt_ladder_mark_text(unsigned bit)
{
    return bit < MT_LADDER_BIT_COUNT ? marks[bit].key : "?";
}

/* ---- steps ---- */

void mt_ladder_add(struct mt_ladder *l, struct mt_ladder_step step)
{
    int64_t before = l->count > 0 ? l->steps[l->count - 1].ts_ns : 0;
    step.number = l->seen;
    step.delta_ns = l->seen > 0 ? mt_elapsed_ns(before, step.ts_ns) : 0;
    if (step.delta_ns < 0)
        step.delta_ns = 0;
    if (l->count == STEPS) {
        memmove(&l->steps[MT_LADDER_HEAD], &l->steps[MT_LADDER_HEAD + 1],
                (MT_LADDER_TAIL - 1) * sizeof l->steps[0]);
        l->count--;
    }
    l->steps[l->count++] = step;
    l->seen++;
    l->sent_again += (step.marks & MT_LADDER_AGAIN) != 0;
    l->copies += (step.marks & MT_LADDER_COPY) != 0;
    l->gaps += (step.marks & MT_LADDER_GAP) != 0;
}

struct mt_ladder_step *mt_ladder_find(struct mt_ladder *l, uint64_t number)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->steps[i].number == number)
            return &l->steps[i];
    return NULL;
}

static uint64_t folded(const struct mt_ladder *l)
{
    return l->seen > l->count ? l->seen - l->count : 0;
}

size_t mt_ladder_lines(const struct mt_ladder *l)
{
    return l->count + (folded(l) > 0);
}

/* NULL: the line is that of the fold. */
static const struct mt_ladder_step *step_of(const struct mt_ladder *l,
                                            size_t line)
{
    if (folded(l) == 0 || line < MT_LADDER_HEAD)
        return &l->steps[line];
    return line > MT_LADDER_HEAD ? &l->steps[line - 1] : NULL;
}

bool mt_ladder_is_trouble(const struct mt_ladder *l, size_t line)
{
    const struct mt_ladder_step *s = step_of(l, line);
    return s != NULL && ((s->marks & (MT_LADDER_AGAIN | MT_LADDER_GAP |
                                      MT_LADDER_CUT)) != 0 ||
                         (s->flags & MT_LADDER_RST) != 0);
}

/* ---- text ---- */

/* Columns of a text of ours: ASCII and the micro sign. */
static size_t columns_of(const struct mt_buf *b)
{
    size_t columns = b->len;
    for (size_t i = 0; i < b->len; i++)
        columns -= (b->ptr[i] & 0xc0) == 0x80;
    return columns;
}

static void put_spaces(struct mt_buf *b, size_t n)
{
    while (n-- > 0)
        mt_put_char(b, ' ');
}

/* Returns the columns it took. */
static size_t put_right(struct mt_buf *b, const struct mt_buf *text,
                        size_t columns)
{
    size_t used = columns_of(text);
    put_spaces(b, columns > used ? columns - used : 0);
    mt_put_span(b, mt_buf_span(text));
    return columns > used ? columns : used;
}

static size_t put_time(struct mt_buf *b, const char *before, int64_t ns)
{
    char text[32];
    struct mt_buf t = mt_buf_of(text, sizeof text);
    mt_put_str(&t, before);
    mt_put_latency(&t, ns > 0 ? ns : 0);
    return put_right(b, &t, TIME_COLUMNS + (before[0] != '\0'));
}

/* Of the first packet there is nothing to tell. */
static size_t put_delta(struct mt_buf *b, const struct mt_ladder_step *s)
{
    if (s->number > 0)
        return put_time(b, "+", s->delta_ns);
    put_spaces(b, TIME_COLUMNS + 1);
    return TIME_COLUMNS + 1;
}

static size_t put_bytes(struct mt_buf *b, uint32_t n)
{
    char text[32];
    struct mt_buf t = mt_buf_of(text, sizeof text);
    if (n > 0)
        mt_put_bytes(&t, n);
    return put_right(b, &t, BYTES_COLUMNS);
}

static void put_flag(struct mt_buf *b, const char *word)
{
    if (b->len + 4 > FLAGS_COLUMNS)
        return;
    mt_put_str(b, b->len > 0 ? " " : "");
    mt_put_str(b, word);
}

/* ACK is in nearly all: it has its word where it is alone, or with SYN. */
static void put_flags(struct mt_buf *b, const struct mt_ladder_step *s)
{
    static const struct {
        uint8_t flag;
        const char *word;
    } words[] = {{MT_LADDER_SYN, "SYN"},
                 {MT_LADDER_FIN, "FIN"},
                 {MT_LADDER_RST, "RST"},
                 {MT_LADDER_PSH, "PSH"}};
    char text[32];
    struct mt_buf t = mt_buf_of(text, sizeof text);
    if (!s->tcp)
        put_flag(&t, "UDP");
    for (size_t i = 0; s->tcp && i < sizeof words / sizeof words[0]; i++)
        if ((s->flags & words[i].flag) != 0)
            put_flag(&t, words[i].word);
    bool alone = t.len == 0 && s->payload_bytes == 0;
    if (s->tcp && (s->flags & MT_LADDER_ACK) != 0 &&
        (alone || (s->flags & MT_LADDER_SYN) != 0))
        put_flag(&t, "ACK");
    mt_put_span(b, mt_buf_span(&t));
    put_spaces(b, t.len < FLAGS_COLUMNS ? FLAGS_COLUMNS - t.len : 0);
}

/* What begins in it. */
static void put_message(struct mt_buf *b, const struct mt_ladder_step *s,
                        const struct mt_exchange *x)
{
    if ((s->marks & MT_LADDER_REQUEST) != 0) {
        mt_put_span(b, x->method.len > 0 ? x->method : MT_SPAN("request"));
        mt_put_str(b, x->path.len > 0 ? " " : "");
        mt_put_span(b, x->path);
    }
    if ((s->marks & MT_LADDER_RESPONSE) == 0)
        return;
    mt_put_str(b, b->len > 0 ? ", " : "");
    if (x->status != 0)
        mt_put_decimal(b, x->status);
    else
        mt_put_str(b, "response");
}

static void put_words(struct mt_buf *b, const struct mt_ladder_step *s,
                      const struct mt_exchange *x, size_t columns)
{
    char text[1024];
    struct mt_buf t = mt_buf_of(text, sizeof text);
    put_message(&t, s, x);
    for (unsigned bit = 0; bit < MT_LADDER_BIT_COUNT; bit++) {
        if ((s->marks & 1u << bit) == 0 || marks[bit].words[0] == '\0')
            continue;
        mt_put_str(&t, t.len > 0 ? ", " : "");
        if (bit == MT_LADDER_BIT_GAP) {
            mt_put_bytes(&t, s->gap_bytes);
            mt_put_char(&t, ' ');
        }
        mt_put_str(&t, marks[bit].words);
    }
    (void)mt_put_escaped(b, mt_buf_span(&t), columns);
}

static void put_fold(struct mt_buf *b, const struct mt_ladder *l)
{
    put_spaces(b, TIME_COLUMNS - 3);
    mt_put_str(b, "\xe2\x80\xa6   ");
    mt_put_count(b, folded(l));
    mt_put_str(b, folded(l) == 1 ? " packet" : " packets");
}

void mt_ladder_put_line(struct mt_buf *b, const struct mt_ladder *l,
                        const struct mt_exchange *x, size_t line,
                        size_t columns)
{
    const struct mt_ladder_step *s = step_of(l, line);
    if (s == NULL) {
        put_fold(b, l);
        return;
    }
    size_t used = put_time(b, "", mt_elapsed_ns(l->steps[0].ts_ns, s->ts_ns));
    if (columns >= NARROW) {
        mt_put_char(b, ' ');
        used += 1 + put_delta(b, s);
    }
    mt_put_str(b, s->from == MT_CLIENT ? "  \xe2\x86\x92" : "  \xe2\x86\x90");
    used += 3 + put_bytes(b, s->payload_bytes);
    put_spaces(b, 2);
    put_flags(b, s);
    put_spaces(b, 2);
    used += 2 + FLAGS_COLUMNS + 2;
    if (columns > used)
        put_words(b, s, x, columns - used);
    while (b->len > 0 && b->ptr[b->len - 1] == ' ')
        b->len--;
}

static void put_number(struct mt_buf *b, uint64_t n, const char *one,
                       const char *many)
{
    if (n == 0)
        return;
    mt_put_count(b, n);
    mt_put_str(b, n == 1 ? one : many);
    mt_put_char(b, '\n');
}

void mt_ladder_put_notes(struct mt_buf *b, const struct mt_ladder *l)
{
    if (folded(l) > 0) {
        put_number(b, l->sent_again, " packet was sent again",
                   " packets were sent again");
        put_number(b, l->gaps, " gap in the capture", " gaps in the capture");
    }
    if (l->why[0] == '\0')
        return;
    (void)mt_put_escaped(b, mt_span_str(l->why), SIZE_MAX);
    mt_put_char(b, '\n');
}
