/* What differs from the window before. */
#include "store/changes.h"

#include "base/text.h"
#include "store/column_json.h"
#include "web/table.h"

enum { WORDS_BYTES = 4096 };

static void put_row(struct mt_out *o, const char *key, const struct mt_row *row)
{
    if (row == NULL) {
        mt_web_null(o, key);
        return;
    }
    mt_web_key(o, key);
    mt_row_json(o, &mt_screen_summary, row);
}

static void put_change(struct mt_out *o, const struct mt_change *c)
{
    static const struct mt_value_style style = {.ascii = false};
    const struct mt_row *row = c->is != NULL ? c->is : c->was;
    char text[WORDS_BYTES];
    struct mt_buf words = mt_buf_of(text, sizeof text);
    mt_put_change(&words, c, &style);
    mt_web_span(o, "words", mt_buf_span(&words));
    mt_web_text(o, ",service", row->server);
    if (c->route) {
        mt_web_text(o, ",method", row->method);
        mt_web_text(o, ",route", row->route);
    } else {
        mt_web_null(o, ",method");
        mt_web_null(o, ",route");
    }
    mt_web_text(o, ",changed", mt_change_key(c->kind));
    mt_web_flag(o, ",worse", c->worse);
    put_row(o, ",was", c->was);
    put_row(o, ",is", c->is);
}

static void put_changes(struct mt_web_question *q, const struct mt_changes *c)
{
    struct mt_out *o = q->out;
    uint64_t limit = mt_web_limit(q, MT_CHANGES_MAX);
    uint64_t shown = c->count < limit ? c->count : limit;
    mt_out_str(o, ",\"before\":{");
    mt_coverage_json_members(o, &c->was);
    mt_web_count(o, ",scanned", c->was.scanned);
    mt_out_str(o, "},\"rows\":{");
    mt_web_count(o, "found", c->count + c->more);
    mt_web_count(o, ",shown", shown);
    mt_out_str(o, "},\"changes\":[");
    for (uint64_t i = 0; i < shown; i++) {
        mt_out_str(o, i > 0 ? ",\n{" : "\n{");
        put_change(o, &c->list[i]);
        mt_out_char(o, '}');
    }
    mt_out_char(o, ']');
}

int mt_web_changes(struct mt_web_question *q)
{
    struct mt_changes c;
    int rc = mt_query_changes(q->store, &q->ask, &c);
    if (rc == 0) {
        mt_web_begin(q, "", &c.is);
        put_changes(q, &c);
        mt_out_str(q->out, "}\n");
    }
    mt_changes_free(&c);
    return rc;
}
