/* The lines of a list: their order, and which one is selected. The selection
 * is a row, not a place: it stays with its row as answers come. */
#include <stdlib.h>
#include <string.h>

#include "tui/dashboard_impl.h"

/* ---- order ---- */

struct sort_key {
    struct mt_line line;
    size_t at; /* in the answer's order: ties stay */
    bool known;
    double number;
    uint8_t text[128]; /* enough to order names by */
    size_t text_len;
};

static int compare_texts(const struct sort_key *a, const struct sort_key *b)
{
    size_t n = a->text_len < b->text_len ? a->text_len : b->text_len;
    int order = n > 0 ? memcmp(a->text, b->text, n) : 0;
    if (order != 0)
        return order;
    return a->text_len < b->text_len ? -1 : a->text_len > b->text_len;
}

/* Large numbers first, texts from A on; what is not known is last. */
static int compare(const void *left, const void *right)
{
    const struct sort_key *a = left, *b = right;
    if (a->known != b->known)
        return a->known ? -1 : 1;
    int order = compare_texts(a, b);
    if (a->number < b->number || a->number > b->number)
        order = a->number > b->number ? -1 : 1;
    if (order != 0)
        return order;
    return a->at < b->at ? -1 : a->at > b->at;
}

static int compare_inverted(const void *left, const void *right)
{
    const struct sort_key *a = left, *b = right;
    return a->known && b->known ? compare(b, a) : compare(a, b);
}

static void make_key(struct sort_key *k, const struct mt_screen *screen,
                     const struct mt_line *line, size_t at, int column)
{
    uint8_t bytes[4096];
    struct mt_buf scratch = mt_buf_of(bytes, sizeof bytes);
    struct mt_value v = screen->columns[column].get(line->row, &scratch);
    *k = (struct sort_key){.line = *line, .at = at, .known = v.known};
    if (v.unit == MT_UNIT_RATE || v.unit == MT_UNIT_RATIO ||
        v.unit == MT_UNIT_BYTE_RATE)
        k->number = v.number;
    else if (v.unit != MT_UNIT_TEXT)
        k->number = (double)v.whole;
    if (v.unit != MT_UNIT_TEXT || v.text.len == 0)
        return;
    k->text_len = v.text.len < sizeof k->text ? v.text.len : sizeof k->text;
    memcpy(k->text, v.text.ptr, k->text_len);
}

static void invert(struct mt_lines *lines)
{
    for (size_t i = 0, k = lines->count; i + 1 < k; i++) {
        struct mt_line t = lines->list[i];
        lines->list[i] = lines->list[--k];
        lines->list[k] = t;
    }
}

/* Where there is an order by a column, there is no place for what was lost. */
static void leave_lost(struct mt_lines *lines)
{
    size_t kept = 0;
    for (size_t i = 0; i < lines->count; i++)
        if (lines->list[i].lost == NULL)
            lines->list[kept++] = lines->list[i];
    lines->count = kept;
}

/* Without memory the order stays that of the answer. */
static void sort(const struct mt_screen_class *screen, struct mt_lines *lines,
                 struct mt_sorting by)
{
    if (screen->lead != NULL || lines->count == 0)
        return; /* a tree has its own order */
    if (by.column < 0) {
        if (by.inverted)
            invert(lines);
        return;
    }
    leave_lost(lines);
    struct sort_key *keys = calloc(lines->count, sizeof *keys);
    if (keys == NULL)
        return;
    for (size_t i = 0; i < lines->count; i++)
        make_key(&keys[i], screen->columns, &lines->list[i], i, by.column);
    qsort(keys, lines->count, sizeof *keys,
          by.inverted ? compare_inverted : compare);
    for (size_t i = 0; i < lines->count; i++)
        lines->list[i] = keys[i].line;
    free(keys);
}

/* ---- selection ---- */

void mt_level_select(struct mt_level *l, int64_t line)
{
    int64_t last = (int64_t)l->lines.count - 1;
    line = line > last ? last : line;
    l->selected = line > 0 ? (size_t)line : 0;
    if (l->lines.count > 0)
        l->key = l->lines.list[l->selected].key;
}

void mt_level_select_neighbour(struct mt_level *l, int64_t by)
{
    int64_t was = (int64_t)l->selected;
    for (int64_t at = was + by; at >= 0 && at < (int64_t)l->lines.count;
         at += by)
        if (l->lines.list[at].lost == NULL) {
            was = at;
            break;
        }
    mt_level_select(l, was);
}

const struct mt_line *mt_level_line(const struct mt_level *l)
{
    return l->selected < l->lines.count ? &l->lines.list[l->selected] : NULL;
}

/* The row that was selected, else what has come to its place. */
static void find_selected(struct mt_level *l)
{
    if (l->follow) {
        mt_level_select(l, INT64_MAX);
        return;
    }
    for (size_t i = 0; l->key != 0 && i < l->lines.count; i++)
        if (l->lines.list[i].key == l->key) {
            l->selected = i;
            return;
        }
    mt_level_select(l, (int64_t)l->selected);
}

void mt_level_arrange(struct mt_dashboard *d, struct mt_level *l)
{
    const struct mt_screen_class *screen = mt_screen_classes[l->screen];
    l->lines.count = 0;
    if (l->snapshot == NULL)
        return;
    if (!screen->arrange(l->snapshot, d->failing_only, &l->lines)) {
        mt_dashboard_say(d, true, "not enough memory for the list");
        return;
    }
    sort(screen, &l->lines, d->sorting[l->screen]);
    find_selected(l);
}

bool mt_level_next_mark(struct mt_dashboard *d, int direction)
{
    struct mt_level *l = mt_level(d);
    size_t n = l->lines.count, step = direction > 0 ? 1 : n - 1,
           at = l->selected;
    for (size_t tried = 0; tried < n; tried++) {
        at = (at + step) % n;
        if (!mt_marks_has(&d->marks, l->screen, l->lines.list[at].key))
            continue;
        l->follow = false;
        mt_level_select(l, (int64_t)at);
        return true;
    }
    return false;
}

int mt_level_cell(const struct mt_level *l)
{
    return l->cell > 0 ? mt_table_place(&l->fit, l->cell - 1) : -1;
}

bool mt_level_search(struct mt_dashboard *d, int direction, bool from_next)
{
    struct mt_level *l = mt_level(d);
    const struct mt_screen_class *screen = mt_class(d);
    size_t n = l->lines.count;
    if (n == 0 || screen->columns == NULL || d->search[0] == '\0')
        return false;
    size_t step = direction > 0 ? 1 : n - 1;
    size_t at = (l->selected + (from_next ? step : 0)) % n;
    for (size_t tried = 0; tried < n; tried++, at = (at + step) % n)
        if (mt_table_has(screen, &l->lines.list[at], d->search)) {
            l->follow = false;
            mt_level_select(l, (int64_t)at);
            return true;
        }
    return false;
}
