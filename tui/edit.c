#include "tui/edit.h"

#include <stdio.h>
#include <string.h>

#include "base/text_escape.h"

void mt_edit_set(struct mt_edit *e, const char *text)
{
    (void)snprintf(e->text, sizeof e->text, "%s", text);
    e->len = e->cursor = strlen(e->text);
}

static bool continues(const struct mt_edit *e, size_t at)
{
    return at < e->len && ((unsigned char)e->text[at] & 0xc0) == 0x80;
}

static size_t before(const struct mt_edit *e, size_t at)
{
    if (at == 0)
        return 0;
    do
        at--;
    while (at > 0 && continues(e, at));
    return at;
}

static size_t after(const struct mt_edit *e, size_t at)
{
    if (at == e->len)
        return at;
    do
        at++;
    while (continues(e, at));
    return at;
}

static size_t word_before(const struct mt_edit *e, size_t at)
{
    while (at > 0 && e->text[at - 1] == ' ')
        at--;
    while (at > 0 && e->text[at - 1] != ' ')
        at--;
    return at;
}

static bool cut(struct mt_edit *e, size_t from, size_t to)
{
    memmove(e->text + from, e->text + to, e->len - to + 1);
    e->len -= to - from;
    e->cursor = from;
    return to > from;
}

static bool insert(struct mt_edit *e, int32_t key)
{
    char bytes[MT_KEY_TEXT_BYTES];
    if (key < ' ' || key >= MT_KEY_FIRST_NAMED || mt_char_columns(key) < 0)
        return false;
    if (key == MT_KEY_SPACE)
        (void)snprintf(bytes, sizeof bytes, " ");
    else
        (void)mt_key_text(key, bytes);
    size_t n = strlen(bytes);
    if (n == 0 || n > MT_EDIT_BYTES - e->len)
        return false;
    memmove(e->text + e->cursor + n, e->text + e->cursor,
            e->len - e->cursor + 1);
    memcpy(e->text + e->cursor, bytes, n);
    e->len += n;
    e->cursor += n;
    return true;
}

bool mt_edit_key(struct mt_edit *e, int32_t key)
{
    switch (key) {
    case MT_KEY_LEFT:
    case MT_KEY_CONTROL('B'):
        e->cursor = before(e, e->cursor);
        return false;
    case MT_KEY_RIGHT:
    case MT_KEY_CONTROL('F'):
        e->cursor = after(e, e->cursor);
        return false;
    case MT_KEY_HOME:
    case MT_KEY_CONTROL('A'):
        e->cursor = 0;
        return false;
    case MT_KEY_END:
    case MT_KEY_CONTROL('E'):
        e->cursor = e->len;
        return false;
    case MT_KEY_BACKSPACE:
    case MT_KEY_CONTROL('H'):
        return cut(e, before(e, e->cursor), e->cursor);
    case MT_KEY_DELETE:
        return cut(e, e->cursor, after(e, e->cursor));
    case MT_KEY_CONTROL('U'):
        return cut(e, 0, e->cursor);
    case MT_KEY_CONTROL('K'):
        return cut(e, e->cursor, e->len);
    case MT_KEY_CONTROL('W'):
        return cut(e, word_before(e, e->cursor), e->cursor);
    default:
        return insert(e, key);
    }
}
