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

size_t mt_complete(struct mt_edit *e, size_t from, const struct mt_words *words,
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
    return found;
}
