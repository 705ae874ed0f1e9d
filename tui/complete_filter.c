/* Completion of filters: names of fields, and their values. */
#include <stdio.h>
#include <string.h>

#include "tui/complete.h"

/* ---- where the cursor is ---- */

/* In the name of a field, or in a value of one. */
struct place {
    size_t from;          /* the word begins there */
    struct mt_span field; /* of a value; else of no length */
    bool listed;          /* a value in the parentheses of `in` */
};

/* What was read of a filter before the cursor. */
struct reader {
    struct place place;
    struct mt_span names[2]; /* the two words before, but for `not` */
    bool valued;             /* what follows is a value */
    bool worded;             /* the last that was read is one */
};

static bool is_one_of(char c, const char *list)
{
    return c != '\0' && strchr(list, c) != NULL;
}

static bool is_operator(char c)
{
    return is_one_of(c, "=!<>~");
}

/* The length of the operator; 0: none is here, be it a `!` before a name. */
static size_t operator_len(const char *text)
{
    size_t len = strspn(text, "=!<>~");
    return len == 1 && *text == '!' ? 0 : len;
}

/* As the grammar has it: in quotes, or up to what parts words. */
static size_t word_end(const char *text, size_t at, size_t cursor, bool value)
{
    char quote = text[at];
    if (!is_one_of(quote, "\"'")) {
        while (at < cursor && !is_one_of(text[at], " (),\"'") &&
               (value || !is_operator(text[at])))
            at++;
        return at;
    }
    for (at++; at < cursor && text[at] != quote; at++)
        at += text[at] == '\\' && at + 1 < cursor;
    return at < cursor ? at + 1 : cursor;
}

static void read_word(struct reader *r, struct mt_span word)
{
    r->worded = r->valued;
    if (r->valued || mt_span_caseeq(word, MT_SPAN("not")))
        return;
    r->names[1] = r->names[0];
    r->names[0] = word;
}

/* Returns the bytes read. */
static size_t read_sign(struct reader *r, const char *text)
{
    const char c = *text;
    size_t len = operator_len(text);
    bool more = c == ' ' && (!r->worded || r->place.listed);
    r->worded = false;
    if (c == ',' || more)
        return 1; /* another value, or another name */
    r->valued = r->place.listed = false;
    if (len > 0) {
        r->place.field = r->names[0];
        r->valued = true;
    } else if (c == '(' && mt_span_caseeq(r->names[0], MT_SPAN("in"))) {
        r->place.field = r->names[1];
        r->valued = r->place.listed = true;
    }
    return len > 0 ? len : 1;
}

static struct place find_place(const char *text, size_t at, size_t cursor)
{
    struct reader r = {.place.from = at};
    while (at < cursor) {
        size_t end = word_end(text, at, cursor, r.valued);
        r.place.from = at;
        if (end == cursor)
            break; /* it is this one */
        if (end > at)
            read_word(&r,
                      (struct mt_span){(const uint8_t *)text + at, end - at});
        else
            end += read_sign(&r, text + at);
        r.place.from = at = end;
    }
    if (!r.valued)
        r.place.field.len = 0;
    return r.place;
}

/* ---- what may stand there ---- */

static const char *const sides[] = {"src", "dst"};

static void add_fields(struct mt_words *w)
{
    static char names[MT_FILTER_FIELD_COUNT][32];
    for (unsigned i = 0; i < MT_FILTER_FIELD_COUNT; i++) {
        const char *aliases = mt_filter_field_info(i)->aliases;
        (void)snprintf(names[i], sizeof names[i], "%.*s",
                       (int)strcspn(aliases, " "), aliases);
        mt_words_add(w, names[i]);
    }
    mt_words_add(w, sides[0]);
    mt_words_add(w, sides[1]);
}

static bool has_alias(const char *aliases, struct mt_span name)
{
    while (*aliases != '\0') {
        struct mt_span one = {(const uint8_t *)aliases, strcspn(aliases, " ")};
        if (mt_span_caseeq(one, name))
            return true;
        aliases += one.len;
        aliases += strspn(aliases, " ");
    }
    return false;
}

/* MT_FILTER_FIELD_COUNT: none has this name. */
static unsigned find_field(struct mt_span name)
{
    if (mt_span_caseeq(name, mt_span_str(sides[0])))
        return MT_FILTER_CLIENT_SERVICE;
    if (mt_span_caseeq(name, mt_span_str(sides[1])))
        return MT_FILTER_SERVER_SERVICE;
    for (unsigned i = 0; i < MT_FILTER_FIELD_COUNT; i++)
        if (mt_span_caseeq(name, mt_span_str(mt_filter_field_info(i)->name)) ||
            has_alias(mt_filter_field_info(i)->aliases, name))
            return i;
    return MT_FILTER_FIELD_COUNT;
}

static void add_values(struct mt_words *w, const struct mt_known *k,
                       unsigned field)
{
    static const char *const classes[] = {"2xx", "3xx", "4xx", "5xx"};
    const char *value;
    for (size_t i = 0; i < k->count; i++)
        if (k->field[i] == field)
            mt_words_add(w, k->list[i]);
    for (unsigned i = 0; (value = mt_filter_field_value(field, i)) != NULL; i++)
        mt_words_add(w, value);
    for (size_t i = 0; field == MT_FILTER_STATUS && i < 4; i++)
        mt_words_add(w, classes[i]);
}

bool mt_filter_is_valued(const struct mt_edit *e, size_t begin)
{
    return find_place(e->text, begin, e->cursor).field.len > 0;
}

bool mt_complete_filter(struct mt_edit *e, size_t begin,
                        const struct mt_known *k, struct mt_buf *others)
{
    struct mt_words words = {.quoted = false};
    const struct place place = find_place(e->text, begin, e->cursor);
    if (place.field.len == 0) {
        add_fields(&words);
        mt_complete(e, place.from, &words, "=", others);
        return true;
    }
    unsigned field = find_field(place.field);
    words.quoted = true;
    if (field < MT_FILTER_FIELD_COUNT)
        add_values(&words, k, field);
    const char *after = place.listed ? "" : " ";
    return mt_complete(e, place.from, &words, after, others) > 0;
}
