/* One exchange, and one trace. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "store/explained.h"
#include "store/export.h"
#include "web/answer.h"

enum { TRACE_DIGITS = 32, OPTION_BYTES = 32 };

static int no_such(struct mt_web_question *q, const char *what)
{
    return mt_web_problem(&q->problem, MT_WEB_NOT_FOUND, NULL,
                          "there is no %s '%.*s' in the database (any more)",
                          what, (int)(q->id.len < 64 ? q->id.len : 64),
                          (const char *)q->id.ptr);
}

static int find(struct mt_web_question *q, struct mt_rows **rows,
                const struct mt_exchange **x, uint64_t *id)
{
    if (mt_parse_u64(q->id, id) != 0)
        return no_such(q, "exchange");
    int rc = mt_query_exchange(q->store, *id, rows, x);
    return rc == MT_STORE_ENOTFOUND ? no_such(q, "exchange") : rc;
}

static void begin(struct mt_web_question *q, uint64_t id)
{
    char command[MT_WEB_COMMAND_BYTES], verb[OPTION_BYTES];
    (void)snprintf(verb, sizeof verb, "explain %llu", (unsigned long long)id);
    mt_web_command_put(
        q, &(struct mt_web_command){.verb = verb, .windowless = true}, command);
    mt_web_begin(q, command, NULL);
}

static void put_curl(struct mt_web_question *q, const struct mt_exchange *x)
{
    char text[MT_CURL_BYTES];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    if (mt_put_curl(&b, x))
        mt_web_span(q->out, ",curl", mt_buf_span(&b));
}

static int explain(struct mt_web_question *q, const struct mt_exchange *x,
                   uint64_t id)
{
    struct mt_explained *e = calloc(1, sizeof *e);
    struct mt_ladder *ladder = calloc(1, sizeof *ladder);
    int rc = e != NULL && ladder != NULL ? 0 : MT_STORE_ENOMEM;
    if (rc == 0) {
        e->x = x;
        rc = mt_query_attempts(q->store, x, &e->attempts);
    }
    if (rc == 0)
        rc = mt_query_trace(q->store, x, &e->trace);
    if (rc == 0 && q->site->ladder != NULL) {
        q->site->ladder(q->site->ladder_arg, q->store, x, ladder);
        e->ladder = ladder;
    }
    if (rc == 0) {
        begin(q, id);
        mt_out_char(q->out, ',');
        mt_explained_members(q->out, e);
        put_curl(q, x);
        mt_out_str(q->out, "}\n");
    }
    if (e != NULL)
        mt_trace_free(&e->trace);
    free(e);
    free(ladder);
    return rc;
}

int mt_web_exchange(struct mt_web_question *q)
{
    struct mt_rows *rows = NULL;
    const struct mt_exchange *x;
    uint64_t id;
    int rc = find(q, &rows, &x, &id);
    if (rc == 0)
        rc = explain(q, x, id);
    mt_rows_free(rows);
    return rc;
}

/* ---- a trace ---- */

/* -1: it is none. */
static int hex_digit(uint8_t c)
{
    c = mt_ascii_lower(c);
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* The newest exchange of a trace id. */
static int find_in_trace(struct mt_web_question *q, struct mt_rows **rows,
                         const struct mt_exchange **x)
{
    uint8_t bytes[TRACE_DIGITS / 2] = {0};
    for (size_t i = 0; i < TRACE_DIGITS; i++)
        bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | hex_digit(q->id.ptr[i]));
    const struct mt_scan scan = {.order = MT_NEWEST_FIRST,
                                 .all_time = true,
                                 .trace_id = {bytes, sizeof bytes}};
    int rc = mt_query_exchanges(q->store, &scan, rows);
    if (rc == 0)
        rc = mt_rows_next(*rows, x);
    return rc == 0 ? no_such(q, "trace") : rc < 0 ? rc : 0;
}

static bool is_trace_id(struct mt_span id)
{
    bool hex = id.len == TRACE_DIGITS;
    for (size_t i = 0; i < id.len && hex; i++)
        hex = hex_digit(id.ptr[i]) >= 0;
    return hex;
}

static int find_traced(struct mt_web_question *q, struct mt_rows **rows,
                       const struct mt_exchange **x)
{
    uint64_t id;
    if (is_trace_id(q->id))
        return find_in_trace(q, rows, x);
    if (mt_parse_u64(q->id, &id) == 0)
        return find(q, rows, x, &id);
    return mt_web_problem(&q->problem, MT_WEB_NOT_FOUND, NULL,
                          "'%.*s' is no trace id, which has %d hexadecimal "
                          "digits, and no number of an exchange",
                          (int)(q->id.len < 64 ? q->id.len : 64),
                          (const char *)q->id.ptr, TRACE_DIGITS);
}

int mt_web_trace(struct mt_web_question *q)
{
    struct mt_rows *rows = NULL;
    const struct mt_exchange *x = NULL;
    struct mt_trace t = {0};
    int rc = find_traced(q, &rows, &x);
    if (rc == 0)
        rc = mt_query_trace(q->store, x, &t);
    if (rc == 0) {
        begin(q, x->id);
        mt_web_count(q->out, ",around", x->id);
        mt_web_key(q->out, ",trace");
        mt_trace_json(q->out, &t);
        mt_out_str(q->out, "}\n");
    }
    mt_trace_free(&t);
    mt_rows_free(rows);
    return rc;
}
