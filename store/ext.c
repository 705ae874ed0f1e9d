#include "store/ext.h"

#include <sqlite3.h>

#include "store/open.h"
#include "store/shape.h"

enum { LIST_MAX = 512 }; /* fields of one message, attributes */

int64_t mt_ext_lag_ns(const struct mt_exchange *x, int64_t t)
{
    return mt_ns_sub(x->end_ns, t);
}

/* --- writing --- */

static void put_string(struct mt_buf *b, struct mt_span s)
{
    mt_put_char(b, '"');
    for (size_t i = 0, from = 0; i <= s.len; i++) {
        bool end = i == s.len;
        if (!end && s.ptr[i] >= 0x20 && s.ptr[i] != '"' && s.ptr[i] != '\\')
            continue;
        struct mt_span plain = s;
        if (i > from) {
            (void)mt_span_take(&plain, from);
            plain.len = i - from;
            mt_put_span(b, plain);
        }
        from = i + 1;
        if (!end) {
            mt_put_str(b, "\\u00");
            mt_put_hex(b, &s.ptr[i], 1);
        }
    }
    mt_put_char(b, '"');
}

static void put_key(struct mt_buf *b, const char *key)
{
    mt_put_char(b, b->len == 0 ? '{' : ',');
    mt_put_char(b, '"');
    mt_put_str(b, key);
    mt_put_str(b, "\":");
}

static void put_text(struct mt_buf *b, const char *key, struct mt_span s)
{
    if (s.len == 0)
        return;
    put_key(b, key);
    put_string(b, s);
}

static void put_number(struct mt_buf *b, const char *key, int64_t v)
{
    if (v == 0)
        return;
    put_key(b, key);
    if (v < 0)
        mt_put_char(b, '-');
    mt_put_decimal(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static void put_fields(struct mt_buf *b, const char *key, struct mt_fields f)
{
    if (f.count == 0)
        return;
    put_key(b, key);
    for (uint32_t i = 0; i < f.count && i < LIST_MAX; i++) {
        mt_put_str(b, i == 0 ? "[[" : ",[");
        put_string(b, f.list[i].name);
        mt_put_char(b, ',');
        put_string(b, f.list[i].value);
        mt_put_char(b, ']');
    }
    mt_put_char(b, ']');
}

static int64_t many_messages(uint32_t n)
{
    return n > MT_SHAPE_MESSAGES_MAX ? (int64_t)n : 0;
}

/* The number stays in what JSON and SQLite read as an integer. */
static int64_t bounded(uint64_t v)
{
    return v <= INT64_MAX ? (int64_t)v : INT64_MAX;
}

/* end_ns, dur, ttfb and req say all where the response was the last thing
 * seen and its request was seen, too. */
static void put_times(struct mt_buf *b, const struct mt_exchange *x)
{
    if (x->resp.start_ns == 0)
        return;
    if (x->req.start_ns == 0) { /* 0 says something, too */
        int64_t lag = mt_ext_lag_ns(x, x->resp.start_ns);
        put_key(b, "resp_start_lag_ns");
        if (lag < 0)
            mt_put_char(b, '-');
        mt_put_decimal(b, lag < 0 ? 0 - (uint64_t)lag : (uint64_t)lag);
    }
    if (x->resp.end_ns == 0)
        put_number(b, "resp_open", 1);
    else
        put_number(b, "resp_end_lag_ns", mt_ext_lag_ns(x, x->resp.end_ns));
}

void mt_ext_encode(const struct mt_exchange *x, struct mt_buf *out)
{
    put_times(out, x);
    put_text(out, "request_id", x->request_id);
    put_text(out, "error_message", x->error_message);
    put_number(out, "dup_packets", x->dup_packets);
    put_number(out, "req_retransmissions", x->req.retransmissions);
    put_number(out, "resp_retransmissions", x->resp.retransmissions);
    put_number(out, "req_gap_bytes", bounded(x->req.gap_bytes));
    put_number(out, "resp_gap_bytes", bounded(x->resp.gap_bytes));
    put_number(out, "req_messages", many_messages(x->req.messages));
    put_number(out, "resp_messages", many_messages(x->resp.messages));
    put_number(out, "grpc_timeout_ns", x->grpc_timeout_ns);
    put_number(out, "retry_of", bounded(x->retry_of));
    put_number(out, "connect_ns", x->connect_ns);
    put_number(out, "endpoints", x->endpoints);
    put_number(out, "endpoints_out", x->endpoints_out);
    put_number(out, "budget_used", x->budget_used);
    put_number(out, "budget_allowed", x->budget_allowed);
    put_fields(out, "attrs", x->attrs);
    put_fields(out, "req_fields", x->req_fields);
    put_fields(out, "resp_fields", x->resp_fields);
    if (out->len > 0)
        mt_put_char(out, '}');
}

/* --- reading --- */

struct reader {
    struct mt_cursor c;
    struct mt_arena *arena;
    struct mt_exchange *x;
    bool no_memory;
};

static void *allocate(struct reader *r, size_t bytes)
{
    void *p = mt_arena_alloc(r->arena, bytes);
    r->no_memory = p == NULL;
    return p;
}

static bool take(struct reader *r, char want)
{
    if (r->c.rest.len == 0 || r->c.rest.ptr[0] != (uint8_t)want)
        return false;
    (void)mt_get_u8(&r->c);
    return true;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \u00XX, the one escape that is written. */
static bool read_escape(struct reader *r, uint8_t *out)
{
    struct mt_span e = mt_get_span(&r->c, 5);
    if (e.len != 5 || !mt_span_starts(e, MT_SPAN("u00")))
        return false;
    int high = hex_digit(e.ptr[3]), low = hex_digit(e.ptr[4]);
    if (high < 0 || low < 0)
        return false;
    *out = (uint8_t)(high * 16 + low);
    return true;
}

static bool read_string(struct reader *r, struct mt_span *out)
{
    if (!take(r, '"'))
        return false;
    size_t end = mt_span_find(r->c.rest, '"'); /* no escape holds one */
    if (end == r->c.rest.len)
        return false;
    uint8_t *copy = NULL;
    if (end > 0 && (copy = allocate(r, end)) == NULL)
        return false;
    size_t n = 0, stop = r->c.rest.len - end;
    while (r->c.rest.len > stop) {
        uint8_t byte = mt_get_u8(&r->c);
        if (byte == '\\' && !read_escape(r, &byte))
            return false;
        copy[n++] = byte;
    }
    *out = (struct mt_span){.ptr = copy, .len = n};
    return take(r, '"');
}

static bool read_number(struct reader *r, int64_t *out)
{
    bool negative = take(r, '-');
    int64_t v = 0;
    size_t digits = 0;
    for (; r->c.rest.len > 0; digits++) {
        int digit = r->c.rest.ptr[0] - '0';
        if (digit < 0 || digit > 9)
            break;
        (void)mt_get_u8(&r->c);
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, negative ? -digit : digit, &v))
            return false;
    }
    *out = v;
    return digits > 0;
}

static bool read_pair(struct reader *r, struct mt_field *f)
{
    return take(r, '[') && read_string(r, &f->name) && take(r, ',') &&
           read_string(r, &f->value) && take(r, ']');
}

static bool read_fields(struct reader *r, struct mt_fields *out)
{
    struct mt_field *list = allocate(r, LIST_MAX * sizeof *list);
    if (list == NULL || !take(r, '['))
        return false;
    uint32_t n = 0;
    do {
        if (n == LIST_MAX || !read_pair(r, &list[n]))
            return false;
        n++;
    } while (take(r, ','));
    *out = (struct mt_fields){.list = list, .count = n};
    return take(r, ']');
}

static uint32_t u32_of(int64_t v)
{
    return v < 0 ? 0 : v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static void set_time(struct mt_exchange *x, struct mt_span key, int64_t v)
{
    if (mt_span_eq(key, MT_SPAN("resp_open")))
        x->resp.end_ns = 0;
    else if (mt_span_eq(key, MT_SPAN("resp_end_lag_ns")))
        x->resp.end_ns = mt_ns_sub(x->end_ns, v);
    else if (mt_span_eq(key, MT_SPAN("resp_start_lag_ns"))) {
        x->resp.start_ns = mt_ns_sub(x->end_ns, v);
        x->resp.end_ns = x->end_ns; /* but for what follows */
    }
}

/* Counters; they are as wide as their field. */
static bool set_count(struct mt_exchange *x, struct mt_span key, int64_t v)
{
    const struct {
        const char *key;
        uint32_t *narrow;
        uint64_t *wide;
    } counts[] = {
        {"dup_packets", &x->dup_packets, NULL},
        {"req_retransmissions", &x->req.retransmissions, NULL},
        {"resp_retransmissions", &x->resp.retransmissions, NULL},
        {"req_messages", &x->req.messages, NULL},
        {"resp_messages", &x->resp.messages, NULL},
        {"endpoints", &x->endpoints, NULL},
        {"endpoints_out", &x->endpoints_out, NULL},
        {"budget_used", &x->budget_used, NULL},
        {"budget_allowed", &x->budget_allowed, NULL},
        {"req_gap_bytes", NULL, &x->req.gap_bytes},
        {"resp_gap_bytes", NULL, &x->resp.gap_bytes},
        {"retry_of", NULL, &x->retry_of},
    };
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (!mt_span_eq(key, mt_span_str(counts[i].key)))
            continue;
        if (counts[i].narrow != NULL)
            *counts[i].narrow = u32_of(v);
        else
            *counts[i].wide = v > 0 ? (uint64_t)v : 0;
        return true;
    }
    return false;
}

/* A number of a row; one whose name is not known is passed over. */
static void set_number(struct mt_exchange *x, struct mt_span key, int64_t v)
{
    if (mt_span_eq(key, MT_SPAN("grpc_timeout_ns")))
        x->grpc_timeout_ns = v;
    else if (mt_span_eq(key, MT_SPAN("connect_ns")))
        x->connect_ns = v;
    else if (!set_count(x, key, v))
        set_time(x, key, v);
}

static void set_text(struct mt_exchange *x, struct mt_span key,
                     struct mt_span v)
{
    if (mt_span_eq(key, MT_SPAN("request_id")))
        x->request_id = v;
    else if (mt_span_eq(key, MT_SPAN("error_message")))
        x->error_message = v;
}

static void set_fields(struct mt_exchange *x, struct mt_span key,
                       struct mt_fields v)
{
    if (mt_span_eq(key, MT_SPAN("attrs")))
        x->attrs = v;
    else if (mt_span_eq(key, MT_SPAN("req_fields")))
        x->req_fields = v;
    else if (mt_span_eq(key, MT_SPAN("resp_fields")))
        x->resp_fields = v;
}

static bool read_member(struct reader *r)
{
    struct mt_span key, text;
    struct mt_fields fields;
    int64_t number;
    if (!read_string(r, &key) || !take(r, ':') || r->c.rest.len == 0)
        return false;
    switch (r->c.rest.ptr[0]) {
    case '"':
        if (!read_string(r, &text))
            return false;
        set_text(r->x, key, text);
        return true;
    case '[':
        if (!read_fields(r, &fields))
            return false;
        set_fields(r->x, key, fields);
        return true;
    default:
        if (!read_number(r, &number))
            return false;
        set_number(r->x, key, number);
        return true;
    }
}

static bool read_object(struct reader *r)
{
    if (!take(r, '{'))
        return false;
    do {
        if (!read_member(r))
            return false;
    } while (take(r, ','));
    return take(r, '}') && r->c.rest.len == 0;
}

int mt_ext_decode(struct mt_exchange *x, struct mt_span text,
                  struct mt_arena *arena)
{
    struct reader r = {.c = mt_cursor_of(text), .arena = arena, .x = x};
    if (read_object(&r))
        return 0;
    return r.no_memory ? MT_STORE_ENOMEM : MT_STORE_ECORRUPT;
}

/* --- in SQL --- */

/* Behind a value that begins here. Strings and lists are skipped by their
 * quotes and brackets: no string holds a raw quote. */
static bool skip_value(struct mt_cursor *c)
{
    unsigned depth = 0;
    bool quoted = false;
    while (c->rest.len > 0) {
        uint8_t byte = c->rest.ptr[0];
        if (!quoted && depth == 0 && (byte == ',' || byte == '}'))
            return true;
        (void)mt_get_u8(c);
        if (byte == '"')
            quoted = !quoted;
        else if (!quoted && byte == '[')
            depth++;
        else if (!quoted && byte == ']' && depth > 0)
            depth--;
    }
    return false;
}

/* The raw value of a member; empty if it is not there. */
static struct mt_span find_member(struct mt_span text, struct mt_span key)
{
    struct mt_cursor c = mt_cursor_of(text);
    struct mt_span value = {.ptr = NULL, .len = 0};
    (void)mt_get_u8(&c); /* { */
    while (c.rest.len > 0) {
        (void)mt_get_u8(&c); /* the quote */
        struct mt_span name = mt_get_span(&c, mt_span_find(c.rest, '"'));
        (void)mt_get_span(&c, 2); /* ": */
        struct mt_span rest = c.rest;
        if (c.bad || !skip_value(&c))
            break;
        if (mt_span_eq(name, key)) {
            value = rest;
            value.len = rest.len - c.rest.len;
            break;
        }
        (void)mt_get_u8(&c); /* , or } */
    }
    return value;
}

static void give_string(sqlite3_context *out, struct mt_span raw)
{
    struct mt_cursor c = mt_cursor_of(raw);
    (void)mt_get_u8(&c);
    char *text = sqlite3_malloc64(raw.len);
    if (text == NULL) {
        sqlite3_result_error_nomem(out);
        return;
    }
    struct reader r = {.c = c};
    size_t n = 0;
    while (r.c.rest.len > 0 && r.c.rest.ptr[0] != '"') {
        uint8_t byte = mt_get_u8(&r.c);
        if (byte == '\\' && !read_escape(&r, &byte))
            break;
        text[n++] = (char)byte;
    }
    sqlite3_result_text64(out, text, n, sqlite3_free, SQLITE_UTF8);
}

static void extract(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    const uint8_t *text = sqlite3_value_text(argv[0]);
    const uint8_t *path = sqlite3_value_text(argv[1]);
    if (text == NULL || path == NULL)
        return;
    struct mt_span json = {.ptr = text,
                           .len = (size_t)sqlite3_value_bytes(argv[0])};
    struct mt_span key = {.ptr = path,
                          .len = (size_t)sqlite3_value_bytes(argv[1])};
    if (!mt_span_starts(key, MT_SPAN("$.")))
        return;
    (void)mt_span_take(&key, 2);
    struct mt_span raw = find_member(json, key);
    if (raw.len == 0)
        return;
    if (raw.ptr[0] == '"') {
        give_string(out, raw);
        return;
    }
    int64_t number;
    struct reader r = {.c = mt_cursor_of(raw)};
    if (raw.ptr[0] != '[' && read_number(&r, &number))
        sqlite3_result_int64(out, number);
    else
        sqlite3_result_text64(out, (const char *)raw.ptr, raw.len,
                              SQLITE_TRANSIENT, SQLITE_UTF8);
}

int mt_ext_register(sqlite3 *db)
{
    return sqlite3_create_function_v2(db, "json_extract", 2,
                                      SQLITE_UTF8 | SQLITE_DETERMINISTIC |
                                          SQLITE_INNOCUOUS,
                                      NULL, extract, NULL, NULL, NULL);
}
