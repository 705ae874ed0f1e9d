#include "tui/complete.h"

#include <stdio.h>
#include <string.h>

#include "base/text_escape.h"
#include "tui/screen.h"

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

void mt_words_add(struct mt_words *w, const char *text)
{
    if (text == NULL || text[0] == '\0' || w->count == MT_WORDS_MAX)
        return;
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->list[i], text) == 0)
            return;
    w->list[w->count++] = text;
}

static bool begins(const char *word, struct mt_span prefix)
{
    for (size_t i = 0; i < prefix.len; i++)
        if (word[i] == '\0' || lower((uint8_t)word[i]) != lower(prefix.ptr[i]))
            return false;
    return true;
}

/* How much of two words is the same, whole characters of UTF-8. */
static size_t agree(const char *a, const char *b, size_t most)
{
    size_t n = 0;
    while (n < most && a[n] != '\0' &&
           lower((uint8_t)a[n]) == lower((uint8_t)b[n]))
        n++;
    while (n > 0 && ((uint8_t)a[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* What stands from `from` up to the cursor becomes another text. */
static void replace(struct mt_edit *e, size_t from, struct mt_span text)
{
    size_t rest = e->len - e->cursor;
    if (from + text.len + rest > MT_EDIT_BYTES)
        return;
    memmove(e->text + from + text.len, e->text + e->cursor, rest + 1);
    if (text.len > 0)
        memcpy(e->text + from, text.ptr, text.len);
    e->len = from + text.len + rest;
    e->cursor = from + text.len;
}

/* As a filter's value, without the field before it. */
static void put_word(struct mt_buf *b, const char *word, bool quoted)
{
    uint8_t bytes[512];
    struct mt_buf term = mt_buf_of(bytes, sizeof bytes);
    if (!quoted) {
        mt_put_str(b, word);
        return;
    }
    mt_put_term(&term, "", word);
    struct mt_span value = mt_buf_span(&term);
    (void)mt_span_take(&value, 1); /* its = */
    mt_put_span(b, value);
}

void mt_complete(struct mt_edit *e, size_t from, const struct mt_words *words,
                 const char *after, struct mt_buf *others)
{
    uint8_t bytes[1024];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    struct mt_span prefix = {(const uint8_t *)e->text + from, e->cursor - from};
    const char *first = NULL;
    size_t found = 0, common = 0;
    if (words->quoted && mt_span_starts(prefix, MT_SPAN("\"")))
        (void)mt_span_take(&prefix, 1);
    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->list[i];
        if (!begins(word, prefix))
            continue;
        if (found++ == 0) {
            first = word;
            common = strlen(word);
        }
        common = agree(first, word, common);
        mt_put_str(others, found > 1 ? "  " : "");
        (void)mt_put_escaped(others, mt_span_str(word), 40);
    }
    if (found == 1) {
        put_word(&b, first, words->quoted);
        mt_put_str(&b, after);
        others->len = 0;
    } else if (found > 1 && common > prefix.len) {
        mt_put_span(&b, (struct mt_span){(const uint8_t *)first, common});
    }
    if (b.len > 0 && !b.full)
        replace(e, from, mt_buf_span(&b));
}

/* ---- filters ---- */

/* So many rows of an answer are looked at: it comes once a second. */
enum { NOTED_ROWS = 200 };

static void note(struct mt_known *k, uint8_t field, struct mt_span name)
{
    if (name.len == 0 || name.len >= MT_KNOWN_BYTES)
        return;
    for (size_t i = 0; i < k->count; i++)
        if (k->field[i] == field && mt_span_eq(mt_span_str(k->list[i]), name))
            return;
    if (k->count == MT_KNOWN_MAX)
        return;
    memcpy(k->list[k->count], name.ptr, name.len);
    k->list[k->count][name.len] = '\0';
    k->field[k->count++] = field;
}

void mt_known_note(struct mt_known *k, const struct mt_snapshot *a)
{
    for (size_t i = 0; i < a->rows.count && i < NOTED_ROWS; i++) {
        const struct mt_row *r = &a->rows.rows[i];
        note(k, MT_KNOWN_SERVICE, mt_span_str(r->server));
        note(k, MT_KNOWN_CLIENT, mt_span_str(r->client));
        note(k, MT_KNOWN_METHOD, mt_span_str(r->method));
        note(k, MT_KNOWN_ROUTE, mt_span_str(r->route));
    }
    for (size_t i = 0; i < a->exchanges_count && i < NOTED_ROWS; i++) {
        const struct mt_exchange *x = &a->exchanges[i].x;
        note(k, MT_KNOWN_SERVICE, x->server.service);
        note(k, MT_KNOWN_CLIENT, x->client.service);
        note(k, MT_KNOWN_METHOD, x->method);
        note(k, MT_KNOWN_ROUTE, x->route);
    }
}

static void add_fields(struct mt_words *w)
{
#define X(name, type, otel, aliases, column, help) aliases,
    static const char *const aliases[] = {MT_FILTER_FIELDS(X)};
#undef X
    static char names[MT_FILTER_FIELD_COUNT][32];
    for (size_t i = 0; i < MT_FILTER_FIELD_COUNT; i++) {
        (void)snprintf(names[i], sizeof names[i], "%.*s",
                       (int)strcspn(aliases[i], " "), aliases[i]);
        mt_words_add(w, names[i]);
    }
}

static void add_values(struct mt_words *w, const struct mt_known *k,
                       struct mt_span field)
{
    static const struct {
        const char *name;
        enum mt_known_field field;
    } fields[] = {{"svc", MT_KNOWN_SERVICE},
                  {"service", MT_KNOWN_SERVICE},
                  {"client_service", MT_KNOWN_CLIENT},
                  {"method", MT_KNOWN_METHOD},
                  {"route", MT_KNOWN_ROUTE}};
    for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++)
        for (size_t i = 0; i < k->count; i++)
            if (k->field[i] == fields[f].field &&
                mt_span_eq(field, mt_span_str(fields[f].name)))
                mt_words_add(w, k->list[i]);
    bool outcome = mt_span_eq(field, MT_SPAN("outcome"));
    bool protocol = mt_span_eq(field, MT_SPAN("proto")) ||
                    mt_span_eq(field, MT_SPAN("protocol"));
    for (unsigned i = 0; outcome && i < MT_OUTCOME_COUNT; i++)
        mt_words_add(w, mt_outcome_text(i));
    for (unsigned i = 0; protocol && i < MT_PROTOCOL_COUNT; i++)
        mt_words_add(w, mt_protocol_text(i));
}

void mt_complete_filter(struct mt_edit *e, const struct mt_known *k,
                        struct mt_buf *others)
{
    struct mt_words words = {.quoted = false};
    size_t from = e->cursor;
    while (from > 0 && strchr(" (", e->text[from - 1]) == NULL)
        from--;
    size_t at = from + strcspn(e->text + from, "=!<>~");
    if (at >= e->cursor) {
        add_fields(&words);
        mt_complete(e, from, &words, "=", others);
        return;
    }
    struct mt_span field = {(const uint8_t *)e->text + from, at - from};
    while (at < e->cursor && strchr("=!<>~", e->text[at]) != NULL)
        at++;
    words.quoted = true;
    add_values(&words, k, field);
    mt_complete(e, at, &words, " ", others);
}
