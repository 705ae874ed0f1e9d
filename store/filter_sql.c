#include <sqlite3.h>
#include <stdio.h>

#include "store/filter_ast.h"

/* NOT stands before terms alone, around ifnull(): elsewhere a NULL comparison
 * is as good as a false one, all the way up.
 *
 * Value i is bound as :fa<i>, and :fb<i> where it has an upper end. Text
 * tests but the plainest are the C predicate's own, called from SQL with a
 * pointer to the value: both targets share one implementation. */

static const char pointer_type[] = "mt_filter_value";

static void put(struct mt_buf *b, const char *s)
{
    mt_put_str(b, s);
}

static void put_parameter(struct mt_buf *b, char end, unsigned i)
{
    put(b, ":f");
    mt_put_char(b, end);
    mt_put_decimal(b, i);
}

static void put_between(struct mt_buf *b, const char *column, unsigned i)
{
    put(b, column);
    put(b, " BETWEEN ");
    put_parameter(b, 'a', i);
    put(b, " AND ");
    put_parameter(b, 'b', i);
}

static void put_call(struct mt_buf *b, const char *column, unsigned i)
{
    put(b, "mt_filter_text(");
    put_parameter(b, 'a', i);
    mt_put_char(b, ',');
    put(b, column);
    mt_put_char(b, ')');
}

static bool is_plain(const struct value *v)
{
    return v->test == TEST_EXACT && !v->fold && !v->host && v->text.len > 0;
}

/* A text with a NUL in it, or bytes that are no UTF-8, compares as bytes in
 * SQLite too. */
static void put_value(struct mt_buf *b, const struct value *v, unsigned i,
                      const char *column)
{
    switch (v->test) {
    case TEST_RANGE:
    case TEST_BYTES:
    case TEST_NETWORK:
        put_between(b, column, i);
        return;
    case TEST_BITS:
        put(b, column);
        put(b, "&");
        put_parameter(b, 'a', i);
        return;
    default:
        if (!is_plain(v)) {
            put_call(b, column, i);
            return;
        }
        put(b, column);
        put(b, "=");
        put_parameter(b, 'a', i);
    }
}

static void put_term(const struct mt_filter *f, const struct term *t,
                     struct mt_buf *b)
{
    if (t->anywhere) {
        put(b, t->negated ? "NOT (" : "(");
        put_call(b, "authority", t->first);
        put(b, " OR ");
        put_call(b, "path", t->first);
        put(b, ")");
        return;
    }
    put(b, t->negated ? "NOT ifnull(" : "(");
    for (unsigned i = t->first; i < (unsigned)t->first + t->count; i++) {
        if (i > t->first)
            put(b, " OR ");
        put(b, "(");
        put_value(b, &f->values[i], i, filter_fields[t->field].column);
        put(b, ")");
    }
    put(b, t->negated ? ",0)" : ")");
}

struct writer {
    const struct mt_filter *f;
    struct mt_buf *b;
    bool windowless;
};

/* What SQLite's parser, whose stack has 100 places, needs for a node: the
 * child that needs most comes first, before anything waits on the stack. Then
 * each level of parentheses costs one place, and only equally deep siblings
 * cost more. */
static unsigned need(const struct mt_filter *f, uint16_t at, uint16_t *deepest)
{
    const struct node *n = &f->nodes[at];
    unsigned most = 0, second = 0;
    *deepest = NONE;
    if (n->kind == NODE_TERM)
        return 1;
    for (uint16_t c = n->first; c != NONE; c = f->nodes[c].next) {
        uint16_t ignored;
        unsigned k = need(f, c, &ignored);
        if (k > most) {
            second = most;
            most = k;
            *deepest = c;
        } else if (k > second) {
            second = k;
        }
    }
    second += 2;
    return (most > second ? most : second) + (n->kind == NODE_OR);
}

static void put_node(const struct writer *w, uint16_t at)
{
    const struct node *n = &w->f->nodes[at];
    uint16_t deepest;
    if (n->kind == NODE_TERM) {
        const struct term *t = &w->f->terms[n->term];
        if (t->window && w->windowless)
            put(w->b, "1");
        else
            put_term(w->f, t, w->b);
        return;
    }
    bool any = n->kind == NODE_OR;
    (void)need(w->f, at, &deepest);
    put(w->b, any ? "(" : "");
    put_node(w, deepest);
    for (uint16_t c = n->first; c != NONE; c = w->f->nodes[c].next)
        if (c != deepest) {
            put(w->b, any ? " OR " : " AND ");
            put_node(w, c);
        }
    put(w->b, any ? ")" : "");
}

void mt_filter_sql(const struct mt_filter *f, unsigned flags,
                   struct mt_buf *out)
{
    struct writer w = {.f = f,
                       .b = out,
                       .windowless = (flags & MT_FILTER_SQL_WINDOWLESS) != 0};
    if (f->root == NONE) {
        put(out, "(1)");
        return;
    }
    put(out, "(");
    put_node(&w, f->root);
    put(out, ")");
}

/* ---- binding ---- */

static int parameter(struct sqlite3_stmt *stmt, char end, unsigned i)
{
    char name[16];
    (void)snprintf(name, sizeof name, ":f%c%u", end, i);
    return sqlite3_bind_parameter_index(stmt, name);
}

/* IPv4 is an integer in the view, IPv6 a blob, so neither is between two of
 * the other. */
static int bind_network(struct sqlite3_stmt *stmt, int lo, int hi,
                        const struct value *v)
{
    uint8_t low[16], high[16];
    mt_cidr_range(&v->network, low, high);
    if (v->network.bits >= 96 && mt_ip_is_v4(v->network.ip)) {
        int rc = sqlite3_bind_int64(stmt, lo, mt_be32(low + 12));
        return rc != SQLITE_OK
                   ? rc
                   : sqlite3_bind_int64(stmt, hi, mt_be32(high + 12));
    }
    int rc = sqlite3_bind_blob(stmt, lo, low, 16, SQLITE_TRANSIENT);
    return rc != SQLITE_OK
               ? rc
               : sqlite3_bind_blob(stmt, hi, high, 16, SQLITE_TRANSIENT);
}

static int bind_bytes(struct sqlite3_stmt *stmt, int lo, int hi,
                      const struct value *v)
{
    int n = (int)v->width;
    int rc = sqlite3_bind_blob(stmt, lo, v->low, n, SQLITE_STATIC);
    return rc != SQLITE_OK
               ? rc
               : sqlite3_bind_blob(stmt, hi, v->high, n, SQLITE_STATIC);
}

static int bind_range(struct sqlite3_stmt *stmt, int lo, int hi,
                      const struct value *v)
{
    int rc = sqlite3_bind_int64(stmt, lo, v->lo);
    return rc != SQLITE_OK || hi == 0 ? rc
                                      : sqlite3_bind_int64(stmt, hi, v->hi);
}

static int bind_value(struct sqlite3_stmt *stmt, const struct value *v,
                      unsigned i)
{
    int lo = parameter(stmt, 'a', i), hi = parameter(stmt, 'b', i);
    if (lo == 0) /* left out with the window */
        return SQLITE_OK;
    switch (v->test) {
    case TEST_RANGE:
    case TEST_BITS:
        return bind_range(stmt, lo, hi, v);
    case TEST_BYTES:
        return bind_bytes(stmt, lo, hi, v);
    case TEST_NETWORK:
        return bind_network(stmt, lo, hi, v);
    default:
        if (is_plain(v))
            return sqlite3_bind_text(stmt, lo, (const char *)v->text.ptr,
                                     (int)v->text.len, SQLITE_STATIC);
        return sqlite3_bind_pointer(
            stmt, lo, (void *)(uintptr_t)(const void *)v, pointer_type, NULL);
    }
}

int mt_filter_bind(const struct mt_filter *f, struct sqlite3_stmt *stmt)
{
    int rc = SQLITE_OK;
    for (unsigned i = 0; i < f->values_count && rc == SQLITE_OK; i++)
        rc = bind_value(stmt, &f->values[i], i);
    return rc;
}

static void text_function(sqlite3_context *sql, int argc, sqlite3_value **argv)
{
    (void)argc;
    const struct value *v = sqlite3_value_pointer(argv[0], pointer_type);
    if (v == NULL) {
        sqlite3_result_error(sql, "mt_filter_text: for filters only", -1);
        return;
    }
    const void *text = sqlite3_value_text(argv[1]);
    size_t n = (size_t)sqlite3_value_bytes(argv[1]);
    struct mt_span s = {.ptr = text, .len = text != NULL ? n : 0};
    sqlite3_result_int(sql, filter_text_match(v, s));
}

int mt_filter_sql_register(struct sqlite3 *db)
{
    return sqlite3_create_function_v2(db, "mt_filter_text", 2,
                                      SQLITE_UTF8 | SQLITE_DETERMINISTIC |
                                          SQLITE_DIRECTONLY,
                                      NULL, text_function, NULL, NULL, NULL);
}
