/* What differs between two windows: what is told, what is not, in which order
 * and in which words. */
#include "store_fixture.h"

#include "base/text.h"
#include "store/changes.h"

/* ---- the comparison ---- */

struct spec {
    int64_t service;
    const char *route;
    unsigned requests, failures;
    int p95_ms;
};

enum { SECONDS = 10, ROWS = 8 };

static struct mt_row row_of(const struct spec *s)
{
    static const char *const names[] = {"", "cart", "stock", "users"};
    struct mt_row r = {.seconds = SECONDS,
                       .server_id = s->service,
                       .server = names[s->service],
                       .client = "",
                       .method = s->route != NULL ? "GET" : "",
                       .route = s->route != NULL ? s->route : "",
                       .endpoint = "",
                       .latencies = s->requests};
    r.counts.exchanges = s->requests;
    r.counts.failure = s->failures;
    r.counts.ok = s->requests - s->failures;
    r.success = s->requests > 0 ? 1.0 - (double)s->failures / s->requests : -1;
    r.rps = (double)s->requests / SECONDS;
    for (unsigned i = 0; i < MT_QUANTILES; i++)
        r.quantile_ns[i] = s->p95_ms * MS;
    return r;
}

struct window {
    struct mt_row rows[ROWS];
    struct mt_answer answer;
};

static void fill(struct window *w, const struct spec *specs)
{
    *w = (struct window){.answer = {.rows = w->rows}};
    w->answer.total.seconds = SECONDS;
    while (specs[w->answer.count].service != 0) {
        w->rows[w->answer.count] = row_of(&specs[w->answer.count]);
        w->answer.count++;
    }
}

/* Each change on a line of its own. */
static const char *compare(const struct spec *was, const struct spec *is,
                           bool routes)
{
    static char text[4096];
    struct window before, now;
    struct mt_changes c = {.count = 0};
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    const struct mt_value_style style = {.ascii = true};
    fill(&before, was);
    fill(&now, is);
    assert_int_equal(
        mt_changes_compare(&c, &before.answer, &now.answer, routes), 0);
    mt_changes_order(&c);
    for (size_t i = 0; i < c.count; i++) {
        mt_put_str(&b, c.list[i].worse ? "- " : "+ ");
        mt_put_change(&b, &c.list[i], &style);
        mt_put_char(&b, '\n');
    }
    text[b.len] = '\0';
    return text;
}

static void test_what_is_told(void **state)
{
    (void)state;
    static const struct {
        struct spec was[4], is[4];
        const char *says;
    } cases[] = {
        {{{1, "/a", 1000, 2, 10}},
         {{1, "/a", 1000, 88, 10}},
         "- cart GET /a: success 99.8 % -> 91.2 %\n"},
        {{{1, "/a", 1000, 88, 10}},
         {{1, "/a", 1000, 2, 10}},
         "+ cart GET /a: success 91.2 % -> 99.8 %\n"},
        {{{1, "/a", 1000, 0, 10}},
         {{1, "/a", 1000, 0, 40}},
         "- cart GET /a: p95 10ms -> 40ms\n"},
        {{{1, "/a", 1000, 0, 40}},
         {{1, "/a", 1000, 0, 10}},
         "+ cart GET /a: p95 40ms -> 10ms\n"},
        {{{1, "/a", 1000, 0, 10}},
         {{1, "/a", 500, 0, 10}},
         "- cart GET /a: requests per second 100 -> 50.0\n"},
        {{{0}},
         {{1, "/a", 500, 0, 10}},
         "+ cart GET /a: new, 50.0 requests per second\n"},
        {{{1, "/a", 500, 0, 10}},
         {{0}},
         "- cart GET /a: no request any more, 50.0 per second before\n"},
        /* nothing is told of chance, of too few, of too little */
        {{{1, "/a", 100, 1, 10}}, {{1, "/a", 100, 4, 10}}, ""},
        {{{1, "/a", 19, 0, 10}}, {{1, "/a", 19, 19, 10}}, ""},
        {{{1, "/a", 1000000, 0, 10}}, {{1, "/a", 1000000, 4000, 10}}, ""},
        {{{1, "/a", 59, 0, 10}}, {{1, "/a", 59, 0, 400}}, ""},
        {{{1, "/a", 1000, 0, 10}}, {{1, "/a", 1000, 0, 14}}, ""},
        {{{1, "/a", 1000, 0, 10}}, {{1, "/a", 1400, 0, 10}}, ""},
        {{{0}}, {{1, "/a", 19, 0, 10}}, ""},
        {{{0}}, {{0}}, ""},
        /* and what is enough */
        {{{1, "/a", 20, 0, 10}},
         {{1, "/a", 20, 20, 10}},
         "- cart GET /a: success 100.0 % -> 0 %\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(compare(cases[i].was, cases[i].is, true),
                            cases[i].says);
}

/* Rows are paired by their keys, whatever their order in the answers. */
static void test_pairs(void **state)
{
    (void)state;
    static const struct spec was[] = {{2, "/b", 1000, 0, 10},
                                      {1, "/b", 1000, 0, 10},
                                      {1, "/a", 1000, 0, 10},
                                      {0}},
                             is[] = {{1, "/a", 1000, 100, 10},
                                     {3, "/a", 1000, 0, 10},
                                     {2, "/b", 1000, 0, 10},
                                     {0}};
    assert_string_equal(compare(was, is, true),
                        "- cart GET /a: success 100.0 % -> 90.0 %\n"
                        "- cart GET /b: no request any more, 100 per second "
                        "before\n"
                        "+ users GET /a: new, 100 requests per second\n");
}

/* Worse before better, success before latency, and much before little. */
static void test_order(void **state)
{
    (void)state;
    static const struct spec was[] = {{1, "/few", 100, 0, 10},
                                      {1, "/many", 10000, 0, 10},
                                      {1, "/slow", 1000, 0, 10},
                                      {1, "/well", 10000, 9000, 10},
                                      {0}},
                             is[] = {{1, "/few", 100, 50, 10},
                                     {1, "/many", 10000, 1000, 10},
                                     {1, "/slow", 1000, 0, 90},
                                     {1, "/well", 10000, 0, 10},
                                     {0}};
    assert_string_equal(compare(was, is, true),
                        "- cart GET /many: success 100.0 % -> 90.0 %\n"
                        "- cart GET /few: success 100.0 % -> 50.0 %\n"
                        "- cart GET /slow: p95 10ms -> 90ms\n"
                        "+ cart GET /well: success 10.0 % -> 100.0 %\n");
}

static void test_a_service_whose_route_says_it(void **state)
{
    (void)state;
    static const struct spec route_was[] = {{1, "/a", 1000, 0, 10}, {0}},
                             route_is[] = {{1, "/a", 1000, 500, 10}, {0}},
                             was[] = {{1, NULL, 1000, 0, 10},
                                      {2, NULL, 1000, 0, 10},
                                      {0}},
                             is[] = {{1, NULL, 1000, 500, 50},
                                     {2, NULL, 1000, 500, 10},
                                     {0}};
    struct window w[4];
    struct mt_changes c = {.count = 0};
    fill(&w[0], route_was);
    fill(&w[1], route_is);
    fill(&w[2], was);
    fill(&w[3], is);
    assert_int_equal(mt_changes_compare(&c, &w[0].answer, &w[1].answer, true),
                     0);
    assert_int_equal(mt_changes_compare(&c, &w[2].answer, &w[3].answer, false),
                     0);
    assert_int_equal(c.count, 4);
    mt_changes_order(&c);
    assert_int_equal(c.count, 3); /* cart's success is its route's */
    unsigned services = 0;
    for (size_t i = 0; i < c.count; i++)
        services += !c.list[i].route;
    assert_int_equal(services, 2);
}

static void test_more_than_are_kept(void **state)
{
    (void)state;
    enum { MANY = MT_CHANGES_MAX + 7 };
    static char names[MANY][8];
    static struct mt_row rows[2][MANY];
    struct mt_answer a[2] = {{.rows = rows[0], .count = MANY},
                             {.rows = rows[1], .count = MANY}};
    struct mt_changes c = {.count = 0};
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(names[i], sizeof names[i], "/%u", i);
        rows[0][i] = row_of(&(struct spec){1, names[i], 1000, 0, 10});
        rows[1][i] = row_of(&(struct spec){1, names[i], 1000, 500, 10});
    }
    a[0].total.seconds = a[1].total.seconds = SECONDS;
    assert_int_equal(mt_changes_compare(&c, &a[0], &a[1], true), 0);
    assert_int_equal(c.count, MT_CHANGES_MAX);
    assert_int_equal(c.more, 7);
}

/* ---- the question ---- */

/* 20 s: each second ten requests, of which from second 10 on every other
 * fails. */
static void write_rows(const char *db)
{
    struct mt_writer *w = writer_open(db, (struct mt_writer_options){0});
    for (int i = 0; i < 200; i++) {
        struct mt_exchange x = simple(T0 + i * 100 * MS);
        if (i >= 100 && i % 2 == 0) {
            x.status = 500;
            x.outcome = MT_OUTCOME_FAILURE;
        }
        writer_add(w, &x);
    }
    writer_close(w);
}

static const char *ask_changes(struct mt_store *s, int64_t from_ns,
                               int64_t to_ns, int64_t *was_from_ns)
{
    static char text[1024];
    struct mt_changes c;
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    const struct mt_value_style style = {.ascii = true};
    const struct mt_ask ask = {.from_ns = from_ns, .to_ns = to_ns};
    assert_int_equal(mt_query_changes(s, &ask, &c), 0);
    for (size_t i = 0; i < c.count; i++) {
        mt_put_change(&b, &c.list[i], &style);
        mt_put_char(&b, '\n');
    }
    *was_from_ns = c.was.from_ns;
    assert_int_equal(c.was.to_ns, c.is.from_ns);
    mt_changes_free(&c);
    text[b.len] = '\0';
    return text;
}

static void test_windows(void **state)
{
    (void)state;
    struct dir d;
    int64_t was;
    dir_make(&d);
    write_rows(d.db);
    struct mt_store *s = store_open(d.db);
    static const char fails[] =
        "10.0.0.1:8080 GET /cart: success 100.0 % -> 50.0 %\n";
    /* the window before */
    assert_string_equal(ask_changes(s, T0 + 10 * S, T0 + 15 * S, &was), fails);
    assert_int_equal(was, T0 + 5 * S);
    /* less lies before than the window is long */
    assert_string_equal(ask_changes(s, T0 + 10 * S, T0 + 25 * S, &was), fails);
    assert_true(was >= T0 - S && was < T0 + S);
    /* neither begins with a second, nor with a cell of routes */
    assert_string_equal(ask_changes(s, T0 + 10 * S - 3 * MS, T0 + 15 * S, &was),
                        fails);
    assert_int_equal(was, T0 + 5 * S - 6 * MS);
    /* nothing lies before: its halves */
    assert_string_equal(ask_changes(s, T0 - 5 * S, T0 + 20 * S, &was), fails);
    /* nothing is there at all */
    assert_string_equal(ask_changes(s, T0 - 20 * S, T0 - 10 * S, &was), "");
    assert_string_equal(ask_changes(s, T0 + 80 * S, T0 + 90 * S, &was), "");
    /* nothing differs */
    assert_string_equal(ask_changes(s, T0 + 5 * S, T0 + 10 * S, &was), "");
    mt_store_free(s);
    dir_remove(&d);
}

/* From half a minute on it is cells, of which none is in both windows. */
static void test_long_windows(void **state)
{
    (void)state;
    struct dir d;
    struct mt_changes c;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    for (int i = 0; i < 2400; i++) {
        struct mt_exchange x = simple(T0 + i * 100 * MS);
        if (i >= 1230) {
            x.status = 500;
            x.outcome = MT_OUTCOME_FAILURE;
        }
        writer_add(w, &x);
    }
    writer_close(w);
    struct mt_store *s = store_open(d.db);
    const struct mt_ask ask = {.from_ns = T0 + 123 * S, .to_ns = T0 + 240 * S};
    assert_int_equal(mt_query_changes(s, &ask, &c), 0);
    assert_int_equal(c.is.from_ns, T0 + 120 * S);
    assert_int_equal(c.was.to_ns, T0 + 120 * S);
    assert_false(c.is.rows);
    assert_int_equal(c.count, 1);
    assert_true(c.list[0].route && c.list[0].worse);
    assert_int_equal(c.list[0].was->counts.failure, 0);
    assert_int_equal(c.list[0].is->counts.failure, 1170);
    assert_int_equal(c.list[0].is->counts.exchanges, 1200);
    mt_changes_free(&c);
    mt_store_free(s);
    dir_remove(&d);
}

static void test_an_empty_database(void **state)
{
    (void)state;
    struct dir d;
    struct mt_changes c;
    dir_make(&d);
    writer_close(writer_open(d.db, (struct mt_writer_options){0}));
    struct mt_store *s = store_open(d.db);
    const struct mt_ask ask = {.from_ns = 0, .to_ns = 1};
    assert_int_equal(mt_query_changes(s, &ask, &c), 0);
    assert_int_equal(c.count, 0);
    mt_changes_free(&c);
    mt_store_free(s);
    dir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_told),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_a_service_whose_route_says_it),
        cmocka_unit_test(test_more_than_are_kept),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_long_windows),
        cmocka_unit_test(test_an_empty_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
