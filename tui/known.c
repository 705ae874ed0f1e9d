#include "tui/known.h"

#include "base/text.h"

/* So many rows of an answer are looked at: it comes once a second. */
enum { NOTED_ROWS = 200, ASKED_ROWS = 500 };

void mt_known_add(struct mt_known *k, unsigned field, struct mt_span name)
{
    if (name.len == 0 || name.len >= MT_KNOWN_BYTES ||
        k->of[field] == MT_KNOWN_FIELD_MAX || k->count == MT_KNOWN_MAX)
        return;
    for (size_t i = 0; i < k->count; i++)
        if (k->field[i] == field && mt_span_eq(mt_span_str(k->list[i]), name))
            return;
    memcpy(k->list[k->count], name.ptr, name.len);
    k->list[k->count][name.len] = '\0';
    k->field[k->count++] = (uint8_t)field;
    k->of[field]++;
}

void mt_known_merge(struct mt_known *k, const struct mt_known *from)
{
    for (size_t i = 0; i < from->count; i++)
        mt_known_add(k, from->field[i], mt_span_str(from->list[i]));
}

static void add_rows(struct mt_known *k, const struct mt_answer *a, size_t most)
{
    for (size_t i = 0; i < a->count && i < most; i++) {
        const struct mt_row *r = &a->rows[i];
        mt_known_add(k, MT_FILTER_SERVER_SERVICE, mt_span_str(r->server));
        mt_known_add(k, MT_FILTER_CLIENT_SERVICE, mt_span_str(r->client));
        mt_known_add(k, MT_FILTER_METHOD, mt_span_str(r->method));
        mt_known_add(k, MT_FILTER_ROUTE, mt_span_str(r->route));
    }
}

static void add_exchange(struct mt_known *k, const struct mt_exchange *x)
{
    char text[24];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    mt_known_add(k, MT_FILTER_SERVER_SERVICE, x->server.service);
    mt_known_add(k, MT_FILTER_CLIENT_SERVICE, x->client.service);
    mt_known_add(k, MT_FILTER_METHOD, x->method);
    mt_known_add(k, MT_FILTER_ROUTE, x->route);
    mt_known_add(k, MT_FILTER_HOST, x->authority);
    mt_known_add(k, MT_FILTER_OPERATION, x->operation);
    if (x->status == 0)
        return;
    mt_put_decimal(&b, x->status);
    mt_known_add(k, MT_FILTER_STATUS, mt_buf_span(&b));
}

void mt_known_note(struct mt_known *k, const struct mt_snapshot *a)
{
    add_rows(k, &a->rows, NOTED_ROWS);
    for (size_t i = 0; i < a->exchanges_count && i < NOTED_ROWS; i++)
        add_exchange(k, &a->exchanges[i].x);
}

/* ---- the database itself ---- */

typedef int question(struct mt_store *s, const struct mt_ask *ask,
                     struct mt_answer *a);

static int ask_rows(struct mt_known *k, struct mt_store *s,
                    const struct mt_ask *ask, question *query)
{
    struct mt_answer a = {0};
    int rc = query(s, ask, &a);
    if (rc == 0)
        add_rows(k, &a, SIZE_MAX);
    mt_answer_free(&a);
    return rc;
}

static int ask_exchanges(struct mt_known *k, struct mt_store *s,
                         const struct mt_ask *ask)
{
    struct mt_scan scan = {.ask = *ask, .order = MT_NEWEST_FIRST};
    struct mt_rows *rows;
    const struct mt_exchange *x;
    int rc = mt_query_exchanges(s, &scan, &rows);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < ASKED_ROWS && (rc = mt_rows_next(rows, &x)) == 1;
         i++)
        add_exchange(k, x);
    mt_rows_free(rows);
    return rc;
}

int mt_known_ask(struct mt_known *k, struct mt_store *s, int64_t wall_ns)
{
    const struct mt_window_spec all = {.wall_ns = wall_ns};
    struct mt_ask ask = {.counts = true, .by_method = true};
    int rc = mt_query_window(s, &all, &ask.from_ns, &ask.to_ns);
    if (rc == 0)
        rc = ask_rows(k, s, &ask, mt_query_edges);
    if (rc == 0)
        rc = ask_rows(k, s, &ask, mt_query_routes);
    if (rc == 0)
        rc = ask_exchanges(k, s, &ask);
    return rc == MT_STORE_ENOMEM ? rc : 0;
}
