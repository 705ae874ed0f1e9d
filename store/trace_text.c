/* A trace as text: one line a span, for terminals and pipes alike. */
#include <stdio.h>

#include "base/text.h"
#include "base/text_escape.h"
#include "decode/outcome.h"
#include "store/trace.h"

enum {
    INDENT_MAX = 12, /* levels that are drawn: deeper ones stand below them */
    LATENCY_COLUMNS = 7,
    NARROW = 50,
    WIDE = 90,
};

struct widths {
    size_t name, bar, status;
};

/* The name gives way to the bar, and where both do not fit the bar goes. */
static struct widths fit(size_t columns)
{
    struct widths w = {.status = columns >= WIDE     ? 17
                                 : columns >= NARROW ? 11
                                                     : 5};
    size_t taken = LATENCY_COLUMNS + 2 + w.status + 1;
    size_t room = columns > taken ? columns - taken : 1;
    if (columns < NARROW) {
        w.name = room;
        return w;
    }
    w.name = room * 55 / 100;
    w.bar = room - w.name - 1;
    return w;
}

static void put_spaces(struct mt_buf *b, size_t n)
{
    while (n-- > 0)
        mt_put_char(b, ' ');
}

/* ---- the name ---- */

static const char *link_mark(const struct mt_trace_span *s)
{
    if (s->early)
        return "!";
    switch (s->link) {
    case MT_TRACE_BY_TIME:
        return "~";
    case MT_TRACE_LOST:
        return "?";
    case MT_TRACE_CYCLE:
        return "\xe2\x86\xbb";
    default:
        return " ";
    }
}

/* Returns the columns that it took. */
static size_t put_branch(struct mt_buf *b, const struct mt_trace_span *s)
{
    unsigned depth = s->depth < INDENT_MAX ? s->depth : INDENT_MAX;
    mt_put_str(b, s->here ? "\xe2\x96\xb8" : " ");
    for (unsigned d = 1; d < depth; d++)
        mt_put_str(b, s->last >> d & 1 ? "  " : "\xe2\x94\x82 ");
    if (depth > 0)
        mt_put_str(b,
                   s->last >> s->depth & 1 ? "\xe2\x94\x94" : "\xe2\x94\x9c");
    bool plain = link_mark(s)[0] == ' ';
    if (depth == 0 && plain)
        return 1;
    mt_put_str(b, link_mark(s));
    return depth > 0 ? (size_t)2 * depth + 1 : 2;
}

static size_t put_words(struct mt_buf *b, const struct mt_trace_span *s,
                        size_t room)
{
    char text[3 * MT_TRACE_NAME_BYTES + MT_TRACE_PATH_BYTES];
    const char *what = s->path[0] != '\0' || s->method[0] != '\0'
                           ? s->path
                           : mt_protocol_text(s->protocol);
    struct mt_buf t = mt_buf_of(text, sizeof text);
    mt_put_str(&t, s->server);
    mt_put_str(&t, s->method[0] != '\0' && t.len > 0 ? " " : "");
    mt_put_str(&t, s->method);
    mt_put_str(&t, what[0] != '\0' && t.len > 0 ? " " : "");
    mt_put_str(&t, what);
    return mt_put_escaped(b, mt_buf_span(&t), room);
}

/* "+12": so many of its calls are not shown. "try 2": of a proxy. */
static size_t put_after(char *text, size_t size, const struct mt_trace_span *s)
{
    struct mt_buf b = mt_buf_of(text, size);
    if (s->observer == MT_OBSERVER_PROXY_ATTEMPT) {
        mt_put_str(&b, " try ");
        mt_put_decimal(&b, s->attempt);
    }
    if (s->hidden > 0) {
        mt_put_str(&b, " +");
        mt_put_decimal(&b, s->hidden);
    }
    return b.len;
}

static void put_name(struct mt_buf *b, const struct mt_trace_span *s,
                     size_t columns)
{
    char after[48];
    size_t more = put_after(after, sizeof after, s);
    size_t used = put_branch(b, s);
    size_t room = columns > used + more ? columns - used - more : 1;
    used += put_words(b, s, room);
    mt_put_span(b, (struct mt_span){(const uint8_t *)after, more});
    put_spaces(b, columns > used + more ? columns - used - more : 0);
}

/* ---- the bar ---- */

static void put_bar(struct mt_buf *b, const struct mt_trace *t,
                    const struct mt_trace_span *s, size_t columns)
{
    double all = (double)t->to_ns - (double)t->from_ns;
    double start = (double)s->start_ns - (double)t->from_ns;
    double end = (double)s->end_ns - (double)t->from_ns;
    double width = (double)columns;
    size_t from = all > 0 ? (size_t)(start / all * width) : 0;
    size_t to = all > 0 ? (size_t)(end / all * width + 0.5) : columns;
    from = from < columns ? from : columns - 1;
    to = to < columns ? to : columns;
    to = to > from ? to : from + 1; /* the shortest is seen, too */
    for (size_t i = 0; i < columns; i++)
        mt_put_str(b, i >= from && i < to ? "\xe2\x96\x88" : " ");
}

/* ---- the end of the line ---- */

static size_t put_right(struct mt_buf *b, struct mt_span text, size_t ascii,
                        size_t columns)
{
    put_spaces(b, columns > ascii ? columns - ascii : 0);
    mt_put_span(b, text);
    return columns;
}

static void put_latency(struct mt_buf *b, const struct mt_trace_span *s)
{
    char text[32];
    struct mt_buf t = mt_buf_of(text, sizeof text);
    int64_t ns = s->latency_ns >= 0 ? s->latency_ns
                                    : mt_elapsed_ns(s->start_ns, s->end_ns);
    mt_put_latency(&t, ns > 0 ? ns : 0);
    size_t columns = t.len;
    for (size_t i = 0; i < t.len; i++) /* the micro sign */
        columns -= (t.ptr[i] & 0xc0) == 0x80;
    (void)put_right(b, mt_buf_span(&t), columns, LATENCY_COLUMNS);
}

static void put_status(struct mt_buf *b, const struct mt_trace_span *s,
                       size_t columns)
{
    char number[16];
    const char *grpc = mt_grpc_status_text(s->grpc_status);
    const char *text = number;
    (void)snprintf(number, sizeof number, "%u", s->status);
    if (s->error != MT_ERROR_NONE)
        text = mt_error_text(s->error);
    else if (grpc != NULL && s->grpc_status != MT_GRPC_STATUS_NONE)
        text = grpc;
    else if (s->status == 0)
        text = mt_outcome_text(s->outcome);
    (void)mt_put_escaped(b, mt_span_str(text), columns);
}

void mt_trace_put_line(struct mt_buf *b, const struct mt_trace *t, size_t i,
                       size_t columns)
{
    const struct mt_trace_span *s = &t->spans[i];
    struct widths w = fit(columns);
    put_name(b, s, w.name);
    if (w.bar > 0) {
        put_spaces(b, 1);
        put_bar(b, t, s, w.bar);
    }
    put_latency(b, s);
    put_spaces(b, 2);
    put_status(b, s, w.status);
}

/* ---- what is left to say ---- */

static void put_number(struct mt_buf *b, uint64_t n, const char *one,
                       const char *many)
{
    mt_put_count(b, n);
    mt_put_str(b, n == 1 ? one : many);
    mt_put_char(b, '\n');
}

static bool any_link(const struct mt_trace *t, enum mt_trace_link link)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->spans[i].link == link)
            return true;
    return false;
}

static bool any_early(const struct mt_trace *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->spans[i].early)
            return true;
    return false;
}

static void put_marks(struct mt_buf *b, const struct mt_trace *t)
{
    if (any_link(t, MT_TRACE_BY_TIME))
        mt_put_str(b, "~ inferred: called by that service in that time\n");
    if (any_link(t, MT_TRACE_LOST))
        mt_put_str(b, "? the span that called it was not seen\n");
    if (any_link(t, MT_TRACE_CYCLE))
        mt_put_str(b, "\xe2\x86\xbb its span ids form a circle\n");
    if (any_early(t))
        mt_put_str(b, "! begins before its caller: their clocks differ\n");
}

void mt_trace_put_notes(struct mt_buf *b, const struct mt_trace *t)
{
    if (t->key == MT_TRACE_REQUEST_ID && t->seen > 1)
        mt_put_str(b, "joined by the request id alone\n");
    if (t->count == 1 && t->seen == 1)
        mt_put_str(b, "no other exchange of it was seen\n");
    if (t->seen > t->count)
        put_number(b, t->seen - t->count, " more exchange of it is not shown",
                   " more exchanges of it are not shown");
    if (t->copies > 0)
        put_number(b, t->copies, " copy of one of these is left out",
                   " copies of these are left out");
    put_marks(b, t);
    if (t->complete)
        return;
    mt_put_str(b, "not all was searched: looking took too long");
    int64_t ns = mt_elapsed_ns(t->searched_ns[0], t->searched_ns[1]);
    if (ns > 0) {
        mt_put_str(b, "; for certain only ");
        mt_put_age(b, ns);
        mt_put_str(b, " around it");
    }
    mt_put_char(b, '\n');
}
