/* What has begun and not ended, and what had not when its writer did. */
#include "query_fixture.h"

/* A request to the service "hung", open since T0. */
static struct mt_writer *open_hung(struct dir *d, struct mt_exchange *x)
{
    dir_make(d);
    struct mt_writer *w =
        writer_open(d->db, (struct mt_writer_options){.kind = MT_WRITER_TAP});
    *x = simple(0);
    x->authority = MT_SPAN("hung");
    x->status = 0;
    x->req.start_ns = T0;
    x->resp = (struct mt_message){.start_ns = 0};
    assert_int_equal(mt_writer_open_exchange(w, x, T0 + 9 * S), 0);
    assert_int_equal(mt_writer_commit(w, T0 + 9 * S), 0);
    return w;
}

/* A hung dependency shows although nothing of it has completed. */
static void test_open_shows_in_services(void **state)
{
    (void)state;
    struct dir d;
    struct mt_exchange x;
    struct mt_writer *w = open_hung(&d, &x);
    struct mt_ask ask = {.from_ns = T0 - 60 * S, .to_ns = T0 + 10 * S};
    struct mt_answer a;
    assert_int_equal(mt_query_services(mt_writer_store(w), &ask, &a), 0);
    assert_int_equal(a.count, 1);
    assert_string_equal(a.rows[0].server, "hung");
    assert_int_equal(a.rows[0].open, 1);
    assert_int_equal(a.rows[0].oldest_ns, 10 * S);
    assert_int_equal(a.rows[0].counts.exchanges, 0);
    assert_true(a.rows[0].success < 0);
    mt_answer_free(&a);
    assert_int_equal(mt_query_edges(mt_writer_store(w), &ask, &a), 0);
    assert_int_equal(a.count, 1);
    assert_int_equal(a.rows[0].protocol, x.protocol);
    mt_answer_free(&a);
    writer_close(w);
    dir_remove(&d);
}

/* Open ones are filtered as rows are, whatever the filter asks for. */
static void test_open_is_filtered(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        size_t count;
    } cases[] = {{"service=hung", 1}, {"service=other", 0}, {"method=GET", 1},
                 {"method=POST", 0},  {"path=/cart", 1},    {"path=/other", 0},
                 {"status=5xx", 0},   {"host=hung", 1}};
    struct dir d;
    struct mt_exchange x;
    struct mt_writer *w = open_hung(&d, &x);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mt_filter *f = filter_of(cases[i].filter);
        struct mt_ask ask = {
            .from_ns = T0 - 60 * S, .to_ns = T0 + 10 * S, .filter = f};
        struct mt_answer a;
        assert_int_equal(mt_query_services(mt_writer_store(w), &ask, &a), 0);
        if (a.count != cases[i].count || a.total.open != cases[i].count)
            fail_msg("%s: %zu services, %llu open", cases[i].filter, a.count,
                     (unsigned long long)a.total.open);
        mt_answer_free(&a);
        mt_filter_free(f);
    }
    writer_close(w);
    dir_remove(&d);
}

/* The same of a capture, which ended before it did. */
static void add_unfinished(struct mt_writer *w, uint64_t conn, int64_t start_ns,
                           uint8_t kind, uint8_t observer)
{
    struct mt_exchange x = simple(T0 + 9 * S);
    x.conn = conn;
    x.kind = kind;
    x.observer = observer;
    x.status = 0;
    x.path = MT_SPAN("/cart?id=*");
    x.req.start_ns = start_ns;
    x.resp = (struct mt_message){.start_ns = 0};
    x.error = MT_ERROR_CAPTURE_END;
    x.outcome = MT_OUTCOME_UNKNOWN;
    writer_add(w, &x);
}

struct listed {
    struct mt_open_row rows[8];
    char paths[8][32];
    uint64_t count, stop;
};

static int list_open(void *arg, const struct mt_open_row *row)
{
    struct listed *l = arg;
    assert_true(l->count < 8);
    l->rows[l->count] = *row;
    (void)snprintf(l->paths[l->count], sizeof l->paths[0], "%s", row->path);
    return ++l->count == l->stop ? 7 : 0;
}

/* What is counted as open is listed, whether its writer lives, was killed, or
 * has ended; connections are neither. */
static void test_open_is_listed_as_it_is_counted(void **state)
{
    (void)state;
    struct dir d;
    struct mt_exchange hung;
    struct mt_writer *killed = open_hung(&d, &hung);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    add_unfinished(w, 11, T0 + 7 * S, MT_KIND_UNARY, MT_OBSERVER_TAP);
    add_unfinished(w, 12, T0 - 5 * S, MT_KIND_STREAM, MT_OBSERVER_TAP);
    add_unfinished(w, 13, T0 - 6 * S, MT_KIND_L4, MT_OBSERVER_TAP);
    add_unfinished(w, 14, T0 - 6 * S, MT_KIND_UNARY, MT_OBSERVER_TAP_SHADOW);
    hung.kind = MT_KIND_L4;
    hung.conn = 15;
    assert_int_equal(mt_writer_open_exchange(w, &hung, T0 + 9 * S), 0);
    writer_close(w);
    struct mt_store *s = store_open(d.db);
    struct listed l = {.count = 0};
    assert_int_equal(mt_query_open(s, 100, list_open, &l), 0);
    assert_int_equal(l.count, 3);
    assert_true(l.rows[0].id == 2 && l.rows[0].start_ns == T0 - 5 * S);
    assert_true(l.rows[0].seen_ns == T0 + 9 * S);
    assert_string_equal(l.paths[0], "/cart");
    assert_true(l.rows[1].id == 0 && l.rows[1].start_ns == T0);
    assert_true(l.rows[2].id == 1 && l.rows[2].start_ns == T0 + 7 * S);

    struct mt_ask ask = {.from_ns = T0 - 60 * S, .to_ns = T0 + 9 * S + 1};
    static question *const questions[] = {mt_query_summary, mt_query_services,
                                          mt_query_edges};
    for (size_t i = 0; i < 3; i++) {
        struct mt_answer a;
        assert_int_equal(questions[i](s, &ask, &a), 0);
        assert_int_equal(a.total.open, l.count);
        assert_int_equal(a.total.oldest_ns, 14 * S);
        mt_answer_free(&a);
    }
    l = (struct listed){.count = 0};
    assert_int_equal(mt_query_open(s, 2, list_open, &l), 0);
    assert_int_equal(l.count, 2);
    l = (struct listed){.stop = 1};
    assert_int_equal(mt_query_open(s, 100, list_open, &l), 7);
    l = (struct listed){.count = 0};
    assert_int_equal(mt_query_running(s, NULL, list_open, &l), 0);
    assert_int_equal(l.count, 2); /* the connection, too */
    mt_store_free(s);
    writer_close(killed);
    dir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_shows_in_services),
        cmocka_unit_test(test_open_is_filtered),
        cmocka_unit_test(test_open_is_listed_as_it_is_counted),
    };
    return cmocka_run_group_tests_name("store/query_open", tests, NULL, NULL);
}
