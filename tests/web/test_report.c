/* A report is one file whose data end no script, the same bytes each time, and
 * no larger than was asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/web/some_site.h"
#include "web/report.h"
#include "web/report_page.h"

/* ---- what stands within a script ---- */

static const struct {
    const char *text, *escaped;
} vectors[] = {
    {"", ""},
    {"plain", "plain"},
    {"</script><img onerror=x>", "\\u003c/script>\\u003cimg onerror=x>"},
    {"<!--<script", "\\u003c!--\\u003cscript"},
    {"a\xe2\x80\xa8"
     "b\xe2\x80\xa9",
     "a\\u2028b\\u2029"},
    {"\xe2\x80\xa7\xe2\x80\xaa", "\xe2\x80\xa7\xe2\x80\xaa"},
    {"\xe2\x82\xac", "\xe2\x82\xac"},
    {"\xe2\xe2\x80\xa8", "\xe2\\u2028"},
    {"\xe2\x80\xe2\x80\xa9", "\xe2\x80\\u2029"},
    {"\xe2\x80<", "\xe2\x80\\u003c"},
    {"\xe2", "\xe2"},
    {"\xe2\x80", "\xe2\x80"},
};

static void assert_escaped(size_t vector, size_t cut)
{
    struct mt_span text = mt_span_str(vectors[vector].text);
    struct mt_web_body body = {.max = 1024};
    struct mt_web_escape e = {.to = mt_web_body_sink(&body)};
    struct mt_sink sink = mt_web_escape_sink(&e);
    assert_int_equal(sink.write(sink.arg, mt_span_take(&text, cut)), 0);
    assert_int_equal(sink.write(sink.arg, text), 0);
    assert_int_equal(mt_web_escape_end(&e), 0);
    assert_int_equal(body.len, strlen(vectors[vector].escaped));
    if (body.len > 0)
        assert_memory_equal(body.ptr, vectors[vector].escaped, body.len);
    free(body.ptr);
}

static void data_end_no_script(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        for (size_t cut = 0; cut <= strlen(vectors[i].text); cut++)
            assert_escaped(i, cut);
}

/* ---- the whole ---- */

static struct mt_web_body write_report(struct mt_web_report *r)
{
    static const struct mt_store_options unbounded;
    struct mt_web_body body = {.max = 64 << 20};
    assert_int_equal(mt_store_open(&r->store, some_site.db, &unbounded), 0);
    r->site = &some_site;
    r->label = "mesh.db";
    assert_int_equal(mt_web_report_write(r, mt_web_body_sink(&body)), 0);
    mt_store_free(r->store);
    return body;
}

static bool skips(void)
{
    return access(some_site.db, R_OK) != 0 || !mt_web_report_possible();
}

static size_t count(struct mt_span text, const char *what)
{
    size_t n = 0, len = strlen(what);
    const uint8_t *at;
    while ((at = memmem(text.ptr, text.len, what, len)) != NULL) {
        (void)mt_span_take(&text, (size_t)(at - text.ptr) + len);
        n++;
    }
    return n;
}

static void it_is_one_file(void **state)
{
    (void)state;
    if (skips())
        skip();
    struct mt_web_report r = {.exchanges_max = 30};
    struct mt_web_body b = write_report(&r);
    struct mt_span all = {b.ptr, b.len};
    struct mt_span mark = mt_web_report_mark();
    assert_true(mt_span_starts(all, mark));
    assert_int_equal(count(all, "<script"), 3);
    assert_int_equal(count(all, "</script"), 3);
    assert_int_equal(count(all, "<style"), 1);
    assert_int_equal(count(all, "<link rel=\"stylesheet\""), 0);
    assert_int_equal(count(all, " src=\"/"), 0);
    assert_int_equal(count(all, "connect-src 'none'"), 1);
    free(b.ptr);
}

static void the_same_rows_are_the_same_bytes(void **state)
{
    (void)state;
    if (skips())
        skip();
    struct mt_web_report one = {.exchanges_max = 30}, two = one;
    struct mt_web_body a = write_report(&one), b = write_report(&two);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.ptr, b.ptr, a.len);
    free(a.ptr);
    free(b.ptr);
}

static void it_holds_as_many_as_were_asked(void **state)
{
    static const uint64_t most[] = {1, 2, 3, 10, 265, 1000};
    size_t before = 0;
    (void)state;
    if (skips())
        skip();
    for (size_t i = 0; i < sizeof most / sizeof most[0]; i++) {
        struct mt_web_report r = {.exchanges_max = most[i]};
        struct mt_web_body b = write_report(&r);
        assert_int_equal(r.found, 266);
        assert_int_equal(r.exchanges, most[i] < 266 ? most[i] : 266);
        assert_int_equal(r.services, r.services_all);
        assert_true(b.len >= before);
        before = b.len;
        free(b.ptr);
    }
}

static void a_filter_narrows_it(void **state)
{
    (void)state;
    if (skips())
        skip();
    struct mt_web_report r = {.exchanges_max = 1000,
                              .filter = MT_SPAN("svc=cart or \"it's\"")};
    struct mt_web_body b = write_report(&r);
    assert_true(r.found > 0 && r.found < 266);
    assert_int_equal(r.exchanges, r.found);
    free(b.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_end_no_script),
        cmocka_unit_test(it_is_one_file),
        cmocka_unit_test(the_same_rows_are_the_same_bytes),
        cmocka_unit_test(it_holds_as_many_as_were_asked),
        cmocka_unit_test(a_filter_narrows_it),
    };
    return cmocka_run_group_tests_name("web/report", tests, NULL, NULL);
}
