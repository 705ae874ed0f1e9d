#include "capture/names_words.h"

enum { SUGGEST_MAX_EDITS = 2, SUGGEST_MAX_BYTES = 32 };

struct mt_names_shown mt_names_show(struct mt_span s)
{
    struct mt_names_shown out;
    size_t n = s.len < MT_NAMES_SHOWN_BYTES ? s.len : MT_NAMES_SHOWN_BYTES;
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

/* Levenshtein's distance, of short words. */
static size_t edits(struct mt_span a, struct mt_span b)
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

const char *mt_names_suggest(struct mt_span word, const char *const *list,
                             size_t n)
{
    const char *best = NULL;
    size_t least = SUGGEST_MAX_EDITS + 1;
    for (size_t i = 0; i < n; i++) {
        size_t distance = edits(word, mt_span_str(list[i]));
        if (distance < least) {
            least = distance;
            best = list[i];
        }
    }
    return best;
}

uint16_t mt_names_port(struct mt_span s)
{
    unsigned v = 0;
    if (s.len == 0 || s.len > 5)
        return 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return 0;
        v = v * 10 + (unsigned)(s.ptr[i] - '0');
    }
    return v <= UINT16_MAX ? (uint16_t)v : 0;
}

bool mt_names_place(struct mt_span s, struct mt_names_rule *rule)
{
    rule->port = 0;
    if (mt_parse_cidr(s, &rule->net) == 0)
        return true;
    rule->net.bits = 128;
    if (mt_parse_ip_port(s, rule->net.ip, &rule->port) == 0)
        return rule->port != 0;
    if (s.len > 0 && s.ptr[0] == ':')
        (void)mt_span_take(&s, 1);
    rule->net = (struct mt_cidr){.bits = 0};
    rule->port = mt_names_port(s);
    return rule->port != 0;
}
