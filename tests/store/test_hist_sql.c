#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <string.h>

#include "base/hist.h"
#include "store/hist_sql.h"

static sqlite3 *db;

static int setup(void **state)
{
    (void)state;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
        mt_hist_sql_register(db) != SQLITE_OK)
        return -1;
    return sqlite3_exec(db, "CREATE TABLE t(g, h BLOB)", NULL, NULL, NULL);
}

static int teardown(void **state)
{
    (void)state;
    return sqlite3_close(db);
}

static void insert(int group, int64_t first, int64_t n)
{
    struct mt_pool pool;
    struct mt_hist h;
    uint8_t bytes[4096];
    mt_pool_init(&pool, 1 << 20);
    mt_hist_init(&h, &pool);
    for (int64_t i = 0; i < n; i++)
        assert_true(mt_hist_add(&h, first + i));
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_hist_encode(&h, &b);
    assert_false(b.full);
    mt_hist_deinit(&h);
    mt_pool_deinit(&pool);

    sqlite3_stmt *s;
    assert_int_equal(
        sqlite3_prepare_v2(db, "INSERT INTO t VALUES(?, ?)", -1, &s, NULL),
        SQLITE_OK);
    sqlite3_bind_int(s, 1, group);
    sqlite3_bind_blob(s, 2, bytes, (int)b.len, SQLITE_TRANSIENT);
    assert_int_equal(sqlite3_step(s), SQLITE_DONE);
    sqlite3_finalize(s);
}

/* The first column of the first row as text; "NULL", or the error. */
static const char *ask(const char *sql)
{
    static char out[128];
    sqlite3_stmt *s;
    const char *text = sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK &&
                               sqlite3_step(s) == SQLITE_ROW
                           ? (const char *)sqlite3_column_text(s, 0)
                           : sqlite3_errmsg(db);
    strncpy(out, text != NULL ? text : "NULL", sizeof out - 1);
    sqlite3_finalize(s);
    return out;
}

static void test_merge_and_quantile(void **state)
{
    (void)state;
    insert(1, 1, 50);
    insert(1, 51, 50);
    insert(2, 7, 1);
    assert_string_equal(
        ask("SELECT hist_quantile(hist_merge(h), 0.5) FROM t WHERE g=1"), "50");
    assert_string_equal(
        ask("SELECT group_concat(n) FROM (SELECT hist_count(hist_merge(h)) n"
            " FROM t GROUP BY g)"),
        "100,1");
    assert_string_equal(ask("SELECT hist_sum(hist_merge(h)) FROM t"), "5057");
    assert_string_equal(ask("SELECT hist_quantile(h, 1) FROM t WHERE g=2"),
                        "7");
}

static void test_empty(void **state)
{
    (void)state;
    assert_string_equal(ask("SELECT hist_merge(h) FROM t WHERE g=9"), "NULL");
    assert_string_equal(ask("SELECT hist_merge(NULL)"), "NULL");
    assert_string_equal(ask("SELECT hist_quantile(NULL, 0.5)"), "NULL");
    assert_string_equal(ask("SELECT hist_quantile(x'', 0.5)"), "NULL");
    assert_string_equal(ask("SELECT hist_count(NULL)"), "0");
}

static void test_foreign_values_are_errors(void **state)
{
    (void)state;
    assert_string_equal(ask("SELECT hist_count(x'ff')"), "not a histogram");
    assert_string_equal(ask("SELECT hist_count('text')"), "not a histogram");
    assert_string_equal(ask("SELECT hist_merge(5)"), "not a histogram");
    assert_string_equal(ask("SELECT hist_quantile(x'0201', 0.5)"),
                        "not a histogram");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_and_quantile),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_foreign_values_are_errors),
    };
    return cmocka_run_group_tests_name("store/hist_sql", tests, setup,
                                       teardown);
}
