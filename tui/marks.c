#include "tui/marks.h"

#include <errno.h>
#include <string.h>

static size_t place(const struct mt_marks *m, uint8_t screen, uint64_t key)
{
    size_t i = 0;
    while (i < m->count &&
           (m->list[i].key != key || m->list[i].screen != screen))
        i++;
    return i;
}

bool mt_marks_has(const struct mt_marks *m, uint8_t screen, uint64_t key)
{
    return place(m, screen, key) < m->count;
}

int mt_marks_toggle(struct mt_marks *m, uint8_t screen, uint64_t key,
                    struct mt_span terms)
{
    size_t at = place(m, screen, key);
    if (at < m->count) {
        m->count--;
        memmove(&m->list[at], &m->list[at + 1],
                (m->count - at) * sizeof m->list[0]);
        return 0;
    }
    if (m->count == MT_MARKS_MAX || terms.len == 0 ||
        terms.len >= MT_MARK_BYTES)
        return -ENOSPC;
    m->list[at].key = key;
    m->list[at].screen = screen;
    memcpy(m->list[at].terms, terms.ptr, terms.len);
    m->list[at].terms[terms.len] = '\0';
    m->count++;
    return 1;
}

size_t mt_marks_count(const struct mt_marks *m, uint8_t screen)
{
    size_t n = 0;
    for (size_t i = 0; i < m->count; i++)
        n += m->list[i].screen == screen;
    return n;
}

/* "svc" of "svc=cart"; empty where there are several terms. */
static struct mt_span field_of(const char *terms)
{
    struct mt_span s = mt_span_str(terms);
    size_t end = mt_span_find(s, '=');
    s.len = mt_span_find(s, '\n') < s.len ? 0 : end;
    return s;
}

/* The field that all of them are about; empty: none. */
static struct mt_span common_field(const struct mt_marks *m, uint8_t screen)
{
    struct mt_span common = {0};
    bool first = true;
    for (size_t i = 0; i < m->count; i++) {
        if (m->list[i].screen != screen)
            continue;
        struct mt_span field = field_of(m->list[i].terms);
        if (first)
            common = field;
        else if (!mt_span_eq(common, field))
            return (struct mt_span){0};
        first = false;
    }
    return common;
}

static void put_value(struct mt_buf *out, const char *terms)
{
    struct mt_span s = mt_span_str(terms);
    (void)mt_span_take(&s, mt_span_find(s, '=') + 1);
    mt_put_span(out, s);
}

/* (svc=cart method=GET): terms that follow one another are and-ed. */
static void put_group(struct mt_buf *out, const char *terms)
{
    struct mt_span rest = mt_span_str(terms);
    mt_put_char(out, '(');
    while (rest.len > 0) {
        mt_put_span(out, mt_span_take(&rest, mt_span_find(rest, '\n')));
        mt_put_str(out, rest.len > 0 ? " " : "");
        (void)mt_span_take(&rest, rest.len > 0);
    }
    mt_put_char(out, ')');
}

void mt_marks_filter(const struct mt_marks *m, uint8_t screen,
                     struct mt_buf *out)
{
    struct mt_span field = common_field(m, screen);
    bool first = true;
    for (size_t i = 0; i < m->count; i++) {
        if (m->list[i].screen != screen)
            continue;
        if (first && field.len > 0) {
            mt_put_span(out, field);
            mt_put_str(out, " in (");
        } else if (!first) {
            mt_put_str(out, field.len > 0 ? ", " : " or ");
        }
        if (field.len > 0)
            put_value(out, m->list[i].terms);
        else
            put_group(out, m->list[i].terms);
        first = false;
    }
    mt_put_str(out, field.len > 0 ? ")" : "");
}
