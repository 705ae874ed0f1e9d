/* Tries find their request and it finds them, of one proxy alone. */
#include "some_attempts.h"

#include "store/attempts.h"

static struct mt_writer *proxy(const struct dir *d)
{
    return writer_open(d->db, (struct mt_writer_options){
                                  .kind = MT_WRITER_PROXY, .now_ns = T0});
}

static struct mt_attempts ask(const struct dir *d, uint64_t id)
{
    struct mt_store *s = store_open(d->db);
    struct mt_rows *rows;
    const struct mt_exchange *x;
    struct mt_attempts a;
    assert_int_equal(mt_query_exchange(s, id, &rows, &x), 0);
    assert_int_equal(mt_query_attempts(s, x, &a), 0);
    assert_true(a.complete);
    mt_rows_free(rows);
    mt_store_free(s);
    return a;
}

static const char *line_of(const struct mt_attempts *a, size_t i,
                           size_t columns)
{
    static char text[512];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    mt_attempts_put_line(&b, a, i, columns);
    text[b.len] = '\0';
    return text;
}

static const char *notes_of(const struct mt_attempts *a)
{
    static char text[512];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    mt_attempts_put_notes(&b, a);
    text[b.len] = '\0';
    return text;
}

static void a_request_shows_its_attempts(void **state)
{
    struct dir d;
    (void)state;
    dir_make(&d);
    struct mt_writer *w = proxy(&d);
    proxy_retries(w);
    writer_close(w);
    w = proxy(&d); /* another run, which counts its requests anew */
    proxy_retries(w);
    writer_close(w);
    for (uint64_t first = 1; first <= 4; first += 3) {
        struct mt_attempts a = ask(&d, first + 2);
        assert_int_equal(a.count, 2);
        assert_int_equal(a.request, first + 2);
        assert_int_equal(a.list[0].id, first);
        assert_int_equal(a.list[1].id, first + 1);
        assert_string_equal(line_of(&a, 0, 100),
                            " 1    +0ns  10.0.0.5:8080    12ms  reset by "
                            "server, before headers; again");
        assert_string_equal(line_of(&a, 1, 100),
                            " 2   +13ms  10.0.0.6:8080    28ms  503");
        assert_string_equal(line_of(&a, 1, 20),
                            " 2   +13ms  10.0.0.\xe2\x80\xa6");
        assert_string_equal(notes_of(&a), "");
    }
    struct mt_attempts a = ask(&d, 2); /* and the other way */
    assert_int_equal(a.request, 3);
    assert_true(a.list[1].here && !a.list[0].here);
    assert_string_equal(notes_of(&a), "of the request with the id 3\n");
    dir_remove(&d);
}

static void one_attempt_has_no_rows(void **state)
{
    struct dir d;
    (void)state;
    dir_make(&d);
    struct mt_writer *w = proxy(&d);
    struct mt_exchange x = proxied(1, T0);
    x.retry_of = 0;
    proxy_add(w, &x);
    x = tried(2, 1, T0 + MS, MS); /* its request was never written */
    proxy_add(w, &x);
    writer_close(w);
    struct mt_attempts a = ask(&d, 1);
    assert_int_equal(a.count, 0);
    assert_string_equal(notes_of(&a), "");
    a = ask(&d, 2);
    assert_int_equal(a.count, 1);
    assert_string_equal(notes_of(&a),
                        "the row of their request is not there\n");
    dir_remove(&d);
}

static void many_are_counted(void **state)
{
    struct dir d;
    (void)state;
    dir_make(&d);
    struct mt_writer *w = proxy(&d);
    for (uint32_t i = 40; i > 0; i--) { /* hedged: the last ends first */
        struct mt_exchange x = tried(3, i, T0 + (40 - i) * MS, 5 * MS);
        x.endpoint = MT_SPAN("\x1b[2J");
        proxy_add(w, &x);
    }
    struct mt_exchange x = proxied(3, T0 + 41 * MS);
    proxy_add(w, &x);
    writer_close(w);
    struct mt_attempts a = ask(&d, 41);
    assert_int_equal(a.count, MT_ATTEMPTS_MAX);
    assert_int_equal(a.seen, 40);
    assert_string_equal(notes_of(&a), "8 more are not shown\n");
    for (size_t i = 1; i < a.count; i++)
        assert_true(a.list[i].attempt > a.list[i - 1].attempt);
    assert_null(strchr(line_of(&a, 0, 100), '\x1b'));
    dir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_shows_its_attempts),
        cmocka_unit_test(one_attempt_has_no_rows),
        cmocka_unit_test(many_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
