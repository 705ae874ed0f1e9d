#include "store/hist_sql.h"

#include <sqlite3.h>

#include "base/hist.h"
#include "base/rc.h"

/* A query merges into one histogram at a time per group, of 64 KiB at most;
 * while it grows it is there twice. */
enum { POOL_BYTES = 256 << 10 };

struct state {
    struct mt_pool pool;
    struct mt_hist hist;
};

static void state_init(struct state *s)
{
    mt_pool_init(&s->pool, POOL_BYTES);
    mt_hist_init(&s->hist, &s->pool);
}

static void state_deinit(struct state *s)
{
    mt_hist_deinit(&s->hist);
    mt_pool_deinit(&s->pool);
}

/* Add a value of SQL; false when an error was reported. */
static bool add_value(sqlite3_context *sql, struct mt_hist *h,
                      sqlite3_value *value)
{
    int type = sqlite3_value_type(value);
    if (type == SQLITE_NULL)
        return true;
    int rc = MT_EPROTO;
    if (type == SQLITE_BLOB) {
        const void *bytes = sqlite3_value_blob(value);
        size_t n = (size_t)sqlite3_value_bytes(value);
        rc = mt_hist_decode(h, (struct mt_span){.ptr = bytes, .len = n});
    }
    if (rc == MT_EPROTO)
        sqlite3_result_error(sql, "not a histogram", -1);
    else if (rc != 0)
        sqlite3_result_error_nomem(sql);
    return rc == 0;
}

/* SQLite gives zeroed memory; its address stays. */
static struct state *merge_state(sqlite3_context *sql, bool make)
{
    struct state *s = sqlite3_aggregate_context(sql, make ? (int)sizeof *s : 0);
    if (s != NULL && s->hist.pool == NULL)
        state_init(s);
    return s;
}

static void merge_step(sqlite3_context *sql, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct state *s = merge_state(sql, true);
    if (s == NULL)
        sqlite3_result_error_nomem(sql);
    else
        (void)add_value(sql, &s->hist, argv[0]);
}

static void merge_final(sqlite3_context *sql)
{
    struct state *s = merge_state(sql, false);
    if (s == NULL || s->hist.count == 0) {
        sqlite3_result_null(sql);
    } else {
        /* no count takes more than 8 bytes, as it fits 52 bits */
        size_t room = 48 + (size_t)s->hist.used * MT_VARINT_MAX;
        uint8_t *bytes = sqlite3_malloc64(room);
        struct mt_buf b = mt_buf_of(bytes, room);
        if (bytes == NULL) {
            sqlite3_result_error_nomem(sql);
        } else {
            mt_hist_encode(&s->hist, &b);
            sqlite3_result_blob64(sql, bytes, b.len, sqlite3_free);
        }
    }
    if (s != NULL)
        state_deinit(s);
}

static void quantile(sqlite3_context *sql, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct state s;
    state_init(&s);
    if (add_value(sql, &s.hist, argv[0])) {
        int64_t ns = mt_hist_quantile(&s.hist, sqlite3_value_double(argv[1]));
        if (ns >= 0)
            sqlite3_result_int64(sql, ns);
    }
    state_deinit(&s);
}

static void count(sqlite3_context *sql, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct state s;
    state_init(&s);
    if (add_value(sql, &s.hist, argv[0]))
        sqlite3_result_int64(sql, (sqlite3_int64)s.hist.count);
    state_deinit(&s);
}

static void sum(sqlite3_context *sql, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct state s;
    state_init(&s);
    if (add_value(sql, &s.hist, argv[0]))
        sqlite3_result_int64(sql, s.hist.sum_ns > INT64_MAX
                                      ? INT64_MAX
                                      : (sqlite3_int64)s.hist.sum_ns);
    state_deinit(&s);
}

int mt_hist_sql_register(struct sqlite3 *db)
{
    static const struct {
        const char *name;
        int args;
        void (*scalar)(sqlite3_context *, int, sqlite3_value **);
        void (*step)(sqlite3_context *, int, sqlite3_value **);
        void (*final)(sqlite3_context *);
    } rows[] = {
        {"hist_merge", 1, NULL, merge_step, merge_final},
        {"hist_quantile", 2, quantile, NULL, NULL},
        {"hist_count", 1, count, NULL, NULL},
        {"hist_sum", 1, sum, NULL, NULL},
    };
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    int rc = SQLITE_OK;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && rc == 0; i++)
        rc = sqlite3_create_function_v2(db, rows[i].name, rows[i].args, flags,
                                        NULL, rows[i].scalar, rows[i].step,
                                        rows[i].final, NULL);
    return rc;
}
