#include "web/table.h"

#include <stdlib.h>
#include <string.h>

#include "store/column_json.h"

enum { SCRATCH_BYTES = 1024 };

uint64_t mt_web_limit(const struct mt_web_question *q, uint64_t usual)
{
    return q->params->limit > 0 ? q->params->limit : usual;
}

uint64_t mt_web_command_limit(const struct mt_web_question *q)
{
    bool sorted = mt_web_given(q->params, MT_WEB_BIT(SORT));
    return sorted ? 0 : mt_web_limit(q, MT_WEB_ROWS_DEFAULT);
}

/* ---- order ---- */

/* What one row is sorted by. */
struct key {
    size_t place; /* equal ones stay in their order */
    bool known;
    double number;
    char text[64];
};

static void fill_key(struct key *k, const struct mt_column *c,
                     const struct mt_row *row, size_t place)
{
    char bytes[SCRATCH_BYTES];
    struct mt_buf scratch = mt_buf_of(bytes, sizeof bytes);
    struct mt_value v = c->get(row, &scratch);
    bool real = v.unit == MT_UNIT_RATE || v.unit == MT_UNIT_RATIO ||
                v.unit == MT_UNIT_BYTE_RATE;
    *k = (struct key){.place = place, .known = v.known};
    if (v.unit == MT_UNIT_TEXT) {
        size_t n =
            v.text.len < sizeof k->text - 1 ? v.text.len : sizeof k->text - 1;
        memcpy(k->text, v.text.ptr, n);
    } else {
        k->number = real ? v.number : (double)v.whole;
    }
}

/* -1, 0 or 1 upwards; what is unknown is last, either way. */
static int compare(const struct key *a, const struct key *b, int up)
{
    if (a->known != b->known)
        return a->known ? -1 : 1;
    if (a->number < b->number)
        return -up;
    if (a->number > b->number)
        return up;
    int text = strcmp(a->text, b->text);
    if (text != 0)
        return text < 0 ? -up : up;
    return a->place < b->place ? -1 : 1;
}

static int upwards(const void *a, const void *b)
{
    return compare(a, b, 1);
}

static int downwards(const void *a, const void *b)
{
    return compare(a, b, -1);
}

static const struct mt_column *find_column(struct mt_web_question *q,
                                           const struct mt_screen *screen,
                                           bool *down)
{
    struct mt_span key = q->params->sort;
    *down = mt_span_starts(key, MT_SPAN("-"));
    (void)mt_span_take(&key, *down ? 1 : 0);
    for (size_t i = 0; i < screen->count; i++)
        if (mt_span_eq(key, mt_span_str(screen->columns[i].key)))
            return &screen->columns[i];
    (void)mt_web_problem(&q->problem, MT_WEB_PARAMETER, "sort",
                         "sort: '%.*s' is no key of these rows; "
                         "/api/v1/columns lists them, - before one is "
                         "largest first",
                         (int)(key.len < 80 ? key.len : 80),
                         (const char *)key.ptr);
    return NULL;
}

static int reorder(struct mt_answer *a, const struct key *keys)
{
    struct mt_row *rows = malloc(a->count * sizeof *rows);
    if (rows == NULL)
        return MT_STORE_ENOMEM;
    for (size_t i = 0; i < a->count; i++)
        rows[i] = a->rows[keys[i].place];
    memcpy(a->rows, rows, a->count * sizeof *rows);
    free(rows);
    return 0;
}

int mt_web_sort(struct mt_web_question *q, const struct mt_screen *screen,
                struct mt_answer *a)
{
    bool down;
    if (!mt_web_given(q->params, MT_WEB_BIT(SORT)))
        return 0;
    const struct mt_column *c = find_column(q, screen, &down);
    if (c == NULL)
        return -1;
    if (a->count == 0)
        return 0;
    struct key *keys = malloc(a->count * sizeof *keys);
    if (keys == NULL)
        return MT_STORE_ENOMEM;
    for (size_t i = 0; i < a->count; i++)
        fill_key(&keys[i], c, &a->rows[i], i);
    qsort(keys, a->count, sizeof *keys, down ? downwards : upwards);
    int rc = reorder(a, keys);
    free(keys);
    return rc;
}

/* ---- rows ---- */

void mt_web_put_table(struct mt_web_question *q, const struct mt_web_table *t)
{
    struct mt_out *o = q->out;
    uint64_t limit = mt_web_limit(q, MT_WEB_ROWS_DEFAULT);
    uint64_t shown = t->answer->count < limit ? t->answer->count : limit;
    mt_out_str(o, ",\"rows\":{");
    mt_web_count(o, "found", t->answer->count);
    mt_web_count(o, ",shown", shown);
    mt_out_str(o, "},");
    mt_web_key(o, t->screen->name);
    mt_out_char(o, '[');
    for (uint64_t i = 0; i < shown; i++) {
        mt_out_str(o, i > 0 ? ",\n{" : "\n{");
        mt_row_json_members(o, t->screen, &t->answer->rows[i]);
        if (t->more != NULL)
            t->more(q, t->arg, &t->answer->rows[i]);
        mt_out_char(o, '}');
    }
    mt_out_char(o, ']');
}
