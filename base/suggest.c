#include "base/suggest.h"

enum { SUGGEST_MAX_EDITS = 2, SUGGEST_MAX_BYTES = 32 };

struct mt_shown mt_show(struct mt_span s)
{
    struct mt_shown out;
    size_t n = s.len < MT_SHOWN_BYTES ? s.len : MT_SHOWN_BYTES;
    while (n < s.len && n > 0 && (s.ptr[n] & 0xc0) == 0x80)
        n--; /* not inside a UTF-8 character */
    if (n > 0)
        memcpy(out.text, s.ptr, n);
    for (size_t i = 0; i < n; i++)
        if (s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            out.text[i] = '?';
    out.text[n] = '\0';
    return out;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t mt_edits(struct mt_span a, struct mt_span b)
{
    size_t row[SUGGEST_MAX_BYTES + 1];
    if (a.len > SUGGEST_MAX_BYTES || b.len > SUGGEST_MAX_BYTES)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            bool same =
                mt_ascii_lower(a.ptr[i - 1]) == mt_ascii_lower(b.ptr[j - 1]);
            size_t change = diagonal + (same ? 0 : 1);
            diagonal = row[j];
            row[j] = smaller(change, smaller(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.len];
}

bool mt_edits_near(struct mt_span word, size_t edits)
{
    return edits <= SUGGEST_MAX_EDITS && edits < word.len;
}

const char *mt_suggest(struct mt_span word, const char *const *list, size_t n)
{
    const char *best = NULL;
    size_t least = SUGGEST_MAX_EDITS + 1;
    for (size_t i = 0; i < n; i++) {
        size_t distance = mt_edits(word, mt_span_str(list[i]));
        if (distance < least && mt_edits_near(word, distance)) {
            least = distance;
            best = list[i];
        }
    }
    return best;
}
